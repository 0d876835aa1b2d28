//! Tags of templates and experiments, by ARN. Knows no other resource.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{describe, not_found, validate};
use crate::lab::{
    wire::{error::ApiError, rest_json::RestCall},
    world::World,
};

pub(super) fn tag(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let new = validate::tags(&call.input()?)?;
    tags_of(world, call.label())?.extend(new);
    Ok(json!({}))
}

/// Without keys it takes all tags away.
pub(super) fn untag(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let keys: Vec<&str> = call.queries("tagKeys").collect();
    tags_of(world, call.label())?.retain(|key, _| !keys.is_empty() && !keys.contains(&key.as_str()));
    Ok(json!({}))
}

pub(super) fn list(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    Ok(json!({ "tags": tags_of(world, call.label())? }))
}

fn tags_of<'w>(world: &'w mut World, arn: &str) -> Result<&'w mut BTreeMap<String, String>, ApiError> {
    let id = arn.rsplit('/').next().unwrap_or_default().to_owned();
    let unknown = || not_found(format!("Resource {arn} not found."));
    if arn == describe::template_arn(world, &id) {
        world.templates.get_mut(&id).map(|template| &mut template.tags).ok_or_else(unknown)
    } else if arn == describe::experiment_arn(world, &id) {
        world.experiments.get_mut(&id).map(|experiment| &mut experiment.tags).ok_or_else(unknown)
    } else {
        Err(unknown())
    }
}
