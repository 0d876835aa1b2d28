//! AWS's own events, as an EventBridge rule writes them to a log group: the nearest there is to the event itself. Knows
//! their JSON and nothing of how it was read.

use jiff::Timestamp;
use serde::Deserialize;

use crate::{
    drill::{
        fact::{Basis, Fact, Source, What},
        fleet::{Behavior, InstanceState},
        id::InstanceId,
    },
    text::SafeText,
};

/// The envelope. Source: EventBridge user guide; EC2 user guide, spot instance interruption notices.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "detail-type")]
    detail_type: String,
    /// Whole seconds.
    time: Timestamp,
    #[serde(default)]
    detail: Detail,
}

#[derive(Default, Deserialize)]
struct Detail {
    // the ARN in `resources` has the zone in place of the region and no account: only this names the instance
    #[serde(rename = "instance-id")]
    instance: Option<String>,
    state: Option<String>,
    #[serde(rename = "instance-action")]
    action: Option<Behavior>,
}

/// What an event says of one of these instances; nothing if it is of another or of another kind.
pub(super) fn read(message: &str, seen: Timestamp, wanted: &[InstanceId]) -> Option<Fact> {
    let event: Event = serde_json::from_str(message).ok()?;
    let instance = InstanceId::new(event.detail.instance?);
    if !wanted.contains(&instance) {
        return None;
    }
    let what = match event.detail_type.as_str() {
        "EC2 Instance Rebalance Recommendation" => What::RebalanceRecommended { basis: Basis::Event },
        "EC2 Spot Instance Interruption Warning" => {
            What::NoticeIssued { basis: Basis::Event, action: event.detail.action }
        }
        "EC2 Instance State-change Notification" => What::InstanceStateChanged {
            state: InstanceState::from(SafeText::new(event.detail.state?)),
            reason: None,
            not_before: None,
        },
        _ => return None,
    };
    Some(Fact { at: event.time, seen, source: Source::Events, instance: Some(instance), what })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WARNING: &str = r#"{"version":"0","id":"1","detail-type":"EC2 Spot Instance Interruption Warning",
        "source":"aws.ec2","account":"123456789012","time":"2022-04-06T14:08:44Z","region":"eu-west-1",
        "resources":["arn:aws:ec2:eu-west-1a:instance/i-0a1"],
        "detail":{"instance-id":"i-0a1","instance-action":"terminate"}}"#;

    fn read_for(message: &str, wanted: &str) -> Option<Fact> {
        read(message, Timestamp::UNIX_EPOCH, &[InstanceId::new(wanted)])
    }

    #[test]
    fn a_warning_as_aws_really_sends_it_is_the_notice() {
        let fact = read_for(WARNING, "i-0a1").unwrap();
        assert_eq!(fact.at.to_string(), "2022-04-06T14:08:44Z");
        assert_eq!(fact.what, What::NoticeIssued { basis: Basis::Event, action: Some(Behavior::Terminate) });
    }

    #[test]
    fn what_is_of_another_instance_or_no_event_is_passed_over() {
        assert_eq!(read_for(WARNING, "i-other"), None);
        for other in ["", "{}", "START RequestId: 1", "[1]", r#"{"detail-type":"x","time":"2022-04-06T14:08:44Z"}"#] {
            assert_eq!(read_for(other, "i-0a1"), None, "{other}");
        }
    }
}
