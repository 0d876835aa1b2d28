//! The actions that the lab plays, as FIS describes them. Knows not what they do.

use serde_json::{Value, json};

use super::{listing, not_found, page_of};
use crate::lab::{
    wire::{error::ApiError, rest_json::RestCall},
    world::{
        World,
        template::{SPOT_INTERRUPTION, WAIT},
    },
};

/// An action of FIS.
#[derive(Debug)]
pub(super) struct KnownAction {
    id: &'static str,
    description: &'static str,
    /// Its one parameter, which it needs.
    pub(super) parameter: &'static str,
    parameter_description: &'static str,
    /// The key of its one target, of spot instances, if it has any.
    pub(super) target: Option<&'static str>,
}

const ACTIONS: &[KnownAction] = &[
    KnownAction {
        id: SPOT_INTERRUPTION,
        description: "Interrupt the specified EC2 Spot Instances.",
        parameter: "durationBeforeInterruption",
        parameter_description: "The time to wait before interrupting the instances, from 2 to 15 minutes (ISO 8601 duration).",
        target: Some("SpotInstances"),
    },
    KnownAction {
        id: WAIT,
        description: "Wait for the specified duration. Stop condition monitoring will continue during this time.",
        parameter: "duration",
        parameter_description: "The duration, from one minute to 12 hours (ISO 8601 duration).",
        target: None,
    },
];

pub(super) fn find(id: &str) -> Option<&'static KnownAction> {
    ACTIONS.iter().find(|action| action.id == id)
}

pub(super) fn get(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let action = find(call.label()).ok_or_else(|| not_found(format!("Action {} not found.", call.label())))?;
    let mut described = summary(world, action);
    if let Some(members) = described.as_object_mut() {
        let parameter = json!({ "description": action.parameter_description, "required": true });
        members.insert("parameters".to_owned(), json!({ action.parameter: parameter }));
    }
    Ok(json!({ "action": described }))
}

pub(super) fn list(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let page = page_of(call, "ListActions", (1..).zip(ACTIONS.iter().map(|action| summary(world, action))))?;
    Ok(listing("actions", page))
}

fn summary(world: &World, action: &KnownAction) -> Value {
    let targets =
        action.target.map_or_else(|| json!({}), |key| json!({ key: { "resourceType": "aws:ec2:spot-instance" } }));
    json!({
        "id": action.id,
        "arn": world.arn("fis", &format!("action/{}", action.id)),
        "description": action.description,
        "targets": targets,
        "tags": {},
    })
}
