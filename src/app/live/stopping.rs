//! What a stop can and cannot save at this moment, in words. Knows what AWS promises about a stop: little.

use super::clock;
use crate::drill::{conduct::Drill, timeline::Track};

/// The text of the stop dialog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopping {
    pub title: &'static str,
    pub lines: Vec<String>,
    /// A stop would still reach something.
    pub possible: bool,
}

const NO_RECALL: &str =
    "AWS documents no recall of an interruption: even now, an instance may still go. Keep watching after the stop.";

pub fn stopping(drill: &Drill) -> Stopping {
    let tracks = &drill.timeline.tracks;
    let doomed = |track: &&Track| track.notice.is_some() || track.leaving.is_some() || track.gone.is_some();
    let (all, doomed) = (tracks.len(), tracks.iter().filter(doomed).count());
    let mut lines = Vec::new();
    let title = match drill.timeline.notice_to_all().filter(|_| all > 0) {
        Some(at) => {
            lines.push(format!("The notice went to all {all} by {}. That was the point of no return:", clock(at)));
            lines.push(String::from("nothing can be saved. Each of them goes two minutes after its notice."));
            "TOO LATE TO SAVE ANYTHING"
        }
        None if doomed > 0 => {
            lines.push(format!("{doomed} of {all} have their notice: those go, whatever is done."));
            lines.push(format!("The other {} have none yet; AWS does not say that a stop saves them.", all - doomed));
            lines.push(String::from(NO_RECALL));
            "STOP THE DRILL?"
        }
        None if drill.can_stop() => {
            lines.push(String::from(
                "No notice was observed yet. A stop ends the experiment in FIS; what EC2 was told, it may do.",
            ));
            lines.push(String::from(NO_RECALL));
            "STOP THE DRILL?"
        }
        None => {
            lines.push(String::from("No notice was observed, but FIS is done: a stop reaches nothing any more."));
            "NOTHING LEFT TO STOP"
        }
    };
    if !drill.can_stop() {
        lines.push(String::from("FIS is done with its experiment: there is nothing left that a stop would reach."));
        lines.dedup();
    } else if drill.aborted {
        lines.push(String::from("A stop was asked for already; this asks once more."));
    }
    Stopping { title, lines, possible: drill.can_stop() }
}
