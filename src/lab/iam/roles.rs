//! IAM's operations on roles. Knows nothing of their policies but the one that says who may assume them.

use super::{Answer, conflict, encoded, invalid, listing, malformed, new_name, no_such, path, required, tags};
use crate::lab::{
    policy,
    wire::{
        error::ApiError,
        query::{Element, Form, element, maybe, tags as tag_list, text},
        time::iso_seconds,
    },
    world::{World, role::Role},
};

/// In seconds, of every role.
const MAX_SESSION: &str = "3600";

pub(super) fn find<'w>(world: &'w World, form: &Form) -> Result<&'w Role, ApiError> {
    let name = required(form, "RoleName")?;
    world.roles.get(name).ok_or_else(|| no_such(format!("The role with name {name} cannot be found.")))
}

/// The role, to be changed; those that are linked to a service cannot be.
pub(super) fn change<'w>(world: &'w mut World, form: &Form) -> Result<&'w mut Role, ApiError> {
    let name = find(world, form)?.name.clone();
    let missing = || no_such(format!("The role with name {name} cannot be found."));
    let role = world.roles.get_mut(&name).ok_or_else(missing)?;
    if role.path.starts_with("/aws-service-role/") {
        let message = format!(
            "Cannot perform the operation on the protected role '{name}' - this role is only modifiable by AWS"
        );
        return Err(ApiError::bad("UnmodifiableEntity", message));
    }
    Ok(role)
}

pub(super) fn create(world: &mut World, form: &Form) -> Answer {
    let name = new_name(form, "RoleName", 64)?;
    let path = path(form)?;
    let trust = policy::trust(required(form, "AssumeRolePolicyDocument")?).map_err(malformed)?;
    let description = form.get("Description").map(str::to_owned);
    let role = Role { path, description, tags: tags(form), ..world.new_role(name, trust) };
    world.create_role(role.clone())?;
    Ok(vec![described(world, &role, "Role")])
}

pub(super) fn create_service_linked(world: &mut World, form: &Form) -> Answer {
    let service = required(form, "AWSServiceName")?;
    if service != "fis.amazonaws.com" {
        return Err(ApiError::bad("InvalidInput", format!("The lab has no service-linked role for {service}.")));
    }
    let Some(name) = world.create_fis_linked_role(form.get("Description")) else {
        let message =
            "Service role name AWSServiceRoleForFIS has been taken in this account, please try a different suffix.";
        return Err(ApiError::bad("InvalidInput", message));
    };
    let role = world.roles.get(name).ok_or_else(|| no_such(name))?;
    Ok(vec![described(world, role, "Role")])
}

pub(super) fn get(world: &mut World, form: &Form) -> Answer {
    Ok(vec![described(world, find(world, form)?, "Role")])
}

pub(super) fn list(world: &mut World, form: &Form) -> Answer {
    let prefix = form.get("PathPrefix").unwrap_or("/");
    let roles = world.roles.values().filter(|role| role.path.starts_with(prefix));
    let members = roles.map(|role| described(world, role, "member")).collect();
    listing(form, "ListRoles", "Roles", members)
}

pub(super) fn update_trust(world: &mut World, form: &Form) -> Answer {
    let role = change(world, form)?;
    role.trust = policy::trust(required(form, "PolicyDocument")?).map_err(malformed)?;
    Ok(Vec::new())
}

pub(super) fn delete(world: &mut World, form: &Form) -> Answer {
    let role = change(world, form)?;
    if !role.attached.is_empty() {
        return Err(conflict("DeleteConflict", "Cannot delete entity, must detach all policies first."));
    }
    if !role.inline.is_empty() {
        return Err(conflict("DeleteConflict", "Cannot delete entity, must delete policies first."));
    }
    let name = role.name.clone();
    world.roles.remove(&name);
    Ok(Vec::new())
}

pub(super) fn tag(world: &mut World, form: &Form) -> Answer {
    let role = change(world, form)?;
    let mut all = role.tags.clone();
    all.extend(tags(form));
    if all.len() > 50 {
        return Err(conflict("LimitExceeded", "The number of tags has reached the maximum limit."));
    }
    role.tags = all;
    Ok(Vec::new())
}

pub(super) fn untag(world: &mut World, form: &Form) -> Answer {
    let keys = form.list("TagKeys.member");
    if keys.is_empty() {
        return Err(invalid(
            "1 validation error detected: Value at 'tagKeys' failed to satisfy constraint: Member must not be null",
        ));
    }
    change(world, form)?.tags.retain(|key, _| !keys.contains(&key.as_str()));
    Ok(Vec::new())
}

pub(super) fn list_tags(world: &mut World, form: &Form) -> Answer {
    listing(form, "ListRoleTags", "Tags", tag_list(&find(world, form)?.tags).children())
}

/// A listing leaves the tags out.
fn described(world: &World, role: &Role, name: &'static str) -> Element {
    let mut members = vec![
        text("Path", &role.path),
        text("RoleName", &role.name),
        text("RoleId", &role.id),
        text("Arn", world.role_arn(role)),
        text("CreateDate", iso_seconds(role.created)),
        text("AssumeRolePolicyDocument", encoded(&role.trust)),
        text("MaxSessionDuration", MAX_SESSION),
        maybe("Description", role.description.as_ref()),
    ];
    members.extend((name != "member" && !role.tags.is_empty()).then(|| tag_list(&role.tags)));
    element(name, members)
}
