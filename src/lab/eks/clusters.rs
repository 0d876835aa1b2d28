//! The clusters of the scenario's groups. Knows no node.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{cluster, names};
use crate::lab::{
    wire::{error::ApiError, rest_json::RestCall, time::epoch_seconds},
    world::World,
};

/// How long before the lab was opened its clusters and node groups were made.
pub(super) const AGE: SignedDuration = SignedDuration::from_hours(30 * 24);

pub(super) const KUBERNETES: &str = "1.33";

pub(super) fn list(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let clusters: BTreeSet<&String> = world.scenario.groups.iter().map(|group| &group.cluster).collect();
    let clusters = clusters.into_iter().filter(|name| !name.is_empty()).cloned().collect();
    names(call, "ListClusters", "clusters", clusters)
}

/// The endpoint is a name that can never be resolved, for the lab has no Kubernetes API.
pub(super) fn describe(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let name = cluster(world, call)?;
    let subnets: BTreeSet<String> = world.instances.iter().map(|instance| instance.subnet.to_string()).collect();
    let vpc = world.instances.iter().next().map_or("", |instance| instance.vpc);
    Ok(json!({ "cluster": {
        "name": name,
        "arn": world.arn("eks", &format!("cluster/{name}")),
        "createdAt": epoch_seconds(world.opened.saturating_sub(AGE).unwrap_or(world.opened)),
        "version": KUBERNETES,
        "endpoint": format!("https://{name}.no-kubernetes-in-the-lab.invalid"),
        "roleArn": format!("arn:aws:iam::{}:role/{name}-cluster", world.scenario.account),
        "resourcesVpcConfig": {
            "subnetIds": subnets, "securityGroupIds": [], "vpcId": vpc,
            "endpointPublicAccess": true, "endpointPrivateAccess": false, "publicAccessCidrs": ["0.0.0.0/0"],
        },
        "kubernetesNetworkConfig": { "serviceIpv4Cidr": "172.20.0.0/16", "ipFamily": "ipv4" },
        "status": "ACTIVE",
        "platformVersion": "eks.1",
        "health": { "issues": [] },
        "tags": {},
    } }))
}
