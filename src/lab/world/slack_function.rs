//! What the function `send-slack-spot-event` makes of an event: a message for Slack and the line for its log. A model of
//! `assets/lambda/index.py`. Knows not how it is invoked, nor where the message goes.

use std::{collections::BTreeMap, fmt::Write};

use serde_json::{Value, json};

use crate::lab::wire::json::set;

const ICON: &str = "https://a0.awsstatic.com/libra-css/images/site/touch-icon-iphone-114-smile.png";

/// How much of a text is shown, in characters.
const LONGEST: usize = 256;

/// What an event is about, by the names that the log line gives it.
#[derive(Debug)]
pub(super) struct Notice<'e> {
    detail_type: &'e str,
    resource: &'e str,
    action: &'e str,
    time: Option<&'e str>,
    region: Option<&'e str>,
    event: Option<&'e str>,
    experiment: Option<&'e str>,
    pub(super) node_group: Option<String>,
}

impl<'e> Notice<'e> {
    /// None for an event of a kind that it does not handle: it knows interruption warnings, rebalance recommendations, state
    /// changes of instances and of FIS experiments, and its own self-test.
    pub(super) fn of(event: &'e Value) -> Option<Self> {
        let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (source, detail_type) = (text("/source")?, text("/detail-type")?);
        let (resource, action) = match (source, detail_type) {
            ("aws.ec2", "EC2 Spot Instance Interruption Warning") => {
                ("/detail/instance-id", text("/detail/instance-action"))
            }
            ("aws.ec2", "EC2 Instance Rebalance Recommendation") => ("/detail/instance-id", Some("rebalance")),
            ("aws.ec2", "EC2 Instance State-change Notification") => ("/detail/instance-id", text("/detail/state")),
            ("aws.fis", "FIS Experiment State Change") => ("/detail/experiment-id", text("/detail/new-state/status")),
            ("spotdrill.selftest", _) => {
                let given = event.pointer("/detail/instance-action").is_some();
                let action = if given { text("/detail/instance-action") } else { Some("selftest") };
                let instance = event.pointer("/detail/instance-id").is_some_and(says_something);
                (if instance { "/detail/instance-id" } else { "/id" }, action)
            }
            _ => return None,
        };
        Some(Self {
            detail_type,
            resource: text(resource)?,
            action: action?,
            time: text("/time"),
            region: text("/region"),
            event: text("/id"),
            experiment: text("/detail/experiment-id"),
            node_group: None,
        })
    }

    /// The instance, if the event is EC2's.
    pub(super) fn instance<'n>(&'n self, event: &Value) -> Option<&'n str> {
        event.get("source").is_some_and(|source| source == "aws.ec2").then_some(self.resource)
    }

    /// Slack's payload; user name, icon and colour are the environment's.
    pub(super) fn payload(&self, environment: &BTreeMap<String, String>) -> Value {
        let given = |name: &str| environment.get(name).filter(|value| !value.is_empty());
        let or = |name: &str, usual: &str| given(name).cloned().unwrap_or_else(|| usual.to_owned());
        let [detail_type, resource, action] = [self.detail_type, self.resource, self.action].map(cleaned);
        let mut payload = json!({
            "username": or("USERNAME", "spot-event"),
            "attachments": [{
                "pretext": ":white_check_mark: INFO :white_check_mark:",
                "color": or("COLOR", "#36C5F0"),
                "text": format!("{detail_type}\nresource: {resource}, action: *{action}*"),
                "fields": self.fields(),
                "footer": cleaned(self.time.unwrap_or_default()),
                "footer_icon": or("ICON_URL", ICON),
                "mrkdwn_in": ["pretext", "text"],
            }],
        });
        if let Some(icon) = given("ICON_URL") {
            set(&mut payload, "icon_url", json!(icon));
        }
        payload
    }

    fn fields(&self) -> Vec<Value> {
        let short = [("region", self.region), ("node group", self.node_group.as_deref())].into_iter();
        let short =
            short.filter_map(|(title, text)| Some(json!({ "title": title, "value": cleaned(text?), "short": true })));
        let link = self.experiment_link().map(|link| json!({ "title": "experiment", "value": link, "short": false }));
        short.chain(link).collect()
    }

    /// Only of what can be nothing but a region and an id, for a link is not escaped.
    fn experiment_link(&self) -> Option<String> {
        let is_region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let region = self.region.filter(|text| text.bytes().all(is_region))?;
        let id = self.experiment.filter(|text| text.bytes().all(|byte| byte.is_ascii_alphanumeric()))?;
        let console = if region.starts_with("cn-") {
            "console.amazonaws.cn"
        } else if region.starts_with("us-gov-") {
            "console.amazonaws-us-gov.com"
        } else {
            "console.aws.amazon.com"
        };
        Some(format!("<https://{region}.{console}/fis/home?region={region}#ExperimentDetails/{id}|{id}>"))
    }

    fn members(&self) -> impl Iterator<Item = (&'static str, Value)> {
        let members = [
            ("detail-type", Some(self.detail_type)),
            ("resource", Some(self.resource)),
            ("action", Some(self.action)),
            ("time", self.time),
            ("region", self.region),
            ("event", self.event),
            ("experiment", self.experiment),
            ("node-group", self.node_group.as_deref()),
        ];
        members.into_iter().filter_map(|(name, text)| Some((name, Value::from(text?))))
    }
}

/// The one line of an invocation, as Python's `json.dumps` writes it.
pub(super) fn line(
    level: &str,
    message: &str,
    request: &str,
    notice: Option<&Notice<'_>>,
    outcome: Vec<(&'static str, Value)>,
) -> String {
    let first = [("level", level), ("message", message), ("request", request)];
    let first = first.into_iter().map(|(name, text)| (name, Value::from(text)));
    let members = first.chain(notice.into_iter().flat_map(Notice::members)).chain(outcome);
    let members = members.map(|(name, value)| format!("\"{name}\": {}", in_ascii(&value)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
}

fn in_ascii(value: &Value) -> String {
    let mut written = String::new();
    for character in value.to_string().chars() {
        if character.is_ascii() && character != '\u{7f}' {
            written.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(written, "\\u{unit:04x}"); // a String takes all
        }
    }
    written
}

/// As Python takes a value for true.
fn says_something(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(members) => !members.is_empty(),
    }
}

/// As Slack wants text, so that nothing in it is a link or a mention; cut before it is escaped, so that no escape is.
fn cleaned(text: &str) -> String {
    let text: String = text.chars().map(|it| if is_unsafe(it) { ' ' } else { it }).take(LONGEST).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What could turn, break or hide text: controls, characters without width, and those that turn the direction of writing.
fn is_unsafe(character: char) -> bool {
    matches!(character, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_event_has_its_resource_and_action() {
        let about = |source: &str, detail_type: &str, detail: Value| {
            let event = json!({ "source": source, "detail-type": detail_type, "id": "e-1", "detail": detail });
            Notice::of(&event).map(|notice| format!("{} {}", notice.resource, notice.action))
        };
        let fis = json!({ "experiment-id": "EXP1", "new-state": { "status": "running" } });
        let state = json!({ "instance-id": "i-1", "state": "stopping" });
        let selftest = |detail: Value| about("spotdrill.selftest", "any", detail);
        let seen = [
            about("aws.ec2", "EC2 Instance Rebalance Recommendation", json!({ "instance-id": "i-1" })),
            about("aws.ec2", "EC2 Instance State-change Notification", state),
            about("aws.fis", "FIS Experiment State Change", fis),
            selftest(json!({})),
            selftest(json!({ "instance-id": "", "instance-action": "stop" })),
        ];
        assert_eq!(
            seen.map(Option::unwrap),
            ["i-1 rebalance", "i-1 stopping", "EXP1 running", "e-1 selftest", "e-1 stop"]
        );
        for not_understood in [
            about("aws.s3", "Object Created", json!({})),
            about("aws.ec2", "EC2 Spot Instance Interruption Warning", json!({ "instance-id": "i-1" })),
            about("spotdrill.selftest", "", json!({})),
            selftest(json!({ "instance-action": null })),
            selftest(json!({ "instance-id": 7 })),
        ] {
            assert_eq!(not_understood, None);
        }
    }

    fn hostile() -> Value {
        json!({
            "source": "aws.ec2", "detail-type": "EC2 Spot Instance Interruption Warning", "region": "eu-west-1",
            "detail": { "instance-id": "<!here> & \u{202e}i-1", "instance-action": "terminate", "experiment-id": "EXP1" },
        })
    }

    #[test]
    fn the_message_to_slack() {
        let environment = BTreeMap::from([("ICON_URL".to_owned(), "http://icon".to_owned())]);
        let link = "<https://eu-west-1.console.aws.amazon.com/fis/home?region=eu-west-1#ExperimentDetails/EXP1|EXP1>";
        let expected = json!({
            "username": "spot-event",
            "icon_url": "http://icon",
            "attachments": [{
                "pretext": ":white_check_mark: INFO :white_check_mark:",
                "color": "#36C5F0",
                "text": "EC2 Spot Instance Interruption Warning\nresource: &lt;!here&gt; &amp;  i-1, action: *terminate*",
                "fields": [
                    { "title": "region", "value": "eu-west-1", "short": true },
                    { "title": "node group", "value": "web", "short": true },
                    { "title": "experiment", "value": link, "short": false },
                ],
                "footer": "",
                "footer_icon": "http://icon",
                "mrkdwn_in": ["pretext", "text"],
            }],
        });
        let event = hostile();
        let mut notice = Notice::of(&event).unwrap();
        notice.node_group = Some("web".into());
        assert_eq!(notice.payload(&environment), expected);
    }

    #[test]
    fn text_is_cut_before_it_is_escaped() {
        assert_eq!(cleaned(&"<".repeat(300)), "&lt;".repeat(256));
    }

    #[test]
    fn the_line_is_ascii_and_in_order() {
        let event = hostile();
        let notice = Notice::of(&event).unwrap();
        let line = line("ERROR", "posted", "r-1", Some(&notice), vec![("status", Value::Null), ("tries", json!(1))]);
        assert_eq!(
            line,
            r#"{"level": "ERROR", "message": "posted", "request": "r-1", "detail-type": "EC2 Spot Instance Interruption Warning", "resource": "<!here> & \u202ei-1", "action": "terminate", "region": "eu-west-1", "experiment": "EXP1", "status": null, "tries": 1}"#
        );
        assert_eq!(in_ascii(&json!("\u{7f}😀\n")), r#""\u007f\ud83d\ude00\n""#);
    }
}
