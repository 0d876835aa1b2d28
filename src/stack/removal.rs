//! What `teardown` takes away, and what was found to remain. Knows the parts that `setup` makes and not how they are deleted.

use jiff::Timestamp;

use super::{Resource, Stack, kind_in_words, names::Names};
use crate::{drill::fleet::World, text::SafeText};

/// A secret as Secrets Manager describes it, without its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    pub name: SafeText,
    pub arn: SafeText,
    /// The stack whose tag it bears; none where it is not ours.
    pub of: Option<SafeText>,
    /// It waits to be deleted, which is to be then. Source: Secrets Manager API, DescribeSecret, `DeletedDate`.
    pub deleted: Option<Timestamp>,
}

/// A part of the account that is ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// E.g. `IAM role`.
    pub kind: SafeText,
    pub name: SafeText,
    pub fate: Fate,
}

/// What becomes of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Deleted,
    /// Secrets Manager keeps it for some days, in which it can be taken back.
    Recoverable,
    /// It stays, as was asked for.
    Kept,
}

impl Fate {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "delete",
            Self::Recoverable => "delete, recoverable",
            Self::Kept => "keep",
        }
    }
}

/// How long Secrets Manager keeps a secret that `teardown` deletes, in days; the shortest that it allows. Source: Secrets
/// Manager API, DeleteSecret, `RecoveryWindowInDays`.
pub const RECOVERY_DAYS: i64 = 7;

/// Everything that one `yes` would take away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    pub account: SafeText,
    pub region: SafeText,
    pub world: World,
    pub names: Names,
    pub stack: Option<Stack>,
    pub secret: Option<Secret>,
    /// FIS templates that bear this stack's tag and are not of it any more.
    pub templates: Vec<SafeText>,
    /// What drills left that are over: FIS templates by their ids, locks by the names of their parameters.
    pub of_drills: Vec<SafeText>,
    /// Log groups that bear our tag and are not the stack's.
    pub log_groups: Vec<SafeText>,
    pub keep_logs: bool,
    pub parts: Vec<Part>,
    /// How many of the parts are the stack's.
    pub in_stack: usize,
    /// What one should know before saying yes.
    pub notes: Vec<SafeText>,
}

impl Removal {
    /// Whether there is nothing to take away.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.fate == Fate::Kept) && self.stack.is_none()
    }
}

/// The parts of a stack, each with what becomes of it.
pub fn parts_of(resources: &[Resource], keep_logs: bool) -> Vec<Part> {
    let is_there = |resource: &&Resource| {
        resource.physical.is_some() && !matches!(resource.status.as_str(), "DELETE_COMPLETE" | "CREATE_FAILED")
    };
    let part = |resource: &Resource| Part {
        kind: SafeText::new(kind_in_words(&resource.kind)),
        name: resource.physical.clone().unwrap_or_default(),
        fate: if keep_logs && resource.kind.as_str() == LOG_GROUP { Fate::Kept } else { Fate::Deleted },
    };
    resources.iter().filter(is_there).map(part).collect()
}

pub const LOG_GROUP: &str = "AWS::Logs::LogGroup";

/// The template with which the stack lets go of its log groups: their deletion is no longer a deletion. CloudFormation takes a
/// change of `DeletionPolicy` only together with another, such as of `Metadata`. Source: CloudFormation user guide, updating
/// stacks.
pub fn keeping_logs(template: &str) -> String {
    template
        .replace("DeletionPolicy: Delete\n", "DeletionPolicy: Retain\n    Metadata: {spotdrill: kept by teardown}\n")
}

/// Whether a stack with that template lets go of its log groups.
pub fn lets_go_of_logs(template: &str) -> bool {
    template.contains("DeletionPolicy: Retain\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::TEMPLATE;

    #[test]
    fn letting_go_of_the_logs_changes_their_two_policies_alone() {
        let kept = keeping_logs(TEMPLATE);
        assert!(lets_go_of_logs(&kept) && !lets_go_of_logs(TEMPLATE));
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let (old, new) = (lines(TEMPLATE), lines(&kept));
        assert_eq!(new.len(), old.len() + 2);
        assert_eq!(new.iter().filter(|line| line.trim() == "DeletionPolicy: Retain").count(), 2);
        let rest: Vec<_> =
            new.iter().filter(|line| !line.contains("kept by teardown") && !line.contains("DeletionPolicy")).collect();
        assert_eq!(rest, old.iter().filter(|line| !line.contains("DeletionPolicy")).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_gone_or_was_never_made_is_no_part() {
        let resource = |logical: &str, kind: &str, status: &str| Resource {
            logical: logical.into(),
            physical: Some("name".into()),
            kind: kind.into(),
            status: status.into(),
            reason: None,
        };
        let resources = [
            resource("EventLog", LOG_GROUP, "CREATE_COMPLETE"),
            resource("FisRole", "AWS::IAM::Role", "CREATE_COMPLETE"),
            resource("Gone", "AWS::IAM::Role", "DELETE_COMPLETE"),
            resource("Never", "AWS::IAM::Role", "CREATE_FAILED"),
        ];
        let fates: Vec<_> = parts_of(&resources, true).into_iter().map(|part| part.fate).collect();
        assert_eq!(fates, [Fate::Kept, Fate::Deleted]);
    }
}
