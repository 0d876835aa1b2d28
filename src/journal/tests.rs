use super::*;
use crate::drill::{
    conduct::Drill,
    fact::{Fact, What},
    verdict::Outcome,
};

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
    assert_eq!((record.header, record.state), (header("d1"), State::default()));
    assert_eq!(record.entries, [entry(1), entry(2), entry(3)]);
}

#[test]
fn a_drill_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    written(folder.path(), 1);
    let error = Journal::create(folder.path(), &header("d1")).unwrap_err().to_string();
    assert!(error.contains("could not create the journal") && error.contains("d1.jsonl"), "{error}");
}

#[test]
fn what_is_taken_over_is_seen_as_a_whole_and_by_one_name() {
    let folder = tempfile::tempdir().unwrap();
    let names = || {
        let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.map(|name| name.to_string_lossy().into_owned()).collect::<Vec<_>>()
    };
    let begin = || Journal::create_unseen(folder.path(), &header("d1")).unwrap();
    drop(begin()); // hit before it was shown
    assert_eq!(list(folder.path()).unwrap().0.len(), 0);
    let mut journal = begin();
    journal.append(&entry(1)).unwrap();
    journal.show().unwrap();
    assert_eq!(names(), ["d1.jsonl"]);
    assert_eq!(Record::read(journal.path()).unwrap().entries.len(), 1);
    journal.append(&entry(2)).unwrap();
    assert_eq!(Record::read(&folder.path().join("d1.jsonl")).unwrap().entries.len(), 2);
    assert!(matches!(begin().show(), Err(Error::Taken { .. })), "another was faster");
    assert_eq!(names(), ["d1.jsonl"]);
}

#[test]
fn one_program_conducts_a_drill() {
    let folder = tempfile::tempdir().unwrap();
    let first = Journal::create(folder.path(), &header("d1")).unwrap();
    let path = first.path().to_owned();
    assert!(matches!(Journal::resume(&path), Err(Error::Taken { .. })));
    drop(first);
    assert!(Journal::resume(&path).is_ok());
}

#[test]
fn a_journal_is_gone_on_with_as_it_is_by_now() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 2);
    let before = Record::read(&path).unwrap();
    let (mut other, _) = Journal::resume(&path).unwrap();
    other.append(&entry(3)).unwrap();
    drop(other);
    let (mut journal, record) = Journal::resume(&path).unwrap();
    assert_eq!((before.entries.len(), record.entries.len()), (2, 3));
    journal.append(&entry(4)).unwrap();
    assert_eq!(Record::read(&path).unwrap().entries, [entry(1), entry(2), entry(3), entry(4)]);
}

#[test]
fn a_journal_of_the_first_form_is_read_and_gone_on_with_in_its_form() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("20261125-175017-uaib.jsonl");
    fs::write(&path, include_str!("tests/first-form.jsonl")).unwrap();
    let (mut journal, record) = Journal::resume(&path).unwrap();
    assert_eq!((record.header.schema, record.entries.len(), record.state), (1, 28, State::default()));
    let drill = Drill::replay(record.entries.iter().map(|entry| &entry.fact));
    assert_eq!(drill.verdict().map(|verdict| verdict.verdict), Some(Outcome::Held));
    journal.append(&entry(29)).unwrap();
    drop(journal);
    let again = Record::read(&path).unwrap();
    assert_eq!((again.entries.len(), &again.entries[28], again.state), (29, &entry(29), State::default()));
    assert!(!fs::read_to_string(&path).unwrap().contains("\"sum\""));
}

#[test]
fn a_journal_under_another_name_is_not_taken_for_a_second_drill() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 2);
    fs::copy(&path, folder.path().join("d2.jsonl")).unwrap();
    let (kept, unreadable) = list(folder.path()).unwrap();
    assert_eq!(kept.len(), 1);
    assert!(unreadable[0].to_string().contains("the journal of drill d1, under another name"), "{unreadable:?}");
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
    let newer = unreadable.iter().find(|error| error.to_string().contains("newer than this program's")).unwrap();
    assert_eq!(newer.whence(), Some(&later.whence()), "where it is from is told all the same");
}

/// A crash or a full disk leaves the beginning of a header; damage leaves anything.
#[test]
fn a_journal_that_was_never_begun_is_told_from_a_damaged_one() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(written(folder.path(), 1)).unwrap();
    let path = folder.path().join("d2.jsonl");
    let header = whole.iter().position(|byte| *byte == b'\n').unwrap();
    let is_unbegun = |bytes: &[u8]| {
        fs::write(&path, bytes).unwrap();
        list(folder.path()).unwrap().1.iter().any(Error::is_unbegun)
    };
    for length in 0..header {
        assert!(is_unbegun(&whole[..length]), "{length} of {header}");
    }
    for damaged in [&b"\0\0\0\0"[..], b"no journal", b"{}\n", b"\n", &whole[1..header], &whole[1..]] {
        assert!(!is_unbegun(damaged), "{damaged:?}");
    }
}

mod damage;
mod safety;
