//! What calls say of an instance before it is launched, as RunInstances, launch templates and fleets write it. Knows not
//! who launches it.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    combination, invalid,
    tags::{check_tags, tags_of},
    take_only,
};
use crate::lab::{
    scenario::Behavior,
    ssm,
    wire::{
        error::ApiError,
        query::{Element, Form, element, maybe, set, text},
        time::iso_millis,
    },
    world::{
        World,
        instance::Tags,
        launch::{Spot, subnet},
        launch_template::LaunchData,
        spot_price,
    },
};

/// Reads the members of LaunchTemplateData, which RunInstances has as inputs of its own.
pub(super) fn read(world: &World, form: &Form) -> Result<LaunchData, ApiError> {
    take_only(form, "Placement", &["AvailabilityZone"])?;
    let mut tags = tag_specifications(form, &["instance", "spot-instances-request"])?;
    Ok(LaunchData {
        image: form.get("ImageId").map(|id| image(world, id)).transpose()?,
        instance_type: form.get("InstanceType").map(instance_type).transpose()?,
        zone: zone(world, form.get("Placement.AvailabilityZone"), form.get("SubnetId"))?,
        spot: spot(form)?,
        tags: tags.remove("instance").unwrap_or_default(),
        request_tags: tags.remove("spot-instances-request").unwrap_or_default(),
    })
}

/// An id, or `resolve:ssm:` and a public parameter that names one.
pub(super) fn image(world: &World, id: &str) -> Result<Arc<str>, ApiError> {
    if let Some(name) = id.strip_prefix("resolve:ssm:") {
        let unknown = || invalid(format!("The SSM parameter {name} does not name an image."));
        return ssm::public_image(world, name).map(Into::into).ok_or_else(unknown);
    }
    let digits = id.strip_prefix("ami-").unwrap_or_default();
    if [8, 17].contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(id.into());
    }
    Err(ApiError::bad("InvalidAMIID.Malformed", format!("Invalid id: \"{id}\" (expecting \"ami-...\")")))
}

pub(super) fn instance_type(name: &str) -> Result<Arc<str>, ApiError> {
    match spot_price::on_demand(name) {
        Some(_) => Ok(name.into()),
        None => Err(invalid(format!("Invalid value '{name}' for InstanceType."))),
    }
}

/// The zone that is named, or that a subnet is in; both must agree.
pub(super) fn zone(world: &World, named: Option<&str>, of_subnet: Option<&str>) -> Result<Option<Arc<str>>, ApiError> {
    let zones = &world.scenario.zones;
    if let Some(unknown) = named.filter(|name| !zones.iter().any(|zone| zone == name)) {
        return Err(invalid(format!("Invalid availability zone: [{unknown}]")));
    }
    let Some(id) = of_subnet else { return Ok(named.map(Arc::from)) };
    let Some((_, zone)) = zones.iter().enumerate().find(|(place, _)| subnet(*place) == id) else {
        return Err(ApiError::bad("InvalidSubnetID.NotFound", format!("The subnet ID '{id}' does not exist")));
    };
    if named.is_some_and(|named| named != zone) {
        return Err(combination("The availability zone is not that of the subnet"));
    }
    Ok(Some(zone.as_str().into()))
}

fn spot(form: &Form) -> Result<Option<Spot>, ApiError> {
    take_only(form, "InstanceMarketOptions", &["MarketType", "SpotOptions"])?;
    let market = form.below("InstanceMarketOptions");
    match market.get("MarketType") {
        None if market.is_empty() => return Ok(None),
        Some("spot") => {}
        other => {
            return Err(invalid(format!("Invalid value '{}' for MarketType.", other.unwrap_or_default())));
        }
    }
    let members = ["InstanceInterruptionBehavior", "MaxPrice", "SpotInstanceType", "ValidUntil"];
    take_only(&market, "SpotOptions", &members)?;
    let options = market.below("SpotOptions");
    let behavior = behavior(options.get("InstanceInterruptionBehavior"))?;
    let persistent = match options.get("SpotInstanceType") {
        None | Some("one-time") => false,
        Some("persistent") => true,
        Some(other) => return Err(invalid(format!("Invalid value '{other}' for SpotInstanceType."))),
    };
    match (persistent, behavior) {
        (true, Behavior::Terminate) => {
            return Err(combination(
                "A persistent Spot request needs the instance interruption behavior 'hibernate' or 'stop'",
            ));
        }
        (false, Behavior::Stop | Behavior::Hibernate) => {
            let message =
                format!("The instance interruption behavior '{}' needs a persistent Spot request", behavior.as_str());
            return Err(combination(message));
        }
        _ => {}
    }
    let max_price = options.get("MaxPrice").map(price).transpose()?;
    let valid_until = options
        .get("ValidUntil")
        .map(|time| time.parse().map_err(|_| invalid(format!("Invalid value '{time}' for ValidUntil."))));
    let valid_until = valid_until.transpose()?;
    if valid_until.is_some() && !persistent {
        return Err(combination("ValidUntil is for persistent Spot requests only"));
    }
    Ok(Some(Spot { behavior, max_price, valid_until, tags: Tags::new() }))
}

pub(super) fn behavior(name: Option<&str>) -> Result<Behavior, ApiError> {
    match name {
        None | Some("terminate") => Ok(Behavior::Terminate),
        Some("stop") => Ok(Behavior::Stop),
        Some("hibernate") => Ok(Behavior::Hibernate),
        Some(other) => Err(invalid(format!("Invalid value '{other}' for InstanceInterruptionBehavior."))),
    }
}

/// A price in dollars an hour.
pub(super) fn price(text: &str) -> Result<Arc<str>, ApiError> {
    match text.parse::<f64>() {
        Ok(price) if price > 0.0 && price.is_finite() => Ok(text.into()),
        _ => Err(invalid(format!("Invalid value '{text}' for MaxPrice."))),
    }
}

/// Tags by the type of the resource that gets them.
pub(super) fn tag_specifications(
    form: &Form,
    types: &[&'static str],
) -> Result<BTreeMap<&'static str, Tags>, ApiError> {
    let mut specified = BTreeMap::new();
    for specification in form.structures("TagSpecification") {
        let named = specification.get("ResourceType").unwrap_or_default();
        let Some(kind) = types.iter().find(|kind| **kind == named) else {
            return Err(invalid(format!("'{named}' is not a valid taggable resource type for this operation.")));
        };
        let tags = tags_of(&specification);
        check_tags(&tags, 0)?;
        specified.insert(*kind, tags);
    }
    Ok(specified)
}

/// As DescribeLaunchTemplateVersions gives it back.
pub(super) fn describe(data: &LaunchData) -> Element {
    let mut described =
        vec![maybe("imageId", data.image.as_deref()), maybe("instanceType", data.instance_type.as_deref())];
    let placement = |zone: &Arc<str>| element("placement", vec![text("availabilityZone", &**zone)]);
    described.extend(data.zone.as_ref().map(placement));
    if let Some(spot) = &data.spot {
        let kind = if spot.behavior == Behavior::Terminate { "one-time" } else { "persistent" };
        let options = vec![
            text("spotInstanceType", kind),
            text("instanceInterruptionBehavior", spot.behavior.as_str()),
            maybe("maxPrice", spot.max_price.as_deref()),
            maybe("validUntil", spot.valid_until.map(iso_millis)),
        ];
        let market = vec![text("marketType", "spot"), element("spotOptions", options)];
        described.push(element("instanceMarketOptions", market));
    }
    let kinds = [("instance", &data.tags), ("spot-instances-request", &data.request_tags)];
    let specified = kinds.into_iter().filter(|(_, tags)| !tags.is_empty());
    let specified: Vec<_> =
        specified.map(|(kind, tags)| vec![text("resourceType", kind), super::tag_set(tags)]).collect();
    if !specified.is_empty() {
        described.push(set("tagSpecificationSet", specified));
    }
    element("launchTemplateData", described)
}
