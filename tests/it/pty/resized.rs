//! A terminal that changes its size, again and again, and to sizes that no screen has.

use rustix::process::Signal;

use super::{
    SIZE,
    account::{consented, previewed},
    confirming, drilling, fleet,
    terminal::Terminal,
};
use crate::{figure::figure, program::Home};

const ODD: [(u16, u16); 10] =
    [(0, 0), (1, 1), (5, 2), (20, 5), (0, 24), (80, 0), (300, 100), (1, 100), (300, 1), (59, 14)];

#[test]
fn ten_thousand_changes_of_size_leave_the_screen_that_was_there() {
    const CHANGES: u16 = 10_000;
    let home = Home::new();
    let mut terminal = fleet(&home);
    terminal.send("jj ");
    let before = terminal.shows("marked 1 of 24");
    let mut changes = 0;
    terminal.unwatched(|terminal| {
        for turn in 0..CHANGES / 2 {
            let (width, height) = ODD[usize::from(turn) % ODD.len()];
            terminal.resize_blindly(width, height);
            terminal.resize_blindly(20 + turn % 281, 5 + turn % 96);
            changes += 2;
        }
        terminal.resize_blindly(SIZE.0, SIZE.1 - 1);
    });
    terminal.resize(SIZE.0, SIZE.1);
    terminal.until("the same screen", |screen| screen == before);
    figure("a terminal that is resized", format_args!("{changes} times, and the screen is as it was"));
    terminal.press("q", "back");
    assert_eq!(terminal.end().code, 0);
    terminal.assert_given_back();
}

#[test]
fn every_odd_size_is_lived_through_on_every_screen() {
    let open: [fn(&Home) -> Terminal; 3] = [fleet, confirming, drilling];
    for open in open {
        let home = Home::new();
        let mut terminal = open(&home);
        for (width, height) in ODD {
            terminal.unwatched(|terminal| terminal.resize_blindly(width, height));
            terminal.resize(SIZE.0, SIZE.1);
            terminal.until("a whole screen", |screen| screen.contains("eu-west-1") && !screen.contains("too small"));
        }
        terminal.signal(Signal::TERM);
        assert_eq!(terminal.end().code, 143);
        terminal.assert_given_back();
    }
}

#[test]
fn a_signal_without_another_size_draws_all_of_it_anew() {
    let home = Home::new();
    let mut terminal = fleet(&home);
    let before = terminal.shows("24 instances");
    terminal.unwatched(|_| ());
    assert_eq!(terminal.screen().trim(), "", "somebody else has wiped it");
    terminal.signal(Signal::WINCH);
    terminal.until("the same screen", |screen| screen == before);
}

#[test]
fn a_question_that_is_not_seen_is_not_answered() {
    let home = Home::new();
    let mut terminal = confirming(&home);
    terminal.send("web-spot 1");
    terminal.shows("complete: enter starts");
    terminal.resize(20, 5);
    terminal.until("the card", |screen| screen.contains("a question waits"));
    terminal.send("\r\rS");
    terminal.resize(SIZE.0, SIZE.1);
    terminal.shows("complete: enter starts");
    assert_eq!(home.journals().len(), 0);
}

#[test]
fn leaving_is_asked_for_on_the_smallest_terminal_too() {
    let home = Home::new();
    let mut terminal = Terminal::open(&home, "--lab bare", SIZE);
    terminal.shows("11 instances in 2 groups");
    previewed(&mut terminal);
    consented(&mut terminal, "MAKE THE STACK spotdrill?");
    terminal.shows("making ");
    terminal.resize(20, 5);
    terminal.until("the card", |screen| screen.contains("q leaves"));
    terminal.send("qq");
    let asked = terminal.until("the question", |screen| screen.contains("LEAVE?"));
    assert!(asked.contains("esc stays"), "{asked}");
    terminal.send("\x1b");
    terminal.until("the card", |screen| screen.contains("q leaves") && !screen.contains("LEAVE?"));
    terminal.send("q");
    terminal.until("the question", |screen| screen.contains("LEAVE?"));
    terminal.send("\r");
    assert_eq!(terminal.end().code, 0);
    let said = terminal.bytes();
    assert!(said.contains("left: the lab ended with this program, and the work on spotdrill with it"), "{said}");
}
