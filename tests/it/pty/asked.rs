//! Questions of the command line on a real terminal: what is typed, what is shown, and how they end.

use std::net::{TcpListener, TcpStream};

use portable_pty::CommandBuilder;
use rustix::process::{Signal, kill_process};

use super::terminal::Terminal;
use crate::{
    figure::figure,
    program::{Home, run, wait_until},
};

const SIZE: (u16, u16) = (120, 50);
const CTRL_C: &str = "\x03";
const CANARY: &str = "https://hooks.slack.com/services/T0/B0/canary";
const ABORTED: u32 = 4;

fn setting_up(home: &Home) -> Terminal {
    let mut terminal = Terminal::open(home, "setup --lab bare --speed 100", SIZE);
    terminal.says("Slack webhook URL (not shown; Ctrl-C ends): ");
    terminal
}

#[test]
fn a_webhook_that_is_typed_is_never_shown() {
    let home = Home::new();
    let mut terminal = setting_up(&home);
    terminal.send("https://example.com/hook\n");
    terminal.says("the webhook is not Slack's");
    terminal.send("\n");
    terminal.says("the webhook is empty");
    terminal.send(&format!("{CANARY}\n"));
    terminal.says("Type yes to go on: ");
    terminal.send("yes\n");
    terminal.says("set up in ");
    let left = terminal.end();
    assert_eq!(left.code, 0);
    assert!(left.screen.contains("next: spotdrill prove"), "{}", left.screen);
    assert!(!terminal.bytes().contains("canary"), "{}", terminal.bytes());
    terminal.assert_modes_are_back();
}

#[test]
fn whoever_does_not_say_yes_changes_nothing() {
    let home = Home::new();
    for (answer, code) in [("\n", ABORTED), ("no\n", ABORTED), ("y\n", ABORTED), (CTRL_C, 130), ("\x04", ABORTED)] {
        let mut terminal = setting_up(&home);
        terminal.send(&format!("{CANARY}\n"));
        terminal.says("Type yes to go on: ");
        terminal.send(answer);
        let left = terminal.end();
        assert_eq!(left.code, code, "{answer:?}: {}", left.screen);
        assert!(left.screen.contains("nothing was changed"), "{answer:?}: {}", left.screen);
    }
}

/// Where a command is when it is told to end.
struct Moment {
    words: &'static str,
    /// What is seen just before, and what is typed then.
    steps: &'static [(&'static str, &'static str)],
    /// The last thing that is seen before the signal.
    at: &'static str,
    says: &'static str,
}

const SIGNALS: [(Signal, u32); 4] = [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129), (Signal::QUIT, 131)];
const ASKS: &str = "Slack webhook URL (not shown; Ctrl-C ends): ";
const WEBHOOK: &str = "https://hooks.slack.com/services/T0/B0/canary\n";

/// With a server that takes calls and never answers, where it says SILENT.
const MOMENTS: [Moment; 15] = [
    Moment { words: "setup --SILENT", steps: &[], at: "", says: "a preview of spotdrill may be there still" },
    Moment { words: "setup --lab bare", steps: &[], at: ASKS, says: "nothing was changed" },
    Moment { words: "setup --lab bare", steps: &[(ASKS, "x\n")], at: "not one URL", says: "nothing was changed" },
    Moment {
        words: "setup --lab bare",
        steps: &[(ASKS, WEBHOOK)],
        at: "Type yes to go on: ",
        says: "nothing was changed",
    },
    Moment {
        words: "setup --lab bare",
        steps: &[(ASKS, WEBHOOK), ("Type yes to go on: ", "yes\n")],
        at: "changing the stack spotdrill",
        says: "left: the work on spotdrill goes on at AWS. `spotdrill setup` comes back to it",
    },
    Moment { words: "prove --SILENT", steps: &[], at: "", says: "" },
    Moment { words: "prove --lab default", steps: &[], at: "event sent", says: "left: the event goes its way" },
    Moment { words: "doctor --SILENT", steps: &[], at: "", says: "left: no report, and nothing was changed" },
    Moment { words: "teardown --SILENT", steps: &[], at: "", says: "nothing was changed" },
    Moment { words: "teardown --lab default", steps: &[], at: "Type yes to go on: ", says: "nothing was changed" },
    Moment {
        words: "teardown --lab default",
        steps: &[("Type yes to go on: ", "yes\n")],
        at: "deleting the stack",
        says: "left: what was begun goes on at AWS. `spotdrill teardown` does the rest",
    },
    Moment { words: "gc --SILENT", steps: &[], at: "", says: "nothing was changed" },
    Moment { words: "fleet --SILENT", steps: &[], at: "", says: "" },
    Moment { words: "templates --SILENT", steps: &[], at: "", says: "" },
    Moment { words: "run --SILENT --group web --yes", steps: &[], at: "", says: "nothing was started" },
];

#[test]
fn each_signal_ends_each_command_at_each_moment_and_what_is_left_is_said() {
    let mut ended = 0;
    for Moment { words, steps, at, says } in MOMENTS {
        for (signal, code) in SIGNALS {
            // one for each, so that a call is this program's and not one that another had begun
            let silent = TcpListener::bind("127.0.0.1:0").unwrap();
            silent.set_nonblocking(true).unwrap();
            let url = format!("endpoint-url http://{}", silent.local_addr().unwrap());
            let words = words.replace("SILENT", &url);
            let home = Home::new();
            let mut terminal = Terminal::with(&home, &words, SIZE, keys_of_nobody);
            for (shown, typed) in steps {
                terminal.says(shown);
                terminal.send(typed);
            }
            if at.is_empty() {
                wait_until("a call", || silent.accept().is_ok_and(|(call, _)| called(call)));
            } else {
                terminal.says(at);
            }
            terminal.signal(signal);
            let left = terminal.end();
            assert_eq!(left.code, code, "{words} at {at:?}, {signal:?}: {}", left.screen);
            assert!(left.screen.contains(says), "{words} at {at:?}, {signal:?}: {}", left.screen);
            terminal.assert_modes_are_back();
            ended += 1;
        }
    }
    figure(
        "commands ended by signals",
        format_args!("{} moments x {} signals, {ended} ended as they should", MOMENTS.len(), SIGNALS.len()),
    );
}

fn keys_of_nobody(command: &mut CommandBuilder) {
    for (name, value) in [("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "x"), ("AWS_SECRET_ACCESS_KEY", "x")] {
        command.env(name, value);
    }
}

/// The call stays open, and unanswered, to the end of the tests.
fn called(call: TcpStream) -> bool {
    std::mem::forget(call);
    true
}

#[test]
fn a_drill_and_one_that_is_come_back_to_are_left_by_each_signal() {
    let home = Home::new();
    let (_server, url, exports) = crate::cli::served(&home, "--scenario tiny --speed 10");
    let with_keys = |command: &mut CommandBuilder| {
        for (name, value) in &exports {
            command.env(name, value);
        }
    };
    let run = format!("run --endpoint-url {url} --group web-spot --count 1 --warn 15m --yes");
    let attach = format!("attach --endpoint-url {url} --format text");
    for (words, signal, code) in [
        (&run, Signal::TERM, 143),
        (&attach, Signal::HUP, 129),
        (&attach, Signal::QUIT, 131),
        (&attach, Signal::TERM, 143),
    ] {
        let mut terminal = Terminal::with(&home, words, SIZE, with_keys);
        terminal.says("experiment EXP");
        terminal.signal(signal);
        let left = terminal.end();
        assert_eq!(left.code, code, "{words}, {signal:?}: {}", left.screen);
        assert!(left.screen.contains("left: the experiment goes on, unwatched"), "{}", left.screen);
        terminal.assert_modes_are_back();
    }
    // the first ctrl-c stops the experiment, the second leaves
    let mut terminal = Terminal::with(&home, &attach, SIZE, with_keys);
    terminal.says("experiment EXP");
    terminal.send(CTRL_C);
    terminal.says("stop");
    terminal.signal(Signal::INT);
    assert!([130, ABORTED].contains(&terminal.end().code));
}

#[test]
fn a_preview_that_a_signal_declines_is_given_back() {
    for (signal, code) in SIGNALS {
        let home = Home::new();
        let (_lab, url, exports) = super::account::served(&home);
        let mut terminal = Terminal::with(&home, &format!("setup --endpoint-url {url}"), SIZE, |command| {
            for (name, value) in &exports {
                command.env(name, value);
            }
        });
        terminal.says(ASKS);
        terminal.send(WEBHOOK);
        terminal.says("Type yes to go on: ");
        terminal.signal(signal);
        assert_eq!(terminal.end().code, code);
        let look = run(home.spotdrill(&format!("teardown --endpoint-url {url} --yes")).envs(exports.clone()));
        assert!(look.err.contains("stack spotdrill, which does not exist"), "{signal:?}: {}{}", look.out, look.err);
    }
}

#[test]
fn a_hidden_question_that_is_stopped_shows_what_is_typed_meanwhile_and_nothing_after() {
    let home = Home::new();
    let script = "set -m; \"$0\" setup --lab bare --speed 100; echo \"stopped, $?\"; read line; fg; echo \"ended, $?\"";
    for by_key in [true, false] {
        let mut terminal = Terminal::shell(&home, script, SIZE);
        terminal.says(ASKS);
        assert!(!terminal.is_as_before(), "no echo");
        if by_key {
            terminal.send("\x1a");
        } else {
            kill_process(terminal.child(), Signal::TSTP).unwrap();
        }
        terminal.says("stopped, 1");
        assert!(terminal.is_as_before(), "the echo is back");
        terminal.send("seen\n");
        terminal.says("seen");
        wait_until("the question once more", || terminal.screen().matches(ASKS).count() == 2);
        assert!(!terminal.is_as_before(), "no echo again");
        terminal.send(CTRL_C);
        terminal.says("ended, 130");
        terminal.end();
        terminal.assert_modes_are_back();
    }
}
