//! Credentials, region, endpoint and time-outs: how the clients are made. Knows nothing of what they are used for.

use std::{
    env,
    sync::Arc,
    time::{Duration, SystemTime},
};

use aws_config::{
    BehaviorVersion, Region, SdkConfig, identity::IdentityCache, retry::RetryConfig, timeout::TimeoutConfig,
};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_fis::config::retry::RetryPartition;
use aws_smithy_async::{rt::sleep::TokioSleep, time::TimeSource};
use aws_smithy_http_client::{
    Builder, Connector,
    proxy::ProxyConfig,
    tls::{self, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::service_config::ServiceConfigKey;

use super::{
    Aws,
    credentials::{Reader, Renewed},
    error::{Error, Kind},
    here,
    pace::Pace,
    read_only::{Accounts, Listed, ReadOnly},
    transport::{Following, Unread, WithoutHostPrefix, is_loopback},
};
use crate::{clock::Clock, text::SafeText};

/// Where to connect to.
#[derive(Clone, Debug)]
pub enum Way {
    /// AWS, by the usual chain: environment, profile, SSO, assumed role, instance role.
    Account { profile: Option<String>, region: Option<String> },
    /// A server that speaks AWS's protocols, named on the command line.
    Endpoint { url: String, profile: Option<String>, region: Option<String> },
    /// A lab of our own: nothing of the machine's AWS configuration is read.
    Lab { url: String, region: String, access_key: String, secret_key: String },
}

/// What else the clients are made with.
#[derive(Clone, Debug)]
pub struct Connection {
    pub way: Way,
    /// Refuse every operation that changes something, before it is signed.
    pub read_only: bool,
    /// The accounts that drills may run in: in any other nothing that a drill changes is even signed.
    pub accounts: Vec<SafeText>,
    pub clock: Clock,
    /// Takes the place of the network, where requests are answered in this process.
    pub http_client: Option<SharedHttpClient>,
    /// Takes the place of the machine's credentials, and is read anew when they would be.
    pub credentials: Option<Reader>,
}

/// Makes the clients; reads configuration files and the environment, and calls no service.
pub async fn connect(connection: Connection) -> Result<Aws, Error> {
    let Connection { way, read_only, accounts, clock, http_client, credentials } = connection;
    let connections = || http_client.clone().unwrap_or_else(|| own_connections(&way));
    let (sdk, chain) = match &way {
        Way::Account { profile, region } | Way::Endpoint { profile, region, .. } => {
            let chain = Chain::new(profile.as_ref(), region.as_ref(), connections(), &clock);
            (chain.load().await, Some(chain))
        }
        Way::Lab { region, access_key, secret_key, .. } => {
            (alone(region, access_key, secret_key, connections(), &clock), None)
        }
    };
    let connections_of_stops = connections();
    let profile = chain.as_ref().and_then(Chain::profile);
    let renewed = credentials.or(chain.map(Chain::reader)).map(|reader| Renewed::new(reader, clock.clone()));
    // the SDK would add the skew that it sees to a clock that is AWS's already
    let sdk = sdk.into_builder().disable_clock_skew_correction(true);
    let sdk = match &renewed {
        // what the SDK keeps by itself it keeps for a quarter of an hour, whatever AWS says of it
        Some(renewed) => {
            let provider = SharedCredentialsProvider::new(renewed.clone());
            sdk.credentials_provider(provider).identity_cache(IdentityCache::no_cache())
        }
        None => sdk,
    };
    let sdk = sdk.build();
    if let (Way::Account { .. }, Some(url)) = (&way, overridden_endpoint(&sdk)) {
        return Err(Error::new(
            "connect to AWS",
            Kind::OtherEndpoint,
            &format!("the environment or profile sends its calls to {url}, which is not AWS"),
        ));
    }
    let Some(region) = sdk.region().map(ToString::to_string) else {
        return Err(Error::new("connect to AWS", Kind::NoRegion, "no region is configured"));
    };
    let lab = matches!(way, Way::Lab { .. });
    let listed = Listed { accounts: Accounts::of(accounts), lab, account: Arc::default() };
    let endpoint = match way {
        Way::Account { .. } => None,
        Way::Endpoint { url, .. } | Way::Lab { url, .. } => Some(url),
    };
    let following = Following { clock: clock.clone() };

    macro_rules! client {
        ($service:ident) => {{
            let mut config = $service::config::Builder::from(&sdk).interceptor(following.clone()).interceptor(Unread);
            if let Some(renewed) = &renewed {
                config = config.interceptor(renewed.clone());
            }
            if let Some(url) = &endpoint {
                config = config.endpoint_url(url);
            }
            if read_only {
                config = config.interceptor(ReadOnly);
            }
            config
        }};
    }
    let mut stops = client!(aws_sdk_fis)
        .http_client(connections_of_stops)
        .retry_partition(RetryPartition::custom("stops").build())
        .timeout_config(time_outs_of_stops());
    if let Some(at_once) = renewed.as_ref().map(Renewed::at_once) {
        stops = stops.credentials_provider(at_once.clone()).interceptor(at_once);
    }
    Ok(Aws {
        fis: aws_sdk_fis::Client::from_conf(client!(aws_sdk_fis).interceptor(listed.clone()).build()),
        stops: aws_sdk_fis::Client::from_conf(stops.build()),
        ec2: aws_sdk_ec2::Client::from_conf(client!(aws_sdk_ec2).build()),
        logs: aws_sdk_cloudwatchlogs::Client::from_conf(
            client!(aws_sdk_cloudwatchlogs).interceptor(WithoutHostPrefix).build(),
        ),
        sts: aws_sdk_sts::Client::from_conf(client!(aws_sdk_sts).build()),
        cloudformation: aws_sdk_cloudformation::Client::from_conf(client!(aws_sdk_cloudformation).build()),
        secrets: aws_sdk_secretsmanager::Client::from_conf(client!(aws_sdk_secretsmanager).build()),
        events: aws_sdk_eventbridge::Client::from_conf(client!(aws_sdk_eventbridge).build()),
        iam: aws_sdk_iam::Client::from_conf(client!(aws_sdk_iam).build()),
        lambda: aws_sdk_lambda::Client::from_conf(client!(aws_sdk_lambda).build()),
        cloudwatch: aws_sdk_cloudwatch::Client::from_conf(client!(aws_sdk_cloudwatch).build()),
        quotas: aws_sdk_servicequotas::Client::from_conf(client!(aws_sdk_servicequotas).build()),
        parameters: aws_sdk_ssm::Client::from_conf(client!(aws_sdk_ssm).interceptor(listed.clone()).build()),
        credentials: sdk.credentials_provider(),
        profile,
        account: listed.account,
        accounts: listed.accounts,
        pace: Pace::new(clock.clone()),
        clock,
        region,
    })
}

/// The machine's configuration: what is read, and may be read again.
#[derive(Clone)]
struct Chain {
    profile: Option<String>,
    region: Option<String>,
    http_client: SharedHttpClient,
    clock: Clock,
}

impl Chain {
    fn new(profile: Option<&String>, region: Option<&String>, http_client: SharedHttpClient, clock: &Clock) -> Self {
        Self { profile: profile.cloned(), region: region.cloned(), http_client, clock: clock.clone() }
    }

    async fn load(&self) -> SdkConfig {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(self.http_client.clone())
            .sleep_impl(TokioSleep::new())
            .time_source(DrillTime(self.clock.clone()))
            .timeout_config(time_outs())
            .retry_config(retries());
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &self.region {
            loader = loader.region(Region::new(region.clone()));
        }
        loader.load().await
    }

    fn reader(self) -> Reader {
        Reader::new(move || {
            let chain = self.clone();
            async move { chain.load().await.credentials_provider() }
        })
    }

    /// The profile that a login is for, as far as it has been named.
    fn profile(&self) -> Option<SafeText> {
        let named = self.profile.clone().or_else(|| env::var("AWS_PROFILE").ok());
        named.filter(|name| !name.is_empty()).map(SafeText::new)
    }
}

fn alone(region: &str, access_key: &str, secret_key: &str, http_client: SharedHttpClient, clock: &Clock) -> SdkConfig {
    let credentials = Credentials::new(access_key, secret_key, None, None, "spotdrill-lab");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(http_client)
        .sleep_impl(aws_smithy_async::rt::sleep::SharedAsyncSleep::new(TokioSleep::new()))
        .time_source(aws_smithy_async::time::SharedTimeSource::new(DrillTime(clock.clone())))
        .timeout_config(time_outs())
        .retry_config(retries())
        .build()
}

/// The SDK has no time-out of its own for an attempt or an operation, so a dead VPN would hang a poll for good.
fn time_outs() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(3))
        .operation_attempt_timeout(Duration::from_secs(10))
        .operation_timeout(Duration::from_secs(30))
        .build()
}

/// A stop that is not taken soon is sent once more over another connection.
fn time_outs_of_stops() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(4))
        .operation_timeout(Duration::from_secs(14))
        .build()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(3).with_max_backoff(Duration::from_secs(4))
}

/// Connections that are shared with nothing that was made before.
fn own_connections(way: &Way) -> SharedHttpClient {
    match way {
        Way::Endpoint { url, .. } if url.parse().is_ok_and(|url| is_loopback(&url)) => {
            over_the_network(ProxyConfig::disabled())
        }
        Way::Account { .. } | Way::Endpoint { .. } => over_the_network(ProxyConfig::from_env()),
        Way::Lab { url, .. } => here::only(url),
    }
}

/// HTTPS by rustls with ring; the SDK's own client would pass over the environment's proxy.
fn over_the_network(proxy: ProxyConfig) -> SharedHttpClient {
    Builder::new().build_with_connector_fn(move |settings, _| {
        let mut connector = Connector::builder().proxy_config(proxy.clone());
        connector.set_connector_settings(settings.cloned());
        connector.tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build()
    })
}

/// The services that are called, by their ids: our clients', and those that the SDK has credentials from.
const SERVICES: [&str; 14] = [
    "EC2",
    "fis",
    "CloudWatch Logs",
    "STS",
    "CloudFormation",
    "Secrets Manager",
    "EventBridge",
    "IAM",
    "Lambda",
    "CloudWatch",
    "Service Quotas",
    "SSM",
    "SSO",
    "SSO OIDC",
];

/// An endpoint that the environment or the profile sets, for all services or for one that is called.
fn overridden_endpoint(sdk: &SdkConfig) -> Option<String> {
    let of_service = |id: &str| {
        let key =
            ServiceConfigKey::builder().service_id(id).env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok()?;
        sdk.service_config()?.load_config(key)
    };
    // the SDK looks for `cloudwatch-logs` in a profile, AWS's documentation says `cloudwatch_logs`: whoever wrote either means it
    let of_either = |id: &str| of_service(id).or_else(|| of_service(&id.replace(' ', "_")));
    sdk.endpoint_url().map(str::to_owned).or_else(|| SERVICES.into_iter().find_map(of_either))
}

/// Drill time as the SDK's, so that what it signs is dated by AWS's clock and not by a machine's that is off.
#[derive(Debug)]
struct DrillTime(Clock);

impl TimeSource for DrillTime {
    fn now(&self) -> SystemTime {
        SystemTime::from(self.0.now())
    }
}
