//! `AWS::Events::Rule` and `AWS::CloudWatch::Alarm`. Knows not what matches, or what is measured.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::{
        intrinsic::plain,
        kind::{Failure, Made, Wanted},
    },
    given, tag_list,
};
use crate::lab::world::{
    World,
    alarm::Alarm,
    rule::{Rule, RuleTarget},
};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Target {
    id: String,
    arn: String,
    #[serde(default)]
    role_arn: Option<String>,
    #[serde(default)]
    input: Option<String>,
}

pub(in super::super) fn put_rule(world: &mut World, wanted: &Wanted) -> Result<Made, Failure> {
    let name = wanted.name.clone();
    wanted.unless(world.rules.contains_key(&name))?;
    let targets: Vec<Target> = wanted.read("Targets")?;
    if targets.len() > 5 {
        let message = "The requested resource exceeds the maximum number allowed: a rule has at most 5 targets.";
        return Err(Failure { message: message.to_owned(), code: "ServiceLimitExceeded" });
    }
    let target = |target: Target| {
        let Target { id, arn, role_arn, input } = target;
        (id, RuleTarget { arn, role_arn, input })
    };
    let rule = Rule {
        name: name.clone(),
        description: wanted.text("Description"),
        pattern: wanted.document("EventPattern")?.to_string(),
        enabled: wanted.text("State").is_none_or(|state| state == "ENABLED"),
        targets: targets.into_iter().map(target).collect(),
        tags: wanted.tags.clone(),
    };
    world.rules.insert(name.clone(), rule);
    let arn = world.arn("events", &format!("rule/{name}"));
    Ok(Made::new(name, [("Arn", arn)]))
}

pub(in super::super) fn live_rule(world: &World, name: &str, _: &Value) -> Option<Value> {
    let rule = world.rules.get(name)?;
    let target = |(id, target): (&String, &RuleTarget)| {
        let RuleTarget { arn, role_arn, input } = target;
        given(json!({ "Id": id, "Arn": arn, "RoleArn": role_arn, "Input": input }))
    };
    given(json!({
        "Name": name, "Description": rule.description,
        "EventPattern": serde_json::from_str::<Value>(&rule.pattern).unwrap_or_default(),
        "State": if rule.enabled { "ENABLED" } else { "DISABLED" },
        "Targets": rule.targets.iter().filter_map(target).collect::<Value>(), "Tags": tag_list(&rule.tags),
    }))
}

/// The members of PutMetricAlarm that the lab keeps, and `Tags`.
pub(in super::super) const ALARM: &[&str] = &[
    "ActionsEnabled",
    "AlarmActions",
    "AlarmDescription",
    "ComparisonOperator",
    "DatapointsToAlarm",
    "Dimensions",
    "EvaluationPeriods",
    "InsufficientDataActions",
    "MetricName",
    "Namespace",
    "OKActions",
    "Period",
    "Statistic",
    "Tags",
    "Threshold",
    "TreatMissingData",
    "Unit",
];

const ALARM_NUMBERS: [&str; 4] = ["DatapointsToAlarm", "EvaluationPeriods", "Period", "Threshold"];

pub(in super::super) fn put_alarm(world: &mut World, wanted: &Wanted) -> Result<Made, Failure> {
    let name = wanted.name.clone();
    wanted.unless(world.alarms.contains_key(&name))?;
    let mut content: BTreeMap<String, Value> = BTreeMap::new();
    for (key, value) in wanted.properties.iter().filter(|(key, _)| !["AlarmName", "Tags"].contains(&key.as_str())) {
        let read = match plain(value) {
            Some(text) if ALARM_NUMBERS.contains(&key.as_str()) || key == "ActionsEnabled" => {
                serde_json::from_str(&text).map_err(|_| Failure::invalid(format!("#/{key}: expected type: Number")))?
            }
            _ => value.clone(),
        };
        content.insert(key.clone(), read);
    }
    let now = world.now();
    let alarm = world.alarms.entry(name.clone()).or_insert_with(|| Alarm::new(&name, now));
    alarm.tags = wanted.tags.clone();
    alarm.configure(content, now);
    let arn = world.alarm_arn(&name);
    Ok(Made::new(name, [("Arn", arn)]))
}

pub(in super::super) fn live_alarm(world: &World, name: &str, _: &Value) -> Option<Value> {
    let alarm = world.alarms.get(name)?;
    let own = [("AlarmName".to_owned(), json!(name)), ("Tags".to_owned(), tag_list(&alarm.tags))];
    Some(alarm.content.clone().into_iter().chain(own).collect())
}
