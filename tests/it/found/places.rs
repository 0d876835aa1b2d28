//! A drill is of one account, region and server: what is of another place is neither stopped nor closed from here, and what
//! the journals of this machine say never stands before what runs in the account.

use std::{fs, os::unix::fs::symlink, sync::Arc};

use serde_json::Value;
use spotdrill::{
    clock::Clock,
    drill::{conduct::Phase, fact::What, plan::Selection, template::DRILL_TAG, verdict::Outcome},
    journal::{self, Kept},
    lab::Lab,
    run::{
        abort::{Stopped, abort, target},
        found::{Left, come_back, left},
        start::NotStarted,
    },
    text::SafeText,
};

use super::{elsewhere, is_started, starts};
use crate::stage::{Exchange, Otherwise, Stage, scenario};

/// A stage at a server that was named.
async fn at_a_server(parts: &str) -> Stage {
    let mut stage = Stage::of(8, parts).await;
    stage.ways.endpoint = Some(SafeText::new("http://127.0.0.1:1"));
    stage
}

fn kept(stage: &Stage) -> Vec<Kept> {
    journal::list(&stage.ways.journals).unwrap().0
}

async fn stop(stage: &Stage, wanted: Option<&str>) -> Option<(String, Stopped)> {
    let target = target(&stage.aws, &stage.ways, wanted).await.unwrap().0?;
    let stopped = abort(&stage.aws, &target, SafeText::new("me")).await.unwrap();
    Some((target.drill.to_string(), stopped))
}

#[tokio::test(start_paused = true)]
async fn a_drill_of_another_place_is_neither_closed_nor_listed_nor_stopped() {
    let mut stage = at_a_server("").await;
    let running = stage.left_at("10m", is_started).await;
    let before = fs::read(&running.journal).unwrap();
    let (region, endpoint) = (stage.aws.region.clone(), stage.ways.endpoint.clone());
    let other = || Some(SafeText::new("http://127.0.0.1:2"));
    for (there, url, say) in [
        ("us-east-1", endpoint.clone(), "--region eu-west-1"),
        (region.as_str(), other(), "--endpoint-url http://127.0.0.1:1"),
        ("us-east-1", None, "--region eu-west-1 and --endpoint-url http://127.0.0.1:1"),
    ] {
        (stage.aws.region, stage.ways.endpoint) = (there.to_owned(), url);
        let refused = come_back(&stage.aws, &stage.ways, &running.id, true).await.unwrap_err();
        let said = refused.to_string();
        assert!(
            matches!(refused, NotStarted::OtherPlace { .. })
                && said.ends_with(&format!("Come back to it with {say}: nothing is looked at, nor asked of AWS")),
            "{said}"
        );
        let (found, _) = left(&stage.aws, &stage.ways).await.unwrap();
        // the account of this lab shows the experiment wherever one says that one is
        assert!(!found.iter().any(|left| matches!(left, Left::Here { .. })), "{found:?}");
        let (found, _) = target(&stage.aws, &stage.ways, None).await.unwrap();
        assert!(found.unwrap().known.is_none(), "no journal of another place is gone by");
        assert_eq!(fs::read(&running.journal).unwrap(), before, "its journal is left alone");
    }
    (stage.aws.region, stage.ways.endpoint) = (region, endpoint);
    let back = come_back(&stage.aws, &stage.ways, &running.id, false).await.unwrap();
    assert_eq!(stage.to_the_end(back, |_| false).await.verdict.verdict, Outcome::Held);
}

#[tokio::test(start_paused = true)]
async fn a_drill_that_is_over_by_its_journal_and_goes_on_by_fis_is_found_and_watched_to_another_verdict() {
    // the start arrives without an answer, and nobody may look for it: UNKNOWN
    let unknown = "[[fault]]\noperation = \"fis:StartExperiment\"\nkind = \"reset\"\n[[fault]]\noperation = \
                   \"fis:ListExperiments\"\nkind = \"denied\"\nfrom = 3\ntimes = 3\n";
    for stopped in [false, true] {
        let stage = at_a_server(unknown).await;
        let plan = stage.plan("web", Selection::Count(1), "15m").await;
        let first = stage.start(plan).await.unwrap();
        let (id, first) = (first.id.clone(), stage.to_the_end(first, |_| false).await);
        assert_eq!(first.verdict.verdict, Outcome::Unknown, "{:?}", first.verdict);
        let (found, _) = left(&stage.aws, &stage.ways).await.unwrap();
        let [Left::Here { found, .. }] = found.as_slice() else { panic!("{found:?}") };
        assert!(found.drill == id && found.stands.contains("though its journal is closed"), "{found:?}");
        let asked = starts(&stage);
        let back = come_back(&stage.aws, &stage.ways, &id, false).await.unwrap();
        let drilled = stage.to_the_end(back, |entry| stopped && matches!(entry.fact.what, What::Reopened { .. })).await;
        let outcome = if stopped { Outcome::Aborted } else { Outcome::Held };
        assert_eq!(drilled.verdict.verdict, outcome, "{:?}", drilled.verdict.reasons);
        assert!(drilled.has(|what| matches!(what, What::LockFreed)), "what it held is free");
        let verdicts = drilled.entries.iter().filter(|entry| matches!(entry.fact.what, What::DrillFinished { .. }));
        assert_eq!((verdicts.count(), starts(&stage)), (2, asked), "nothing is started by it");
        let over = come_back(&stage.aws, &stage.ways, &id, false).await.unwrap_err();
        assert!(matches!(over, NotStarted::NotOpen { .. }), "{over}");
        assert!(left(&stage.aws, &stage.ways).await.unwrap().0.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_goes_to_what_runs_and_not_to_a_stale_journal() {
    let mut stage = at_a_server("").await;
    let stale = stage.left_at("2m", is_started).await;
    stage.aws.clock.sleep(std::time::Duration::from_secs(1_400)).await;
    let [record] = &kept(&stage)[..] else { panic!("one journal") };
    assert_eq!(record.drill.phase, Phase::Running, "by its journal it runs");
    assert!(stop(&stage, None).await.is_none(), "FIS is done with it, and nothing else runs");
    let here = stage.ways.journals.clone();
    stage.ways.take_over = vec![stale.id.clone()];
    let _elsewhere = elsewhere(&mut stage);
    let other = stage.left_at("10m", is_started).await;
    stage.ways.journals = here;
    let (drill, stopped) = stop(&stage, None).await.unwrap();
    assert_eq!(drill, other.id.to_string());
    assert!(matches!(stopped, Stopped::Sent { .. }), "{stopped:?}");
    let (drill, stopped) = stop(&stage, Some(stale.id.as_str())).await.unwrap();
    assert_eq!(drill, stale.id.to_string());
    assert!(matches!(stopped, Stopped::Done { .. }), "{stopped:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stop_does_not_fail_because_of_the_folder_of_journals() {
    let mut stage = at_a_server("").await;
    let running = stage.left_at("10m", is_started).await;
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link");
    symlink(stage.ways.journals.clone(), &link).unwrap();
    stage.ways.journals = link;
    let (found, unread) = target(&stage.aws, &stage.ways, None).await.unwrap();
    assert!(unread.is_some(), "that the journals are not known is told");
    let stopped = abort(&stage.aws, &found.unwrap(), SafeText::new("me")).await.unwrap();
    assert!(matches!(stopped, Stopped::Sent { .. }), "{stopped:?}");
    let (drill, stopped) = stop(&stage, Some(running.id.as_str())).await.unwrap();
    assert!(drill == running.id.to_string() && matches!(stopped, Stopped::Already { .. }), "{stopped:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_drills_name_is_no_drill_of_ours() {
    let clock = Clock::rated("2026-11-22T12:00:00Z".parse().unwrap(), 1.0);
    let lab = Lab::open(scenario(4, ""), clock.clone(), 1);
    let plain = Stage::at(&lab, clock.clone(), Otherwise::default()).await;
    plain.left_at("10m", is_started).await;
    let folder = tempfile::tempdir().unwrap();
    let hostile = format!("{}/pwned; touch pwned", folder.path().display());
    let bend = {
        let hostile = hostile.clone();
        move |exchange: &mut Exchange<'_>| {
            if exchange.call.starts_with("GET ") && exchange.call.contains("/experiments") {
                let mut answer: Value = serde_json::from_str(&exchange.body).unwrap();
                for experiment in answer["experiments"].as_array_mut().into_iter().flatten() {
                    experiment["tags"][DRILL_TAG] = Value::from(hostile.as_str());
                }
                exchange.body = answer.to_string();
            }
        }
    };
    let mut stage = Stage::at(&lab, clock, Otherwise { bend: Some(Arc::new(bend)), ..Otherwise::default() }).await;
    let _journals = elsewhere(&mut stage);
    let listed = stage.aws.drills().await.unwrap();
    assert!(listed.is_empty(), "{listed:?}");
    assert!(left(&stage.aws, &stage.ways).await.unwrap().0.is_empty());
    assert!(stop(&stage, None).await.is_none());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
