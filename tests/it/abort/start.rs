//! A stop that is asked for while a drill is being started, or where what would conduct it hangs.

use std::time::Duration;

use spotdrill::{
    clock::Clock,
    drill::{
        fact::{ConfirmedBy, What},
        plan::Selection,
        verdict::Outcome,
    },
    lab::Lab,
    run::{
        abort::{Stopped, abort, target},
        start::{NotStarted, Stopper, start},
    },
    text::SafeText,
};

use super::{AT_ONCE, is_started};
use crate::stage::{Otherwise, Stage, scenario};

fn made(stage: &Stage) -> usize {
    stage.calls().iter().filter(|(_, call)| call.starts_with("POST") && call.contains("/experiment")).count()
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_is_asked_for_during_the_start_is_heard_and_nothing_is_started() {
    let stalled = "[[fault]]\noperation = \"sts:*\"\nkind = \"stall\"\nafter = 5\n";
    let slow_lock = "[[fault]]\noperation = \"ssm:PutParameter\"\nkind = \"delay\"\ndelay = 5\n";
    for (parts, is_locked) in [(stalled, false), (slow_lock, true)] {
        let stage = Stage::of(4, parts).await;
        let plan = stage.plan("web", Selection::Count(1), "10m").await;
        stage.aws.clock.sleep(Duration::from_secs(10)).await;
        let (stopper, stops) = Stopper::new();
        let asking = async {
            stage.aws.clock.sleep(Duration::from_secs(2)).await;
            stopper.stop(SafeText::new("me"));
        };
        let words = plan.words();
        let starting = start(&stage.aws, &stage.ways, plan, words, ConfirmedBy::Yes, stops);
        let (started, ()) = tokio::join!(starting, asking);
        match started {
            Ok(running) if is_locked => {
                let drilled = stage.to_the_end(running, |_| false).await;
                assert_eq!(drilled.verdict.verdict, Outcome::Aborted, "{:?}", drilled.verdict);
                assert!(!drilled.has(|what| matches!(what, What::DrillConfirmed { .. })));
                assert!(drilled.has(|what| matches!(what, What::LockFreed)));
            }
            Err(NotStarted::Stopped { by }) if !is_locked => assert_eq!(by.as_str(), "me"),
            started => panic!("{started:?}"),
        }
        assert_eq!(made(&stage), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_of_a_drill_that_was_left_waits_for_no_identity() {
    let stalled = "[[fault]]\noperation = \"sts:*\"\nkind = \"stall\"\nafter = 30\n";
    let clock = Clock::rated("2026-11-22T12:00:00Z".parse().unwrap(), 1.0);
    let lab = Lab::open(scenario(4, stalled), clock.clone(), 1);
    let mut first = Stage::at(&lab, clock.clone(), Otherwise::default()).await;
    first.ways.endpoint = Some(SafeText::new("http://127.0.0.1:1"));
    let running = first.left_at("10m", is_started).await;
    clock.sleep(Duration::from_secs(40)).await;
    let mut stage = Stage::at(&lab, clock, Otherwise::default()).await;
    stage.ways = first.ways.clone();
    let asked = stage.aws.clock.now();
    let (target, unread) = target(&stage.aws, &stage.ways, Some(running.id.as_str())).await.unwrap();
    assert!(unread.is_none());
    let target = target.unwrap();
    assert!(target.known.is_some(), "by its journal");
    let stopped = abort(&stage.aws, &target, SafeText::new("me")).await.unwrap();
    assert!(matches!(stopped, Stopped::Sent { .. }), "{stopped:?}");
    let (left, _) = stage.calls().into_iter().rfind(|(_, call)| call.starts_with("DELETE")).unwrap();
    assert!(left.duration_since(asked) <= AT_ONCE, "{:#}", left.duration_since(asked));
}
