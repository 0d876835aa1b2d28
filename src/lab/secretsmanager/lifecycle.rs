//! Secrets from their making to their deletion, and what is known of them but their values.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Input, PAGES, STAGE, invalid, refuse};
use crate::lab::{
    wire::{error::ApiError, json::tag_list, time::epoch_seconds},
    world::{World, secret::Secret},
};

pub(super) fn create(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::read(world, body)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "-/_+=.@!".contains(c);
    if !(1..=512).contains(&input.name.len()) || !input.name.chars().all(fits) {
        return Err(invalid(
            "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
        ));
    }
    let version = input.client_request_token.clone().unwrap_or_else(|| world.session_id());
    match world.secrets.get(&input.name) {
        Some(secret) if secret.deletion.is_some() => {
            let message =
                "You can't create this secret because a secret with this name is already scheduled for deletion.";
            return Err(refuse("InvalidRequestException", message));
        }
        Some(secret) if secret.version == version && secret.value == input.secret_string => return Ok(named(secret)),
        Some(_) => {
            let message = format!("The operation failed because the secret {} already exists.", input.name);
            return Err(refuse("ResourceExistsException", message));
        }
        None => {}
    }
    let now = world.now();
    let secret = Secret {
        arn: world.secret_arn(&input.name),
        description: input.description.clone(),
        version,
        created: now,
        changed: now,
        deletion: None,
        tags: input.tags,
        value: input.secret_string,
        name: input.name,
    };
    let answer = named(&secret);
    world.secrets.insert(secret.name.clone(), secret);
    Ok(answer)
}

pub(super) fn describe(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let secret = Input::read(world, body)?.find(world)?;
    Ok(described(secret, "VersionIdsToStages"))
}

pub(super) fn list(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::read(world, body)?;
    let shown = world.secrets.values().filter(|secret| secret.deletion.is_none() || input.include_planned_deletion);
    let shown = shown.map(|secret| described(secret, "SecretVersionsToStages"));
    let asked = (input.max_results, input.next_token.as_deref());
    PAGES.listing("ListSecrets", asked, "SecretList", (1..).zip(shown))
}

pub(super) fn delete(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::read(world, body)?;
    let now = world.now();
    let days = match (input.force_delete_without_recovery, input.recovery_window_in_days) {
        (true, Some(_)) => {
            return Err(invalid("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays."));
        }
        (true, None) => 0,
        (false, days) => days.unwrap_or(30),
    };
    if days != 0 && !(7..=30).contains(&days) || input.recovery_window_in_days == Some(0) {
        return Err(invalid("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive)."));
    }
    let secret = input.find_live(world)?;
    let at = now.saturating_add(SignedDuration::from_hours(24 * days)).unwrap_or(now);
    secret.deletion = Some(at);
    Ok(json!({ "ARN": secret.arn, "Name": secret.name, "DeletionDate": epoch_seconds(at) }))
}

pub(super) fn restore(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let secret = Input::read(world, body)?.find(world)?;
    secret.deletion = None;
    Ok(json!({ "ARN": secret.arn, "Name": secret.name }))
}

pub(super) fn tag(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::read(world, body)?;
    input.find_live(world)?.tags.extend(input.tags);
    Ok(json!({}))
}

pub(super) fn untag(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::read(world, body)?;
    input.find_live(world)?.tags.retain(|key, _| !input.tag_keys.contains(key));
    Ok(json!({}))
}

/// Without a version where there is no value.
pub(super) fn named(secret: &Secret) -> Value {
    let version = secret.value.as_ref().map(|_| &secret.version);
    json!({ "ARN": secret.arn, "Name": secret.name, "VersionId": version })
}

fn described(secret: &Secret, versions: &str) -> Value {
    json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "Description": secret.description,
        "CreatedDate": epoch_seconds(secret.created),
        "LastChangedDate": epoch_seconds(secret.changed),
        "DeletedDate": secret.deletion.map(epoch_seconds),
        "Tags": tag_list(&secret.tags),
        versions: secret.value.as_ref().map(|_| json!({ secret.version.as_str(): [STAGE] })),
    })
}
