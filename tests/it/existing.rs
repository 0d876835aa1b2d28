//! Drills of templates that others made: listed, previewed by FIS, started as they are, and never touched.

pub(crate) mod program;

use aws_credential_types::provider::ProvideCredentials;
use aws_sdk_ec2::types as ec2;
use aws_sdk_fis::types as fis;
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;
use spotdrill::{
    aws::{Connection, Kind, Way, connect},
    drill::{
        conduct::Drill,
        existing::Existing,
        fact::{Entry, Source, What},
        guard,
        id::{InstanceId, TemplateId},
        order::OrderName,
        plan::{Plan, Selection},
        template::{DRILL_TAG, PREVIEW_TAG, Template},
        verdict::Outcome,
    },
    journal::Record,
    run::{
        conductor::Told,
        existing::{Previewed, preview},
        start::{NotStarted, take_up},
    },
};

use crate::stage::{Drilled, Stage, because, scenario};

const INTERRUPT: &str = Template::ACTION_ID;
/// The tag of every instance of the group `web`.
const WEB: (&str, &str) = ("aws:autoscaling:groupName", "web");

/// A template of someone else's.
struct Theirs {
    selection: &'static str,
    tag: (&'static str, &'static str),
    arns: Vec<String>,
    actions: Vec<&'static str>,
    warning: &'static str,
}

impl Default for Theirs {
    fn default() -> Self {
        Self { selection: "COUNT(1)", tag: WEB, arns: Vec::new(), actions: vec![INTERRUPT], warning: "PT3M" }
    }
}

/// Makes it in the account.
async fn make(sdk: &aws_types::SdkConfig, wanted: Theirs) -> TemplateId {
    let Theirs { selection, tag, arns, actions, warning } = wanted;
    let running = fis::ExperimentTemplateTargetInputFilter::builder().path("State.Name").values("running").build();
    let target = fis::CreateExperimentTemplateTargetInput::builder()
        .resource_type("aws:ec2:spot-instance")
        .selection_mode(selection);
    let target = if arns.is_empty() {
        target.resource_tags(tag.0, tag.1).filters(running.unwrap())
    } else {
        target.set_resource_arns(Some(arns))
    };
    let nothing = fis::CreateExperimentTemplateStopConditionInput::builder().source("none").build().unwrap();
    let mut call = aws_sdk_fis::Client::new(sdk)
        .create_experiment_template()
        .description("one of web, at random")
        .role_arn("arn:aws:iam::000000000000:role/spot-fis-test")
        .stop_conditions(nothing)
        .targets("one", target.build().unwrap())
        .tags("Name", "one-of-web");
    for (number, id) in actions.into_iter().enumerate() {
        let action = fis::CreateExperimentTemplateActionInput::builder().action_id(id);
        let action = match id {
            INTERRUPT => action.parameters("durationBeforeInterruption", warning).targets("SpotInstances", "one"),
            _ => action.parameters("duration", "PT1M"),
        };
        call = call.actions(format!("action{number}"), action.build().unwrap());
    }
    let made = call.send().await.unwrap();
    TemplateId::new(made.experiment_template().unwrap().id().unwrap())
}

/// A template that somebody made, to be listed.
pub(crate) async fn one_of_web(stage: &Stage) -> TemplateId {
    make(&stage.sdk, Theirs::default()).await
}

impl Stage {
    async fn theirs(&self, wanted: Theirs) -> TemplateId {
        make(&self.sdk, wanted).await
    }

    async fn previewed(&self, id: &TemplateId) -> (Existing, Previewed) {
        let existing = self.aws.template(id).await.unwrap();
        let previewed = preview(&self.aws, &self.ways, &existing).await.unwrap();
        (existing, previewed)
    }

    pub(crate) async fn plan_of(&self, id: &TemplateId) -> Plan {
        let (existing, Previewed { instances, fleet, circumstances }) = self.previewed(id).await;
        guard::as_it_is(&fleet, &existing, &instances, &circumstances, &because()).unwrap()
    }

    async fn drill_of(&self, plan: Plan) -> Drilled {
        let running = self.start(plan).await.unwrap();
        self.to_the_end(running, |_| false).await
    }

    /// The tags of every experiment of a template.
    async fn experiments(&self, id: &TemplateId) -> Vec<fis::ExperimentSummary> {
        let call = aws_sdk_fis::Client::new(&self.sdk).list_experiments().experiment_template_id(id.as_str());
        call.send().await.unwrap().experiments().to_vec()
    }

    /// Another spot instance with that tag.
    async fn launch(&self, (key, value): (&str, &str)) {
        let tag = ec2::Tag::builder().key(key).value(value).build();
        let tags = ec2::TagSpecification::builder().resource_type(ec2::ResourceType::Instance).tags(tag).build();
        let spot = ec2::InstanceMarketOptionsRequest::builder().market_type(ec2::MarketType::Spot).build();
        let client = aws_sdk_ec2::Client::new(&self.sdk);
        let images = client.describe_instances().send().await.unwrap();
        let image = images.reservations()[0].instances()[0].image_id().unwrap().to_owned();
        let call = client.run_instances().image_id(image).instance_type(ec2::InstanceType::M5Large);
        let call = call.min_count(1).max_count(1).instance_market_options(spot).tag_specifications(tags);
        call.send().await.unwrap();
    }

    fn made(&self, part: &str) -> usize {
        self.calls().iter().filter(|(_, call)| call.contains(part)).count()
    }
}

fn ids(plan: &Plan) -> Vec<&InstanceId> {
    plan.targets.iter().map(|target| &target.id).collect()
}

fn chosen(drilled: &Drilled) -> Option<&What> {
    let facts = drilled.entries.iter().map(|entry| &entry.fact.what);
    facts.into_iter().find(|what| matches!(what, What::OthersChosen { .. }))
}

/// Until FIS chooses otherwise than in its preview: at random it does so three times of four.
async fn chosen_otherwise(stage: &Stage, id: &TemplateId) -> (Plan, Drilled) {
    for _ in 0..8 {
        let plan = stage.plan_of(id).await;
        let drilled = stage.drill_of(plan.clone()).await;
        if chosen(&drilled).is_some() {
            return (plan, drilled);
        }
    }
    panic!("FIS chose as in its preview eight times");
}

#[tokio::test(start_paused = true)]
async fn the_list_has_what_interrupts_and_only_what_is_theirs() {
    let stage = Stage::of(4, "").await;
    assert_eq!(stage.aws.templates(|_, _| ()).await.unwrap(), []);
    let first = stage.theirs(Theirs::default()).await;
    let also = stage.theirs(Theirs { actions: vec![INTERRUPT, "aws:fis:wait"], ..Theirs::default() }).await;
    let waits = stage.theirs(Theirs { actions: vec!["aws:fis:wait"], ..Theirs::default() }).await;
    let running = stage.start(stage.plan("web", Selection::Count(1), "10m").await).await.unwrap();
    let started = |entry: &Entry| matches!(entry.fact.what, What::ExperimentStarted { .. });
    let mut read = Vec::new();
    let mut during = None;
    let mut running = running;
    while let Some(told) = running.told.recv().await {
        if matches!(&told, Told::Recorded(entry) if started(entry)) {
            during = Some(stage.aws.templates(|at, of| read.push((at, of))).await.unwrap());
            break;
        }
    }
    let listed = during.unwrap();
    assert_eq!(listed.iter().map(|existing| &existing.id).collect::<Vec<_>>(), [&first, &also]);
    assert_eq!(read, [(1, 3), (2, 3), (3, 3)], "a drill's own template is not even read");
    assert_eq!(listed[0].selects(), "COUNT(1) of tag aws:autoscaling:groupName=web, State.Name=running");
    assert_eq!((listed[0].label().as_str(), guard::startable(&listed[0]).unwrap().seconds()), ("one-of-web", 180));
    let refused = guard::startable(&listed[1]).unwrap_err().to_string();
    assert!(refused.contains("does more") && refused.contains("aws:fis:wait"), "{refused}");
    let refused = guard::startable(&stage.aws.template(&waits).await.unwrap()).unwrap_err().to_string();
    assert!(refused.contains("interrupts no spot instance"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_template_that_pins_its_instances_holds_as_it_is_and_stays() {
    let stage = Stage::of(8, "").await;
    let pinned = stage.plan("web", Selection::Count(2), "2m").await;
    let arns = pinned.targets.iter().map(|target| pinned.arn(target)).collect();
    let id = stage.theirs(Theirs { selection: "ALL", arns, ..Theirs::default() }).await;
    let plan = stage.plan_of(&id).await;
    assert_eq!((ids(&plan), plan.choice()), (ids(&pinned), None));
    let drilled = stage.drill_of(plan).await;
    assert_eq!(drilled.verdict.verdict, Outcome::Held, "{:?}", drilled.verdict.reasons);
    assert_eq!(drilled.verdict.interrupted.len(), 2);
    assert!(drilled.has(|what| matches!(what, What::TargetsResolved { instances } if instances.len() == 2)));
    assert!(!drilled.has(|what| matches!(what, What::TemplateCreated { .. } | What::TemplateDeleted { .. })));
    assert_eq!((stage.made("POST http://127.0.0.1:1/experimentTemplates"), stage.made("DELETE ")), (0, 0));
    assert_eq!(stage.aws.template(&id).await.unwrap().id, id, "it is there as before");
    let tags: Vec<_> = stage.experiments(&id).await.iter().map(|summary| summary.tags().unwrap().clone()).collect();
    let with = |tag: &str| tags.iter().filter(|tags| tags.contains_key(tag)).count();
    assert_eq!((tags.len(), with(PREVIEW_TAG), with(DRILL_TAG)), (2, 1, 1), "{tags:?}");
}

#[tokio::test(start_paused = true)]
async fn a_preview_interrupts_nothing() {
    let stage = Stage::of(4, "").await;
    let id = stage.theirs(Theirs { selection: "ALL", warning: "PT2M", ..Theirs::default() }).await;
    let (_, previewed) = stage.previewed(&id).await;
    assert_eq!(previewed.instances.len(), 4);
    stage.aws.clock.sleep(std::time::Duration::from_mins(10)).await;
    let fleet = stage.aws.fleet(|_| ()).await.unwrap();
    assert!(previewed.instances.iter().all(|id| fleet.find(id).is_some_and(|(_, it)| it.untargetable().is_none())));
    let experiments = stage.experiments(&id).await;
    let [only] = &experiments[..] else { panic!("{experiments:?}") };
    assert_eq!(only.state().unwrap().status(), Some(&fis::ExperimentStatus::Completed));
}

#[tokio::test(start_paused = true)]
async fn what_fis_chooses_otherwise_than_in_its_preview_is_followed_and_told() {
    let stage = Stage::of(4, "").await;
    let id = stage.theirs(Theirs::default()).await;
    let (plan, drilled) = chosen_otherwise(&stage, &id).await;
    let Some(What::OthersChosen { chosen }) = chosen(&drilled) else { panic!() };
    let [other] = &chosen[..] else { panic!("{chosen:?}") };
    assert!(!plan.is_target(&other.id));
    assert_eq!((&other.group, other.spot_request.is_some()), (&plan.targets[0].group, true));
    assert!(other.behavior.is_some(), "{other:?}");
    assert_eq!(drilled.verdict.verdict, Outcome::Held, "{:?}", drilled.verdict.reasons);
    assert_eq!(drilled.verdict.interrupted, std::slice::from_ref(&other.id));
    assert_eq!(drilled.verdict.replacements.len(), 1);
    for source in [Source::Fis, Source::Events, Source::Logs] {
        let of_other = |entry: &&Entry| {
            entry.fact.source == source
                && entry.fact.instance.as_ref() == Some(&other.id)
                && matches!(entry.fact.what, What::NoticeIssued { .. })
        };
        assert_eq!(drilled.entries.iter().filter(of_other).count(), 1, "{source:?}");
    }
    let mut lines: Vec<_> = drilled
        .entries
        .iter()
        .filter(|entry| matches!(entry.fact.what, What::LogLine { .. }))
        .map(|entry| &entry.fact)
        .collect();
    let all = lines.len();
    lines.dedup();
    assert!(all > 0 && lines.len() == all, "each line comes once");
    let replayed = Drill::replay(drilled.entries.iter().map(|entry| &entry.fact));
    assert_eq!(replayed.verdict(), Some(drilled.verdict));
}

#[tokio::test(start_paused = true)]
async fn more_instances_than_were_confirmed_stop_the_experiment() {
    let stage = Stage::of(3, "").await;
    let drillable = ("drillable", "yes");
    stage.launch(drillable).await;
    stage.aws.clock.sleep(std::time::Duration::from_mins(2)).await;
    let theirs = Theirs { selection: "ALL", tag: drillable, warning: "PT10M", ..Theirs::default() };
    let plan = stage.plan_of(&stage.theirs(theirs).await).await;
    assert_eq!(plan.words(), "ungrouped 1");
    stage.launch(drillable).await;
    stage.aws.clock.sleep(std::time::Duration::from_mins(2)).await;
    let drilled = stage.drill_of(plan).await;
    assert_eq!(drilled.verdict.verdict, Outcome::Failed);
    assert_eq!(drilled.verdict.reasons[0].as_str(), "FIS chose 2 instances, more than the 1 confirmed");
    assert!(drilled.has(|what| matches!(what, What::StopSent { .. })));
    let seen = drilled.verdict.interrupted.len() + drilled.verdict.not_observed.len();
    assert_eq!(seen, 2, "what becomes of both is watched");
}

#[tokio::test(start_paused = true)]
async fn an_instance_outside_of_the_confirmed_group_stops_the_experiment() {
    let drillable = "tags = { drillable = \"yes\" }\n";
    let other = format!(
        "[[group]]\nkind = \"auto-scaling-group\"\nname = \"db\"\ncount = 2\nreplaces = \"termination\"\n{drillable}"
    );
    let stage = Stage::of(2, &other).await;
    stage.launch(("drillable", "yes")).await;
    stage.aws.clock.sleep(std::time::Duration::from_mins(2)).await;
    let id = stage.theirs(Theirs { tag: ("drillable", "yes"), warning: "PT10M", ..Theirs::default() }).await;
    for _ in 0..20 {
        let plan = stage.plan_of(&id).await;
        if plan.subject() != "db" {
            continue; // previews hit nothing: ask until FIS comes to the instance that is alone
        }
        let drilled = stage.drill_of(plan).await;
        if let Some(What::OthersChosen { chosen }) = chosen(&drilled)
            && chosen[0].group.name.as_str() != "db"
        {
            assert!(drilled.verdict.reasons[0].contains("outside of what was confirmed"), "{:?}", drilled.verdict);
            assert!(drilled.has(|what| matches!(what, What::StopSent { .. })));
            return;
        }
    }
    panic!("FIS never chose outside of the group");
}

#[tokio::test(start_paused = true)]
async fn a_start_whose_answer_is_lost_is_found_by_its_tag_and_happens_once() {
    // the first two starts are previews, whose experiments are of the same template
    let lost = "[[fault]]\noperation = \"fis:StartExperiment\"\nkind = \"delay\"\ndelay = 60\nfrom = 3\ntimes = 3\n";
    let stage = Stage::of(4, lost).await;
    let id = stage.theirs(Theirs::default()).await;
    stage.previewed(&id).await;
    let drilled = stage.drill_of(stage.plan_of(&id).await).await;
    assert!(drilled.has(|what| matches!(what, What::OrderUnanswered { order: OrderName::StartExperiment, .. })));
    assert_eq!(drilled.verdict.verdict, Outcome::Held, "{:?}", drilled.verdict.reasons);
    let experiments = stage.experiments(&id).await;
    assert_eq!(experiments.len(), 3);
    let ours = experiments.iter().filter(|summary| summary.tags().unwrap().contains_key(DRILL_TAG));
    let ours: Vec<_> = ours.map(|summary| summary.id().unwrap()).collect();
    let [ours] = ours[..] else { panic!("{ours:?}") };
    assert!(
        drilled.has(|what| matches!(what, What::ExperimentStarted { experiment, .. } if experiment.as_str() == ours))
    );
}

#[tokio::test(start_paused = true)]
async fn a_start_that_never_arrived_is_not_taken_for_a_preview() {
    let lost = "[[fault]]\noperation = \"fis:StartExperiment\"\nkind = \"error\"\nfrom = 2\n";
    let stage = Stage::of(4, lost).await;
    let id = stage.theirs(Theirs::default()).await;
    let drilled = stage.drill_of(stage.plan_of(&id).await).await;
    assert!(drilled.has(|what| matches!(what, What::ExperimentNotFound { .. })));
    assert_eq!(drilled.verdict.verdict, Outcome::Refused, "{:?}", drilled.verdict.reasons);
    assert_eq!(stage.made("DELETE "), 0);
}

#[tokio::test(start_paused = true)]
async fn what_resolves_to_nothing_is_told_in_fis_words() {
    let stage = Stage::of(2, "").await;
    let id = stage.theirs(Theirs { tag: ("drillable", "yes"), ..Theirs::default() }).await;
    let existing = stage.aws.template(&id).await.unwrap();
    let error = stage.aws.preview(&existing).await.unwrap_err();
    let text = error.to_string();
    assert_eq!(error.kind, Kind::Refused);
    assert!(text.starts_with("could not preview the FIS template: its experiment EXP"), "{text}");
    assert!(text.contains("failed: Target resolution returned empty set"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_template_that_was_changed_since_the_preview_is_not_started() {
    let stage = Stage::of(4, "").await;
    let id = stage.theirs(Theirs::default()).await;
    let plan = stage.plan_of(&id).await;
    let call = aws_sdk_fis::Client::new(&stage.sdk).update_experiment_template().id(id.as_str());
    call.description("the same, says its owner").send().await.unwrap();
    let refused = stage.start(plan).await.unwrap_err();
    assert!(matches!(&refused, NotStarted::TemplateChanged { template } if *template == id), "{refused}");
    assert_eq!(stage.experiments(&id).await.len(), 1, "the preview alone");
}

/// The lock takes its time, and the template is changed meanwhile: after the last look before the start.
#[tokio::test(start_paused = true)]
async fn a_template_that_was_changed_between_the_last_look_and_the_start_is_not_started() {
    let slow = "[[fault]]\noperation = \"ssm:PutParameter\"\nkind = \"delay\"\ndelay = 5\ntimes = 1\n";
    let stage = Stage::of(4, slow).await;
    let id = stage.theirs(Theirs::default()).await;
    let plan = stage.plan_of(&id).await;
    let before = stage.experiments(&id).await.len();
    let change = async {
        stage.aws.clock.sleep(std::time::Duration::from_secs(3)).await;
        let call = aws_sdk_fis::Client::new(&stage.sdk).update_experiment_template().id(id.as_str());
        call.description("all of web").send().await.unwrap();
    };
    let (drilled, ()) = tokio::join!(stage.drill_of(plan), change);
    let withheld = |what: &What| matches!(what, What::OrderWithheld { order: OrderName::StartExperiment, .. });
    assert!(drilled.has(withheld), "{:?}", drilled.verdict.reasons);
    assert_eq!(drilled.verdict.verdict, Outcome::Refused);
    assert!(drilled.verdict.reasons[0].contains("was changed or replaced"), "{:?}", drilled.verdict.reasons);
    assert_eq!(stage.experiments(&id).await.len(), before, "it was started");
}

#[tokio::test(start_paused = true)]
async fn read_only_refuses_a_preview_before_it_is_sent() {
    let stage = Stage::open(scenario(2, ""), true).await;
    let id = stage.theirs(Theirs::default()).await;
    let existing = stage.aws.template(&id).await.unwrap();
    let error = stage.aws.preview(&existing).await.unwrap_err();
    assert_eq!(error.kind, Kind::ReadOnly, "{error}");
    assert_eq!(stage.experiments(&id).await.len(), 0);
}

/// Takes the drill up as its journal has it, and follows it to its end.
async fn come_back_to(stage: &Stage, journal: &std::path::Path) -> Drilled {
    let record = Record::read(journal).unwrap();
    stage.to_the_end(take_up(&stage.aws, &stage.ways, &record.path, false, None).await.unwrap(), |_| false).await
}

/// Leaves a drill of the template at the first fact for which that holds.
async fn left_at(stage: &Stage, id: &TemplateId, leave: impl Fn(&What) -> bool) -> std::path::PathBuf {
    let mut running = stage.start(stage.plan_of(id).await).await.unwrap();
    while let Some(told) = running.told.recv().await {
        if matches!(told, Told::Recorded(entry) if leave(&entry.fact.what)) {
            break;
        }
    }
    running.conductor.abort();
    assert!(running.conductor.await.unwrap_err().is_cancelled());
    running.journal
}

#[tokio::test(start_paused = true)]
async fn a_drill_that_was_left_before_fis_chose_is_taken_up() {
    let stage = Stage::of(4, "").await;
    let id = stage.theirs(Theirs::default()).await;
    for _ in 0..8 {
        let journal = left_at(&stage, &id, |what| matches!(what, What::ExperimentStarted { .. })).await;
        let drilled = come_back_to(&stage, &journal).await;
        assert_eq!(drilled.verdict.verdict, Outcome::Held, "{:?}", drilled.verdict.reasons);
        if let Some(What::OthersChosen { chosen }) = chosen(&drilled) {
            assert_eq!(drilled.verdict.interrupted, [chosen[0].id.clone()]);
            return;
        }
    }
    panic!("FIS chose as in its preview eight times");
}

#[tokio::test(start_paused = true)]
async fn a_drill_that_was_left_before_its_start_was_answered_finds_its_own_experiment() {
    let stage = Stage::of(4, "").await;
    let id = stage.theirs(Theirs::default()).await;
    let journal = left_at(&stage, &id, |what| matches!(what, What::ExperimentStarted { .. })).await;
    let written = std::fs::read_to_string(&journal).unwrap();
    let until_confirmed: String = written.split_inclusive('\n').take(4).collect();
    std::fs::write(&journal, until_confirmed).unwrap();
    let drilled = come_back_to(&stage, &journal).await;
    assert_eq!(drilled.verdict.verdict, Outcome::Held, "{:?}", drilled.verdict.reasons);
    assert_eq!(stage.experiments(&id).await.len(), 2, "the preview and the drill, once");
}

/// A server that does not know `actionsMode`: it says nothing of it.
#[derive(Clone, Debug)]
struct Deaf(SharedHttpClient);

#[derive(Clone, Debug)]
struct DeafConnector(SharedHttpConnector);

impl HttpClient for Deaf {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(DeafConnector(self.0.http_connector(settings, components)))
    }
}

impl HttpConnector for DeafConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let answer = self.0.call(request);
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            let body = answer.take_body().collect().await.unwrap().to_bytes();
            let text =
                String::from_utf8_lossy(&body).replace(r#""actionsMode":"skip-all""#, r#""actionsMode":"run-all""#);
            *answer.body_mut() = SdkBody::from(text);
            Ok(answer)
        })
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_skip_the_actions_is_stopped_at_once() {
    let stage = Stage::of(4, "").await;
    let id = stage.theirs(Theirs::default()).await;
    let keys = stage.sdk.credentials_provider().unwrap().provide_credentials().await.unwrap();
    let way = Way::Lab {
        url: String::from("http://127.0.0.1:1"),
        region: stage.aws.region.clone(),
        access_key: keys.access_key_id().to_owned(),
        secret_key: keys.secret_access_key().to_owned(),
    };
    let http_client = Some(SharedHttpClient::new(Deaf(stage.sdk.http_client().unwrap())));
    let deaf = connect(Connection {
        way,
        read_only: false,
        accounts: Vec::new(),
        clock: stage.aws.clock.clone(),
        http_client,
        credentials: None,
    })
    .await
    .unwrap();
    let existing = deaf.template(&id).await.unwrap();
    let error = deaf.preview(&existing).await.unwrap_err().to_string();
    assert!(error.contains("does not say that it skips the actions, so experiment EXP"), "{error}");
    assert!(error.contains("was asked to stop"), "{error}");
    let experiments = stage.experiments(&id).await;
    let [only] = &experiments[..] else { panic!("{experiments:?}") };
    let status = only.state().unwrap().status().unwrap();
    assert!(matches!(status, fis::ExperimentStatus::Stopping | fis::ExperimentStatus::Stopped), "{status:?}");
}
