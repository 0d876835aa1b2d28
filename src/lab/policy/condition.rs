//! The conditions of a policy's statement: operators, sets, and what a key that is absent means. Knows no statement.

use std::cmp::Ordering;

use jiff::Timestamp;

use super::{Context, like};

/// The keys (with a `/`, their beginnings) that the lab knows the values of, in lower case. A condition on any other key
/// never holds, unless the request names it, as a simulation may: what is not known is not allowed.
const MODELLED: &[&str] = &[
    "aws:currenttime",
    "aws:principalaccount",
    "aws:principalarn",
    "aws:requestedregion",
    "aws:requesttag/",
    "aws:resourcetag/",
    "aws:sourceaccount",
    "aws:sourcearn",
    "aws:tagkeys",
    "ec2:fisactionid",
    "events:detail-type",
    "events:source",
    "iam:awsservicename",
    "iam:passedtoservice",
    "sts:externalid",
    "sts:rolesessionname",
];

type Comparison = fn(wanted: &str, given: &str) -> bool;

/// An operator, taken apart: `ForAllValues:StringNotLikeIfExists`.
struct Operator {
    set: Option<Set>,
    negated: bool,
    if_exists: bool,
    comparison: Comparison,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    Any,
    All,
}

pub(super) fn is_known(operator: &str) -> bool {
    operator == "Null" || Operator::parse(operator).is_some()
}

/// Whether a condition holds, with AWS's rules for an absent key: then `…IfExists`, `ForAllValues` and negations do.
pub(super) fn holds(operator: &str, key: &str, wanted: &[&str], context: &Context) -> bool {
    let key = key.to_ascii_lowercase();
    let given = context.get(&key);
    let modelled = MODELLED.iter().any(|known| key == *known || known.ends_with('/') && key.starts_with(known));
    if given.is_none() && !modelled {
        return false;
    }
    if operator == "Null" {
        return wanted.iter().any(|wanted| *wanted == if given.is_none() { "true" } else { "false" });
    }
    let Some(operator) = Operator::parse(operator) else { return false };
    let Some(given) = given else {
        return operator.if_exists
            || operator.set == Some(Set::All)
            || operator.negated && operator.set != Some(Set::Any);
    };
    let fits = |given: &String| wanted.iter().any(|wanted| (operator.comparison)(wanted, given)) != operator.negated;
    match (operator.set, operator.negated) {
        (Some(Set::All), _) | (None, true) => given.iter().all(fits),
        (Some(Set::Any), _) | (None, false) => given.iter().any(fits),
    }
}

impl Operator {
    fn parse(text: &str) -> Option<Self> {
        let (set, rest) = match text.split_once(':') {
            Some(("ForAnyValue", rest)) => (Some(Set::Any), rest),
            Some(("ForAllValues", rest)) => (Some(Set::All), rest),
            Some(_) => return None,
            None => (None, text),
        };
        let base = rest.strip_suffix("IfExists");
        let (base, if_exists) = (base.unwrap_or(rest), base.is_some());
        let positive = base.replacen("Not", "", 1);
        let comparison = comparison(&positive)?;
        Some(Self { set, negated: positive != base, if_exists, comparison })
    }
}

fn comparison(operator: &str) -> Option<Comparison> {
    Some(match operator {
        "StringEquals" => |wanted, given| wanted == given,
        "StringEqualsIgnoreCase" | "Bool" => |wanted, given| wanted.eq_ignore_ascii_case(given),
        "StringLike" => like,
        "ArnEquals" | "ArnLike" => arn_like,
        "NumericEquals" | "DateEquals" => |wanted, given| order(given, wanted) == Some(Ordering::Equal),
        "NumericLessThan" | "DateLessThan" => |wanted, given| order(given, wanted) == Some(Ordering::Less),
        "NumericGreaterThan" | "DateGreaterThan" => |wanted, given| order(given, wanted) == Some(Ordering::Greater),
        "NumericLessThanEquals" | "DateLessThanEquals" => {
            |wanted, given| order(given, wanted).is_some_and(Ordering::is_le)
        }
        "NumericGreaterThanEquals" | "DateGreaterThanEquals" => {
            |wanted, given| order(given, wanted).is_some_and(Ordering::is_ge)
        }
        _ => return None,
    })
}

/// Each of an ARN's six parts on its own: a wildcard does not reach over a colon, but for those of the last part.
fn arn_like(wanted: &str, given: &str) -> bool {
    let (wanted, given): (Vec<_>, Vec<_>) = (wanted.splitn(6, ':').collect(), given.splitn(6, ':').collect());
    wanted.len() == given.len() && wanted.iter().zip(given).all(|(wanted, given)| like(wanted, given))
}

/// Numbers, or times as ISO 8601 or seconds since 1970.
fn order(given: &str, wanted: &str) -> Option<Ordering> {
    let number = |text: &str| {
        let time = || text.parse::<Timestamp>().ok().map(|time| time.as_millisecond() as f64 / 1000.0);
        text.parse::<f64>().ok().or_else(time)
    };
    number(given)?.partial_cmp(&number(wanted)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(operator: &str, key: &str, wanted: &[&str]) -> bool {
        let value =
            |key: &str, values: &[&str]| (key.to_owned(), values.iter().map(|&value| value.to_owned()).collect());
        let context = Context::from([
            value("aws:requestedregion", &["eu-west-1"]),
            value("aws:sourcearn", &["arn:aws:fis:eu-west-1:0:experiment/EXP1"]),
            value("aws:tagkeys", &["team", "stage"]),
            value("aws:currenttime", &["2026-11-22T12:00:00Z"]),
            value("my:number", &["7"]),
        ]);
        holds(operator, key, wanted, &context)
    }

    #[test]
    fn operators_compare_as_their_names_say() {
        for (operator, key, wanted) in [
            ("StringEquals", "AWS:RequestedRegion", "eu-west-1"),
            ("StringEqualsIgnoreCase", "aws:RequestedRegion", "EU-WEST-1"),
            ("StringLike", "aws:RequestedRegion", "eu-*"),
            ("StringNotEquals", "aws:RequestedRegion", "us-east-1"),
            ("ArnLike", "aws:SourceArn", "arn:aws:fis:*:*:experiment/*"),
            ("ArnNotEquals", "aws:SourceArn", "arn:*:experiment/*"),
            ("NumericLessThanEquals", "my:number", "7.0"),
            ("NumericGreaterThan", "my:number", "6"),
            ("DateLessThan", "aws:CurrentTime", "2026-11-22T12:00:01Z"),
            ("DateEquals", "aws:CurrentTime", "1795348800"),
            ("Null", "aws:SourceAccount", "true"),
            ("Null", "aws:SourceArn", "false"),
        ] {
            assert!(given(operator, key, &[wanted]), "{operator} {key} {wanted}");
        }
        for (operator, key, wanted) in [
            ("StringEquals", "aws:RequestedRegion", "EU-WEST-1"),
            ("StringNotLike", "aws:RequestedRegion", "eu-*"),
            ("NumericLessThan", "my:number", "7"),
            ("NumericEquals", "my:number", "seven"),
        ] {
            assert!(!given(operator, key, &[wanted]), "{operator} {key} {wanted}");
        }
    }

    #[test]
    fn an_absent_key_satisfies_what_asks_for_nothing() {
        let absent = |operator: &str| given(operator, "aws:ResourceTag/team", &["blue"]);
        assert!(absent("StringEqualsIfExists") && absent("StringNotEquals") && absent("ForAllValues:StringEquals"));
        assert!(!absent("StringEquals") && !absent("ForAnyValue:StringNotEquals"));
    }

    #[test]
    fn a_key_that_is_not_modelled_never_matches() {
        for operator in ["StringNotEquals", "StringEqualsIfExists", "ForAllValues:StringEquals", "Null"] {
            assert!(!given(operator, "aws:SourceVpc", &["true"]), "{operator}");
        }
    }

    #[test]
    fn sets_quantify_over_the_values_of_a_request() {
        assert!(given("ForAllValues:StringEquals", "aws:TagKeys", &["team", "stage", "more"]));
        assert!(!given("ForAllValues:StringEquals", "aws:TagKeys", &["team"]));
        assert!(given("ForAnyValue:StringEquals", "aws:TagKeys", &["team"]));
        assert!(!given("ForAnyValue:StringEquals", "aws:TagKeys", &["other"]));
    }

    #[test]
    fn what_is_no_operator() {
        for operator in ["IpAddress", "StringEqual", "ForSome:StringEquals", "BoolNotNot", ""] {
            assert!(!is_known(operator), "{operator}");
        }
        assert!(is_known("ForAnyValue:ArnNotLikeIfExists") && is_known("Null"));
    }
}
