//! FIS's experiment log: records of schema version 2 in the template's log group. Knows not what an experiment does.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{
    Happening, World,
    experiment::{Experiment, State},
    template::Action,
};
use crate::lab::wire::{json::set, time::iso_seconds};

/// FIS documents that the first use of a log destination delays an experiment by about this.
const FIRST_USE: SignedDuration = SignedDuration::from_secs(15);

/// How late a record reaches its group; AWS promises no more than within a minute.
const DELIVERY: SignedDuration = SignedDuration::from_secs(2);

/// How many resources a record lists; more go to further pages. The lab's choice.
const PAGE: usize = 50;

impl World {
    /// How much longer an experiment takes to begin: FIS sets up its log destination once.
    pub(super) fn log_set_up(&mut self, experiment: &str) -> SignedDuration {
        let group = self.experiments.get(experiment).and_then(|experiment| self.log_group_of(experiment));
        let first = group.is_some_and(|group| self.log_destinations.insert(group));
        if first { FIRST_USE } else { SignedDuration::ZERO }
    }

    pub(super) fn log_experiment_start(&mut self, id: &str) {
        let Some(experiment) = self.experiments.get(id) else { return };
        let details = json!({
            "experiment_template_id": experiment.template,
            "experiment_start_time": iso_seconds(experiment.created),
        });
        self.log(id, "experiment-start", &details);
    }

    /// FIS leaves out the full stop at the end of the reason.
    pub(super) fn log_experiment_end(&mut self, id: &str, state: &State) {
        let state = json!({ "status": state.status.as_str(), "reason": state.reason.trim_end_matches('.') });
        self.log(id, "experiment-end", &json!({ "experiment_end_time": self.time(), "experiment_state": state }));
    }

    /// What a target resolved to: start, a detail per page, end.
    pub(super) fn log_resolution(&mut self, id: &str, target: &str, kind: &str, found: &[String], failed: bool) {
        let time = self.time();
        self.log(
            id,
            "target-resolution-start",
            &json!({ "target_resolution_start_time": time, "target_name": target, "target_type": kind }),
        );
        let arns: Vec<Value> = found.iter().map(|name| json!({ "arn": self.resource_arn(kind, name) })).collect();
        let pages = arns.len().div_ceil(PAGE).max(1);
        let detail = |page: usize, arns: &[Value]| {
            json!({
                "target_name": target, "target_type": kind, "target_resolution_end_time": time,
                "resolved_targets": arns, "resolved_targets_count": arns.len(),
                "page": page, "total_pages": pages, "total_resolved_targets_count": found.len(),
            })
        };
        for (page, arns) in (1..).zip(arns.chunks(PAGE)) {
            self.log(id, "target-resolution-detail", &detail(page, arns));
        }
        let mut end = detail(pages, arns.chunks(PAGE).last().unwrap_or_default());
        set(&mut end, "status", json!(if failed { "failed" } else { "completed" }));
        self.log(id, "target-resolution-end", &end);
    }

    pub(super) fn log_action_start(&mut self, id: &str, name: &str, action: &Action) {
        let details = json!({
            "action_name": name, "action_id": action.action_id, "action_start_time": self.time(),
            "action_targets": action.targets, "parameters": action.parameters,
        });
        self.log(id, "action-start", &details);
    }

    pub(super) fn log_action_error(&mut self, id: &str, name: &str, action: &str, error: &str) {
        let details = json!({ "action_name": name, "action_id": action, "error_information": error });
        self.log(id, "action-error", &details);
    }

    pub(super) fn log_action_end(&mut self, id: &str, name: &str, action: &str, state: &State) {
        let details = json!({
            "action_name": name, "action_id": action, "action_end_time": self.time(),
            "action_state": { "status": state.status.as_str(), "reason": state.reason },
        });
        self.log(id, "action-end", &details);
    }

    /// The name in an ARN of a log group of this account and region, with or without `:*` behind it.
    pub(in crate::lab) fn log_group_named(&self, arn: &str) -> Option<String> {
        let name = arn.strip_prefix(&self.arn("logs", "log-group:"))?;
        Some(name.strip_suffix(":*").unwrap_or(name).to_owned())
    }

    fn log_group_of(&self, experiment: &Experiment) -> Option<String> {
        let arn = experiment.content.log_configuration.as_ref()?.pointer("/cloudWatchLogsConfiguration/logGroupArn");
        self.log_group_named(arn?.as_str()?)
    }

    fn log(&mut self, id: &str, log_type: &str, details: &Value) {
        let Some(group) = self.experiments.get(id).and_then(|experiment| self.log_group_of(experiment)) else { return };
        let record = json!({
            "id": id, "log_type": log_type, "event_timestamp": self.time(), "version": "2", "details": details,
        });
        let record = Happening::ExperimentLogged { group, experiment: id.to_owned(), timestamp: self.now, record };
        self.schedule(DELIVERY, record);
    }

    fn time(&self) -> String {
        iso_seconds(self.now)
    }
}
