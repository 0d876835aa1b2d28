//! EventBridge rules and their targets, as they are kept. Knows not which events match.

use std::collections::BTreeMap;

/// A rule of the default event bus.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct Rule {
    pub(in crate::lab) name: String,
    pub(in crate::lab) description: Option<String>,
    /// JSON, as it was put.
    pub(in crate::lab) pattern: String,
    pub(in crate::lab) enabled: bool,
    /// By their ids.
    pub(in crate::lab) targets: BTreeMap<String, RuleTarget>,
    pub(in crate::lab) tags: BTreeMap<String, String>,
}

/// Where a rule sends what matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct RuleTarget {
    /// Of a log group or of a function.
    pub(in crate::lab) arn: String,
    pub(in crate::lab) role_arn: Option<String>,
    /// JSON that is sent instead of the event.
    pub(in crate::lab) input: Option<String>,
}
