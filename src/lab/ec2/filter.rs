//! `Filter.N`: values are alternatives, filters must all pass, `*` and `?` are wildcards. Knows not what is filtered.

use std::borrow::Cow;

use crate::lab::{
    wildcard::like,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::ec2::{instance_status, instances, spot_requests};

    #[test]
    fn an_unknown_filter_is_refused() {
        let form = Form::parse(b"Filter.1.Name=colour&Filter.1.Value.1=red");
        let refusal = Filter::all(&form, "instance-id").unwrap_err();
        assert_eq!((&*refusal.code, &*refusal.message), ("InvalidParameterValue", "The filter 'colour' is invalid"));
    }

    #[test]
    fn no_name_of_a_filter_is_torn_apart() {
        for all in [instances::FILTERS, instance_status::FILTERS, spot_requests::FILTERS] {
            assert!(all.split(' ').all(|name| !name.is_empty() && !name.ends_with('-')), "{all}");
        }
    }
}
