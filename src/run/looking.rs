//! A source that is looked at for as long as anybody listens, whatever becomes of its answers. Knows when to look and when to
//! say that a source is lost, and nothing of what is seen.

use std::{
    collections::BTreeSet,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc::Sender;

use super::{crew::News, turns::Turns};
use crate::{
    aws::{Aws, Error, Kind, Watcher},
    crash::{self, Point},
    drill::{
        fact::{Cause, Fact, What},
        order::WatchName,
    },
    text::SafeText,
};

/// The sources of which it was said that they are lost, and not yet that they are found.
#[derive(Clone, Debug, Default)]
pub(super) struct Lost(Arc<Mutex<BTreeSet<WatchName>>>);

impl Lost {
    pub(super) fn new(names: impl Iterator<Item = WatchName>) -> Self {
        Self(Arc::new(Mutex::new(names.collect())))
    }

    fn names(&self) -> MutexGuard<'_, BTreeSet<WatchName>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A task of ours panicked.
#[derive(Debug)]
pub(super) struct Failed;

/// So many answers may be missed before trouble that passes is told.
const MISSED: i32 = 2;
/// The longest wait between two looks at a source that only somebody else can mend, in drill time.
const MOST_BACKOFF: Duration = Duration::from_mins(1);

pub(super) struct Looking {
    pub(super) aws: Aws,
    pub(super) watcher: Watcher,
    pub(super) turns: Turns,
    pub(super) lost: Lost,
    pub(super) news: Sender<News>,
}

impl Looking {
    /// Looks until no one listens, or an error of our own ends it: then it is to be begun anew, a while later.
    pub(super) async fn whatever_happens(self) -> Result<(), Failed> {
        let (name, clock, news) = (self.watcher.name(), self.aws.clock.clone(), self.news.clone());
        let lost_ones = self.lost.clone();
        if AssertUnwindSafe(self.keep_on()).catch_unwind().await.is_ok() {
            return Ok(());
        }
        lost_ones.names().insert(name);
        let message = SafeText::new("spotdrill itself failed in between; it looks again");
        let lost =
            What::SourceLost { watch: name, message, since: Some(clock.now()), cause: Cause::Trouble, todo: None };
        if news.send(News::Fact(Fact::ours(clock.now(), lost))).await.is_err() {
            return Ok(());
        }
        clock.sleep(name.every()).await;
        Err(Failed)
    }

    /// Looks until no one listens.
    async fn keep_on(mut self) {
        let (name, clock) = (self.watcher.name(), self.aws.clock.clone());
        let mut heard = clock.now();
        let mut failures = 0;
        // one that was lost may be watched anew, for other targets
        let mut told = self.lost.names().contains(&name);
        loop {
            match self.watcher.look().await {
                Ok(look) => {
                    crash::point(Point::Polled);
                    heard = clock.now();
                    if std::mem::take(&mut failures) > 0 {
                        self.turns.answered();
                    }
                    let was_lost = std::mem::take(&mut told) && self.lost.names().remove(&name);
                    let found = was_lost.then(|| Fact::ours(heard, What::SourceFound { watch: name }));
                    let facts = found.into_iter().chain(look.facts).map(News::Fact);
                    for news in std::iter::once(News::Pulse(name)).chain(facts) {
                        if self.news.send(news).await.is_err() {
                            return;
                        }
                    }
                    clock.sleep(look.next).await;
                }
                Err(error) => {
                    failures += 1;
                    let now = clock.now();
                    if !told && is_told(name, &error, now.duration_since(heard)) {
                        told = true;
                        self.lost.names().insert(name);
                        let lost = Fact::ours(now, lost(name, &error, heard));
                        if self.news.send(News::Fact(lost)).await.is_err() {
                            return;
                        }
                    }
                    if may_pass(name, &error) {
                        self.turns.wait(name).await;
                    } else {
                        clock.sleep(backoff(name, failures)).await;
                    }
                }
            }
        }
    }
}

/// Whether the source may answer again without anybody's doing, or as soon as somebody logged in.
fn may_pass(name: WatchName, error: &Error) -> bool {
    // an experiment that was just started may not be known everywhere
    let not_yet = name == WatchName::Experiment && error.kind == Kind::NotFound;
    error.kind.passes() || error.kind.wants_login() || not_yet
}

/// Trouble that passes by itself is told where it lasts; what waits for somebody is told at once.
fn is_told(name: WatchName, error: &Error, silent: SignedDuration) -> bool {
    let patience = SignedDuration::try_from(name.every()).unwrap_or_default() * MISSED;
    !may_pass(name, error) || error.kind.wants_login() || silent >= patience
}

fn lost(watch: WatchName, error: &Error, since: Timestamp) -> What {
    let cause = match error.kind {
        kind if kind.wants_login() => Cause::Login,
        Kind::Denied => Cause::Permission,
        _ => Cause::Trouble,
    };
    let (message, todo) = (SafeText::new(error.said()), Some(error.meanwhile()));
    What::SourceLost { watch, message, since: Some(since), cause, todo }
}

fn backoff(name: WatchName, failures: u32) -> Duration {
    name.every().saturating_mul(1 << failures.min(6)).min(MOST_BACKOFF)
}
