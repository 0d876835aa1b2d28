//! The program as a child process: in a home of its own, in an environment that holds no credentials, with deadlines.

use std::{
    env,
    ffi::OsString,
    fs,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// How long anything may take on a machine that is busy with other things.
pub(crate) const DEADLINE: Duration = Duration::from_mins(1);

pub(crate) const SPOTDRILL: &str = env!("CARGO_BIN_EXE_spotdrill");

/// A home folder that goes with the test.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// All that a child gets of an environment.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        let path = |name: &str| self.0.path().join(name).into_os_string();
        vec![
            ("PATH", env::var_os("PATH").unwrap_or_default()),
            ("HOME", path("")),
            ("XDG_CONFIG_HOME", path("config")),
            ("XDG_STATE_HOME", path("state")),
            ("XDG_DATA_HOME", path("data")),
            ("XDG_CACHE_HOME", path("cache")),
            ("TERM", OsString::from("xterm-256color")),
            ("LANG", OsString::from("C.UTF-8")),
            ("AWS_EC2_METADATA_DISABLED", OsString::from("true")),
        ]
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A file of this home, with its folders.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// Every file of this home by its name, with its text.
    pub(crate) fn files(&self) -> Vec<(String, String)> {
        let mut folders = vec![self.0.path().to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                    files.push((path.display().to_string(), text));
                }
            }
        }
        files
    }

    /// The journals of the drills that were started from here.
    pub(crate) fn journals(&self) -> Vec<PathBuf> {
        let folder = self.0.path().join("state/spotdrill/drills");
        let entries = fs::read_dir(folder).into_iter().flatten();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|kind| kind == "jsonl")).collect()
    }

    /// `spotdrill` with these words as its arguments.
    pub(crate) fn spotdrill(&self, words: &str) -> Command {
        let mut command = Command::new(SPOTDRILL);
        command.args(words.split_whitespace()).env_clear().envs(self.environment()).current_dir(self.0.path());
        command
    }
}

/// A child that runs; dropped, it is killed.
pub(crate) struct Running {
    child: Child,
    out: Receiver<String>,
    err: Receiver<String>,
    heard: String,
}

/// A child that ended by itself.
#[derive(Debug)]
pub(crate) struct Ended {
    /// None if a signal killed it.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Running {
    pub(crate) fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (out, err) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        Self { child, out, err, heard: String::new() }
    }

    /// Listens until a line of standard output has that part.
    pub(crate) fn until(&mut self, part: &str) {
        while let Some(line) = next(&self.out) {
            self.heard += &line;
            if line.contains(part) {
                return;
            }
        }
        panic!("it ended without saying {part:?}:\n{}", self.heard);
    }

    /// Listens until a line of standard error has that part.
    pub(crate) fn until_complains(&mut self, part: &str) {
        let mut heard = String::new();
        while let Some(line) = next(&self.err) {
            heard += &line;
            if line.contains(part) {
                return;
            }
        }
        panic!("it ended without saying {part:?}:\n{heard}");
    }

    /// What it said on standard output so far.
    pub(crate) fn heard(&self) -> &str {
        &self.heard
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn is_alive(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn end(mut self) -> Ended {
        while let Some(line) = next(&self.out) {
            self.heard += &line;
        }
        let mut err = String::new();
        while let Some(line) = next(&self.err) {
            err += &line;
        }
        let code = self.child.wait().unwrap().code();
        Ended { code, out: std::mem::take(&mut self.heard), err }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may have ended
        let _ = self.child.wait();
    }
}

/// Waits for a condition that nothing tells of.
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    const LOOK: Duration = Duration::from_millis(5);
    for _ in 0..DEADLINE.as_millis() / LOOK.as_millis() {
        if holds() {
            return;
        }
        thread::park_timeout(LOOK);
    }
    panic!("never came: {what}");
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Ended {
    Running::start(command).end()
}

fn lines(from: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut from = BufReader::new(from);
        let mut line = String::new();
        while from.read_line(&mut line).is_ok_and(|read| read > 0) {
            if sender.send(std::mem::take(&mut line)).is_err() {
                break;
            }
        }
    });
    receiver
}

/// The next line with its end; none when there will be no other.
fn next(lines: &Receiver<String>) -> Option<String> {
    match lines.recv_timeout(DEADLINE) {
        Ok(line) => Some(line),
        Err(RecvTimeoutError::Disconnected) => None,
        Err(RecvTimeoutError::Timeout) => panic!("it neither said anything nor ended in {DEADLINE:?}"),
    }
}
