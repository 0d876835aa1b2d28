//! How each resource type is made, changed and looked at. Knows not when.

pub(super) mod events;
pub(super) mod fis;
pub(super) mod iam;
pub(super) mod lambda;
pub(super) mod logs;
pub(super) mod secrets;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// The members that have a value; what is null was not given.
fn given(value: Value) -> Option<Value> {
    let Value::Object(members) = value else { return None };
    Some(Value::Object(members.into_iter().filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>()))
}

/// Tags as most resource types write them, without those that CloudFormation gave.
fn tag_list(tags: &BTreeMap<String, String>) -> Value {
    let own = tags.iter().filter(|(key, _)| !key.starts_with("aws:"));
    own.map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}
