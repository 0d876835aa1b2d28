//! DescribeRegions and DescribeAvailabilityZones: the lab's one region and its zones. Knows no instance.

use super::{end_dry_run, filter::Filter, flag, invalid};
use crate::lab::{
    wire::{
        error::ApiError,
        query::{Element, Form, set, text},
    },
    world::{World, instance::Tags},
};

pub(super) fn describe_regions(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let region = &world.scenario.region;
    let named = form.list("RegionName");
    if let Some(unknown) = named.iter().find(|name| **name != region.as_str()) {
        return Err(invalid(format!("Invalid value '{unknown}' for region-names.")));
    }
    let filters = Filter::all(form, "endpoint opt-in-status region-name")?;
    // There is no other region, opted in or not.
    flag(form, "AllRegions")?;
    end_dry_run(form)?;
    let endpoint = format!("ec2.{region}.amazonaws.com");
    let attribute = |name: &str| match name {
        "endpoint" => Some(endpoint.as_str().into()),
        "opt-in-status" => Some("opt-in-not-required".into()),
        _ => Some(region.as_str().into()),
    };
    let wanted = filters.iter().all(|filter| filter.passes(&Tags::new(), attribute));
    let described = wanted.then(|| {
        vec![text("regionName", region), text("regionEndpoint", &endpoint), text("optInStatus", "opt-in-not-required")]
    });
    Ok(vec![set("regionInfo", described)])
}

pub(super) fn describe_availability_zones(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    const FILTERS: &str = "group-name opt-in-status region-name state zone-id zone-name zone-type";
    let filters = Filter::all(form, FILTERS)?;
    let named = form.list("ZoneName");
    if let Some(unknown) = named.iter().find(|name| !world.scenario.zones.iter().any(|zone| zone == **name)) {
        return Err(invalid(format!("Invalid availability zone: [{unknown}]")));
    }
    let ids = form.list("ZoneId");
    let is_known = |id: &str| world.scenario.zones.iter().any(|zone| world.zone_id(zone) == id);
    if let Some(unknown) = ids.iter().find(|id| !is_known(id)) {
        return Err(invalid(format!("Invalid availability zone-id: [{unknown}]")));
    }
    // Every zone of the lab's is one that needs no opting in, so there are no others to add.
    flag(form, "AllAvailabilityZones")?;
    end_dry_run(form)?;
    let region = &world.scenario.region;
    let wanted = |zone: &&String| {
        let id = world.zone_id(zone);
        let attribute = |name: &str| match name {
            "group-name" | "region-name" => Some(region.as_str().into()),
            "opt-in-status" => Some("opt-in-not-required".into()),
            "state" => Some("available".into()),
            "zone-id" => Some(id.clone().into()),
            "zone-type" => Some("availability-zone".into()),
            _ => Some(zone.as_str().into()),
        };
        (named.is_empty() || named.contains(&zone.as_str()))
            && (ids.is_empty() || ids.contains(&id.as_str()))
            && filters.iter().all(|filter| filter.passes(&Tags::new(), attribute))
    };
    let zones = world.scenario.zones.iter().filter(wanted).map(|zone| {
        vec![
            text("zoneName", zone),
            text("zoneState", "available"),
            text("regionName", region),
            text("zoneId", world.zone_id(zone)),
            text("groupName", region),
            text("networkBorderGroup", region),
            text("zoneType", "availability-zone"),
            text("optInStatus", "opt-in-not-required"),
            set("messageSet", []),
        ]
    });
    Ok(vec![set("availabilityZoneInfo", zones)])
}
