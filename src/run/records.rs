//! What the journals on this machine say of an account: which drills go on, and which may, for their record cannot be trusted.
//! Knows what a journal is worth, and asks nothing of AWS.

use std::path::Path;

use super::start::left_open;
use crate::{
    drill::{fleet::World, id::DrillId},
    journal::{self, Header, Kept, Whence},
    text::SafeText,
};

/// The journals of an account, a region and a server.
#[derive(Debug, Default)]
pub struct Records {
    pub kept: Vec<Kept>,
    /// Journals whose drill may go on, whatever they say: which, why, and what to do, a sentence each.
    pub in_doubt: Vec<SafeText>,
}

impl Records {
    /// The drills that were started from here and are not over: FIS's word that it has sent the notice is not their end.
    pub fn open(&self) -> impl Iterator<Item = &DrillId> {
        let lab_is_gone = |header: &Header| header.world == World::Lab && header.endpoint.is_none();
        let open = self.kept.iter().filter(move |it| left_open(it.drill.phase) && !lab_is_gone(&it.header));
        open.map(|record| &record.header.drill)
    }
}

/// Those of that account and server; and of that region, if one is named.
pub fn of(
    journals: &Path,
    account: &str,
    region: Option<&str>,
    endpoint: Option<&SafeText>,
) -> Result<Records, journal::Error> {
    let (kept, unreadable) = journal::list(journals)?;
    let is_here = |whence: &Whence| {
        whence.account.as_str() == account
            && whence.endpoint.as_ref() == endpoint
            && region.is_none_or(|region| whence.region.as_str() == region)
    };
    let unreadable = unreadable.iter().filter(|error| error.whence().is_none_or(is_here));
    let mut in_doubt: Vec<_> = unreadable
        .filter(|error| !error.is_unbegun())
        .map(|error| SafeText::new(format!("{error}. `spotdrill drills --account` shows whether its drill goes on")))
        .collect();
    // of a first line that was changed the account is not known either
    let changed = |record: &&Kept| {
        record.state.changed_at == Some(1) || record.state.changed_at.is_some() && is_here(&record.header.whence())
    };
    in_doubt.extend(kept.iter().filter(changed).map(|Kept { path, header, state, .. }| {
        SafeText::new(format!(
            "{} was changed after it was written, at line {}. Once `spotdrill drills --account` shows that drill {} is over, \
             move it away",
            path.display(),
            state.changed_at.unwrap_or_default(),
            header.drill
        ))
    }));
    Ok(Records { kept: kept.into_iter().filter(|record| is_here(&record.header.whence())).collect(), in_doubt })
}
