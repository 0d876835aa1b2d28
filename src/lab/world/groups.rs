//! The groups: how their instances are launched, replaced and taken out, and what Auto Scaling keeps of it. Knows not why
//! an instance goes.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    Happening, World,
    instance::{Instance, InstanceState, Tags},
    launch::{Batch, Launch, Spot},
};
use crate::lab::{
    scenario::{Group, GroupKind, Lifecycle, Replaces},
    wire::time::iso_seconds,
};

/// How many activities of a group are kept; Auto Scaling keeps those of six weeks.
const ACTIVITIES: usize = 500;

/// A group of the scenario, as far as it changes or is shared by its instances.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::lab) struct GroupState {
    types: Vec<Arc<str>>,
    zones: Vec<Arc<str>>,
    /// The tags that all its instances have alike.
    pub(in crate::lab) tags: Tags,
    /// What was launched and taken out, the latest last. A launch that failed is one too.
    pub(in crate::lab) activities: VecDeque<Activity>,
}

/// A scaling activity, in Auto Scaling's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct Activity {
    pub(in crate::lab) id: String,
    /// The instance that it launches or terminates; none if the launch failed.
    pub(in crate::lab) instance: Option<String>,
    pub(in crate::lab) start: Timestamp,
    pub(in crate::lab) end: Option<Timestamp>,
    /// `InProgress`, `Successful` or `Failed`.
    pub(in crate::lab) status: &'static str,
    pub(in crate::lab) description: String,
    pub(in crate::lab) cause: String,
    /// Why it failed; empty if it did not.
    pub(in crate::lab) message: String,
    /// The instance that goes when this one runs.
    outgoing: Option<String>,
}

/// A launch that a group is to make in place of an instance.
#[derive(Clone, Debug)]
pub(super) struct Replacement {
    group: usize,
    outgoing: String,
    sign: Replaces,
}

impl World {
    /// Puts the scenario's instances in place, as launched in the past days. Those that a group launched in one zone
    /// share a reservation.
    pub(super) fn launch_all(&mut self) {
        for (place, group) in self.scenario.groups.clone().iter().enumerate() {
            self.groups.push(GroupState::of(group));
            let zones: Vec<Arc<str>> = group.zones.iter().map(|zone| zone.as_str().into()).collect();
            let mut batches = BTreeMap::new();
            for zone in zones.iter().take(group.count) {
                let age = self.ids.between(SignedDuration::from_hours(1), SignedDuration::from_hours(96));
                let launched = self.now.saturating_sub(age).unwrap_or(self.now);
                let launched = Timestamp::from_second(launched.as_second()).unwrap_or(launched);
                let batch = Batch { reservation: self.ids.ec2("r").into(), launched, size: 0 };
                batches.insert(Arc::clone(zone), batch);
            }
            for (zone, mut batch) in batches {
                let nth = zones.iter().position(|other| *other == zone).unwrap_or(0);
                let share = (nth..group.count).step_by(zones.len()).count();
                for _ in 0..share {
                    let instance_type = self.some_type(place);
                    let launch = self.launch_of(place, group, &zone, &instance_type);
                    let spot = launch.spot.as_ref();
                    let request = spot.map(|spot| self.request_spot(&launch, spot, batch.launched));
                    let id = self.make(&launch, &mut batch, request);
                    self.set_state(&id, InstanceState::Running);
                    self.name(group, &id);
                }
            }
        }
    }

    /// Has the group of an instance launch a replacement, if it does so at this sign and has not at an earlier one.
    pub(super) fn replace_at(&mut self, sign: Replaces, id: &str) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let Some(place) = instance.group else { return };
        let Some(group) = self.scenario.groups.get(place) else { return };
        if group.replaces <= sign && !instance.replaced {
            instance.replaced = true;
            let latency = self.ids.around(group.replacement_latency);
            self.schedule(latency, Happening::Launch(Replacement { group: place, outgoing: id.to_owned(), sign }));
        }
    }

    /// Launches one instance of a group where it has the fewest and there is capacity. Without any, or at its largest
    /// size, the group tries again later.
    pub(super) fn launch_replacement(&mut self, replacement: Replacement) {
        let place = replacement.group;
        let Some(group) = self.scenario.groups.get(place).cloned() else { return };
        let mut zones: Vec<(usize, Arc<str>)> = self
            .groups
            .get(place)
            .into_iter()
            .flat_map(|group| &group.zones)
            .map(|zone| (0, Arc::clone(zone)))
            .collect();
        let mut size = 0;
        for instance in self.instances.iter().filter(|instance| instance.group == Some(place)) {
            size += usize::from(!matches!(instance.state, InstanceState::ShuttingDown | InstanceState::Terminated));
            if let Some((staying, _)) = zones.iter_mut().find(|(_, zone)| *zone == instance.zone) {
                *staying += usize::from(!instance.doomed);
            }
        }
        zones.sort_by_key(|(staying, _)| *staying);
        let retry = self.scenario.capacity.retry;
        if size >= group.max {
            return self.schedule(retry, Happening::Launch(replacement));
        }
        let first = self.some_type(place);
        let types = self.groups.get(place).map(|group| group.types.clone()).unwrap_or_default();
        let types: Vec<_> = std::iter::once(&first).chain(types.iter().filter(|other| **other != first)).collect();
        for (_, zone) in &zones {
            for instance_type in &types {
                let launch = self.launch_of(place, &group, zone, instance_type);
                let mut batch = self.batch();
                if let Some(id) = self.launch(&launch, &mut batch) {
                    self.name(&group, &id);
                    return self.note_launch(&replacement, &id);
                }
            }
        }
        let zone = zones.first().map(|(_, zone)| &**zone).unwrap_or_default();
        let message = match group.lifecycle {
            Lifecycle::Spot => "Could not launch Spot Instances. InsufficientInstanceCapacity - There is no Spot capacity available that matches your request. Launching EC2 instance failed.".to_owned(),
            Lifecycle::OnDemand => format!(
                "We currently do not have sufficient {first} capacity in the Availability Zone you requested ({zone}). Our system will be working on provisioning additional capacity. Launching EC2 instance failed."
            ),
        };
        self.note_failure(&replacement, message);
        self.schedule(retry, Happening::Launch(replacement));
    }

    /// Karpenter or Auto Scaling terminates an instance that it has drained.
    pub(super) fn manager_terminates(&mut self, id: &str) {
        if self.instances.get(id).is_some_and(|found| found.state == InstanceState::Running) {
            self.terminate(id);
        }
    }

    fn some_type(&mut self, place: usize) -> Arc<str> {
        let types = self.groups.get(place).map(|group| group.types.as_slice()).unwrap_or_default();
        self.ids.pick(types).cloned().unwrap_or_default()
    }

    fn launch_of(&self, place: usize, group: &Group, zone: &Arc<str>, instance_type: &Arc<str>) -> Launch {
        let spot = Spot { behavior: group.behavior, max_price: None, valid_until: None, tags: Tags::new() };
        Launch {
            image: self.image.clone(),
            instance_type: Arc::clone(instance_type),
            zone: Arc::clone(zone),
            spot: (group.lifecycle == Lifecycle::Spot).then_some(spot),
            client_token: None,
            tags: self.groups.get(place).map(|group| group.tags.clone()).unwrap_or_default(),
            group: Some(place),
        }
    }

    /// Gives an instance the tags that it shares with no other.
    fn name(&mut self, group: &Group, id: &str) {
        let (name, claim) = match group.kind {
            GroupKind::EksNodegroup | GroupKind::AutoScalingGroup => return,
            GroupKind::KarpenterNodepool => {
                let claim = format!("{}-{}", group.name, self.ids.name(5));
                (claim.clone(), Some(claim))
            }
            GroupKind::Standalone => {
                let end = id.get(id.len().saturating_sub(4)..).unwrap_or(id);
                (format!("{}-{end}", group.name), None)
            }
        };
        let Some(instance) = self.instances.get_mut(id) else { return };
        instance.tags.insert("Name".into(), name.into());
        if let Some(claim) = claim {
            instance.tags.insert("karpenter.sh/nodeclaim".into(), claim.into());
        }
    }

    fn note_launch(&mut self, replacement: &Replacement, id: &str) {
        let outgoing = Some(replacement.outgoing.clone());
        let activity = Activity { outgoing, ..self.activity("Launching a new EC2 instance", id, replacement) };
        self.note(replacement.group, activity);
    }

    fn note_failure(&mut self, replacement: &Replacement, message: String) {
        let mut activity = self.activity("Launching a new EC2 instance", "", replacement);
        activity.description.truncate("Launching a new EC2 instance".len());
        activity.instance = None;
        (activity.status, activity.end, activity.message) = ("Failed", Some(self.now), message);
        self.note(replacement.group, activity);
    }

    /// Keeps that an instance of a group has begun to go.
    pub(super) fn note_leaving(&mut self, id: &str) {
        let Some(Instance { group: Some(place), replaced, .. }) = self.instances.get(id) else { return };
        let rebalancing = self.scenario.groups.get(*place).is_some_and(|group| group.capacity_rebalancing) && *replaced;
        let sign = if rebalancing { Replaces::Rebalance } else { Replaces::Termination };
        let leaving = Replacement { group: *place, outgoing: id.to_owned(), sign };
        let activity = self.activity("Terminating EC2 instance", id, &leaving);
        self.note(leaving.group, activity);
    }

    /// An instance has come or gone as its activity wanted; with Capacity Rebalancing the one that it replaces is next.
    pub(super) fn finish_activity(&mut self, id: &str) {
        let now = self.now;
        let Some(place) = self.instances.get(id).and_then(|instance| instance.group) else { return };
        let Some(group) = self.groups.get_mut(place) else { return };
        let mut open = group.activities.iter_mut().rev();
        let of_it = |found: &&mut Activity| found.status == "InProgress" && found.instance.as_deref() == Some(id);
        let Some(activity) = open.find(of_it) else { return };
        (activity.status, activity.end) = ("Successful", Some(now));
        let outgoing = activity.outgoing.clone();
        let Some(group) = self.scenario.groups.get(place).filter(|group| group.capacity_rebalancing) else { return };
        let drain = group.drain;
        if let Some(outgoing) = outgoing {
            self.schedule(drain, Happening::ManagerTerminates(outgoing));
        }
    }

    fn activity(&mut self, what: &str, instance: &str, replacement: &Replacement) -> Activity {
        let launching = what.starts_with("Launching");
        let done = match (launching, replacement.sign) {
            (true, Replaces::Rebalance) => {
                "an instance was launched in response to an EC2 instance rebalance recommendation."
            }
            (true, _) => "an instance was launched in response to an unhealthy instance needing to be replaced.",
            (false, Replaces::Rebalance) => {
                "an instance was taken out of service in response to an EC2 instance rebalance recommendation."
            }
            (false, _) => {
                "an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped."
            }
        };
        Activity {
            id: self.ids.uuid(),
            instance: Some(instance.to_owned()),
            start: self.now,
            end: None,
            status: "InProgress",
            description: format!("{what}: {instance}"),
            cause: format!("At {} {done}", iso_seconds(self.now)),
            message: String::new(),
            outgoing: None,
        }
    }

    fn note(&mut self, place: usize, activity: Activity) {
        let Some(group) = self.groups.get_mut(place) else { return };
        if group.activities.len() == ACTIVITIES {
            group.activities.pop_front();
        }
        group.activities.push_back(activity);
    }
}

impl GroupState {
    fn of(group: &Group) -> Self {
        let shared = |texts: &[String]| texts.iter().map(|text| text.as_str().into()).collect();
        let (types, zones) = (shared(&group.instance_types), shared(&group.zones));
        Self { types, zones, tags: tags(group), activities: VecDeque::new() }
    }
}

/// The tags that the group's manager puts on its instances, and the group's own.
fn tags(group: &Group) -> Tags {
    let mut tags: Tags = group.tags.iter().map(|(key, value)| (key.as_str().into(), value.as_str().into())).collect();
    let mut tag = |key: &str, value: &str| tags.insert(key.into(), value.into());
    if !group.cluster.is_empty() {
        tag(&format!("kubernetes.io/cluster/{}", group.cluster), "owned");
    }
    if let Some(name) = group.auto_scaling_group() {
        tag("aws:autoscaling:groupName", &name);
    }
    match group.kind {
        GroupKind::EksNodegroup => {
            tag("eks:cluster-name", &group.cluster);
            tag("eks:nodegroup-name", &group.name);
            tag("k8s.io/cluster-autoscaler/enabled", "true");
            tag(&format!("k8s.io/cluster-autoscaler/{}", group.cluster), "owned");
            tag("Name", &format!("{}-{}-node", group.cluster, group.name));
        }
        GroupKind::KarpenterNodepool => {
            tag("karpenter.sh/nodepool", &group.name);
            tag("karpenter.k8s.aws/ec2nodeclass", "default");
            tag("eks:eks-cluster-name", &group.cluster);
        }
        GroupKind::AutoScalingGroup => {
            tag("Name", &group.name);
        }
        GroupKind::Standalone => {}
    }
    tags
}
