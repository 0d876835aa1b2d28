//! DescribeLogGroups and DescribeLogStreams. Knows no log events.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{GroupName, invalid, pages};
use crate::lab::{
    wire::{error::ApiError, json_rpc},
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
    let prefix = input.log_group_name_prefix.unwrap_or_default();
    let pattern = input.log_group_name_pattern.unwrap_or_default();
    let wanted = |name: &str| name.starts_with(&prefix) && name.contains(&pattern);
    let groups = world.logs.iter().filter(|(name, _)| wanted(name)).map(|(name, group)| {
        let arn = world.arn("logs", &format!("log-group:{name}"));
        json!({
            "logGroupName": name,
            "creationTime": group.created.as_millisecond(),
            "metricFilterCount": 0,
            "arn": format!("{arn}:*"),
            "logGroupArn": arn,
            "storedBytes": 0,
            "logGroupClass": "STANDARD",
            "retentionInDays": group.retention,
        })
    });
    let asked = (input.limit, input.next_token.as_deref());
    pages(50).listing("DescribeLogGroups", asked, "logGroups", (1..).zip(groups))
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
    let prefix = input.log_stream_name_prefix.unwrap_or_default();
    let mut streams: Vec<_> = group.streams.iter().filter(|(stream, _)| stream.starts_with(&prefix)).collect();
    if by_time {
        streams.sort_by_key(|(_, stream)| stream.times.map(|(_, last)| last));
    }
    if input.descending {
        streams.reverse();
    }
    let streams = streams.into_iter().map(|(stream, about)| {
        json!({
            "logStreamName": stream,
            "creationTime": about.created.as_millisecond(),
            "uploadSequenceToken": "1",
            "arn": world.arn("logs", &format!("log-group:{name}:log-stream:{stream}")),
            "storedBytes": 0,
            "firstEventTimestamp": about.times.map(|(first, _)| first.as_millisecond()),
            "lastEventTimestamp": about.times.map(|(_, last)| last.as_millisecond()),
            "lastIngestionTime": about.times.map(|_| about.last_ingestion.as_millisecond()),
        })
    });
    let asked = (input.limit, input.next_token.as_deref());
    pages(50).listing("DescribeLogStreams", asked, "logStreams", (1..).zip(streams))
}
