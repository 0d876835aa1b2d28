//! EventBridge: each change becomes an event in AWS's envelope, is written to a log group, and a warning invokes the function.
//! Knows not what the function does with it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Happening, Warning, World, alarm::AlarmState, experiment::State};
use crate::lab::wire::time::iso_seconds;

impl World {
    /// Makes the log groups that the rule and the function write to.
    pub(super) fn deploy_log_groups(&mut self) {
        let events = self.scenario.events.log_group.clone();
        for name in [events, self.function_log_group()] {
            if !name.is_empty() {
                self.logs.create(&name, self.now);
            }
        }
    }

    pub(super) fn announce_state(&mut self, id: &str) {
        let Some(state) = self.instances.get(id).map(|instance| instance.state.as_str()) else { return };
        let detail = json!({ "instance-id": id, "state": state });
        self.put_event("aws.ec2", "EC2 Instance State-change Notification", &self.instance_arn(id), &detail);
    }

    pub(super) fn announce_rebalance(&mut self, id: &str) {
        let arn = self.zonal_arn(id);
        self.put_event("aws.ec2", "EC2 Instance Rebalance Recommendation", &arn, &json!({ "instance-id": id }));
    }

    pub(super) fn announce_warning(&mut self, warning: &Warning) {
        let detail = json!({ "instance-id": warning.instance, "instance-action": warning.action });
        self.put_event("aws.ec2", warning.detail_type, &self.zonal_arn(&warning.instance), &detail);
        if !self.scenario.events.function.is_empty() {
            let latency = self.ids.between(SignedDuration::from_millis(300), SignedDuration::from_secs(1));
            self.schedule(latency, Happening::FunctionInvoked(warning.clone()));
        }
    }

    pub(super) fn announce_experiment(&mut self, id: &str, template: &str, old: &State, new: &State) {
        let state = |state: &State| json!({ "status": state.status.as_str(), "reason": state.reason });
        let detail = json!({
            "experiment-id": id,
            "experiment-template-id": template,
            "new-state": state(new),
            "old-state": state(old),
        });
        self.put_event(
            "aws.fis",
            "FIS Experiment State Change",
            &self.arn("fis", &format!("experiment/{id}")),
            &detail,
        );
    }

    /// With its former state, reason and the time since which it had that state.
    pub(super) fn announce_alarm(&mut self, name: &str, old: &(AlarmState, String, Timestamp)) {
        let Some(alarm) = self.alarms.get(name) else { return };
        let time = |time: Timestamp| time.strftime("%Y-%m-%dT%H:%M:%S.%3f+0000").to_string();
        let state = |value: AlarmState, reason: &str, since| json!({ "value": value.as_str(), "reason": reason, "timestamp": time(since) });
        let detail = json!({
            "alarmName": name,
            "state": state(alarm.state, &alarm.reason, alarm.since),
            "previousState": state(old.0, &old.1, old.2),
            "configuration": { "description": alarm.content.get("AlarmDescription") },
        });
        self.put_event("aws.cloudwatch", "CloudWatch Alarm State Change", &self.alarm_arn(name), &detail);
    }

    pub(super) fn write_event(&mut self, timestamp: Timestamp, event: String) {
        self.logs.put(&self.scenario.events.log_group, &self.events_stream, timestamp, self.now, event);
    }

    fn put_event(&mut self, source: &str, detail_type: &str, resource: &str, detail: &Value) {
        if self.scenario.events.log_group.is_empty() {
            return;
        }
        let event = json!({
            "version": "0",
            "id": self.ids.uuid(),
            "detail-type": detail_type,
            "source": source,
            "account": self.scenario.account,
            "time": iso_seconds(self.now),
            "region": self.scenario.region,
            "resources": [resource],
            "detail": detail,
        });
        // The log event bears EventBridge's whole second; when it arrived is its ingestion time.
        let timestamp = Timestamp::from_second(self.now.as_second()).unwrap_or(self.now);
        let latency = self.ids.between(SignedDuration::from_millis(150), SignedDuration::from_millis(600));
        self.schedule(latency, Happening::EventArrives { timestamp, event: event.to_string() });
    }

    pub(in crate::lab) fn instance_arn(&self, id: &str) -> String {
        self.arn("ec2", &format!("instance/{id}"))
    }

    /// As events about a spot interruption really have it: the zone where the region belongs, and no account.
    fn zonal_arn(&self, id: &str) -> String {
        let zone = self.instances.get(id).map_or("", |instance| &*instance.zone);
        format!("arn:aws:ec2:{zone}:instance/{id}")
    }
}
