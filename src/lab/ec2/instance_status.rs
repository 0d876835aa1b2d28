//! DescribeInstanceStatus. Knows not what happens to instances.

use jiff::SignedDuration;

use super::{
    Paging, combination, end_dry_run,
    filter::Filter,
    flag,
    instances::{attribute, check_instances, state},
    invalid,
};
use crate::lab::{
    wire::{
        error::ApiError,
        query::{Element, Form, element, set, text},
    },
    world::{
        World,
        instance::{Instance, InstanceState},
    },
};

pub(super) const FILTERS: &str = "availability-zone availability-zone-id instance-state-code instance-state-name \
    instance-status.reachability instance-status.status system-status.reachability system-status.status";

/// From the launch to the checks' first results.
const CHECKS_TAKE: SignedDuration = SignedDuration::from_mins(2);

/// Shows running instances only, unless all are asked for: one that is going vanishes from it.
pub(super) fn describe_instance_status(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let ids = form.list("InstanceId");
    if !ids.is_empty() && form.get("MaxResults").is_some() {
        return Err(combination("The parameter instancesSet cannot be used with the parameter maxResults"));
    }
    if ids.len() > 100 {
        return Err(invalid("The maximum number of instance IDs that can be specified is 100"));
    }
    check_instances(world, &ids)?;
    let filters = Filter::all(form, FILTERS)?;
    let paging = Paging::of(form, "DescribeInstanceStatus", 5..=1_000)?;
    let all = flag(form, "IncludeAllInstances")?;
    end_dry_run(form)?;
    let wanted = |instance: &&Instance| {
        let checks = |name: &str| match name.rsplit_once('.') {
            Some((_, "status")) => Some(status(world, instance).0.into()),
            Some((_, _)) => Some(status(world, instance).1.into()),
            None => attribute(world, instance, name),
        };
        (all || instance.state == InstanceState::Running)
            && filters.iter().all(|filter| filter.passes(&instance.tags, checks))
    };
    let places = world
        .shown_instances()
        .some(&ids, paging.after())
        .filter(wanted)
        .map(|instance| (instance.order, describe(world, instance)));
    Ok(paging.listing("instanceStatusSet", places))
}

/// The status of both checks, and of the reachability that they are about.
fn status(world: &World, instance: &Instance) -> (&'static str, &'static str) {
    match instance.state {
        InstanceState::Running if world.now().duration_since(instance.launched) >= CHECKS_TAKE => ("ok", "passed"),
        InstanceState::Running | InstanceState::Pending => ("initializing", "initializing"),
        _ => ("not-applicable", "insufficient-data"),
    }
}

fn describe(world: &World, instance: &Instance) -> Vec<Element> {
    let (status, reachability) = status(world, instance);
    let checks = |name: &'static str| {
        let mut check = vec![text("status", status)];
        if status != "not-applicable" {
            check.push(set("details", [vec![text("name", "reachability"), text("status", reachability)]]));
        }
        element(name, check)
    };
    vec![
        text("instanceId", &instance.id),
        text("availabilityZone", &*instance.zone),
        text("availabilityZoneId", world.zone_id(&instance.zone)),
        state("instanceState", instance.state),
        checks("systemStatus"),
        checks("instanceStatus"),
        checks("attachedEbsStatus"),
    ]
}
