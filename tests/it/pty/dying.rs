//! A terminal that goes: the program ends at once and at no cost, and what it left is found again.

use std::{fs, net::TcpListener, time::Duration};

use portable_pty::CommandBuilder;
use rustix::process::{Pid, test_kill_process};
use tokio::time::Instant;

use super::{SIZE, confirming, drilling, fleet, terminal::Terminal};
use crate::{
    figure::figure,
    program::{Home, run, wait_until},
};

const AT_ONCE: Duration = Duration::from_secs(2);
/// Of the time that it takes to end; much less than a processor.
const NO_COST: Duration = Duration::from_millis(200);

/// The processor time of all its threads so far; none once it is gone.
fn cpu(pid: Pid) -> Option<Duration> {
    let threads = fs::read_dir(format!("/proc/{}/task", pid.as_raw_pid())).ok()?;
    let of = |path: std::path::PathBuf| {
        let text = fs::read_to_string(path.join("schedstat")).ok()?;
        text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
    };
    Some(threads.filter_map(|thread| of(thread.ok()?.path())).sum())
}

/// Takes the terminal away; how long the program goes on, and what that costs.
fn end_of(terminal: &mut Terminal, pid: Pid, key: &str) -> (Duration, Duration) {
    let before = cpu(pid).unwrap();
    let began = Instant::now();
    terminal.hang_up(key);
    let mut last = before;
    wait_until("the end of the program", || {
        last = cpu(pid).unwrap_or(last).max(last);
        test_kill_process(pid).is_err() || is_dead(pid)
    });
    (began.elapsed(), last.saturating_sub(before))
}

fn is_dead(pid: Pid) -> bool {
    let status = fs::read_to_string(format!("/proc/{}/status", pid.as_raw_pid())).unwrap_or_default();
    status.is_empty() || status.contains("State:\tZ")
}

/// As a program of a session that another one leads: no signal tells it that the terminal goes.
fn without_signal(command: &mut CommandBuilder) {
    command.set_controlling_tty(false);
}

#[test]
fn a_terminal_that_goes_ends_the_program_at_once_and_at_no_cost() {
    type Open = fn(&Home) -> Terminal;
    let silent = TcpListener::bind("127.0.0.1:0").unwrap(); // it takes calls, and never answers
    let url = format!("http://{}", silent.local_addr().unwrap());
    let listing = |home: &Home, without: bool| {
        let mut terminal = Terminal::with(home, &format!("--endpoint-url {url}"), SIZE, |command| {
            for (name, value) in
                [("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")]
            {
                command.env(name, value);
            }
            if without {
                without_signal(command);
            }
        });
        terminal.shows("listing");
        terminal
    };
    let mut measured = Vec::new();
    for without in [false, true] {
        let home = Home::new();
        let mut terminal = listing(&home, without);
        let pid = terminal.pid();
        measured.push(end_of(&mut terminal, pid, "?"));
        assert_eq!(terminal.exit(), 129, "listing");
    }
    let opened: [(&str, Open, &str); 3] = [("fleet", fleet, "j"), ("dialog", confirming, "w"), ("live", drilling, "?")];
    for (state, open, key) in opened {
        let home = Home::new();
        let mut terminal = open(&home);
        let pid = terminal.pid();
        measured.push(end_of(&mut terminal, pid, key));
        assert_eq!(terminal.exit(), 129, "{state}");
    }
    let home = Home::new();
    let mut terminal = Terminal::with(&home, "--lab", SIZE, without_signal);
    terminal.shows("24 instances");
    let pid = terminal.pid();
    measured.push(end_of(&mut terminal, pid, "j"));
    assert_eq!(terminal.exit(), 129, "without a signal");
    for (took, cost) in &measured {
        assert!(*took < AT_ONCE && *cost < NO_COST, "{measured:?}");
    }
    let (slowest, dearest) = (measured.iter().map(|(took, _)| took).max(), measured.iter().map(|(_, cost)| cost).max());
    figure(
        "a terminal that goes",
        format_args!(
            "{} states, the slowest ends in {} ms, the dearest takes {} ms of a processor",
            measured.len(),
            slowest.unwrap().as_millis(),
            dearest.unwrap().as_millis()
        ),
    );
}

#[test]
fn a_drill_whose_terminal_goes_without_a_signal_is_in_its_journal_and_is_found_again() {
    let home = Home::new();
    let (_server, url, exports) = crate::cli::served(&home, "--scenario tiny --speed 30");
    // the shell leads the session and lets no hang-up through
    let script = format!("trap '' HUP; \"$0\" --endpoint-url {url}; echo $? >\"$HOME/ended\"");
    let mut terminal = Terminal::shell_with(&home, &script, SIZE, |command| {
        for (name, value) in &exports {
            command.env(name, value);
        }
    });
    super::start_a_drill(&mut terminal);
    terminal.shows("rebalance recommended");
    let pid = terminal.child();
    let (took, cost) = end_of(&mut terminal, pid, "?");
    assert!(took < AT_ONCE && cost < NO_COST, "{took:?} {cost:?}");
    let ended = home.path("ended");
    wait_until("its exit code", || fs::read_to_string(&ended).is_ok_and(|code| code.ends_with('\n')));
    assert_eq!(fs::read_to_string(&ended).unwrap(), "129\n");
    let attached = run(home.spotdrill(&format!("attach --endpoint-url {url} --format text")).envs(exports.clone()));
    assert_eq!(attached.code, Some(0), "{}{}", attached.out, attached.err);
    for seen in ["rebalance recommended", "two-minute notice", "held"] {
        assert!(attached.out.to_lowercase().contains(seen), "no {seen} in:\n{}", attached.out);
    }
}

#[test]
fn a_question_whose_terminal_goes_ends_too() {
    for hidden in [true, false] {
        let home = Home::new();
        let words = if hidden { "setup --lab bare --speed 100" } else { "setup --lab bare --speed 100 --no-slack" };
        let script = format!("trap '' HUP; \"$0\" {words}; echo $? >\"$HOME/ended\"");
        let mut terminal = Terminal::shell(&home, &script, SIZE);
        terminal.says(if hidden { "Ctrl-C ends): " } else { "Type yes to go on: " });
        let pid = terminal.child();
        let (took, cost) = end_of(&mut terminal, pid, if hidden { "\n" } else { "y" });
        assert!(took < AT_ONCE && cost < NO_COST, "{took:?} {cost:?}");
        let ended = home.path("ended");
        wait_until("its exit code", || fs::read_to_string(&ended).is_ok_and(|code| code.ends_with('\n')));
        assert_eq!(fs::read_to_string(&ended).unwrap(), "129\n", "hidden: {hidden}");
    }
}
