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
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;
use jiff::Timestamp;
use spotdrill::{
    aws::{Aws, Connection, LogGroups, Way, connect, credentials::Reader},
    clock::{Clock, Machine},
    drill::{
        fact::{ConfirmedBy, Entry, Source, What},
        guard::{
            self,
            circumstances::{Alarm, Circumstances},
            overriding::{Overridable, Override},
        },
        plan::{Plan, Selection, Wish},
        verdict::Verdict,
        warning::Warning,
    },
    lab::{Lab, in_process, scenario::Scenario},
    probe::Prober,
    run::{
        around::look_around,
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
        Self::client(&lab, inner, clock, read_only, Otherwise::default()).await
    }

    /// A client of a lab that may have others.
    pub(crate) async fn at(lab: &Arc<Lab>, clock: Clock, mut otherwise: Otherwise) -> Self {
        let inner = otherwise.between.take().unwrap_or_else(|| in_process::client(lab));
        Self::client(lab, inner, clock, false, otherwise).await
    }

    async fn client(
        lab: &Arc<Lab>,
        inner: SharedHttpClient,
        clock: Clock,
        read_only: bool,
        otherwise: Otherwise,
    ) -> Self {
        let Otherwise { machine, credentials, bend, .. } = otherwise;
        let as_aws = machine.is_some();
        let calls = Calls { inner, clock: clock.clone(), made: Arc::default(), bend, as_aws };
        let own_clock = machine.map_or_else(|| clock.clone(), Clock::of);
        let way = Way::Lab {
            url: String::from("http://127.0.0.1:1"),
            region: lab.region(),
            access_key: lab.access_key().to_owned(),
            secret_key: lab.secret().to_owned(),
        };
        let keys = Credentials::new(lab.access_key(), lab.secret(), None, None, "test");
        let sdk = aws_types::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .region(aws_config::Region::new(lab.region()))
            .credentials_provider(SharedCredentialsProvider::new(keys))
            .endpoint_url("http://127.0.0.1:1")
            .http_client(in_process::client(lab))
            .sleep_impl(TokioSleep::new())
            .time_source(aws_smithy_async::time::StaticTimeSource::new(clock.now().into()))
            .build();
        let http_client = Some(SharedHttpClient::new(calls.clone()));
        let aws =
            connect(Connection { way, read_only, accounts: Vec::new(), clock: own_clock, http_client, credentials })
                .await
                .unwrap();
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
            lab_inside: false,
            stop_alarm: None,
            stack: String::from("spotdrill"),
            cool_down: jiff::SignedDuration::from_mins(5),
            user: SafeText::new("tester"),
            host: SafeText::new("here"),
            take_over: Vec::new(),
        };
        Self { aws, ways, calls, sdk, _journals: journals }
    }

    pub(crate) async fn plan(&self, group: &str, selection: Selection, warn: &str) -> Plan {
        let fleet = self.aws.fleet(|_| ()).await.unwrap();
        let warning: Warning = warn.parse().unwrap();
        let group = Some(group.to_owned());
        let wish = Wish { group, selection, warning, seed: 1, gap: 60, overrides: because(), earlier: Vec::new() };
        guard::plan(&fleet, &wish, &look_around(&self.aws, &self.ways, None).await).unwrap()
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

    /// A drill of one instance that comes as far as that fact, and is left there as a kill would leave it.
    pub(crate) async fn left_at(&self, warn: &str, at: impl Fn(&What) -> bool) -> Running {
        let mut running = self.start(self.plan("web", Selection::Count(1), warn).await).await.unwrap();
        while let Some(told) = running.told.recv().await {
            if matches!(told, Told::Recorded(entry) if at(&entry.fact.what)) {
                break;
            }
        }
        running.conductor.abort();
        let _ = (&mut running.conductor).await; // the journal is let go of with it
        running
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

/// Nothing around a drill stands against it, in the account of the examples.
pub(crate) fn fine(now: Timestamp) -> Circumstances {
    let alarm = Alarm {
        arn: SafeText::new("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop-errors"),
        name: SafeText::new("shop-errors"),
        state: Ok(Some(SafeText::new("OK"))),
    };
    Circumstances {
        now,
        accounts: vec![SafeText::new("123456789012")],
        lever: Ok(None),
        alarm: Ok(Some(alarm)),
        role: Ok(None),
        credentials: Ok(None),
        skew: Ok(jiff::SignedDuration::ZERO),
        others: Ok(Vec::new()),
        in_doubt: Vec::new(),
        never_asked: Vec::new(),
        unsteady: Vec::new(),
        cool_down: jiff::SignedDuration::from_mins(5),
    }
}

/// The groups of the tests are small, and no alarm is set up: what can be overridden is.
pub(crate) fn because() -> Vec<Override> {
    Overridable::ALL.map(|guard| Override { guard, reason: SafeText::new("a test of something else") }).to_vec()
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

/// How a client differs from one that has the lab's own key and follows its clock.
#[derive(Default)]
pub(crate) struct Otherwise {
    /// It goes by this machine's clock and AWS's `Date` alone.
    pub(crate) machine: Option<Machine>,
    pub(crate) credentials: Option<Reader>,
    /// What becomes of an answer on its way, unless it is a stream.
    pub(crate) bend: Option<Bend>,
    /// What it goes to the lab through, if not straight.
    pub(crate) between: Option<SharedHttpClient>,
}

pub(crate) type Bend = Arc<dyn Fn(&mut Exchange<'_>) + Send + Sync>;

/// A request, and the answer that is on its way.
pub(crate) struct Exchange<'a> {
    /// As in [`Stage::calls`].
    pub(crate) call: &'a str,
    /// When it was signed, by its own word: `20261122T120000Z`.
    pub(crate) signed: &'a str,
    pub(crate) status: u16,
    pub(crate) body: String,
}

/// Counts what goes to the lab.
#[derive(Clone)]
struct Calls {
    bend: Option<Bend>,
    as_aws: bool,
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
        self.calls.made.lock().unwrap().push((self.calls.clock.now(), call.clone()));
        let signed = request.headers().get("x-amz-date").unwrap_or_default().to_owned();
        let (bend, as_aws, answer) = (self.calls.bend.clone(), self.calls.as_aws, self.inner.call(request));
        HttpConnectorFuture::new(async move {
            let mut answer = answer.await?;
            for of_the_lab in ["x-spotdrill-lab-rate", "x-spotdrill-lab-time"].iter().filter(|_| as_aws) {
                answer.headers_mut().remove(*of_the_lab);
            }
            let is_stream = answer.headers().get("content-type").is_some_and(|kind| kind.contains("eventstream"));
            let Some(bend) = bend.filter(|_| !is_stream) else { return Ok(answer) };
            let body = answer.take_body().collect().await.map_err(ConnectorError::io)?.to_bytes();
            let mut exchange = Exchange {
                call: &call,
                signed: &signed,
                status: answer.status().as_u16(),
                body: String::from_utf8_lossy(&body).into_owned(),
            };
            bend(&mut exchange);
            let Exchange { status, body, .. } = exchange;
            if status != answer.status().as_u16() {
                answer.headers_mut().remove("x-amzn-errortype");
            }
            *answer.status_mut() = status.try_into().unwrap();
            answer.headers_mut().remove("content-length");
            *answer.body_mut() = SdkBody::from(body);
            Ok(answer)
        })
    }
}
