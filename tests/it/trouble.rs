//! AWS in trouble: each fault at each phase of a drill, for each source; the drill goes on, says what is stale and since
//! when, and finds it again soon. Under paused time.

mod answers;
mod clock;
mod credentials;
mod program;

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use spotdrill::{
    clock::Clock,
    drill::{
        fact::{Cause, Entry, What},
        order::{OrderName, WatchName},
        plan::Selection,
        verdict::Outcome,
    },
    lab::{Lab, scenario::Scenario},
    run::conductor::Told,
    text::SafeText,
};

use crate::{
    figure::figure,
    stage::{Drilled, Otherwise, Stage, scenario},
};

pub(crate) fn opened() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

pub(crate) fn second(at: Timestamp) -> i64 {
    at.duration_since(opened()).as_secs()
}

/// A fault of the scenario's, and how long after its end a call that met it may still hang, in seconds.
const FAULTS: [(&str, &str, i64); 8] = [
    ("throttled", "kind = \"throttle\"", 0),
    ("failing", "kind = \"error\"", 0),
    ("reset", "kind = \"reset\"", 0),
    ("half an answer", "kind = \"half\"", 0),
    ("stalled in the middle", "kind = \"stall\"", 10),
    ("a black hole", "kind = \"delay\"\ndelay = 3600", 10),
    ("answered late", "kind = \"delay\"\ndelay = 8", 8),
    ("expired", "kind = \"expired\"", 0),
];

/// Where the drill is (with a warning of three minutes), which calls fail, and from when to when, in seconds.
const PHASES: [(&str, &str, u32, u32); 9] = [
    ("template being made", "fis:CreateExperimentTemplate", 0, 28),
    ("experiment being started", "fis:StartExperiment", 0, 28),
    ("before the action", "*:*", 1, 30),
    ("before the notice", "*:*", 30, 59),
    ("at the notice", "*:*", 60, 89),
    ("template being deleted", "fis:DeleteExperimentTemplate", 60, 89),
    ("after the notice", "*:*", 100, 129),
    ("at the end of the target", "*:*", 185, 214),
    ("being replaced", "*:*", 225, 254),
];

/// The services whose sources fail alone.
const SERVICES: [&str; 3] = ["fis:*", "ec2:*", "logs:*"];

struct Storm {
    name: String,
    fault: String,
    /// Its end, in seconds.
    until: i64,
    hangs: i64,
}

fn storm(fault: (&str, &str, i64), phase: (&str, &str, u32, u32)) -> Storm {
    let ((fault_name, kind, hangs), (phase_name, operation, after, until)) = (fault, phase);
    Storm {
        name: format!("{fault_name}, {phase_name}, {operation}"),
        fault: format!("[[fault]]\noperation = \"{operation}\"\n{kind}\nafter = {after}\nuntil = {until}\n"),
        until: until.into(),
        hangs,
    }
}

/// The most calls in any minute.
pub(crate) fn busiest(calls: &[(Timestamp, String)]) -> usize {
    let minute = SignedDuration::from_mins(1);
    let within =
        |from: &Timestamp| calls.iter().filter(|(at, _)| at >= from && at.duration_since(*from) < minute).count();
    calls.iter().map(|(from, _)| within(from)).max().unwrap_or_default()
}

/// When each source was lost, since when by its own word, and when it was found.
pub(crate) fn losses(drilled: &Drilled) -> Vec<(WatchName, Cause, i64, Option<i64>)> {
    let mut losses = Vec::new();
    let mut open: BTreeMap<WatchName, usize> = BTreeMap::new();
    for Entry { fact, .. } in &drilled.entries {
        match &fact.what {
            What::SourceLost { watch, since, cause, .. } => {
                let before = open.insert(*watch, losses.len());
                assert_eq!(before, None, "{watch:?} was lost twice");
                let since = since.unwrap();
                assert!(since <= fact.at, "{since} is after {}", fact.at);
                losses.push((*watch, *cause, second(since), None));
            }
            What::SourceFound { watch } => {
                let lost = open.remove(watch).expect("what is found was lost");
                losses[lost].3 = Some(second(fact.at));
            }
            _ => {}
        }
    }
    losses
}

async fn survives(storm: &Storm) {
    let Storm { name, fault, until, hangs } = storm;
    let stage = Stage::of(4, fault).await;
    let running = stage.start(stage.plan("web", Selection::Count(1), "3m").await).await.unwrap();
    let listed = stage.calls().len();
    let drilled = stage.to_the_end(running, |_| false).await;
    let said = || drilled.entries.iter().map(|entry| entry.fact.what.telling()).collect::<Vec<_>>().join("\n");
    assert_eq!(drilled.verdict.verdict, Outcome::Held, "{name}: {:?}\n{}", drilled.verdict.reasons, said());
    for (watch, _, since, found) in losses(&drilled) {
        // a drill is over as soon as everything was seen, whatever other sources may still have to say
        let found = found.unwrap_or_else(|| second(drilled.entries.last().unwrap().fact.at));
        assert!(since <= *until && found <= until + hangs + 5, "{name}: {watch:?} {since} to {found}\n{}", said());
    }
    let refused = drilled.entries.iter().find(|entry| match &entry.fact.what {
        What::OrderRefused { .. } => true,
        // a start of which the answer was lost is looked for
        What::OrderUnanswered { order, .. } => *order != OrderName::StartExperiment,
        _ => false,
    });
    assert!(refused.is_none(), "{name}: {refused:?}");
    let busiest = busiest(&stage.calls()[listed..]);
    assert!(busiest <= 40, "{name}: {busiest} calls in the busiest minute");
    let fis = aws_sdk_fis::Client::new(&stage.sdk);
    let experiments = fis.list_experiments().send().await.unwrap();
    let templates = fis.list_experiment_templates().send().await.unwrap();
    let left = (experiments.experiments().len(), templates.experiment_templates().len());
    assert_eq!(left, (1, 0), "{name}: experiments started, templates left");
    let over = drilled.entries.last().unwrap().fact.at;
    assert!(second(over) < 400, "{name}: over after {} s", second(over));
}

#[tokio::test(start_paused = true)]
async fn every_fault_is_survived_at_every_phase() {
    let (mut tried, mut survived) = (0, 0);
    for fault in FAULTS {
        for phase in PHASES {
            tried += 1;
            survives(&storm(fault, phase)).await;
            survived += 1;
        }
    }
    figure(
        "trouble: faults at phases",
        format_args!("{} faults x {} phases = {tried}, {survived} survived", FAULTS.len(), PHASES.len()),
    );
}

#[tokio::test(start_paused = true)]
async fn every_fault_of_one_service_is_survived_and_leaves_the_others_fresh() {
    let (mut tried, mut survived) = (0, 0);
    for service in SERVICES {
        for fault in FAULTS {
            let phase = ("one service alone", service, 35, 64);
            tried += 1;
            survives(&storm(fault, phase)).await;
            survived += 1;
        }
    }
    figure(
        "trouble: services alone",
        format_args!("{} faults x {} services = {tried}, {survived} survived", FAULTS.len(), SERVICES.len()),
    );
}

#[tokio::test(start_paused = true)]
async fn a_minute_of_throttling_is_met_politely_by_three_clients_at_once() {
    let storm = "[[fault]]\noperation = \"*:*\"\nkind = \"throttle\"\nafter = 40\nuntil = 100\n";
    let other = |name| {
        format!("[[group]]\nkind = \"auto-scaling-group\"\nname = \"{name}\"\ncount = 4\nreplaces = \"termination\"\n")
    };
    let storm = [storm.to_owned(), other("api"), other("db")].concat();
    let clock = Clock::rated(opened(), 1.0);
    let lab = Lab::open(scenario(4, &storm), clock.clone(), 1);
    let mut stages = Vec::new();
    for _ in 0..3 {
        stages.push(Stage::at(&lab, clock.clone(), Otherwise::default()).await);
    }
    let drills = stages.iter().zip(["web", "api", "db"]).map(async |(stage, group)| {
        let wish = stage.plan(group, Selection::Count(1), "3m").await;
        let running = stage.start(wish).await.unwrap();
        let listed = stage.calls().len();
        (stage.to_the_end(running, |_| false).await, busiest(&stage.calls()[listed..]))
    });
    for (drilled, busiest) in futures_util::future::join_all(drills).await {
        assert_ne!(drilled.verdict.verdict, Outcome::Refused, "{:?}", drilled.verdict.reasons);
        assert!(!drilled.verdict.interrupted.is_empty());
        let losses = losses(&drilled);
        assert!(losses.len() >= 4, "{losses:?}");
        for (watch, cause, since, found) in losses {
            assert_eq!(cause, Cause::Trouble);
            assert!((25..=60).contains(&since), "{watch:?} is stale since {since}");
            assert!(found.is_some_and(|found| (100..=105).contains(&found)), "{watch:?} was found at {found:?}");
        }
        assert!(busiest <= 40, "{busiest} calls in the busiest minute");
    }
}

#[tokio::test(start_paused = true)]
async fn a_short_hiccup_is_not_worth_a_word() {
    let hiccup = "[[fault]]\noperation = \"*:*\"\nkind = \"reset\"\nafter = 40\nuntil = 46\n";
    let drilled = Stage::of(4, hiccup).await.drill("web", Selection::Count(1), "3m").await;
    assert_eq!(drilled.verdict.verdict, Outcome::Held);
    assert_eq!(losses(&drilled), []);
    assert!(drilled.verdict.unseen.is_empty(), "{:?}", drilled.verdict.unseen);
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_seen_is_named_with_its_permission_and_the_others_go_on() {
    for (operation, watch, permission) in [
        ("ec2:DescribeSpotInstanceRequests", WatchName::SpotRequests, "ec2:DescribeSpotInstanceRequests"),
        ("logs:*", WatchName::Logs, "logs:FilterLogEvents"),
        ("fis:GetExperiment", WatchName::Experiment, "fis:GetExperiment"),
        ("fis:ListExperimentResolvedTargets", WatchName::Experiment, "fis:ListExperimentResolvedTargets"),
    ] {
        // spot requests are read before the start, too
        let after = if operation.starts_with("ec2") { "after = 1\n" } else { "" };
        let denied = format!("[[fault]]\noperation = \"{operation}\"\nkind = \"denied\"\n{after}");
        let drilled = Stage::of(4, &denied).await.drill("web", Selection::Count(1), "3m").await;
        let lost = losses(&drilled);
        assert!(lost.iter().any(|(lost, ..)| *lost == watch), "{operation}: {lost:?}");
        assert!(lost.iter().all(|(_, cause, ..)| *cause == Cause::Permission), "{operation}: {lost:?}");
        let others = lost.iter().filter(|(lost, ..)| *lost != watch && *lost != WatchName::Events).count();
        assert_eq!(others, 0, "{operation}: {lost:?}");
        let unseen = drilled.verdict.unseen.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        assert!(unseen.contains(&format!("You lack {permission}")), "{operation}: {unseen}");
        assert!(unseen.contains("to the end"), "{operation}: {unseen}");
        assert_eq!(drilled.verdict.interrupted.len(), 1, "{operation}: the others saw it");
        let told = drilled.verdict.telling();
        assert!(told.contains("not observed from 12:00:0"), "{operation}: {told}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_leaves_at_once_while_every_poll_is_stalled() {
    let stall =
        |operation| format!("[[fault]]\noperation = \"{operation}\"\nkind = \"stall\"\nafter = 30\nuntil = 200\n");
    let stalled = ["ec2:*", "logs:*", "fis:GetExperiment"].map(stall).concat();
    let stage = Stage::of(4, &stalled).await;
    let mut running = stage.start(stage.plan("web", Selection::Count(1), "10m").await).await.unwrap();
    let lost = async {
        while let Some(told) = running.told.recv().await {
            if matches!(&told, Told::Recorded(entry) if matches!(entry.fact.what, What::SourceLost { .. })) {
                return stage.aws.clock.now();
            }
        }
        panic!("nothing was lost")
    };
    let asked = lost.await;
    running.stopper.stop(SafeText::new("tester"));
    while let Some(told) = running.told.recv().await {
        if matches!(&told, Told::Recorded(entry) if matches!(entry.fact.what, What::StopSent { .. })) {
            break;
        }
    }
    let (left, _) = stage.calls().into_iter().find(|(_, call)| call.starts_with("DELETE")).unwrap();
    assert!(left.duration_since(asked) <= SignedDuration::from_secs(1), "{asked} to {left}");
}

#[tokio::test(start_paused = true)]
async fn a_group_of_which_a_page_fails_is_told_of_as_a_whole_later() {
    let page =
        "[[fault]]\noperation = \"ec2:DescribeInstances\"\nkind = \"error\"\npage = 2\nafter = 100\nuntil = 290\n";
    let stage = Stage::of(1100, page).await;
    let drilled = stage.drill("web", Selection::Count(1), "3m").await;
    assert_eq!(drilled.verdict.verdict, Outcome::Held, "{:?}", drilled.verdict.reasons);
    let [.., (watch, _, _, Some(found))] = losses(&drilled)[..] else { panic!("{:?}", losses(&drilled)) };
    assert_eq!(watch, WatchName::Group);
    assert!((290..=295).contains(&found), "{found}");
    let launched = drilled.entries.iter().find(|it| matches!(it.fact.what, What::ReplacementLaunched { .. })).unwrap();
    assert!(second(launched.fact.at) < 290 && second(launched.fact.seen) >= 290, "{launched:?}");
}

pub(crate) async fn stage_otherwise(
    scenario: Scenario,
    otherwise: impl FnOnce(&Arc<Lab>, &Clock) -> Otherwise,
) -> Stage {
    let clock = Clock::rated(opened(), 1.0);
    let lab = Lab::open(scenario, clock.clone(), 1);
    let otherwise = otherwise(&lab, &clock);
    Stage::at(&lab, clock, otherwise).await
}
