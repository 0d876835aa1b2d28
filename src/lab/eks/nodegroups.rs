//! Managed node groups: the scenario's, with how they fare. Knows not how a group launches its nodes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    cluster,
    clusters::{AGE, KUBERNETES},
    names, not_found,
};
use crate::lab::{
    scenario::{Group, GroupKind, Lifecycle},
    wire::{error::ApiError, rest_json::RestCall, time::epoch_seconds},
    world::World,
};

pub(super) fn list(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let cluster = cluster(world, call)?;
    let groups: BTreeSet<String> = of_cluster(world, cluster).map(|(_, group)| group.name.clone()).collect();
    names(call, "ListNodegroups", "nodegroups", groups.into_iter().collect())
}

pub(super) fn describe(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let cluster = cluster(world, call)?.to_owned();
    let name = call.labels().get(1).map_or("", String::as_str);
    let found = of_cluster(world, &cluster).find(|(_, group)| group.name == name);
    let (place, group) = found.ok_or_else(|| not_found(format!("No node group found for name: {name}.")))?;
    let auto_scaling = group.auto_scaling_group().unwrap_or_default();
    let created = epoch_seconds(world.opened.saturating_sub(AGE).unwrap_or(world.opened));
    let of_group = world.instances.iter().filter(|instance| instance.group == Some(place));
    let subnets: BTreeSet<String> = of_group.map(|instance| instance.subnet.to_string()).collect();
    let issues = issues(world, place, &auto_scaling);
    Ok(json!({ "nodegroup": {
        "nodegroupName": name,
        "nodegroupArn": world.arn("eks", &format!("nodegroup/{cluster}/{name}/{place:08x}")),
        "clusterName": cluster,
        "version": KUBERNETES,
        "createdAt": created,
        "modifiedAt": created,
        "status": if issues.is_empty() { "ACTIVE" } else { "DEGRADED" },
        "capacityType": match group.lifecycle {
            Lifecycle::Spot => "SPOT",
            Lifecycle::OnDemand => "ON_DEMAND",
        },
        "scalingConfig": { "minSize": group.min, "maxSize": group.max.max(1), "desiredSize": group.count },
        "instanceTypes": group.instance_types,
        "subnets": subnets,
        "amiType": "AL2023_x86_64_STANDARD",
        "nodeRole": format!("arn:aws:iam::{}:role/{cluster}-node", world.scenario.account),
        "labels": {},
        "resources": { "autoScalingGroups": [{ "name": auto_scaling }] },
        "diskSize": 20,
        "health": { "issues": issues },
        "updateConfig": { "maxUnavailable": 1 },
        "tags": group.tags.iter().map(|(key, value)| (key.clone(), value.clone().into())).collect::<serde_json::Map<_, Value>>(),
    } }))
}

fn of_cluster<'w>(world: &'w World, cluster: &str) -> impl Iterator<Item = (usize, &'w Group)> {
    let is_of_it =
        move |(_, group): &(usize, &Group)| group.kind == GroupKind::EksNodegroup && group.cluster == cluster;
    world.scenario.groups.iter().enumerate().filter(is_of_it)
}

/// What EKS reports as long as the group's latest launch has failed.
fn issues(world: &World, place: usize, group: &str) -> Vec<Value> {
    let activities = world.groups.get(place).map(|group| &group.activities);
    let latest = activities.into_iter().flatten().rev().find(|activity| activity.description.starts_with("Launching"));
    let failed = latest.filter(|activity| activity.status == "Failed");
    let issue = failed.map(
        |activity| json!({ "code": "AsgInstanceLaunchFailures", "message": activity.message, "resourceIds": [group] }),
    );
    issue.into_iter().collect()
}
