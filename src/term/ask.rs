//! Asks a person for a line on the terminal, shown or hidden. Knows nothing of what is asked; whoever hears a signal meanwhile lets
//! go of the question.

use std::{
    io::{self, IsTerminal},
    os::fd::AsFd,
    time::Duration,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use secrecy::{SecretString, zeroize::Zeroize};
use tokio::time::{MissedTickBehavior, interval};

use super::{
    guard::{self, Guard},
    input::is_in_background,
    plain,
};

/// What came of a question.
#[derive(Debug)]
pub enum Answer {
    /// Without its line end.
    Line(SecretString),
    /// Nobody will type any more.
    Ended,
    /// The terminal is gone.
    Gone,
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
    plain::say(question)?;
    let mut looks = interval(EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut times = guard::times_taken();
    loop {
        looks.tick().await;
        match typed()? {
            Typed::Line => return line(),
            Typed::Gone => return Ok(Answer::Gone),
            Typed::Nothing => {}
        }
        // whoever comes back from a shell sees what is asked
        if std::mem::replace(&mut times, guard::times_taken()) != times {
            plain::say(question)?;
        }
    }
}

/// Asks for what nobody else is to see. The echo stays off from one question to the next: somebody may paste in between.
#[derive(Debug)]
pub struct Secretly(Guard);

impl Secretly {
    /// What was typed before is dropped.
    pub fn begin() -> io::Result<Self> {
        Guard::silence().map(Self)
    }

    pub async fn ask(&self, question: &str) -> io::Result<Answer> {
        let Self(_silence) = self;
        let answer = ask(question).await?;
        plain::say("\n")?; // the one that was typed was not shown
        Ok(answer)
    }
}

enum Typed {
    Nothing,
    Line,
    Gone,
}

/// The terminal hands over whole lines; whether there is one.
fn typed() -> io::Result<Typed> {
    if is_in_background() {
        return Ok(Typed::Nothing);
    }
    let stdin = io::stdin();
    let mut waiting = [PollFd::new(&stdin, PollFlags::IN)];
    let ready = poll(&mut waiting, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }))? > 0;
    let is_gone = waiting.iter().any(|one| one.revents().intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL));
    Ok(if is_gone {
        Typed::Gone
    } else if ready {
        Typed::Line
    } else {
        Typed::Nothing
    })
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
