//! Reading journals back, a line at a time: every complete line counts; a torn end and a line that was changed are told.
//! Knows what facts fold to, and nothing of what follows from it.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::{Path, PathBuf},
};

use super::{
    Error, Header, SCHEMA, file, paths,
    seal::{Chain, Seal, is_sealed},
};
use crate::drill::{conduct::Drill, fact::Entry};

/// A longer line is none of ours: AWS's longest log line is 1 MiB, some bytes of which take six in JSON.
pub(super) const LONGEST: u64 = 16 << 20;

/// A journal read back.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub path: PathBuf,
    pub header: Header,
    pub entries: Vec<Entry>,
    pub state: State,
    pub(super) tail: Tail,
}

/// A journal of a list: its drill, as the facts tell it, without the facts.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    pub path: PathBuf,
    pub header: Header,
    pub drill: Drill,
    pub state: State,
}

/// What became of a journal's lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The number of the line at which a crash cut it off: that line and what may follow it were never whole.
    pub torn_at: Option<usize>,
    /// The first line that is not what was written, or not after what was written before it.
    pub changed_at: Option<usize>,
}

/// Where to go on with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tail {
    /// How long the part before a torn end is.
    pub(super) whole: u64,
    /// None in journals of the first form, which have no checksums.
    pub(super) chain: Option<Chain>,
}

impl Record {
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::of(&file::open(path, "read", false)?, path)
    }

    pub(super) fn of(file: &File, path: &Path) -> Result<Self, Error> {
        let mut entries = Vec::new();
        let (header, state, tail) = read(file, path, |entry| entries.push(entry))?;
        Ok(Self { path: path.to_owned(), header, entries, state, tail })
    }
}

impl Kept {
    fn read(path: &Path) -> Result<Self, Error> {
        let mut drill = Drill::default();
        let fold = |entry: Entry| drop(drill.apply(&entry.fact));
        let (header, state, _) = read(&file::open(path, "read", false)?, path, fold)?;
        Ok(Self { path: path.to_owned(), header, drill, state })
    }
}

/// All journals of a folder, oldest first; those that cannot be read are told apart.
pub fn list(folder: &Path) -> Result<(Vec<Kept>, Vec<Error>), Error> {
    let (mut kept, mut unreadable) = (Vec::new(), Vec::new());
    for path in paths(folder)? {
        match Kept::read(&path) {
            Ok(journal) => kept.push(journal),
            Err(error) => unreadable.push(error),
        }
    }
    Ok((kept, unreadable))
}

fn read(file: &File, path: &Path, mut each: impl FnMut(Entry)) -> Result<(Header, State, Tail), Error> {
    let next = "check the file's permissions";
    let failed = |source| Error::Io { doing: "read", path: path.to_owned(), source, next };
    let mut lines = Lines::of(file);
    let length = lines.next().map_err(failed)?;
    let whence = serde_json::from_slice(&lines.line).ok().map(Box::new);
    let unreadable = |why: String| Error::Unreadable { path: path.to_owned(), why, whence: whence.clone() };
    let begun = Reading::begin(&lines.line, length)
        .map_err(|why| if is_torn(&lines.line) { Error::Unbegun { path: path.to_owned() } } else { unreadable(why) });
    let (header, mut reading) = begun?;
    if path.file_stem().is_none_or(|name| name != header.drill.as_str()) {
        return Err(unreadable(format!("it is the journal of drill {}, under another name", header.drill)));
    }
    loop {
        match lines.next().map_err(failed)? {
            0 => return Ok((header, reading.state, reading.tail)),
            length => reading.next(&lines.line, length).into_iter().for_each(&mut each),
        }
    }
}

/// Whether a crash or a full disk cut off this first line: what was damaged later is anything.
fn is_torn(line: &[u8]) -> bool {
    const BEGINS: &[u8] = b"{\"schema\":";
    !line.ends_with(b"\n") && (line.starts_with(BEGINS) || BEGINS.starts_with(line))
}

/// A journal as far as its lines were read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) state: State,
    tail: Tail,
    /// How many lines, and how many bytes.
    lines: usize,
    bytes: u64,
}

enum Found {
    Whole(Box<Entry>),
    /// It was a whole line once, and is not what was written.
    Changed,
    /// It is not even a line; at the end that is how a crash leaves one.
    Torn,
}

impl Reading {
    /// Reads the first line, with its end, of that many bytes; or says why it is none.
    pub(super) fn begin(line: &[u8], bytes: u64) -> Result<(Header, Self), String> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let header: Header = serde_json::from_slice(line).map_err(|error| format!("its first line says: {error}"))?;
        if header.schema > SCHEMA {
            return Err(format!("its form {} is newer than this program's {SCHEMA}", header.schema));
        }
        let mut chain = (header.schema > 1).then(Chain::default);
        let whole = match &mut chain {
            Some(chain) => matches!(chain.open(line), Seal::Whole(_)),
            None => !is_sealed(line),
        };
        let state = State { torn_at: None, changed_at: (!whole).then_some(1) };
        Ok((header, Self { state, tail: Tail { whole: bytes, chain }, lines: 1, bytes }))
    }

    /// Reads the next line, with its end, of that many bytes.
    pub(super) fn next(&mut self, line: &[u8], bytes: u64) -> Option<Entry> {
        self.lines += 1;
        self.bytes += bytes;
        let found = line.strip_suffix(b"\n").map_or(Found::Torn, |line| self.look(line));
        let State { torn_at, changed_at } = &mut self.state;
        match found {
            Found::Torn => _ = torn_at.get_or_insert(self.lines),
            // something was written after what seemed torn, so no crash cut it off
            Found::Whole(_) => *changed_at = changed_at.or(torn_at.take()),
            Found::Changed => *changed_at = changed_at.or(torn_at.take()).or(Some(self.lines)),
        }
        if torn_at.is_none() {
            self.tail.whole = self.bytes;
        }
        match found {
            Found::Whole(entry) => Some(*entry),
            Found::Changed | Found::Torn => None,
        }
    }

    fn look(&mut self, line: &[u8]) -> Found {
        let parsed = |line: &[u8]| serde_json::from_slice(line).ok();
        let Some(chain) = &mut self.tail.chain else {
            return parsed(line).map_or(Found::Torn, Found::Whole);
        };
        match chain.open(line) {
            Seal::Whole(line) => parsed(&line).map_or(Found::Changed, Found::Whole),
            Seal::Broken => Found::Changed,
            Seal::None => Found::Torn,
        }
    }
}

/// The lines of a file.
pub(super) struct Lines<'a> {
    reader: BufReader<&'a File>,
    /// The last one, with its end.
    pub(super) line: Vec<u8>,
}

impl<'a> Lines<'a> {
    pub(super) fn of(file: &'a File) -> Self {
        Self { reader: BufReader::new(file), line: Vec::new() }
    }

    /// Reads the next line and says how many bytes it has: none at the end. Of one that is too long only the beginning is
    /// kept.
    pub(super) fn next(&mut self) -> io::Result<u64> {
        self.line.clear();
        let mut length = (&mut self.reader).take(LONGEST).read_until(b'\n', &mut self.line)? as u64;
        if length == LONGEST && !self.line.ends_with(b"\n") {
            length += self.reader.skip_until(b'\n')? as u64;
        }
        Ok(length)
    }
}
