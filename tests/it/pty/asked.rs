//! Questions of the command line on a real terminal: what is typed, what is shown, and how they end.

use rustix::process::Signal;

use super::terminal::Terminal;
use crate::program::Home;

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
    for (answer, code) in [("\n", ABORTED), ("no\n", ABORTED), ("y\n", ABORTED), (CTRL_C, ABORTED), ("\x04", ABORTED)] {
        let mut terminal = setting_up(&home);
        terminal.send(&format!("{CANARY}\n"));
        terminal.says("Type yes to go on: ");
        terminal.send(answer);
        let left = terminal.end();
        assert_eq!(left.code, code, "{answer:?}: {}", left.screen);
        assert!(left.screen.contains("nothing was changed"), "{answer:?}: {}", left.screen);
    }
}

#[test]
fn a_hidden_question_that_is_broken_off_gives_the_echo_back() {
    let home = Home::new();
    for end in [Signal::INT, Signal::TERM, Signal::HUP] {
        let terminal = setting_up(&home);
        terminal.signal(end);
        assert_eq!(terminal.end().code, ABORTED, "{end:?}");
        terminal.assert_modes_are_back();
    }
}
