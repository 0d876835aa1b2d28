//! A terminal around a child process: a pseudo-terminal, a parser that knows what it shows, and waits for conditions.

use std::{
    fs,
    io::{Read, Write},
    num::NonZeroU16,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::{self, JoinHandle},
    time::Duration,
};

use portable_pty::{CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use crate::program::{DEADLINE, Home, SPOTDRILL};

/// What each frame ends with: only whole frames are looked at.
const FRAME_END: &[u8] = b"\x1b[?2026l";

pub(super) struct Terminal {
    pid: Pid,
    pty: Option<Pty>,
    shared: Arc<Shared>,
    /// The first frame that is looked at next: what came before it is no answer to what is awaited now.
    from: usize,
    modes_before: String,
}

struct Pty {
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    reader: JoinHandle<()>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    parser: vt100::Parser,
    bytes: Vec<u8>,
    /// What was on the screen after each frame, and at the very end.
    frames: Vec<String>,
    /// Nothing more will be written.
    closed: bool,
    exit: Option<u32>,
    reader: Reads,
}

/// What the reader is to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Reads {
    #[default]
    All,
    /// Whatever is written is dropped.
    Unwatched,
    /// Nothing, as a terminal does that is stopped.
    Nothing,
    /// Nothing any more: it lets go of the terminal.
    NoMore,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while that holds; true if it held to the end of that time.
    fn wait_while(&self, time: Duration, holds: impl FnMut(&mut State) -> bool) -> bool {
        let waited = self.changed.wait_timeout_while(self.state(), time, holds);
        waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }
}

impl State {
    fn take(&mut self, bytes: &[u8]) {
        if self.reader == Reads::Unwatched {
            return;
        }
        for byte in bytes {
            self.bytes.push(*byte);
            self.parser.process(&[*byte]);
            if self.bytes.ends_with(FRAME_END) {
                self.frames.push(self.parser.screen().contents());
            }
        }
    }
}

/// How a program left its terminal.
pub(super) struct Left {
    pub(super) code: u32,
    /// What the terminal shows.
    pub(super) screen: String,
}

impl Terminal {
    /// Starts `spotdrill` with these words as its arguments, as the leader of the terminal's session.
    pub(super) fn open(home: &Home, words: &str, size: (u16, u16)) -> Self {
        Self::with(home, words, size, |_| ())
    }

    pub(super) fn with(home: &Home, words: &str, size: (u16, u16), set: impl FnOnce(&mut CommandBuilder)) -> Self {
        let mut command = CommandBuilder::new(SPOTDRILL);
        command.args(words.split_whitespace());
        Self::around(home, command, size, set)
    }

    /// Starts a line of shell script, in which `$0` is `spotdrill`.
    pub(super) fn shell(home: &Home, script: &str, size: (u16, u16)) -> Self {
        Self::shell_with(home, script, size, |_| ())
    }

    pub(super) fn shell_with(
        home: &Home,
        script: &str,
        size: (u16, u16),
        set: impl FnOnce(&mut CommandBuilder),
    ) -> Self {
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", script, SPOTDRILL]);
        Self::around(home, command, size, set)
    }

    fn around(
        home: &Home,
        mut command: CommandBuilder,
        (width, height): (u16, u16),
        set: impl FnOnce(&mut CommandBuilder),
    ) -> Self {
        command.env_clear();
        for (name, value) in home.environment() {
            command.env(name, value);
        }
        set(&mut command);
        let pair = native_pty_system().openpty(size(width, height)).unwrap();
        let modes_before = modes(&*pair.master);
        let mut child = pair.slave.spawn_command(command).unwrap();
        let pid = Pid::from_raw(child.process_id().unwrap().try_into().unwrap()).unwrap();
        let shared = Arc::new(Shared::default());
        shared.state().parser.screen_mut().set_size(cells(height), cells(width));
        let told = Arc::clone(&shared);
        thread::spawn(move || {
            let status = child.wait().unwrap();
            told.change(|state| state.exit = Some(status.exit_code()));
        });
        let (told, output) = (Arc::clone(&shared), pair.master.try_clone_reader().unwrap());
        let reader = thread::spawn(move || read(output, &told));
        let keyboard = pair.master.take_writer().unwrap();
        Self { pid, pty: Some(Pty { master: pair.master, keyboard, reader }), shared, from: 0, modes_before }
    }

    /// Waits for a frame for which that holds; frames count in their order, from that of the last wait or key on.
    pub(super) fn until(&mut self, what: &str, shown: impl Fn(&str) -> bool) -> String {
        let mut at = self.from;
        let searching = |state: &mut State| {
            while at < state.frames.len() && !shown(&state.frames[at]) {
                at += 1;
            }
            at == state.frames.len() && !state.closed
        };
        self.shared.wait_while(DEADLINE, searching);
        self.from = at;
        let found = self.shared.state().frames.get(at).cloned();
        found.unwrap_or_else(|| panic!("never seen: {what}. The screen at last:\n{}", self.screen()))
    }

    pub(super) fn shows(&mut self, text: &str) -> String {
        self.until(text, |screen| screen.contains(text))
    }

    /// Waits for a text of a program that draws no frames.
    pub(super) fn says(&mut self, text: &str) {
        let missing = |state: &mut State| !state.parser.screen().contents().contains(text) && !state.closed;
        let late = self.shared.wait_while(DEADLINE, missing);
        let screen = self.screen();
        assert!(!late && screen.contains(text), "never said: {text}. The screen at last:\n{screen}");
    }

    /// True if nothing at all is written in that time.
    pub(super) fn is_silent_for(&self, time: Duration) -> bool {
        let written = self.shared.state().bytes.len();
        self.shared.wait_while(time, |state| state.bytes.len() == written)
    }

    /// Sends these bytes at once; what is awaited next comes after them.
    pub(super) fn send(&mut self, bytes: &str) {
        self.from = self.shared.state().frames.len().saturating_sub(1);
        let keyboard = &mut self.pty.as_mut().unwrap().keyboard;
        keyboard.write_all(bytes.as_bytes()).and_then(|()| keyboard.flush()).unwrap();
    }

    /// Presses a key as soon as the last line of the screen names it, with that label.
    pub(super) fn press(&mut self, key: &str, label: &str) {
        let named = format!(" {key} {label}");
        self.until(&format!("{named:?} in the footer"), |screen| footer(screen).contains(&named));
        self.send(match key {
            "space" => " ",
            "enter" => "\r",
            "esc" => "\x1b",
            "tab" => "\t",
            letter => letter,
        });
    }

    pub(super) fn resize(&mut self, width: u16, height: u16) {
        self.from = self.shared.state().frames.len();
        self.shared.state().parser.screen_mut().set_size(cells(height), cells(width));
        self.pty.as_ref().unwrap().master.resize(size(width, height)).unwrap();
    }

    pub(super) fn signal(&self, signal: Signal) {
        kill_process(self.pid, signal).unwrap();
    }

    /// Another size in the kernel alone, for which nobody waits: also those that no parser knows.
    pub(super) fn resize_blindly(&self, width: u16, height: u16) {
        self.pty.as_ref().unwrap().master.resize(size(width, height)).unwrap();
    }

    /// Nobody looks at what is written, until that is over: then the terminal is empty.
    pub(super) fn unwatched(&mut self, meanwhile: impl FnOnce(&Self)) {
        self.shared.state().reader = Reads::Unwatched;
        meanwhile(self);
        let mut state = self.shared.state();
        let (height, width) = dimensions(&state);
        state.parser = vt100::Parser::new(cells(height), cells(width), 0);
        state.reader = Reads::All;
        self.from = state.frames.len();
    }

    /// From here on nothing that is written is read.
    pub(super) fn freeze(&self) {
        self.shared.state().reader = Reads::Nothing;
    }

    /// Whether the program waits for a terminal that does not read: its thread is within a `write`, by its number on x86-64 and
    /// on ARM.
    pub(super) fn is_stuck(&self) -> bool {
        let threads = fs::read_dir(format!("/proc/{}/task", self.pid.as_raw_pid())).unwrap();
        threads.map(|thread| thread.unwrap().path()).any(|thread| {
            let text = |name: &str| fs::read_to_string(thread.join(name)).unwrap_or_default();
            text("comm") == "output\n" && ["1 0x1 ", "64 0x1 "].iter().any(|call| text("syscall").starts_with(call))
        })
    }

    pub(super) fn thaw(&self) {
        self.shared.change(|state| state.reader = Reads::All);
    }

    /// The child of the shell that the terminal was opened with.
    pub(super) fn child(&self) -> Pid {
        let path = format!("/proc/{0}/task/{0}/children", self.pid.as_raw_pid());
        let children = fs::read_to_string(path).unwrap();
        Pid::from_raw(children.split_whitespace().next().unwrap().parse().unwrap()).unwrap()
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    /// Whether its modes are those from before.
    pub(super) fn is_as_before(&self) -> bool {
        self.modes() == self.modes_before
    }

    /// Waits until the program has ended, whoever still holds its terminal.
    pub(super) fn exit(&self) -> u32 {
        assert!(!self.shared.wait_while(DEADLINE, |state| state.exit.is_none()), "it did not end");
        self.shared.state().exit.unwrap()
    }

    /// Takes the terminal away, as an ssh that breaks off does; a key, or another size, makes the reader look up from its read.
    pub(super) fn hang_up(&mut self, key: &str) {
        self.shared.state().reader = Reads::NoMore;
        if key.is_empty() {
            let (height, width) = dimensions(&self.shared.state());
            self.resize_blindly(width + 1, height);
        } else {
            self.send(key);
        }
        let Pty { master, keyboard, reader } = self.pty.take().unwrap();
        assert!(!self.shared.wait_while(DEADLINE, |state| !state.closed), "nothing was written at {key:?}");
        reader.join().unwrap();
        drop((master, keyboard));
    }

    /// Waits for the end of the program, and of all that it writes.
    pub(super) fn end(&self) -> Left {
        let late = self.shared.wait_while(DEADLINE, |state| state.exit.is_none() || !state.closed);
        assert!(!late, "it did not end. The screen at last:\n{}", self.screen());
        let code = self.shared.state().exit.unwrap();
        Left { code, screen: self.screen() }
    }

    pub(super) fn screen(&self) -> String {
        self.shared.state().parser.screen().contents()
    }

    /// All frames so far.
    pub(super) fn frames(&self) -> Vec<String> {
        self.shared.state().frames.clone()
    }

    /// All that was written so far.
    pub(super) fn bytes(&self) -> String {
        String::from_utf8_lossy(&self.shared.state().bytes).into_owned()
    }

    /// The rows of which at least half the cells are inverse.
    pub(super) fn inverse_rows(&self) -> Vec<u16> {
        let state = self.shared.state();
        let (screen, (height, width)) = (state.parser.screen(), dimensions(&state));
        let inverse = |row: u16| {
            let cells = (0..width).filter(|column| screen.cell(row, *column).is_some_and(vt100::Cell::inverse));
            cells.count() * 2 >= usize::from(width)
        };
        (0..height).filter(|row| inverse(*row)).collect()
    }

    /// Whether it is in raw mode, on the alternate screen, without cursor and with bracketed paste.
    pub(super) fn is_taken(&self) -> bool {
        let raw = self.modes() != self.modes_before;
        let state = self.shared.state();
        let screen = state.parser.screen();
        raw && screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste()
    }

    /// Panics unless the terminal is as it was, and each mode was first switched on and then off.
    pub(super) fn assert_given_back(&self) {
        assert_eq!(self.modes(), self.modes_before, "the modes of the terminal");
        let (bytes, shared) = (self.bytes(), self.shared.state());
        let screen = shared.parser.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
        for (mode, on, off) in [
            ("alternate screen", "\x1b[?1049h", "\x1b[?1049l"),
            ("hidden cursor", "\x1b[?25l", "\x1b[?25h"),
            ("bracketed paste", "\x1b[?2004h", "\x1b[?2004l"),
        ] {
            let (on, off) = (bytes.rfind(on), bytes.rfind(off));
            assert!(on < off, "{mode}: on at {on:?}, off at {off:?}");
        }
        // what is never switched on need not be switched off
        for mode in ["1000", "1002", "1003", "1004", "1005", "1006", "1015", "1016"] {
            assert!(!bytes.contains(&format!("\x1b[?{mode}h")), "the mouse or the focus is reported");
        }
        let keyboard = |part: &str| part.starts_with(['>', '=']);
        assert!(!bytes.split("\x1b[").any(keyboard), "a keyboard mode is asked for");
        let after = bytes.rsplit("\x1b[?1049l").next().unwrap_or_default();
        assert!(!after.contains("\x1b[?2026"), "a frame on the main screen: {after:?}");
    }

    pub(super) fn assert_modes_are_back(&self) {
        assert_eq!(self.modes(), self.modes_before, "the modes of the terminal");
    }

    fn modes(&self) -> String {
        modes(&*self.pty.as_ref().unwrap().master)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.shared.state().exit.is_none() {
            let _ = kill_process(self.pid, Signal::KILL); // it may end this very moment
        }
    }
}

fn read(mut output: Box<dyn Read + Send>, shared: &Shared) {
    let mut buffer = [0; 4096];
    loop {
        shared.wait_while(DEADLINE, |state| state.reader == Reads::Nothing);
        let Ok(count @ 1..) = output.read(&mut buffer) else { break };
        shared.change(|state| state.take(&buffer[..count]));
        if shared.state().reader == Reads::NoMore {
            break;
        }
    }
    shared.change(|state| {
        state.closed = true;
        state.frames.push(state.parser.screen().contents());
    });
}

fn size(width: u16, height: u16) -> PtySize {
    PtySize { rows: height, cols: width, ..PtySize::default() }
}

fn cells(count: u16) -> NonZeroU16 {
    NonZeroU16::new(count).unwrap()
}

fn dimensions(state: &State) -> (u16, u16) {
    let (height, width) = state.parser.screen().size();
    (height.get(), width.get())
}

fn footer(screen: &str) -> &str {
    screen.lines().last().unwrap_or_default()
}

/// All that `stty -a` would say.
fn modes(master: &dyn MasterPty) -> String {
    let set = master.get_termios().unwrap();
    format!(
        "{:?}",
        (set.input_flags, set.output_flags, set.control_flags, set.local_flags, set.control_chars, set.line_discipline)
    )
}
