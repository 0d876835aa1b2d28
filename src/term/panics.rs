//! What is done at a panic: the terminal is given back before anything else, and what is said is made safe. A task's panic leaves
//! the terminal alone; whoever has it is told. Knows nothing of what panicked.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    panic::{self, PanicHookInfo},
    pin::pin,
    process,
    sync::{Mutex, PoisonError},
};

use tokio::sync::Notify;

use super::{guard, plain};
use crate::{
    crash::{self, Point},
    text::SafeText,
};

/// What a program ends with after a panic.
pub const EXIT: i32 = 101;

/// What a task said when it panicked, until somebody hears it.
static SAID: Mutex<Option<SafeText>> = Mutex::new(None);
static HEARD: Notify = Notify::const_new();

thread_local! {
    /// A task is being carried out, and not what holds the terminal.
    static IN_TASK: Cell<bool> = const { Cell::new(false) };
}

/// From here on every panic is one of these.
pub fn tame() {
    panic::set_hook(Box::new(|info| {
        let in_task = IN_TASK.get();
        if !in_task {
            // before anything that may go wrong once more
            guard::give_back();
        }
        crash::point(Point::Panicking);
        let said = told(info);
        if in_task {
            *SAID.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
            HEARD.notify_waiters();
            return;
        }
        plain::say_at_last(&format!("{said}\n"));
        process::exit(EXIT);
    }));
}

fn told(info: &PanicHookInfo<'_>) -> SafeText {
    let at = info.location().map(|location| format!(" at {}:{}", location.file(), location.line())).unwrap_or_default();
    let why = info.payload_as_str().unwrap_or("without a word");
    SafeText::new(format!("spotdrill ended by a mistake of its own: it panicked{at}: {}", without_paths(why)))
}

/// The path of an address may be a secret, as a webhook's is.
fn without_paths(text: &str) -> String {
    let mut parts = text.split("://");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let end = part.find(|c: char| c.is_whitespace() || "\"'`)>".contains(c)).unwrap_or(part.len());
        let (address, rest) = part.split_at(end);
        let (host, path) = address.split_at(address.find('/').unwrap_or(end));
        text + "://" + host + if path.len() > 1 { "/…" } else { path } + rest
    })
}

/// Carries out a task; while it is its turn, a panic is its own.
pub async fn of_task<T>(task: impl Future<Output = T>) -> T {
    struct Turn(bool);
    impl Drop for Turn {
        fn drop(&mut self) {
            IN_TASK.set(self.0);
        }
    }
    let mut task = pin!(task);
    poll_fn(|context| {
        let _turn = Turn(IN_TASK.replace(true));
        task.as_mut().poll(context)
    })
    .await
}

/// What a task said that panicked, if nobody heard it yet. Whoever finds that a task is gone asks this first.
pub fn said() -> Option<SafeText> {
    SAID.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Returns once a task has panicked, with what it said.
pub async fn of_some_task() -> SafeText {
    loop {
        let change = HEARD.notified(); // from here on none is missed
        if let Some(said) = said() {
            return said;
        }
        change.await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_an_address_is_not_said() {
        for (said, safe) in [
            (
                "could not post to https://hooks.slack.com/services/T0/B0/canary: no",
                "could not post to https://hooks.slack.com/… no",
            ),
            ("\"https://a.b/c\" and http://d/e", "\"https://a.b/…\" and http://d/…"),
            ("http://127.0.0.1:80 http://x/", "http://127.0.0.1:80 http://x/"),
            ("nothing: / of it", "nothing: / of it"),
            ("://", "://"),
        ] {
            assert_eq!(without_paths(said), safe);
        }
    }
}
