//! Whole drills of the program with a health check: what is told, what is written down, and what is never asked.

use std::{
    io::{ErrorKind, Read, Write},
    net::TcpListener,
    thread,
};

use rustix::process::Signal;
use serde_json::Value;

use crate::{
    cli::served,
    program::{Home, Running, run},
};

const SECRET: &str = "CANARY";

/// A service that answers its requests one after the other with these statuses, and from then on with the last.
fn service(statuses: &'static [u16]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for number in 0.. {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                if stream.read(&mut byte).unwrap_or(0) == 0 {
                    break;
                }
                head.push(byte[0]);
            }
            let status = statuses[number.min(statuses.len() - 1)];
            let _ = write!(stream, "HTTP/1.1 {status} x\r\nContent-Length: 6\r\n\r\n{SECRET}"); // it may have gone
        }
    });
    format!("http://{address}/health?token={SECRET}")
}

fn facts(out: &str, of: &str) -> Vec<Value> {
    let facts = out.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    facts.filter(|fact| fact["source"] == of).collect()
}

#[test]
fn a_drill_says_when_and_how_long_the_service_failed_and_has_not_held() {
    let home = Home::new();
    let url = service(&[200, 200, 200, 200, 503, 503, 200]);
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    proxy.set_nonblocking(true).unwrap();
    let mut command = home.spotdrill("run --lab --speed 30 --group web-spot --yes --format ndjson");
    command.args(["--check", &url]);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(name, format!("http://{}", proxy.local_addr().unwrap()));
    }
    let ended = run(&mut command);
    let told = facts(&ended.out, "probe");
    let names: Vec<_> = told.iter().map(|fact| fact["fact"].as_str().unwrap()).collect();
    assert_eq!(names, ["probe-answered", "probe-failed", "probe-recovered"], "{}{}", ended.out, ended.err);
    let shown = url.split('?').next().unwrap();
    assert!(told.iter().all(|fact| fact["check"] == shown), "{told:?}");
    let verdict: Value = serde_json::from_str(ended.out.lines().last().unwrap()).unwrap();
    assert_eq!((ended.code, verdict["verdict"].as_str()), (Some(1), Some("failed")));
    let time = |fact: &Value| fact["at"].as_str().unwrap()[11..19].to_owned();
    let reason = verdict["reasons"][0].as_str().unwrap();
    assert!(reason.starts_with(&format!("{shown}: failed ")), "{reason}");
    assert!(reason.ends_with(&format!("{} to {}: answered 503", time(&told[1]), time(&told[2]))), "{reason}");
    let kept = home.files();
    assert!(kept.iter().any(|(_, text)| text.contains("probe-failed")), "the journal has it");
    let everything = format!("{}{}{kept:?}", ended.out, ended.err);
    assert!(!everything.contains(SECRET), "neither the query nor the body is told or kept");
    assert!(proxy.accept().is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "no proxy is asked");
}

#[test]
fn a_drill_of_a_service_that_is_unwell_is_not_started() {
    let home = Home::new();
    let url = service(&[503]);
    let ended = run(home.spotdrill("run --lab --speed 1000 --group web-spot --yes").args(["--check", &url]));
    assert_eq!(ended.code, Some(3), "{}{}", ended.out, ended.err);
    assert!(ended.err.contains("steady state") && ended.err.contains("answered 503"), "{}", ended.err);
    assert!(!ended.err.contains(SECRET) && home.journals().is_empty(), "{}", ended.err);
}

#[test]
fn checks_that_cannot_be_are_refused_without_repeating_what_may_be_secret() {
    let home = Home::new();
    let with = |urls: &[&str]| {
        let mut command = home.spotdrill("run --lab --speed 1000 --group web-spot --yes");
        for url in urls {
            command.args(["--check", url]);
        }
        let ended = run(&mut command);
        assert_eq!((ended.code, ended.out.as_str()), (Some(2), ""), "{}", ended.err);
        assert!(!ended.err.contains(SECRET), "{}", ended.err);
        ended.err
    };
    for (urls, said) in [
        (&["https://user:CANARY@shop/"][..], "no user and no password"),
        (&["shop/CANARY"], "a check is a URL such as"),
        (&["ftp://shop/CANARY"], "begins with http:// or https://"),
        (&["http://a/?CANARY", "http://a/?CANARY2"], "is there twice"),
        (&["http://a/1", "http://a/2", "http://a/3", "http://a/4", "http://a/5", "http://a/6"], "at most 5"),
    ] {
        assert!(with(urls).contains(said), "{urls:?}");
    }
    assert_eq!(home.journals().len(), 0);
}

#[test]
fn the_settings_checks_are_of_real_services_and_a_lab_leaves_them_alone() {
    let home = Home::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let checks = format!("checks = [\"http://{}/\"]\n", listener.local_addr().unwrap());
    home.write("config/spotdrill/config.toml", &checks);
    let ended = run(&mut home.spotdrill("run --lab --speed 1000 --group web-spot --yes --format ndjson"));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!(facts(&ended.out, "probe"), [Value::Null; 0]);
    assert!(listener.accept().is_err_and(|error| error.kind() == ErrorKind::WouldBlock));
}

#[test]
fn a_drill_that_is_come_back_to_asks_on_without_being_told_what() {
    let home = Home::new();
    let (_server, url, exports) = served(&home, "--speed 60");
    let checked = service(&[200]).replace("?token=CANARY", "");
    let words = format!(
        "run --endpoint-url {url} --group web-spot --warn 5m --yes --format ndjson --check {checked} --check-local"
    );
    let mut killed = Running::start(home.spotdrill(&words).envs(exports.clone()));
    killed.until("probe-answered");
    killed.until("experiment-started");
    killed.signal(Signal::KILL);
    killed.end();
    let ended = run(home.spotdrill(&format!("attach --endpoint-url {url} --format ndjson")).envs(exports));
    assert_eq!(ended.code, Some(0), "{}{}", ended.out, ended.err);
    let told = facts(&ended.out, "probe");
    assert_eq!(told.len(), 2, "once before it was killed and once after: {told:?}");
    assert!(told.iter().all(|fact| fact["fact"] == "probe-answered"), "{told:?}");
}

#[test]
fn the_doctor_asks_each_check_once() {
    let home = Home::new();
    let (well, unwell) = (service(&[200]), service(&[500]));
    let ended = run(home.spotdrill("doctor --lab --speed 100").args(["--check", &well, "--check", &unwell]));
    assert_eq!(ended.code, Some(1), "{}", ended.err);
    let shown = |url: &str| url.split('?').next().unwrap().to_owned();
    let line = |url: &str| ended.out.lines().find(|line| line.contains(&shown(url))).unwrap().to_owned();
    assert!(line(&well).contains("answers 200 in "), "{}", ended.out);
    assert!(line(&unwell).contains("FAIL") && line(&unwell).contains("answered 500"), "{}", ended.out);
    assert!(!ended.out.contains(SECRET), "{}", ended.out);
}
