//! Stacks, their events and resources, as they are described. Knows not what happens to them.

use jiff::Timestamp;

use super::{invalid, listing, page_of, page_of_places, request};
use crate::lab::{
    wire::{
        error::ApiError,
        query::{Element, Form, element, maybe, members, tags, text, texts},
        time::iso_millis as iso,
    },
    world::{
        World,
        stack::{Configuration, OnFailure, Stack, StackEvent, StackResource, parameter::Parameter},
    },
};

pub(super) fn stacks(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let found = match form.get("StackName") {
        Some(_) => vec![request::stack(world, form)?],
        None => newest_first(world).into_iter().filter(|stack| stack.deleted.is_none()).collect(),
    };
    let page = page_of(form, "DescribeStacks", found)?;
    Ok(listing(members("Stacks", page.items.into_iter().map(stack)), page.next))
}

fn newest_first(world: &World) -> Vec<&Stack> {
    let mut stacks: Vec<_> = world.stacks.values().collect();
    stacks.sort_by_key(|stack| std::cmp::Reverse(stack.order));
    stacks
}

/// What a stack's description and its summary share.
fn outline(stack: &Stack) -> Vec<Element> {
    let drift = stack.drift.as_ref().filter(|drift| drift.is_complete);
    vec![
        text("StackId", &stack.id),
        text("StackName", &stack.name),
        text("CreationTime", iso(stack.created)),
        text("StackStatus", stack.status),
        maybe("StackStatusReason", stack.reason.as_ref()),
        maybe("LastUpdatedTime", stack.updated.map(iso)),
        maybe("DeletionTime", stack.deleted.map(iso)),
        drifted("StackDriftStatus", drift.map(|drift| (drift.status(), drift.time))),
    ]
}

/// What is known of drift, if it was looked for.
fn drifted(name: &'static str, found: Option<(&'static str, Timestamp)>) -> Element {
    let status = text(name, found.map_or("NOT_CHECKED", |(status, _)| status));
    element("DriftInformation", vec![status, maybe("LastCheckTimestamp", found.map(|(_, time)| iso(time)))])
}

fn stack(stack: &Stack) -> Vec<Element> {
    let configuration = &stack.configuration;
    let outputs = stack.outputs.iter().map(|(name, value)| {
        let declared = configuration.template.outputs.get(name);
        let description = declared.and_then(|output| output.description.as_ref());
        vec![text("OutputKey", name), text("OutputValue", value), maybe("Description", description)]
    });
    let mut described = outline(stack);
    described.extend([
        maybe("Description", configuration.template.description.as_ref()),
        maybe("ChangeSetId", stack.change_set.as_ref()),
        members("Outputs", outputs),
        text("DisableRollback", (stack.on_failure == OnFailure::DoNothing).to_string()),
        text("EnableTerminationProtection", "false"),
    ]);
    described.extend(told(configuration));
    described
}

/// What descriptions of stacks and change sets tell of a configuration.
pub(super) fn told(configuration: &Configuration) -> [Element; 5] {
    [
        parameters(configuration),
        tags(&configuration.tags),
        texts("Capabilities", &configuration.capabilities),
        element("NotificationARNs", Vec::new()),
        element("RollbackConfiguration", Vec::new()),
    ]
}

fn parameters(configuration: &Configuration) -> Element {
    let hidden = |name: &String| configuration.template.parameters.get(name).is_some_and(Parameter::no_echo);
    members(
        "Parameters",
        configuration.parameters.iter().map(|(name, value)| {
            let value = if hidden(name) { "****" } else { value };
            vec![text("ParameterKey", name), text("ParameterValue", value)]
        }),
    )
}

pub(super) fn list_stacks(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let wanted = form.list("StackStatusFilter.member");
    let found = newest_first(world).into_iter().filter(|stack| wanted.is_empty() || wanted.contains(&stack.status));
    let page = page_of(form, "ListStacks", found)?;
    let summaries = page.items.into_iter().map(|stack| {
        let description = stack.configuration.template.description.as_ref();
        outline(stack).into_iter().chain([maybe("TemplateDescription", description)]).collect()
    });
    Ok(listing(members("StackSummaries", summaries), page.next))
}

/// Newest first; the token keeps its place while more events come.
pub(super) fn events(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let name = request::must(form, "StackName")?;
    let stack = request::find(world, name).ok_or_else(|| invalid(format!("Stack [{name}] does not exist")))?;
    // Places that fall with time: no event that comes later changes one.
    let places = stack.events.iter().enumerate().rev();
    let newest_first = places.map(|(place, event)| (u64::MAX.saturating_sub(place as u64), event));
    let page = page_of_places(form, "DescribeStackEvents", newest_first)?;
    let described = page.items.into_iter().map(|one| event(stack, one));
    Ok(listing(members("StackEvents", described), page.next))
}

fn event(stack: &Stack, event: &StackEvent) -> Vec<Element> {
    vec![
        text("StackId", &stack.id),
        text("EventId", &event.id),
        text("StackName", &stack.name),
        text("LogicalResourceId", &event.logical),
        text("PhysicalResourceId", &event.physical),
        text("ResourceType", event.kind),
        text("Timestamp", iso(event.time)),
        text("ResourceStatus", event.status),
        maybe("ResourceStatusReason", event.reason.as_ref()),
        maybe("ResourceProperties", event.properties.as_ref()),
        maybe("ClientRequestToken", event.token.as_ref()),
    ]
}

/// A resource as each of three operations tells it, with its time under the name that the operation has for it.
fn described(stack: &Stack, name: &str, resource: &StackResource, time: &'static str) -> Vec<Element> {
    let drift = stack.drift.as_ref().and_then(|drift| Some((drift.resources.get(name)?.status, drift.time)));
    vec![
        text("LogicalResourceId", name),
        maybe("PhysicalResourceId", resource.physical.as_ref()),
        text("ResourceType", resource.kind.name),
        text(time, iso(resource.updated)),
        text("ResourceStatus", resource.status),
        maybe("ResourceStatusReason", resource.reason.as_ref()),
        drifted("StackResourceDriftStatus", drift),
    ]
}

fn with_stack(stack: &Stack, resource: Vec<Element>) -> Vec<Element> {
    [text("StackName", &stack.name), text("StackId", &stack.id)].into_iter().chain(resource).collect()
}

pub(super) fn resource(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let stack = request::stack(world, form)?;
    let name = request::must(form, "LogicalResourceId")?;
    let missing = || invalid(format!("Resource {name} does not exist for stack {}", stack.name));
    let resource = stack.resources.get(name).ok_or_else(missing)?;
    let mut detail = with_stack(stack, described(stack, name, resource, "LastUpdatedTimestamp"));
    let metadata = Some(resource.metadata.to_string()).filter(|_| !resource.metadata.is_null());
    detail.push(maybe("Metadata", metadata));
    Ok(vec![element("StackResourceDetail", detail)])
}

pub(super) fn resources(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let stack = match (form.get("StackName"), form.get("PhysicalResourceId")) {
        (Some(_), None) => request::stack(world, form)?,
        (None, Some(physical)) => {
            let has = |stack: &&Stack| {
                stack.deleted.is_none() && stack.resources.values().any(|one| one.physical.as_deref() == Some(physical))
            };
            let missing = || invalid(format!("Stack for {physical} does not exist"));
            world.stacks.values().find(has).ok_or_else(missing)?
        }
        _ => return Err(invalid("Exactly one of StackName and PhysicalResourceId must be specified.")),
    };
    let wanted = form.get("LogicalResourceId");
    let found = stack.resources.iter().filter(|(name, _)| wanted.is_none_or(|wanted| wanted == *name));
    let found = found.take(100).map(|(name, one)| with_stack(stack, described(stack, name, one, "Timestamp")));
    Ok(vec![members("StackResources", found)])
}

pub(super) fn list_resources(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let stack = request::stack(world, form)?;
    let page = page_of(form, "ListStackResources", &stack.resources)?;
    let summaries = page.items.into_iter().map(|(name, one)| described(stack, name, one, "LastUpdatedTimestamp"));
    Ok(listing(members("StackResourceSummaries", summaries), page.next))
}
