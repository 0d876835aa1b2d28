//! `Filter.N`: values are alternatives, filters must all pass, `*` and `?` are wildcards. Knows not what is filtered.

use std::borrow::Cow;

use crate::lab::{
    wire::{error::ApiError, query::Form},
    world::instance::Tags,
};

/// One filter of a request.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    name: &'a str,
    values: Vec<&'a str>,
}

impl<'a> Filter<'a> {
    /// The filters of a request, each of which must be one of the words in `known` or about tags.
    pub(super) fn all(form: &'a Form, known: &str) -> Result<Vec<Self>, ApiError> {
        let mut filters = Vec::new();
        for number in form.numbers("Filter") {
            let name = form.get(&format!("Filter.{number}.Name")).unwrap_or_default();
            if !known.split(' ').any(|known| known == name) && !name.starts_with("tag:") && name != "tag-key" {
                let message = format!("The filter '{name}' is invalid");
                return Err(ApiError::bad("InvalidParameterValue", message));
            }
            filters.push(Self { name, values: form.list(&format!("Filter.{number}.Value")) });
        }
        Ok(filters)
    }

    /// Whether a resource passes that has these tags, and of which `attribute` tells the value of any other filter.
    pub(super) fn passes<'r>(&self, tags: &Tags, attribute: impl Fn(&str) -> Option<Cow<'r, str>>) -> bool {
        match self.name {
            "tag-key" => tags.keys().any(|key| self.fits(key)),
            name => match name.strip_prefix("tag:") {
                Some(key) => tags.get(key).is_some_and(|value| self.fits(value)),
                None => attribute(name).is_some_and(|value| self.fits(&value)),
            },
        }
    }

    fn fits(&self, value: &str) -> bool {
        self.values.iter().any(|pattern| like(pattern, value))
    }
}

/// Whether a text fits a pattern in which `*` is anything and `?` any one character. Goes back to the last `*` only, so
/// that no pattern takes long.
fn like(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    let mut last_star = None;
    loop {
        let mut ahead = pattern.clone();
        let wanted = ahead.next();
        if wanted == Some('*') {
            pattern = ahead;
            last_star = Some((pattern.clone(), text.clone()));
            continue;
        }
        let mut rest = text.clone();
        match (wanted, rest.next()) {
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == '?' || wanted == found => (pattern, text) = (ahead, rest),
            _ => {
                // The star takes one character more.
                let Some((after_star, taken)) = &mut last_star else { return false };
                if taken.next().is_none() {
                    return false;
                }
                (pattern, text) = (after_star.clone(), taken.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn wildcards() {
        for (pattern, text) in
            [("*", ""), ("web-*", "web-spot"), ("w?b*t", "web-spot"), ("*spot*", "a-spot-b"), ("é?", "éa")]
        {
            assert!(like(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("?", ""), ("web", "web-spot"), ("*x", "web"), ("WEB*", "web")] {
            assert!(!like(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn many_wildcards_take_no_time() {
        assert!(!like(&"*a".repeat(100), &"a".repeat(99)));
        assert!(like(&"*a".repeat(99), &"a".repeat(99)));
    }

    #[test]
    fn an_unknown_filter_is_refused() {
        let form = Form::parse(b"Filter.1.Name=colour&Filter.1.Value.1=red");
        let refusal = Filter::all(&form, "instance-id").unwrap_err();
        assert_eq!((&*refusal.code, &*refusal.message), ("InvalidParameterValue", "The filter 'colour' is invalid"));
    }

    proptest! {
        #[test]
        fn a_text_is_like_itself_and_like_its_beginning(text in "[a-z0-9-]{0,12}", rest in "[a-z]{0,4}") {
            let (longer, beginning) = (format!("{text}{rest}"), format!("{text}*"));
            prop_assert!(like(&text, &text));
            prop_assert!(like(&beginning, &longer));
        }
    }
}
