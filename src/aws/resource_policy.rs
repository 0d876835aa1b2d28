//! Whether resource policies let EventBridge write to a log. Knows the parts of IAM's language that such policies are written in,
//! and says so where one is written in others.

use serde_json::Value;

/// What EventBridge wants to do.
pub(super) struct Wish<'a> {
    /// The ARN of what is written to.
    pub(super) log: &'a str,
    /// The ARN of the rule that it does it for.
    pub(super) rule: &'a str,
    pub(super) account: &'a str,
}

/// What the policies come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lets {
    In,
    Out,
    /// It depends on conditions that only AWS can judge.
    Perhaps,
}

const SERVICE: &str = "events.amazonaws.com";
const ACTION: &str = "logs:PutLogEvents";

/// A statement that denies outweighs those that allow.
pub(super) fn lets_events_in(policies: &[Value], wish: &Wish<'_>) -> Lets {
    let statements = policies.iter().filter_map(|policy| policy.get("Statement")).flat_map(|all| match all {
        Value::Array(statements) => statements.iter().collect(),
        one => vec![one],
    });
    let (denying, allowing): (Vec<_>, Vec<_>) = statements
        .filter(|statement| is_about(statement, wish))
        .partition(|statement| statement.get("Effect").is_some_and(|effect| effect == "Deny"));
    let strongest = |statements: &[&Value]| {
        let hold: Vec<_> = statements.iter().map(|statement| holds(statement.get("Condition"), wish)).collect();
        if hold.contains(&Some(true)) { Some(true) } else { hold.contains(&None).then_some(false) }
    };
    match (strongest(&denying), strongest(&allowing)) {
        (Some(true), _) | (_, None) => Lets::Out,
        (None, Some(true)) => Lets::In,
        (Some(false), _) | (None, Some(false)) => Lets::Perhaps,
    }
}

fn is_about(statement: &Value, wish: &Wish<'_>) -> bool {
    let is_principal = match statement.get("Principal") {
        Some(Value::String(all)) => all == "*",
        Some(principal) => {
            any(principal.get("Service"), |service| service == SERVICE) || any(principal.get("AWS"), |who| who == "*")
        }
        None => false,
    };
    let named = |pattern: &str| like(&pattern.to_lowercase(), &ACTION.to_lowercase());
    is_principal && any(statement.get("Action"), named) && any(statement.get("Resource"), |log| like(log, wish.log))
}

/// Whether the conditions hold; none where one is not understood.
fn holds(conditions: Option<&Value>, wish: &Wish<'_>) -> Option<bool> {
    let mut all = true;
    for (operator, keys) in conditions.and_then(Value::as_object).into_iter().flatten() {
        let is_pattern = match operator.as_str() {
            "ArnEquals" | "ArnLike" | "StringLike" => true,
            "StringEquals" => false,
            _ => return None,
        };
        for (key, values) in keys.as_object()? {
            let is = match key.to_lowercase().as_str() {
                "aws:sourcearn" => wish.rule,
                "aws:sourceaccount" => wish.account,
                _ => return None,
            };
            all &= any(Some(values), |value| if is_pattern { like(value, is) } else { value == is });
        }
    }
    Some(all)
}

/// One text or several.
fn any(value: Option<&Value>, fits: impl Fn(&str) -> bool) -> bool {
    match value {
        Some(Value::String(text)) => fits(text),
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).any(fits),
        _ => false,
    }
}

/// Whether a text is as a pattern with `*` and `?` says.
fn like(pattern: &str, text: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return fits(pattern, text) };
    let begins = text.split_at_checked(before.len()).filter(|(head, _)| fits(before, head));
    let Some((_, mut rest)) = begins else { return false };
    loop {
        if like(after, rest) {
            return true;
        }
        let Some(next) = rest.chars().next() else { return false };
        rest = rest.get(next.len_utf8()..).unwrap_or_default();
    }
}

fn fits(pattern: &str, text: &str) -> bool {
    let same = |(one, other): (char, char)| one == '?' || one == other;
    pattern.chars().count() == text.chars().count() && pattern.chars().zip(text.chars()).all(same)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const WISH: Wish<'static> = Wish {
        log: "arn:aws:logs:r:1:log-group:/aws/events/spotdrill:log-stream:",
        rule: "arn:aws:events:r:1:rule/spotdrill-events",
        account: "1",
    };
    const LOG: &str = "arn:aws:logs:r:1:log-group:/aws/events/spotdrill:*";

    fn statement(effect: &str, more: &Value) -> Value {
        let mut statement = json!({
            "Effect": effect, "Principal": { "Service": ["delivery.logs.amazonaws.com", "events.amazonaws.com"] },
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": LOG,
        });
        statement.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        statement
    }

    fn of(statements: &[Value]) -> Lets {
        let policies: Vec<_> = statements.iter().map(|statement| json!({ "Statement": [statement] })).collect();
        lets_events_in(&policies, &WISH)
    }

    #[test]
    fn a_policy_lets_events_in_or_does_not() {
        for (more, lets) in [
            (json!({}), Lets::In),
            (json!({ "Resource": "arn:aws:logs:r:1:log-group:/aws/events/*:*" }), Lets::In),
            (json!({ "Resource": "*", "Action": "logs:Put*", "Principal": "*" }), Lets::In),
            (json!({ "Principal": { "Service": "es.amazonaws.com" } }), Lets::Out),
            (json!({ "Action": "logs:GetLogEvents" }), Lets::Out),
            (json!({ "Resource": "arn:aws:logs:r:1:log-group:/other:*" }), Lets::Out),
        ] {
            assert_eq!(of(&[statement("Allow", &more)]), lets, "{more}");
        }
        assert_eq!(
            lets_events_in(&[json!({}), json!({ "Statement": statement("Allow", &json!({})) })], &WISH),
            Lets::In
        );
    }

    #[test]
    fn a_denial_outweighs_and_a_condition_is_judged_or_said_to_be_unknown() {
        let allow = || statement("Allow", &json!({}));
        let under = |effect: &str, operator: &str, key: &str, value: &str| {
            statement(effect, &json!({ "Condition": { operator: { key: value } } }))
        };
        assert_eq!(of(&[allow(), statement("Deny", &json!({ "Action": "*" }))]), Lets::Out);
        assert_eq!(
            of(&[allow(), statement("Deny", &json!({ "Resource": "arn:aws:logs:r:1:log-group:/other:*" }))]),
            Lets::In
        );
        assert_eq!(of(&[under("Allow", "ArnEquals", "aws:SourceArn", WISH.rule)]), Lets::In);
        assert_eq!(of(&[under("Allow", "ArnLike", "aws:SourceArn", "arn:aws:events:*:1:rule/other")]), Lets::Out);
        assert_eq!(of(&[under("Allow", "StringEquals", "AWS:SourceAccount", "1")]), Lets::In);
        assert_eq!(of(&[under("Allow", "StringEquals", "aws:SourceAccount", "2")]), Lets::Out);
        assert_eq!(of(&[under("Allow", "StringEquals", "aws:SourceOrgID", "o-1")]), Lets::Perhaps);
        assert_eq!(of(&[allow(), under("Deny", "Bool", "aws:SecureTransport", "false")]), Lets::Perhaps);
        assert_eq!(of(&[allow(), under("Deny", "StringEquals", "aws:SourceAccount", "2")]), Lets::In);
    }
}
