//! What FIS refuses in a request, before it makes anything. Knows nothing of the region's instances and groups.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde_json::Value;

use super::{actions, invalid, over_quota};
use crate::lab::{
    wire::error::ApiError,
    world::{
        World,
        template::{AUTO_SCALING_GROUP, Action, SPOT_INSTANCE, SPOT_INTERRUPTION, Selection, Target, TemplateContent},
    },
};

const ARNS_PER_TARGET: usize = 5;
const ACTIONS_PER_TEMPLATE: usize = 20;
const PARALLEL_ACTIONS: usize = 10;
const STOP_CONDITIONS: usize = 5;

type Checked = Result<(), ApiError>;

/// The client token, which every SDK fills in.
pub(super) fn client_token(body: &Value) -> Result<String, ApiError> {
    let token = body.get("clientToken").and_then(Value::as_str).filter(|token| !token.is_empty());
    let token = token.filter(|token| token.len() <= 1024 && !token.contains(char::is_whitespace));
    token.map(str::to_owned).ok_or_else(|| invalid("clientToken is missing or not valid."))
}

pub(super) fn tags(body: &Value) -> Result<BTreeMap<String, String>, ApiError> {
    let Some(tags) = body.get("tags").filter(|tags| !tags.is_null()) else { return Ok(BTreeMap::new()) };
    let tags: BTreeMap<String, String> =
        serde_json::from_value(tags.clone()).map_err(|error| invalid(error.to_string()))?;
    ensure(tags.len() <= 50, || "A resource has at most 50 tags.".to_owned())?;
    let fit = |(key, value): (&String, &String)| (1..=128).contains(&key.len()) && value.len() <= 256;
    ensure(tags.iter().all(fit), || "A tag's key has 1 to 128 characters, its value at most 256.".to_owned())?;
    ensure(!tags.keys().any(|key| key.starts_with("aws:")), || {
        "Tag keys beginning with aws: are reserved.".to_owned()
    })?;
    Ok(tags)
}

/// What FIS refuses in a template, whoever wants it made.
pub(in crate::lab) fn check(world: &World, content: &TemplateContent) -> Checked {
    template(content)?;
    exists(world, content)
}

fn template(content: &TemplateContent) -> Checked {
    ensure(content.description.len() <= 512, || "description has at most 512 characters.".to_owned())?;
    ensure((20..=2048).contains(&content.role_arn.len()) && content.role_arn.starts_with("arn:"), || {
        format!("roleArn {} is not the ARN of a role.", content.role_arn)
    })?;
    stop_conditions(content)?;
    options(content)?;
    log(content)?;
    if content.actions.len() > ACTIONS_PER_TEMPLATE {
        return Err(over_quota("A template has at most 20 actions."));
    }
    ensure(!content.actions.is_empty(), || "A template needs at least one action.".to_owned())?;
    content.targets.iter().try_for_each(|(name, given)| target(name, given))?;
    content.actions.iter().try_for_each(|(name, given)| action(name, given, content))?;
    starts(content)
}

fn stop_conditions(content: &TemplateContent) -> Checked {
    let conditions = &content.stop_conditions;
    ensure(!conditions.is_empty(), || "At least one stop condition is needed; its source may be none.".to_owned())?;
    if conditions.len() > STOP_CONDITIONS {
        return Err(over_quota("A template has at most 5 stop conditions."));
    }
    conditions.iter().try_for_each(|condition| match (condition.source.as_str(), &condition.value) {
        ("none", None) => Ok(()),
        ("aws:cloudwatch:alarm", Some(value)) if value.starts_with("arn:") => Ok(()),
        (source, _) => Err(invalid(format!("The stop condition with source {source} is not valid."))),
    })
}

fn options(content: &TemplateContent) -> Checked {
    let options = &content.experiment_options;
    let targeting = &options.account_targeting;
    ensure(targeting == "single-account", || {
        format!("accountTargeting {targeting} is not valid: the lab has one account.")
    })?;
    let mode = &options.empty_target_resolution_mode;
    ensure(["fail", "skip"].contains(&mode.as_str()), || format!("emptyTargetResolutionMode {mode} is not valid."))
}

/// The lab writes records of the current schema, to CloudWatch Logs alone.
fn log(content: &TemplateContent) -> Checked {
    let Some(log) = content.log_configuration.as_ref().and_then(Value::as_object) else { return Ok(()) };
    ensure(log.get("logSchemaVersion") == Some(&2.into()), || "logSchemaVersion must be 2.".to_owned())?;
    let strange = log.keys().find(|key| !["cloudWatchLogsConfiguration", "logSchemaVersion"].contains(&key.as_str()));
    if let Some(key) = strange {
        return Err(invalid(format!("The lab does not support {key} in logConfiguration.")));
    }
    let arn = log.get("cloudWatchLogsConfiguration").and_then(|to| to.get("logGroupArn")).and_then(Value::as_str);
    ensure(arn.is_some_and(|arn| arn.starts_with("arn:")), || "logGroupArn must be the ARN of a log group.".to_owned())
}

/// Refuses what names an alarm, a log group or a zone that is not there. AWS does not say when it looks; the lab does when
/// a template is made or changed, so that a drill does not fail later.
fn exists(world: &World, content: &TemplateContent) -> Checked {
    if let Some(action) = content.actions.values().find(|action| !actions::is_offered(world, &action.action_id)) {
        return Err(invalid(format!("Invalid action ID: {}", action.action_id)));
    }
    for alarm in content.stop_conditions.iter().filter_map(|condition| condition.value.as_ref()) {
        ensure(world.alarm_state(alarm).is_some(), || {
            format!("The alarm {alarm} of a stop condition does not exist.")
        })?;
    }
    let log = content.log_configuration.as_ref();
    let arn = log.and_then(|log| log.pointer("/cloudWatchLogsConfiguration/logGroupArn")).and_then(Value::as_str);
    if let Some(arn) = arn {
        let group = world.log_group_named(arn).and_then(|name| world.logs.get(&name));
        ensure(group.is_some(), || format!("The log group {arn} does not exist."))?;
    }
    let zones = content.actions.values().filter_map(|action| action.parameters.get("availabilityZoneIdentifiers"));
    match zones.flat_map(|zones| zones.split(',')).find(|name| world.zone_named(name).is_none()) {
        Some(unknown) => Err(invalid(format!("Invalid availability zone: {unknown}"))),
        None => Ok(()),
    }
}

fn target(name: &str, target: &Target) -> Checked {
    let Target { resource_type, resource_arns, resource_tags, filters, selection_mode, parameters } = target;
    name_is_valid(name)?;
    ensure(actions::knows_target_type(resource_type), || format!("Invalid resource type: {resource_type}"))?;
    ensure(resource_arns.len() <= ARNS_PER_TARGET, || {
        let found = resource_arns.len();
        format!("Target {name} has {found} resource ARNs, more than the {ARNS_PER_TARGET} that are allowed.")
    })?;
    ensure(resource_arns.is_empty() != resource_tags.is_empty(), || {
        format!("Target {name} must have either resource ARNs or resource tags.")
    })?;
    ensure(resource_arns.is_empty() || filters.is_empty(), || {
        format!("Target {name} cannot have both resource ARNs and filters.")
    })?;
    ensure(resource_type == SPOT_INSTANCE || filters.is_empty(), || {
        format!("The lab does not support filters for {resource_type}.")
    })?;
    let (beginning, middle) = match resource_type.as_str() {
        AUTO_SCALING_GROUP => ("arn:aws:autoscaling:", ":autoScalingGroupName/"),
        _ => ("arn:aws:ec2:", ":instance/i-"),
    };
    if let Some(arn) = resource_arns.iter().find(|arn| !arn.starts_with(beginning) || !arn.contains(middle)) {
        return Err(invalid(format!("Invalid resource ARN: {arn}")));
    }
    ensure(Selection::parse(selection_mode).is_some(), || format!("Invalid selection mode: {selection_mode}"))?;
    ensure(filters.iter().all(|filter| !filter.path.is_empty() && !filter.values.is_empty()), || {
        format!("Target {name} has a filter without a path or values.")
    })?;
    ensure(parameters.is_empty(), || format!("Target {name} takes no parameters."))
}

fn action(name: &str, action: &Action, content: &TemplateContent) -> Checked {
    name_is_valid(name)?;
    let known = actions::find(&action.action_id);
    let known = known.ok_or_else(|| invalid(format!("Invalid action ID: {}", action.action_id)))?;
    if let Some(key) = action.targets.keys().find(|key| known.target.is_none_or(|(wanted, _)| wanted != *key)) {
        return Err(invalid(format!("Unexpected target \"{key}\" found")));
    }
    if let Some((key, kind)) = known.target {
        let chosen = action.targets.get(key).ok_or_else(|| invalid(format!("Action {name} needs a target {key}.")))?;
        let unknown = || invalid(format!("Target {chosen} of action {name} is not in the template."));
        let target = content.targets.get(chosen).ok_or_else(unknown)?;
        ensure(target.resource_type == kind, || format!("Target {chosen} of action {name} is not of type {kind}."))?;
    }
    if let Some(strange) = action.parameters.keys().find(|key| known.parameters.iter().all(|one| one.name != *key)) {
        return Err(invalid(format!("Unexpected parameter \"{strange}\" found")));
    }
    let missing = known.parameters.iter().find(|one| one.required && !action.parameters.contains_key(one.name));
    if let Some(parameter) = missing {
        return Err(invalid(format!("Action {name} needs the parameter {}.", parameter.name)));
    }
    if let Some((key, _)) = action.parameters.iter().find(|(_, value)| value.contains(char::is_whitespace)) {
        return Err(invalid(format!("Action {name}: {key} must not have white space.")));
    }
    if let Some(unknown) = action.start_after.iter().find(|other| !content.actions.contains_key(*other)) {
        return Err(invalid(format!("Action {unknown}, after which {name} starts, is not in the template.")));
    }
    let percentage = action.parameters.get("percentage");
    let is_percentage = |text: &String| text.parse::<u8>().is_ok_and(|number| (1..=100).contains(&number));
    ensure(percentage.is_none_or(is_percentage), || format!("Action {name}: percentage must be from 1 to 100."))?;
    let (parameter, least, most) = match action.action_id.as_str() {
        SPOT_INTERRUPTION => {
            ("durationBeforeInterruption", SignedDuration::from_mins(2), SignedDuration::from_mins(15))
        }
        _ => ("duration", SignedDuration::from_mins(1), SignedDuration::from_hours(12)),
    };
    ensure(action.duration(parameter).is_some_and(|lasts| (least..=most).contains(&lasts)), || {
        format!("Action {name}: {parameter} must be an ISO 8601 duration from {least} to {most}.")
    })
}

/// Refuses actions that wait for each other, and too many that start together.
fn starts(content: &TemplateContent) -> Checked {
    let mut started: BTreeSet<&str> = BTreeSet::new();
    while started.len() < content.actions.len() {
        let ready = content.actions.iter().filter(|(name, action)| {
            !started.contains(name.as_str()) && action.start_after.iter().all(|other| started.contains(other.as_str()))
        });
        let ready: Vec<&str> = ready.map(|(name, _)| name.as_str()).collect();
        ensure(!ready.is_empty(), || "The actions wait for each other.".to_owned())?;
        if ready.len() > PARALLEL_ACTIONS {
            return Err(over_quota("A template has at most 10 parallel actions."));
        }
        started.extend(ready);
    }
    Ok(())
}

fn name_is_valid(name: &str) -> Checked {
    let valid = (1..=64).contains(&name.len()) && !name.contains(char::is_whitespace);
    ensure(valid, || format!("The name {name:?} has more than 64 characters, none, or white space."))
}

fn ensure(right: bool, message: impl FnOnce() -> String) -> Checked {
    if right { Ok(()) } else { Err(invalid(message())) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn arn(number: usize) -> String {
        format!("arn:aws:ec2:eu-west-1:000000000000:instance/i-0000000000000000{number}")
    }

    fn valid() -> Value {
        json!({
            "description": "drill",
            "stopConditions": [{ "source": "none" }],
            "roleArn": "arn:aws:iam::000000000000:role/fis",
            "targets": { "spot": {
                "resourceType": SPOT_INSTANCE, "resourceArns": [arn(1)], "selectionMode": "ALL",
            } },
            "actions": { "interrupt": {
                "actionId": SPOT_INTERRUPTION,
                "parameters": { "durationBeforeInterruption": "PT2M" },
                "targets": { "SpotInstances": "spot" },
            } },
        })
    }

    /// What a template says that has `value` at `place`.
    fn refusal(place: &str, value: Value) -> String {
        let mut content = valid();
        *content.pointer_mut(place).unwrap() = value;
        let content = serde_json::from_value(content).unwrap();
        template(&content)
            .map_or_else(|refusal| format!("{} {}", refusal.status.as_u16(), refusal.message), |()| "fine".into())
    }

    #[test]
    fn the_tutorials_template_is_fine() {
        assert_eq!(refusal("/description", json!("another")), "fine");
        for duration in ["PT2M", "PT135S", "PT15M"] {
            let place = "/actions/interrupt/parameters/durationBeforeInterruption";
            assert_eq!(refusal(place, json!(duration)), "fine", "{duration}");
        }
    }

    #[test]
    fn what_is_refused() {
        let six: Vec<_> = (1..=6).map(arn).collect();
        let target = json!({ "resourceType": SPOT_INSTANCE, "selectionMode": "ALL", "resourceArns": [arn(1)],
            "resourceTags": { "a": "b" } });
        let filtered = json!({ "resourceType": SPOT_INSTANCE, "selectionMode": "ALL", "resourceArns": [arn(1)],
            "filters": [{ "path": "State.Name", "values": ["running"] }] });
        let said = [
            refusal("/targets/spot/resourceArns", json!(six)),
            refusal("/targets/spot", target),
            refusal("/targets/spot", filtered),
            refusal("/targets/spot/selectionMode", json!("SOME")),
            refusal("/targets/spot/resourceType", json!("aws:ec2:instance")),
            refusal("/actions/interrupt/targets", json!({ "Instances": "spot" })),
            refusal("/actions/interrupt/targets", json!({ "SpotInstances": "other" })),
            refusal("/actions/interrupt/actionId", json!("aws:ec2:explode")),
            refusal("/actions/interrupt/parameters/durationBeforeInterruption", json!("PT1M")),
            refusal("/actions/interrupt/parameters/durationBeforeInterruption", json!("PT15M1S")),
            refusal("/stopConditions", json!([])),
            refusal("/roleArn", json!("role")),
        ];
        insta::assert_snapshot!(said.join("\n"), @r#"
        400 Target spot has 6 resource ARNs, more than the 5 that are allowed.
        400 Target spot must have either resource ARNs or resource tags.
        400 Target spot cannot have both resource ARNs and filters.
        400 Invalid selection mode: SOME
        400 Invalid resource type: aws:ec2:instance
        400 Unexpected target "Instances" found
        400 Target other of action interrupt is not in the template.
        400 Invalid action ID: aws:ec2:explode
        400 Action interrupt: durationBeforeInterruption must be an ISO 8601 duration from PT2M to PT15M.
        400 Action interrupt: durationBeforeInterruption must be an ISO 8601 duration from PT2M to PT15M.
        400 At least one stop condition is needed; its source may be none.
        400 roleArn role is not the ARN of a role.
        "#);
    }

    #[test]
    fn eleven_actions_at_once_are_too_many() {
        let mut content: TemplateContent = serde_json::from_value(valid()).unwrap();
        let action = content.actions.get("interrupt").unwrap().clone();
        content.actions = (0..11).map(|number| (format!("a{number}"), action.clone())).collect();
        assert_eq!(template(&content).unwrap_err().status.as_u16(), 402);
        content.actions.get_mut("a9").unwrap().start_after = vec!["a1".into()];
        assert_eq!(template(&content), Ok(()));
        content.actions.get_mut("a1").unwrap().start_after = vec!["a9".into()];
        assert_eq!(template(&content).unwrap_err().message, "The actions wait for each other.");
    }
}
