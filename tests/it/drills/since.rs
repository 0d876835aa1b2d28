//! What changed between the preview and the start: told in the journal where no guard minds it, and with the refusal where
//! one does.

use spotdrill::drill::{fact::What, plan::Selection, verdict::Outcome};

use crate::stage::{Drilled, Stage};

/// Another operator terminates instances of the group that are no targets.
async fn terminate(stage: &Stage, count: usize, targets: &[String]) {
    let fleet = stage.aws.fleet(|_| ()).await.unwrap();
    let others = fleet.instances().map(|(_, instance)| instance.id.to_string()).filter(|id| !targets.contains(id));
    let client = aws_sdk_ec2::Client::new(&stage.sdk);
    client.terminate_instances().set_instance_ids(Some(others.take(count).collect())).send().await.unwrap();
}

fn told(drilled: &Drilled) -> Vec<(u64, String)> {
    let facts = drilled.entries.iter().map(|entry| (entry.seq, entry.fact.what.telling()));
    facts.filter(|(_, said)| said.starts_with("since the preview: ")).collect()
}

#[tokio::test(start_paused = true)]
async fn a_change_that_no_guard_minds_is_told_at_the_start() {
    let stage = Stage::of(8, "").await;
    let plan = stage.plan("web", Selection::Count(1), "2m").await;
    let targets: Vec<_> = plan.targets.iter().map(|target| target.id.to_string()).collect();
    terminate(&stage, 1, &targets).await;
    let running = stage.start(plan).await.unwrap();
    let drilled = stage.to_the_end(running, |_| false).await;
    assert_eq!(drilled.verdict.verdict, Outcome::Held, "{:?}", drilled.verdict.reasons);
    let told = told(&drilled);
    assert!(told[0].1.ends_with("web has 7 running spot instances (8 then)"), "{told:?}");
    assert!(told.len() == 2 && told[1].1.contains("running in eu-west-1"), "{told:?}");
    let locked = drilled.entries.iter().find(|entry| matches!(entry.fact.what, What::LockTaken { .. })).unwrap();
    assert!(told.iter().all(|(seq, _)| *seq < locked.seq), "before anything is asked of AWS");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_changed_nothing_is_told() {
    let drilled = Stage::of(8, "").await.drill("web", Selection::Count(1), "2m").await;
    assert_eq!(told(&drilled), []);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_says_what_changed() {
    let stage = Stage::of(8, "").await;
    let plan = stage.plan("web", Selection::Count(2), "2m").await;
    let targets: Vec<_> = plan.targets.iter().map(|target| target.id.to_string()).collect();
    terminate(&stage, 1, &targets).await;
    let said = stage.start(plan).await.unwrap_err().to_string();
    let lines: Vec<_> = said.lines().collect();
    assert!(lines[0].starts_with("what was previewed no longer holds, so nothing was started"), "{said}");
    assert!(lines[1].contains("2 of `web` at once are more than the cap of 1"), "{said}");
    assert_eq!(lines[2], "since the preview: web has 7 running spot instances (8 then)");
    assert_eq!(lines.len(), 4, "{said}");
}
