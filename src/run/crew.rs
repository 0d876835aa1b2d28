//! Carries out orders and keeps watches: the one place that starts tasks, so that none is forgotten. Knows how to ask
//! AWS, and nothing of what the answers mean.

use std::{collections::HashMap, future::Future, time::Duration};

use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinHandle},
};

use super::{
    looking::{Looking, Lost},
    ordering,
    turns::Turns,
};
use crate::{
    aws::{Aws, LogGroups, Watcher},
    clock::Clock,
    drill::{
        fact::Fact,
        health::Asked,
        order::{Order, OrderName, Watch, WatchName},
    },
    probe::{Prober, Watching},
    term::panics,
};

/// What the crew reports.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "most news are facts")]
pub enum News {
    Fact(Fact),
    /// A watch was answered: what it showed last is fresh.
    Pulse(WatchName),
    /// A health check was asked; only a change is a fact.
    Asked(Asked),
}

/// How many reports may wait; then the crew waits, for a fact is never dropped.
pub const WAITING: usize = 256;
/// Starts a task that is not the drill's own, such as the lab's server.
pub fn spawn<T: Send + 'static>(task: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
    tokio::spawn(panics::of_task(task))
}

#[derive(Debug)]
pub struct Crew {
    aws: Aws,
    groups: LogGroups,
    prober: Prober,
    news: mpsc::Sender<News>,
    turns: Turns,
    lost: Lost,
    watching: HashMap<Watch, AbortHandle>,
    /// The last order to stop.
    stopping: Option<AbortHandle>,
}

impl Crew {
    pub fn new(aws: &Aws, groups: LogGroups, prober: Prober, news: mpsc::Sender<News>) -> Self {
        let turns = Turns::new(aws.clock.clone());
        // tried once: what tries again here keeps the pace that all share, which the SDK knows nothing of
        let aws = aws.with_single_tries();
        Self { aws, groups, prober, news, turns, lost: Lost::default(), watching: HashMap::new(), stopping: None }
    }

    /// These sources were lost when the drill was left.
    pub fn lost_before(&mut self, names: impl Iterator<Item = WatchName>) {
        self.lost = Lost::new(names);
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
            ordering::carry_out(aws, order, news).await;
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
        let (turns, lost) = (self.turns.clone(), self.lost.clone());
        spawn(async move {
            loop {
                let watcher = Watcher::new(aws.clone(), watch.clone(), &groups);
                let (aws, turns, lost, news) = (aws.clone(), turns.clone(), lost.clone(), news.clone());
                let looking = Looking { aws, watcher, turns, lost, news };
                if looking.whatever_happens().await.is_ok() {
                    return;
                }
            }
        })
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        self.watching.values().for_each(AbortHandle::abort);
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
