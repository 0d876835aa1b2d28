//! Hostile text from AWS on a real terminal: what is written to it are our own sequences alone.

use super::{SIZE, terminal::Terminal};
use crate::{
    hostile::{
        account::SCENARIO,
        inject::{Hostile, Which},
        oracle::{To, foreign},
        portions,
        served::Served,
    },
    program::Home,
};

/// Keys, and what is on the screen after them.
const WAYS: [(&str, &str); 11] = [
    ("?", "esc closes"),
    ("\x1b", FLEET),
    ("!", "messages"),
    ("\x1b", FLEET),
    ("t", "enter preview"),
    ("\x1b", FLEET),
    ("D", "READY FOR A DRILL"),
    ("\x1b", FLEET),
    ("s", "One CloudFormation stack"),
    ("\x1b", FLEET),
    ("G", FLEET),
];
/// What only the footer of the fleet says.
const FLEET: &str = "t templates";

#[test]
fn a_terminal_gets_our_own_sequences_alone() {
    let home = Home::new();
    for which in [Which::All, Which::Told] {
        let hostile = Hostile::new(which);
        hostile.say_in_turn(portions());
        let served = Served::open(SCENARIO, 60.0, &hostile);
        let mut terminal = Terminal::with(&home, &format!("--endpoint-url {}", served.url), SIZE, |command| {
            for (name, value) in served.exports() {
                command.env(name, value);
            }
        });
        terminal.shows("10 instances in");
        for (keys, shown) in WAYS {
            terminal.send(keys);
            terminal.shows(shown);
        }
        terminal.send("q");
        terminal.end();
        let bytes = terminal.bytes();
        let (screen, after) = bytes.rsplit_once("\x1b[?1049l").unwrap();
        let found = foreign(format!("{screen}\x1b[?1049l").as_bytes(), To::Screen);
        assert!(found.is_empty(), "{found:?}");
        assert!(screen.contains(['␛', '␇']) || screen.contains("<U+"), "nothing hostile was seen");
        assert!(!after.contains('\u{7}'), "{after:?}");
    }
}
