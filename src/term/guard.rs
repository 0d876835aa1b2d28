//! Takes the terminal over, and gives it back as it was: at the end, at an error, at a panic. Knows the modes that are
//! switched on, and switches off exactly those.

use std::{
    io::{self, IsTerminal},
    panic,
    sync::atomic::{AtomicBool, Ordering},
};

use crossterm::{
    cursor::{Hide, Show},
    event::{DisableBracketedPaste, EnableBracketedPaste},
    execute,
    style::force_color_output,
    terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
};

use super::output;

/// Whether there is anything to give back.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Holds the terminal; dropped, it gives it back.
#[derive(Debug)]
pub struct Guard(());

impl Guard {
    /// Whether there is a terminal on both ends.
    pub fn is_possible() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// Raw mode, alternate screen, bracketed paste, no cursor; and the way back at a panic of any thread.
    pub fn take() -> io::Result<Self> {
        // crossterm turns NO_COLOR into resets that wipe bold and reversed too: the theme keeps colours out instead
        force_color_output(true);
        TAKEN.store(true, Ordering::SeqCst);
        let guard = Self(());
        enable_raw_mode()?;
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, Hide)?;
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // a drill that runs is in the journal and at AWS; a screen in an unknown state helps no one
            give_back();
            before(info);
            std::process::exit(101);
        }));
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

/// Step by step, so that one that fails does not keep the others from being taken; once.
fn give_back() {
    if TAKEN.swap(false, Ordering::SeqCst) {
        // to wait for a terminal that takes nothing would keep the program from ending
        if output::close() {
            let mut out = io::stdout();
            let _ = execute!(out, DisableBracketedPaste);
            let _ = execute!(out, LeaveAlternateScreen);
            let _ = execute!(out, Show);
        }
        let _ = disable_raw_mode(); // the terminal may be gone: there is no one left to tell
    }
}
