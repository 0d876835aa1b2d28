//! Functions made and changed. Knows not what they do.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{configuration, find, invalid, source};
use crate::lab::{
    wire::{error::ApiError, rest_json::RestCall},
    world::{World, function::Function},
};

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Input {
    function_name: String,
    runtime: Option<String>,
    role: Option<String>,
    handler: Option<String>,
    code: Code,
    description: Option<String>,
    timeout: Option<u32>,
    memory_size: Option<u32>,
    package_type: Option<String>,
    environment: Option<Environment>,
    tags: BTreeMap<String, String>,
    logging_config: Option<Logging>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
struct Code {
    /// A zip file in base64.
    zip_file: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Environment {
    variables: BTreeMap<String, String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default, deny_unknown_fields)]
struct Logging {
    log_format: Option<String>,
    log_group: Option<String>,
}

pub(super) fn create(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let mut input: Input = call.input()?;
    let name = std::mem::take(&mut input.function_name);
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !(1..=64).contains(&name.len()) || !name.bytes().all(is_fine) {
        return Err(ApiError::bad("ValidationException", format!("{name} is not the name of a function.")));
    }
    if input.package_type.as_deref().is_some_and(|kind| kind != "Zip") {
        return Err(invalid("The lab runs no container images."));
    }
    let handler = input.handler.clone().unwrap_or_default();
    let function = Function {
        code: source::of(&input.code.zip_file, &handler)?,
        tags: std::mem::take(&mut input.tags),
        timeout: 3,
        memory: 128,
        log_group: format!("/aws/lambda/{name}"),
        modified: world.now(),
        name,
        ..Function::default()
    };
    let function = input.applied(function)?;
    world.create_function(function.clone())?;
    Ok(configuration(world, &function))
}

pub(super) fn update(world: &mut World, call: &RestCall) -> Result<Value, ApiError> {
    let input: Input = call.input()?;
    let mut function = input.applied(find(world, call)?.clone())?;
    function.modified = world.now();
    world.check_function(&function)?;
    world.functions.insert(function.name.clone(), function.clone());
    Ok(configuration(world, &function))
}

impl Input {
    /// The function with all that was given in place.
    fn applied(self, old: Function) -> Result<Function, ApiError> {
        let Logging { log_format, log_group } = self.logging_config.unwrap_or_default();
        let json_logs = match log_format.as_deref() {
            None => old.json_logs,
            Some("JSON") => true,
            Some("Text") => false,
            Some(format) => return Err(invalid(format!("LogFormat {format} is not Text or JSON."))),
        };
        Ok(Function {
            runtime: self.runtime.unwrap_or(old.runtime),
            role: self.role.unwrap_or(old.role),
            handler: self.handler.unwrap_or(old.handler),
            description: self.description.unwrap_or(old.description),
            timeout: self.timeout.unwrap_or(old.timeout),
            memory: self.memory_size.unwrap_or(old.memory),
            environment: self.environment.map_or(old.environment, |environment| environment.variables),
            log_group: log_group.unwrap_or(old.log_group),
            json_logs,
            ..old
        })
    }
}
