//! Reading journals back: every complete line counts, a torn end is told and passed over. Knows no drill's meaning.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
};

use super::{Error, Header, SCHEMA, paths};
use crate::drill::fact::Entry;

/// A journal read back.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub path: PathBuf,
    pub header: Header,
    pub entries: Vec<Entry>,
    /// The number of the first line that could not be read; what follows it is not trusted.
    pub torn_at: Option<usize>,
}

impl Record {
    pub fn read(path: &Path) -> Result<Self, Error> {
        let next = "check the file's permissions";
        let failed = |source| Error::Io { doing: "read", path: path.to_owned(), source, next };
        let unreadable = |why: String| Error::Unreadable { path: path.to_owned(), why };
        let mut lines = BufReader::new(File::open(path).map_err(failed)?).split(b'\n');
        let first = lines.next().transpose().map_err(failed)?.unwrap_or_default();
        let header: Header =
            serde_json::from_slice(&first).map_err(|error| unreadable(format!("its first line says: {error}")))?;
        if header.schema > SCHEMA {
            return Err(unreadable(format!("its form {} is newer than this program's {SCHEMA}", header.schema)));
        }
        let mut record = Self { path: path.to_owned(), header, entries: Vec::new(), torn_at: None };
        for (line, number) in lines.zip(2..) {
            match serde_json::from_slice(&line.map_err(failed)?) {
                Ok(entry) => record.entries.push(entry),
                Err(_) => {
                    record.torn_at = Some(number);
                    break;
                }
            }
        }
        Ok(record)
    }
}

/// All journals of a folder, oldest first; those that cannot be read are told apart.
pub fn list(folder: &Path) -> Result<(Vec<Record>, Vec<Error>), Error> {
    let (mut records, mut unreadable) = (Vec::new(), Vec::new());
    for path in paths(folder)? {
        match Record::read(&path) {
            Ok(record) => records.push(record),
            Err(error) => unreadable.push(error),
        }
    }
    Ok((records, unreadable))
}
