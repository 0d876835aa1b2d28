//! Drills that were left: found again by journal and by tag, watched to their verdict, stopped from outside, and never
//! started anew.

use std::time::Duration;

use spotdrill::{
    drill::{
        fact::{Source, What},
        lock::State,
        plan::Selection,
        verdict::Outcome,
    },
    run::{
        abort::{Stopped, abort, target},
        found::{Left, come_back, left},
        start::NotStarted,
    },
    text::SafeText,
};

use crate::{figure::figure, stage::Stage};

mod places;

/// As on another machine: no journal is there.
fn elsewhere(stage: &mut Stage) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    stage.ways.journals = folder.path().to_owned();
    folder
}

fn is_started(what: &What) -> bool {
    matches!(what, What::ExperimentStarted { .. })
}

fn starts(stage: &Stage) -> usize {
    let start = |call: &&(_, String)| call.1.starts_with("POST") && call.1.contains("/experiments");
    stage.calls().iter().filter(start).count()
}

#[tokio::test(start_paused = true)]
async fn a_drill_without_a_journal_is_found_by_its_tag_and_watched_to_its_verdict() {
    let (mut adopted, mut held, mut started) = (0, 0, 0);
    for wait in [0, 100, 200, 250] {
        let mut stage = Stage::of(4, "").await;
        stage.ways.endpoint = Some(SafeText::new("http://127.0.0.1:1"));
        let running = stage.left_at("4m", is_started).await;
        let _folder = elsewhere(&mut stage);
        stage.aws.clock.sleep(Duration::from_secs(wait)).await;
        let (found, error) = left(&stage.aws, &stage.ways).await.unwrap();
        assert!(error.is_none());
        if wait < 180 {
            let [Left::There { found, .. }] = found.as_slice() else { panic!("after {wait} s: {found:?}") };
            assert_eq!(found.drill, running.id);
        }
        let back = come_back(&stage.aws, &stage.ways, &running.id, false).await.unwrap();
        let drilled = stage.to_the_end(back, |_| false).await;
        adopted += 1;
        held += usize::from(drilled.verdict.verdict == Outcome::Held);
        assert_eq!(drilled.verdict.verdict, Outcome::Held, "after {wait} s: {:?}", drilled.verdict.reasons);
        assert_eq!(drilled.verdict.interrupted.len(), 1);
        assert!(drilled.has(|what| matches!(what, What::NothingLookedAt { .. })), "the gap is marked");
        let rebalance = drilled.at(Source::Events, |what| matches!(what, What::RebalanceRecommended { .. }));
        let notice = drilled.at(Source::Events, |what| matches!(what, What::NoticeIssued { .. }));
        assert_eq!(notice.unwrap().duration_since(rebalance.unwrap()).as_secs(), 120, "told to the second afterwards");
        assert!(drilled.has(|what| matches!(what, What::TemplateDeleted { .. })));
        let locks = stage.aws.locks().await.unwrap();
        assert!(locks.iter().flatten().all(|read| read.entry.state == State::Free), "{locks:?}");
        started += starts(&stage);
    }
    let anew = started - adopted;
    figure(
        "found by tag",
        format_args!("{adopted} drills without a journal, {held} watched until they held, {anew} started anew"),
    );
    assert_eq!(anew, 0, "nothing is started by it");
}

/// Just over, and its operator was there to its end.
#[tokio::test(start_paused = true)]
async fn a_drill_that_another_saw_to_its_end_was_not_left() {
    let mut stage = Stage::of(4, "").await;
    stage.ways.endpoint = Some(SafeText::new("http://127.0.0.1:1"));
    let drilled = stage.drill("web", Selection::Count(1), "2m").await;
    assert_eq!(drilled.verdict.verdict, Outcome::Held);
    let folder = elsewhere(&mut stage);
    let (left, error) = left(&stage.aws, &stage.ways).await.unwrap();
    assert!(left.is_empty() && error.is_none(), "{left:?}");
    drop(folder);
}

#[tokio::test(start_paused = true)]
async fn a_start_that_did_not_arrive_is_given_up_or_sent_again_by_the_operators_word() {
    let busy = "[[fault]]\noperation = \"fis:StartExperiment\"\nkind = \"throttle\"\nuntil = 60\n";
    let created = |what: &What| matches!(what, What::TemplateCreated { .. });
    for (go_on, outcome) in [(false, Outcome::Refused), (true, Outcome::Held)] {
        let stage = Stage::of(4, busy).await;
        let running = stage.left_at("2m", created).await;
        stage.aws.clock.sleep(Duration::from_secs(90)).await;
        let tried = starts(&stage);
        let back = come_back(&stage.aws, &stage.ways, &running.id, go_on).await.unwrap();
        let drilled = stage.to_the_end(back, |_| false).await;
        assert_eq!(drilled.verdict.verdict, outcome, "{:?}", drilled.verdict.reasons);
        assert_eq!(starts(&stage) - tried, usize::from(go_on));
        assert!(drilled.has(|what| matches!(what, What::TemplateDeleted { .. })));
    }
}

/// By a journal that says that another's template is the drill's, or that hits more.
#[tokio::test(start_paused = true)]
async fn a_start_is_not_sent_again_from_what_only_the_journal_says() {
    let busy = "[[fault]]\noperation = \"fis:StartExperiment\"\nkind = \"throttle\"\nuntil = 60\n";
    let created = |what: &What| matches!(what, What::TemplateCreated { .. });
    for more in [false, true] {
        let stage = Stage::of(8, busy).await;
        let running = stage.left_at("2m", created).await;
        stage.aws.clock.sleep(Duration::from_secs(90)).await;
        let fis = aws_sdk_fis::Client::new(&stage.sdk);
        let templates = fis.list_experiment_templates().send().await.unwrap();
        let [own] = templates.experiment_templates() else { panic!("{templates:?}") };
        let journal = std::fs::read_to_string(&running.journal).unwrap();
        let edited = if more {
            let hit = journal.split("\"targets\":[").nth(1).unwrap().split(']').next().unwrap();
            journal.replacen(hit, &format!("{hit},{}", hit.replace("\"i-", "\"i-0")), 1)
        } else {
            journal.replace(own.id().unwrap(), "EXTtheirs")
        };
        std::fs::write(&running.journal, unsealed(&edited)).unwrap();
        let tried = starts(&stage);
        let refused = come_back(&stage.aws, &stage.ways, &running.id, true).await.unwrap_err().to_string();
        let why = if more { "is not what its journal says" } else { "its template EXTtheirs is not there any more" };
        assert!(refused.contains(why), "{refused}");
        assert_eq!(starts(&stage), tried);
        assert!(own.id().is_some() && stage.calls().iter().all(|(_, call)| !call.starts_with("DELETE")));
    }
}

/// A journal in its first form, whose lines have no checksums.
fn unsealed(journal: &str) -> String {
    let line = |line: &str| {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        let fields = line.as_object_mut().unwrap();
        fields.remove("sum");
        if fields.contains_key("schema") {
            fields.insert(String::from("schema"), 1.into());
        }
        format!("{line}\n")
    };
    journal.lines().map(line).collect()
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_known_is_unknown_and_never_started() {
    let busy = "[[fault]]\noperation = \"fis:StartExperiment\"\nkind = \"throttle\"\nuntil = 60\n";
    let denied = format!("{busy}[[fault]]\noperation = \"fis:ListExperiments\"\nkind = \"denied\"\nafter = 70\n");
    let created = |what: &What| matches!(what, What::TemplateCreated { .. });
    for (parts, wait, unknown) in [(busy, 601, false), (denied.as_str(), 90, true)] {
        let stage = Stage::of(4, parts).await;
        let running = stage.left_at("2m", created).await;
        stage.aws.clock.sleep(Duration::from_secs(wait)).await;
        let tried = starts(&stage);
        if !unknown {
            let again = come_back(&stage.aws, &stage.ways, &running.id, true).await.unwrap_err().to_string();
            assert!(again.contains("only a start that got no answer is, for ten minutes"), "{again}");
        }
        let back = come_back(&stage.aws, &stage.ways, &running.id, unknown).await.unwrap();
        let drilled = stage.to_the_end(back, |_| false).await;
        let why = drilled.verdict.reasons.first().unwrap();
        let asked = "UNKNOWN whether the experiment started; look with: aws fis list-experiments";
        assert_eq!(why.starts_with(asked), unknown, "{why}");
        assert_eq!(starts(&stage), tried, "nothing is sent again");
    }
    let stage = Stage::of(4, "").await;
    let nobodys = come_back(&stage.aws, &stage.ways, &spotdrill::drill::id::DrillId::new("x").unwrap(), true).await;
    assert!(matches!(nobodys, Err(NotStarted::NotFound { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_drill_is_stopped_once_from_outside_by_journal_and_by_tag() {
    for (by_tag, name) in [(false, "aborts by journal"), (true, "aborts by tag")] {
        let mut stage = Stage::of(4, "").await;
        stage.ways.endpoint = Some(SafeText::new("http://127.0.0.1:1"));
        let running = stage.left_at("10m", is_started).await;
        let _folder = by_tag.then(|| elsewhere(&mut stage));
        let (aws, ways) = (&stage.aws, &stage.ways);
        let (mut asked_for, mut sent) = (0, 0);
        for attempt in 0..100 {
            let wanted = (attempt % 2 == 0).then(|| running.id.as_str());
            let (Some(target), None) = target(aws, ways, wanted).await.unwrap() else {
                panic!("not found at attempt {attempt}")
            };
            let asked = aws.clock.now();
            asked_for += 1;
            match abort(aws, &target, SafeText::new("me")).await.unwrap() {
                Stopped::Sent { saves } => {
                    sent += 1;
                    assert_eq!(saves, "AWS documents no recall: watch the targets");
                    let (left, _) = stage.calls().into_iter().rfind(|(_, call)| call.starts_with("DELETE")).unwrap();
                    assert!(left.duration_since(asked).as_secs_f64() <= 1.0);
                }
                Stopped::Already { status, .. } => assert_eq!(status.as_str(), "stopping"),
                Stopped::Done { status, .. } => assert_eq!(status.as_str(), "stopped"),
            }
        }
        let stops = |call: &&(_, String)| call.1.starts_with("DELETE") && call.1.contains("/experiments/");
        let left = stage.calls().iter().filter(stops).count();
        assert_eq!((sent, left), (1, 1), "by tag: {by_tag}");
        let back = come_back(aws, ways, &running.id, false).await.unwrap();
        let drilled = stage.to_the_end(back, |_| false).await;
        assert_eq!(drilled.verdict.verdict, Outcome::Aborted, "{:?}", drilled.verdict.reasons);
        figure(name, format_args!("asked for {asked_for} times, {left} StopExperiment"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_from_outside_waits_for_no_look() {
    let stalled = "[[fault]]\noperation = \"fis:GetExperiment\"\nkind = \"stall\"\nafter = 5\n";
    let stage = Stage::of(4, stalled).await;
    let running = stage.left_at("10m", is_started).await;
    stage.aws.clock.sleep(Duration::from_secs(10)).await;
    let asked = stage.aws.clock.now();
    let (target, _) = target(&stage.aws, &stage.ways, Some(running.id.as_str())).await.unwrap();
    let stopped = abort(&stage.aws, &target.unwrap(), SafeText::new("me")).await.unwrap();
    assert!(matches!(stopped, Stopped::Sent { .. }));
    let (left, _) = stage.calls().into_iter().rfind(|(_, call)| call.starts_with("DELETE")).unwrap();
    let late = left.duration_since(asked);
    assert!(late.as_secs_f64() <= 1.0, "{late:#}");
    figure("abort while looks stall", format_args!("its stop left after {late:#}"));
}
