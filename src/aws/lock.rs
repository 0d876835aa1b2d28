//! Locks on groups, one parameter each in Parameter Store: read, taken, freed, removed. Knows how one of several writers is
//! told from the others.
//!
//! A parameter's versions are a log with one order: each write appends one. A writer says which version it had read (`on`
//! and `below`), and a version counts only if it is the very next one. So of all who read the same lock exactly one writes
//! what counts, whoever of them writes last; everyone, the writers too, reads back to the last version that counts. A
//! parameter that is not there is created by one alone: `Overwrite=false`.
//!
//! Freeing a lock writes a version, too, and deletes nothing: AWS asks for 30 seconds between a delete and a create of the
//! same name (Systems Manager API, DeleteParameter), and a delete has no condition, so a late one would take another's
//! lock away. Only [`Aws::remove_lock`] deletes, after it has written that it will; who reads that waits
//! [`REMOVING`], three times as long as AWS accepts the signature of a request that was held up.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_sdk_fis::types::ExperimentSummary;
use aws_sdk_ssm::types::{ParameterType, Tag};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::{
    Aws, Error, Kind,
    error::absent,
    experiments::{Experiments, goes_on},
    timestamp,
};
use crate::{
    crash::{self, Point},
    drill::{
        fact::{Fact, What},
        fleet::GroupKey,
        id::{DrillId, ExperimentId},
        lock::{Entry, Lock, Shown, Standing, State, mark, name_of},
        template::DRILL_TAG,
    },
    text::SafeText,
};

/// The folder of all locks in Parameter Store.
pub const LOCKS: &str = "/spotdrill/lock";
/// How long a lock that is being removed is left alone. A request's signature is good for five minutes.
pub const REMOVING: SignedDuration = SignedDuration::from_mins(15);
/// How long after that was written it may still be deleted, by the steady clock: whoever waits must never meet the delete.
const IN_TIME: SignedDuration = SignedDuration::from_mins(1);
/// How often the delete is tried.
const DELETES: usize = 3;
/// How often a lock is read and written anew if others came in between.
const ATTEMPTS: usize = 8;
/// How long to wait before that: AWS takes three writes a second. Source: Systems Manager quotas.
const AGAIN: Duration = Duration::from_secs(1);
/// How far back to look for the version that counts: as many operators would have to write at once.
const BACK: u64 = 50;
/// The largest page. Source: Systems Manager API, GetParametersByPath.
const PAGE: i32 = 10;

/// A lock as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// The parameter's name.
    pub name: String,
    /// What counts.
    pub entry: Entry,
    /// When that was written, by AWS's word.
    pub since: Timestamp,
    /// The newest version, which may not count, and its value.
    latest: (u64, String),
}

impl Read {
    /// What is known of it where it is held, by all experiments that FIS lists. Of those that bear its drill's tag the newest
    /// counts, and one that goes on before any other.
    pub fn standing(&self, all: &Experiments) -> Standing {
        let lock = self.entry.lock.clone();
        let is_its = |experiment: &&ExperimentSummary| {
            experiment.tags().and_then(|tags| tags.get(DRILL_TAG)).is_some_and(|tag| tag == lock.drill.as_str())
        };
        let shown = all.0.iter().filter(is_its).map(|experiment| Shown {
            experiment: ExperimentId::new(experiment.id().unwrap_or_default()),
            goes_on: goes_on(experiment),
            created: experiment.creation_time().and_then(timestamp),
        });
        let shown = shown.max_by_key(|shown| (shown.goes_on, shown.created));
        Standing { lock, since: self.since, shown }
    }
}

/// What a look at a lock came to.
enum Reading {
    Absent,
    Found(Box<Read>),
    /// A version was gone that another stands upon.
    Vanished,
}

/// Why a lock was not had.
#[derive(Debug, Error)]
pub enum NotTaken {
    #[error("another holds it")]
    Held(Box<Standing>),
    #[error("the lock {name} is being removed: try again in a moment")]
    Removing { name: SafeText },
    #[error("others write the lock {name} at the same time: try again")]
    Contended { name: SafeText },
    #[error(transparent)]
    Aws(#[from] Error),
}

impl Aws {
    /// The lock of a group; none if it was never taken.
    pub async fn lock(&self, group: &GroupKey) -> Result<Option<Read>, Error> {
        self.read_lock(&parameter(group)).await
    }

    /// What is known of a lock that is held.
    pub async fn standing(&self, read: &Read) -> Result<Standing, Error> {
        let all = self.experiments("look for the experiment of the drill that holds the lock").await?;
        Ok(read.standing(&all))
    }

    /// Takes the lock of a group: if it is free, if it is ours already, or if it is a stale one that is given up by name.
    /// Then that one's drill is told.
    pub async fn take_lock(
        &self,
        group: &GroupKey,
        lock: &Lock,
        over: &[DrillId],
    ) -> Result<Option<DrillId>, NotTaken> {
        let name = parameter(group);
        for _ in 0..ATTEMPTS {
            let read = self.read_lock(&name).await?;
            let mut from = None;
            if let Some(read) = &read {
                match read.entry.state {
                    State::Held if read.entry.lock.is_of(lock) => return Ok(None),
                    State::Held => {
                        let standing = self.standing(read).await?;
                        if !over.contains(&standing.lock.drill) || !standing.is_stale(self.clock.now()) {
                            return Err(NotTaken::Held(Box::new(standing)));
                        }
                        from = Some(standing.lock.drill);
                    }
                    State::Removing if self.clock.now() < read.since.saturating_add(REMOVING).unwrap_or(read.since) => {
                        return Err(NotTaken::Removing { name: SafeText::new(name) });
                    }
                    State::Free | State::Removing => {}
                }
            }
            if self.write_lock(&name, read.as_ref(), State::Held, lock).await? {
                return Ok(from);
            }
            self.clock.sleep(AGAIN).await;
        }
        Err(NotTaken::Contended { name: SafeText::new(name) })
    }

    /// Frees the lock of a group if this drill holds it; says whether it did.
    pub async fn free_lock(&self, group: &GroupKey, drill: &DrillId) -> Result<bool, Error> {
        let name = parameter(group);
        for _ in 0..ATTEMPTS {
            let Some(read) = self.read_lock(&name).await? else { return Ok(false) };
            if read.entry.state != State::Held || read.entry.lock.drill != *drill {
                return Ok(false);
            }
            if self.write_lock(&name, Some(&read), State::Free, &read.entry.lock).await? {
                return Ok(true);
            }
            self.clock.sleep(AGAIN).await;
        }
        Err(Error::new("free the lock of the group", Kind::Refused, "others write it at the same time"))
    }

    /// Frees what of these groups the drill holds.
    pub(super) async fn free_locks(&self, groups: &[GroupKey], drill: &DrillId) -> Result<Fact, Error> {
        for group in groups {
            self.free_lock(group, drill).await?;
        }
        Ok(Fact::ours(self.clock.now(), What::LockFreed))
    }

    /// All locks of the region; with its name and why, one that cannot be read.
    pub async fn locks(&self) -> Result<Vec<Result<Read, (SafeText, Error)>>, Error> {
        let mut found = Vec::new();
        let mut pages = self.parameters.get_parameters_by_path().path(LOCKS).max_results(PAGE).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of("list the locks of groups", &error))?;
            for name in page.parameters().iter().filter_map(|parameter| parameter.name()) {
                match self.read_lock(name).await {
                    Ok(read) => found.extend(read.map(Ok)),
                    Err(error) => found.push(Err((SafeText::new(name), error))),
                }
            }
        }
        Ok(found)
    }

    /// Deletes a lock as it was read, unless someone wrote it since; or says why not.
    pub async fn remove_lock(&self, read: &Read) -> Result<Option<&'static str>, Error> {
        let begun = self.clock.machine_time().up;
        if !self.write_lock(&read.name, Some(read), State::Removing, &read.entry.lock).await? {
            return Ok(Some("another wrote it meanwhile"));
        }
        let mut failed = None;
        for _ in 0..DELETES {
            if self.clock.machine_time().up.saturating_sub(begun) > IN_TIME {
                return Ok(Some(
                    "this machine stood still after it had written that it would delete it; it goes later",
                ));
            }
            let call = self.parameters.delete_parameter().name(&read.name).customize();
            // each try is signed anew, so each is to be in time
            let call = call.config_override(aws_sdk_ssm::Config::builder().retry_config(RetryConfig::disabled()));
            match absent(call.send().await.map_err(|error| Error::of("delete the lock of a group", &error))) {
                Ok(_) => return Ok(None),
                Err(error) if error.kind.passes() => failed = Some(error),
                Err(error) => return Err(error),
            }
            self.clock.sleep(AGAIN).await;
        }
        failed.map_or(Ok(None), Err)
    }

    /// The last version that counts, and the newest.
    async fn read_lock(&self, name: &str) -> Result<Option<Read>, Error> {
        for _ in 0..ATTEMPTS {
            match self.read_back(name).await? {
                Reading::Absent => return Ok(None),
                Reading::Found(read) => return Ok(Some(*read)),
                Reading::Vanished => {} // it was removed while it was read
            }
        }
        Err(unreadable(name, "no version of it counts"))
    }

    /// Reads back from the newest version to the last that counts.
    async fn read_back(&self, name: &str) -> Result<Reading, Error> {
        let Some(newest) = self.version_of(name).await? else { return Ok(Reading::Absent) };
        let latest = (newest.0, newest.1.clone());
        let (mut version, mut text, mut since) = newest;
        for _ in 0..BACK {
            let mut entry = entry_of(name, &text)?;
            let below = match version {
                1 => None,
                _ => self.version_of(&format!("{name}:{}", version - 1)).await?,
            };
            let counts = entry.counts(version, below.as_ref().map(|(_, text, _)| text.as_str()));
            if !counts && version == 1 {
                entry.state = State::Free; // written upon a version of a lock that was removed: nobody holds it
            }
            if counts || version == 1 {
                return Ok(Reading::Found(Box::new(Read { name: name.to_owned(), entry, since, latest })));
            }
            match below {
                Some(below) => (version, text, since) = below,
                None => break,
            }
        }
        Ok(Reading::Vanished)
    }

    /// A parameter's version, its value, and when that was written.
    async fn version_of(&self, name: &str) -> Result<Option<(u64, String, Timestamp)>, Error> {
        let call = self.parameters.get_parameter().name(name);
        let answer = absent(call.send().await.map_err(|error| Error::of("read the lock of a group", &error)))?;
        let Some(parameter) = answer.as_ref().and_then(|answer| answer.parameter()) else { return Ok(None) };
        let written = parameter.last_modified_date().and_then(timestamp);
        let version = u64::try_from(parameter.version()).ok().filter(|version| *version > 0);
        let (Some(version), Some(written)) = (version, written) else {
            return Err(unreadable(name, "AWS tells neither its version nor its time"));
        };
        Ok(Some((version, parameter.value().unwrap_or_default().to_owned(), written)))
    }

    /// Writes the next version; false if another was faster. An answer that is lost is looked for.
    async fn write_lock(&self, name: &str, read: Option<&Read>, state: State, lock: &Lock) -> Result<bool, Error> {
        let on = read.map_or(0, |read| read.latest.0);
        let lock = Lock { at: self.clock.now(), ..lock.clone() };
        let below = mark(read.map(|read| read.latest.1.as_str()));
        let entry = Entry { on, below, state, lock };
        let text = entry.text().map_err(|error| unreadable(name, &error.to_string()))?;
        let call = self.parameters.put_parameter().name(name).value(&text).r#type(ParameterType::String);
        let call = match read {
            Some(_) => call.overwrite(true),
            None => call.overwrite(false).tags(tag(name)?),
        };
        let put = call.send().await.map_err(|error| Error::of("write the lock of a group", &error));
        match state {
            State::Held => crash::point(Point::LockSent),
            State::Free => crash::point(Point::FreeSent),
            State::Removing => {}
        }
        let wrote = match put {
            Ok(answer) if u64::try_from(answer.version()) == Ok(on + 1) => true,
            // a request that was repeated for want of an answer is answered by what its first attempt did, so neither
            // another number nor an error tells whether this is ours: what is there does
            put => {
                let there = self.version_of(&format!("{name}:{}", on + 1)).await;
                let ours = there.as_ref().is_ok_and(|there| there.as_ref().is_some_and(|(_, value, _)| *value == text));
                match put {
                    Err(error) if !ours && !LOST.contains(&error.code.as_str()) => return Err(error),
                    _ => there.map(|_| ours)?,
                }
            }
        };
        if !wrote || on == 0 {
            return Ok(wrote);
        }
        let below = self.version_of(&format!("{name}:{on}")).await?;
        Ok(entry.counts(on + 1, below.as_ref().map(|(_, value, _)| value.as_str())))
    }
}

/// Answers that say that another write was there, or at work.
const LOST: [&str; 2] = ["ParameterAlreadyExists", "TooManyUpdates"];

fn parameter(group: &GroupKey) -> String {
    format!("{LOCKS}/{}", name_of(group))
}

fn entry_of(name: &str, text: &str) -> Result<Entry, Error> {
    serde_json::from_str(text).map_err(|error| unreadable(name, &error.to_string()))
}

fn unreadable(name: &str, why: &str) -> Error {
    let why = format!("the parameter {name} is no lock of ours, or a newer spotdrill's ({why})");
    Error::new("read the lock of a group", Kind::Refused, &why)
}

fn tag(name: &str) -> Result<Tag, Error> {
    let tag = Tag::builder().key(DRILL_TAG).value("lock").build();
    tag.map_err(|error| unreadable(name, &error.to_string()))
}
