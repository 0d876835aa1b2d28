//! Each built-in scenario carries a drill, and does what it is there for.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::{Instance, InstanceType};
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::{
    wire::{done, texts},
    *,
};

/// Tries again, as a client with patience does, until AWS answers.
async fn insist<T, E>(region: &Region, call: impl AsyncFn() -> Result<T, E>) -> T {
    for _ in 0..200 {
        if let Ok(Ok(answer)) = timeout(Duration::from_secs(10), call()).await {
            return answer;
        }
        region.pass(2).await;
    }
    panic!("200 tries were in vain");
}

async fn few(region: &Region) -> Vec<Instance> {
    let found = insist(region, async || region.ec2.describe_instances().max_results(50).send().await).await;
    found.reservations().iter().flat_map(|reservation| reservation.instances().to_vec()).collect()
}

async fn state_of(region: &Region, id: &str) -> InstanceStateName {
    let found = insist(region, async || region.ec2.describe_instances().instance_ids(id).send().await).await;
    found.reservations()[0].instances()[0].state().unwrap().name().unwrap().clone()
}

/// Interrupts the first spot instance and waits until that is over; its id.
async fn drilled(region: &Region) -> String {
    let all = few(region).await;
    let victim = all.iter().find(|one| one.spot_instance_request_id().is_some()).unwrap().instance_id().unwrap();
    let template = insist(region, async || region.template(&[victim], "PT2M", "t").await).await;
    insist(region, async || region.start(&template, "s").await).await;
    region.pass(400).await;
    victim.to_owned()
}

fn running(all: &[Instance]) -> usize {
    let is_running = |one: &&Instance| one.state().unwrap().name() == Some(&InstanceStateName::Running);
    all.iter().filter(is_running).count()
}

#[tokio::test(start_paused = true)]
async fn every_scenario_carries_a_drill_to_its_end() {
    let all = Scenario::list().into_iter().map(|(name, _)| name);
    for name in all.filter(|name| !["huge", "bare"].contains(name)) {
        let region = Region::named(name);
        let victim = drilled(&region).await;
        let ended = if ["hibernate", "persistent-stop"].contains(&name) {
            InstanceStateName::Stopped
        } else {
            InstanceStateName::Terminated
        };
        assert_eq!(state_of(&region, &victim).await, ended, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn before_the_set_up_there_is_no_role_for_a_drill() {
    let region = Region::named("bare");
    let victim = drilled(&region).await;
    assert_eq!(state_of(&region, &victim).await, InstanceStateName::Running);
    let listed = region.fis.list_experiments().send().await.unwrap();
    let experiment = region.experiment(listed.experiments()[0].id().unwrap()).await;
    let state = experiment.state().unwrap();
    assert_eq!(state.status(), Some(&aws_sdk_fis::types::ExperimentStatus::Failed));
    assert!(state.reason().unwrap().contains("role/spot-fis-test could not be assumed"), "{state:?}");
    assert_eq!(region.logs.describe_log_groups().send().await.unwrap().log_groups(), []);
}

#[tokio::test(start_paused = true)]
async fn without_a_handler_nobody_hears_of_the_notice() {
    let region = Region::named("no-handler");
    let before = running(&few(&region).await);
    drilled(&region).await;
    assert_eq!(region.logs.describe_log_groups().send().await.unwrap().log_groups(), []);
    assert_eq!(running(&few(&region).await), before, "the group replaces what is gone");
}

#[tokio::test(start_paused = true)]
async fn without_capacity_nothing_is_replaced() {
    let region = Region::named("no-capacity");
    let before = running(&few(&region).await);
    drilled(&region).await;
    assert_eq!(running(&few(&region).await), before - 1);
}

#[tokio::test(start_paused = true)]
async fn what_stops_or_hibernates_is_announced_as_that() {
    for (scenario, action) in [("persistent-stop", "stop"), ("hibernate", "hibernate")] {
        let region = Region::named(scenario);
        drilled(&region).await;
        let warnings = region.messages(EVENTS, "Warning").await;
        let warning: serde_json::Value = serde_json::from_str(&warnings[0]).unwrap();
        assert_eq!(warning["detail"]["instance-action"], action);
    }
}

#[tokio::test(start_paused = true)]
async fn a_throttled_api_lets_a_burst_through_and_then_little() {
    let region = Region::named("throttled");
    let describe = || async { region.ec2.describe_instances().send().await.map_err(|error| Refusal::of(&error)) };
    for _ in 0..3 {
        describe().await.unwrap();
    }
    let refusal = describe().await.unwrap_err();
    assert!(refusal.is(503, "RequestLimitExceeded"), "{refusal:?}");
    region.ec2.describe_regions().send().await.unwrap();
    region.pass(2).await;
    describe().await.unwrap();
    describe().await.unwrap_err();
    for _ in 0..5 {
        region.fis.list_actions().send().await.unwrap();
    }
    let refusal = Refusal::of(&region.fis.list_actions().send().await.unwrap_err());
    assert!(refusal.is(429, "ThrottlingException"), "{refusal:?}");
}

#[tokio::test(start_paused = true)]
async fn credentials_expire_and_are_renewed() {
    let region = Region::named("expiring-credentials");
    let identity = || async { region.sts.get_caller_identity().send().await.map_err(|error| Refusal::of(&error)) };
    region.pass(179).await;
    identity().await.unwrap();
    region.pass(1).await;
    let refusal = identity().await.unwrap_err();
    assert!(refusal.is(403, "ExpiredToken"), "{refusal:?}");
    let refusal = Refusal::of(&region.ec2.describe_instances().send().await.unwrap_err());
    assert!(refusal.is(400, "RequestExpired"), "{refusal:?}");
    region.pass(120).await;
    identity().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_flaky_connection_breaks_in_every_way() {
    let region = Region::named("flaky");
    let mut met = BTreeMap::new();
    for _ in 0..600 {
        let begun = Instant::now();
        let answer = timeout(Duration::from_mins(1), region.sts.get_caller_identity().send()).await;
        let way = match answer {
            Err(_) => "stall",
            Ok(Ok(_)) if begun.elapsed() > Duration::from_secs(1) => "delay",
            Ok(Ok(_)) => "answer",
            Ok(Err(SdkError::DispatchFailure(failure))) if failure.is_io() => "reset",
            Ok(Err(SdkError::ServiceError(_))) => "error",
            Ok(Err(_)) => "half",
        };
        *met.entry(way).or_insert(0) += 1;
    }
    assert_eq!(met.keys().copied().collect::<Vec<_>>(), ["answer", "delay", "error", "half", "reset", "stall"]);
    assert!(met["answer"] > 400, "{met:?}");
}

#[tokio::test(start_paused = true)]
async fn a_huge_region_has_a_hundred_thousand_instances_and_carries_a_drill() {
    let region = Region::named("huge");
    let scenario = Scenario::named("huge").unwrap();
    assert_eq!(scenario.groups.iter().map(|group| group.count).sum::<usize>(), 100_000);
    let page = region.ec2.describe_instances().max_results(1_000).send().await.unwrap();
    let found: usize = page.reservations().iter().map(|reservation| reservation.instances().len()).sum();
    assert_eq!((found, page.next_token().is_some()), (1_000, true));
    let victim = drilled(&region).await;
    assert_eq!(state_of(&region, &victim).await, InstanceStateName::Terminated);
}

#[tokio::test(start_paused = true)]
async fn hostile_text_comes_through_to_the_letter() {
    let region = Region::named("hostile");
    let scenario = Scenario::named("hostile").unwrap();
    let all = region.instances().await;
    for group in &scenario.groups {
        for (key, value) in &group.tags {
            assert!(key.chars().count() <= 128 && value.chars().count() <= 256, "{key}");
            let has =
                |one: &Instance| one.tags().iter().any(|tag| (tag.key(), tag.value()) == (Some(key), Some(value)));
            assert_eq!(all.iter().filter(|one| has(one)).count() % group.count, 0, "{key}");
            assert!(all.iter().any(has), "{key:?} = {value:?}");
        }
    }
    let log = &scenario.logs[0];
    region.pass(2 * log.lines.len() as u64).await;
    let said = region.messages(&log.group, "").await;
    assert_eq!(said, log.lines);
    assert!(said.iter().any(|line| line.contains('\u{1b}')) && said.iter().any(|line| line.len() >= 10_000));
}

#[tokio::test(start_paused = true)]
async fn a_slack_that_is_down_is_in_the_functions_log_and_in_its_own_list() {
    let region = Region::named("slack-down");
    let victim = drilled(&region).await;
    let lines = region.messages(FUNCTION, "posted").await;
    let refused = lines.iter().filter(|line| line.contains("posted to Slack, status 503")).count();
    assert!(refused >= 1, "{lines:#?}");
    assert!(lines.iter().all(|line| !line.contains("status 200")), "{lines:#?}");
    let list = http::Request::builder().uri("/_lab/slack").body(bytes::Bytes::new()).unwrap();
    let body = region.lab.handle(list).await.into_body().collect().await.unwrap().to_bytes();
    let posts: Vec<serde_json::Value> = serde_json::from_slice(&body).unwrap();
    assert_eq!(posts.len(), refused, "each try is in the list");
    assert!(posts.iter().all(|post| post["status"] == 503), "{posts:#?}");
    assert!(posts.iter().any(|post| post["payload"].to_string().contains(&victim)), "{posts:#?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_changed_is_seen_later_and_then_rightly() {
    let region = Region::named("eventual");
    let id = region.first_spot().await;
    let ended = region.ec2.terminate_instances().instance_ids(&id).send().await.unwrap();
    let now = ended.terminating_instances()[0].current_state().unwrap().name();
    assert_eq!(now, Some(&InstanceStateName::ShuttingDown), "the call itself knows");
    assert_eq!(region.state(&id).await, InstanceStateName::Running, "the description is an old one");
    region.pass(20).await;
    assert_ne!(region.state(&id).await, InstanceStateName::Running, "no later than the lag says");
    region.pass(200).await;
    assert_eq!(region.state(&id).await, InstanceStateName::Terminated);

    let image = "ami-0123456789abcdef0";
    let run = region.ec2.run_instances().image_id(image).instance_type(InstanceType::M5Large).min_count(1).max_count(1);
    let made = run.send().await.unwrap();
    let id = made.instances()[0].instance_id().unwrap();
    let describe = || region.ec2.describe_instances().instance_ids(id).send();
    let refusal = Refusal::of(&describe().await.unwrap_err());
    assert!(refusal.is(400, "InvalidInstanceID.NotFound"), "{refusal:?}");
    region.pass(20).await;
    describe().await.unwrap();
    region.pass(200).await;
    assert_eq!(region.state(id).await, InstanceStateName::Running);
}

#[tokio::test(start_paused = true)]
async fn a_launch_without_capacity_is_a_failed_activity() {
    let region = Region::named("no-capacity");
    drilled(&region).await;
    let activities = done(&region.lab, "autoscaling", "DescribeScalingActivities", serde_json::json!({})).await;
    let statuses = texts(&activities, "StatusCode");
    assert!(statuses.iter().filter(|status| *status == "Failed").count() > 1, "it tries again: {statuses:?}");
    let said = texts(&activities, "StatusMessage");
    assert!(said.iter().any(|said| said.contains("InsufficientInstanceCapacity")), "{said:?}");
}
