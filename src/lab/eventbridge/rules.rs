//! Rules: put, described, listed, switched, tagged and deleted. Knows not what a pattern means.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Input, invalid, not_found, put::parsed};
use crate::lab::{
    wire::{
        error::ApiError,
        json::{set, tag_list},
    },
    world::{World, rule::Rule},
};

/// The longest event pattern, in bytes.
const PATTERN: usize = 4_096;

/// The most rules of an event bus.
const RULES: usize = 300;

pub(super) fn put(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::of(world, body)?;
    let name = input.rule_name()?.to_owned();
    let Some(pattern) = input.event_pattern else {
        let message = "Parameter(s) EventPattern or ScheduleExpression must be specified.";
        return Err(invalid(message));
    };
    parsed(&pattern)?;
    if pattern.len() > PATTERN {
        return Err(invalid(format!("EventPattern is longer than {PATTERN} characters.")));
    }
    let enabled = match input.state.as_deref() {
        None | Some("ENABLED") => true,
        Some("DISABLED") => false,
        Some(state) => return Err(invalid(format!("State {state} is not ENABLED or DISABLED."))),
    };
    let old = world.rules.remove(&name);
    if old.is_none() && world.rules.len() >= RULES {
        let message = "The requested resource exceeds the maximum number allowed.";
        return Err(ApiError::bad("LimitExceededException", message));
    }
    // Tags of a rule that exists are changed by TagResource alone.
    let (targets, tags) = old.map_or_else(|| (BTreeMap::new(), input.tags), |old| (old.targets, old.tags));
    let rule = Rule { name: name.clone(), description: input.description, pattern, enabled, targets, tags };
    let arn = world.rule_arn(&name);
    world.rules.insert(name, rule);
    Ok(json!({ "RuleArn": arn }))
}

pub(super) fn describe(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let rule = Input::of(world, body)?.rule(world)?.clone();
    let mut answer = shown(world, &rule);
    set(&mut answer, "CreatedBy", json!(world.scenario.account));
    Ok(answer)
}

pub(super) fn list(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::of(world, body)?;
    let named = world.rules.values().filter(|rule| rule.name.starts_with(&input.name_prefix));
    let rules = named.map(|rule| shown(world, rule)).collect();
    input.page("ListRules", "Rules", rules)
}

fn shown(world: &World, rule: &Rule) -> Value {
    json!({
        "Name": rule.name,
        "Arn": world.rule_arn(&rule.name),
        "EventPattern": rule.pattern,
        "State": if rule.enabled { "ENABLED" } else { "DISABLED" },
        "EventBusName": "default",
        "Description": rule.description,
    })
}

/// Deleting what is not there is no error.
pub(super) fn delete(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::of(world, body)?;
    let name = input.rule_name()?;
    if world.rules.get(name).is_some_and(|rule| !rule.targets.is_empty()) {
        return Err(invalid("Rule can't be deleted since it has targets."));
    }
    world.rules.remove(name);
    Ok(json!({}))
}

pub(super) fn enable(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    Input::of(world, body)?.rule(world)?.enabled = true;
    Ok(json!({}))
}

pub(super) fn disable(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    Input::of(world, body)?.rule(world)?.enabled = false;
    Ok(json!({}))
}

fn by_arn<'w>(world: &'w mut World, input: &Input) -> Result<&'w mut Rule, ApiError> {
    let prefix = world.rule_arn("");
    let name = input.resource_arn.strip_prefix(&prefix).unwrap_or_default();
    let message = format!("Rule {} does not exist on EventBus default.", input.resource_arn);
    world.rules.get_mut(name).ok_or_else(|| not_found(message))
}

pub(super) fn list_tags(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::of(world, body)?;
    Ok(json!({ "Tags": tag_list(&by_arn(world, &input)?.tags) }))
}

pub(super) fn tag(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::of(world, body)?;
    by_arn(world, &input)?.tags.extend(input.tags);
    Ok(json!({}))
}

pub(super) fn untag(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::of(world, body)?;
    by_arn(world, &input)?.tags.retain(|key, _| !input.tag_keys.contains(key));
    Ok(json!({}))
}
