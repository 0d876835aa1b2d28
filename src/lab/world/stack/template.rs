//! A CloudFormation template: read from YAML or JSON and checked, before anything is made of it. Knows no stack.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use yaml_serde::Value as Yaml;

use super::{
    intrinsic::{FUNCTIONS, PSEUDO, references},
    kind::{self, Kind},
    parameter::Parameter,
};

/// A template as it was submitted, and what it says.
#[derive(Clone, Debug)]
pub(in crate::lab) struct Template {
    pub(in crate::lab) text: String,
    pub(in crate::lab) description: Option<String>,
    pub(in crate::lab) parameters: BTreeMap<String, Parameter>,
    pub(super) mappings: Value,
    pub(super) conditions: Map<String, Value>,
    pub(in crate::lab) resources: BTreeMap<String, Resource>,
    pub(in crate::lab) outputs: BTreeMap<String, Output>,
}

#[derive(Clone, Debug)]
pub(in crate::lab) struct Resource {
    pub(in crate::lab) kind: &'static Kind,
    pub(super) properties: Value,
    /// As it is written; null if there is none.
    pub(super) metadata: Value,
    pub(super) condition: Option<String>,
    /// The resources that it names, or depends on.
    pub(super) after: BTreeSet<String>,
    /// `DeletionPolicy: Retain`.
    pub(super) retain: bool,
    /// `UpdateReplacePolicy: Retain`.
    pub(super) retain_replaced: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Output {
    pub(in crate::lab) description: Option<String>,
    pub(super) value: Value,
    pub(super) condition: Option<String>,
}

const SECTIONS: [&str; 8] = [
    "AWSTemplateFormatVersion",
    "Conditions",
    "Description",
    "Mappings",
    "Metadata",
    "Outputs",
    "Parameters",
    "Resources",
];

impl Template {
    /// The template, or what CloudFormation says of it.
    pub(in crate::lab) fn read(text: &str) -> Result<Self, String> {
        let document = parse(text)?;
        let Value::Object(sections) = &document else {
            return Err("Template format error: unsupported structure.".to_owned());
        };
        let unknown: Vec<_> = sections.keys().filter(|key| !SECTIONS.contains(&key.as_str())).cloned().collect();
        if !unknown.is_empty() {
            return Err(format!("Invalid template property or properties [{}]", unknown.join(", ")));
        }
        if let Some(version) = sections.get("AWSTemplateFormatVersion").filter(|version| **version != "2010-09-09") {
            return Err(format!(
                "Template format error: {version} is not a supported value for AWSTemplateFormatVersion."
            ));
        }
        let section = |name: &str| match sections.get(name) {
            None => Ok(Map::new()),
            Some(Value::Object(members)) => Ok(members.clone()),
            Some(_) => Err(format!("Template format error: [/{name}] '{name}' expects a map.")),
        };
        let read_parameter = |(name, value): (String, Value)| Ok((name.clone(), Parameter::read(&name, value)?));
        let mut template = Self {
            text: text.to_owned(),
            description: sections.get("Description").and_then(Value::as_str).map(str::to_owned),
            parameters: section("Parameters")?.into_iter().map(read_parameter).collect::<Result<_, String>>()?,
            mappings: Value::Object(section("Mappings")?),
            conditions: section("Conditions")?,
            resources: resources(&section("Resources")?)?,
            outputs: section("Outputs")?.into_iter().map(output).collect::<Result<_, String>>()?,
        };
        let parameters = &template.parameters;
        let resources = template.resources.values_mut();
        resources.for_each(|resource| resource.after.retain(|name| !parameters.contains_key(name)));
        template.check()?;
        Ok(template)
    }

    fn check(&self) -> Result<(), String> {
        let known = |name: &String| {
            self.parameters.contains_key(name) || self.resources.contains_key(name) || PSEUDO.contains(&name.as_str())
        };
        let bodies = self.resources.values().map(|resource| ("Resources", &resource.properties));
        let outputs = self.outputs.values().map(|output| ("Outputs", &output.value));
        for (block, value) in bodies.chain(outputs) {
            functions_are_known(value)?;
            let named = references(value)?;
            let missing: BTreeSet<_> =
                named.iter().filter(|(name, attribute)| attribute.is_none() && !known(name)).collect();
            unresolved(block, missing.into_iter().map(|(name, _)| name))?;
            named.iter().try_for_each(|(name, attribute)| self.attribute_exists(name, attribute.as_deref()))?;
        }
        for resource in self.resources.values() {
            unresolved("Resources", resource.after.iter().filter(|name| !self.resources.contains_key(*name)))?;
        }
        let conditions = self.resources.values().map(|resource| &resource.condition);
        let conditions = conditions.chain(self.outputs.values().map(|output| &output.condition)).flatten();
        if let Some(unknown) = conditions.into_iter().find(|name| !self.conditions.contains_key(*name)) {
            return Err(format!("Template format error: Unresolved condition dependency {unknown}."));
        }
        self.conditions.values().try_for_each(functions_are_known)?;
        self.order().map(drop)
    }

    fn attribute_exists(&self, name: &str, attribute: Option<&str>) -> Result<(), String> {
        let Some(attribute) = attribute else { return Ok(()) };
        match self.resources.get(name) {
            None => Err(format!("Template error: instance of Fn::GetAtt references undefined resource {name}")),
            Some(resource) if resource.kind.attributes.contains(&attribute) => Ok(()),
            Some(_) => Err(format!(
                "Template error: resource {name} does not support attribute type {attribute} in Fn::GetAtt"
            )),
        }
    }

    /// The resources, each after those that it depends on.
    pub(super) fn order(&self) -> Result<Vec<&String>, String> {
        let mut left: BTreeMap<&String, &Resource> = self.resources.iter().collect();
        let mut order = Vec::new();
        while !left.is_empty() {
            let ready = left.iter().filter(|(_, resource)| !resource.after.iter().any(|name| left.contains_key(name)));
            let ready: Vec<_> = ready.map(|(name, _)| *name).collect();
            if ready.is_empty() {
                let circle: Vec<_> = left.into_keys().cloned().collect();
                return Err(format!("Circular dependency between resources: [{}]", circle.join(", ")));
            }
            left.retain(|name, _| !ready.contains(name));
            order.extend(ready);
        }
        Ok(order)
    }

    pub(super) fn condition_names(&self) -> impl Iterator<Item = &String> {
        self.conditions.keys()
    }

    /// The capabilities that must be acknowledged: none, or one of the two for IAM.
    pub(in crate::lab) fn capability(&self) -> Option<&'static str> {
        let iam: Vec<_> = self.resources.values().filter(|one| one.kind.name.starts_with("AWS::IAM::")).collect();
        let named =
            |one: &&Resource| ["RoleName", "ManagedPolicyName"].iter().any(|name| one.properties.get(name).is_some());
        let named = iam.iter().any(named);
        (!iam.is_empty()).then_some(if named { "CAPABILITY_NAMED_IAM" } else { "CAPABILITY_IAM" })
    }

    pub(in crate::lab) fn iam_types(&self) -> BTreeSet<&'static str> {
        self.resources.values().map(|one| one.kind.name).filter(|name| name.starts_with("AWS::IAM::")).collect()
    }
}

fn unresolved<'a>(block: &str, names: impl Iterator<Item = &'a String>) -> Result<(), String> {
    let names: Vec<_> = names.cloned().collect();
    if names.is_empty() {
        return Ok(());
    }
    let names = names.join(", ");
    Err(format!(
        "Template format error: Unresolved resource dependencies [{names}] in the {block} block of the template"
    ))
}

fn functions_are_known(value: &Value) -> Result<(), String> {
    match value {
        Value::Array(items) => items.iter().try_for_each(functions_are_known),
        Value::Object(members) => members.iter().try_for_each(|(key, value)| {
            if key.starts_with("Fn::") && !FUNCTIONS.contains(&key.as_str()) {
                return Err(format!("Template error: the lab does not have the function {key}"));
            }
            functions_are_known(value)
        }),
        _ => Ok(()),
    }
}

fn resources(section: &Map<String, Value>) -> Result<BTreeMap<String, Resource>, String> {
    if section.is_empty() {
        return Err("Template format error: At least one Resources member must be defined.".to_owned());
    }
    let types: BTreeSet<_> = section.values().filter_map(|value| value.get("Type")?.as_str()).collect();
    let unknown: Vec<_> = types.into_iter().filter(|name| kind::find(name).is_none()).collect();
    if !unknown.is_empty() {
        return Err(format!("Template format error: Unrecognized resource types: [{}]", unknown.join(", ")));
    }
    section.iter().map(|(name, value)| Ok((name.clone(), resource(name, value)?))).collect()
}

fn resource(name: &str, value: &Value) -> Result<Resource, String> {
    const MEMBERS: [&str; 7] =
        ["Condition", "DeletionPolicy", "DependsOn", "Metadata", "Properties", "Type", "UpdateReplacePolicy"];
    if !name.chars().all(|c| c.is_ascii_alphanumeric()) || name.len() > 255 {
        return Err(format!("Template format error: Resource name {name} is non alphanumeric."));
    }
    let kind = value.get("Type").and_then(Value::as_str).and_then(kind::find);
    let (Some(kind), Some(members)) = (kind, value.as_object()) else {
        return Err(format!(
            "Template format error: [/Resources/{name}] Every Resources object must contain a Type member."
        ));
    };
    if let Some(unknown) = members.keys().find(|key| !MEMBERS.contains(&key.as_str())) {
        return Err(format!("Invalid template resource property '{unknown}'"));
    }
    let properties = value.get("Properties").cloned().unwrap_or_else(|| json!({}));
    let mut after: BTreeSet<String> = match value.get("DependsOn") {
        None => BTreeSet::new(),
        Some(Value::String(one)) => [one.clone()].into(),
        Some(Value::Array(names)) if names.iter().all(Value::is_string) => {
            names.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        Some(_) => return Err("Template format error: DependsOn must be a string or list of strings.".to_owned()),
    };
    let named = references(&properties)?.into_iter();
    let is_parameter = |name: &String| PSEUDO.contains(&name.as_str());
    after.extend(named.filter(|(name, _)| !is_parameter(name)).map(|(name, _)| name));
    Ok(Resource {
        kind,
        properties,
        metadata: value.get("Metadata").cloned().unwrap_or_default(),
        condition: value.get("Condition").and_then(Value::as_str).map(str::to_owned),
        after,
        retain: retains(value, "DeletionPolicy")?,
        retain_replaced: retains(value, "UpdateReplacePolicy")?,
    })
}

fn retains(resource: &Value, policy: &str) -> Result<bool, String> {
    match resource.get(policy).map(|value| value.as_str().unwrap_or_default()) {
        None | Some("Delete") => Ok(false),
        Some("Retain") => Ok(true),
        Some(other) => Err(format!("Template format error: Unrecognized {policy} {other}")),
    }
}

fn output((name, value): (String, Value)) -> Result<(String, Output), String> {
    if value.get("Export").is_some() {
        return Err(format!("Template error: the lab does not have exports, as output {name} wants one"));
    }
    let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let (description, condition) = (text("Description"), text("Condition"));
    let missing = || format!("Template format error: Output {name} is malformed. The Value field is required.");
    let value = value.get("Value").cloned().ok_or_else(missing)?;
    Ok((name, Output { description, value, condition }))
}

/// JSON if it begins as such, YAML otherwise; short functions (`!Ref`) become long ones.
fn parse(text: &str) -> Result<Value, String> {
    let malformed = |language: &str, line: usize, column: usize| {
        format!("Template format error: {language} not well-formed. (line {line}, column {column})")
    };
    if text.trim_start().starts_with('{') {
        return serde_json::from_str(text).map_err(|error| malformed("JSON", error.line(), error.column()));
    }
    let yaml: Yaml = yaml_serde::from_str(text).map_err(|error| {
        let (line, column) = error.location().map_or((1, 1), |place| (place.line(), place.column()));
        malformed("YAML", line, column)
    })?;
    long(yaml)
}

fn long(yaml: Yaml) -> Result<Value, String> {
    Ok(match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(value) => Value::Bool(value),
        Yaml::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(whole), _) => json!(whole),
            (None, Some(whole)) => json!(whole),
            (None, None) => json!(number.as_f64()),
        },
        Yaml::String(text) => Value::String(text),
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(long).collect::<Result<_, _>>()?),
        Yaml::Mapping(members) => {
            let member = |(key, value): (Yaml, Yaml)| match long(key)? {
                Value::String(key) => Ok((key, long(value)?)),
                key @ (Value::Number(_) | Value::Bool(_)) => Ok((key.to_string(), long(value)?)),
                _ => Err("Template format error: YAML not well-formed. A key must be a string.".to_owned()),
            };
            Value::Object(members.into_iter().map(member).collect::<Result<_, _>>()?)
        }
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let name = match tag.trim_start_matches('!') {
                "Ref" => "Ref".to_owned(),
                "Condition" => "Condition".to_owned(),
                other => format!("Fn::{other}"),
            };
            json!({ name: long(tagged.value)? })
        }
    })
}
