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
        endpoint: None,
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
        let complete = whole[first_line + 1..length.max(first_line + 1)].split(|byte| *byte == b'\n').count() - 1;
        assert_eq!(record.entries.len(), complete, "cut at {length}");
        assert!(record.entries.iter().zip(1..).all(|(read, seq)| *read == entry(seq)));
    }
}

#[test]
fn a_torn_journal_is_gone_on_with_after_its_last_complete_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 2);
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 5]).unwrap();
    let mut resumed = Journal::resume(&Record::read(&path).unwrap()).unwrap();
    resumed.append(&entry(2)).unwrap();
    assert_eq!(fs::read(&path).unwrap(), whole);
}

#[test]
fn one_program_conducts_a_drill() {
    let folder = tempfile::tempdir().unwrap();
    let first = Journal::create(folder.path(), &header("d1")).unwrap();
    let record = Record::read(first.path()).unwrap();
    assert!(matches!(Journal::resume(&record), Err(Error::Taken { .. })));
    drop(first);
    assert!(Journal::resume(&record).is_ok());
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
