//! Whether values keep to what the template declares of its parameters, so that all that do not are told at once and by the
//! options that they were given with. Knows the template's words for it, and none of the parameters.

use serde_json::Value;

use super::TEMPLATE;

/// The declarations of the template's parameters, by their names.
pub(super) fn declared() -> Value {
    // the rest has tags that only CloudFormation knows
    let parameters = TEMPLATE.split("\nConditions:").next().unwrap_or_default();
    let template: Value = yaml_serde::from_str(parameters).unwrap_or_default();
    template.get("Parameters").cloned().unwrap_or_default()
}

/// What is wanted of the value, in words; none where it is fine.
pub(super) fn complaint(declared: &Value, parameter: &str, value: &str) -> Option<String> {
    let of = |what: &str| declared.get(parameter)?.get(what);
    let whole = |what: &str| of(what).and_then(Value::as_u64);
    let most = whole("MaxLength").filter(|most| value.chars().count() as u64 > *most);
    let number: Option<u64> = value.parse().ok();
    let outside = whole("MinValue").zip(whole("MaxValue"));
    let outside = outside.filter(|(least, most)| number.is_none_or(|number| number < *least || number > *most));
    let pattern = of("AllowedPattern").and_then(Value::as_str).filter(|pattern| !fits(pattern, value));
    let allowed =
        of("AllowedValues").and_then(Value::as_array).map(|values| values.iter().map(plain).collect::<Vec<_>>());
    if let Some(allowed) = allowed.filter(|allowed| !allowed.iter().any(|allowed| allowed == value)) {
        return Some(format!("one of {}", allowed.join(", ")));
    }
    if let Some((least, most)) = outside {
        return Some(format!("a whole number from {least} to {most}"));
    }
    if let Some(most) = most {
        return Some(format!("at most {most} characters"));
    }
    pattern.map(|pattern| format!("what fits {pattern}"))
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn fits(pattern: &str, value: &str) -> bool {
    regex_lite::Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|regex| regex.is_match(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_keeps_to_its_declaration() {
        let declared = declared();
        let parameters = declared.as_object().unwrap();
        assert!(parameters.len() > 10, "{parameters:?}");
        for (name, declaration) in parameters {
            assert_eq!(complaint(&declared, name, &plain(&declaration["Default"])), None, "{name}");
        }
    }

    #[test]
    fn each_kind_of_declaration_is_kept_to() {
        let declared = declared();
        let said = |parameter: &str, value: &str| complaint(&declared, parameter, value);
        assert_eq!(said("Prefix", "a b").unwrap(), "what fits [A-Za-z0-9._-]{1,48}");
        assert_eq!(said("Prefix", "a-b"), None);
        assert_eq!(said("Prefix", "a\n"), said("Prefix", "a b"), "a line end is no part of a name");
        assert_eq!(said("InterruptOnly", "all").unwrap(), "one of any, nodegroup, tagged");
        assert!(said("RetentionInDays", "31").unwrap().starts_with("one of 1, 3, 5, 7, 14, 30,"));
        assert_eq!(said("Count", "51").unwrap(), "a whole number from 1 to 50");
        assert_eq!(said("Username", &"x".repeat(81)).unwrap(), "at most 80 characters");
        assert_eq!(said("Unknown", "x"), None);
    }
}
