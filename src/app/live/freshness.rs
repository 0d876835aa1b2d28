//! How old the word of each source is. Knows how often a source is asked and nothing of what it says.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::{drill::order::WatchName, text::SafeText};

#[derive(Clone, Debug, Default)]
pub struct Freshness(BTreeMap<WatchName, Heard>);

#[derive(Clone, Debug)]
struct Heard {
    last: Timestamp,
    lost: Option<SafeText>,
}

/// A source that has not answered for too long, or cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale<'a> {
    pub watch: WatchName,
    pub age: SignedDuration,
    pub why: Option<&'a SafeText>,
}

/// So many answers may be missed.
const MISSED: f64 = 3.0;
/// In a fast lab the wait between two looks is shorter than a look takes: allow for that much real time.
const REAL_SECONDS: f64 = 1.0;

impl Freshness {
    /// From now on these sources are asked, and no others.
    pub fn expect(&mut self, watches: impl Iterator<Item = WatchName>, now: Timestamp) {
        let before = std::mem::take(&mut self.0);
        let heard = |watch| before.get(&watch).cloned().unwrap_or(Heard { last: now, lost: None });
        self.0 = watches.map(|watch| (watch, heard(watch))).collect();
    }

    pub fn answered(&mut self, watch: WatchName, now: Timestamp) {
        if let Some(heard) = self.0.get_mut(&watch) {
            *heard = Heard { last: now, lost: None };
        }
    }

    pub fn lost(&mut self, watch: WatchName, why: SafeText) {
        if let Some(heard) = self.0.get_mut(&watch) {
            heard.lost = Some(why);
        }
    }

    pub fn stale(&self, now: Timestamp, rate: f64) -> Vec<Stale<'_>> {
        let stale = |(watch, heard): (&WatchName, &'_ Heard)| {
            let age = now.duration_since(heard.last).max(SignedDuration::ZERO);
            let patience = (watch.every().as_secs_f64() * MISSED).max(REAL_SECONDS * rate);
            (heard.lost.is_some() || age.as_secs_f64() > patience).then_some((*watch, age))
        };
        let why = |watch| self.0.get(&watch).and_then(|heard| heard.lost.as_ref());
        let told = |(watch, age)| Stale { watch, age, why: why(watch) };
        let mut all: Vec<_> = self.0.iter().filter_map(stale).map(told).collect();
        all.sort_by_key(|stale| stale.why.is_none()); // a known reason says more than silence
        all
    }
}
