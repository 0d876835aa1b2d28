//! Clocks that are wrong, that are set in the middle of a drill, and machines that sleep: times are AWS's, nothing comes early
//! or late by them, and a gap is told.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use spotdrill::{
    clock::{Machine, MachineTime},
    drill::{
        fact::{Source, What},
        plan::Selection,
        verdict::Outcome,
    },
};
use tokio::time::Instant;

use super::{opened, second, stage_otherwise};
use crate::stage::{Bend, Drilled, Otherwise, Stage, scenario};

/// How far a machine's wall clock is from the lab's, and how long it slept without noticing.
#[derive(Clone, Copy, Default)]
struct Off {
    wall: SignedDuration,
    unnoticed: SignedDuration,
}

fn machine(off: SignedDuration) -> (Arc<Mutex<Off>>, Machine) {
    let off = Arc::new(Mutex::new(Off { wall: off, ..Off::default() }));
    let (read, started) = (Arc::clone(&off), Instant::now());
    let clocks = move || {
        let Off { wall, unnoticed } = *read.lock().unwrap();
        let passed = SignedDuration::try_from(started.elapsed()).unwrap() - unnoticed;
        MachineTime { wall: opened() + passed + wall, up: passed }
    };
    (off, Machine::new(clocks))
}

/// A client of AWS on that machine; AWS refuses what is signed five minutes off, as it does.
async fn stage(parts: &str, machine: Machine) -> Stage {
    let compare = |clock: &spotdrill::clock::Clock| {
        let clock = clock.clone();
        let bend: Bend = Arc::new(move |exchange| {
            let signed: Timestamp = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", exchange.signed)
                .unwrap()
                .to_zoned(jiff::tz::TimeZone::UTC)
                .unwrap()
                .timestamp();
            if signed.duration_since(clock.now()).abs() > SignedDuration::from_mins(5) {
                exchange.status = 403;
                exchange.body = String::from(
                    "<ErrorResponse><Error><Type>Sender</Type><Code>SignatureDoesNotMatch</Code>\
                     <Message>Signature expired</Message></Error></ErrorResponse>",
                );
            }
        });
        bend
    };
    let scenario = scenario(4, parts);
    stage_otherwise(scenario, |_, clock| Otherwise {
        machine: Some(machine),
        bend: Some(compare(clock)),
        ..Otherwise::default()
    })
    .await
}

fn times_are_aws_s(drilled: &Drilled) {
    let (least, most) = (opened(), opened() + SignedDuration::from_mins(20));
    for entry in &drilled.entries {
        let fact = &entry.fact;
        assert!((least..most).contains(&fact.at) && (least..most).contains(&fact.seen), "{fact:?}");
        let before = SignedDuration::from_secs(2); // what AWS says in whole seconds, or a clock known to a second
        assert!(fact.seen.duration_since(fact.at) > -before, "seen before it happened: {fact:?}");
    }
}

const MINUTES: [i64; 5] = [10, -10, 60, -60, 0];

#[tokio::test(start_paused = true)]
async fn a_machine_whose_clock_is_off_drills_by_aws_s_time() {
    for minutes in MINUTES {
        let (_, machine) = machine(SignedDuration::from_mins(minutes));
        let stage = stage("", machine).await;
        let drilled = stage.drill("web", Selection::Count(1), "3m").await;
        assert_eq!(drilled.verdict.verdict, Outcome::Held, "{minutes}: {:?}", drilled.verdict.reasons);
        times_are_aws_s(&drilled);
        let skew = stage.aws.clock.skew().unwrap().by;
        let off = (skew + SignedDuration::from_mins(minutes)).abs();
        assert!(off <= SignedDuration::from_secs(1), "{minutes}: {skew}");
        assert!(!drilled.has(|what| matches!(what, What::SourceLost { .. } | What::NothingLookedAt { .. })));
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_set_in_the_middle_ends_nothing_early_or_late() {
    let never = "[capacity]\nno_spot = [\"*\"]\n"; // so that the drill waits its whole settle time
    for minutes in MINUTES {
        let (off, machine) = machine(SignedDuration::ZERO);
        let stage = stage(never, machine).await;
        let running = stage.start(stage.plan("web", Selection::Count(1), "3m").await).await.unwrap();
        let clock = stage.aws.clock.clone();
        let set = async {
            for second in [40, 220, 400] {
                let passed = clock.now().duration_since(opened()).as_secs();
                clock.sleep(Duration::from_secs((second - passed).unsigned_abs())).await;
                off.lock().unwrap().wall += SignedDuration::from_mins(minutes);
            }
        };
        let (drilled, ()) = tokio::join!(stage.to_the_end(running, |_| false), set);
        times_are_aws_s(&drilled);
        assert_eq!(drilled.verdict.verdict, Outcome::Failed);
        let settled = drilled.at(Source::Spotdrill, |what| matches!(what, What::SettleTimeEnded)).unwrap();
        // the action begins at 10 s, the interruption is due three minutes later, then ten more are waited
        assert!((785..=805).contains(&second(settled)), "{minutes}: settled at {} s", second(settled));
    }
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_sleeps_in_the_last_two_minutes_looks_before_it_judges_and_tells_the_gap() {
    let half_an_hour = SignedDuration::from_mins(30);
    for noticed in [true, false] {
        let (off, machine) = machine(SignedDuration::ZERO);
        let stage = stage("", machine).await;
        let running = stage.start(stage.plan("web", Selection::Count(1), "3m").await).await.unwrap();
        let clock = stage.aws.clock.clone();
        let sleeps = async {
            clock.sleep(Duration::from_secs(100)).await; // the notice went out at 70 s
            if !noticed {
                // a guest whose host was suspended: none of its clocks has moved
                off.lock().unwrap().unnoticed += half_an_hour;
            }
            tokio::time::advance(half_an_hour.unsigned_abs()).await;
        };
        let (drilled, ()) = tokio::join!(stage.to_the_end(running, |_| false), sleeps);
        let said = drilled.entries.iter().map(|entry| entry.fact.what.telling()).collect::<Vec<_>>().join("\n");
        assert_eq!(drilled.verdict.verdict, Outcome::Held, "{noticed}: {:?}\n{said}", drilled.verdict.reasons);
        let gaps: Vec<_> = drilled
            .entries
            .iter()
            .filter_map(|entry| match &entry.fact.what {
                What::NothingLookedAt { from, until } => Some((second(*from), second(*until))),
                _ => None,
            })
            .collect();
        let [(from, until)] = gaps[..] else { panic!("{noticed}: {gaps:?}\n{said}") };
        assert!((94..=101).contains(&from) && (1895..=1912).contains(&until), "{noticed}: {from} to {until}");
        let told = drilled.verdict.telling();
        assert!(told.contains("gap: nothing was looked at from 12:01:"), "{told}");
        // what happened meanwhile has AWS's time
        let left = drilled.entries.iter().find_map(|entry| match &entry.fact.what {
            What::InstanceStateChanged { state, .. } if state.is_leaving() => Some(entry.fact.at),
            _ => None,
        });
        assert!(left.is_some_and(|at| (188..=195).contains(&second(at))), "{noticed}: {left:?}\n{said}");
    }
}

/// Another may have taken the lock by then, for it waits a quarter of an hour and no longer.
#[tokio::test(start_paused = true)]
async fn a_machine_that_slept_after_it_wrote_that_it_would_delete_a_lock_does_not_delete_it() {
    for (slept, deleted) in [(SignedDuration::from_secs(40), true), (SignedDuration::from_mins(20), false)] {
        let (off, machine) = machine(SignedDuration::ZERO);
        let asleep = Arc::new(Mutex::new(SignedDuration::ZERO));
        let sleeps = Arc::clone(&asleep);
        let bend: Bend = Arc::new(move |exchange| {
            if exchange.call.contains("PutParameter") {
                off.lock().unwrap().unnoticed -= std::mem::take(&mut *sleeps.lock().unwrap());
            }
        });
        let stage = stage_otherwise(scenario(4, ""), |_, _| Otherwise {
            machine: Some(machine),
            bend: Some(bend),
            ..Otherwise::default()
        })
        .await;
        let plan = stage.plan("web", Selection::Count(1), "2m").await;
        stage.to_the_end(stage.start(plan.clone()).await.unwrap(), |_| false).await;
        let lock = stage.aws.lock(plan.groups()[0]).await.unwrap().unwrap();
        *asleep.lock().unwrap() = slept;
        let kept = stage.aws.remove_lock(&lock).await.unwrap();
        assert_eq!(kept.is_none(), deleted, "{slept:#}: {kept:?}");
        let deletes = stage.calls().iter().filter(|(_, call)| call.contains("DeleteParameter")).count();
        assert_eq!(deletes, usize::from(deleted), "{slept:#}");
    }
}
