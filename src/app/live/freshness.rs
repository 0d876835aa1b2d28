//! How old the word of each source is. Knows how often a source is asked and nothing of what it says.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::{drill::order::WatchName, text::SafeText};

#[derive(Clone, Debug, Default)]
pub struct Freshness(BTreeMap<WatchName, Heard>);

#[derive(Clone, Debug)]
struct Heard {
    last: Timestamp,
    lost: Option<Lost>,
}

/// That a source cannot be read, and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    pub why: SafeText,
    pub since: Option<Timestamp>,
    /// What helps.
    pub todo: Option<SafeText>,
}

/// A source that has not answered for too long, or cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stale<'a> {
    pub watch: WatchName,
    /// When it answered last.
    pub since: Timestamp,
    pub age: SignedDuration,
    pub lost: Option<&'a Lost>,
}

/// So many answers may be missed.
const MISSED: f64 = 2.0;
/// In a fast lab the wait between two looks is shorter than a look takes: allow for that much real time.
const REAL_SECONDS: f64 = 1.0;

impl Freshness {
    /// From now on these sources are asked, and no others.
    pub fn expect(&mut self, watches: impl Iterator<Item = WatchName>, now: Timestamp) {
        let before = std::mem::take(&mut self.0);
        let heard = |watch| before.get(&watch).cloned().unwrap_or(Heard { last: now, lost: None });
        self.0 = watches.map(|watch| (watch, heard(watch))).collect();
    }

    /// A source that was lost is not fresh by this: another of the same name may have answered.
    pub fn answered(&mut self, watch: WatchName, now: Timestamp) {
        if let Some(heard) = self.0.get_mut(&watch).filter(|heard| heard.lost.is_none()) {
            heard.last = now;
        }
    }

    pub fn found(&mut self, watch: WatchName, now: Timestamp) {
        if let Some(heard) = self.0.get_mut(&watch) {
            *heard = Heard { last: now, lost: None };
        }
    }

    pub fn lost(&mut self, watch: WatchName, lost: Lost) {
        if let Some(heard) = self.0.get_mut(&watch) {
            heard.lost = Some(lost);
        }
    }

    pub fn stale(&self, now: Timestamp, rate: f64) -> Vec<Stale<'_>> {
        let stale = |(watch, heard): (&WatchName, &'_ Heard)| {
            let since = heard.lost.as_ref().and_then(|lost| lost.since).unwrap_or(heard.last);
            let age = now.duration_since(since).max(SignedDuration::ZERO);
            let patience = (watch.every().as_secs_f64() * MISSED).max(REAL_SECONDS * rate);
            (heard.lost.is_some() || age.as_secs_f64() > patience).then_some((*watch, since, age))
        };
        let lost = |watch| self.0.get(&watch).and_then(|heard| heard.lost.as_ref());
        let told = |(watch, since, age)| Stale { watch, since, age, lost: lost(watch) };
        let mut all: Vec<_> = self.0.iter().filter_map(stale).map(told).collect();
        all.sort_by_key(|stale| stale.lost.is_none()); // a known reason says more than silence
        all
    }
}
