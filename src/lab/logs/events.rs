//! FilterLogEvents and GetLogEvents. Knows not where the events come from.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{GroupName, invalid, pages, pattern, unknown_stream};
use crate::lab::{
    wire::{error::ApiError, json::set, json_rpc, token::PageToken},
    world::{World, log_group::LogEvent},
};

/// The most events that a page holds.
const PAGE: usize = 10_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FilterLogEvents {
    #[serde(flatten)]
    group: GroupName,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    /// Epoch milliseconds, inclusive, as is the end.
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    limit: Option<i64>,
    next_token: Option<String>,
    start_from_head: Option<bool>,
}

pub(super) fn filter_log_events(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: FilterLogEvents = json_rpc::input(body)?;
    let (_, group) = input.group.find(world)?;
    if input.log_stream_names.is_some() && input.log_stream_name_prefix.is_some() {
        return Err(invalid("Specify only one of logStreamNames and logStreamNamePrefix."));
    }
    let filter_pattern = pattern(&input.filter_pattern.unwrap_or_default())?;
    let names = input.log_stream_names.unwrap_or_default();
    if names.iter().any(|name| !group.streams.contains_key(name)) {
        return Err(unknown_stream());
    }
    let prefix = input.log_stream_name_prefix.unwrap_or_default();
    let times = input.start_time.unwrap_or(i64::MIN)..=input.end_time.unwrap_or(i64::MAX);
    let wanted = |event: &&LogEvent| {
        times.contains(&event.timestamp.as_millisecond())
            && (names.is_empty() || names.contains(&event.stream))
            && event.stream.starts_with(&prefix)
            && filter_pattern.matches(&event.message)
    };
    let mut events: Vec<_> = group.events.iter().filter(wanted).collect();
    // Those of the same millisecond keep the order of their ingestion.
    events.sort_by_key(|event| event.timestamp);
    if input.start_from_head == Some(false) {
        events.reverse();
    }
    let events = events.into_iter().map(|event| {
        json!({
            "logStreamName": event.stream,
            "timestamp": event.timestamp.as_millisecond(),
            "message": event.message,
            "ingestionTime": event.ingestion.as_millisecond(),
            "eventId": event.event_id(),
        })
    });
    let asked = (input.limit, input.next_token.as_deref());
    let mut answer = pages(PAGE).listing("FilterLogEvents", asked, "events", (1..).zip(events))?;
    set(&mut answer, "searchedLogStreams", json!([]));
    Ok(answer)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetLogEvents {
    #[serde(flatten)]
    group: GroupName,
    log_stream_name: String,
    /// Epoch milliseconds, inclusive.
    start_time: Option<i64>,
    /// Exclusive, other than in FilterLogEvents.
    end_time: Option<i64>,
    limit: Option<i64>,
    #[serde(default)]
    start_from_head: bool,
    next_token: Option<String>,
}

/// Tokens name a place between two events of the stream; the forward one is the same again at the end, and the backward
/// one at the beginning.
pub(super) fn get_log_events(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: GetLogEvents = json_rpc::input(body)?;
    let (_, group) = input.group.find(world)?;
    if !group.streams.contains_key(&input.log_stream_name) {
        return Err(unknown_stream());
    }
    let times = input.start_time.unwrap_or(i64::MIN)..input.end_time.unwrap_or(i64::MAX);
    let mut events: Vec<_> = group.events.iter().filter(|event| event.stream == input.log_stream_name).collect();
    events.sort_by_key(|event| event.timestamp);
    events.retain(|event| times.contains(&event.timestamp.as_millisecond()));
    let most = pages(PAGE).size(input.limit)?;
    let (from, to) = match input.next_token.as_deref() {
        Some(text) => match (place(text, "f/"), place(text, "b/")) {
            (Some(from), _) => (from, from.saturating_add(most)),
            (_, Some(to)) => (to.saturating_sub(most), to),
            _ => return Err(invalid("The specified nextToken is invalid.")),
        },
        None if input.start_from_head => (0, most),
        None => (events.len().saturating_sub(most), events.len()),
    };
    let (from, to) = (from.min(events.len()), to.min(events.len()));
    let shown = events.iter().take(to).skip(from).map(|event| {
        json!({
            "timestamp": event.timestamp.as_millisecond(),
            "message": event.message,
            "ingestionTime": event.ingestion.as_millisecond(),
        })
    });
    Ok(json!({
        "events": shown.collect::<Vec<_>>(),
        "nextForwardToken": format!("f/{}", place_token(to)),
        "nextBackwardToken": format!("b/{}", place_token(from)),
    }))
}

fn place_token(place: usize) -> String {
    PageToken { operation: "GetLogEvents".to_owned(), page: 2, after: place as u64 }.encode()
}

fn place(text: &str, direction: &str) -> Option<usize> {
    let token = PageToken::decode(text.strip_prefix(direction)?)?;
    (token.operation == "GetLogEvents").then_some(token.after as usize)
}
