//! What a lab is set up with: its region, its groups of instances, how AWS times things, what goes wrong.
//! Knows no world; a scenario is data, and a file's name for it.

mod read;
mod table;

use std::fmt;

use jiff::SignedDuration;

use super::{faults::Fault, throttle::Throttle};

const EMBEDDED: [(&str, &str); 14] = [
    ("default", include_str!("../../assets/scenarios/default.toml")),
    ("tiny", include_str!("../../assets/scenarios/tiny.toml")),
    ("bare", include_str!("../../assets/scenarios/bare.toml")),
    ("no-handler", include_str!("../../assets/scenarios/no-handler.toml")),
    ("no-capacity", include_str!("../../assets/scenarios/no-capacity.toml")),
    ("hibernate", include_str!("../../assets/scenarios/hibernate.toml")),
    ("persistent-stop", include_str!("../../assets/scenarios/persistent-stop.toml")),
    ("throttled", include_str!("../../assets/scenarios/throttled.toml")),
    ("expiring-credentials", include_str!("../../assets/scenarios/expiring-credentials.toml")),
    ("flaky", include_str!("../../assets/scenarios/flaky.toml")),
    ("slack-down", include_str!("../../assets/scenarios/slack-down.toml")),
    ("eventual", include_str!("../../assets/scenarios/eventual.toml")),
    ("huge", include_str!("../../assets/scenarios/huge.toml")),
    ("hostile", include_str!("../../assets/scenarios/hostile.toml")),
];

/// Every key that a scenario can have, explained.
const SAMPLE: &str = include_str!("../../assets/scenario.toml");

/// A lab's setup, checked as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    pub name: String,
    /// One line, for the list of scenarios.
    pub description: String,
    /// Twelve digits.
    pub account: String,
    pub region: String,
    /// Availability zones, e.g. `eu-west-1a`; never empty.
    pub zones: Vec<String>,
    pub groups: Vec<Group>,
    pub timing: Timing,
    pub interruption: Interruption,
    pub capacity: Capacity,
    /// How long EC2's descriptions may be out of date, at most; zero shows every change at once.
    pub lag: SignedDuration,
    pub alarm: Alarm,
    pub stack: Stack,
    pub slack: Slack,
    pub faults: Vec<Fault>,
    /// Actions that the operator's role is denied, e.g. `fis:StartExperiment`.
    pub operator_deny: Vec<String>,
    /// The IAM policy, as JSON, that the operator's role has instead of AdministratorAccess. One that is none allows nothing.
    pub operator_policy: Option<String>,
    pub throttles: Vec<Throttle>,
    pub logs: Vec<Log>,
}

/// A group of instances, kept at its size if it replaces.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    pub kind: GroupKind,
    pub name: String,
    /// The EKS cluster; empty if it belongs to none.
    pub cluster: String,
    pub lifecycle: Lifecycle,
    /// How many it starts with and wants; from `min` to `max`.
    pub count: usize,
    pub min: usize,
    /// Never exceeded. Twice the count if the scenario does not say, so that it can replace before the old ones go.
    pub max: usize,
    /// Never empty.
    pub instance_types: Vec<String>,
    /// Never empty; the scenario's if the group names none.
    pub zones: Vec<String>,
    pub replaces: Replaces,
    /// From that moment to the launch of the replacement; up to a quarter of it is added or taken by chance.
    pub replacement_latency: SignedDuration,
    /// Terminates an instance that a rebalance recommendation named itself, once its replacement runs and it is drained.
    pub capacity_rebalancing: bool,
    pub handler: Handler,
    /// How long draining an instance takes.
    pub drain: SignedDuration,
    /// The pools that have no capacity for this group, as in [`Capacity::no_spot`].
    pub no_capacity: Vec<String>,
    /// What happens to a spot instance of it in the end.
    pub behavior: Behavior,
    /// Tags of its own, besides those of its kind.
    pub tags: Vec<(String, String)>,
}

impl Group {
    /// The name of its Auto Scaling group; a node group's is EKS's own. None if it has none.
    pub(super) fn auto_scaling_group(&self) -> Option<String> {
        match self.kind {
            GroupKind::EksNodegroup => Some(format!("eks-{}", self.name)),
            GroupKind::AutoScalingGroup => Some(self.name.clone()),
            GroupKind::KarpenterNodepool | GroupKind::Standalone => None,
        }
    }
}

/// Who manages a group, which shows in its tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKind {
    EksNodegroup,
    KarpenterNodepool,
    AutoScalingGroup,
    /// Instances that nobody manages.
    Standalone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    Spot,
    OnDemand,
}

/// At which sign a group launches a replacement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Replaces {
    Rebalance,
    Notice,
    Termination,
    Never,
}

/// What reacts to the two-minute notice on a group's nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    /// Nothing: the pods go down with the node.
    Nobody,
    /// Cordons and drains; EC2 itself ends the instance.
    NodeTerminationHandler,
    /// Drains, then terminates the instance before EC2 does.
    Karpenter,
}

/// EC2's `InstanceInterruptionBehavior`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behavior {
    Terminate,
    Stop,
    Hibernate,
}

impl Behavior {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Terminate => "terminate",
            Self::Stop => "stop",
            Self::Hibernate => "hibernate",
        }
    }
}

/// How long AWS takes for things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// From StartExperiment to `running`, when the targets are resolved.
    pub resolve: SignedDuration,
    /// From `running` to the start of the first actions.
    pub action_delay: SignedDuration,
    /// From StopExperiment to `stopped`.
    pub stop: SignedDuration,
    /// From launch to `running`.
    pub pending: SignedDuration,
    /// From `shutting-down` (or `stopping`) to the end: at least this.
    pub shutdown_min: SignedDuration,
    /// At most this.
    pub shutdown_max: SignedDuration,
    /// How long a terminated instance is still listed.
    pub terminated_visible: SignedDuration,
    /// Added to the end of `durationBeforeInterruption` to give the moment of the shutdown; AWS documents 0 (and, in one
    /// sentence, 2 minutes).
    pub shutdown_offset: SignedDuration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            resolve: SignedDuration::from_secs(2),
            action_delay: SignedDuration::from_secs(8),
            stop: SignedDuration::from_secs(2),
            pending: SignedDuration::from_secs(8),
            shutdown_min: SignedDuration::from_secs(25),
            shutdown_max: SignedDuration::from_secs(55),
            terminated_visible: SignedDuration::from_mins(60),
            shutdown_offset: SignedDuration::ZERO,
        }
    }
}

/// What AWS leaves undocumented about an interruption.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interruption {
    /// When the spot request's status becomes `instance-terminated-by-experiment`.
    pub status_at: StatusAt,
    /// Whether StopExperiment before the notice recalls the interruption. AWS documents no recall.
    pub stop_recalls: bool,
    /// Whether FIS has the action in this region at all.
    pub offered: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusAt {
    Notice,
    Termination,
}

/// Where EC2 has no capacity, and what groups make of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Pools without spot capacity: an instance type, a zone, `type/zone`, or `*` for all.
    pub no_spot: Vec<String>,
    /// The same for on-demand capacity.
    pub no_on_demand: Vec<String>,
    /// From a launch that failed to the group's next try.
    pub retry: SignedDuration,
}

impl Default for Capacity {
    fn default() -> Self {
        Self { no_spot: Vec::new(), no_on_demand: Vec::new(), retry: SignedDuration::from_secs(30) }
    }
}

/// The alarm of the account's service, which the stack knows as the one that stops experiments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// Empty for an account without an alarm.
    pub name: String,
    /// `OK`, `ALARM` or `INSUFFICIENT_DATA`.
    pub state: String,
}

impl Default for Alarm {
    fn default() -> Self {
        Self { name: "shop-errors".to_owned(), state: "OK".to_owned() }
    }
}

/// What was set up in the account before: the stack of `stack.yaml`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Empty for an account where nothing is set up.
    pub name: String,
    /// Parameters that are not as usual.
    pub parameters: Vec<(String, String)>,
    /// Logical ids of the resources that somebody deleted behind the stack's back.
    pub deleted: Vec<String>,
}

impl Default for Stack {
    fn default() -> Self {
        Self { name: "spotdrill".to_owned(), parameters: Vec::new(), deleted: Vec::new() }
    }
}

/// How the lab's own Slack answers a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slack {
    pub status: u16,
    /// What a 429 says in `Retry-After`.
    pub retry_after: SignedDuration,
    /// How long an answer takes; a moment by chance if none is given.
    pub latency: Option<SignedDuration>,
    /// It never answers.
    pub silent: bool,
    /// How many posts meet all this; later ones are answered with 200. None means all.
    pub times: Option<u32>,
}

impl Default for Slack {
    fn default() -> Self {
        Self { status: 200, retry_after: SignedDuration::from_secs(1), latency: None, silent: false, times: None }
    }
}

/// Lines that someone unknown writes to a log group, one after the other and then from the first again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    pub group: String,
    pub stream: String,
    /// From one line to the next.
    pub every: SignedDuration,
    /// Never empty.
    pub lines: Vec<String>,
}

/// One thing that is wrong with a scenario's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// From 1.
    pub line: usize,
    pub message: String,
}

/// All that is wrong with a scenario's text, by line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct BadScenario {
    pub name: String,
    pub complaints: Vec<Complaint>,
}

impl fmt::Display for BadScenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "scenario {} is not valid", self.name)?;
        self.complaints.iter().try_for_each(|complaint| write!(f, "\n  line {}: {}", complaint.line, complaint.message))
    }
}

impl Scenario {
    /// A built-in scenario; none if there is no such name.
    pub fn named(name: &str) -> Option<Self> {
        let (name, text) = EMBEDDED.into_iter().find(|(embedded, _)| *embedded == name)?;
        Self::parse(name, text).ok()
    }

    /// A built-in scenario as it is written; `sample` is one with every key, explained.
    pub fn text(name: &str) -> Option<&'static str> {
        let sample = ("sample", SAMPLE);
        EMBEDDED.into_iter().chain([sample]).find(|(embedded, _)| *embedded == name).map(|(_, text)| text)
    }

    /// Names of the built-in scenarios, each with a line on what it is.
    pub fn list() -> Vec<(&'static str, String)> {
        EMBEDDED.into_iter().filter_map(|(name, _)| Some((name, Self::named(name)?.description))).collect()
    }

    /// A scenario from TOML, or everything that is wrong with the text.
    pub fn parse(name: &str, text: &str) -> Result<Self, BadScenario> {
        read::scenario(name, text).map_err(|complaints| BadScenario { name: name.to_owned(), complaints })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_embedded_scenario_is_valid() {
        for (name, text) in EMBEDDED {
            let scenario = Scenario::parse(name, text).unwrap_or_else(|error| panic!("{error}"));
            assert!(!scenario.description.is_empty(), "{name}");
        }
        assert_eq!(Scenario::list().len(), EMBEDDED.len());
    }

    #[test]
    fn the_default_has_twenty_four_instances_of_which_twenty_one_are_spot() {
        let scenario = Scenario::named("default").unwrap();
        let spot = scenario.groups.iter().filter(|group| group.lifecycle == Lifecycle::Spot);
        assert_eq!(spot.map(|group| group.count).sum::<usize>(), 21);
        assert_eq!(scenario.groups.iter().map(|group| group.count).sum::<usize>(), 24);
        assert_eq!(scenario.zones.len(), 3);
    }

    #[test]
    fn an_unknown_name_is_none() {
        assert_eq!(Scenario::named("nope"), None);
    }
}
