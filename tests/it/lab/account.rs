//! An account that is set up, one where nothing is, and who may do what in them.

use aws_sdk_cloudformation::types::{Capability, ChangeSetType, Parameter, Stack, StackDriftDetectionStatus};
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_iam::types::{ContextEntry, EvaluationResult};
use serde_json::{Value, json};

use super::*;

const STACK: &str = include_str!("../../../assets/stack.yaml");
const OPERATOR: &str = include_str!("../../../assets/iam/operator.json");
const SETUP: &str = include_str!("../../../assets/iam/setup.json");
const ACCOUNT: &str = "arn:aws:iam::000000000000";

/// A region with the clients that setting up and looking after takes.
struct Account {
    region: Region,
    stacks: aws_sdk_cloudformation::Client,
    events: aws_sdk_eventbridge::Client,
    iam: aws_sdk_iam::Client,
    functions: aws_sdk_lambda::Client,
    secrets: aws_sdk_secretsmanager::Client,
    quotas: aws_sdk_servicequotas::Client,
    alarms: aws_sdk_cloudwatch::Client,
}

impl Account {
    fn named(scenario: &str) -> Self {
        Self::of(Scenario::named(scenario).unwrap())
    }

    fn of(scenario: Scenario) -> Self {
        let region = Region::of(scenario);
        let lab = &region.lab;
        Self {
            stacks: client!(aws_sdk_cloudformation, lab, lab.access_key(), REGION),
            events: client!(aws_sdk_eventbridge, lab, lab.access_key(), REGION),
            iam: client!(aws_sdk_iam, lab, lab.access_key(), REGION),
            functions: client!(aws_sdk_lambda, lab, lab.access_key(), REGION),
            secrets: client!(aws_sdk_secretsmanager, lab, lab.access_key(), REGION),
            quotas: client!(aws_sdk_servicequotas, lab, lab.access_key(), REGION),
            alarms: client!(aws_sdk_cloudwatch, lab, lab.access_key(), REGION),
            region,
        }
    }

    /// The stack by its name, or by its id once it is deleted.
    async fn stack(&self, name: &str) -> Stack {
        self.stacks.describe_stacks().stack_name(name).send().await.unwrap().stacks()[0].clone()
    }

    async fn status(&self, name: &str) -> String {
        self.stack(name).await.stack_status().unwrap().as_str().to_owned()
    }

    /// A change set of the stack, once it is worked out.
    async fn change_set(&self, name: &str, kind: ChangeSetType, template: &str) -> Result<Status, Refusal> {
        let parameter =
            Parameter::builder().parameter_key("SlackSecretName").parameter_value("spotdrill/slack-webhook");
        let call = self.stacks.create_change_set().stack_name("spotdrill").change_set_name(name).change_set_type(kind);
        let call = call.template_body(template).capabilities(Capability::CapabilityNamedIam);
        call.parameters(parameter.build()).send().await.map_err(|error| Refusal::of(&error))?;
        self.region.pass(30).await;
        let set = self.stacks.describe_change_set().stack_name("spotdrill").change_set_name(name).send().await.unwrap();
        let change = |change: &aws_sdk_cloudformation::types::Change| {
            let change = change.resource_change().unwrap();
            let scope = change.scope().iter().map(aws_sdk_cloudformation::types::ResourceAttribute::as_str);
            let words = [change.action().unwrap().as_str(), change.logical_resource_id().unwrap()];
            let replacement = change.replacement().map(aws_sdk_cloudformation::types::Replacement::as_str);
            words.into_iter().chain(replacement).chain(scope).collect::<Vec<_>>().join(" ")
        };
        Ok((set.status().unwrap().as_str().to_owned(), set.changes().iter().map(change).collect()))
    }

    async fn execute(&self, name: &str) {
        self.stacks.execute_change_set().stack_name("spotdrill").change_set_name(name).send().await.unwrap();
    }

    async fn delete(&self) {
        self.stacks.delete_stack().stack_name("spotdrill").send().await.unwrap();
    }

    /// What each resource is said to be by a detection of drift, by logical id.
    async fn drift(&self) -> (String, Vec<(String, String)>) {
        let begun = self.stacks.detect_stack_drift().stack_name("spotdrill").send().await.unwrap();
        let detection = begun.stack_drift_detection_id().unwrap();
        self.region.pass(30).await;
        let call = self.stacks.describe_stack_drift_detection_status().stack_drift_detection_id(detection);
        let told = call.send().await.unwrap();
        assert_eq!(told.detection_status(), Some(&StackDriftDetectionStatus::DetectionComplete));
        let found = self.stacks.describe_stack_resource_drifts().stack_name("spotdrill").send().await.unwrap();
        let found = found.stack_resource_drifts().iter().map(|one| {
            let status = one.stack_resource_drift_status().unwrap().as_str();
            (one.logical_resource_id().unwrap().to_owned(), status.to_owned())
        });
        (told.stack_drift_status().unwrap().as_str().to_owned(), found.collect())
    }

    async fn put_event(&self, source: &str) -> Result<String, Refusal> {
        let entry = PutEventsRequestEntry::builder().source(source).detail_type("spotdrill self-test").detail("{}");
        let put = self.events.put_events().entries(entry.build()).send().await.map_err(|error| Refusal::of(&error))?;
        assert_eq!(put.failed_entry_count(), 0);
        Ok(put.entries()[0].event_id().unwrap().to_owned())
    }

    /// What a simulation says of an action of a role, on each of the resources.
    async fn simulated(
        &self,
        role: &str,
        action: &str,
        on: &[&str],
        context: &[(&str, &str)],
    ) -> Vec<EvaluationResult> {
        let entry = |(key, value): &(&str, &str)| {
            ContextEntry::builder().context_key_name(*key).context_key_values(*value).build()
        };
        let call = self.iam.simulate_principal_policy().policy_source_arn(role).action_names(action);
        let call = call.set_resource_arns(Some(on.iter().map(|&arn| arn.to_owned()).collect()));
        let call = call.set_context_entries(Some(context.iter().map(entry).collect()));
        call.send().await.unwrap().evaluation_results().to_vec()
    }
}

/// A change set's status, and each of its changes in words.
type Status = (String, Vec<String>);

/// Someone with exactly a policy that the project ships.
fn with_policy(policy: &str, scenario: &str) -> Account {
    let mut scenario = Scenario::named(scenario).unwrap();
    let placeholders = [
        ("<partition>", "aws"),
        ("<region>", REGION),
        ("<account>", "000000000000"),
        ("<stack>", "spotdrill"),
        ("<prefix>", "spotdrill"),
        ("<fis-role>", "spot-fis-test"),
        ("<function>", "send-slack-spot-event"),
        ("<rule>", "spot-event"),
        ("<secret>", "spotdrill/slack-webhook"),
    ];
    let policy = placeholders.iter().fold(policy.to_owned(), |text, (name, value)| text.replace(name, value));
    scenario.operator_policy = Some(policy);
    Account::of(scenario)
}

fn lab_arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:000000000000:{resource}")
}

#[tokio::test(start_paused = true)]
async fn the_account_is_set_up_and_has_a_history() {
    let account = Account::named("tiny");
    let stack = account.stack("spotdrill").await;
    assert_eq!(stack.stack_status().unwrap().as_str(), "CREATE_COMPLETE");
    let tag = &stack.tags()[0];
    assert_eq!((stack.tags().len(), tag.key(), tag.value()), (1, Some("spotdrill"), Some("spotdrill")));
    let parameter = stack.parameters().iter().find(|one| one.parameter_key() == Some("SlackSecretName"));
    assert_eq!(parameter.unwrap().parameter_value(), Some("spotdrill/slack-webhook"));
    let output = |key: &str| {
        let found = stack.outputs().iter().find(|output| output.output_key() == Some(key));
        found.map(|output| output.output_value().unwrap().to_owned())
    };
    assert_eq!(output("FisRoleArn").unwrap(), format!("{ACCOUNT}:role/spot-fis-test"));
    assert_eq!((output("EventLogGroup").as_deref(), output("ExperimentTemplateId")), (Some(EVENTS), None));
    let events = account.stacks.describe_stack_events().stack_name("spotdrill").send().await.unwrap();
    let (newest, oldest) = (&events.stack_events()[0], events.stack_events().last().unwrap());
    for (event, status) in [(newest, "CREATE_COMPLETE"), (oldest, "CREATE_IN_PROGRESS")] {
        let told = (event.logical_resource_id(), event.resource_status().unwrap().as_str());
        assert_eq!(told, (Some("spotdrill"), status));
    }
    let resources = account.stacks.describe_stack_resources().stack_name("spotdrill").send().await.unwrap();
    assert_eq!(resources.stack_resources().len(), 9);
    let made = |one: &aws_sdk_cloudformation::types::StackResource| {
        one.resource_status().unwrap().as_str() == "CREATE_COMPLETE" && one.physical_resource_id().is_some()
    };
    assert!(resources.stack_resources().iter().all(made), "{resources:?}");
    let function = account.functions.get_function_configuration().function_name("send-slack-spot-event");
    let function = function.send().await.unwrap();
    let state = (function.state().unwrap().as_str(), function.last_update_status().unwrap().as_str());
    assert_eq!((state, function.runtime().unwrap().as_str()), (("Active", "Successful"), "python3.13"));
    assert_eq!(function.role(), Some(&*format!("{ACCOUNT}:role/send-slack-spot-event-eu-west-1")));
    let secret = account.secrets.describe_secret().secret_id("spotdrill/slack-webhook").send().await.unwrap();
    assert_eq!((secret.tags()[0].key(), secret.tags()[0].value()), (Some("spotdrill"), Some("spotdrill")));
}

#[tokio::test(start_paused = true)]
async fn drift_is_none_but_what_somebody_deleted() {
    let mut scenario = Scenario::named("default").unwrap();
    scenario.stack.parameters = vec![("Nodegroup".to_owned(), "web-spot".to_owned())];
    let (whole, resources) = Account::of(scenario).drift().await;
    assert_eq!((whole.as_str(), resources.len()), ("IN_SYNC", 10), "{resources:?}");
    assert!(resources.iter().all(|(_, status)| status == "IN_SYNC"), "{resources:?}");
    let (whole, resources) = Account::named("no-handler").drift().await;
    let left: Vec<_> = resources.iter().filter(|(_, status)| status == "IN_SYNC").map(|(name, _)| &**name).collect();
    assert_eq!((whole.as_str(), resources.len(), left), ("DRIFTED", 9, vec!["FisRole", "FunctionRole"]));
    assert!(resources.iter().all(|(_, status)| status == "IN_SYNC" || status == "DELETED"), "{resources:?}");
}

#[tokio::test(start_paused = true)]
async fn a_self_test_is_logged_and_told_by_its_id() {
    let account = Account::named("default");
    let id = account.put_event("spotdrill.selftest").await.unwrap();
    account.region.pass(20).await;
    let logged = account.region.messages(EVENTS, "").await;
    let [event] = logged.as_slice() else { panic!("{logged:?}") };
    let event: Value = serde_json::from_str(event).unwrap();
    assert_eq!((&event["id"], &event["source"]), (&json!(id), &json!("spotdrill.selftest")));
    let lines = account.region.messages(FUNCTION, "").await;
    let line: Value = serde_json::from_str(lines.iter().find(|line| line.starts_with('{')).unwrap()).unwrap();
    assert_eq!((&line["event"], &line["message"]), (&json!(id), &json!("posted to Slack, status 200")));
}

#[tokio::test(start_paused = true)]
async fn what_is_not_there_is_said_to_be_missing() {
    for account in [Account::named("bare"), with_policy(OPERATOR, "bare")] {
        let secret = account.secrets.describe_secret().secret_id("spotdrill/slack-webhook").send().await;
        let refusal = Refusal::of(&secret.unwrap_err());
        assert!(refusal.is(400, "ResourceNotFoundException"), "{refusal:?}");
        let role = Refusal::of(&account.iam.get_role().role_name("spot-fis-test").send().await.unwrap_err());
        assert!(role.is(404, "NoSuchEntity"), "{role:?}");
        let stack = Refusal::of(&account.stacks.describe_stacks().stack_name("spotdrill").send().await.unwrap_err());
        assert!(stack.is(400, "ValidationError"), "{stack:?}");
        assert_eq!(stack.message, "Stack with id spotdrill does not exist");
        let rule = Refusal::of(&account.events.describe_rule().name("spot-event").send().await.unwrap_err());
        assert!(rule.is(400, "ResourceNotFoundException"), "{rule:?}");
        let function = account.functions.get_function_configuration().function_name("send-slack-spot-event");
        let function = Refusal::of(&function.send().await.unwrap_err());
        assert!(function.is(404, "ResourceNotFoundException"), "{function:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_operators_policy_is_enough_for_a_drill_and_its_checks() {
    let account = with_policy(OPERATOR, "default");
    let Account { region, stacks, events, iam, functions, secrets, quotas, alarms } = &account;
    let victim = region.first_spot().await;
    let template = region.template(&[&victim], "PT5M", "t").await.unwrap();
    let experiment = region.start(&template, "s").await.unwrap();
    let others = Refusal::of(&region.fis.stop_experiment().id(&experiment).send().await.unwrap_err());
    assert!(others.is(403, "AccessDeniedException"), "without the tag of a drill: {others:?}");
    let template_arn = lab_arn("fis", &format!("experiment-template/{template}"));
    let experiment_arn = lab_arn("fis", &format!("experiment/{experiment}"));
    Refusal::of(&region.fis.delete_experiment_template().id(&template).send().await.unwrap_err());
    for arn in [&template_arn, &experiment_arn] {
        region.fis.tag_resource().resource_arn(arn).tags("spotdrill:drill", "d").send().await.unwrap();
    }
    region.fis.stop_experiment().id(&experiment).send().await.unwrap();
    region.fis.delete_experiment_template().id(&template).send().await.unwrap();
    region.fis.list_experiments().send().await.unwrap();
    region.fis.get_action().id("aws:ec2:send-spot-instance-interruptions").send().await.unwrap();
    region.fis.get_safety_lever().id("default").send().await.unwrap();
    region.logs.filter_log_events().log_group_name(EVENTS).send().await.unwrap();
    region
        .logs
        .start_live_tail()
        .log_group_identifiers(lab_arn("logs", &format!("log-group:{EVENTS}")))
        .send()
        .await
        .unwrap();
    region.logs.describe_log_groups().send().await.unwrap();
    region.logs.describe_resource_policies().send().await.unwrap();

    account.put_event("spotdrill.selftest").await.unwrap();
    let refusal = account.put_event("aws.other").await.unwrap_err();
    assert!(refusal.is(400, "AccessDeniedException"), "{refusal:?}");
    for rule in ["spot-event", "spotdrill-events"] {
        events.describe_rule().name(rule).send().await.unwrap();
        events.list_targets_by_rule().rule(rule).send().await.unwrap();
    }
    let name = "send-slack-spot-event";
    functions.get_function_configuration().function_name(name).send().await.unwrap();
    functions.get_policy().function_name(name).send().await.unwrap();
    let secret = "spotdrill/slack-webhook";
    secrets.describe_secret().secret_id(secret).send().await.unwrap();
    let refusal = Refusal::of(&secrets.get_secret_value().secret_id(secret).send().await.unwrap_err());
    assert!(refusal.is(400, "AccessDeniedException"), "{refusal:?}");
    quotas.get_service_quota().service_code("fis").quota_code("L-F3F4B54A").send().await.unwrap();
    alarms.describe_alarms().send().await.unwrap();
    for role in ["spot-fis-test", "send-slack-spot-event-eu-west-1"] {
        iam.get_role().role_name(role).send().await.unwrap();
        let policies = iam.list_role_policies().role_name(role).send().await.unwrap();
        iam.get_role_policy().role_name(role).policy_name(&policies.policy_names()[0]).send().await.unwrap();
        iam.list_attached_role_policies().role_name(role).send().await.unwrap();
    }
    assert_eq!(account.drift().await.0, "IN_SYNC");
    stacks.describe_stack_resources().stack_name("spotdrill").send().await.unwrap();
    let refusal = Refusal::of(&stacks.delete_stack().stack_name("spotdrill").send().await.unwrap_err());
    assert!(refusal.is(403, "AccessDenied"), "{refusal:?}");
}

#[tokio::test(start_paused = true)]
async fn the_policy_for_it_is_enough_to_set_up_and_tear_down() {
    let account = with_policy(SETUP, "bare");
    let Account { stacks, secrets, iam, .. } = &account;
    let (name, id) = ("spotdrill/slack-webhook", "spotdrill");
    let missing = Refusal::of(&secrets.describe_secret().secret_id(name).send().await.unwrap_err());
    assert!(missing.is(400, "ResourceNotFoundException"), "{missing:?}");
    let tag = aws_sdk_secretsmanager::types::Tag::builder().key("spotdrill").value(id).build();
    secrets.create_secret().name(name).secret_string("https://hooks.slack.com/x").tags(tag).send().await.unwrap();
    secrets.put_secret_value().secret_id(name).secret_string("https://hooks.slack.com/y").send().await.unwrap();
    let refusal = Refusal::of(&secrets.create_secret().name("other").secret_string("x").send().await.unwrap_err());
    assert!(refusal.is(400, "AccessDeniedException"), "{refusal:?}");

    account.change_set("one", ChangeSetType::Create, STACK).await.unwrap();
    let set = stacks.describe_change_set().stack_name(id).change_set_name("one").send().await.unwrap();
    let arn = set.change_set_id().unwrap();
    assert_eq!(stacks.describe_change_set().change_set_name(arn).send().await.unwrap().changes().len(), 9);
    stacks.execute_change_set().change_set_name(arn).send().await.unwrap();
    account.region.pass(300).await;
    assert_eq!(account.status(id).await, "CREATE_COMPLETE");
    stacks.describe_stack_events().stack_name(id).send().await.unwrap();
    stacks.get_template().stack_name(id).send().await.unwrap();
    iam.get_role().role_name("spot-fis-test").send().await.unwrap();
    let other = stacks.describe_stacks().stack_name("other").send().await;
    assert!(Refusal::of(&other.unwrap_err()).is(403, "AccessDenied"));
    let arn = account.stack(id).await.stack_id().unwrap().to_owned();
    account.delete().await;
    account.region.pass(300).await;
    assert_eq!(account.status(&arn).await, "DELETE_COMPLETE");
    secrets.delete_secret().secret_id(name).send().await.unwrap();
    secrets.restore_secret().secret_id(name).send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_simulation_judges_conditions_by_the_context_that_it_is_given() {
    let account = with_policy(OPERATOR, "default");
    let role = format!("{ACCOUNT}:role/lab-operator");
    let experiments =
        [lab_arn("fis", "experiment/EXP1"), lab_arn("fis", "experiment/EXP2"), "arn:aws:s3:::b".to_owned()];
    let experiments: Vec<_> = experiments.iter().map(String::as_str).collect();
    let decisions = |results: &[EvaluationResult]| -> Vec<String> {
        results.iter().map(|one| one.eval_decision().as_str().to_owned()).collect()
    };
    let untagged = account.simulated(&role, "fis:StopExperiment", &experiments, &[]).await;
    assert_eq!(decisions(&untagged), ["implicitDeny"; 3]);
    assert!(untagged[0].missing_context_values().contains(&"aws:ResourceTag/spotdrill:drill".to_owned()));
    let tag = ("aws:ResourceTag/spotdrill:drill", "d");
    let tagged = account.simulated(&role, "fis:StopExperiment", &experiments, &[tag]).await;
    assert_eq!(decisions(&tagged), ["allowed", "allowed", "implicitDeny"]);
    assert_eq!(tagged.iter().map(|one| one.eval_resource_name().unwrap()).collect::<Vec<_>>(), experiments);
    let bus = lab_arn("events", "event-bus/default");
    let (fis, linked) = (
        format!("{ACCOUNT}:role/spot-fis-test"),
        format!("{ACCOUNT}:role/aws-service-role/fis.amazonaws.com/AWSServiceRoleForFIS"),
    );
    for (action, resource, key, good, bad) in [
        ("events:PutEvents", &bus, "events:source", "spotdrill.selftest", "aws.ec2"),
        ("iam:PassRole", &fis, "iam:PassedToService", "fis.amazonaws.com", "ec2.amazonaws.com"),
        ("iam:CreateServiceLinkedRole", &linked, "iam:AWSServiceName", "fis.amazonaws.com", "spot.amazonaws.com"),
    ] {
        for (context, decision) in
            [(vec![(key, good)], "allowed"), (vec![(key, bad)], "implicitDeny"), (vec![], "implicitDeny")]
        {
            let results = account.simulated(&role, action, &[resource], &context).await;
            assert_eq!(decisions(&results), [decision], "{action} {context:?}");
        }
    }
    let missing = account.iam.simulate_principal_policy().policy_source_arn(format!("{ACCOUNT}:role/none"));
    let refusal = Refusal::of(&missing.action_names("ec2:RunInstances").send().await.unwrap_err());
    assert!(refusal.is(404, "NoSuchEntity"), "{refusal:?}");

    let account = Account::named("default");
    let trust = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"fis.amazonaws.com"},"Action":"sts:AssumeRole"}}"#;
    let allow = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:*","Resource":"*"}}"#;
    let new = account.iam.create_role().role_name("nested").path("/teams/shop/").assume_role_policy_document(trust);
    let arn = new.send().await.unwrap().role().unwrap().arn().to_owned();
    account.iam.put_role_policy().role_name("nested").policy_name("p").policy_document(allow).send().await.unwrap();
    assert_eq!(arn, format!("{ACCOUNT}:role/teams/shop/nested"));
    assert_eq!(decisions(&account.simulated(&arn, "ec2:RunInstances", &["*"], &[]).await), ["allowed"]);
}

#[tokio::test(start_paused = true)]
async fn a_stack_in_review_can_be_reviewed_again_and_deleted() {
    let account = Account::named("bare");
    let (status, changes) = account.change_set("one", ChangeSetType::Create, STACK).await.unwrap();
    assert_eq!((status.as_str(), changes.len()), ("CREATE_COMPLETE", 9));
    assert_eq!(account.status("spotdrill").await, "REVIEW_IN_PROGRESS");
    account.change_set("two", ChangeSetType::Create, STACK).await.unwrap();
    let id = account.stack("spotdrill").await.stack_id().unwrap().to_owned();
    let refusal = account.change_set("three", ChangeSetType::Update, STACK).await.unwrap_err();
    assert!(refusal.is(400, "ValidationError"), "{refusal:?}");
    assert_eq!(refusal.message, format!("Stack:{id} is in REVIEW_IN_PROGRESS state and can not be updated."));
    account.delete().await;
    account.region.pass(60).await;
    assert_eq!(account.status(&id).await, "DELETE_COMPLETE");
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_is_being_made_can_be_deleted_and_not_changed() {
    let account = Account::named("bare");
    account.change_set("one", ChangeSetType::Create, STACK).await.unwrap();
    account.execute("one").await;
    account.region.pass(25).await;
    let id = account.stack("spotdrill").await.stack_id().unwrap().to_owned();
    assert_eq!(account.status("spotdrill").await, "CREATE_IN_PROGRESS");
    let refusal = account.change_set("two", ChangeSetType::Update, STACK).await.unwrap_err();
    assert_eq!(refusal.message, format!("Stack:{id} is in CREATE_IN_PROGRESS state and can not be updated."));
    account.delete().await;
    assert_eq!(account.status("spotdrill").await, "DELETE_IN_PROGRESS");
    let refusal = account.change_set("three", ChangeSetType::Create, STACK).await.unwrap_err();
    assert!(refusal.message.starts_with("Stack [spotdrill] already exists and cannot be created again"), "{refusal:?}");
    account.region.pass(300).await;
    assert_eq!(account.status(&id).await, "DELETE_COMPLETE");
    assert_eq!(account.region.logs.describe_log_groups().send().await.unwrap().log_groups(), []);
    assert_eq!(account.iam.list_roles().send().await.unwrap().roles().len(), 1, "the operator's alone");
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_was_rolled_back_can_only_be_deleted() {
    let mut scenario = Scenario::named("bare").unwrap();
    scenario.operator_deny = vec!["lambda:CreateFunction".to_owned()];
    let account = Account::of(scenario);
    account.change_set("one", ChangeSetType::Create, STACK).await.unwrap();
    account.execute("one").await;
    account.region.pass(600).await;
    let stack = account.stack("spotdrill").await;
    assert_eq!(stack.stack_status().unwrap().as_str(), "ROLLBACK_COMPLETE");
    let id = stack.stack_id().unwrap();
    let events = account.stacks.describe_stack_events().stack_name("spotdrill").send().await.unwrap();
    let failed = events.stack_events().iter().find(|event| {
        event.logical_resource_id() == Some("Function") && event.resource_status().unwrap().as_str() == "CREATE_FAILED"
    });
    let reason = failed.unwrap().resource_status_reason().unwrap();
    let function = lab_arn("lambda", "function:send-slack-spot-event");
    let sentence = format!(
        "User: arn:aws:sts::000000000000:assumed-role/lab-operator/spotdrill is not authorized to perform: \
         lambda:CreateFunction on resource: {function} with an explicit deny in an identity-based policy"
    );
    assert!(reason.contains(&sentence) && reason.ends_with("HandlerErrorCode: AccessDenied)"), "{reason}");
    let refusal = account.change_set("two", ChangeSetType::Update, STACK).await.unwrap_err();
    assert!(refusal.is(400, "ValidationError"), "{refusal:?}");
    assert_eq!(refusal.message, format!("Stack:{id} is in ROLLBACK_COMPLETE state and can not be updated."));
    let refusal = account.change_set("two", ChangeSetType::Create, STACK).await.unwrap_err();
    let words = "Stack [spotdrill] already exists and cannot be created again with the changeSet [two].";
    assert_eq!(refusal.message, words);
    account.delete().await;
    account.region.pass(300).await;
    assert_eq!(account.status(id).await, "DELETE_COMPLETE");
}

#[tokio::test(start_paused = true)]
async fn what_a_deletion_failed_on_can_be_retained() {
    let account = Account::named("default");
    let id = account.stack("spotdrill").await.stack_id().unwrap().to_owned();
    let allow = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"ec2:*","Resource":"*"}}"#;
    let put = account.iam.put_role_policy().role_name("spot-fis-test").policy_name("somebody");
    put.policy_document(allow).send().await.unwrap();
    account.delete().await;
    account.region.pass(300).await;
    assert_eq!(account.status(&id).await, "DELETE_FAILED");
    let refusal = account.change_set("one", ChangeSetType::Update, STACK).await.unwrap_err();
    assert_eq!(refusal.message, format!("Stack:{id} is in DELETE_FAILED state and can not be updated."));
    account.stacks.delete_stack().stack_name("spotdrill").retain_resources("FisRole").send().await.unwrap();
    account.region.pass(300).await;
    assert_eq!(account.status(&id).await, "DELETE_COMPLETE");
    account.iam.get_role().role_name("spot-fis-test").send().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn log_groups_are_kept_by_a_policy_that_comes_with_metadata() {
    let account = Account::named("tiny");
    let kept = STACK.replace("DeletionPolicy: Delete", "DeletionPolicy: Retain");
    let (status, changes) = account.change_set("alone", ChangeSetType::Update, &kept).await.unwrap();
    assert_eq!((status.as_str(), changes.len()), ("FAILED", 0));
    let set = account.stacks.describe_change_set().stack_name("spotdrill").change_set_name("alone");
    let reason = set.send().await.unwrap().status_reason().unwrap().to_owned();
    assert!(reason.starts_with("The submitted information didn't contain changes."), "{reason}");
    let kept = kept.replace("DeletionPolicy: Retain", "DeletionPolicy: Retain\n    Metadata: {kept: true}");
    let (status, changes) = account.change_set("kept", ChangeSetType::Update, &kept).await.unwrap();
    let modified = ["Modify EventLog False Metadata", "Modify FunctionLog False Metadata"];
    assert_eq!((status.as_str(), changes), ("CREATE_COMPLETE", modified.map(str::to_owned).to_vec()));
    account.execute("kept").await;
    account.region.pass(60).await;
    assert_eq!(account.status("spotdrill").await, "UPDATE_COMPLETE");
    let id = account.stack("spotdrill").await.stack_id().unwrap().to_owned();
    account.delete().await;
    account.region.pass(300).await;
    assert_eq!(account.status(&id).await, "DELETE_COMPLETE");
    let resources = account.stacks.describe_stack_resources().stack_name(&id).send().await.unwrap();
    let skipped =
        resources.stack_resources().iter().filter(|one| one.resource_status().unwrap().as_str() == "DELETE_SKIPPED");
    assert_eq!(skipped.map(|one| one.logical_resource_id().unwrap()).collect::<Vec<_>>(), ["EventLog", "FunctionLog"]);
    let groups = account.region.logs.describe_log_groups().send().await.unwrap();
    let names: Vec<_> = groups.log_groups().iter().map(|group| group.log_group_name().unwrap()).collect();
    assert_eq!(names, [EVENTS, FUNCTION]);
    account.iam.get_role().role_name("spot-fis-test").send().await.unwrap_err();
}
