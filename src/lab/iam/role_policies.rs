//! IAM's operations on the policies of a role: those that are written into it and those that are attached.

use super::{
    Answer, conflict, encoded, listing, malformed, new_name, no_such, required,
    roles::{change, find},
};
use crate::lab::{
    policy,
    wire::{
        error::ApiError,
        query::{Form, element, text},
    },
    world::World,
};

const MOST_ATTACHED: usize = 10;

pub(super) fn put(world: &mut World, form: &Form) -> Answer {
    let role = change(world, form)?;
    let name = new_name(form, "PolicyName", 128)?;
    let document = policy::identity(required(form, "PolicyDocument")?).map_err(malformed)?;
    role.inline.insert(name.to_owned(), document);
    Ok(Vec::new())
}

pub(super) fn get(world: &mut World, form: &Form) -> Answer {
    let (role, name) = (find(world, form)?, required(form, "PolicyName")?);
    let document = role.inline.get(name).ok_or_else(|| not_found(name))?;
    Ok(vec![text("RoleName", &role.name), text("PolicyName", name), text("PolicyDocument", encoded(document))])
}

pub(super) fn list(world: &mut World, form: &Form) -> Answer {
    let names = find(world, form)?.inline.keys().map(|name| text("member", name)).collect();
    listing(form, "ListRolePolicies", "PolicyNames", names)
}

pub(super) fn delete(world: &mut World, form: &Form) -> Answer {
    let name = required(form, "PolicyName")?;
    change(world, form)?.inline.remove(name).map(|_| Vec::new()).ok_or_else(|| not_found(name))
}

/// Attaching twice is no error.
pub(super) fn attach(world: &mut World, form: &Form) -> Answer {
    let arn = required(form, "PolicyArn")?;
    if world.managed_policy(arn).is_none() {
        return Err(no_such(format!("Policy {arn} does not exist or is not attachable.")));
    }
    let role = change(world, form)?;
    if role.attached.iter().any(|attached| attached == arn) {
        return Ok(Vec::new());
    }
    if role.attached.len() >= MOST_ATTACHED {
        return Err(conflict("LimitExceeded", format!("Cannot exceed quota for PoliciesPerRole: {MOST_ATTACHED}")));
    }
    role.attached.push(arn.to_owned());
    Ok(Vec::new())
}

pub(super) fn detach(world: &mut World, form: &Form) -> Answer {
    let arn = required(form, "PolicyArn")?;
    let attached = &mut change(world, form)?.attached;
    let place = attached.iter().position(|attached| attached == arn);
    attached.remove(place.ok_or_else(|| no_such(format!("Policy {arn} was not found.")))?);
    Ok(Vec::new())
}

pub(super) fn list_attached(world: &mut World, form: &Form) -> Answer {
    let prefix = form.get("PathPrefix").unwrap_or("/");
    let attached = find(world, form)?.attached.iter();
    let policies = attached.filter_map(|arn| world.managed_policy(arn).map(|policy| (arn, policy)));
    let policies = policies.filter(|(_, policy)| policy.path.starts_with(prefix));
    let members = policies
        .map(|(arn, policy)| element("member", vec![text("PolicyName", &policy.name), text("PolicyArn", arn)]))
        .collect();
    listing(form, "ListAttachedRolePolicies", "AttachedPolicies", members)
}

fn not_found(name: &str) -> ApiError {
    no_such(format!("The role policy with name {name} cannot be found."))
}
