//! The crash matrix: the program, hit in each way at each of its points, and started again. A lab of its own tells what
//! really became of each run.

mod lab;

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    panic,
    path::Path,
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use rustix::process::Signal;
use spotdrill::{
    crash::Point,
    drill::fact::{Entry, What},
    journal::Record,
};

use crate::{
    figure::figure,
    program::{Ended, Home, Running, run},
};
use lab::Lab;

const FAULTS: [&str; 6] = ["kill", "term", "hup", "panic", "enospc", "eio"];
/// What `attach` says when no drill is open.
const USAGE: i32 = 2;
/// How many runs go on at once: each waits for its lab most of the time.
const AT_ONCE: usize = 6;

/// What became of one run, as the lab and the journals have it.
#[derive(Debug, Default)]
struct Outcome {
    /// Experiments that the lab was made to start, and those of them that go on and that no journal knows.
    started: usize,
    unknown: usize,
    /// Complete lines of journals when the program was hit, and those that were read back in the end.
    complete: usize,
    back: usize,
    /// Templates and locks in the account before `gc`, those that it leaves until a drill's time is over, and what it
    /// leaves then.
    left: usize,
    kept: usize,
    orphans: usize,
    wrong: Vec<String>,
}

#[test]
fn every_point_survives_every_fault() {
    let runs: Vec<_> =
        Point::ALL.into_iter().flat_map(|(point, name)| FAULTS.map(|fault| (point, name, fault))).collect();
    let (next, outcomes, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((point, name, fault)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = panic::catch_unwind(|| hit(*point, name, fault));
                    let wrong = outcome.as_ref().map_or(&[][..], |outcome| &outcome.wrong);
                    let panicked = outcome.is_err().then_some("see the panic above");
                    let wrong: Vec<_> = wrong.iter().map(String::as_str).chain(panicked).collect();
                    if !wrong.is_empty() {
                        failures.lock().unwrap().push(format!("{name}:{fault}: {}", wrong.join("\n")));
                    }
                    outcomes.lock().unwrap().extend(outcome);
                }
            });
        }
    });
    let (outcomes, failures) = (outcomes.into_inner().unwrap(), failures.into_inner().unwrap());
    let sum = |of: fn(&Outcome) -> usize| outcomes.iter().map(of).sum::<usize>();
    figure(
        "crash matrix",
        format_args!(
            "{} points x {} faults = {} runs, {} survived; {} experiments started, {} drills started twice, {} \
             experiments go on unknown; {} of {} complete records back; {} templates and locks left before gc, \
             {} of them kept by it until their time was over, {} orphans then",
            Point::ALL.len(),
            FAULTS.len(),
            runs.len(),
            runs.len() - failures.len(),
            sum(|outcome| outcome.started),
            outcomes.iter().filter(|outcome| outcome.started > 1).count(),
            sum(|outcome| outcome.unknown),
            sum(|outcome| outcome.back),
            sum(|outcome| outcome.complete),
            sum(|outcome| outcome.left),
            sum(|outcome| outcome.kept),
            sum(|outcome| outcome.orphans),
        ),
    );
    assert!(failures.is_empty(), "{} of {} runs:\n{}", failures.len(), runs.len(), failures.join("\n"));
}

/// One run: hit there, started again until nothing is open, cleaned up, and everything looked at.
fn hit(point: Point, name: &str, fault: &str) -> Outcome {
    let (home, lab) = (Home::new(), Lab::open());
    let spotdrill = |words: &str| {
        let mut command = home.spotdrill(&format!("{words} --endpoint-url {}", lab.url()));
        command.envs(lab.keys()).env("RUST_BACKTRACE", "0");
        command
    };
    let drill = match point {
        Point::PreviewRunning => {
            format!(
                "run --template {} --override alarm=it-is-a-lab-of-this-test --yes --settle 1m --format ndjson",
                lab.template_of_others()
            )
        }
        // so that there is something to stop for long enough
        Point::StopSent => String::from("run --group web --count 1 --warn 15m --yes --settle 1m --format ndjson"),
        _ => String::from("run --group web --count 1 --yes --settle 1m --format ndjson"),
    };
    let mut first = spotdrill(&drill);
    let first = match point {
        Point::TailCopied | Point::TailCut => {
            run(first.env("SPOTDRILL_CRASH", "start-recorded:kill"));
            for journal in home.journals() {
                let mut file = fs::OpenOptions::new().append(true).open(journal).unwrap();
                file.write_all(b"{\"seq\":99,\"at\":\"20").unwrap();
            }
            &mut spotdrill("attach --format ndjson")
        }
        _ => &mut first,
    };
    let ended = hit_once(first.env("SPOTDRILL_CRASH", format!("{name}:{fault}")), point);
    let mut outcome = Outcome::default();
    let told = check_hit(&ended, fault, &home).unwrap_or_else(|why| {
        outcome.wrong.push(why);
        Vec::new()
    });
    let (before, complete) = (entries(&home.journals()), complete_lines(&home.journals()));
    let mut said = Vec::new();
    for _ in 0..4 {
        let again = run(&mut spotdrill("attach --format ndjson"));
        let nothing_open = again.code == Some(USAGE);
        said.push(again);
        if nothing_open {
            break;
        }
    }
    (outcome.complete, outcome.left) = (complete, lab.left().len());
    check(&home, &lab, &before, &told, &mut outcome);
    if outcome.back != outcome.complete {
        outcome.wrong.push(format!("{} of {} complete records are back", outcome.back, outcome.complete));
    }
    said.push(run(&mut spotdrill("gc --yes")));
    for left in lab.left() {
        // its drill ended without FIS's word that the experiment is over, so that it might run yet
        let of_an_open_end = left.held.filter(|held| is_end_open(&home, &held.drill));
        let says_so = said.last().is_some_and(|gc| gc.err.contains("which may take until"));
        match of_an_open_end {
            Some(held) if says_so => {
                outcome.kept += 1;
                lab.until_it_is_over(&held);
            }
            _ => outcome.wrong.push(format!("gc leaves {}", left.name)),
        }
    }
    if outcome.kept > 0 {
        said.push(run(&mut spotdrill("gc --yes")));
    }
    if said.last().and_then(|gc| gc.code) != Some(0) {
        outcome.wrong.push(String::from("gc did not do its work"));
    }
    for orphan in lab.left() {
        outcome.orphans += 1;
        outcome.wrong.push(format!("an orphan: {}", orphan.name));
    }
    if !outcome.wrong.is_empty() {
        outcome.wrong.push(format!("--- hit: {ended:#?}\n--- then: {said:#?}"));
    }
    outcome
}

/// Runs until the fault ends it, or to its end. For a point of a stop, Ctrl-C asks for one.
fn hit_once(command: &mut Command, point: Point) -> Ended {
    let mut running = Running::start(command);
    if point == Point::StopSent {
        running.until("experiment-started");
        running.signal(Signal::INT);
    }
    running.end()
}

/// That the fault was met, and how: gives the facts that were told on standard output.
fn check_hit(ended: &Ended, fault: &str, home: &Home) -> Result<Vec<Entry>, String> {
    let Ended { code, out, err } = ended;
    let told: Vec<Entry> = out.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    if !err.contains("hit at ") {
        return Err(format!("it was not hit: {ended:#?}"));
    }
    if fault == "kill" && code.is_some() {
        return Err(format!("it lived on: {ended:#?}"));
    }
    let disk = matches!(fault, "enospc" | "eio");
    let started =
        |entry: &Entry| matches!(entry.fact.what, What::TemplateCreated { .. } | What::ExperimentStarted { .. });
    let confirmed = entries(&home.journals()).values().flatten().any(started);
    if disk && !confirmed && !told.iter().any(started) {
        // nothing was asked of AWS, and it says why, with the file
        let path = home.path("").display().to_string();
        if *code == Some(0) || !(err.contains(&path) || out.contains(&path)) {
            return Err(format!("it does not tell which file failed: {ended:#?}"));
        }
    }
    Ok(if disk { Vec::new() } else { told })
}

fn check(
    home: &Home,
    lab: &Lab,
    before: &BTreeMap<String, Vec<Entry>>,
    told: &[Entry],
    Outcome { started, unknown, back, wrong, .. }: &mut Outcome,
) {
    let after = entries(&home.journals());
    for (journal, lines) in before {
        let now = after.get(journal).map_or(&[][..], Vec::as_slice);
        *back += lines.iter().zip(now).take_while(|(before, now)| before == now).count();
        if !now.starts_with(lines) {
            wrong.push(format!("{journal} lost lines: {lines:#?} became {now:#?}"));
        }
    }
    let all: Vec<_> = after.values().flatten().collect();
    if let Some(lost) = told.iter().find(|entry| !all.contains(entry)) {
        wrong.push(format!("told and not in the journal: {lost:?}"));
    }
    let experiments = lab.experiments_of_drills();
    *started = experiments.len();
    for experiment in &experiments {
        let is_known = |entry: &&&Entry| matches!(&entry.fact.what, What::ExperimentStarted { experiment: id, .. } if id.as_str() == experiment.id);
        let known = all.iter().any(|entry| is_known(&entry));
        *unknown += usize::from(!known && experiment.runs);
        if !known || experiment.runs {
            wrong.push(format!("{experiment:?}, known: {known}"));
        }
    }
    if experiments.len() > 1 {
        wrong.push(format!("started twice: {experiments:?}"));
    }
}

/// Whether that drill's experiment was started, and its journal does not know how it ended.
fn is_end_open(home: &Home, drill: &str) -> bool {
    let mut journals = entries(&home.journals());
    journals.retain(|journal, _| journal.contains(drill));
    let has = |wanted: fn(&What) -> bool| journals.values().flatten().any(|entry| wanted(&entry.fact.what));
    let ended = |what: &What| match what {
        What::ExperimentStateChanged { status, .. } => ["completed", "stopped", "failed"].contains(&status.as_str()),
        _ => false,
    };
    has(|what| matches!(what, What::ExperimentStarted { .. })) && !has(ended)
}

/// The lines behind the first of each journal that end and are JSON.
fn complete_lines(journals: &[impl AsRef<Path>]) -> usize {
    let of = |path: &Path| {
        let whole = fs::read(path).unwrap();
        let is_whole = |line: &&[u8]| serde_json::from_slice::<serde_json::Value>(line).is_ok();
        whole.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")).filter(is_whole).count()
    };
    journals.iter().map(|path| of(path.as_ref()).saturating_sub(1)).sum()
}

/// What each journal has that can be read.
fn entries(journals: &[impl AsRef<Path>]) -> BTreeMap<String, Vec<Entry>> {
    let read = |path: &Path| Some((path.display().to_string(), Record::read(path).ok()?.entries));
    journals.iter().filter_map(|path| read(path.as_ref())).collect()
}
