//! Drift detection: begun, asked for, told. Knows not how drift is found.

use super::{invalid, listing, page_of, request};
use crate::lab::{
    wire::{
        error::ApiError,
        query::{Element, Form, maybe, members, text},
        time::iso_millis as iso,
    },
    world::{
        World,
        stack::{
            Stack,
            drift::{Drift, ResourceDrift},
        },
    },
};

pub(super) fn detect(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let mut stack = request::stack(world, form)?.clone();
    let Stack { id, status, .. } = &stack;
    if !stack.is_settled() || stack.deleted.is_some() || stack.status.starts_with("ROLLBACK") {
        return Err(invalid(format!("Drift detection cannot be performed on stack [{id}] while in {status} state")));
    }
    if stack.drift.as_ref().is_some_and(|drift| !drift.is_complete) {
        return Err(invalid(format!("Drift detection is already in progress for stack [{id}]")));
    }
    let only: Vec<_> = form.list("LogicalResourceIds.member").into_iter().map(str::to_owned).collect();
    if let Some(unknown) = only.iter().find(|name| !stack.resources.contains_key(*name)) {
        return Err(invalid(format!("Resource {unknown} does not exist for stack {}", stack.name)));
    }
    let detection = world.detect_drift(&mut stack, only);
    world.stacks.insert(stack.id.clone(), stack);
    Ok(vec![text("StackDriftDetectionId", detection)])
}

pub(super) fn status(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let id = request::must(form, "StackDriftDetectionId")?;
    let of = |stack: &Stack| stack.drift.clone().filter(|drift| drift.id == id).map(|drift| (stack.id.clone(), drift));
    let missing = || invalid(format!("Drift detection with id {id} does not exist"));
    let (stack, drift): (String, Drift) = world.stacks.values().find_map(of).ok_or_else(missing)?;
    let state = if drift.is_complete { "DETECTION_COMPLETE" } else { "DETECTION_IN_PROGRESS" };
    let found = drift.is_complete.then_some(&drift);
    Ok(vec![
        text("StackId", stack),
        text("StackDriftDetectionId", id),
        text("DetectionStatus", state),
        text("Timestamp", iso(drift.time)),
        maybe("StackDriftStatus", found.map(Drift::status)),
        maybe("DriftedStackResourceCount", found.map(|drift| drift.drifted().to_string())),
    ])
}

pub(super) fn resources(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let stack = request::stack(world, form)?;
    let wanted = form.list("StackResourceDriftStatusFilters.member");
    let Some(drift) = &stack.drift else { return Ok(vec![members("StackResourceDrifts", [])]) };
    let found = drift.resources.iter().filter(|(_, one)| wanted.is_empty() || wanted.contains(&one.status));
    let page = page_of(form, "DescribeStackResourceDrifts", found)?;
    let described = page.items.into_iter().map(|(name, one)| resource(stack, name, one, drift));
    Ok(listing(members("StackResourceDrifts", described), page.next))
}

fn resource(stack: &Stack, name: &str, resource: &ResourceDrift, drift: &Drift) -> Vec<Element> {
    let differences = resource.differences.iter().map(|difference| {
        vec![
            text("PropertyPath", &difference.path),
            text("ExpectedValue", &difference.expected),
            text("ActualValue", &difference.actual),
            text("DifferenceType", difference.kind),
        ]
    });
    vec![
        text("StackId", &stack.id),
        text("LogicalResourceId", name),
        text("PhysicalResourceId", &resource.physical),
        text("ResourceType", resource.kind),
        text("ExpectedProperties", resource.expected.to_string()),
        members("PropertyDifferences", differences),
        text("StackResourceDriftStatus", resource.status),
        text("Timestamp", iso(drift.time)),
        maybe("ActualProperties", resource.actual.as_ref().map(ToString::to_string)),
    ]
}
