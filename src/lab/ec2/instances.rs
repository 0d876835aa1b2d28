//! DescribeInstances. Knows not what happens to instances.

use std::borrow::Cow;

use super::{Paging, check_ids, combination, end_dry_run, filter::Filter, tag_set};
use crate::lab::{
    scenario::Lifecycle,
    wire::{
        error::ApiError,
        query::{Element, Form, element, maybe, set, text},
        time::iso_millis,
    },
    world::{
        World,
        instance::{Instance, InstanceState},
    },
};

const ARCHITECTURE: &str = "x86_64";

pub(super) const FILTERS: &str = "architecture availability-zone availability-zone-id client-token dns-name image-id instance-id \
    instance-lifecycle instance-state-code instance-state-name instance-type launch-index launch-time \
    monitoring-state owner-id platform-details private-dns-name private-ip-address reason reservation-id \
    root-device-name root-device-type spot-instance-request-id state-reason-code state-reason-message \
    subnet-id tenancy virtualization-type vpc-id";

/// Pages count instances, so a reservation may be continued on the next one.
pub(super) fn describe_instances(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let ids = form.list("InstanceId");
    if !ids.is_empty() && form.get("MaxResults").is_some() {
        return Err(combination("The parameter instancesSet cannot be used with the parameter maxResults"));
    }
    check_instances(world, &ids)?;
    let filters = Filter::all(form, FILTERS)?;
    let paging = Paging::of(form, "DescribeInstances", 5..=1_000)?;
    end_dry_run(form)?;
    let wanted = |instance: &&Instance| {
        filters.iter().all(|filter| filter.passes(&instance.tags, |name| attribute(world, instance, name)))
    };
    let places =
        world.shown_instances().some(&ids, paging.after()).filter(wanted).map(|instance| (instance.order, instance));
    let page = paging.page(places);
    let reservations = page.items.chunk_by(|one, other| one.reservation == other.reservation);
    let reservations = set("reservationSet", reservations.map(|instances| reservation(world, instances)));
    Ok(vec![reservations, maybe("nextToken", page.next)])
}

/// Refuses ids of instances that are not written as such, or that EC2 does not show.
pub(super) fn check_instances(world: &World, ids: &[&str]) -> Result<(), ApiError> {
    check_ids(ids, "i-", "InvalidInstanceID", "instance", |id| world.shown_instances().get(id).is_some())
}

/// What a filter of this name looks at; none where the instance has no such thing.
pub(super) fn attribute<'i>(world: &'i World, instance: &'i Instance, name: &str) -> Option<Cow<'i, str>> {
    let text: &str = match name {
        "architecture" => ARCHITECTURE,
        "availability-zone" => &instance.zone,
        "availability-zone-id" => return Some(world.zone_id(&instance.zone).into()),
        "client-token" => instance.client_token.as_deref()?,
        "dns-name" => "",
        "image-id" => &instance.image,
        "instance-id" => &instance.id,
        "instance-lifecycle" => (instance.lifecycle == Lifecycle::Spot).then_some("spot")?,
        "instance-state-code" => return Some(instance.state.code().to_string().into()),
        "instance-state-name" => instance.state.as_str(),
        "instance-type" => &instance.instance_type,
        "launch-index" => return Some(instance.launch_index.to_string().into()),
        "launch-time" => return Some(iso_millis(instance.launched).into()),
        "monitoring-state" => "disabled",
        "owner-id" => &world.scenario.account,
        "platform-details" => "Linux/UNIX",
        "private-dns-name" => return Some(instance.private_dns(&world.scenario.region).into()),
        "private-ip-address" => return Some(instance.private_ip.to_string().into()),
        "reason" => &instance.transition_reason,
        "reservation-id" => &instance.reservation,
        "root-device-name" => "/dev/xvda",
        "root-device-type" => "ebs",
        "spot-instance-request-id" => instance.spot_request.as_deref()?,
        "state-reason-code" => instance.state_reason?.0,
        "state-reason-message" => instance.state_reason?.1,
        "subnet-id" => &instance.subnet,
        "tenancy" => "default",
        "virtualization-type" => "hvm",
        "vpc-id" => instance.vpc,
        _ => return None,
    };
    Some(text.into())
}

pub(super) fn reservation(world: &World, instances: &[&Instance]) -> Vec<Element> {
    let id = instances.first().map(|instance| &*instance.reservation).unwrap_or_default();
    vec![
        text("reservationId", id),
        text("ownerId", &world.scenario.account),
        set("groupSet", []),
        set("instancesSet", instances.iter().map(|instance| describe(world, instance))),
    ]
}

fn describe(world: &World, instance: &Instance) -> Vec<Element> {
    // What is terminated has lost its place in the network.
    let gone = instance.state == InstanceState::Terminated;
    let placement = vec![
        text("availabilityZone", &*instance.zone),
        text("availabilityZoneId", world.zone_id(&instance.zone)),
        text("groupName", ""),
        text("tenancy", "default"),
    ];
    let there = (!gone).then_some(instance);
    let reason = |(code, message)| element("stateReason", vec![text("code", code), text("message", message)]);
    let mut described = vec![
        text("instanceId", &instance.id),
        text("imageId", &*instance.image),
        state("instanceState", instance.state),
        text("privateDnsName", there.map(|_| instance.private_dns(&world.scenario.region)).unwrap_or_default()),
        text("dnsName", ""),
        text("reason", &instance.transition_reason),
        text("amiLaunchIndex", instance.launch_index.to_string()),
        text("instanceType", &*instance.instance_type),
        text("launchTime", iso_millis(instance.launched)),
        element("placement", placement),
        element("monitoring", vec![text("state", "disabled")]),
        maybe("subnetId", there.map(|_| &*instance.subnet)),
        maybe("vpcId", there.map(|_| instance.vpc)),
        maybe("privateIpAddress", there.map(|_| instance.private_ip.to_string())),
        text("architecture", ARCHITECTURE),
        text("rootDeviceType", "ebs"),
        text("rootDeviceName", "/dev/xvda"),
        text("virtualizationType", "hvm"),
        maybe("clientToken", instance.client_token.as_deref()),
        maybe("instanceLifecycle", instance.spot_request.as_ref().map(|_| "spot")),
        maybe("spotInstanceRequestId", instance.spot_request.as_ref()),
        tag_set(&instance.tags),
        text("platformDetails", "Linux/UNIX"),
    ];
    described.extend(instance.state_reason.map(reason));
    described
}

/// A state with its number.
pub(super) fn state(name: &'static str, state: InstanceState) -> Element {
    element(name, vec![text("code", state.code().to_string()), text("name", state.as_str())])
}
