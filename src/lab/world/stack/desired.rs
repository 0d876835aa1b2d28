//! What a configuration means for a stack: its active resources, their properties and tags, its outputs.
//! Knows not what is made of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    Configuration, Stack,
    intrinsic::{Ask, KNOWN_AFTER_APPLY, Scope, plain},
    parameter,
};
use crate::lab::world::World;

/// Properties worked out, the same with `****` for what must not be shown, and tags.
pub(super) type Desired = (Value, Value, BTreeMap<String, String>);

impl Stack {
    /// What `Ref` and `Fn::GetAtt` tell of a resource that is there.
    pub(super) fn tells(&self, name: &str, attribute: Option<&str>) -> Option<Value> {
        let resource = self.resources.get(name)?;
        match attribute {
            None => resource.physical.clone().map(Value::String),
            Some(attribute) => resource.attributes.get(attribute).cloned().map(Value::String),
        }
    }
}

impl World {
    fn scope<'c>(&self, stack: &Stack, configuration: &'c Configuration, masked: bool) -> Scope<'c> {
        let template = &configuration.template;
        let mut values = parameter::values(template, &configuration.parameters, masked);
        let pseudo = [
            ("AWS::AccountId", json!(self.scenario.account)),
            ("AWS::NotificationARNs", json!([])),
            ("AWS::Partition", json!("aws")),
            ("AWS::Region", json!(self.scenario.region)),
            ("AWS::StackId", json!(stack.id)),
            ("AWS::StackName", json!(stack.name)),
            ("AWS::URLSuffix", json!("amazonaws.com")),
        ];
        values.extend(pseudo.map(|(name, value)| (name.to_owned(), value)));
        Scope::new(template, values)
    }

    /// The resources whose condition holds.
    pub(super) fn active(&self, stack: &Stack, configuration: &Configuration) -> BTreeSet<String> {
        let scope = self.scope(stack, configuration, false);
        let holds = |condition: &Option<String>| condition.as_ref().is_none_or(|name| scope.holds(name, 0) == Ok(true));
        let active = configuration.template.resources.iter().filter(|(_, resource)| holds(&resource.condition));
        active.map(|(name, _)| name.clone()).collect()
    }

    /// What the stack's configuration wants of a resource, as the others are now.
    pub(super) fn desired(&self, stack: &Stack, name: &str) -> Result<Desired, String> {
        self.wanted(stack, &stack.configuration, name, &|name, attribute| stack.tells(name, attribute))
    }

    pub(super) fn wanted(
        &self,
        stack: &Stack,
        configuration: &Configuration,
        name: &str,
        ask: Ask,
    ) -> Result<Desired, String> {
        let resource = configuration.template.resources.get(name).ok_or("The resource is not in the template.")?;
        let worked_out = |masked: bool| {
            let scope = self.scope(stack, configuration, masked);
            Ok::<_, String>(scope.value(&resource.properties, ask)?.unwrap_or_else(|| json!({})))
        };
        let properties = worked_out(false)?;
        let mut tags = BTreeMap::new();
        if resource.kind.is_taggable() {
            tags.extend(configuration.tags.clone());
            tags.extend(own_tags(properties.get("Tags").unwrap_or(&Value::Null)));
            let given = [("stack-name", &stack.name), ("stack-id", &stack.id), ("logical-id", &name.to_owned())]
                .map(|(key, value)| (format!("aws:cloudformation:{key}"), value.clone()));
            tags.extend(given);
        }
        Ok((properties, worked_out(true)?, tags))
    }

    /// The outputs whose condition holds. An output that cannot be worked out was refused before.
    pub(super) fn outputs(&self, stack: &Stack) -> BTreeMap<String, String> {
        let ask: Ask = &|name, attribute| stack.tells(name, attribute);
        self.outputs_of(stack, &stack.configuration, ask).unwrap_or_default()
    }

    pub(super) fn outputs_of(
        &self,
        stack: &Stack,
        configuration: &Configuration,
        ask: Ask,
    ) -> Result<BTreeMap<String, String>, String> {
        let scope = self.scope(stack, configuration, false);
        let mut outputs = BTreeMap::new();
        for (name, output) in &configuration.template.outputs {
            if output.condition.as_ref().is_none_or(|condition| scope.holds(condition, 0) == Ok(true)) {
                let wrong =
                    || format!("Template format error: Output {name} is malformed. Its value must be a string.");
                let value =
                    scope.value(&output.value, ask).map_err(|said| said.replace("Resources block", "Outputs block"));
                outputs.insert(name.clone(), value?.and_then(|value| plain(&value)).ok_or_else(wrong)?);
            }
        }
        Ok(outputs)
    }

    /// What CloudFormation says of a configuration before it makes anything of it.
    pub(in crate::lab) fn check_configuration(&self, stack: &Stack, new: &Configuration) -> Result<(), String> {
        parameter::check(&new.template, &new.parameters)?;
        let scope = self.scope(stack, new, false);
        new.template.condition_names().try_for_each(|name| scope.holds(name, 0).map(drop))?;
        let active = self.active(stack, new);
        let ask: Ask = &|name, _| active.contains(name).then(|| json!(KNOWN_AFTER_APPLY));
        active.iter().try_for_each(|name| self.wanted(stack, new, name, ask).map(drop))?;
        self.outputs_of(stack, new, ask)?;
        let kind = |name: &String| new.template.resources.get(name).map(|resource| resource.kind.name);
        let there = stack.resources.iter().filter(|(_, resource)| !resource.is_gone());
        let other: Vec<_> = there
            .filter(|(name, known)| active.contains(*name) && kind(name) != Some(known.kind.name))
            .map(|(name, _)| name.clone())
            .collect();
        if other.is_empty() {
            return Ok(());
        }
        let resources = format!("the following resources: [{}]", other.join(", "));
        Err(format!("Update of resource type is not permitted. The new template modifies resource type of {resources}"))
    }
}

/// Tags as a list of `Key` and `Value`, or as FIS has them, as a map.
fn own_tags(tags: &Value) -> BTreeMap<String, String> {
    let of_list = tags.as_array().into_iter().flatten();
    let of_list = of_list.filter_map(|tag| Some((tag.get("Key").and_then(plain)?, tag.get("Value").and_then(plain)?)));
    let of_map = tags.as_object().into_iter().flatten();
    of_list.chain(of_map.filter_map(|(key, value)| Some((key.clone(), plain(value)?)))).collect()
}
