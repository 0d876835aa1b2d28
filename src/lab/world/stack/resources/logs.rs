//! `AWS::Logs::LogGroup` and `AWS::Logs::ResourcePolicy`. Knows not who writes.

use serde_json::{Value, json};

use super::{
    super::kind::{Failure, Made, Wanted},
    given, tag_list,
};
use crate::lab::world::{
    World,
    log_group::{LogPolicy, RETENTIONS},
};

pub(in super::super) fn put_group(world: &mut World, wanted: &Wanted) -> Result<Made, Failure> {
    let retention = wanted.number("RetentionInDays")?;
    if let Some(days) = retention.filter(|days| !RETENTIONS.contains(days)) {
        return Err(Failure::invalid(format!("#/RetentionInDays: #: {days} is not a valid enum value")));
    }
    let name = wanted.name.clone();
    wanted.unless(world.logs.get(&name).is_some())?;
    let now = world.now();
    world.logs.create(&name, now);
    if let Some(group) = world.logs.get_mut(&name) {
        group.retention = retention;
        group.tags = wanted.tags.clone();
    }
    let arn = world.arn("logs", &format!("log-group:{name}:*"));
    Ok(Made::new(name, [("Arn", arn)]))
}

pub(in super::super) fn live_group(world: &World, name: &str, _: &Value) -> Option<Value> {
    let group = world.logs.get(name)?;
    given(json!({ "LogGroupName": name, "RetentionInDays": group.retention, "Tags": tag_list(&group.tags) }))
}

pub(in super::super) fn put_policy(world: &mut World, wanted: &Wanted) -> Result<Made, Failure> {
    let name = wanted.name.clone();
    wanted.unless(world.logs.policies.contains_key(&name))?;
    let policy = LogPolicy { document: wanted.document("PolicyDocument")?.to_string(), updated: world.now() };
    world.logs.policies.insert(name.clone(), policy);
    Ok(Made::new(name, []))
}

pub(in super::super) fn live_policy(world: &World, name: &str, _: &Value) -> Option<Value> {
    let document = &world.logs.policies.get(name)?.document;
    given(json!({ "PolicyName": name, "PolicyDocument": document }))
}
