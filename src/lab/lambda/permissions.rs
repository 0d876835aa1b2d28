//! A function's resource policy: who may invoke it. Knows not how it is judged.

use crate::lab::wire::json_rpc::set;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{find, invalid};
use crate::lab::{
    wire::{error::ApiError, rest_json::RestCall},
    world::World,
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
    let is_service = input.principal.contains('.');
    let principal = if is_service { json!({ "Service": input.principal }) } else { json!({ "AWS": input.principal }) };
    let mut condition = Map::new();
    if let Some(arn) = input.source_arn {
        condition.insert("ArnLike".to_owned(), json!({ "AWS:SourceArn": arn }));
    }
    if let Some(account) = input.source_account {
        condition.insert("StringEquals".to_owned(), json!({ "AWS:SourceAccount": account }));
    }
    let mut statement = json!({
        "Sid": input.statement_id,
        "Effect": "Allow",
        "Principal": principal,
        "Action": input.action,
        "Resource": arn,
    });
    if !condition.is_empty() {
        set(&mut statement, "Condition", condition);
    }
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
