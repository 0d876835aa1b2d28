//! The most calls a minute that a drill may make, shared by everything that watches: an account's rate limits are shared
//! with whatever else its owners run. Knows the clock and nothing of what is called.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;

/// Watches wait for their turn at 36 calls a minute; orders never wait, and find room in the four left to 40.
const CALLS: usize = 36;
const MINUTE: SignedDuration = SignedDuration::from_secs(60);

#[derive(Clone, Debug)]
pub(super) struct Pace {
    clock: Clock,
    recent: Arc<Mutex<VecDeque<Timestamp>>>,
}

impl Pace {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, recent: Arc::default() }
    }

    /// Waits until one more call keeps the pace.
    pub(super) async fn turn(&self) {
        while let Some(wait) = self.take() {
            self.clock.sleep(wait).await;
        }
    }

    /// Counts a call that does not wait.
    pub(super) fn count(&self) {
        self.recent().push_back(self.clock.now());
    }

    fn recent(&self) -> MutexGuard<'_, VecDeque<Timestamp>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a turn, or tells how long to wait for one.
    fn take(&self) -> Option<Duration> {
        let now = self.clock.now();
        let mut recent = self.recent();
        while recent.front().is_some_and(|call| now.duration_since(*call) >= MINUTE) {
            recent.pop_front();
        }
        match recent.front() {
            Some(oldest) if recent.len() >= CALLS => {
                let wait = MINUTE - now.duration_since(*oldest);
                Some(wait.try_into().unwrap_or(Duration::from_secs(1)).max(Duration::from_millis(100)))
            }
            _ => {
                recent.push_back(now);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_thirty_seventh_call_waits_for_the_first_to_be_a_minute_old() {
        let clock = Clock::rated(Timestamp::UNIX_EPOCH, 10.0);
        let pace = Pace::new(clock.clone());
        for _ in 0..CALLS {
            pace.turn().await;
        }
        assert_eq!(clock.now(), Timestamp::UNIX_EPOCH);
        pace.turn().await;
        assert_eq!(clock.now().duration_since(Timestamp::UNIX_EPOCH).as_secs(), 60);
    }
}
