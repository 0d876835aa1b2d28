//! What is to be observed of a drill, phase by phase. Knows no source and keeps no watch.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{Drill, Phase};
use crate::drill::{fleet::GroupKind, order::Watch, timeline::Timeline};

impl Drill {
    /// What should be observed now.
    pub fn watches(&self) -> Vec<Watch> {
        let Some((since, _)) = &self.confirmed else { return Vec::new() };
        let under_way = matches!(self.phase, Phase::Creating | Phase::Starting | Phase::Running | Phase::Settling);
        if !under_way || self.is_at_rest() {
            return Vec::new();
        }
        // before anything is hit, so that the drill has what to compare with
        let checks = self.timeline.health.checked.iter();
        let mut watches: Vec<_> = checks.map(|checked| Watch::Check(checked.check.clone())).collect();
        if !matches!(self.phase, Phase::Running | Phase::Settling) {
            return watches;
        }
        if let (Phase::Running, Some(experiment)) = (self.phase, &self.timeline.experiment) {
            watches.push(Watch::Experiment(experiment.id.clone()));
        }
        let Timeline { tracks, choice, .. } = &self.timeline;
        if choice.open && self.phase == Phase::Running {
            return watches; // which instances are hit is not known before FIS says so
        }
        let targets: Vec<_> = tracks.iter().map(|track| track.target.id.clone()).collect();
        watches.push(Watch::Instances(targets.clone()));
        if choice.unknown.is_empty() {
            watches.extend(self.of_known_targets(*since));
        } else {
            watches.push(Watch::Chosen(choice.unknown.clone()));
        }
        watches.push(Watch::Logs { since: *since, targets: targets.clone() });
        watches.push(Watch::Events { since: *since, targets });
        watches
    }

    /// What can only be watched once EC2 has told of every target by which request and in which group it runs.
    fn of_known_targets(&self, since: Timestamp) -> Vec<Watch> {
        let targets = || self.timeline.tracks.iter().map(|track| &track.target);
        let requests: Vec<_> = targets().filter_map(|target| target.spot_request.clone()).collect();
        let groups: BTreeSet<_> = targets().map(|target| &target.group).collect();
        let requests = (!requests.is_empty()).then_some(Watch::SpotRequests(requests));
        let groups = groups.into_iter().filter(|group| group.kind != GroupKind::Ungrouped);
        let groups = groups.map(|group| Watch::Group { group: group.clone(), since });
        requests.into_iter().chain(groups).collect()
    }
}
