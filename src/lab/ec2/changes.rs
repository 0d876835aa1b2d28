//! TerminateInstances, StopInstances, StartInstances and CancelSpotInstanceRequests: all of what is named, or nothing if
//! one of them cannot be. Knows not what follows.

use http::StatusCode;

use super::{
    combination, end_dry_run, flag,
    instances::{check_instances, state},
    invalid, missing,
    spot_requests::check_requests,
};
use crate::lab::{
    scenario::Behavior,
    wire::{
        error::ApiError,
        query::{Element, Form, set, text},
    },
    world::{
        World,
        instance::{Instance, InstanceState},
    },
};

pub(super) fn terminate_instances(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    for how in ["Force", "SkipOsShutdown"] {
        flag(form, how)?;
    }
    let ids = named(world, form)?;
    end_dry_run(form)?;
    Ok(change(world, &ids, World::terminate))
}

pub(super) fn stop_instances(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let (hibernate, force) = (flag(form, "Hibernate")?, flag(form, "Force")?);
    if hibernate && force {
        return Err(combination("The parameter Hibernate cannot be used with the parameter Force"));
    }
    let ids = named(world, form)?;
    for instance in ids.iter().filter_map(|id| world.instances.get(id)) {
        may_stop(world, instance, hibernate)?;
    }
    end_dry_run(form)?;
    Ok(change(world, &ids, |world, id| {
        if world.instances.get(id).is_some_and(|instance| instance.state == InstanceState::Running) {
            world.stop(id);
        }
    }))
}

pub(super) fn start_instances(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let ids = named(world, form)?;
    for id in &ids {
        let Some(instance) = world.instances.get(id).cloned() else { continue };
        if !matches!(instance.state, InstanceState::Stopped | InstanceState::Pending | InstanceState::Running) {
            return Err(wrong_state(id, "started"));
        }
        if instance.state == InstanceState::Stopped && !world.can_start(id) {
            return Err(no_capacity(&instance.instance_type, &instance.zone, instance.spot_request.is_some()));
        }
    }
    end_dry_run(form)?;
    Ok(change(world, &ids, |world, id| {
        if world.instances.get(id).is_some_and(|instance| instance.state == InstanceState::Stopped) {
            world.start_again(id);
        }
    }))
}

pub(super) fn cancel_spot_instance_requests(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let ids: Vec<String> = form.list("SpotInstanceRequestId").into_iter().map(str::to_owned).collect();
    if ids.is_empty() {
        return Err(missing("spotInstanceRequestId"));
    }
    check_requests(world, &ids.iter().map(String::as_str).collect::<Vec<_>>())?;
    end_dry_run(form)?;
    let cancelled =
        ids.iter().map(|id| vec![text("spotInstanceRequestId", id), text("state", world.cancel_request(id))]);
    Ok(vec![set("spotInstanceRequestSet", cancelled)])
}

/// EC2's refusal where a pool has no capacity.
pub(super) fn no_capacity(instance_type: &str, zone: &str, spot: bool) -> ApiError {
    let message = if spot {
        NO_SPOT_CAPACITY.to_owned()
    } else {
        format!(
            "We currently do not have sufficient {instance_type} capacity in the Availability Zone you requested ({zone}). Our system will be working on provisioning additional capacity."
        )
    };
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "InsufficientInstanceCapacity", message)
}

const NO_SPOT_CAPACITY: &str = "There is no Spot capacity available that matches your request.";

/// The instances that a call names, each once.
fn named(world: &World, form: &Form) -> Result<Vec<String>, ApiError> {
    let ids = form.list("InstanceId");
    if ids.is_empty() {
        return Err(missing("InstanceId"));
    }
    if ids.len() > 1_000 {
        return Err(invalid("The maximum number of instance IDs that can be specified is 1000"));
    }
    check_instances(world, &ids)?;
    let mut named: Vec<String> = Vec::new();
    for id in ids {
        if !named.iter().any(|other| other == id) {
            named.push(id.to_owned());
        }
    }
    Ok(named)
}

fn may_stop(world: &World, instance: &Instance, hibernate: bool) -> Result<(), ApiError> {
    let id = &instance.id;
    let behavior = instance.spot_request.as_ref().and_then(|request| world.spot_requests.get(request));
    if behavior.is_some_and(|request| !request.is_persistent()) {
        let message = format!(
            "You can't stop the Spot Instance '{id}' because it is associated with a one-time Spot Instance request. You can only stop Spot Instances associated with persistent Spot Instance requests."
        );
        return Err(ApiError::bad("UnsupportedOperation", message));
    }
    if hibernate && behavior.is_none_or(|request| request.behavior != Behavior::Hibernate) {
        let message = format!("The instance '{id}' is not enabled for hibernation.");
        return Err(ApiError::bad("UnsupportedHibernationConfiguration", message));
    }
    match instance.state {
        InstanceState::Running | InstanceState::Stopping | InstanceState::Stopped => Ok(()),
        _ => Err(wrong_state(id, "stopped")),
    }
}

fn wrong_state(id: &str, what: &str) -> ApiError {
    let message = format!("The instance '{id}' is not in a state from which it can be {what}.");
    ApiError::bad("IncorrectInstanceState", message)
}

/// Changes instances and tells of each the state before and after.
fn change(world: &mut World, ids: &[String], change: impl Fn(&mut World, &str)) -> Vec<Element> {
    let changed = ids.iter().filter_map(|id| {
        let before = world.instances.get(id)?.state;
        change(world, id);
        let after = world.instances.get(id)?.state;
        Some(vec![text("instanceId", id), state("currentState", after), state("previousState", before)])
    });
    vec![set("instancesSet", changed)]
}
