//! PutLogEvents, with its limits. Knows not who reads the events.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{invalid, unknown_group, unknown_stream};
use crate::lab::{
    wire::{error::ApiError, json::pruned, json_rpc},
    world::World,
};

/// All messages of a batch, in bytes, each with its overhead.
const BATCH: usize = 1_048_576;
const OVERHEAD: usize = 26;
const EVENTS: usize = 10_000;
const DAY: i64 = 86_400_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "AWS's own names")]
struct PutLogEvents {
    log_group_name: String,
    log_stream_name: String,
    log_events: Vec<InputEvent>,
}

#[derive(Deserialize)]
struct InputEvent {
    /// Epoch milliseconds.
    timestamp: i64,
    message: String,
}

/// A sequence token is taken and means nothing, as on AWS.
pub(super) fn put_log_events(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: PutLogEvents = json_rpc::input(body)?;
    let group = world.logs.get(&input.log_group_name).ok_or_else(unknown_group)?;
    group.streams.get(&input.log_stream_name).ok_or_else(unknown_stream)?;
    let retention = group.retention.map_or(i64::MIN, |days| now_less(world, i64::from(days)));
    let events = check(input.log_events)?;
    let too_old = now_less(world, 14);
    let too_new = world.now().as_millisecond().saturating_add(2 * DAY / 24);
    let before = |limit: i64| events.partition_point(|event| event.timestamp < limit);
    let (old, expired) = (before(too_old), before(retention));
    let new = events.partition_point(|event| event.timestamp <= too_new);
    let rejected = pruned(json!({
        "tooOldLogEventEndIndex": (old > 0).then_some(old),
        "expiredLogEventEndIndex": (expired > 0).then_some(expired),
        "tooNewLogEventStartIndex": (new < events.len()).then_some(new),
    }));
    let now = world.now();
    for event in events.into_iter().take(new).skip(old.max(expired)) {
        let time = Timestamp::from_millisecond(event.timestamp).unwrap_or(now);
        world.logs.put(&input.log_group_name, &input.log_stream_name, time, now, event.message);
    }
    let rejected = Some(rejected).filter(|rejected| *rejected != json!({}));
    Ok(json!({ "nextSequenceToken": world.logs.ingested().to_string(), "rejectedLogEventsInfo": rejected }))
}

fn now_less(world: &World, days: i64) -> i64 {
    let then = world.now().saturating_sub(SignedDuration::from_hours(24 * days));
    then.map_or(i64::MIN, Timestamp::as_millisecond)
}

fn check(events: Vec<InputEvent>) -> Result<Vec<InputEvent>, ApiError> {
    if !(1..=EVENTS).contains(&events.len()) {
        return Err(invalid(format!("logEvents must have from 1 to {EVENTS} members.")));
    }
    if events.iter().any(|event| event.message.is_empty() || event.timestamp < 0) {
        return Err(invalid("Log event message length must be at least 1, and its timestamp not negative."));
    }
    let size: usize = events.iter().map(|event| event.message.len().saturating_add(OVERHEAD)).sum();
    if size > BATCH {
        return Err(invalid(format!("Upload too large: {size} bytes exceeds limit of {BATCH}")));
    }
    if !events.is_sorted_by_key(|event| event.timestamp) {
        return Err(invalid("Log events in a single PutLogEvents request must be in chronological order."));
    }
    let times = events.first().zip(events.last());
    if times.is_some_and(|(first, last)| last.timestamp.saturating_sub(first.timestamp) > DAY) {
        return Err(invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 hours.",
        ));
    }
    Ok(events)
}
