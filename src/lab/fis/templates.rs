//! Experiment templates: created, read, changed, deleted, listed. Knows no experiment.

use serde_json::{Value, json};

use super::{conflict, describe, invalid, listing, not_found, over_quota, validate};
use crate::lab::{
    wire::{error::ApiError, rest_json::RestCall},
    world::{
        World,
        template::{Earlier, Template, TemplateContent},
    },
};

/// FIS's quota L-2FF3254A.
const TEMPLATES: usize = 500;

pub(super) fn create(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let body: Value = call.input()?;
    let token = format!("CreateExperimentTemplate {}", validate::client_token(&body)?);
    let content: TemplateContent = serde_json::from_value(body.clone()).map_err(|error| invalid(error.to_string()))?;
    let tags = validate::tags(&body)?;
    validate::check(world, &content)?;
    match world.client_tokens.earlier(&token, &body) {
        Earlier::Same(id) => return get_by_id(world, &id),
        Earlier::Other => return Err(conflict("The client token was used with other parameters.")),
        Earlier::Never => {}
    }
    if world.templates.len() >= TEMPLATES {
        return Err(over_quota("You have reached the maximum number of experiment templates."));
    }
    let id = world.template_id();
    let now = world.now();
    let template = Template { order: world.next_order(), id: id.clone(), created: now, updated: now, content, tags };
    world.templates.insert(id.clone(), template);
    world.client_tokens.remember(token, body, id.clone());
    get_by_id(world, &id)
}

pub(super) fn get(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    get_by_id(world, call.label())
}

/// What is given replaces what there was, whole: description, stop conditions, targets, actions, role. AWS does not say
/// what an action without an id means; here it keeps what it does not give. So do the log configuration and the options.
pub(super) fn update(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let mut body: Value = call.input()?;
    let id = call.label();
    let template = world.templates.get(id).ok_or_else(|| unknown(id))?;
    let before = serde_json::to_value(&template.content).map_err(|error| invalid(error.to_string()))?;
    if let Some(actions) = body.get_mut("actions").and_then(Value::as_object_mut) {
        for (name, action) in actions.iter_mut().filter(|(_, action)| action.get("actionId").is_none()) {
            let kept = before.get("actions").and_then(|actions| actions.get(name)).cloned();
            *action = laid_over(kept.unwrap_or_default(), action.take());
        }
    }
    for name in ["logConfiguration", "experimentOptions"] {
        if let Some(given) = body.get_mut(name) {
            *given = laid_over(before.get(name).cloned().unwrap_or_default(), given.take());
        }
    }
    let after = laid_over(before, body);
    let content: TemplateContent = serde_json::from_value(after).map_err(|error| invalid(error.to_string()))?;
    validate::check(world, &content)?;
    let now = world.now();
    if let Some(template) = world.templates.get_mut(id) {
        (template.content, template.updated) = (content, now);
    }
    get_by_id(world, id)
}

/// The members of both, the second's where both have one.
fn laid_over(before: Value, given: Value) -> Value {
    match (before, given) {
        (Value::Object(before), Value::Object(given)) => Value::Object(before.into_iter().chain(given).collect()),
        (_, given) => given,
    }
}

/// A running experiment goes on without its template, of which it has a copy; AWS does not document it.
pub(super) fn delete(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let deleted = get_by_id(world, call.label())?;
    world.templates.remove(call.label());
    Ok(deleted)
}

pub(super) fn list(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let mut templates: Vec<_> = world.templates.values().collect();
    templates.sort_by_key(|template| template.order);
    let summaries = templates.into_iter().map(|found| (found.order, describe::template_summary(world, found)));
    listing(call, "ListExperimentTemplates", "experimentTemplates", summaries)
}

fn get_by_id(world: &World, id: &str) -> Result<Value, ApiError> {
    let template = world.templates.get(id).ok_or_else(|| unknown(id))?;
    Ok(json!({ "experimentTemplate": describe::template(world, template) }))
}

pub(super) fn unknown(id: &str) -> ApiError {
    not_found(format!("Experiment template {id} not found."))
}
