//! A template's parameters: their declarations, and whether a value fits one. Knows not what they are for.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{intrinsic::plain, template::Template};

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(in crate::lab) struct Parameter {
    #[serde(rename = "Type")]
    pub(in crate::lab) kind: String,
    #[serde(default)]
    default: Value,
    #[serde(default)]
    no_echo: Value,
    #[serde(default)]
    pub(in crate::lab) description: Option<String>,
    #[serde(default)]
    constraint_description: Option<String>,
    #[serde(default)]
    allowed_values: Vec<Value>,
    #[serde(default)]
    allowed_pattern: Option<String>,
    #[serde(default)]
    min_length: Value,
    #[serde(default)]
    max_length: Value,
    #[serde(default)]
    min_value: Value,
    #[serde(default)]
    max_value: Value,
}

impl Parameter {
    pub(super) fn read(name: &str, value: Value) -> Result<Self, String> {
        let read: Self = serde_json::from_value(value)
            .map_err(|error| format!("Template format error: [/Parameters/{name}] {error}"))?;
        if !["String", "Number", "CommaDelimitedList", "List<Number>"].contains(&read.kind.as_str()) {
            return Err(format!("Template format error: Unrecognized parameter type: {}", read.kind));
        }
        Ok(read)
    }

    pub(in crate::lab) fn default(&self) -> Option<String> {
        plain(&self.default)
    }

    pub(in crate::lab) fn no_echo(&self) -> bool {
        plain(&self.no_echo).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    pub(in crate::lab) fn allowed_values(&self) -> Vec<String> {
        self.allowed_values.iter().filter_map(plain).collect()
    }

    fn is_list(&self) -> bool {
        self.kind != "String" && self.kind != "Number"
    }

    fn check(&self, name: &str, text: &str) -> Result<(), String> {
        let allowed = self.allowed_values();
        let number = |value: &Value| plain(value).and_then(|text| text.parse::<f64>().ok());
        let length = text.chars().count() as f64;
        let is_number = text.trim().parse::<f64>().is_ok();
        let least = number(&self.min_value).filter(|least| text.parse().is_ok_and(|value: f64| value < *least));
        let most = number(&self.max_value).filter(|most| text.parse().is_ok_and(|value: f64| value > *most));
        let complaint = if self.kind.contains("Number") && !is_number {
            format!("Parameter '{name}' must be a number.")
        } else if !allowed.is_empty() && !allowed.iter().any(|value| value == text) {
            format!("Parameter '{name}' must be one of AllowedValues")
        } else if let Some(least) = number(&self.min_length).filter(|least| length < *least) {
            format!("Parameter '{name}' must contain at least {least} characters")
        } else if let Some(most) = number(&self.max_length).filter(|most| length > *most) {
            format!("Parameter '{name}' must contain at most {most} characters")
        } else if let Some(pattern) = self.allowed_pattern.as_ref().filter(|pattern| !fits(pattern, text)) {
            format!("Parameter '{name}' must match pattern {pattern}")
        } else if let Some(least) = least {
            format!("Parameter '{name}' must be a number not less than {least}")
        } else if let Some(most) = most {
            format!("Parameter '{name}' must be a number not greater than {most}")
        } else {
            return Ok(());
        };
        Err(match &self.constraint_description {
            Some(wanted) => format!("Parameter '{name}' failed to satisfy constraint: {wanted}"),
            None => complaint,
        })
    }

    fn items<'t>(&self, text: &'t str) -> Vec<&'t str> {
        if self.is_list() { text.split(',').map(str::trim).collect() } else { vec![text] }
    }
}

/// Whether the pattern fits the whole text. One that cannot be compiled fits nothing.
fn fits(pattern: &str, text: &str) -> bool {
    regex_lite::Regex::new(&format!("^(?:{pattern})$")).is_ok_and(|regex| regex.is_match(text))
}

/// Each parameter's value as text, given or by default.
pub(in crate::lab) fn texts(
    template: &Template,
    given: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, String> {
    let strangers: Vec<_> = given.keys().filter(|name| !template.parameters.contains_key(*name)).cloned().collect();
    if !strangers.is_empty() {
        return Err(format!("Parameters: [{}] do not exist in the template", strangers.join(", ")));
    }
    let text = |(name, parameter): (&String, &Parameter)| {
        given.get(name).cloned().or_else(|| parameter.default()).map(|text| (name.clone(), text))
    };
    let texts: BTreeMap<_, _> = template.parameters.iter().filter_map(text).collect();
    let missing: Vec<_> = template.parameters.keys().filter(|name| !texts.contains_key(*name)).cloned().collect();
    if missing.is_empty() { Ok(texts) } else { Err(format!("Parameters: [{}] must have values", missing.join(", "))) }
}

/// What is wrong with the first value that does not keep to its parameter's declaration.
pub(in crate::lab) fn check(template: &Template, texts: &BTreeMap<String, String>) -> Result<(), String> {
    let check = |(name, parameter): (&String, &Parameter)| {
        let items = parameter.items(texts.get(name).map_or("", String::as_str));
        items.into_iter().try_for_each(|item| parameter.check(name, item))
    };
    template.parameters.iter().try_for_each(check)
}

/// Each parameter's value as templates see it, which was checked before; with `masked`, `****` for those that must not be
/// shown.
pub(super) fn values(template: &Template, texts: &BTreeMap<String, String>, masked: bool) -> BTreeMap<String, Value> {
    let value = |(name, parameter): (&String, &Parameter)| {
        let text = texts.get(name).map_or("", String::as_str);
        let value = match (masked && parameter.no_echo(), parameter.is_list()) {
            (true, _) => json!("****"),
            (false, true) => json!(parameter.items(text)),
            (false, false) => json!(text),
        };
        (name.clone(), value)
    };
    template.parameters.iter().map(value).collect()
}
