//! Journals cut anywhere, with bits flipped anywhere, with lines lost: what was whole comes back, and the rest is told.

use std::io::Write;

use super::{
    super::read::{LONGEST, Lines, Reading},
    *,
};
use crate::figure::figure;

/// The lines of a journal, each with its end.
fn lines(whole: &[u8]) -> Vec<&[u8]> {
    whole.split_inclusive(|byte| *byte == b'\n').collect()
}

fn set(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}

#[test]
fn cut_anywhere_every_complete_line_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 19);
    let whole = fs::read(&path).unwrap();
    let first = lines(&whole)[0].len();
    for length in 0..whole.len() {
        set(&path, &whole[..length]);
        let Ok(record) = Record::read(&path) else {
            assert!(length + 1 < first, "cut at {length}");
            continue;
        };
        let complete = lines(&whole[..length]).iter().filter(|line| line.ends_with(b"\n")).count();
        assert_eq!(record.entries.len(), complete.saturating_sub(1), "cut at {length}");
        assert!(record.entries.iter().zip(1..).all(|(read, seq)| *read == entry(seq)), "cut at {length}");
        let torn = (!whole[..length].ends_with(b"\n")).then_some(complete + 1).filter(|line| *line > 1);
        assert_eq!(record.state, State { torn_at: torn, changed_at: None }, "cut at {length}");
    }
}

#[test]
fn a_journal_of_a_thousand_facts_is_cut_at_every_byte() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(written(folder.path(), 1000)).unwrap();
    let lines = lines(&whole);
    let (_, mut reading) = Reading::begin(lines[0], lines[0].len() as u64).unwrap();
    let (mut cuts, mut back) = (0, 0);
    for (number, line) in (2..).zip(&lines[1..]) {
        for length in 1..line.len() {
            let mut cut = reading.clone();
            assert_eq!(cut.next(&line[..length], length as u64), None);
            assert_eq!(cut.state, State { torn_at: Some(number), changed_at: None });
            cuts += 1;
        }
        back += usize::from(reading.next(line, line.len() as u64) == Some(entry(number as u64 - 1)));
        cuts += 1;
    }
    assert_eq!((reading.state, cuts), (State::default(), whole.len() - lines[0].len()));
    let whole = lines.len() - 1;
    figure("journal cut at every byte", format_args!("{cuts} offsets, {back} of {whole} whole facts back"));
    assert_eq!(back, whole);
}

#[test]
fn a_bit_flipped_anywhere_is_told_and_costs_two_lines_at_most() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 19);
    let whole = fs::read(&path).unwrap();
    let count = lines(&whole).len() - 1;
    let (mut flips, mut told, mut in_header, mut fewest) = (0, 0, 0, count);
    for at in 0..whole.len() {
        for bit in [at % 8, (at + 3) % 8] {
            let mut flipped = whole.clone();
            flipped[at] ^= 1 << bit;
            set(&path, &flipped);
            flips += 1;
            let Ok(record) = Record::read(&path) else {
                in_header += 1;
                told += 1;
                assert!(at < lines(&whole)[0].len(), "byte {at} bit {bit}: told, and nothing read");
                continue;
            };
            assert_ne!(record.state, State::default(), "byte {at} bit {bit} is not told");
            told += 1;
            assert!(record.entries.iter().all(|read| *read == entry(read.seq)), "byte {at} bit {bit} was believed");
            fewest = fewest.min(record.entries.len());
        }
    }
    assert!(fewest + 2 >= count, "one flip cost {} lines", count - fewest);
    figure(
        "journal with a flipped bit",
        format_args!(
            "{flips} flips, {told} told, at most {} of {count} facts lost to one ({in_header} in the first line, \
             without which none is read)",
            count - fewest
        ),
    );
}

#[test]
fn a_torn_end_is_kept_beside_the_journal_and_gone_on_behind() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 2);
    let whole = fs::read(&path).unwrap();
    for number in 1..=2 {
        set(&path, &whole[..whole.len() - 5]);
        let (mut journal, record) = Journal::resume(&path).unwrap();
        assert_eq!((record.entries.len(), record.state.torn_at), (1, Some(3)));
        journal.append(&entry(2)).unwrap();
        drop(journal);
        assert_eq!(fs::read(&path).unwrap(), whole, "the checksums go on from the last whole line");
        let aside = fs::read(folder.path().join(format!("d1.torn-{number}"))).unwrap();
        assert_eq!(aside, lines(&whole)[2][..lines(&whole)[2].len() - 5]);
    }
    assert_eq!(list(folder.path()).unwrap().0.len(), 1, "what is set aside is no journal");
}

#[test]
fn what_a_power_cut_leaves_behind_the_last_line_is_torn() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 2);
    let whole = fs::read(&path).unwrap();
    for tail in [&b"\0\0\0\0\0\0\0\0"[..], b"\0\0\0\n\0\0\n", b"{\"seq\":3,\n\0\0", b"\n", b"\n\n\n"] {
        set(&path, &[&whole, tail].concat());
        let (journal, record) = Journal::resume(&path).unwrap();
        assert_eq!((record.entries.len(), record.state), (2, State { torn_at: Some(4), changed_at: None }), "{tail:?}");
        drop(journal);
        assert_eq!(fs::read(&path).unwrap(), whole, "{tail:?}");
    }
}

#[test]
fn an_edited_journal_is_shown_and_not_gone_on_with() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 5);
    let whole = fs::read_to_string(&path).unwrap();
    let line = |n: usize| whole.lines().nth(n - 1).unwrap();
    let without_sum = format!("{}}}", line(4).split(",\"sum\"").next().unwrap());
    for (edited, at, left) in [
        (whole.replace("note 3", "note 9"), 4, 4),
        (whole.replace(&format!("{}\n", line(4)), ""), 4, 3),
        (whole.replace(line(4), &format!("{}\n{}", line(4), line(4))), 5, 5),
        (whole.replace(line(4), &without_sum), 4, 3),
        (whole.replace("\"rate\":10.0", "\"rate\":1.0"), 1, 5),
        (whole.replace("\"schema\":2", "\"schema\":1"), 1, 5),
        (whole.replace(&format!("{}\n", line(4)), "\u{0}\n"), 4, 3),
    ] {
        assert_ne!(edited, whole);
        set(&path, edited.as_bytes());
        let record = Record::read(&path).unwrap();
        assert_eq!(record.state.changed_at, Some(at), "{edited}");
        assert_eq!(record.entries.len(), left, "{edited}");
        let error = Journal::resume(&path).unwrap_err();
        assert!(matches!(error, Error::Changed { line, .. } if line == at), "{error}");
        let text = error.to_string();
        assert!(text.contains("aws fis list-experiments") && text.contains("spotdrill:drill = d1"), "{text}");
        assert_eq!(fs::read_to_string(&path).unwrap(), edited, "it is left as it is");
    }
}

#[test]
fn a_line_that_the_disk_did_not_take_is_written_with_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = Journal::create(folder.path(), &header("d1")).unwrap();
    journal.append(&entry(1)).unwrap();
    let unwritable = File::open(journal.path()).unwrap();
    let writable = std::mem::replace(&mut journal.file, unwritable);
    for seq in 2..=3 {
        assert!(matches!(journal.append(&entry(seq)), Err(Error::Io { doing: "write", .. })));
    }
    journal.file = writable;
    (&journal.file).write_all(b"{\"seq\":2,\"half a li").unwrap(); // what a full disk took of it
    journal.append(&entry(4)).unwrap();
    let record = Record::read(journal.path()).unwrap();
    assert_eq!((record.entries, record.state), ((1..=4).map(entry).collect(), State::default()));
}

#[test]
fn a_huge_journal_is_read_line_by_line_and_of_a_huge_line_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 1);
    // 200 MB that take no room on the disk: one line of zeros
    let file = fs::OpenOptions::new().append(true).open(&path).unwrap();
    file.set_len(file.metadata().unwrap().len() + 200_000_000).unwrap();
    let (kept, unreadable) = list(folder.path()).unwrap();
    assert_eq!((kept.len(), unreadable.len()), (1, 0));
    assert_eq!(kept[0].state, State { torn_at: Some(3), changed_at: None });
    let file = File::open(&path).unwrap();
    let mut lines = Lines::of(&file);
    let (mut bytes, mut most) = (0, 0);
    while let length @ 1.. = lines.next().unwrap() {
        bytes += length;
        most = most.max(lines.line.len());
    }
    assert_eq!(bytes, file.metadata().unwrap().len());
    assert_eq!(most as u64, LONGEST);
}
