//! The policies that come with the program: who may do what, and why. Knows their documents and their placeholders, and no
//! account but the one that it is told.

use std::collections::BTreeMap;

use serde_json::Value;

use super::names::{Names, usual_secret};
use crate::drill::fleet::partition;

/// A policy document of `assets/iam`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    Operator,
    Setup,
    FisRole,
    FisRoleTrust,
    LambdaRole,
    LambdaRoleTrust,
}

const REASONS: &str = include_str!("../../assets/iam/README.md");

impl Document {
    pub const ALL: [Self; 6] =
        [Self::Operator, Self::Setup, Self::FisRole, Self::FisRoleTrust, Self::LambdaRole, Self::LambdaRoleTrust];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Setup => "setup",
            Self::FisRole => "fis-role",
            Self::FisRoleTrust => "fis-role-trust",
            Self::LambdaRole => "lambda-role",
            Self::LambdaRoleTrust => "lambda-role-trust",
        }
    }

    /// As it is written, with its placeholders.
    pub fn text(self) -> &'static str {
        match self {
            Self::Operator => include_str!("../../assets/iam/operator.json"),
            Self::Setup => include_str!("../../assets/iam/setup.json"),
            Self::FisRole => include_str!("../../assets/iam/fis-role.json"),
            Self::FisRoleTrust => include_str!("../../assets/iam/fis-role-trust.json"),
            Self::LambdaRole => include_str!("../../assets/iam/lambda-role.json"),
            Self::LambdaRoleTrust => include_str!("../../assets/iam/lambda-role-trust.json"),
        }
    }
}

/// Where a policy is for: what its placeholders stand for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub region: String,
    pub account: String,
    pub names: Names,
}

/// One statement, filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    pub sid: String,
    /// As JSON.
    pub document: Value,
}

impl Place {
    /// The document for here; without a secret, without the statements that name one.
    pub fn filled(&self, document: Document) -> Value {
        let names = &self.names;
        let function_role = names.function_role(&self.region);
        let secret = names.secret.clone().unwrap_or_else(|| usual_secret(&names.stack));
        let pairs = [
            // the longest first: a role's name is made of two of the others
            ("<function>-<region>", function_role.as_str()),
            ("<partition>", partition(&self.region)),
            ("<region>", &self.region),
            ("<account>", &self.account),
            ("<stack>", &names.stack),
            ("<prefix>", &names.prefix),
            ("<fis-role>", &names.fis_role),
            ("<function>", &names.function),
            ("<rule>", &names.rule),
            ("<secret>", &secret),
        ];
        let text = pairs.iter().fold(document.text().to_owned(), |text, (hole, value)| text.replace(hole, value));
        let mut filled: Value = serde_json::from_str(&text).unwrap_or_default();
        if names.secret.is_none()
            && let Some(statements) = filled.get_mut("Statement").and_then(Value::as_array_mut)
        {
            statements.retain(|statement| !statement.to_string().contains(":secretsmanager:"));
        }
        filled
    }

    pub fn statements(&self, document: Document) -> Vec<Statement> {
        let filled = self.filled(document);
        let statements = filled.get("Statement").and_then(Value::as_array).cloned().unwrap_or_default();
        let named = |document: Value| Some(Statement { sid: document.get("Sid")?.as_str()?.to_owned(), document });
        statements.into_iter().filter_map(named).collect()
    }
}

impl Statement {
    pub fn actions(&self) -> Vec<String> {
        texts(self.document.get("Action"))
    }

    pub fn resources(&self) -> Vec<String> {
        texts(self.document.get("Resource"))
    }

    /// Values of the condition keys with which its conditions hold.
    pub fn context(&self) -> BTreeMap<String, Vec<String>> {
        let mut context = BTreeMap::new();
        for (operator, keys) in self.document.get("Condition").and_then(Value::as_object).into_iter().flatten() {
            for (key, value) in keys.as_object().into_iter().flatten() {
                // `Null: false` holds where the key has any value at all
                let values = if operator == "Null" { vec![String::from("any")] } else { texts(Some(value)) };
                context.insert(key.clone(), values);
            }
        }
        context
    }

    pub fn pretty(&self) -> String {
        serde_json::to_string_pretty(&self.document).unwrap_or_default()
    }

    /// Why it is needed, as `assets/iam/README.md` says.
    pub fn why(&self, document: Document) -> Option<&'static str> {
        let file = format!("{}.json", document.as_str());
        let section =
            REASONS.split("\n## ").find(|section| section.lines().next().is_some_and(|head| head.contains(&file)))?;
        let row = format!("| `{}` | ", self.sid);
        section.lines().find_map(|line| line.strip_prefix(&row)?.strip_suffix(" |"))
    }
}

/// One text or several.
fn texts(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(values)) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// How a role's policy or trust differs from what it is to be, statement by statement; empty where it does not.
pub fn differences(found: &Value, wanted: &Value) -> Vec<String> {
    let by_sid = |document: &Value| -> BTreeMap<String, Value> {
        let statements = document.get("Statement").map(|all| match all {
            Value::Array(statements) => statements.clone(),
            one => vec![one.clone()],
        });
        let named = statements.unwrap_or_default().into_iter().enumerate().map(|(number, statement)| {
            let sid = statement.get("Sid").and_then(Value::as_str).map(str::to_owned);
            (sid.unwrap_or_else(|| format!("number {}", number + 1)), normal(&statement))
        });
        named.collect()
    };
    let (found, wanted) = (by_sid(found), by_sid(wanted));
    let mut differences = Vec::new();
    for (sid, statement) in &wanted {
        match found.get(sid) {
            None => differences.push(format!("statement {sid} is missing")),
            Some(other) if other != statement => differences.push(format!("statement {sid} is another")),
            Some(_) => {}
        }
    }
    let more = found.keys().filter(|sid| !wanted.contains_key(*sid));
    differences.extend(more.map(|sid| format!("statement {sid} was added")));
    differences
}

/// A policy without what makes no difference: single values are lists, lists are sorted.
fn normal(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let value = normal(value);
                let is_list =
                    matches!(value, Value::Array(_) | Value::Object(_)) || matches!(name.as_str(), "Sid" | "Effect");
                (name.clone(), if is_list { value } else { Value::Array(vec![value]) })
            })
            .collect(),
        Value::Array(values) => {
            let mut values: Vec<_> = values.iter().map(normal).collect();
            values.sort_by_key(Value::to_string);
            Value::Array(values)
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn place(secret: Option<&str>) -> Place {
        let mut names = Names::of("spotdrill", &BTreeMap::new());
        names.secret = secret.map(str::to_owned);
        Place { region: "eu-west-1".into(), account: "123456789012".into(), names }
    }

    #[test]
    fn every_placeholder_is_filled_and_every_statement_has_its_reason() {
        for document in Document::ALL {
            let place = place(Some("a/secret"));
            assert!(!place.filled(document).to_string().contains(['<', '>']), "{}", document.as_str());
            let statements = place.statements(document);
            assert!(!statements.is_empty(), "{}", document.as_str());
            for statement in statements {
                assert!(!statement.actions().is_empty(), "{}", statement.sid);
                // the table of a role is that of its trust too
                let file = match document {
                    Document::FisRoleTrust => Document::FisRole,
                    Document::LambdaRoleTrust => Document::LambdaRole,
                    other => other,
                };
                assert!(statement.why(file).is_some_and(|why| why.len() > 10), "{}", statement.sid);
            }
        }
    }

    #[test]
    fn without_a_secret_no_statement_names_one() {
        let sids = |secret| -> Vec<_> {
            place(secret).statements(Document::Operator).into_iter().map(|statement| statement.sid).collect()
        };
        let (with, without) = (sids(Some("a/secret")), sids(None));
        assert_eq!(with.iter().filter(|sid| !without.contains(sid)).collect::<Vec<_>>(), ["CheckSecret"]);
    }

    #[test]
    fn the_partition_is_the_regions() {
        let gov = Place { region: "us-gov-west-1".into(), ..place(None) };
        let arn = &gov.statements(Document::FisRole)[1].resources()[0];
        assert_eq!(arn, "arn:aws-us-gov:ec2:us-gov-west-1:123456789012:instance/*");
    }

    #[test]
    fn conditions_say_with_which_context_they_hold() {
        let statements = place(None).statements(Document::Operator);
        let context = |sid: &str| statements.iter().find(|it| it.sid == sid).unwrap().context();
        assert_eq!(context("PassFisRole")["iam:PassedToService"], ["fis.amazonaws.com"]);
        assert_eq!(context("StopDrill")["aws:ResourceTag/spotdrill:drill"], ["any"]);
        assert!(context("SeeInstances").is_empty());
    }

    #[test]
    fn differences_are_found_and_notation_is_none() {
        let wanted = json!({ "Statement": [
            { "Sid": "A", "Effect": "Allow", "Action": ["a:1", "a:2"], "Resource": "*" },
            { "Sid": "B", "Effect": "Allow", "Action": "b:1", "Resource": "*", "Condition": { "StringEquals": { "k": "v" } } },
        ] });
        let same = json!({ "Statement": [
            { "Sid": "B", "Effect": "Allow", "Action": ["b:1"], "Resource": ["*"], "Condition": { "StringEquals": { "k": ["v"] } } },
            { "Sid": "A", "Effect": "Allow", "Action": ["a:2", "a:1"], "Resource": "*" },
        ] });
        assert_eq!(differences(&same, &wanted), [""; 0]);
        let other = json!({ "Statement": { "Sid": "A", "Effect": "Allow", "Action": "a:1", "Resource": "*" } });
        assert_eq!(differences(&other, &wanted), ["statement A is another", "statement B is missing"]);
        assert_eq!(differences(&wanted, &other), ["statement A is another", "statement B was added"]);
    }
}
