//! Which resources a target means, resolved once per experiment. Knows not what is done to them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    World,
    instance::{Instance, InstanceState, Tags},
    template::{Filter, SPOT_INSTANCE, Selection, Target},
};
use crate::lab::{
    scenario::Lifecycle,
    wire::{json::set, time::iso_millis},
};

/// FIS's quota L-F3F4B54A, and its like for groups: targets that are found by tags, per experiment.
const TAGGED_TARGETS: usize = 5;

/// What each target resolved to so far, ids of instances or names of groups, and FIS's reason for going no further.
pub(super) type Resolution = (BTreeMap<String, Vec<String>>, Option<&'static str>);

impl World {
    pub(super) fn resolve(&mut self, targets: &BTreeMap<String, Target>, skip_empty: bool) -> Resolution {
        let mut resolved = BTreeMap::new();
        let mut tagged: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, target) in targets {
            let found = self.resolve_one(target);
            let by_tags = target.resource_arns.is_empty();
            let is_missed = found.is_empty() && !(skip_empty && by_tags);
            if by_tags {
                let count = tagged.entry(&target.resource_type).or_default();
                *count = count.saturating_add(found.len());
            }
            resolved.insert(name.clone(), found);
            if is_missed {
                return (resolved, Some("Target resolution returned empty set"));
            }
        }
        let too_many = "The number of targets resolved by tags exceeds the quota of 5 for this action";
        let reason = tagged.values().any(|count| *count > TAGGED_TARGETS).then_some(too_many);
        (resolved, reason)
    }

    fn resolve_one(&mut self, target: &Target) -> Vec<String> {
        let mut found: Vec<String> = if target.resource_type == SPOT_INSTANCE {
            let meant = self.instances.iter().filter(|instance| self.is_meant(target, instance));
            meant.map(|instance| instance.id.clone()).collect()
        } else {
            self.groups_meant(target)
        };
        let take = Selection::parse(&target.selection_mode).unwrap_or(Selection::All).of(found.len());
        if take < found.len() {
            self.ids.shuffle(&mut found);
            found.truncate(take);
        }
        found
    }

    fn is_meant(&self, target: &Target, instance: &Instance) -> bool {
        let named = if target.resource_arns.is_empty() {
            has_all(&instance.tags, &target.resource_tags)
        } else {
            // What is gone cannot be interrupted, and an ARN names it all the same.
            instance.state == InstanceState::Running && target.resource_arns.contains(&self.instance_arn(&instance.id))
        };
        named
            && instance.lifecycle == Lifecycle::Spot
            && (target.filters.is_empty() || passes(&target.filters, &self.document(instance)))
    }

    fn groups_meant(&self, target: &Target) -> Vec<String> {
        let meant = self.auto_scaling_groups().filter(|(place, _, name)| {
            if target.resource_arns.is_empty() {
                has_all(&self.group_tags(*place), &target.resource_tags)
            } else {
                target.resource_arns.contains(&self.group_arn(name))
            }
        });
        meant.map(|(_, _, name)| name).collect()
    }

    /// An instance by the names that DescribeInstances has for its members.
    fn document(&self, instance: &Instance) -> Value {
        let tags: Vec<Value> =
            instance.tags.iter().map(|(key, value)| json!({ "Key": **key, "Value": **value })).collect();
        let mut document = json!({
            "InstanceId": instance.id, "ImageId": *instance.image, "InstanceType": *instance.instance_type,
            "State": { "Name": instance.state.as_str(), "Code": instance.state.code().to_string() },
            "PrivateDnsName": instance.private_dns(&self.scenario.region), "PrivateIpAddress": instance.private_ip.to_string(),
            "SubnetId": *instance.subnet, "VpcId": instance.vpc, "LaunchTime": iso_millis(instance.launched),
            "Placement": {
                "AvailabilityZone": *instance.zone, "AvailabilityZoneId": self.zone_id(&instance.zone),
                "GroupName": "", "Tenancy": "default",
            },
            "Monitoring": { "State": "disabled" }, "AmiLaunchIndex": instance.launch_index.to_string(), "Architecture": "x86_64",
            "RootDeviceType": "ebs", "RootDeviceName": "/dev/xvda", "VirtualizationType": "hvm",
            "PlatformDetails": "Linux/UNIX", "StateTransitionReason": instance.transition_reason,
            "InstanceLifecycle": "spot", "SpotInstanceRequestId": instance.spot_request, "Tags": tags,
        });
        if let Some((code, message)) = instance.state_reason {
            set(&mut document, "StateReason", json!({ "Code": code, "Message": message }));
        }
        document
    }
}

fn has_all(tags: &Tags, wanted: &BTreeMap<String, String>) -> bool {
    wanted.iter().all(|(key, value)| tags.get(key.as_str()).is_some_and(|found| **found == **value))
}

/// Whether every filter has a value that stands at its path; what the lab's instances do not have, none has.
fn passes(filters: &[Filter], document: &Value) -> bool {
    let has_one = |filter: &Filter| filter.values.iter().any(|wanted| stands_at(document, &filter.path, wanted));
    filters.iter().all(has_one)
}

/// Whether a text stands at a dotted path such as `Tags.Key`, in any element where the path meets a list.
fn stands_at(value: &Value, path: &str, wanted: &str) -> bool {
    match value {
        Value::Array(elements) => elements.iter().any(|element| stands_at(element, path, wanted)),
        Value::Object(members) => {
            let (name, rest) = path.split_once('.').unwrap_or((path, ""));
            members.get(name).is_some_and(|member| stands_at(member, rest, wanted))
        }
        Value::String(text) => path.is_empty() && text == wanted,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_into_every_element_of_a_list_and_must_lead_to_a_text() {
        let document = json!({ "State": { "Name": "running" }, "Tags": [{ "Key": "a" }, { "Key": "b" }] });
        for (path, value) in [("State.Name", "running"), ("Tags.Key", "a"), ("Tags.Key", "b")] {
            assert!(stands_at(&document, path, value), "{path}");
        }
        for (path, value) in
            [("State", "running"), ("state.name", "running"), ("Tags.Key", "c"), ("State.Name.X", "running")]
        {
            assert!(!stands_at(&document, path, value), "{path}");
        }
    }

    #[test]
    fn filters_must_all_pass_and_their_values_are_alternatives() {
        let document = json!({ "State": { "Name": "running" }, "SubnetId": "s" });
        let filter = |path: &str, values: &[&str]| Filter {
            path: path.to_owned(),
            values: values.iter().map(|value| (*value).to_owned()).collect(),
        };
        assert!(passes(&[filter("State.Name", &["stopped", "running"]), filter("SubnetId", &["s"])], &document));
        assert!(!passes(&[filter("State.Name", &["running"]), filter("SubnetId", &["t"])], &document));
    }
}
