//! Lambda functions, as they are kept. Knows not what they do.

use std::collections::BTreeMap;

use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{World, role::Role};
use crate::lab::wire::{error::ApiError, json::set};

/// A line of the source by which the lab knows the one function that it can run. It runs a model of that function and never
/// the source itself.
pub(in crate::lab) const MARKER: &str = "# send-slack-spot-event";

#[derive(Clone, Debug, Default, PartialEq)]
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

/// A statement of a function's resource policy; a principal with a dot is a service.
pub(in crate::lab) fn permission(
    (sid, action): (&str, &str),
    principal: &str,
    resource: &str,
    (source_arn, source_account): (Option<String>, Option<String>),
) -> Value {
    let kind = if principal.contains('.') { "Service" } else { "AWS" };
    let mut statement = json!({
        "Sid": sid, "Effect": "Allow", "Principal": { kind: principal }, "Action": action, "Resource": resource,
    });
    let source = source_arn.map(|arn| ("ArnLike", json!({ "AWS:SourceArn": arn })));
    let account = source_account.map(|id| ("StringEquals", json!({ "AWS:SourceAccount": id })));
    let condition: Value = source.into_iter().chain(account).map(|(name, value)| (name.to_owned(), value)).collect();
    if condition != json!({}) {
        set(&mut statement, "Condition", condition);
    }
    statement
}

impl World {
    /// Makes a function whose code is [`MARKER`]ed, with a role that Lambda may assume.
    pub(in crate::lab) fn create_function(&mut self, function: Function) -> Result<(), ApiError> {
        if self.functions.contains_key(&function.name) {
            let message = format!("Function already exist: {}", function.name);
            return Err(ApiError::new(StatusCode::CONFLICT, "ResourceConflictException", message));
        }
        self.check_function(&function)?;
        self.functions.insert(function.name.clone(), function);
        Ok(())
    }

    /// Refuses a function that the lab cannot run or that Lambda would not take.
    pub(in crate::lab) fn check_function(&self, function: &Function) -> Result<(), ApiError> {
        let invalid = |message: &str| Err(ApiError::bad("InvalidParameterValueException", message));
        if !function.code.lines().any(|line| line.trim_end() == MARKER) {
            return invalid(
                "The lab runs one function only, send-slack-spot-event: its source is told by the line \
                 `# send-slack-spot-event`.",
            );
        }
        if !function.runtime.starts_with("python3.") {
            return invalid("The lab runs Python functions only.");
        }
        if !(1..=900).contains(&function.timeout) || !(128..=10_240).contains(&function.memory) {
            return invalid("Timeout must be from 1 to 900 seconds and MemorySize from 128 to 10240 MB.");
        }
        let arn = |path: &str, name: &str| format!("arn:aws:iam::{}:role{path}{name}", self.scenario.account);
        let role = self.roles.values().find(|role| arn(&role.path, &role.name) == function.role);
        let own = self.function_arn(&function.name);
        let may = |role: &Role| self.service_may("lambda.amazonaws.com", [&role.trust], ("sts:AssumeRole", "*"), &own);
        if role.is_some_and(may) {
            Ok(())
        } else {
            invalid("The role defined for the function cannot be assumed by Lambda.")
        }
    }

    /// Removes a function; what it is doing just now goes on to its end. Says whether there was one.
    pub(in crate::lab) fn remove_function(&mut self, name: &str) -> bool {
        self.functions.remove(name).is_some()
    }

    pub(in crate::lab) fn function_arn(&self, name: &str) -> String {
        self.arn("lambda", &format!("function:{name}"))
    }
}
