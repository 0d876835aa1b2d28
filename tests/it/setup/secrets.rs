//! However a command ends, no secret is in what it says, keeps or shows of itself: the webhook, the secret key, the session's
//! token.

use std::{fs, process::Command};

use super::{
    CANARY,
    canary::{clean, has_it},
};
use crate::{
    figure::figure,
    hostile::{
        account::SCENARIO,
        inject::{Hostile, Which},
        served::Served,
    },
    program::{Ended, Home, Running, run},
};

/// The program with secrets in all places that one may be in.
fn laden(command: &mut Command) -> &mut Command {
    command
        .env("SPOTDRILL_SLACK_WEBHOOK", CANARY)
        .env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .env("AWS_SECRET_ACCESS_KEY", "canarySecretKeyCanarySecretKeyCanarySecr")
        .env("AWS_SESSION_TOKEN", "canaryTokenCanaryToken")
        .env("AWS_REGION", "eu-west-1")
}

/// A way to fail, what it must say, and how it is brought about.
type Failing = (&'static str, &'static str, fn(&Home, &Served) -> Command);

const FAILING: [Failing; 14] = [
    ("a key that is not known", "could not", |home, lab| at(home, "setup --yes", &lab.url)),
    ("nobody listens", "refused", |home, _| at(home, "setup --yes", "http://127.0.0.1:1")),
    ("no such name", "could not", |home, _| at(home, "setup --yes", "https://no..such..name")),
    ("no TLS there", "could not", |home, lab| at(home, "setup --yes", &lab.url.replace("http://", "https://"))),
    ("throttled", "rate", |home, _| lab(home, "throttled", "setup --yes")),
    ("the store fails", "webhook", |home, _| lab(home, "broken", "setup --yes")),
    ("no yes", "pass --yes", |home, _| lab(home, "bare", "setup")),
    ("not Slack's", "--any-webhook", |home, _| webhook(home, &CANARY.replace("hooks.slack.com", "example.com"))),
    ("plain http", "https://", |home, _| webhook(home, &CANARY.replace("https://", "http://"))),
    ("two lines", "webhook", |home, _| webhook(home, &format!("{CANARY}\n{CANARY}"))),
    ("in quotes", "webhook", |home, _| webhook(home, &format!("\"{CANARY}\""))),
    ("another kind", "webhook", |home, _| webhook(home, &format!("curl -X POST {CANARY}"))),
    ("a panic", "told to panic", |home, _| {
        let mut command = lab(home, "default", "run --group web-spot --count 1 --yes");
        command.env("SPOTDRILL_CRASH", "start-recorded:panic");
        command
    }),
    ("a program for credentials that fails", "could not", |home, lab| {
        let told = "{\\\"Version\\\": 1, \\\"SecretAccessKey\\\": \\\"canaryOfTheProgram\\\"";
        home.write(".aws/config", &format!("[profile p]\ncredential_process = printf '{told}'\nregion = eu-west-1\n"));
        at(home, "fleet --profile p", &lab.url)
    }),
];

fn at(home: &Home, words: &str, url: &str) -> Command {
    home.spotdrill(&format!("{words} --endpoint-url {url}"))
}

/// In a lab of its own: one that is built in, or one in which a call fails.
fn lab(home: &Home, name: &str, words: &str) -> Command {
    let fault = match name {
        "throttled" => "[[fault]]\noperation = \"cloudformation:*\"\nkind = \"throttle\"\n",
        "broken" => "[[fault]]\noperation = \"secretsmanager:CreateSecret\"\nkind = \"error\"\n",
        built_in => return home.spotdrill(&format!("{words} --lab {built_in} --speed 600")),
    };
    let bare = run(&mut home.spotdrill("lab scenarios bare")).out;
    let file = home.write("mine.toml", &format!("{bare}\n{fault}")).display().to_string();
    home.spotdrill(&format!("{words} --lab {file} --speed 600"))
}

fn webhook(home: &Home, text: &str) -> Command {
    let mut command = home.spotdrill("setup --yes --lab bare");
    command.env("SPOTDRILL_SLACK_WEBHOOK", text);
    command
}

#[test]
fn no_way_to_fail_says_a_secret() {
    let served = Served::open(SCENARIO, 60.0, &Hostile::new(Which::Told));
    let (mut artefacts, mut said) = (0, Vec::new());
    let mut look = |what: String, text: &str| {
        artefacts += 1;
        if has_it(text) {
            said.push(format!("{what}: {text}"));
        }
    };
    for (name, must_say, failing) in FAILING {
        let home = Home::new();
        let mut command = failing(&home, &served);
        let given = command.get_envs().any(|(name, _)| name == "SPOTDRILL_SLACK_WEBHOOK");
        if given {
            command.env("AWS_SECRET_ACCESS_KEY", "canarySecretKey");
        } else if !name.starts_with("a program") {
            laden(&mut command);
        }
        let Ended { code, out, err } = run(&mut command);
        assert!(code.is_some_and(|code| code != 0), "{name}: {code:?} {out}{err}");
        assert!(err.contains(must_say), "{name}: {err}");
        for (what, text) in [("stdout", &out), ("stderr", &err)] {
            look(format!("{what}, {name}"), text);
        }
        let own = ["mine.toml", ".aws/config"];
        for (file, text) in home.files().into_iter().filter(|(file, _)| !own.iter().any(|own| file.ends_with(own))) {
            look(format!("{file}, {name}"), &text);
        }
    }
    figure(
        "secrets",
        format_args!("{} ways to fail, {artefacts} artefacts, {} with a secret", FAILING.len(), said.len()),
    );
    assert_eq!(said, [""; 0]);
}

#[test]
fn a_drill_keeps_no_secret_and_leaves_no_core() {
    let home = Home::new();
    let lab = super::served::Lab::open(&home, 60);
    let set_up = run(lab.spotdrill("setup --yes").env("SPOTDRILL_SLACK_WEBHOOK", CANARY));
    assert_eq!(set_up.code, Some(0), "{}", set_up.err);
    let mut drill = lab.spotdrill("run --group web-spot --count 1 --yes --stop-alarm shop-errors --format ndjson");
    let mut running = Running::start(drill.env("SPOTDRILL_SLACK_WEBHOOK", CANARY));
    running.until("experiment-started");
    let process = format!("/proc/{}", running.id());
    let limits = fs::read_to_string(format!("{process}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");
    let arguments = fs::read_to_string(format!("{process}/cmdline")).unwrap();
    let children = fs::read_to_string(format!("{process}/task/{}/children", running.id())).unwrap_or_default();
    assert_eq!(children.trim(), "", "it started another program");
    let ended = running.end();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let key = lab.secret_key();
    for (what, text) in [("arguments", &arguments), ("stdout", &ended.out), ("stderr", &ended.err)] {
        clean(what, text);
        assert!(!text.contains(&key), "the secret key is in {what}");
    }
    for (file, text) in home.files() {
        clean(&file, &text);
        assert!(!text.contains(&key), "the secret key is in {file}");
    }
}
