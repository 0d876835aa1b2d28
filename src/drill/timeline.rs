//! The facts of a drill arranged for reading: each target's phases, the replacements, what FIS says. Knows no order and
//! decides nothing.

mod blind;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    fact::{Fact, Source, What},
    fleet::{Behavior, GroupKey, GroupKind, InstanceState},
    health::Health,
    id::{ExperimentId, InstanceId},
    plan::{Plan, Target},
    warning::{NOTICE, Warning},
};
use crate::text::SafeText;
pub use blind::Blind;

/// What was seen so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// One for each target, in the plan's order.
    pub tracks: Vec<Track>,
    pub replacements: Vec<Replacement>,
    pub experiment: Option<Experiment>,
    /// The experiment's actions by name.
    pub actions: BTreeMap<SafeText, Progress>,
    /// What went otherwise than planned, a sentence each.
    pub complaints: Vec<SafeText>,
    /// What could not be told, a sentence each, until FIS tells it after all.
    pub doubts: Vec<SafeText>,
    pub choice: Choice,
    pub health: Health,
    pub blind: Blind,
    warning: Option<Warning>,
}

/// What FIS made of targets that it chooses by itself, against what its preview showed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// FIS chooses by itself and has not said what.
    pub open: bool,
    /// It chose them, and EC2 has not said yet what they are.
    pub unknown: Vec<InstanceId>,
    /// Chosen, and not in the preview.
    pub others: Vec<InstanceId>,
    /// In the preview, and not chosen: these are not hit.
    pub spared: Vec<InstanceId>,
}

/// What was seen of one target.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    pub target: Target,
    pub state: InstanceState,
    pub rebalance: Option<Sighting>,
    pub notice: Option<Sighting>,
    /// Shutting down or stopping.
    pub leaving: Option<Sighting>,
    /// Terminated or stopped.
    pub gone: Option<Sighting>,
    /// The spot request's state and status code.
    pub spot_request: Option<(SafeText, SafeText)>,
    pub replacement: Option<InstanceId>,
}

/// A new instance in a group that is drilled.
#[derive(Clone, Debug, PartialEq)]
pub struct Replacement {
    pub id: InstanceId,
    pub group: GroupKey,
    pub az: SafeText,
    pub instance_type: SafeText,
    pub launched: Sighting,
    pub running: Option<Sighting>,
}

/// An observation: when, and by whose word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sighting {
    pub at: Timestamp,
    pub source: Source,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    pub id: ExperimentId,
    pub started: Timestamp,
    pub progress: Progress,
}

/// A status of FIS and since when.
#[derive(Clone, Debug, PartialEq)]
pub struct Progress {
    pub status: SafeText,
    pub reason: Option<SafeText>,
    pub since: Timestamp,
    /// When it started, by FIS's word; only actions tell it.
    pub started: Option<Timestamp>,
}

/// When things should happen, counted from what was seen. Estimates: never shown as observations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    pub rebalance: Timestamp,
    pub notice: Timestamp,
    pub interruption: Timestamp,
}

/// FIS needs about this long from StartExperiment to the action's start. Source: published experiment logs, 10 to 20 s.
const USUAL_START_DELAY: SignedDuration = SignedDuration::from_secs(12);

impl Timeline {
    /// Takes in one fact; facts may come late, twice and out of order.
    pub fn record(&mut self, fact: &Fact) {
        self.blind.record(fact);
        let sighting = Sighting { at: fact.at, source: fact.source };
        self.health.record(fact);
        match &fact.what {
            What::DrillPlanned { plan, .. } => self.begin(plan),
            What::ExperimentStarted { experiment, .. } => {
                let progress =
                    Progress { status: SafeText::new("initiating"), reason: None, since: fact.at, started: None };
                self.experiment = Some(Experiment { id: experiment.clone(), started: fact.at, progress });
            }
            What::Reopened { experiment, status, begun, .. } => self.goes_on(experiment, status, *begun, fact.at),
            What::ExperimentStateChanged { status, reason, .. } => {
                if let Some(experiment) = &mut self.experiment {
                    experiment.progress.change(status, reason.as_ref(), fact.at);
                }
            }
            What::ActionStateChanged { action, status, reason, started } => {
                let unknown = || Progress { status: status.clone(), reason: None, since: fact.at, started: None };
                let progress = self.actions.entry(action.clone()).or_insert_with(unknown);
                progress.change(status, reason.as_ref(), fact.at);
                progress.started = progress.started.or(*started);
            }
            What::RebalanceRecommended { .. } => self.on_target(fact, |track| better(&mut track.rebalance, sighting)),
            What::NoticeIssued { .. } => self.on_target(fact, |track| better(&mut track.notice, sighting)),
            What::SpotRequestChanged { state, status, .. } => {
                self.on_target(fact, |track| track.spot_request = Some((state.clone(), status.clone())));
            }
            What::InstanceStateChanged { state, .. } => self.instance_is(fact, state, sighting),
            What::ReplacementLaunched { group, az, instance_type } => {
                self.replaced(fact, group, az, instance_type, sighting);
            }
            What::TargetsResolved { instances } if self.choice.open && !instances.is_empty() => self.chosen(instances),
            What::TargetsResolved { instances } => self.compare_targets(instances),
            What::OthersChosen { chosen } => self.learn(chosen),
            _ => {}
        }
    }

    fn goes_on(&mut self, id: &ExperimentId, status: &SafeText, started: Timestamp, since: Timestamp) {
        self.doubts.clear();
        let progress = Progress { status: status.clone(), reason: None, since, started: None };
        match &mut self.experiment {
            Some(known) if known.id == *id => known.progress = progress,
            known => *known = Some(Experiment { id: id.clone(), started, progress }),
        }
    }

    fn begin(&mut self, plan: &Plan) {
        self.warning = Some(plan.warning);
        self.choice.open = plan.chosen_by().is_some();
        self.tracks = plan.targets.iter().cloned().map(Track::of).collect();
    }

    /// From here on the targets are what FIS chose, whatever its preview showed.
    fn chosen(&mut self, chosen: &[InstanceId]) {
        let previewed = std::mem::take(&mut self.tracks);
        self.choice.open = false;
        for id in chosen {
            if self.tracks.iter().any(|track| track.target.id == *id) {
                continue; // two targets of a template may come to the same instance
            }
            let known = previewed.iter().find(|track| track.target.id == *id);
            if known.is_none() {
                self.choice.others.push(id.clone());
                self.choice.unknown.push(id.clone());
            }
            self.tracks.push(known.cloned().unwrap_or_else(|| Track::of(Target::unknown(id))));
        }
        let left_out = previewed.into_iter().map(|track| track.target.id).filter(|id| !chosen.contains(id));
        self.choice.spared = left_out.collect();
    }

    fn learn(&mut self, chosen: &[Target]) {
        for target in chosen {
            self.choice.unknown.retain(|id| *id != target.id);
            if let Some(track) = self.tracks.iter_mut().find(|track| track.target.id == target.id) {
                track.target = target.clone();
            }
        }
    }

    fn on_target(&mut self, fact: &Fact, change: impl FnOnce(&mut Track)) {
        let of_fact = |track: &&mut Track| fact.instance.as_ref() == Some(&track.target.id);
        if let Some(track) = self.tracks.iter_mut().find(of_fact) {
            change(track);
        }
    }

    fn instance_is(&mut self, fact: &Fact, state: &InstanceState, sighting: Sighting) {
        self.on_target(fact, |track| {
            if order_of(state) >= order_of(&track.state) {
                track.state = state.clone();
            }
            if state.is_gone() {
                better(&mut track.gone, sighting);
            } else if state.is_leaving() {
                better(&mut track.leaving, sighting);
            }
        });
        let new = self.replacements.iter_mut().find(|new| fact.instance.as_ref() == Some(&new.id));
        if let (Some(new), InstanceState::Running) = (new, state) {
            better(&mut new.running, sighting);
        }
    }

    fn replaced(&mut self, fact: &Fact, group: &GroupKey, az: &SafeText, kind: &SafeText, sighting: Sighting) {
        let Some(id) = &fact.instance else { return };
        if self.replacements.iter().any(|known| known.id == *id) {
            return;
        }
        let lacks_one = |track: &&mut Track| track.replacement.is_none() && track.target.group == *group;
        let same_zone = self.tracks.iter_mut().filter(lacks_one).position(|track| track.target.az == *az);
        if let Some(track) = self.tracks.iter_mut().filter(lacks_one).nth(same_zone.unwrap_or(0)) {
            track.replacement = Some(id.clone());
        }
        self.replacements.push(Replacement {
            id: id.clone(),
            group: group.clone(),
            az: az.clone(),
            instance_type: kind.clone(),
            launched: sighting,
            running: None,
        });
    }

    fn compare_targets(&mut self, resolved: &[InstanceId]) {
        let differs = |id: &InstanceId| !self.tracks.iter().any(|track| track.target.id == *id);
        let foreign: Vec<_> = resolved.iter().filter(|id| differs(id)).map(InstanceId::as_str).collect();
        if !foreign.is_empty() {
            self.complain(format!("FIS hit what was not confirmed: {}", foreign.join(", ")));
        }
    }

    /// Said once, however often it is found out.
    pub fn complain(&mut self, complaint: impl AsRef<str>) {
        let complaint = SafeText::new(complaint);
        if !self.complaints.contains(&complaint) {
            self.complaints.push(complaint);
        }
    }

    /// Said once, too; it stands until FIS tells.
    pub fn doubt(&mut self, doubt: impl AsRef<str>) {
        let doubt = SafeText::new(doubt);
        if !self.doubts.contains(&doubt) {
            self.doubts.push(doubt);
        }
    }

    /// The latest notice, once each target has had its own: from here on nothing can be saved.
    pub fn notice_to_all(&self) -> Option<Timestamp> {
        let all = self.tracks.iter().map(|track| track.notice.or(track.leaving).or(track.gone).map(|seen| seen.at));
        all.collect::<Option<Vec<_>>>()?.into_iter().max()
    }

    /// The experiment completed, and no action of it was carried out: its targets were empty, and that was no error.
    pub fn did_nothing(&self) -> bool {
        let completed = self.experiment.as_ref().is_some_and(|it| it.progress.status.as_str() == "completed");
        completed && !self.has_acted() && self.tracks.iter().all(|track| track.leaving.or(track.gone).is_none())
    }

    /// An action was begun, as far as FIS tells.
    pub fn has_acted(&self) -> bool {
        self.actions.values().any(|action| action.started.is_some() && action.status.as_str() != "skipped")
    }

    /// Something was seen of a target's end by another word than FIS's own.
    pub fn is_hit(&self) -> bool {
        let by_others = |seen: &Sighting| seen.source != Source::Fis;
        let hit = |track: &Track| {
            track.leaving.or(track.gone).or(track.notice).is_some()
                || track.rebalance.is_some_and(|seen| by_others(&seen))
        };
        self.tracks.iter().any(hit)
    }

    pub fn all_gone(&self) -> bool {
        self.tracks.iter().all(|track| track.gone.is_some())
    }

    /// How many instances each group still has to bring back, and be seen running.
    pub fn missing_replacements<'a>(&'a self) -> Vec<(&'a GroupKey, usize)> {
        let mut lost: BTreeMap<&'a GroupKey, usize> = BTreeMap::new();
        for track in &self.tracks {
            if matches!(track.target.behavior, None | Some(Behavior::Terminate)) && track.gone.is_some() {
                *lost.entry(&track.target.group).or_default() += 1;
            }
        }
        let missing = |(group, lost): (&'a GroupKey, usize)| {
            let running = self.replacements.iter().filter(|new| new.group == *group && new.running.is_some()).count();
            (group, promised(group.kind, lost).saturating_sub(running))
        };
        lost.into_iter().map(missing).filter(|(_, missing)| *missing > 0).collect()
    }

    /// When each phase of a target should come, from the best that is known; none before the experiment was started.
    pub fn expected(&self, track: &Track) -> Option<Expected> {
        let (experiment, warning) = (self.experiment.as_ref()?, self.warning?);
        let action_started = self.actions.values().filter_map(|action| action.started).min();
        let start = action_started.or(track.rebalance.map(|seen| seen.at));
        let start = start.unwrap_or(later(experiment.started, USUAL_START_DELAY));
        let notice = track.notice.map_or(later(start, warning.until_notice()), |seen| seen.at);
        let lead = if track.target.behavior == Some(Behavior::Hibernate) { SignedDuration::ZERO } else { NOTICE };
        Some(Expected { rebalance: start, notice, interruption: later(notice, lead) })
    }

    /// The latest time at which a target should be interrupted.
    pub fn expected_end(&self) -> Option<Timestamp> {
        self.tracks.iter().filter_map(|track| self.expected(track)).map(|expected| expected.interruption).max()
    }
}

impl Choice {
    /// How FIS's choice differs from its preview; none while it does not, or is not known.
    pub fn telling(&self) -> Option<String> {
        let list = |ids: &[InstanceId]| ids.iter().map(InstanceId::as_str).collect::<Vec<_>>().join(", ");
        match (self.others.as_slice(), self.spared.as_slice()) {
            ([], []) => None,
            ([], spared) => Some(format!("FIS CHOSE FEWER than in its preview: not {}", list(spared))),
            (others, []) => Some(format!("FIS CHOSE OTHERS than in its preview: also {}", list(others))),
            (others, spared) => Some(format!("FIS CHOSE OTHERS: {}, not {}", list(others), list(spared))),
        }
    }
}

impl Track {
    /// A target of which nothing was seen yet.
    fn of(target: Target) -> Self {
        Self {
            target,
            state: InstanceState::Running,
            rebalance: None,
            notice: None,
            leaving: None,
            gone: None,
            spot_request: None,
            replacement: None,
        }
    }
}

impl Progress {
    fn change(&mut self, status: &SafeText, reason: Option<&SafeText>, at: Timestamp) {
        self.status = status.clone();
        self.reason = reason.cloned();
        self.since = at;
    }

    /// FIS will not change it any more.
    pub fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "completed" | "stopped" | "failed" | "cancelled" | "skipped")
    }
}

/// Keeps the sighting whose source is nearer to the event; the earlier of two equally near.
fn better(known: &mut Option<Sighting>, new: Sighting) {
    let keep = known.is_some_and(|known| {
        (known.source.rank(), std::cmp::Reverse(known.at)) >= (new.source.rank(), std::cmp::Reverse(new.at))
    });
    if !keep {
        *known = Some(new);
    }
}

/// States in the order in which a target passes them: a late fact never takes one back.
fn order_of(state: &InstanceState) -> u8 {
    match state {
        InstanceState::Pending => 0,
        InstanceState::Running | InstanceState::Other(_) => 1,
        InstanceState::ShuttingDown | InstanceState::Stopping => 2,
        InstanceState::Terminated | InstanceState::Stopped => 3,
    }
}

/// How many instances a group of this kind brings back by itself.
fn promised(kind: GroupKind, lost: usize) -> usize {
    match kind {
        GroupKind::EksNodegroup | GroupKind::AutoScalingGroup => lost,
        // Karpenter sizes what it launches by the pods that wait: one large node may replace several
        GroupKind::KarpenterNodepool => lost.min(1),
        // whether these replace anything depends on their type, which their instances do not tell
        GroupKind::Ec2Fleet | GroupKind::SpotFleet | GroupKind::Emr | GroupKind::Ungrouped => 0,
    }
}

fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.saturating_add(by).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests;
