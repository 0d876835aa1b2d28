//! Secrets, as Secrets Manager keeps them. Knows not who reads them.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;

use super::World;

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

impl World {
    /// The ARN by which policies are asked about a secret, named or by its ARN. To one that is not there Secrets Manager
    /// gives six characters of its own making, so that `name-??????` allows to make it, or to be told that it is missing.
    pub(in crate::lab) fn secret_resource(&self, id: &str) -> String {
        let known = self.secrets.values().find(|secret| secret.name == id || secret.arn == id);
        match known {
            Some(secret) => secret.arn.clone(),
            None if id.starts_with("arn:") => id.to_owned(),
            None => self.arn("secretsmanager", &format!("secret:{id}-000000")),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").field("name", &self.name).finish_non_exhaustive()
    }
}
