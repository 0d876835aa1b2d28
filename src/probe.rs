//! The service's own word on its health: an operator's URLs are asked over HTTP while a drill runs, and facts come of it.
//! Knows how to ask without ever reaching where credentials are handed out, and nothing of what follows from an answer.

mod ask;
pub mod reach;
pub mod url;
pub mod wire;

use std::time::Duration;

use futures_util::future::join_all;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    clock::Clock,
    drill::{
        fact::{Fact, Source, What},
        health::{Asked, Check, Reach},
        order::WatchName,
    },
    text::SafeText,
};
pub use ask::{Answer, BODY_BYTES, DEADLINE, Failure};
use url::Url;
use wire::Wire;

/// So many checks a drill can have.
pub const MOST_CHECKS: usize = 5;
/// However fast a lab's clock is: a real service is not asked more often than this.
const LEAST_PAUSE: Duration = Duration::from_secs(1);

/// The checks of this program and how they are asked.
#[derive(Clone, Debug, Default)]
pub struct Prober {
    urls: Vec<Url>,
    reach: Reach,
    wire: Wire,
}

impl Prober {
    pub fn new(urls: Vec<Url>, reach: Reach, wire: Wire) -> Self {
        Self { urls, reach, wire }
    }

    /// What is asked, as it is written down.
    pub fn checks(&self) -> Vec<Check> {
        let check = |url: &Url| Check { url: url.shown().clone(), has_query: url.has_query(), reach: self.reach };
        self.urls.iter().map(check).collect()
    }

    /// Asks every check once, all at the same time: for a look before a start. Takes [`DEADLINE`] at most.
    pub async fn look_once(&self, clock: &Clock) -> Vec<Fact> {
        let checks = self.checks();
        let looks = checks.iter().map(|check| async {
            let mut watching = Watching::new(self.clone(), check.clone(), clock.clone());
            watching.look().await.fact
        });
        join_all(looks).await.into_iter().flatten().collect()
    }

    async fn ask(&self, check: &Check) -> Result<Answer, Failure> {
        let known = self.urls.iter().find(|url| *url.shown() == check.url);
        let written = || if check.has_query { None } else { Url::parse(&check.url.to_string()).ok() };
        match known.cloned().or_else(written) {
            Some(url) => ask::ask(&url, check.reach, &self.wire).await,
            None => Err(Failure::Forgotten),
        }
    }
}

/// A check that is watched, and whether it was well when it was asked last.
#[derive(Debug)]
pub struct Watching {
    prober: Prober,
    check: Check,
    clock: Clock,
    well: Option<bool>,
}

/// What a look brought, and how long to wait until the next, in drill time.
#[derive(Debug)]
pub struct Look {
    pub asked: Asked,
    /// What changed by it.
    pub fact: Option<Fact>,
    pub next: Duration,
}

impl Watching {
    pub fn new(prober: Prober, check: Check, clock: Clock) -> Self {
        Self { prober, check, clock, well: None }
    }

    pub async fn look(&mut self) -> Look {
        let (at, began) = (self.clock.now(), Instant::now());
        let answer = self.prober.ask(&self.check).await;
        let took = began.elapsed();
        let millis = u32::try_from(took.as_millis()).unwrap_or(u32::MAX);
        let fact = self.changed(at, millis, &answer);
        let failed = answer.err().map(|failure| SafeText::new(failure.to_string()));
        let asked = Asked { check: self.check.url.clone(), at, millis, failed };
        let pause = self.clock.real(WatchName::Check.every()).max(LEAST_PAUSE);
        let next = pause.saturating_sub(took).max(LEAST_PAUSE).mul_f64(self.clock.rate());
        Look { asked, fact, next }
    }

    /// A failure is dated to the question, a recovery to the answer: what lies between was not seen to be well.
    fn changed(&mut self, asked_at: Timestamp, millis: u32, answer: &Result<Answer, Failure>) -> Option<Fact> {
        let before = self.well.replace(answer.is_ok());
        let (check, seen) = (self.check.url.clone(), self.clock.now());
        let (at, what) = match (answer, before) {
            (Ok(_), Some(true)) | (Err(_), Some(false)) => return None,
            (Ok(Answer { status }), None) => (seen, What::ProbeAnswered { check, status: *status, millis }),
            (Ok(Answer { status }), Some(false)) => (seen, What::ProbeRecovered { check, status: *status, millis }),
            (Err(failure), _) => (asked_at, What::ProbeFailed { check, why: SafeText::new(failure.to_string()) }),
        };
        Some(Fact { at, seen, source: Source::Probe, instance: None, what })
    }
}
