//! CloudFormation stacks and their change sets, as they are kept. Knows not how they come to be what they are.

pub(in crate::lab) mod change;
pub(in crate::lab) mod drift;
pub(in crate::lab) mod kind;
pub(in crate::lab) mod parameter;
pub(in crate::lab) mod template;

mod deploy;
mod desired;
mod intrinsic;
mod resources;
mod rights;
mod telling;
mod work;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use change::Change;
use drift::Drift;
use kind::Kind;
use template::Template;
use work::Work;

use super::{World, access::Caller};

pub(super) use deploy::StackHappening;

/// What a stack is to be.
#[derive(Clone, Debug)]
pub(in crate::lab) struct Configuration {
    pub(in crate::lab) template: Template,
    /// As they were given or by default.
    pub(in crate::lab) parameters: BTreeMap<String, String>,
    pub(in crate::lab) tags: BTreeMap<String, String>,
    pub(in crate::lab) capabilities: Vec<String>,
}

#[derive(Clone, Debug)]
pub(in crate::lab) struct Stack {
    pub(in crate::lab) order: u64,
    /// Its ARN.
    pub(in crate::lab) id: String,
    pub(in crate::lab) name: String,
    pub(in crate::lab) created: Timestamp,
    pub(in crate::lab) updated: Option<Timestamp>,
    pub(in crate::lab) deleted: Option<Timestamp>,
    /// E.g. `CREATE_IN_PROGRESS`.
    pub(in crate::lab) status: &'static str,
    pub(in crate::lab) reason: Option<String>,
    pub(in crate::lab) on_failure: OnFailure,
    pub(in crate::lab) configuration: Configuration,
    pub(in crate::lab) resources: BTreeMap<String, StackResource>,
    pub(in crate::lab) outputs: BTreeMap<String, String>,
    /// Oldest first.
    pub(in crate::lab) events: Vec<StackEvent>,
    /// By their ARNs.
    pub(in crate::lab) change_sets: BTreeMap<String, ChangeSet>,
    /// The change set that it is of.
    pub(in crate::lab) change_set: Option<String>,
    pub(in crate::lab) drift: Option<Drift>,
    /// The token of the last operation's request.
    pub(in crate::lab) token: Option<String>,
    /// Who asked for the last operation, by whose right it is done; none of what was done before the lab opened.
    pub(in crate::lab) caller: Option<Caller>,
    work: Work,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum OnFailure {
    Rollback,
    DoNothing,
    Delete,
}

#[derive(Clone, Debug)]
pub(in crate::lab) struct StackResource {
    pub(in crate::lab) kind: &'static Kind,
    pub(in crate::lab) physical: Option<String>,
    /// Worked out, as they were last applied.
    pub(in crate::lab) properties: Value,
    /// The same with `****` for what must not be shown.
    pub(in crate::lab) shown: Value,
    tags: BTreeMap<String, String>,
    attributes: BTreeMap<&'static str, String>,
    pub(in crate::lab) metadata: Value,
    pub(in crate::lab) status: &'static str,
    pub(in crate::lab) reason: Option<String>,
    pub(in crate::lab) updated: Timestamp,
    after: BTreeSet<String>,
    retain: bool,
    retain_replaced: bool,
}

#[derive(Clone, Debug)]
pub(in crate::lab) struct StackEvent {
    pub(in crate::lab) id: String,
    pub(in crate::lab) logical: String,
    pub(in crate::lab) physical: String,
    pub(in crate::lab) kind: &'static str,
    pub(in crate::lab) time: Timestamp,
    pub(in crate::lab) status: &'static str,
    pub(in crate::lab) reason: Option<String>,
    pub(in crate::lab) properties: Option<String>,
    pub(in crate::lab) token: Option<String>,
}

#[derive(Clone, Debug)]
pub(in crate::lab) struct ChangeSet {
    pub(in crate::lab) order: u64,
    /// Its ARN.
    pub(in crate::lab) id: String,
    pub(in crate::lab) name: String,
    pub(in crate::lab) description: Option<String>,
    pub(in crate::lab) created: Timestamp,
    pub(in crate::lab) status: &'static str,
    pub(in crate::lab) reason: Option<String>,
    pub(in crate::lab) execution: &'static str,
    pub(in crate::lab) on_failure: OnFailure,
    pub(in crate::lab) configuration: Configuration,
    pub(in crate::lab) changes: Vec<Change>,
}

impl World {
    /// A stack of this name that is not yet anything, and not yet kept.
    pub(in crate::lab) fn new_stack(&mut self, name: &str, configuration: Configuration) -> Stack {
        let id = self.session_id();
        let id = self.arn("cloudformation", &format!("stack/{name}/{id}"));
        Stack::new(self.next_order(), id, name.to_owned(), self.now, configuration)
    }
}

impl Stack {
    pub(in crate::lab) fn new(
        order: u64,
        id: String,
        name: String,
        now: Timestamp,
        configuration: Configuration,
    ) -> Self {
        Self {
            order,
            id,
            name,
            created: now,
            updated: None,
            deleted: None,
            status: "REVIEW_IN_PROGRESS",
            reason: None,
            on_failure: OnFailure::Rollback,
            configuration,
            resources: BTreeMap::new(),
            outputs: BTreeMap::new(),
            events: Vec::new(),
            change_sets: BTreeMap::new(),
            change_set: None,
            drift: None,
            token: None,
            caller: None,
            work: Work::default(),
        }
    }

    /// Whether nothing is under way.
    pub(in crate::lab) fn is_settled(&self) -> bool {
        !self.status.ends_with("_IN_PROGRESS")
    }
}
