//! Metric alarms: put, described, set to a state, deleted. Knows not who watches them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{invalid, listing, required, tags, texts};
use crate::lab::{
    wire::{error::ApiError, json::set, time::epoch_seconds},
    world::{
        World,
        alarm::{Alarm, AlarmState},
    },
};

const OPERATORS: &[&str] = &[
    "GreaterThanOrEqualToThreshold",
    "GreaterThanThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
    "LessThanLowerOrGreaterThanUpperThreshold",
    "LessThanLowerThreshold",
    "GreaterThanUpperThreshold",
];
const STATISTICS: &[&str] = &["SampleCount", "Average", "Sum", "Minimum", "Maximum"];
const MISSING_DATA: &[&str] = &["breaching", "notBreaching", "ignore", "missing"];

/// An alarm that exists keeps its state and its tags.
pub(super) fn put(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let name = required(input, "AlarmName")?.to_owned();
    check(input)?;
    let new_tags = tags::read(input)?;
    let members = input.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null());
    let content: BTreeMap<String, Value> = members
        .filter(|(name, _)| !["AlarmName", "Tags"].contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let now = world.now();
    let alarm = world.alarms.entry(name.clone()).or_insert_with(|| Alarm { tags: new_tags, ..Alarm::new(&name, now) });
    alarm.configure(content, now);
    Ok(json!({}))
}

fn check(input: &Value) -> Result<(), ApiError> {
    let one_of = |name: &str, known: &[&str]| match input.get(name).and_then(Value::as_str) {
        Some(text) if !known.contains(&text) => Err(invalid(format!("{name} {text} is not valid."))),
        _ => Ok(()),
    };
    let whole = |name: &str| input.get(name).and_then(Value::as_i64).filter(|number| *number > 0);
    let missing = |name: &str| ApiError::bad("MissingParameter", format!("The parameter {name} is required."));
    required(input, "ComparisonOperator")?;
    one_of("ComparisonOperator", OPERATORS)?;
    one_of("Statistic", STATISTICS)?;
    one_of("TreatMissingData", MISSING_DATA)?;
    whole("EvaluationPeriods").ok_or_else(|| missing("EvaluationPeriods"))?;
    if whole("DatapointsToAlarm") > whole("EvaluationPeriods") {
        return Err(invalid("DatapointsToAlarm must not be greater than EvaluationPeriods."));
    }
    if input.get("Threshold").is_some_and(Value::is_number) == input.get("ThresholdMetricId").is_some() {
        return Err(invalid("Exactly one of Threshold and ThresholdMetricId is needed."));
    }
    if input.get("Metrics").is_some() {
        let alone = ["MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Unit", "Dimensions"];
        return match alone.into_iter().find(|name| input.get(name).is_some()) {
            Some(name) => Err(invalid(format!("Metrics and {name} exclude each other."))),
            None => Ok(()),
        };
    }
    required(input, "MetricName")?;
    required(input, "Namespace")?;
    whole("Period").ok_or_else(|| missing("Period"))?;
    if input.get("Statistic").is_some() == input.get("ExtendedStatistic").is_some() {
        return Err(invalid("Exactly one of Statistic and ExtendedStatistic is needed."));
    }
    Ok(())
}

pub(super) fn describe(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let text = |name: &str| input.get(name).and_then(Value::as_str);
    let (names, types, prefix) = (texts(input, "AlarmNames"), texts(input, "AlarmTypes"), text("AlarmNamePrefix"));
    if !names.is_empty() && prefix.is_some() {
        return Err(invalid("AlarmNames and AlarmNamePrefix exclude each other."));
    }
    let state = text("StateValue").map(state).transpose()?;
    let acts = |alarm: &Alarm, prefix: &str| {
        let lists = ["OKActions", "AlarmActions", "InsufficientDataActions"];
        let actions = lists.into_iter().filter_map(|list| alarm.content.get(list)?.as_array()).flatten();
        actions.filter_map(Value::as_str).any(|action| action.starts_with(prefix))
    };
    let wanted = |alarm: &&Alarm| {
        (types.is_empty() || types.contains(&"MetricAlarm"))
            && (names.is_empty() || names.contains(&alarm.name.as_str()))
            && prefix.is_none_or(|prefix| alarm.name.starts_with(prefix))
            && state.is_none_or(|state| alarm.state == state)
            && text("ActionPrefix").is_none_or(|prefix| acts(alarm, prefix))
    };
    let alarms = world.alarms.values().filter(wanted).map(|alarm| description(world, alarm)).collect();
    let mut answer = listing("DescribeAlarms", input, "MetricAlarms", alarms)?;
    set(&mut answer, "CompositeAlarms", json!([]));
    Ok(answer)
}

fn description(world: &World, alarm: &Alarm) -> Value {
    let mut described = json!({
        "AlarmName": alarm.name,
        "AlarmArn": world.alarm_arn(&alarm.name),
        "AlarmConfigurationUpdatedTimestamp": epoch_seconds(alarm.configured),
        "ActionsEnabled": true, "OKActions": [], "AlarmActions": [], "InsufficientDataActions": [], "Dimensions": [],
        "StateValue": alarm.state.as_str(),
        "StateReason": alarm.reason,
        "StateReasonData": alarm.reason_data,
        "StateUpdatedTimestamp": epoch_seconds(alarm.updated),
        "StateTransitionedTimestamp": epoch_seconds(alarm.since),
    });
    for (name, value) in &alarm.content {
        set(&mut described, name, value.clone());
    }
    described
}

pub(super) fn set_state(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let (name, reason) = (required(input, "AlarmName")?, required(input, "StateReason")?);
    let state = state(required(input, "StateValue")?)?;
    let data = input.get("StateReasonData").and_then(Value::as_str);
    if data.is_some_and(|data| serde_json::from_str::<Value>(data).is_err()) {
        return Err(ApiError::bad("InvalidFormat", "StateReasonData is not JSON."));
    }
    find(world, name)?;
    world.set_alarm(name, state, reason.to_owned(), data.map(str::to_owned));
    Ok(json!({}))
}

/// All of them or, if one is unknown, none.
pub(super) fn delete(world: &mut World, input: &Value) -> Result<Value, ApiError> {
    let names = texts(input, "AlarmNames");
    if !(1..=100).contains(&names.len()) {
        return Err(invalid("AlarmNames must be from 1 to 100."));
    }
    names.iter().try_for_each(|name| find(world, name).map(|_| ()))?;
    world.alarms.retain(|name, _| !names.contains(&name.as_str()));
    Ok(json!({}))
}

fn state(text: &str) -> Result<AlarmState, ApiError> {
    AlarmState::parse(text).ok_or_else(|| invalid(format!("StateValue {text} is not OK, ALARM or INSUFFICIENT_DATA.")))
}

fn find<'w>(world: &'w World, name: &str) -> Result<&'w Alarm, ApiError> {
    let unknown = || ApiError::not_found("ResourceNotFound", format!("No alarm {name}."));
    world.alarms.get(name).ok_or_else(unknown)
}
