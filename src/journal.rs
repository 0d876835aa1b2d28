//! The record of a drill on disk: one fact, one line; written and synced before anything is asked of AWS. Knows files and
//! the facts they hold, and nothing of what they mean.
//!
//! Each line ends with a checksum over it and the checksum before. What a crash tore off is kept beside the journal, and a
//! journal that was changed is shown, but not gone on with. That its last lines are missing is not told by a checksum.

mod file;
mod read;
mod seal;

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use read::{Kept, Record, State, list};

use crate::{
    crash::{self, Point},
    drill::{fact::Entry, fleet::World, id::DrillId},
    text::SafeText,
};
use seal::Chain;

/// The version of the lines' form; a journal of a later one is not read. The first had no checksums.
pub const SCHEMA: u32 = 2;

/// The first line: under what circumstances the rest was written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    pub schema: u32,
    pub drill: DrillId,
    pub world: World,
    /// Seconds of the drill's time in one of ours: 1 on AWS.
    pub rate: f64,
    pub account: SafeText,
    pub region: SafeText,
    pub who: Who,
    pub begun: Timestamp,
    /// The server that was named on the command line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<SafeText>,
    /// The version of spotdrill.
    pub version: SafeText,
}

/// Where drills of a journal are run: what even a later form says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Whence {
    pub account: SafeText,
    pub region: SafeText,
    #[serde(default)]
    pub endpoint: Option<SafeText>,
}

impl Header {
    pub fn whence(&self) -> Whence {
        Whence { account: self.account.clone(), region: self.region.clone(), endpoint: self.endpoint.clone() }
    }
}

/// Who ran the drill, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Who {
    /// The caller's ARN, by AWS's word.
    pub arn: SafeText,
    pub user: SafeText,
    pub host: SafeText,
}

#[derive(Debug, Error)]
pub enum Error {
    #[error("could not {doing} the journal {path}: {source}. No drill runs without its record: {next}")]
    Io { doing: &'static str, path: PathBuf, source: io::Error, next: &'static str },
    #[error("{path} cannot be read as a journal: {why}. Move it away, or to where it came from")]
    Unreadable { path: PathBuf, why: String, whence: Option<Box<Whence>> },
    #[error(
        "{path} has no whole first line: a crash or a full disk came before it, and nothing was asked of AWS. Delete it"
    )]
    Unbegun { path: PathBuf },
    #[error("{path} is not used: {why}. To go on, {next}")]
    Untrusted { path: PathBuf, why: String, next: &'static str },
    #[error(
        "{path} was changed after it was written, or its disk lost a part: line {line} is not what was written there. So \
         it is not gone on with. What it says is still in `spotdrill drills`; whether its experiment runs says `aws fis \
         list-experiments`, by the tag spotdrill:drill = {drill}"
    )]
    Changed { path: PathBuf, line: usize, drill: DrillId },
    #[error("the drill of {path} is conducted by another spotdrill already: one is enough")]
    Taken { path: PathBuf },
}

impl Error {
    /// The journal, or the folder of journals.
    pub fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. }
            | Self::Unreadable { path, .. }
            | Self::Unbegun { path }
            | Self::Untrusted { path, .. }
            | Self::Changed { path, .. }
            | Self::Taken { path } => path,
        }
    }

    /// Which account the journal is of, as far as its first line tells.
    pub fn whence(&self) -> Option<&Whence> {
        match self {
            Self::Unreadable { whence, .. } => whence.as_deref(),
            _ => None,
        }
    }

    /// Whether it ends before its drill could ask for anything.
    pub fn is_unbegun(&self) -> bool {
        matches!(self, Self::Unbegun { .. })
    }
}

/// The journal of a drill that runs.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    /// None in journals of the first form: a journal keeps its form.
    chain: Option<Chain>,
    /// How long it is up to the last line that was written as a whole.
    length: u64,
    /// The lines that the disk did not take; they are written before any other.
    waiting: Vec<u8>,
}

impl Journal {
    /// Begins the record of a drill: file and folder are on disk when this returns. Files are for their owner alone.
    pub fn create(folder: &Path, header: &Header) -> Result<Self, Error> {
        Self::begin(folder, header, &format!("{}.jsonl", header.drill))
    }

    /// As [`Journal::create`], by a name that nobody looks for until it is [shown](Self::show): so of a drill that is taken over
    /// there is all that is known at first, or nothing.
    pub fn create_unseen(folder: &Path, header: &Header) -> Result<Self, Error> {
        let name = format!("{}.adopting-{}", header.drill, std::process::id());
        let _ = fs::remove_file(folder.join(&name)); // of another process, which ended before it was shown
        Self::begin(folder, header, &name)
    }

    /// Gives it the name by which it is found, which nobody may have taken meanwhile.
    pub fn show(&mut self) -> Result<(), Error> {
        self.sync()?;
        let (unseen, seen) = (self.path.clone(), self.path.with_extension("jsonl"));
        if let Err(error) = crash::disk().and_then(|()| fs::hard_link(&unseen, &seen)) {
            let _ = fs::remove_file(&unseen); // nobody looks for it
            let taken = error.kind() == io::ErrorKind::AlreadyExists;
            return Err(if taken { Error::Taken { path: seen } } else { self.failed("name", error) });
        }
        self.path = seen;
        fs::remove_file(&unseen).map_err(|error| self.failed("name", error))?;
        let folder = self.path.parent().map(file::open_folder).transpose()?;
        folder.map_or(Ok(()), |folder| folder.sync_all()).map_err(|error| self.failed("sync the folder of", error))
    }

    fn begin(folder: &Path, header: &Header, name: &str) -> Result<Self, Error> {
        crash::point(Point::IntentUnwritten);
        let path = folder.join(name);
        let failed = |doing| {
            let path = path.clone();
            move |source| Error::Io { doing, path, source, next: "make room or make the folder writable" }
        };
        let folder = file::make_folder(folder)?;
        let file = file::create(&path).map_err(failed("create"))?;
        let chain = (header.schema > 1).then(Chain::default);
        let mut journal = Self { file, path: path.clone(), chain, length: 0, waiting: Vec::new() }.alone()?;
        journal.write(header)?;
        crash::point(Point::IntentUnsynced);
        journal.sync()?;
        crash::disk().and_then(|()| folder.sync_all()).map_err(failed("sync the folder of"))?;
        crash::point(Point::IntentSynced);
        Ok(journal)
    }

    /// Goes on with the record of a drill that was left, as it is by now. A torn end is set aside; one that was changed is
    /// refused.
    pub fn resume(path: &Path) -> Result<(Self, Record), Error> {
        let file = file::open(path, "open", true)?;
        let journal = Self { file, path: path.to_owned(), chain: None, length: 0, waiting: Vec::new() };
        let mut journal = journal.alone()?; // before it is read: another may have gone on with it until now
        let record = Record::of(&journal.file, path)?;
        if let Some(line) = record.state.changed_at {
            return Err(Error::Changed { path: path.to_owned(), line, drill: record.header.drill });
        }
        if record.state.torn_at.is_some() {
            let aside = file::set_tail_aside(&mut journal.file, path, record.tail.whole);
            aside.map_err(|error| journal.failed("set aside the torn end of", error))?;
        }
        journal.chain.clone_from(&record.tail.chain);
        journal.length = record.tail.whole;
        Ok((journal, record))
    }

    /// Takes the lock that keeps two programs from conducting one drill; it goes with the file.
    fn alone(self) -> Result<Self, Error> {
        match self.file.try_lock() {
            Ok(()) => Ok(self),
            Err(TryLockError::WouldBlock) => Err(Error::Taken { path: self.path }),
            Err(TryLockError::Error(error)) => Err(self.failed("lock", error)),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds one line; it is safe from a crash of this program, and after [`Journal::sync`] from one of the machine. What
    /// could not be written is written with the next line.
    pub fn append(&mut self, entry: &Entry) -> Result<(), Error> {
        self.write(entry)
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), Error> {
        let line = serde_json::to_vec(line).map_err(|error| self.failed("write", error.into()))?;
        let line = match &mut self.chain {
            Some(chain) => chain.seal(line),
            None => line,
        };
        let behind_a_failure = !self.waiting.is_empty();
        self.waiting.extend(line);
        self.waiting.push(b'\n');
        if behind_a_failure {
            // a part of it may be there
            self.file.set_len(self.length).map_err(|error| self.failed("write", error))?;
        }
        crash::write(&self.file, &self.waiting).map_err(|error| self.failed("write", error))?;
        self.length += self.waiting.len() as u64;
        self.waiting.clear();
        Ok(())
    }

    /// Returns when everything written so far is on disk.
    pub fn sync(&mut self) -> Result<(), Error> {
        crash::disk().and_then(|()| self.file.sync_data()).map_err(|error| self.failed("sync", error))
    }

    fn failed(&self, doing: &'static str, source: io::Error) -> Error {
        Error::Io { doing, path: self.path.clone(), source, next: "make room on the disk" }
    }
}

/// The folder of journals, in the state folder of the program.
pub fn folder(state: &Path) -> PathBuf {
    state.join("drills")
}

fn paths(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    match file::open_folder(folder) {
        Err(Error::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        opened => opened?,
    };
    let entries = fs::read_dir(folder);
    let next = "check the folder's permissions";
    let entries = entries.map_err(|source| Error::Io { doing: "list", path: folder.to_owned(), source, next })?;
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests;
