//! Asks a person for a line on the terminal, shown or hidden, and hears ctrl-c meanwhile. Knows nothing of what is asked.

use std::{
    io::{self, IsTerminal, Write},
    os::fd::AsFd,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr},
};
use secrecy::{SecretString, zeroize::Zeroize};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{MissedTickBehavior, interval},
};

use super::plain;

/// What came of a question.
#[derive(Debug)]
pub enum Answer {
    /// Without its line end.
    Line(SecretString),
    /// Ctrl-c was pressed, or the program is to end.
    Interrupted,
    /// Nobody will type any more.
    Ended,
}

/// A webhook has some eighty characters, a confirmation fewer.
const LONGEST: usize = 4096;
/// How often it is looked whether a line was typed.
const EVERY: Duration = Duration::from_millis(50);

/// Whether there is a person to ask.
pub fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks on standard error, so that standard output is the result alone.
pub async fn ask(question: &str) -> io::Result<Answer> {
    let answer = Signals::caught()?.answer(question).await?;
    if matches!(answer, Answer::Interrupted) {
        io::stderr().write_all(b"\n")?;
    }
    Ok(answer)
}

/// Asks for what nobody else is to see. The echo stays off from one question to the next: somebody may paste in between.
#[derive(Debug)]
pub struct Secretly {
    signals: Signals,
    _silence: Silence,
}

impl Secretly {
    /// What was typed before is dropped.
    pub fn begin() -> io::Result<Self> {
        // first the signals: from here on nothing ends the program without the echo being given back
        let signals = Signals::caught()?;
        Ok(Self { signals, _silence: Silence::begin()? })
    }

    pub async fn ask(&mut self, question: &str) -> io::Result<Answer> {
        let answer = self.signals.answer(question).await?;
        io::stderr().write_all(b"\n")?; // the one that was typed was not shown
        Ok(answer)
    }
}

/// What would end the program, and ends a question instead.
#[derive(Debug)]
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    fn caught() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    async fn answer(&mut self, question: &str) -> io::Result<Answer> {
        plain::say(question)?;
        let mut looks = interval(EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return Ok(Answer::Interrupted),
                _ = self.terminate.recv() => return Ok(Answer::Interrupted),
                _ = self.hang_up.recv() => return Ok(Answer::Interrupted),
                _ = looks.tick() => if is_typed()? {
                    return line();
                },
            }
        }
    }
}

/// The terminal hands over whole lines; whether there is one.
fn is_typed() -> io::Result<bool> {
    let stdin = io::stdin();
    let mut waiting = [PollFd::new(&stdin, PollFlags::IN)];
    Ok(poll(&mut waiting, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))? > 0)
}

/// Reads past the library's buffer, which would keep a copy.
fn line() -> io::Result<Answer> {
    let mut bytes = vec![0; LONGEST];
    let read = rustix::io::read(io::stdin().as_fd(), &mut bytes)?;
    bytes.truncate(read);
    let answer = match str::from_utf8(&bytes) {
        Ok("") => Ok(Answer::Ended),
        Ok(text) => Ok(Answer::Line(SecretString::from(text.trim_end_matches(['\r', '\n'])))),
        Err(_) => Err(io::Error::new(io::ErrorKind::InvalidData, "what was typed is not UTF-8")),
    };
    bytes.zeroize();
    answer
}

/// The terminal without its echo; dropped, it has it back.
#[derive(Debug)]
struct Silence(Termios);

impl Silence {
    fn begin() -> io::Result<Self> {
        let before = tcgetattr(io::stdin())?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(io::stdin(), OptionalActions::Flush, &silent)?;
        Ok(Self(before))
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.0); // the terminal is gone
    }
}
