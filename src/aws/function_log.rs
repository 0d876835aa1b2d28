//! Lines that a Lambda writes of events: of which instance, and whether of its notice. Knows the JSON of our own function and
//! the text of others, and nothing of how it was read.

use serde::Deserialize;

use crate::drill::{
    fact::{Basis, What},
    fleet::Behavior,
    id::InstanceId,
};

/// Every kind of event whose line tells of the notice has these words in its `detail-type`.
const WARNING: &str = "Interruption Warning";

/// The members of our function's line that are needed here.
#[derive(Deserialize)]
struct Line {
    #[serde(rename = "detail-type")]
    detail_type: String,
    resource: String,
    action: String,
}

/// Which of these instances a line is of, and the notice if it tells of one.
pub(super) fn read(message: &str, wanted: &[InstanceId]) -> (Option<InstanceId>, Option<What>) {
    let line: Option<Line> = serde_json::from_str(message).ok();
    let (instance, warns, action) = if let Some(line) = line {
        let instance = wanted.iter().find(|id| id.as_str() == line.resource);
        let action = serde_json::from_value::<Behavior>(line.action.into()).ok();
        (instance, line.detail_type.contains(WARNING), action)
    } else {
        let instance = wanted.iter().find(|id| message.contains(id.as_str()));
        (instance, message.contains(WARNING), None)
    };
    let notice = (instance.is_some() && warns).then_some(What::NoticeIssued { basis: Basis::LogLine, action });
    (instance.cloned(), notice)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_for(message: &str, wanted: &[&str]) -> (Option<InstanceId>, Option<What>) {
        read(message, &wanted.iter().map(|id| InstanceId::new(*id)).collect::<Vec<_>>())
    }

    fn notice(action: Option<Behavior>) -> What {
        What::NoticeIssued { basis: Basis::LogLine, action }
    }

    #[test]
    fn a_line_of_json_is_of_its_resource_alone() {
        let line = r#"{"level": "INFO", "message": "posted to Slack, status 200", "detail-type": "EC2 Spot Instance Interruption Warning", "resource": "i-0a12", "action": "terminate"}"#;
        let of = |id: &str| Some(InstanceId::new(id));
        assert_eq!(read_for(line, &["i-0a1", "i-0a12"]), (of("i-0a12"), Some(notice(Some(Behavior::Terminate)))));
        assert_eq!(read_for(line, &["i-0a1"]), (None, None));
        let rebalance = line.replace("Spot Instance Interruption Warning", "Instance Rebalance Recommendation");
        assert_eq!(read_for(&rebalance, &["i-0a12"]), (of("i-0a12"), None));
    }

    #[test]
    fn text_that_others_write_is_read_by_its_words() {
        let line =
            "[INFO]\t2026-11-22T12:00:00Z\tr\tEC2 Spot Instance Interruption Warning, resource: i-0a1, action: *stop*";
        assert_eq!(read_for(line, &["i-0a1"]), (Some(InstanceId::new("i-0a1")), Some(notice(None))));
        assert_eq!(read_for(line, &["i-0b2"]), (None, None));
        assert_eq!(read_for("START RequestId: 1", &["i-0a1"]), (None, None));
    }
}
