//! However the program ends, the terminal is as it was: its modes to the last bit, its main screen, its cursor.

use portable_pty::CommandBuilder;
use rustix::process::{Signal, kill_process};

use super::{CTRL_C, SIZE, fleet, terminal::Terminal};
use crate::{figure::figure, program::Home};

/// What the panics that a debug build can be told to have would do to a terminal, and would tell.
const FORBIDDEN: [&str; 3] = ["\x1b]0;", "\x07", "canary"];

#[test]
fn however_it_ends_the_terminal_is_given_back() {
    type Leave = fn(&Home);
    const PATHS: [(&str, Leave); 11] = [
        ("q", by_q),
        ("ctrl-c", by_ctrl_c),
        ("TERM", |home| by_signal(home, Signal::TERM, 143)),
        ("HUP", |home| by_signal(home, Signal::HUP, 129)),
        ("INT", |home| by_signal(home, Signal::INT, 130)),
        ("QUIT", |home| by_signal(home, Signal::QUIT, 131)),
        ("TSTP and CONT", by_stop_and_go_on),
        ("a panic while drawing", by_panic_while_drawing),
        ("a panic of a task", by_panic_of_a_task),
        ("an error", by_error),
        ("a closed output", by_closed_output),
    ];
    let (mut tried, mut given_back) = (0, 0);
    for (path, leave) in PATHS {
        eprintln!("leaving by {path}");
        tried += 1;
        leave(&Home::new());
        given_back += 1;
    }
    figure("terminal given back", format_args!("{tried} ways to leave, {given_back} gave it back"));
}

fn by_q(home: &Home) {
    let mut terminal = fleet(home);
    assert!(terminal.is_taken());
    terminal.press("q", "back");
    assert_eq!(terminal.end().code, 0);
    terminal.assert_given_back();
}

fn by_ctrl_c(home: &Home) {
    let mut terminal = fleet(home);
    terminal.send(&CTRL_C.repeat(2));
    assert_eq!(terminal.end().code, 0);
    terminal.assert_given_back();
}

fn by_signal(home: &Home, signal: Signal, code: u32) {
    let mut terminal = fleet(home);
    terminal.send("?");
    terminal.shows("esc closes");
    terminal.signal(signal);
    assert_eq!(terminal.end().code, code, "{signal:?}");
    terminal.assert_given_back();
}

/// A shell that can stop what it started; it tells, and waits for a line before it goes on.
fn from_a_shell(home: &Home, words: &str, then: &str) -> Terminal {
    let script = format!("set -m; \"$0\" {words}; echo \"stopped, $?\"; read line; {then}; echo \"ended, $?\"");
    Terminal::shell(home, &script, SIZE)
}

fn by_stop_and_go_on(home: &Home) {
    let mut terminal = from_a_shell(home, "--lab", "fg");
    let before = terminal.shows("24 instances in 4 groups");
    assert!(terminal.is_taken(), "at first");
    terminal.send("\x1a");
    terminal.says("stopped, 1"); // 128 and the signal's number, which is SIGSTOP's
    terminal.assert_given_back();
    terminal.unwatched(|_| ()); // wiped
    terminal.send("\n");
    crate::program::wait_until("the same screen, taken again", || terminal.screen() == before && terminal.is_taken());
    kill_process(terminal.child(), Signal::TERM).unwrap();
    let left = terminal.end();
    assert!(left.screen.contains("ended, 143"), "{}", left.screen);
    terminal.assert_given_back();
}

fn by_panic_while_drawing(home: &Home) {
    let left = panicked(home, "--lab", "drawing:panic", |_| ());
    assert!(left.contains("it panicked at src/crash.rs:"), "{left}");
    assert!(left.contains("told to panic at Drawing"), "{left}");
}

fn by_panic_of_a_task(home: &Home) {
    let left = panicked(home, "--lab tiny --speed 60", "polled:panic", |terminal| {
        super::start_a_drill(terminal);
    });
    assert!(left.contains("told to panic at Polled"), "{left}");
    assert!(left.contains("left: the lab ended with this program"), "{left}");
}

/// What stands on the main screen after a panic.
fn panicked(home: &Home, words: &str, crash: &str, until: impl FnOnce(&mut Terminal)) -> String {
    let crash = crash.to_owned();
    let panics = move |command: &mut CommandBuilder| command.env("SPOTDRILL_CRASH", crash);
    let mut terminal = Terminal::with(home, words, SIZE, panics);
    until(&mut terminal);
    let left = terminal.end();
    assert_eq!(left.code, 101, "{}", left.screen);
    terminal.assert_given_back();
    for forbidden in FORBIDDEN {
        assert!(!terminal.bytes().contains(forbidden), "{forbidden:?} in {:?}", left.screen);
    }
    left.screen
}

fn by_error(home: &Home) {
    let terminal = Terminal::open(home, "--region eu-west-1", SIZE);
    let left = terminal.end();
    assert_eq!(left.code, 5, "{}", left.screen);
    let said = left.screen.replace('\n', " ");
    assert!(said.contains("there are no credentials") && said.contains("--lab"), "{}", left.screen);
    terminal.assert_given_back();
}

fn by_closed_output(home: &Home) {
    let words = "run --lab tiny --speed 60 --group web-spot --count 1 --warn 2m --yes";
    let script = format!("(\"$0\" {words}; echo \"ended, $?\" >&2) | head -n 1");
    let terminal = Terminal::shell(home, &script, SIZE);
    let left = terminal.end();
    assert!(left.screen.contains("ended, 141") && left.screen.contains("left: the lab ended"), "{}", left.screen);
    terminal.assert_modes_are_back();
}

#[test]
fn a_panic_within_a_panic_gives_it_back_too() {
    let home = Home::new();
    let twice = |command: &mut CommandBuilder| command.env("SPOTDRILL_CRASH", "drawing:panic,panicking:panic");
    let terminal = Terminal::with(&home, "--lab", SIZE, twice);
    assert_ne!(terminal.end().code, 0);
    terminal.assert_given_back();
}

#[test]
fn a_panic_without_a_screen_is_told_and_the_drill_is_left() {
    let home = Home::new();
    let mut command = home.spotdrill("run --lab tiny --speed 60 --group web-spot --count 1 --warn 2m --yes");
    let ended = crate::program::run(command.env("SPOTDRILL_CRASH", "polled:panic"));
    assert_eq!(ended.code, Some(101), "{}", ended.err);
    assert!(
        ended.err.contains("told to panic at Polled") && ended.err.contains("left: the lab ended"),
        "{}",
        ended.err
    );
    for forbidden in FORBIDDEN {
        assert!(!ended.err.contains(forbidden), "{}", ended.err);
    }
}

#[test]
fn a_program_that_goes_on_in_the_background_leaves_the_terminal_alone() {
    let home = Home::new();
    let mut terminal =
        from_a_shell(&home, "--lab tiny --speed 60", "bg; echo away; read line; echo \"read $line\"; read line; fg");
    super::start_a_drill(&mut terminal);
    terminal.shows("rebalance recommended");
    terminal.send("\x1a");
    terminal.says("stopped, 1");
    terminal.send("\n");
    terminal.says("away");
    terminal.assert_given_back();
    // what is typed is the shell's, and the drill goes on
    terminal.send("q\n");
    terminal.says("read q");
    let journal = home.journals().remove(0);
    crate::program::wait_until("the drill's end in its journal", || {
        std::fs::read_to_string(&journal).unwrap().contains("drill-finished")
    });
    terminal.assert_given_back();
    terminal.send("\n");
    terminal.shows("HELD  1 interrupted");
    assert!(terminal.is_taken());
    terminal.press("q", "back");
    terminal.shows("in 1 group");
    terminal.press("q", "back");
    let left = terminal.end();
    assert!(left.screen.contains("ended, 0"), "{}", left.screen);
    terminal.assert_given_back();
}

#[test]
fn where_no_shell_could_let_it_go_on_it_is_not_stopped() {
    let home = Home::new();
    let mut terminal = fleet(&home);
    terminal.send("\x1a");
    terminal.shows("there is no shell that spotdrill was started from");
    terminal.signal(Signal::TSTP);
    terminal.press("q", "back");
    assert_eq!(terminal.end().code, 0);
    terminal.assert_given_back();
}
