//! CloudFormation changed: change sets made, looked at, executed and dropped; stacks deleted. Knows nothing of what the changes
//! are for.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types as sdk;

use super::{
    Aws, Error,
    error::{Kind, absent},
};
use crate::{
    stack::{
        TAG,
        change::{Action, Change},
    },
    text::SafeText,
};

/// What a change set is to be made of.
#[derive(Clone, Debug)]
pub struct Proposal<'a> {
    pub stack: &'a str,
    /// Its own name: unique, so that a repeated request is known for what it is.
    pub name: &'a str,
    pub template: &'a str,
    pub parameters: &'a BTreeMap<String, String>,
    /// The stack does not exist yet.
    pub is_new: bool,
}

/// A change set as CloudFormation describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeSet {
    /// It is still being made.
    Pending,
    Ready {
        stack_id: SafeText,
        changes: Vec<Change>,
    },
    /// The stack is as it is to be.
    Empty {
        stack_id: SafeText,
    },
    Failed {
        stack_id: SafeText,
        why: SafeText,
    },
}

/// How the names of our change sets begin.
pub const NAME_BEGINS: &str = "spotdrill";

/// How CloudFormation says that there is nothing to change. Source: seen on AWS; the second where only outputs are the same.
const NOTHING: [&str; 2] = ["didn't contain changes", "No updates are to be performed"];

impl Aws {
    /// Has a change set made; gives its ARN. Nothing is changed by that, but a new stack is `REVIEW_IN_PROGRESS` from then on.
    pub async fn propose(&self, proposal: &Proposal<'_>) -> Result<String, Error> {
        let parameters = proposal
            .parameters
            .iter()
            .map(|(key, value)| sdk::Parameter::builder().parameter_key(key).parameter_value(value).build());
        let kind = if proposal.is_new { sdk::ChangeSetType::Create } else { sdk::ChangeSetType::Update };
        let call = self
            .cloudformation
            .create_change_set()
            .stack_name(proposal.stack)
            .change_set_name(proposal.name)
            .change_set_type(kind)
            .template_body(proposal.template)
            .set_parameters(Some(parameters.collect()))
            .capabilities(sdk::Capability::CapabilityNamedIam)
            .tags(sdk::Tag::builder().key(TAG).value(proposal.stack).build());
        match call.send().await.map_err(|error| Error::of("make the change set", &error)) {
            Ok(answer) => Ok(answer.id().unwrap_or_default().to_owned()),
            // the answer to an earlier try was lost, and its change set is there
            Err(error) if error.code.as_str() == "AlreadyExistsException" => self.change_set_arn(proposal).await,
            Err(error) => Err(error),
        }
    }

    /// The names of the stack's change sets; none where there is no stack.
    pub async fn change_sets(&self, stack: &str) -> Result<Vec<String>, Error> {
        let mut names = Vec::new();
        let mut pages = self.cloudformation.list_change_sets().stack_name(stack).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = absent(page.map_err(|error| Error::of("list the stack's change sets", &error)))?;
            let Some(page) = page else { return Ok(names) };
            names.extend(page.summaries().iter().filter_map(|set| set.change_set_name().map(str::to_owned)));
        }
        Ok(names)
    }

    async fn change_set_arn(&self, proposal: &Proposal<'_>) -> Result<String, Error> {
        let call = self.cloudformation.describe_change_set().stack_name(proposal.stack).change_set_name(proposal.name);
        let answer = call.send().await.map_err(|error| Error::of("find the change set", &error))?;
        Ok(answer.change_set_id().unwrap_or_default().to_owned())
    }

    pub async fn change_set(&self, arn: &str) -> Result<ChangeSet, Error> {
        let mut changes = Vec::new();
        let mut token = None;
        loop {
            let call = self.cloudformation.describe_change_set().change_set_name(arn).set_next_token(token);
            let answer = call.send().await.map_err(|error| Error::of("read the change set", &error))?;
            let stack_id = SafeText::new(answer.stack_id().unwrap_or_default());
            match answer.status() {
                Some(sdk::ChangeSetStatus::CreateComplete) => {}
                Some(sdk::ChangeSetStatus::Failed) => {
                    let why = answer.status_reason().unwrap_or("CloudFormation gives no reason");
                    if NOTHING.iter().any(|nothing| why.contains(nothing)) {
                        return Ok(ChangeSet::Empty { stack_id });
                    }
                    return Ok(ChangeSet::Failed { stack_id, why: SafeText::new(why) });
                }
                _ => return Ok(ChangeSet::Pending),
            }
            changes.extend(answer.changes().iter().filter_map(sdk::Change::resource_change).map(read_change));
            token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            if token.is_none() {
                return Ok(ChangeSet::Ready { stack_id, changes });
            }
        }
    }

    /// Begins to make the changes. `token` tells a repeated request; one whose answer was lost is not an error.
    pub async fn execute_change_set(&self, arn: &str, token: &str) -> Result<(), Error> {
        let call = self.cloudformation.execute_change_set().change_set_name(arn).client_request_token(token);
        match call.send().await.map_err(|error| Error::of("make the changes", &error)) {
            Ok(_) => Ok(()),
            Err(error) if error.code.as_str() == "InvalidChangeSetStatus" && error.why().contains("EXECUTE_") => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Drops a change set, so that nothing of it is left; one that is gone is as good as dropped.
    pub async fn drop_change_set(&self, arn: &str) -> Result<(), Error> {
        let call = self.cloudformation.delete_change_set().change_set_name(arn);
        match call.send().await.map_err(|error| Error::of("drop the change set", &error)) {
            Err(error) if error.kind != Kind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Begins to delete the stack; one that is gone is as good as deleted.
    pub async fn delete_stack(&self, id: &str, token: &str) -> Result<(), Error> {
        let call = self.cloudformation.delete_stack().stack_name(id).client_request_token(token);
        absent(call.send().await.map_err(|error| Error::of("delete the stack", &error))).map(|_| ())
    }
}

fn read_change(change: &sdk::ResourceChange) -> Change {
    let text = |text: Option<&str>| SafeText::new(text.unwrap_or_default());
    let action = match (change.action(), change.replacement()) {
        (Some(sdk::ChangeAction::Add), _) => Action::Add,
        (Some(sdk::ChangeAction::Remove), _) => Action::Remove,
        (Some(sdk::ChangeAction::Modify), Some(sdk::Replacement::True)) => Action::Replace,
        (Some(sdk::ChangeAction::Modify), Some(sdk::Replacement::Conditional)) => Action::MayReplace,
        (Some(sdk::ChangeAction::Modify), _) => Action::Modify,
        _ => Action::Other,
    };
    let mut what = Vec::new();
    for target in change.details().iter().filter_map(sdk::ResourceChangeDetail::target) {
        let name = target.name().or(target.attribute().map(sdk::ResourceAttribute::as_str));
        let name = SafeText::new(name.unwrap_or_default());
        if !what.contains(&name) {
            what.push(name);
        }
    }
    Change {
        action,
        logical: text(change.logical_resource_id()),
        physical: change.physical_resource_id().filter(|id| !id.is_empty()).map(SafeText::new),
        kind: text(change.resource_type()),
        what,
    }
}
