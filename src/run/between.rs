//! Between two waves: nothing runs then that could be stopped, and the next may come all the same. Knows what the journals and
//! the lock files of this machine tell of it, and stops nothing.

use rustix::process::{Pid, test_kill_process};

use super::{lock::last_kept_by, start::Ways};
use crate::{
    drill::{id::DrillId, plan::Wave, verdict::Outcome},
    journal::{self, Kept},
};

/// A wave that a program of this machine may go on with.
#[derive(Debug)]
pub struct Between {
    /// The drill of the wave before.
    pub after: DrillId,
    pub wave: Wave,
    pub process: i32,
}

/// The newest wave to come whose program is there yet.
pub fn between_waves(ways: &Ways) -> Result<Option<Between>, journal::Error> {
    let (kept, _) = journal::list(&ways.journals)?;
    let here = || kept.iter().filter(|kept| kept.header.endpoint == ways.endpoint);
    let gone_on_with = |after: &DrillId| {
        let waves = here().filter_map(|kept| kept.drill.planned.as_ref()?.plan.wave.as_ref());
        waves.flat_map(|wave| &wave.earlier).any(|earlier| earlier == after)
    };
    Ok(here().rev().filter_map(|kept| to_come(ways, kept)).find(|next| !gone_on_with(&next.after)))
}

fn to_come(ways: &Ways, Kept { header, drill, .. }: &Kept) -> Option<Between> {
    let plan = &drill.planned.as_ref()?.plan;
    let next = plan.next_wave(&header.drill)?.wave?;
    if drill.stop.is_some() || drill.verdict()?.verdict != Outcome::Held {
        return None;
    }
    let process = last_kept_by(ways, plan, &header.drill)?;
    let is_there = Pid::from_raw(process).is_some_and(|process| test_kill_process(process).is_ok());
    is_there.then(|| Between { after: header.drill.clone(), wave: *next, process })
}
