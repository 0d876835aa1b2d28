//! Change sets: created, described, listed, executed, deleted. Knows not how the changes are found.

use super::{describe::told, invalid, listing, page_of, request, stacks};
use crate::lab::{
    wire::{
        error::ApiError,
        query::{Element, Form, element, maybe, members, text, texts},
        time::iso_millis as iso,
    },
    world::{
        World,
        stack::{
            ChangeSet, OnFailure, Stack,
            change::{Change, Detail},
        },
    },
};

pub(super) fn create(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let name = request::name(form, "ChangeSetName", 128)?;
    let stack_name = request::must(form, "StackName")?;
    let known = request::find(world, stack_name).filter(|stack| stack.deleted.is_none()).cloned();
    let mut stack = match (form.get("ChangeSetType").unwrap_or("UPDATE"), known) {
        ("CREATE", None) => {
            let stack_name = request::name(form, "StackName", 128)?;
            let configuration = request::configuration(form, None)?;
            world.new_stack(stack_name, configuration)
        }
        ("CREATE", Some(stack)) if stack.status == "REVIEW_IN_PROGRESS" => stack,
        ("CREATE", Some(_)) => {
            return Err(invalid(format!(
                "Stack [{stack_name}] already exists and cannot be created again with the changeSet [{name}]."
            )));
        }
        ("UPDATE", None) => return Err(invalid(format!("Stack [{stack_name}] does not exist"))),
        ("UPDATE", Some(stack)) => {
            stacks::can_be_updated(&stack)?;
            stack
        }
        (other, _) => return Err(invalid(format!("The lab has no change sets of type {other}."))),
    };
    if stack.change_sets.values().any(|set| set.name == name) {
        let message = format!("ChangeSet [{name}] already exists");
        return Err(ApiError::bad("AlreadyExistsException", message));
    }
    let old = Some(&stack.configuration).filter(|_| stack.status != "REVIEW_IN_PROGRESS");
    let configuration = request::configuration(form, old)?;
    world.check_configuration(&stack, &configuration).map_err(invalid)?;
    let on_failure = request::on_failure(form, "OnStackFailure")?;
    let id = world.session_id();
    let set = ChangeSet {
        order: world.next_order(),
        id: world.arn("cloudformation", &format!("changeSet/{name}/{id}")),
        name: name.to_owned(),
        description: form.get("Description").map(str::to_owned),
        created: world.now(),
        status: "CREATE_PENDING",
        reason: None,
        execution: "UNAVAILABLE",
        on_failure,
        configuration,
        changes: Vec::new(),
    };
    if stack.events.is_empty() {
        world.tell_stack(&mut stack, "REVIEW_IN_PROGRESS", Some("User Initiated"));
    }
    let answer = vec![text("Id", &set.id), text("StackId", &stack.id)];
    world.plan(&mut stack, set);
    world.stacks.insert(stack.id.clone(), stack);
    Ok(answer)
}

/// The change set that is named by its ARN, or by its name and its stack's.
pub(super) fn find<'w>(world: &'w World, form: &Form) -> Result<(&'w Stack, &'w ChangeSet), ApiError> {
    let name = request::must(form, "ChangeSetName")?;
    let not_found = || ApiError::not_found("ChangeSetNotFound", format!("ChangeSet [{name}] does not exist"));
    if name.starts_with("arn:") {
        let mut stacks = world.stacks.values();
        return stacks.find_map(|stack| Some((stack, stack.change_sets.get(name)?))).ok_or_else(not_found);
    }
    if form.get("StackName").is_none() {
        return Err(invalid("StackName must be specified if ChangeSetName is not specified as an ARN."));
    }
    let stack = request::stack(world, form)?;
    stack.change_sets.values().find(|set| set.name == name).map(|set| (stack, set)).ok_or_else(not_found)
}

pub(super) fn describe(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let (stack, set) = find(world, form)?;
    let page = page_of(form, "DescribeChangeSet", &set.changes)?;
    let with_values = request::flag(form, "IncludePropertyValues");
    let on_failure = match set.on_failure {
        OnFailure::Rollback => "ROLLBACK",
        OnFailure::DoNothing => "DO_NOTHING",
        OnFailure::Delete => "DELETE",
    };
    let changes = page.items.into_iter();
    let changes =
        changes.map(|one| vec![text("Type", "Resource"), element("ResourceChange", change(one, with_values))]);
    let mut described = summary(stack, set);
    described.extend(told(&set.configuration));
    described.extend([text("OnStackFailure", on_failure), members("Changes", changes), maybe("NextToken", page.next)]);
    Ok(described)
}

fn summary(stack: &Stack, set: &ChangeSet) -> Vec<Element> {
    vec![
        text("ChangeSetName", &set.name),
        text("ChangeSetId", &set.id),
        text("StackId", &stack.id),
        text("StackName", &stack.name),
        text("CreationTime", iso(set.created)),
        text("ExecutionStatus", set.execution),
        text("Status", set.status),
        maybe("StatusReason", set.reason.as_ref()),
        maybe("Description", set.description.as_ref()),
        text("IncludeNestedStacks", "false"),
        text("ImportExistingResources", "false"),
    ]
}

fn change(change: &Change, with_values: bool) -> Vec<Element> {
    let context = |properties: &Option<String>| {
        let all = properties.as_ref().filter(|_| with_values);
        all.map(|all| format!("{{\"Properties\":{all}}}"))
    };
    vec![
        text("Action", change.action),
        text("LogicalResourceId", &change.logical),
        maybe("PhysicalResourceId", change.physical.as_ref()),
        text("ResourceType", change.kind),
        maybe("Replacement", change.replacement),
        maybe("PolicyAction", change.policy_action),
        texts("Scope", change.scope()),
        members("Details", change.details.iter().map(|one| detail(one, with_values))),
        maybe("BeforeContext", context(&change.before)),
        maybe("AfterContext", context(&change.after)),
    ]
}

fn detail(detail: &Detail, with_values: bool) -> Vec<Element> {
    let kind = match (&detail.before, &detail.after) {
        (None, _) => "Add",
        (_, None) => "Remove",
        _ => "Modify",
    };
    let target = vec![
        text("Attribute", detail.attribute),
        maybe("Name", detail.name.as_ref()),
        maybe("Path", detail.name.as_ref().map(|name| format!("/Properties/{name}"))),
        maybe("AttributeChangeType", detail.name.as_ref().map(|_| kind)),
        text("RequiresRecreation", detail.recreation),
        maybe("BeforeValue", detail.before.as_ref().filter(|_| with_values)),
        maybe("AfterValue", detail.after.as_ref().filter(|_| with_values)),
    ];
    vec![
        element("Target", target),
        text("Evaluation", if detail.is_dynamic { "Dynamic" } else { "Static" }),
        text("ChangeSource", detail.source),
        maybe("CausingEntity", detail.cause.as_ref()),
    ]
}

pub(super) fn list(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let stack = request::stack(world, form)?;
    let mut sets: Vec<_> = stack.change_sets.values().collect();
    sets.sort_by_key(|set| set.order);
    let page = page_of(form, "ListChangeSets", sets)?;
    let summaries = page.items.into_iter().map(|set| summary(stack, set));
    Ok(listing(members("Summaries", summaries), page.next))
}

pub(super) fn execute(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let (stack, set) = find(world, form)?;
    let (mut stack, mut set) = (stack.clone(), set.clone());
    if set.execution != "AVAILABLE" {
        let ChangeSet { id, status, .. } = &set;
        let message = format!("ChangeSet [{id}] cannot be executed in its current status of [{status}]");
        return Err(ApiError::bad("InvalidChangeSetStatus", message));
    }
    let is_new = stack.status == "REVIEW_IN_PROGRESS";
    match (is_new, request::flag(form, "DisableRollback")) {
        (true, true) => set.on_failure = OnFailure::DoNothing,
        (false, true) => return Err(invalid("The lab's updates always roll back: DisableRollback is for new stacks.")),
        (true, false) => {}
        (false, false) => stacks::can_be_updated(&stack)?,
    }
    stacks::asked_for(world, &mut stack, form);
    world.execute(&mut stack, set);
    world.stacks.insert(stack.id.clone(), stack);
    Ok(Vec::new())
}

pub(super) fn delete(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    // One that is not there is as good as deleted; only its stack must be.
    let found = match find(world, form) {
        Ok((stack, set)) => (stack.id.clone(), set.clone()),
        Err(error) if error.code == "ChangeSetNotFound" => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let (stack, set) = found;
    if set.execution == "EXECUTE_IN_PROGRESS" || set.status == "CREATE_IN_PROGRESS" {
        let message = format!("ChangeSet [{}] cannot be deleted in its current status of [{}]", set.id, set.status);
        return Err(ApiError::bad("InvalidChangeSetStatus", message));
    }
    if let Some(stack) = world.stacks.get_mut(&stack) {
        stack.change_sets.remove(&set.id);
    }
    Ok(Vec::new())
}
