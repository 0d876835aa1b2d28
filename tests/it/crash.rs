//! The crash matrix: the program, hit in each way at each of its points, and started again. A lab of its own tells what
//! really became of each run.

mod lab;

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
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

use crate::program::{Ended, Home, Running, run};
use lab::Lab;

const FAULTS: [&str; 6] = ["kill", "term", "hup", "panic", "enospc", "eio"];
/// What `attach` says when no drill is open.
const USAGE: i32 = 2;
/// How many runs go on at once: each waits for its lab most of the time.
const AT_ONCE: usize = 6;

/// What became of one run.
struct Survivor {
    /// Experiments that the lab was made to start.
    started: usize,
}

#[test]
fn every_point_survives_every_fault() {
    let runs: Vec<_> =
        Point::ALL.into_iter().flat_map(|(point, name)| FAULTS.map(|fault| (point, name, fault))).collect();
    let (next, survivors, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((point, name, fault)) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    match panic::catch_unwind(|| hit(*point, name, fault)) {
                        Ok(Ok(survivor)) => survivors.lock().unwrap().push(survivor),
                        Ok(Err(why)) => failures.lock().unwrap().push(format!("{name}:{fault}: {why}")),
                        Err(_) => failures.lock().unwrap().push(format!("{name}:{fault}: see the panic above")),
                    }
                }
            });
        }
    });
    let (survivors, failures) = (survivors.into_inner().unwrap(), failures.into_inner().unwrap());
    let started: usize = survivors.iter().map(|survivor| survivor.started).sum();
    let twice = survivors.iter().filter(|survivor| survivor.started > 1).count();
    let _ = writeln!(
        io::stderr(),
        "figure: crash matrix: {} points x {} faults = {} runs, {} survived, {started} experiments started, {twice} twice, 0 \
         orphans",
        Point::ALL.len(),
        FAULTS.len(),
        runs.len(),
        survivors.len(),
    );
    assert!(failures.is_empty(), "{} of {} runs:\n{}", failures.len(), runs.len(), failures.join("\n"));
}

/// One run: hit there, started again until nothing is open, and everything looked at.
fn hit(point: Point, name: &str, fault: &str) -> Result<Survivor, String> {
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
    let told = check_hit(&ended, fault, &home)?;
    let before = entries(&home.journals());
    let mut said = Vec::new();
    for _ in 0..4 {
        let again = run(&mut spotdrill("attach --format ndjson"));
        let nothing_open = again.code == Some(USAGE);
        said.push(again);
        if nothing_open {
            break;
        }
    }
    check(&home, &lab, &before, &told).map_err(|why| format!("{why}\n--- hit: {ended:#?}\n--- then: {said:#?}"))
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

fn check(home: &Home, lab: &Lab, before: &BTreeMap<String, Vec<Entry>>, told: &[Entry]) -> Result<Survivor, String> {
    let after = entries(&home.journals());
    for (journal, lines) in before {
        let kept = after.get(journal).is_some_and(|after| after.starts_with(lines));
        if !kept {
            return Err(format!("{journal} lost lines: {lines:#?} became {:#?}", after.get(journal)));
        }
    }
    let all: Vec<_> = after.values().flatten().collect();
    if let Some(lost) = told.iter().find(|entry| !all.contains(entry)) {
        return Err(format!("told and not in the journal: {lost:?}"));
    }
    let experiments = lab.experiments_of_drills();
    for experiment in &experiments {
        let is_known = |entry: &&&Entry| matches!(&entry.fact.what, What::ExperimentStarted { experiment: id, .. } if id.as_str() == experiment.id);
        if !all.iter().any(|entry| is_known(&entry)) {
            return Err(format!("{experiment:?} is not known"));
        }
        if experiment.runs {
            return Err(format!("{experiment:?} still runs"));
        }
    }
    if experiments.len() > 1 {
        return Err(format!("started twice: {experiments:?}"));
    }
    let left = lab.templates_of_drills();
    if !left.is_empty() {
        return Err(format!("left behind: {left:?}"));
    }
    Ok(Survivor { started: experiments.len() })
}

/// What each journal has that can be read.
fn entries(journals: &[impl AsRef<Path>]) -> BTreeMap<String, Vec<Entry>> {
    let read = |path: &Path| Some((path.display().to_string(), Record::read(path).ok()?.entries));
    journals.iter().filter_map(|path| read(path.as_ref())).collect()
}
