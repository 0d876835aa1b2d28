//! IAM policies: whether a document is well formed, and what documents say of a request. Pure: knows neither roles nor
//! operations.

mod check;
mod condition;

pub(super) use check::{identity, trust};

use std::collections::BTreeMap;

use serde_json::Value;

use super::wildcard::like;

/// The values of condition keys, by the key in lower case.
pub(super) type Context = BTreeMap<String, Vec<String>>;

/// What is asked of policies.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request<'a> {
    /// E.g. `fis:StartExperiment`.
    pub(super) action: &'a str,
    /// An ARN, or `*` for an action that is about no resource.
    pub(super) resource: &'a str,
    pub(super) context: &'a Context,
    /// The names by which a trust policy may know the caller, each with its kind: `AWS` or `Service`.
    pub(super) principals: &'a [(&'static str, String)],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Allowed,
    /// A statement denies it, whatever others allow.
    ExplicitDeny,
    /// No statement allows it.
    ImplicitDeny,
}

impl Decision {
    /// As SimulatePrincipalPolicy says it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::ExplicitDeny => "explicitDeny",
            Self::ImplicitDeny => "implicitDeny",
        }
    }
}

impl Request<'_> {
    /// What a service tells someone who asked for it and may not; EC2 and others name no resource where there is none.
    pub(super) fn refusal(&self, user: &str, decision: Decision) -> String {
        let action = self.action;
        let on = if self.resource == "*" { String::new() } else { format!(" on resource: {}", self.resource) };
        match decision {
            Decision::ExplicitDeny => {
                format!(
                    "User: {user} is not authorized to perform: {action}{on} with an explicit deny in an identity-based policy"
                )
            }
            _ => format!(
                "User: {user} is not authorized to perform: {action}{on} because no identity-based policy allows the {action} action"
            ),
        }
    }
}

/// What documents, all taken together, say of a request.
pub(super) fn decide<'p>(documents: impl IntoIterator<Item = &'p Value>, request: Request<'_>) -> Decision {
    let mut decision = Decision::ImplicitDeny;
    for statement in documents.into_iter().flat_map(statements).filter(|statement| applies(statement, request)) {
        if statement.get("Effect").and_then(Value::as_str) == Some("Deny") {
            return Decision::ExplicitDeny;
        }
        decision = Decision::Allowed;
    }
    decision
}

/// The condition keys that documents ask for, as they write them.
pub(super) fn condition_keys<'p>(documents: impl IntoIterator<Item = &'p Value>) -> Vec<&'p str> {
    let keys = documents.into_iter().flat_map(statements).flat_map(conditions).map(|(_, key, _)| key);
    let mut keys: Vec<_> = keys.collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn statements(document: &Value) -> &[Value] {
    match document.get("Statement") {
        Some(Value::Array(statements)) => statements,
        Some(statement) => std::slice::from_ref(statement),
        None => &[],
    }
}

fn applies(statement: &Value, request: Request<'_>) -> bool {
    let action = request.action.to_ascii_lowercase();
    element(statement, "Action", "NotAction", |pattern| like(&pattern.to_ascii_lowercase(), &action))
        && element(statement, "Resource", "NotResource", |pattern| like(pattern, request.resource))
        && is_for(statement, request.principals)
        && conditions(statement)
            .all(|(operator, key, wanted)| condition::holds(operator, key, &wanted, request.context))
}

/// Whether a value of an element fits, or none of its opposite; a trust policy has no resource at all.
fn element(statement: &Value, name: &str, opposite: &str, fits: impl Fn(&str) -> bool) -> bool {
    match (statement.get(name), statement.get(opposite)) {
        (Some(values), _) => texts(values).into_iter().any(fits),
        (None, Some(values)) => !texts(values).into_iter().any(fits),
        (None, None) => true,
    }
}

fn is_for(statement: &Value, principals: &[(&'static str, String)]) -> bool {
    match statement.get("Principal") {
        // Only the policy of a user or role names none; a resource's or a trust policy that does not lets nobody in.
        None => principals.is_empty(),
        Some(Value::String(anyone)) => anyone == "*",
        Some(named) => principals.iter().any(|(kind, name)| {
            let of_kind = named.get(*kind).map(texts).unwrap_or_default();
            of_kind.iter().any(|wanted| wanted == name || *wanted == "*")
        }),
    }
}

/// Each operator and key of a statement, with the values that are wanted.
fn conditions(statement: &Value) -> impl Iterator<Item = (&str, &str, Vec<&str>)> {
    let operators = statement.get("Condition").and_then(Value::as_object).into_iter().flatten();
    operators.flat_map(|(operator, keys)| {
        let keys = keys.as_object().into_iter().flatten();
        keys.map(move |(key, values)| (operator.as_str(), key.as_str(), texts(values)))
    })
}

/// One text or a list of them; true and false may be written without quotes.
fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Bool(true) => vec!["true"],
        Value::Bool(false) => vec!["false"],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn says(statements: &Value, action: &str, resource: &str) -> Decision {
        let document = json!({ "Version": "2012-10-17", "Statement": statements });
        let context = Context::from([("aws:resourcetag/team".to_owned(), vec!["blue".to_owned()])]);
        decide([&document], Request { action, resource, context: &context, principals: &[] })
    }

    const STOP: &str = "arn:aws:fis:eu-west-1:0:experiment/EXP1";

    #[test]
    fn what_no_statement_allows_is_denied_and_a_denial_outweighs_all() {
        let allow = json!({ "Effect": "Allow", "Action": ["FIS:stop*", "ec2:*"], "Resource": "*" });
        let deny = json!({ "Effect": "Deny", "Action": "fis:*", "Resource": "arn:aws:fis:*:*:experiment/*" });
        assert_eq!(says(&allow, "fis:StopExperiment", STOP), Decision::Allowed);
        assert_eq!(says(&allow, "fis:StartExperiment", STOP), Decision::ImplicitDeny);
        assert_eq!(says(&json!([allow, deny]), "fis:StopExperiment", STOP), Decision::ExplicitDeny);
        assert_eq!(says(&json!([]), "fis:StopExperiment", STOP), Decision::ImplicitDeny);
    }

    #[test]
    fn the_opposites_mean_all_but_these() {
        let but = json!({ "Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:fis:*:*:experiment/EXP1" });
        assert_eq!(says(&but, "fis:StopExperiment", "arn:aws:fis:eu-west-1:0:experiment/EXP2"), Decision::Allowed);
        assert_eq!(says(&but, "fis:StopExperiment", STOP), Decision::ImplicitDeny);
        assert_eq!(says(&but, "iam:GetRole", "*"), Decision::ImplicitDeny);
    }

    #[test]
    fn an_action_about_no_resource_is_not_allowed_on_some() {
        let some = json!({ "Effect": "Allow", "Action": "ec2:*", "Resource": "arn:aws:ec2:*:*:instance/*" });
        assert_eq!(says(&some, "ec2:DescribeInstances", "*"), Decision::ImplicitDeny);
    }

    #[test]
    fn every_condition_must_hold() {
        let when = |condition: Value| {
            let statement = json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition });
            says(&statement, "fis:StopExperiment", STOP) == Decision::Allowed
        };
        assert!(when(json!({ "StringEquals": { "aws:ResourceTag/team": ["red", "blue"] } })));
        assert!(!when(json!({
            "StringEquals": { "aws:ResourceTag/team": "blue", "aws:RequestedRegion": "eu-west-1" }
        })));
    }

    #[test]
    fn a_trust_policy_lets_in_whom_it_names() {
        let named = |principal: Value| {
            let document =
                json!({ "Statement": { "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole" } });
            let request = Request {
                action: "sts:AssumeRole",
                resource: "*",
                context: &Context::new(),
                principals: &[("Service", "fis.amazonaws.com".to_owned())],
            };
            decide([&document], request)
        };
        assert_eq!(named(json!({ "Service": ["lambda.amazonaws.com", "fis.amazonaws.com"] })), Decision::Allowed);
        assert_eq!(named(json!({ "AWS": "fis.amazonaws.com" })), Decision::ImplicitDeny);
        assert_eq!(named(json!("*")), Decision::Allowed);
    }
}
