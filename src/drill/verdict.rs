//! How a drill ended, and by which observations. Knows the timeline it is read from and nothing else.

use serde::{Deserialize, Serialize};

use super::{
    id::InstanceId,
    timeline::{Timeline, Track},
};
use crate::text::SafeText;

/// The end of a drill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    pub verdict: Outcome,
    /// Why, a sentence each; empty only for `held`.
    pub reasons: Vec<SafeText>,
    pub interrupted: Vec<InstanceId>,
    /// Targets that were not seen to go in time.
    pub not_observed: Vec<InstanceId>,
    pub replacements: Vec<InstanceId>,
    /// What could not be looked at, and from when to when, a sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<SafeText>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Every target was seen to go, each group that lost one was seen to replace it, and no health check was seen to fail.
    Held,
    /// Something did not happen, or not in time, or to the wrong instance.
    Failed,
    /// The operator stopped it.
    Aborted,
    /// Nothing was started: AWS refused, or did not answer.
    Refused,
    /// FIS says that it is done, and it did nothing: what its targets name was not there.
    NoOp,
    /// Whether anything was started could not be told: it may run.
    Unknown,
}

impl Outcome {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
            Self::Refused => "refused",
            Self::NoOp => "no-op",
            Self::Unknown => "unknown",
        }
    }
}

/// Reads the verdict off a timeline to which nothing will be added.
pub(super) fn reached(timeline: &Timeline, aborted: bool, refused: Option<&SafeText>, unknown: bool) -> Verdict {
    let gone = |track: &&Track| track.gone.is_some();
    let mut reasons: Vec<SafeText> = timeline.complaints.clone();
    for id in &timeline.choice.unknown {
        reasons.push(SafeText::new(format!("{id}: FIS chose it, and EC2 did not say what it is")));
    }
    for track in timeline.tracks.iter().filter(|track| !gone(track)) {
        reasons.push(SafeText::new(format!("{}: not observed to go; last seen {}", track.target.id, track.state)));
    }
    for (group, missing) in timeline.missing_replacements() {
        reasons.push(SafeText::new(format!("{}: {missing} replacement not observed running", group.qualified())));
    }
    reasons.extend(timeline.health.failures());
    if timeline.did_nothing() {
        let why = timeline.actions.values().find_map(|action| action.reason.as_ref());
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        reasons.insert(0, SafeText::new(format!("FIS says completed, and no action was carried out{why}")));
    }
    let outcome = match refused {
        Some(_) => Outcome::Refused,
        None if unknown => Outcome::Unknown,
        None if timeline.did_nothing() => Outcome::NoOp,
        None if aborted => Outcome::Aborted,
        None if reasons.is_empty() => Outcome::Held,
        None => Outcome::Failed,
    };
    if let Some(why) = refused {
        reasons = vec![why.clone()];
    }
    if aborted {
        let (went, all) = (timeline.tracks.iter().filter(gone).count(), timeline.tracks.len());
        reasons.insert(0, SafeText::new(format!("a stop was asked for; {went} of {all} went all the same")));
    }
    let ids = |wanted: bool| timeline.tracks.iter().filter(move |t| t.gone.is_some() == wanted).map(|t| &t.target.id);
    Verdict {
        verdict: outcome,
        reasons,
        interrupted: ids(true).cloned().collect(),
        not_observed: if refused.is_some() { Vec::new() } else { ids(false).cloned().collect() },
        replacements: timeline.replacements.iter().map(|replacement| replacement.id.clone()).collect(),
        unseen: timeline.blind.telling(),
    }
}
