//! StartLiveTail: what a session may ask for. Knows not how the session is streamed.

use serde::Deserialize;

use super::{invalid, name_of, pattern, unknown_group};
use crate::lab::{
    live_tail::{Ending, Session, SessionRequest},
    wire::{error::ApiError, json_rpc},
    world::World,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "AWS's own names")]
struct StartLiveTail {
    log_group_identifiers: Vec<String>,
    #[serde(default)]
    log_stream_names: Vec<String>,
    #[serde(default)]
    log_stream_name_prefixes: Vec<String>,
    #[serde(default)]
    log_event_filter_pattern: String,
}

pub(super) fn start_live_tail(world: &mut World, body: &[u8]) -> Result<Session, ApiError> {
    let input: StartLiveTail = json_rpc::input(body)?;
    if !(1..=10).contains(&input.log_group_identifiers.len()) {
        return Err(invalid("logGroupIdentifiers must have from 1 to 10 members."));
    }
    let by_stream = !input.log_stream_names.is_empty() || !input.log_stream_name_prefixes.is_empty();
    if by_stream && input.log_group_identifiers.len() > 1 {
        return Err(invalid("Log streams can be given with exactly one log group only."));
    }
    if !input.log_stream_names.is_empty() && !input.log_stream_name_prefixes.is_empty() {
        return Err(invalid("Specify only one of logStreamNames and logStreamNamePrefixes."));
    }
    let filter = pattern(&input.log_event_filter_pattern)?;
    let mut groups = Vec::new();
    for identifier in input.log_group_identifiers {
        let name = name_of(world, &identifier).filter(|_| !identifier.ends_with('*'));
        let name = name.ok_or_else(|| invalid(format!("{identifier} is not the ARN of a log group.")))?;
        world.logs.get(&name).ok_or_else(unknown_group)?;
        groups.push((name, identifier));
    }
    let request = SessionRequest {
        groups,
        streams: input.log_stream_names,
        stream_prefixes: input.log_stream_name_prefixes,
        pattern: input.log_event_filter_pattern,
        filter,
    };
    Ok(Session { id: world.session_id(), request, seen: world.logs.ingested(), ends: Ending::TIMEOUT })
}
