//! Files and folders for their owner alone: no symbolic link is followed, and what others could have written is not
//! trusted. Knows nothing of what is in them.

use std::{
    fs::{DirBuilder, File, OpenOptions, Permissions},
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use rustix::{fs::OFlags, process::geteuid};

use super::Error;
use crate::crash::{self, Point};

/// A new file; it is an error if there is one of that name.
pub(super) fn create(path: &Path) -> io::Result<File> {
    crash::disk()?;
    OpenOptions::new().read(true).append(true).create_new(true).mode(0o600).open(path)
}

/// A file that is there, to read or also to add to, if it is safe to. Others' right to read it is taken away.
pub(super) fn open(path: &Path, doing: &'static str, add: bool) -> Result<File, Error> {
    let next = "check the file's permissions";
    let failed = |source| Error::Io { doing, path: path.to_owned(), source, next };
    // without waiting: whoever opens a pipe waits for its other end
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = OpenOptions::new().read(true).append(add).custom_flags(flags.bits().cast_signed()).open(path);
    let file = file.map_err(|error| link(path).unwrap_or_else(|| failed(error)))?;
    let found = file.metadata().map_err(failed)?;
    if !found.is_file() {
        return Err(untrusted(path, String::from("it is no plain file"), "move it away"));
    }
    owned(path, found.uid())?;
    if found.mode() & 0o022 != 0 {
        let next = "if nobody else wrote to it, take the right away with `chmod 600`";
        return Err(untrusted(path, format!("others may write to it (mode {:o})", found.mode() & 0o777), next));
    }
    if found.mode() & 0o077 != 0 {
        let mended = file.set_permissions(Permissions::from_mode(0o600)).map_err(failed);
        if add {
            mended?; // what is only read may be on a disk that cannot be written to
        }
    }
    Ok(file)
}

/// Makes a folder, with those above it, or takes the one that is there; nobody else may look into it.
pub(super) fn make_folder(path: &Path) -> Result<File, Error> {
    let next = "make room or make the folder writable";
    let failed = |source| Error::Io { doing: "make the folder of", path: path.to_owned(), source, next };
    crash::disk().map_err(failed)?;
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
    open_folder(path)
}

/// A folder that is there.
pub(super) fn open_folder(path: &Path) -> Result<File, Error> {
    let next = "check the folder's permissions";
    let failed = |source| Error::Io { doing: "open the folder of", path: path.to_owned(), source, next };
    let flags = OFlags::NOFOLLOW | OFlags::DIRECTORY;
    let folder = OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path);
    let folder = folder.map_err(|error| link(path).unwrap_or_else(|| failed(error)))?;
    let found = folder.metadata().map_err(failed)?;
    owned(path, found.uid())?;
    if found.mode() & 0o077 != 0 {
        folder.set_permissions(Permissions::from_mode(0o700)).map_err(failed)?;
    }
    Ok(folder)
}

/// Takes what is behind that many bytes out of the file, and keeps it in one of its own beside it.
pub(super) fn set_tail_aside(file: &mut File, path: &Path, whole: u64) -> io::Result<()> {
    let mut copy = beside(path)?;
    file.seek(SeekFrom::Start(whole))?;
    io::copy(&mut Read::take(&mut *file, u64::MAX), &mut copy)?;
    crash::disk()?;
    copy.sync_all()?;
    if let Some(folder) = path.parent() {
        File::open(folder)?.sync_all()?;
    }
    crash::point(Point::TailCopied);
    crash::disk()?;
    file.set_len(whole)?;
    file.sync_all()?;
    crash::point(Point::TailCut);
    Ok(())
}

/// `<drill>.torn-1`, or the next number that is free.
fn beside(path: &Path) -> io::Result<File> {
    let mut number = 1;
    loop {
        let name: PathBuf = path.with_extension(format!("torn-{number}"));
        match create(&name) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            made => return made,
        }
    }
}

/// Root reads everybody's.
fn owned(path: &Path, owner: u32) -> Result<(), Error> {
    let we = geteuid();
    if we.is_root() || we.as_raw() == owner {
        return Ok(());
    }
    Err(untrusted(path, format!("it belongs to the user {owner}"), "set XDG_STATE_HOME to a folder of your own"))
}

fn link(path: &Path) -> Option<Error> {
    path.is_symlink().then(|| untrusted(path, String::from("it is a symbolic link"), "put what it names in its place"))
}

fn untrusted(path: &Path, why: String, next: &'static str) -> Error {
    Error::Untrusted { path: path.to_owned(), why, next }
}
