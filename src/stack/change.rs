//! What a change set would do, and what it all costs: what an operator reads before saying yes. Knows CloudFormation's words
//! for changes and AWS's prices, and makes none of the changes.

use super::{kind_in_words, names::Names};
use crate::{drill::fleet::World, text::SafeText};

/// One resource's change. Source: CloudFormation API, `ResourceChange`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub action: Action,
    pub logical: SafeText,
    pub physical: Option<SafeText>,
    /// E.g. `AWS::Lambda::Function`.
    pub kind: SafeText,
    /// The properties and attributes that change; empty for what is new or goes.
    pub what: Vec<SafeText>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    Add,
    Modify,
    /// A new one takes its place, and it is deleted.
    Replace,
    /// Whether it is replaced shows only while it is changed.
    MayReplace,
    Remove,
    /// What CloudFormation calls by another word.
    Other,
}

impl Action {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Modify => "change",
            Self::Replace => "replace",
            Self::MayReplace => "may replace",
            Self::Remove => "remove",
            Self::Other => "other",
        }
    }

    /// Whether what is there now goes.
    pub fn takes_away(self) -> bool {
        matches!(self, Self::Replace | Self::MayReplace | Self::Remove)
    }

    /// A sign for it at the beginning of a line.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Modify | Self::Other => "~",
            Self::Replace | Self::MayReplace => "!",
            Self::Remove => "-",
        }
    }
}

impl Change {
    /// `IAM role FisRole (spot-fis-test): Policies`
    pub fn telling(&self) -> String {
        let physical = self.physical.as_ref().map(|name| format!(" ({name})")).unwrap_or_default();
        let what: Vec<_> = self.what.iter().map(SafeText::as_str).collect();
        let what = if what.is_empty() { String::new() } else { format!(": {}", what.join(", ")) };
        format!("{} {}{physical}{what}", kind_in_words(&self.kind), self.logical)
    }
}

/// What becomes of the secret, which is stored by API and is not in the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretChange {
    /// Slack is told nothing, or the secret stays as it is.
    None,
    Create,
    /// Its value is replaced.
    Replace,
    /// It is waiting to be deleted, and is taken back.
    Restore,
}

/// Everything that one `yes` would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    pub account: SafeText,
    pub region: SafeText,
    pub world: World,
    pub names: Names,
    /// The stack's ARN.
    pub stack_id: SafeText,
    /// The change set's ARN; none where the stack is as it is to be.
    pub change_set: Option<SafeText>,
    /// The stack does not exist yet.
    pub is_new: bool,
    pub changes: Vec<Change>,
    pub secret: SecretChange,
    /// What one should know, such as log groups that stay as they are.
    pub notes: Vec<SafeText>,
}

impl Preview {
    pub fn changes_nothing(&self) -> bool {
        self.change_set.is_none() && self.secret == SecretChange::None
    }

    /// How many of each, e.g. `11 add, 1 replace`.
    pub fn counts(&self) -> String {
        let kinds = [Action::Add, Action::Modify, Action::Replace, Action::MayReplace, Action::Remove, Action::Other];
        let count = |kind: Action| (kind, self.changes.iter().filter(|change| change.action == kind).count());
        let counted = kinds.into_iter().map(count).filter(|(_, count)| *count > 0);
        let counted: Vec<_> = counted.map(|(kind, count)| format!("{count} {}", kind.as_str())).collect();
        if counted.is_empty() { String::from("nothing to change") } else { counted.join(", ") }
    }

    /// What becomes of the secret, in words.
    pub fn secret_in_words(&self) -> String {
        let name = self.names.secret.as_deref().unwrap_or_default();
        match (self.secret, name) {
            (_, "") => String::from("none: Slack is not told, the Lambda only logs"),
            (SecretChange::None, name) => format!("{name} stays as it is"),
            (SecretChange::Create, name) => format!("{name} is made"),
            (SecretChange::Replace, name) => format!("{name} gets another value"),
            (SecretChange::Restore, name) => format!("{name} waits to be deleted: it is taken back"),
        }
    }

    /// What it costs to have it. Source: AWS Secrets Manager pricing, $0.40 a secret and month; CloudWatch Logs, Lambda and
    /// EventBridge pricing: AWS's own events are free, the rest is by use.
    pub fn cost(&self) -> &'static str {
        if self.names.secret.is_some() {
            "$0.40 a month for the secret; logs and Lambda by use, cents for a drill; FIS only while one runs"
        } else {
            "nothing by the month; logs and Lambda by use, cents for a drill; FIS only while one runs"
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;

    use super::*;

    pub(crate) fn change(action: Action, logical: &str, kind: &str) -> Change {
        Change { action, logical: logical.into(), physical: None, kind: kind.into(), what: Vec::new() }
    }

    #[test]
    fn changes_are_told_and_counted() {
        let mut role = change(Action::Modify, "FisRole", "AWS::IAM::Role");
        role.physical = Some("spot-fis-test".into());
        role.what = vec!["Policies".into(), "Tags".into()];
        assert_eq!(role.telling(), "IAM role FisRole (spot-fis-test): Policies, Tags");
        let preview = Preview {
            account: "1".into(),
            region: "r".into(),
            world: World::Lab,
            names: Names::of("s", &BTreeMap::new()),
            stack_id: "id".into(),
            change_set: Some("set".into()),
            is_new: false,
            changes: vec![
                role,
                change(Action::Add, "X", "AWS::Events::Rule"),
                change(Action::Add, "Y", "AWS::Events::Rule"),
            ],
            secret: SecretChange::None,
            notes: Vec::new(),
        };
        assert_eq!(preview.counts(), "2 add, 1 change");
        assert!(preview.cost().starts_with("nothing"));
        assert!(!preview.changes_nothing());
    }
}
