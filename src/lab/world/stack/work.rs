//! What is still to be done for a stack, in which order. Knows not how it is done.

use std::collections::{BTreeMap, BTreeSet};

use super::{Configuration, StackResource};

/// The work of an operation, one phase after the other.
#[derive(Clone, Debug, Default)]
pub(super) struct Work {
    /// Rises with each phase, so that what was scheduled in an earlier one can be told.
    pub(super) number: u64,
    pub(super) phase: Phase,
    /// By logical id.
    pub(super) tasks: BTreeMap<String, Task>,
    pub(super) failed: BTreeSet<(Action, String)>,
    /// What an update goes back to if it fails.
    pub(super) before: Option<(Configuration, BTreeMap<String, StackResource>)>,
    /// What an update leaves over, by logical id.
    pub(super) leftover: BTreeMap<String, StackResource>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phase {
    #[default]
    Create,
    RollBackCreate,
    Update,
    CleanUp,
    RollBackUpdate,
    CleanUpRollback,
    Delete,
}

#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) action: Action,
    /// The tasks that must be over before.
    pub(super) after: BTreeSet<String>,
    pub(super) is_running: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    Create,
    Update,
    Delete,
}

impl Action {
    /// Its verb, and a resource's status while it is under way, once it is done, and if it failed.
    fn words(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::Create => ("create", "CREATE_IN_PROGRESS", "CREATE_COMPLETE", "CREATE_FAILED"),
            Self::Update => ("update", "UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", "UPDATE_FAILED"),
            Self::Delete => ("delete", "DELETE_IN_PROGRESS", "DELETE_COMPLETE", "DELETE_FAILED"),
        }
    }

    pub(super) fn in_progress(self) -> &'static str {
        self.words().1
    }

    pub(super) fn complete(self) -> &'static str {
        self.words().2
    }

    pub(super) fn failed(self) -> &'static str {
        self.words().3
    }
}

impl Work {
    pub(super) fn enter(&mut self, phase: Phase, tasks: impl IntoIterator<Item = (String, Task)>) {
        self.number = self.number.saturating_add(1);
        self.phase = phase;
        self.failed.clear();
        self.tasks = tasks.into_iter().collect();
    }

    /// The tasks that can begin now.
    pub(super) fn ready(&self) -> Vec<(String, Action)> {
        let free = |task: &Task| !task.is_running && !task.after.iter().any(|other| self.tasks.contains_key(other));
        let ready = self.tasks.iter().filter(|(_, task)| free(task));
        ready.map(|(name, task)| (name.clone(), task.action)).collect()
    }

    /// Gives up a task and those that wait for it.
    pub(super) fn give_up(&mut self, name: &str) {
        let mut given_up = vec![name.to_owned()];
        while let Some(name) = given_up.pop() {
            self.tasks.remove(&name);
            let waiting = self.tasks.iter().filter(|(_, task)| task.after.contains(&name));
            given_up.extend(waiting.map(|(name, _)| name.clone()));
        }
    }

    /// `The following resource(s) failed to create: [A, B]. `
    pub(super) fn failures(&self) -> String {
        let of = |action: Action| {
            let names: Vec<_> =
                self.failed.iter().filter(|(failed, _)| *failed == action).map(|(_, name)| name.as_str()).collect();
            let sentence =
                format!("The following resource(s) failed to {}: [{}]. ", action.words().0, names.join(", "));
            if names.is_empty() { String::new() } else { sentence }
        };
        [Action::Create, Action::Update, Action::Delete].map(of).concat()
    }
}

/// The tasks to delete these, each before what it depends on.
pub(super) fn deletions(resources: &BTreeMap<String, StackResource>) -> BTreeMap<String, Task> {
    let there = |resource: &StackResource| !resource.is_gone();
    let needing = |name: &String| {
        let needing = resources.iter().filter(|(_, other)| there(other) && other.after.contains(name));
        needing.map(|(name, _)| name.clone()).collect()
    };
    let task = |name: &String| Task { action: Action::Delete, after: needing(name), is_running: false };
    resources.iter().filter(|(_, resource)| there(resource)).map(|(name, _)| (name.clone(), task(name))).collect()
}
