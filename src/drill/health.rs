//! Whether the service stayed healthy, by what its checks answered: folded from facts. Knows no network and no screen.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    fact::{Fact, What},
    id::CheckUrl,
};
use crate::text::SafeText;

/// How the reason begins, where this program itself refuses to ask.
pub const NEVER_ASKED: &str = "not asked: ";

/// A health URL that is asked while a drill runs, as it is written down and shown.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Check {
    pub url: CheckUrl,
    /// The URL has a query. That may hold a token, so it is not written down: whoever comes back has to bring it again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub has_query: bool,
    #[serde(default, skip_serializing_if = "Reach::is_usual")]
    pub reach: Reach,
}

/// How far a check may reach. Link-local addresses, where machines are handed their credentials, are beyond any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// Every other machine.
    #[default]
    Network,
    /// This one besides: the operator said so.
    ThisMachineToo,
    /// This one and no other, as in a lab.
    ThisMachineAlone,
}

impl Reach {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
    fn is_usual(&self) -> bool {
        *self == Self::Network
    }
}

/// What one look at a check brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    pub check: CheckUrl,
    /// When it was asked.
    pub at: Timestamp,
    /// How long it took, in our milliseconds whatever the drill's rate.
    pub millis: u32,
    /// Why it failed, if it did.
    pub failed: Option<SafeText>,
}

/// What was seen of each check, in the order in which they were given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Health {
    pub checked: Vec<Checked>,
}

/// What was seen of one check.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    pub check: Check,
    pub standing: Standing,
    /// Those that are over.
    pub outages: Vec<Outage>,
    /// It was seen well, at some time.
    answered: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Standing {
    /// It was not asked yet.
    NotAsked,
    Well {
        since: Timestamp,
    },
    Failing {
        since: Timestamp,
        /// Why it failed at first.
        why: SafeText,
    },
}

/// From the first failed look to the first that went well again; the service may have failed a look's time longer.
#[derive(Clone, Debug, PartialEq)]
pub struct Outage {
    pub from: Timestamp,
    pub to: Timestamp,
    pub why: SafeText,
}

impl Health {
    /// Checks of which nothing is known yet.
    pub fn of(checks: &[Check]) -> Self {
        let unknown = |check: &Check| Checked {
            check: check.clone(),
            standing: Standing::NotAsked,
            outages: Vec::new(),
            answered: false,
        };
        Self { checked: checks.iter().map(unknown).collect() }
    }

    /// Takes in one fact; what is not about a check changes nothing.
    pub fn record(&mut self, fact: &Fact) {
        match &fact.what {
            What::ChecksChosen { checks } => *self = Self::of(checks),
            What::ProbeAnswered { check, .. } | What::ProbeRecovered { check, .. } => {
                self.on(check, |checked| checked.is_well(fact.at));
            }
            What::ProbeFailed { check, why } => self.on(check, |checked| checked.fails(fact.at, why)),
            _ => {}
        }
    }

    fn on(&mut self, url: &CheckUrl, change: impl FnOnce(&mut Checked)) {
        if let Some(checked) = self.checked.iter_mut().find(|checked| checked.check.url == *url) {
            change(checked);
        }
    }

    /// The steady state holds where this is empty: otherwise why not, a sentence for each check. A check that was not asked
    /// is none that is well.
    pub fn unsteady(&self) -> Vec<SafeText> {
        self.checked.iter().filter(|checked| checked.never_asked().is_none()).filter_map(Checked::complaint).collect()
    }

    /// The checks that this program refuses to ask, and why: nothing is known of their services.
    pub fn never_asked(&self) -> Vec<SafeText> {
        let said =
            |checked: &Checked| Some(SafeText::new(format!("{}: {}", checked.check.url, checked.never_asked()?)));
        self.checked.iter().filter_map(said).collect()
    }

    /// A check that was well in this drill fails now: it may come back.
    pub fn may_recover(&self) -> bool {
        self.checked.iter().any(|it| it.answered && matches!(it.standing, Standing::Failing { .. }))
    }

    /// Everything that was seen to fail, and what was never seen at all: a sentence for each check, with the times.
    pub fn failures(&self) -> Vec<SafeText> {
        self.checked.iter().filter_map(Checked::failures).collect()
    }
}

impl Checked {
    fn is_well(&mut self, at: Timestamp) {
        self.answered = true;
        match &self.standing {
            Standing::Well { .. } => return,
            Standing::NotAsked => {}
            Standing::Failing { since, why } => {
                self.outages.push(Outage { from: *since, to: at, why: why.clone() });
            }
        }
        self.standing = Standing::Well { since: at };
    }

    fn fails(&mut self, at: Timestamp, why: &SafeText) {
        if !matches!(self.standing, Standing::Failing { .. }) {
            self.standing = Standing::Failing { since: at, why: why.clone() };
        }
    }

    fn never_asked(&self) -> Option<&SafeText> {
        match &self.standing {
            Standing::Failing { why, .. } => Some(why).filter(|why| why.starts_with(NEVER_ASKED)),
            Standing::Well { .. } | Standing::NotAsked => None,
        }
    }

    fn complaint(&self) -> Option<SafeText> {
        let url = &self.check.url;
        match &self.standing {
            Standing::Well { .. } => None,
            Standing::NotAsked => Some(SafeText::new(format!("{url}: not asked yet"))),
            Standing::Failing { since, why } => {
                Some(SafeText::new(format!("{url}: failing since {}: {why}", clock(*since))))
            }
        }
    }

    /// How long it was seen to fail in all, as far as that is over.
    pub fn failed(&self) -> SignedDuration {
        self.outages.iter().map(Outage::length).fold(SignedDuration::ZERO, SignedDuration::saturating_add)
    }

    fn failures(&self) -> Option<SafeText> {
        let over = match self.outages.as_slice() {
            [] => None,
            [Outage { from, to, why }] => {
                let seconds = whole_seconds(self.failed());
                Some(format!("failed {seconds} s, {} to {}: {why}", clock(*from), clock(*to)))
            }
            [first, .., last] => {
                let (times, seconds) = (self.outages.len(), whole_seconds(self.failed()));
                let (from, to, why) = (clock(first.from), clock(last.to), &first.why);
                Some(format!("failed {times} times, {seconds} s in all, between {from} and {to}; at first: {why}"))
            }
        };
        let now = match &self.standing {
            Standing::Failing { since, why } => Some(format!("failing to the end, since {}: {why}", clock(*since))),
            Standing::NotAsked => Some(String::from("not observed: it was never asked")),
            Standing::Well { .. } => None,
        };
        let said: Vec<_> = over.into_iter().chain(now).collect();
        (!said.is_empty()).then(|| SafeText::new(format!("{}: {}", self.check.url, said.join("; then "))))
    }
}

impl Outage {
    pub fn length(&self) -> SignedDuration {
        self.to.duration_since(self.from).max(SignedDuration::ZERO)
    }
}

/// Never 0: what was seen was there.
fn whole_seconds(length: SignedDuration) -> i64 {
    length.as_secs().max(1)
}

/// The time of day, in UTC like everything that AWS says.
fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drill::fact::Source;

    fn check() -> Check {
        Check { url: CheckUrl::new("https://shop/health"), has_query: false, reach: Reach::Network }
    }

    fn heard(facts: &[(&str, What)]) -> Health {
        let mut health = Health::of(&[check()]);
        for (time, what) in facts {
            let at = format!("2026-11-22T12:{time}Z").parse().unwrap();
            health.record(&Fact { at, seen: at, source: Source::Probe, instance: None, what: what.clone() });
        }
        health
    }

    fn answered() -> What {
        What::ProbeAnswered { check: check().url, status: 200, millis: 35 }
    }

    fn failed(why: &str) -> What {
        What::ProbeFailed { check: check().url, why: SafeText::new(why) }
    }

    fn recovered() -> What {
        What::ProbeRecovered { check: check().url, status: 200, millis: 35 }
    }

    #[test]
    fn what_never_failed_has_no_failures() {
        let health = heard(&[("00:01", answered()), ("04:00", answered())]);
        assert_eq!((health.failures(), health.unsteady()), (Vec::new(), Vec::new()));
        let since = "2026-11-22T12:00:01Z".parse().unwrap();
        assert_eq!(health.checked[0].standing, Standing::Well { since }, "a second answer changes nothing");
    }

    #[test]
    fn what_was_not_asked_is_not_well() {
        let health = heard(&[]);
        assert_eq!(health.unsteady(), ["https://shop/health: not asked yet".into()]);
        assert_eq!(health.failures(), ["https://shop/health: not observed: it was never asked".into()]);
        assert_eq!(Health::default().unsteady(), [], "without checks there is nothing to ask");
    }

    #[test]
    fn an_outage_is_told_with_its_times() {
        let facts = [("00:01", answered()), ("08:04", failed("answered 503")), ("08:27", recovered())];
        assert_eq!(
            heard(&facts).failures(),
            ["https://shop/health: failed 23 s, 12:08:04 to 12:08:27: answered 503".into()]
        );
        assert!(!heard(&facts).may_recover());
        assert_eq!(heard(&facts[..2]).unsteady(), ["https://shop/health: failing since 12:08:04: answered 503".into()]);
        assert!(heard(&facts[..2]).may_recover());
        assert!(!heard(&facts[1..2]).may_recover(), "what was never well is not waited for");
    }

    #[test]
    fn several_outages_are_one_sentence() {
        let health = heard(&[
            ("08:04", failed("answered 503")),
            ("08:05", failed("no answer within 5 s")),
            ("08:14", recovered()),
            ("09:00", failed("answered 500")),
            ("09:20", answered()),
            ("10:00", failed("no connection")),
        ]);
        assert_eq!(
            health.failures(),
            ["https://shop/health: failed 2 times, 30 s in all, between 12:08:04 and 12:09:20; at first: answered 503; \
              then failing to the end, since 12:10:00: no connection"
                .into()]
        );
    }

    #[test]
    fn what_is_written_down_of_a_check_is_little() {
        assert_eq!(serde_json::to_string(&check()).unwrap(), r#"{"url":"https://shop/health"}"#);
        let all = Check { has_query: true, reach: Reach::ThisMachineToo, ..check() };
        let line = serde_json::to_string(&all).unwrap();
        assert_eq!(line, r#"{"url":"https://shop/health","has_query":true,"reach":"this-machine-too"}"#);
        assert_eq!(serde_json::from_str::<Check>(&line).unwrap(), all);
    }
}
