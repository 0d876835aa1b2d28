//! What is held of the terminal, and how it is given back as it was: at the end, at an error, at a panic, while the program is
//! stopped. Knows the modes that are switched on, and switches off exactly those.

use std::{
    io::{self, IsTerminal, Write},
    sync::{Mutex, MutexGuard, PoisonError, TryLockError},
};

use crossterm::{
    cursor::Show,
    event::DisableBracketedPaste,
    queue,
    style::{ResetColor, force_color_output},
    terminal::{EndSynchronizedUpdate, LeaveAlternateScreen},
};
use rustix::{
    process::{Signal, getpgrp, getpid, getppid, getsid, kill_process},
    termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr},
};

use super::{input::is_in_background, output};

/// What is to be given back; nothing, most of the time.
static HELD: Mutex<Option<Held>> = Mutex::new(None);

struct Held {
    before: Termios,
    ours: Termios,
    /// The alternate screen, with paste told from typing and without a cursor.
    screen: bool,
    /// Others have it for a while, such as the shell that the program was stopped from.
    lent: bool,
    /// How often it was taken.
    times: u32,
}

/// Holds the terminal; dropped, it gives it back.
#[derive(Debug)]
pub struct Guard(());

impl Guard {
    /// Whether there is a terminal on both ends.
    pub fn is_possible() -> bool {
        io::stdin().is_terminal() && io::stdout().is_terminal()
    }

    /// For a screen: raw mode. The alternate screen, bracketed paste and the hidden cursor come with its first frame.
    pub fn take() -> io::Result<Self> {
        // crossterm turns NO_COLOR into resets that wipe bold and reversed too: the theme keeps colours out instead
        force_color_output(true);
        Self::hold(true, Termios::make_raw)
    }

    /// For what nobody is to see while it is typed: no echo. What was typed before is dropped.
    pub fn silence() -> io::Result<Self> {
        Self::hold(false, |modes| modes.local_modes.remove(LocalModes::ECHO))
    }

    fn hold(screen: bool, change: impl FnOnce(&mut Termios)) -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut ours = before.clone();
        change(&mut ours);
        // noted before anything is changed, so that whatever happens meanwhile gives it back
        *held() = Some(Held { before, ours, screen, lent: false, times: 0 });
        let guard = Self(());
        if let Some(held) = held().as_mut() {
            held.take()?;
        }
        Ok(guard)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        give_back();
    }
}

impl Held {
    fn take(&mut self) -> io::Result<()> {
        let when = if self.screen { OptionalActions::Now } else { OptionalActions::Flush };
        tcsetattr(io::stdin(), when, &self.ours)?;
        (self.lent, self.times) = (false, self.times + 1);
        if self.screen {
            output::open();
        }
        Ok(())
    }

    /// Step by step, so that one that fails does not keep the others from being taken.
    fn give_back(&self) {
        // to wait for a terminal that takes nothing would keep the program from ending
        if self.screen && output::close() {
            let mut bytes = Vec::new();
            // a frame may have been broken off
            let _ = queue!(bytes, EndSynchronizedUpdate, ResetColor, DisableBracketedPaste, LeaveAlternateScreen, Show); // a Vec takes all
            let mut out = io::stdout().lock();
            let _ = out.write_all(&bytes).and_then(|()| out.flush()); // the terminal may be gone: there is no one left to tell
        }
        // who changes the modes of a terminal that another program has is stopped
        if !is_in_background() {
            let when = if self.screen { OptionalActions::Now } else { OptionalActions::Flush };
            let _ = tcsetattr(io::stdin(), when, &self.before);
        }
    }
}

fn held() -> MutexGuard<'static, Option<Held>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gives back whatever is held; once, however often it is asked for.
pub(super) fn give_back() {
    let held = match HELD.try_lock() {
        Ok(mut held) => held.take(),
        Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner().take(),
        Err(TryLockError::WouldBlock) => None, // it is being given back or taken this very moment
    };
    if let Some(held) = held.filter(|held| !held.lent) {
        held.give_back();
    }
}

/// What came of a wish to be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// There is no shell that could let the program go on.
    Not,
    /// It goes on, and has the terminal again, as far as it had it.
    Back,
    /// It goes on without the terminal.
    Away,
}

/// Gives the terminal back, stops the program as ctrl-z does, and returns when it goes on.
pub fn stop() -> Stopped {
    if is_orphaned() {
        return Stopped::Not;
    }
    if let Some(held) = held().as_mut().filter(|held| !held.lent) {
        held.give_back();
        held.lent = true;
    }
    let _ = kill_process(getpid(), Signal::STOP); // a process may always stop itself
    if retake() { Stopped::Back } else { Stopped::Away }
}

/// Nobody would let the program go on if it were stopped: the terminal's session began with it or with a script around it.
fn is_orphaned() -> bool {
    let session = getsid(None).ok();
    let of_parent = getppid().and_then(|parent| getsid(Some(parent)).ok());
    session == Some(getpgrp()) || session != of_parent
}

/// The program goes on, or looks whether it may have its terminal again: takes again what it held. False if it is another
/// program's turn.
pub fn retake() -> bool {
    let mut held = held();
    let Some(held) = held.as_mut() else { return true };
    if is_in_background() {
        held.lent = true;
        return false;
    }
    held.take().is_ok()
}

/// Whether another program has what was held.
pub fn is_lent() -> bool {
    held().as_ref().is_some_and(|held| held.lent)
}

/// How often the terminal was taken since it was asked for; it grows when the program goes on after a stop.
pub fn times_taken() -> u32 {
    held().as_ref().map_or(0, |held| held.times)
}
