//! `AWS::Lambda::Function` and `AWS::Lambda::Permission`. Knows not what a function does.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::kind::{Failure, Made, Wanted},
    given, tag_list,
};
use crate::lab::world::{
    World,
    function::{Function, permission},
};

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Code {
    zip_file: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Environment {
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct LoggingConfig {
    #[serde(default)]
    log_format: Option<String>,
    #[serde(default)]
    log_group: Option<String>,
}

pub(in super::super) fn put_function(world: &mut World, wanted: &Wanted) -> Result<Made, Failure> {
    let name = wanted.name.clone();
    wanted.unless(world.functions.contains_key(&name))?;
    let logging: LoggingConfig = wanted.read("LoggingConfig")?;
    let permissions = world.functions.get(&name).map(|function| function.permissions.clone());
    let function = Function {
        name: name.clone(),
        description: wanted.must("Description"),
        runtime: wanted.must("Runtime"),
        handler: wanted.must("Handler"),
        role: wanted.must("Role"),
        code: wanted.read::<Code>("Code")?.zip_file,
        environment: wanted.read::<Environment>("Environment")?.variables,
        timeout: wanted.number("Timeout")?.unwrap_or(3),
        memory: wanted.number("MemorySize")?.unwrap_or(128),
        json_logs: logging.log_format.as_deref() == Some("JSON"),
        log_group: logging.log_group.unwrap_or_else(|| format!("/aws/lambda/{name}")),
        modified: world.now(),
        permissions: permissions.unwrap_or_default(),
        tags: wanted.tags.clone(),
    };
    world.check_function(&function).map_err(|refusal| Failure::invalid(refusal.message))?;
    world.functions.insert(name.clone(), function);
    let arn = world.function_arn(&name);
    Ok(Made::new(name, [("Arn", arn)]))
}

pub(in super::super) fn live_function(world: &World, name: &str, properties: &Value) -> Option<Value> {
    let function = world.functions.get(name)?;
    let Function { description, runtime, handler, role, code, timeout, memory, log_group, tags, .. } = function;
    // The usual format is no difference to a template that does not speak of it.
    let is_asked = properties.pointer("/LoggingConfig/LogFormat").is_some();
    let format = if function.json_logs { Some("JSON") } else { is_asked.then_some("Text") };
    let logging = given(json!({ "LogFormat": format, "LogGroup": log_group }));
    given(json!({
        "FunctionName": name, "Description": description, "Runtime": runtime, "Handler": handler, "Role": role,
        "Code": { "ZipFile": code }, "Environment": { "Variables": function.environment }, "Timeout": timeout,
        "MemorySize": memory, "LoggingConfig": logging, "Tags": tag_list(tags),
    }))
}

pub(in super::super) fn put_permission(world: &mut World, wanted: &Wanted) -> Result<Made, Failure> {
    let name = function_name(&wanted.must("FunctionName"));
    let resource = world.arn("lambda", &format!("function:{name}"));
    let sources = (wanted.text("SourceArn"), wanted.text("SourceAccount"));
    let statement = permission((&wanted.name, &wanted.must("Action")), &wanted.must("Principal"), &resource, sources);
    let missing = || Failure { message: format!("Function not found: {resource}"), code: "NotFound" };
    let function = world.functions.get_mut(&name).ok_or_else(missing)?;
    function.permissions.insert(wanted.name.clone(), statement);
    Ok(Made::new(wanted.name.clone(), [("Id", wanted.name.clone())]))
}

#[expect(clippy::unnecessary_wraps, reason = "every deletion may fail")]
pub(in super::super) fn delete_permission(world: &mut World, sid: &str, properties: &Value) -> Result<(), Failure> {
    let function = properties["FunctionName"].as_str().map(function_name);
    if let Some(function) = function.and_then(|name| world.functions.get_mut(&name)) {
        function.permissions.remove(sid);
    }
    Ok(())
}

pub(in super::super) fn live_permission(world: &World, sid: &str, properties: &Value) -> Option<Value> {
    let function = world.functions.get(&function_name(properties["FunctionName"].as_str()?))?;
    let statement = function.permissions.get(sid)?;
    let principal = &statement["Principal"];
    let condition = |pointer: &str| statement.pointer(&format!("/Condition/{pointer}"));
    given(json!({
        "FunctionName": properties.get("FunctionName"), "Action": statement.get("Action"),
        "Principal": principal.get("Service").or_else(|| principal.get("AWS")).unwrap_or(principal),
        "SourceArn": condition("ArnLike/AWS:SourceArn"),
        "SourceAccount": condition("StringEquals/AWS:SourceAccount"),
    }))
}

/// A function may be named by its ARN.
fn function_name(name: &str) -> String {
    name.rsplit_once(":function:").map_or(name, |(_, name)| name).to_owned()
}
