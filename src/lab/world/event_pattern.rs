//! Event patterns: which events a rule is for, as EventBridge reads them. Knows no rule.
//! The operators are those of EventBridge but `cidr`; what is wrong is said as AWS's open-source matcher says it.

use serde_json::{Map, Value};

/// All of its fields must fit.
#[derive(Debug)]
pub(in crate::lab) struct EventPattern(Vec<Field>);

#[derive(Debug)]
enum Field {
    Within(String, EventPattern),
    OneOf(String, Vec<Test>),
    Or(Vec<EventPattern>),
}

#[derive(Debug)]
enum Test {
    Is(Value),
    Exists(bool),
    Text(TextTest),
    /// All of these bounds.
    Numeric(Vec<(String, f64)>),
    AnythingBut(Vec<Test>),
}

#[derive(Debug)]
enum TextTest {
    Prefix(String),
    Suffix(String),
    PrefixIgnoreCase(String),
    SuffixIgnoreCase(String),
    EqualsIgnoreCase(String),
    /// What stands between the stars.
    Wildcard(Vec<String>),
}

impl EventPattern {
    /// A pattern from its JSON, or what is wrong with it.
    pub(in crate::lab) fn parse(text: &str) -> Result<Self, String> {
        match serde_json::from_str(text) {
            Ok(Value::Object(fields)) => Self::of(&fields),
            Ok(_) => Err("Filter is not an object".to_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    pub(in crate::lab) fn matches(&self, event: &Value) -> bool {
        self.fits(Some(event))
    }

    fn of(fields: &Map<String, Value>) -> Result<Self, String> {
        if fields.is_empty() {
            return Err("Empty objects are not allowed".to_owned());
        }
        let field = |(name, wanted): (&String, &Value)| match wanted {
            Value::Array(patterns) if name == "$or" && patterns.len() > 1 => {
                let objects = patterns.iter().map(|pattern| pattern.as_object().map_or_else(unequal_or, Self::of));
                Ok(Field::Or(objects.collect::<Result<_, _>>()?))
            }
            _ if name == "$or" => unequal_or(),
            Value::Object(fields) => Ok(Field::Within(name.clone(), Self::of(fields)?)),
            Value::Array(tests) if tests.is_empty() => Err("Empty arrays are not allowed".to_owned()),
            Value::Array(tests) => {
                Ok(Field::OneOf(name.clone(), tests.iter().map(Test::of).collect::<Result<_, _>>()?))
            }
            _ => Err(format!("\"{name}\" must be an object or an array")),
        };
        fields.iter().map(field).collect::<Result<_, _>>().map(Self)
    }

    fn fits(&self, event: Option<&Value>) -> bool {
        if let Some(Value::Array(items)) = event {
            return items.iter().any(|item| self.fits(Some(item)));
        }
        let found = |name: &str| event.and_then(|event| event.get(name));
        self.0.iter().all(|field| match field {
            Field::Within(name, pattern) => pattern.fits(found(name)),
            Field::OneOf(name, tests) => tests.iter().any(|test| test.fits(found(name))),
            Field::Or(patterns) => patterns.iter().any(|pattern| pattern.fits(event)),
        })
    }
}

fn unequal_or<T>() -> Result<T, String> {
    Err("$or must be an array of at least two objects".to_owned())
}

impl Test {
    fn of(value: &Value) -> Result<Self, String> {
        let Value::Object(members) = value else {
            let message = "Match value must be String, number, true, false, or null";
            return if value.is_array() { Err(message.to_owned()) } else { Ok(Self::Is(value.clone())) };
        };
        let mut members = members.iter();
        match (members.next(), members.next()) {
            (Some((name, wanted)), None) => Self::operator(name, wanted),
            _ => Err("Only one key allowed in match expression".to_owned()),
        }
    }

    fn operator(name: &str, wanted: &Value) -> Result<Self, String> {
        match (name, wanted) {
            ("exists", Value::Bool(wanted)) => Ok(Self::Exists(*wanted)),
            ("exists", _) => Err("exists match pattern must be either true or false.".to_owned()),
            ("numeric", Value::Array(parts)) => bounds(parts).map(Self::Numeric),
            ("numeric", _) => Err("Value of numeric must be an array.".to_owned()),
            ("anything-but", Value::Array(values)) if values.is_empty() => {
                Err("Empty arrays are not allowed".to_owned())
            }
            ("anything-but", Value::Array(values)) => {
                let all = |fits: fn(&Value) -> bool| values.iter().all(fits);
                if !all(Value::is_string) && !all(Value::is_number) {
                    return Err(
                        "Inside anything but list, either all values are number or string, mixed type is not supported"
                            .to_owned(),
                    );
                }
                Ok(Self::AnythingBut(values.iter().cloned().map(Self::Is).collect()))
            }
            ("anything-but", Value::Object(members)) if members.contains_key("exists") => {
                Err("Unsupported anything-but pattern: exists".to_owned())
            }
            ("anything-but", Value::Object(members)) => match members.iter().next() {
                // Of all operators it alone takes a list of alternatives.
                Some((name, Value::Array(values))) if members.len() == 1 && name != "numeric" => {
                    values.iter().map(|value| Self::operator(name, value)).collect::<Result<_, _>>()
                }
                _ => Self::of(wanted).map(|test| vec![test]),
            }
            .map(Self::AnythingBut),
            ("anything-but", _) => Ok(Self::AnythingBut(vec![Self::of(wanted)?])),
            _ => TextTest::of(name, wanted).map(Self::Text),
        }
    }

    fn fits(&self, found: Option<&Value>) -> bool {
        match (self, found) {
            (Self::Exists(wanted), found) => found.is_some_and(|found| !found.is_object()) == *wanted,
            (_, None) => false,
            (_, Some(Value::Array(items))) => items.iter().any(|item| self.fits(Some(item))),
            (Self::Is(wanted), Some(found)) => match (wanted.as_f64(), found.as_f64()) {
                (Some(wanted), Some(found)) => wanted.total_cmp(&found).is_eq(),
                _ => wanted == found,
            },
            (Self::AnythingBut(tests), Some(found)) => {
                !found.is_object() && !tests.iter().any(|test| test.fits(Some(found)))
            }
            (Self::Text(test), Some(found)) => found.as_str().is_some_and(|text| test.fits(text)),
            (Self::Numeric(bounds), Some(found)) => found
                .as_f64()
                .is_some_and(|found| bounds.iter().all(|(operator, bound)| holds(found, operator, *bound))),
        }
    }
}

impl TextTest {
    fn of(name: &str, wanted: &Value) -> Result<Self, String> {
        let ignoring = wanted.get("equals-ignore-case").and_then(Value::as_str);
        let text = wanted.as_str().map(str::to_owned);
        match (name, text, ignoring) {
            ("prefix", Some(text), _) => Ok(Self::Prefix(text)),
            ("suffix", Some(text), _) => Ok(Self::Suffix(text)),
            ("prefix", None, Some(text)) => Ok(Self::PrefixIgnoreCase(text.to_lowercase())),
            ("suffix", None, Some(text)) => Ok(Self::SuffixIgnoreCase(text.to_lowercase())),
            ("equals-ignore-case", Some(text), _) => Ok(Self::EqualsIgnoreCase(text.to_lowercase())),
            ("wildcard", Some(text), _) => between_stars(&text).map(Self::Wildcard),
            ("prefix" | "suffix" | "equals-ignore-case" | "wildcard", ..) => {
                Err(format!("{name} match pattern must be a string"))
            }
            _ => Err(format!("Unrecognized match type {name}")),
        }
    }

    fn fits(&self, text: &str) -> bool {
        match self {
            Self::Prefix(wanted) => text.starts_with(wanted),
            Self::Suffix(wanted) => text.ends_with(wanted),
            Self::PrefixIgnoreCase(wanted) => text.to_lowercase().starts_with(wanted),
            Self::SuffixIgnoreCase(wanted) => text.to_lowercase().ends_with(wanted),
            Self::EqualsIgnoreCase(wanted) => text.to_lowercase() == *wanted,
            Self::Wildcard(parts) => {
                let parts: Vec<_> = parts.iter().map(String::as_str).collect();
                fits_between(&parts, text)
            }
        }
    }
}

/// The texts between the stars; `\*` and `\\` are those characters themselves.
fn between_stars(pattern: &str) -> Result<Vec<String>, String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let mut glyphs = pattern.chars().enumerate().peekable();
    while let Some((at, glyph)) = glyphs.next() {
        match (glyph, glyphs.peek()) {
            ('*', Some((_, '*'))) => return Err(format!("Consecutive wildcard characters at pos {at}")),
            ('*', _) => parts.push(std::mem::take(&mut part)),
            ('\\', Some((_, escaped @ ('*' | '\\')))) => {
                part.push(*escaped);
                glyphs.next();
            }
            ('\\', _) => return Err(format!("Invalid escape character at pos {at}")),
            _ => part.push(glyph),
        }
    }
    parts.push(part);
    Ok(parts)
}

/// Whether a text fits a pattern in which `*` is anything.
pub(in crate::lab) fn like(pattern: &str, text: &str) -> bool {
    fits_between(&pattern.split('*').collect::<Vec<_>>(), text)
}

fn fits_between(parts: &[&str], text: &str) -> bool {
    let [first, middle @ .., last] = parts else { return parts == [text] };
    let rest = text.strip_prefix(first);
    let rest = middle.iter().try_fold(rest, |rest, part| Some(rest?.split_once(part).map(|(_, after)| after)));
    rest.flatten().is_some_and(|rest| rest.ends_with(last))
}

fn bounds(parts: &[Value]) -> Result<Vec<(String, f64)>, String> {
    let bound = |pair: &[Value]| match pair {
        [Value::String(operator), Value::Number(number)]
            if ["=", "<", "<=", ">", ">="].contains(&operator.as_str()) =>
        {
            Ok((operator.clone(), number.as_f64().unwrap_or_default()))
        }
        [Value::String(operator), Value::Number(_)] => Err(format!("Unrecognized numeric range operator: {operator}")),
        [Value::String(operator), ..] => Err(format!("Value of {operator} must be numeric")),
        _ => Err("Invalid member in numeric match".to_owned()),
    };
    let bounds: Vec<_> = parts.chunks(2).map(bound).collect::<Result<_, _>>()?;
    match bounds.as_slice() {
        [_] => Ok(bounds),
        [(low, from), (high, to)] if low.starts_with('>') && high.starts_with('<') => {
            if from < to {
                Ok(bounds)
            } else {
                Err("Bottom must be less than top".to_owned())
            }
        }
        _ => Err("Too many elements in numeric expression".to_owned()),
    }
}

fn holds(found: f64, operator: &str, bound: f64) -> bool {
    let order = found.total_cmp(&bound);
    match operator {
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        ">=" => order.is_ge(),
        _ => order.is_eq(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fits(pattern: &Value) -> bool {
        let event = json!({
            "source": "aws.ec2", "detail-type": "EC2 Spot Instance Interruption Warning", "resources": ["arn:a", "arn:b"],
            "detail": { "instance-id": "i-0abc", "count": 3, "tags": [{ "key": "a" }, { "key": "b" }], "none": null },
        });
        EventPattern::parse(&pattern.to_string()).unwrap().matches(&event)
    }

    #[expect(clippy::needless_pass_by_value, reason = "it reads as a table")]
    fn detail(name: &str, test: Value) -> bool {
        fits(&json!({ "detail": { name: [test] } }))
    }

    #[test]
    fn exact_values_over_nesting_and_lists() {
        assert!(fits(&json!({ "source": ["aws.fis", "aws.ec2"], "resources": ["arn:b"] })));
        assert!(fits(&json!({ "detail": { "tags": { "key": ["b"] }, "none": [null] } })));
        assert!(!fits(&json!({ "source": ["aws.ec2"], "detail": { "instance-id": ["i-0abd"] } })));
        assert!(!fits(&json!({ "detail": { "count": ["3"] } })));
        assert!(fits(&json!({ "detail": { "count": [3.0] } })));
    }

    #[test]
    fn every_operator() {
        assert!(detail("instance-id", json!({ "prefix": "i-" })) && !detail("instance-id", json!({ "prefix": "I-" })));
        assert!(detail("instance-id", json!({ "prefix": { "equals-ignore-case": "I-" } })));
        assert!(detail("instance-id", json!({ "suffix": "abc" })) && !detail("instance-id", json!({ "suffix": "ab" })));
        assert!(detail("instance-id", json!({ "equals-ignore-case": "I-0ABC" })));
        assert!(
            detail("instance-id", json!({ "wildcard": "i*b*" }))
                && !detail("instance-id", json!({ "wildcard": "i*b" }))
        );
        assert!(detail("instance-id", json!({ "anything-but": ["i-1", "i-2"] })));
        assert!(!detail("instance-id", json!({ "anything-but": { "prefix": ["x", "i-"] } })));
        assert!(!detail("gone", json!({ "anything-but": "x" })) && detail("gone", json!({ "exists": false })));
        assert!(detail("none", json!({ "exists": true })) && !detail("count", json!({ "exists": false })));
        assert!(
            detail("count", json!({ "numeric": [">", 0, "<=", 3] }))
                && !detail("count", json!({ "numeric": ["<", 3] }))
        );
    }

    #[test]
    fn one_of_the_patterns_under_or() {
        let either =
            |count: u32| json!({ "source": ["aws.ec2"], "$or": [{ "x": [1] }, { "detail": { "count": [count] } }] });
        assert!(fits(&either(3)) && !fits(&either(4)));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let reason = |text: &str| EventPattern::parse(text).unwrap_err();
        for (text, words) in [
            ("[]", "Filter is not an object"),
            ("{}", "Empty objects are not allowed"),
            (r#"{"source":"aws.ec2"}"#, "\"source\" must be an object or an array"),
            (r#"{"source":[]}"#, "Empty arrays are not allowed"),
            (r#"{"source":[["a"]]}"#, "Match value must be String, number, true, false, or null"),
            (r#"{"source":[{"cidr":"10.0.0.0/8"}]}"#, "Unrecognized match type cidr"),
            (r#"{"source":[{"prefix":"a","suffix":"b"}]}"#, "Only one key allowed in match expression"),
            (r#"{"source":[{"wildcard":"a**"}]}"#, "Consecutive wildcard characters at pos 1"),
            (r#"{"a":[{"numeric":[">",5,"<",5]}]}"#, "Bottom must be less than top"),
            (r#"{"$or":[{"a":[1]}]}"#, "$or must be an array of at least two objects"),
        ] {
            assert_eq!(reason(text), words, "{text}");
        }
    }
}
