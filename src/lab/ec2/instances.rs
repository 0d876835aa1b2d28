//! DescribeInstances. Knows not what happens to instances.

use super::{Paging, check_ids, filter::Filter, places::zone_id, tag_set};
use crate::lab::{
    scenario::Lifecycle,
    wire::{
        error::ApiError,
        query::{Element, Form, element, set, text},
        time::iso_millis,
        token::page,
    },
    world::{
        World,
        instance::{Instance, InstanceState},
    },
};

const FILTERS: &[&str] = &[
    "availability-zone",
    "instance-id",
    "instance-lifecycle",
    "instance-state-name",
    "instance-type",
    "private-dns-name",
    "spot-instance-request-id",
    "state-reason-code",
    "subnet-id",
    "vpc-id",
];

/// Pages count instances, so a reservation may be continued on the next one.
pub(super) fn describe_instances(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let ids = form.list("InstanceId");
    if !ids.is_empty() && form.get("MaxResults").is_some() {
        let message = "The parameter instancesSet cannot be used with the parameter maxResults";
        return Err(ApiError::bad("InvalidParameterCombination", message));
    }
    check_ids(&ids, "i-", "InvalidInstanceID", "instance", |id| world.instances.get(id).is_some())?;
    let filters = Filter::all(form, FILTERS)?;
    let paging = Paging::of(form, "DescribeInstances")?;
    let wanted = |instance: &&Instance| {
        (ids.is_empty() || ids.contains(&instance.id.as_str()))
            && filters.iter().all(|filter| filter.passes(&instance.tags, |name| attribute(instance, name)))
    };
    let after = paging.token.as_ref().map_or(0, |token| token.after);
    let places = world.instances.after(after).filter(wanted).map(|instance| (instance.order, instance));
    let page = page("DescribeInstances", places, paging.token.as_ref(), paging.size);
    let reservations = page.items.chunk_by(|one, other| one.reservation == other.reservation);
    let reservations = set("reservationSet", reservations.map(|instances| reservation(world, instances)));
    Ok(std::iter::once(reservations).chain(page.next.map(|next| text("nextToken", next))).collect())
}

fn attribute<'i>(instance: &'i Instance, name: &str) -> Option<&'i str> {
    match name {
        "availability-zone" => Some(&instance.zone),
        "instance-id" => Some(&instance.id),
        "instance-lifecycle" => (instance.lifecycle == Lifecycle::Spot).then_some("spot"),
        "instance-state-name" => Some(instance.state.as_str()),
        "instance-type" => Some(&instance.instance_type),
        "private-dns-name" => Some(&instance.private_dns),
        "spot-instance-request-id" => instance.spot_request.as_deref(),
        "state-reason-code" => instance.state_reason.map(|(code, _)| code),
        "subnet-id" => Some(&instance.subnet),
        "vpc-id" => Some(&instance.vpc),
        _ => None,
    }
}

fn reservation(world: &World, instances: &[&Instance]) -> Vec<Element> {
    let id = instances.first().map(|instance| instance.reservation.as_str()).unwrap_or_default();
    vec![
        text("reservationId", id),
        text("ownerId", &world.scenario.account),
        set("groupSet", []),
        set("instancesSet", instances.iter().map(|instance| describe(world, instance))),
    ]
}

fn describe(world: &World, instance: &Instance) -> Vec<Element> {
    let state = vec![text("code", instance.state.code().to_string()), text("name", instance.state.as_str())];
    // What is terminated has lost its place in the network.
    let gone = instance.state == InstanceState::Terminated;
    let placement = vec![
        text("availabilityZone", &instance.zone),
        text("availabilityZoneId", zone_id(world, &instance.zone)),
        text("groupName", ""),
        text("tenancy", "default"),
    ];
    let mut described = vec![
        text("instanceId", &instance.id),
        text("imageId", &instance.image),
        element("instanceState", state),
        text("privateDnsName", if gone { "" } else { &instance.private_dns }),
        text("dnsName", ""),
        text("reason", &instance.transition_reason),
        text("amiLaunchIndex", "0"),
        text("instanceType", &instance.instance_type),
        text("launchTime", iso_millis(instance.launched)),
        element("placement", placement),
        element("monitoring", vec![text("state", "disabled")]),
    ];
    if !gone {
        described.extend([
            text("subnetId", &instance.subnet),
            text("vpcId", &instance.vpc),
            text("privateIpAddress", &instance.private_ip),
        ]);
    }
    if let Some((code, message)) = instance.state_reason {
        described.push(element("stateReason", vec![text("code", code), text("message", message)]));
    }
    described.extend([
        text("architecture", "x86_64"),
        text("rootDeviceType", "ebs"),
        text("rootDeviceName", "/dev/xvda"),
    ]);
    described.push(text("virtualizationType", "hvm"));
    if let Some(request) = &instance.spot_request {
        described.extend([text("instanceLifecycle", "spot"), text("spotInstanceRequestId", request)]);
    }
    described.push(tag_set(&instance.tags));
    described.push(text("platformDetails", "Linux/UNIX"));
    described
}
