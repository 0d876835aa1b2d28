//! Carries out orders and keeps watches: the one place that starts tasks, so that none is forgotten. Knows how to ask
//! AWS, and nothing of what the answers mean.

use std::{collections::HashMap, future::Future, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinHandle},
};

use crate::{
    aws::{Aws, LogGroups, Watcher},
    clock::Clock,
    crash::{self, Point},
    drill::{
        fact::{Fact, What},
        health::Asked,
        order::{Order, OrderName, Watch, WatchName},
    },
    probe::{Prober, Watching},
    text::SafeText,
};

/// What the crew reports.
#[derive(Debug)]
pub enum News {
    Fact(Fact),
    /// A watch was answered: what it showed last is fresh.
    Pulse(WatchName),
    /// A health check was asked; only a change is a fact.
    Asked(Asked),
}

/// How many reports may wait; then the crew waits, for a fact is never dropped.
pub const WAITING: usize = 256;
/// The longest wait between two looks at a source that does not answer, in drill time.
const MOST_BACKOFF: Duration = Duration::from_mins(1);

/// Starts a task that is not the drill's own, such as the lab's server.
pub fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
    tokio::spawn(task)
}

#[derive(Debug)]
pub struct Crew {
    aws: Aws,
    groups: LogGroups,
    prober: Prober,
    news: mpsc::Sender<News>,
    watching: HashMap<Watch, AbortHandle>,
    /// The last order to stop.
    stopping: Option<AbortHandle>,
}

impl Crew {
    pub fn new(aws: Aws, groups: LogGroups, prober: Prober, news: mpsc::Sender<News>) -> Self {
        Self { aws, groups, prober, news, watching: HashMap::new(), stopping: None }
    }

    /// Carries out an order; what comes of it is reported as a fact, whatever becomes of the task. A stop takes the place
    /// of one that still waits to be tried again.
    pub fn carry_out(&mut self, order: Order) {
        let (aws, news) = (self.aws.clone(), self.news.clone());
        let name = order.name();
        let task = spawn(async move {
            let order = match order {
                Order::Again { order, tries } => {
                    aws.clock.sleep(before_try(tries)).await;
                    *order
                }
                order => order,
            };
            let fact = AssertUnwindSafe(aws.carry_out(&order)).catch_unwind().await.unwrap_or_else(|_| {
                let message = SafeText::new("spotdrill itself failed in between");
                Fact::ours(aws.clock.now(), What::OrderUnanswered { order: order.name(), message })
            });
            let _ = news.send(News::Fact(fact)).await; // no one listens: the drill is over
        });
        if name == OrderName::StopExperiment {
            self.stopping.replace(task.abort_handle()).inspect(AbortHandle::abort);
        }
    }

    /// Starts and stops tasks so that exactly these watches are kept.
    pub fn keep(&mut self, wanted: Vec<Watch>) {
        self.watching.retain(|watch, task| {
            let keep = wanted.contains(watch);
            if !keep {
                task.abort();
            }
            keep
        });
        for watch in wanted {
            if !self.watching.contains_key(&watch) {
                let task = self.watch(&watch);
                self.watching.insert(watch, task.abort_handle());
            }
        }
    }

    fn watch(&self, watch: &Watch) -> JoinHandle<()> {
        let (aws, news) = (self.aws.clone(), self.news.clone());
        if let Watch::Check(check) = watch {
            let watching = Watching::new(self.prober.clone(), check.clone(), aws.clock.clone());
            return spawn(keep_asking(aws.clock, watching, news));
        }
        let (watch, groups) = (watch.clone(), self.groups.clone());
        spawn(async move {
            loop {
                let watcher = Watcher::new(aws.clone(), watch.clone(), &groups);
                let looking = keep_looking(aws.clone(), watcher, news.clone());
                if AssertUnwindSafe(looking).catch_unwind().await.is_ok() {
                    return;
                }
                let message = SafeText::new("spotdrill itself failed in between; it looks again");
                let lost = What::SourceLost { watch: watch.name(), message };
                let _ = news.send(News::Fact(Fact::ours(aws.clock.now(), lost))).await; // no one listens: the drill is over
                aws.clock.sleep(watch.name().every()).await;
            }
        })
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.watching.values().for_each(AbortHandle::abort);
    }
}

/// Looks until no one listens. A source that fails is reported once, and asked ever less often until it answers.
async fn keep_looking(aws: Aws, mut watcher: Watcher, news: mpsc::Sender<News>) {
    let name = watcher.name();
    let mut failures = 0;
    loop {
        let (facts, wait) = match watcher.look().await {
            Ok(look) => {
                crash::point(Point::Polled);
                let found = (failures > 0).then(|| Fact::ours(aws.clock.now(), What::SourceFound { watch: name }));
                failures = 0;
                if news.send(News::Pulse(name)).await.is_err() {
                    return;
                }
                (found.into_iter().chain(look.facts).collect(), look.next)
            }
            Err(error) => {
                let message = SafeText::new(error.to_string());
                let lost =
                    (failures == 0).then(|| Fact::ours(aws.clock.now(), What::SourceLost { watch: name, message }));
                failures += 1;
                (lost.into_iter().collect::<Vec<_>>(), backoff(name, failures))
            }
        };
        for fact in facts {
            if news.send(News::Fact(fact)).await.is_err() {
                return;
            }
        }
        aws.clock.sleep(wait).await;
    }
}

/// Asks until no one listens. A check that fails is asked on at the same pace: how long it fails is what is to be known.
async fn keep_asking(clock: Clock, mut watching: Watching, news: mpsc::Sender<News>) {
    loop {
        let look = watching.look().await;
        let reports = std::iter::once(News::Asked(look.asked)).chain(look.fact.map(News::Fact));
        for report in reports {
            if news.send(report).await.is_err() {
                return;
            }
        }
        clock.sleep(look.next).await;
    }
}

/// How long an order waits that was tried so often, in drill time: 1 s, then twice as long each time, at most half a minute.
fn before_try(tries: u32) -> Duration {
    Duration::from_secs(1 << tries.saturating_sub(1).min(5)).min(Duration::from_secs(30))
}

fn backoff(name: WatchName, failures: u32) -> Duration {
    name.every().saturating_mul(1 << failures.min(6)).min(MOST_BACKOFF)
}
