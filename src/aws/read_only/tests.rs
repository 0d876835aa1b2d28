use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};

use super::READING;
use crate::{
    aws::{Aws, Connection, Error, Kind, Way, connect},
    clock::Clock,
    figure::figure,
    text::SafeText,
};

/// Counts what would go out, and lets nothing through.
#[derive(Clone, Default)]
struct Wall(Arc<AtomicUsize>);

impl fmt::Debug for Wall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wall")
    }
}

impl HttpClient for Wall {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for Wall {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        self.0.fetch_add(1, Ordering::SeqCst);
        HttpConnectorFuture::ready(Err(ConnectorError::user("the wall".into())))
    }
}

/// A lab of our own, where anything may be changed that read-only mode lets pass.
async fn behind(wall: &Wall, read_only: bool) -> Aws {
    let (access_key, secret_key) = (String::from("key"), String::from("secret"));
    let (url, region) = (String::from("http://127.0.0.1:1"), String::from("eu-west-1"));
    at(Way::Lab { url, region, access_key, secret_key }, wall, read_only).await
}

/// A server whose account is not known.
async fn of_nobody(wall: &Wall, read_only: bool) -> Aws {
    let (url, region) = (String::from("http://127.0.0.1:1"), Some(String::from("eu-west-1")));
    at(Way::Endpoint { url, profile: None, region }, wall, read_only).await
}

async fn at(way: Way, wall: &Wall, read_only: bool) -> Aws {
    let http_client = Some(SharedHttpClient::new(wall.clone()));
    connect(Connection { way, read_only, accounts: Vec::new(), clock: Clock::wall(), http_client, credentials: None })
        .await
        .unwrap()
}

/// What came of each call: by client and operation, how it failed. None of them is given any input.
type Called = BTreeMap<(&'static str, &'static str), Kind>;

/// Calls each of these operations; a new one is one more word.
macro_rules! call {
    ($aws:expr, $called:expr, $($client:ident: $($operation:ident),+;)+) => {
        $($(
            let answer = $aws.$client.$operation().send().await;
            let error = Error::of("call it", &answer.map(drop).unwrap_err());
            $called.insert((stringify!($client), stringify!($operation)), error.kind);
        )+)+
    };
}

async fn what_changes(aws: &Aws) -> Called {
    let mut called = Called::new();
    call! { aws, called,
        cloudformation: create_change_set, delete_change_set, delete_stack, execute_change_set;
        events: put_events;
        fis: create_experiment_template, delete_experiment_template, start_experiment, stop_experiment;
        logs: delete_log_group;
        parameters: delete_parameter, put_parameter;
        stops: stop_experiment;
        secrets: create_secret, delete_secret, put_secret_value, restore_secret;
    }
    called
}

async fn what_reads(aws: &Aws) -> Called {
    let mut called = Called::new();
    call! { aws, called,
        cloudformation: describe_change_set, describe_stack_drift_detection_status, describe_stack_events, describe_stack_resource_drifts, describe_stack_resources, describe_stacks, detect_stack_drift, get_template, list_change_sets, list_stacks;
        cloudwatch: describe_alarms;
        ec2: describe_instances, describe_spot_instance_requests;
        events: describe_rule, list_tags_for_resource, list_targets_by_rule;
        fis: get_action, get_experiment, get_experiment_template, get_safety_lever, list_experiment_resolved_targets, list_experiment_templates, list_experiments;
        iam: get_role, get_role_policy, list_account_aliases, list_attached_role_policies, list_role_policies, simulate_principal_policy;
        lambda: get_function, get_function_configuration, get_policy;
        logs: describe_log_groups, describe_resource_policies, filter_log_events, list_tags_for_resource, start_live_tail;
        parameters: get_parameter, get_parameters_by_path;
        quotas: get_service_quota;
        stops: get_experiment, list_experiments;
        secrets: describe_secret;
        sts: get_caller_identity;
    }
    called
}

/// The clients that the program has, and every operation that it calls of them: read off the source, so that none is
/// forgotten.
fn used() -> (BTreeSet<String>, BTreeSet<(String, String)>) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let aws = fs::read_to_string(root.join("aws.rs")).unwrap();
    let clients: BTreeSet<_> = aws
        .lines()
        .filter(|line| line.trim_end().ends_with("::Client,") && line.contains(": aws_sdk_"))
        .map(|line| line.trim().split(':').next().unwrap().to_owned())
        .collect();
    let mut operations = BTreeSet::new();
    for file in fs::read_dir(root.join("aws")).unwrap().map(|file| file.unwrap().path()) {
        if file.extension().is_none_or(|kind| kind != "rs") {
            continue;
        }
        let code = fs::read_to_string(&file).unwrap();
        let code: String = code.lines().map(|line| line.split("//").next().unwrap().trim()).collect();
        for client in &clients {
            // whoever holds a client without calling it at once would not be seen
            for held in [format!("&self.{client};"), format!("&aws.{client};"), format!("self.{client}.clone()")] {
                assert!(!code.contains(&held), "{} holds the client {client}", file.display());
            }
            let (own, given) = (format!("self.{client}."), format!("aws.{client}."));
            for part in code.split(&own).skip(1).chain(code.split(&given).skip(1)) {
                let operation: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if operation != "clone" && part[operation.len()..].starts_with('(') {
                    operations.insert((client.clone(), operation));
                }
            }
        }
    }
    (clients, operations)
}

fn camel(operation: &str) -> String {
    let big = |word: &str| word[..1].to_uppercase() + &word[1..];
    operation.split('_').map(big).collect()
}

#[tokio::test(start_paused = true)]
async fn what_changes_is_refused_before_a_byte_is_sent() {
    let wall = Wall::default();
    let aws = behind(&wall, true).await;
    let changing = what_changes(&aws).await;
    let passed: Vec<_> = changing.iter().filter(|(_, kind)| **kind != Kind::ReadOnly).collect();
    let (refused, sent) = (changing.len() - passed.len(), wall.0.load(Ordering::SeqCst));
    figure(
        "changes in read-only mode",
        format_args!("{} operations, {refused} of them refused, {sent} requests sent", changing.len()),
    );
    assert!(passed.is_empty(), "{passed:?}");
    assert_eq!(sent, 0, "something was sent");
    let refused: Called = what_reads(&aws).await.into_iter().filter(|(_, kind)| *kind == Kind::ReadOnly).collect();
    assert_eq!(refused, Called::new(), "what only reads is refused");
    let open = Wall::default();
    let aws = behind(&open, false).await;
    let refused: Vec<_> = what_changes(&aws).await.into_values().filter(|kind| *kind == Kind::ReadOnly).collect();
    assert!(refused.is_empty() && open.0.load(Ordering::SeqCst) > 0, "the wall is no wall");
}

#[tokio::test(start_paused = true)]
async fn every_operation_that_the_program_calls_is_tried_here() {
    let aws = behind(&Wall::default(), true).await;
    let (changing, reading) = (what_changes(&aws).await, what_reads(&aws).await);
    let tried: BTreeSet<_> =
        changing.keys().chain(reading.keys()).map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
    let (clients, used) = used();
    assert!(clients.len() >= 11 && used.len() >= 50, "the source is read wrongly: {clients:?} {used:?}");
    let unlike: Vec<_> = tried.symmetric_difference(&used).collect();
    assert!(unlike.is_empty(), "called and not tried here, or the other way round: {unlike:?}");
    let reads: BTreeSet<_> = reading.keys().map(|(_, operation)| camel(operation)).collect();
    assert_eq!(reads, READING.iter().map(|name| (*name).to_owned()).collect(), "the table is what is called");
}

#[tokio::test(start_paused = true)]
async fn in_an_account_that_is_not_listed_nothing_that_a_drill_changes_is_sent_but_a_stop() {
    let refused = |called: Called| -> BTreeSet<_> {
        called.into_iter().filter(|(_, kind)| *kind == Kind::NotListed).map(|(call, _)| call).collect()
    };
    let wanted = BTreeSet::from([
        ("fis", "create_experiment_template"),
        ("fis", "delete_experiment_template"),
        ("fis", "start_experiment"),
        ("fis", "stop_experiment"),
        ("parameters", "delete_parameter"),
        ("parameters", "put_parameter"),
    ]);
    let nobody = of_nobody(&Wall::default(), false).await;
    assert_eq!(refused(what_changes(&nobody).await), wanted, "whose account it is is not known");
    assert_eq!(refused(what_reads(&nobody).await), BTreeSet::new());
    let other = of_nobody(&Wall::default(), false).await;
    other.account.set(SafeText::new("123456789012")).unwrap();
    other.allow(SafeText::new("999999999999"));
    assert_eq!(refused(what_changes(&other).await), wanted);
    other.allow(SafeText::new("123456789012"));
    assert_eq!(refused(what_changes(&other).await), BTreeSet::new());
    let lab = of_nobody(&Wall::default(), false).await;
    lab.account.set(SafeText::new("000000000000")).unwrap();
    assert_eq!(refused(what_changes(&lab).await), BTreeSet::new());
}
