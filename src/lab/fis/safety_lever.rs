//! The safety lever of the account and region, whose id is `default`. Knows not what it stops.

use serde_json::{Value, json};

use super::{conflict, invalid, not_found};
use crate::lab::{
    wire::{error::ApiError, rest_json::RestCall},
    world::{World, safety_lever::LeverStatus},
};

const ID: &str = "default";

pub(super) fn get(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    if call.label() != ID {
        return Err(not_found(format!("Safety lever {} not found.", call.label())));
    }
    Ok(describe(world))
}

pub(super) fn update(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    get(world, call)?;
    let body: Value = call.input()?;
    let member = |name: &str| body.pointer(&format!("/state/{name}")).and_then(Value::as_str);
    if world.safety_lever.status == LeverStatus::Engaging {
        return Err(conflict("The safety lever cannot be changed while it is engaging."));
    }
    let reason = member("reason").ok_or_else(|| invalid("state.reason is missing."))?.to_owned();
    match member("status") {
        Some("engaged") => world.set_safety_lever(true, reason),
        Some("disengaged") => world.set_safety_lever(false, reason),
        _ => return Err(invalid("state.status must be engaged or disengaged.")),
    }
    Ok(describe(world))
}

fn describe(world: &World) -> Value {
    let status = match world.safety_lever.status {
        LeverStatus::Disengaged => "disengaged",
        LeverStatus::Engaging => "engaging",
        LeverStatus::Engaged => "engaged",
    };
    json!({ "safetyLever": {
        "id": ID,
        "arn": world.arn("fis", &format!("safety-lever/{ID}")),
        "state": { "status": status, "reason": world.safety_lever.reason },
    } })
}
