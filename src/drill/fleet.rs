//! The instances of a region and the groups they belong to. Knows how AWS's own tags name a group, and nothing of how
//! the list was fetched.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::{InstanceId, SpotRequestId};
use crate::text::SafeText;

/// Where a fleet or a drill is: a lab drill must never pass for a real one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum World {
    Aws,
    Lab,
}

/// The tag that keeps an instance out of every drill, whatever its value.
pub const PROTECT_TAG: &str = "spotdrill:protect";

/// The account of every lab.
pub const LAB_ACCOUNT: &str = "000000000000";

/// What was listed, and when.
#[derive(Clone, Debug, PartialEq)]
pub struct Fleet {
    pub region: SafeText,
    pub account: SafeText,
    pub world: World,
    /// Sorted by name within their kind; an instance is in exactly one.
    pub groups: Vec<Group>,
    /// False if a page of the listing failed: then no drill may start.
    pub complete: bool,
    /// Why it is incomplete.
    pub gap: Option<SafeText>,
    pub as_of: Timestamp,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub key: GroupKey,
    /// Sorted by zone, then id.
    pub instances: Vec<Instance>,
}

/// What sets one group apart from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupKey {
    pub kind: GroupKind,
    pub name: SafeText,
    pub cluster: Option<SafeText>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GroupKind {
    EksNodegroup,
    KarpenterNodepool,
    AutoScalingGroup,
    Ec2Fleet,
    SpotFleet,
    Emr,
    Ungrouped,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    pub id: InstanceId,
    /// The tag `Name`.
    pub name: Option<SafeText>,
    pub instance_type: SafeText,
    pub az: SafeText,
    pub state: InstanceState,
    pub lifecycle: Lifecycle,
    pub spot_request: Option<SpotRequestId>,
    /// What an interruption does to it; told by its spot request.
    pub interruption_behavior: Option<Behavior>,
    pub launched_at: Option<Timestamp>,
    /// It bears [`PROTECT_TAG`].
    pub protected: bool,
    /// Its name as a Kubernetes node (the private DNS name), if it is in a cluster.
    pub node: Option<SafeText>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lifecycle {
    Spot,
    OnDemand,
}

/// `InstanceInterruptionBehavior` of a spot request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Behavior {
    Terminate,
    Stop,
    Hibernate,
}

/// `InstanceState` of EC2; what AWS may add later is kept as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "SafeText", into = "SafeText")]
pub enum InstanceState {
    Pending,
    Running,
    ShuttingDown,
    Terminated,
    Stopping,
    Stopped,
    Other(SafeText),
}

impl InstanceState {
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Other(name) => name,
        }
    }

    /// On its way out or gone, whichever way.
    pub fn is_leaving(&self) -> bool {
        matches!(self, Self::ShuttingDown | Self::Terminated | Self::Stopping | Self::Stopped)
    }

    /// As gone as an interruption makes it.
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Terminated | Self::Stopped)
    }
}

impl From<SafeText> for InstanceState {
    fn from(name: SafeText) -> Self {
        match name.as_str() {
            "pending" => Self::Pending,
            "running" => Self::Running,
            "shutting-down" => Self::ShuttingDown,
            "terminated" => Self::Terminated,
            "stopping" => Self::Stopping,
            "stopped" => Self::Stopped,
            _ => Self::Other(name),
        }
    }
}

impl From<InstanceState> for SafeText {
    fn from(state: InstanceState) -> Self {
        Self::new(state.as_str())
    }
}

impl fmt::Display for InstanceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Behavior {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Terminate => "terminate",
            Self::Stop => "stop",
            Self::Hibernate => "hibernate",
        }
    }
}

impl GroupKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::EksNodegroup => "eks-nodegroup",
            Self::KarpenterNodepool => "karpenter-nodepool",
            Self::AutoScalingGroup => "auto-scaling-group",
            Self::Ec2Fleet => "ec2-fleet",
            Self::SpotFleet => "spot-fleet",
            Self::Emr => "emr",
            Self::Ungrouped => "ungrouped",
        }
    }

    /// The tag that AWS (or Karpenter) puts on each instance of such a group, with the group's name as its value.
    pub fn tag(self) -> Option<&'static str> {
        match self {
            Self::EksNodegroup => Some("eks:nodegroup-name"),
            Self::KarpenterNodepool => Some("karpenter.sh/nodepool"),
            Self::AutoScalingGroup => Some("aws:autoscaling:groupName"),
            Self::Ec2Fleet => Some("aws:ec2:fleet-id"),
            Self::SpotFleet => Some("aws:ec2spot:fleet-request-id"),
            Self::Emr => Some("aws:elasticmapreduce:job-flow-id"),
            Self::Ungrouped => None,
        }
    }

    /// An instance carries the tags of several kinds at once (a managed node group is an Auto Scaling group that launches
    /// by an EC2 Fleet): the first of these is the one its operators know it by.
    const BY_PRECEDENCE: [Self; 6] = [
        Self::KarpenterNodepool,
        Self::EksNodegroup,
        Self::AutoScalingGroup,
        Self::SpotFleet,
        Self::Ec2Fleet,
        Self::Emr,
    ];
}

impl GroupKey {
    /// The group that an instance with these tags belongs to.
    pub fn from_tags(tags: &[(SafeText, SafeText)]) -> Self {
        let value = |key: &str| tags.iter().find(|(k, _)| k.as_str() == key).map(|(_, value)| value.clone());
        let found = GroupKind::BY_PRECEDENCE
            .into_iter()
            .find_map(|kind| kind.tag().and_then(&value).map(|name| (kind, name)))
            .or_else(|| value(OLD_NODEPOOL_TAG).map(|name| (GroupKind::KarpenterNodepool, name)));
        let (kind, name) = found.unwrap_or_else(|| (GroupKind::Ungrouped, SafeText::new("ungrouped")));
        Self { kind, name, cluster: cluster_of(tags) }
    }

    /// Whether a tag of that key says which group an instance is of.
    pub fn is_by(key: &str) -> bool {
        let names = GroupKind::BY_PRECEDENCE.into_iter().filter_map(GroupKind::tag);
        names.chain(CLUSTER_TAGS).any(|name| name == key) || key == OLD_NODEPOOL_TAG || key.starts_with(CLUSTER_KEY)
    }

    /// Whether its name is to the letter what it is shown as: else what is typed may mean another.
    pub fn is_verbatim(&self) -> bool {
        self.name.is_verbatim() && self.cluster.as_ref().is_none_or(SafeText::is_verbatim)
    }

    /// The name, with the cluster before it where there is one: what tells groups of the same name apart.
    pub fn qualified(&self) -> String {
        match &self.cluster {
            Some(cluster) => format!("{cluster}/{}", self.name),
            None => self.name.to_string(),
        }
    }
}

/// Karpenter's name for a node pool before it had any.
const OLD_NODEPOOL_TAG: &str = "karpenter.sh/provisioner-name";
const CLUSTER_KEY: &str = "kubernetes.io/cluster/";
const CLUSTER_TAGS: [&str; 3] = ["eks:cluster-name", "aws:eks:cluster-name", "eks:eks-cluster-name"];

fn cluster_of(tags: &[(SafeText, SafeText)]) -> Option<SafeText> {
    let by_value = CLUSTER_TAGS.iter().find_map(|name| tags.iter().find(|(key, _)| key.as_str() == *name));
    by_value.map(|(_, value)| value.clone()).or_else(|| {
        // the older convention has the cluster in the key: kubernetes.io/cluster/<name> = owned
        tags.iter().find_map(|(key, _)| key.strip_prefix(CLUSTER_KEY).map(SafeText::name))
    })
}

impl Instance {
    pub fn is_spot(&self) -> bool {
        self.lifecycle == Lifecycle::Spot
    }

    /// Why it cannot be interrupted, in a few words; none if it can.
    pub fn untargetable(&self) -> Option<&'static str> {
        match (self.lifecycle, &self.state) {
            _ if self.protected => Some("protected by its tag"),
            (Lifecycle::OnDemand, _) => Some("on-demand, not spot"),
            (Lifecycle::Spot, InstanceState::Running) => None,
            (Lifecycle::Spot, _) => Some("not running"),
        }
    }
}

impl Group {
    pub fn spot(&self) -> usize {
        self.instances.iter().filter(|i| i.is_spot()).count()
    }

    pub fn on_demand(&self) -> usize {
        self.instances.len() - self.spot()
    }

    /// What runs in it, spot or not.
    pub fn running(&self) -> impl Iterator<Item = &Instance> {
        self.instances.iter().filter(|i| i.state == InstanceState::Running)
    }

    /// The instances that an interruption can be sent to.
    pub fn targetable(&self) -> impl Iterator<Item = &Instance> {
        self.instances.iter().filter(|i| i.untargetable().is_none())
    }

    /// Those that could be hit, were it not for their tag.
    pub fn withheld(&self) -> impl Iterator<Item = &Instance> {
        self.instances.iter().filter(|i| i.protected && i.is_spot() && i.state == InstanceState::Running)
    }
}

impl Fleet {
    /// Sorts instances, each with its tags, into their groups. Those with spot instances come first: they can be drilled.
    pub fn group(listed: Vec<(Instance, Vec<(SafeText, SafeText)>)>) -> Vec<Group> {
        let mut groups: BTreeMap<GroupKey, Vec<Instance>> = BTreeMap::new();
        for (instance, tags) in listed {
            groups.entry(GroupKey::from_tags(&tags)).or_default().push(instance);
        }
        let sorted = |(key, mut instances): (GroupKey, Vec<Instance>)| {
            instances.sort_by(|a, b| (&a.az, &a.id).cmp(&(&b.az, &b.id)));
            Group { key, instances }
        };
        let mut groups: Vec<Group> = groups.into_iter().map(sorted).collect();
        groups.sort_by_key(|group| group.spot() == 0);
        groups
    }

    pub fn instances(&self) -> impl Iterator<Item = (&Group, &Instance)> {
        self.groups.iter().flat_map(|group| group.instances.iter().map(move |instance| (group, instance)))
    }

    pub fn find(&self, id: &InstanceId) -> Option<(&Group, &Instance)> {
        self.instances().find(|(_, instance)| instance.id == *id)
    }
}

/// The partition that a region belongs to, the first part of its ARNs: `aws`, `aws-cn`, `aws-us-gov`.
pub fn partition(region: &str) -> &'static str {
    match region {
        r if r.starts_with("cn-") => "aws-cn",
        r if r.starts_with("us-gov-") => "aws-us-gov",
        r if r.starts_with("us-isob-") => "aws-iso-b",
        r if r.starts_with("us-iso-") => "aws-iso",
        _ => "aws",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(tags: &[(&str, &str)]) -> GroupKey {
        let tags: Vec<_> = tags.iter().map(|(k, v)| (SafeText::new(k), SafeText::new(v))).collect();
        GroupKey::from_tags(&tags)
    }

    #[test]
    fn a_managed_node_group_is_not_taken_for_its_auto_scaling_group() {
        let group = key(&[
            ("aws:autoscaling:groupName", "eks-web-1234"),
            ("aws:ec2:fleet-id", "fleet-1"),
            ("eks:nodegroup-name", "web"),
            ("eks:cluster-name", "shop"),
        ]);
        assert_eq!((group.kind, group.name.as_str()), (GroupKind::EksNodegroup, "web"));
        assert_eq!(group.qualified(), "shop/web");
    }

    #[test]
    fn each_kind_is_known_by_its_tag() {
        for kind in GroupKind::BY_PRECEDENCE {
            assert_eq!(key(&[(kind.tag().unwrap(), "x")]).kind, kind);
        }
        assert_eq!(key(&[("karpenter.sh/provisioner-name", "old")]).kind, GroupKind::KarpenterNodepool);
        assert_eq!(key(&[("Name", "alone")]).kind, GroupKind::Ungrouped);
    }

    #[test]
    fn the_cluster_may_be_named_in_the_key_of_a_tag() {
        assert_eq!(key(&[("kubernetes.io/cluster/legacy", "owned")]).cluster.as_deref(), Some("legacy"));
    }
}
