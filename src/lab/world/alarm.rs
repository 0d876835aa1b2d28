//! CloudWatch alarms, as they are kept. Knows no metrics: whoever sets an alarm's state says what it is.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::World;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Alarm {
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

impl Alarm {
    /// An alarm that has not been checked yet.
    pub(in crate::lab) fn new(name: &str, now: Timestamp) -> Self {
        Self {
            name: name.to_owned(),
            state: AlarmState::InsufficientData,
            reason: "Unchecked: Initial alarm creation".to_owned(),
            reason_data: None,
            updated: now,
            since: now,
            configured: now,
            content: BTreeMap::new(),
            tags: BTreeMap::new(),
            history: Vec::new(),
        }
    }

    /// Takes over a configuration, as PutMetricAlarm and stacks give it. Its history tells.
    pub(in crate::lab) fn configure(&mut self, content: BTreeMap<String, Value>, now: Timestamp) {
        let what = if self.history.is_empty() { "created" } else { "updated" };
        let data = json!({ "version": "1.0", "type": "Update", "updatedAlarm": content });
        let summary = format!("Alarm \"{}\" {what}", self.name);
        self.history.push(AlarmHistory { time: now, kind: "ConfigurationUpdate", summary, data });
        (self.configured, self.content) = (now, content);
    }
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

    /// Sets an alarm's state. Coming into ALARM stops the experiments that have it as a stop condition.
    pub(in crate::lab) fn set_alarm(&mut self, name: &str, state: AlarmState, reason: String, data: Option<String>) {
        let now = self.now;
        let Some(alarm) = self.alarms.get_mut(name) else { return };
        let old = (alarm.state, std::mem::replace(&mut alarm.reason, reason), alarm.since);
        (alarm.state, alarm.reason_data, alarm.updated) = (state, data, now);
        if old.0 == state {
            return;
        }
        alarm.since = now;
        let summary = format!("Alarm updated from {} to {}", old.0.as_str(), state.as_str());
        let states = json!({
            "version": "1.0",
            "oldState": { "stateValue": old.0.as_str(), "stateReason": old.1 },
            "newState": { "stateValue": state.as_str(), "stateReason": alarm.reason },
        });
        alarm.history.push(AlarmHistory { time: now, kind: "StateUpdate", summary, data: states });
        self.announce_alarm(name, &old);
        if state == AlarmState::Alarm {
            self.halt_by_alarm(&self.alarm_arn(name));
        }
    }

    /// The state of the alarm with this ARN; none if there is no such alarm.
    pub(in crate::lab) fn alarm_state(&self, arn: &str) -> Option<AlarmState> {
        let name = arn.strip_prefix(&self.alarm_arn(""))?;
        self.alarms.get(name).map(|alarm| alarm.state)
    }
}
