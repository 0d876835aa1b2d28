//! Tags of alarms, by ARN. Knows no other resource.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{invalid, required, texts};
use crate::lab::{wire::error::ApiError, world::World};

pub(super) fn tag(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let new = read(input)?;
    tags_of(world, input)?.extend(new);
    Ok(json!({}))
}

pub(super) fn untag(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let keys = texts(input, "TagKeys");
    tags_of(world, input)?.retain(|key, _| !keys.contains(&key.as_str()));
    Ok(json!({}))
}

pub(super) fn list(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let tags = tags_of(world, input)?.iter().map(|(key, value)| json!({ "Key": key, "Value": value }));
    Ok(json!({ "Tags": tags.collect::<Vec<_>>() }))
}

/// The member `Tags`, at most 50.
pub(super) fn read(input: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let text = |tag: &Value, name: &str| tag.get(name).and_then(Value::as_str).map(str::to_owned);
    let tags = input.get("Tags").and_then(Value::as_array).into_iter().flatten();
    let tags: Option<BTreeMap<_, _>> = tags.map(|tag| Some((text(tag, "Key")?, text(tag, "Value")?))).collect();
    tags.filter(|tags| tags.len() <= 50).ok_or_else(|| invalid("Tags must be at most 50, each with Key and Value."))
}

fn tags_of<'w>(world: &'w mut World, input: &Value) -> Result<&'w mut BTreeMap<String, String>, ApiError> {
    let arn = required(input, "ResourceARN")?;
    let name = arn.strip_prefix(&world.alarm_arn("")).map(str::to_owned);
    let unknown = || ApiError::not_found("ResourceNotFoundException", format!("Unknown resource {arn}."));
    name.and_then(|name| world.alarms.get_mut(&name)).map(|alarm| &mut alarm.tags).ok_or_else(unknown)
}
