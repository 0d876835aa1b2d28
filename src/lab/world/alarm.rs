//! CloudWatch alarms, as they are kept. Knows no metrics: whoever sets an alarm's state says what it is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Alarm {
    pub(in crate::lab) name: String,
    pub(in crate::lab) state: AlarmState,
    pub(in crate::lab) reason: String,
    /// When it came into its state.
    pub(in crate::lab) since: Timestamp,
    pub(in crate::lab) configured: Timestamp,
    /// What PutMetricAlarm was given, by the names of its members.
    pub(in crate::lab) content: BTreeMap<String, Value>,
    pub(in crate::lab) tags: BTreeMap<String, String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum AlarmState {
    Ok,
    Alarm,
    InsufficientData,
}

impl AlarmState {
    pub(in crate::lab) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        }
    }
}
