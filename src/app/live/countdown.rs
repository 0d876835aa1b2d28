//! What is counted down to: the notice first, then the end, then the replacements. Knows estimates from observations and
//! never shows one as the other.

use jiff::{SignedDuration, Timestamp};

use super::clock;
use crate::drill::{
    conduct::Drill,
    timeline::{Sighting, Timeline, Track},
};

/// The one large number of the live screen, with what it counts and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Countdown {
    pub title: &'static str,
    pub count: Count,
    pub basis: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Estimated to come after this time.
    Until(SignedDuration),
    /// Should have been observed this long ago.
    Overdue(SignedDuration),
    /// Observed this long ago.
    Since(SignedDuration),
    /// There is nothing to count from yet.
    Unknown,
}

pub fn countdown(drill: &Drill, now: Timestamp) -> Countdown {
    let timeline = &drill.timeline;
    let next = |missing: fn(&Track) -> bool, at: fn(crate::drill::timeline::Expected) -> Timestamp| {
        timeline.tracks.iter().filter(|track| missing(track)).filter_map(|t| timeline.expected(t)).map(at).min()
    };
    let before_notice = |track: &Track| track.notice.is_none() && track.leaving.is_none() && track.gone.is_none();
    if let Some(notice) = next(before_notice, |expected| expected.notice) {
        return Countdown { title: "notice in", count: toward(notice, now), basis: notice_basis(timeline, notice) };
    }
    let staying = |track: &Track| track.leaving.is_none() && track.gone.is_none();
    if let Some(end) = next(staying, |expected| expected.interruption) {
        let seen = timeline.tracks.iter().filter_map(|track| track.notice).min_by_key(|seen| seen.at);
        let basis = match seen {
            Some(Sighting { at, source }) => {
                format!("est. {}, notice {} {}", clock(end), clock(at), source.as_str())
            }
            None => format!("est. {}", clock(end)),
        };
        return Countdown { title: "interruption in", count: toward(end, now), basis };
    }
    let first_gone = timeline.tracks.iter().filter_map(|track| track.leaving.or(track.gone)).min_by_key(|seen| seen.at);
    match first_gone {
        Some(Sighting { at, source }) => Countdown {
            title: "since the first went",
            count: Count::Since(now.duration_since(at).max(SignedDuration::ZERO)),
            basis: format!("{} {}", clock(at), source.as_str()),
        },
        None => {
            Countdown { title: "starting", count: Count::Unknown, basis: String::from("nothing to count from yet") }
        }
    }
}

fn notice_basis(timeline: &Timeline, notice: Timestamp) -> String {
    let seen = timeline.tracks.iter().filter_map(|track| track.rebalance).min_by_key(|seen| seen.at);
    let began = timeline.actions.values().filter_map(|action| action.started).min();
    match (began, seen) {
        (Some(began), _) => format!("est. {}, action began {}", clock(notice), clock(began)),
        (None, Some(seen)) => format!("est. {}, rebalance {}", clock(notice), clock(seen.at)),
        (None, None) => format!("est. {}, FIS has not begun", clock(notice)),
    }
}

fn toward(at: Timestamp, now: Timestamp) -> Count {
    let left = at.duration_since(now);
    if left.is_negative() { Count::Overdue(-left) } else { Count::Until(left) }
}

impl Count {
    /// `~01:17`, `+00:12 late`, `00:39`; what is estimated begins with `~`.
    pub fn text(self) -> String {
        match self {
            Self::Until(left) => format!("~{}", minutes(rounded_up(left))),
            Self::Overdue(late) => format!("+{}", minutes(late.as_secs())),
            Self::Since(since) => minutes(since.as_secs()),
            Self::Unknown => String::new(),
        }
    }
}

/// A countdown that shows zero is over.
fn rounded_up(left: SignedDuration) -> i64 {
    left.as_secs() + i64::from(left.subsec_nanos() > 0)
}

fn minutes(seconds: i64) -> String {
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}
