//! DescribeLogGroups and DescribeLogStreams. Knows no log events.

use crate::lab::wire::json_rpc::set;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{GroupName, invalid, limit, token};
use crate::lab::{
    wire::{error::ApiError, json_rpc, token::page},
    world::World,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribeLogGroups {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    limit: Option<i64>,
    next_token: Option<String>,
}

pub(super) fn describe_log_groups(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: DescribeLogGroups = json_rpc::input(body)?;
    if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
        return Err(invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters."));
    }
    let token = token("DescribeLogGroups", input.next_token.as_deref())?;
    let prefix = input.log_group_name_prefix.unwrap_or_default();
    let pattern = input.log_group_name_pattern.unwrap_or_default();
    let wanted = |name: &str| name.starts_with(&prefix) && name.contains(&pattern);
    let groups = world.logs.iter().filter(|(name, _)| wanted(name)).map(|(name, group)| {
        let arn = world.arn("logs", &format!("log-group:{name}"));
        let mut shown = json!({
            "logGroupName": name,
            "creationTime": group.created.as_millisecond(),
            "metricFilterCount": 0,
            "arn": format!("{arn}:*"),
            "logGroupArn": arn,
            "storedBytes": 0,
            "logGroupClass": "STANDARD",
        });
        if let Some(days) = group.retention {
            set(&mut shown, "retentionInDays", days);
        }
        shown
    });
    let page = page("DescribeLogGroups", (1..).zip(groups), token.as_ref(), limit(input.limit, 50)?);
    Ok(with_token(json!({ "logGroups": page.items }), page.next))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribeLogStreams {
    #[serde(flatten)]
    group: GroupName,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    #[serde(default)]
    descending: bool,
    limit: Option<i64>,
    next_token: Option<String>,
}

pub(super) fn describe_log_streams(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: DescribeLogStreams = json_rpc::input(body)?;
    let (name, group) = input.group.find(world)?;
    let by_time = input.order_by.as_deref() == Some("LastEventTime");
    if by_time && input.log_stream_name_prefix.is_some() {
        return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let token = token("DescribeLogStreams", input.next_token.as_deref())?;
    let prefix = input.log_stream_name_prefix.unwrap_or_default();
    let mut streams: Vec<_> = group.streams.iter().filter(|(stream, _)| stream.starts_with(&prefix)).collect();
    if by_time {
        streams.sort_by_key(|(_, stream)| stream.times.map(|(_, last)| last));
    }
    if input.descending {
        streams.reverse();
    }
    let streams = streams.into_iter().map(|(stream, about)| {
        let mut shown = json!({
            "logStreamName": stream,
            "creationTime": about.created.as_millisecond(),
            "uploadSequenceToken": "1",
            "arn": world.arn("logs", &format!("log-group:{name}:log-stream:{stream}")),
            "storedBytes": 0,
        });
        if let Some((first, last)) = about.times {
            set(&mut shown, "firstEventTimestamp", first.as_millisecond());
            set(&mut shown, "lastEventTimestamp", last.as_millisecond());
            set(&mut shown, "lastIngestionTime", about.last_ingestion.as_millisecond());
        }
        shown
    });
    let page = page("DescribeLogStreams", (1..).zip(streams), token.as_ref(), limit(input.limit, 50)?);
    Ok(with_token(json!({ "logStreams": page.items }), page.next))
}

/// The answer with its page token, which the last page does not have.
pub(super) fn with_token(mut answer: Value, next: Option<String>) -> Value {
    if let (Some(next), Some(members)) = (next, answer.as_object_mut()) {
        members.insert("nextToken".to_owned(), next.into());
    }
    answer
}
