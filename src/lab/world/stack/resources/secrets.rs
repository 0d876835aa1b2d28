//! `AWS::SecretsManager::Secret`. Knows not who reads it.

use serde_json::{Value, json};

use super::{
    super::kind::{Failure, Made, Wanted},
    given, tag_list,
};
use crate::lab::world::{World, secret::Secret};

pub(in super::super) fn put(world: &mut World, wanted: &Wanted) -> Result<Made, Failure> {
    let (name, known) = match &wanted.physical {
        None => (wanted.name.clone(), None),
        Some(arn) => match world.secrets.values().find(|secret| secret.arn == *arn) {
            Some(secret) => (secret.name.clone(), Some(secret.clone())),
            None => (wanted.name.clone(), None),
        },
    };
    wanted.unless(world.secrets.contains_key(&name))?;
    let (now, version) = (world.now(), world.session_id());
    let secret = Secret {
        arn: known.as_ref().map_or_else(|| world.secret_arn(&name), |secret| secret.arn.clone()),
        name: name.clone(),
        description: wanted.text("Description"),
        value: wanted.text("SecretString").or_else(|| known.as_ref().and_then(|secret| secret.value.clone())),
        version,
        created: known.as_ref().map_or(now, |secret| secret.created),
        changed: now,
        deletion: None,
        tags: wanted.tags.clone(),
    };
    let arn = secret.arn.clone();
    world.secrets.insert(name, secret);
    Ok(Made::new(arn.clone(), [("Id", arn)]))
}

/// Without `SecretString`, which CloudFormation does not look at.
pub(in super::super) fn live(world: &World, arn: &str, _: &Value) -> Option<Value> {
    let secret = world.secrets.values().find(|secret| secret.arn == arn && secret.deletion.is_none())?;
    given(json!({ "Name": secret.name, "Description": secret.description, "Tags": tag_list(&secret.tags) }))
}
