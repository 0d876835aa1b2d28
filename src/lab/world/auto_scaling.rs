//! What names Auto Scaling groups and zones, and what a node group's group is tagged with. Knows not who launches.

use std::collections::BTreeMap;

use super::{World, ids::Ids, template::SPOT_INSTANCE};
use crate::lab::scenario::{Group, GroupKind};

impl World {
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

/// The tags of an Auto Scaling group itself, most of which it puts on its instances.
pub(in crate::lab) fn group_tags(group: &Group) -> BTreeMap<String, String> {
    let mut tags: BTreeMap<String, String> = group.tags.iter().cloned().collect();
    if group.kind == GroupKind::EksNodegroup {
        let mut tag = |key: String, value: &str| tags.insert(key, value.to_owned());
        tag(format!("kubernetes.io/cluster/{}", group.cluster), "owned");
        tag(format!("k8s.io/cluster-autoscaler/{}", group.cluster), "owned");
        tag("k8s.io/cluster-autoscaler/enabled".to_owned(), "true");
        tag("eks:cluster-name".to_owned(), &group.cluster);
        tag("eks:nodegroup-name".to_owned(), &group.name);
    }
    tags
}
