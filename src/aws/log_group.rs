//! Log groups as they stand, and lines of them since a moment. Knows nothing of what the lines mean, nor of following them live.

use jiff::Timestamp;
use serde_json::Value;

use super::{Aws, Error, error::Kind, logs::group_arn};
use crate::text::SafeText;

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

    /// Whether a resource policy of the account lets EventBridge write to the log group.
    pub async fn events_may_write(&self, group: &str) -> Result<bool, Error> {
        let arn = format!("{}:*", group_arn(self, group).await?);
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
        Ok(pages.iter().filter_map(|text| serde_json::from_str(text).ok()).any(|policy| lets_events_in(&policy, &arn)))
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

/// Whether a statement allows EventBridge to put events there.
fn lets_events_in(policy: &Value, arn: &str) -> bool {
    let has = |value: Option<&Value>, fits: &dyn Fn(&str) -> bool| match value {
        Some(Value::String(text)) => fits(text),
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).any(fits),
        _ => false,
    };
    let matches = |pattern: &str| match pattern.split_once('*') {
        Some((start, _)) => arn.starts_with(start),
        None => pattern == arn,
    };
    let fits = |statement: &Value| {
        let principal = statement.get("Principal").and_then(|principal| principal.get("Service"));
        statement.get("Effect").is_some_and(|effect| effect == "Allow")
            && has(principal, &|service| service == "events.amazonaws.com")
            && has(statement.get("Action"), &|action| matches!(action, "logs:PutLogEvents" | "logs:*" | "*"))
            && has(statement.get("Resource"), &matches)
    };
    policy.get("Statement").and_then(Value::as_array).into_iter().flatten().any(fits)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_policy_lets_events_in_or_does_not() {
        let arn = "arn:aws:logs:r:1:log-group:/aws/events/spotdrill:*";
        let policy = |service: &str, action: &str, resource: &str| {
            json!({ "Statement": [{
                "Effect": "Allow", "Principal": { "Service": ["delivery.logs.amazonaws.com", service] },
                "Action": ["logs:CreateLogStream", action], "Resource": resource,
            }] })
        };
        let let_in = |policy: Value| lets_events_in(&policy, arn);
        assert!(let_in(policy("events.amazonaws.com", "logs:PutLogEvents", arn)));
        assert!(let_in(policy(
            "events.amazonaws.com",
            "logs:PutLogEvents",
            "arn:aws:logs:r:1:log-group:/aws/events/*:*"
        )));
        assert!(!let_in(policy("es.amazonaws.com", "logs:PutLogEvents", arn)));
        assert!(!let_in(policy("events.amazonaws.com", "logs:GetLogEvents", arn)));
        assert!(!let_in(policy("events.amazonaws.com", "logs:PutLogEvents", "arn:aws:logs:r:1:log-group:/other:*")));
        assert!(!let_in(json!({})));
    }
}
