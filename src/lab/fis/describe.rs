//! Templates and experiments as FIS writes them. Knows not which operation answers with them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::lab::{
    wire::{json::set, time::epoch_seconds},
    world::{
        World,
        experiment::{ActionRun, Experiment, State},
        template::Template,
    },
};

pub(super) fn template(world: &World, template: &Template) -> Value {
    let content = serde_json::to_value(&template.content).unwrap_or_default();
    merged(&[template_summary(world, template), content, json!({ "targetAccountConfigurationsCount": 0 })])
}

pub(super) fn template_summary(world: &World, template: &Template) -> Value {
    json!({
        "id": template.id,
        "arn": template_arn(world, &template.id),
        "description": template.content.description,
        "creationTime": epoch_seconds(template.created),
        "lastUpdateTime": epoch_seconds(template.updated),
        "tags": template.tags,
    })
}

pub(super) fn experiment(world: &World, experiment: &Experiment) -> Value {
    let mut content = serde_json::to_value(&experiment.content).unwrap_or_default();
    for own in ["description", "experimentOptions"] {
        set(&mut content, own, Value::Null);
    }
    let actions: BTreeMap<_, _> = experiment.actions.iter().map(|(name, run)| (name, action(run))).collect();
    let more = json!({
        "actions": actions,
        "startTime": epoch_seconds(experiment.created),
        "endTime": experiment.ended.map(epoch_seconds),
        "targetAccountConfigurationsCount": 0,
    });
    merged(&[content, experiment_summary(world, experiment), more])
}

pub(super) fn experiment_summary(world: &World, experiment: &Experiment) -> Value {
    let options = &experiment.content.experiment_options;
    json!({
        "id": experiment.id,
        "arn": experiment_arn(world, &experiment.id),
        "experimentTemplateId": experiment.template,
        "state": state(&experiment.state),
        "creationTime": epoch_seconds(experiment.created),
        "tags": experiment.tags,
        "experimentOptions": {
            "accountTargeting": options.account_targeting,
            "emptyTargetResolutionMode": options.empty_target_resolution_mode,
            "actionsMode": if experiment.skip_all { "skip-all" } else { "run-all" },
        },
    })
}

pub(super) fn template_arn(world: &World, id: &str) -> String {
    world.arn("fis", &format!("experiment-template/{id}"))
}

pub(super) fn experiment_arn(world: &World, id: &str) -> String {
    world.arn("fis", &format!("experiment/{id}"))
}

fn action(run: &ActionRun) -> Value {
    let mut described = serde_json::to_value(&run.action).unwrap_or_default();
    set(&mut described, "state", state(&run.state));
    set(&mut described, "startTime", json!(run.started.map(epoch_seconds)));
    set(&mut described, "endTime", json!(run.ended.map(epoch_seconds)));
    described
}

fn state(state: &State) -> Value {
    json!({ "status": state.status.as_str(), "reason": state.reason })
}

/// One object with the members of all; of two by one name the later.
fn merged<const N: usize>(objects: &[Value; N]) -> Value {
    objects.iter().filter_map(Value::as_object).flatten().map(|(name, value)| (name.clone(), value.clone())).collect()
}
