//! FIS experiments: how one goes from `initiating` to its end. Knows not how an instance is interrupted.

use std::{borrow::Cow, collections::BTreeMap};

use jiff::{SignedDuration, Timestamp};

use super::{
    Happening, World,
    capacity::Shortage,
    instance::{Instance, InstanceState},
    interruption::Interrupted,
    safety_lever::LeverStatus,
    template::{ASG_CAPACITY_ERROR, Action, NOTICE_LEAD, SPOT_INTERRUPTION, Template, TemplateContent},
};

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Experiment {
    pub(in crate::lab) order: u64,
    pub(in crate::lab) id: String,
    pub(in crate::lab) template: String,
    /// The template as it was when the experiment started.
    pub(in crate::lab) content: TemplateContent,
    pub(in crate::lab) state: State,
    pub(in crate::lab) actions: BTreeMap<String, ActionRun>,
    /// Skips the actions and only resolves the targets.
    pub(in crate::lab) skip_all: bool,
    pub(in crate::lab) created: Timestamp,
    pub(in crate::lab) ended: Option<Timestamp>,
    pub(in crate::lab) tags: BTreeMap<String, String>,
    /// Ids of instances or names of groups by target, once they are resolved.
    pub(in crate::lab) resolved: BTreeMap<String, Vec<String>>,
}

/// An action as far as it has run.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct ActionRun {
    pub(in crate::lab) action: Action,
    pub(in crate::lab) state: State,
    pub(in crate::lab) started: Option<Timestamp>,
    pub(in crate::lab) ended: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct State {
    pub(in crate::lab) status: Status,
    pub(in crate::lab) reason: Cow<'static, str>,
}

/// The status of an experiment or of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Status {
    Pending,
    Initiating,
    Running,
    Completed,
    Stopping,
    Stopped,
    Failed,
    Cancelled,
    Skipped,
}

impl Status {
    pub(in crate::lab) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Initiating => "initiating",
            Self::Running => "running",
            Self::Completed => "completed",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Skipped => "skipped",
        }
    }

    /// Whether it counts against the quota of active experiments.
    pub(in crate::lab) fn is_active(self) -> bool {
        matches!(self, Self::Pending | Self::Initiating | Self::Running | Self::Stopping)
    }

    fn lets_next_start(self) -> bool {
        matches!(self, Self::Completed | Self::Skipped)
    }
}

fn state(status: Status, reason: impl Into<Cow<'static, str>>) -> State {
    State { status, reason: reason.into() }
}

/// What an experiment says that was asked to stop.
const STOPPING: &str = "Stopping Experiment.";

fn is_going(instance: &Instance) -> bool {
    !matches!(instance.state, InstanceState::Pending | InstanceState::Running)
}

impl World {
    /// Starts an experiment and gives its id. An engaged safety lever cancels it at once.
    pub(in crate::lab) fn start_experiment(
        &mut self,
        template: &Template,
        skip_all: bool,
        tags: BTreeMap<String, String>,
    ) -> String {
        let id = self.ids.fis("EXP");
        let pending = |action: &Action| ActionRun {
            action: action.clone(),
            state: state(Status::Pending, "Initial state"),
            started: None,
            ended: None,
        };
        let experiment = Experiment {
            order: self.next_order(),
            id: id.clone(),
            template: template.id.clone(),
            content: template.content.clone(),
            state: state(Status::Pending, "Experiment is pending."),
            actions: template.content.actions.iter().map(|(name, action)| (name.clone(), pending(action))).collect(),
            skip_all,
            created: self.now,
            ended: None,
            tags,
            resolved: BTreeMap::new(),
        };
        self.experiments.insert(id.clone(), experiment);
        self.create_fis_linked_role(None);
        let set_up = self.log_set_up(&id);
        self.log_experiment_start(&id);
        if self.safety_lever.status == LeverStatus::Disengaged {
            self.enter(&id, state(Status::Initiating, "Experiment is initiating."));
            let resolve = self.scenario.timing.resolve.saturating_add(set_up);
            self.schedule(resolve, Happening::ExperimentRuns(id.clone()));
        } else {
            self.end_actions(&id, Status::Cancelled, "Action was cancelled.");
            self.enter(&id, state(Status::Cancelled, "Experiment cancelled: the safety lever is engaged."));
        }
        id
    }

    /// Begins to stop an active experiment: what has started is stopped, what has not is cancelled.
    pub(in crate::lab) fn stop_experiment(&mut self, id: &str) {
        self.halt_experiment(id, STOPPING);
    }

    /// Stops the experiments that have this alarm as a stop condition.
    pub(super) fn halt_by_alarm(&mut self, arn: &str) {
        let watches = |experiment: &&Experiment| {
            experiment.content.stop_conditions.iter().any(|condition| condition.value.as_deref() == Some(arn))
        };
        let ids: Vec<String> = self.experiments.values().filter(watches).map(|found| found.id.clone()).collect();
        for id in &ids {
            self.halt_experiment(id, format!("Experiment halted by stop condition {arn}."));
        }
    }

    /// The reason is that of the stopped experiment too, unless it was merely asked to stop.
    fn halt_experiment(&mut self, id: &str, reason: impl Into<Cow<'static, str>>) {
        let status = self.experiments.get(id).map(|experiment| experiment.state.status);
        if !matches!(status, Some(Status::Pending | Status::Initiating | Status::Running)) {
            return;
        }
        self.end_actions(id, Status::Cancelled, "Action was cancelled.");
        self.each_action(id, |run, _| {
            if run.state.status == Status::Running {
                run.state = state(Status::Stopping, "Stopping action.");
            }
        });
        self.enter(id, state(Status::Stopping, reason));
        self.schedule(self.scenario.timing.stop, Happening::ExperimentStops(id.to_owned()));
    }

    pub(in crate::lab) fn template_id(&mut self) -> String {
        self.ids.fis("EXT")
    }

    /// Resolves the targets; without any the experiment fails.
    pub(super) fn experiment_runs(&mut self, id: &str) {
        let Some(experiment) = self.experiments.get(id).filter(|found| found.state.status == Status::Initiating) else {
            return;
        };
        if let Some(reason) = self.role_refusal(experiment) {
            return self.fail_experiment(id, reason);
        }
        let skip_empty = experiment.content.experiment_options.empty_target_resolution_mode == "skip";
        let (targets, skip_all) = (experiment.content.targets.clone(), experiment.skip_all);
        let (resolved, failed) = self.resolve(&targets, skip_empty);
        for (name, found) in &resolved {
            let kind = targets.get(name).map_or("", |target| &target.resource_type);
            self.log_resolution(id, name, kind, found, found.is_empty() && failed.is_some());
        }
        if let Some(reason) = failed {
            return self.fail_experiment(id, reason);
        }
        if let Some(experiment) = self.experiments.get_mut(id) {
            experiment.resolved = resolved;
        }
        self.enter(id, state(Status::Running, "Experiment is running."));
        if skip_all {
            self.end_actions(id, Status::Skipped, "Action was skipped.");
        }
        self.schedule(self.scenario.timing.action_delay, Happening::ActionsStart(id.to_owned()));
    }

    /// Starts the actions that wait for nothing any more, and completes an experiment that has none left.
    pub(super) fn start_ready_actions(&mut self, id: &str) {
        while let Some((name, action)) = self.next_ready_action(id) {
            self.start_action(id, &name, &action);
        }
        let Some(experiment) = self.experiments.get(id).filter(|found| found.state.status == Status::Running) else {
            return;
        };
        if experiment.actions.values().all(|run| run.state.status.lets_next_start()) {
            self.enter(id, state(Status::Completed, "Experiment completed."));
        }
    }

    pub(super) fn action_ends(&mut self, id: &str, name: &str) {
        self.end_runs(id, Status::Running, Some(name), &state(Status::Completed, "Action was completed."));
        self.start_ready_actions(id);
    }

    pub(super) fn experiment_stops(&mut self, id: &str) {
        self.end_runs(id, Status::Stopping, None, &state(Status::Stopped, "Action was stopped."));
        let reason = self.experiments.get(id).map(|experiment| experiment.state.reason.clone());
        let reason = reason.filter(|reason| reason != STOPPING).unwrap_or("Experiment stopped.".into());
        self.enter(id, state(Status::Stopped, reason));
    }

    /// A running action fails, and its experiment with it.
    pub(super) fn fail_action(&mut self, id: &str, name: &str, reason: &str) {
        let action = self.experiments.get(id).and_then(|experiment| experiment.actions.get(name));
        let action = action.map(|run| run.action.action_id.clone()).unwrap_or_default();
        self.log_action_error(id, name, &action, reason);
        self.end_runs(id, Status::Running, Some(name), &state(Status::Failed, reason.to_owned()));
        self.fail_experiment(id, format!("Action {name} failed: {reason}"));
    }

    fn fail_experiment(&mut self, id: &str, reason: impl Into<Cow<'static, str>>) {
        self.end_actions(id, Status::Cancelled, "Action was cancelled.");
        self.end_runs(id, Status::Running, None, &state(Status::Stopped, "Action was stopped."));
        self.enter(id, state(Status::Failed, reason));
    }

    fn next_ready_action(&self, id: &str) -> Option<(String, Action)> {
        let experiment = self.experiments.get(id).filter(|found| found.state.status == Status::Running)?;
        let is_over =
            |name: &String| experiment.actions.get(name).is_some_and(|earlier| earlier.state.status.lets_next_start());
        let ready = |run: &ActionRun| run.state.status == Status::Pending && run.action.start_after.iter().all(is_over);
        let (name, run) = experiment.actions.iter().find(|(_, run)| ready(run))?;
        Some((name.clone(), run.action.clone()))
    }

    fn start_action(&mut self, id: &str, name: &str, action: &Action) {
        let resources = self.resources_of(id, action);
        let now = self.now;
        if let Some(run) = self.experiments.get_mut(id).and_then(|experiment| experiment.actions.get_mut(name)) {
            if !action.targets.is_empty() && resources.is_empty() {
                run.state = state(Status::Skipped, "Action was skipped.");
                return;
            }
            run.state = state(Status::Running, "Action is running.");
            run.started = Some(now);
        }
        self.log_action_start(id, name, action);
        if let Some(reason) = self.action_refusal(id, &action.action_id, &resources) {
            return self.fail_action(id, name, &reason);
        }
        let lasts = if action.action_id == SPOT_INTERRUPTION {
            if resources.iter().all(|instance| self.instances.get(instance).is_none_or(is_going)) {
                // AWS does not document it; the lab's action fails rather than pretends.
                return self.fail_action(id, name, "None of the target instances is running.");
            }
            let before = action.duration("durationBeforeInterruption").unwrap_or(NOTICE_LEAD);
            self.interrupt(id, &resources, before)
        } else {
            if action.action_id == ASG_CAPACITY_ERROR {
                self.begin_shortage(&format!("{id}/{name}"), self.shortage(action, resources));
            }
            action.duration("duration").unwrap_or_default()
        };
        // Scheduled after the notices, so that the action completes when they have been sent.
        let ends = Happening::ActionEnds { experiment: id.to_owned(), action: name.to_owned() };
        self.schedule(lasts, ends);
    }

    fn shortage(&self, action: &Action, groups: Vec<String>) -> Shortage {
        let parameter = |name: &str| action.parameters.get(name).map_or("", String::as_str);
        let zones = parameter("availabilityZoneIdentifiers").split(',');
        let zones = zones.filter_map(|name| self.zone_named(name)).cloned().collect();
        Shortage { groups, zones, percentage: parameter("percentage").parse().unwrap_or(100) }
    }

    /// Schedules the three signs of each interruption and says when the notice is given.
    fn interrupt(&mut self, experiment: &str, instances: &[String], before: SignedDuration) -> SignedDuration {
        let notice = before.saturating_sub(NOTICE_LEAD).max(SignedDuration::ZERO);
        let shutdown = before.saturating_add(self.scenario.timing.shutdown_offset);
        for instance in instances {
            let interrupted = Interrupted { instance: instance.clone(), experiment: experiment.to_owned() };
            self.schedule(SignedDuration::ZERO, Happening::Rebalance(interrupted.clone()));
            self.schedule(notice, Happening::Notice(interrupted.clone()));
            self.schedule(shutdown, Happening::Shutdown(interrupted));
        }
        notice
    }

    fn resources_of(&self, id: &str, action: &Action) -> Vec<String> {
        let Some(experiment) = self.experiments.get(id) else { return Vec::new() };
        action.targets.values().filter_map(|target| experiment.resolved.get(target)).flatten().cloned().collect()
    }

    /// Ends the actions that have not started.
    fn end_actions(&mut self, id: &str, status: Status, reason: &'static str) {
        self.each_action(id, |run, _| {
            if run.state.status == Status::Pending {
                run.state = state(status, reason);
            }
        });
    }

    /// Ends the actions that have this status, all or the one of this name.
    fn end_runs(&mut self, id: &str, status: Status, only: Option<&str>, end: &State) {
        let now = self.now;
        let Some(experiment) = self.experiments.get_mut(id) else { return };
        let mut ended = Vec::new();
        for (name, run) in &mut experiment.actions {
            if run.state.status == status && only.is_none_or(|only| only == name) {
                (run.state, run.ended) = (end.clone(), Some(now));
                ended.push((name.clone(), run.action.action_id.clone()));
            }
        }
        for (name, action) in ended {
            self.end_shortage(&format!("{id}/{name}"));
            self.log_action_end(id, &name, &action, end);
        }
    }

    fn each_action(&mut self, id: &str, change: impl Fn(&mut ActionRun, Timestamp)) {
        let now = self.now;
        if let Some(experiment) = self.experiments.get_mut(id) {
            experiment.actions.values_mut().for_each(|run| change(run, now));
        }
    }

    /// Puts an experiment in a state and has EventBridge tell of it.
    fn enter(&mut self, id: &str, new: State) {
        let now = self.now;
        let Some(experiment) = self.experiments.get_mut(id) else { return };
        let old = std::mem::replace(&mut experiment.state, new);
        let new = experiment.state.clone();
        if !new.status.is_active() {
            experiment.ended = Some(now);
        }
        let template = experiment.template.clone();
        if !new.status.is_active() {
            self.log_experiment_end(id, &new);
        }
        self.announce_experiment(id, &template, &old, &new);
    }
}
