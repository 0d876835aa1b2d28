//! The record of a drill on disk: one fact, one line; written and synced before anything is asked of AWS. Knows files and
//! the facts they hold, and nothing of what they mean.

mod read;

use std::{
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use read::{Record, list};

use crate::{
    crash::{self, Point},
    drill::{fact::Entry, fleet::World, id::DrillId},
    text::SafeText,
};

/// The version of the lines' form; a journal of a later one is not read.
pub const SCHEMA: u32 = 1;

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
    #[error("{path} is not a journal: {why}")]
    Unreadable { path: PathBuf, why: String },
    #[error("the drill of {path} is conducted by another spotdrill already: one is enough")]
    Taken { path: PathBuf },
}

/// The journal of a drill that runs.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
}

impl Journal {
    /// Begins the record of a drill: file and folder are on disk when this returns. Files are for their owner alone.
    pub fn create(folder: &Path, header: &Header) -> Result<Self, Error> {
        let path = folder.join(format!("{}.jsonl", header.drill));
        let failed = |doing| {
            let path = path.clone();
            move |source| Error::Io { doing, path, source, next: "make room or make the folder writable" }
        };
        crash::point(Point::IntentUnwritten);
        crash::disk().map_err(failed("create"))?;
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed("make the folder of"))?;
        let file =
            OpenOptions::new().append(true).create_new(true).mode(0o600).open(&path).map_err(failed("create"))?;
        let mut journal = Self { file, path: path.clone() }.alone()?;
        journal.write(header)?;
        crash::point(Point::IntentUnsynced);
        journal.sync()?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed("sync the folder of"))?;
        crash::point(Point::IntentSynced);
        Ok(journal)
    }

    /// Goes on with the record of a drill that was left; a torn end is cut off.
    pub fn resume(record: &Record) -> Result<Self, Error> {
        let path = &record.path;
        let next = "make the file writable";
        let failed = |doing| move |source| Error::Io { doing, path: path.clone(), source, next };
        let file = OpenOptions::new().append(true).open(path).map_err(failed("open"))?;
        let journal = Self { file, path: path.clone() }.alone()?;
        journal.file.set_len(record.complete_bytes).map_err(failed("cut the torn end off"))?;
        Ok(journal)
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

    /// Adds one line; it is safe from a crash of this program, and after [`Journal::sync`] from one of the machine.
    pub fn append(&mut self, entry: &Entry) -> Result<(), Error> {
        self.write(entry)
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), Error> {
        let mut bytes = serde_json::to_vec(line).map_err(|error| self.failed("write", error.into()))?;
        bytes.push(b'\n');
        crash::disk().and_then(|()| self.file.write_all(&bytes)).map_err(|error| self.failed("write", error))
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
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other,
    };
    let next = "check the folder's permissions";
    let entries = entries.map_err(|source| Error::Io { doing: "list", path: folder.to_owned(), source, next })?;
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests;
