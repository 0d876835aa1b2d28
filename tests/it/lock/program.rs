//! Two programs and one served lab: on two machines, and on one.

use crate::{
    cli::served,
    program::{Ended, Home, Running, run},
};

/// The first drills, the second comes while it does.
fn second(first: &Home, second: &Home) -> (Ended, Ended) {
    let (_server, url, exports) = served(first, "--speed 60");
    let words = format!("run --endpoint-url {url} --group web-spot --count 1 --warn 5m --yes");
    let start = |home: &Home| home.spotdrill(&words);
    let mut winner = Running::start(start(first).envs(exports.clone()));
    winner.until("experiment EXP");
    let loser = run(start(second).envs(exports).env("USER", "ben"));
    (winner.end(), loser)
}

#[test]
fn whoever_comes_second_from_another_machine_reads_who_drills_and_starts_nothing() {
    let (here, there) = (Home::new(), Home::new());
    let (winner, loser) = second(&here, &there);
    assert_eq!((winner.code, loser.code), (Some(0), Some(3)), "{} {}", winner.err, loser.err);
    let drill = winner.err.split("drill ").nth(1).and_then(|said| said.split(' ').next()).unwrap_or_default();
    let by = format!("`shop/web-spot` is being drilled by {drill} of unknown@");
    for part in ["nothing was started", &by, "lab-operator", ", since ", "one drill at a time"] {
        assert!(loser.err.contains(part), "{part:?} in {}", loser.err);
    }
    assert!(winner.out.contains("lock on eks-nodegroup shop/web-spot taken by "), "{}", winner.out);
    assert!(winner.out.contains("lock freed"), "{}", winner.out);
}

#[test]
fn whoever_comes_second_on_the_same_machine_starts_nothing_either() {
    let home = Home::new();
    let (winner, loser) = second(&home, &home);
    assert_eq!((winner.code, loser.code), (Some(0), Some(3)), "{} {}", winner.err, loser.err);
}

#[test]
fn of_two_programs_that_start_together_one_drills() {
    let homes = [Home::new(), Home::new()];
    let (_server, url, exports) = served(&homes[0], "--speed 60");
    let words = format!("run --endpoint-url {url} --group web-spot --count 1 --yes");
    let both = homes.each_ref().map(|home| Running::start(home.spotdrill(&words).envs(exports.clone())));
    let ended = both.map(Running::end);
    let mut codes = ended.each_ref().map(|ended| ended.code);
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(3)], "{ended:?}");
    let loser = ended.iter().find(|ended| ended.code == Some(3)).unwrap();
    // by the guard or by the lock, whichever came to see the other first
    let ways = ["eks-nodegroup shop/web-spot is held by drill 20", "`shop/web-spot` is being drilled by 20"];
    assert!(ways.iter().any(|way| loser.err.contains(way)), "{}", loser.err);
}

#[test]
fn a_drill_that_was_killed_with_its_lock_is_open_and_attach_frees_it() {
    let home = Home::new();
    let (_server, url, exports) = served(&home, "--speed 60");
    let at_lab = |words: &str| run(home.spotdrill(&format!("{words} --endpoint-url {url}")).envs(exports.clone()));
    let drill = format!("run --endpoint-url {url} --group web-spot --count 1 --yes");
    let killed = run(home.spotdrill(&drill).envs(exports.clone()).env("SPOTDRILL_CRASH", "lock-recorded:kill"));
    assert_eq!(killed.code, None, "{}", killed.err);
    let kept = at_lab("gc --yes");
    assert!(kept.err.contains("which may take until"), "{}", kept.err);
    let refused = at_lab("run --group web-spot --count 1 --yes --take-over 20200101-000000-none");
    assert_eq!(refused.code, Some(3), "{}", refused.err);
    let way = format!("Its journal is here: `spotdrill attach --endpoint-url {url} 20");
    for part in [way.as_str(), "frees the lock at once", "--take-over 20200101-000000-none names another drill"] {
        assert!(refused.err.contains(part), "{part:?} in {}", refused.err);
    }
    let back = at_lab("attach");
    assert_eq!(back.code, Some(3), "nothing was asked of AWS: {}", back.err);
    assert!(
        back.out.contains("lock freed") && back.out.contains("never started: it was left before it was confirmed"),
        "{}",
        back.out
    );
    let gone = at_lab("gc --yes");
    assert!(gone.out.contains("/spotdrill/lock/"), "{} {}", gone.out, gone.err);
    assert_eq!(at_lab("attach").code, Some(2), "nothing is open any more");
}
