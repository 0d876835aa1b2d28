//! Whose files these are: for their owner alone, whatever the umask; no link is followed, and what others may write to is
//! not believed.

use std::{
    os::unix::fs::{PermissionsExt, symlink},
    process::Command,
};

use super::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn journals_are_for_their_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let drills = folder.path().join("spotdrill").join("drills");
    let path = written(&drills, 1);
    assert_eq!((mode(&path), mode(&drills), mode(drills.parent().unwrap())), (0o600, 0o700, 0o700));
}

#[test]
fn what_others_may_read_is_mended() {
    let folder = tempfile::tempdir().unwrap();
    let drills = folder.path().join("drills");
    let path = written(&drills, 1);
    set_mode(&path, 0o644);
    set_mode(&drills, 0o755);
    assert_eq!(list(&drills).unwrap().0.len(), 1);
    assert_eq!((mode(&path), mode(&drills)), (0o600, 0o700));
}

#[test]
fn what_others_may_write_to_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), 1);
    for loose in [0o620, 0o602, 0o666] {
        set_mode(&path, loose);
        let text = Journal::resume(&path).unwrap_err().to_string();
        assert!(text.contains("others may write to it") && text.contains("chmod 600"), "{text}");
        assert_eq!(list(folder.path()).unwrap().1.len(), 1, "{loose:o}");
    }
}

#[test]
fn a_symbolic_link_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let elsewhere = folder.path().join("elsewhere");
    fs::write(&elsewhere, "precious").unwrap();
    let drills = folder.path().join("drills");
    let path = written(&drills, 1);
    symlink(&path, drills.join("d2.jsonl")).unwrap();
    let (kept, refused) = list(&drills).unwrap();
    assert_eq!((kept.len(), refused.len()), (1, 1));
    assert!(refused[0].to_string().contains("d2.jsonl is not used: it is a symbolic link"), "{refused:?}");

    symlink(&elsewhere, drills.join("d3.jsonl")).unwrap();
    assert!(Journal::create(&drills, &header("d3")).is_err());
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), "precious");

    symlink(&drills, folder.path().join("linked")).unwrap();
    for error in [
        Journal::create(&folder.path().join("linked"), &header("d4")).map(drop).unwrap_err(),
        list(&folder.path().join("linked")).map(drop).unwrap_err(),
    ] {
        assert!(error.to_string().contains("it is a symbolic link"), "{error}");
    }
}

#[test]
fn what_is_no_plain_file_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("d1.jsonl");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let (kept, refused) = list(folder.path()).unwrap();
    assert_eq!((kept.len(), refused.len()), (0, 1));
}
