//! Lines outside of the screen: results, and what is said beside them, each looked through a last time and written by a thread of
//! its own, so that whoever does not read them holds up nobody. Knows the two streams and nothing of what is written.

use std::{
    io::{self, Write},
    sync::{
        Condvar, Mutex, MutexGuard, OnceLock, PoisonError,
        mpsc::{Receiver, Sender, channel},
    },
    thread,
    time::Duration,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    stdio::stderr,
};
use tokio::sync::Notify;

use crate::text::written;

#[derive(Clone, Copy, Debug)]
enum Stream {
    Out,
    Err,
}

/// What the thread is handed, in its order.
struct Queue(Mutex<Sender<(Stream, Vec<u8>)>>);

#[derive(Debug, Default)]
struct State {
    waiting: usize,
    /// The number of the first error of each stream: nothing is written to it after that.
    out: Option<i32>,
    err: Option<i32>,
}

static QUEUE: OnceLock<Queue> = OnceLock::new();
static STATE: Mutex<State> = Mutex::new(State { waiting: 0, out: None, err: None });
static WRITTEN: Condvar = Condvar::new();
static TOLD: Notify = Notify::const_new();

/// To standard error, for people.
pub fn say(text: &str) -> io::Result<()> {
    hand_over(Stream::Err, written::for_people(text).into_owned())
}

/// To standard error, over the line that is there; only where a terminal is.
pub fn say_over(text: &str) -> io::Result<()> {
    hand_over(Stream::Err, format!("\r{}", written::for_people(text)))
}

/// To standard output, for people.
pub fn print(text: &str) -> io::Result<()> {
    hand_over(Stream::Out, written::for_people(text).into_owned())
}

/// To standard output, for programs: the same JSON, whatever is in it.
pub fn print_json(json: &str) -> io::Result<()> {
    hand_over(Stream::Out, written::in_json(json).into_owned())
}

/// To standard error past the thread, which may be what is in trouble; a stream that takes nothing is left alone.
pub(super) fn say_at_last(text: &str) {
    finish(PATIENCE);
    let stderr = stderr();
    let mut watched = [PollFd::new(&stderr, PollFlags::OUT)];
    let takes_bytes = poll(&mut watched, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).is_ok_and(|ready| ready > 0);
    if takes_bytes {
        let _ = rustix::io::write(stderr, written::for_people(text).as_bytes()); // nothing is left to tell it to
    }
}

/// The error is of something that was written before: what is handed over now is not written yet.
fn hand_over(stream: Stream, text: String) -> io::Result<()> {
    let mut state = state();
    if let Some(number) = state.failure(stream) {
        return Err(io::Error::from_raw_os_error(number));
    }
    state.waiting += 1;
    drop(state);
    let queue = QUEUE.get_or_init(|| {
        let (sender, receiver) = channel();
        let thread = thread::Builder::new().name(String::from("lines")).spawn(move || write_lines(&receiver));
        drop(thread); // without one nothing can be handed over, and that is said below
        Queue(Mutex::new(sender))
    });
    let sender = queue.0.lock().unwrap_or_else(PoisonError::into_inner);
    sender.send((stream, text.into_bytes())).map_err(|_| io::Error::other("no thread writes what is said"))
}

fn write_lines(lines: &Receiver<(Stream, Vec<u8>)>) {
    while let Ok((stream, bytes)) = lines.recv() {
        let failed = state().failure(stream).is_some();
        let written = match stream {
            _ if failed => Ok(()),
            Stream::Out => io::stdout().write_all(&bytes).and_then(|()| io::stdout().flush()),
            Stream::Err => io::stderr().write_all(&bytes),
        };
        let mut state = state();
        state.waiting -= 1;
        if let Err(error) = written {
            let number = error.raw_os_error().unwrap_or(rustix::io::Errno::IO.raw_os_error());
            match stream {
                Stream::Out => state.out = Some(number),
                Stream::Err => state.err = Some(number),
            }
        }
        drop(state);
        WRITTEN.notify_all();
        TOLD.notify_waiters();
    }
}

impl State {
    fn failure(&self, stream: Stream) -> Option<i32> {
        match stream {
            Stream::Out => self.out,
            Stream::Err => self.err,
        }
    }
}

fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// For how long a program that ends waits for whoever does not read.
pub const PATIENCE: Duration = Duration::from_millis(500);

/// Waits until all is written, at most so long.
pub fn finish(patience: Duration) {
    let _ = WRITTEN.wait_timeout_while(state(), patience, |state| state.waiting > 0); // poisoned: nobody writes any more
}

/// Returns when all is written, with what went wrong on standard output.
pub async fn all_written() -> io::Result<()> {
    told(|state| (state.waiting == 0).then_some(state.out))
        .await
        .map_or(Ok(()), |number| Err(io::Error::from_raw_os_error(number)))
}

/// Returns once standard output can be written to no more, with why.
pub async fn unheard() -> io::Error {
    io::Error::from_raw_os_error(told(|state| state.out).await)
}

async fn told<T>(what: impl Fn(&State) -> Option<T>) -> T {
    loop {
        let change = TOLD.notified(); // from here on none is missed
        if let Some(told) = what(&state()) {
            return told;
        }
        change.await;
    }
}
