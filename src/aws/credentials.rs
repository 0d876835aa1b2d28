//! Credentials that are had anew when they run out or AWS takes them no more: files that were rewritten, an SSO login, a
//! role assumed again. Knows when to read, and nothing of where.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use aws_credential_types::{
    Credentials,
    provider::{ProvideCredentials, SharedCredentialsProvider, error::CredentialsError, future},
};
use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::AfterDeserializationInterceptorContextRef, dyn_dispatch_hint},
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use jiff::{SignedDuration, Timestamp};

use crate::clock::Clock;

/// Reads the machine's configuration from the start: the SDK's own chain reads each file once and never again.
#[derive(Clone)]
pub struct Reader(Arc<dyn Fn() -> BoxFuture<'static, Option<SharedCredentialsProvider>> + Send + Sync>);

/// Credentials that this long before their end are asked for anew.
const BEFORE_THE_END: SignedDuration = SignedDuration::from_mins(1);
/// No more than one reading in so much drill time, whoever asks; an assumed role costs a call each.
const PAUSE: SignedDuration = SignedDuration::from_secs(2);
/// The longest that a reading may take, in our time: a command of `credential_process` may wait for somebody's password.
const PATIENCE: Duration = Duration::from_secs(10);

/// Provides what was read last, and reads again where that is of no more use.
#[derive(Clone, Debug)]
pub(super) struct Renewed {
    reader: Reader,
    clock: Clock,
    /// AWS did not take what was read last.
    refused: Arc<AtomicBool>,
    state: Arc<Mutex<State>>,
    /// For stops: what is held is given at once, and nobody waits for a reading, as long as AWS may still take it.
    at_once: bool,
}

#[derive(Debug, Default)]
struct State {
    held: Option<Credentials>,
    /// When a reading last came to an end, and to none if it failed.
    read: Option<(Timestamp, Option<Arc<CredentialsError>>)>,
    /// What is held was not even taken for a stop.
    refused_stop: bool,
    /// One for all who wait. It outlives whoever began it: a call has a time-out of its own.
    reading: Option<Reading>,
}

type Reading = Shared<BoxFuture<'static, Result<Credentials, Arc<CredentialsError>>>>;

impl Reader {
    pub fn new<F>(read: impl Fn() -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<SharedCredentialsProvider>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(read())))
    }

    async fn read(&self) -> Result<Credentials, CredentialsError> {
        let read = async {
            match (self.0)().await {
                Some(provider) => provider.provide_credentials().await,
                None => Err(CredentialsError::not_loaded_no_source()),
            }
        };
        tokio::time::timeout(PATIENCE, read).await.unwrap_or(Err(CredentialsError::provider_timed_out(PATIENCE)))
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

impl Renewed {
    pub(super) fn new(reader: Reader, clock: Clock) -> Self {
        Self { reader, clock, refused: Arc::default(), state: Arc::default(), at_once: false }
    }

    /// The same credentials for a client that can wait for nothing.
    pub(super) fn at_once(&self) -> Self {
        Self { at_once: true, ..self.clone() }
    }

    async fn provide(&self) -> Result<Credentials, CredentialsError> {
        let reading = match self.held_or_reading() {
            Ok(given) => return given,
            Err(reading) => reading,
        };
        reading.await.or_else(|error| self.for_want_of_better(&self.state(), &error))
    }

    /// What there is to give without a reading; else the reading to wait for.
    fn held_or_reading(&self) -> Result<Result<Credentials, CredentialsError>, Reading> {
        let mut state = self.state();
        let now = self.clock.now();
        let just_read = state.read.as_ref().filter(|(at, _)| now.duration_since(*at).abs() < PAUSE);
        if let Some(held) = &state.held {
            let left = end_of(held).map(|end| end.duration_since(now));
            let runs_out = left.is_some_and(|left| left < BEFORE_THE_END);
            let is_good = !runs_out && !self.refused.load(Ordering::Relaxed);
            let does_at_once = self.at_once && !state.refused_stop && left.is_none_or(|left| left.is_positive());
            if is_good || does_at_once || matches!(just_read, Some((_, None))) {
                return Ok(Ok(held.clone()));
            }
        }
        if let Some((_, Some(error))) = just_read {
            return Ok(self.for_want_of_better(&state, error));
        }
        Err(state.reading.get_or_insert_with(|| self.read()).clone())
    }

    fn read(&self) -> Reading {
        let renewed = self.clone();
        let reading = async move {
            let read = renewed.reader.read().await.map_err(Arc::new);
            let mut state = renewed.state();
            state.reading = None;
            state.read = Some((renewed.clock.now(), read.as_ref().err().cloned()));
            if let Ok(credentials) = &read {
                renewed.refused.store(false, Ordering::Relaxed);
                (state.held, state.refused_stop) = (Some(credentials.clone()), false);
            }
            read
        };
        reading.boxed().shared()
    }

    /// A file that is just being written, a token that is not refreshed yet: what is there still does.
    fn for_want_of_better(
        &self,
        state: &State,
        error: &Arc<CredentialsError>,
    ) -> Result<Credentials, CredentialsError> {
        let refused = self.refused.load(Ordering::Relaxed);
        let is_good = |held: &&Credentials| !refused && end_of(held).is_none_or(|end| end > self.clock.now());
        state.held.as_ref().filter(is_good).cloned().ok_or_else(|| same(error))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn end_of(credentials: &Credentials) -> Option<Timestamp> {
    credentials.expiry().and_then(|end| Timestamp::try_from(end).ok())
}

/// The error once more, for each who waited.
fn same(error: &Arc<CredentialsError>) -> CredentialsError {
    match **error {
        CredentialsError::ProviderTimedOut(_) => CredentialsError::provider_timed_out(PATIENCE),
        CredentialsError::CredentialsNotLoaded(_) => CredentialsError::not_loaded(Arc::clone(error)),
        _ => CredentialsError::provider_error(Arc::clone(error)),
    }
}

impl ProvideCredentials for Renewed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }
}

/// The codes by which AWS says that credentials have run out or are not, or no longer, any. Source: the common errors of
/// EC2, STS, FIS and CloudWatch Logs.
pub(super) const RUN_OUT: [&str; 4] =
    ["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"];
pub(super) const NOT_TAKEN: [&str; 6] = [
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "AuthFailure",
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
];

/// No refusal is longer; what it says is not looked for in a whole page of instances.
const LONGEST: usize = 4096;

/// Notes where AWS does not take the credentials, whatever the call was for.
#[dyn_dispatch_hint]
impl Intercept for Renewed {
    fn name(&self) -> &'static str {
        "Renewed"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if response.status().is_client_error() {
            let header = response.headers().get("x-amzn-errortype").unwrap_or_default();
            let body = response.body().bytes().map(|body| body.get(..LONGEST).unwrap_or(body)).unwrap_or_default();
            let said = String::from_utf8_lossy(body);
            let is_said = |code: &&str| header.contains(code) || said.contains(code);
            if RUN_OUT.iter().chain(&NOT_TAKEN).any(is_said) {
                self.refused.store(true, Ordering::Relaxed);
                if self.at_once {
                    self.state().refused_stop = true;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use super::*;

    type Machine = Arc<Mutex<(Option<Credentials>, u32)>>;

    /// A machine whose credentials a test sets, and how often they were read.
    fn renewed(first: Option<Credentials>) -> (Renewed, Machine, Clock) {
        let machine: Machine = Arc::new(Mutex::new((first, 0)));
        let clock = Clock::rated("2026-11-22T12:00:00Z".parse().unwrap(), 1.0);
        let read = Arc::clone(&machine);
        let reader = Reader::new(move || {
            let mut machine = read.lock().unwrap();
            machine.1 += 1;
            std::future::ready(machine.0.clone().map(SharedCredentialsProvider::new))
        });
        (Renewed::new(reader, clock.clone()), machine, clock)
    }

    fn key(name: &str, until: Option<&str>) -> Credentials {
        let until = until.map(|end| SystemTime::from(end.parse::<Timestamp>().unwrap()));
        Credentials::new(name, "secret", None, until, "test")
    }

    async fn given(renewed: &Renewed) -> Option<String> {
        renewed.provide().await.ok().map(|credentials| credentials.access_key_id().to_owned())
    }

    #[tokio::test(start_paused = true)]
    async fn what_aws_refuses_is_read_anew_and_not_more_often_than_it_may() {
        let (renewed, machine, clock) = renewed(Some(key("OLD", None)));
        for _ in 0..50 {
            assert_eq!(given(&renewed).await.as_deref(), Some("OLD"));
            clock.sleep(Duration::from_mins(1)).await;
        }
        assert_eq!(machine.lock().unwrap().1, 1, "good ones are read once");
        machine.lock().unwrap().0 = Some(key("NEW", None));
        assert_eq!(given(&renewed).await.as_deref(), Some("OLD"), "nobody refused them");
        renewed.refused.store(true, Ordering::Relaxed);
        assert_eq!(given(&renewed).await.as_deref(), Some("NEW"));
        for _ in 0..100 {
            renewed.refused.store(true, Ordering::Relaxed);
            given(&renewed).await;
            clock.sleep(Duration::from_millis(100)).await;
        }
        let reads = machine.lock().unwrap().1;
        assert!((5..=8).contains(&reads), "{reads} in ten seconds");
    }

    #[tokio::test(start_paused = true)]
    async fn what_runs_out_is_read_anew_before_its_end_and_used_to_it() {
        let (renewed, machine, clock) = renewed(Some(key("OLD", Some("2026-11-22T12:10:00Z"))));
        assert_eq!(given(&renewed).await.as_deref(), Some("OLD"));
        clock.sleep(Duration::from_secs(9 * 60 + 30)).await;
        machine.lock().unwrap().0 = None;
        assert_eq!(given(&renewed).await.as_deref(), Some("OLD"), "thirty seconds are left of it");
        clock.sleep(Duration::from_secs(3)).await;
        machine.lock().unwrap().0 = Some(key("NEW", None));
        assert_eq!(given(&renewed).await.as_deref(), Some("NEW"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_over_or_refused_is_not_given_for_want_of_better() {
        let (renewed, machine, clock) = renewed(Some(key("OLD", Some("2026-11-22T12:10:00Z"))));
        given(&renewed).await;
        machine.lock().unwrap().0 = None;
        clock.sleep(Duration::from_mins(11)).await;
        assert_eq!(given(&renewed).await, None);
        clock.sleep(Duration::from_secs(3)).await;
        machine.lock().unwrap().0 = Some(key("NEW", None));
        assert_eq!(given(&renewed).await.as_deref(), Some("NEW"));
        renewed.refused.store(true, Ordering::Relaxed);
        machine.lock().unwrap().0 = None;
        clock.sleep(Duration::from_secs(3)).await;
        assert_eq!(given(&renewed).await, None);
    }

    /// A command of `credential_process` that answers once, and hangs from then on.
    fn hanging(until: Option<&str>) -> (Renewed, Arc<Mutex<u32>>, Clock) {
        let clock = Clock::rated("2026-11-22T12:00:00Z".parse().unwrap(), 1.0);
        let reads = Arc::new(Mutex::new(0));
        let (counted, first) = (Arc::clone(&reads), key("OLD", until));
        let reader = Reader::new(move || {
            let mut reads = counted.lock().unwrap();
            *reads += 1;
            let answers = *reads == 1;
            let provider = SharedCredentialsProvider::new(first.clone());
            async move { if answers { Some(provider) } else { std::future::pending().await } }
        });
        (Renewed::new(reader, clock.clone()), reads, clock)
    }

    #[tokio::test(start_paused = true)]
    async fn one_reading_is_for_all_who_wait_and_one_that_failed_is_not_repeated_at_once() {
        let (renewed, reads, clock) = hanging(None);
        given(&renewed).await;
        clock.sleep(Duration::from_secs(5)).await;
        renewed.refused.store(true, Ordering::Relaxed);
        let began = clock.now();
        let first = tokio::time::timeout(Duration::from_secs(1), given(&renewed)).await;
        assert!(first.is_err(), "whoever began it has gone");
        let waiting = (0..20).map(|_| given(&renewed));
        assert!(futures_util::future::join_all(waiting).await.iter().all(Option::is_none));
        assert_eq!(given(&renewed).await, None);
        let waited = clock.now().duration_since(began);
        assert!(waited.as_secs() <= 10 && *reads.lock().unwrap() == 2, "{waited:#}, {reads:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_waits_for_no_reading_while_what_is_held_may_do() {
        for refused in [false, true] {
            let (renewed, reads, clock) = hanging(Some("2026-11-22T12:10:00Z"));
            let stops = renewed.at_once();
            assert_eq!(given(&stops).await.as_deref(), Some("OLD"), "nothing was held");
            clock.sleep(Duration::from_secs(9 * 60 + 30)).await;
            renewed.refused.store(refused, Ordering::Relaxed);
            let began = clock.now();
            let (polled, given) = tokio::join!(given(&renewed), async {
                tokio::task::yield_now().await; // the poll reads already
                (given(&stops).await, clock.now().duration_since(began))
            });
            assert_eq!(given, (Some(String::from("OLD")), SignedDuration::ZERO), "refused: {refused}");
            assert_eq!(polled.is_some(), !refused);
            assert_eq!(*reads.lock().unwrap(), 2);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_over_or_was_refused_to_a_stop_itself_is_read_anew_for_it() {
        let (renewed, machine, clock) = renewed(Some(key("OLD", Some("2026-11-22T12:10:00Z"))));
        let stops = renewed.at_once();
        given(&stops).await;
        machine.lock().unwrap().0 = Some(key("NEW", None));
        clock.sleep(Duration::from_mins(10)).await;
        assert_eq!(given(&stops).await.as_deref(), Some("NEW"));
        machine.lock().unwrap().0 = Some(key("NEWER", None));
        renewed.refused.store(true, Ordering::Relaxed);
        clock.sleep(Duration::from_secs(3)).await;
        assert_eq!(given(&stops).await.as_deref(), Some("NEW"));
        renewed.state().refused_stop = true;
        assert_eq!(given(&stops).await.as_deref(), Some("NEWER"));
    }
}
