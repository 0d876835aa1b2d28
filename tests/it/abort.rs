//! Stops: in every phase, past everything that stalls, once however often they are asked for, and told as what they are.

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use spotdrill::{
    app::live::Live,
    drill::{
        conduct::Drill,
        fact::{Basis, ConfirmedBy, Entry, Fact, Source, What},
        fleet::{GroupKey, GroupKind, InstanceState, World},
        id::{DrillId, ExperimentId, InstanceId, TemplateId},
        order::{Order, OrderName},
        plan::{Plan, Selection, Target},
        verdict::Outcome,
        warning::Warning,
    },
    text::SafeText,
};

use crate::{
    figure::figure,
    stage::{Drilled, Stage},
};

/// How late a stop may leave.
const AT_ONCE: SignedDuration = SignedDuration::from_secs(1);

/// When the stop was asked for, and when each StopExperiment left.
fn stops(stage: &Stage, drilled: &Drilled) -> (Timestamp, Vec<Timestamp>) {
    let asked = drilled.at(Source::Operator, |what| matches!(what, What::StopRequested { .. })).unwrap();
    let stop = |call: &&(Timestamp, String)| call.1.starts_with("DELETE") && call.1.contains("/experiments/");
    (asked, stage.calls().iter().filter(stop).map(|(at, _)| *at).collect())
}

fn is_started(what: &What) -> bool {
    matches!(what, What::ExperimentStarted { .. })
}

fn is_status(wanted: &'static str) -> impl Fn(&What) -> bool {
    move |what| matches!(what, What::ExperimentStateChanged { status, .. } if status.as_str() == wanted)
}

/// A point of a drill at which it is stopped.
struct Moment {
    phase: &'static str,
    parts: &'static str,
    at: fn(&What) -> bool,
    /// The stops that reach FIS.
    sent: usize,
    outcome: Outcome,
}

#[tokio::test(start_paused = true)]
async fn a_stop_is_taken_in_every_phase_and_leaves_at_once() {
    let slow_template = "[[fault]]\noperation = \"fis:CreateExperimentTemplate\"\nkind = \"delay\"\ndelay = 5\n";
    let slow_start = "[[fault]]\noperation = \"fis:StartExperiment\"\nkind = \"delay\"\ndelay = 5\n";
    let denied = "[[fault]]\noperation = \"fis:StartExperiment\"\nkind = \"denied\"\n[[fault]]\n\
                  operation = \"fis:DeleteExperimentTemplate\"\nkind = \"delay\"\ndelay = 5\n";
    let moments = [
        Moment {
            phase: "creating",
            parts: slow_template,
            at: |what| matches!(what, What::DrillConfirmed { .. }),
            sent: 0,
            outcome: Outcome::Refused,
        },
        Moment {
            phase: "starting",
            parts: slow_start,
            at: |what| matches!(what, What::TemplateCreated { .. }),
            sent: 1,
            outcome: Outcome::Aborted,
        },
        Moment { phase: "initiating", parts: "", at: is_started, sent: 1, outcome: Outcome::Aborted },
        Moment {
            phase: "warned",
            parts: "",
            at: |what| matches!(what, What::RebalanceRecommended { .. }),
            sent: 1,
            outcome: Outcome::Aborted,
        },
        Moment {
            phase: "noticed",
            parts: "",
            at: |what| matches!(what, What::NoticeIssued { basis: Basis::Event | Basis::LogLine, .. }),
            sent: 1,
            outcome: Outcome::Aborted,
        },
        Moment {
            phase: "settling",
            parts: "",
            at: |what| is_status("completed")(what),
            sent: 0,
            outcome: Outcome::Held,
        },
        Moment {
            phase: "closing",
            parts: denied,
            at: |what| matches!(what, What::OrderRefused { order: OrderName::StartExperiment, .. }),
            sent: 0,
            outcome: Outcome::Refused,
        },
    ];
    let (mut latest, mut phases, mut taken) = (SignedDuration::ZERO, 1, 0);
    for Moment { phase, parts, at, sent, outcome } in moments {
        phases += 1;
        let stage = Stage::of(4, parts).await;
        let running = stage.start(stage.plan("web", Selection::Count(1), "4m").await).await.unwrap();
        let drilled = stage.to_the_end(running, |entry| at(&entry.fact.what)).await;
        let (asked, left) = stops(&stage, &drilled);
        assert_eq!(left.len(), sent, "{phase}");
        assert_eq!(drilled.verdict.verdict, outcome, "{phase}: {:?}", drilled.verdict.reasons);
        // what has no name yet is stopped when it gets one
        let could = drilled.at(Source::Fis, is_started).map_or(asked, |started| asked.max(started));
        for left in left {
            let late = left.duration_since(could.max(asked));
            assert!(late <= AT_ONCE || phase == "starting", "{phase}: {late:#}");
            latest = latest.max(if phase == "starting" { SignedDuration::ZERO } else { late });
        }
        let said = drilled.entries.iter().map(|entry| entry.fact.telling()).collect::<Vec<_>>().join("\n");
        let (noticed, saved) =
            (matches!(phase, "noticed" | "settling"), "nothing can be saved: the notice went to the target");
        assert_eq!(said.contains(saved), noticed, "{phase}:\n{said}");
        taken += 1;
    }
    // over: the drill listens to nobody any more, and nothing happens
    let stage = Stage::of(4, "").await;
    let running = stage.start(stage.plan("web", Selection::Count(1), "2m").await).await.unwrap();
    let stopper = running.stopper.clone();
    stage.to_the_end(running, |_| false).await;
    let calls = stage.calls().len();
    stopper.stop(SafeText::new("too late"));
    stage.aws.clock.sleep(std::time::Duration::from_mins(1)).await;
    assert_eq!(stage.calls().len(), calls, "over");
    taken += 1;
    figure("stops in every phase", format_args!("{phases} phases, {taken} took it, the latest left after {latest:#}"));
}

#[tokio::test(start_paused = true)]
async fn a_stop_leaves_at_once_while_every_poll_stalls_and_lists_load() {
    let operations = ["fis:GetExperiment", "fis:ListExperimentResolvedTargets", "ec2:*", "logs:*", "sts:*"];
    let stalled = operations
        .map(|name| format!("[[fault]]\noperation = \"{name}\"\nkind = \"stall\"\nafter = 20\nuntil = 2000\n"));
    let stalled = stalled.concat();
    let stage = Stage::of(4, &stalled).await;
    let running = stage.start(stage.plan("web", Selection::Count(1), "15m").await).await.unwrap();
    let (aws, stopper) = (stage.aws.clone(), running.stopper.clone());
    let asking = async {
        aws.clock.sleep(std::time::Duration::from_secs(45)).await; // every watch hangs by now
        let mut listing = std::pin::pin!(aws.fleet(|_| ()));
        tokio::select! {
            biased;
            _ = &mut listing => panic!("the list does not load"),
            () = aws.clock.sleep(std::time::Duration::from_secs(2)) => {}
        }
        let mut asked_for = 0;
        for _ in 0..100 {
            stopper.stop(SafeText::new("me"));
            asked_for += 1;
        }
        let _ = listing.await;
        asked_for
    };
    let (drilled, asked_for) = tokio::join!(stage.to_the_end(running, |_| false), asking);
    let (asked, left) = stops(&stage, &drilled);
    let late = left[0].duration_since(asked);
    assert!(late <= AT_ONCE, "{late:#}");
    assert!(drilled.has(|what| matches!(what, What::SourceLost { .. })), "the polls did stall");
    figure(
        "a stop while all polls and a list stall",
        format_args!("asked for {asked_for} times, {} left, after {late:#}", left.len()),
    );
    assert_eq!(left.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_does_not_arrive_is_said_and_can_be_asked_for_again() {
    let refused = "[[fault]]\noperation = \"fis:StopExperiment\"\nkind = \"denied\"\ntimes = 1\n";
    let stage = Stage::of(4, refused).await;
    let running = stage.start(stage.plan("web", Selection::Count(1), "10m").await).await.unwrap();
    let again = |entry: &Entry| {
        is_started(&entry.fact.what)
            || matches!(entry.fact.what, What::OrderRefused { order: OrderName::StopExperiment, .. })
    };
    let drilled = stage.to_the_end(running, again).await;
    assert!(drilled.has(|what| matches!(what, What::StopSent { .. })));
    assert_eq!(stops(&stage, &drilled).1.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stop_by_somebody_else_is_an_abort_too_and_its_targets_are_watched() {
    let stage = Stage::of(4, "").await;
    let fis = aws_sdk_fis::Client::new(&stage.sdk);
    let mut running = stage.start(stage.plan("web", Selection::Count(1), "10m").await).await.unwrap();
    let mut stopped = false;
    let mut entries = Vec::new();
    while let Some(told) = running.told.recv().await {
        let spotdrill::run::conductor::Told::Recorded(entry) = told else { continue };
        if let (What::ExperimentStarted { experiment, .. }, false) = (&entry.fact.what, stopped) {
            stopped = true;
            fis.stop_experiment().id(experiment.as_str()).send().await.unwrap();
        }
        entries.push(entry);
    }
    let verdict = running.conductor.await.unwrap();
    assert_eq!(verdict.verdict, Outcome::Aborted, "{:?}", verdict.reasons);
    let drill = Drill::replay(entries.iter().map(|entry| &entry.fact));
    assert_eq!(drill.stop.unwrap().by.as_str(), "somebody else");
}

/// A drill of two targets that runs, and what else may be heard of it.
fn fact(number: usize, at: i64) -> Fact {
    let ids = ["i-1", "i-2"].map(InstanceId::new);
    let experiment = ExperimentId::new("EXP1");
    let status = |status: &str| What::ExperimentStateChanged {
        experiment: experiment.clone(),
        status: SafeText::new(status),
        reason: (number.is_multiple_of(3)).then(|| SafeText::new("Experiment stopped.")),
    };
    let (order, message, code) = (OrderName::StopExperiment, SafeText::new("no"), SafeText::new("Denied"));
    let (source, what) = match number % 20 {
        0 | 1 => (Source::Operator, What::StopRequested { by: SafeText::new("me") }),
        2 => (Source::Fis, What::StopSent { experiment }),
        3 => (Source::Fis, What::OrderRefused { order, code, message }),
        4 => (Source::Fis, What::OrderUnanswered { order, message }),
        5 => (Source::Fis, status("stopping")),
        6 => (Source::Fis, status("stopped")),
        7 => (Source::Fis, status("completed")),
        8 => (Source::Fis, status("failed")),
        9 => (Source::Fis, status("cancelled")),
        10 => (Source::Fis, status("running")),
        11 => (Source::Fis, status("pending")),
        12 | 13 => (Source::Events, What::NoticeIssued { basis: Basis::Event, action: None }),
        14 => (Source::Ec2, state(InstanceState::ShuttingDown)),
        15 => (Source::Ec2, state(InstanceState::Terminated)),
        16 => (Source::Spotdrill, What::SettleTimeEnded),
        17 => (Source::Fis, What::TemplateDeleted { template: TemplateId::new("EXT1") }),
        18 => (Source::Fis, What::RebalanceRecommended { basis: Basis::ActionStarted }),
        _ => (Source::Fis, What::ExperimentStarted { experiment, template: TemplateId::new("EXT1") }),
    };
    let seen = Timestamp::from_second(1_790_000_000 + at).unwrap();
    Fact { at: seen, seen, source, instance: ids.get(number / 20).cloned(), what }
}

fn state(state: InstanceState) -> What {
    What::InstanceStateChanged { state, reason: None, not_before: None }
}

fn planned() -> [What; 3] {
    let target = |id: &str| Target {
        id: InstanceId::new(id),
        instance_type: SafeText::new("m5.large"),
        az: SafeText::new("eu-west-1a"),
        group: GroupKey { kind: GroupKind::EksNodegroup, name: SafeText::new("web"), cluster: None },
        spot_request: None,
        behavior: None,
    };
    let plan = Plan {
        account: SafeText::new("123456789012"),
        region: SafeText::new("eu-west-1"),
        world: World::Aws,
        targets: vec![target("i-1"), target("i-2")],
        out_of: 4,
        warning: Warning::LEAST,
        seed: None,
        stop_alarm: None,
        overridden: Vec::new(),
        ground: None,
        wave: None,
        as_is: None,
    };
    let (drill, role_arn, words) = (DrillId::new("d"), String::from("role"), String::from("web 2"));
    [
        What::DrillPlanned { drill, plan, role_arn, settle_seconds: 600 },
        What::DrillConfirmed { words, by: ConfirmedBy::Typed, client_token: String::from("t") },
        What::TemplateCreated { template: TemplateId::new("EXT1") },
    ]
}

/// What is said in our own words: FIS's begin with its name and end the line.
fn our_words(text: &str) -> String {
    text.lines().map(|line| line.split("FIS says").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_is_ever_called_stopped_but_by_fis() {
    let (said, called_stopped) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    let mut config = ProptestConfig::with_cases(2_000);
    config.failure_persistence = None;
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let sequences = prop::collection::vec(0usize..40, 0..40);
    runner
        .run(&sequences, |numbers| {
            let mut live = Live::new(None, 1.0);
            let begun = planned().map(|what| Fact::ours(Timestamp::from_second(1_790_000_000).unwrap(), what));
            let heard = begun.into_iter().chain(numbers.iter().zip(1..).map(|(number, at)| fact(*number, at)));
            let mut stops = 0;
            let mut drill = Drill::default();
            for (seq, fact) in (1..).zip(heard) {
                let now = fact.at;
                let failed = drill.stop.as_ref().is_some_and(|stop| stop.failed.is_some());
                let orders = drill.apply(&fact);
                let stop = orders.iter().any(|order| matches!(order, Order::StopExperiment { .. }));
                stops += usize::from(stop && !failed && matches!(fact.what, What::StopRequested { .. }));
                live.record(&Entry { seq, fact: fact.clone() }, now);
                let verdict = live.drill.verdict().map(|verdict| verdict.telling()).unwrap_or_default();
                let saves = live.drill.stop_saves();
                let texts = [live.phase(), live.experiment(), fact.telling(), verdict, saves];
                for text in &texts {
                    let ours = our_words(text).to_lowercase();
                    said.set(said.get() + 1);
                    called_stopped.set(called_stopped.get() + usize::from(ours.contains("stopped")));
                    prop_assert!(!ours.contains("stopped"), "{text:?} after {numbers:?}");
                }
            }
            prop_assert!(stops <= 1, "{stops} stops for one");
            Ok(())
        })
        .unwrap();
    let (said, called_stopped) = (said.get(), called_stopped.get());
    figure("sentences after random facts", format_args!("{said}, of which {called_stopped} of ours say stopped"));
    assert!(said > 100_000, "{said}");
}
