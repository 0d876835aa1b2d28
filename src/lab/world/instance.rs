//! One instance and its spot request, as EC2 describes them. Knows not what happens to them.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use crate::lab::scenario::{Behavior, Lifecycle};

#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_field_names, reason = "AWS's own names")]
pub(in crate::lab) struct Instance {
    pub(in crate::lab) order: u64,
    pub(in crate::lab) id: String,
    pub(in crate::lab) reservation: String,
    /// The place of its group in the scenario.
    pub(in crate::lab) group: usize,
    pub(in crate::lab) state: InstanceState,
    pub(in crate::lab) lifecycle: Lifecycle,
    pub(in crate::lab) instance_type: String,
    pub(in crate::lab) zone: String,
    pub(in crate::lab) private_ip: String,
    pub(in crate::lab) private_dns: String,
    pub(in crate::lab) subnet: String,
    pub(in crate::lab) vpc: String,
    pub(in crate::lab) image: String,
    pub(in crate::lab) launched: Timestamp,
    pub(in crate::lab) spot_request: Option<String>,
    pub(in crate::lab) tags: BTreeMap<String, String>,
    /// `StateTransitionReason`.
    pub(in crate::lab) transition_reason: String,
    /// Code and message.
    pub(in crate::lab) state_reason: Option<(&'static str, &'static str)>,
    /// It is on its way out, so that its group counts it no more.
    pub(in crate::lab) doomed: bool,
    /// The two-minute notice has been given, which nothing recalls.
    pub(in crate::lab) noticed: bool,
    /// Its replacement is launched or on its way.
    pub(in crate::lab) replaced: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum InstanceState {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
    Stopping,
    Stopped,
}

impl InstanceState {
    pub(in crate::lab) fn code(self) -> u8 {
        match self {
            Self::Pending => 0,
            Self::Running => 16,
            Self::ShuttingDown => 32,
            Self::Terminated => 48,
            Self::Stopping => 64,
            Self::Stopped => 80,
        }
    }

    pub(in crate::lab) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
        }
    }
}

#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct SpotRequest {
    pub(in crate::lab) order: u64,
    pub(in crate::lab) id: String,
    pub(in crate::lab) instance: String,
    /// `active`, `closed` or `disabled`.
    pub(in crate::lab) state: &'static str,
    pub(in crate::lab) status: &'static str,
    pub(in crate::lab) message: &'static str,
    pub(in crate::lab) updated: Timestamp,
    pub(in crate::lab) created: Timestamp,
    pub(in crate::lab) behavior: Behavior,
    pub(in crate::lab) instance_type: String,
    pub(in crate::lab) image: String,
    pub(in crate::lab) subnet: String,
    pub(in crate::lab) zone: String,
    pub(in crate::lab) tags: BTreeMap<String, String>,
}

/// Every instance that EC2 knows of, in the order of their launch.
#[derive(Debug, Default, PartialEq)]
pub(in crate::lab) struct Instances {
    by_order: BTreeMap<u64, Instance>,
    orders: HashMap<String, u64>,
}

impl Instances {
    pub(in crate::lab) fn get(&self, id: &str) -> Option<&Instance> {
        self.by_order.get(self.orders.get(id)?)
    }

    pub(in crate::lab) fn get_mut(&mut self, id: &str) -> Option<&mut Instance> {
        self.by_order.get_mut(self.orders.get(id)?)
    }

    /// In the order of their launch, from the one after `order` on.
    pub(in crate::lab) fn after(&self, order: u64) -> impl Iterator<Item = &Instance> {
        self.by_order.range(order.saturating_add(1)..).map(|(_, instance)| instance)
    }

    pub(in crate::lab) fn iter(&self) -> impl Iterator<Item = &Instance> {
        self.by_order.values()
    }

    pub(in crate::lab) fn insert(&mut self, instance: Instance) {
        self.orders.insert(instance.id.clone(), instance.order);
        self.by_order.insert(instance.order, instance);
    }

    pub(in crate::lab) fn remove(&mut self, id: &str) {
        if let Some(order) = self.orders.remove(id) {
            self.by_order.remove(&order);
        }
    }
}
