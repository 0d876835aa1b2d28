//! Marking what will be hit: one instance, a group, a range. Knows what cannot be hit, and says why it is left out.

use super::{Browser, Row};
use crate::{app::motion::Motion, drill::fleet::GroupKey};

impl Browser {
    /// Marks what is under the cursor, or takes the mark away; says why it cannot.
    pub fn toggle_mark(&mut self) -> Result<(), String> {
        if let Some(from) = self.range_from.take() {
            return self.mark_range(from);
        }
        match self.row() {
            Some(Row::Group(group)) => self.toggle_group(group),
            Some(Row::Instance(group, instance)) => self.toggle_instance(group, instance),
            None => Err(String::from("there is nothing to mark")),
        }
    }

    fn toggle_instance(&mut self, group: usize, instance: usize) -> Result<(), String> {
        let Some(instance) = self.instance(group, instance) else { return Ok(()) };
        if let Some(reason) = instance.untargetable() {
            return Err(format!("{} cannot be interrupted: {reason}", instance.id));
        }
        let id = instance.id.clone();
        if !self.marks.remove(&id) {
            self.marks.insert(id);
        }
        self.count_marks();
        self.scroll(Motion::Down);
        Ok(())
    }

    fn toggle_group(&mut self, group: usize) -> Result<(), String> {
        let Some((found, summary)) = self.group(group) else { return Ok(()) };
        let (all_marked, name) = (summary.marked == summary.targetable, found.key.qualified());
        let ids: Vec<_> = found.targetable().map(|instance| instance.id.clone()).collect();
        if ids.is_empty() {
            return Err(format!("{name} has no running spot instance"));
        }
        for id in ids {
            if all_marked {
                self.marks.remove(&id);
            } else {
                self.marks.insert(id);
            }
        }
        self.count_marks();
        Ok(())
    }

    /// Begins a range at the cursor, or marks what can be marked from its beginning to the cursor.
    pub fn range(&mut self) -> Result<(), String> {
        if let Some(from) = self.range_from.take() {
            return self.mark_range(from);
        }
        self.range_from = Some(self.cursor);
        Ok(())
    }

    fn mark_range(&mut self, from: usize) -> Result<(), String> {
        let (first, last) = (from.min(self.cursor), from.max(self.cursor));
        let rows = self.rows.get(first..=last).unwrap_or_default();
        let instance = |row: &Row| match row {
            Row::Group(_) => None,
            Row::Instance(group, instance) => self.instance(*group, *instance),
        };
        let ids: Vec<_> =
            rows.iter().filter_map(instance).filter(|instance| instance.untargetable().is_none()).collect();
        let ids: Vec<_> = ids.into_iter().map(|instance| instance.id.clone()).collect();
        if ids.is_empty() {
            return Err(String::from("the range holds no running spot instance"));
        }
        self.marks.extend(ids);
        self.count_marks();
        Ok(())
    }

    /// Ends a range without marking; false if there was none.
    pub fn drop_range(&mut self) -> bool {
        self.range_from.take().is_some()
    }

    /// The one group that all marked instances are in.
    pub fn group_of_marks(&self) -> Option<GroupKey> {
        let fleet = self.fleet()?;
        let mut groups = self.marks().iter().filter_map(|id| fleet.find(id)).map(|(group, _)| &group.key);
        let first = groups.next()?;
        groups.all(|other| other == first).then(|| first.clone())
    }

    /// How many marked instances the filter leaves out of sight.
    pub fn hidden_marks(&self) -> usize {
        let (Some(fleet), false) = (self.fleet(), self.filter().is_empty()) else { return 0 };
        let found = self.marks().iter().filter_map(|id| fleet.find(id));
        found.filter(|(group, instance)| !self.filter().matches(group, instance)).count()
    }

    pub fn unmark_all(&mut self) {
        self.marks.clear();
        self.count_marks();
    }

    fn count_marks(&mut self) {
        let groups = self.fleet.iter().flat_map(|fleet| &fleet.groups);
        for (summary, group) in self.summaries.iter_mut().zip(groups) {
            summary.count_marks(group, &self.marks);
        }
    }
}
