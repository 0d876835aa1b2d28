//! DescribeRegions and DescribeAvailabilityZones: the lab's one region and its zones. Knows no instance.

use super::filter::Filter;
use crate::lab::{
    wire::{
        error::ApiError,
        query::{Element, Form, set, text},
    },
    world::World,
};

pub(super) fn describe_regions(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let region = &world.scenario.region;
    let named = form.list("RegionName");
    if let Some(unknown) = named.iter().find(|name| **name != region.as_str()) {
        return Err(ApiError::bad("InvalidParameterValue", format!("Invalid value '{unknown}' for region-names.")));
    }
    let described = vec![
        text("regionName", region),
        text("regionEndpoint", format!("ec2.{region}.amazonaws.com")),
        text("optInStatus", "opt-in-not-required"),
    ];
    Ok(vec![set("regionInfo", [described])])
}

pub(super) fn describe_availability_zones(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let filters = Filter::all(form, &["region-name", "state", "zone-name"])?;
    let named = form.list("ZoneName");
    if let Some(unknown) = named.iter().find(|name| !world.scenario.zones.iter().any(|zone| zone == **name)) {
        return Err(ApiError::bad("InvalidParameterValue", format!("Invalid availability zone: [{unknown}]")));
    }
    let region = &world.scenario.region;
    let wanted = |zone: &&String| {
        let attribute = |name: &str| match name {
            "region-name" => Some(region.as_str()),
            "state" => Some("available"),
            _ => Some(zone.as_str()),
        };
        (named.is_empty() || named.contains(&zone.as_str()))
            && filters.iter().all(|filter| filter.passes(&std::collections::BTreeMap::new(), attribute))
    };
    let zones = world.scenario.zones.iter().filter(wanted).map(|zone| {
        vec![
            text("zoneName", zone),
            text("zoneState", "available"),
            text("regionName", region),
            text("zoneId", zone_id(world, zone)),
            text("groupName", region),
            text("networkBorderGroup", region),
            text("zoneType", "availability-zone"),
            text("optInStatus", "opt-in-not-required"),
            set("messageSet", []),
        ]
    });
    Ok(vec![set("availabilityZoneInfo", zones)])
}

/// `euw1-az2` for the second zone of `eu-west-1`.
pub(in crate::lab) fn zone_id(world: &World, zone: &str) -> String {
    let mut parts = world.scenario.region.split('-');
    let (area, side, number) = (parts.next(), parts.next(), parts.next());
    let letters: String = side.unwrap_or_default().chars().take(1).collect();
    let place = world.scenario.zones.iter().position(|other| other == zone).unwrap_or(0).saturating_add(1);
    format!("{}{letters}{}-az{place}", area.unwrap_or_default(), number.unwrap_or_default())
}
