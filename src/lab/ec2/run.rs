//! RunInstances. Knows not what becomes of what it launches.

use std::sync::Arc;

use super::{
    changes::no_capacity,
    combination, end_dry_run,
    instances::reservation,
    invalid, launch_data,
    launch_templates::{called, launched_by},
    made_before, missing, remember, take_only,
};
use crate::lab::{
    wire::{
        error::ApiError,
        query::{Element, Form},
    },
    world::{
        World,
        instance::Instance,
        launch::{Launch, Spot},
        launch_template::LaunchData,
        spot_price,
    },
};

/// How many instances one call may launch.
const MOST: u32 = 1_000;

/// Launches all or nothing: a pool of the lab's has capacity for any number, or for none.
pub(super) fn run_instances(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let count = count(form)?;
    let mut data = launch_data::read(world, form)?;
    if !form.below("LaunchTemplate").is_empty() {
        take_only(form, "LaunchTemplate", &["LaunchTemplateId", "LaunchTemplateName", "Version"])?;
        let named = form.below("LaunchTemplate");
        let template = called(world, &named)?;
        let version = launched_by(template, &named)?;
        data = data.or(&version.data);
        data.tags.insert("aws:ec2launchtemplate:id".into(), template.id.as_str().into());
        data.tags.insert("aws:ec2launchtemplate:version".into(), version.number.to_string().into());
    }
    let launches = launches(world, &data)?;
    end_dry_run(form)?;
    if let Some(reservation) = made_before(world, form)? {
        return Ok(describe(world, &reservation));
    }
    let mut batch = world.batch();
    let launch = launches.into_iter().find(|launch| world.has_capacity(launch));
    let Some(mut launch) = launch else {
        let zone = data.zone.as_deref().unwrap_or_default();
        return Err(no_capacity(data.instance_type.as_deref().unwrap_or_default(), zone, data.spot.is_some()));
    };
    launch.client_token = form.get("ClientToken").filter(|token| !token.is_empty()).map(Arc::from);
    for _ in 0..count {
        world.launch(&launch, &mut batch);
    }
    remember(world, form, &batch.reservation);
    Ok(describe(world, &batch.reservation))
}

/// What may be launched, in the order of preference: one for each zone where none is named.
pub(super) fn launches(world: &mut World, data: &LaunchData) -> Result<Vec<Launch>, ApiError> {
    let image = data.image.clone().ok_or_else(|| missing("ImageId"))?;
    let instance_type = data.instance_type.clone().ok_or_else(|| missing("InstanceType"))?;
    let zones = match &data.zone {
        Some(zone) => vec![Arc::clone(zone)],
        None => world.zones_in_turn(),
    };
    let launches = zones.into_iter().map(|zone| Launch {
        image: image.clone(),
        instance_type: instance_type.clone(),
        zone,
        spot: data.spot.clone().map(|spot| Spot { tags: data.request_tags.clone(), ..spot }),
        client_token: None,
        tags: data.tags.clone(),
        group: None,
    });
    let launches: Vec<Launch> = launches.collect();
    launches.first().map_or(Ok(()), |launch| can_afford(world, launch))?;
    Ok(launches)
}

/// Refuses a greatest price that is below what the pool costs at present.
fn can_afford(world: &World, launch: &Launch) -> Result<(), ApiError> {
    let asked = launch.spot.as_ref().and_then(|spot| spot.max_price.as_ref()?.parse::<f64>().ok());
    let costs = spot_price::spot(world.seed, &launch.instance_type, &launch.zone, world.now());
    match (asked, costs) {
        (Some(asked), Some(costs)) if asked < costs => {
            let message = format!(
                "Your Spot request price of {asked} is lower than the minimum required Spot request fulfillment price of {costs:.4}."
            );
            Err(ApiError::bad("SpotMaxPriceTooLow", message))
        }
        _ => Ok(()),
    }
}

fn count(form: &Form) -> Result<u32, ApiError> {
    let number = |name: &str| {
        let text = form.get(name).ok_or_else(|| missing(name))?;
        let number = text.parse().ok().filter(|number| *number > 0);
        number.ok_or_else(|| invalid(format!("Invalid value '{text}' for {name}. It must be a positive number.")))
    };
    let (least, most): (u32, u32) = (number("MinCount")?, number("MaxCount")?);
    if least > most {
        return Err(combination("MinCount is greater than MaxCount"));
    }
    if least > MOST {
        let message = format!(
            "You have requested more instances ({least}) than your current instance limit of {MOST} allows for the specified instance type."
        );
        return Err(ApiError::bad("InstanceLimitExceeded", message));
    }
    Ok(most.min(MOST))
}

fn describe(world: &World, id: &str) -> Vec<Element> {
    let instances: Vec<&Instance> = world.instances.iter().filter(|instance| &*instance.reservation == id).collect();
    reservation(world, &instances)
}
