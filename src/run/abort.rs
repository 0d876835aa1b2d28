//! A stop from outside of the program that watches the drill: by its journal, or by its tag in the account. Knows what FIS
//! says of the experiment, and asks it once.

use std::{path::Path, time::Duration};

use crate::{
    aws::{self, Aws},
    drill::{
        conduct::Drill,
        fact::{Entry, Fact, What},
        found::Seen,
        id::{DrillId, ExperimentId},
        order::Order,
        stopping::NO_RECALL,
    },
    journal::{self, Journal, Kept},
    text::SafeText,
};

/// FIS is asked where the experiment stands for so long in our time; then the stop leaves all the same.
const BRIEFLY: Duration = Duration::from_millis(500);

/// What is to be stopped.
#[derive(Clone, Debug)]
pub struct Target {
    pub drill: DrillId,
    pub experiment: ExperimentId,
    /// What its journal here tells, if there is one.
    pub known: Option<Box<Kept>>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    /// This stop was taken; what it can save.
    Sent { saves: String },
    /// FIS was asked before.
    Already { status: SafeText, saves: String },
    /// FIS is done with the experiment: there is nothing that a stop would reach.
    Done { status: SafeText, saves: String },
}

/// The drill of this name, or the newest one that runs. Its journal is enough: the account is asked only where there is
/// none, or none that names the experiment.
pub async fn target(
    aws: &Aws,
    journals: &Path,
    endpoint: Option<&SafeText>,
    wanted: Option<&str>,
) -> Result<Option<Target>, NotAborted> {
    let (kept, _) = journal::list(journals)?;
    let is_it = |kept: &Kept| match wanted {
        Some(id) => kept.header.drill.as_str() == id,
        None => super::found::is_open(kept) && kept.header.endpoint.as_ref() == endpoint && goes_on(&kept.drill),
    };
    let known = kept.into_iter().rev().find(is_it);
    let experiment = known.as_ref().and_then(|kept| kept.drill.timeline.experiment.as_ref());
    if let (Some(kept), Some(experiment)) = (&known, experiment) {
        let (drill, experiment) = (kept.header.drill.clone(), experiment.id.clone());
        return Ok(Some(Target { drill, experiment, known: known.map(Box::new) }));
    }
    let is_it = |seen: &Seen| match wanted {
        Some(id) => seen.drill.as_str() == id || seen.experiment.as_str() == id,
        None => seen.goes_on,
    };
    let seen = aws.drills().await?.into_iter().rev().find(is_it);
    Ok(seen.map(|Seen { drill, experiment, .. }| Target { drill, experiment, known: known.map(Box::new) }))
}

fn goes_on(drill: &Drill) -> bool {
    drill.timeline.experiment.as_ref().is_some_and(|experiment| !experiment.progress.is_over())
}

/// Why a drill could not be stopped.
#[derive(Debug, thiserror::Error)]
pub enum NotAborted {
    #[error(transparent)]
    Aws(#[from] aws::Error),
    #[error(transparent)]
    Journal(#[from] journal::Error),
}

/// Asks FIS to stop, unless it was asked before or is done; says so in the journal, if no other program writes it.
pub async fn abort(aws: &Aws, target: &Target, by: SafeText) -> Result<Stopped, aws::Error> {
    let briefly = aws.clock.sleep(BRIEFLY.mul_f64(aws.clock.rate()));
    let before = tokio::select! {
        before = aws.experiment_status(&target.experiment) => before.ok(),
        () = briefly => None, // a stop waits for nobody
    };
    match before {
        Some((status, true)) => return Ok(Stopped::Done { saves: saves(target, &status), status }),
        Some((status, false)) if status.as_str() == "stopping" => {
            return Ok(Stopped::Already { saves: saves(target, &status), status });
        }
        _ => {}
    }
    let asked = Fact::operators(aws.clock.now(), What::StopRequested { by });
    let sent = aws.carry_out(&Order::StopExperiment { experiment: target.experiment.clone() }).await?;
    write_down(target, [asked, sent]);
    Ok(Stopped::Sent { saves: saves(target, &SafeText::new("running")) })
}

/// What a stop saves, by what the journal tells; where there is none, by what FIS's status means.
fn saves(Target { known, .. }: &Target, status: &SafeText) -> String {
    match known {
        Some(kept) if goes_on(&kept.drill) || kept.drill.timeline.notice_to_all().is_some() => kept.drill.stop_saves(),
        _ if status.as_str() == "completed" => String::from(
            "FIS has sent the notice: nothing can be saved, it cannot be recalled, and the countdown runs on",
        ),
        _ => String::from(NO_RECALL),
    }
}

/// A drill that nobody conducts is told here of its stop, so that whoever comes back to it knows. A journal that is written
/// by another program is that program's: it hears of the stop from FIS.
fn write_down(target: &Target, facts: [Fact; 2]) {
    let Some(kept) = &target.known else { return };
    let Ok((mut journal, record)) = Journal::resume(&kept.path) else { return };
    let last = record.entries.last().map_or(0, |entry| entry.seq);
    for (seq, fact) in (last + 1..).zip(facts) {
        if journal.append(&Entry { seq, fact }).is_err() {
            return; // the stop was sent, and FIS tells of it
        }
    }
    let _ = journal.sync(); // the same
}
