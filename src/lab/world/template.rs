//! FIS experiment templates as they are written on the wire, and which client tokens were used. Knows not what is valid.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(in crate::lab) const SPOT_INTERRUPTION: &str = "aws:ec2:send-spot-instance-interruptions";
pub(in crate::lab) const ASG_CAPACITY_ERROR: &str = "aws:ec2:asg-insufficient-instance-capacity-error";
pub(in crate::lab) const WAIT: &str = "aws:fis:wait";

pub(in crate::lab) const SPOT_INSTANCE: &str = "aws:ec2:spot-instance";
pub(in crate::lab) const AUTO_SCALING_GROUP: &str = "aws:ec2:autoscaling-group";

/// How long before the shutdown the notice is given.
pub(in crate::lab) const NOTICE_LEAD: SignedDuration = SignedDuration::from_mins(2);

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Template {
    pub(in crate::lab) order: u64,
    pub(in crate::lab) id: String,
    pub(in crate::lab) created: Timestamp,
    pub(in crate::lab) updated: Timestamp,
    pub(in crate::lab) content: TemplateContent,
    pub(in crate::lab) tags: BTreeMap<String, String>,
}

/// What CreateExperimentTemplate is given and GetExperimentTemplate gives back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::lab) struct TemplateContent {
    pub(in crate::lab) description: String,
    pub(in crate::lab) stop_conditions: Vec<StopCondition>,
    #[serde(default)]
    pub(in crate::lab) targets: BTreeMap<String, Target>,
    pub(in crate::lab) actions: BTreeMap<String, Action>,
    pub(in crate::lab) role_arn: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::lab) log_configuration: Option<Value>,
    #[serde(default)]
    pub(in crate::lab) experiment_options: TemplateOptions,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::lab) struct StopCondition {
    pub(in crate::lab) source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::lab) value: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(in crate::lab) struct Target {
    pub(in crate::lab) resource_type: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::lab) resource_arns: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::lab) resource_tags: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::lab) filters: Vec<Filter>,
    pub(in crate::lab) selection_mode: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::lab) parameters: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::lab) struct Filter {
    pub(in crate::lab) path: String,
    pub(in crate::lab) values: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "AWS's own names")]
pub(in crate::lab) struct Action {
    pub(in crate::lab) action_id: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::lab) description: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::lab) parameters: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(in crate::lab) targets: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(in crate::lab) start_after: Vec<String>,
}

impl Action {
    /// The parameter of this name, an ISO 8601 duration; none if it is absent or is not one.
    pub(in crate::lab) fn duration(&self, parameter: &str) -> Option<SignedDuration> {
        // The parser would take `2 minutes` as well.
        self.parameters.get(parameter).filter(|text| text.starts_with('P'))?.parse().ok()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub(in crate::lab) struct TemplateOptions {
    pub(in crate::lab) account_targeting: String,
    pub(in crate::lab) empty_target_resolution_mode: String,
}

impl Default for TemplateOptions {
    fn default() -> Self {
        Self { account_targeting: "single-account".to_owned(), empty_target_resolution_mode: "fail".to_owned() }
    }
}

/// A target's `selectionMode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Selection {
    All,
    Count(usize),
    Percent(usize),
}

impl Selection {
    /// From `ALL`, `COUNT(3)` or `PERCENT(50)`.
    pub(in crate::lab) fn parse(text: &str) -> Option<Self> {
        if text == "ALL" {
            return Some(Self::All);
        }
        let (mode, rest) = text.split_once('(')?;
        let number = rest.strip_suffix(')')?.parse().ok().filter(|number| *number > 0)?;
        match mode {
            "COUNT" => Some(Self::Count(number)),
            "PERCENT" if number <= 100 => Some(Self::Percent(number)),
            _ => None,
        }
    }

    /// How many of `found` it takes; percentages are rounded down.
    pub(in crate::lab) fn of(self, found: usize) -> usize {
        match self {
            Self::All => found,
            Self::Count(number) => number.min(found),
            Self::Percent(number) => found.saturating_mul(number) / 100,
        }
    }
}

/// The client tokens that were used, each with what was asked and what came of it.
#[derive(Debug, Default)]
pub(in crate::lab) struct Idempotency(BTreeMap<String, (Value, String)>);

/// What a client token means for a request.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::lab) enum Earlier {
    /// It is new.
    Never,
    /// The same was asked with it before; this is the id of what was made.
    Same(String),
    /// Something else was asked with it.
    Other,
}

impl Idempotency {
    pub(in crate::lab) fn earlier(&self, token: &str, request: &Value) -> Earlier {
        match self.0.get(token) {
            None => Earlier::Never,
            Some((asked, id)) if asked == request => Earlier::Same(id.clone()),
            Some(_) => Earlier::Other,
        }
    }

    pub(in crate::lab) fn remember(&mut self, token: String, request: Value, id: String) {
        self.0.insert(token, (request, id));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_round_down_to_nothing() {
        let half = Selection::parse("PERCENT(50)").unwrap();
        assert_eq!([1, 3, 4].map(|found| half.of(found)), [0, 1, 2]);
        assert_eq!(Selection::parse("COUNT(3)").unwrap().of(2), 2);
    }

    #[test]
    fn what_is_no_selection_mode() {
        for text in ["", "all", "COUNT", "COUNT()", "COUNT(0)", "COUNT(-1)", "PERCENT(101)", "COUNT(1", "SOME(1)"] {
            assert_eq!(Selection::parse(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_iso_8601_only() {
        let action = |text: &str| Action {
            action_id: WAIT.into(),
            description: None,
            parameters: [("duration".to_owned(), text.to_owned())].into(),
            targets: BTreeMap::new(),
            start_after: Vec::new(),
        };
        assert_eq!(action("PT135S").duration("duration"), Some(SignedDuration::from_secs(135)));
        assert_eq!(action("2m").duration("duration"), None);
        assert_eq!(action("PT2M").duration("other"), None);
    }
}
