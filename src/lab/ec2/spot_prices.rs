//! DescribeSpotPriceHistory. Knows not how prices come about.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Paging, combination, end_dry_run, filter::Filter, invalid};
use crate::lab::{
    wire::{
        error::ApiError,
        query::{Element, Form, text},
        time::iso_millis,
    },
    world::{World, instance::Tags, spot_price},
};

const FILTERS: &str = "availability-zone availability-zone-id instance-type product-description spot-price timestamp";
const PRODUCTS: [&str; 2] = ["Linux/UNIX", "Linux/UNIX (Amazon VPC)"];

/// A change of the price of a pool.
struct Change {
    at: Timestamp,
    price: String,
    instance_type: String,
    zone: String,
    zone_id: String,
}

/// The latest changes first. The one that stood when the window begins is in it.
pub(super) fn describe_spot_price_history(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let filters = Filter::all(form, FILTERS)?;
    let paging = Paging::of(form, "DescribeSpotPriceHistory", 1..=1_000)?;
    let now = world.now();
    let oldest = now.saturating_sub(spot_price::HISTORY).unwrap_or(now);
    let (from, to) = (time(form, "StartTime")?.unwrap_or(oldest).max(oldest), time(form, "EndTime")?.unwrap_or(now));
    let zones = zones(world, form)?;
    let types = types(world, form)?;
    end_dry_run(form)?;
    let products = form.list("ProductDescription");
    let is_linux = products.is_empty() || products.iter().any(|product| PRODUCTS.contains(product));
    let mut found = Vec::new();
    let pools = types.iter().flat_map(|instance_type| zones.iter().map(move |zone| (instance_type, zone)));
    for (pool, (instance_type, zone)) in pools.enumerate().filter(|_| is_linux) {
        for (at, price) in spot_price::spot_changes(world.seed, instance_type, zone, from, to.min(now)) {
            // Rises from the latest change to the earliest, whatever happens between two pages.
            let place = (i64::MAX - (at.as_second() << 20)) as u64 - pool as u64;
            let zone_id = world.zone_id(zone);
            let (instance_type, zone) = (instance_type.clone(), zone.clone());
            found.push((place, Change { at, price: format!("{price:.6}"), instance_type, zone, zone_id }));
        }
    }
    found.retain(|(_, change)| {
        filters.iter().all(|filter| filter.passes(&Tags::new(), |name| Some(change.attribute(name))))
    });
    found.sort_by_key(|(place, _)| *place);
    let found = found.into_iter().map(|(place, change)| (place, change.describe()));
    Ok(Paging { size: paging.size.min(1_000), ..paging }.listing("spotPriceHistorySet", found))
}

impl Change {
    fn attribute(&self, name: &str) -> std::borrow::Cow<'_, str> {
        match name {
            "availability-zone" => self.zone.as_str().into(),
            "availability-zone-id" => self.zone_id.as_str().into(),
            "instance-type" => self.instance_type.as_str().into(),
            "product-description" => PRODUCTS[0].into(),
            "spot-price" => self.price.as_str().into(),
            _ => iso_millis(self.at).into(),
        }
    }

    fn describe(&self) -> Vec<Element> {
        vec![
            text("instanceType", &self.instance_type),
            text("productDescription", PRODUCTS[0]),
            text("spotPrice", &self.price),
            text("timestamp", iso_millis(self.at)),
            text("availabilityZone", &self.zone),
            text("availabilityZoneId", &self.zone_id),
        ]
    }
}

fn time(form: &Form, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = form.get(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|_| invalid(format!("Invalid value '{text}' for {name}.")))
}

fn zones(world: &World, form: &Form) -> Result<Vec<String>, ApiError> {
    let zones = &world.scenario.zones;
    match (form.get("AvailabilityZone"), form.get("AvailabilityZoneId")) {
        (Some(_), Some(_)) => Err(combination("AvailabilityZone and AvailabilityZoneId cannot both be specified")),
        (None, None) => Ok(zones.clone()),
        (name, id) => {
            let is_it = |zone: &&String| name == Some(zone.as_str()) || id == Some(world.zone_id(zone).as_str());
            let unknown = || invalid(format!("Invalid availability zone: [{}]", name.or(id).unwrap_or_default()));
            Ok(vec![zones.iter().find(is_it).ok_or_else(unknown)?.clone()])
        }
    }
}

fn types(world: &World, form: &Form) -> Result<Vec<String>, ApiError> {
    let named = form.list("InstanceType");
    if let Some(unknown) = named.iter().find(|name| spot_price::on_demand(name).is_none()) {
        return Err(invalid(format!("Invalid value '{unknown}' for InstanceType.")));
    }
    let of_scenario = || world.scenario.groups.iter().flat_map(|group| group.instance_types.iter().cloned());
    let types: BTreeSet<String> = match named.as_slice() {
        [] => of_scenario().collect(),
        named => named.iter().map(|name| (*name).to_owned()).collect(),
    };
    Ok(types.into_iter().collect())
}
