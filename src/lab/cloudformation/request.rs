//! What a request says of a stack: its name, template, parameters, tags and capabilities. Knows not what is done with it.

use std::collections::BTreeMap;

use super::invalid;
use crate::lab::{
    wire::{error::ApiError, query::Form},
    world::{
        World,
        stack::{Configuration, OnFailure, Stack, parameter, template::Template},
    },
};

/// In bytes.
const LONGEST_TEMPLATE: usize = 51_200;

pub(super) fn must<'f>(form: &'f Form, name: &str) -> Result<&'f str, ApiError> {
    let given = form.get(name).filter(|value| !value.is_empty());
    given.ok_or_else(|| {
        let (start, rest) = name.split_at_checked(1).unwrap_or((name, ""));
        let member = start.to_ascii_lowercase() + rest;
        let failed = format!("Value null at '{member}' failed to satisfy constraint: Member must not be null");
        invalid(format!("1 validation error detected: {failed}"))
    })
}

/// A name of a stack or change set: letters, digits and hyphens, and a letter first.
pub(super) fn name<'f>(form: &'f Form, member: &str, longest: usize) -> Result<&'f str, ApiError> {
    let name = must(form, member)?;
    let fits = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && name.len() <= longest;
    let (start, rest) = member.split_at_checked(1).unwrap_or((member, ""));
    let member = start.to_ascii_lowercase() + rest;
    let pattern = "Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*";
    let message =
        || format!("1 validation error detected: Value '{name}' at '{member}' failed to satisfy constraint: {pattern}");
    if fits { Ok(name) } else { Err(invalid(message())) }
}

pub(super) fn flag(form: &Form, name: &str) -> bool {
    form.get(name) == Some("true")
}

/// A stack by name or ARN; deleted ones by ARN alone.
pub(super) fn find<'w>(world: &'w World, name: &str) -> Option<&'w Stack> {
    let named = || world.stacks.values().find(|stack| stack.name == name && stack.deleted.is_none());
    world.stacks.get(name).or_else(named)
}

pub(super) fn stack<'w>(world: &'w World, form: &Form) -> Result<&'w Stack, ApiError> {
    let name = must(form, "StackName")?;
    find(world, name).ok_or_else(|| invalid(format!("Stack with id {name} does not exist")))
}

pub(super) fn template(form: &Form) -> Result<Option<Template>, ApiError> {
    let Some(body) = form.get("TemplateBody") else { return Ok(None) };
    if body.len() > LONGEST_TEMPLATE {
        let failed = "failed to satisfy constraint: Member must have length less than or equal to 51200";
        return Err(invalid(format!("1 validation error detected: Value at 'templateBody' {failed}")));
    }
    Template::read(body).map(Some).map_err(invalid)
}

/// What the stack is to be; `old` is what it is, if it is anything.
pub(super) fn configuration(form: &Form, old: Option<&Configuration>) -> Result<Configuration, ApiError> {
    let template = match (template(form)?, old.filter(|_| flag(form, "UsePreviousTemplate"))) {
        (Some(template), None) => template,
        (None, Some(old)) => old.template.clone(),
        _ => return Err(invalid("Either Template URL or Template Body must be specified.")),
    };
    let mut given = BTreeMap::new();
    for parameter in form.structures("Parameters") {
        let key = parameter.get("ParameterKey").unwrap_or_default().to_owned();
        let value = match (parameter.get("ParameterValue"), flag(&parameter, "UsePreviousValue")) {
            (Some(value), false) => value.to_owned(),
            (None, true) => {
                let previous = old.and_then(|old| old.parameters.get(&key)).cloned();
                previous.ok_or_else(|| invalid(format!("Invalid input for parameter key {key}. Cannot specify usePreviousValue as true for a parameter key not in the previous template")))?
            }
            (Some(_), true) => {
                return Err(invalid(format!(
                    "Invalid input for parameter key {key}. Cannot specify usePreviousValue as true and non empty value for a parameter"
                )));
            }
            (None, false) => {
                return Err(invalid(format!(
                    "Invalid input for parameter key {key}. Need to specify either usePreviousValue as true or a value for the parameter"
                )));
            }
        };
        given.insert(key, value);
    }
    let capabilities: Vec<String> = form.list("Capabilities.member").into_iter().map(str::to_owned).collect();
    let has = |wanted: &str| {
        capabilities.iter().any(|has| has == wanted || has == "CAPABILITY_NAMED_IAM" && wanted == "CAPABILITY_IAM")
    };
    if let Some(wanted) = template.capability().filter(|wanted| !has(wanted)) {
        let message = format!("Requires capabilities : [{wanted}]");
        return Err(ApiError::bad("InsufficientCapabilitiesException", message));
    }
    let parameters = parameter::texts(&template, &given).map_err(invalid)?;
    Ok(Configuration { template, parameters, tags: tags(form, old)?, capabilities })
}

/// The stack's tags; an update that says nothing of them keeps them.
fn tags(form: &Form, old: Option<&Configuration>) -> Result<BTreeMap<String, String>, ApiError> {
    let given = form.structures("Tags");
    if let Some(old) = old.filter(|_| given.is_empty() && form.get("Tags").is_none()) {
        return Ok(old.tags.clone());
    }
    let text = |tag: &Form, name: &str| tag.get(name).unwrap_or_default().to_owned();
    let tags: BTreeMap<_, _> = given.iter().map(|tag| (text(tag, "Key"), text(tag, "Value"))).collect();
    if tags.keys().any(|key| key.starts_with("aws:")) {
        return Err(invalid("aws: prefixed tag key names are not allowed for external use."));
    }
    if tags.len() > 50 {
        return Err(invalid("Tags length must be less than or equal to 50"));
    }
    Ok(tags)
}

/// From `OnFailure` or `OnStackFailure`, or `DisableRollback`.
pub(super) fn on_failure(form: &Form, member: &str) -> Result<OnFailure, ApiError> {
    match (form.get(member), flag(form, "DisableRollback")) {
        (Some(_), _) if form.get("DisableRollback").is_some() => {
            Err(invalid("Either DisableRollback or OnFailure can be specified, not both."))
        }
        (None, true) | (Some("DO_NOTHING"), _) => Ok(OnFailure::DoNothing),
        (None, false) | (Some("ROLLBACK"), _) => Ok(OnFailure::Rollback),
        (Some("DELETE"), _) => Ok(OnFailure::Delete),
        (Some(other), _) => Err(invalid(format!("{member} {other} is not valid."))),
    }
}
