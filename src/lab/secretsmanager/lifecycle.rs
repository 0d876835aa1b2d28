//! Secrets from their making to their deletion, and what is known of them but their values.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Input, STAGE, invalid, refuse};
use crate::lab::{
    wire::{
        error::ApiError,
        time::epoch_seconds,
        token::{PageToken, page},
    },
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
        tags: input.tags(),
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
    let size = input.max_results.unwrap_or(100);
    if !(1..=100).contains(&size) {
        return Err(invalid("MaxResults must be from 1 to 100."));
    }
    let token = match &input.next_token {
        None => None,
        Some(text) => {
            let token = PageToken::decode(text).filter(|token| token.operation == "ListSecrets");
            Some(token.ok_or_else(|| refuse("InvalidNextTokenException", "The NextToken value is invalid."))?)
        }
    };
    let shown = world.secrets.values().filter(|secret| secret.deletion.is_none() || input.include_planned_deletion);
    let shown = shown.map(|secret| described(secret, "SecretVersionsToStages"));
    let page = page("ListSecrets", (1..).zip(shown), token.as_ref(), size);
    let mut answer = json!({ "SecretList": page.items });
    set(&mut answer, "NextToken", page.next.map(Value::from));
    Ok(answer)
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
    let tags = input.tags();
    input.find_live(world)?.tags.extend(tags);
    Ok(json!({}))
}

pub(super) fn untag(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::read(world, body)?;
    input.find_live(world)?.tags.retain(|key, _| !input.tag_keys.contains(key));
    Ok(json!({}))
}

/// Without a version where there is no value.
pub(super) fn named(secret: &Secret) -> Value {
    let mut answer = json!({ "ARN": secret.arn, "Name": secret.name });
    set(&mut answer, "VersionId", secret.value.as_ref().map(|_| secret.version.as_str().into()));
    answer
}

fn described(secret: &Secret, versions: &str) -> Value {
    let tags: Vec<_> = secret.tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    let mut answer = json!({
        "ARN": secret.arn,
        "Name": secret.name,
        "CreatedDate": epoch_seconds(secret.created),
        "LastChangedDate": epoch_seconds(secret.changed),
        "Tags": tags,
    });
    set(&mut answer, "Description", secret.description.as_deref().map(Value::from));
    set(&mut answer, "DeletedDate", secret.deletion.map(|at| epoch_seconds(at).into()));
    set(&mut answer, versions, secret.value.as_ref().map(|_| json!({ secret.version.as_str(): [STAGE] })));
    answer
}

fn set(answer: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(members), Some(value)) = (answer.as_object_mut(), value) {
        members.insert(name.to_owned(), value);
    }
}
