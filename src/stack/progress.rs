//! How far the work on a stack is: a fold of its events. Knows nothing of how they are read.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{Event, status::Outcome};
use crate::text::SafeText;

/// What the events said so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// In the order in which they were begun.
    pub rows: Vec<Row>,
    /// How many resources are to be worked on; zero where nobody knows.
    pub expected: usize,
    /// The stack's own status.
    pub status: SafeText,
    pub began: Option<Timestamp>,
    /// The first failure that is not the consequence of another.
    pub cause: Option<Event>,
    seen: BTreeSet<SafeText>,
}

/// One resource that is worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub logical: SafeText,
    pub kind: SafeText,
    pub physical: Option<SafeText>,
    pub status: SafeText,
    pub reason: Option<SafeText>,
    pub began: Timestamp,
    pub ended: Option<Timestamp>,
}

impl Row {
    /// What people call it: by its name, unless CloudFormation made that up.
    pub fn label(&self) -> &SafeText {
        let given = self.physical.as_ref().filter(|physical| !physical.contains(self.logical.as_str()));
        given.unwrap_or(&self.logical)
    }

    pub fn has_failed(&self) -> bool {
        self.status.ends_with("_FAILED")
    }
}

impl Progress {
    pub fn expecting(resources: usize) -> Self {
        Self { expected: resources, ..Self::default() }
    }

    /// Leaves out these events, which belong to earlier work.
    pub fn forget(&mut self, past: &[Event]) {
        self.seen.extend(past.iter().map(|event| event.id.clone()));
    }

    /// Takes in events, oldest first; one that came before changes nothing.
    pub fn apply(&mut self, event: &Event) {
        if !self.seen.insert(event.id.clone()) {
            return;
        }
        self.began.get_or_insert(event.at);
        if event.is_of_stack() {
            self.status = event.status.clone();
            return;
        }
        if event.status.ends_with("_FAILED") && self.cause.is_none() && !is_consequence(event) {
            self.cause = Some(event.clone());
        }
        let ended = (!event.status.ends_with("_IN_PROGRESS")).then_some(event.at);
        match self.rows.iter_mut().find(|row| row.logical == event.logical) {
            Some(row) => {
                row.status = event.status.clone();
                row.physical = event.physical.clone().or(row.physical.take());
                row.reason.clone_from(&event.reason);
                row.ended = ended;
            }
            None => self.rows.push(Row {
                logical: event.logical.clone(),
                kind: event.kind.clone(),
                physical: event.physical.clone(),
                status: event.status.clone(),
                reason: event.reason.clone(),
                began: event.at,
                ended,
            }),
        }
    }

    /// How many resources are done.
    pub fn done(&self) -> usize {
        self.rows.iter().filter(|row| row.ended.is_some()).count()
    }

    /// How many there are in all, as far as one knows.
    pub fn total(&self) -> usize {
        self.expected.max(self.rows.len())
    }

    pub fn outcome(&self) -> Option<Outcome> {
        Outcome::of(&self.status)
    }

    /// The resources that are there now, by their names: what a failure has left.
    pub fn left(&self) -> BTreeMap<SafeText, SafeText> {
        let is_there = |row: &&Row| !matches!(row.status.as_str(), "DELETE_COMPLETE" | "CREATE_FAILED");
        let named = |row: &Row| Some((row.logical.clone(), row.physical.clone()?));
        self.rows.iter().filter(is_there).filter_map(named).collect()
    }
}

/// What is given up because another resource failed.
fn is_consequence(event: &Event) -> bool {
    event.reason.as_ref().is_some_and(|reason| reason.contains("cancelled"))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn event(number: u32, logical: &str, status: &str, reason: Option<&str>) -> Event {
        let kind = if logical == "stack" { "AWS::CloudFormation::Stack" } else { "AWS::IAM::Role" };
        Event {
            id: SafeText::new(format!("e{number}")),
            at: Timestamp::from_second(1_800_000_000 + i64::from(number)).unwrap(),
            logical: logical.into(),
            physical: Some(SafeText::new(format!("my-{logical}"))),
            kind: kind.into(),
            status: status.into(),
            reason: reason.map(SafeText::new),
        }
    }

    #[test]
    fn events_fold_into_rows_whatever_comes_twice() {
        let mut progress = Progress::expecting(3);
        let events = [
            event(1, "stack", "CREATE_IN_PROGRESS", None),
            event(2, "A", "CREATE_IN_PROGRESS", None),
            event(3, "B", "CREATE_IN_PROGRESS", None),
            event(4, "A", "CREATE_COMPLETE", None),
        ];
        events.iter().chain(&events).for_each(|event| progress.apply(event));
        assert_eq!((progress.done(), progress.total(), progress.rows.len()), (1, 3, 2));
        assert_eq!(progress.rows[0].ended.unwrap().duration_since(progress.rows[0].began).as_secs(), 2);
        assert_eq!(progress.outcome(), None);
        progress.apply(&event(5, "stack", "CREATE_COMPLETE", None));
        assert_eq!(progress.outcome(), Some(Outcome::Made));
    }

    #[test]
    fn the_cause_is_the_first_failure_that_no_other_brought_about() {
        let mut progress = Progress::expecting(3);
        for event in [
            event(1, "A", "CREATE_FAILED", Some("Resource creation cancelled")),
            event(2, "B", "CREATE_FAILED", Some("is not authorized to perform: iam:CreateRole")),
            event(3, "C", "CREATE_FAILED", Some("another")),
            event(4, "D", "CREATE_COMPLETE", None),
            event(5, "stack", "ROLLBACK_FAILED", None),
        ] {
            progress.apply(&event);
        }
        assert_eq!(progress.cause.as_ref().unwrap().logical.as_str(), "B");
        assert_eq!(progress.outcome(), Some(Outcome::Failed));
        assert_eq!(progress.left().into_keys().collect::<Vec<_>>(), ["D".into()]);
    }
}
