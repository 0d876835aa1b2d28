//! The lab through AWS's own SDKs, in process, under paused time.

mod account;
mod history;
mod hostile_bytes;
mod hostile_documents;
mod paging;
mod scenarios;
mod wire;

use std::{sync::Arc, time::Duration};

use aws_sdk_cloudwatchlogs::types::StartLiveTailResponseStream as Stream;
use aws_sdk_ec2::{
    error::{ProvideErrorMetadata, SdkError},
    types::{Filter, InstanceStateName},
};
use aws_sdk_fis::types::{ActionsMode, ExperimentStatus};
use spotdrill::{
    clock::Clock,
    lab::{Lab, in_process, scenario::Scenario},
};
use tokio::time::Instant;

const REGION: &str = "eu-west-1";

/// A lab, and the clients of its services.
struct Region {
    lab: Arc<Lab>,
    clock: Clock,
    ec2: aws_sdk_ec2::Client,
    fis: aws_sdk_fis::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    sts: aws_sdk_sts::Client,
}

/// The configuration that every SDK has a builder of its own for.
macro_rules! client {
    ($sdk:ident, $lab:expr, $key:expr, $region:expr) => {
        $sdk::Client::from_conf(
            $sdk::Config::builder()
                .behavior_version($sdk::config::BehaviorVersion::latest())
                .region($sdk::config::Region::new($region))
                .credentials_provider($sdk::config::Credentials::new($key, $lab.secret(), None, None, "lab"))
                .retry_config($sdk::config::retry::RetryConfig::disabled())
                .endpoint_url("http://127.0.0.1:1")
                .http_client(in_process::client(&$lab))
                .build(),
        )
    };
}

use client;

impl Region {
    fn named(scenario: &str) -> Self {
        Self::of(Scenario::named(scenario).unwrap())
    }

    fn with(extra: &str) -> Self {
        let text = format!(
            "description = \"x\"\nregion = \"{REGION}\"\n{extra}\n[[group]]\nkind = \"auto-scaling-group\"\nname = \"web\"\ncount = 12\n"
        );
        Self::of(Scenario::parse("test", &text).unwrap())
    }

    fn of(scenario: Scenario) -> Self {
        let clock = Clock::rated("2026-11-22T12:00:00Z".parse().unwrap(), 1.0);
        let lab = Lab::open(scenario, clock.clone(), 1);
        Self {
            ec2: client!(aws_sdk_ec2, lab, lab.access_key(), REGION),
            fis: client!(aws_sdk_fis, lab, lab.access_key(), REGION),
            logs: client!(aws_sdk_cloudwatchlogs, lab, lab.access_key(), REGION),
            sts: client!(aws_sdk_sts, lab, lab.access_key(), REGION),
            clock,
            lab,
        }
    }

    async fn pass(&self, seconds: u64) {
        self.clock.sleep(Duration::from_secs(seconds)).await;
    }

    async fn instances(&self) -> Vec<aws_sdk_ec2::types::Instance> {
        let found = self.ec2.describe_instances().send().await.unwrap();
        found.reservations().iter().flat_map(|reservation| reservation.instances().to_vec()).collect()
    }

    async fn first_spot(&self) -> String {
        let all = self.instances().await;
        let spot = all.iter().find(|instance| instance.spot_instance_request_id().is_some());
        spot.unwrap().instance_id().unwrap().to_owned()
    }

    async fn state(&self, id: &str) -> InstanceStateName {
        let found = self.ec2.describe_instances().instance_ids(id).send().await.unwrap();
        found.reservations()[0].instances()[0].state().unwrap().name().unwrap().clone()
    }

    /// A template that interrupts these instances after `duration`; its id.
    async fn template(&self, instances: &[&str], duration: &str, token: &str) -> Result<String, Refusal> {
        let target = aws_sdk_fis::types::CreateExperimentTemplateTargetInput::builder()
            .resource_type("aws:ec2:spot-instance")
            .set_resource_arns(Some(
                instances.iter().map(|id| format!("arn:aws:ec2:{REGION}:000000000000:instance/{id}")).collect(),
            ))
            .selection_mode("ALL");
        let action = aws_sdk_fis::types::CreateExperimentTemplateActionInput::builder()
            .action_id("aws:ec2:send-spot-instance-interruptions")
            .parameters("durationBeforeInterruption", duration)
            .targets("SpotInstances", "spot");
        let condition = aws_sdk_fis::types::CreateExperimentTemplateStopConditionInput::builder().source("none");
        let created = self
            .fis
            .create_experiment_template()
            .client_token(token)
            .description("drill")
            .role_arn("arn:aws:iam::000000000000:role/spot-fis-test")
            .stop_conditions(condition.build().unwrap())
            .targets("spot", target.build().unwrap())
            .actions("interrupt", action.build().unwrap())
            .tags("drill", "one")
            .send()
            .await
            .map_err(|error| Refusal::of(&error))?;
        Ok(created.experiment_template().unwrap().id().unwrap().to_owned())
    }

    async fn start(&self, template: &str, token: &str) -> Result<String, Refusal> {
        let started = self.fis.start_experiment().experiment_template_id(template).client_token(token).send().await;
        Ok(started.map_err(|error| Refusal::of(&error))?.experiment().unwrap().id().unwrap().to_owned())
    }

    async fn experiment(&self, id: &str) -> aws_sdk_fis::types::Experiment {
        self.fis.get_experiment().id(id).send().await.unwrap().experiment().unwrap().clone()
    }

    async fn status(&self, experiment: &str) -> ExperimentStatus {
        self.experiment(experiment).await.state().unwrap().status().unwrap().clone()
    }

    async fn messages(&self, group: &str, pattern: &str) -> Vec<String> {
        let found = self.logs.filter_log_events().log_group_name(group).filter_pattern(pattern).send().await.unwrap();
        found.events().iter().map(|event| event.message().unwrap().to_owned()).collect()
    }
}

/// What a service said no with.
#[derive(Debug, PartialEq, Eq)]
struct Refusal {
    status: u16,
    code: String,
    message: String,
}

impl Refusal {
    fn of<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Self {
        let status = error.raw_response().map_or(0, |response| response.status().as_u16());
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        Self { status, code: text(error.code()), message: text(error.message()) }
    }

    fn is(&self, status: u16, code: &str) -> bool {
        (self.status, self.code.as_str()) == (status, code)
    }
}

const EVENTS: &str = "/aws/events/spotdrill";
const FUNCTION: &str = "/aws/lambda/send-slack-spot-event";

#[tokio::test(start_paused = true)]
async fn a_whole_interruption_is_seen_through_the_apis() {
    let region = Region::named("default");
    let victim = region.first_spot().await;
    let template = region.template(&[&victim], "PT3M", "t").await.unwrap();
    let experiment = region.start(&template, "s").await.unwrap();
    assert_eq!(region.status(&experiment).await, ExperimentStatus::Initiating);
    region.pass(3).await;
    assert_eq!(region.status(&experiment).await, ExperimentStatus::Running);
    let resolved = region.fis.list_experiment_resolved_targets().experiment_id(&experiment).send().await.unwrap();
    let arn = resolved.resolved_targets()[0].target_information().unwrap()["arn"].clone();
    assert!(arn.ends_with(&victim), "{arn}");
    region.pass(9).await;
    assert_eq!(region.messages(EVENTS, "Rebalance").await.len(), 1);
    assert!(region.messages(EVENTS, "Warning").await.is_empty());

    region.pass(62).await;
    let seen = region.experiment(&experiment).await;
    assert_eq!(seen.state().unwrap().status(), Some(&ExperimentStatus::Completed));
    assert_eq!(seen.end_time().unwrap().secs() - seen.start_time().unwrap().secs(), 70);
    assert!(seen.tags().unwrap().is_empty(), "a template's tags are its own");
    assert_eq!(region.state(&victim).await, InstanceStateName::Running);
    let by_instance = Filter::builder().name("instance-id").values(&victim).build();
    let requests = region.ec2.describe_spot_instance_requests().filters(by_instance).send().await.unwrap();
    let request = &requests.spot_instance_requests()[0];
    assert_eq!(request.status().unwrap().code(), Some("instance-terminated-by-experiment"));
    assert_eq!(request.state().unwrap().as_str(), "closed");
    let warnings = region.messages(EVENTS, "Warning").await;
    let warning: serde_json::Value = serde_json::from_str(&warnings[0]).unwrap();
    assert_eq!(warning["detail"]["instance-id"], victim.as_str());
    assert_eq!(warning["time"], "2026-11-22T12:01:10Z");
    let told = region.messages(FUNCTION, "{ $.action = \"terminate\" }").await;
    assert!(told[0].contains(&format!("\"resource\": \"{victim}\"")), "{told:?}");

    region.pass(117).await;
    assert_eq!(region.state(&victim).await, InstanceStateName::ShuttingDown);
    region.pass(55).await;
    assert_eq!(region.state(&victim).await, InstanceStateName::Terminated);
    let all = region.instances().await;
    let gone = all.iter().find(|instance| instance.instance_id() == Some(&victim)).unwrap();
    assert_eq!(gone.state_reason().unwrap().code(), Some("Server.SpotInstanceTermination"));
    assert!(gone.state_transition_reason().unwrap().starts_with("Service initiated ("));
    assert_eq!(gone.private_ip_address(), None);
    assert_eq!(all.len(), 25, "its replacement is there");
    region.pass(3_600).await;
    let refusal = Refusal::of(&region.ec2.describe_instances().instance_ids(&victim).send().await.unwrap_err());
    assert!(refusal.is(400, "InvalidInstanceID.NotFound"), "{refusal:?}");
}

#[tokio::test(start_paused = true)]
async fn pages_hold_every_instance_once() {
    let region = Region::named("default");
    let mut pages = region.ec2.describe_instances().max_results(5).into_paginator().send();
    let (mut ids, mut sizes) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        let of_page = page.reservations().iter().flat_map(aws_sdk_ec2::types::Reservation::instances);
        let of_page: Vec<_> = of_page.map(|instance| instance.instance_id().unwrap().to_owned()).collect();
        sizes.push(of_page.len());
        ids.extend(of_page);
    }
    assert_eq!(sizes, [5, 5, 5, 5, 4]);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 24);
}

#[tokio::test(start_paused = true)]
async fn filters_are_anded_and_their_values_ored() {
    let region = Region::named("default");
    let count = async |filters: &[(&str, &[&str])]| {
        let filters = filters.iter().map(|(name, values)| {
            let values = values.iter().map(|value| (*value).to_owned()).collect();
            Filter::builder().name(*name).set_values(Some(values)).build()
        });
        let found = region.ec2.describe_instances().set_filters(Some(filters.collect())).send().await.unwrap();
        found.reservations().iter().map(|reservation| reservation.instances().len()).sum::<usize>()
    };
    assert_eq!(count(&[("instance-lifecycle", &["spot"])]).await, 21);
    assert_eq!(count(&[("tag:eks:nodegroup-name", &["web-spot", "system"])]).await, 11);
    assert_eq!(count(&[("tag:eks:nodegroup-name", &["*-spot"]), ("instance-lifecycle", &["spot"])]).await, 14);
    assert_eq!(count(&[("tag-key", &["karpenter.sh/nodepool"]), ("instance-state-name", &["running"])]).await, 7);
    assert_eq!(count(&[("availability-zone", &["eu-west-1a"]), ("tag:eks:nodegroup-name", &["system"])]).await, 1);
}

#[tokio::test(start_paused = true)]
async fn ec2_refuses_in_its_own_words() {
    let region = Region::named("tiny");
    let id = region.first_spot().await;
    let describe = || region.ec2.describe_instances();
    let both = Refusal::of(&describe().instance_ids(&id).max_results(5).send().await.unwrap_err());
    assert!(both.is(400, "InvalidParameterCombination"), "{both:?}");
    let unknown = describe().instance_ids(&id).instance_ids("i-0123456789abcdef0").instance_ids("i-12345678");
    let unknown = Refusal::of(&unknown.send().await.unwrap_err());
    assert!(unknown.is(400, "InvalidInstanceID.NotFound"), "{unknown:?}");
    assert_eq!(unknown.message, "The instance IDs 'i-0123456789abcdef0, i-12345678' do not exist");
    let malformed = Refusal::of(&describe().instance_ids("i-NOPE").send().await.unwrap_err());
    assert_eq!(
        (malformed.code.as_str(), malformed.message.as_str()),
        ("InvalidInstanceID.Malformed", "Invalid id: \"i-NOPE\"")
    );
    let token = Refusal::of(&describe().next_token("nonsense").send().await.unwrap_err());
    assert!(token.is(400, "InvalidPaginationToken"), "{token:?}");
    let few = Refusal::of(&describe().max_results(4).send().await.unwrap_err());
    assert!(few.is(400, "InvalidParameterValue"), "{few:?}");
    let filter = Filter::builder().name("colour").values("red").build();
    let filter = Refusal::of(&describe().filters(filter).send().await.unwrap_err());
    assert_eq!(filter.message, "The filter 'colour' is invalid");
    let unplayed = Refusal::of(&region.ec2.describe_volumes().send().await.unwrap_err());
    assert!(unplayed.is(400, "InvalidAction"), "{unplayed:?}");
}

#[tokio::test(start_paused = true)]
async fn places_and_caller() {
    let region = Region::named("tiny");
    let zones = region.ec2.describe_availability_zones().send().await.unwrap();
    let ids: Vec<_> = zones.availability_zones().iter().map(|zone| zone.zone_id().unwrap()).collect();
    assert_eq!(ids, ["euw1-az1", "euw1-az2", "euw1-az3"]);
    assert_eq!(region.ec2.describe_regions().send().await.unwrap().regions()[0].region_name(), Some(REGION));
    let caller = region.sts.get_caller_identity().send().await.unwrap();
    assert_eq!(caller.account(), Some("000000000000"));
    assert_eq!(caller.arn(), Some("arn:aws:sts::000000000000:assumed-role/lab-operator/spotdrill"));
}

#[tokio::test(start_paused = true)]
async fn strangers_are_refused_by_every_service() {
    let lab = Region::named("tiny").lab;
    let ec2 = client!(aws_sdk_ec2, lab, "AKIAOTHER", REGION);
    let refusal = Refusal::of(&ec2.describe_instances().send().await.unwrap_err());
    assert!(refusal.is(401, "AuthFailure"), "{refusal:?}");
    let fis = client!(aws_sdk_fis, lab, "AKIAOTHER", REGION);
    let refusal = Refusal::of(&fis.list_actions().send().await.unwrap_err());
    assert!(refusal.is(403, "UnrecognizedClientException"), "{refusal:?}");
    let logs = client!(aws_sdk_cloudwatchlogs, lab, "AKIAOTHER", REGION);
    let refusal = Refusal::of(&logs.describe_log_groups().send().await.unwrap_err());
    assert!(refusal.is(403, "UnrecognizedClientException"), "{refusal:?}");
    assert_eq!(refusal.message, "The security token included in the request is invalid.");
    let sts = client!(aws_sdk_sts, lab, "AKIAOTHER", REGION);
    let refusal = Refusal::of(&sts.get_caller_identity().send().await.unwrap_err());
    assert!(refusal.is(403, "InvalidClientTokenId"), "{refusal:?}");
    let elsewhere = client!(aws_sdk_fis, lab, lab.access_key(), "us-east-1");
    let refusal = Refusal::of(&elsewhere.list_actions().send().await.unwrap_err());
    assert!(refusal.is(403, "InvalidSignatureException"), "{refusal:?}");
}

#[tokio::test(start_paused = true)]
async fn the_sixth_active_experiment_is_over_the_quota() {
    let region = Region::with("");
    let ids: Vec<_> = region.instances().await.iter().map(|found| found.instance_id().unwrap().to_owned()).collect();
    let template = region.template(&[&ids[0]], "PT5M", "t").await.unwrap();
    for number in 0..5 {
        region.start(&template, &number.to_string()).await.unwrap();
    }
    let refusal = region.start(&template, "six").await.unwrap_err();
    assert!(refusal.is(402, "ServiceQuotaExceededException"), "{refusal:?}");
    let six: Vec<_> = ids.iter().take(6).map(String::as_str).collect();
    let refusal = region.template(&six, "PT5M", "u").await.unwrap_err();
    assert!(refusal.is(400, "ValidationException"), "{refusal:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_token_makes_one_thing() {
    let region = Region::named("tiny");
    let id = region.first_spot().await;
    let template = region.template(&[&id], "PT2M", "t").await.unwrap();
    assert_eq!(region.template(&[&id], "PT2M", "t").await.unwrap(), template);
    let refusal = region.template(&[&id], "PT3M", "t").await.unwrap_err();
    assert!(refusal.is(409, "ConflictException"), "{refusal:?}");
    let experiment = region.start(&template, "s").await.unwrap();
    region.pass(1).await;
    assert_eq!(region.start(&template, "s").await.unwrap(), experiment);
    assert_ne!(region.start(&template, "other").await.unwrap(), experiment);
}

#[tokio::test(start_paused = true)]
async fn templates_are_listed_tagged_and_deleted() {
    let region = Region::named("tiny");
    let id = region.first_spot().await;
    let template = region.template(&[&id], "PT2M", "t").await.unwrap();
    let got = region.fis.get_experiment_template().id(&template).send().await.unwrap();
    let got = got.experiment_template().unwrap();
    assert_eq!(got.tags().unwrap()["drill"], "one");
    assert_eq!(got.actions().unwrap()["interrupt"].targets().unwrap()["SpotInstances"], "spot");
    let arn = got.arn().unwrap();
    region.fis.tag_resource().resource_arn(arn).tags("keep", "yes").send().await.unwrap();
    region.fis.untag_resource().resource_arn(arn).tag_keys("drill").send().await.unwrap();
    let tags = region.fis.list_tags_for_resource().resource_arn(arn).send().await.unwrap();
    assert_eq!(tags.tags().unwrap().keys().collect::<Vec<_>>(), ["keep"]);
    assert_eq!(region.fis.list_experiment_templates().send().await.unwrap().experiment_templates().len(), 1);
    region.fis.delete_experiment_template().id(&template).send().await.unwrap();
    let refusal = Refusal::of(&region.fis.get_experiment_template().id(&template).send().await.unwrap_err());
    assert!(refusal.is(404, "ResourceNotFoundException"), "{refusal:?}");
    let refusal = region.start(&template, "s").await.unwrap_err();
    assert!(refusal.is(404, "ResourceNotFoundException"), "{refusal:?}");
}

#[tokio::test(start_paused = true)]
async fn stopping_and_previewing() {
    let region = Region::named("tiny");
    let id = region.first_spot().await;
    let template = region.template(&[&id], "PT5M", "t").await.unwrap();
    let options =
        aws_sdk_fis::types::StartExperimentExperimentOptionsInput::builder().actions_mode(ActionsMode::SkipAll);
    let preview = region.fis.start_experiment().experiment_template_id(&template).client_token("p");
    let preview = preview.experiment_options(options.build()).send().await.unwrap();
    let preview = preview.experiment().unwrap().id().unwrap().to_owned();
    region.pass(11).await;
    let seen = region.experiment(&preview).await;
    assert_eq!(seen.state().unwrap().status(), Some(&ExperimentStatus::Completed));
    assert_eq!(seen.actions().unwrap()["interrupt"].state().unwrap().status().unwrap().as_str(), "skipped");
    assert!(region.messages(EVENTS, "Rebalance").await.is_empty());

    let experiment = region.start(&template, "s").await.unwrap();
    region.pass(20).await;
    let stopped = region.fis.stop_experiment().id(&experiment).send().await.unwrap();
    assert_eq!(stopped.experiment().unwrap().state().unwrap().status(), Some(&ExperimentStatus::Stopping));
    region.pass(3).await;
    assert_eq!(region.status(&experiment).await, ExperimentStatus::Stopped);
    let refusal = Refusal::of(&region.fis.stop_experiment().id(&experiment).send().await.unwrap_err());
    assert!(refusal.is(400, "ValidationException"), "{refusal:?}");
    region.pass(290).await;
    assert_eq!(region.state(&id).await, InstanceStateName::ShuttingDown, "a stop recalls nothing");
}

#[tokio::test(start_paused = true)]
async fn actions_and_the_safety_lever() {
    let region = Region::named("tiny");
    let action = region.fis.get_action().id("aws:ec2:send-spot-instance-interruptions").send().await.unwrap();
    let target = action.action().unwrap().targets().unwrap()["SpotInstances"].resource_type();
    assert_eq!(target, Some("aws:ec2:spot-instance"));
    assert_eq!(region.fis.list_actions().send().await.unwrap().actions().len(), 3);
    let lever = region.fis.get_safety_lever().id("default").send().await.unwrap();
    let state = lever.safety_lever().unwrap().state().unwrap();
    assert_eq!(state.status().unwrap().as_str(), "disengaged");
}

#[tokio::test(start_paused = true)]
async fn log_groups_streams_and_pages() {
    let region = Region::with("");
    let ids: Vec<_> = region.instances().await.iter().map(|found| found.instance_id().unwrap().to_owned()).collect();
    let template = region.template(&[&ids[0], &ids[1], &ids[2]], "PT2M", "t").await.unwrap();
    region.start(&template, "s").await.unwrap();
    region.pass(30).await;
    let groups = region.logs.describe_log_groups().log_group_name_prefix("/aws/lambda/").send().await.unwrap();
    assert_eq!(groups.log_groups()[0].log_group_name(), Some(FUNCTION));
    assert!(groups.log_groups()[0].arn().unwrap().ends_with(":*"));
    assert!(groups.log_groups()[0].log_group_arn().unwrap().ends_with(FUNCTION));
    let streams = region.logs.describe_log_streams().log_group_name(FUNCTION).send().await.unwrap();
    assert!(!streams.log_streams().is_empty());
    let all = region.logs.filter_log_events().log_group_name(EVENTS).send().await.unwrap();
    let mut pages = region.logs.filter_log_events().log_group_name(EVENTS).limit(2).into_paginator().send();
    let mut in_pages = Vec::new();
    while let Some(page) = pages.next().await {
        in_pages.extend(page.unwrap().events.unwrap());
    }
    assert_eq!(in_pages, all.events());
    let last = all.events().last().unwrap().timestamp().unwrap();
    let late = region.logs.filter_log_events().log_group_name(EVENTS).start_time(last).end_time(last).send().await;
    assert!(!late.unwrap().events().is_empty(), "both ends are inclusive");
    let stream = streams.log_streams()[0].log_stream_name().unwrap();
    let lines = || region.logs.get_log_events().log_group_name(FUNCTION).log_stream_name(stream);
    let first = lines().start_from_head(true).limit(4).send().await.unwrap();
    assert_eq!(first.events().len(), 4);
    assert!(first.events()[0].message().unwrap().starts_with("INIT_START"));
    let rest = lines().next_token(first.next_forward_token().unwrap()).send().await.unwrap();
    let end = lines().next_token(rest.next_forward_token().unwrap()).send().await.unwrap();
    assert_eq!(end.next_forward_token(), rest.next_forward_token());
    let refusal = Refusal::of(&region.logs.filter_log_events().log_group_name("/no").send().await.unwrap_err());
    assert!(refusal.is(400, "ResourceNotFoundException"), "{refusal:?}");
    assert_eq!(refusal.message, "The specified log group does not exist.");
}

#[tokio::test(start_paused = true)]
async fn live_tail_updates_every_second_and_shows_what_comes() {
    let region = Region::named("tiny");
    let id = region.first_spot().await;
    let template = region.template(&[&id], "PT2M", "t").await.unwrap();
    let arn = |group: &str| format!("arn:aws:logs:{REGION}:000000000000:log-group:{group}");
    region.start(&template, "s").await.unwrap();
    let begun = Instant::now();
    let tail = region.logs.start_live_tail().log_group_identifiers(arn(EVENTS)).log_group_identifiers(arn(FUNCTION));
    let mut stream = tail.send().await.unwrap().response_stream;
    assert_eq!(begun.elapsed(), Duration::ZERO, "the call returns at the first frame");
    let first = stream.recv().await.unwrap().unwrap();
    assert!(matches!(&first, Stream::SessionStart(start) if start.log_group_identifiers().len() == 2), "{first:?}");
    let mut seen = Vec::new();
    for second in 1..=14 {
        let update = stream.recv().await.unwrap().unwrap();
        let Stream::SessionUpdate(update) = update else { panic!("{update:?}") };
        assert_eq!(begun.elapsed(), Duration::from_secs(second));
        assert!(!update.session_metadata().unwrap().sampled());
        seen.extend(update.session_results().iter().map(|event| event.message().unwrap().to_owned()));
    }
    for part in ["FIS Experiment State Change", "Rebalance", "Warning", "START RequestId", "status 200", "REPORT"] {
        assert!(seen.iter().any(|message| message.contains(part)), "{part}: {seen:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn live_tail_wants_arns_of_groups_that_exist() {
    let region = Region::named("tiny");
    let tail = async |identifier: &str| {
        let tail = region.logs.start_live_tail().log_group_identifiers(identifier).send().await;
        Refusal::of(&tail.map(|_| ()).unwrap_err()).code
    };
    assert_eq!(tail(EVENTS).await, "InvalidParameterException");
    let arn = format!("arn:aws:logs:{REGION}:000000000000:log-group:");
    assert_eq!(tail(&format!("{arn}{EVENTS}:*")).await, "InvalidParameterException");
    assert_eq!(tail(&format!("{arn}/no")).await, "ResourceNotFoundException");
}

#[tokio::test(start_paused = true)]
async fn faults_of_the_scenario_are_met() {
    let region = Region::with(
        r#"
        [[fault]]
        operation = "ec2:DescribeInstances"
        kind = "throttle"
        times = 1
        [[fault]]
        operation = "ec2:DescribeInstances"
        kind = "error"
        page = 2
        times = 1
        [[fault]]
        operation = "logs:StartLiveTail"
        kind = "denied"
        [[fault]]
        operation = "sts:*"
        kind = "expired"
        [[fault]]
        operation = "fis:ListActions"
        kind = "delay"
        delay = 30
        "#,
    );
    let throttled = Refusal::of(&region.ec2.describe_instances().send().await.unwrap_err());
    assert!(throttled.is(503, "RequestLimitExceeded"), "{throttled:?}");
    let first = region.ec2.describe_instances().max_results(5).send().await.unwrap();
    let next = || region.ec2.describe_instances().max_results(5).next_token(first.next_token().unwrap());
    let broken = Refusal::of(&next().send().await.unwrap_err());
    assert!(broken.is(500, "InternalError"), "{broken:?}");
    assert_eq!(next().send().await.unwrap().reservations().len(), 2);
    let arn = format!("arn:aws:logs:{REGION}:000000000000:log-group:{EVENTS}");
    let tail = region.logs.start_live_tail().log_group_identifiers(arn).send().await;
    let denied = Refusal::of(&tail.map(|_| ()).unwrap_err());
    assert!(denied.is(400, "AccessDeniedException"), "{denied:?}");
    assert!(denied.message.contains("is not authorized to perform: logs:StartLiveTail"), "{denied:?}");
    let expired = Refusal::of(&region.sts.get_caller_identity().send().await.unwrap_err());
    assert!(expired.is(403, "ExpiredToken"), "{expired:?}");
    let begun = Instant::now();
    region.fis.list_actions().send().await.unwrap();
    assert_eq!(begun.elapsed(), Duration::from_secs(30));
}
