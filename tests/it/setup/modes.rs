//! What the program keeps is for its owner alone, and can be used again, whatever the umask: settings, journals, what was put
//! aside of one that was torn, and locks.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    process::Command,
};

use rustix::process::Signal;

use crate::{
    cli::served,
    figure::figure,
    program::{Ended, Home, Running, SPOTDRILL, run},
};

/// Nothing is taken away, and all but the owner's own.
const UMASKS: [&str; 2] = ["000", "077"];
/// A part of the path of each thing that is kept.
const KEPT: [&str; 4] = ["config/spotdrill/config.toml", ".jsonl", ".torn-", "/locks/"];

/// The program under that umask.
fn under(umask: &str, home: &Home, words: &str, exports: &[(String, String)]) -> Command {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("umask {umask}; exec \"$0\" {words}"), SPOTDRILL]).arg0("sh");
    command.env_clear().envs(home.environment()).envs(exports.to_vec());
    command
}

/// A drill that is killed, whose journal is torn, and that is come back to; another one; an account that is set up.
fn keep_everything(umask: &str, home: &Home) {
    let of_server = Home::new();
    let (_server, url, exports) = served(&of_server, "--speed 120");
    let drill = format!("run --endpoint-url {url} --group web-spot --count 1 --settle 1m --yes --format ndjson");
    let mut killed = Running::start(&mut under(umask, home, &drill, &exports));
    killed.until("experiment-started");
    killed.signal(Signal::KILL);
    assert_eq!(killed.end().code, None, "umask {umask}");
    let mut journal = OpenOptions::new().append(true).open(&home.journals()[0]).unwrap();
    journal.write_all(b"{\"seq\":99,\"at\":\"20").unwrap();
    let bare = run(&mut home.spotdrill("lab scenarios bare")).out;
    let scenario = home.write("mine.toml", &format!("account = \"123456789012\"\n{bare}")).display().to_string();
    for words in [
        format!("attach --endpoint-url {url} --format text"),
        format!("{drill} --override cool-down=\"a test of something else\""),
        format!("setup --lab {scenario} --speed 600 --no-slack --yes"),
        String::from("doctor --lab default"),
    ] {
        let Ended { code, out, err } = run(&mut under(umask, home, &words, &exports));
        assert_eq!(code, Some(0), "umask {umask}, {words}: {out}{err}");
    }
}

#[test]
fn what_is_kept_is_for_its_owner_alone_whatever_the_umask() {
    let (mut files, mut folders, mut wrong) = (0, 0, Vec::new());
    for umask in UMASKS {
        let home = Home::new();
        keep_everything(umask, &home);
        let mut there: Vec<_> = ["config", "state"].map(|top| home.path(top)).into();
        let mut kept = Vec::new();
        while let Some(path) = there.pop() {
            let mode = fs::metadata(&path).unwrap().permissions().mode() & 0o7777;
            let is_folder = path.is_dir();
            if mode == if is_folder { 0o700 } else { 0o600 } {
                *(if is_folder { &mut folders } else { &mut files }) += 1;
            } else {
                wrong.push(format!("umask {umask}: {} is {mode:04o}", path.display()));
            }
            if is_folder {
                there.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
            kept.push(path.display().to_string());
        }
        for part in KEPT {
            assert!(kept.iter().any(|path| path.contains(part)), "umask {umask}: no {part} in {kept:#?}");
        }
    }
    figure(
        "modes whatever the umask",
        format_args!("{} umasks, {files} files 0600, {folders} folders 0700, {} otherwise", UMASKS.len(), wrong.len()),
    );
    assert_eq!(wrong, [""; 0]);
}
