//! `AWS::IAM::Role`, `AWS::IAM::ManagedPolicy` and `AWS::IAM::Policy`. Knows not what they allow.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    super::kind::{Failure, Made, Wanted},
    given, tag_list,
};
use crate::lab::world::{World, role::ManagedPolicy};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Inline {
    policy_name: String,
    policy_document: Value,
}

pub(in super::super) fn put_role(world: &mut World, wanted: &Wanted) -> Result<Made, Failure> {
    let name = wanted.name.clone();
    wanted.unless(world.roles.contains_key(&name))?;
    let attached: Vec<String> = wanted.read("ManagedPolicyArns")?;
    let missing =
        attached.iter().find(|arn| !arn.starts_with("arn:aws:iam::aws:") && !world.policies.contains_key(*arn));
    if let Some(arn) = missing {
        return Err(Failure {
            message: format!("Policy {arn} does not exist or is not attachable."),
            code: "NotFound",
        });
    }
    let trust = wanted.document("AssumeRolePolicyDocument")?;
    let inline = wanted.read::<Vec<Inline>>("Policies")?;
    let inline = inline.into_iter().map(|policy| (policy.policy_name, policy.policy_document));
    let known = world.roles.get(&name).cloned();
    let is_new = known.is_none();
    let mut role = known.unwrap_or_else(|| world.new_role(&name, Value::Null));
    role.path = wanted.text("Path").unwrap_or_else(|| "/".to_owned());
    role.description = wanted.text("Description");
    (role.trust, role.inline, role.attached, role.tags) = (trust, inline.collect(), attached, wanted.tags.clone());
    let attributes = [("Arn", world.iam_arn("role", &role.path, &name)), ("RoleId", role.id.clone())];
    if is_new {
        world.create_role(role).map_err(Failure::exists)?;
    } else {
        world.roles.insert(name.clone(), role);
    }
    Ok(Made::new(name, attributes))
}

/// Fails, as IAM does, if the role was given policies by someone else.
pub(in super::super) fn delete_role(world: &mut World, name: &str, properties: &Value) -> Result<(), Failure> {
    let own = |key: &str, member: &str| -> Vec<&Value> {
        let items = properties[key].as_array().into_iter().flatten();
        items.map(|item| item.get(member).unwrap_or(item)).collect()
    };
    let (inline, attached) = (own("Policies", "PolicyName"), own("ManagedPolicyArns", ""));
    let has_others = world.roles.get(name).is_some_and(|role| {
        role.inline.keys().any(|policy| !inline.contains(&&json!(policy)))
            || role.attached.iter().any(|arn| !attached.contains(&&json!(arn)))
    });
    if has_others {
        let message = "Cannot delete entity, must delete policies first.".to_owned();
        return Err(Failure { message, code: "ResourceConflict" });
    }
    world.roles.remove(name);
    Ok(())
}

pub(in super::super) fn live_role(world: &World, name: &str, _: &Value) -> Option<Value> {
    let role = world.roles.get(name)?;
    let inline = role.inline.iter().map(|(name, document)| json!({ "PolicyName": name, "PolicyDocument": document }));
    given(json!({
        "RoleName": name, "Path": role.path, "Description": role.description,
        "AssumeRolePolicyDocument": role.trust, "ManagedPolicyArns": role.attached,
        "Policies": inline.collect::<Value>(), "Tags": tag_list(&role.tags),
    }))
}

pub(in super::super) fn put_managed_policy(world: &mut World, wanted: &Wanted) -> Result<Made, Failure> {
    let path = wanted.text("Path").unwrap_or_else(|| "/".to_owned());
    let arn = wanted.physical.clone().unwrap_or_else(|| world.iam_arn("policy", &path, &wanted.name));
    wanted.unless(world.policies.contains_key(&arn))?;
    let document = wanted.document("PolicyDocument")?;
    let roles = roles_of(world, wanted)?;
    if let Some(before) = wanted.before {
        detach(world, &arn, before);
    }
    let known = world.policies.get(&arn).map(|policy| (policy.id.clone(), policy.created, policy.name.clone()));
    let (id, created, name) = known.unwrap_or_else(|| (world.policy_id(), world.now(), wanted.name.clone()));
    let description = wanted.text("Description");
    let policy = ManagedPolicy { name, path, id: id.clone(), description, created, document, tags: BTreeMap::new() };
    world.policies.insert(arn.clone(), policy);
    for role in roles {
        if let Some(role) = world.roles.get_mut(&role) {
            role.attached.retain(|attached| *attached != arn);
            role.attached.push(arn.clone());
        }
    }
    Ok(Made::new(arn.clone(), [("PolicyArn", arn), ("PolicyId", id)]))
}

pub(in super::super) fn delete_managed_policy(world: &mut World, arn: &str, properties: &Value) -> Result<(), Failure> {
    let own = names(properties, "Roles");
    let others = world.roles.values().filter(|role| !own.contains(&role.name.as_str()));
    if others.flat_map(|role| &role.attached).any(|attached| attached == arn) {
        let message = "Cannot delete a policy attached to entities.".to_owned();
        return Err(Failure { message, code: "ResourceConflict" });
    }
    detach(world, arn, properties);
    world.policies.remove(arn);
    Ok(())
}

pub(in super::super) fn live_managed_policy(world: &World, arn: &str, _: &Value) -> Option<Value> {
    let policy = world.policies.get(arn)?;
    let with = world.roles.values().filter(|role| role.attached.iter().any(|attached| attached == arn));
    given(json!({
        "ManagedPolicyName": policy.name, "Path": policy.path, "Description": policy.description,
        "PolicyDocument": policy.document, "Roles": with.map(|role| role.name.clone()).collect::<Value>(),
    }))
}

pub(in super::super) fn put_policy(world: &mut World, wanted: &Wanted) -> Result<Made, Failure> {
    let document = wanted.document("PolicyDocument")?;
    let roles = roles_of(world, wanted)?;
    if let Some(before) = wanted.before {
        delete_policy(world, "", before)?;
    }
    for role in roles {
        if let Some(role) = world.roles.get_mut(&role) {
            role.inline.insert(wanted.must("PolicyName"), document.clone());
        }
    }
    let id = wanted.physical.clone().unwrap_or_else(|| wanted.name.clone());
    Ok(Made::new(id.clone(), [("Id", id)]))
}

#[expect(clippy::unnecessary_wraps, reason = "every deletion may fail")]
pub(in super::super) fn delete_policy(world: &mut World, _: &str, properties: &Value) -> Result<(), Failure> {
    for role in names(properties, "Roles") {
        if let Some(role) = world.roles.get_mut(role) {
            role.inline.remove(properties["PolicyName"].as_str().unwrap_or_default());
        }
    }
    Ok(())
}

/// None once no role has it any more.
pub(in super::super) fn live_policy(world: &World, _: &str, properties: &Value) -> Option<Value> {
    let name = properties["PolicyName"].as_str()?;
    let with = |role: &&&str| world.roles.get(**role).is_some_and(|role| role.inline.contains_key(name));
    let all = names(properties, "Roles");
    let roles: Vec<_> = all.iter().filter(with).collect();
    let document = roles.iter().find_map(|role| world.roles.get(**role)?.inline.get(name))?;
    given(json!({ "PolicyName": name, "PolicyDocument": document, "Roles": roles }))
}

fn roles_of(world: &World, wanted: &Wanted) -> Result<Vec<String>, Failure> {
    let roles: Vec<String> = wanted.read("Roles")?;
    let message = |name: &String| format!("The role with name {name} cannot be found.");
    match roles.iter().find(|name| !world.roles.contains_key(*name)) {
        Some(name) => Err(Failure { message: message(name), code: "NotFound" }),
        None => Ok(roles),
    }
}

fn detach(world: &mut World, arn: &str, properties: &Value) {
    for role in names(properties, "Roles") {
        if let Some(role) = world.roles.get_mut(role) {
            role.attached.retain(|attached| attached != arn);
        }
    }
}

fn names<'a>(properties: &'a Value, key: &str) -> Vec<&'a str> {
    properties[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}
