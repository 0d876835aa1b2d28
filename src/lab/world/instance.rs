//! One instance and its spot request, as EC2 describes them. Knows not what happens to them.

use std::{collections::BTreeMap, net::Ipv4Addr, sync::Arc};

use jiff::Timestamp;

use super::listing::{Listed, Listing};
use crate::lab::scenario::{Behavior, Lifecycle};

/// What is written the same on many instances is shared.
pub(in crate::lab) type Tags = BTreeMap<Arc<str>, Arc<str>>;
pub(in crate::lab) type Instances = Listing<Instance>;
pub(in crate::lab) type SpotRequests = Listing<SpotRequest>;

#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::struct_field_names, reason = "AWS's own names")]
pub(in crate::lab) struct Instance {
    pub(in crate::lab) order: u64,
    pub(in crate::lab) id: String,
    pub(in crate::lab) reservation: Arc<str>,
    /// Its place in the reservation, from 0.
    pub(in crate::lab) launch_index: u32,
    /// The place of its group in the scenario; none if a call launched it.
    pub(in crate::lab) group: Option<usize>,
    pub(in crate::lab) state: InstanceState,
    pub(in crate::lab) lifecycle: Lifecycle,
    pub(in crate::lab) instance_type: Arc<str>,
    pub(in crate::lab) zone: Arc<str>,
    pub(in crate::lab) private_ip: Ipv4Addr,
    pub(in crate::lab) subnet: Arc<str>,
    pub(in crate::lab) vpc: &'static str,
    pub(in crate::lab) image: Arc<str>,
    pub(in crate::lab) launched: Timestamp,
    pub(in crate::lab) spot_request: Option<String>,
    pub(in crate::lab) client_token: Option<Arc<str>>,
    pub(in crate::lab) tags: Tags,
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

impl Instance {
    /// As a VPC of this region resolves it.
    pub(in crate::lab) fn private_dns(&self, region: &str) -> String {
        let domain = if region == "us-east-1" { "ec2" } else { &format!("{region}.compute") };
        format!("ip-{}.{domain}.internal", self.private_ip.to_string().replace('.', "-"))
    }
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
    /// The instance that fulfills it; none while it is open.
    pub(in crate::lab) instance: Option<String>,
    /// `open`, `active`, `closed`, `cancelled` or `disabled`.
    pub(in crate::lab) state: &'static str,
    pub(in crate::lab) status: &'static str,
    pub(in crate::lab) message: &'static str,
    pub(in crate::lab) updated: Timestamp,
    pub(in crate::lab) created: Timestamp,
    pub(in crate::lab) valid_until: Option<Timestamp>,
    /// In dollars an hour; the on-demand price if none was given.
    pub(in crate::lab) max_price: Option<Arc<str>>,
    pub(in crate::lab) behavior: Behavior,
    pub(in crate::lab) instance_type: Arc<str>,
    pub(in crate::lab) image: Arc<str>,
    pub(in crate::lab) subnet: Arc<str>,
    pub(in crate::lab) zone: Arc<str>,
    pub(in crate::lab) tags: Tags,
}

impl SpotRequest {
    /// EC2 stops and hibernates only what was requested persistently, and RunInstances takes `persistent` with nothing else.
    pub(in crate::lab) fn is_persistent(&self) -> bool {
        self.behavior != Behavior::Terminate
    }

    pub(in crate::lab) fn is_over(&self) -> bool {
        matches!(self.state, "closed" | "cancelled")
    }
}

impl Listed for Instance {
    fn order(&self) -> u64 {
        self.order
    }

    fn id(&self) -> &str {
        &self.id
    }
}

impl Listed for SpotRequest {
    fn order(&self) -> u64 {
        self.order
    }

    fn id(&self) -> &str {
        &self.id
    }
}
