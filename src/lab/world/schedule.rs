//! What is due when: first by time, then in the order in which it was scheduled. Knows not what happens.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

#[derive(Debug)]
pub(super) struct Schedule<T> {
    due: BTreeMap<(Timestamp, u64), T>,
    scheduled: u64,
}

impl<T> Default for Schedule<T> {
    fn default() -> Self {
        Self { due: BTreeMap::new(), scheduled: 0 }
    }
}

impl<T> Schedule<T> {
    pub(super) fn add(&mut self, at: Timestamp, what: T) {
        self.scheduled = self.scheduled.saturating_add(1);
        self.due.insert((at, self.scheduled), what);
    }

    /// When the first thing is due.
    pub(super) fn first(&self) -> Option<Timestamp> {
        self.due.first_key_value().map(|((at, _), _)| *at)
    }

    /// Takes out the first thing that is due by `to`.
    pub(super) fn next_due(&mut self, to: Timestamp) -> Option<(Timestamp, T)> {
        let first = self.due.first_entry().filter(|first| first.key().0 <= to)?;
        let ((at, _), what) = first.remove_entry();
        Some((at, what))
    }
}

/// `delay` after `time`; the end of time at most.
pub(super) fn later(time: Timestamp, delay: SignedDuration) -> Timestamp {
    time.saturating_add(delay).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_come_by_time_and_then_as_scheduled() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let mut schedule = Schedule::default();
        for (time, what) in [(3, "late"), (1, "first"), (1, "second"), (2, "third")] {
            schedule.add(at(time), what);
        }
        let mut seen = Vec::new();
        while let Some((_, what)) = schedule.next_due(at(2)) {
            seen.push(what);
        }
        assert_eq!(seen, ["first", "second", "third"]);
        assert_eq!(schedule.next_due(at(3)), Some((at(3), "late")));
    }
}
