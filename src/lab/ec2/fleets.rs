//! CreateFleet, for fleets of type instant, and DeleteFleets. Knows not what becomes of what they launch.

use super::{
    changes::no_capacity,
    end_dry_run, flag, invalid, launch_data,
    launch_templates::{called, launched_by},
    made_before, missing, remember,
    run::launches,
    take_only,
};
use crate::lab::{
    scenario::Behavior,
    wire::{
        error::ApiError,
        query::{Element, Form, element, maybe, set, text},
    },
    world::{
        World,
        instance::Tags,
        launch::{Launch, Spot},
        launch_template::{Fleet, LaunchData},
        spot_price,
    },
};

/// How many instances one fleet may launch at once.
const MOST: u32 = 1_000;

const SPOT_STRATEGIES: &str =
    "lowest-price diversified capacity-optimized capacity-optimized-prioritized price-capacity-optimized";

const OVERRIDES: [&str; 6] = ["AvailabilityZone", "ImageId", "InstanceType", "MaxPrice", "Priority", "SubnetId"];

/// A pool that a fleet may launch from, and which override it comes from.
#[derive(Clone)]
struct Pool {
    template: String,
    version: u64,
    priority: f64,
    launch: Launch,
}

/// What a fleet is to have of one lifecycle.
struct Wish {
    spot: bool,
    number: u32,
    strategy: String,
}

pub(super) fn create_fleet(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    if form.get("Type") != Some("instant") {
        return Err(ApiError::bad(
            "UnsupportedOperation",
            "Fleets of a type other than instant are not supported here",
        ));
    }
    let wishes = wishes(form)?;
    let behavior = launch_data::behavior(form.get("SpotOptions.InstanceInterruptionBehavior"))?;
    let mut tags = launch_data::tag_specifications(form, &["fleet", "instance"])?;
    let instance_tags = tags.remove("instance").unwrap_or_default();
    let pools = pools(world, form)?;
    end_dry_run(form)?;
    if let Some(id) = made_before(world, form)? {
        return Ok(vec![text("fleetId", id), set("errorSet", []), set("fleetInstanceSet", [])]);
    }
    let mut fleet = Fleet {
        id: format!("fleet-{}", world.session_id()),
        instances: Vec::new(),
        tags: tags.remove("fleet").unwrap_or_default(),
    };
    let (mut errors, mut launched) = (Vec::new(), Vec::new());
    for wish in wishes.iter().filter(|wish| wish.number > 0) {
        let mut pools = pools.clone();
        for pool in &mut pools {
            let request = Spot { behavior, max_price: None, valid_until: None, tags: Tags::new() };
            pool.launch.spot = wish.spot.then(|| pool.launch.spot.clone().unwrap_or(request));
            pool.launch.tags.extend(instance_tags.clone());
            pool.launch.tags.insert("aws:ec2:fleet-id".into(), fleet.id.as_str().into());
        }
        in_order(world, wish, &mut pools);
        for (pool, instances) in fill(world, wish, pools, &mut errors) {
            launched.push(describe(&pool, wish.spot, &instances));
            fleet.instances.extend(instances);
        }
    }
    let answer = vec![text("fleetId", &fleet.id), set("errorSet", errors), set("fleetInstanceSet", launched)];
    remember(world, form, &fleet.id);
    world.fleets.insert(fleet.id.clone(), fleet);
    Ok(answer)
}

/// An instant fleet goes with its instances or not at all.
pub(super) fn delete_fleets(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let ids = form.list("FleetId");
    if ids.is_empty() {
        return Err(missing("FleetId"));
    }
    form.get("TerminateInstances").ok_or_else(|| missing("TerminateInstances"))?;
    let terminate = flag(form, "TerminateInstances")?;
    end_dry_run(form)?;
    let (mut deleted, mut failed) = (Vec::new(), Vec::new());
    for id in ids {
        let refusal = match world.fleets.get(id) {
            Some(_) if terminate => None,
            Some(_) => Some(("fleetNotInDeletableState", "An instant fleet is deleted with its instances only")),
            None => Some(("fleetIdDoesNotExist", "The fleet ID does not exist")),
        };
        if let Some((code, message)) = refusal {
            let error = element("error", vec![text("code", code), text("message", message)]);
            failed.push(vec![error, text("fleetId", id)]);
            continue;
        }
        for instance in world.fleets.remove(id).into_iter().flat_map(|fleet| fleet.instances) {
            world.terminate(&instance);
        }
        deleted.push(vec![
            text("currentFleetState", "deleted_terminating"),
            text("previousFleetState", "active"),
            text("fleetId", id),
        ]);
    }
    Ok(vec![set("successfulFleetDeletionSet", deleted), set("unsuccessfulFleetDeletionSet", failed)])
}

fn wishes(form: &Form) -> Result<[Wish; 2], ApiError> {
    let members = ["TotalTargetCapacity", "OnDemandTargetCapacity", "SpotTargetCapacity", "DefaultTargetCapacityType"];
    take_only(form, "TargetCapacitySpecification", &members)?;
    take_only(form, "SpotOptions", &["AllocationStrategy", "InstanceInterruptionBehavior"])?;
    take_only(form, "OnDemandOptions", &["AllocationStrategy"])?;
    let capacity = form.below("TargetCapacitySpecification");
    let number = |name: &str| match capacity.get(name) {
        None => Ok(None),
        Some(text) => text.parse::<u32>().map(Some).map_err(|_| invalid(format!("Invalid value '{text}' for {name}."))),
    };
    let total = number("TotalTargetCapacity")?.ok_or_else(|| missing("TotalTargetCapacity"))?;
    let (mut on_demand, mut spot) = (number("OnDemandTargetCapacity")?, number("SpotTargetCapacity")?);
    match capacity.get("DefaultTargetCapacityType") {
        None | Some("on-demand") => on_demand = on_demand.or(Some(total.saturating_sub(spot.unwrap_or(0)))),
        Some("spot") => spot = spot.or(Some(total.saturating_sub(on_demand.unwrap_or(0)))),
        Some(other) => return Err(invalid(format!("Invalid value '{other}' for DefaultTargetCapacityType."))),
    }
    let (on_demand, spot) = (on_demand.unwrap_or(0), spot.unwrap_or(0));
    if on_demand.saturating_add(spot) != total || total > MOST {
        let message = format!(
            "The on-demand and spot target capacities must add up to the total of {total}, which may be {MOST} at most"
        );
        return Err(invalid(message));
    }
    let strategy = |options: &str, known: &str| match form.get(&format!("{options}.AllocationStrategy")) {
        None => Ok("lowest-price".to_owned()),
        Some(named) if known.split(' ').any(|known| known == named) => Ok(named.to_owned()),
        Some(other) => Err(invalid(format!("Invalid value '{other}' for AllocationStrategy."))),
    };
    Ok([
        Wish { spot: false, number: on_demand, strategy: strategy("OnDemandOptions", "lowest-price prioritized")? },
        Wish { spot: true, number: spot, strategy: strategy("SpotOptions", SPOT_STRATEGIES)? },
    ])
}

/// Every pool that the configurations name: an override without a zone means a pool in each.
fn pools(world: &mut World, form: &Form) -> Result<Vec<Pool>, ApiError> {
    let mut pools = Vec::new();
    for config in form.structures("LaunchTemplateConfigs") {
        take_only(&config, "LaunchTemplateSpecification", &["LaunchTemplateId", "LaunchTemplateName", "Version"])?;
        let named = config.below("LaunchTemplateSpecification");
        let template = called(world, &named)?;
        let version = launched_by(template, &named)?.clone();
        let template = template.id.clone();
        let mut overrides = config.structures("Overrides");
        if overrides.is_empty() {
            overrides.push(Form::default());
        }
        for (number, one) in (1..).zip(overrides) {
            take_only(&config, &format!("Overrides.{number}"), &OVERRIDES)?;
            let own = LaunchData {
                image: one.get("ImageId").map(|id| launch_data::image(world, id)).transpose()?,
                instance_type: one.get("InstanceType").map(launch_data::instance_type).transpose()?,
                zone: launch_data::zone(world, one.get("AvailabilityZone"), one.get("SubnetId"))?,
                ..LaunchData::default()
            };
            let max_price = one.get("MaxPrice").map(launch_data::price).transpose()?;
            let priority = one.get("Priority").and_then(|text| text.parse().ok()).unwrap_or(f64::MAX);
            let mut data = own.or(&version.data);
            if let Some(price) = max_price {
                let spot =
                    Spot { behavior: Behavior::Terminate, max_price: None, valid_until: None, tags: Tags::new() };
                data.spot = Some(Spot { max_price: Some(price), ..data.spot.unwrap_or(spot) });
            }
            data.tags.insert("aws:ec2launchtemplate:id".into(), template.as_str().into());
            data.tags.insert("aws:ec2launchtemplate:version".into(), version.number.to_string().into());
            let of_override = launches(world, &data)?.into_iter();
            pools.extend(of_override.map(|launch| Pool {
                template: template.clone(),
                version: version.number,
                priority,
                launch,
            }));
        }
    }
    if pools.is_empty() { Err(missing("LaunchTemplateConfigs")) } else { Ok(pools) }
}

/// Sorts pools as the strategy prefers them. The lab's pools are all equally deep, so that strategies by capacity alone
/// take them as they are given.
fn in_order(world: &World, wish: &Wish, pools: &mut [Pool]) {
    let price = |pool: &Pool| {
        let Launch { instance_type, zone, .. } = &pool.launch;
        let spot = spot_price::spot(world.seed, instance_type, zone, world.now());
        if wish.spot { spot } else { spot_price::on_demand(instance_type) }.unwrap_or(f64::MAX)
    };
    match wish.strategy.as_str() {
        "lowest-price" | "price-capacity-optimized" => pools.sort_by(|one, other| price(one).total_cmp(&price(other))),
        "prioritized" | "capacity-optimized-prioritized" => {
            pools.sort_by(|one, other| one.priority.total_cmp(&other.priority));
        }
        _ => {}
    }
}

/// Launches from the first pool that has capacity, or from all of them in turn if they are to be diverse. A pool that
/// has none is an error of the answer.
fn fill(world: &mut World, wish: &Wish, pools: Vec<Pool>, errors: &mut Vec<Vec<Element>>) -> Vec<(Pool, Vec<String>)> {
    let mut good = Vec::new();
    for pool in pools {
        if world.has_capacity(&pool.launch) {
            good.push((pool, Vec::new()));
            if wish.strategy != "diversified" {
                break;
            }
            continue;
        }
        let refusal = no_capacity(&pool.launch.instance_type, &pool.launch.zone, wish.spot);
        let mut error = from(&pool, wish.spot);
        error.extend([text("errorCode", refusal.code), text("errorMessage", refusal.message)]);
        errors.push(error);
    }
    let mut batch = world.batch();
    let pools = good.len().max(1);
    for nth in 0..wish.number as usize {
        if let Some((pool, instances)) = good.get_mut(nth % pools) {
            instances.extend(world.launch(&pool.launch, &mut batch));
        }
    }
    good.retain(|(_, instances)| !instances.is_empty());
    good
}

fn from(pool: &Pool, spot: bool) -> Vec<Element> {
    let template = vec![text("launchTemplateId", &pool.template), text("version", pool.version.to_string())];
    let overrides = vec![
        text("instanceType", &*pool.launch.instance_type),
        text("availabilityZone", &*pool.launch.zone),
        text("imageId", &*pool.launch.image),
        maybe("maxPrice", pool.launch.spot.as_ref().and_then(|spot| spot.max_price.as_deref())),
    ];
    let both = vec![element("launchTemplateSpecification", template), element("overrides", overrides)];
    let lifecycle = if spot { "spot" } else { "on-demand" };
    vec![element("launchTemplateAndOverrides", both), text("lifecycle", lifecycle)]
}

fn describe(pool: &Pool, spot: bool, instances: &[String]) -> Vec<Element> {
    let mut described = from(pool, spot);
    let ids = instances.iter().map(|id| text("item", id)).collect();
    described.extend([element("instanceIds", ids), text("instanceType", &*pool.launch.instance_type)]);
    described
}
