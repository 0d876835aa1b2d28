//! The one state machine of a drill: facts in, orders out. It cannot fail, wait or look at a clock; screens, journal,
//! resumption and tests all fold the same facts through it.

use jiff::{SignedDuration, Timestamp};

use super::{
    doubt::{Doubt, LEFT},
    fact::{Fact, What},
    id::{DrillId, InstanceId, TemplateId},
    order::{Order, WatchName},
    plan::{Plan, Target},
    stopping::{SOMEBODY_ELSE, Stop},
    template::{DRILL_TAG, tags},
    timeline::Timeline,
    verdict::{self, Verdict},
};
use crate::text::SafeText;

/// A drill, as far as its facts tell it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drill {
    pub planned: Option<Planned>,
    pub phase: Phase,
    pub timeline: Timeline,
    /// A stop was asked for while there was something to stop, here or elsewhere.
    pub aborted: bool,
    pub stop: Option<Stop>,
    /// We had it stopped ourselves, for FIS came to what was not confirmed.
    pub(super) halted: bool,
    pub(super) doubt: Doubt,
    pub(super) confirmed: Option<(Timestamp, String)>,
    /// The one that we made, until it is deleted; never one that was there before.
    pub(super) template: Option<TemplateId>,
    /// Why nothing was started.
    pub(super) refused: Option<SafeText>,
    /// When FIS was done with the experiment.
    pub ended: Option<Timestamp>,
    pub(super) settle_ended: bool,
    /// Who asked for the start once more, with its first token.
    pub(super) continued_by: Option<SafeText>,
    pub(super) lock: Hold,
}

/// Whether the lock on the groups is ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Hold {
    #[default]
    No,
    /// It is, or may be.
    Yes,
    /// It is being freed.
    Freeing,
    /// It stays for what may run, and nobody waits for it.
    Left,
}

/// What the drill is about.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    pub id: DrillId,
    pub plan: Plan,
    role_arn: String,
    settle: SignedDuration,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was asked of AWS yet.
    #[default]
    Planned,
    /// The template is being made.
    Creating,
    /// The experiment is being started.
    Starting,
    /// The experiment runs: until the notice, or a stop.
    Running,
    /// FIS is done; the targets go and are replaced.
    Settling,
    /// Nothing more is expected; what we made is being removed.
    Closing,
    Over,
}

/// The sources on which a verdict rests.
const NEEDED: [WatchName; 4] = [WatchName::Experiment, WatchName::Instances, WatchName::Group, WatchName::Chosen];
/// How long after its confirmation a drill may still be started. Its lock is held for longer, whatever the plan.
const TO_BEGIN: SignedDuration = SignedDuration::from_mins(5);
const LATE: &str = "its template came so late after the confirmation that what was looked at before may no longer hold";
/// After a failure of FIS's, how long to see whether a target goes all the same: some looks at each source.
const AFTER_NOTHING: SignedDuration = SignedDuration::from_secs(45);
/// After a stop, how long past the expected interruption to see whether a target goes all the same.
const AFTER_STOP: SignedDuration = SignedDuration::from_secs(90);

impl Drill {
    /// The drill as these facts tell it, whatever orders they once led to.
    pub fn replay<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Self {
        let mut drill = Self::default();
        for fact in facts {
            let _ = drill.apply(fact);
        }
        drill
    }

    /// Takes in one fact and says what to ask of the world because of it.
    #[must_use = "an order that is dropped is never carried out"]
    pub fn apply(&mut self, fact: &Fact) -> Vec<Order> {
        let mut orders = self.hear(fact);
        if self.lock == Hold::Yes && self.is_at_rest() {
            orders.extend(self.free_lock(Hold::Yes));
            self.lock = Hold::Freeing;
        }
        orders
    }

    fn hear(&mut self, fact: &Fact) -> Vec<Order> {
        self.timeline.record(fact);
        match &fact.what {
            What::DrillPlanned { drill, plan, role_arn, settle_seconds } => {
                self.planned = Some(Planned {
                    id: drill.clone(),
                    plan: plan.clone(),
                    role_arn: role_arn.clone(),
                    settle: SignedDuration::from_secs((*settle_seconds).into()),
                });
                Vec::new()
            }
            What::DrillConfirmed { client_token, .. } => self.confirmed(fact.at, client_token),
            What::TemplateCreated { template } => self.template_created(template, fact.seen),
            What::ExperimentStarted { .. } => self.started(),
            What::ExperimentStateChanged { status, reason, .. } => self.experiment_is(fact, status, reason.as_ref()),
            What::TargetsResolved { instances } => self.resolved(instances),
            What::OthersChosen { chosen } => self.others_chosen(chosen),
            What::StopRequested { by } => self.stop_requested(fact.at, by),
            What::StopSent { .. } => {
                self.doubt.stop_taken = true;
                if let Some(stop) = &mut self.stop {
                    stop.sent.get_or_insert(fact.at);
                }
                Vec::new()
            }
            What::TakenUp { .. } => self.taken_up(fact.at),
            What::OrderRefused { order, code, message } => self.refused(*order, code, message),
            What::OrderUnanswered { order, message } => self.unanswered(*order, message),
            What::DrillAdopted { begun, template, .. } => {
                (self.confirmed, self.template) = (Some((*begun, String::new())), template.clone());
                self.lock = Hold::Yes; // if it is not this drill's, nothing is freed
                self.phase = Phase::Starting;
                Vec::new()
            }
            What::Reopened { .. } => self.reopened(),
            What::ContinueRequested { by } => {
                self.continued_by = Some(by.clone());
                Vec::new()
            }
            What::OrderWithheld { order, message } => {
                self.not_started(&format!("spotdrill did not ask AWS to {}: {message}", order.as_str()))
            }
            What::TemplateNotFound { .. } => self.template_not_found(),
            What::ExperimentNotFound { .. } => self.experiment_not_found(fact.at),
            What::TemplateDeleted { .. } => self.template_deleted(),
            What::SettleTimeEnded => {
                self.settle_ended = true;
                self.given_up()
            }
            What::DrillFinished { .. } => {
                self.phase = Phase::Over;
                Vec::new()
            }
            What::LockTaken { .. } => {
                self.lock = Hold::Yes;
                Vec::new()
            }
            What::LockNotTaken { message, in_doubt } => {
                self.lock = if *in_doubt { Hold::Yes } else { Hold::No };
                self.not_started(message)
            }
            What::LockFreed => self.freed(),
            _ => Vec::new(),
        }
    }

    fn confirmed(&mut self, at: Timestamp, client_token: &str) -> Vec<Order> {
        let Some(Planned { id, plan, role_arn, .. }) = &self.planned else { return Vec::new() };
        if self.phase != Phase::Planned {
            return Vec::new();
        }
        self.confirmed = Some((at, client_token.to_owned()));
        if plan.as_is.is_some() {
            return self.start();
        }
        let client_token = format!("{client_token}-template");
        let create = Order::CreateTemplate { template: plan.template(id, role_arn), client_token };
        self.phase = Phase::Creating;
        vec![create]
    }

    fn template_created(&mut self, template: &TemplateId, now: Timestamp) -> Vec<Order> {
        if self.phase != Phase::Creating {
            return Vec::new(); // a template is started from once
        }
        self.template = Some(template.clone());
        self.doubt.tries = 0;
        if self.doubt.left {
            return self.not_started(LEFT);
        }
        if self.aborted {
            return self.not_started("a stop was asked for before the start");
        }
        if self.confirmed.as_ref().is_some_and(|(confirmed, _)| now.duration_since(*confirmed) > TO_BEGIN) {
            return self.not_started(LATE);
        }
        self.start()
    }

    pub(super) fn start(&mut self) -> Vec<Order> {
        let (Some(planned), Some((_, client_token)), Some(template)) =
            (&self.planned, &self.confirmed, self.started_from())
        else {
            return Vec::new();
        };
        let start = Order::StartExperiment {
            template: template.clone(),
            client_token: format!("{client_token}-start"),
            tags: tags(&planned.id, &planned.plan),
            as_is: planned.plan.as_is.clone(),
        };
        self.phase = Phase::Starting;
        vec![start]
    }

    /// The template that is started: the one that was there, or ours.
    fn started_from(&self) -> Option<&TemplateId> {
        let as_is = self.planned.as_ref().and_then(|planned| planned.plan.as_is.as_ref());
        as_is.map(|existing| &existing.id).or(self.template.as_ref()).or(self.doubt.fence.as_ref())
    }

    /// Our own template is started once; of another's, only an experiment with our tag is ours.
    pub(super) fn find(&self) -> Vec<Order> {
        let planned = self.planned.as_ref().filter(|planned| planned.plan.as_is.is_some());
        let tagged = planned.map(|planned| planned.id.clone());
        let template = self.started_from().into_iter();
        template.map(|template| Order::FindExperiment { template: template.clone(), tagged: tagged.clone() }).collect()
    }

    fn started(&mut self) -> Vec<Order> {
        self.phase = Phase::Running;
        self.doubt.tries = 0;
        if self.aborted { self.send_stop() } else { Vec::new() }
    }

    fn experiment_is(&mut self, fact: &Fact, status: &SafeText, reason: Option<&SafeText>) -> Vec<Order> {
        if matches!(status.as_str(), "stopping" | "stopped") && !self.aborted && !self.halted && !by_alarm(reason) {
            self.aborted = true;
            self.stop.get_or_insert_with(|| Stop::asked(fact.at, SafeText::new(SOMEBODY_ELSE)));
        }
        let over = self.timeline.experiment.as_ref().is_some_and(|experiment| experiment.progress.is_over());
        if !over || self.ended.is_some() {
            return Vec::new();
        }
        self.ended = Some(fact.at);
        self.phase = Phase::Settling;
        let by_us = self.aborted && status.as_str() == "stopped";
        if status.as_str() != "completed" && !by_us {
            let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            self.timeline.complain(format!("FIS says: the experiment ended as {status}{why}"));
        }
        self.delete_template()
    }

    fn stop_requested(&mut self, at: Timestamp, by: &SafeText) -> Vec<Order> {
        self.stop.get_or_insert_with(|| Stop::asked(at, by.clone()));
        match self.phase {
            Phase::Planned => {
                self.aborted = true;
                self.phase = Phase::Closing;
                Vec::new()
            }
            Phase::Creating | Phase::Starting => {
                self.aborted = true;
                Vec::new()
            }
            Phase::Running => {
                self.aborted = true;
                self.send_stop()
            }
            Phase::Settling | Phase::Closing | Phase::Over => Vec::new(),
        }
    }

    /// Nothing but what was confirmed may be hit. Where FIS was confirmed to choose, it may come to other instances, but
    /// not to more.
    fn resolved(&mut self, instances: &[InstanceId]) -> Vec<Order> {
        let Some(Planned { plan, .. }) = &self.planned else { return Vec::new() };
        let (confirmed, chosen) = (plan.targets.len(), self.timeline.tracks.len());
        if plan.chosen_by().is_none() {
            let others = instances.iter().any(|id| !plan.is_target(id));
            return if others { self.halt() } else { Vec::new() };
        }
        if chosen <= confirmed {
            return Vec::new();
        }
        self.timeline.complain(format!("FIS chose {chosen} instances, more than the {confirmed} confirmed"));
        self.halt()
    }

    /// What FIS chose by itself is to be of the groups that were confirmed.
    fn others_chosen(&mut self, chosen: &[Target]) -> Vec<Order> {
        let Some(Planned { plan, .. }) = &self.planned else { return Vec::new() };
        let groups = plan.groups();
        let outside: Vec<_> = chosen.iter().filter(|target| !groups.contains(&&target.group)).collect();
        if outside.is_empty() {
            return Vec::new();
        }
        let named: Vec<_> = outside.iter().map(|it| format!("{} of {}", it.id, it.group.qualified())).collect();
        self.timeline.complain(format!("FIS chose outside of what was confirmed: {}", named.join(", ")));
        self.halt()
    }

    fn halt(&mut self) -> Vec<Order> {
        self.halted = true;
        self.stop()
    }

    /// The operator's stop: once, and again only where the last one did not arrive.
    fn send_stop(&mut self) -> Vec<Order> {
        if self.stop.as_ref().is_some_and(Stop::is_on_its_way) {
            return Vec::new();
        }
        let orders = self.stop();
        if let (Some(stop), [_, ..]) = (&mut self.stop, orders.as_slice()) {
            stop.ordered();
        }
        orders
    }

    pub(super) fn stop(&self) -> Vec<Order> {
        let running = self.timeline.experiment.iter().filter(|experiment| !experiment.progress.is_over());
        running.map(|experiment| Order::StopExperiment { experiment: experiment.id.clone() }).collect()
    }

    /// What may still run is met by nobody: the lock is let go of without being freed.
    pub(super) fn keep_the_lock(&mut self) {
        if self.lock != Hold::No {
            self.lock = Hold::Left;
            self.timeline.doubt("the lock on its groups stays: nobody is to meet what may run there");
        }
    }

    /// The lock is as free as it gets. A drill that had nothing else to do is over with it.
    pub(super) fn freed(&mut self) -> Vec<Order> {
        self.lock = Hold::No;
        match self.phase {
            Phase::Planned => self.not_started("never started: it was left before it was confirmed"),
            _ => Vec::new(),
        }
    }

    pub(super) fn free_lock(&self, hold: Hold) -> Option<Order> {
        let planned = self.planned.as_ref().filter(|_| self.lock == hold)?;
        let groups = planned.plan.groups().into_iter().cloned().collect();
        Some(Order::FreeLock { drill: planned.id.clone(), groups })
    }

    /// Nothing runs, and nothing will.
    pub(super) fn not_started(&mut self, why: &str) -> Vec<Order> {
        self.refused = Some(SafeText::new(why));
        self.phase = Phase::Closing;
        self.delete_template()
    }

    /// An experiment may run that we cannot see: say so, with the command to look.
    pub(super) fn unknown(&mut self) -> Vec<Order> {
        let template = self.started_from().map(ToString::to_string).unwrap_or_default();
        let planned = self.planned.as_ref();
        let drill = planned.map(|planned| planned.id.to_string()).unwrap_or_default();
        let region = planned.map(|planned| planned.plan.region.to_string()).unwrap_or_default();
        self.timeline.doubt(format!(
            "UNKNOWN whether the experiment started; look with: aws fis list-experiments --region {region} \
             --experiment-template-id {template} for the tag {DRILL_TAG} = {drill}"
        ));
        self.keep_the_lock();
        self.doubt.unknown = true;
        self.settle_ended = true;
        self.phase = Phase::Closing;
        self.template = None;
        Vec::new()
    }

    pub(super) fn delete_template(&self) -> Vec<Order> {
        let (Some(template), Some(planned)) = (&self.template, &self.planned) else { return Vec::new() };
        vec![Order::DeleteTemplate { template: template.clone(), drill: planned.id.clone() }]
    }

    /// When to stop waiting for what is missing; until then, `SettleTimeEnded` is no fact.
    pub fn deadline(&self) -> Option<Timestamp> {
        let settle = self.planned.as_ref()?.settle;
        let expected = self.timeline.expected_end();
        let deadline = match (self.phase, self.ended) {
            (Phase::Settling, Some(_)) if self.aborted => expected?.saturating_add(AFTER_STOP),
            (Phase::Settling, Some(ended)) if self.came_to_nothing() => ended.saturating_add(AFTER_NOTHING),
            (Phase::Settling, Some(ended)) => expected.unwrap_or(ended).max(ended).saturating_add(settle),
            (Phase::Running, None) => expected?.saturating_add(settle),
            _ => return None,
        };
        let deadline = deadline.unwrap_or(Timestamp::MAX);
        let looks = self.timeline.blind.looks_until(&NEEDED).unwrap_or(deadline);
        let anew = self.doubt.taken_up.and_then(|at| at.checked_add(settle).ok()); // it is looked at again before it is judged
        (!self.settle_ended).then(|| deadline.max(looks).max(anew.unwrap_or(deadline)))
    }

    /// FIS gave up, and nothing shows that any target was hit before.
    fn came_to_nothing(&self) -> bool {
        let status = self.timeline.experiment.as_ref().map(|experiment| experiment.progress.status.as_str());
        matches!(status, Some("failed" | "cancelled")) && !self.timeline.is_hit()
    }

    /// The verdict, once nothing more is expected.
    pub fn verdict(&self) -> Option<Verdict> {
        let over = self.is_at_rest() && matches!(self.lock, Hold::No | Hold::Left);
        over.then(|| verdict::reached(&self.timeline, self.aborted, self.refused.as_ref(), self.doubt.unknown))
    }

    /// Whether nothing more is to be seen or to be removed.
    fn is_at_rest(&self) -> bool {
        let known = !self.timeline.choice.open && self.timeline.choice.unknown.is_empty();
        let replaced = known && self.timeline.all_gone() && self.timeline.missing_replacements().is_empty();
        let nothing_missing = replaced && !self.timeline.health.may_recover();
        let never_ran = self.ended.is_some() && !self.timeline.has_acted();
        let reached = match self.phase {
            Phase::Planned | Phase::Creating | Phase::Starting => false,
            Phase::Running => self.settle_ended,
            Phase::Settling => nothing_missing || never_ran || self.settle_ended,
            Phase::Closing | Phase::Over => true,
        };
        reached && self.template.is_none()
    }

    /// Whether a stop would still reach FIS before every notice.
    pub fn can_stop(&self) -> bool {
        matches!(self.phase, Phase::Creating | Phase::Starting | Phase::Running)
    }
}

/// FIS's own reason for a stop that nobody asked for: an alarm, or the account's safety lever.
fn by_alarm(reason: Option<&SafeText>) -> bool {
    let reason = reason.map(|reason| reason.to_lowercase()).unwrap_or_default();
    reason.contains("stop condition") || reason.contains("safety lever")
}

mod watching;

#[cfg(test)]
mod tests;
