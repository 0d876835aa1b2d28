//! CreateStack, UpdateStack and DeleteStack. Knows not what comes of them.

use super::{invalid, request};
use crate::lab::{
    wire::{
        error::ApiError,
        query::{Element, Form, text},
    },
    world::{World, stack::Stack},
};

/// Notes who asks for an operation, and with which token.
pub(super) fn asked_for(world: &World, stack: &mut Stack, form: &Form) {
    stack.token = form.get("ClientRequestToken").map(str::to_owned);
    stack.caller = Some(world.access.caller.clone());
}

pub(super) fn create(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let name = request::name(form, "StackName", 128)?;
    if request::find(world, name).is_some() {
        return Err(ApiError::bad("AlreadyExistsException", format!("Stack [{name}] already exists")));
    }
    let on_failure = request::on_failure(form, "OnFailure")?;
    let configuration = request::configuration(form, None)?;
    let mut stack = world.new_stack(name, configuration.clone());
    world.check_configuration(&stack, &configuration).map_err(invalid)?;
    asked_for(world, &mut stack, form);
    world.deploy_stack(&mut stack, configuration, on_failure);
    Ok(made(world, stack))
}

pub(super) fn update(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let mut stack = request::stack(world, form)?.clone();
    if stack.deleted.is_some() {
        return Err(invalid(format!("Stack [{}] does not exist", stack.name)));
    }
    can_be_updated(&stack)?;
    let configuration = request::configuration(form, Some(&stack.configuration))?;
    world.check_configuration(&stack, &configuration).map_err(invalid)?;
    if world.changes(&stack, &configuration).is_err() {
        return Err(invalid("No updates are to be performed."));
    }
    asked_for(world, &mut stack, form);
    stack.change_sets.clear();
    let on_failure = stack.on_failure;
    world.deploy_stack(&mut stack, configuration, on_failure);
    Ok(made(world, stack))
}

pub(super) fn can_be_updated(stack: &Stack) -> Result<(), ApiError> {
    const CAN: [&str; 3] = ["CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE"];
    let Stack { id, status, .. } = stack;
    let message = || format!("Stack:{id} is in {status} state and can not be updated.");
    if CAN.contains(status) { Ok(()) } else { Err(invalid(message())) }
}

pub(super) fn delete(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let name = request::must(form, "StackName")?;
    // A stack that is not there is as good as deleted.
    let Some(stack) = request::find(world, name).filter(|stack| stack.deleted.is_none()) else { return Ok(Vec::new()) };
    let mut stack = stack.clone();
    let retained = form.list("RetainResources.member");
    if !retained.is_empty() && stack.status != "DELETE_FAILED" {
        let rest = "delete operation; only a stack in DELETE_FAILED state can have resources retained";
        return Err(invalid(format!(
            "Invalid operation on stack [{}]. RetainResources cannot be used in this {rest}",
            stack.id
        )));
    }
    if stack.status == "DELETE_IN_PROGRESS" {
        return Ok(Vec::new());
    }
    if stack.status.starts_with("UPDATE") && !stack.is_settled() {
        let message = format!("Stack [{}] cannot be deleted while in status {}", stack.name, stack.status);
        return Err(invalid(message));
    }
    if let Some(unknown) = retained.iter().find(|name| !stack.resources.contains_key(**name)) {
        return Err(invalid(format!("Resource {unknown} to retain is not in the stack")));
    }
    asked_for(world, &mut stack, form);
    world.delete_stack(&mut stack, &retained);
    world.stacks.insert(stack.id.clone(), stack);
    Ok(Vec::new())
}

fn made(world: &mut World, stack: Stack) -> Vec<Element> {
    let id = stack.id.clone();
    world.stacks.insert(id.clone(), stack);
    vec![text("StackId", id)]
}
