//! What another program left when it was killed, gone on with by keys: a lock on the group, and a start that never left.

use super::{CTRL_U, SIZE, confirm, terminal::Terminal};
use crate::{
    cli::served,
    program::{Ended, Home, run},
};

/// A drill of the group that is killed at that point, in its own home.
fn killed(home: &Home, url: &str, exports: &[(String, String)], at: &str) -> Ended {
    let words = format!("run --endpoint-url {url} --group web-spot --count 1 --settle 1m --yes");
    let mut command = home.spotdrill(&words);
    let ended = run(command.envs(exports.to_vec()).env("SPOTDRILL_CRASH", format!("{at}:kill")));
    assert_eq!(ended.code, None, "{}", ended.err);
    ended
}

fn shown(home: &Home, url: &str, exports: &[(String, String)]) -> Terminal {
    Terminal::with(home, &format!("--endpoint-url {url}"), SIZE, |command| {
        exports
            .iter()
            .filter(|(name, _)| name != "AWS_ENDPOINT_URL")
            .for_each(|(name, value)| command.env(name, value));
    })
}

fn seen_to_its_end(mut terminal: Terminal) {
    terminal.shows("HELD  1 interrupted");
    terminal.press("q", "back");
    terminal.press("q", "back");
    assert_eq!(terminal.end().code, 0);
}

#[test]
fn a_lock_that_was_left_is_taken_over_once_its_id_is_typed() {
    let (gone, here) = (Home::new(), Home::new());
    let (_server, url, exports) = served(&gone, "--scenario tiny --speed 600");
    killed(&gone, &url, &exports, "lock-recorded");
    let drill = gone.journals()[0].file_stem().unwrap().to_string_lossy().into_owned();
    let mut terminal = shown(&here, &url, &exports);
    terminal.shows("6 instances in 1 group");
    terminal.press("c", "compose");
    let mut refused = 0;
    loop {
        terminal.press("S", "review");
        confirm(&mut terminal);
        let said = terminal.until("an answer", |screen| {
            screen.contains("TAKE OVER") || screen.contains("not started:") && !screen.contains("INTERRUPT 1")
        });
        if said.contains("TAKE OVER") {
            break;
        }
        refused += 1; // until the lock's time is over
        assert!(refused < 100 && said.contains(&drill), "{said}");
    }
    let dialog = terminal.shows("no paste");
    assert!(dialog.contains("FIS shows no experiment of it") && dialog.contains("ask them first"), "{dialog}");
    terminal.send("web-spot 1");
    terminal.press("enter", "do it");
    terminal.shows("nothing was taken over: these are not the words");
    terminal.send(&format!("{CTRL_U}{drill}"));
    terminal.press("enter", "do it");
    terminal.shows("INTERRUPT 1 SPOT INSTANCE?");
    confirm(&mut terminal);
    seen_to_its_end(terminal);
    let journal = std::fs::read_to_string(here.journals().last().unwrap()).unwrap();
    let taken = journal.lines().find(|line| line.contains("lock-taken")).unwrap_or_default();
    assert!(taken.contains(&drill), "{taken}");
}

#[test]
fn a_start_that_never_left_is_sent_once_the_words_are_typed_again() {
    let home = Home::new();
    let (_server, url, exports) = served(&home, "--scenario tiny --speed 60");
    killed(&home, &url, &exports, "template-recorded");
    let mut terminal = shown(&home, &url, &exports);
    terminal.shows("A DRILL IS NOT OVER");
    terminal.press("C", "go on");
    let dialog = terminal.shows("no paste");
    assert!(dialog.contains("GO ON WITH A START THAT GOT NO ANSWER?"), "{dialog}");
    terminal.press("enter", "do it");
    terminal.shows("nothing was sent: type the words above");
    terminal.send("web-spot 1");
    terminal.press("enter", "do it");
    seen_to_its_end(terminal);
    let journal = std::fs::read_to_string(&home.journals()[0]).unwrap();
    assert_eq!(journal.matches("\"fact\":\"continue-requested\"").count(), 1, "{journal}");
    assert_eq!(journal.matches("\"fact\":\"experiment-started\"").count(), 1, "{journal}");
}
