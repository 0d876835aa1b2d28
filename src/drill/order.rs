//! Everything that we can ask of the world, in the imperative, and what we want to keep hearing about. Knows nothing of
//! how it is carried out.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    existing::Existing,
    fleet::GroupKey,
    health::Check,
    id::{DrillId, ExperimentId, InstanceId, SpotRequestId, TemplateId},
    template::Template,
};

/// One request that changes something in the account, or settles whether an earlier one did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    CreateTemplate {
        template: Template,
        client_token: String,
    },
    StartExperiment {
        template: TemplateId,
        client_token: String,
        tags: Vec<(String, String)>,
        /// What others may change is to be as it was confirmed.
        as_is: Option<Box<Existing>>,
    },
    /// Looks whether an order to start that got no answer was carried out.
    FindExperiment {
        template: TemplateId,
        /// Where others start experiments of the template too: only the one that bears this drill's tag counts.
        tagged: Option<DrillId>,
    },
    StopExperiment {
        experiment: ExperimentId,
    },
    /// Deletes the template that was made for the drill, and no other.
    DeleteTemplate {
        template: TemplateId,
        drill: DrillId,
    },
    /// Looks whether an order to create the template that got no answer was carried out.
    FindTemplate {
        drill: DrillId,
    },
    /// One of these that did not arrive, a while later.
    Again {
        order: Box<Order>,
        /// How often it was tried so far.
        tries: u32,
    },
    /// Frees what of these groups the drill holds; it may be all of them or none.
    FreeLock {
        drill: DrillId,
        groups: Vec<GroupKey>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderName {
    CreateTemplate,
    StartExperiment,
    FindExperiment,
    StopExperiment,
    DeleteTemplate,
    FindTemplate,
    FreeLock,
}

impl Order {
    pub fn name(&self) -> OrderName {
        match self {
            Self::CreateTemplate { .. } => OrderName::CreateTemplate,
            Self::StartExperiment { .. } => OrderName::StartExperiment,
            Self::FindExperiment { .. } => OrderName::FindExperiment,
            Self::StopExperiment { .. } => OrderName::StopExperiment,
            Self::DeleteTemplate { .. } => OrderName::DeleteTemplate,
            Self::FindTemplate { .. } => OrderName::FindTemplate,
            Self::Again { order, .. } => order.name(),
            Self::FreeLock { .. } => OrderName::FreeLock,
        }
    }
}

impl OrderName {
    /// What was attempted, for a message.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateTemplate => "create the FIS template",
            Self::StartExperiment => "start the FIS experiment",
            Self::FindExperiment => "look for the FIS experiment",
            Self::StopExperiment => "stop the FIS experiment",
            Self::DeleteTemplate => "delete the FIS template",
            Self::FindTemplate => "look for the FIS template",
            Self::FreeLock => "free the lock of the group",
        }
    }
}

/// A standing observation: declared by the drill, started and stopped in one place to match.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Watch {
    /// FIS's word on the experiment, its actions and resolved targets.
    Experiment(ExperimentId),
    /// EC2's word on what FIS chose by itself: in which groups those instances are, and by which spot requests.
    Chosen(Vec<InstanceId>),
    /// EC2's word on the targets and on the replacements seen so far.
    Instances(Vec<InstanceId>),
    /// EC2's word on the targets' spot requests.
    SpotRequests(Vec<SpotRequestId>),
    /// New instances in a group since then.
    Group { group: GroupKey, since: Timestamp },
    /// The lines of the Lambda's log group since then.
    Logs { since: Timestamp, targets: Vec<InstanceId> },
    /// AWS's own events on the targets, in the log group that an EventBridge rule writes them to.
    Events { since: Timestamp, targets: Vec<InstanceId> },
    /// The service's own word on its health, over HTTP.
    Check(Check),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WatchName {
    Experiment,
    Instances,
    SpotRequests,
    Group,
    Logs,
    Events,
    Chosen,
    Check,
}

impl Watch {
    pub fn name(&self) -> WatchName {
        match self {
            Self::Experiment(_) => WatchName::Experiment,
            Self::Chosen(_) => WatchName::Chosen,
            Self::Instances(_) => WatchName::Instances,
            Self::SpotRequests(_) => WatchName::SpotRequests,
            Self::Group { .. } => WatchName::Group,
            Self::Logs { .. } => WatchName::Logs,
            Self::Events { .. } => WatchName::Events,
            Self::Check(_) => WatchName::Check,
        }
    }
}

impl WatchName {
    /// How long to wait between two looks: together under 40 calls a minute, with room for orders.
    pub fn every(self) -> Duration {
        Duration::from_secs(match self {
            Self::Check => 5, // no call of AWS's
            Self::Experiment | Self::Instances | Self::Chosen => 6,
            Self::SpotRequests | Self::Logs | Self::Events => 12,
            Self::Group => 15,
        })
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Experiment => "FIS experiment",
            Self::Instances => "EC2 instances",
            Self::SpotRequests => "spot requests",
            Self::Group => "group",
            Self::Logs => "Lambda log",
            Self::Events => "event log",
            Self::Chosen => "instances that FIS chose",
            Self::Check => "health check",
        }
    }
}
