//! What a stack says of itself: events of it and of its resources, the words of a failure, and names that it gives.
//! Knows not when.

use super::{Stack, StackEvent, StackResource, kind::Failure, work::Phase};
use crate::lab::{wire::time::iso_millis, world::World};

impl World {
    pub(super) fn handler_said(&mut self, failure: &Failure) -> String {
        let Failure { message, code } = failure;
        let token = self.ids.uuid();
        format!("Resource handler returned message: \"{message}\" (RequestToken: {token}, HandlerErrorCode: {code})")
    }

    /// The resource that the work of this phase is about.
    pub(super) fn record<'s>(stack: &'s mut Stack, name: &str) -> Option<&'s mut StackResource> {
        match stack.work.phase {
            Phase::CleanUp | Phase::CleanUpRollback => stack.work.leftover.get_mut(name),
            _ => stack.resources.get_mut(name),
        }
    }

    pub(super) fn tell(&mut self, stack: &mut Stack, name: &str, status: &'static str, reason: Option<&str>) {
        let (now, token) = (self.now, stack.token.clone());
        let Some(record) = Self::record(stack, name) else { return };
        (record.status, record.reason, record.updated) = (status, reason.map(str::to_owned), now);
        let event = StackEvent {
            id: format!("{name}-{status}-{}", iso_millis(now)),
            logical: name.to_owned(),
            physical: record.physical.clone().unwrap_or_default(),
            kind: record.kind.name,
            time: now,
            status,
            reason: reason.map(str::to_owned),
            properties: Some(record.shown.to_string()).filter(|_| !status.starts_with("DELETE")),
            token,
        };
        stack.events.push(event);
    }

    pub(in crate::lab) fn tell_stack(&mut self, stack: &mut Stack, status: &'static str, reason: Option<&str>) {
        (stack.status, stack.reason) = (status, reason.map(|reason| reason.trim_end().to_owned()));
        if stack.is_settled() {
            let executed = stack.change_set.as_ref().and_then(|set| stack.change_sets.get_mut(set));
            let executed = executed.filter(|set| set.execution == "EXECUTE_IN_PROGRESS");
            let is_done = ["CREATE_COMPLETE", "UPDATE_COMPLETE"].contains(&status);
            if let Some(set) = executed {
                set.execution = if is_done { "EXECUTE_COMPLETE" } else { "EXECUTE_FAILED" };
            }
        }
        stack.events.push(StackEvent {
            id: self.ids.uuid(),
            logical: stack.name.clone(),
            physical: stack.id.clone(),
            kind: "AWS::CloudFormation::Stack",
            time: self.now,
            status,
            reason: stack.reason.clone(),
            properties: None,
            token: stack.token.clone(),
        });
    }

    /// `<stack>-<LogicalId>-<12 letters or digits>`, at most `longest` characters: the stack's name gives way.
    pub(super) fn generated_name(&mut self, stack: &str, logical: &str, longest: usize) -> String {
        let end = format!("-{logical}-{}", self.ids.name(12).to_ascii_uppercase());
        let room = longest.saturating_sub(end.len());
        let end: String = end.chars().skip(end.len().saturating_sub(longest)).collect();
        stack.chars().take(room).collect::<String>() + &end
    }
}
