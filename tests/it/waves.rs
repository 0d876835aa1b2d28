//! Whoever asks for a stop gets no further wave: in whatever phase of the one that runs, and between two.

use rustix::process::Signal;

use crate::{
    cli::served,
    program::{Home, Running, run},
};

const USAGE: i32 = 2;
const ABORTED: i32 = 4;

/// Two waves, unattended, of which the second would start by itself.
fn two_waves(home: &Home, exports: &[(String, String)], url: &str, gap: &str) -> Running {
    let words = format!(
        "run --endpoint-url {url} --group web-spot --count 3 --gap {gap} --yes --unattended --settle 5m --format ndjson"
    );
    Running::start(home.spotdrill(&words).envs(exports.to_vec()))
}

#[test]
fn a_stop_after_the_notice_stops_the_waves() {
    let home = Home::new();
    let (_server, url, exports) = served(&home, "--seed 6546 --speed 60");
    let mut running = two_waves(&home, &exports, &url, "1m");
    running.until("\"completed\"");
    running.signal(Signal::USR1);
    let ended = running.end();
    assert_eq!(ended.code, Some(ABORTED), "{}", ended.err);
    assert!(ended.err.contains("wave 2 of 2 was not started: a stop was asked for by"), "{}", ended.err);
    assert!(ended.out.contains("\"verdict\":\"held\""), "the wave itself held: {}", ended.out);
    assert_eq!(home.journals().len(), 1, "the second wave began");
}

#[test]
fn a_stop_between_two_waves_holds_them_and_abort_says_how() {
    let home = Home::new();
    let (_server, url, exports) = served(&home, "--seed 6546 --speed 60");
    let mut running = two_waves(&home, &exports, &url, "2h");
    running.until_complains("may start in");
    let abort = format!("abort --endpoint-url {url}");
    let said = run(home.spotdrill(&abort).envs(exports.clone()));
    let (process, wave) = (format!("kill -USR1 {}", running.id()), "may go on with wave 2 of 2");
    assert!(said.code == Some(USAGE) && said.err.contains(&process) && said.err.contains(wave), "{said:?}");
    running.signal(Signal::USR1);
    let ended = running.end();
    assert_eq!(ended.code, Some(ABORTED), "{}", ended.err);
    assert!(ended.err.contains("wave 2 of 2 was not started: a stop was asked for by SIGUSR1"), "{}", ended.err);
    assert_eq!(home.journals().len(), 1, "the second wave began");
    let said = run(home.spotdrill(&abort).envs(exports));
    assert!(said.code == Some(USAGE) && !said.err.contains(wave), "its program is gone: {said:?}");
}
