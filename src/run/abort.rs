//! A stop from outside of the program that watches the drill: by its journal, or by its tag in the account. Knows what FIS
//! says of the experiment, and asks it once.

use std::time::Duration;

use futures_util::future::join_all;

use super::{
    found::{is_open, of_place},
    start::Ways,
};
use crate::{
    aws::{self, Aws, Kind},
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
    /// What FIS said of it just now, and whether it is done with it; none if it did not answer at once.
    status: Option<(SafeText, bool)>,
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

impl Stopped {
    pub fn telling(&self, Target { drill, experiment, .. }: &Target) -> String {
        match self {
            Self::Sent { saves } => format!("stop sent for experiment {experiment} of drill {drill}; {saves}"),
            Self::Already { status, saves } => {
                format!("a stop of drill {drill} was asked for already: FIS says {status} of {experiment}; {saves}")
            }
            Self::Done { status, saves } => {
                format!("nothing is left to stop of drill {drill}: FIS says {status} of {experiment}; {saves}")
            }
        }
    }
}

/// The drill of this name, or the newest one that runs. A journal of this place is enough, unless FIS says that its
/// experiment is over; the account is asked where there is none. What this machine's files do not tell is no reason not to
/// stop: why they could not be read is told beside.
pub async fn target(
    aws: &Aws,
    ways: &Ways,
    wanted: Option<&str>,
) -> Result<(Option<Target>, Option<journal::Error>), aws::Error> {
    let (kept, unread) = match journal::list(&ways.journals) {
        Ok((kept, _)) => (kept, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let is_it = |kept: &Kept| match wanted {
        Some(id) => kept.header.drill.as_str() == id || experiment_of(kept).is_some_and(|it| it.as_str() == id),
        None => is_open(kept) && goes_on(&kept.drill),
    };
    let kept: Vec<_> = of_place(kept, aws, ways, None).rev().filter(is_it).collect();
    let statuses = kept.iter().map(|kept| status_of(aws, experiment_of(kept)));
    let (account, statuses) = tokio::join!(briefly(aws, aws.account()), join_all(statuses));
    let account = account.and_then(Result::ok);
    let mut known = None;
    for (kept, status) in kept.into_iter().zip(statuses) {
        if !kept.header.whence().is_of(account.as_deref(), None, ways.endpoint.as_ref()) {
            continue;
        }
        let is_done = matches!(status, Some(Ok((_, true))));
        let is_there = !matches!(&status, Some(Err(error)) if error.kind == Kind::NotFound);
        match experiment_of(&kept).cloned() {
            Some(experiment) if is_there && (wanted.is_some() || !is_done) => {
                let (drill, status) = (kept.header.drill.clone(), status.and_then(Result::ok));
                return Ok((Some(Target { drill, experiment, known: Some(Box::new(kept)), status }), unread));
            }
            _ if wanted.is_some() => known = Some(Box::new(kept)),
            _ => {}
        }
    }
    let is_it = |seen: &Seen| match wanted {
        Some(id) => seen.drill.as_str() == id || seen.experiment.as_str() == id,
        None => seen.goes_on,
    };
    let seen = aws.drills().await?.into_iter().rev().find(is_it);
    let target = seen.map(|Seen { drill, experiment, status, goes_on, .. }| Target {
        drill,
        experiment,
        known,
        status: Some((status, !goes_on)),
    });
    Ok((target, unread))
}

fn experiment_of(kept: &Kept) -> Option<&ExperimentId> {
    kept.drill.timeline.experiment.as_ref().map(|experiment| &experiment.id)
}

async fn status_of(aws: &Aws, experiment: Option<&ExperimentId>) -> Option<Result<(SafeText, bool), aws::Error>> {
    briefly(aws, aws.experiment_status(experiment?)).await
}

/// A stop waits for nobody.
async fn briefly<T>(aws: &Aws, answer: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        answer = answer => Some(answer),
        () = aws.clock.sleep(BRIEFLY.mul_f64(aws.clock.rate())) => None,
    }
}

fn goes_on(drill: &Drill) -> bool {
    drill.timeline.experiment.as_ref().is_some_and(|experiment| !experiment.progress.is_over())
}

/// Asks FIS to stop, unless it was asked before or is done by its own word; says so in the journal, if no other program
/// writes it.
pub async fn abort(aws: &Aws, target: &Target, by: SafeText) -> Result<Stopped, aws::Error> {
    match target.status.clone() {
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
