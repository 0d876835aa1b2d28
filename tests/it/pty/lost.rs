//! A login that is lost in the middle of a drill, as ssh loses one: the program is gone with its terminal. In a new terminal,
//! on the same machine or on another, the drill is shown and watched to its verdict, and nothing is started.

use std::{fs, thread, time::Duration};

use portable_pty::CommandBuilder;
use rustix::process::Signal;
use spotdrill::drill::template::DRILL_TAG;
use tokio::time::Instant;

use super::{SIZE, start_a_drill, terminal::Terminal};
use crate::{
    cli::served,
    existing::program::{now, sdk},
    figure::figure,
    program::{Home, run, wait_until},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    Killed,
    /// Its terminal goes, and a signal says so.
    HungUp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Back {
    Attached,
    /// `spotdrill` as ever: its dialog offers the drill.
    Asked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Here,
    /// Another machine, on which nothing is known of the drill.
    Elsewhere,
}

const STORIES: [(Lost, Back, From); 6] = [
    (Lost::Killed, Back::Attached, From::Here),
    (Lost::HungUp, Back::Attached, From::Here),
    (Lost::Killed, Back::Attached, From::Elsewhere),
    (Lost::HungUp, Back::Attached, From::Elsewhere),
    (Lost::Killed, Back::Asked, From::Here),
    (Lost::Killed, Back::Asked, From::Elsewhere),
];

/// In our time: for so long nobody can be said to have looked.
const A_GAP: Duration = Duration::from_secs(3);

/// What became of the drill, by the journal and by the lab.
struct Told {
    held: bool,
    experiments: usize,
}

/// When rebalancing was recommended to the target, and by whose word: what was on the screen before, and has to be again.
fn recommended(screen: &str) -> Option<&str> {
    let target = screen.lines().find(|line| line.starts_with("┃>") && line.contains(" events"))?;
    let columns = screen.lines().find(|line| line.contains(" INSTANCE ") && line.contains(" REBALANCE "))?;
    let place = columns.chars().position(|c| c == 'R')?;
    let (start, _) = target.char_indices().nth(place)?;
    target.get(start..start + "12:05:03 events".len()).filter(|time| time.ends_with("events"))
}

fn tell((lost, back, from): (Lost, Back, From)) -> Told {
    let (home, other, of_server) = (Home::new(), Home::new(), Home::new());
    let (_server, url, exports) = served(&of_server, "--scenario tiny --speed 40");
    let with_keys = |command: &mut CommandBuilder| exports.iter().for_each(|(name, value)| command.env(name, value));

    let mut terminal = Terminal::with(&home, &format!("--endpoint-url {url}"), SIZE, with_keys);
    start_a_drill(&mut terminal);
    let before = terminal.until("the recommendation", |screen| recommended(screen).is_some());
    let time = recommended(&before).unwrap();
    match lost {
        Lost::Killed => {
            terminal.signal(Signal::KILL);
            terminal.exit();
        }
        Lost::HungUp => {
            terminal.hang_up("?");
            assert_eq!(terminal.exit(), 129);
        }
    }
    let lost_at = Instant::now();
    let journal = home.journals().remove(0);
    let written = fs::read_to_string(&journal).unwrap();
    assert!(!written.contains("drill-finished"), "it was left in the middle");

    wait_until("a gap that is worth telling", || lost_at.elapsed() >= A_GAP);
    let there = if from == From::Here { &home } else { &other };
    let words = if back == Back::Attached { "attach --endpoint-url" } else { "--endpoint-url" };
    let mut terminal = Terminal::with(there, &format!("{words} {url}"), SIZE, with_keys);
    if back == Back::Asked {
        let dialog = terminal.shows("A DRILL IS NOT OVER");
        let drill = journal.file_stem().unwrap().to_str().unwrap();
        assert!(dialog.contains(drill), "{drill} is not offered:\n{dialog}");
        assert_eq!(dialog.contains("no journal"), from == From::Elsewhere, "{dialog}");
        terminal.press("enter", "watch it");
    }
    let live = terminal.until("the time line of before, and the gap", |screen| {
        screen.contains("gap: nothing was looked") && recommended(screen) == Some(time)
    });
    assert!(live.contains("notice in") && live.contains("targets 1"), "{live}");
    terminal.shows("HELD  1 interrupted");
    terminal.press("q", "back");
    terminal.shows("in 1 group");
    terminal.press("q", "back");
    assert_eq!(terminal.end().code, 0);
    terminal.assert_given_back();

    if from == From::Here {
        assert!(fs::read_to_string(&journal).unwrap().starts_with(&written), "what was written stays");
    }
    let drills = run(&mut there.spotdrill("drills")).out;
    let listed = now(aws_sdk_fis::Client::new(&sdk(&exports)).list_experiments().send()).unwrap();
    let of_drills = listed.experiments().iter().filter(|found| found.tags().unwrap().contains_key(DRILL_TAG));
    Told {
        held: drills.lines().any(|row| row.contains("web-spot 1") && row.contains(" held ")),
        experiments: of_drills.count(),
    }
}

#[test]
fn a_drill_whose_login_is_lost_is_watched_to_its_verdict_from_a_new_one() {
    let told: Vec<_> = thread::scope(|scope| {
        let stories = STORIES.map(|story| (story, scope.spawn(move || tell(story))));
        let joined = stories.map(|(story, told)| told.join().unwrap_or_else(|_| panic!("{story:?}: see above")));
        joined.into()
    });
    let held = told.iter().filter(|told| told.held).count();
    let experiments: usize = told.iter().map(|told| told.experiments).sum();
    figure(
        "logins that are lost",
        format_args!("{} drills left, {held} watched until they held, {experiments} experiments in all", told.len()),
    );
    assert_eq!(held, told.len());
    assert!(told.iter().all(|told| told.experiments == 1), "one experiment a drill");
}
