//! Reads keys on a thread of its own, and notices a terminal that is gone. Knows how to wait for bytes; what they mean is
//! known by `keys`.

pub mod keys;

use std::{io, thread, time::Duration};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::Errno,
    process::getpgrp,
    stdio::stdin,
    termios::{QueueSelector, tcflush, tcgetpgrp},
};
use secrecy::{SecretString, zeroize::Zeroizing};
use tokio::sync::mpsc;

use crate::app::keymap::chord::Chord;
use keys::Keys;

/// What came from the terminal.
#[derive(Clone, Debug)]
pub enum Input {
    Key(Chord),
    /// What was pasted may be a secret.
    Paste(SecretString),
    /// The terminal hung up; nothing more will come.
    Gone,
}

/// The longest wait for bytes: then it is looked whether anyone still listens.
const LOOK: Duration = Duration::from_millis(250);
/// As many bytes are read at once; a terminal's line discipline holds no more.
const AT_ONCE: usize = 4096;

/// Starts reading; the thread ends with its listener or with the terminal.
pub fn read() -> io::Result<mpsc::UnboundedReceiver<Input>> {
    let (sender, receiver) = mpsc::unbounded_channel();
    thread::Builder::new().name(String::from("input")).spawn(move || {
        let mut keys = Keys::default();
        let mut quiet = Duration::ZERO;
        while !sender.is_closed() {
            let mut found = Vec::new();
            let patience = keys.patience().map(|patience| patience.saturating_sub(quiet));
            let wait = patience.unwrap_or(LOOK).min(LOOK);
            match bytes(wait) {
                Bytes::None if keys.patience().is_some_and(|patience| quiet + wait >= patience) => {
                    quiet = Duration::ZERO;
                    keys.silent(&mut found);
                }
                Bytes::None => quiet += wait,
                Bytes::Some(bytes) => {
                    quiet = Duration::ZERO;
                    keys.take(&bytes, &mut found);
                }
                Bytes::Gone => found.push(Input::Gone),
            }
            for input in found {
                let is_last = matches!(input, Input::Gone);
                if sender.send(input).is_err() || is_last {
                    return;
                }
            }
        }
    })?;
    Ok(receiver)
}

enum Bytes {
    None,
    Some(Zeroizing<Vec<u8>>),
    Gone,
}

/// A terminal that is gone can be read for ever at full speed, so it is read only when there is something.
fn bytes(wait: Duration) -> Bytes {
    let stdin = stdin();
    if is_in_background() {
        // a program that reads there is stopped; and what is typed is the shell's
        thread::park_timeout(wait);
        return Bytes::None;
    }
    let mut watched = [PollFd::new(&stdin, PollFlags::IN)];
    match poll(&mut watched, Timespec::try_from(wait).ok().as_ref()) {
        Err(Errno::INTR) | Ok(0) => return Bytes::None,
        Err(_) => return Bytes::Gone,
        Ok(_) => {}
    }
    let ready = watched.iter().map(PollFd::revents).fold(PollFlags::empty(), |all, one| all | one);
    if ready.intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL) {
        return Bytes::Gone;
    }
    if is_in_background() {
        return Bytes::None; // it was stopped, and goes on there, while it waited
    }
    let mut bytes = Zeroizing::new(vec![0; AT_ONCE]);
    match rustix::io::read(stdin, bytes.as_mut_slice()) {
        Ok(0) => Bytes::Gone,
        Ok(read) => {
            bytes.truncate(read);
            Bytes::Some(bytes)
        }
        Err(Errno::INTR | Errno::AGAIN) => Bytes::None,
        Err(_) => Bytes::Gone,
    }
}

/// Another program has the terminal now, such as the shell from which this one was stopped.
pub fn is_in_background() -> bool {
    tcgetpgrp(stdin()).is_ok_and(|foreground| foreground != getpgrp())
}

/// Drops what was typed and not read yet.
pub fn forget(inputs: &mut mpsc::UnboundedReceiver<Input>) {
    let _ = tcflush(stdin(), QueueSelector::IFlush); // a terminal that is gone has nothing to drop
    while inputs.try_recv().is_ok() {}
}
