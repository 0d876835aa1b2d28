//! DescribeSpotInstanceRequests. Knows not what the requests' instances go through.

use std::borrow::Cow;

use super::{Paging, check_ids, end_dry_run, filter::Filter, tag_set};
use crate::lab::{
    wire::{
        error::ApiError,
        query::{Element, Form, element, maybe, text},
        time::iso_millis,
    },
    world::{World, instance::SpotRequest, spot_price},
};

pub(super) const FILTERS: &str = "create-time instance-id launch.image-id launch.instance-type \
    launched-availability-zone launched-availability-zone-id product-description spot-instance-request-id \
    spot-price state status-code status-message type valid-until";

pub(super) fn describe_spot_instance_requests(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let ids = form.list("SpotInstanceRequestId");
    check_requests(world, &ids)?;
    let filters = Filter::all(form, FILTERS)?;
    let paging = Paging::of(form, "DescribeSpotInstanceRequests", 5..=1_000)?;
    end_dry_run(form)?;
    let wanted = |request: &&SpotRequest| {
        filters.iter().all(|filter| filter.passes(&request.tags, |name| attribute(world, request, name)))
    };
    let places = world
        .shown_spot_requests()
        .some(&ids, paging.after())
        .filter(wanted)
        .map(|request| (request.order, describe(world, request)));
    Ok(paging.listing("spotInstanceRequestSet", places))
}

/// Refuses ids of spot requests that are not written as such, or that EC2 does not show.
pub(super) fn check_requests(world: &World, ids: &[&str]) -> Result<(), ApiError> {
    let exists = |id: &str| world.shown_spot_requests().get(id).is_some();
    check_ids(ids, "sir-", "InvalidSpotInstanceRequestID", "spot instance request", exists)
}

fn attribute<'r>(world: &World, request: &'r SpotRequest, name: &str) -> Option<Cow<'r, str>> {
    let text: &str = match name {
        "create-time" => return Some(iso_millis(request.created).into()),
        "instance-id" => request.instance.as_deref()?,
        "launch.image-id" => &request.image,
        "launch.instance-type" => &request.instance_type,
        "launched-availability-zone" => request.instance.as_ref().map(|_| &*request.zone)?,
        "launched-availability-zone-id" => {
            return request.instance.as_ref().map(|_| world.zone_id(&request.zone).into());
        }
        "product-description" => "Linux/UNIX",
        "spot-instance-request-id" => &request.id,
        "spot-price" => return Some(price(request).into()),
        "state" => request.state,
        "status-code" => request.status,
        "status-message" => request.message,
        "type" => request_type(request),
        "valid-until" => return request.valid_until.map(|time| iso_millis(time).into()),
        _ => return None,
    };
    Some(text.into())
}

fn request_type(request: &SpotRequest) -> &'static str {
    if request.is_persistent() { "persistent" } else { "one-time" }
}

/// The most that is paid: what was asked for, or the on-demand price.
fn price(request: &SpotRequest) -> String {
    let asked = request.max_price.as_ref().and_then(|price| price.parse().ok());
    format!("{:.6}", asked.or_else(|| spot_price::on_demand(&request.instance_type)).unwrap_or_default())
}

fn describe(world: &World, request: &SpotRequest) -> Vec<Element> {
    let status = vec![
        text("code", request.status),
        text("updateTime", iso_millis(request.updated)),
        text("message", request.message),
    ];
    let specification = vec![
        text("imageId", &*request.image),
        text("instanceType", &*request.instance_type),
        element("placement", vec![text("availabilityZone", &*request.zone)]),
        text("subnetId", &*request.subnet),
    ];
    let instance = request.instance.as_ref();
    vec![
        text("spotInstanceRequestId", &request.id),
        text("spotPrice", price(request)),
        text("type", request_type(request)),
        text("state", request.state),
        element("status", status),
        element("launchSpecification", specification),
        text("createTime", iso_millis(request.created)),
        text("productDescription", "Linux/UNIX"),
        text("instanceInterruptionBehavior", request.behavior.as_str()),
        tag_set(&request.tags),
        maybe("instanceId", instance),
        maybe("launchedAvailabilityZone", instance.map(|_| &*request.zone)),
        maybe("launchedAvailabilityZoneId", instance.map(|_| world.zone_id(&request.zone))),
        maybe("validUntil", request.valid_until.map(iso_millis)),
    ]
}
