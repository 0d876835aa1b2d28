use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::drill::fact::{Fact, What};

fn header(drill: &str) -> Header {
    Header {
        schema: SCHEMA,
        drill: DrillId::new(drill),
        world: World::Lab,
        rate: 10.0,
        account: SafeText::new("000000000000"),
        region: SafeText::new("eu-west-1"),
        who: Who { arn: SafeText::new("arn"), user: SafeText::new("me"), host: SafeText::new("here") },
        begun: Timestamp::UNIX_EPOCH,
        version: SafeText::new("0"),
    }
}

fn entry(seq: u64) -> Entry {
    let message = SafeText::new(format!("note {seq}"));
    Entry { seq, fact: Fact::ours(Timestamp::UNIX_EPOCH, What::Noted { message }) }
}

fn written(folder: &Path, lines: u64) -> PathBuf {
    let mut journal = Journal::create(folder, &header("d1")).unwrap();
    for seq in 1..=lines {
        journal.append(&entry(seq)).unwrap();
    }
    journal.sync().unwrap();
    journal.path().to_owned()
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 3);
    let record = Record::read(&path).unwrap();
    assert_eq!((record.header, record.torn_at), (header("d1"), None));
    assert_eq!(record.entries, [entry(1), entry(2), entry(3)]);
}

#[test]
fn journals_are_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let drills = folder.path().join("spotdrill").join("drills");
    let path = written(&drills, 1);
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(drills).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_drill_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), 1);
    let error = Journal::create(folder.path(), &header("d1")).unwrap_err().to_string();
    assert!(error.contains("could not create the journal") && error.contains("d1.jsonl"), "{error}");
}

#[test]
fn cut_anywhere_every_complete_line_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 4);
    let whole = fs::read(&path).unwrap();
    let first_line = whole.iter().position(|byte| *byte == b'\n').unwrap();
    for length in first_line..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        let record = Record::read(&path).unwrap();
        // a line is complete with its last brace; only its end is missing then
        let complete = whole[..length].iter().filter(|byte| **byte == b'}').count() - 2; // two in the header
        assert_eq!(record.entries.len(), complete, "cut at {length}");
        assert!(record.entries.iter().zip(1..).all(|(read, seq)| *read == entry(seq)));
    }
}

#[test]
fn a_journal_of_a_later_version_is_not_guessed_at() {
    let folder = tempfile::tempdir().unwrap();
    let later = Header { schema: SCHEMA + 1, ..header("later") };
    Journal::create(folder.path(), &later).unwrap();
    fs::write(folder.path().join("empty.jsonl"), "").unwrap();
    fs::write(folder.path().join("notes.txt"), "not ours").unwrap();
    let (records, unreadable) = list(folder.path()).unwrap();
    assert_eq!((records.len(), unreadable.len()), (0, 2));
    assert!(unreadable.iter().any(|error| error.to_string().contains("newer than this program's")));
}
