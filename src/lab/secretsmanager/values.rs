//! The values of secrets: put and read.

use serde_json::{Value, json};

use super::{Input, STAGE, invalid, lifecycle::named, refuse};
use crate::lab::{
    wire::{error::ApiError, json::set, time::epoch_seconds},
    world::World,
};

pub(super) fn put(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::read(world, body)?;
    if input.secret_string.is_none() {
        return Err(invalid("You must provide either SecretString or SecretBinary."));
    }
    let mut answer = write(world, input)?;
    set(&mut answer, "VersionStages", json!([STAGE]));
    Ok(answer)
}

pub(super) fn update(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::read(world, body)?;
    write(world, input)
}

pub(super) fn get(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::read(world, body)?;
    let secret = input.find_live(world)?;
    let missing = |what: &str, which: &str| {
        let message = format!("Secrets Manager can't find the specified secret value for {what}: {which}");
        refuse("ResourceNotFoundException", message)
    };
    let stage = input.version_stage.as_deref().unwrap_or(STAGE);
    let value = secret.value.as_ref().filter(|_| stage == STAGE).ok_or_else(|| missing("staging label", stage))?;
    if let Some(version) = input.version_id.as_ref().filter(|version| **version != secret.version) {
        return Err(missing("VersionId", version));
    }
    Ok(json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "VersionId": secret.version,
        "SecretString": value,
        "VersionStages": [STAGE],
        "CreatedDate": epoch_seconds(secret.changed),
    }))
}

/// A token that is used again must come with what it came with before.
fn write(world: &mut World, input: Input) -> Result<Value, ApiError> {
    let (now, version) = (world.now(), input.client_request_token.clone().unwrap_or_else(|| world.session_id()));
    let secret = input.find_live(world)?;
    if let Some(value) = input.secret_string {
        if secret.version == version && secret.value.as_ref().is_some_and(|kept| *kept != value) {
            let message =
                "You can't use ClientRequestToken because that value is already in use for a version of this secret.";
            return Err(refuse("ResourceExistsException", message));
        }
        (secret.value, secret.version) = (Some(value), version);
    }
    if input.description.is_some() {
        secret.description = input.description;
    }
    secret.changed = now;
    Ok(named(secret))
}
