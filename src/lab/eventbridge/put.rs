//! PutEvents and TestEventPattern. Knows no rule.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Input, invalid, is_default};
use crate::lab::{
    wire::{error::ApiError, json_rpc},
    world::{World, event_pattern::EventPattern},
};

/// All entries of a call together, in bytes.
const ENTRIES: usize = 262_144;

/// A pattern, refused in AWS's words but for the place of the error.
pub(super) fn parsed(pattern: &str) -> Result<EventPattern, ApiError> {
    EventPattern::parse(pattern).map_err(|reason| {
        ApiError::bad("InvalidEventPatternException", format!("Event pattern is not valid. Reason: {reason}"))
    })
}

pub(super) fn test_event_pattern(_: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: Input = json_rpc::input(body)?;
    let pattern = parsed(input.event_pattern.as_deref().unwrap_or_default())?;
    let event: Value = serde_json::from_str(&input.event)
        .map_err(|_| invalid("Parameter Event is not valid. Reason: Event is not valid JSON."))?;
    let missing = ["id", "account", "source", "time", "region", "resources", "detail-type"];
    if let Some(name) = missing.into_iter().find(|name| event.get(name).is_none()) {
        return Err(invalid(format!("Parameter Event is not valid. Reason: {name} is a required field.")));
    }
    Ok(json!({ "Result": pattern.matches(&event) }))
}

pub(super) fn put_events(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::of(world, body)?;
    if !(1..=10).contains(&input.entries.len()) {
        let message = "1 validation error detected: Value at 'entries' failed to satisfy constraint: \
                       Member must have length from 1 to 10";
        return Err(invalid(message));
    }
    if body.len() > ENTRIES {
        return Err(invalid("Total size of the entries in the request is over the limit."));
    }
    let entries: Vec<_> = input
        .entries
        .iter()
        .map(|entry| match put_event(world, entry) {
            Ok(id) => json!({ "EventId": id }),
            Err((code, message)) => json!({ "ErrorCode": code, "ErrorMessage": message }),
        })
        .collect();
    let failed = entries.iter().filter(|entry| entry.get("ErrorCode").is_some()).count();
    Ok(json!({ "FailedEntryCount": failed, "Entries": entries }))
}

/// The event's id, or code and message of what is wrong with the entry.
fn put_event(world: &mut World, entry: &Value) -> Result<String, (&'static str, String)> {
    let required = |name: &str| {
        let text = entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let message = || format!("Parameter {name} is not valid. Reason: {name} is a required argument.");
        text.ok_or_else(|| ("InvalidArgument", message()))
    };
    let (source, detail_type, detail) = (required("Source")?, required("DetailType")?, required("Detail")?);
    if source.starts_with("aws.") {
        return Err(("NotAuthorizedForSourceException", "Not authorized for the source.".to_owned()));
    }
    let bus = entry.get("EventBusName").and_then(Value::as_str).unwrap_or("default");
    if !is_default(world, bus) {
        return Err(("ResourceNotFoundException", format!("Event bus {bus} does not exist.")));
    }
    if let Some(header) = entry.get("TraceHeader") {
        return Err(("InvalidArgument", format!("The lab traces nothing: TraceHeader {header} is not taken.")));
    }
    let detail: Value = serde_json::from_str(detail).unwrap_or_default();
    if !detail.is_object() {
        return Err(("MalformedDetail", "Detail is malformed.".to_owned()));
    }
    let millis = entry.get("Time").and_then(Value::as_f64).map(|seconds| (seconds * 1_000.0) as i64);
    let time = millis.and_then(|millis| Timestamp::from_millisecond(millis).ok()).unwrap_or(world.now());
    let resources = entry.get("Resources").cloned().unwrap_or_else(|| json!([]));
    Ok(world.publish(source, detail_type, &resources, &detail, time))
}
