//! The one state machine of a drill: facts in, orders out. It cannot fail, wait or look at a clock; screens, journal,
//! resumption and tests all fold the same facts through it.

use jiff::{SignedDuration, Timestamp};

use super::{
    fact::{Fact, What},
    fleet::GroupKind,
    id::{DrillId, ExperimentId, InstanceId, TemplateId},
    order::{Order, OrderName, Watch},
    plan::Plan,
    template::tags,
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
    /// The operator asked for a stop while there was something to stop.
    pub aborted: bool,
    confirmed: Option<(Timestamp, String)>,
    template: Option<TemplateId>,
    /// Why nothing was started.
    refused: Option<SafeText>,
    ended: Option<Timestamp>,
    settle_ended: bool,
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

    /// What to ask of the world when a drill that was left is taken up again. Nothing is ever started by it: a start whose
    /// answer was not recorded is looked for.
    #[must_use = "an order that is dropped is never carried out"]
    pub fn taken_up(&self) -> Vec<Order> {
        match (self.phase, &self.template) {
            (Phase::Starting, Some(template)) => vec![Order::FindExperiment { template: template.clone() }],
            (Phase::Running, _) if self.aborted => self.stop(),
            (Phase::Settling | Phase::Closing, _) => self.delete_template(),
            _ => Vec::new(),
        }
    }

    /// Takes in one fact and says what to ask of the world because of it.
    #[must_use = "an order that is dropped is never carried out"]
    pub fn apply(&mut self, fact: &Fact) -> Vec<Order> {
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
            What::TemplateCreated { template } => self.template_created(template),
            What::ExperimentStarted { experiment, .. } => self.started(experiment),
            What::ExperimentStateChanged { status, reason, .. } => self.experiment_is(fact, status, reason.as_ref()),
            What::TargetsResolved { instances } if self.hits_others(instances) => self.stop(),
            What::StopRequested { .. } => self.stop_requested(),
            What::OrderRefused { order, code, message } => self.refused(*order, &format!("{code}: {message}")),
            What::OrderUnanswered { order, message } => self.unanswered(*order, message),
            What::ExperimentNotFound { .. } => {
                self.not_started("the order to start it got no answer and did not arrive")
            }
            What::TemplateDeleted { .. } => {
                self.template = None;
                Vec::new()
            }
            What::SettleTimeEnded => {
                self.settle_ended = true;
                Vec::new()
            }
            What::DrillFinished { .. } => {
                self.phase = Phase::Over;
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn confirmed(&mut self, at: Timestamp, client_token: &str) -> Vec<Order> {
        let Some(Planned { id, plan, role_arn, .. }) = &self.planned else { return Vec::new() };
        if self.phase != Phase::Planned {
            return Vec::new();
        }
        self.phase = Phase::Creating;
        self.confirmed = Some((at, client_token.to_owned()));
        let client_token = format!("{client_token}-template");
        vec![Order::CreateTemplate { template: plan.template(id, role_arn), client_token }]
    }

    fn template_created(&mut self, template: &TemplateId) -> Vec<Order> {
        self.template = Some(template.clone());
        if self.aborted {
            return self.not_started("stopped by the operator before the start");
        }
        let (Some(planned), Some((_, client_token))) = (&self.planned, &self.confirmed) else { return Vec::new() };
        self.phase = Phase::Starting;
        let start = Order::StartExperiment {
            template: template.clone(),
            client_token: format!("{client_token}-start"),
            tags: tags(&planned.id),
        };
        vec![start]
    }

    fn started(&mut self, experiment: &ExperimentId) -> Vec<Order> {
        self.phase = Phase::Running;
        if self.aborted { vec![Order::StopExperiment { experiment: experiment.clone() }] } else { Vec::new() }
    }

    fn experiment_is(&mut self, fact: &Fact, status: &SafeText, reason: Option<&SafeText>) -> Vec<Order> {
        let over = self.timeline.experiment.as_ref().is_some_and(|experiment| experiment.progress.is_over());
        if !over || self.ended.is_some() {
            return Vec::new();
        }
        self.ended = Some(fact.at);
        self.phase = Phase::Settling;
        let by_us = self.aborted && status.as_str() == "stopped";
        if status.as_str() != "completed" && !by_us {
            let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
            self.timeline.complain(format!("the experiment ended as {status}{why}"));
        }
        self.delete_template()
    }

    fn stop_requested(&mut self) -> Vec<Order> {
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
                self.stop()
            }
            Phase::Settling | Phase::Closing | Phase::Over => Vec::new(),
        }
    }

    /// Whether FIS resolved its targets to anything that was not confirmed.
    fn hits_others(&self, resolved: &[InstanceId]) -> bool {
        let plan = self.planned.as_ref().map(|planned| &planned.plan);
        plan.is_some_and(|plan| resolved.iter().any(|id| !plan.is_target(id)))
    }

    fn stop(&self) -> Vec<Order> {
        let running = self.timeline.experiment.iter().filter(|experiment| !experiment.progress.is_over());
        running.map(|experiment| Order::StopExperiment { experiment: experiment.id.clone() }).collect()
    }

    fn refused(&mut self, order: OrderName, why: &str) -> Vec<Order> {
        match order {
            OrderName::CreateTemplate | OrderName::StartExperiment => {
                self.not_started(&format!("AWS refused to {} ({why})", order.as_str()))
            }
            OrderName::FindExperiment => self.unknown(),
            OrderName::StopExperiment => {
                self.timeline.complain(format!("AWS refused to {} ({why})", order.as_str()));
                Vec::new()
            }
            OrderName::DeleteTemplate => {
                self.template = None; // what is left is told by the fact; the verdict is not about our own tidiness
                Vec::new()
            }
        }
    }

    fn unanswered(&mut self, order: OrderName, why: &SafeText) -> Vec<Order> {
        match (order, &self.template) {
            (OrderName::StartExperiment, Some(template)) => vec![Order::FindExperiment { template: template.clone() }],
            (OrderName::FindExperiment, _) => self.unknown(),
            _ => self.refused(order, &format!("no answer: {why}")),
        }
    }

    /// Nothing runs, and nothing will.
    fn not_started(&mut self, why: &str) -> Vec<Order> {
        self.refused = Some(SafeText::new(why));
        self.phase = Phase::Closing;
        self.delete_template()
    }

    /// An experiment may run that we cannot see: say so, with the command to look.
    fn unknown(&mut self) -> Vec<Order> {
        let template = self.template.as_ref().map(ToString::to_string).unwrap_or_default();
        self.timeline.complain(format!(
            "UNKNOWN whether the experiment started; look with: aws fis list-experiments --experiment-template-id {template}"
        ));
        self.settle_ended = true;
        self.phase = Phase::Closing;
        self.template = None;
        Vec::new()
    }

    fn delete_template(&self) -> Vec<Order> {
        self.template.iter().map(|template| Order::DeleteTemplate { template: template.clone() }).collect()
    }

    /// What should be observed now.
    pub fn watches(&self) -> Vec<Watch> {
        let (Some(planned), Some((since, _))) = (&self.planned, &self.confirmed) else { return Vec::new() };
        if !matches!(self.phase, Phase::Running | Phase::Settling) || self.verdict().is_some() {
            return Vec::new();
        }
        let Planned { plan, .. } = planned;
        let mut watches = Vec::new();
        if let (Phase::Running, Some(experiment)) = (self.phase, &self.timeline.experiment) {
            watches.push(Watch::Experiment(experiment.id.clone()));
        }
        let targets: Vec<_> = plan.targets.iter().map(|target| target.id.clone()).collect();
        watches.push(Watch::Instances(targets.clone()));
        let requests: Vec<_> = plan.targets.iter().filter_map(|target| target.spot_request.clone()).collect();
        if !requests.is_empty() {
            watches.push(Watch::SpotRequests(requests));
        }
        let groups = plan.groups().into_iter().filter(|group| group.kind != GroupKind::Ungrouped);
        watches.extend(groups.map(|group| Watch::Group { group: group.clone(), since: *since }));
        watches.push(Watch::Logs { since: *since, targets: targets.clone() });
        watches.push(Watch::Events { since: *since, targets });
        watches
    }

    /// When to stop waiting for what is missing; until then, `SettleTimeEnded` is no fact.
    pub fn deadline(&self) -> Option<Timestamp> {
        let settle = self.planned.as_ref()?.settle;
        let expected = self.timeline.expected_end();
        let deadline = match (self.phase, self.ended) {
            (Phase::Settling, Some(_)) if self.aborted => expected?.saturating_add(AFTER_STOP),
            (Phase::Settling, Some(ended)) => expected.unwrap_or(ended).max(ended).saturating_add(settle),
            (Phase::Running, None) => expected?.saturating_add(settle),
            _ => return None,
        };
        (!self.settle_ended).then(|| deadline.unwrap_or(Timestamp::MAX))
    }

    /// The verdict, once nothing more is expected.
    pub fn verdict(&self) -> Option<Verdict> {
        let nothing_missing = self.timeline.all_gone() && self.timeline.missing_replacements().is_empty();
        let never_ran = self.ended.is_some() && self.timeline.actions.values().all(|action| action.started.is_none());
        let reached = match self.phase {
            Phase::Planned | Phase::Creating | Phase::Starting => false,
            Phase::Running => self.settle_ended,
            Phase::Settling => nothing_missing || never_ran || self.settle_ended,
            Phase::Closing | Phase::Over => true,
        };
        let tidy = self.template.is_none() || self.phase == Phase::Running;
        (reached && tidy).then(|| verdict::reached(&self.timeline, self.aborted, self.refused.as_ref()))
    }

    /// Whether a stop would still reach FIS before every notice.
    pub fn can_stop(&self) -> bool {
        matches!(self.phase, Phase::Creating | Phase::Starting | Phase::Running)
    }
}

#[cfg(test)]
mod tests;
