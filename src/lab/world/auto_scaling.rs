//! How Auto Scaling groups and zones are named, and which groups there are. Knows not who launches.

use super::{World, ids::Ids, instance::Tags, template::SPOT_INSTANCE};
use crate::lab::scenario::Group;

impl World {
    /// The groups of the scenario that are Auto Scaling groups, with their places and names.
    pub(in crate::lab) fn auto_scaling_groups(&self) -> impl Iterator<Item = (usize, &Group, String)> {
        let groups = self.scenario.groups.iter().enumerate();
        groups.filter_map(|(place, group)| Some((place, group, group.auto_scaling_group()?)))
    }

    /// The tags of a group itself: those of its instances but for the ones that are Auto Scaling's own.
    pub(in crate::lab) fn group_tags(&self, place: usize) -> Tags {
        let tags = self.groups.get(place).into_iter().flat_map(|group| &group.tags);
        let own = tags.filter(|(key, _)| !key.starts_with("aws:"));
        own.map(|(key, value)| (key.clone(), value.clone())).collect()
    }

    /// The ARN of a target's resource: an instance by its id, an Auto Scaling group by its name.
    pub(in crate::lab) fn resource_arn(&self, resource_type: &str, name: &str) -> String {
        if resource_type == SPOT_INSTANCE { self.instance_arn(name) } else { self.group_arn(name) }
    }

    /// An Auto Scaling group's ARN; its UUID follows from the name.
    pub(in crate::lab) fn group_arn(&self, name: &str) -> String {
        let seed = name.bytes().fold(17, |seed: u64, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        let uuid = Ids::new(seed).uuid();
        self.arn("autoscaling", &format!("autoScalingGroup:{uuid}:autoScalingGroupName/{name}"))
    }

    /// `euw1-az2` for the second zone of `eu-west-1`.
    pub(in crate::lab) fn zone_id(&self, zone: &str) -> String {
        let mut parts = self.scenario.region.split('-');
        let (area, side, number) = (parts.next(), parts.next(), parts.next());
        let letters: String = side.unwrap_or_default().chars().take(1).collect();
        let place = self.scenario.zones.iter().position(|other| other == zone).unwrap_or(0).saturating_add(1);
        format!("{}{letters}{}-az{place}", area.unwrap_or_default(), number.unwrap_or_default())
    }

    /// The zone that has this name or id.
    pub(in crate::lab) fn zone_named(&self, name: &str) -> Option<&String> {
        self.scenario.zones.iter().find(|zone| *zone == name || self.zone_id(zone) == name)
    }
}
