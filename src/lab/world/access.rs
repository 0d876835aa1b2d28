//! Roles, and the names that IAM gives. Knows not what a role may do.

use serde_json::Value;

use super::{World, role::Role};
use crate::lab::wire::error::ApiError;

impl World {
    /// A role with an id, not yet kept, and with no policy.
    pub(in crate::lab) fn new_role(&mut self, name: &str, trust: Value) -> Role {
        Role {
            name: name.to_owned(),
            path: "/".to_owned(),
            id: format!("AROA{}", self.ids.name(17).to_ascii_uppercase()),
            description: None,
            created: self.now,
            trust,
            inline: std::collections::BTreeMap::new(),
            attached: Vec::new(),
            tags: std::collections::BTreeMap::new(),
        }
    }

    pub(in crate::lab) fn create_role(&mut self, role: Role) -> Result<(), ApiError> {
        if self.roles.contains_key(&role.name) {
            let message = format!("Role with name {} already exists.", role.name);
            return Err(ApiError::new(http::StatusCode::CONFLICT, "EntityAlreadyExists", message));
        }
        self.roles.insert(role.name.clone(), role);
        Ok(())
    }

    /// `ANPA…`.
    pub(in crate::lab) fn policy_id(&mut self) -> String {
        format!("ANPA{}", self.ids.name(17).to_ascii_uppercase())
    }

    pub(in crate::lab) fn secret_arn(&mut self, name: &str) -> String {
        let suffix = self.ids.name(6);
        self.arn("secretsmanager", &format!("secret:{name}-{suffix}"))
    }

    pub(in crate::lab) fn iam_arn(&self, kind: &str, path: &str, name: &str) -> String {
        format!("arn:aws:iam::{}:{kind}{path}{name}", self.scenario.account)
    }
}
