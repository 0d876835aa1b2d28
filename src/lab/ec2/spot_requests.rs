//! DescribeSpotInstanceRequests. Knows not what the requests' instances go through.

use super::{Paging, check_ids, filter::Filter, tag_set};
use crate::lab::{
    wire::{
        error::ApiError,
        query::{Element, Form, element, set, text},
        time::iso_millis,
        token::page,
    },
    world::{World, instance::SpotRequest},
};

const FILTERS: &[&str] =
    &["instance-id", "launched-availability-zone", "spot-instance-request-id", "state", "status-code", "type"];

pub(super) fn describe_spot_instance_requests(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let ids = form.list("SpotInstanceRequestId");
    check_ids(&ids, "sir-", "InvalidSpotInstanceRequestID", "spot instance request", |id| {
        world.spot_requests.contains_key(id)
    })?;
    let filters = Filter::all(form, FILTERS)?;
    let paging = Paging::of(form, "DescribeSpotInstanceRequests")?;
    let wanted = |request: &&SpotRequest| {
        (ids.is_empty() || ids.contains(&request.id.as_str()))
            && filters.iter().all(|filter| filter.passes(&request.tags, |name| attribute(request, name)))
    };
    let mut found: Vec<_> = world.spot_requests.values().filter(wanted).collect();
    found.sort_by_key(|request| request.order);
    let places = found.into_iter().map(|request| (request.order, request));
    let page = page("DescribeSpotInstanceRequests", places, paging.token.as_ref(), paging.size);
    let requests = set("spotInstanceRequestSet", page.items.into_iter().map(describe));
    Ok(std::iter::once(requests).chain(page.next.map(|next| text("nextToken", next))).collect())
}

fn attribute<'r>(request: &'r SpotRequest, name: &str) -> Option<&'r str> {
    match name {
        "instance-id" => Some(&request.instance),
        "launched-availability-zone" => Some(&request.zone),
        "spot-instance-request-id" => Some(&request.id),
        "state" => Some(request.state),
        "status-code" => Some(request.status),
        "type" => Some(request_type(request)),
        _ => None,
    }
}

/// EC2 stops and hibernates only what was requested persistently.
fn request_type(request: &SpotRequest) -> &'static str {
    match request.behavior.as_str() {
        "terminate" => "one-time",
        _ => "persistent",
    }
}

fn describe(request: &SpotRequest) -> Vec<Element> {
    let status = vec![
        text("code", request.status),
        text("updateTime", iso_millis(request.updated)),
        text("message", request.message),
    ];
    let specification = vec![
        text("imageId", &request.image),
        text("instanceType", &request.instance_type),
        text("subnetId", &request.subnet),
    ];
    vec![
        text("spotInstanceRequestId", &request.id),
        text("spotPrice", "0.096000"),
        text("type", request_type(request)),
        text("state", request.state),
        element("status", status),
        element("launchSpecification", specification),
        text("instanceId", &request.instance),
        text("createTime", iso_millis(request.created)),
        text("productDescription", "Linux/UNIX"),
        text("launchedAvailabilityZone", &request.zone),
        text("instanceInterruptionBehavior", request.behavior.as_str()),
        tag_set(&request.tags),
    ]
}
