//! The drill as it runs: each fact is numbered, written down, folded and told on, and only then are its orders carried
//! out. Knows nothing of who listens.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;

use super::{
    crew::{Crew, News},
    lock::Files,
};
use crate::{
    clock::Clock,
    crash::{self, Point},
    drill::{
        conduct::{Drill, Phase},
        fact::{Entry, Fact, What},
        health::Asked,
        order::{Order, OrderName, WatchName},
        stopping::is_done_with,
        verdict::Verdict,
    },
    journal::{self, Journal},
    text::SafeText,
};

/// What listeners are told.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "most of what is told are facts")]
pub enum Told {
    /// A fact that is in the journal.
    Recorded(Entry),
    Pulse(WatchName),
    Asked(Asked),
}

#[derive(Debug)]
pub struct Conductor {
    pub drill: Drill,
    pub clock: Clock,
    pub journal: Journal,
    /// The groups, on this machine, while the drill is conducted here.
    pub files: Files,
    pub crew: Crew,
    pub news: mpsc::Receiver<News>,
    /// Requests to stop, and by whom: they come before any number of facts.
    pub stops: mpsc::UnboundedReceiver<SafeText>,
    /// Unbounded: a screen that cannot keep up must not hold up the drill, and a drill has some hundred facts.
    pub listener: mpsc::UnboundedSender<Told>,
    pub seq: u64,
    /// Why the journal could not be written once. Whatever it takes later, what the disk lost may be lost.
    pub journal_lost: Option<SafeText>,
}

/// It wakes at least so often, in drill time.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// A longer sleep is told: in drill time,
const A_GAP: SignedDuration = SignedDuration::from_secs(30);
/// and in ours, for in a fast lab a busy machine alone takes the drill that long.
const A_REAL_GAP: SignedDuration = SignedDuration::from_secs(2);

impl Conductor {
    /// Conducts the drill to its verdict.
    pub async fn conduct(mut self) -> Verdict {
        let mut awake = self.clock.now();
        loop {
            if let Some(verdict) = self.drill.verdict() {
                if self.drill.phase != Phase::Over {
                    self.record(Fact::ours(self.clock.now(), What::DrillFinished { verdict: verdict.clone() }));
                }
                return verdict;
            }
            let deadline = self.drill.deadline().map(|deadline| deadline.duration_since(self.clock.now()));
            let wait = deadline.unwrap_or(SignedDuration::MAX).try_into().unwrap_or_default();
            let time_out = self.clock.sleep(HEARTBEAT.min(wait));
            let news = tokio::select! {
                biased;
                Some(by) = self.stops.recv() => {
                    self.stop(by);
                    continue;
                }
                Some(news) = self.news.recv() => Some(news),
                () = time_out => None,
            };
            self.notice_a_gap(&mut awake); // before what was seen after it
            match news {
                Some(News::Fact(fact)) => self.hear(fact),
                Some(News::Pulse(name)) => self.tell(Told::Pulse(name)),
                Some(News::Asked(asked)) => self.tell(Told::Asked(asked)),
                None => {
                    let now = self.clock.now();
                    if self.drill.deadline().is_some_and(|deadline| deadline <= now) {
                        self.record(Fact::ours(now, What::SettleTimeEnded));
                    }
                }
            }
        }
    }

    /// This program wakes every few seconds: where it did not, nothing was looked at, and the drill must not be judged by
    /// what was missed.
    fn notice_a_gap(&mut self, awake: &mut Timestamp) {
        let now = self.clock.now();
        let from = std::mem::replace(awake, now);
        let asleep = now.duration_since(from);
        if asleep >= A_GAP.max(A_REAL_GAP.mul_f64(self.clock.rate())) {
            self.record(Fact::ours(now, What::NothingLookedAt { from, until: now }));
        }
    }

    /// Tells again what was recorded before, and asks what is still open. A start that did not arrive is sent again only where
    /// the operator has it go on.
    pub fn take_up(&mut self, recorded: &[Entry], by: SafeText, go_on: bool) {
        for entry in recorded {
            self.tell(Told::Recorded(entry.clone()));
        }
        let mut awake = recorded.last().map_or(self.clock.now(), |entry| entry.fact.seen);
        self.notice_a_gap(&mut awake);
        self.crew.lost_before(self.drill.timeline.blind.lost());
        self.record(Fact::ours(self.clock.now(), What::TakenUp { by: by.clone() }));
        if go_on && self.drill.phase == Phase::Starting {
            self.record(Fact::operators(self.clock.now(), What::ContinueRequested { by }));
        }
    }

    /// Asked for again, it is the same stop, unless the last one did not arrive.
    fn stop(&mut self, by: SafeText) {
        if self.drill.stop.as_ref().is_some_and(|stop| stop.failed.is_none()) {
            return;
        }
        let message = SafeText::new(self.drill.stop_saves());
        self.record(Fact::operators(self.clock.now(), What::StopRequested { by }));
        self.record(Fact::ours(self.clock.now(), What::Noted { message }));
    }

    fn hear(&mut self, fact: Fact) {
        let stop_failed = matches!(
            &fact.what,
            What::OrderRefused { order: OrderName::StopExperiment, .. }
                | What::OrderUnanswered { order: OrderName::StopExperiment, .. }
        ) && !matches!(&fact.what, What::OrderRefused { code, .. } if is_done_with(code));
        self.record(fact);
        if let Some(command) = self.drill.stop_command(None).filter(|_| stop_failed) {
            let message = SafeText::new(format!("THE STOP DID NOT ARRIVE. It is sent again; by hand: {command}"));
            self.record(Fact::ours(self.clock.now(), What::Noted { message }));
        }
    }

    /// Writes a fact down, folds it, tells it on, and carries out what follows from it.
    pub fn record(&mut self, fact: Fact) {
        self.seq += 1;
        let entry = Entry { seq: self.seq, fact };
        let orders = self.drill.apply(&entry.fact);
        unrecorded(&entry.fact.what, self.drill.phase).into_iter().for_each(crash::point);
        let mut written = self.journal.append(&entry);
        if written.is_ok() && (is_kept(&entry.fact.what) || !orders.is_empty()) {
            written = self.journal.sync();
        }
        recorded(&entry.fact.what).into_iter().for_each(crash::point);
        self.tell(Told::Recorded(entry));
        if let Err(error) = written {
            self.lost(&error);
        }
        for order in orders {
            self.order(order);
        }
        self.crew.keep(self.drill.watches());
    }

    /// Said once.
    fn lost(&mut self, error: &journal::Error) {
        let message = SafeText::new(error.to_string());
        if self.journal_lost.replace(message.clone()).is_none() {
            self.record(Fact::ours(self.clock.now(), What::Noted { message }));
        }
    }

    /// Nothing is started that is not on disk; what already runs is still stopped, watched and cleaned up.
    fn order(&mut self, order: Order) {
        match (&self.journal_lost, &order) {
            (Some(message), Order::CreateTemplate { .. } | Order::StartExperiment { .. }) => {
                let withheld = What::OrderWithheld { order: order.name(), message: message.clone() };
                self.record(Fact::ours(self.clock.now(), withheld));
            }
            _ => self.crew.carry_out(order),
        }
    }

    fn tell(&self, told: Told) {
        let _ = self.listener.send(told); // no one listens any more: the drill goes on
    }
}

/// What must not be lost with the machine, though nothing is ordered because of it.
fn is_kept(what: &What) -> bool {
    matches!(
        what,
        What::DrillPlanned { .. }
            | What::LockTaken { .. }
            | What::ExperimentStarted { .. }
            | What::StopRequested { .. }
            | What::DrillFinished { .. }
    )
}

/// The crash point before a fact is in the journal.
fn unrecorded(what: &What, phase: Phase) -> Option<Point> {
    match what {
        What::LockTaken { .. } => Some(Point::LockUnrecorded),
        What::DrillConfirmed { .. } => Some(Point::ConfirmUnrecorded),
        What::TemplateCreated { .. } => Some(Point::TemplateUnrecorded),
        What::ExperimentStarted { .. } => Some(Point::StartUnrecorded),
        What::ExperimentStateChanged { .. } if phase == Phase::Settling => Some(Point::EndUnrecorded),
        _ => None,
    }
}

/// The crash point between its being there and what follows from it.
fn recorded(what: &What) -> Option<Point> {
    match what {
        What::LockTaken { .. } => Some(Point::LockRecorded),
        What::DrillConfirmed { .. } => Some(Point::ConfirmRecorded),
        What::TemplateCreated { .. } => Some(Point::TemplateRecorded),
        What::ExperimentStarted { .. } => Some(Point::StartRecorded),
        _ => None,
    }
}
