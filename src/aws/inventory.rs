//! The whole fleet of a region, page by page. Knows EC2's instances and spot requests, and nothing of drills.

use std::collections::HashMap;

use aws_sdk_ec2::types as sdk;

use super::{Aws, Error, timestamp};
use crate::{
    drill::{
        fleet::{Behavior, Fleet, GroupKey, Instance, InstanceState, Lifecycle, PROTECT_TAG},
        id::{InstanceId, SpotRequestId},
    },
    text::SafeText,
};

/// EC2's largest page. Source: EC2 API, DescribeInstances.
const PAGE: i32 = 1000;
/// Terminated instances stay listed for an hour; a fleet does not.
const LIVING: [&str; 5] = ["pending", "running", "shutting-down", "stopping", "stopped"];

pub(super) type Tags = Vec<(SafeText, SafeText)>;

impl Aws {
    /// Lists the region. A page that fails after the first leaves the fleet incomplete, which no drill may start on.
    ///
    /// `progress` is told how many instances there are so far.
    pub async fn fleet(&self, mut progress: impl FnMut(usize)) -> Result<Fleet, Error> {
        let identity = self.identity().await?;
        let mut listed = Vec::new();
        let mut gap = None;
        let living = sdk::Filter::builder()
            .name("instance-state-name")
            .set_values(Some(LIVING.map(str::to_owned).to_vec()))
            .build();
        let mut pages = self.ec2.describe_instances().max_results(PAGE).filters(living).into_paginator().send();
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => {
                    listed.extend(page.reservations().iter().flat_map(sdk::Reservation::instances).map(read_instance));
                }
                Err(error) if listed.is_empty() => {
                    return Err(Error::of("list the instances", &error).of_profile(self.profile.as_ref()));
                }
                Err(error) => {
                    gap = Some(Error::of("list all instances", &error));
                    break;
                }
            }
            progress(listed.len());
        }
        let behaviors = self.interruption_behaviors().await.unwrap_or_else(|error| {
            gap.get_or_insert(error);
            HashMap::new()
        });
        for (instance, _) in &mut listed {
            let request = instance.spot_request.as_ref();
            instance.interruption_behavior = request.and_then(|request| behaviors.get(request)).copied();
        }
        let world = identity.world();
        Ok(Fleet {
            region: SafeText::new(&self.region),
            account: identity.account,
            world,
            groups: Fleet::group(listed),
            complete: gap.is_none(),
            gap: gap.map(|error| SafeText::new(error.to_string())),
            as_of: self.clock.now(),
        })
    }

    async fn interruption_behaviors(&self) -> Result<HashMap<SpotRequestId, Behavior>, Error> {
        let mut behaviors = HashMap::new();
        let mut pages = self.ec2.describe_spot_instance_requests().max_results(PAGE).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of("list the spot requests", &error))?;
            behaviors.extend(page.spot_instance_requests().iter().filter_map(behavior_of));
        }
        Ok(behaviors)
    }
}

/// What an interruption does to the instance of a spot request.
pub(super) fn behavior_of(request: &sdk::SpotInstanceRequest) -> Option<(SpotRequestId, Behavior)> {
    let behavior = match request.instance_interruption_behavior()? {
        sdk::InstanceInterruptionBehavior::Stop => Behavior::Stop,
        sdk::InstanceInterruptionBehavior::Hibernate => Behavior::Hibernate,
        _ => Behavior::Terminate,
    };
    Some((SpotRequestId::new(request.spot_instance_request_id()?), behavior))
}

/// An instance and its tags, all text made safe.
pub(super) fn read_instance(instance: &sdk::Instance) -> (Instance, Tags) {
    let text = |text: Option<&str>| SafeText::new(text.unwrap_or_default());
    let tag = |tag: &sdk::Tag| {
        let (key, value) = (tag.key().unwrap_or_default(), tag.value().unwrap_or_default());
        // what says which group it is must not come out like another's
        if GroupKey::is_by(key) { (SafeText::name(key), SafeText::name(value)) } else { (key.into(), value.into()) }
    };
    let tags: Tags = instance.tags().iter().map(tag).collect();
    let name = tags.iter().find(|(key, name)| key.as_str() == "Name" && !name.is_empty());
    let spot = matches!(instance.instance_lifecycle(), Some(sdk::InstanceLifecycleType::Spot));
    let in_cluster = tags.iter().any(|(key, _)| key.starts_with("kubernetes.io/cluster/") || key.starts_with("eks:"));
    let read = Instance {
        id: InstanceId::new(instance.instance_id().unwrap_or_default()),
        name: name.map(|(_, name)| name.clone()),
        instance_type: text(instance.instance_type().map(sdk::InstanceType::as_str)),
        az: text(instance.placement().and_then(|placement| placement.availability_zone())),
        state: read_state(instance.state()),
        lifecycle: if spot { Lifecycle::Spot } else { Lifecycle::OnDemand },
        spot_request: instance.spot_instance_request_id().filter(|id| !id.is_empty()).map(SpotRequestId::new),
        interruption_behavior: None,
        protected: tags.iter().any(|(key, _)| key.as_str() == PROTECT_TAG),
        launched_at: instance.launch_time().and_then(timestamp),
        node: instance.private_dns_name().filter(|name| in_cluster && !name.is_empty()).map(SafeText::new),
    };
    (read, tags)
}

pub(super) fn read_state(state: Option<&sdk::InstanceState>) -> InstanceState {
    let name = state.and_then(|state| state.name()).map(sdk::InstanceStateName::as_str);
    InstanceState::from(SafeText::new(name.unwrap_or("unknown")))
}
