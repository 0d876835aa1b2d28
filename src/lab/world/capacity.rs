//! Whether there is capacity for a launch: shortages that come and go. Knows not who launches.

use super::World;

/// A standing insufficiency of capacity for some Auto Scaling groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct Shortage {
    /// Names of Auto Scaling groups; a node group's is `eks-` and its own.
    pub(in crate::lab) groups: Vec<String>,
    /// Names of availability zones.
    pub(in crate::lab) zones: Vec<String>,
    /// How many of a hundred launches fail.
    pub(in crate::lab) percentage: u32,
}

impl World {
    /// From now on launches fail as `shortage` says, until it is ended by this name.
    pub(in crate::lab) fn begin_shortage(&mut self, name: &str, shortage: Shortage) {
        self.shortages.insert(name.to_owned(), shortage);
    }

    pub(in crate::lab) fn end_shortage(&mut self, name: &str) {
        self.shortages.remove(name);
    }

    /// Whether a launch of this group in this zone fails now.
    pub(in crate::lab) fn is_short(&mut self, group: &str, zone: &str) -> bool {
        let has = |names: &[String], name: &str| names.iter().any(|known| known == name);
        let hits = |shortage: &&Shortage| has(&shortage.groups, group) && has(&shortage.zones, zone);
        let percentages: Vec<u32> = self.shortages.values().filter(hits).map(|shortage| shortage.percentage).collect();
        percentages.into_iter().any(|percentage| self.ids.chance(percentage))
    }
}
