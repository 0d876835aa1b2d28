//! Lambda functions, as they are kept. Knows not what they do.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::World;
use crate::lab::wire::error::ApiError;

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Function {
    pub(in crate::lab) name: String,
    pub(in crate::lab) description: String,
    /// E.g. `python3.13`.
    pub(in crate::lab) runtime: String,
    pub(in crate::lab) handler: String,
    /// The ARN of its role.
    pub(in crate::lab) role: String,
    /// Its one source file.
    pub(in crate::lab) code: String,
    pub(in crate::lab) environment: BTreeMap<String, String>,
    /// In seconds.
    pub(in crate::lab) timeout: u32,
    /// In MB.
    pub(in crate::lab) memory: u32,
    /// JSON instead of text lines.
    pub(in crate::lab) json_logs: bool,
    pub(in crate::lab) log_group: String,
    pub(in crate::lab) modified: Timestamp,
    /// The statements of its resource policy, by their `Sid`.
    pub(in crate::lab) permissions: BTreeMap<String, Value>,
    pub(in crate::lab) tags: BTreeMap<String, String>,
}

impl World {
    /// Makes a function.
    pub(in crate::lab) fn create_function(&mut self, function: Function) -> Result<(), ApiError> {
        self.check_function(&function)?;
        self.functions.insert(function.name.clone(), function);
        Ok(())
    }

    /// Refuses a function that Lambda would not take.
    pub(in crate::lab) fn check_function(&self, function: &Function) -> Result<(), ApiError> {
        let role = |name: &str| self.roles.contains_key(name);
        if function.role.rsplit('/').next().is_some_and(role) {
            return Ok(());
        }
        let message = "The role defined for the function cannot be assumed by Lambda.";
        Err(ApiError::bad("InvalidParameterValueException", message))
    }
}
