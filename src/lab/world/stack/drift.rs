//! Drift: a stack's resources as they are against what the stack made of them. Knows not who changed them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Stack, StackResource, deploy::Step, intrinsic::plain};
use crate::lab::world::World;

/// What a detection found.
#[derive(Clone, Debug)]
pub(in crate::lab) struct Drift {
    pub(in crate::lab) id: String,
    pub(in crate::lab) time: Timestamp,
    pub(in crate::lab) is_complete: bool,
    /// The resources that it is about; empty for all.
    only: Vec<String>,
    pub(in crate::lab) resources: BTreeMap<String, ResourceDrift>,
}

#[derive(Clone, Debug)]
pub(in crate::lab) struct ResourceDrift {
    /// `IN_SYNC`, `MODIFIED` or `DELETED`.
    pub(in crate::lab) status: &'static str,
    pub(in crate::lab) physical: String,
    pub(in crate::lab) kind: &'static str,
    pub(in crate::lab) expected: Value,
    /// None of a resource that is gone.
    pub(in crate::lab) actual: Option<Value>,
    pub(in crate::lab) differences: Vec<Difference>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct Difference {
    /// E.g. `/Environment/Variables/LEVEL`.
    pub(in crate::lab) path: String,
    pub(in crate::lab) expected: String,
    pub(in crate::lab) actual: String,
    /// `ADD`, `REMOVE` or `NOT_EQUAL`.
    pub(in crate::lab) kind: &'static str,
}

/// What CloudFormation cannot read back.
const WRITE_ONLY: [&str; 1] = ["SecretString"];

impl Drift {
    pub(in crate::lab) fn drifted(&self) -> usize {
        self.resources.values().filter(|resource| resource.status != "IN_SYNC").count()
    }

    pub(in crate::lab) fn status(&self) -> &'static str {
        match (self.is_complete, self.drifted()) {
            (false, _) => "NOT_CHECKED",
            (true, 0) => "IN_SYNC",
            (true, _) => "DRIFTED",
        }
    }
}

impl World {
    /// Takes away resources as somebody would who knows nothing of the stack.
    pub(in crate::lab::world) fn delete_behind(&mut self, stack: &str, logical: &[String]) {
        let of_it = |name: &String| self.stacks.get(stack)?.resources.get(name).cloned();
        for resource in logical.iter().filter_map(of_it).collect::<Vec<_>>() {
            if let Some(physical) = &resource.physical {
                // One that cannot be deleted stays, and is no drift.
                let _ = (resource.kind.delete)(self, physical, &resource.properties);
            }
        }
    }

    /// Begins to look for drift, of these resources or of all; gives the detection's id.
    pub(in crate::lab) fn detect_drift(&mut self, stack: &mut Stack, only: Vec<String>) -> String {
        let id = self.session_id();
        let drift = Drift { id: id.clone(), time: self.now, is_complete: false, only, resources: BTreeMap::new() };
        stack.drift = Some(drift);
        self.later(stack, 2_000, 6_000, Step::DriftIsDetected);
        id
    }

    pub(super) fn drift_is_detected(&mut self, stack: &mut Stack) {
        let Some(mut drift) = stack.drift.take() else { return };
        let meant = |name: &String| drift.only.is_empty() || drift.only.contains(name);
        let there = stack.resources.iter().filter(|(name, resource)| meant(name) && !resource.is_gone());
        let found = there.filter_map(|(name, resource)| Some((name.clone(), self.drift_of(resource)?)));
        drift.resources = found.collect();
        (drift.time, drift.is_complete) = (self.now, true);
        stack.drift = Some(drift);
    }

    fn drift_of(&self, resource: &StackResource) -> Option<ResourceDrift> {
        let physical = resource.physical.clone()?;
        let none = Map::new();
        let readable = |value: &Value| -> Map<String, Value> {
            let members = value.as_object().unwrap_or(&none).iter();
            let members = members.filter(|(key, _)| !WRITE_ONLY.contains(&key.as_str()));
            members.map(|(key, value)| (key.clone(), value.clone())).collect()
        };
        let mut expected = readable(&resource.properties);
        // The stack's tags are the resource's too.
        if let Some(tags) = expected.get_mut("Tags") {
            let own = resource.tags.iter().filter(|(key, _)| !key.starts_with("aws:"));
            *tags = match tags {
                Value::Object(_) => own.map(|(key, value)| (key.clone(), json!(value))).collect(),
                _ => own.map(|(key, value)| json!({ "Key": key, "Value": value })).collect(),
            };
        }
        let live = (resource.kind.live)(self, &physical, &resource.properties);
        // Only what the template sets is looked at.
        let actual: Option<Map<_, _>> = live
            .as_ref()
            .map(|live| expected.keys().filter_map(|key| Some((key.clone(), live.get(key)?.clone()))).collect());
        let mut differences = Vec::new();
        if let Some(actual) = &actual {
            compare("", &json!(expected), &json!(actual), &mut differences);
        }
        let masked = |key: &str| resource.shown.get(key) != resource.properties.get(key);
        for difference in &mut differences {
            if masked(difference.path.split('/').nth(1).unwrap_or_default()) {
                (difference.expected, difference.actual) = ("****".to_owned(), "****".to_owned());
            }
        }
        let hidden = |members: Map<String, Value>| -> Value {
            let hide = |(key, value): (String, Value)| if masked(&key) { (key, json!("****")) } else { (key, value) };
            members.into_iter().map(hide).collect()
        };
        let status = match (&actual, differences.is_empty()) {
            (None, _) => "DELETED",
            (Some(_), true) => "IN_SYNC",
            (Some(_), false) => "MODIFIED",
        };
        let kind = resource.kind.name;
        let (expected, actual) = (json!(readable(&resource.shown)), actual.map(hidden));
        Some(ResourceDrift { status, physical, kind, expected, actual, differences })
    }
}

fn compare(path: &str, expected: &Value, actual: &Value, found: &mut Vec<Difference>) {
    let (expected, actual) = (normal(expected), normal(actual));
    let text = |value: &Value| plain(value).unwrap_or_else(|| value.to_string());
    match (&expected, &actual) {
        (Value::Object(wanted), Value::Object(there)) => {
            for (key, value) in wanted {
                compare(&format!("{path}/{key}"), value, there.get(key).unwrap_or(&Value::Null), found);
            }
            for (key, value) in there.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
                compare(&format!("{path}/{key}"), &Value::Null, value, found);
            }
        }
        (wanted, there) if wanted == there => {}
        (wanted, there) => {
            let kind = match (wanted, there) {
                (Value::Null, _) => "ADD",
                (_, Value::Null) => "REMOVE",
                _ => "NOT_EQUAL",
            };
            let (path, expected, actual) = (path.to_owned(), text(wanted), text(there));
            found.push(Difference { path, expected, actual, kind });
        }
    }
}

/// Values that mean the same look the same: `"30"` and 30, a document and its text, lists in another order.
fn normal(value: &Value) -> Value {
    match value {
        Value::Array(items) => {
            let mut items: Vec<_> = items.iter().map(normal).collect();
            items.sort_by_key(Value::to_string);
            Value::Array(items)
        }
        Value::Object(members) => members.iter().map(|(key, value)| (key.clone(), normal(value))).collect(),
        Value::String(text) if text.starts_with('{') => {
            serde_json::from_str(text).map_or_else(|_| value.clone(), |document| normal(&document))
        }
        other => plain(other).map_or_else(|| other.clone(), Value::String),
    }
}
