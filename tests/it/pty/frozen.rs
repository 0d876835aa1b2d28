//! A terminal that stops reading, as one does whose window is stopped or whose link is stuck: the drill goes on, nothing piles up,
//! and the program still hears what it is told.

use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use super::{SIZE, start_a_drill, terminal::Terminal};
use crate::{
    figure::figure,
    program::{Home, SPOTDRILL, wait_until},
};

/// Ten minutes of the lab's time.
const MINUTES: i64 = 10;
const SPEED: i64 = 60;
const WIDE: (u16, u16) = (300, 100);
/// In kilobytes.
const MOST_GROWTH: i64 = 5 * 1024;

/// Resident memory, in kilobytes.
fn memory(pid: Pid) -> i64 {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Fills all that lies between the program and a terminal that does not read, with whole screens.
fn flood(terminal: &Terminal) {
    terminal.freeze();
    let mut width = WIDE.0;
    wait_until("a full terminal", || {
        width = if width == WIDE.0 { WIDE.0 - 1 } else { WIDE.0 };
        terminal.resize_blindly(width, WIDE.1);
        terminal.is_stuck()
    });
}

fn facts(home: &Home) -> usize {
    home.journals().first().map_or(0, |journal| fs::read_to_string(journal).unwrap().lines().count())
}

#[test]
fn a_terminal_that_does_not_read_for_ten_minutes_holds_up_nothing_and_piles_up_nothing() {
    let home = Home::new();
    let mut terminal = Terminal::open(&home, "--lab tiny --speed 60", SIZE);
    start_a_drill(&mut terminal);
    terminal.shows("rebalance recommended");
    let (before, begun) = (facts(&home), Instant::now());
    flood(&terminal);
    let memory_before = memory(terminal.pid());
    wait_until("the drill's end in its journal", || {
        let journal = home.journals().remove(0);
        fs::read_to_string(journal).unwrap().contains("drill-finished")
    });
    let whole = Duration::from_secs(u64::try_from(MINUTES * 60 / SPEED).unwrap());
    wait_until("ten minutes of the lab's time", || {
        terminal.signal(Signal::WINCH); // one more screen that it does not take
        begun.elapsed() >= whole
    });
    let growth = memory(terminal.pid()) - memory_before;
    let written = facts(&home) - before;
    assert!(written > 5, "the journal has {written} facts more");
    assert!(growth < MOST_GROWTH, "{growth} kB more");
    terminal.resize_blindly(SIZE.0, SIZE.1);
    terminal.thaw();
    terminal.shows("HELD  1 interrupted");
    let seen = terminal.until("all of it", |screen| screen.contains(" ? help"));
    terminal.send("\x0c");
    terminal.until("the same, drawn anew", |screen| screen == seen);
    figure(
        "a terminal that does not read",
        format_args!(
            "{} s, {} min of the lab's: {written} facts written, {growth} kB of memory more",
            begun.elapsed().as_secs(),
            begun.elapsed().as_secs() * u64::try_from(SPEED).unwrap() / 60,
        ),
    );
    terminal.press("q", "back");
    terminal.shows("in 1 group");
    terminal.press("q", "back");
    assert_eq!(terminal.end().code, 0);
    terminal.assert_given_back();
}

#[test]
fn a_terminal_that_does_not_read_keeps_no_signal_from_ending_the_program() {
    let home = Home::new();
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT] {
        let mut terminal = Terminal::open(&home, "--lab --speed 60", SIZE);
        terminal.shows("24 instances");
        flood(&terminal);
        let began = Instant::now();
        terminal.signal(signal);
        assert_eq!(terminal.exit(), 128 + u32::try_from(signal.as_raw()).unwrap());
        assert!(began.elapsed() < Duration::from_secs(3), "{signal:?}: {:?}", began.elapsed());
        assert!(terminal.is_as_before());
        terminal.thaw();
        terminal.end();
        terminal.assert_given_back(); // once it reads again, it is on its main screen
    }
}

#[test]
fn a_drill_is_stopped_by_a_signal_where_no_key_can_be_pressed() {
    let home = Home::new();
    let mut terminal = super::drilling(&home);
    flood(&terminal);
    terminal.signal(Signal::USR1);
    let journal = home.journals().remove(0);
    let said = |fact: &str| fs::read_to_string(&journal).unwrap().contains(fact);
    wait_until("the wish and its order", || said("stop-requested"));
    wait_until("the drill's end", || said("drill-finished"));
    assert!(said("\"aborted\""), "{}", fs::read_to_string(&journal).unwrap());
    terminal.resize_blindly(SIZE.0, SIZE.1);
    terminal.thaw();
    terminal.shows("a stop was asked for; 1 of 1");
}

#[test]
fn a_drill_without_a_screen_goes_on_and_is_stopped_where_nobody_reads_its_lines() {
    let home = Home::new();
    let words = "run --lab tiny --speed 60 --group web-spot --count 1 --warn 15m --yes --format ndjson";
    // a pipe that is as good as full before the first fact
    let script = format!("head -c 65300 /dev/zero; exec \"$0\" {words}");
    let mut command = Command::new("sh");
    command.args(["-c", &script, SPOTDRILL]).env_clear().envs(home.environment());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let said =
        |fact: &str| home.journals().first().is_some_and(|journal| fs::read_to_string(journal).unwrap().contains(fact));
    wait_until("the experiment in the journal", || said("experiment-started"));
    let pid = Pid::from_child(&child);
    kill_process(pid, Signal::INT).unwrap();
    wait_until("the wish, and the end of the drill", || said("stop-requested") && said("drill-finished"));
    assert!(child.try_wait().unwrap().is_none(), "it waits for whoever is to read what it has to say");
    let began = Instant::now();
    kill_process(pid, Signal::TERM).unwrap();
    wait_until("its end", || child.try_wait().unwrap().is_some());
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    assert_eq!(child.wait().unwrap().code(), Some(143));
}
