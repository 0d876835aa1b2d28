//! Drills that were left, found again: by their journals here, and by their tag in the account. One of them is watched
//! again, and none is ever started by it. Knows no prompt and no screen.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use super::start::{NotStarted, Running, Ways, adopt, take_up};
use crate::{
    aws::{self, Aws, lock::Read},
    drill::{
        conduct::Phase,
        fleet::World,
        found::{Found, Seen},
        id::DrillId,
        lock::{Lock, State},
    },
    journal::{self, Kept},
    text::SafeText,
};

/// From FIS's last word to the last instance's end: a notice, and some more.
const STILL_DYING: SignedDuration = SignedDuration::from_mins(3);

/// A drill, and what there is of it.
#[derive(Clone, Debug)]
pub enum Left {
    /// Its journal is here.
    Here { found: Found, journal: PathBuf },
    /// The account alone tells of it.
    There { found: Found, seen: Box<Seen> },
}

impl Left {
    pub fn found(&self) -> &Found {
        match self {
            Self::Here { found, .. } | Self::There { found, .. } => found,
        }
    }
}

/// The drills that can be come back to, newest first, and why the account could not be asked, if it could not.
pub async fn left(aws: &Aws, ways: &Ways) -> Result<(Vec<Left>, Option<aws::Error>), journal::Error> {
    let (kept, _) = journal::list(&ways.journals)?;
    let (account, seen) = tokio::join!(aws.account(), aws.drills());
    let (seen, error) = match seen {
        Ok(seen) => (seen, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let now = aws.clock.now();
    let goes_on = |drill: &DrillId| newest_that_goes_on(&seen, drill);
    let (mut left, mut known) = (Vec::new(), Vec::new());
    for kept in of_place(kept, aws, ways, account.ok().as_deref()) {
        known.push(kept.header.drill.clone());
        let shown = goes_on(&kept.header.drill).filter(|_| kept.drill.phase == Phase::Over);
        if is_open(&kept) || shown.is_some() {
            left.push(here(kept, shown, now));
        }
    }
    let may_be_live = |seen: &Seen| seen.goes_on || now.duration_since(seen.begun) < STILL_DYING;
    let elsewhere: Vec<_> = seen.into_iter().filter(|seen| may_be_live(seen) && !known.contains(&seen.drill)).collect();
    let locks = if elsewhere.is_empty() { Some(Vec::new()) } else { aws.locks().await.ok() };
    for seen in elsewhere {
        let of_drill = |read: &&Read| read.entry.lock.drill == seen.drill;
        let lock = locks.iter().flatten().flatten().find(of_drill).map(|read| &read.entry);
        // a drill frees its lock at its very end
        if seen.goes_on || lock.is_none_or(|entry| entry.state == State::Held) {
            left.push(there(seen, lock.filter(|entry| entry.state == State::Held).map(|entry| &entry.lock)));
        }
    }
    left.sort_by_key(|left| std::cmp::Reverse(left.found().begun));
    Ok((left, error))
}

/// The journals of this place, as far as the account is known.
pub(super) fn of_place<'a>(
    kept: Vec<Kept>,
    aws: &'a Aws,
    ways: &'a Ways,
    account: Option<&'a str>,
) -> impl DoubleEndedIterator<Item = Kept> {
    let is_here = move |kept: &Kept| kept.header.whence().is_of(account, Some(&aws.region), ways.endpoint.as_ref());
    kept.into_iter().filter(is_here)
}

/// The experiment of a drill that FIS is not done with.
fn newest_that_goes_on<'a>(seen: &'a [Seen], drill: &DrillId) -> Option<&'a Seen> {
    seen.iter().rfind(|seen| seen.drill == *drill && seen.goes_on)
}

/// Whether a drill can be come back to: also one that was left before its start, for it may hold its lock.
pub fn is_open(Kept { header, drill, .. }: &Kept) -> bool {
    let lab_is_gone = header.world == World::Lab && header.endpoint.is_none();
    let is_left = match drill.phase {
        Phase::Over => false,
        Phase::Planned => drill.planned.is_some(),
        _ => true,
    };
    is_left && !lab_is_gone
}

/// With the experiment that goes on, though the journal says that the drill is over.
fn here(Kept { path, header, drill, .. }: Kept, shown: Option<&Seen>, now: Timestamp) -> Left {
    let stands = match (drill.phase, &drill.timeline.experiment, shown) {
        (_, _, Some(seen)) => format!("FIS says {}, though its journal is closed", seen.status),
        (Phase::Planned, ..) => String::from("nothing was started; coming back to it frees its lock"),
        (Phase::Starting, ..) => String::from("whether it started is not known yet"),
        (_, Some(experiment), _) => format!("FIS said {}", experiment.progress.status),
        (_, None, _) => String::from("no experiment of it is known"),
    };
    let by = Some(SafeText::new(format!("{}@{}", header.who.user, header.who.host)));
    let planned = drill.planned.as_ref().filter(|_| drill.may_start_again(now));
    let unanswered = planned.map(|planned| Box::new(planned.plan.clone()));
    let stoppable = drill.can_stop() || shown.is_some();
    let (drill, begun, stands) = (header.drill, header.begun, SafeText::new(stands));
    let found = Found { drill, by, begun, stands, stoppable, unanswered };
    Left::Here { found, journal: path }
}

fn there(seen: Seen, lock: Option<&Lock>) -> Left {
    let stands = SafeText::new(format!("FIS says {}; no journal of it is here", seen.status));
    let by = lock.map(|lock| SafeText::new(format!("{}@{}, who may be watching it", lock.user, lock.host)));
    let (drill, begun, stoppable) = (seen.drill.clone(), seen.begun, seen.goes_on);
    let found = Found { drill, by, begun, stands, stoppable, unanswered: None };
    Left::There { found, seen: Box::new(seen) }
}

/// Comes back to a drill by its name: by its journal, or else by what the account says of it, however long it is over. A
/// journal that is closed is opened again where FIS says that the experiment goes on.
pub async fn come_back(aws: &Aws, ways: &Ways, drill: &DrillId, go_on: bool) -> Result<Running, NotStarted> {
    let (kept, _) = journal::list(&ways.journals)?;
    let kept = kept.iter().find(|kept| kept.header.drill == *drill);
    match kept {
        Some(kept) if kept.drill.phase == Phase::Over => {
            let seen = aws.drills().await?;
            take_up(aws, ways, &kept.path, go_on, newest_that_goes_on(&seen, drill)).await
        }
        Some(kept) => take_up(aws, ways, &kept.path, go_on, None).await,
        None => match aws.drills().await?.into_iter().rev().find(|seen| seen.drill == *drill) {
            Some(seen) => adopt(aws, ways, &seen).await,
            None => Err(NotStarted::NotFound { drill: drill.clone() }),
        },
    }
}
