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
const WAYS: [(&str, &str); 12] = [
    ("?", "esc closes"),
    ("\x1b", "D doctor"),
    ("!", "messages"),
    ("\x1b", "D doctor"),
    ("t", "enter preview"),
    ("\x1b", "D doctor"),
    ("D", "READY FOR A DRILL"),
    ("\x1b", "D doctor"),
    ("s", "CloudFormation"),
    ("\x1b", "D doctor"),
    ("G", "D doctor"),
    ("c", "Warning"),
];

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
        terminal.shows("5 instances in");
        for (keys, shown) in WAYS {
            terminal.send(keys);
            terminal.shows(shown);
        }
        terminal.send("\x1b");
        terminal.shows("D doctor");
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
