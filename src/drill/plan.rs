//! What exactly will be hit: a wish, resolved to instances. Knows no AWS call and makes no choice that is not shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    existing::Existing,
    fleet::{Behavior, GroupKey, GroupKind, World, partition},
    id::{DrillId, InstanceId, SpotRequestId},
    template::Template,
    warning::Warning,
};
use crate::text::SafeText;

/// What an operator asks for, before it is resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// A group's name, or `cluster/name`; none where instances are named one by one.
    pub group: Option<String>,
    pub selection: Selection,
    pub warning: Warning,
    /// Makes the random choice of [`Selection::Count`] and [`Selection::Percent`] repeatable.
    pub seed: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// These instances and no others.
    Exact(Vec<InstanceId>),
    /// So many of the group's running spot instances, at random.
    Count(usize),
    /// That share of the group's running spot instances in percent, rounded down as FIS does, at random.
    Percent(u8),
    /// All of the group's running spot instances.
    All,
}

/// A wish that passed every guard: these instances, this warning, and nothing else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub account: SafeText,
    pub region: SafeText,
    pub world: World,
    /// Sorted by zone, then id; at least one.
    pub targets: Vec<Target>,
    /// How many running spot instances the groups of the targets have, targets included.
    pub out_of: usize,
    pub warning: Warning,
    /// The seed of the random choice, if there was one.
    pub seed: Option<u64>,
    /// The template that is there already and is started as it is. Then the targets are what FIS came to in a preview, and
    /// it may come to others at the start. Without one the drill makes its own, of exactly the targets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_is: Option<Box<Existing>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub id: InstanceId,
    pub instance_type: SafeText,
    pub az: SafeText,
    pub group: GroupKey,
    pub spot_request: Option<SpotRequestId>,
    pub behavior: Option<Behavior>,
}

impl Target {
    /// An instance of which nothing but its id is known.
    pub fn unknown(id: &InstanceId) -> Self {
        let name = SafeText::new("not known yet");
        Self {
            id: id.clone(),
            instance_type: SafeText::default(),
            az: SafeText::default(),
            group: GroupKey { kind: GroupKind::Ungrouped, name, cluster: None },
            spot_request: None,
            behavior: None,
        }
    }
}

impl Plan {
    /// FIS takes at most 5 ARNs in one target; fixed. Source: AWS FIS API, `ResourceArnList`.
    pub const ARNS_PER_TARGET: usize = 5;
    /// FIS runs at most 10 actions at once; fixed. Source: AWS FIS quotas, L-EB051440.
    pub const ACTIONS_AT_ONCE: usize = 10;
    /// The most instances that one experiment can interrupt at the same time.
    pub const MOST_TARGETS: usize = Self::ARNS_PER_TARGET * Self::ACTIONS_AT_ONCE;

    /// The group that is hit, by its name; what an operator types before the count.
    pub fn subject(&self) -> String {
        let mut names = self.targets.iter().map(|target| &target.group);
        match names.next() {
            Some(first) if names.all(|other| other == first) => first.name.to_string(),
            Some(_) => String::from("several-groups"),
            None => String::new(),
        }
    }

    /// The words that an operator types to confirm: `<group> <count>`. They change with the plan.
    pub fn words(&self) -> String {
        format!("{} {}", self.subject(), self.targets.len())
    }

    /// The groups that are hit, each once.
    pub fn groups(&self) -> Vec<&GroupKey> {
        let mut groups: Vec<_> = self.targets.iter().map(|target| &target.group).collect();
        groups.sort();
        groups.dedup();
        groups
    }

    /// How many targets each zone has.
    pub fn by_zone(&self) -> BTreeMap<&str, usize> {
        let mut zones = BTreeMap::new();
        for target in &self.targets {
            *zones.entry(target.az.as_str()).or_default() += 1;
        }
        zones
    }

    /// The share of the groups' running spot instances that is hit, in percent, rounded; never 0.
    pub fn share(&self) -> usize {
        let all = self.out_of.max(1);
        ((self.targets.len() * 100 + all / 2) / all).max(1)
    }

    pub fn is_target(&self, id: &InstanceId) -> bool {
        self.targets.iter().any(|target| target.id == *id)
    }

    /// The ARN by which FIS is told of a target.
    pub fn arn(&self, target: &Target) -> String {
        let Self { region, account, .. } = self;
        format!("arn:{}:ec2:{region}:{account}:instance/{}", partition(region), target.id)
    }

    /// How many actions the experiment has: of our own, each takes five instances.
    pub fn actions(&self) -> usize {
        match &self.as_is {
            Some(existing) => existing.interruptions.len(),
            None => self.targets.len().div_ceil(Self::ARNS_PER_TARGET),
        }
    }

    /// The template by whose own choice other instances than the targets may be hit.
    pub fn chosen_by(&self) -> Option<&Existing> {
        self.as_is.as_deref().filter(|existing| existing.chooses())
    }

    /// What has to be known of that choice before the words are typed.
    pub fn choice(&self) -> Option<String> {
        let existing = self.chosen_by()?;
        let groups: Vec<_> = self.groups().iter().map(|group| group.name.to_string()).collect();
        Some(format!(
            "FIS chooses again at the start and may choose others: {}. {} running spot in {}",
            existing.selects(),
            self.out_of,
            groups.join(", ")
        ))
    }

    /// What FIS will be asked to create for this plan.
    pub fn template(&self, drill: &DrillId, role_arn: &str) -> Template {
        Template::of(self, drill, role_arn)
    }
}
