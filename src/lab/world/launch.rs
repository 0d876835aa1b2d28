//! Launching: from what is wanted to an instance, and its spot request. Knows not who wants it.

use std::{net::Ipv4Addr, sync::Arc};

use jiff::{SignedDuration, Timestamp};

use super::{
    Happening, World,
    instance::{Instance, InstanceState, SpotRequest, Tags},
    schedule::later,
};
use crate::lab::scenario::{Behavior, Lifecycle};

/// The image that is launched where none is asked for.
pub(in crate::lab) const IMAGE: &str = "ami-0c1bc246476a5572b";
pub(in crate::lab) const VPC: &str = "vpc-0a1b2c3d4e5f60718";

/// What one instance is to be.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Launch {
    pub(in crate::lab) image: Arc<str>,
    pub(in crate::lab) instance_type: Arc<str>,
    pub(in crate::lab) zone: Arc<str>,
    /// None for an on-demand instance.
    pub(in crate::lab) spot: Option<Spot>,
    pub(in crate::lab) client_token: Option<Arc<str>>,
    pub(in crate::lab) tags: Tags,
    /// The place in the scenario of the group that it is for.
    pub(in crate::lab) group: Option<usize>,
}

/// What a spot instance is requested with.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Spot {
    pub(in crate::lab) behavior: Behavior,
    pub(in crate::lab) max_price: Option<Arc<str>>,
    pub(in crate::lab) valid_until: Option<Timestamp>,
    /// The tags of the spot request.
    pub(in crate::lab) tags: Tags,
}

/// Instances that are launched together.
#[derive(Clone, Debug)]
pub(in crate::lab) struct Batch {
    pub(in crate::lab) reservation: Arc<str>,
    pub(in crate::lab) launched: Timestamp,
    /// How many it has so far.
    pub(in crate::lab) size: u32,
}

/// The subnet of each zone, by the zone's place in the scenario.
pub(in crate::lab) fn subnet(place: usize) -> String {
    format!("subnet-0a1b2c3d4e5f6{place:04}")
}

impl World {
    /// A batch that is launched now.
    pub(in crate::lab) fn batch(&mut self) -> Batch {
        Batch { reservation: self.ids.ec2("r").into(), launched: self.now, size: 0 }
    }

    /// An id of EC2's with this prefix.
    pub(in crate::lab) fn resource_id(&mut self, prefix: &str) -> String {
        self.ids.ec2(prefix)
    }

    /// All zones, beginning with any of them.
    pub(in crate::lab) fn zones_in_turn(&mut self) -> Vec<Arc<str>> {
        let mut zones: Vec<Arc<str>> = self.scenario.zones.iter().map(|zone| zone.as_str().into()).collect();
        self.ids.shuffle(&mut zones);
        zones
    }

    /// Launches an instance if there is capacity; it runs a little later.
    pub(in crate::lab) fn launch(&mut self, launch: &Launch, batch: &mut Batch) -> Option<String> {
        if !self.has_capacity(launch) {
            return None;
        }
        let request = launch.spot.as_ref().map(|spot| self.request_spot(launch, spot, batch.launched));
        Some(self.start_new(launch, batch, request))
    }

    /// Makes the instance and has it run in a while.
    pub(super) fn start_new(&mut self, launch: &Launch, batch: &mut Batch, request: Option<String>) -> String {
        let id = self.make(launch, batch, request);
        self.announce_state(&id);
        self.schedule(self.scenario.timing.pending, Happening::InstanceRuns(id.clone()));
        id
    }

    pub(super) fn make(&mut self, launch: &Launch, batch: &mut Batch, request: Option<String>) -> String {
        let id = self.ids.ec2("i");
        let order = self.next_order();
        let zone = self.scenario.zones.iter().position(|zone| **zone == *launch.zone).unwrap_or(0);
        let private_ip = self.next_address(zone as u32);
        if let Some(request) = request.as_ref().and_then(|request| self.spot_requests.get_mut(request)) {
            request.instance = Some(id.clone());
        }
        self.instances.insert(Instance {
            order,
            id: id.clone(),
            reservation: Arc::clone(&batch.reservation),
            launch_index: batch.size,
            group: launch.group,
            state: InstanceState::Pending,
            lifecycle: if launch.spot.is_some() { Lifecycle::Spot } else { Lifecycle::OnDemand },
            instance_type: Arc::clone(&launch.instance_type),
            zone: Arc::clone(&launch.zone),
            private_ip,
            subnet: self.subnets.get(zone).cloned().unwrap_or_default(),
            vpc: VPC,
            image: Arc::clone(&launch.image),
            launched: batch.launched,
            spot_request: request,
            client_token: launch.client_token.clone(),
            tags: launch.tags.clone(),
            transition_reason: String::new(),
            state_reason: None,
            doomed: false,
            noticed: false,
            replaced: false,
        });
        batch.size = batch.size.saturating_add(1);
        id
    }

    /// A spot request that is fulfilled at once; its instance is still to be made.
    pub(super) fn request_spot(&mut self, launch: &Launch, spot: &Spot, created: Timestamp) -> String {
        let id = self.ids.spot_request();
        let zone = self.scenario.zones.iter().position(|zone| **zone == *launch.zone).unwrap_or(0);
        let request = SpotRequest {
            order: self.next_order(),
            id: id.clone(),
            instance: None,
            state: "active",
            status: "fulfilled",
            message: "Your Spot request is fulfilled.",
            updated: later(created, SignedDuration::from_secs(1)),
            created,
            valid_until: spot.valid_until,
            max_price: spot.max_price.clone(),
            behavior: spot.behavior,
            instance_type: Arc::clone(&launch.instance_type),
            image: Arc::clone(&launch.image),
            subnet: self.subnets.get(zone).cloned().unwrap_or_default(),
            zone: Arc::clone(&launch.zone),
            tags: spot.tags.clone(),
        };
        self.spot_requests.insert(request);
        id
    }

    /// Each zone has 32 networks of 200 hosts in every 10.x.
    fn next_address(&mut self, zone: u32) -> Ipv4Addr {
        self.hosts = self.hosts.wrapping_add(1);
        let host = self.hosts;
        let [a, b, c] = [host / 6_400, zone * 32 + host / 200 % 32, 10 + host % 200].map(|part| part as u8);
        Ipv4Addr::new(10, a, b, c)
    }
}
