//! Where a crash would hurt: a named point at every side effect, at which a debug build can be made to hit itself. Knows
//! the points' names and the faults, and nothing of what is done there.
//!
//! `SPOTDRILL_CRASH=start-sent:kill` makes the program kill itself the first time that it comes by that point. A release
//! build neither reads the variable nor does anything at a point.
//!
//! A new side effect gets a variant of [`Point`] here (at its place in the order of a drill, with a line in
//! [`Point::ALL`]) and a call of [`point`] at the place; what sends a request has one in `aws/transport.rs`, between the
//! request and its answer. What makes, syncs or renames a file asks [`disk`] first, and what writes to one goes through [`write()`],
//! so that it fails as a full or broken disk would. The crash matrix in `tests/it/crash.rs` goes over all of them.

use std::{
    fs::File,
    io::{self, Write},
};

/// Between which two things the program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// A drill was ordered; its journal is not made yet.
    IntentUnwritten,
    /// The journal has its first line, which may not be on disk.
    IntentUnsynced,
    /// The journal is on disk.
    IntentSynced,
    /// The group is this program's on this machine, and nothing was asked of AWS yet.
    GroupKept,
    /// The lock of the group was written; the answer was not heeded.
    LockSent,
    /// The lock is ours, and is not in the journal.
    LockUnrecorded,
    /// The lock is in the journal.
    LockRecorded,
    /// The confirmation was given, and is not in the journal.
    ConfirmUnrecorded,
    /// The confirmation is on disk, and nothing was asked of AWS yet.
    ConfirmRecorded,
    /// CreateExperimentTemplate was carried out; its answer was not read.
    TemplateSent,
    /// The answer was read, and is not in the journal.
    TemplateUnrecorded,
    /// The template is in the journal, and the start was not ordered yet.
    TemplateRecorded,
    /// An experiment that only resolves targets runs.
    PreviewRunning,
    /// StartExperiment was carried out; its answer was not read.
    StartSent,
    /// The answer was read, and is not in the journal.
    StartUnrecorded,
    /// The experiment is in the journal, and is not watched yet.
    StartRecorded,
    /// A watch was answered, and nobody was told what it saw.
    Polled,
    /// StopExperiment was carried out; its answer was not read.
    StopSent,
    /// The end of the experiment was seen, and is not in the journal.
    EndUnrecorded,
    /// DeleteExperimentTemplate was carried out; its answer was not read.
    DeleteSent,
    /// The lock of the group was freed; the answer was not heeded.
    FreeSent,
    /// The torn end of a journal was copied to a file beside it, and is still in the journal.
    TailCopied,
    /// The torn end was cut off, and nothing was written after it yet.
    TailCut,
    /// A frame is being drawn.
    Drawing,
    /// What is done at a panic is being done.
    Panicking,
}

impl Point {
    /// All of them with their names, in the order in which a drill comes by.
    pub const ALL: [(Self, &str); 23] = [
        (Self::IntentUnwritten, "intent-unwritten"),
        (Self::IntentUnsynced, "intent-unsynced"),
        (Self::IntentSynced, "intent-synced"),
        (Self::GroupKept, "group-kept"),
        (Self::LockSent, "lock-sent"),
        (Self::LockUnrecorded, "lock-unrecorded"),
        (Self::LockRecorded, "lock-recorded"),
        (Self::ConfirmUnrecorded, "confirm-unrecorded"),
        (Self::ConfirmRecorded, "confirm-recorded"),
        (Self::TemplateSent, "template-sent"),
        (Self::TemplateUnrecorded, "template-unrecorded"),
        (Self::TemplateRecorded, "template-recorded"),
        (Self::PreviewRunning, "preview-running"),
        (Self::StartSent, "start-sent"),
        (Self::StartUnrecorded, "start-unrecorded"),
        (Self::StartRecorded, "start-recorded"),
        (Self::Polled, "polled"),
        (Self::StopSent, "stop-sent"),
        (Self::EndUnrecorded, "end-unrecorded"),
        (Self::DeleteSent, "delete-sent"),
        (Self::FreeSent, "free-sent"),
        (Self::TailCopied, "tail-copied"),
        (Self::TailCut, "tail-cut"),
    ];

    /// Where no drill comes by.
    pub const ASIDE: [(Self, &str); 2] = [(Self::Drawing, "drawing"), (Self::Panicking, "panicking")];
}

/// The program is at that point. It goes on, unless a debug build was told to be hit here.
#[inline]
pub fn point(point: Point) {
    #[cfg(debug_assertions)]
    armed::reached(point);
    #[cfg(not(debug_assertions))]
    let _ = point;
}

/// Whether the disk still takes what is written: it does, unless a debug build was told that it fails from some point on.
#[inline]
pub fn disk() -> io::Result<()> {
    #[cfg(debug_assertions)]
    return armed::disk();
    #[cfg(not(debug_assertions))]
    Ok(())
}

/// Writes all of it, or half of it if the disk fails by then.
pub fn write(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    disk().inspect_err(|_| drop(file.write_all(bytes.get(..bytes.len() / 2).unwrap_or_default())))?;
    file.write_all(bytes)
}

#[cfg(debug_assertions)]
mod armed {
    use std::{
        env,
        io::{self, Write},
        sync::{
            OnceLock,
            atomic::{AtomicBool, AtomicI32, Ordering},
        },
    };

    use rustix::{
        io::Errno,
        process::{Signal, getpid, kill_process},
    };

    use super::Point;

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(super) enum Fault {
        /// The program gets that signal; where it lives on, it goes on.
        Signal(Signal),
        Panic,
        /// From here on the disk fails so.
        Disk(Errno),
    }

    /// Each with whether it was hit already.
    static ARMED: OnceLock<Vec<(Point, Fault, AtomicBool)>> = OnceLock::new();
    /// The disk's error number; 0 while it is well.
    static DISK: AtomicI32 = AtomicI32::new(0);

    pub(super) fn reached(point: Point) {
        let armed = ARMED.get_or_init(|| {
            let told = env::var("SPOTDRILL_CRASH").unwrap_or_default();
            told.split(',').filter_map(parse).map(|(point, fault)| (point, fault, AtomicBool::new(false))).collect()
        });
        let Some((_, fault, hit)) = armed.iter().find(|(at, ..)| *at == point) else { return };
        if hit.swap(true, Ordering::Relaxed) {
            return;
        }
        let _ = writeln!(io::stderr(), "hit at {point:?}: {fault:?}"); // whoever listens may be gone
        match *fault {
            Fault::Signal(signal) => {
                let _ = kill_process(getpid(), signal); // a process may always signal itself
            }
            Fault::Panic => panicked(point),
            Fault::Disk(error) => DISK.store(error.raw_os_error(), Ordering::Relaxed),
        }
    }

    #[expect(clippy::panic, reason = "this is what was asked for")]
    fn panicked(point: Point) {
        // with what a message may not do to a terminal, and must not tell
        panic!("told to panic at {point:?}\x1b]0;title\x07 by https://hooks.slack.com/services/T0/B0/canary");
    }

    pub(super) fn disk() -> io::Result<()> {
        match DISK.load(Ordering::Relaxed) {
            0 => Ok(()),
            error => Err(io::Error::from_raw_os_error(error)),
        }
    }

    /// `<point>:<fault>`, of which the variable has one or, with commas between, several; anything else is nothing.
    pub(super) fn parse(text: &str) -> Option<(Point, Fault)> {
        let (at, fault) = text.split_once(':')?;
        let (point, _) = Point::ALL.into_iter().chain(Point::ASIDE).find(|(_, name)| *name == at)?;
        let fault = match fault {
            "kill" => Fault::Signal(Signal::KILL),
            "term" => Fault::Signal(Signal::TERM),
            "hup" => Fault::Signal(Signal::HUP),
            "panic" => Fault::Panic,
            "enospc" => Fault::Disk(Errno::NOSPC),
            "eio" => Fault::Disk(Errno::IO),
            _ => return None,
        };
        Some((point, fault))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{
        armed::{Fault, parse},
        *,
    };

    #[test]
    fn each_point_has_one_name_and_stands_at_its_place() {
        let names: BTreeSet<_> = Point::ALL.into_iter().chain(Point::ASIDE).map(|(_, name)| name).collect();
        assert_eq!(names.len(), Point::ALL.len() + Point::ASIDE.len());
        for ((point, name), place) in Point::ALL.into_iter().chain(Point::ASIDE).zip(0..) {
            assert_eq!(point as usize, place, "{name}");
            assert_eq!(parse(&format!("{name}:panic")), Some((point, Fault::Panic)));
        }
    }

    #[test]
    fn what_is_no_point_or_no_fault_hits_nothing() {
        for text in ["", "start-sent", "start-sent:", "start-sent:flood", "nowhere:kill", "START-SENT:kill"] {
            assert_eq!(parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn without_being_told_nothing_is_hit() {
        for (at, _) in Point::ALL {
            point(at);
        }
        assert!(disk().is_ok());
    }
}
