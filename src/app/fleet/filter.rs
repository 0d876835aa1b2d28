//! Which instances are shown: words that an instance must have about it, or must not. Knows no list and no key.

use crate::drill::fleet::{Group, Instance};

/// Every word must be found; a word after `!` must not. Case does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    wanted: Vec<String>,
    unwanted: Vec<String>,
}

impl Filter {
    pub fn new(text: &str) -> Self {
        let mut filter = Self { text: text.to_owned(), ..Self::default() };
        for word in text.split_whitespace().map(str::to_lowercase) {
            match word.strip_prefix('!') {
                Some("") => {} // the word is still being typed
                Some(unwanted) => filter.unwanted.push(unwanted.to_owned()),
                None => filter.wanted.push(word),
            }
        }
        filter
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty() && self.unwanted.is_empty()
    }

    pub fn matches(&self, group: &Group, instance: &Instance) -> bool {
        if self.is_empty() {
            return true;
        }
        let about = [
            Some(instance.id.as_str()),
            instance.name.as_deref(),
            instance.node.as_deref(),
            Some(instance.instance_type.as_str()),
            Some(instance.az.as_str()),
            Some(instance.state.as_str()),
            Some(group.key.name.as_str()),
            group.key.cluster.as_deref(),
            Some(if instance.is_spot() { "spot" } else { "on-demand" }),
        ];
        let about: Vec<_> = about.into_iter().flatten().map(str::to_lowercase).collect();
        let found = |word: &String| about.iter().any(|text| text.contains(word));
        self.wanted.iter().all(found) && !self.unwanted.iter().any(found)
    }
}
