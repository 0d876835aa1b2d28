//! Who asks again, and when, while AWS does not answer: one after the other, so that no storm is made worse by it, and soon,
//! so that its end is not missed. Knows which service a source is of, and no call.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::{clock::Clock, drill::order::WatchName};

/// Shared by all that ask for one drill.
#[derive(Clone, Debug)]
pub(super) struct Turns {
    clock: Clock,
    next: Arc<Mutex<Next>>,
    /// Somebody was answered who had not been.
    lull: Arc<Notify>,
}

/// From when on the next may ask: of each service, and at all; and who waits for that.
#[derive(Debug, Default)]
struct Next {
    of: HashMap<Service, Timestamp>,
    all: Option<Timestamp>,
    waiting: HashMap<Service, usize>,
}

impl Next {
    /// Whether somebody waits for a service that was asked longer ago.
    fn is_behind(&self, service: Service) -> bool {
        let due = |service: &Service| self.of.get(service).copied();
        self.waiting.iter().any(|(other, waiting)| *waiting > 0 && due(other) < due(&service))
    }
}

/// Somebody who waits for a turn, until it comes or nobody asks any more.
struct Waiting<'a>(&'a Turns, Service);

impl<'a> Waiting<'a> {
    fn begin(turns: &'a Turns, service: Service) -> Self {
        *turns.next().waiting.entry(service).or_default() += 1;
        Self(turns, service)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(waiting) = self.0.next().waiting.get_mut(&self.1) {
            *waiting = waiting.saturating_sub(1);
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Service {
    Fis,
    Ec2,
    Logs,
}

/// From one to the next who asks the same service, at most, in drill time: a storm's end is seen within this.
const SAME_SERVICE: SignedDuration = SignedDuration::from_secs(4);
/// How long whoever stands back waits to look again: the other asks in the same moment.
const STANDING_BACK: Duration = Duration::from_millis(50);
/// From one to the next at all, at most: thirty a minute, which is under what the pace allows.
const ANY_SERVICE: SignedDuration = SignedDuration::from_secs(2);

impl Turns {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, next: Arc::default(), lull: Arc::default() }
    }

    /// Waits until the source may be asked again: in its turn, or as soon as another is answered.
    pub(super) async fn wait(&self, source: WatchName) {
        tokio::select! {
            () = self.lull.notified() => {}
            () = self.in_turn(service_of(source)) => {}
        }
    }

    /// An answer came where there had been none: what fails with it may be over, too.
    pub(super) fn answered(&self) {
        self.lull.notify_waiters();
    }

    fn next(&self) -> MutexGuard<'_, Next> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn in_turn(&self, service: Service) {
        // who has just asked lets the others go first
        self.clock.sleep(Duration::from_millis(500)).await;
        let _waiting = Waiting::begin(self, service);
        while let Some(wait) = self.take(service) {
            self.clock.sleep(wait).await;
        }
    }

    /// Takes the turn, or tells how long to wait for it.
    fn take(&self, service: Service) -> Option<Duration> {
        let now = self.clock.now();
        let mut next = self.next();
        let due = next.of.get(&service).copied().max(next.all);
        if let Some(due) = due.filter(|due| *due > now) {
            return Some(due.duration_since(now).unsigned_abs());
        }
        if next.is_behind(service) {
            return Some(STANDING_BACK);
        }
        // programs that met the same storm must not ask in step
        let part = 0.9 + fastrand::f64() / 10.0;
        let after = |time: SignedDuration| now.saturating_add(time.mul_f64(part)).unwrap_or(Timestamp::MAX);
        next.of.insert(service, after(SAME_SERVICE));
        next.all = Some(after(ANY_SERVICE));
        None
    }
}

fn service_of(source: WatchName) -> Service {
    match source {
        WatchName::Experiment => Service::Fis,
        WatchName::Logs | WatchName::Events => Service::Logs,
        WatchName::Instances | WatchName::SpotRequests | WatchName::Group | WatchName::Chosen | WatchName::Check => {
            Service::Ec2
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_storm_is_asked_at_thirty_a_minute_and_each_service_every_few_seconds() {
        let clock = Clock::rated(Timestamp::UNIX_EPOCH, 1.0);
        let turns = Turns::new(clock.clone());
        let sources = [
            WatchName::Experiment,
            WatchName::Instances,
            WatchName::SpotRequests,
            WatchName::Group,
            WatchName::Logs,
            WatchName::Events,
        ];
        let asked: Mutex<Vec<(Timestamp, Service)>> = Mutex::default();
        let asking = sources.map(|source| {
            let (turns, asked, clock) = (turns.clone(), &asked, clock.clone());
            async move {
                loop {
                    turns.wait(source).await;
                    asked.lock().unwrap().push((clock.now(), service_of(source)));
                }
            }
        });
        let all = futures_util::future::join_all(asking);
        tokio::time::timeout(Duration::from_mins(1), all).await.unwrap_err();
        let asked = asked.into_inner().unwrap();
        assert!((25..=35).contains(&asked.len()), "{} a minute", asked.len());
        for service in [Service::Fis, Service::Ec2, Service::Logs] {
            let times: Vec<_> = asked.iter().filter(|(_, of)| *of == service).map(|(at, _)| *at).collect();
            let longest = times.windows(2).map(|pair| pair[1].duration_since(pair[0])).max().unwrap();
            assert!(longest <= SignedDuration::from_secs(10), "{service:?} was not asked for {longest}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_asks_at_once_when_another_is_answered() {
        let clock = Clock::rated(Timestamp::UNIX_EPOCH, 1.0);
        let turns = Turns::new(clock.clone());
        turns.take(Service::Ec2);
        let answered = async {
            clock.sleep(Duration::from_millis(600)).await;
            turns.answered();
        };
        tokio::join!(turns.wait(WatchName::Group), answered);
        assert_eq!(clock.now().duration_since(Timestamp::UNIX_EPOCH), SignedDuration::from_millis(600));
    }
}
