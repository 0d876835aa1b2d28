//! A signal, whatever the command is doing: it ends the program, and what is left is said. Knows what each command leaves, because
//! that tells it.

use std::{
    cell::RefCell,
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use futures_util::FutureExt;
use rustix::process::Signal;
use tokio::sync::Notify;

use super::{Ending, Exit};
use crate::{
    term::{
        panics,
        signals::{Heard, Signals},
    },
    text::SafeText,
};

#[derive(Debug)]
pub(super) struct Leaving {
    /// None while the command listens itself.
    signals: RefCell<Option<Signals>>,
    left: RefCell<String>,
    /// A stop that was heard while the command did not listen itself: it is for what comes next.
    stop: Notify,
}

impl Leaving {
    pub(super) fn new(signals: Signals) -> Self {
        Self { signals: RefCell::new(Some(signals)), left: RefCell::default(), stop: Notify::new() }
    }

    /// What is said of a program that is told to end from now on.
    pub(super) fn leaves(&self, what: impl Into<String>) {
        *self.left.borrow_mut() = what.into();
    }

    /// From here on the command listens itself.
    pub(super) fn take(&self) -> Option<Signals> {
        self.signals.borrow_mut().take()
    }

    pub(super) fn give(&self, signals: Option<Signals>) {
        *self.signals.borrow_mut() = signals;
    }

    /// A stop is asked for, or was since the last time that this was known.
    pub(super) async fn told_to_stop(&self) {
        self.stop.notified().await;
    }

    pub(super) fn was_told_to_stop(&self) -> bool {
        self.told_to_stop().now_or_never().is_some()
    }

    /// What comes of that, or the end that comes before; then there is something to do yet.
    pub(super) async fn unless_told<T>(&self, what: impl Future<Output = T>) -> Result<T, Ending> {
        let mut signals = self.take();
        let done = {
            let told = async {
                match &mut signals {
                    Some(signals) => self.end(signals).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                number = told => Err(self.ending(number)),
                said = panics::of_some_task() => Err(self.mistaken(&said)),
                done = what => Ok(done),
            }
        };
        self.give(signals);
        done
    }

    /// The command's end, or the one that it is told to come to before.
    pub(super) async fn unless_over<T>(&self, command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        let told = poll_fn(|context| match self.signals.borrow_mut().as_mut() {
            Some(signals) => pin!(self.end(signals)).poll(context), // nothing is lost of a wait that is let go of
            None => Poll::Pending,
        });
        let mut panicked = pin!(panics::of_some_task());
        let said = poll_fn(|context| {
            // whoever listens itself hears of it
            if self.signals.borrow().is_some() { panicked.as_mut().poll(context) } else { Poll::Pending }
        });
        tokio::select! {
            biased;
            number = told => Err(self.ending(number).into()),
            said = said => Err(self.mistaken(&said).into()),
            done = command => done,
        }
    }

    async fn end(&self, signals: &mut Signals) -> i32 {
        loop {
            match signals.next().await {
                Heard::End(number) => return number,
                Heard::StopDrill => self.stop.notify_one(),
                Heard::Redraw => {}
            }
        }
    }

    fn mistaken(&self, said: &SafeText) -> Ending {
        Ending::new(Exit::Mistaken, format!("{said}\n{}", self.left.borrow()))
    }

    fn ending(&self, number: i32) -> Ending {
        Ending::new(Exit::Signal(number), self.left.borrow().clone())
    }
}

/// The terminal is gone, with a signal or without.
pub(super) fn gone() -> Ending {
    Ending::new(Exit::Signal(Signal::HUP.as_raw()), "")
}
