//! Secrets, as Secrets Manager keeps them. Knows not who reads them.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;

#[derive(Clone, PartialEq, Eq)]
pub(in crate::lab) struct Secret {
    pub(in crate::lab) name: String,
    pub(in crate::lab) arn: String,
    pub(in crate::lab) description: Option<String>,
    /// None until a first value is put.
    pub(in crate::lab) value: Option<String>,
    /// The id of the current version.
    pub(in crate::lab) version: String,
    pub(in crate::lab) created: Timestamp,
    pub(in crate::lab) changed: Timestamp,
    /// When it will be gone, once it is deleted.
    pub(in crate::lab) deletion: Option<Timestamp>,
    pub(in crate::lab) tags: BTreeMap<String, String>,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("name", &self.name).finish_non_exhaustive()
    }
}
