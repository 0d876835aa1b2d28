//! CloudWatch alarms, as they are kept. Knows no metrics: whoever sets an alarm's state says what it is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::World;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Alarm {
    pub(in crate::lab) order: u64,
    pub(in crate::lab) name: String,
    pub(in crate::lab) state: AlarmState,
    pub(in crate::lab) reason: String,
    /// `StateReasonData`, JSON in a text.
    pub(in crate::lab) reason_data: Option<String>,
    /// When it was last set, to the same state or another.
    pub(in crate::lab) updated: Timestamp,
    /// When it came into its state.
    pub(in crate::lab) since: Timestamp,
    pub(in crate::lab) configured: Timestamp,
    /// What PutMetricAlarm was given, by the names of its members.
    pub(in crate::lab) content: BTreeMap<String, Value>,
    pub(in crate::lab) tags: BTreeMap<String, String>,
    pub(in crate::lab) history: Vec<AlarmHistory>,
}

/// Something that happened to an alarm.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct AlarmHistory {
    pub(in crate::lab) time: Timestamp,
    /// `ConfigurationUpdate` or `StateUpdate`.
    pub(in crate::lab) kind: &'static str,
    pub(in crate::lab) summary: String,
    pub(in crate::lab) data: Value,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum AlarmState {
    Ok,
    Alarm,
    InsufficientData,
}

impl AlarmState {
    pub(in crate::lab) fn parse(text: &str) -> Option<Self> {
        [Self::Ok, Self::Alarm, Self::InsufficientData].into_iter().find(|state| state.as_str() == text)
    }

    pub(in crate::lab) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}

impl World {
    pub(in crate::lab) fn alarm_arn(&self, name: &str) -> String {
        self.arn("cloudwatch", &format!("alarm:{name}"))
    }

    /// The state of the alarm with this ARN; none if there is no such alarm.
    pub(in crate::lab) fn alarm_state(&self, arn: &str) -> Option<AlarmState> {
        let name = arn.strip_prefix(&self.alarm_arn(""))?;
        self.alarms.get(name).map(|alarm| alarm.state)
    }
}
