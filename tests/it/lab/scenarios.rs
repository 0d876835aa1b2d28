//! Each built-in scenario carries a drill, and does what it is there for.

use std::collections::BTreeMap;

use aws_sdk_ec2::types::Instance;
use tokio::time::timeout;

use super::*;

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
    for name in all.filter(|name| *name != "huge") {
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
