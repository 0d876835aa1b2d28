//! awsQuery for a service whose operations take and give JSON. Knows no service.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    query::{Element, Form, element, text},
    time::iso_millis,
};

/// How deep a structure may go; a form could name any depth.
const DEPTH: u32 = 12;

/// How many elements of a list are read; no list of an operation may have as many.
const LONGEST: usize = 1000;

/// The fields of a form as JSON, with `X.member.N` as lists; `typed` makes of a field's name and text what it is.
pub(in crate::lab) fn to_json(form: &Form, typed: fn(&str, &str) -> Value) -> Value {
    structure(form, typed, DEPTH)
}

fn structure(form: &Form, typed: fn(&str, &str) -> Value, depth: u32) -> Value {
    let members = form.names().into_iter().map(|name| {
        let value = value(form, &name, &name, typed, depth);
        (name, value)
    });
    Value::Object(members.collect())
}

fn value(form: &Form, key: &str, name: &str, typed: fn(&str, &str) -> Value, depth: u32) -> Value {
    if let Some(text) = form.get(key) {
        return typed(name, text);
    }
    let (below, Some(depth)) = (form.below(key), depth.checked_sub(1)) else { return Value::Null };
    let elements = below.below("member");
    if elements.is_empty() && below.get("member").is_none() {
        return structure(&below, typed, depth);
    }
    let numbers = below.numbers("member").into_iter().take(LONGEST);
    numbers.map(|number| value(&elements, &number.to_string(), name, typed, depth)).collect()
}

/// The members of an answer as elements. A number whose name ends in `Timestamp` is a time.
pub(in crate::lab) fn elements(members: Map<String, Value>) -> Vec<Element> {
    members.into_iter().filter(|(_, value)| !value.is_null()).map(|(name, value)| named(name, value)).collect()
}

fn named(name: String, value: Value) -> Element {
    match value {
        Value::Object(members) => element(name, elements(members)),
        Value::Array(list) => element(name, list.into_iter().map(|one| named("member".to_owned(), one)).collect()),
        Value::String(plain) => text(name, plain),
        Value::Number(number) if name.ends_with("Timestamp") => {
            let millis = number.as_f64().unwrap_or_default() * 1000.0;
            let time = Timestamp::from_millisecond(millis.round() as i64).unwrap_or_default();
            text(name, iso_millis(time))
        }
        other => text(name, other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_form_is_a_structure_of_lists_and_structures() {
        let form = Form::parse(
            b"Action=X&Version=1&Name=a&Tags.member.1.Key=k&Tags.member.1.Value=v&Names.member.2=y&Names.member.1=x",
        );
        let expected = json!({ "Name": "a", "Tags": [{ "Key": "k", "Value": "v" }], "Names": ["x", "y"] });
        assert_eq!(to_json(&form, |_, text| text.into()), expected);
    }

    #[test]
    fn no_form_is_too_deep() {
        let form = Form::parse("a.".repeat(10_000).as_bytes());
        assert!(to_json(&form, |_, text| text.into()).is_object());
    }
}
