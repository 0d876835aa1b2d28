//! Drills that were left, found again: by their journals here, and by their tag in the account. One of them is watched
//! again, and none is ever started by it. Knows no prompt and no screen.

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};

use super::start::{NotStarted, Running, Ways, adopt, take_up};
use crate::{
    aws::{self, Aws},
    drill::{
        conduct::Phase,
        fleet::World,
        found::{Found, Seen},
        id::DrillId,
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
    let now = aws.clock.now();
    let mut left = of_journals(ways, now)?;
    let (seen, error) = match aws.drills().await {
        Ok(seen) => (seen, None),
        Err(error) => (Vec::new(), Some(error)),
    };
    let is_live = |seen: &Seen| seen.goes_on || now.duration_since(seen.begun) < STILL_DYING;
    let known: Vec<DrillId> = journal::list(&ways.journals)?.0.into_iter().map(|kept| kept.header.drill).collect();
    left.extend(seen.into_iter().filter(|seen| is_live(seen) && !known.contains(&seen.drill)).map(there));
    left.sort_by_key(|left| std::cmp::Reverse(left.found().begun));
    Ok((left, error))
}

/// The open drills of the journals here, of this place: a lab in a program that ended is gone.
fn of_journals(ways: &Ways, now: Timestamp) -> Result<Vec<Left>, journal::Error> {
    let (kept, _) = journal::list(&ways.journals)?;
    let open = kept.into_iter().filter(|kept| is_open(kept) && kept.header.endpoint == ways.endpoint);
    Ok(open.map(|kept| here(kept, now)).collect())
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

fn here(Kept { path, header, drill, .. }: Kept, now: Timestamp) -> Left {
    let stands = match (drill.phase, &drill.timeline.experiment) {
        (Phase::Planned, _) => String::from("nothing was started; coming back to it frees its lock"),
        (Phase::Starting, _) => String::from("whether it started is not known yet"),
        (_, Some(experiment)) => format!("FIS said {}", experiment.progress.status),
        (_, None) => String::from("no experiment of it is known"),
    };
    let by = Some(SafeText::new(format!("{}@{}", header.who.user, header.who.host)));
    let planned = drill.planned.as_ref().filter(|_| drill.may_start_again(now));
    let unanswered = planned.map(|planned| Box::new(planned.plan.clone()));
    let found = Found { drill: header.drill, by, begun: header.begun, stands: SafeText::new(stands), unanswered };
    Left::Here { found, journal: path }
}

fn there(seen: Seen) -> Left {
    let stands = SafeText::new(format!("FIS says {}; no journal of it is here", seen.status));
    let found = Found { drill: seen.drill.clone(), by: None, begun: seen.begun, stands, unanswered: None };
    Left::There { found, seen: Box::new(seen) }
}

/// Comes back to a drill by its name: by its journal, or else by what the account says of it, however long it is over.
pub async fn come_back(aws: &Aws, ways: &Ways, drill: &DrillId, go_on: bool) -> Result<Running, NotStarted> {
    let (kept, _) = journal::list(&ways.journals)?;
    if let Some(kept) = kept.iter().find(|kept| kept.header.drill == *drill) {
        return take_up(aws, ways, &kept.path, go_on).await;
    }
    let seen = aws.drills().await?.into_iter().rev().find(|seen| seen.drill == *drill);
    match seen {
        Some(seen) => adopt(aws, ways, &seen).await,
        None => Err(NotStarted::NotFound { drill: drill.clone() }),
    }
}
