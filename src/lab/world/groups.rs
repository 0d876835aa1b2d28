//! The groups: how their instances are launched, tagged, replaced and ended. Knows not why an instance goes.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    Happening, World,
    instance::{Instance, InstanceState, SpotRequest},
    schedule::later,
};
use crate::lab::scenario::{Group, GroupKind, Lifecycle, Replaces};

const IMAGE: &str = "ami-0c1bc246476a5572b";
/// When a group tries again that found no capacity in any of its zones; the lab's choice, AWS documents none.
const RELAUNCH: SignedDuration = SignedDuration::from_mins(1);

const VPC: &str = "vpc-0a1b2c3d4e5f60718";

impl World {
    /// Puts the scenario's instances in place, as launched in the past days. Those that a group launched in one zone
    /// share a reservation.
    pub(super) fn launch_all(&mut self) {
        for (place, group) in self.scenario.groups.clone().iter().enumerate() {
            let mut batches: BTreeMap<String, (String, Timestamp)> = BTreeMap::new();
            for zone in group.zones.iter().cycle().take(group.count.min(group.zones.len())) {
                let age = self.ids.between(SignedDuration::from_hours(1), SignedDuration::from_hours(96));
                let launched = self.now.saturating_sub(age).unwrap_or(self.now);
                let whole_second = Timestamp::from_second(launched.as_second()).unwrap_or(launched);
                batches.insert(zone.clone(), (self.ids.ec2("r"), whole_second));
            }
            for (zone, (reservation, launched)) in batches {
                let nth = group.zones.iter().position(|other| *other == zone).unwrap_or(0);
                let share = (nth..group.count).step_by(group.zones.len()).count();
                for _ in 0..share {
                    let id = self.launch(place, group, &zone, reservation.clone(), launched);
                    self.set_state(&id, InstanceState::Running);
                }
            }
        }
    }

    /// Launches one instance of a group where it has the fewest.
    pub(super) fn launch_replacement(&mut self, place: usize) {
        let Some(group) = self.scenario.groups.get(place).cloned() else { return };
        let staying = |zone: &String| {
            let here = |instance: &&Instance| instance.group == place && instance.zone == *zone && !instance.doomed;
            self.instances.iter().filter(here).count()
        };
        let mut zones: Vec<(usize, String)> = group.zones.iter().map(|zone| (staying(zone), zone.clone())).collect();
        zones.sort_by_key(|(staying, _)| *staying);
        let name = group.auto_scaling_group().unwrap_or_default();
        let Some((_, zone)) = zones.into_iter().find(|(_, zone)| !self.is_short(&name, zone)) else {
            self.schedule(RELAUNCH, Happening::Launch(place));
            return;
        };
        let reservation = self.ids.ec2("r");
        let id = self.launch(place, &group, &zone, reservation, self.now);
        self.announce_state(&id);
        self.schedule(self.scenario.timing.pending, Happening::InstanceRuns(id));
    }

    /// Has the group of an instance launch a replacement if `sign` is the one at which it does.
    pub(super) fn replace_at(&mut self, sign: Replaces, id: &str) {
        let Some(instance) = self.instances.get_mut(id) else { return };
        let place = instance.group;
        let Some(group) = self.scenario.groups.get(place) else { return };
        if group.replaces == sign && !instance.replaced {
            instance.replaced = true;
            let latency = self.ids.around(group.replacement_latency);
            self.schedule(latency, Happening::Launch(place));
        }
    }

    pub(super) fn instance_runs(&mut self, id: &str) {
        if self.instances.get(id).is_some_and(|instance| instance.state == InstanceState::Pending) {
            self.set_state(id, InstanceState::Running);
            self.announce_state(id);
        }
    }

    pub(super) fn instance_ends(&mut self, id: &str) {
        let Some(instance) = self.instances.get(id) else { return };
        match instance.state {
            InstanceState::ShuttingDown => {
                self.set_state(id, InstanceState::Terminated);
                self.schedule(self.scenario.timing.terminated_visible, Happening::InstanceVanishes(id.to_owned()));
            }
            InstanceState::Stopping => self.set_state(id, InstanceState::Stopped),
            _ => return,
        }
        self.announce_state(id);
    }

    pub(super) fn instance_vanishes(&mut self, id: &str) {
        self.instances.remove(id);
    }

    pub(super) fn set_state(&mut self, id: &str, state: InstanceState) {
        if let Some(instance) = self.instances.get_mut(id) {
            instance.state = state;
        }
    }

    fn launch(&mut self, place: usize, group: &Group, zone: &str, reservation: String, launched: Timestamp) -> String {
        let id = self.ids.ec2("i");
        let order = self.next_order();
        let instance_type = self.ids.pick(&group.instance_types).cloned().unwrap_or_default();
        let subnet_number = self.scenario.zones.iter().position(|other| other == zone).unwrap_or(0);
        let host = self.next_host();
        // Each zone has 32 networks of 200 hosts, which is more than a scenario's 5,000 instances need.
        let address =
            [10, 0, subnet_number as u32 * 32 + host / 200 % 32, 10 + host % 200].map(|part| part.to_string());
        let tags = self.tags(group, &id);
        let mut instance = Instance {
            order,
            id: id.clone(),
            reservation,
            group: place,
            state: InstanceState::Pending,
            lifecycle: group.lifecycle,
            instance_type,
            zone: zone.to_owned(),
            private_ip: address.join("."),
            private_dns: format!("ip-{}.{}.compute.internal", address.join("-"), self.scenario.region),
            subnet: format!("subnet-0a1b2c3d4e5f6{subnet_number:04}"),
            vpc: VPC.to_owned(),
            image: IMAGE.to_owned(),
            launched,
            spot_request: None,
            tags,
            transition_reason: String::new(),
            state_reason: None,
            doomed: false,
            noticed: false,
            replaced: false,
        };
        if group.lifecycle == Lifecycle::Spot {
            instance.spot_request = Some(self.request_spot(&instance, group));
        }
        self.instances.insert(instance);
        id
    }

    fn next_host(&mut self) -> u32 {
        self.hosts = self.hosts.wrapping_add(1);
        self.hosts
    }

    fn request_spot(&mut self, instance: &Instance, group: &Group) -> String {
        let id = self.ids.spot_request();
        let request = SpotRequest {
            order: instance.order,
            id: id.clone(),
            instance: instance.id.clone(),
            state: "active",
            status: "fulfilled",
            message: "Your Spot request is fulfilled.",
            updated: later(instance.launched, SignedDuration::from_secs(1)),
            created: instance.launched,
            behavior: group.behavior,
            instance_type: instance.instance_type.clone(),
            image: instance.image.clone(),
            subnet: instance.subnet.clone(),
            zone: instance.zone.clone(),
            tags: BTreeMap::new(),
        };
        self.spot_requests.insert(id.clone(), request);
        id
    }

    /// The tags that the group's manager puts on its instances, and the group's own.
    fn tags(&mut self, group: &Group, id: &str) -> BTreeMap<String, String> {
        let mut tags: BTreeMap<String, String> = group.tags.iter().cloned().collect();
        let mut tag = |key: String, value: &str| tags.insert(key, value.to_owned());
        if !group.cluster.is_empty() {
            tag(format!("kubernetes.io/cluster/{}", group.cluster), "owned");
        }
        match group.kind {
            GroupKind::EksNodegroup => {
                tag("eks:cluster-name".to_owned(), &group.cluster);
                tag("eks:nodegroup-name".to_owned(), &group.name);
                tag("k8s.io/cluster-autoscaler/enabled".to_owned(), "true");
                tag(format!("k8s.io/cluster-autoscaler/{}", group.cluster), "owned");
                tag("aws:autoscaling:groupName".to_owned(), &format!("eks-{}", group.name));
                tag("Name".to_owned(), &format!("{}-{}-node", group.cluster, group.name));
            }
            GroupKind::KarpenterNodepool => {
                let claim = format!("{}-{}", group.name, self.ids.name(5));
                tag("karpenter.sh/nodepool".to_owned(), &group.name);
                tag("karpenter.k8s.aws/ec2nodeclass".to_owned(), "default");
                tag("eks:eks-cluster-name".to_owned(), &group.cluster);
                tag("Name".to_owned(), &claim);
                tag("karpenter.sh/nodeclaim".to_owned(), &claim);
            }
            GroupKind::AutoScalingGroup => {
                tag("aws:autoscaling:groupName".to_owned(), &group.name);
                tag("Name".to_owned(), &group.name);
            }
            GroupKind::Standalone => {
                tag(
                    "Name".to_owned(),
                    &format!("{}-{}", group.name, id.get(id.len().saturating_sub(4)..).unwrap_or(id)),
                );
            }
        }
        tags
    }
}
