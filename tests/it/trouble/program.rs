//! The program itself in trouble: its credentials file is rewritten, and it is stopped for half an hour of the lab's.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use rustix::process::Signal;
use tokio::time::Instant;

use crate::{
    cli::served,
    program::{DEADLINE, Home, Running},
};

/// Asks the lab by hand, signed as much as it looks at.
fn asked(url: &str, key: &str, service: &str, body: &str) -> String {
    let address = url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let scope = format!("Credential={key}/20261122/eu-west-1/{service}/aws4_request");
    let request = format!(
        "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
         authorization: AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("no {before} in {text}"));
    rest.split_once(after).unwrap().0
}

fn value<'a>(exports: &'a [(String, String)], name: &str) -> &'a str {
    &exports.iter().find(|(key, _)| key == name).unwrap().1
}

#[test]
fn a_login_in_another_window_brings_a_drill_back_without_a_restart() {
    let home = Home::new();
    let (_server, url, exports) = served(&home, "--speed 120");
    let (key, secret) = (value(&exports, "AWS_ACCESS_KEY_ID"), value(&exports, "AWS_SECRET_ACCESS_KEY"));
    let role = "arn%3Aaws%3Aiam%3A%3A000000000000%3Arole%2Flab-operator";
    let body = format!("Action=AssumeRole&Version=2011-06-15&RoleArn={role}&RoleSessionName=drill&DurationSeconds=900");
    let session = asked(&url, key, "sts", &body);
    let part = |name: &str| between(&session, &format!("<{name}>"), &format!("</{name}>"));
    let file = |key: &str, secret: &str, token: Option<&str>| {
        let token = token.map(|token| format!("aws_session_token = {token}\n")).unwrap_or_default();
        let text = format!("[games]\naws_access_key_id = {key}\naws_secret_access_key = {secret}\n{token}");
        home.write("credentials", &text)
    };
    let path = file(part("AccessKeyId"), part("SecretAccessKey"), Some(part("SessionToken")));
    let words = format!(
        "run --endpoint-url {url} --region eu-west-1 --profile games --group web-spot --count 1 --warn 15m --yes"
    );
    let mut drill = Running::start(home.spotdrill(&words).env("AWS_SHARED_CREDENTIALS_FILE", &path));
    drill.until("experiment running");
    drill.until("STALE since");
    let told = drill.heard().lines().last().unwrap().to_owned();
    assert!(told.contains("Log in again: `aws sso login --profile games`"), "{told}");
    file(key, secret, None);
    let login = Instant::now();
    drill.until("answers again");
    assert!(login.elapsed() < Duration::from_secs(10), "{:?}", login.elapsed());
    assert!(drill.is_alive());
}

#[test]
fn a_program_that_was_stopped_for_half_an_hour_tells_the_gap_and_what_happened_in_it() {
    let home = Home::new();
    let (_server, url, exports) = served(&home, "--speed 120");
    let key = value(&exports, "AWS_ACCESS_KEY_ID").to_owned();
    let words = format!("run --endpoint-url {url} --group web-spot --count 1 --warn 4m --yes");
    let mut drill = Running::start(home.spotdrill(&words).envs(exports.clone()));
    drill.until("two-minute notice");
    drill.signal(Signal::STOP);
    let lab_time = || {
        let answer = asked(&url, &key, "sts", "Action=GetCallerIdentity&Version=2011-06-15");
        let time = answer.to_lowercase();
        between(&time, "x-spotdrill-lab-time: ", "\r").to_uppercase().parse::<jiff::Timestamp>().unwrap()
    };
    let (stopped, begun) = (lab_time(), Instant::now());
    while lab_time().duration_since(stopped) < jiff::SignedDuration::from_mins(30) {
        assert!(begun.elapsed() < DEADLINE);
        std::thread::yield_now();
    }
    drill.signal(Signal::CONT);
    let ended = drill.end();
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.out, ended.err);
    let gap = ended.out.lines().position(|line| line.contains("gap: nothing was looked at from ")).unwrap();
    let verdict = ended.out.lines().last().unwrap();
    assert!(verdict.contains("held: 1 interrupted") && verdict.contains("gap: nothing was looked at"), "{verdict}");
    let gone = ended.out.lines().position(|line| line.contains("terminated: ")).unwrap();
    assert!(gap < gone, "{}", ended.out);
}
