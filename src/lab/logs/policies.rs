//! Resource policies of the account: who may write to log groups. Knows not how they are judged.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{invalid, pages};
use crate::lab::{
    wire::{error::ApiError, json_rpc},
    world::{World, log_group::LogPolicy},
};

/// The most that an account has.
const POLICIES: usize = 10;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Input {
    policy_name: String,
    policy_document: String,
    limit: Option<i64>,
    next_token: Option<String>,
}

pub(super) fn put(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let Input { policy_name: name, policy_document: document, .. } = json_rpc::input(body)?;
    if name.is_empty() {
        return Err(invalid("policyName must not be empty."));
    }
    let parsed: Value = serde_json::from_str(&document).unwrap_or_default();
    if parsed.get("Statement").is_none() {
        return Err(invalid("Invalid resource policy: policyDocument must be JSON with a Statement."));
    }
    let policies = &mut world.logs.policies;
    if !policies.contains_key(&name) && policies.len() >= POLICIES {
        return Err(ApiError::bad("LimitExceededException", "Resource limit exceeded."));
    }
    let policy = LogPolicy { document, updated: world.now() };
    let answer = json!({ "resourcePolicy": shown(&name, &policy) });
    world.logs.policies.insert(name, policy);
    Ok(answer)
}

pub(super) fn describe(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: Input = json_rpc::input(body)?;
    let policies = world.logs.policies.iter().map(|(name, policy)| shown(name, policy));
    let asked = (input.limit, input.next_token.as_deref());
    pages(50).listing("DescribeResourcePolicies", asked, "resourcePolicies", (1..).zip(policies))
}

pub(super) fn delete(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: Input = json_rpc::input(body)?;
    let missing = || ApiError::bad("ResourceNotFoundException", "Policy not found");
    world.logs.policies.remove(&input.policy_name).map(|_| json!({})).ok_or_else(missing)
}

fn shown(name: &str, policy: &LogPolicy) -> Value {
    json!({
        "policyName": name,
        "policyDocument": policy.document,
        "lastUpdatedTime": policy.updated.as_millisecond(),
    })
}
