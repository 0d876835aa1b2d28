//! EventBridge: what happens becomes an event in AWS's envelope, and the rules that it matches deliver it to their targets.
//! Knows not what a target does with it.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    Happening, Warning, World, alarm::AlarmState, event_pattern::EventPattern, experiment::State, rule::RuleTarget,
};
use crate::lab::wire::time::iso_seconds;

/// An event on its way to a rule's target.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    rule: String,
    target: RuleTarget,
    timestamp: Timestamp,
    event: String,
}

impl World {
    pub(super) fn announce_state(&mut self, id: &str) {
        let Some(state) = self.instances.get(id).map(|instance| instance.state.as_str()) else { return };
        let detail = json!({ "instance-id": id, "state": state });
        self.put_event("aws.ec2", "EC2 Instance State-change Notification", &self.instance_arn(id), &detail);
    }

    pub(super) fn announce_rebalance(&mut self, id: &str) {
        self.note_rebalance(id);
        let arn = self.zonal_arn(id);
        self.put_event("aws.ec2", "EC2 Instance Rebalance Recommendation", &arn, &json!({ "instance-id": id }));
    }

    pub(super) fn announce_warning(&mut self, warning: &Warning) {
        self.note_action(warning);
        let detail = json!({ "instance-id": warning.instance, "instance-action": warning.action });
        self.put_event("aws.ec2", warning.detail_type, &self.zonal_arn(&warning.instance), &detail);
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

    fn put_event(&mut self, source: &str, detail_type: &str, resource: &str, detail: &Value) {
        self.publish(source, detail_type, &json!([resource]), detail, self.now);
    }

    /// Puts an event on the default bus, of that time, and says which id it has.
    pub(in crate::lab) fn publish(
        &mut self,
        source: &str,
        detail_type: &str,
        resources: &Value,
        detail: &Value,
        time: Timestamp,
    ) -> String {
        let id = self.ids.uuid();
        let event = json!({
            "version": "0",
            "id": id,
            "detail-type": detail_type,
            "source": source,
            "account": self.scenario.account,
            "time": iso_seconds(time),
            "region": self.scenario.region,
            "resources": resources,
            "detail": detail,
        });
        // A log event bears EventBridge's whole second; when it arrived is its ingestion time.
        let timestamp = Timestamp::from_second(time.as_second()).unwrap_or(time);
        let matching = self.rules.values().filter(|rule| {
            rule.enabled && EventPattern::parse(&rule.pattern).is_ok_and(|pattern| pattern.matches(&event))
        });
        let reached = matching.flat_map(|rule| rule.targets.values().map(|target| (rule.name.clone(), target.clone())));
        for (rule, target) in reached.collect::<Vec<_>>() {
            let to_function = target.arn.contains(":function:");
            let (low, high) = if to_function { (300, 1_000) } else { (150, 600) };
            let latency = self.span(low, high);
            let event = target.input.clone().unwrap_or_else(|| event.to_string());
            self.schedule(latency, Happening::Delivered(Box::new(Delivery { rule, target, timestamp, event })));
        }
        id
    }

    /// Hands an event over to a target that lets this rule in; otherwise it is lost, and nobody is told, as on AWS.
    pub(super) fn deliver(&mut self, delivery: Delivery) {
        let Delivery { rule, target, timestamp, event } = delivery;
        let rule = self.rule_arn(&rule);
        let allowed = |policies: &[Value], action: &str, resource: &str| {
            self.service_may("events.amazonaws.com", policies, (action, resource), &rule)
        };
        if let Some(group) = target.arn.strip_prefix(&self.arn("logs", "log-group:")) {
            let group = group.trim_end_matches(":*").to_owned();
            let stream = self.arn("logs", &format!("log-group:{group}:log-stream:{}", self.events_stream));
            let documents = self.logs.policies.values().map(|policy| serde_json::from_str(&policy.document));
            let policies: Vec<_> = documents.flatten().collect();
            if ["logs:CreateLogStream", "logs:PutLogEvents"].iter().all(|action| allowed(&policies, action, &stream)) {
                self.logs.put(&group, &self.events_stream, timestamp, self.now, event);
            }
        } else if let Some(function) = self.functions.values().find(|it| self.function_arn(&it.name) == target.arn) {
            let policy = json!({ "Statement": function.permissions.values().collect::<Vec<_>>() });
            if allowed(&[policy], "lambda:InvokeFunction", &target.arn) {
                let name = function.name.clone();
                self.invoke(&name, serde_json::from_str(&event).unwrap_or_default(), false);
            }
        }
    }

    pub(in crate::lab) fn rule_arn(&self, name: &str) -> String {
        self.arn("events", &format!("rule/{name}"))
    }

    pub(in crate::lab) fn instance_arn(&self, id: &str) -> String {
        self.arn("ec2", &format!("instance/{id}"))
    }

    /// As events about a spot interruption really have it: the zone where the region belongs, and no account.
    fn zonal_arn(&self, id: &str) -> String {
        let zone = self.instances.get(id).map_or("", |instance| &*instance.zone);
        format!("arn:aws:ec2:{zone}:instance/{id}")
    }

    /// A span of time by chance, in milliseconds.
    pub(super) fn span(&mut self, low: i64, high: i64) -> SignedDuration {
        self.ids.between(SignedDuration::from_millis(low), SignedDuration::from_millis(high))
    }
}
