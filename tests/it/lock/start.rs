//! Drills that come second, that are refused their lock, and that were left with it.

use std::time::Duration;

use aws_sdk_ssm::Client;
use jiff::SignedDuration;
use spotdrill::{
    drill::{
        fact::{ConfirmedBy, Source, What},
        fleet::GroupKey,
        guard::{self, circumstances::Other, overriding::Overridable},
        lock::State,
        plan::{Plan, Selection, Wish},
        verdict::Outcome,
    },
    journal::Record,
    run::{
        around::look_around,
        lock::NotLocked,
        start::{NotStarted, Running, Stopper, Ways, start, take_up},
    },
    text::SafeText,
};

use crate::stage::{Stage, because};

/// Another operator of the same account, on a machine of their own.
fn another(stage: &Stage, home: &tempfile::TempDir) -> Ways {
    let (user, host) = (SafeText::new("ben"), SafeText::new("laptop"));
    Ways { journals: home.path().join("drills"), user, host, ..stage.ways.clone() }
}

async fn started(stage: &Stage, ways: &Ways, plan: Plan) -> Result<Running, NotStarted> {
    let words = plan.words();
    start(&stage.aws, ways, plan, words, ConfirmedBy::Yes, Stopper::new().1).await
}

fn group(plan: &Plan) -> GroupKey {
    plan.groups()[0].clone()
}

async fn state(stage: &Stage, plan: &Plan) -> Option<State> {
    stage.aws.lock(&group(plan)).await.unwrap().map(|read| read.entry.state)
}

#[tokio::test(start_paused = true)]
async fn of_two_who_start_at_once_one_drills_and_the_other_reads_who() {
    let stage = Stage::of(8, "").await;
    let home = tempfile::tempdir().unwrap();
    let ways = another(&stage, &home);
    let plan = stage.plan("web", Selection::Count(1), "2m").await;
    let (one, other) = tokio::join!(started(&stage, &stage.ways, plan.clone()), started(&stage, &ways, plan.clone()));
    let (running, refused, winner) = match (one, other) {
        (Ok(running), Err(refused)) => (running, refused, "tester@here"),
        (Err(refused), Ok(running)) => (running, refused, "ben@laptop"),
        both => panic!("{both:?}"),
    };
    let said = refused.to_string();
    let NotStarted::Locked(NotLocked::Held { standing, .. }) = &refused else { panic!("{said}") };
    assert_eq!(standing.lock.drill, running.id);
    for part in ["auto-scaling-group web is held by drill ", winner, "lab-operator", ", since 2026-11-22 12:00:0"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let drilled = stage.to_the_end(running, |_| false).await;
    assert_eq!(drilled.verdict.verdict, Outcome::Held);
    let starts =
        stage.calls().into_iter().filter(|(_, call)| call.starts_with("POST") && call.contains("/experiments"));
    assert_eq!(starts.count(), 1);
    let told: Vec<_> = drilled.entries.iter().map(|entry| &entry.fact.what).collect();
    assert!(matches!(told[1], What::LockTaken { .. }), "before it is confirmed: {told:?}");
    assert!(matches!(told[told.len() - 2..], [What::LockFreed, What::DrillFinished { .. }]), "{told:?}");
    assert_eq!(state(&stage, &plan).await, Some(State::Free));
    stage.aws.clock.sleep(Duration::from_mins(6)).await; // the group rests
    let plan = stage.plan("web", Selection::Count(1), "2m").await;
    let next = started(&stage, &ways, plan).await.unwrap();
    assert_eq!(stage.to_the_end(next, |_| false).await.verdict.verdict, Outcome::Held, "the group is free again");
}

#[tokio::test(start_paused = true)]
async fn without_the_lock_nothing_is_started() {
    for fault in ["denied", "reset"] {
        let fault = format!("[[fault]]\noperation = \"ssm:PutParameter\"\nkind = \"{fault}\"\n");
        let fault = if fault.contains("reset") {
            format!("{fault}times = 3\n")
                + "[[fault]]\noperation = \"ssm:GetParameter\"\nkind = \"error\"\nfrom = 2\ntimes = 3\n"
        } else {
            fault
        };
        let stage = Stage::of(8, &fault).await;
        let plan = stage.plan("web", Selection::Count(1), "2m").await;
        let refused = started(&stage, &stage.ways, plan.clone()).await.unwrap_err();
        let said = refused.to_string();
        assert!(said.starts_with("nothing was started, for the lock of auto-scaling-group web was not had"), "{said}");
        assert_eq!(said.contains("statements SeeLocks and TakeLock"), fault.contains("denied"), "{said}");
        let templates =
            stage.calls().into_iter().filter(|(_, call)| call.contains("POST") && call.contains("/experiment"));
        assert_eq!(templates.count(), 0);
        assert_ne!(state(&stage, &plan).await, Some(State::Held), "what was written all the same was freed");
    }
}

#[tokio::test(start_paused = true)]
async fn a_drill_that_was_left_with_its_lock_is_come_back_to_and_frees_it() {
    let stage = Stage::of(8, "").await;
    let plan = stage.plan("web", Selection::Count(1), "2m").await;
    let running = started(&stage, &stage.ways, plan.clone()).await.unwrap();
    running.conductor.abort();
    let journal = running.journal.clone();
    drop(running);
    tokio::task::yield_now().await;
    let written = std::fs::read_to_string(&journal).unwrap();
    let planned: String = written.split_inclusive('\n').take(2).collect();
    std::fs::write(&journal, planned).unwrap(); // as if it had been killed while the lock was taken
    assert_eq!(state(&stage, &plan).await, Some(State::Held));
    let back = take_up(&stage.aws, &stage.ways, &journal, false, None).await.unwrap();
    let drilled = stage.to_the_end(back, |_| false).await;
    assert_eq!(drilled.verdict.verdict, Outcome::Refused, "{:?}", drilled.verdict.reasons);
    assert_eq!(state(&stage, &plan).await, Some(State::Free));
    assert!(Record::read(&journal).unwrap().entries.len() >= 4);
}

#[tokio::test(start_paused = true)]
async fn two_drills_of_one_machine_are_kept_apart_by_a_file() {
    let mut stage = Stage::of(8, "").await;
    stage.ways.endpoint = Some(SafeText::new("http://127.0.0.1:1")); // so that it is no lab of this program's own
    let plan = stage.plan("web", Selection::Count(1), "2m").await;
    let folder = stage.ways.journals.with_file_name("locks");
    let running = started(&stage, &stage.ways, plan).await.unwrap();
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    let [file] = &files[..] else { panic!("{files:?}") };
    let kept = std::fs::File::open(file.join("auto-scaling-group.web")).unwrap();
    assert!(kept.try_lock().is_err(), "it is kept while the drill is conducted");
    assert!(std::fs::read_to_string(file.join("auto-scaling-group.web")).unwrap().contains(running.id.as_str()));
    stage.to_the_end(running, |_| false).await;
    kept.try_lock().unwrap();
    let plan = stage.plan("web", Selection::Count(1), "2m").await;
    let refused = started(&stage, &stage.ways, plan).await.unwrap_err().to_string();
    assert!(refused.contains("auto-scaling-group web is drilled from this machine already (drill 2026"), "{refused}");
}

/// Its experiment began a quarter of an hour before, and the rest is five minutes.
#[tokio::test(start_paused = true)]
async fn a_group_rests_from_the_end_of_its_drill_for_every_machine() {
    let stage = Stage::of(8, "").await;
    let home = tempfile::tempdir().unwrap();
    let ways = another(&stage, &home);
    let plan = stage.plan("web", Selection::Count(1), "15m").await;
    let drilled = stage.drill("web", Selection::Count(1), "15m").await;
    let freed = drilled.at(Source::Spotdrill, |what| matches!(what, What::LockFreed)).unwrap();
    let over = async || {
        let others = look_around(&stage.aws, &ways, None).await.others.unwrap();
        let [Other { over: Some(over), .. }] = others[..] else { panic!("{others:?}") };
        over
    };
    let by_lock = over().await;
    assert!(by_lock.duration_since(freed).abs() <= SignedDuration::from_secs(5), "{by_lock} {freed}");
    let overrides = because().into_iter().filter(|given| given.guard != Overridable::CoolDown).collect();
    let wish = Wish {
        group: Some(String::from("web")),
        selection: Selection::Count(1),
        warning: plan.warning,
        seed: 1,
        gap: 60,
        overrides,
        earlier: Vec::new(),
    };
    let fleet = stage.aws.fleet(|_| ()).await.unwrap();
    let refused = guard::plan(&fleet, &wish, &look_around(&stage.aws, &ways, None).await).unwrap_err();
    assert_eq!(refused.overridable(), [Overridable::CoolDown], "{refused}");
    let lock = stage.aws.lock(&group(&plan)).await.unwrap().unwrap();
    assert_eq!(stage.aws.remove_lock(&lock).await.unwrap(), None);
    let by_fis = over().await; // the lock is gone: FIS was done when it had sent the notice
    let notice = drilled.at(Source::Fis, |what| matches!(what, What::NoticeIssued { .. })).unwrap();
    assert!(by_fis.duration_since(notice).abs() <= SignedDuration::from_secs(5), "{by_fis} {notice}");
}

#[tokio::test(start_paused = true)]
async fn what_a_drill_leaves_in_parameter_store_is_taken_down_once_nobody_holds_it() {
    use spotdrill::run::teardown;
    let stage = Stage::of(8, "").await;
    stage.drill("web", Selection::Count(1), "2m").await;
    let removal = teardown::look(&stage.aws, &stage.ways, "spotdrill", false, &|_| {}).await.unwrap();
    assert_eq!(removal.of_drills, [SafeText::new("/spotdrill/lock/auto-scaling-group.web")]);
    teardown::carry_out(&stage.aws, &stage.ways, &removal, &|_| {}).await.unwrap();
    assert!(stage.aws.locks().await.unwrap().is_empty());
    let held = serde_json::json!({ "on": 0, "below": 0, "state": "held", "drill": "d", "group": "web", "arn": "arn",
        "user": "ben", "host": "laptop", "at": "2026-11-22T12:00:00Z", "lasts": 600, "version": "0" });
    let put = Client::new(&stage.sdk).put_parameter().name("/spotdrill/lock/x").value(held.to_string());
    put.r#type(aws_sdk_ssm::types::ParameterType::String).send().await.unwrap();
    let refused = teardown::look(&stage.aws, &stage.ways, "spotdrill", false, &|_| {}).await.unwrap_err();
    assert!(refused.to_string().contains("a drill runs: d."), "{refused}");
    stage.aws.clock.sleep(Duration::from_mins(11)).await;
    let removal = teardown::look(&stage.aws, &stage.ways, "spotdrill", false, &|_| {}).await.unwrap();
    assert_eq!(removal.of_drills, [SafeText::new("/spotdrill/lock/x")], "its drill's time is over: {removal:?}");
}
