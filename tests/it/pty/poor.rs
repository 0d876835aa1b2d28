//! What is no whole terminal: refused in words, or done without; never half taken.

use portable_pty::CommandBuilder;

use super::{SIZE, terminal::Terminal};
use crate::program::Home;

#[test]
fn what_is_no_terminal_is_refused_and_the_way_without_is_named() {
    for script in [
        "exec \"$0\" --lab </dev/null",
        "exec \"$0\" --lab >/dev/null",
        "exec \"$0\" --lab <&-",
        "exec \"$0\" --lab >&-",
        "echo q | \"$0\" --lab",
        "(\"$0\" --lab; echo \"ended, $?\" >&2) | true; exit 2",
        "exec \"$0\" --lab >\"$HOME/out\"",
        "TERM=dumb exec \"$0\" --lab",
    ] {
        let home = Home::new();
        let terminal = Terminal::shell(&home, script, SIZE);
        let left = terminal.end();
        assert_eq!(left.code, 2, "{script}: {}", left.screen);
        assert!(left.screen.contains("spotdrill run"), "{script}: {}", left.screen);
        assert!(!left.screen.contains("ended, ") || left.screen.contains("ended, 2"), "{script}: {}", left.screen);
        assert!(!terminal.bytes().contains("\x1b["), "{script}: {:?}", terminal.bytes());
        terminal.assert_modes_are_back();
    }
}

#[test]
fn too_few_files_are_said_before_anything_is_begun() {
    for (limit, words) in [(5, "--lab"), (20, "--lab"), (5, "run --lab --group web-spot --yes"), (5, "doctor --lab")] {
        let home = Home::new();
        let terminal = Terminal::shell(&home, &format!("ulimit -n {limit}; exec \"$0\" {words}"), SIZE);
        let left = terminal.end();
        assert_eq!(left.code, 2, "{limit} {words}: {}", left.screen);
        assert!(left.screen.contains("Raise the limit: ulimit -n 32"), "{}", left.screen);
        terminal.assert_modes_are_back();
    }
    let home = Home::new();
    let mut terminal = Terminal::shell(&home, "ulimit -n 32; exec \"$0\" --lab", SIZE);
    terminal.shows("24 instances");
    terminal.press("q", "back");
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn a_terminal_of_no_name_and_no_locale_is_enough() {
    let home = Home::new();
    let mut terminal = Terminal::with(&home, "--lab", SIZE, |command: &mut CommandBuilder| {
        command.env_remove("TERM");
        command.env("LANG", "C");
    });
    let screen = terminal.shows("24 instances");
    assert!(screen.is_ascii(), "{screen}");
    terminal.press("q", "back");
    assert_eq!(terminal.end().code, 0);
    terminal.assert_given_back();
}
