//! EventBridge: the self-test sent, and the rules as they stand. Knows the default event bus and nothing of what rules lead to.

use aws_sdk_eventbridge::types::{PutEventsRequestEntry, RuleState};

use super::{
    Aws, Error,
    error::{Kind, absent},
};
use crate::{
    stack::proof::{DETAIL_TYPE, SOURCE},
    text::SafeText,
};

/// A rule of the default event bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    pub arn: SafeText,
    pub enabled: bool,
    /// The ARNs of its targets.
    pub targets: Vec<SafeText>,
}

impl Aws {
    /// Sends the synthetic event; gives the id that EventBridge gave it.
    pub async fn send_selftest(&self, detail: &str) -> Result<String, Error> {
        const DOING: &str = "send the self-test to EventBridge";
        let entry = PutEventsRequestEntry::builder().source(SOURCE).detail_type(DETAIL_TYPE).detail(detail).build();
        let call = self.events.put_events().entries(entry);
        let answer = call.send().await.map_err(|error| Error::of(DOING, &error))?;
        let entry = answer.entries().first();
        match entry.and_then(|entry| entry.event_id()) {
            Some(id) if answer.failed_entry_count() == 0 => Ok(id.to_owned()),
            // it answers 200 all the same
            _ => Err(Error::new(
                DOING,
                Kind::Refused,
                entry.and_then(|entry| entry.error_message()).unwrap_or("EventBridge took none of it"),
            )),
        }
    }

    pub async fn rule(&self, name: &str) -> Result<Option<Rule>, Error> {
        let call = self.events.describe_rule().name(name);
        let answer = call.send().await.map_err(|error| Error::of("describe the EventBridge rule", &error));
        let Some(rule) = absent(answer)? else { return Ok(None) };
        let call = self.events.list_targets_by_rule().rule(name);
        let targets =
            call.send().await.map_err(|error| Error::of("list the targets of the EventBridge rule", &error))?;
        Ok(Some(Rule {
            arn: SafeText::new(rule.arn().unwrap_or_default()),
            enabled: rule.state() == Some(&RuleState::Enabled),
            targets: targets.targets().iter().map(|target| SafeText::new(target.arn())).collect(),
        }))
    }
}
