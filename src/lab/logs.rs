//! CloudWatch Logs: log groups, streams and events, listed, filtered and tailed. Knows not who writes them.

pub(super) mod pattern;

mod events;
mod listing;
mod tail;

use serde::Deserialize;

use super::{
    service::{JsonOperation, JsonRun, Promise, Protocol, Service},
    wire::{error::ApiError, json_rpc::JsonVersion, token::PageToken},
    world::{World, log_group::LogGroup},
};

pub(super) const SERVICE: Service = Service {
    signing_name: "logs",
    title: "CloudWatch Logs",
    global: false,
    refused: &[],
    protocols: &[Protocol::Json(
        JsonVersion::OneOne,
        "Logs_20140328",
        &[
            JsonOperation {
                name: "DescribeLogGroups",
                promise: Promise::Faithful,
                takes: &["logGroupNamePrefix", "logGroupNamePattern", "limit", "nextToken"],
                run: JsonRun::Answer(listing::describe_log_groups),
            },
            JsonOperation {
                name: "DescribeLogStreams",
                promise: Promise::Faithful,
                takes: &[
                    "logGroupName",
                    "logGroupIdentifier",
                    "logStreamNamePrefix",
                    "orderBy",
                    "descending",
                    "limit",
                    "nextToken",
                ],
                run: JsonRun::Answer(listing::describe_log_streams),
            },
            JsonOperation {
                name: "FilterLogEvents",
                promise: Promise::Faithful,
                takes: &[
                    "logGroupName",
                    "logGroupIdentifier",
                    "logStreamNames",
                    "logStreamNamePrefix",
                    "startTime",
                    "endTime",
                    "filterPattern",
                    "limit",
                    "nextToken",
                    "startFromHead",
                    "interleaved",
                ],
                run: JsonRun::Answer(events::filter_log_events),
            },
            JsonOperation {
                name: "GetLogEvents",
                promise: Promise::Faithful,
                takes: &[
                    "logGroupName",
                    "logGroupIdentifier",
                    "logStreamName",
                    "startTime",
                    "endTime",
                    "limit",
                    "nextToken",
                    "startFromHead",
                ],
                run: JsonRun::Answer(events::get_log_events),
            },
            JsonOperation {
                name: "StartLiveTail",
                promise: Promise::Faithful,
                takes: &["logGroupIdentifiers", "logStreamNames", "logStreamNamePrefixes", "logEventFilterPattern"],
                run: JsonRun::Stream(tail::start_live_tail),
            },
        ],
    )],
};

/// How a request names a log group: by one of the two.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GroupName {
    log_group_name: Option<String>,
    /// A name or an ARN.
    log_group_identifier: Option<String>,
}

impl GroupName {
    fn find<'w>(&self, world: &'w World) -> Result<(String, &'w LogGroup), ApiError> {
        let name = match (&self.log_group_name, &self.log_group_identifier) {
            (Some(name), None) => name.clone(),
            (None, Some(identifier)) => name_of(world, identifier).unwrap_or_else(|| identifier.clone()),
            _ => return Err(invalid("Specify exactly one of logGroupName and logGroupIdentifier.")),
        };
        world.logs.get(&name).map(|group| (name, group)).ok_or_else(unknown_group)
    }
}

/// The log group's name in an ARN of this account and region.
fn name_of(world: &World, arn: &str) -> Option<String> {
    let prefix = world.arn("logs", "log-group:");
    arn.strip_prefix(&prefix).map(|name| name.strip_suffix(":*").unwrap_or(name).to_owned())
}

fn unknown_group() -> ApiError {
    ApiError::bad("ResourceNotFoundException", "The specified log group does not exist.")
}

fn unknown_stream() -> ApiError {
    ApiError::bad("ResourceNotFoundException", "The specified log stream does not exist.")
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::bad("InvalidParameterException", message)
}

/// A page token that this operation gave out.
fn token(operation: &str, text: Option<&str>) -> Result<Option<PageToken>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    let token = PageToken::decode(text).filter(|token| token.operation == operation);
    token.map(Some).ok_or_else(|| invalid("The specified nextToken is invalid."))
}

/// A `limit` from 1 to `most`, which it is if none is given.
fn limit(limit: Option<i64>, most: usize) -> Result<usize, ApiError> {
    match limit {
        None => Ok(most),
        Some(limit) => {
            let number = usize::try_from(limit).ok().filter(|number| (1..=most).contains(number));
            number.ok_or_else(|| invalid(format!("limit must be from 1 to {most}.")))
        }
    }
}
