//! `AWS::FIS::ExperimentTemplate`, through the checks of FIS itself. Knows no experiment.

use serde_json::{Map, Value};

use super::{
    super::kind::{Failure, Made, Wanted},
    given,
};
use crate::lab::{
    fis,
    world::{
        World,
        template::{Template, TemplateContent},
    },
};

pub(in super::super) const PROPERTIES: &[&str] = &[
    "Actions",
    "Description",
    "ExperimentOptions",
    "LogConfiguration",
    "RoleArn",
    "StopConditions",
    "Tags",
    "Targets",
];

pub(in super::super) fn put(world: &mut World, wanted: &Wanted) -> Result<Made, Failure> {
    let mut properties = wanted.properties.clone();
    properties.remove("Tags");
    properties.entry("Actions").or_insert_with(|| Value::Object(Map::new()));
    let content = recased(&Value::Object(properties), str::to_ascii_lowercase);
    let content: TemplateContent =
        serde_json::from_value(content).map_err(|error| Failure::invalid(error.to_string()))?;
    fis::check_template(world, &content).map_err(|refusal| Failure::invalid(refusal.message))?;
    let known = wanted.physical.as_ref().and_then(|id| world.templates.get(id));
    let known = known.map(|template| (template.id.clone(), template.created, template.order));
    let (id, created, order) = known.unwrap_or_else(|| (world.template_id(), world.now(), world.next_order()));
    let template =
        Template { order, id: id.clone(), created, updated: world.now(), content, tags: wanted.tags.clone() };
    world.templates.insert(id.clone(), template);
    Ok(Made::new(id.clone(), [("Id", id)]))
}

pub(in super::super) fn live(world: &World, id: &str, _: &Value) -> Option<Value> {
    let template = world.templates.get(id)?;
    let properties = recased(&serde_json::to_value(&template.content).ok()?, str::to_ascii_uppercase);
    let own = template.tags.iter().filter(|(key, _)| !key.starts_with("aws:"));
    let tags: Value = own.map(|(key, value)| (key.clone(), Value::from(value.clone()))).collect();
    let members = properties.as_object()?.clone().into_iter().chain([("Tags".to_owned(), tags)]);
    given(members.collect())
}

/// The same with the first letter of each member's name changed, but not of names and tags that users gave.
fn recased(value: &Value, case: fn(&str) -> String) -> Value {
    let member = |(key, value): (&String, &Value)| {
        let value = match (key.to_ascii_lowercase().as_str(), value) {
            ("parameters" | "resourcetags", value) => value.clone(),
            ("targets" | "actions", Value::Object(named)) => {
                named.iter().map(|(name, value)| (name.clone(), recased(value, case))).collect()
            }
            (_, value) => recased(value, case),
        };
        let (first, rest) = key.split_at_checked(1).unwrap_or((key, ""));
        (case(first) + rest, value)
    };
    match value {
        Value::Object(members) => members.iter().map(member).collect(),
        Value::Array(items) => items.iter().map(|item| recased(item, case)).collect(),
        plain => plain.clone(),
    }
}
