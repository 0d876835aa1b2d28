//! Whole drills by thousands of schedules: calls that are late, lost, done twice, throttled or answered with what was true
//! before, programs that are lost and come back to, in whatever order a seed has it. Whatever becomes of a drill, the same
//! must hold as in the crash matrix. Under paused time, through the real clients, against the lab.
//!
//! `SPOTDRILL_SCHEDULES=3000 cargo test simulation` runs so many; `SPOTDRILL_SEED=123` runs one and tells it.

mod call;
mod check;
mod fate;
mod network;
mod operator;
mod schedule;

use std::{
    collections::BTreeMap,
    env, panic,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use check::Found;
use fate::Kind;
use operator::{Operator, Ran, is_unknown};
use schedule::Schedule;
use spotdrill::drill::verdict::Outcome;
use tokio::runtime::Builder;

use crate::figure::figure;

/// About half a minute on two cores.
const SCHEDULES: u64 = 300;
/// Seeds with which something was wrong once.
const ONCE_WRONG: [u64; 1] = [48];

/// What all schedules came to.
#[derive(Debug, Default)]
struct Sum {
    schedules: usize,
    calls: usize,
    faults: BTreeMap<Kind, usize>,
    lost: usize,
    come_back: usize,
    adopted: usize,
    stops: usize,
    verdicts: BTreeMap<&'static str, usize>,
    said_unknown: usize,
    started: usize,
    twice: usize,
    unknown: usize,
    left_to_gc: usize,
    orphans: usize,
    wrong: Vec<String>,
}

#[test]
fn whatever_becomes_of_a_drill_the_same_holds() {
    let number = |name| env::var(name).ok().map(|text: String| text.parse().unwrap());
    let seeds: Vec<u64> = match number("SPOTDRILL_SEED") {
        Some(seed) => vec![seed],
        None => ONCE_WRONG.into_iter().chain(0..number("SPOTDRILL_SCHEDULES").unwrap_or(SCHEDULES)).collect(),
    };
    let (next, sum) = (AtomicUsize::new(0), Mutex::new(Sum::default()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(2, Into::into) {
            scope.spawn(|| {
                while let Some(seed) = seeds.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let schedule = Schedule::of(*seed);
                    match panic::catch_unwind(|| run(&schedule)) {
                        Ok((ran, found)) => sum.lock().unwrap().add(&schedule, &ran, &found, seeds.len() == 1),
                        Err(_) => sum.lock().unwrap().wrong.push(format!("{schedule:?}: see the panic above")),
                    }
                }
            });
        }
    });
    let sum = sum.into_inner().unwrap();
    figure("simulation", format_args!("{}", sum.telling()));
    assert!(sum.wrong.is_empty(), "{} are wrong:\n{}", sum.wrong.len(), sum.wrong.join("\n"));
}

#[test]
fn a_seed_gives_the_same_history_again() {
    for seed in [1, 6, 8] {
        let [first, second] = [(); 2].map(|()| run(&Schedule::of(seed)).0.seen.told);
        assert_eq!(first, second, "{seed}");
    }
}

fn run(schedule: &Schedule) -> (Ran, Found) {
    fastrand::seed(schedule.seed);
    let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut operator = Operator::of(schedule).await;
        let ran = operator.run().await;
        let found = Found::of(&operator, &ran).await;
        (ran, found)
    })
}

impl Sum {
    fn add(&mut self, schedule: &Schedule, ran: &Ran, found: &Found, aloud: bool) {
        self.schedules += 1;
        self.calls += ran.seen.calls;
        for (kind, count) in &ran.seen.faults {
            *self.faults.entry(*kind).or_default() += count;
        }
        self.lost += ran.lost;
        self.come_back += ran.come_back;
        self.adopted += ran.adopted;
        self.stops += ran.stops;
        let last = ran.verdicts.last().map(|verdict| verdict.verdict).map_or("not begun", Outcome::as_str);
        *self.verdicts.entry(last).or_default() += 1;
        self.said_unknown += usize::from(ran.verdicts.iter().any(is_unknown));
        self.started += found.experiments.len();
        self.twice += found.experiments.len().saturating_sub(1);
        self.unknown += found.unknown;
        self.left_to_gc += ran.left_to_gc;
        self.orphans += found.templates.len() + found.held.len();
        let told = || format!("{schedule:#?}\n{}\n{:?}", ran.seen.told.join("\n"), ran.verdicts);
        if aloud {
            println!("{}\n{found:#?}", told());
        }
        if !found.wrong.is_empty() {
            let seed = schedule.seed;
            self.wrong.push(format!("SPOTDRILL_SEED={seed}: {}\n{}", found.wrong.join("\n"), told()));
        }
    }

    fn telling(&self) -> String {
        let Self { schedules, calls, lost, come_back, adopted, stops, said_unknown, started, twice, .. } = self;
        let faults: Vec<_> = self.faults.iter().map(|(kind, count)| format!("{count} {kind:?}")).collect();
        let verdicts: Vec<_> = self.verdicts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
        format!(
            "{schedules} schedules, {calls} calls, faults: {}; lost {lost} times, come back to \
             {come_back} times, {adopted} of them without a journal, {stops} stops; {started} experiments started, {twice} \
             twice, {} unknown, {} left for gc, {} orphans, {} violations; verdicts: {}, {said_unknown} of them UNKNOWN",
            faults.join(", ").to_lowercase(),
            self.unknown,
            self.left_to_gc,
            self.orphans,
            self.wrong.len(),
            verdicts.join(", "),
        )
    }
}
