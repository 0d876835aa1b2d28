//! The program as a process: what AWS says, and what is on the command line, in the environment and in files, in all that it
//! writes on its two streams.

use std::{collections::BTreeSet, ffi::OsStr, fs, os::unix::ffi::OsStrExt, process::Command};

use super::{
    account::SCENARIO,
    corpus,
    inject::{Hostile, Which},
    oracle::{To, foreign},
    portions,
    served::Served,
};
use crate::{
    figure::figure,
    program::{Ended, Home, run},
};

/// Every stream that was looked through.
#[derive(Default)]
struct Streams {
    looked_through: usize,
    clean: usize,
    wrong: BTreeSet<String>,
}

impl Streams {
    /// Judges what a program said; JSON must also be JSON.
    fn judge(&mut self, name: &str, ended: &Ended, is_json: bool) {
        for (stream, text) in [("stdout", &ended.out), ("stderr", &ended.err)] {
            let found = foreign(text.as_bytes(), To::Lines);
            self.looked_through += 1;
            self.clean += usize::from(found.is_empty());
            self.wrong.extend(found.into_iter().map(|what| format!("{stream} of `{name}`: {what}")));
        }
        let lines = ended.out.lines().filter(|_| is_json && name.contains("ndjson"));
        let whole = (is_json && !name.contains("ndjson") && !ended.out.is_empty()).then_some(ended.out.as_str());
        for json in lines.chain(whole) {
            if let Err(error) = serde_json::from_str::<serde_json::Value>(json) {
                self.wrong.insert(format!("`{name}` is no JSON: {error}"));
            }
        }
    }

    /// What came of it, and the figure that says so.
    fn figure(&self, name: &str, fields: usize) {
        let Self { looked_through, clean, wrong } = self;
        let texts = corpus().len();
        figure(name, format_args!("{texts} strings, {fields} fields, {clean} of {looked_through} streams clean"));
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
}

/// Commands that only look; everything that AWS says to them is hostile.
const LOOKING: [&str; 8] = [
    "fleet",
    "fleet --format json",
    "templates",
    "templates --format json",
    "doctor",
    "doctor --format json",
    "teardown",
    "run --group web --count 1",
];

/// Commands that go to their ends; what is only told on is hostile.
const DOING: [&str; 8] = [
    "run --group web --count 1 --yes --override alarm=none",
    "run --group web --count 1 --yes --override alarm=none --format ndjson",
    "setup --yes --nodegroup nodes",
    "setup --yes --nodegroup nodes --format json",
    "prove",
    "prove --format json",
    "teardown --yes --format json",
    "drills",
];

#[test]
fn what_aws_says_acts_on_no_stream() {
    let (home, mut streams, mut signs) = (Home::new(), Streams::default(), 0);
    let all = Hostile::new(Which::All);
    let served = Served::open(SCENARIO, 200.0, &all);
    let mut seen = |words: &str, served: &Served| {
        let ended = run(&mut served.spotdrill(&home, words));
        assert!(ended.code.is_some_and(|code| code != 101), "{words}: {}", ended.err);
        streams.judge(words, &ended, words.contains("json"));
        signs += usize::from((ended.out + &ended.err).contains(['␛', '␇']));
    };
    for portion in portions() {
        all.say(&portion);
        for words in &LOOKING[..4] {
            seen(words, &served);
        }
    }
    all.say_in_turn(portions());
    for words in &LOOKING[4..] {
        seen(words, &served);
    }
    let told = Hostile::new(Which::Told);
    let served = Served::open(SCENARIO, 200.0, &told);
    told.say_in_turn(portions());
    for words in DOING {
        seen(words, &served);
    }
    assert!(signs > 10, "hardly anything hostile was seen: {signs}");
    streams.figure("hostile bytes from AWS on streams", all.fields().union(&told.fields()).count());
}

/// What is not AWS's: where the text goes, by a name, and what is run.
type Field = (&'static str, fn(&Home, &str) -> Command);

const FIELDS: [Field; 22] = [
    ("argument: group", |home, text| with(home, "run --lab tiny --yes --group", text)),
    ("argument: instance", |home, text| with(home, "run --lab tiny --yes --instance", text)),
    ("argument: template", |home, text| with(home, "run --lab tiny --yes --template", text)),
    ("argument: confirm", |home, text| with(home, "run --lab tiny --group web-spot --confirm", text)),
    ("argument: role", |home, text| with(home, "run --lab tiny --group web-spot --yes --fis-role", text)),
    ("argument: warning", |home, text| with(home, "run --lab tiny --group web-spot --warn", text)),
    ("argument: drill", |home, text| with(home, "attach", text)),
    ("argument: scenario", |home, text| with(home, "fleet --lab", text)),
    ("argument: endpoint", |home, text| with(home, "fleet --endpoint-url", text)),
    ("argument: speed", |home, text| with(home, "fleet --lab --speed", text)),
    ("argument: profile", |home, text| with(home, "fleet --profile", text)),
    ("argument: unknown", |home, text| with(home, "fleet --lab tiny", &format!("--{text}"))),
    ("argument: command", |home, text| with(home, "", text)),
    ("argument: stack", |home, text| with(home, "teardown --lab tiny --stack", text)),
    ("environment: user", |home, text| environment(home, "drills", "USER", text)),
    ("environment: endpoint", |home, text| environment(home, "fleet --region eu-west-1", "AWS_ENDPOINT_URL", text)),
    ("environment: profile", |home, text| environment(home, "fleet", "AWS_PROFILE", text)),
    ("environment: webhook", |home, text| environment(home, "setup --lab bare --yes", "SPOTDRILL_SLACK_WEBHOOK", text)),
    ("settings: a value", |home, text| settings(home, &format!("theme = {}", toml::Value::from(text)))),
    ("settings: a key", |home, text| settings(home, &format!("{} = 1", toml::Value::from(text)))),
    ("settings: the whole", settings),
    ("webhook: the file", |home, text| {
        let file = home.write("webhook", text).display().to_string();
        home.spotdrill(&format!("setup --lab bare --yes --slack-webhook-file {file}"))
    }),
];

/// Neither arguments nor the environment can have a NUL.
fn without_nul(text: &str) -> String {
    text.replace('\0', "")
}

fn with(home: &Home, words: &str, text: &str) -> Command {
    let mut command = home.spotdrill(words);
    command.arg(without_nul(text));
    command
}

fn environment(home: &Home, words: &str, name: &str, text: &str) -> Command {
    let mut command = home.spotdrill(words);
    command.env(name, without_nul(text));
    command
}

fn settings(home: &Home, text: &str) -> Command {
    home.write("config/spotdrill/config.toml", text);
    home.spotdrill("fleet --lab tiny")
}

#[test]
fn what_this_machine_says_acts_on_no_stream() {
    let mut streams = Streams::default();
    for portion in portions() {
        for (name, field) in FIELDS {
            let home = Home::new();
            let ended = run(&mut field(&home, &portion));
            assert!(ended.code.is_some_and(|code| code != 101), "{name}: {}", ended.err);
            streams.judge(name, &ended, false);
        }
    }
    // bytes that are no text at all
    for raw in [&b"\x9b2J\x9d0;x\x07"[..], b"\xff\xfe\x1b[2J", b"\xc2"] {
        let home = Home::new();
        for words in ["run --lab tiny --yes --group", "fleet --lab", "attach", "fleet --profile"] {
            let mut command = home.spotdrill(words);
            streams.judge(words, &run(command.arg(OsStr::from_bytes(raw))), false);
        }
        for (words, name) in
            [("drills", "USER"), ("setup --lab bare --yes", "SPOTDRILL_SLACK_WEBHOOK"), ("fleet", "AWS_PROFILE")]
        {
            let mut command = home.spotdrill(words);
            streams.judge(name, &run(command.env(name, OsStr::from_bytes(raw))), false);
        }
    }
    streams.figure("hostile bytes of this machine on streams", FIELDS.len());
}

#[test]
fn scenarios_and_journals_act_on_no_stream() {
    let (mut streams, texts) = (Streams::default(), portions());
    let home = Home::new();
    let drilled =
        run(&mut home.spotdrill("run --lab default --speed 600 --settle 1m --group web-spot --count 1 --yes"));
    assert!(drilled.out.contains("confirmed"), "{drilled:?}");
    let journal = fs::read_to_string(&home.journals()[0]).unwrap();
    for text in texts {
        let scenario = format!(
            "description = {0}\nregion = \"eu-west-1\"\n{0} = 1\n[[group]]\nname = {0}\nkind = {0}\ncount = 1\n",
            toml::Value::from(text.as_str())
        );
        let file = home.write("mine.toml", &scenario).display().to_string();
        for words in [format!("lab check {file}"), format!("fleet --lab {file}")] {
            streams.judge(&words, &run(&mut home.spotdrill(&words)), false);
        }
        let other = Home::new();
        for (number, edited) in edited(&journal, &text).into_iter().enumerate() {
            other.write(&format!("state/spotdrill/drills/2026112{number}-000000-aaaa.jsonl"), &edited);
        }
        for words in ["drills", "attach", "attach 20261121-000000-aaaa"] {
            streams.judge(words, &run(&mut other.spotdrill(words)), false);
        }
    }
    assert!(streams.wrong.is_empty(), "{:#?}", streams.wrong);
}

/// The journal with the text in every member, only in its header, and as a line of its own.
fn edited(journal: &str, text: &str) -> [String; 3] {
    let hostile = |line: &str| {
        let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
        for (_, member) in value.as_object_mut().unwrap() {
            if let serde_json::Value::String(said) = member {
                said.push_str(text);
            }
        }
        format!("{value}\n")
    };
    let (head, rest) = journal.split_once('\n').unwrap();
    [journal.lines().map(hostile).collect(), hostile(head) + rest, format!("{head}\n{text}\n{rest}")]
}
