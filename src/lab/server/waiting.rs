//! The connections that wait for a request: the one that has waited longest makes way when all places are taken.
//! Knows no socket.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

/// Who waits, by the order in which they began to.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    queue: Mutex<Queue>,
    joined: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    begun: u64,
    leave: BTreeMap<u64, Arc<Notify>>,
}

/// A connection; it waits from the beginning, and whenever it is not busy.
#[derive(Debug)]
pub(super) struct Guest {
    waiting: Waiting,
    leave: Arc<Notify>,
    place: Mutex<Option<u64>>,
}

impl Waiting {
    pub(super) fn guest(&self) -> Arc<Guest> {
        let guest = Guest { waiting: self.clone(), leave: Arc::default(), place: Mutex::default() };
        guest.wait();
        Arc::new(guest)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.queue().leave.is_empty()
    }

    /// Asks the connection that has waited longest to leave; false if none waits.
    pub(super) fn dismiss_one(&self) -> bool {
        let longest = self.queue().leave.pop_first();
        longest.map(|(_, leave)| leave.notify_one()).is_some()
    }

    /// Some connection has begun to wait.
    pub(super) async fn joined(&self) {
        self.0.joined.notified().await;
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Guest {
    /// Waits no more for as long as this is kept.
    pub(super) fn busy(self: Arc<Self>) -> Busy {
        self.stop_waiting();
        Busy(self)
    }

    /// It was asked to leave.
    pub(super) async fn dismissed(&self) {
        self.leave.notified().await;
    }

    fn wait(&self) {
        let mut queue = self.waiting.queue();
        queue.begun += 1;
        let place = queue.begun;
        queue.leave.insert(place, Arc::clone(&self.leave));
        *self.place() = Some(place);
        self.waiting.0.joined.notify_one();
    }

    fn stop_waiting(&self) {
        let mut queue = self.waiting.queue();
        if let Some(place) = self.place().take() {
            queue.leave.remove(&place);
        }
    }

    fn place(&self) -> MutexGuard<'_, Option<u64>> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.stop_waiting();
    }
}

/// A request is being answered; afterwards its connection waits again.
#[derive(Debug)]
pub(super) struct Busy(Arc<Guest>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.wait();
    }
}
