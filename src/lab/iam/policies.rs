//! IAM's operations on managed policies, the account's and AWS's. Knows not to which role they are attached.

use http::StatusCode;

use super::{Answer, conflict, encoded, invalid, listing, malformed, new_name, no_such, path, required, tags};
use crate::lab::{
    policy,
    wire::{
        error::ApiError,
        query::{Element, Form, element, maybe, tags as tag_list, text},
        time::iso_seconds,
    },
    world::{World, aws_policies, role::ManagedPolicy},
};

/// The one version that a policy has.
const VERSION: &str = "v1";

pub(super) fn create(world: &mut World, form: &Form) -> Answer {
    let name = new_name(form, "PolicyName", 128)?;
    let path = path(form)?;
    let document = policy::identity(required(form, "PolicyDocument")?).map_err(malformed)?;
    if world.policies.values().any(|policy| policy.name.eq_ignore_ascii_case(name)) {
        let message = format!("A policy called {name} already exists. Duplicate names are not allowed.");
        return Err(conflict("EntityAlreadyExists", message));
    }
    let arn = world.iam_arn("policy", &path, name);
    let policy = ManagedPolicy {
        name: name.to_owned(),
        path,
        id: world.policy_id(),
        description: form.get("Description").map(str::to_owned),
        created: world.now(),
        document,
        tags: tags(form),
    };
    let answer = described(world, &arn, &policy, "Policy");
    world.policies.insert(arn, policy);
    Ok(vec![answer])
}

pub(super) fn get(world: &mut World, form: &Form) -> Answer {
    let (arn, policy) = find(world, form)?;
    Ok(vec![described(world, arn, policy, "Policy")])
}

pub(super) fn get_version(world: &mut World, form: &Form) -> Answer {
    let (arn, policy) = find(world, form)?;
    let version = required(form, "VersionId")?;
    if version != VERSION {
        return Err(no_such(format!("Policy {arn} version {version} does not exist or is not attachable.")));
    }
    let members = vec![
        text("Document", encoded(&policy.document)),
        text("VersionId", VERSION),
        text("IsDefaultVersion", "true"),
        text("CreateDate", iso_seconds(policy.created)),
    ];
    Ok(vec![element("PolicyVersion", members)])
}

pub(super) fn list(world: &mut World, form: &Form) -> Answer {
    let (own, aws) = match form.get("Scope").unwrap_or("All") {
        "All" => (true, true),
        "Local" => (true, false),
        "AWS" => (false, true),
        other => return Err(invalid(format!("Scope {other} is not one of All, AWS, Local."))),
    };
    let only_attached = form.get("OnlyAttached") == Some("true");
    let prefix = form.get("PathPrefix").unwrap_or("/");
    let policies = world.policies.iter().filter(|_| own).chain(aws_policies::ALL.iter().filter(|_| aws));
    let policies = policies
        .filter(|(arn, policy)| policy.path.starts_with(prefix) && (!only_attached || attachments(world, arn) > 0));
    let members = policies.map(|(arn, policy)| described(world, arn, policy, "member")).collect();
    listing(form, "ListPolicies", "Policies", members)
}

pub(super) fn delete(world: &mut World, form: &Form) -> Answer {
    let (arn, _) = find(world, form)?;
    if !world.policies.contains_key(arn) {
        return Err(ApiError::new(StatusCode::FORBIDDEN, "AccessDenied", "Policy is outside your own account."));
    }
    if attachments(world, arn) > 0 {
        return Err(conflict("DeleteConflict", "Cannot delete a policy attached to entities."));
    }
    world.policies.remove(arn);
    Ok(Vec::new())
}

fn find<'w, 'f>(world: &'w World, form: &'f Form) -> Result<(&'f str, &'w ManagedPolicy), ApiError> {
    let arn = required(form, "PolicyArn")?;
    let policy = world.managed_policy(arn).ok_or_else(|| no_such(format!("Policy {arn} was not found.")))?;
    Ok((arn, policy))
}

fn attachments(world: &World, arn: &str) -> usize {
    world.roles.values().filter(|role| role.attached.iter().any(|attached| attached == arn)).count()
}

fn described(world: &World, arn: &str, policy: &ManagedPolicy, name: &'static str) -> Element {
    let mut members = vec![
        text("PolicyName", &policy.name),
        text("PolicyId", &policy.id),
        text("Arn", arn),
        text("Path", &policy.path),
        text("DefaultVersionId", VERSION),
        text("AttachmentCount", attachments(world, arn).to_string()),
        text("PermissionsBoundaryUsageCount", "0"),
        text("IsAttachable", "true"),
        text("CreateDate", iso_seconds(policy.created)),
        text("UpdateDate", iso_seconds(policy.created)),
    ];
    // A listing has neither; IAM's own model says so of the description.
    if name != "member" {
        members.extend([maybe("Description", policy.description.as_ref()), tag_list(&policy.tags)]);
    }
    element(name, members)
}
