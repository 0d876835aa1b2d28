//! Log groups as they stand, and lines of them since a moment. Knows nothing of what the lines mean, nor of following them live.

use jiff::Timestamp;

use super::{
    Aws, Error,
    error::Kind,
    logs::group_arn,
    resource_policy::{Lets, Wish, lets_events_in},
};
use crate::{drill::fleet::partition, text::SafeText};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroup {
    pub name: SafeText,
    /// None where it keeps everything for ever.
    pub retention_days: Option<i32>,
}

/// A line as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// By the word of whoever wrote it.
    pub at: Timestamp,
    /// When the log had it.
    pub arrived: Timestamp,
    /// As it came: whoever shows it makes it safe.
    pub message: String,
}

/// So many pages of lines are read at once, at most.
const PAGES: usize = 20;

impl Aws {
    pub async fn log_group(&self, name: &str) -> Result<Option<LogGroup>, Error> {
        let call = self.logs.describe_log_groups().log_group_name_prefix(name);
        let answer = call.send().await.map_err(|error| Error::of("describe the log group", &error))?;
        let found = answer.log_groups().iter().find(|group| group.log_group_name() == Some(name));
        Ok(found.map(|group| LogGroup { name: SafeText::new(name), retention_days: group.retention_in_days() }))
    }

    /// Every line since then that the log has by now.
    pub async fn lines_since(&self, group: &str, since: Timestamp) -> Result<Vec<Written>, Error> {
        let call = self.logs.filter_log_events().log_group_name(group).start_time(since.as_millisecond());
        let mut pages = call.into_paginator().send();
        let mut lines = Vec::new();
        for _ in 0..PAGES {
            let Some(page) = pages.next().await else { break };
            let page = page.map_err(|error| Error::of("read the log", &error))?;
            for event in page.events() {
                let time = |milliseconds: Option<i64>| Timestamp::from_millisecond(milliseconds?).ok();
                let Some(at) = time(event.timestamp()) else { continue };
                let arrived = time(event.ingestion_time()).unwrap_or(at);
                lines.push(Written { at, arrived, message: event.message().unwrap_or_default().to_owned() });
            }
        }
        Ok(lines)
    }

    /// Whether the resource policies of the account let EventBridge write to the log group for that rule.
    pub async fn events_may_write(&self, group: &str, rule: &str) -> Result<Lets, Error> {
        let account = self.account().await?;
        let partition = partition(&self.region);
        let rule = format!("arn:{partition}:events:{}:{account}:rule/{rule}", self.region);
        let wish =
            Wish { log: &format!("{}:log-stream:", group_arn(self, group).await?), rule: &rule, account: &account };
        let mut pages = Vec::new();
        let mut token = None;
        loop {
            let call = self.logs.describe_resource_policies().set_next_token(token);
            let answer = call.send().await.map_err(|error| Error::of("read the log resource policies", &error))?;
            pages.extend(
                answer.resource_policies().iter().filter_map(|policy| policy.policy_document()).map(str::to_owned),
            );
            token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if token.is_none() {
                break;
            }
        }
        let policies: Vec<_> = pages.iter().filter_map(|text| serde_json::from_str(text).ok()).collect();
        Ok(lets_events_in(&policies, &wish))
    }

    /// Opens a Live Tail of the log group and leaves it: whether that is allowed is seen, not assumed.
    pub async fn live_tail_opens(&self, group: &str) -> Result<(), Error> {
        let arn = group_arn(self, group).await?;
        let call = self.logs.start_live_tail().log_group_identifiers(arn);
        let mut tail = call.send().await.map_err(|error| Error::of("open a Live Tail", &error))?;
        match tail.response_stream.recv().await {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(Error::new("open a Live Tail", Kind::Refused, "it ended before it began")),
            Err(error) => Err(Error::of("open a Live Tail", &error)),
        }
    }
}
