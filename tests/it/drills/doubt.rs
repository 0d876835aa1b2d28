//! Journals that cannot be trusted stand against a start until they are moved away, and only where their drill may be of the
//! same account and region.

use std::{fs, path::PathBuf};

use spotdrill::{
    drill::plan::{Plan, Selection},
    run::{records, teardown},
};

use crate::stage::Stage;

/// Starts a drill, and gives what is said against it; one that is started is watched to its end.
async fn against(stage: &Stage, plan: &Plan) -> String {
    match stage.start(plan.clone()).await {
        Ok(running) => {
            stage.to_the_end(running, |_| false).await;
            String::new()
        }
        Err(error) => error.to_string(),
    }
}

fn journal(stage: &Stage, name: &str, text: &str) -> PathBuf {
    fs::create_dir_all(&stage.ways.journals).unwrap();
    let path = stage.ways.journals.join(name);
    fs::write(&path, text).unwrap();
    path
}

/// As a later version of this program would begin it.
fn newer(account: &str, region: &str) -> String {
    format!("{{\"schema\":99,\"drill\":\"d1\",\"account\":\"{account}\",\"region\":\"{region}\",\"new\":[1]}}\n")
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_cannot_be_read_stands_until_it_is_moved_away() {
    let stage = Stage::of(4, "").await;
    let plan = stage.plan("web", Selection::Count(1), "2m").await;
    for text in ["\0\0\0\0", "no journal", "{}\n", &newer(&plan.account, &plan.region)] {
        let path = journal(&stage, "d1.jsonl", text);
        let said = against(&stage, &plan).await;
        assert!(said.contains("a drill may go on of which nothing is known for certain"), "{text:?}: {said}");
        assert!(said.contains(&path.display().to_string()) && said.contains("Move it away"), "{text:?}: {said}");
        let kept = teardown::look(&stage.aws, &stage.ways, "spotdrill", false, &|_| ()).await.unwrap_err().to_string();
        assert!(kept.contains(&path.display().to_string()), "{text:?}: {kept}");
    }
    let path = stage.ways.journals.join("d1.jsonl");
    fs::rename(&path, path.with_extension("away")).unwrap();
    assert_eq!(against(&stage, &plan).await, "");
}

#[tokio::test(start_paused = true)]
async fn a_journal_of_elsewhere_or_one_that_was_never_begun_does_not_stand() {
    let stage = Stage::of(4, "").await;
    let plan = stage.plan("web", Selection::Count(1), "2m").await;
    journal(&stage, "d1.jsonl", &newer("999999999999", &plan.region));
    journal(&stage, "d2.jsonl", &newer(&plan.account, "us-east-1"));
    journal(&stage, "d3.jsonl", "");
    journal(&stage, "d4.jsonl", "{\"schema\":2,\"dri");
    let everywhere = records::of(&stage.ways.journals, &plan.account, None, None).unwrap().in_doubt;
    assert!(
        matches!(&everywhere[..], [one] if one.contains("d2.jsonl")),
        "a teardown is of all regions: {everywhere:?}"
    );
    assert_eq!(against(&stage, &plan).await, "");
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_was_changed_stands_though_it_says_that_its_drill_is_over() {
    let stage = Stage::of(4, "").await;
    let first = stage.start(stage.plan("web", Selection::Count(1), "2m").await).await.unwrap();
    let path = first.journal.clone();
    stage.to_the_end(first, |_| false).await;
    let plan = stage.plan("web", Selection::Count(1), "2m").await;
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"seq\":5,", "\"seq\":6,", 1)).unwrap();
    let said = against(&stage, &plan).await;
    assert!(said.contains("was changed after it was written, at line 6"), "{said}");
    assert!(said.contains(&path.display().to_string()) && said.contains("move it away"), "{said}");
    // of a first line that was changed nothing is believed, neither its account
    let elsewhere = text.replacen("\"account\":\"0", "\"account\":\"1", 1);
    fs::write(&path, elsewhere).unwrap();
    assert!(against(&stage, &plan).await.contains("at line 1"));
    let other = records::of(&stage.ways.journals, "222222222222", None, None).unwrap();
    assert_eq!((other.in_doubt.len(), other.kept.len()), (1, 0));
    fs::write(&path, text).unwrap();
    assert_eq!(against(&stage, &plan).await, "");
}
