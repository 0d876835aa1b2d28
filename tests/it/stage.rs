//! A lab in process and everything that a drill needs around it, under paused time; every call is counted.

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use jiff::Timestamp;
use spotdrill::{
    aws::{Aws, Connection, LogGroups, Way, connect},
    clock::Clock,
    drill::{
        fact::{ConfirmedBy, Entry, Source, What},
        guard,
        plan::{Plan, Selection, Wish},
        verdict::Verdict,
        warning::Warning,
    },
    lab::{Lab, in_process, scenario::Scenario},
    probe::Prober,
    run::{
        conductor::Told,
        start::{NotStarted, Running, Ways, start},
    },
    text::SafeText,
};

pub(crate) struct Stage {
    pub(crate) aws: Aws,
    pub(crate) ways: Ways,
    calls: Calls,
    /// As the SDK's own clients see the lab: for what others do in the account.
    pub(crate) sdk: aws_types::SdkConfig,
    _journals: tempfile::TempDir,
}

impl Stage {
    pub(crate) async fn named(scenario: &str) -> Self {
        Self::open(Scenario::named(scenario).unwrap(), false).await
    }

    /// A region with one Auto Scaling group `web` of that size, and these other parts of a scenario.
    pub(crate) async fn of(count: usize, parts: &str) -> Self {
        Self::open(scenario(count, parts), false).await
    }

    pub(crate) async fn open(scenario: Scenario, read_only: bool) -> Self {
        Self::through(scenario, read_only, |lab| lab).await
    }

    /// With something between the program and the lab.
    pub(crate) async fn through(
        scenario: Scenario,
        read_only: bool,
        between: impl FnOnce(SharedHttpClient) -> SharedHttpClient,
    ) -> Self {
        let clock = Clock::rated("2026-11-22T12:00:00Z".parse().unwrap(), 1.0);
        let lab = Lab::open(scenario, clock.clone(), 1);
        let inner = between(in_process::client(&lab));
        let calls = Calls { inner, clock: clock.clone(), made: Arc::default() };
        let way = Way::Lab {
            url: String::from("http://127.0.0.1:1"),
            region: lab.region(),
            access_key: lab.access_key().to_owned(),
            secret_key: lab.secret().to_owned(),
        };
        let credentials = Credentials::new(lab.access_key(), lab.secret(), None, None, "test");
        let sdk = aws_types::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .region(aws_config::Region::new(lab.region()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url("http://127.0.0.1:1")
            .http_client(in_process::client(&lab))
            .sleep_impl(TokioSleep::new())
            .time_source(aws_smithy_async::time::StaticTimeSource::new(clock.now().into()))
            .build();
        let http_client = Some(SharedHttpClient::new(calls.clone()));
        let aws = connect(Connection { way, read_only, clock, http_client, credentials: None }).await.unwrap();
        let journals = tempfile::tempdir().unwrap();
        let ways = Ways {
            journals: journals.path().join("drills"),
            groups: LogGroups {
                lambda: String::from("/aws/lambda/send-slack-spot-event"),
                events: String::from("/aws/events/spotdrill"),
            },
            fis_role: String::from("spot-fis-test"),
            settle_seconds: 600,
            prober: Prober::default(),
            endpoint: None,
            user: SafeText::new("tester"),
            host: SafeText::new("here"),
            take_over: Vec::new(),
        };
        Self { aws, ways, calls, sdk, _journals: journals }
    }

    pub(crate) async fn plan(&self, group: &str, selection: Selection, warn: &str) -> Plan {
        let fleet = self.aws.fleet(|_| ()).await.unwrap();
        let warning: Warning = warn.parse().unwrap();
        guard::plan(&fleet, &Wish { group: Some(group.to_owned()), selection, warning, seed: 1 }).unwrap()
    }

    pub(crate) async fn start(&self, plan: Plan) -> Result<Running, NotStarted> {
        let words = plan.words();
        start(&self.aws, &self.ways, plan, words, ConfirmedBy::Yes).await
    }

    /// A whole drill, from its start to its verdict.
    pub(crate) async fn drill(&self, group: &str, selection: Selection, warn: &str) -> Drilled {
        let plan = self.plan(group, selection, warn).await;
        let running = self.start(plan).await.unwrap();
        self.to_the_end(running, |_| false).await
    }

    /// Listens to the end; asks for a stop at the first fact for which `stop_at` says so.
    pub(crate) async fn to_the_end(&self, mut running: Running, stop_at: impl Fn(&Entry) -> bool) -> Drilled {
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(told) = running.told.recv().await {
            let Told::Recorded(entry) = told else { continue };
            if stop_at(&entry) {
                running.stopper.stop(SafeText::new("tester"));
            }
            entries.push(entry);
        }
        let journal = spotdrill::journal::Record::read(&running.journal).unwrap();
        assert_eq!(
            (&journal.entries, journal.state),
            (&entries, spotdrill::journal::State::default()),
            "the journal says what was told"
        );
        Drilled { entries, verdict: running.conductor.await.unwrap() }
    }

    /// The time of each call so far, and which it was.
    pub(crate) fn calls(&self) -> Vec<(Timestamp, String)> {
        self.calls.made.lock().unwrap().clone()
    }
}

pub(crate) fn scenario(count: usize, parts: &str) -> Scenario {
    let text = format!(
        "description = \"x\"\nregion = \"eu-west-1\"\n{parts}\n[[group]]\nkind = \"auto-scaling-group\"\nname = \"web\"\n\
         count = {count}\nreplaces = \"termination\"\n"
    );
    Scenario::parse("test", &text).unwrap()
}

/// A drill that is over.
pub(crate) struct Drilled {
    pub(crate) entries: Vec<Entry>,
    pub(crate) verdict: Verdict,
}

impl Drilled {
    /// When that happened to the first instance that it happened to, by the word of that source.
    pub(crate) fn at(&self, source: Source, wanted: impl Fn(&What) -> bool) -> Option<Timestamp> {
        let found = self.entries.iter().find(|entry| entry.fact.source == source && wanted(&entry.fact.what));
        found.map(|entry| entry.fact.at)
    }

    pub(crate) fn has(&self, wanted: impl Fn(&What) -> bool) -> bool {
        self.entries.iter().any(|entry| wanted(&entry.fact.what))
    }
}

/// Counts what goes to the lab.
#[derive(Clone)]
struct Calls {
    inner: SharedHttpClient,
    clock: Clock,
    made: Arc<Mutex<Vec<(Timestamp, String)>>>,
}

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Calls")
    }
}

impl HttpClient for Calls {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.http_connector(settings, components);
        SharedHttpConnector::new(Counting { calls: self.clone(), inner })
    }
}

#[derive(Debug)]
struct Counting {
    calls: Calls,
    inner: SharedHttpConnector,
}

impl HttpConnector for Counting {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().map(String::from_utf8_lossy).unwrap_or_default();
        let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
        let target = request.headers().get("x-amz-target").or(action).unwrap_or_default();
        let call = format!("{} {} {target}", request.method(), request.uri());
        self.calls.made.lock().unwrap().push((self.calls.clock.now(), call));
        self.inner.call(request)
    }
}
