//! What could not be looked at, from when to when, and why. Knows facts, and nothing of what was missed by it.

use jiff::{SignedDuration, Timestamp};

use crate::{
    drill::{
        fact::{Cause, Fact, What},
        order::WatchName,
    },
    text::SafeText,
};

/// The spells in which something was not observed, in the order in which they began.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Blind {
    spells: Vec<Spell>,
    /// When a source was last found again, or anything looked at again.
    again: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq)]
struct Spell {
    /// None where nothing at all was looked at.
    watch: Option<WatchName>,
    from: Timestamp,
    until: Option<Timestamp>,
    cause: Cause,
    why: SafeText,
}

/// A spell that is shorter is told while it lasts, and not again at the end.
const WORTH_TELLING: SignedDuration = SignedDuration::from_secs(30);
/// Each source is asked again within this time.
const A_LOOK_AT_ALL: SignedDuration = SignedDuration::from_mins(1);
/// So long a drill waits for a source on which its verdict rests, and that may be found again.
const PATIENCE: SignedDuration = SignedDuration::from_mins(15);

impl Blind {
    pub(super) fn record(&mut self, fact: &Fact) {
        match &fact.what {
            What::SourceLost { watch, message, since, cause, todo } => {
                self.close(*watch, fact.at);
                let todo = todo.as_ref().filter(|_| *cause == Cause::Permission);
                let why = todo.map_or_else(|| message.clone(), |todo| SafeText::new(format!("{message}. {todo}")));
                let from = since.unwrap_or(fact.at);
                self.spells.push(Spell { watch: Some(*watch), from, until: None, cause: *cause, why });
            }
            What::SourceFound { watch } => {
                self.close(*watch, fact.at);
                self.again = Some(fact.at);
            }
            What::NothingLookedAt { from, until } => {
                let (from, until, why) = (*from, Some(*until), SafeText::default());
                self.spells.push(Spell { watch: None, from, until, cause: Cause::Trouble, why });
                self.again = Some(fact.at);
            }
            _ => {}
        }
    }

    fn close(&mut self, watch: WatchName, at: Timestamp) {
        let open = |spell: &&mut Spell| spell.watch == Some(watch) && spell.until.is_none();
        self.spells.iter_mut().filter(open).for_each(|spell| spell.until = Some(at));
    }

    /// The sources that are lost now.
    pub fn lost(&self) -> impl Iterator<Item = WatchName> {
        self.spells.iter().filter(|spell| spell.until.is_none()).filter_map(|spell| spell.watch)
    }

    /// Until when a drill must not say that something was not observed: these were not looked at long enough.
    pub fn looks_until(&self, needed: &[WatchName]) -> Option<Timestamp> {
        let waits = |spell: &&Spell| {
            let is_needed = spell.watch.is_some_and(|watch| needed.contains(&watch));
            is_needed && spell.until.is_none() && spell.cause != Cause::Permission
        };
        let lost = self.spells.iter().filter(waits).map(|spell| spell.from.saturating_add(PATIENCE));
        let again = self.again.iter().map(|at| at.saturating_add(A_LOOK_AT_ALL));
        lost.chain(again).map(|until| until.unwrap_or(Timestamp::MAX)).max()
    }

    /// What was not observed, a sentence each: what went on to the end, and what lasted.
    pub fn telling(&self) -> Vec<SafeText> {
        self.spells.iter().filter_map(Spell::telling).map(SafeText::new).collect()
    }
}

impl Spell {
    fn telling(&self) -> Option<String> {
        let clock = |at: Timestamp| at.strftime("%H:%M:%S").to_string();
        let from = clock(self.from);
        match (self.watch, self.until) {
            (Some(watch), None) => {
                Some(format!("{}: not observed from {from} to the end: {}", watch.as_str(), self.why))
            }
            (watch, Some(until)) if until.duration_since(self.from) >= WORTH_TELLING => Some(match watch {
                Some(watch) => {
                    format!("{}: not observed from {from} to {}: {}", watch.as_str(), clock(until), self.why)
                }
                None => format!("gap: nothing was looked at from {from} to {}", clock(until)),
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        "2026-11-22T12:00:00Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(second)
    }

    fn lost(watch: WatchName, since: i64, cause: Cause) -> What {
        let (message, todo) = (SafeText::new("could not look"), Some(SafeText::new("Missing permission: x:Y")));
        What::SourceLost { watch, message, since: Some(at(since)), cause, todo }
    }

    fn blind(facts: impl IntoIterator<Item = (i64, What)>) -> Blind {
        let mut blind = Blind::default();
        facts.into_iter().for_each(|(second, what)| blind.record(&Fact::ours(at(second), what)));
        blind
    }

    #[test]
    fn what_lasted_is_told_and_what_passed_is_not() {
        let found = |watch| What::SourceFound { watch };
        let blind = blind([
            (20, lost(WatchName::Instances, 5, Cause::Trouble)),
            (30, found(WatchName::Instances)),
            (50, lost(WatchName::Group, 40, Cause::Login)),
            (80, found(WatchName::Group)),
            (90, lost(WatchName::SpotRequests, 90, Cause::Permission)),
            (1900, What::NothingLookedAt { from: at(100), until: at(1900) }),
        ]);
        let told: Vec<_> = blind.telling().iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "group: not observed from 12:00:40 to 12:01:20: could not look",
                "spot requests: not observed from 12:01:30 to the end: could not look. Missing permission: x:Y",
                "gap: nothing was looked at from 12:01:40 to 12:31:40",
            ]
        );
        assert_eq!(blind.lost().collect::<Vec<_>>(), [WatchName::SpotRequests]);
    }

    #[test]
    fn a_drill_waits_for_what_may_be_found_again_and_for_a_look_at_all() {
        let needed = [WatchName::Instances];
        assert_eq!(blind([]).looks_until(&needed), None);
        let waits = |cause| blind([(20, lost(WatchName::Instances, 10, cause))]).looks_until(&needed);
        assert_eq!(waits(Cause::Login), Some(at(10 + 15 * 60)));
        assert_eq!(waits(Cause::Trouble), Some(at(10 + 15 * 60)));
        assert_eq!(waits(Cause::Permission), None, "nobody grants it in the middle of a drill");
        let other = blind([(20, lost(WatchName::Logs, 10, Cause::Login))]);
        assert_eq!(other.looks_until(&needed), None, "the verdict does not rest on it");
        let gap = What::NothingLookedAt { from: at(100), until: at(1900) };
        assert_eq!(blind([(1900, gap)]).looks_until(&needed), Some(at(1960)));
    }
}
