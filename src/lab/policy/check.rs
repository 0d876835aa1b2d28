//! Whether a text is a policy that IAM would keep, in the words in which it says no. Knows not what a policy allows.

use serde_json::Value;

use super::{condition, conditions, statements, texts};

const SYNTAX: &str = "Syntax errors in policy.";
const PARTS: &[&str] = &["Version", "Id", "Statement"];
const STATEMENT_PARTS: &[&str] =
    &["Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"];

/// The policy of a user or role: it says what is allowed on which resources.
pub(in crate::lab) fn identity(text: &str) -> Result<Value, String> {
    let policy = document(text)?;
    if policy.get("Version").and_then(Value::as_str) != Some("2012-10-17") {
        return refuse("Policy document must be version 2012-10-17 or greater.");
    }
    for statement in statements(&policy) {
        if has(statement, "Principal") || has(statement, "NotPrincipal") {
            return refuse("Policy document should not specify a principal.");
        }
        if has(statement, "Resource") == has(statement, "NotResource") {
            return refuse("Policy statement must contain resources.");
        }
        for resource in ["Resource", "NotResource"].iter().filter_map(|name| statement.get(*name)).flat_map(texts) {
            if resource != "*" && !(resource.starts_with("arn:") && resource.split(':').count() >= 6) {
                return Err(format!("Resource {resource} must be in ARN format or \"*\"."));
            }
        }
    }
    Ok(policy)
}

/// The trust policy of a role: it says who may assume it.
pub(in crate::lab) fn trust(text: &str) -> Result<Value, String> {
    let policy = document(text)?;
    for statement in statements(&policy) {
        if has(statement, "Resource") || has(statement, "NotResource") {
            return refuse("Has prohibited field Resource");
        }
        if has(statement, "NotPrincipal") {
            return refuse("The lab does not support NotPrincipal.");
        }
        let principal = statement.get("Principal");
        if !principal.is_some_and(|principal| principal == "*" || principal.is_object()) {
            return refuse("Missing required field Principal");
        }
        if texts(statement.get("Action").unwrap_or(&Value::Null)).iter().any(|action| !action.starts_with("sts:")) {
            return refuse("AssumeRole policy may only specify STS AssumeRole actions.");
        }
    }
    Ok(policy)
}

/// What both kinds have in common.
fn document(text: &str) -> Result<Value, String> {
    let policy: Value = serde_json::from_str(text).map_err(|_| SYNTAX.to_owned())?;
    let version = policy.get("Version").is_none_or(|version| version == "2012-10-17" || version == "2008-10-17");
    if !has_only(&policy, PARTS) || !version || statements(&policy).is_empty() {
        return refuse(SYNTAX);
    }
    if text.contains("${") {
        return refuse("The lab does not support policy variables.");
    }
    statements(&policy).iter().try_for_each(statement)?;
    Ok(policy)
}

fn statement(statement: &Value) -> Result<(), String> {
    let effect = statement.get("Effect").and_then(Value::as_str);
    if !has_only(statement, STATEMENT_PARTS) || !matches!(effect, Some("Allow" | "Deny")) {
        return refuse(SYNTAX);
    }
    let actions: Vec<_> = ["Action", "NotAction"].iter().filter_map(|name| statement.get(*name)).collect();
    let [actions] = actions.as_slice() else { return refuse("Policy statement must contain actions.") };
    for action in texts(actions) {
        match action.matches(':').count() {
            1 => {}
            0 if action == "*" => {}
            0 => return refuse("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
            _ => return refuse("Actions/Condition can contain only one colon."),
        }
    }
    if texts(actions).is_empty() || statement.get("Condition").is_some_and(|condition| !condition.is_object()) {
        return refuse(SYNTAX);
    }
    match conditions(statement).find(|(operator, ..)| !condition::is_known(operator)) {
        Some((operator, ..)) => Err(format!("The lab does not support the condition operator {operator}.")),
        None => Ok(()),
    }
}

fn has(statement: &Value, name: &str) -> bool {
    statement.get(name).is_some()
}

fn has_only(value: &Value, names: &[&str]) -> bool {
    value.as_object().is_some_and(|members| members.keys().all(|name| names.contains(&name.as_str())))
}

fn refuse<T>(why: &str) -> Result<T, String> {
    Err(why.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_flaw_has_its_words() {
        let with = |changes: Value| {
            let mut statement = json!({ "Effect": "Allow", "Action": "ec2:*", "Resource": "*" });
            for (name, value) in changes.as_object().unwrap() {
                statement[name] = value.clone();
            }
            let statement: serde_json::Map<_, _> =
                statement.as_object().unwrap().clone().into_iter().filter(|(_, value)| !value.is_null()).collect();
            identity(&json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string())
                .map_or_else(|no| no, |_| "ok".to_owned())
        };
        let said = [
            with(json!({})),
            with(json!({ "Effect": "Maybe" })),
            with(json!({ "Colour": "red" })),
            with(json!({ "Action": null })),
            with(json!({ "Action": "DescribeInstances" })),
            with(json!({ "Resource": null })),
            with(json!({ "Resource": "i-1" })),
            with(json!({ "Principal": "*" })),
            with(json!({ "Condition": { "IpAddress": { "aws:SourceIp": "10.0.0.0/8" } } })),
            with(json!({ "Resource": "arn:aws:iam::0:user/${aws:username}" })),
            identity("{").unwrap_err(),
            identity("{\"Statement\":[]}").unwrap_err(),
        ];
        insta::assert_snapshot!(said.join("\n"), @r#"
        ok
        Syntax errors in policy.
        Syntax errors in policy.
        Policy statement must contain actions.
        Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.
        Policy statement must contain resources.
        Resource i-1 must be in ARN format or "*".
        Policy document should not specify a principal.
        The lab does not support the condition operator IpAddress.
        The lab does not support policy variables.
        Syntax errors in policy.
        Syntax errors in policy.
        "#);
    }

    #[test]
    fn a_trust_policy_names_who_and_no_resource() {
        let with = |statement: Value| {
            trust(&json!({ "Statement": statement }).to_string()).map_or_else(|no| no, |_| "ok".to_owned())
        };
        let who = json!({ "Service": "fis.amazonaws.com" });
        let said = [
            with(json!({ "Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole" })),
            with(json!({ "Effect": "Allow", "Action": "sts:AssumeRole" })),
            with(json!({ "Effect": "Allow", "Principal": who, "Action": "sts:AssumeRole", "Resource": "*" })),
            with(json!({ "Effect": "Allow", "Principal": who, "Action": "ec2:*" })),
        ];
        insta::assert_snapshot!(said.join("\n"), @"
        ok
        Missing required field Principal
        Has prohibited field Resource
        AssumeRole policy may only specify STS AssumeRole actions.
        ");
    }
}
