//! What the program is told from outside: to end, to stop its drill, to be stopped like any other, to draw anew. Knows the signals
//! and the terminals that hang up, and nothing of what is done then.

use std::{fs, io, os::fd::BorrowedFd, time::Duration};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    stdio::{stderr, stdin, stdout},
    termios::isatty,
};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Interval, MissedTickBehavior, interval},
};

use super::guard;

/// What was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// To end, by the signal of this number. A terminal that hangs up without one counts as SIGHUP.
    End(i32),
    /// To stop the drill's experiment, by SIGUSR1: also where no key can be pressed.
    StopDrill,
    /// The terminal has another size, or showed something else for a while.
    Redraw,
}

/// From here on no signal does what it does by itself, so whoever has these listens to the end.
#[derive(Debug)]
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    quit: Signal,
    hang_up: Option<Signal>,
    user: Signal,
    stop: Option<Signal>,
    go_on: Signal,
    resized: Signal,
    looks: Interval,
    /// Those of the three streams that are terminals; one that is gone does not say any more that it was one.
    terminals: Vec<BorrowedFd<'static>>,
}

/// Between two looks whether the terminal is still there, or the program's again.
const EVERY: Duration = Duration::from_millis(500);

impl Signals {
    pub fn caught() -> io::Result<Self> {
        let mut looks = interval(EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            quit: signal(SignalKind::quit())?,
            hang_up: unless_ignored(SignalKind::hangup())?,
            user: signal(SignalKind::user_defined1())?,
            stop: unless_ignored(SignalKind::from_raw(rustix::process::Signal::TSTP.as_raw()))?,
            go_on: signal(SignalKind::from_raw(rustix::process::Signal::CONT.as_raw()))?,
            resized: signal(SignalKind::window_change())?,
            looks,
            terminals: [stdin(), stdout(), stderr()].into_iter().filter(|stream| isatty(stream)).collect(),
        })
    }

    /// What is heard next. The program is stopped, and goes on, in here.
    pub async fn next(&mut self) -> Heard {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return end(SignalKind::interrupt()),
                _ = self.terminate.recv() => return end(SignalKind::terminate()),
                _ = self.quit.recv() => return end(SignalKind::quit()),
                () = heard(&mut self.hang_up) => return end(SignalKind::hangup()),
                _ = self.user.recv() => return Heard::StopDrill,
                () = heard(&mut self.stop) => if guard::stop() == guard::Stopped::Back {
                    return Heard::Redraw;
                },
                _ = self.go_on.recv() => if guard::retake() {
                    return Heard::Redraw;
                },
                _ = self.resized.recv() => return Heard::Redraw,
                _ = self.looks.tick() => {
                    if self.hang_up.is_some() && self.have_hung_up() {
                        return end(SignalKind::hangup());
                    }
                    // a shell that brings a running program to the front sends it no signal
                    if guard::is_lent() && guard::retake() {
                        return Heard::Redraw;
                    }
                }
            }
        }
    }

    fn have_hung_up(&self) -> bool {
        let mut watched: Vec<_> = self.terminals.iter().map(|one| PollFd::new(one, PollFlags::empty())).collect();
        let _ = poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })); // then none is known to be gone
        watched.iter().any(|one| one.revents().contains(PollFlags::HUP))
    }

    /// The next that ends the program.
    pub async fn end(&mut self) -> i32 {
        loop {
            if let Heard::End(number) = self.next().await {
                return number;
            }
        }
    }
}

fn end(kind: SignalKind) -> Heard {
    Heard::End(kind.as_raw_value())
}

async fn heard(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => signal.recv().await,
        None => std::future::pending().await,
    };
}

/// What was ignored when the program began stays so, as `nohup` wants it.
fn unless_ignored(kind: SignalKind) -> io::Result<Option<Signal>> {
    if is_ignored(kind.as_raw_value()) { Ok(None) } else { signal(kind).map(Some) }
}

/// Only Linux tells; elsewhere nothing is known to be ignored.
fn is_ignored(number: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (number - 1) & 1 == 1)
}
