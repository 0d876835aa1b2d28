//! The rules of the house, each a sentence of src/ARCHITECTURE.md, held against the source.

use std::{collections::BTreeMap, fs, path::Path};

/// The rooms that each room may name. `main` and `lib` are no rooms.
const MAY_NAME: [(&str, &[&str]); 18] = [
    ("clock", &[]),
    ("crash", &[]),
    ("text", &[]),
    ("theme", &[]),
    ("drill", &["text"]),
    ("stack", &["drill", "text"]),
    ("doctor", &["text"]),
    ("config", &["drill", "probe", "text"]),
    ("aws", &["clock", "crash", "drill", "stack", "text"]),
    ("journal", &["crash", "drill", "text"]),
    ("probe", &["clock", "drill", "text"]),
    ("lab", &["clock"]),
    ("app", &["doctor", "drill", "stack", "text"]),
    ("ui", &["app", "doctor", "drill", "stack", "text", "theme"]),
    ("term", &["app", "crash", "text"]),
    (
        "run",
        &[
            "app", "aws", "clock", "config", "crash", "doctor", "drill", "journal", "lab", "probe", "stack", "term",
            "text", "theme", "ui",
        ],
    ),
    (
        "cli",
        &[
            "app", "aws", "config", "doctor", "drill", "journal", "lab", "probe", "run", "stack", "term", "text",
            "theme", "ui",
        ],
    ),
    ("main", &["cli"]),
];

/// Crates that only these rooms may name: what is an edge stays at the edge.
const ONLY_IN: [(&str, &[&str]); 9] = [
    ("aws_sdk_", &["aws"]),
    ("aws_config", &["aws"]),
    ("ratatui", &["ui", "term"]),
    ("crossterm", &["term"]),
    ("clap", &["cli"]),
    ("anyhow", &["cli"]),
    ("hyper", &["lab", "probe"]),
    ("tokio", &["aws", "cli", "clock", "lab", "probe", "run", "term"]),
    ("tokio_rustls", &["probe"]),
];

/// Words that may stand in these files alone, and why.
const ONLY_AT: [(&str, &[&str], &str); 11] = [
    ("tokio::spawn", &["run/crew.rs"], "only the crew spawns"),
    (
        "thread::Builder",
        &["term/input.rs", "term/output.rs", "term/plain.rs", "run/engine.rs"],
        "threads are for terminals, which block, and for what they must not block",
    ),
    (
        "io::stderr()",
        &["term", "cli/doctor.rs", "crash.rs"],
        "what is written is looked through a last time, by term/plain.rs",
    ),
    ("io::stdout()", &["term"], "what is written is looked through a last time, by term/plain.rs"),
    ("println!", &[], "what is written is looked through a last time, by term/plain.rs"),
    ("eprint", &[], "what is written is looked through a last time, by term/plain.rs"),
    ("process::Command", &[], "the program starts no other, so none gets its environment"),
    ("SystemTime::now", &["clock/machine.rs"], "one room asks the system for the time"),
    ("Timestamp::now", &[], "one room asks the system for the time"),
    ("tokio::time::sleep(", &["clock.rs"], "waiting keeps the drill's rate"),
    (
        "async ",
        &["aws", "cli", "cli.rs", "clock.rs", "lab", "lab.rs", "probe", "run", "term"],
        "what is pure does not wait",
    ),
];

/// Names that say nothing.
const EMPTY_NAMES: [&str; 5] = ["utils", "common", "manager", "helper", "helpers"];

const MOST_LINES: usize = 500;

/// Each source file by its path below `src`, without its tests.
fn sources() -> BTreeMap<String, String> {
    fn walk(folder: &Path, root: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                walk(&path, root, found);
            } else if path.extension().is_some_and(|kind| kind == "rs")
                && !name.ends_with("tests.rs")
                && !name.contains("/tests/")
            {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
                found.insert(name, code);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = BTreeMap::new();
    walk(&root, &root, &mut found);
    found
}

fn room(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap()
}

/// The code of each line, numbered from 1, without comments.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().zip(1..).map(|(line, number)| (number, line.split("//").next().unwrap()))
}

/// The rooms that a file names, by `crate::room` or within `crate::{…}`, each with its line.
fn named(code: &str) -> Vec<(usize, String)> {
    let code: Vec<_> = lines(code).map(|(_, line)| line).collect();
    let code = code.join("\n");
    let mut found = Vec::new();
    for (at, matched) in code.match_indices("crate::") {
        let rest = &code[at + matched.len()..];
        let line = |offset: usize| code[..at + matched.len() + offset].matches('\n').count() + 1;
        if !rest.starts_with('{') {
            found.push((line(0), identifier(rest)));
            continue;
        }
        let (mut depth, mut name_is_next) = (0, false);
        for (offset, character) in rest.char_indices() {
            match character {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            if name_is_next && character.is_alphabetic() {
                found.push((line(offset), identifier(&rest[offset..])));
                name_is_next = false;
            }
            name_is_next |= depth == 1 && matches!(character, '{' | ',');
        }
    }
    found
}

fn identifier(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

#[test]
fn a_room_names_only_the_rooms_it_may() {
    let may: BTreeMap<_, _> = MAY_NAME.into_iter().collect();
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (file, code) in sources() {
        let own = room(&file);
        let Some(allowed) = may.get(own) else {
            assert_eq!(file, "lib.rs", "{file} is in no room of this test's table");
            continue;
        };
        for (line, name) in named(&code) {
            if may.contains_key(name.as_str()) && name != own {
                seen += 1;
                if !allowed.contains(&name.as_str()) {
                    wrong.push(format!("src/{file}:{line}: `{own}` may not name `{name}`"));
                }
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
    assert!(seen > 100, "only {seen} names were found: the test has gone blind");
}

#[test]
fn no_two_rooms_name_each_other() {
    fn reaches(from: &str, to: &str, may: &BTreeMap<&str, &[&str]>) -> bool {
        may.get(from).is_some_and(|next| next.iter().any(|room| *room == to || reaches(room, to, may)))
    }
    let may: BTreeMap<_, _> = MAY_NAME.into_iter().collect();
    for room in may.keys() {
        assert!(!reaches(room, room, &may), "`{room}` is in a circle");
    }
}

#[test]
fn what_is_an_edge_stays_at_the_edge() {
    let mut wrong = Vec::new();
    for (file, code) in sources() {
        for (number, line) in lines(&code) {
            for (name, rooms) in ONLY_IN {
                let used = line.contains(&format!("{name}::")) || (name.ends_with('_') && line.contains(name));
                if used && !rooms.contains(&room(&file)) {
                    wrong.push(format!("src/{file}:{number}: `{name}` is for {rooms:?}"));
                }
            }
            // tests start programs and print figures
            let is_test = file.split('/').any(|part| part == "tests" || part == "tests.rs");
            for (word, places, why) in ONLY_AT.iter().filter(|_| !is_test) {
                if line.contains(word) && !places.iter().any(|place| file == *place || room(&file) == *place) {
                    wrong.push(format!("src/{file}:{number}: `{word}`: {why}"));
                }
            }
        }
    }
    assert_eq!(wrong, [""; 0]);
}

#[test]
fn a_file_says_what_it_is_for_and_stays_small() {
    let mut wrong = Vec::new();
    for (file, code) in sources() {
        let first = code.lines().next().unwrap_or_default();
        if !first.starts_with("//! ") && file != "lib.rs" {
            wrong.push(format!("src/{file}: its first line does not say what it is for"));
        }
        if code.lines().count() > MOST_LINES {
            wrong.push(format!("src/{file}: {} lines: a room is missing", code.lines().count()));
        }
        if file.split(['/', '.']).any(|part| EMPTY_NAMES.contains(&part)) {
            wrong.push(format!("src/{file}: a name that says nothing"));
        }
    }
    assert_eq!(wrong, [""; 0]);
}

/// Every test, in a file of its own or behind a file's code, by its path.
fn tests() -> BTreeMap<String, String> {
    fn walk(folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                found.insert(path.display().to_string(), fs::read_to_string(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    for folder in ["src", "tests/it"] {
        walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), &mut found);
    }
    found
}

#[test]
fn a_figure_is_told_in_one_way_and_each_that_is_awaited_is_told() {
    let mut tests = tests();
    tests.retain(|file, _| !file.ends_with("it/architecture.rs") && !file.ends_with("it/figure.rs"));
    let wrong: Vec<_> = tests.iter().filter(|(_, text)| text.contains("\"figure: ")).map(|(file, _)| file).collect();
    assert_eq!(wrong, [""; 0], "cargo hides what these print: tell it by tests/it/figure.rs");
    let names = include_str!("../figures.txt").lines();
    let scripts = [include_str!("../../assets/lambda/test_index.py"), include_str!("../mutants/run.py")];
    let untold = |name: &&str| {
        let by_a_test = tests.values().any(|text| text.contains(&format!("\"{name}\"")));
        !by_a_test && !scripts.iter().any(|text| text.contains(&format!("figure: {name}: ")))
    };
    assert_eq!(names.filter(untold).collect::<Vec<_>>(), [""; 0], "no test tells these of tests/figures.txt");
}

#[test]
fn the_test_sees_what_it_looks_for() {
    let code = "use crate::{\n    aws::{self, Aws},\n    drill::fact::Fact,\n    text::SafeText,\n};\nuse crate::lab::Lab; // crate::ui\n";
    let names: Vec<_> = named(code).into_iter().map(|(line, name)| format!("{line}:{name}")).collect();
    assert_eq!(names, ["2:aws", "3:drill", "4:text", "6:lab"]);
}
