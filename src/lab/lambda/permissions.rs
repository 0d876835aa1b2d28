//! A function's resource policy: who may invoke it. Knows not how it is judged.

use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{find, invalid};
use crate::lab::{
    wire::{error::ApiError, rest_json::RestCall},
    world::{World, function::permission},
};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AddPermission {
    statement_id: String,
    action: String,
    principal: String,
    source_arn: Option<String>,
    source_account: Option<String>,
}

pub(super) fn add(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let input: AddPermission = call.input()?;
    let name = find(world, call)?.name.clone();
    let arn = world.function_arn(&name);
    let function = find(world, call)?;
    if function.permissions.contains_key(&input.statement_id) {
        let message = format!(
            "The statement id ({}) provided already exists. Please provide a new statement id, or remove the existing statement.",
            input.statement_id
        );
        return Err(ApiError::new(StatusCode::CONFLICT, "ResourceConflictException", message));
    }
    if !input.action.starts_with("lambda:") {
        return Err(invalid(format!("Action {} is not one of Lambda's.", input.action)));
    }
    let sources = (input.source_arn, input.source_account);
    let statement = permission((&input.statement_id, &input.action), &input.principal, &arn, sources);
    function.permissions.insert(input.statement_id, statement.clone());
    Ok(json!({ "Statement": statement.to_string() }))
}

pub(super) fn get(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let function = find(world, call)?;
    if function.permissions.is_empty() {
        return Err(no_policy());
    }
    let statements: Vec<_> = function.permissions.values().collect();
    let policy = json!({ "Version": "2012-10-17", "Id": "default", "Statement": statements });
    Ok(json!({ "Policy": policy.to_string() }))
}

pub(super) fn remove(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let statement = call.labels().get(1).cloned().unwrap_or_default();
    let function = find(world, call)?;
    function.permissions.remove(&statement).map(|_| Value::Null).ok_or_else(no_policy)
}

fn no_policy() -> ApiError {
    let message = "No policy is associated with the given resource.";
    ApiError::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
}
