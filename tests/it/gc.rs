//! What drills left is told from what a drill under way needs, and from what is other people's.

use std::{collections::BTreeSet, time::Duration};

use aws_sdk_fis::types;
use spotdrill::{
    aws::Kind as Trouble,
    drill::{fact::What, plan::Selection, template::DRILL_TAG},
    run::{
        gc::{self, Done, Found, Item, Kind, NotCollected},
        setup, teardown,
    },
};

use crate::{
    program::{Home, run},
    stage::{Stage, scenario},
};

pub(crate) const LEFT: &str = "20261122-110000-left";

fn fis(stage: &Stage) -> aws_sdk_fis::Client {
    let now = aws_smithy_async::time::StaticTimeSource::new(stage.aws.clock.now().into());
    aws_sdk_fis::Client::new(&stage.sdk.clone().into_builder().time_source(now).build())
}

/// A template with these tags, as another would make it.
pub(crate) async fn template(fis: &aws_sdk_fis::Client, tags: &[(&str, &str)]) -> String {
    let target = types::CreateExperimentTemplateTargetInput::builder()
        .resource_type("aws:ec2:spot-instance")
        .resource_tags("team", "shop")
        .selection_mode("ALL")
        .build()
        .unwrap();
    let action = types::CreateExperimentTemplateActionInput::builder()
        .action_id("aws:ec2:send-spot-instance-interruptions")
        .parameters("durationBeforeInterruption", "PT2M")
        .targets("SpotInstances", "t")
        .build()
        .unwrap();
    let stop = types::CreateExperimentTemplateStopConditionInput::builder().source("none").build().unwrap();
    let tags = tags.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let call = fis.create_experiment_template().client_token(fastrand::u64(..).to_string());
    let call = call.description("theirs").role_arn("arn:aws:iam::000000000000:role/spot-fis-test");
    let made = call.targets("t", target).actions("a", action).stop_conditions(stop).set_tags(Some(tags)).send().await;
    made.unwrap().experiment_template().unwrap().id().unwrap().to_owned()
}

/// Every template and lock of the account.
async fn inventory(stage: &Stage) -> BTreeSet<String> {
    let templates = fis(stage).list_experiment_templates().send().await.unwrap();
    let templates = templates.experiment_templates().iter().map(|template| template.id().unwrap().to_owned());
    let locks = stage.aws.locks().await.unwrap().into_iter().map(|lock| lock.unwrap().name);
    templates.chain(locks).collect()
}

async fn looked(stage: &Stage) -> Found {
    gc::look(&stage.aws, &stage.ways.journals).await.unwrap()
}

async fn collected(stage: &Stage, goes: &[Item]) -> Result<Vec<Done>, NotCollected> {
    let mut done = Vec::new();
    gc::carry_out(&stage.aws, &stage.ways.journals, goes, |one| done.push(one)).await.map(|()| done)
}

fn why(items: &[Item], kind: Kind) -> Vec<&str> {
    items.iter().filter(|item| item.kind == kind).map(|item| item.why.as_str()).collect()
}

async fn minutes(stage: &Stage, minutes: u64) {
    stage.aws.clock.sleep(Duration::from_mins(minutes)).await;
}

#[tokio::test(start_paused = true)]
async fn what_looks_alike_is_other_peoples_and_stays() {
    let stage = Stage::of(4, "").await;
    let named = format!("spotdrill {LEFT}");
    for tags in [
        &[][..],
        &[("Name", named.as_str())],
        &[("spotdrill:drills", LEFT), ("Name", &named)],
        &[("Spotdrill:Drill", LEFT), ("Name", &named)],
        &[("spotdrill", LEFT), ("Name", &named)],
        &[("spotdrill:group", "web"), ("Name", &named)],
        &[(DRILL_TAG, LEFT)],
        &[(DRILL_TAG, LEFT), ("Name", "my copy")],
        &[(DRILL_TAG, ""), ("Name", &named)],
    ] {
        template(&fis(&stage), tags).await;
    }
    let before = inventory(&stage).await;
    assert_eq!(before.len(), 9);
    let ours = template(&fis(&stage), &[(DRILL_TAG, LEFT), ("Name", &named)]).await;
    let young = looked(&stage).await;
    assert!(young.goes.is_empty(), "{young:?}");
    assert!(why(&young.stays, Kind::Template).iter().any(|why| why.contains("younger than 15 minutes")), "{young:?}");
    minutes(&stage, 15).await;
    let found = looked(&stage).await;
    assert_eq!(found.goes.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(), [ours]);
    assert_eq!(found.stays.len(), 2, "those with the tag of a drill are named: {found:?}");
    let done = collected(&stage, &found.goes).await.unwrap();
    assert!(matches!(done.as_slice(), [Done::Deleted(_)]), "{done:?}");
    assert_eq!(inventory(&stage).await, before);
}

/// A drill is left when its template is made, when its experiment runs, and when it is over but for us.
#[tokio::test(start_paused = true)]
async fn what_a_drill_under_way_needs_stays_until_it_is_over_by_everyones_word() {
    let mut stage = Stage::of(4, "").await;
    let before = inventory(&stage).await;
    let running = stage.left_at("15m", |what| matches!(what, What::ExperimentStarted { .. })).await;
    let drill = running.id.as_str();
    minutes(&stage, 16).await; // the warning is over, FIS is done, and it settles
    let here = looked(&stage).await;
    assert!(here.goes.is_empty(), "{here:?}");
    for kind in [Kind::Template, Kind::Lock] {
        let why = why(&here.stays, kind);
        assert!(matches!(why[..], [why] if why.contains(&format!("spotdrill attach {drill}"))), "{why:?}");
    }
    let journals = std::mem::replace(&mut stage.ways.journals, running.journal.with_extension("none"));
    let there = looked(&stage).await;
    assert!(there.goes.is_empty(), "its lock holds: {there:?}");
    assert_eq!(why(&there.stays, Kind::Template), [format!("drill {drill} holds a lock")]);
    minutes(&stage, 60).await;
    let over = looked(&stage).await;
    assert!(over.stays.is_empty(), "{over:?}");
    assert_eq!(over.goes.len(), 2);
    // whoever has it in a journal says no, though it was listed and confirmed
    stage.ways.journals = journals;
    let done = collected(&stage, &over.goes).await.unwrap();
    assert!(
        done.iter().all(|done| matches!(done, Done::Left(_, why) if why.contains("open in a journal"))),
        "{done:?}"
    );
    std::fs::write(&running.journal, "no journal").unwrap();
    let unreadable = looked(&stage).await;
    assert!(unreadable.goes.is_empty() && unreadable.stays[0].why.contains("cannot be read"), "{unreadable:?}");
    std::fs::remove_file(&running.journal).unwrap();
    let done = collected(&stage, &looked(&stage).await.goes).await.unwrap();
    assert!(done.len() == 2 && done.iter().all(|done| matches!(done, Done::Deleted(_))), "{done:?}");
    assert_eq!(inventory(&stage).await, before);
}

#[tokio::test(start_paused = true)]
async fn while_an_experiment_goes_on_nothing_of_its_drill_goes() {
    let mut stage = Stage::of(4, "").await;
    let running = stage.left_at("15m", |what| matches!(what, What::ExperimentStarted { .. })).await;
    stage.ways.journals = running.journal.with_extension("none"); // as on another machine
    for _ in 0..14 {
        let found = looked(&stage).await;
        assert!(found.goes.is_empty(), "{found:?}");
        for item in &found.stays {
            assert!(item.why.contains(&format!("the experiment of drill {} goes on", running.id)), "{item:?}");
        }
        minutes(&stage, 1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_lock_of_a_drill_that_ended_goes_unless_the_group_was_taken_meanwhile() {
    let stage = Stage::of(4, "").await;
    let before = inventory(&stage).await;
    stage.drill("web", Selection::Count(1), "2m").await;
    let found = looked(&stage).await;
    assert!(matches!(why(&found.goes, Kind::Lock)[..], [why] if why.starts_with("it is free")), "{found:?}");
    minutes(&stage, 10).await; // the group rests
    let running = stage.left_at("2m", |what| matches!(what, What::ExperimentStarted { .. })).await;
    let done = collected(&stage, &found.goes).await.unwrap();
    assert!(matches!(&done[..], [Done::Left(_, why)] if why.contains(running.id.as_str())), "{done:?}");
    minutes(&stage, 60).await;
    std::fs::remove_file(&running.journal).unwrap();
    collected(&stage, &looked(&stage).await.goes).await.unwrap();
    assert_eq!(inventory(&stage).await, before);
}

#[tokio::test(start_paused = true)]
async fn a_drill_that_is_over_here_leaves_nothing_and_a_teardown_leaves_what_another_may_be_starting() {
    let stage = Stage::of(4, "").await;
    let drilled = stage.drill("web", Selection::Count(1), "2m").await;
    let What::DrillPlanned { drill, .. } = &drilled.entries[0].fact.what else { panic!("{:?}", drilled.entries) };
    let over = template(&fis(&stage), &[(DRILL_TAG, drill.as_str()), ("Name", &format!("spotdrill {drill}"))]).await;
    let young = template(&fis(&stage), &[(DRILL_TAG, LEFT), ("Name", &format!("spotdrill {LEFT}"))]).await;
    let found = looked(&stage).await;
    assert!(found.goes.iter().any(|item| item.name.as_str() == over), "{found:?}");
    assert!(found.stays.iter().any(|item| item.name.as_str() == young), "{found:?}");
    let removal = teardown::look(&stage.aws, &stage.ways, "spotdrill", false, &|_| {}).await.unwrap();
    let note = format!("the FIS template {young} is left alone: it is younger than 15 minutes");
    assert!(removal.notes.iter().any(|said| said.starts_with(&note)), "{:?}", removal.notes);
    let remains = teardown::carry_out(&stage.aws, &stage.ways, &removal, &|_| {}).await.unwrap();
    let remains: Vec<_> = remains.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(remains, [young.as_str()], "it is named");
}

/// It was listed before.
#[tokio::test(start_paused = true)]
async fn nothing_is_taken_away_under_a_drill_that_was_started_meanwhile() {
    let mut stage = Stage::of(4, "").await;
    let removal = teardown::look(&stage.aws, &stage.ways, "spotdrill", false, &|_| {}).await.unwrap();
    let running = stage.left_at("15m", |what| matches!(what, What::ExperimentStarted { .. })).await;
    let refused = teardown::carry_out(&stage.aws, &stage.ways, &removal, &|_| {}).await.unwrap_err().to_string();
    assert!(refused.contains(running.id.as_str()), "{refused}");
    minutes(&stage, 20).await; // FIS is done; its journal here is open
    let refused = teardown::carry_out(&stage.aws, &stage.ways, &removal, &|_| {}).await.unwrap_err().to_string();
    assert!(refused.contains(running.id.as_str()), "{refused}");
    stage.ways.journals = running.journal.with_extension("none"); // as on another machine: its lock says so
    let refused = teardown::carry_out(&stage.aws, &stage.ways, &removal, &|_| {}).await.unwrap_err().to_string();
    assert!(refused.contains(running.id.as_str()), "{refused}");
    assert!(stage.aws.stack("spotdrill").await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_costs_a_few_calls_each_however_much_there_is() {
    let stage = Stage::of(4, "").await;
    for number in 0..30 {
        let drill = format!("20261122-1100{number:02}-left");
        template(&fis(&stage), &[(DRILL_TAG, &drill), ("Name", &format!("spotdrill {drill}"))]).await;
    }
    minutes(&stage, 15).await;
    let found = looked(&stage).await;
    let before = stage.calls().len();
    let done = collected(&stage, &found.goes).await.unwrap();
    assert!(done.len() == 30 && done.iter().all(|done| matches!(done, Done::Deleted(_))), "{done:?}");
    let calls = stage.calls().len() - before;
    assert!(calls <= 30 * 3 + 5, "{calls}");
}

/// After it was listed and looked for once more, before its turn: the first takes its time.
#[tokio::test(start_paused = true)]
async fn what_was_given_another_tag_before_its_turn_is_left() {
    let slow = "[[fault]]\noperation = \"fis:DeleteExperimentTemplate\"\nkind = \"delay\"\ndelay = 5\ntimes = 1\n";
    let stage = Stage::of(4, slow).await;
    let named = format!("spotdrill {LEFT}");
    for _ in 0..2 {
        template(&fis(&stage), &[(DRILL_TAG, LEFT), ("Name", &named)]).await;
    }
    minutes(&stage, 15).await;
    let found = looked(&stage).await;
    let last = found.goes[1].name.to_string();
    let retag = async {
        stage.aws.clock.sleep(Duration::from_secs(2)).await;
        let call = fis(&stage).tag_resource().tags("Name", "mine now");
        let arn = format!("arn:aws:fis:eu-west-1:000000000000:experiment-template/{last}");
        call.resource_arn(arn).send().await.unwrap();
    };
    let (done, ()) = tokio::join!(collected(&stage, &found.goes), retag);
    let done = done.unwrap();
    assert!(matches!(&done[..], [Done::Deleted(_), Done::Left(..)]), "{done:?}");
    assert_eq!(inventory(&stage).await, BTreeSet::from([last]));
}

/// It begins while the stack lets go of its log groups, which takes minutes.
#[tokio::test(start_paused = true)]
async fn a_teardown_looks_for_drills_once_more_right_before_it_deletes_the_stack() {
    let stage = Stage::of(4, "").await;
    let removal = teardown::look(&stage.aws, &stage.ways, "spotdrill", true, &|_| {}).await.unwrap();
    let plan = stage.plan("web", Selection::Count(1), "15m").await;
    let lets_go = tokio::sync::Notify::new();
    let tell = |told: setup::Told| {
        if matches!(&told, setup::Told::Doing(doing) if doing.contains("let go of its log groups")) {
            lets_go.notify_one();
        }
    };
    let start = async {
        lets_go.notified().await;
        stage.start(plan).await.unwrap()
    };
    let (refused, running) = tokio::join!(teardown::carry_out(&stage.aws, &stage.ways, &removal, &tell), start);
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains(running.id.as_str()), "{refused}");
    assert!(stage.aws.stack("spotdrill").await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_teardown_that_cannot_read_a_lock_takes_nothing_away() {
    let denied = Stage::of(4, "[[fault]]\noperation = \"ssm:GetParametersByPath\"\nkind = \"denied\"\n").await;
    let refused = teardown::look(&denied.aws, &denied.ways, "spotdrill", false, &|_| {}).await.unwrap_err();
    assert!(refused.to_string().contains("setup --print setup"), "{refused}");
    let stage = Stage::of(4, "").await;
    let put = aws_sdk_ssm::Client::new(&stage.sdk).put_parameter().name("/spotdrill/lock/x").value("no lock");
    put.r#type(aws_sdk_ssm::types::ParameterType::String).send().await.unwrap();
    let refused = teardown::look(&stage.aws, &stage.ways, "spotdrill", false, &|_| {}).await.unwrap_err();
    assert!(refused.to_string().contains("aws ssm delete-parameter --name /spotdrill/lock/x"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn read_only_lists_and_deletes_nothing() {
    let stage = Stage::open(scenario(2, ""), true).await;
    template(&fis(&stage), &[(DRILL_TAG, LEFT), ("Name", &format!("spotdrill {LEFT}"))]).await;
    minutes(&stage, 15).await;
    let before = inventory(&stage).await;
    let found = looked(&stage).await;
    let refused = collected(&stage, &found.goes).await.unwrap_err();
    assert!(matches!(&refused, NotCollected::Aws(error) if error.kind == Trouble::ReadOnly), "{refused}");
    assert_eq!(inventory(&stage).await, before);
}

#[test]
fn where_nothing_is_left_nobody_is_asked() {
    let ended = run(&mut Home::new().spotdrill("gc --lab"));
    assert_eq!(
        (ended.code, ended.out.as_str()),
        (Some(0), "nothing is left of drills that are over\n"),
        "{}",
        ended.err
    );
    assert!(ended.err.contains("LAB account"), "{}", ended.err);
}
