//! The actions that the lab plays and the types of their targets, as FIS describes them. Knows not what they do.

use serde_json::{Value, json};

use super::{listing, not_found};
use crate::lab::{
    wire::{error::ApiError, json::set, rest_json::RestCall},
    world::{
        World,
        template::{ASG_CAPACITY_ERROR, AUTO_SCALING_GROUP, SPOT_INSTANCE, SPOT_INTERRUPTION, WAIT},
    },
};

/// An action of FIS.
#[derive(Debug)]
pub(super) struct KnownAction {
    id: &'static str,
    description: &'static str,
    pub(super) parameters: &'static [Parameter],
    /// The key of its one target and its type, if it has any.
    pub(super) target: Option<(&'static str, &'static str)>,
}

#[derive(Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    description: &'static str,
    pub(super) required: bool,
}

const ACTIONS: &[KnownAction] = &[
    KnownAction {
        id: ASG_CAPACITY_ERROR,
        description: "Fail the instance launches of the specified Auto Scaling groups with InsufficientInstanceCapacity.",
        parameters: &[
            Parameter {
                name: "availabilityZoneIdentifiers",
                description: "The names or ids of the Availability Zones, separated by commas.",
                required: true,
            },
            Parameter {
                name: "duration",
                description: "The duration, from one minute to 12 hours (ISO 8601 duration).",
                required: true,
            },
            Parameter {
                name: "percentage",
                description: "The percentage (1-100) of launches that fail; 100 by default.",
                required: false,
            },
        ],
        target: Some(("AutoScalingGroups", AUTO_SCALING_GROUP)),
    },
    KnownAction {
        id: SPOT_INTERRUPTION,
        description: "Interrupt the specified EC2 Spot Instances.",
        parameters: &[Parameter {
            name: "durationBeforeInterruption",
            description: "The time to wait before interrupting the instances, from 2 to 15 minutes (ISO 8601 duration).",
            required: true,
        }],
        target: Some(("SpotInstances", SPOT_INSTANCE)),
    },
    KnownAction {
        id: WAIT,
        description: "Wait for the specified duration. Stop condition monitoring will continue during this time.",
        parameters: &[Parameter {
            name: "duration",
            description: "The duration, from one minute to 12 hours (ISO 8601 duration).",
            required: true,
        }],
        target: None,
    },
];

/// With what each is.
const TARGET_TYPES: &[(&str, &str)] =
    &[(AUTO_SCALING_GROUP, "Amazon EC2 Auto Scaling group"), (SPOT_INSTANCE, "Amazon EC2 Spot Instance")];

pub(super) fn find(id: &str) -> Option<&'static KnownAction> {
    ACTIONS.iter().find(|action| action.id == id)
}

/// Whether FIS has the action in the scenario's region.
pub(super) fn is_offered(world: &World, id: &str) -> bool {
    id != SPOT_INTERRUPTION || world.scenario.interruption.offered
}

pub(super) fn get(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let known = find(call.label()).filter(|action| is_offered(world, action.id));
    let action = known.ok_or_else(|| not_found(format!("Action {} not found.", call.label())))?;
    let describe = |parameter: &Parameter| {
        (parameter.name.to_owned(), json!({ "description": parameter.description, "required": parameter.required }))
    };
    let mut described = summary(world, action);
    set(&mut described, "parameters", action.parameters.iter().map(describe).collect::<Value>());
    Ok(json!({ "action": described }))
}

pub(super) fn list(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let offered = ACTIONS.iter().filter(|action| is_offered(world, action.id));
    listing(call, "ListActions", "actions", (1..).zip(offered.map(|action| summary(world, action))))
}

/// Neither type takes parameters.
pub(super) fn get_target_type(_: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let found = TARGET_TYPES.iter().find(|(name, _)| *name == call.label());
    let (name, description) =
        found.ok_or_else(|| not_found(format!("Target resource type {} not found.", call.label())))?;
    Ok(json!({ "targetResourceType": { "resourceType": name, "description": description, "parameters": {} } }))
}

pub(super) fn list_target_types(_: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let describe = |(name, description): &(&str, &str)| json!({ "resourceType": name, "description": description });
    listing(call, "ListTargetResourceTypes", "targetResourceTypes", (1..).zip(TARGET_TYPES.iter().map(describe)))
}

pub(super) fn knows_target_type(name: &str) -> bool {
    TARGET_TYPES.iter().any(|(known, _)| *known == name)
}

fn summary(world: &World, action: &KnownAction) -> Value {
    let targets = action.target.map_or_else(|| json!({}), |(key, kind)| json!({ key: { "resourceType": kind } }));
    json!({
        "id": action.id,
        "arn": world.arn("fis", &format!("action/{}", action.id)),
        "description": action.description,
        "targets": targets,
        "tags": {},
    })
}
