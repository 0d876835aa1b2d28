//! A stop as its facts tell it, and in words: asked for, sent, and what was observed of the targets all the same. Knows
//! what AWS promises of a stop: little.

use jiff::Timestamp;

use super::{
    conduct::{Drill, Phase},
    timeline::Track,
};
use crate::text::SafeText;

/// A stop that was asked for, by the operator of this drill or by somebody else.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// When it was asked for first, or seen to have been.
    pub asked: Timestamp,
    pub by: SafeText,
    /// When FIS took it.
    pub sent: Option<Timestamp>,
    /// Why the last order did not arrive.
    pub failed: Option<SafeText>,
    /// An order is on its way or was taken: one more would be the same stop.
    ordered: bool,
}

/// Whoever asked FIS by another way than this drill.
pub const SOMEBODY_ELSE: &str = "somebody else";
/// What there is to say of every stop before the notice.
pub const NO_RECALL: &str = "AWS documents no recall: watch the targets";

impl Stop {
    pub(super) fn asked(at: Timestamp, by: SafeText) -> Self {
        Self { asked: at, by, sent: None, failed: None, ordered: false }
    }

    pub(super) fn ordered(&mut self) {
        (self.ordered, self.failed) = (true, None);
    }

    pub(super) fn did_not_arrive(&mut self, why: &str) {
        (self.ordered, self.failed) = (false, Some(SafeText::new(why)));
    }

    pub(super) fn is_on_its_way(&self) -> bool {
        self.ordered
    }
}

/// What was observed of the targets, in numbers.
struct Fates {
    all: usize,
    gone: usize,
    /// Not gone, and beyond recall: with a notice, or leaving.
    doomed: usize,
}

impl Fates {
    fn of(drill: &Drill) -> Self {
        let tracks = &drill.timeline.tracks;
        let is_doomed = |track: &&Track| track.gone.is_none() && (track.notice.is_some() || track.leaving.is_some());
        Self {
            all: tracks.len(),
            gone: tracks.iter().filter(|track| track.gone.is_some()).count(),
            doomed: tracks.iter().filter(is_doomed).count(),
        }
    }
}

impl Drill {
    /// What a stop can still save at this moment.
    pub fn stop_saves(&self) -> String {
        let fates = Fates::of(self);
        match self.timeline.notice_to_all().filter(|_| fates.all > 0) {
            _ if self.phase == Phase::Over => String::from("the drill is over: there is nothing to stop"),
            Some(_) if fates.gone == fates.all => format!(
                "nothing can be saved: {}",
                if fates.all == 1 { String::from("the target is gone") } else { format!("all {} are gone", fates.all) }
            ),
            Some(at) => format!(
                "nothing can be saved: the notice went to {} by {}, it cannot be recalled, and the countdown runs on",
                if fates.all == 1 { String::from("the target") } else { format!("all {}", fates.all) },
                clock(at)
            ),
            None if fates.gone + fates.doomed > 0 => format!(
                "{} of {} have their notice: those go, whatever is done. For the others {NO_RECALL}",
                fates.gone + fates.doomed,
                fates.all
            ),
            None if matches!(self.phase, Phase::Planned | Phase::Closing) => {
                String::from("no experiment of this drill runs that a stop would reach")
            }
            None if self.can_stop() => String::from(NO_RECALL),
            None => {
                String::from("FIS is done with its experiment, so a stop reaches nothing any more: watch the targets")
            }
        }
    }

    /// Where a stop stands: asked for, sent, what FIS says, what was observed of the targets. None without a stop.
    pub fn stop_stands(&self) -> Option<String> {
        let stop = self.stop.as_ref()?;
        let (asked, fates) = (clock(stop.asked), Fates::of(self));
        let experiment = self.timeline.experiment.as_ref();
        let head = match (stop.sent, &stop.failed) {
            (Some(sent), _) => format!("STOP SENT {}", clock(sent)),
            (None, Some(why)) => format!("STOP DID NOT ARRIVE ({why}): X sends it again"),
            (None, None) if matches!(self.phase, Phase::Creating | Phase::Starting) => {
                format!("STOP ASKED FOR {asked}, sent as soon as FIS names an experiment")
            }
            (None, None) if self.aborted && stop.by.as_str() == SOMEBODY_ELSE => {
                format!("STOP BY SOMEBODY ELSE, seen {asked}")
            }
            (None, None) if self.aborted => format!("STOP ASKED FOR {asked}"),
            (None, None) => format!("STOP ASKED FOR {asked}, too late"),
        };
        let fis = experiment.map(|experiment| format!("  FIS says {}", experiment.progress.status));
        let Fates { all, gone, doomed } = fates;
        let targets = if self.timeline.notice_to_all().is_some_and(|_| gone < all) {
            format!("NOTHING CAN BE SAVED  gone {gone} of {all}")
        } else {
            format!("gone {gone} of {all}, with notice {doomed}")
        };
        Some(format!("{head}  {targets}{}", fis.unwrap_or_default()))
    }
}

impl Drill {
    /// The same stop with AWS's own program, for whoever has no spotdrill at hand; none while no experiment runs.
    pub fn stop_command(&self, endpoint: Option<&SafeText>) -> Option<String> {
        let experiment = self.timeline.experiment.as_ref().filter(|experiment| !experiment.progress.is_over())?;
        let region = &self.planned.as_ref()?.plan.region;
        let endpoint = endpoint.map(|url| format!(" --endpoint-url {url}")).unwrap_or_default();
        Some(format!("aws fis stop-experiment --region {region} --id {}{endpoint}", experiment.id))
    }
}

/// Whether FIS refuses a stop because it is done with the experiment: nobody can stop it any more, by hand neither.
/// Source: AWS FIS API, StopExperiment.
pub fn is_done_with(code: &str) -> bool {
    ["ValidationException", "ResourceNotFoundException"].contains(&code)
}

fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}
