//! Log groups and streams made, kept, tagged and deleted. Knows no log events.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{invalid, name_of, unknown_group, unknown_stream};
use crate::lab::{
    wire::{error::ApiError, json_rpc},
    world::{
        World,
        log_group::{LogGroup, LogStream, RETENTIONS},
    },
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Input {
    log_group_name: String,
    log_stream_name: String,
    log_group_class: Option<String>,
    retention_in_days: u32,
    resource_arn: String,
    tags: BTreeMap<String, String>,
    tag_keys: Vec<String>,
}

impl Input {
    fn group<'w>(&self, world: &'w mut World) -> Result<&'w mut LogGroup, ApiError> {
        let name = match self.resource_arn.as_str() {
            "" => Some(self.log_group_name.clone()),
            arn => name_of(world, arn),
        };
        name.and_then(|name| world.logs.get_mut(&name)).ok_or_else(unknown_group)
    }
}

pub(super) fn create(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: Input = json_rpc::input(body)?;
    let name = &input.log_group_name;
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/#".contains(&byte);
    if !(1..=512).contains(&name.len()) || !name.bytes().all(is_fine) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'logGroupName' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"
        )));
    }
    if input.log_group_class.as_deref().is_some_and(|class| class != "STANDARD") {
        return Err(invalid("The lab has log groups of the class STANDARD only."));
    }
    if world.logs.get(name).is_some() {
        return Err(exists("group"));
    }
    world.logs.create(name, world.now());
    input.group(world)?.tags.clone_from(&input.tags);
    Ok(json!({}))
}

pub(super) fn delete(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: Input = json_rpc::input(body)?;
    if world.logs.remove(&input.log_group_name) { Ok(json!({})) } else { Err(unknown_group()) }
}

pub(super) fn put_retention(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: Input = json_rpc::input(body)?;
    if !RETENTIONS.contains(&input.retention_in_days) {
        return Err(invalid(format!("retentionInDays {} is not one of {RETENTIONS:?}", input.retention_in_days)));
    }
    input.group(world)?.retention = Some(input.retention_in_days);
    Ok(json!({}))
}

pub(super) fn delete_retention(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: Input = json_rpc::input(body)?;
    input.group(world)?.retention = None;
    Ok(json!({}))
}

pub(super) fn tag(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: Input = json_rpc::input(body)?;
    let group = input.group(world)?;
    group.tags.extend(input.tags);
    Ok(json!({}))
}

pub(super) fn untag(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: Input = json_rpc::input(body)?;
    input.group(world)?.tags.retain(|key, _| !input.tag_keys.contains(key));
    Ok(json!({}))
}

pub(super) fn list_tags(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: Input = json_rpc::input(body)?;
    Ok(json!({ "tags": input.group(world)?.tags }))
}

pub(super) fn create_stream(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: Input = json_rpc::input(body)?;
    let name = &input.log_stream_name;
    if !(1..=512).contains(&name.len()) || name.contains([':', '*']) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{name}' at 'logStreamName' failed to satisfy constraint: \
             Member must satisfy regular expression pattern: [^:*]*"
        )));
    }
    let stream = LogStream::new(world.now());
    let group = input.group(world)?;
    if group.streams.contains_key(name) {
        return Err(exists("stream"));
    }
    group.streams.insert(name.clone(), stream);
    Ok(json!({}))
}

pub(super) fn delete_stream(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: Input = json_rpc::input(body)?;
    let group = input.group(world)?;
    group.streams.remove(&input.log_stream_name).ok_or_else(unknown_stream)?;
    group.events.retain(|event| event.stream != input.log_stream_name);
    Ok(json!({}))
}

fn exists(what: &str) -> ApiError {
    ApiError::bad("ResourceAlreadyExistsException", format!("The specified log {what} already exists"))
}
