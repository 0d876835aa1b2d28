//! IAM roles, users and managed policies, as they are kept. Knows not what they allow.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Role {
    pub(in crate::lab) name: String,
    /// `/` in most cases.
    pub(in crate::lab) path: String,
    /// `AROA…`.
    pub(in crate::lab) id: String,
    pub(in crate::lab) description: Option<String>,
    pub(in crate::lab) created: Timestamp,
    /// Who may assume it: `AssumeRolePolicyDocument`.
    pub(in crate::lab) trust: Value,
    /// Policy documents by their names.
    pub(in crate::lab) inline: BTreeMap<String, Value>,
    /// ARNs of managed policies.
    pub(in crate::lab) attached: Vec<String>,
    pub(in crate::lab) tags: BTreeMap<String, String>,
}

/// A managed policy of the account.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct ManagedPolicy {
    pub(in crate::lab) name: String,
    pub(in crate::lab) path: String,
    /// `ANPA…`.
    pub(in crate::lab) id: String,
    pub(in crate::lab) description: Option<String>,
    pub(in crate::lab) created: Timestamp,
    pub(in crate::lab) document: Value,
    pub(in crate::lab) tags: BTreeMap<String, String>,
}
