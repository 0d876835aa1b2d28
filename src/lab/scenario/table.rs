//! Reads a TOML table key by key and collects what is wrong, each with its line. Knows not what the keys mean.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::Complaint;

/// What was found wrong so far, in a text.
pub(super) struct Complaints<'t> {
    text: &'t str,
    pub(super) list: Vec<Complaint>,
}

impl<'t> Complaints<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, list: Vec::new() }
    }

    /// Adds a complaint about what stands at a byte offset.
    pub(super) fn add(&mut self, offset: usize, message: impl Into<String>) {
        let line = self.text.bytes().take(offset).filter(|byte| *byte == b'\n').count().saturating_add(1);
        self.list.push(Complaint { line, message: message.into() });
    }
}

/// A table, and which of its keys were asked for: the others are unknown.
pub(super) struct Table<'a, 'i> {
    keys: &'a DeTable<'i>,
    /// Where it begins.
    pub(super) offset: usize,
    asked: BTreeSet<&'static str>,
}

impl<'a, 'i> Table<'a, 'i> {
    pub(super) fn new(table: &'a DeTable<'i>, offset: usize) -> Self {
        Self { keys: table, offset, asked: BTreeSet::new() }
    }

    fn value(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'i>>> {
        self.asked.insert(key);
        self.keys.get(key)
    }

    /// Where a key's value stands; the table's beginning if it has none.
    pub(super) fn place(&self, key: &str) -> usize {
        self.keys.get(key).map_or(self.offset, |value| value.span().start)
    }

    pub(super) fn string(&mut self, key: &'static str, wrong: &mut Complaints<'_>) -> Option<String> {
        let value = self.value(key)?;
        let text = value.get_ref().as_str();
        if text.is_none() {
            wrong.add(value.span().start, format!("{key} is not a string"));
        }
        text.map(str::to_owned)
    }

    /// A string that must be there and must not be empty.
    pub(super) fn required(&mut self, key: &'static str, wrong: &mut Complaints<'_>) -> String {
        if self.value(key).is_none() {
            wrong.add(self.offset, format!("{key} is missing"));
        }
        let text = self.string(key, wrong);
        if text.as_deref() == Some("") {
            wrong.add(self.place(key), format!("{key} is empty"));
        }
        text.unwrap_or_default()
    }

    pub(super) fn strings(&mut self, key: &'static str, wrong: &mut Complaints<'_>) -> Option<Vec<String>> {
        let value = self.value(key)?;
        let list = value.get_ref().as_array();
        let list = list.and_then(|list| list.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect());
        let list: Option<Vec<_>> = list.filter(|list: &Vec<_>| !list.is_empty());
        if list.is_none() {
            wrong.add(value.span().start, format!("{key} is not a list of at least one string"));
        }
        list
    }

    pub(super) fn boolean(&mut self, key: &'static str, wrong: &mut Complaints<'_>) -> Option<bool> {
        let value = self.value(key)?;
        if !value.get_ref().is_bool() {
            wrong.add(value.span().start, format!("{key} is neither true nor false"));
        }
        value.get_ref().as_bool()
    }

    pub(super) fn whole(
        &mut self,
        key: &'static str,
        range: std::ops::RangeInclusive<u32>,
        wrong: &mut Complaints<'_>,
    ) -> Option<u32> {
        let value = self.value(key)?;
        let number = value.get_ref().as_integer().and_then(|number| number.as_str().parse().ok());
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let (low, high) = range.into_inner();
            wrong.add(value.span().start, format!("{key} is not a whole number from {low} to {high}"));
        }
        number
    }

    /// A number of seconds, with or without a fraction, of at most a day.
    pub(super) fn seconds(&mut self, key: &'static str, wrong: &mut Complaints<'_>) -> Option<SignedDuration> {
        const DAY: f64 = 86_400.0;
        let seconds = self.number(key, 0.0..=DAY, "number of seconds", wrong);
        seconds.and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok())
    }

    /// A number with or without a fraction, called `noun` in a complaint.
    pub(super) fn number(
        &mut self,
        key: &'static str,
        range: std::ops::RangeInclusive<f64>,
        noun: &str,
        wrong: &mut Complaints<'_>,
    ) -> Option<f64> {
        let value = self.value(key)?;
        let number = match value.get_ref() {
            DeValue::Integer(number) => number.as_str().parse().ok(),
            DeValue::Float(number) => number.as_str().parse().ok(),
            _ => None,
        };
        let number = number.filter(|number| range.contains(number));
        if number.is_none() {
            let (low, high) = range.into_inner();
            wrong.add(value.span().start, format!("{key} is not a {noun} from {low} to {high}"));
        }
        number
    }

    /// One of a few words, each with what it means.
    pub(super) fn word<T: Copy>(
        &mut self,
        key: &'static str,
        words: &[(&str, T)],
        wrong: &mut Complaints<'_>,
    ) -> Option<T> {
        let text = self.string(key, wrong)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning);
        if found.is_none() {
            let known: Vec<_> = words.iter().map(|(word, _)| *word).collect();
            wrong.add(self.place(key), format!("{key} is {text:?}, not one of: {}", known.join(", ")));
        }
        found
    }

    /// A table of strings, as tags are.
    pub(super) fn pairs(&mut self, key: &'static str, wrong: &mut Complaints<'_>) -> Vec<(String, String)> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let Some(table) = value.get_ref().as_table() else {
            wrong.add(value.span().start, format!("{key} is not a table"));
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for (name, value) in table {
            match value.get_ref().as_str() {
                Some(text) => pairs.push((name.get_ref().to_string(), text.to_owned())),
                None => wrong.add(value.span().start, format!("{key}.{} is not a string", name.get_ref())),
            }
        }
        pairs
    }

    /// The table under a key.
    pub(super) fn table(&mut self, key: &'static str, wrong: &mut Complaints<'_>) -> Option<Table<'a, 'i>> {
        let value = self.value(key)?;
        let table = value.get_ref().as_table();
        if table.is_none() {
            wrong.add(value.span().start, format!("{key} is not a table"));
        }
        table.map(|table| Table::new(table, value.span().start))
    }

    /// The tables of `[[key]]`.
    pub(super) fn tables(&mut self, key: &'static str, wrong: &mut Complaints<'_>) -> Vec<Table<'a, 'i>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let tables = value.get_ref().as_array().and_then(|list| {
            list.iter().map(|item| Some(Table::new(item.get_ref().as_table()?, item.span().start))).collect()
        });
        if tables.is_none() {
            wrong.add(value.span().start, format!("{key} is not written as [[{key}]]"));
        }
        tables.unwrap_or_default()
    }

    /// Complains of the keys that nobody asked for.
    pub(super) fn finish(self, wrong: &mut Complaints<'_>) {
        for (key, _) in self.keys {
            if !self.asked.contains(key.get_ref().as_ref()) {
                wrong.add(key.span().start, format!("unknown key {}", key.get_ref()));
            }
        }
    }
}
