//! Experiment templates: created, read, deleted, listed. Knows no experiment.

use serde_json::{Value, json};

use super::{conflict, describe, invalid, listing, not_found, over_quota, page_of, validate};
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
    let token = validate::client_token(&body)?;
    let content: TemplateContent = serde_json::from_value(body.clone()).map_err(|error| invalid(error.to_string()))?;
    let tags = validate::tags(&body)?;
    validate::template(&content)?;
    match world.client_tokens.earlier(&token, &body) {
        Earlier::Same(id) => return get_by_id(world, &id),
        Earlier::Other => return Err(conflict("The client token was used with other parameters.")),
        Earlier::Never => {}
    }
    if world.templates.len() >= TEMPLATES {
        return Err(over_quota("You have reached the maximum number of experiment templates."));
    }
    let id = world.template_id();
    let template = Template { order: world.next_order(), id: id.clone(), created: world.now(), content, tags };
    world.templates.insert(id.clone(), template);
    world.client_tokens.remember(token, body, id.clone());
    get_by_id(world, &id)
}

pub(super) fn get(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    get_by_id(world, call.label())
}

pub(super) fn delete(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let deleted = get_by_id(world, call.label())?;
    world.templates.remove(call.label());
    Ok(deleted)
}

pub(super) fn list(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let mut templates: Vec<_> = world.templates.values().collect();
    templates.sort_by_key(|template| template.order);
    let summaries = templates.into_iter().map(|found| (found.order, describe::template_summary(world, found)));
    let page = page_of(call, "ListExperimentTemplates", summaries)?;
    Ok(listing("experimentTemplates", page))
}

fn get_by_id(world: &World, id: &str) -> Result<Value, ApiError> {
    let template = world.templates.get(id).ok_or_else(|| unknown(id))?;
    Ok(json!({ "experimentTemplate": describe::template(world, template) }))
}

pub(super) fn unknown(id: &str) -> ApiError {
    not_found(format!("Experiment template {id} not found."))
}
