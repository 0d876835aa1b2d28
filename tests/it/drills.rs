//! Whole drills, from the start to the verdict: the product's own code, the real SDK and the lab, under paused time.

mod doubt;
mod since;

use jiff::SignedDuration;
use spotdrill::{
    aws::Kind,
    drill::{
        fact::{Basis, Source, What},
        fleet::InstanceState,
        guard::{self, Refusal},
        id::DrillId,
        order::{Order, OrderName, WatchName},
        plan::{Selection, Wish},
        verdict::Outcome,
        warning::Warning,
    },
    run::{around::look_around, conductor::Told, start::NotStarted},
};

use crate::stage::{Stage, because, scenario};

fn is_notice(what: &What) -> bool {
    matches!(what, What::NoticeIssued { .. })
}

fn is_state(wanted: InstanceState) -> impl Fn(&What) -> bool {
    move |what| matches!(what, What::InstanceStateChanged { state, .. } if *state == wanted)
}

#[tokio::test(start_paused = true)]
async fn a_drill_holds_in_each_kind_of_group() {
    for (group, count) in [("web-spot", 2), ("batch-spot", 1), ("flex", 1)] {
        let stage = Stage::named("default").await;
        let drilled = stage.drill(group, Selection::Count(count), "2m").await;
        assert_eq!(drilled.verdict.verdict, Outcome::Held, "{group}: {:?}", drilled.verdict.reasons);
        assert_eq!(drilled.verdict.interrupted.len(), count, "{group}");
        assert_eq!(drilled.verdict.replacements.len(), count, "{group}");
        for seq in 1..=drilled.entries.len() {
            assert_eq!(drilled.entries[seq - 1].seq, seq as u64);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn aws_own_events_time_the_phases_to_the_second() {
    let stage = Stage::named("default").await;
    let drilled = stage.drill("web-spot", Selection::Count(1), "5m").await;
    let rebalance = drilled.at(Source::Events, |what| matches!(what, What::RebalanceRecommended { .. })).unwrap();
    let notice = drilled.at(Source::Events, is_notice).unwrap();
    let leaving = drilled.at(Source::Events, is_state(InstanceState::ShuttingDown)).unwrap();
    assert_eq!(notice.duration_since(rebalance), SignedDuration::from_mins(3));
    assert_eq!(leaving.duration_since(notice), SignedDuration::from_mins(2));
}

#[tokio::test(start_paused = true)]
async fn without_an_event_log_fis_and_ec2_still_tell_each_phase() {
    let stage = Stage::of(
        4,
        "[stack]\ndeleted = [\"EventLog\", \"EventLogRule\", \"Function\", \"FunctionLog\", \"SlackRule\"]\n",
    )
    .await;
    let drilled = stage.drill("web", Selection::Count(1), "3m").await;
    assert_eq!(drilled.verdict.verdict, Outcome::Held, "{:?}", drilled.verdict.reasons);
    let basis = |what: &What| matches!(what, What::NoticeIssued { basis: Basis::ActionCompleted, .. });
    let notice = drilled.at(Source::Fis, basis).unwrap();
    let rebalance = drilled.at(Source::Fis, |what| matches!(what, What::RebalanceRecommended { .. })).unwrap();
    assert_eq!(notice.duration_since(rebalance).as_secs(), 60);
    assert_eq!(drilled.at(Source::Events, |_| true), None);
    assert!(drilled.at(Source::Ec2, is_state(InstanceState::Terminated)).is_some());
    let notes = drilled.entries.iter().filter(|entry| matches!(entry.fact.what, What::Noted { .. })).count();
    assert_eq!(notes, 2, "each missing log group is noted once");
}

#[tokio::test(start_paused = true)]
async fn a_group_that_gets_no_capacity_fails_the_drill() {
    let stage = Stage::named("no-capacity").await;
    let fleet = stage.aws.fleet(|_| ()).await.unwrap();
    let group = fleet.groups.iter().find(|group| group.spot() > 1).unwrap().key.name.to_string();
    let drilled = stage.drill(&group, Selection::Count(1), "2m").await;
    assert_eq!(drilled.verdict.verdict, Outcome::Failed);
    assert!(drilled.verdict.reasons[0].contains("1 replacement not observed running"), "{:?}", drilled.verdict);
    assert_eq!(drilled.verdict.interrupted.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn at_most_forty_calls_a_minute_however_many_targets() {
    let stage = Stage::of(60, "").await;
    let running = stage.start(stage.plan("web", Selection::Count(50), "4m").await).await.unwrap();
    let listed = stage.calls().len();
    let drilled = stage.to_the_end(running, |_| false).await;
    assert_eq!(drilled.verdict.verdict, Outcome::Held, "{:?}", drilled.verdict.reasons);
    let calls = stage.calls().split_off(listed);
    let busiest = calls.iter().map(|(from, _)| {
        calls.iter().filter(|(at, _)| at >= from && at.duration_since(*from) < SignedDuration::from_mins(1)).count()
    });
    let busiest = busiest.max().unwrap();
    assert!((10..=40).contains(&busiest), "{busiest} calls in the busiest minute");
}

#[tokio::test(start_paused = true)]
async fn where_live_tail_is_denied_the_log_is_polled_and_each_line_comes_once() {
    let denied = "[[fault]]\noperation = \"logs:StartLiveTail\"\nkind = \"denied\"\n";
    let (tailed, polled) = (Stage::of(4, "").await, Stage::of(4, denied).await);
    let mut lines = Vec::new();
    for stage in [&tailed, &polled] {
        let drilled = stage.drill("web", Selection::Count(2), "2m").await;
        let of_log = drilled.entries.iter().filter(|entry| matches!(entry.fact.what, What::LogLine { .. }));
        lines.push(of_log.map(|entry| (entry.fact.what.telling(), entry.fact.at)).collect::<Vec<_>>());
    }
    assert!(lines[0].iter().any(|(line, _)| line.starts_with("REPORT RequestId")), "{lines:?}");
    for told in &mut lines {
        told.sort();
        let all = told.len();
        told.dedup();
        assert_eq!(told.len(), all, "a line came twice");
    }
    assert_eq!(lines[0].len(), lines[1].len());
    let made = |stage: &Stage, name: &str| stage.calls().iter().filter(|(_, call)| call.contains(name)).count();
    assert_eq!(made(&tailed, "StartLiveTail"), 2);
    assert!(made(&polled, "FilterLogEvents") > made(&tailed, "FilterLogEvents") + 5);
}

#[tokio::test(start_paused = true)]
async fn a_stop_before_the_notice_is_sent_and_what_becomes_of_the_target_is_seen() {
    let stage = Stage::of(4, "").await;
    let running = stage.start(stage.plan("web", Selection::Count(1), "10m").await).await.unwrap();
    let rebalanced = |entry: &spotdrill::drill::fact::Entry| {
        matches!(entry.fact.what, What::RebalanceRecommended { basis: Basis::Event })
    };
    let drilled = stage.to_the_end(running, rebalanced).await;
    assert_eq!(drilled.verdict.verdict, Outcome::Aborted);
    assert!(drilled.has(|what| matches!(what, What::StopSent { .. })));
    assert!(
        drilled.has(|what| matches!(what, What::ExperimentStateChanged { status, .. } if status.as_str() == "stopped"))
    );
    assert_eq!(drilled.verdict.interrupted.len(), 1, "this lab recalls nothing, and it was seen");
    assert!(drilled.has(|what| matches!(what, What::TemplateDeleted { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_does_recall_is_seen_too() {
    let stage = Stage::of(4, "[interruption]\nstop_recalls = true\n").await;
    let running = stage.start(stage.plan("web", Selection::Count(1), "10m").await).await.unwrap();
    let started = |entry: &spotdrill::drill::fact::Entry| matches!(entry.fact.what, What::ExperimentStarted { .. });
    let drilled = stage.to_the_end(running, started).await;
    assert_eq!(drilled.verdict.verdict, Outcome::Aborted);
    assert_eq!((drilled.verdict.interrupted.len(), drilled.verdict.not_observed.len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_page_that_fails_midway_leaves_the_fleet_incomplete_and_refuses_a_start() {
    let broken = "[[fault]]\noperation = \"ec2:DescribeInstances\"\nkind = \"denied\"\npage = 2\n";
    let stage = Stage::of(1500, broken).await;
    let fleet = stage.aws.fleet(|_| ()).await.unwrap();
    assert_eq!((fleet.complete, fleet.instances().count()), (false, 1000));
    let warning = Warning::LEAST;
    let group = Some(String::from("web"));
    let selection = Selection::Count(1);
    let wish = Wish { group, selection, warning, seed: 1, gap: 60, overrides: because(), earlier: Vec::new() };
    let around = look_around(&stage.aws, &stage.ways, None).await;
    let refusals = guard::plan(&fleet, &wish, &around).unwrap_err().0;
    assert!(
        matches!(refusals.as_slice(), [Refusal::Incomplete { why }] if why.contains("UnauthorizedOperation")),
        "{refusals:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn what_changed_since_the_preview_is_not_started() {
    let stage = Stage::of(4, "").await;
    let plan = stage.plan("web", Selection::All, "2m").await;
    let first = stage.start(stage.plan("web", Selection::Count(1), "2m").await).await.unwrap();
    stage.to_the_end(first, |_| false).await;
    let starts =
        stage.calls().iter().filter(|(_, call)| call.starts_with("POST") && call.contains("/experiments")).count();
    let refused = stage.start(plan).await.unwrap_err();
    assert!(matches!(refused, NotStarted::Changed { .. }), "{refused}");
    let again =
        stage.calls().iter().filter(|(_, call)| call.starts_with("POST") && call.contains("/experiments")).count();
    assert_eq!(starts, again, "nothing was asked of FIS");
}

#[tokio::test(start_paused = true)]
async fn an_instance_is_not_hit_again_while_its_drill_is_open() {
    let mut stage = Stage::of(4, "").await;
    stage.ways.endpoint = Some(spotdrill::text::SafeText::new("http://127.0.0.1:1"));
    let plan = stage.plan("web", Selection::Count(1), "10m").await;
    let mut first = stage.start(plan.clone()).await.unwrap();
    while let Some(told) = first.told.recv().await {
        if matches!(told, Told::Recorded(entry) if matches!(entry.fact.what, What::ExperimentStarted { .. })) {
            break;
        }
    }
    let refused = stage.start(plan).await.unwrap_err();
    let said = refused.to_string();
    assert!(
        matches!(refused, NotStarted::Changed { .. }) && said.contains(&format!("drilled by {}", first.id)),
        "{said}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_refused_ends_the_drill_without_leftovers() {
    let denied = "[[fault]]\noperation = \"fis:StartExperiment\"\nkind = \"denied\"\n";
    let stage = Stage::of(4, denied).await;
    let drilled = stage.drill("web", Selection::Count(1), "2m").await;
    assert_eq!(drilled.verdict.verdict, Outcome::Refused);
    assert!(drilled.verdict.reasons[0].contains("refused to start the FIS experiment"), "{:?}", drilled.verdict);
    assert!(drilled.has(|what| matches!(what, What::TemplateDeleted { .. })));
}

#[tokio::test(start_paused = true)]
async fn a_start_whose_answer_is_lost_is_found_and_happens_once() {
    let lost = "[[fault]]\noperation = \"fis:StartExperiment\"\nkind = \"delay\"\ndelay = 60\ntimes = 3\n";
    let stage = Stage::of(4, lost).await;
    let drilled = stage.drill("web", Selection::Count(1), "2m").await;
    assert!(drilled.has(|what| matches!(what, What::OrderUnanswered { order: OrderName::StartExperiment, .. })));
    let started =
        drilled.entries.iter().filter(|entry| matches!(entry.fact.what, What::ExperimentStarted { .. })).count();
    assert_eq!((started, drilled.verdict.verdict), (1, Outcome::Held), "{:?}", drilled.verdict.reasons);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_is_throttled_is_stale_and_found_again() {
    let storm = "[[fault]]\noperation = \"ec2:DescribeInstances\"\nkind = \"throttle\"\nfrom = 6\ntimes = 20\n";
    let stage = Stage::of(4, storm).await;
    let drilled = stage.drill("web", Selection::Count(1), "3m").await;
    assert!(
        drilled.has(|what| matches!(what, What::SourceLost { watch: WatchName::Instances | WatchName::Group, .. }))
    );
    assert!(drilled.has(|what| matches!(what, What::SourceFound { .. })));
    assert_eq!(drilled.verdict.verdict, Outcome::Held, "{:?}", drilled.verdict.reasons);
}

#[tokio::test(start_paused = true)]
async fn trouble_is_told_by_its_kind_with_what_to_do() {
    for (fault, kind, advice) in [
        ("expired", Kind::Expired, "aws sso login"),
        ("denied", Kind::Denied, "--profile"),
        ("throttle", Kind::Throttled, "wait a minute"),
        ("error", Kind::ServerFault, "try again"),
    ] {
        let fault = format!("[[fault]]\noperation = \"ec2:DescribeInstances\"\nkind = \"{fault}\"\n");
        let error = Stage::of(2, &fault).await.aws.fleet(|_| ()).await.unwrap_err();
        let text = error.to_string();
        assert_eq!(error.kind, kind, "{text}");
        assert!(text.starts_with("could not list the instances: ") && text.contains(advice), "{text}");
    }
}

#[tokio::test(start_paused = true)]
async fn read_only_refuses_every_change_before_it_is_sent() {
    let stage = Stage::open(scenario(4, ""), true).await;
    let plan = stage.plan("web", Selection::Count(1), "2m").await;
    let before = stage.calls().len();
    let (template, experiment) = ("EXT1", "EXP1");
    let (template, experiment) =
        (spotdrill::drill::id::TemplateId::new(template), spotdrill::drill::id::ExperimentId::new(experiment));
    let orders = [
        Order::CreateTemplate {
            template: plan.template(&DrillId::new("d").unwrap(), "role"),
            client_token: String::from("t"),
        },
        Order::StartExperiment {
            template: template.clone(),
            client_token: String::from("t"),
            tags: Vec::new(),
            as_is: None,
        },
        Order::StopExperiment { experiment },
        Order::DeleteTemplate { template, drill: DrillId::new("d").unwrap() },
    ];
    for order in &orders {
        let fact = stage.aws.not_done(order, &stage.aws.carry_out(order).await.unwrap_err(), false);
        assert!(
            matches!(&fact.what, What::OrderRefused { message, .. } if message.contains("read-only")),
            "{:?}",
            fact.what
        );
    }
    let sent: Vec<_> = stage.calls().into_iter().skip(before).collect();
    let changes = sent.iter().filter(|(_, call)| !call.starts_with("GET "));
    assert_eq!(changes.count(), 0, "no change left this machine: {sent:?}");
}
