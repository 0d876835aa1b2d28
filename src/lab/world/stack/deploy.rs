//! Stacks in time: resources made, changed and deleted in waves, and rolled back. Knows not what a resource is.
//! How long things take are choices of the lab's, near what one sees on AWS.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::{
    ChangeSet, Configuration, OnFailure, Stack, StackResource,
    intrinsic::plain,
    kind::{Failure, Wanted},
    work::{Action, Phase, Task, deletions},
};
use crate::lab::world::{Happening, World};

/// Something that is due for a stack.
#[derive(Clone, Debug)]
pub(in crate::lab::world) struct StackHappening {
    stack: String,
    /// The phase of work in which it was scheduled.
    phase: u64,
    step: Step,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The next tasks begin.
    Begins,
    /// The resource is made, or changed.
    Initiates(String),
    Completes(String),
    ChangeSetAdvances(String),
    DriftIsDetected,
}

const REPLACES: &str = "Requested update requires the creation of a new physical resource; hence creating one.";

impl StackResource {
    pub(super) fn is_gone(&self) -> bool {
        ["DELETE_COMPLETE", "DELETE_SKIPPED"].contains(&self.status)
    }
}

impl World {
    /// Begins to make a stack what its change set says. The stack's other change sets are void with that.
    pub(in crate::lab) fn execute(&mut self, stack: &mut Stack, mut set: ChangeSet) {
        self.deploy_stack(stack, set.configuration.clone(), set.on_failure);
        set.execution = "EXECUTE_IN_PROGRESS";
        stack.change_set = Some(set.id.clone());
        stack.change_sets = [(set.id.clone(), set)].into();
    }

    /// Begins to make a stack what the configuration says.
    pub(in crate::lab) fn deploy_stack(
        &mut self,
        stack: &mut Stack,
        configuration: Configuration,
        on_failure: OnFailure,
    ) {
        let is_new = stack.resources.is_empty() && stack.status == "REVIEW_IN_PROGRESS";
        let old = std::mem::replace(&mut stack.configuration, configuration);
        let active = self.active(stack, &stack.configuration);
        let task = |name: &String| {
            let action = if stack.resources.contains_key(name) { Action::Update } else { Action::Create };
            let after = stack.configuration.template.resources.get(name).map(|resource| resource.after.clone());
            (name.clone(), Task { action, after: after.unwrap_or_default(), is_running: false })
        };
        let tasks: Vec<_> = active.iter().map(task).collect();
        if is_new {
            stack.on_failure = on_failure;
            stack.created = self.now;
            stack.work.enter(Phase::Create, tasks);
            self.tell_stack(stack, "CREATE_IN_PROGRESS", Some("User Initiated"));
        } else {
            stack.work.before = Some((old, stack.resources.clone()));
            stack.updated = Some(self.now);
            stack.work.enter(Phase::Update, tasks);
            self.tell_stack(stack, "UPDATE_IN_PROGRESS", Some("User Initiated"));
        }
        self.begin_soon(stack);
    }

    /// Begins to delete a stack, without the resources that are to be retained.
    pub(in crate::lab) fn delete_stack(&mut self, stack: &mut Stack, retained: &[&str]) {
        for (name, resource) in &mut stack.resources {
            resource.retain |= retained.contains(&name.as_str());
        }
        stack.work.enter(Phase::Delete, deletions(&stack.resources));
        self.tell_stack(stack, "DELETE_IN_PROGRESS", Some("User Initiated"));
        self.begin_soon(stack);
    }

    pub(in crate::lab) fn with_stack(&mut self, id: &str, run: impl FnOnce(&mut Self, &mut Stack)) {
        if let Some(mut stack) = self.stacks.remove(id) {
            run(self, &mut stack);
            self.stacks.insert(id.to_owned(), stack);
        }
    }

    pub(in crate::lab::world) fn stack_goes_on(&mut self, happening: StackHappening) {
        let StackHappening { stack, phase, step } = happening;
        self.with_stack(&stack, |world, stack| match step {
            Step::ChangeSetAdvances(set) => world.change_set_advances(stack, &set),
            Step::DriftIsDetected => world.drift_is_detected(stack),
            _ if phase != stack.work.number => {}
            Step::Begins => world.begin(stack),
            Step::Initiates(name) => world.initiate(stack, &name),
            Step::Completes(name) => world.complete(stack, &name),
        });
    }

    pub(super) fn later(&mut self, stack: &Stack, low: i64, high: i64, step: Step) {
        let delay = self.ids.between(SignedDuration::from_millis(low), SignedDuration::from_millis(high));
        let happening = StackHappening { stack: stack.id.clone(), phase: stack.work.number, step };
        self.schedule(delay, Happening::Stack(happening));
    }

    fn begin_soon(&mut self, stack: &Stack) {
        self.later(stack, 1_500, 3_000, Step::Begins);
    }

    fn begin(&mut self, stack: &mut Stack) {
        loop {
            let ready = stack.work.ready();
            if ready.is_empty() {
                break;
            }
            for (name, action) in ready {
                if let Some(task) = stack.work.tasks.get_mut(&name) {
                    task.is_running = true;
                    match action {
                        Action::Delete => self.begin_deletion(stack, &name),
                        Action::Create | Action::Update => self.begin_change(stack, &name, action),
                    }
                }
            }
        }
        if stack.work.tasks.is_empty() {
            self.end_phase(stack);
        }
    }

    fn begin_change(&mut self, stack: &mut Stack, name: &str, action: Action) {
        let Some(declared) = stack.configuration.template.resources.get(name).cloned() else { return };
        let new = StackResource {
            kind: declared.kind,
            physical: None,
            properties: json!({}),
            shown: json!({}),
            tags: BTreeMap::new(),
            attributes: BTreeMap::new(),
            metadata: declared.metadata.clone(),
            status: action.in_progress(),
            reason: None,
            updated: self.now,
            after: BTreeSet::new(),
            retain: false,
            retain_replaced: false,
        };
        let record = stack.resources.entry(name.to_owned()).or_insert(new);
        (record.after, record.retain, record.retain_replaced) =
            (declared.after, declared.retain, declared.retain_replaced);
        let is_told = std::mem::replace(&mut record.metadata, declared.metadata) != record.metadata;
        let is_same = self.desired(stack, name).is_ok_and(|(properties, _, tags)| {
            let known = stack.resources.get(name);
            known.is_some_and(|known| known.properties == properties && known.tags == tags)
        });
        if action == Action::Update && is_same {
            // Metadata is the stack's own: the resource has no part in its change.
            if is_told {
                self.tell(stack, name, action.complete(), None);
            }
            stack.work.tasks.remove(name);
            return;
        }
        self.tell(stack, name, action.in_progress(), None);
        self.later(stack, 400, 1_500, Step::Initiates(name.to_owned()));
    }

    fn initiate(&mut self, stack: &mut Stack, name: &str) {
        let Some(action) = stack.work.tasks.get(name).map(|task| task.action) else { return };
        match self.put(stack, name, action) {
            Ok(seconds) => {
                let about = seconds.saturating_mul(1_000);
                self.later(stack, about * 3 / 4, about * 5 / 4, Step::Completes(name.to_owned()));
            }
            Err(reason) => self.fail(stack, name, action, &reason),
        }
    }

    /// Makes or changes a resource, and tells how many seconds that takes.
    fn put(&mut self, stack: &mut Stack, name: &str, action: Action) -> Result<i64, String> {
        let (properties, shown, tags) = self.desired(stack, name)?;
        let known = stack.resources.get(name).cloned().ok_or("The resource is not known.")?;
        let kind = known.kind;
        let invalid = |text: String| format!("Properties validation failed for resource {name} with message:\n{text}");
        let object: &Map<String, Value> =
            properties.as_object().ok_or_else(|| invalid("#: expected an object".to_owned()))?;
        if let Some(complaint) = kind.complaint(object) {
            return Err(invalid(complaint));
        }
        let changed = |property: &&&str| properties.get(**property) != known.properties.get(**property);
        let replaces = action == Action::Update && kind.immutable.iter().any(|property| changed(&property));
        let given = kind.named.and_then(|(property, _)| properties.get(property)).and_then(plain);
        if replaces
            && given.is_some()
            && given == kind.named.and_then(|(property, _)| plain(known.properties.get(property)?))
        {
            let rename = format!("Rename {} and update the stack again.", given.unwrap_or_default());
            return Err(format!(
                "CloudFormation cannot update a stack when a custom-named resource requires replacing. {rename}"
            ));
        }
        let in_place = action == Action::Update && !replaces;
        let physical = known.physical.clone().filter(|_| in_place);
        let name_of_it = match (&physical, given) {
            (Some(physical), _) => physical.clone(),
            (None, Some(given)) => given,
            (None, None) => self.generated_name(&stack.name, name, kind.named.map_or(255, |(_, longest)| longest)),
        };
        let before = Some(&known.properties).filter(|_| in_place);
        let wanted = Wanted { kind, name: name_of_it, physical, before, properties: object, tags: tags.clone() };
        self.may_put(stack, &wanted).map_err(|failure| self.handler_said(&failure))?;
        let made = (kind.put)(self, &wanted).map_err(|failure| self.handler_said(&failure))?;
        if replaces {
            self.tell(stack, name, "UPDATE_IN_PROGRESS", Some(REPLACES));
            let retain = known.retain_replaced;
            stack.work.leftover.insert(name.to_owned(), StackResource { retain, ..known });
        }
        if let Some(record) = stack.resources.get_mut(name) {
            (record.physical, record.attributes) = (Some(made.physical), made.attributes);
            (record.properties, record.shown, record.tags) = (properties, shown, tags);
        }
        if !in_place {
            self.tell(stack, name, action.in_progress(), Some("Resource creation Initiated"));
        }
        Ok(kind.seconds)
    }

    fn complete(&mut self, stack: &mut Stack, name: &str) {
        let Some(action) = stack.work.tasks.get(name).map(|task| task.action) else { return };
        if action == Action::Delete
            && let Err(failure) = self.delete_resource(stack, name)
        {
            let reason = self.handler_said(&failure);
            return self.fail(stack, name, action, &reason);
        }
        self.tell(stack, name, action.complete(), None);
        stack.work.tasks.remove(name);
        self.begin(stack);
    }

    fn delete_resource(&mut self, stack: &mut Stack, name: &str) -> Result<(), Failure> {
        let Some(record) = Self::record(stack, name).cloned() else { return Ok(()) };
        let Some(physical) = &record.physical else { return Ok(()) };
        self.may_delete(stack, &record, physical)?;
        (record.kind.delete)(self, physical, &record.properties)
    }

    fn begin_deletion(&mut self, stack: &mut Stack, name: &str) {
        let Some((is_made, retain, seconds)) =
            Self::record(stack, name).map(|record| (record.physical.is_some(), record.retain, record.kind.seconds))
        else {
            return;
        };
        if retain || !is_made {
            self.tell(stack, name, if retain { "DELETE_SKIPPED" } else { "DELETE_COMPLETE" }, None);
            stack.work.tasks.remove(name);
            return;
        }
        self.tell(stack, name, "DELETE_IN_PROGRESS", None);
        let about = seconds.saturating_mul(500);
        self.later(stack, about, about + 1_500, Step::Completes(name.to_owned()));
    }

    fn fail(&mut self, stack: &mut Stack, name: &str, action: Action, reason: &str) {
        self.tell(stack, name, action.failed(), Some(reason));
        stack.work.failed.insert((action, name.to_owned()));
        if action == Action::Delete {
            stack.work.give_up(name);
            return self.begin(stack);
        }
        stack.work.tasks.remove(name);
        for (other, task) in std::mem::take(&mut stack.work.tasks) {
            if task.is_running {
                let cancelled = if task.action == Action::Create { "creation" } else { "update" };
                self.tell(stack, &other, task.action.failed(), Some(&format!("Resource {cancelled} cancelled")));
                stack.work.failed.insert((task.action, other));
            }
        }
        self.roll_back(stack);
    }

    fn roll_back(&mut self, stack: &mut Stack) {
        let failures = stack.work.failures();
        if stack.work.phase == Phase::RollBackUpdate {
            return self.tell_stack(stack, "UPDATE_ROLLBACK_FAILED", Some(&failures));
        }
        if let Some((configuration, before)) = stack.work.before.take() {
            stack.configuration = configuration;
            let mut tasks = Vec::new();
            for (name, old) in &before {
                tasks
                    .push((name.clone(), Task { action: Action::Update, after: old.after.clone(), is_running: false }));
            }
            for (name, new) in std::mem::take(&mut stack.resources) {
                stack.work.leftover.remove(&name);
                match before.get(&name) {
                    Some(old) if old.physical == new.physical && old.properties != new.properties => {
                        stack.resources.insert(name, new);
                    }
                    Some(old) if old.physical == new.physical => {
                        stack.resources.insert(name, old.clone());
                    }
                    old => {
                        stack.resources.extend(old.map(|old| (name.clone(), old.clone())));
                        stack.work.leftover.insert(name, new);
                    }
                }
            }
            stack.work.enter(Phase::RollBackUpdate, tasks);
            self.tell_stack(stack, "UPDATE_ROLLBACK_IN_PROGRESS", Some(&failures));
            return self.begin_soon(stack);
        }
        let requested = format!("{failures}Rollback requested by user.");
        let (phase, status) = match stack.on_failure {
            OnFailure::DoNothing => return self.tell_stack(stack, "CREATE_FAILED", Some(&failures)),
            OnFailure::Rollback => (Phase::RollBackCreate, "ROLLBACK_IN_PROGRESS"),
            OnFailure::Delete => (Phase::Delete, "DELETE_IN_PROGRESS"),
        };
        stack.work.enter(phase, deletions(&stack.resources));
        self.tell_stack(stack, status, Some(&requested));
        self.begin_soon(stack);
    }

    fn end_phase(&mut self, stack: &mut Stack) {
        let failures = Some(stack.work.failures()).filter(|failures| !failures.is_empty());
        match stack.work.phase {
            Phase::Create => {
                stack.outputs = self.outputs(stack);
                self.tell_stack(stack, "CREATE_COMPLETE", None);
            }
            Phase::RollBackCreate => {
                let status = if failures.is_some() { "ROLLBACK_FAILED" } else { "ROLLBACK_COMPLETE" };
                self.tell_stack(stack, status, failures.as_deref());
            }
            Phase::Delete => {
                let status = if failures.is_some() { "DELETE_FAILED" } else { "DELETE_COMPLETE" };
                stack.deleted = failures.is_none().then_some(self.now);
                self.tell_stack(stack, status, failures.as_deref());
            }
            Phase::Update | Phase::RollBackUpdate => {
                let active = self.active(stack, &stack.configuration);
                let removed = stack.resources.extract_if(.., |name, _| !active.contains(name));
                stack.work.leftover.extend(removed);
                stack.outputs = self.outputs(stack);
                let (phase, status) = match stack.work.phase {
                    Phase::Update => (Phase::CleanUp, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
                    _ => (Phase::CleanUpRollback, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"),
                };
                stack.work.before = None;
                stack.work.enter(phase, deletions(&stack.work.leftover));
                self.tell_stack(stack, status, None);
                self.begin_soon(stack);
            }
            Phase::CleanUp | Phase::CleanUpRollback => {
                let is_rollback = stack.work.phase == Phase::CleanUpRollback;
                stack.work.leftover.clear();
                self.tell_stack(stack, if is_rollback { "UPDATE_ROLLBACK_COMPLETE" } else { "UPDATE_COMPLETE" }, None);
            }
        }
    }
}
