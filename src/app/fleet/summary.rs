//! What a group comes to: counted once when it is listed, so that drawing it costs nothing. Knows no screen.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    drill::{
        fleet::{Group, Instance, Lifecycle},
        id::InstanceId,
    },
    text::SafeText,
};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub instances: usize,
    pub spot: usize,
    /// Running spot instances: those that can be hit.
    pub targetable: usize,
    pub marked: usize,
    pub types: BTreeSet<SafeText>,
    pub zones: BTreeMap<SafeText, Zone>,
}

/// A group's part in one availability zone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    pub spot: usize,
    pub on_demand: usize,
    pub marked: usize,
}

impl Summary {
    pub fn of(group: &Group, marks: &BTreeSet<InstanceId>) -> Self {
        let mut summary = Self {
            instances: group.instances.len(),
            spot: group.spot(),
            targetable: group.targetable().count(),
            ..Self::default()
        };
        for Instance { az, instance_type, lifecycle, .. } in &group.instances {
            if !summary.types.contains(instance_type) {
                summary.types.insert(instance_type.clone());
            }
            let zone = summary.zones.entry(az.clone()).or_default();
            match lifecycle {
                Lifecycle::Spot => zone.spot += 1,
                Lifecycle::OnDemand => zone.on_demand += 1,
            }
        }
        summary.count_marks(group, marks);
        summary
    }

    pub fn count_marks(&mut self, group: &Group, marks: &BTreeSet<InstanceId>) {
        self.marked = 0;
        for zone in self.zones.values_mut() {
            zone.marked = 0;
        }
        if marks.is_empty() {
            return;
        }
        for instance in group.instances.iter().filter(|instance| marks.contains(&instance.id)) {
            self.marked += 1;
            if let Some(zone) = self.zones.get_mut(&instance.az) {
                zone.marked += 1;
            }
        }
    }
}
