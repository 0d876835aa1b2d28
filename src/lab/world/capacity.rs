//! Whether EC2 has capacity for a launch: the scenario's dry pools, and shortages that come and go. Knows not who launches.

use super::{World, launch::Launch};
use crate::lab::scenario::Group;

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

    pub(in crate::lab) fn has_capacity(&mut self, launch: &Launch) -> bool {
        let capacity = &self.scenario.capacity;
        let dry = if launch.spot.is_some() { &capacity.no_spot } else { &capacity.no_on_demand };
        let group = launch.group.and_then(|place| self.scenario.groups.get(place));
        let mut dry = dry.iter().chain(group.into_iter().flat_map(|group| &group.no_capacity));
        if dry.any(|pool| is_of(&launch.instance_type, &launch.zone, pool)) {
            return false;
        }
        let name = group.and_then(Group::auto_scaling_group);
        let hits = |shortage: &&Shortage| {
            name.as_ref().is_some_and(|name| shortage.groups.contains(name))
                && shortage.zones.iter().any(|zone| **zone == *launch.zone)
        };
        let percentages: Vec<u32> = self.shortages.values().filter(hits).map(|shortage| shortage.percentage).collect();
        percentages.into_iter().all(|percentage| !self.ids.chance(percentage))
    }
}

/// Whether instances of this type in this zone come from a pool that is written as a type, a zone, `type/zone` or `*`.
fn is_of(instance_type: &str, zone: &str, pool: &str) -> bool {
    let fits = |pattern: &str, text: &str| pattern == "*" || pattern == text;
    match pool.split_once('/') {
        Some((types, zones)) => fits(types, instance_type) && fits(zones, zone),
        None => fits(pool, instance_type) || pool == zone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_is_a_type_a_zone_or_both() {
        for pool in ["*", "m5.large", "eu-west-1a", "m5.large/eu-west-1a", "*/eu-west-1a", "m5.large/*"] {
            assert!(is_of("m5.large", "eu-west-1a", pool), "{pool}");
        }
        for pool in ["m5", "eu-west-1b", "m5.large/eu-west-1b", "c5.large/*", ""] {
            assert!(!is_of("m5.large", "eu-west-1a", pool), "{pool}");
        }
    }
}
