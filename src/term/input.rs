//! Reads keys on a thread of its own, and notices a terminal that is gone. Knows crossterm's events and turns them into
//! chords.

use std::{io, thread, time::Duration};

use crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    stdio::stdin,
    termios::{QueueSelector, tcflush},
};
use secrecy::SecretString;
use tokio::sync::mpsc;

use crate::app::keymap::chord::{Chord, Key};

/// What came from the terminal.
#[derive(Clone, Debug)]
pub enum Input {
    Key(Chord),
    /// What was pasted may be a secret.
    Paste(SecretString),
    /// The terminal hung up; nothing more will come.
    Gone,
}

/// Starts reading; the thread ends with its listener or with the terminal.
pub fn read() -> io::Result<mpsc::UnboundedReceiver<Input>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    thread::Builder::new().name(String::from("input")).spawn(move || {
        while !sender.is_closed() {
            match wait() {
                Waited::Nothing => {}
                Waited::Bytes => {
                    if !pass_on(&sender) {
                        break;
                    }
                }
                Waited::HangUp => {
                    let _ = sender.send(Input::Gone); // no one listens: the same end
                    break;
                }
            }
        }
    })?;
    Ok(receiver)
}

enum Waited {
    Nothing,
    Bytes,
    HangUp,
}

/// crossterm reads a dead terminal for ever at full speed, so it is asked only when there is something to read.
fn wait() -> Waited {
    let stdin = stdin();
    let mut watched = [PollFd::new(&stdin, PollFlags::IN)];
    let quarter = Timespec::try_from(Duration::from_millis(250)).ok();
    match poll(&mut watched, quarter.as_ref()) {
        Err(rustix::io::Errno::INTR) | Ok(0) => Waited::Nothing,
        Err(_) => Waited::HangUp,
        Ok(_) => {
            let ready = watched.iter().map(PollFd::revents).fold(PollFlags::empty(), |all, one| all | one);
            if ready.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
                Waited::HangUp
            } else {
                Waited::Bytes
            }
        }
    }
}

/// How long crossterm may look: with no time at all it does not even look for what is there.
const MOMENT: Duration = Duration::from_millis(1);

/// Passes on what can be read now; false if no one listens.
///
/// crossterm reads by its feature `use-dev-tty`: its other way forgets a key that comes together with a change of size.
fn pass_on(sender: &mpsc::UnboundedSender<Input>) -> bool {
    while event::poll(MOMENT).unwrap_or(false) {
        let input = match event::read() {
            Ok(Event::Key(key)) if key.kind != KeyEventKind::Release => chord(key).map(Input::Key),
            Ok(Event::Paste(text)) => Some(Input::Paste(SecretString::from(text))),
            Ok(_) => None,
            Err(_) => break,
        };
        if input.is_some_and(|input| sender.send(input).is_err()) {
            return false;
        }
    }
    true
}

/// Drops what was typed and not read yet.
pub fn forget(inputs: &mut mpsc::UnboundedReceiver<Input>) {
    let _ = tcflush(stdin(), QueueSelector::IFlush); // a terminal that is gone has nothing to drop
    while inputs.try_recv().is_ok() {}
}

fn chord(event: KeyEvent) -> Option<Chord> {
    let key = match event.code {
        KeyCode::Char(character) => Key::Char(character),
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Esc,
        KeyCode::Tab => Key::Tab,
        KeyCode::BackTab => Key::BackTab,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::Left => Key::Left,
        KeyCode::Right => Key::Right,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::F(number) => Key::F(number),
        _ => return None,
    };
    let (ctrl, alt) = (KeyModifiers::CONTROL, KeyModifiers::ALT);
    Some(Chord { key, ctrl: event.modifiers.contains(ctrl), alt: event.modifiers.contains(alt) })
}
