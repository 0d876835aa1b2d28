//! One operator per group: a file keeps it on this machine, a parameter in the account. Knows in which order both are taken,
//! and what is told to whoever comes second.

use std::{
    fmt::Write as _,
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use jiff::{SignedDuration, Timestamp};
use rustix::fs::OFlags;
use thiserror::Error;

use super::start::Ways;
use crate::{
    aws::{self, Aws, Identity, Kind, lock::NotTaken},
    crash::{self, Point},
    drill::{
        fleet::{GroupKey, World},
        id::DrillId,
        lock::{LEEWAY, Lock, Standing, State, mark, name_of},
        plan::Plan,
    },
    journal,
    text::SafeText,
};

/// The groups on this machine, until it is dropped or the program ends, however it does.
#[derive(Debug, Default)]
pub struct Files(Vec<File>);

/// Why the groups were not had.
#[derive(Debug, Error)]
pub enum NotLocked {
    #[error("nothing was started: {}{ways_on}", .standing.telling(*.now))]
    Held { standing: Box<Standing>, now: Timestamp, ways_on: String },
    #[error("nothing was started: {group} is drilled from this machine already ({said}): wait for its end")]
    Here { group: SafeText, said: SafeText },
    #[error("nothing was started: could not lock {path}, which keeps two drills of this machine apart: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("nothing was started, for the lock of {group} was not had: {source}{}", permission(.source))]
    NotTaken { group: SafeText, source: Box<NotTaken> },
}

impl NotLocked {
    /// The trouble with AWS, if that is what it is.
    pub fn aws(&self) -> Option<&aws::Error> {
        match self {
            Self::NotTaken { source, .. } => match &**source {
                NotTaken::Aws(error) => Some(error),
                _ => None,
            },
            _ => None,
        }
    }

    fn of(group: &GroupKey, source: NotTaken, now: Timestamp, ways: &Ways) -> Self {
        match source {
            NotTaken::Held(standing) => {
                let ways_on = ways_on(ways, &standing);
                Self::Held { standing, now, ways_on }
            }
            source => Self::NotTaken { group: group_of(group), source: Box::new(source) },
        }
    }
}

/// What its owner can do at once, and what was named in vain.
fn ways_on(ways: &Ways, standing: &Standing) -> String {
    let drill = &standing.lock.drill;
    let goes_on = standing.shown.as_ref().is_some_and(|shown| shown.goes_on);
    let (kept, _) = journal::list(&ways.journals).unwrap_or_default(); // what cannot be read names nothing
    let is_here = kept.iter().any(|kept| kept.header.drill == *drill);
    let mut said = String::new();
    if is_here && !goes_on {
        let _ = write!(said, ". Its journal is here: `spotdrill attach {drill}` frees the lock at once");
    }
    if !ways.take_over.is_empty() && !ways.take_over.contains(drill) {
        let named: Vec<_> = ways.take_over.iter().map(DrillId::as_str).collect();
        let _ = write!(said, ". --take-over {} names another drill than the one that holds it", named.join(" "));
    }
    said
}

fn permission(source: &NotTaken) -> &'static str {
    match source {
        NotTaken::Aws(error) if error.kind == Kind::Denied => {
            ". It takes the statements SeeLocks and TakeLock of `spotdrill setup --print operator`"
        }
        _ => "",
    }
}

/// What the lock of this drill says.
pub(super) fn lock(aws: &Aws, ways: &Ways, plan: &Plan, drill: &DrillId, identity: &Identity) -> Lock {
    let settle = SignedDuration::from_secs(ways.settle_seconds.into());
    let lasts = plan.warning.whole().saturating_add(settle).saturating_add(LEEWAY);
    Lock {
        drill: drill.clone(),
        group: SafeText::default(),
        arn: Lock::part(&identity.arn),
        user: Lock::part(&ways.user),
        host: Lock::part(&ways.host),
        at: aws.clock.now(),
        lasts: u32::try_from(lasts.as_secs()).unwrap_or(u32::MAX),
        version: SafeText::new(env!("CARGO_PKG_VERSION")),
    }
}

/// Whether someone else holds one of the groups, as far as a look tells: the lock itself decides.
pub(super) async fn held_by_another(aws: &Aws, ways: &Ways, plan: &Plan) -> Result<(), NotLocked> {
    for group in plan.groups() {
        let now = aws.clock.now();
        let failed = |error| NotLocked::of(group, NotTaken::Aws(error), now, ways);
        let Some(read) = aws.lock(group).await.map_err(failed)? else { continue };
        if read.entry.state != State::Held {
            continue;
        }
        let standing = aws.standing(&read).await.map_err(failed)?;
        if !standing.is_stale(now) || !ways.take_over.contains(&standing.lock.drill) {
            return Err(NotLocked::of(group, NotTaken::Held(Box::new(standing)), now, ways));
        }
    }
    Ok(())
}

/// Takes every group of the plan, on this machine first; the drills whose stale locks were taken over. If it fails, what
/// was taken in the account is left to be freed.
pub(super) async fn take(aws: &Aws, ways: &Ways, plan: &Plan, lock: &Lock) -> Result<(Files, Vec<DrillId>), NotLocked> {
    let groups = in_order(plan);
    let kept = keep(ways, plan, lock)?;
    crash::point(Point::GroupKept);
    let mut over = Vec::new();
    for group in groups {
        let lock = Lock { group: group_of(group), ..lock.clone() };
        let taken = aws.take_lock(group, &lock, &ways.take_over).await;
        over.extend(taken.map_err(|source| NotLocked::of(group, source, aws.clock.now(), ways))?);
    }
    Ok((kept, over))
}

/// Every program takes several groups in the same order, so that no two wait for each other.
fn in_order(plan: &Plan) -> Vec<&GroupKey> {
    let mut groups = plan.groups();
    groups.sort_by_cached_key(|group| name_of(group));
    groups
}

/// Takes the files of the plan's groups. A lab inside this program is nobody else's.
pub(super) fn keep(ways: &Ways, plan: &Plan, lock: &Lock) -> Result<Files, NotLocked> {
    if plan.world == World::Lab && ways.endpoint.is_none() {
        return Ok(Files::default());
    }
    let folder = folder(ways, plan);
    let mut kept = Files::default();
    for group in in_order(plan) {
        let path = folder.join(name_of(group));
        let failed = |source| NotLocked::File { path: path.clone(), source };
        DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(failed)?;
        let mut file = open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(NotLocked::Here { group: group_of(group), said: said(&mut file) });
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        let line = format!("{}{} {BY} {}", begin(&lock.drill), lock.user, std::process::id());
        file.set_len(0).and_then(|()| file.write_all(line.as_bytes())).map_err(failed)?;
        kept.0.push(file);
    }
    Ok(kept)
}

fn folder(ways: &Ways, plan: &Plan) -> PathBuf {
    let server = ways.endpoint.as_ref().map(|url| format!(".{:016x}", mark(Some(url)))).unwrap_or_default();
    ways.journals.with_file_name("locks").join(format!("{}.{}{server}", plan.account, plan.region))
}

/// What stands before the process in what the keeper of a file writes into it.
const BY: &str = "by process";

fn begin(drill: &DrillId) -> String {
    format!("drill {drill} of ")
}

/// The process that kept the groups of the plan for the drill, if nobody did after it; whether it still does is not asked.
pub(super) fn last_kept_by(ways: &Ways, plan: &Plan, drill: &DrillId) -> Option<i32> {
    let group = in_order(plan).into_iter().next()?;
    let mut said = String::new();
    let mut options = OpenOptions::new();
    let options = options.read(true).custom_flags(OFlags::NOFOLLOW.bits().cast_signed());
    let file = options.open(folder(ways, plan).join(name_of(group))).ok()?;
    file.take(1024).read_to_string(&mut said).ok()?;
    said.strip_prefix(&begin(drill))?.rsplit_once(BY)?.1.trim().parse().ok()
}

fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW.bits().cast_signed();
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).custom_flags(flags).open(path)
}

/// What the one who keeps the file wrote into it.
fn said(file: &mut File) -> SafeText {
    let mut said = String::new();
    match file.take(1024).read_to_string(&mut said) {
        Ok(_) if !said.is_empty() => SafeText::new(said),
        _ => SafeText::new("by another spotdrill"),
    }
}

pub(super) fn group_of(group: &GroupKey) -> SafeText {
    Lock::part(&format!("{} {}", group.kind.as_str(), group.qualified()))
}
