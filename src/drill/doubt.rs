//! What a drill does where it cannot know whether an order was carried out: it looks, asks again what may be asked twice,
//! and never starts twice. Knows how often, and not how long it waits in between.

use jiff::{SignedDuration, Timestamp};

use super::{
    conduct::{Drill, Hold, Phase},
    found::TOKEN_HOLDS,
    id::TemplateId,
    order::{Order, OrderName},
    stopping::is_done_with,
};
use crate::text::SafeText;

/// What is not known yet, and what was tried.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Doubt {
    /// It was left before the start, so it is not started any more.
    pub(super) left: bool,
    /// Our template, deleted while it was not known whether it was started from: from then on it cannot be.
    pub(super) fence: Option<TemplateId>,
    /// How often in a row the last order failed.
    pub(super) tries: u32,
    pub(super) stop_tries: u32,
    /// When it was taken up last.
    pub(super) taken_up: Option<Timestamp>,
    /// Nobody can tell whether the experiment started.
    pub(super) unknown: bool,
    /// FIS took a stop.
    pub(super) stop_taken: bool,
}

pub(super) const LEFT: &str = "the drill was left before the start, and nothing was started";

/// How often an order is given in all that is no stop: trouble that passes was waited for each time. A stop is asked for
/// until FIS is done.
const MOST_TRIES: u32 = 3;

/// How long a start may be on its way: a minute of tries, and as long as AWS takes a signature for, with some to spare. Source:
/// AWS IAM user guide, signing requests.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_mins(7);
/// As after that many tries, the next look has time.
const LATER: u32 = 5;

/// What no other try changes: FIS is done with the experiment (as it says itself soon), or we may change nothing.
/// Source: AWS FIS API, StopExperiment.
const CANNOT_BE_STOPPED: [&str; 3] = ["ValidationException", "ResourceNotFoundException", "ReadOnly"];

impl Drill {
    /// What to ask of the world when a drill that was left is taken up again. Nothing is ever started by it: what was
    /// ordered and not answered is looked for.
    pub(super) fn taken_up(&mut self, at: Timestamp) -> Vec<Order> {
        self.doubt.taken_up = Some(at);
        (self.doubt.tries, self.doubt.stop_tries) = (0, 0);
        self.continued_by = None; // whoever asked for it once is gone, and whoever is here now did not
        match self.phase {
            Phase::Creating => {
                self.doubt.left = true;
                self.find_template()
            }
            Phase::Starting if self.doubt.fence.is_some() && self.template.is_some() => self.delete_template(),
            Phase::Starting => self.find(),
            Phase::Running if self.stop_is_open() => self.stop(),
            Phase::Settling | Phase::Closing => {
                self.delete_template().into_iter().chain(self.free_lock(Hold::Freeing)).collect()
            }
            // it was left while the lock was being taken, and whether it was is not on record
            Phase::Planned => self.free_lock(self.lock).into_iter().collect(),
            Phase::Running | Phase::Over => Vec::new(),
        }
    }

    /// The time to wait is over. Where FIS is not done by then, that is said, and our template goes all the same: an
    /// experiment needs it no more.
    pub(super) fn given_up(&mut self) -> Vec<Order> {
        if self.phase != Phase::Running {
            return Vec::new();
        }
        if let Some(command) = self.stop_command(None) {
            self.timeline.complain(format!("FIS did not say that its experiment is over; stop it with: {command}"));
        }
        self.keep_the_lock();
        self.delete_template()
    }

    /// Whether FIS is to be asked to stop, and has not taken it.
    fn stop_is_open(&self) -> bool {
        (self.aborted || self.halted) && !self.doubt.stop_taken
    }

    /// Nothing was found of it, by two looks.
    pub(super) fn template_not_found(&mut self) -> Vec<Order> {
        self.not_started(if self.doubt.left { LEFT } else { "the order to create its template did not arrive" })
    }

    /// By two looks no experiment is there, but an order may still be on its way: with the template gone it arrives at
    /// nothing, and a last look tells.
    ///
    /// The operator may have the start sent again instead, as the same request, while FIS may be relied on to know it.
    pub(super) fn experiment_not_found(&mut self, at: Timestamp) -> Vec<Order> {
        self.doubt.tries = 0;
        if self.continued_by.take().is_some() && self.may_start_again(at) {
            return self.start();
        }
        let another = self.template.is_none() && self.doubt.fence.is_none(); // nothing rules out that the start still comes
        if another && self.is_young(at) {
            return again(self.find(), LATER);
        }
        if another && self.is_old(at) {
            return self.unknown();
        }
        if let (Some(template), None) = (&self.template, &self.doubt.fence) {
            self.doubt.fence = Some(template.clone());
            return self.delete_template();
        }
        self.not_started("the order to start it got no answer and did not arrive")
    }

    /// Whether the start that got no answer may be sent again, as the same request, should it not have arrived.
    pub fn may_start_again(&self, now: Timestamp) -> bool {
        let is_ours = self.template.is_some();
        self.phase == Phase::Starting && is_ours && !self.aborted && self.doubt.fence.is_none() && !self.is_old(now)
    }

    /// The template that was made for the drill, while it is there.
    pub fn made_template(&self) -> Option<&TemplateId> {
        self.template.as_ref()
    }

    /// AWS may still take a request that was held up on its way.
    fn is_young(&self, now: Timestamp) -> bool {
        self.confirmed.as_ref().is_some_and(|(confirmed, _)| now.duration_since(*confirmed) < ON_ITS_WAY)
    }

    /// FIS may have forgotten the token.
    fn is_old(&self, now: Timestamp) -> bool {
        self.confirmed.as_ref().is_some_and(|(confirmed, _)| now.duration_since(*confirmed) >= TOKEN_HOLDS)
    }

    pub(super) fn template_deleted(&mut self) -> Vec<Order> {
        self.template = None;
        self.doubt.tries = 0;
        if self.phase == Phase::Starting && self.doubt.fence.is_some() { self.find() } else { Vec::new() }
    }

    pub(super) fn refused(&mut self, order: OrderName, code: &str, message: &str) -> Vec<Order> {
        let why = &format!("{code}: {message}");
        match order {
            OrderName::CreateTemplate | OrderName::StartExperiment => {
                self.not_started(&format!("AWS refused to {} ({why})", order.as_str()))
            }
            OrderName::StopExperiment => {
                if let Some(command) = self.stop_command(None) {
                    let by_hand = if is_done_with(code) { String::new() } else { format!("; by hand: {command}") };
                    self.timeline.complain(format!("AWS refused to {} ({why}){by_hand}", order.as_str()));
                }
                self.stop_failed(why, !CANNOT_BE_STOPPED.contains(&code))
            }
            OrderName::FreeLock => self.freed(), // it is told, and `gc` removes the lock of a drill that is over
            OrderName::FindTemplate | OrderName::FindExperiment | OrderName::DeleteTemplate => self.failed(order, why),
        }
    }

    pub(super) fn unanswered(&mut self, order: OrderName, why: &SafeText) -> Vec<Order> {
        match order {
            OrderName::CreateTemplate => self.find_template(),
            OrderName::StartExperiment => self.find(),
            OrderName::StopExperiment => self.stop_failed(why, true),
            OrderName::FreeLock => self.freed(),
            OrderName::FindTemplate | OrderName::FindExperiment | OrderName::DeleteTemplate => self.failed(order, why),
        }
    }

    /// A stop is asked for until FIS takes it, or says that the experiment is over.
    fn stop_failed(&mut self, why: &str, passes: bool) -> Vec<Order> {
        if let Some(stop) = &mut self.stop {
            stop.did_not_arrive(why);
        }
        if !passes || !self.stop_is_open() {
            return Vec::new();
        }
        self.doubt.stop_tries = self.doubt.stop_tries.saturating_add(1);
        again(self.stop(), self.doubt.stop_tries)
    }

    /// An order that may be given twice is, some times.
    fn failed(&mut self, order: OrderName, why: &str) -> Vec<Order> {
        self.doubt.tries = self.doubt.tries.saturating_add(1);
        let tries = self.doubt.tries;
        if tries < MOST_TRIES {
            return match order {
                OrderName::FindTemplate => again(self.find_template(), tries),
                OrderName::FindExperiment => again(self.find(), tries),
                _ => again(self.delete_template(), tries),
            };
        }
        match order {
            OrderName::FindTemplate => {
                let what = if self.doubt.left { LEFT } else { "the order to create its template got no answer" };
                self.not_started(&format!("{what}. A template of it may be left: `spotdrill gc` removes it ({why})"))
            }
            OrderName::DeleteTemplate if self.phase != Phase::Starting => {
                self.template = None; // what is left is told by the fact; the verdict is not about our own tidiness
                Vec::new()
            }
            _ => self.unknown(),
        }
    }

    fn find_template(&self) -> Vec<Order> {
        let planned = self.planned.as_ref();
        planned.map(|planned| Order::FindTemplate { drill: planned.id.clone() }).into_iter().collect()
    }
}

fn again(orders: Vec<Order>, tries: u32) -> Vec<Order> {
    orders.into_iter().map(|order| Order::Again { order: Box::new(order), tries }).collect()
}
