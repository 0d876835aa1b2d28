//! Credentials that are had anew when they run out or AWS takes them no more: files that were rewritten, an SSO login, a
//! role assumed again. Knows when to read, and nothing of where.

use std::{
    fmt,
    sync::{
        Arc,
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
use futures_util::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

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
    held: Arc<Mutex<Option<Held>>>,
}

#[derive(Debug)]
struct Held {
    credentials: Credentials,
    read: Timestamp,
}

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
        Self { reader, clock, refused: Arc::default(), held: Arc::default() }
    }

    async fn provide(&self) -> Result<Credentials, CredentialsError> {
        let mut held = self.held.lock().await;
        let now = self.clock.now();
        if let Some(held) = &*held {
            let lasts = held.credentials.expiry().and_then(|end| Timestamp::try_from(end).ok());
            let runs_out = lasts.is_some_and(|end| end.duration_since(now) < BEFORE_THE_END);
            let just_read = now.duration_since(held.read).abs() < PAUSE;
            if just_read || !runs_out && !self.refused.load(Ordering::Relaxed) {
                return Ok(held.credentials.clone());
            }
        }
        match self.reader.read().await {
            Ok(credentials) => {
                self.refused.store(false, Ordering::Relaxed);
                *held = Some(Held { credentials: credentials.clone(), read: now });
                Ok(credentials)
            }
            // a file that is just being written, a token that is not refreshed yet: what is there still does
            Err(error) => match &*held {
                Some(still) if self.still_good(&still.credentials) => Ok(still.credentials.clone()),
                _ => Err(error),
            },
        }
    }

    fn still_good(&self, credentials: &Credentials) -> bool {
        let end = credentials.expiry().and_then(|end| Timestamp::try_from(end).ok());
        !self.refused.load(Ordering::Relaxed) && end.is_none_or(|end| end > self.clock.now())
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
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Mutex as StdMutex, time::SystemTime};

    use super::*;

    type Machine = Arc<StdMutex<(Option<Credentials>, u32)>>;

    /// A machine whose credentials a test sets, and how often they were read.
    fn renewed(first: Option<Credentials>) -> (Renewed, Machine, Clock) {
        let machine: Machine = Arc::new(StdMutex::new((first, 0)));
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
        machine.lock().unwrap().0 = Some(key("NEW", None));
        assert_eq!(given(&renewed).await.as_deref(), Some("NEW"));
        renewed.refused.store(true, Ordering::Relaxed);
        machine.lock().unwrap().0 = None;
        clock.sleep(Duration::from_secs(3)).await;
        assert_eq!(given(&renewed).await, None);
    }
}
