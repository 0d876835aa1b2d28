//! CloudWatch Logs: log groups, streams and events, made, written, listed, filtered and tailed. Knows no event of AWS's.

pub(super) mod pattern;

mod describe;
mod events;
mod groups;
mod json_pattern;
mod policies;
mod put;
mod tail;

use pattern::Pattern;
use serde::Deserialize;

use super::{
    service::{JsonOperation, JsonRun, Promise, Protocol, Service},
    wire::{error::ApiError, json_rpc::JsonVersion, token::Paging},
    world::{World, log_group::LogGroup},
};

pub(super) const SERVICE: Service = Service {
    signing_name: "logs",
    title: "CloudWatch Logs",
    global: false,
    refused: &[("StartQuery", "the lab has no Logs Insights"), ("TagLogGroup", "old; TagResource does it")],
    protocols: &[Protocol::Json(JsonVersion::OneOne, "Logs_20140328", OPERATIONS)],
};

const PLAYED: Promise =
    Promise::Simplified("filter patterns of terms and over JSON; none over columns, no regular expressions");
const GROUPS: Promise = Promise::Simplified("tags of log groups");

#[rustfmt::skip]
const OPERATIONS: &[JsonOperation] = &[
    JsonOperation { name: "CreateLogGroup", promise: Promise::Simplified("the class STANDARD, without a key or deletion protection"), takes: &["logGroupName", "logGroupClass", "tags"], run: JsonRun::Answer(groups::create) },
    JsonOperation { name: "CreateLogStream", promise: Promise::Faithful, takes: &["logGroupName", "logStreamName"], run: JsonRun::Answer(groups::create_stream) },
    JsonOperation { name: "DeleteLogGroup", promise: Promise::Faithful, takes: &["logGroupName"], run: JsonRun::Answer(groups::delete) },
    JsonOperation { name: "DeleteLogStream", promise: Promise::Faithful, takes: &["logGroupName", "logStreamName"], run: JsonRun::Answer(groups::delete_stream) },
    JsonOperation { name: "DeleteResourcePolicy", promise: Promise::Simplified("policies of the account, none of one resource"), takes: &["policyName"], run: JsonRun::Answer(policies::delete) },
    JsonOperation { name: "DeleteRetentionPolicy", promise: Promise::Faithful, takes: &["logGroupName"], run: JsonRun::Answer(groups::delete_retention) },
    JsonOperation { name: "DescribeLogGroups", promise: Promise::Faithful, takes: &["logGroupNamePrefix", "logGroupNamePattern", "limit", "nextToken"], run: JsonRun::Answer(describe::describe_log_groups) },
    JsonOperation { name: "DescribeLogStreams", promise: Promise::Faithful, takes: &["logGroupName", "logGroupIdentifier", "logStreamNamePrefix", "orderBy", "descending", "limit", "nextToken"], run: JsonRun::Answer(describe::describe_log_streams) },
    JsonOperation { name: "DescribeResourcePolicies", promise: Promise::Simplified("policies of the account, none of one resource"), takes: &["limit", "nextToken"], run: JsonRun::Answer(policies::describe) },
    JsonOperation { name: "FilterLogEvents", promise: PLAYED, takes: &["logGroupName", "logGroupIdentifier", "logStreamNames", "logStreamNamePrefix", "startTime", "endTime", "filterPattern", "limit", "nextToken", "startFromHead", "interleaved"], run: JsonRun::Answer(events::filter_log_events) },
    JsonOperation { name: "GetLogEvents", promise: Promise::Faithful, takes: &["logGroupName", "logGroupIdentifier", "logStreamName", "startTime", "endTime", "limit", "nextToken", "startFromHead"], run: JsonRun::Answer(events::get_log_events) },
    JsonOperation { name: "ListTagsForResource", promise: GROUPS, takes: &["resourceArn"], run: JsonRun::Answer(groups::list_tags) },
    JsonOperation { name: "PutLogEvents", promise: Promise::Faithful, takes: &["logGroupName", "logStreamName", "logEvents", "sequenceToken"], run: JsonRun::Answer(put::put_log_events) },
    JsonOperation { name: "PutResourcePolicy", promise: Promise::Simplified("policies of the account, none of one resource"), takes: &["policyName", "policyDocument"], run: JsonRun::Answer(policies::put) },
    JsonOperation { name: "PutRetentionPolicy", promise: Promise::Simplified("it is kept, and refuses what is older; nothing is deleted for its age"), takes: &["logGroupName", "retentionInDays"], run: JsonRun::Answer(groups::put_retention) },
    JsonOperation { name: "StartLiveTail", promise: PLAYED, takes: &["logGroupIdentifiers", "logStreamNames", "logStreamNamePrefixes", "logEventFilterPattern"], run: JsonRun::Stream(tail::start_live_tail) },
    JsonOperation { name: "TagResource", promise: GROUPS, takes: &["resourceArn", "tags"], run: JsonRun::Answer(groups::tag) },
    JsonOperation { name: "UntagResource", promise: GROUPS, takes: &["resourceArn", "tagKeys"], run: JsonRun::Answer(groups::untag) },
];

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

fn pattern(text: &str) -> Result<Pattern, ApiError> {
    let refusal = "Invalid filter pattern; of the valid ones the lab plays those of terms and over JSON.";
    Pattern::parse(text).ok_or_else(|| invalid(refusal))
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::bad("InvalidParameterException", message)
}

/// A page has so many items at most, and if no limit is given.
const fn pages(most: usize) -> Paging {
    Paging {
        names: ("limit", "nextToken"),
        sizes: (most, most),
        wrong_size: "InvalidParameterException",
        wrong_token: ("InvalidParameterException", "The specified nextToken is invalid."),
    }
}
