//! The tags of parameters. Knows no other resource of Systems Manager's.

use serde_json::{Value, json};

use super::Input;
use crate::lab::{
    service::Promise,
    wire::{error::ApiError, json::tag_list},
    world::{World, parameter::Parameter},
};

pub(super) const OF_PARAMETERS: Promise = Promise::Simplified("of parameters alone");

pub(super) fn add(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::read(body)?;
    tagged(world, &input)?.tags.extend(input.tags);
    Ok(json!({}))
}

pub(super) fn remove(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::read(body)?;
    tagged(world, &input)?.tags.retain(|key, _| !input.tag_keys.contains(key));
    Ok(json!({}))
}

pub(super) fn list(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::read(body)?;
    Ok(json!({ "TagList": tag_list(&tagged(world, &input)?.tags) }))
}

fn tagged<'w>(world: &'w mut World, input: &Input) -> Result<&'w mut Parameter, ApiError> {
    if input.resource_type != "Parameter" {
        let message = format!("{} is not a valid resource type, or not one that the lab has.", input.resource_type);
        return Err(ApiError::bad("InvalidResourceType", message));
    }
    let message = "The resource ID is not valid. Verify that you entered the correct ID and try again.";
    world.parameters.get_mut(&input.resource_id).ok_or_else(|| ApiError::bad("InvalidResourceId", message))
}
