//! Whether the caller may do what a call needs. Knows not what that is.

use super::needs;
use crate::lab::{
    policy::{Decision, Request},
    refusal,
    routing::Call,
    service::{Protocol, Service},
    wire::error::ApiError,
    world::World,
};

/// Refuses a call that the caller's role does not allow; a role that was deleted allows nothing.
pub(in crate::lab) fn authorize(
    world: &World,
    service: &Service,
    protocol: &Protocol,
    call: &Call,
) -> Result<(), ApiError> {
    let caller = &world.access.caller;
    let role = world.roles.get(&caller.role);
    // What an administrator needs is not even looked for: it would cost more than most answers.
    if role.is_some_and(World::is_administrator) {
        return Ok(());
    }
    let common = role.map(|role| world.circumstances(role)).unwrap_or_default();
    for need in needs::of(world, service, call, &common) {
        let request =
            Request { action: &need.action, resource: &need.resource, context: &need.context, principals: &[] };
        let decision = role.map_or(Decision::ImplicitDeny, |role| world.decide(role, request));
        if decision != Decision::Allowed {
            return Err(refusal::denied(protocol, &request.refusal(&world.session_arn(caller), decision)));
        }
    }
    Ok(())
}
