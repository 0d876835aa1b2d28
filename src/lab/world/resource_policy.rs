//! Resource policies: whether one lets an AWS service do something. Knows not whose policy it is.
//! `*` is the only wildcard, `NotAction` and its like allow nothing, and of conditions only those that compare
//! `aws:SourceArn` and `aws:SourceAccount` can be met.

use serde_json::Value;

use super::event_pattern::like;

/// A service that wants to do something on behalf of one of its resources.
#[derive(Clone, Copy, Debug)]
pub(in crate::lab) struct Access<'a> {
    /// E.g. `events.amazonaws.com`.
    pub(in crate::lab) service: &'a str,
    /// E.g. `lambda:InvokeFunction`.
    pub(in crate::lab) action: &'a str,
    pub(in crate::lab) resource: &'a str,
    pub(in crate::lab) source_arn: &'a str,
    pub(in crate::lab) source_account: &'a str,
}

impl Access<'_> {
    /// Whether some of the statements allow it and none denies it.
    pub(in crate::lab) fn allowed_by<'s>(&self, statements: impl IntoIterator<Item = &'s Value>) -> bool {
        let meant: Vec<_> = statements.into_iter().filter(|statement| self.is_meant_by(statement)).collect();
        let has = |effect: &str| meant.iter().any(|statement| statement["Effect"] == effect);
        has("Allow") && !has("Deny")
    }

    fn is_meant_by(&self, statement: &Value) -> bool {
        let principal = &statement["Principal"];
        let named = texts(principal.get("Service").unwrap_or(principal));
        let conditions = statement.get("Condition").and_then(Value::as_object);
        named.iter().any(|name| *name == self.service || *name == "*")
            && texts(&statement["Action"]).iter().any(|action| like(action, self.action))
            // A trust policy is about the role that it belongs to and names none.
            && statement.get("Resource").is_none_or(|it| texts(it).iter().any(|arn| like(arn, self.resource)))
            && conditions.into_iter().flatten().all(|(operator, keys)| self.meets(operator, keys))
    }

    fn meets(&self, operator: &str, keys: &Value) -> bool {
        let compares = |wanted: &str, found: &str| match operator {
            "ArnEquals" | "ArnLike" | "StringLike" => like(wanted, found),
            "StringEquals" => wanted == found,
            _ => false,
        };
        keys.as_object().into_iter().flatten().all(|(key, wanted)| {
            let found = match key.to_ascii_lowercase().as_str() {
                "aws:sourcearn" => self.source_arn,
                "aws:sourceaccount" => self.source_account,
                _ => return false,
            };
            texts(wanted).iter().any(|wanted| compares(wanted, found))
        })
    }
}

/// The statements of a policy document: one or a list.
pub(in crate::lab) fn statements(document: &Value) -> &[Value] {
    match &document["Statement"] {
        Value::Array(statements) => statements,
        Value::Null => &[],
        statement => std::slice::from_ref(statement),
    }
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        one => one.as_str().into_iter().collect(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn allows(change: &Value) -> bool {
        let mut statement = json!({
            "Effect": "Allow", "Principal": { "Service": ["events.amazonaws.com"] }, "Action": "logs:Put*",
            "Resource": "arn:aws:logs:eu-west-1:0:log-group:/aws/events/*:*",
            "Condition": { "ArnEquals": { "AWS:SourceArn": "arn:rule/a" } },
        });
        for (name, value) in change.as_object().unwrap() {
            statement[name] = value.clone();
        }
        let access = Access {
            service: "events.amazonaws.com",
            action: "logs:PutLogEvents",
            resource: "arn:aws:logs:eu-west-1:0:log-group:/aws/events/x:log-stream:y",
            source_arn: "arn:rule/a",
            source_account: "0",
        };
        access.allowed_by(statements(&json!({ "Statement": [statement] })))
    }

    #[test]
    fn each_part_of_a_statement_must_fit() {
        assert!(allows(&json!({})));
        for change in [
            json!({ "Effect": "Deny" }),
            json!({ "Principal": { "Service": "delivery.logs.amazonaws.com" } }),
            json!({ "Action": ["logs:CreateLogStream"] }),
            json!({ "Resource": "arn:aws:logs:eu-west-1:0:log-group:/aws/events/x" }),
            json!({ "Condition": { "ArnEquals": { "aws:SourceArn": "arn:rule/b" } } }),
            json!({ "Condition": { "Bool": { "aws:SecureTransport": "true" } } }),
        ] {
            assert!(!allows(&change), "{change}");
        }
    }
}
