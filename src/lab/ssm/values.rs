//! The values of parameters: put, read, deleted.

use serde_json::{Value, json};

use super::{Input, PAGES, invalid, public};
use crate::lab::{
    wire::{error::ApiError, json::set, time::epoch_seconds},
    world::{
        World,
        parameter::{Parameter, Version},
    },
};

/// The longest value of the standard tier, in bytes.
const LONGEST: usize = 4096;
/// How many parts a name may have.
const LEVELS: usize = 15;

pub(super) fn put(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::read(body)?;
    fits(&input.name)?;
    if input.value.is_empty() {
        return Err(invalid(
            "1 validation error detected: Value '' at 'value' failed to satisfy constraint: Member must have length \
             greater than or equal to 1.",
        ));
    }
    if input.value.len() > LONGEST {
        return Err(invalid(format!(
            "Standard tier parameters support a maximum parameter value of {LONGEST} characters."
        )));
    }
    if input.value.split_once("{{").is_some_and(|(_, rest)| rest.contains("}}")) {
        return Err(invalid("Parameter value can't nest another parameter. Do not use \"{{}}\" in the value."));
    }
    if input.overwrite && !input.tags.is_empty() {
        return Err(invalid(
            "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove \
             overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or \
             RemoveTagsFromResource.",
        ));
    }
    let there = world.parameters.get(&input.name);
    if there.is_some() && !input.overwrite {
        let message = "The parameter already exists. To overwrite this value, set the overwrite option in the request to \
                       true.";
        return Err(ApiError::bad("ParameterAlreadyExists", message));
    }
    let known = there.and_then(|there| there.version(there.newest())).map(|version| version.kind.clone());
    let kind = match input.r#type.or(known).as_deref() {
        Some(kind @ ("String" | "StringList")) => kind.to_owned(),
        Some("SecureString") => {
            return Err(ApiError::bad("UnsupportedParameterType", "The lab has no KMS, and so no SecureString."));
        }
        Some(other) => {
            return Err(invalid(format!(
                "1 validation error detected: Value '{other}' at 'type' failed to satisfy constraint: Member must \
                 satisfy enum value set: [SecureString, StringList, String]"
            )));
        }
        None => return Err(invalid("A parameter type is required when you create a parameter.")),
    };
    let written = world.now();
    let parameter = world.parameters.entry(input.name).or_default();
    parameter.tags.extend(input.tags);
    let version = parameter.write(Version { value: input.value, kind, written });
    Ok(json!({ "Version": version, "Tier": "Standard" }))
}

pub(super) fn get(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let Input { name, .. } = Input::read(body)?;
    Ok(json!({ "Parameter": found(world, &name)? }))
}

pub(super) fn get_all(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let Input { names, .. } = Input::read(body)?;
    if !(1..=10).contains(&names.len()) {
        return Err(invalid("1 validation error detected: names must have length from 1 to 10"));
    }
    let there: Vec<_> = names.iter().filter_map(|name| found(world, name).ok()).collect();
    let invalid: Vec<_> = names.iter().filter(|name| found(world, name).is_err()).collect();
    Ok(json!({ "Parameters": there, "InvalidParameters": invalid }))
}

pub(super) fn by_path(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::read(body)?;
    if !input.path.starts_with('/') {
        let message = "The parameter path must begin with a slash (/) and may have letters, numbers and .-_/ alone.";
        return Err(invalid(message));
    }
    let folder = format!("{}/", input.path.trim_end_matches('/'));
    let below = world.parameters.iter().filter(|(name, _)| {
        name.strip_prefix(&folder).is_some_and(|rest| !rest.is_empty() && (input.recursive || !rest.contains('/')))
    });
    let shown = below.filter_map(|(name, it)| told(world, name, it, it.newest()));
    let asked = (input.max_results, input.next_token.as_deref());
    PAGES.listing("GetParametersByPath", asked, "Parameters", (1..).zip(shown))
}

pub(super) fn delete(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let Input { name, .. } = Input::read(body)?;
    world.parameters.remove(&name).map(|_| json!({})).ok_or_else(|| missing(&name))
}

/// A parameter by its name or its ARN, with the number of a version if that is wanted.
fn found(world: &World, id: &str) -> Result<Value, ApiError> {
    if let Some(public) = public::parameter(world, id) {
        return Ok(public);
    }
    let mine = world.arn("ssm", "parameter");
    let named = id.strip_prefix(&mine).unwrap_or(id);
    let (name, wanted) = named.split_once(':').map_or((named, None), |(name, version)| (name, Some(version)));
    let parameter = world.parameters.get(name).ok_or_else(|| missing(id))?;
    let Some(wanted) = wanted else {
        return told(world, name, parameter, parameter.newest()).ok_or_else(|| missing(id));
    };
    let version = wanted.parse().ok().and_then(|number| told(world, name, parameter, number));
    let message =
        format!("Systems Manager could not find version {wanted} of {name}. Verify the version and try again.");
    let mut version = version.ok_or_else(|| ApiError::bad("ParameterVersionNotFound", message))?;
    set(&mut version, "Selector", format!(":{wanted}"));
    Ok(version)
}

fn told(world: &World, name: &str, parameter: &Parameter, number: u64) -> Option<Value> {
    let version = parameter.version(number)?;
    Some(json!({
        "Name": name,
        "Type": version.kind,
        "Value": version.value,
        "Version": number,
        "LastModifiedDate": epoch_seconds(version.written),
        "ARN": world.parameter_arn(name),
        "DataType": "text",
    }))
}

fn missing(name: &str) -> ApiError {
    ApiError::bad("ParameterNotFound", format!("Parameter {name} not found."))
}

fn fits(name: &str) -> Result<(), ApiError> {
    let first = name.trim_start_matches('/').split('/').next().unwrap_or_default().to_lowercase();
    if name.to_lowercase().starts_with("/aws") {
        let message = format!("No access to reserved parameter name: {name}.");
        return Err(ApiError::bad("AccessDeniedException", message));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
    if first.starts_with("aws") || first.starts_with("ssm") || first.is_empty() || !name.chars().all(plain) {
        return Err(invalid(
            "Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of \
             sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following \
             3 symbols .-_",
        ));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(invalid("Parameter name must be a fully qualified name."));
    }
    if name.split('/').count() > LEVELS + 1 {
        let message = format!("A hierarchy can have a maximum of {LEVELS} levels.");
        return Err(ApiError::bad("HierarchyLevelLimitExceededException", message));
    }
    Ok(())
}
