//! FIS experiments: how one goes from `initiating` to its end. Knows not how an instance is interrupted.

use std::{borrow::Cow, collections::BTreeMap};

use jiff::{SignedDuration, Timestamp};

use super::{
    Happening, World,
    interruption::Interrupted,
    template::{Action, NOTICE_LEAD, SPOT_INTERRUPTION, Template, TemplateContent, WAIT},
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
    /// Instance ids by target, once they are resolved.
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

/// The switch that stops and prevents all experiments of the region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct SafetyLever {
    pub(in crate::lab) engaged: bool,
    pub(in crate::lab) reason: String,
}

impl Default for SafetyLever {
    fn default() -> Self {
        Self { engaged: false, reason: "Initial state.".to_owned() }
    }
}

fn state(status: Status, reason: impl Into<Cow<'static, str>>) -> State {
    State { status, reason: reason.into() }
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
        if self.safety_lever.engaged {
            self.end_actions(&id, Status::Cancelled, "Action was cancelled.");
            self.enter(&id, state(Status::Cancelled, "Experiment cancelled: the safety lever is engaged."));
        } else {
            self.enter(&id, state(Status::Initiating, "Experiment is initiating."));
            self.schedule(self.scenario.timing.resolve, Happening::ExperimentRuns(id.clone()));
        }
        id
    }

    /// Begins to stop an active experiment: what has started is stopped, what has not is cancelled.
    pub(in crate::lab) fn stop_experiment(&mut self, id: &str) {
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
        self.enter(id, state(Status::Stopping, "Stopping Experiment."));
        self.schedule(self.scenario.timing.stop, Happening::ExperimentStops(id.to_owned()));
    }

    /// Engaging the lever stops every experiment of the region.
    pub(in crate::lab) fn set_safety_lever(&mut self, engaged: bool, reason: String) {
        self.safety_lever = SafetyLever { engaged, reason };
        if engaged {
            let ids: Vec<String> = self.experiments.keys().cloned().collect();
            for id in &ids {
                self.stop_experiment(id);
            }
        }
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
        match self.resolve(&targets, skip_empty) {
            Err(reason) => self.fail_experiment(id, reason),
            Ok(resolved) => {
                if let Some(experiment) = self.experiments.get_mut(id) {
                    experiment.resolved = resolved;
                }
                self.enter(id, state(Status::Running, "Experiment is running."));
                if skip_all {
                    self.end_actions(id, Status::Skipped, "Action was skipped.");
                }
                self.schedule(self.scenario.timing.action_delay, Happening::ActionsStart(id.to_owned()));
            }
        }
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
        let now = self.now;
        let run = self.experiments.get_mut(id).and_then(|experiment| experiment.actions.get_mut(name));
        let Some(run) = run.filter(|run| run.state.status == Status::Running) else { return };
        run.state = state(Status::Completed, "Action was completed.");
        run.ended = Some(now);
        self.start_ready_actions(id);
    }

    pub(super) fn experiment_stops(&mut self, id: &str) {
        self.each_action(id, |run, now| {
            if run.state.status == Status::Stopping {
                run.state = state(Status::Stopped, "Action was stopped.");
                run.ended = Some(now);
            }
        });
        self.enter(id, state(Status::Stopped, "Experiment stopped."));
    }

    /// A running action fails, and its experiment with it.
    fn fail_action(&mut self, id: &str, name: &str, reason: &str) {
        let now = self.now;
        if let Some(run) = self.experiments.get_mut(id).and_then(|experiment| experiment.actions.get_mut(name)) {
            (run.state, run.ended) = (state(Status::Failed, reason.to_owned()), Some(now));
        }
        self.fail_experiment(id, format!("Action {name} failed: {reason}"));
    }

    fn fail_experiment(&mut self, id: &str, reason: impl Into<Cow<'static, str>>) {
        self.end_actions(id, Status::Cancelled, "Action was cancelled.");
        self.each_action(id, |run, now| {
            if run.state.status == Status::Running {
                (run.state, run.ended) = (state(Status::Stopped, "Action was stopped."), Some(now));
            }
        });
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
        let instances = self.instances_of(id, action);
        let now = self.now;
        if let Some(run) = self.experiments.get_mut(id).and_then(|experiment| experiment.actions.get_mut(name)) {
            if action.action_id == SPOT_INTERRUPTION && instances.is_empty() {
                run.state = state(Status::Skipped, "Action was skipped.");
                return;
            }
            run.state = state(Status::Running, "Action is running.");
            run.started = Some(now);
        }
        if let Some(reason) = self.action_refusal(id, &action.action_id, &instances) {
            return self.fail_action(id, name, &reason);
        }
        let lasts = match action.action_id.as_str() {
            WAIT => action.duration("duration").unwrap_or_default(),
            _ => self.interrupt(id, &instances, action.duration("durationBeforeInterruption").unwrap_or(NOTICE_LEAD)),
        };
        // Scheduled after the notices, so that the action completes when they have been sent.
        let ends = Happening::ActionEnds { experiment: id.to_owned(), action: name.to_owned() };
        self.schedule(lasts, ends);
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

    fn instances_of(&self, id: &str, action: &Action) -> Vec<String> {
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
        let old = std::mem::replace(&mut experiment.state, new.clone());
        if !new.status.is_active() {
            experiment.ended = Some(now);
        }
        let template = experiment.template.clone();
        self.announce_experiment(id, &template, &old, &new);
    }
}
