//! Templates and experiments as FIS writes them. Knows not which operation answers with them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::lab::{
    wire::time::epoch_seconds,
    world::{
        World,
        experiment::{ActionRun, Experiment, State},
        template::Template,
    },
};

pub(super) fn template(world: &World, template: &Template) -> Value {
    let content = serde_json::to_value(&template.content).unwrap_or_default();
    merged(template_summary(world, template), [content, json!({ "targetAccountConfigurationsCount": 0 })])
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
    if let Some(members) = content.as_object_mut() {
        members.retain(|name, _| !matches!(name.as_str(), "description" | "experimentOptions"));
    }
    let actions: BTreeMap<_, _> = experiment.actions.iter().map(|(name, run)| (name, action(run))).collect();
    let mut times = json!({ "startTime": epoch_seconds(experiment.created), "targetAccountConfigurationsCount": 0 });
    if let (Some(ended), Some(members)) = (experiment.ended, times.as_object_mut()) {
        members.insert("endTime".to_owned(), epoch_seconds(ended).into());
    }
    merged(experiment_summary(world, experiment), [content, json!({ "actions": actions }), times])
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
    if let Some(members) = described.as_object_mut() {
        members.insert("state".to_owned(), state(&run.state));
        for (name, time) in [("startTime", run.started), ("endTime", run.ended)] {
            if let Some(time) = time {
                members.insert(name.to_owned(), epoch_seconds(time).into());
            }
        }
    }
    described
}

fn state(state: &State) -> Value {
    json!({ "status": state.status.as_str(), "reason": state.reason })
}

/// One object with the members of all.
fn merged<const N: usize>(first: Value, others: [Value; N]) -> Value {
    let members = std::iter::once(first).chain(others).filter_map(|value| match value {
        Value::Object(members) => Some(members),
        _ => None,
    });
    Value::Object(members.flatten().collect::<Map<_, _>>())
}
