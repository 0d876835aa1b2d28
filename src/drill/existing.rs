//! A FIS template that is there already and is started as it is: what it says, as plain data. Knows FIS's words, and nothing
//! of how they were read or of the instances that they come to.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::TemplateId;
use crate::text::SafeText;

/// What of a template decides what is hit, when, as whom, and what stops it. Two readings that are equal are of one
/// template that nobody changed in between.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Existing {
    pub id: TemplateId,
    /// The tag `Name`.
    pub name: Option<SafeText>,
    pub description: SafeText,
    pub role_arn: SafeText,
    /// Its actions that interrupt spot instances, by name.
    pub interruptions: Vec<Interruption>,
    /// Every other action, as `name (id)`.
    pub others: Vec<SafeText>,
    /// The ARNs of the alarms that stop it.
    pub alarms: Vec<SafeText>,
    /// It has targets in other accounts than its own.
    pub other_accounts: bool,
    /// The drill of ours that it was made for and that removes it.
    pub of_drill: Option<SafeText>,
    pub updated: Option<Timestamp>,
}

/// One action that interrupts spot instances, with its target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Interruption {
    pub action: SafeText,
    /// As the template writes it, such as `PT2M`.
    pub warning: SafeText,
    /// The actions that it waits for.
    pub after: Vec<SafeText>,
    pub target: SafeText,
    /// `ALL`, `COUNT(1)`, `PERCENT(30)`.
    pub selection: SafeText,
    /// Either these instances or, without any, those that have all tags and pass all filters.
    pub arns: Vec<SafeText>,
    pub tags: Vec<(SafeText, SafeText)>,
    pub filters: Vec<(SafeText, Vec<SafeText>)>,
}

impl Existing {
    /// What people call it.
    pub fn label(&self) -> &SafeText {
        self.name.as_ref().unwrap_or(&self.description)
    }

    /// Whether FIS may come to other instances at each start: everything but all of a list of ARNs.
    pub fn chooses(&self) -> bool {
        let is_pinned = |action: &Interruption| action.selection.as_str() == "ALL" && !action.arns.is_empty();
        !self.interruptions.iter().all(is_pinned)
    }

    /// What its targets are, each once: `COUNT(1) of tag Name=web, State.Name=running`.
    pub fn selects(&self) -> String {
        let mut told: Vec<_> = self.interruptions.iter().map(Interruption::selects).collect();
        told.dedup();
        told.join("; ")
    }

    /// The warnings of its actions as it writes them, each once.
    pub fn warnings(&self) -> Vec<&SafeText> {
        let mut warnings: Vec<_> = self.interruptions.iter().map(|action| &action.warning).collect();
        warnings.sort();
        warnings.dedup();
        warnings
    }

    /// What stops it besides an operator.
    pub fn stops(&self) -> String {
        if self.alarms.is_empty() {
            return String::from("no alarm");
        }
        self.alarms.iter().map(SafeText::as_str).collect::<Vec<_>>().join(", ")
    }
}

impl Interruption {
    fn selects(&self) -> String {
        let instance = |arn: &SafeText| arn.rsplit('/').next().unwrap_or_default().to_owned();
        let tag = |(key, value): &(SafeText, SafeText)| format!("tag {key}={value}");
        let filter = |(path, values): &(SafeText, Vec<SafeText>)| {
            let values: Vec<_> = values.iter().map(SafeText::as_str).collect();
            format!("{path}={}", values.join("|"))
        };
        let what: Vec<_> = if self.arns.is_empty() {
            self.tags.iter().map(tag).chain(self.filters.iter().map(filter)).collect()
        } else {
            self.arns.iter().map(instance).collect()
        };
        format!("{} of {}", self.selection, what.join(", "))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn text(text: &str) -> SafeText {
        SafeText::new(text)
    }

    /// One of the node group `web` at random, two minutes before.
    pub(crate) fn existing() -> Existing {
        Existing {
            id: TemplateId::new("EXT9"),
            name: Some(text("one-of-web")),
            description: text("Interrupts one of web"),
            role_arn: text("arn:aws:iam::000000000000:role/theirs"),
            interruptions: vec![Interruption {
                action: text("interrupt"),
                warning: text("PT2M"),
                after: Vec::new(),
                target: text("one"),
                selection: text("COUNT(1)"),
                arns: Vec::new(),
                tags: vec![(text("eks:nodegroup-name"), text("web"))],
                filters: vec![(text("State.Name"), vec![text("running"), text("pending")])],
            }],
            others: Vec::new(),
            alarms: Vec::new(),
            other_accounts: false,
            of_drill: None,
            updated: None,
        }
    }

    #[test]
    fn what_it_selects_is_told_in_fis_own_words() {
        let mut existing = existing();
        assert_eq!(existing.selects(), "COUNT(1) of tag eks:nodegroup-name=web, State.Name=running|pending");
        let [action] = &mut existing.interruptions[..] else { panic!() };
        (action.selection, action.arns) = (text("ALL"), vec![text("arn:aws:ec2:eu-west-1:1:instance/i-1")]);
        assert_eq!(existing.selects(), "ALL of i-1");
    }

    #[test]
    fn only_all_of_a_list_of_arns_leaves_fis_no_choice() {
        let mut existing = existing();
        assert!(existing.chooses());
        existing.interruptions[0].selection = text("ALL");
        assert!(existing.chooses(), "an instance more may bear the tag by then");
        existing.interruptions[0].arns = vec![text("arn:aws:ec2:eu-west-1:1:instance/i-1")];
        assert!(!existing.chooses());
        existing.interruptions[0].selection = text("COUNT(1)");
        assert!(existing.chooses());
    }
}
