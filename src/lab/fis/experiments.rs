//! Experiments: started, read, stopped, listed, and what their targets resolved to. Knows not how they go on.

use serde_json::{Value, json};

use super::{conflict, describe, invalid, listing, not_found, over_quota, templates, validate};
use crate::lab::{
    wire::{error::ApiError, rest_json::RestCall},
    world::{World, alarm::AlarmState, experiment::Experiment, template::Earlier},
};

/// FIS's quota L-F5FCA485.
const ACTIVE_EXPERIMENTS: usize = 5;

pub(super) fn start(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let body: Value = call.input()?;
    let token = format!("StartExperiment {}", validate::client_token(&body)?);
    let tags = validate::tags(&body)?;
    let template = body.get("experimentTemplateId").and_then(Value::as_str);
    let template = template.ok_or_else(|| invalid("experimentTemplateId is missing."))?;
    let skip_all = match body.pointer("/experimentOptions/actionsMode").and_then(Value::as_str) {
        None | Some("run-all") => false,
        Some("skip-all") => true,
        Some(other) => return Err(invalid(format!("actionsMode {other} is not valid."))),
    };
    match world.client_tokens.earlier(&token, &body) {
        Earlier::Same(id) => return get_by_id(world, &id),
        Earlier::Other => return Err(conflict("The client token was used with other parameters.")),
        Earlier::Never => {}
    }
    let template = world.templates.get(template).cloned().ok_or_else(|| templates::unknown(template))?;
    let active = world.experiments.values().filter(|experiment| experiment.state.status.is_active());
    if active.count() >= ACTIVE_EXPERIMENTS {
        return Err(over_quota("You have reached the maximum number of active experiments."));
    }
    let conditions = template.content.stop_conditions.iter().filter_map(|condition| condition.value.as_ref());
    // Seen at AWS, with words that are not documented.
    if let Some(alarm) = conditions.into_iter().find(|arn| world.alarm_state(arn) == Some(AlarmState::Alarm)) {
        return Err(conflict(format!("The alarm {alarm} of a stop condition is in state ALARM.")));
    }
    let id = world.start_experiment(&template, skip_all, tags);
    world.client_tokens.remember(token, body, id.clone());
    get_by_id(world, &id)
}

pub(super) fn get(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    get_by_id(world, call.label())
}

/// AWS does not document what stopping a finished experiment gives; the lab refuses, so that nobody takes it for a stop.
pub(super) fn stop(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let id = call.label();
    let status = find(world, id)?.state.status;
    if !status.is_active() {
        return Err(invalid(format!("Experiment {id} is {} and cannot be stopped.", status.as_str())));
    }
    world.stop_experiment(id);
    get_by_id(world, id)
}

pub(super) fn list(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let template = call.query("experimentTemplateId");
    let wanted = |experiment: &&Experiment| template.is_none_or(|template| experiment.template == template);
    let mut experiments: Vec<_> = world.experiments.values().filter(wanted).collect();
    experiments.sort_by_key(|experiment| experiment.order);
    let summaries = experiments.into_iter().map(|found| (found.order, describe::experiment_summary(world, found)));
    listing(call, "ListExperiments", "experiments", summaries)
}

pub(super) fn resolved_targets(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let experiment = find(world, call.label())?;
    let wanted = call.query("targetName");
    let targets = experiment.resolved.iter().filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name));
    let resolved = targets.flat_map(|(name, found)| found.iter().map(move |resource| (name, resource)));
    let described = resolved.map(|(name, resource)| {
        let kind = experiment.content.targets.get(name).map_or("", |target| &target.resource_type);
        let arn = world.resource_arn(kind, resource);
        json!({ "resourceType": kind, "targetName": name, "targetInformation": { "arn": arn } })
    });
    listing(call, "ListExperimentResolvedTargets", "resolvedTargets", (1..).zip(described))
}

fn get_by_id(world: &World, id: &str) -> Result<Value, ApiError> {
    Ok(json!({ "experiment": describe::experiment(world, find(world, id)?) }))
}

fn find<'w>(world: &'w World, id: &str) -> Result<&'w Experiment, ApiError> {
    world.experiments.get(id).ok_or_else(|| not_found(format!("Experiment {id} not found.")))
}
