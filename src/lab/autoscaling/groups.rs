//! Auto Scaling groups and their instances, as Auto Scaling writes them. Knows not how a group keeps its size.

use jiff::SignedDuration;

use super::listing;
use crate::lab::{
    scenario::Group,
    wire::{
        error::ApiError,
        query::{Element, Form, maybe, members, text, texts},
        time::iso_millis,
    },
    world::{
        World,
        groups::Activity,
        instance::{Instance, InstanceState, Tags},
    },
};

/// How long before the lab was opened its groups were made.
const AGE: SignedDuration = SignedDuration::from_hours(30 * 24);

pub(super) fn describe(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let named = form.list("AutoScalingGroupNames.member");
    let filters = form.structures("Filters");
    if let Some(filter) = filters.iter().find(|filter| !is_known(filter.get("Name").unwrap_or_default())) {
        let name = filter.get("Name").unwrap_or_default();
        return Err(ApiError::bad("ValidationError", format!("Filter type {name} is not correct.")));
    }
    let groups = world.auto_scaling_groups().filter(|(place, _, name)| {
        (named.is_empty() || named.contains(&name.as_str()))
            && filters.iter().all(|filter| passes(filter, &world.group_tags(*place)))
    });
    let described = groups.map(|(place, group, name)| group_elements(world, place, group, &name));
    listing(form, "DescribeAutoScalingGroups", (50, 100), "AutoScalingGroups", described)
}

pub(super) fn describe_instances(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let named = form.list("InstanceIds.member");
    let mut found: Vec<(&Instance, String)> = Vec::new();
    for (place, _, name) in world.auto_scaling_groups() {
        found.extend(instances(world, place).map(|instance| (instance, name.clone())));
    }
    found.retain(|(instance, _)| named.is_empty() || named.contains(&instance.id.as_str()));
    let described = found.into_iter().map(|(instance, name)| {
        let own = [text("AutoScalingGroupName", name)];
        own.into_iter().chain(instance_elements(instance, ["HEALTHY", "UNHEALTHY"])).collect::<Vec<_>>()
    });
    listing(form, "DescribeAutoScalingInstances", (50, 50), "AutoScalingInstances", described)
}

/// The latest first.
pub(super) fn activities(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let (named, ids) = (form.get("AutoScalingGroupName"), form.list("ActivityIds.member"));
    let groups: Vec<_> = world.auto_scaling_groups().collect();
    if let Some(name) = named.filter(|name| !groups.iter().any(|(_, _, known)| known == name)) {
        let message = format!("AutoScalingGroup name not found - AutoScalingGroup '{name}' not found");
        return Err(ApiError::bad("ValidationError", message));
    }
    let mut found: Vec<(&Activity, String)> = Vec::new();
    for (place, _, name) in groups.into_iter().filter(|(_, _, name)| named.is_none_or(|named| named == name)) {
        let activities = world.groups.get(place).into_iter().flat_map(|group| group.activities.iter().rev());
        found.extend(activities.map(|activity| (activity, name.clone())));
    }
    found.retain(|(activity, _)| ids.is_empty() || ids.contains(&activity.id.as_str()));
    found.sort_by_key(|(activity, _)| std::cmp::Reverse(activity.start));
    let described = found.into_iter().map(|(activity, name)| activity_elements(world, activity, &name));
    listing(form, "DescribeScalingActivities", (100, 100), "Activities", described)
}

fn activity_elements(world: &World, activity: &Activity, group: &str) -> Vec<Element> {
    vec![
        text("ActivityId", &activity.id),
        text("AutoScalingGroupName", group),
        text("AutoScalingGroupARN", world.group_arn(group)),
        text("Description", &activity.description),
        text("Cause", &activity.cause),
        text("StartTime", iso_millis(activity.start)),
        text("StatusCode", activity.status),
        text("Progress", if activity.end.is_some() { "100" } else { "50" }),
        maybe("EndTime", activity.end.map(iso_millis)),
        maybe("StatusMessage", Some(&activity.message).filter(|message| !message.is_empty())),
    ]
}

/// What Auto Scaling still counts as the group's.
fn instances(world: &World, place: usize) -> impl Iterator<Item = &Instance> {
    let is_member = move |instance: &&Instance| {
        instance.group == Some(place) && !matches!(instance.state, InstanceState::Terminated | InstanceState::Stopped)
    };
    world.instances.iter().filter(is_member)
}

fn is_known(filter: &str) -> bool {
    ["tag-key", "tag-value"].contains(&filter) || filter.starts_with("tag:")
}

fn passes(filter: &Form, tags: &Tags) -> bool {
    let (name, values) = (filter.get("Name").unwrap_or_default(), filter.list("Values.member"));
    match name.strip_prefix("tag:") {
        Some(key) => tags.get(key).is_some_and(|value| values.contains(&&**value)),
        None if name == "tag-key" => tags.keys().any(|key| values.contains(&&**key)),
        None => tags.values().any(|value| values.contains(&&**value)),
    }
}

fn group_elements(world: &World, place: usize, group: &Group, name: &str) -> Vec<Element> {
    let created = world.opened.saturating_sub(AGE).unwrap_or(world.opened);
    let tags = world.group_tags(place).into_iter().map(|(key, value)| {
        vec![
            text("Key", &*key),
            text("Value", &*value),
            text("ResourceId", name),
            text("ResourceType", "auto-scaling-group"),
            text("PropagateAtLaunch", "true"),
        ]
    });
    let subnets: Vec<String> = group.zones.iter().filter_map(|zone| subnet(world, place, zone)).collect();
    vec![
        text("AutoScalingGroupName", name),
        text("AutoScalingGroupARN", world.group_arn(name)),
        text("MinSize", group.min.to_string()),
        text("MaxSize", group.max.to_string()),
        text("DesiredCapacity", group.count.to_string()),
        text("DefaultCooldown", "300"),
        texts("AvailabilityZones", &group.zones),
        text("VPCZoneIdentifier", subnets.join(",")),
        text("HealthCheckType", "EC2"),
        text("HealthCheckGracePeriod", "15"),
        members(
            "Instances",
            instances(world, place).map(|instance| instance_elements(instance, ["Healthy", "Unhealthy"])),
        ),
        text("CreatedTime", iso_millis(created)),
        members("Tags", tags),
        texts("TerminationPolicies", ["Default"]),
        text("NewInstancesProtectedFromScaleIn", "false"),
        text("CapacityRebalance", group.capacity_rebalancing.to_string()),
    ]
}

/// The subnet of the group's instances in a zone, if it has any there.
fn subnet(world: &World, place: usize, zone: &str) -> Option<String> {
    instances(world, place).find(|instance| *instance.zone == *zone).map(|instance| instance.subnet.to_string())
}

/// Auto Scaling's two descriptions spell health in two ways.
fn instance_elements(instance: &Instance, [healthy, unhealthy]: [&str; 2]) -> Vec<Element> {
    let (lifecycle, health) = match instance.state {
        InstanceState::Pending => ("Pending", healthy),
        InstanceState::Running => ("InService", healthy),
        _ => ("Terminating", unhealthy),
    };
    vec![
        text("InstanceId", &*instance.id),
        text("InstanceType", &*instance.instance_type),
        text("AvailabilityZone", &*instance.zone),
        text("LifecycleState", lifecycle),
        text("HealthStatus", health),
        text("ProtectedFromScaleIn", "false"),
    ]
}
