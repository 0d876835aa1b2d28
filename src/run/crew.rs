//! Carries out orders and keeps watches: the one place that starts tasks, so that none is forgotten. Knows how to ask
//! AWS, and nothing of what the answers mean.

use std::{collections::HashMap, future::Future, time::Duration};

use tokio::{
    sync::mpsc,
    task::{AbortHandle, JoinHandle},
};

use crate::{
    aws::{Aws, LogGroups, Watcher},
    crash::{self, Point},
    drill::{
        fact::{Fact, What},
        order::{Order, Watch, WatchName},
    },
    text::SafeText,
};

/// What the crew reports.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "most news are facts")]
pub enum News {
    Fact(Fact),
    /// A watch was answered: what it showed last is fresh.
    Pulse(WatchName),
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
    news: mpsc::Sender<News>,
    watching: HashMap<Watch, AbortHandle>,
}

impl Crew {
    pub fn new(aws: Aws, groups: LogGroups, news: mpsc::Sender<News>) -> Self {
        Self { aws, groups, news, watching: HashMap::new() }
    }

    pub fn aws(&self) -> &Aws {
        &self.aws
    }

    /// Carries out an order; what comes of it is reported as a fact.
    pub fn carry_out(&self, order: Order) {
        let (aws, news) = (self.aws.clone(), self.news.clone());
        spawn(async move {
            let fact = aws.carry_out(&order).await;
            let _ = news.send(News::Fact(fact)).await; // no one listens: the drill is over
        });
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
                let watcher = Watcher::new(self.aws.clone(), watch.clone(), &self.groups);
                let task = spawn(keep_looking(self.aws.clone(), watcher, self.news.clone()));
                self.watching.insert(watch, task.abort_handle());
            }
        }
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

fn backoff(name: WatchName, failures: u32) -> Duration {
    name.every().saturating_mul(1 << failures.min(6)).min(MOST_BACKOFF)
}
