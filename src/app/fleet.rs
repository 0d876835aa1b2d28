//! The fleet screen: groups and instances as rows, a cursor, a filter and marks. Knows no key and not how tall the list is
//! drawn.

pub mod filter;
mod marking;
pub mod summary;

use std::collections::BTreeSet;

use super::motion::Motion;
use crate::{
    drill::{
        fleet::{Fleet, Group, GroupKey, Instance},
        id::InstanceId,
    },
    text::SafeText,
};
use filter::Filter;
use summary::Summary;

/// One row of the tree, by the places of its group and instance in the fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    Group(usize),
    Instance(usize, usize),
}

/// Above so many instances the groups start folded: a region of thousands is found by its groups.
const FOLD_ABOVE: usize = 200;

#[derive(Clone, Debug, Default)]
pub struct Browser {
    fleet: Option<Fleet>,
    /// One for each group of the fleet.
    summaries: Vec<Summary>,
    rows: Vec<Row>,
    cursor: usize,
    folded: BTreeSet<GroupKey>,
    filter: Filter,
    marks: BTreeSet<InstanceId>,
    range_from: Option<usize>,
    /// How many instances match the filter.
    matching: usize,
    /// How many instances were listed so far, while a listing runs.
    listing: Option<usize>,
    failure: Option<SafeText>,
}

impl Browser {
    pub fn fleet(&self) -> Option<&Fleet> {
        self.fleet.as_ref()
    }

    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    pub fn cursor(&self) -> usize {
        self.cursor
    }

    pub fn row(&self) -> Option<Row> {
        self.rows.get(self.cursor).copied()
    }

    pub fn group(&self, group: usize) -> Option<(&Group, &Summary)> {
        Some((self.fleet.as_ref()?.groups.get(group)?, self.summaries.get(group)?))
    }

    pub fn instance(&self, group: usize, instance: usize) -> Option<&Instance> {
        self.fleet.as_ref()?.groups.get(group)?.instances.get(instance)
    }

    pub fn group_at_cursor(&self) -> Option<(&Group, &Summary)> {
        match self.row()? {
            Row::Group(group) | Row::Instance(group, _) => self.group(group),
        }
    }

    pub fn instance_at_cursor(&self) -> Option<&Instance> {
        match self.row()? {
            Row::Group(_) => None,
            Row::Instance(group, instance) => self.instance(group, instance),
        }
    }

    pub fn is_folded(&self, group: &GroupKey) -> bool {
        self.filter.is_empty() && self.folded.contains(group)
    }

    pub fn is_marked(&self, id: &InstanceId) -> bool {
        self.marks.contains(id)
    }

    pub fn marks(&self) -> &BTreeSet<InstanceId> {
        &self.marks
    }

    pub fn in_range(&self, row: usize) -> bool {
        self.range_from.is_some_and(|from| (from.min(self.cursor)..=from.max(self.cursor)).contains(&row))
    }

    pub fn is_ranging(&self) -> bool {
        self.range_from.is_some()
    }

    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    pub fn matching(&self) -> usize {
        self.matching
    }

    pub fn instances(&self) -> usize {
        self.summaries.iter().map(|summary| summary.instances).sum()
    }

    pub fn listing(&self) -> Option<usize> {
        self.listing
    }

    pub fn failure(&self) -> Option<&SafeText> {
        self.failure.as_ref()
    }

    /// The one cluster that everything belongs to, if there is one.
    pub fn cluster(&self) -> Option<&SafeText> {
        let mut clusters =
            self.fleet.iter().flat_map(|fleet| &fleet.groups).filter_map(|group| group.key.cluster.as_ref());
        let first = clusters.next()?;
        clusters.all(|other| other == first).then_some(first)
    }

    pub fn listing_began(&mut self) {
        self.listing = Some(0);
        self.failure = None;
    }

    pub fn listing_went_on(&mut self, instances: usize) {
        self.listing = Some(instances);
    }

    pub fn listing_failed(&mut self, why: SafeText) {
        self.listing = None;
        self.failure = Some(why);
    }

    /// Shows what was listed; says which marks it takes away, because what they marked cannot be hit any more.
    pub fn listed(&mut self, fleet: Fleet) -> Vec<InstanceId> {
        let at = self.identity();
        if self.fleet.is_none() && fleet.instances().nth(FOLD_ABOVE).is_some() {
            self.folded = fleet.groups.iter().map(|group| group.key.clone()).collect();
        }
        let targetable: BTreeSet<_> =
            fleet.groups.iter().flat_map(Group::targetable).map(|instance| &instance.id).collect();
        let (kept, lost): (BTreeSet<_>, BTreeSet<_>) =
            std::mem::take(&mut self.marks).into_iter().partition(|mark| targetable.contains(mark));
        self.marks = kept;
        self.summaries = fleet.groups.iter().map(|group| Summary::of(group, &self.marks)).collect();
        self.fleet = Some(fleet);
        (self.listing, self.failure) = (None, None);
        self.lay_out();
        self.go_to(at);
        lost.into_iter().collect()
    }

    pub fn scroll(&mut self, motion: Motion) {
        self.cursor = motion.from(self.cursor, self.rows.len());
    }

    /// Folds the group under the cursor; from inside a group, goes up to its head first.
    pub fn collapse(&mut self) {
        match self.row() {
            Some(Row::Instance(group, _)) => self.seek(Row::Group(group)),
            Some(Row::Group(_)) => self.fold(true),
            None => {}
        }
    }

    /// Unfolds the group under the cursor; an open one is entered.
    pub fn expand(&mut self) {
        if let Some(Row::Group(group)) = self.row() {
            match self.group(group) {
                Some((found, _)) if self.is_folded(&found.key) => self.fold(false),
                Some((found, _)) if !found.instances.is_empty() => self.scroll(Motion::Down),
                _ => {}
            }
        }
    }

    pub fn toggle_fold(&mut self) {
        if let Some((group, _)) = self.group_at_cursor() {
            self.fold(!self.is_folded(&group.key));
        }
    }

    fn fold(&mut self, folded: bool) {
        let Some((group, _)) = self.group_at_cursor() else { return };
        let (key, at) = (group.key.clone(), self.row());
        if folded {
            self.folded.insert(key);
        } else {
            self.folded.remove(&key);
        }
        self.lay_out();
        if let Some(at) = at {
            self.seek(at);
        }
    }

    pub fn set_filter(&mut self, text: &str) {
        let at = self.identity();
        self.filter = Filter::new(text);
        self.lay_out();
        self.go_to(at);
    }

    /// What is under the cursor, by names that outlive a new listing.
    fn identity(&self) -> Option<(GroupKey, Option<InstanceId>)> {
        let (group, _) = self.group_at_cursor()?;
        Some((group.key.clone(), self.instance_at_cursor().map(|instance| instance.id.clone())))
    }

    fn go_to(&mut self, at: Option<(GroupKey, Option<InstanceId>)>) {
        self.cursor = self.cursor.min(self.rows.len().saturating_sub(1));
        let Some((key, id)) = at else { return };
        let of_group = |row: &Row| match row {
            Row::Group(group) | Row::Instance(group, _) => {
                self.group(*group).is_some_and(|(group, _)| group.key == key)
            }
        };
        let Some(head) = self.rows.iter().position(of_group) else { return };
        let is_it = |row: &Row| match row {
            Row::Group(_) => false,
            Row::Instance(group, instance) => self.instance(*group, *instance).map(|found| &found.id) == id.as_ref(),
        };
        self.cursor = id.as_ref().and_then(|_| self.rows.iter().position(is_it)).unwrap_or(head);
    }

    fn seek(&mut self, row: Row) {
        if let Some(at) = self.rows.iter().position(|other| *other == row) {
            self.cursor = at;
        }
    }

    /// Works out the rows anew; the only place where every instance is looked at.
    fn lay_out(&mut self) {
        (self.rows, self.matching, self.range_from) = (Vec::new(), 0, None);
        for (number, group) in self.fleet.iter().flat_map(|fleet| &fleet.groups).enumerate() {
            let matching: Vec<_> =
                (0..).zip(&group.instances).filter(|(_, it)| self.filter.matches(group, it)).collect();
            if matching.is_empty() && !self.filter.is_empty() {
                continue;
            }
            self.matching += matching.len();
            self.rows.push(Row::Group(number));
            if !self.is_folded(&group.key) {
                self.rows.extend(matching.into_iter().map(|(instance, _)| Row::Instance(number, instance)));
            }
        }
    }
}

#[cfg(test)]
mod tests;
