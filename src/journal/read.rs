//! Reading journals back: every complete line counts, a torn end is told and passed over. Knows no drill's meaning.

use std::{
    fs::File,
    io::{self, BufRead, BufReader},
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
    /// How long the trusted part is.
    pub complete_bytes: u64,
}

impl Record {
    pub fn read(path: &Path) -> Result<Self, Error> {
        let next = "check the file's permissions";
        let failed = |source| Error::Io { doing: "read", path: path.to_owned(), source, next };
        let unreadable = |why: String| Error::Unreadable { path: path.to_owned(), why };
        let mut lines = Lines { reader: BufReader::new(File::open(path).map_err(failed)?), complete: 0 };
        let first = lines.next().map_err(failed)?;
        let header: Header = serde_json::from_slice(&first.unwrap_or_default())
            .map_err(|error| unreadable(format!("its first line says: {error}")))?;
        if header.schema > SCHEMA {
            return Err(unreadable(format!("its form {} is newer than this program's {SCHEMA}", header.schema)));
        }
        let complete_bytes = lines.complete;
        let mut record = Self { path: path.to_owned(), header, entries: Vec::new(), torn_at: None, complete_bytes };
        while let Some(line) = lines.next().map_err(failed)? {
            match serde_json::from_slice(&line) {
                Ok(entry) if line.ends_with(b"\n") => record.entries.push(entry),
                _ => {
                    record.torn_at = Some(record.entries.len() + 2);
                    break;
                }
            }
            record.complete_bytes = lines.complete;
        }
        Ok(record)
    }
}

/// Lines with their ends, and how many bytes they were together.
struct Lines {
    reader: BufReader<File>,
    complete: u64,
}

impl Lines {
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let length = self.reader.read_until(b'\n', &mut line)?;
        self.complete += length as u64;
        Ok((length > 0).then_some(line))
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
