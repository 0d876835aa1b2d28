//! What the emulated function `send-slack-spot-event` makes of an event: a line for its log and a message for Slack.
//! Knows not how it is invoked, nor where the message goes.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::lab::wire::json::set;

const FOOTER_ICON: &str = "https://a0.awsstatic.com/libra-css/images/site/touch-icon-iphone-114-smile.png";

/// What an event is about.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Notice<'e> {
    detail_type: &'e str,
    resource: &'e str,
    action: &'e str,
    time: &'e str,
}

impl<'e> Notice<'e> {
    /// None for an event of a kind that it does not handle: it knows interruption warnings, rebalance recommendations, state
    /// changes of instances and of FIS experiments, and its own self-test.
    pub(super) fn of(event: &'e Value) -> Option<Self> {
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str);
        let (source, detail_type) = (text("/source")?, text("/detail-type")?);
        let action = match (source, detail_type) {
            ("aws.ec2", "EC2 Spot Instance Interruption Warning") => text("/detail/instance-action"),
            ("aws.ec2", "EC2 Instance Rebalance Recommendation") => Some("rebalance"),
            ("aws.ec2", "EC2 Instance State-change Notification") => text("/detail/state"),
            ("aws.fis", "FIS Experiment State Change") => text("/detail/new-state/status"),
            ("spotdrill.selftest", _) => text("/detail/instance-action").or(Some("selftest")),
            _ => None,
        }?;
        let named = ["/detail/instance-id", "/detail/experiment-id", "/resources/0", "/id"];
        let resource = named.into_iter().find_map(text)?;
        Some(Self { detail_type, resource, action, time: text("/time").unwrap_or_default() })
    }

    pub(super) fn line(&self) -> String {
        let Self { detail_type, resource, action, .. } = self;
        format!("{detail_type}, resource: {resource}, action: *{action}*")
    }

    /// Slack's payload; user name, icon and colour are the environment's.
    pub(super) fn payload(&self, environment: &BTreeMap<String, String>) -> Value {
        let given = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        let or = |name: &str, usual: &str| given(name).cloned().unwrap_or_else(|| usual.to_owned());
        let [detail_type, resource, action] = [self.detail_type, self.resource, self.action].map(escaped);
        let mut payload = json!({
            "username": or("USERNAME", "spot-event"),
            "attachments": [{
                "pretext": ":white_check_mark: INFO :white_check_mark:",
                "color": or("COLOR", "#36C5F0"),
                "text": format!("{detail_type}\nresource: {resource}, action: *{action}*"),
                "footer": self.time,
                "footer_icon": FOOTER_ICON,
            }],
        });
        if let Some(icon) = given("ICON_URL") {
            set(&mut payload, "icon_url", json!(icon));
        }
        payload
    }
}

/// As Slack wants text, so that nothing in it is a link or a mention.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_event_has_its_resource_and_action() {
        let line = |source: &str, detail_type: &str, detail: Value| {
            let event = json!({ "source": source, "detail-type": detail_type, "id": "e-1", "detail": detail });
            Notice::of(&event).map(|notice| notice.line())
        };
        let fis = json!({ "experiment-id": "EXP1", "new-state": { "status": "running" } });
        let state = json!({ "instance-id": "i-1", "state": "stopping" });
        let lines = [
            line("aws.ec2", "EC2 Instance Rebalance Recommendation", json!({ "instance-id": "i-1" })),
            line("aws.ec2", "EC2 Instance State-change Notification", state),
            line("aws.fis", "FIS Experiment State Change", fis),
            line("spotdrill.selftest", "spotdrill self-test", json!({})),
        ];
        assert_eq!(
            lines.map(Option::unwrap),
            [
                "EC2 Instance Rebalance Recommendation, resource: i-1, action: *rebalance*",
                "EC2 Instance State-change Notification, resource: i-1, action: *stopping*",
                "FIS Experiment State Change, resource: EXP1, action: *running*",
                "spotdrill self-test, resource: e-1, action: *selftest*",
            ]
        );
        assert_eq!(line("aws.s3", "Object Created", json!({})), None);
    }

    #[test]
    fn the_message_to_slack() {
        let event = json!({
            "source": "aws.ec2", "detail-type": "EC2 Spot Instance Interruption Warning", "time": "2026-11-22T12:00:00Z",
            "detail": { "instance-id": "<!here> & i-1", "instance-action": "terminate" },
        });
        let environment = BTreeMap::from([("ICON_URL".to_owned(), "http://icon".to_owned())]);
        let expected = json!({
            "username": "spot-event",
            "icon_url": "http://icon",
            "attachments": [{
                "pretext": ":white_check_mark: INFO :white_check_mark:",
                "color": "#36C5F0",
                "text": "EC2 Spot Instance Interruption Warning\nresource: &lt;!here&gt; &amp; i-1, action: *terminate*",
                "footer": "2026-11-22T12:00:00Z",
                "footer_icon": FOOTER_ICON,
            }],
        });
        assert_eq!(Notice::of(&event).unwrap().payload(&environment), expected);
    }
}
