//! What exactly will be hit: a wish, resolved to instances. Knows no AWS call and makes no choice that is not shown.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::{
    existing::Existing,
    fleet::{Behavior, GroupKey, GroupKind, World, partition},
    guard::{
        Ground,
        overriding::{Overridden, Override},
    },
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
    /// Between the end of one wave and the start of the next, in seconds.
    pub gap: u32,
    /// What is said against guards.
    pub overrides: Vec<Override>,
    /// The drills of the waves before this one; the group does not rest from them.
    pub earlier: Vec<DrillId>,
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
    /// The ARN of the alarm that stops the experiment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_alarm: Option<SafeText>,
    /// The guards that stood against it, and what was said against them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overridden: Vec<Overridden>,
    /// What it was made on; none where nobody looked, as for a drill that was found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ground: Option<Box<Ground>>,
    /// Which of several waves it is; none where one is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave: Option<Box<Wave>>,
}

/// One of several drills that were confirmed together, because only so many may be hit at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wave {
    /// From 1.
    pub number: usize,
    pub of: usize,
    /// Between the end of the wave before and the start of this one, in seconds.
    pub gap: u32,
    /// The drills of the waves before.
    pub earlier: Vec<DrillId>,
    /// What the waves after this one hit.
    pub later: Vec<Vec<Target>>,
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
    /// The group that is hit, by its name; what an operator types before the count.
    pub fn subject(&self) -> String {
        let mut names = self.in_all_waves().map(|target| &target.group);
        match names.next() {
            Some(first) if names.all(|other| other == first) => first.name.to_string(),
            Some(_) => String::from("several-groups"),
            None => String::new(),
        }
    }

    /// The words that an operator types to confirm: `<group> <count>`, of all waves. They change with the plan.
    pub fn words(&self) -> String {
        format!("{} {}", self.subject(), self.in_all_waves().count())
    }

    /// What is hit by this wave and by those after it.
    pub fn in_all_waves(&self) -> impl Iterator<Item = &Target> {
        self.targets.iter().chain(self.wave.iter().flat_map(|wave| wave.later.iter().flatten()))
    }

    /// The sizes of this wave and of those after it.
    pub fn waves(&self) -> Vec<usize> {
        let later = self.wave.iter().flat_map(|wave| wave.later.iter().map(Vec::len));
        std::iter::once(self.targets.len()).chain(later).collect()
    }

    /// The shortest time that all waves take: each its warning, and the gaps between them.
    pub fn least_time(&self) -> SignedDuration {
        let waves = i32::try_from(self.waves().len()).unwrap_or(i32::MAX);
        let gap = SignedDuration::from_secs(self.wave.as_ref().map_or(0, |wave| wave.gap.into()));
        self.warning.whole() * waves + gap * (waves - 1)
    }

    /// The plan of the wave after this one, whose drill was that.
    pub fn next_wave(&self, drill: &DrillId) -> Option<Self> {
        let wave = self.wave.as_ref()?;
        let (targets, later) = wave.later.split_first()?;
        let earlier = wave.earlier.iter().cloned().chain([drill.clone()]).collect();
        let next = Wave { number: wave.number + 1, earlier, later: later.to_vec(), ..Wave::clone(wave) };
        Some(Self { targets: targets.clone(), wave: Some(Box::new(next)), ..self.clone() })
    }

    /// The groups that are hit, each once.
    pub fn groups(&self) -> Vec<&GroupKey> {
        let mut groups: Vec<_> = self.in_all_waves().map(|target| &target.group).collect();
        groups.sort();
        groups.dedup();
        groups
    }

    /// The groups that this wave hits, each once.
    pub fn groups_now(&self) -> Vec<&GroupKey> {
        let mut groups: Vec<_> = self.targets.iter().map(|target| &target.group).collect();
        groups.sort();
        groups.dedup();
        groups
    }

    /// How many targets each zone has.
    pub fn by_zone(&self) -> BTreeMap<&str, usize> {
        let mut zones = BTreeMap::new();
        for target in self.in_all_waves() {
            *zones.entry(target.az.as_str()).or_default() += 1;
        }
        zones
    }

    /// The share of the groups' running spot instances that is hit, in percent, rounded; never 0.
    pub fn share(&self) -> usize {
        let all = self.out_of.max(1);
        ((self.in_all_waves().count() * 100 + all / 2) / all).max(1)
    }

    pub fn is_target(&self, id: &InstanceId) -> bool {
        self.targets.iter().any(|target| target.id == *id)
    }

    /// The ARN by which FIS is told of a target.
    pub fn arn(&self, target: &Target) -> String {
        let Self { region, account, .. } = self;
        format!("arn:{}:ec2:{region}:{account}:instance/{}", partition(region), target.id)
    }

    /// How many actions all waves have: of our own, each takes five instances.
    pub fn actions(&self) -> usize {
        match &self.as_is {
            Some(existing) => existing.interruptions.len(),
            None => self.waves().into_iter().map(|wave| wave.div_ceil(Self::ARNS_PER_TARGET)).sum(),
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
