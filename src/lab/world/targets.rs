//! Which spot instances a target means, resolved once per experiment. Knows not what is done to them.

use std::collections::BTreeMap;

use super::{
    World,
    instance::{Instance, InstanceState},
    template::{Filter, Selection, Target},
};
use crate::lab::scenario::Lifecycle;

/// FIS's quota L-F3F4B54A: targets that are found by tags, per experiment.
const TAGGED_TARGETS: usize = 5;

impl World {
    /// The ids of each target's instances, or FIS's reason for failing.
    pub(super) fn resolve(
        &mut self,
        targets: &BTreeMap<String, Target>,
        skip_empty: bool,
    ) -> Result<BTreeMap<String, Vec<String>>, &'static str> {
        let mut resolved = BTreeMap::new();
        let mut tagged = 0;
        for (name, target) in targets {
            let ids = self.resolve_one(target);
            let by_tags = target.resource_arns.is_empty();
            if ids.is_empty() && !(skip_empty && by_tags) {
                return Err("Target resolution returned empty set");
            }
            if by_tags {
                tagged += ids.len();
            }
            resolved.insert(name.clone(), ids);
        }
        if tagged > TAGGED_TARGETS {
            return Err("The number of targets resolved by tags exceeds the quota of 5 for this action");
        }
        Ok(resolved)
    }

    fn resolve_one(&mut self, target: &Target) -> Vec<String> {
        let found = self.instances.iter().filter(|instance| self.is_meant(target, instance));
        let mut ids: Vec<String> = found.map(|instance| instance.id.clone()).collect();
        let take = Selection::parse(&target.selection_mode).unwrap_or(Selection::All).of(ids.len());
        if take < ids.len() {
            self.ids.shuffle(&mut ids);
            ids.truncate(take);
        }
        ids
    }

    fn is_meant(&self, target: &Target, instance: &Instance) -> bool {
        let named = if target.resource_arns.is_empty() {
            let tag = |key: &str| instance.tags.get(key).map(|value| &**value);
            target.resource_tags.iter().all(|(key, value)| tag(key) == Some(value))
        } else {
            // What is gone cannot be interrupted, and an ARN names it all the same.
            instance.state == InstanceState::Running && target.resource_arns.contains(&self.instance_arn(&instance.id))
        };
        named && instance.lifecycle == Lifecycle::Spot && target.filters.iter().all(|filter| passes(filter, instance))
    }
}

/// Whether an instance has one of a filter's values; what the lab's instances do not have, none has.
fn passes(filter: &Filter, instance: &Instance) -> bool {
    let value = match filter.path.as_str() {
        "State.Name" => instance.state.as_str(),
        "Placement.AvailabilityZone" => &instance.zone,
        "SubnetId" => &instance.subnet,
        "VpcId" => instance.vpc,
        "InstanceType" => &instance.instance_type,
        "InstanceId" => &instance.id,
        "ImageId" => &instance.image,
        "InstanceLifecycle" => "spot",
        _ => return false,
    };
    filter.values.iter().any(|wanted| wanted == value)
}
