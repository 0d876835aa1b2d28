//! Filter patterns over JSON: `{ $.detail.instance-id = "i-*" && ($.n > 3 || $.x NOT EXISTS) }`. Knows no other pattern;
//! regular expressions and `IN` are refused.

use serde_json::Value;

use crate::lab::world::event_pattern::like;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum JsonPattern {
    And(Vec<Self>),
    Or(Vec<Self>),
    Test(Vec<Step>, Test),
}

/// A way into a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Member(String),
    Element(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Test {
    Exists(bool),
    Is(Value),
    /// An operator and what stands after it.
    Compares(&'static str, String),
}

/// Longer ones before those that they begin with.
const OPERATORS: [&str; 6] = ["!=", "<=", ">=", "=", "<", ">"];

/// How many brackets a pattern may open: the lab's choice, for each is a call deeper.
const BRACKETS: usize = 50;

impl JsonPattern {
    /// From `{ … }`; none if it is not one, or asks for what the lab does not play.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.matches('(').count() > BRACKETS {
            return None;
        }
        let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
        let (pattern, rest) = either(inner)?;
        rest.trim().is_empty().then_some(pattern)
    }

    /// Whether a message is JSON that fits.
    pub(super) fn matches(&self, message: &str) -> bool {
        serde_json::from_str(message).is_ok_and(|value: Value| value.is_object() && self.fits(&value))
    }

    fn fits(&self, value: &Value) -> bool {
        match self {
            Self::And(all) => all.iter().all(|pattern| pattern.fits(value)),
            Self::Or(all) => all.iter().any(|pattern| pattern.fits(value)),
            Self::Test(steps, test) => {
                let found = steps.iter().try_fold(value, |value, step| match step {
                    Step::Member(name) => value.get(name),
                    Step::Element(place) => value.get(place),
                });
                match (test, found) {
                    (Test::Exists(wanted), found) => found.is_some() == *wanted,
                    (_, None) => false,
                    (Test::Is(wanted), Some(found)) => wanted == found,
                    (Test::Compares(operator, wanted), Some(found)) => compares(operator, wanted, found),
                }
            }
        }
    }
}

/// Numbers with numbers, texts with texts in which `*` is anything.
fn compares(operator: &str, wanted: &str, found: &Value) -> bool {
    if let (Some(found), Ok(wanted)) = (found.as_f64(), wanted.parse()) {
        let order = found.total_cmp(&wanted);
        return match operator {
            "=" => order.is_eq(),
            "!=" => order.is_ne(),
            "<" => order.is_lt(),
            "<=" => order.is_le(),
            ">" => order.is_gt(),
            _ => order.is_ge(),
        };
    }
    let same = found.as_str().is_some_and(|found| like(wanted, found));
    operator == "=" && same || operator == "!=" && !same
}

fn either(text: &str) -> Option<(JsonPattern, &str)> {
    series(text, "||", all).map(|(mut parts, rest)| (single(&mut parts).unwrap_or(JsonPattern::Or(parts)), rest))
}

fn all(text: &str) -> Option<(JsonPattern, &str)> {
    series(text, "&&", one).map(|(mut parts, rest)| (single(&mut parts).unwrap_or(JsonPattern::And(parts)), rest))
}

fn single(parts: &mut Vec<JsonPattern>) -> Option<JsonPattern> {
    if parts.len() == 1 { parts.pop() } else { None }
}

type Parser = fn(&str) -> Option<(JsonPattern, &str)>;

fn series<'t>(text: &'t str, between: &str, part: Parser) -> Option<(Vec<JsonPattern>, &'t str)> {
    let (first, mut rest) = part(text)?;
    let mut parts = vec![first];
    while let Some(after) = rest.trim_start().strip_prefix(between) {
        let (next, after) = part(after)?;
        parts.push(next);
        rest = after;
    }
    Some((parts, rest))
}

fn one(text: &str) -> Option<(JsonPattern, &str)> {
    let text = text.trim_start();
    if let Some(inner) = text.strip_prefix('(') {
        let (pattern, rest) = either(inner)?;
        return Some((pattern, rest.trim_start().strip_prefix(')')?));
    }
    let (steps, rest) = selector(text.strip_prefix('$')?)?;
    let rest = rest.trim_start();
    let words = [
        ("NOT EXISTS", Test::Exists(false)),
        ("EXISTS", Test::Exists(true)),
        ("IS NULL", Test::Is(Value::Null)),
        ("IS TRUE", Test::Is(Value::Bool(true))),
        ("IS FALSE", Test::Is(Value::Bool(false))),
    ];
    for (word, test) in words {
        if let Some(rest) = rest.strip_prefix(word) {
            return Some((JsonPattern::Test(steps, test), rest));
        }
    }
    let operator = OPERATORS.into_iter().find(|operator| rest.starts_with(operator))?;
    let (wanted, rest) = value(rest.strip_prefix(operator)?.trim_start())?;
    Some((JsonPattern::Test(steps, Test::Compares(operator, wanted)), rest))
}

fn selector(mut rest: &str) -> Option<(Vec<Step>, &str)> {
    let mut steps = Vec::new();
    loop {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(|glyph: char| !glyph.is_alphanumeric() && glyph != '-' && glyph != '_');
            let (name, after) = after.split_at(end.unwrap_or(after.len()));
            steps.push(Step::Member(Some(name).filter(|name| !name.is_empty())?.to_owned()));
            rest = after;
        } else if let Some(after) = rest.strip_prefix('[') {
            let (place, after) = after.split_once(']')?;
            steps.push(Step::Element(place.trim().parse().ok()?));
            rest = after;
        } else {
            return (!steps.is_empty()).then_some((steps, rest));
        }
    }
}

/// In double quotes, with `\` before a quote in it, or up to a space or bracket.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(|glyph: char| glyph.is_whitespace() || ")&|".contains(glyph)).unwrap_or(text.len());
        let (bare, rest) = text.split_at(end);
        return (!bare.is_empty() && !bare.starts_with('%')).then(|| (bare.to_owned(), rest));
    };
    let (mut value, mut glyphs) = (String::new(), quoted.chars());
    loop {
        match glyphs.next()? {
            '"' => return Some((value, glyphs.as_str())),
            '\\' => value.push(glyphs.next()?),
            glyph => value.push(glyph),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENT: &str =
        r#"{"detail-type":"a \"b\"","detail":{"instance-id":"i-0abc","n":5,"no":null,"list":[{"x":true}]}}"#;

    #[test]
    fn what_fits() {
        for pattern in [
            r#"{ $.detail.instance-id = "i-0abc" }"#,
            "{$.detail.instance-id=i-*}",
            r#"{ $.detail-type = "a \"b\"" && $.detail.n >= 5 }"#,
            "{ $.detail.n < 5 || ($.detail.no IS NULL && $.gone NOT EXISTS) }",
            "{ $.detail.list[0].x IS TRUE && $.detail.n != 4 && $.detail EXISTS }",
        ] {
            assert!(JsonPattern::parse(pattern).unwrap().matches(EVENT), "{pattern}");
        }
    }

    #[test]
    fn what_does_not_fit() {
        for pattern in [
            "{ $.detail.instance-id = i-0abd }",
            "{ $.gone != 1 }",
            "{ $.detail.n > 5 && $.detail EXISTS }",
            "{ $.detail.n = 5 && $.detail.no EXISTS && $.detail.list NOT EXISTS }",
        ] {
            assert!(!JsonPattern::parse(pattern).unwrap().matches(EVENT), "{pattern}");
        }
        assert!(!JsonPattern::parse("{ $.a NOT EXISTS }").unwrap().matches("plain text"));
    }

    #[test]
    fn what_is_no_pattern() {
        for pattern in
            ["{ }", "{ a = 1 }", "{ $.a }", "{ $.a = }", "{ $.a = 1", "{ ($.a = 1 }", "{ $.a = %x% }", "{ $ = 1 }"]
        {
            assert_eq!(JsonPattern::parse(pattern), None, "{pattern}");
        }
        let nested = |depth: usize| format!("{{ {}$.a = 1{} }}", "(".repeat(depth), ")".repeat(depth));
        assert!(JsonPattern::parse(&nested(50)).is_some() && JsonPattern::parse(&nested(51)).is_none());
    }
}
