//! AWS as a drill sees it: orders in, facts out. Knows the SDK, whose types never leave this room; knows no screen, no
//! journal and no lab.

pub mod bus;
pub mod change_set;
pub mod cloudformation;
pub mod connect;
pub mod credentials;
mod drills;
mod ec2;
pub mod error;
mod events;
pub mod experiments;
mod finding;
mod fis;
pub mod function;
mod function_log;
mod here;
pub mod identity;
mod inventory;
pub mod leftovers;
pub mod lock;
pub mod log_group;
mod logs;
mod pace;
mod read_only;
pub mod region;
pub mod resource_policy;
pub mod role;
mod secret;
mod targeting;
mod templates;
mod transport;
mod watch;

use std::sync::{Arc, OnceLock};

use aws_config::retry::RetryConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use jiff::Timestamp;

pub use connect::{Connection, Way, connect};
pub use error::{Error, Kind};
pub use identity::Identity;
pub use transport::is_loopback;
pub use watch::{LogGroups, Look, Watcher};

use crate::{clock::Clock, text::SafeText};

/// A connected account and region (or a lab, or another server that speaks AWS's protocols).
#[derive(Clone, Debug)]
pub struct Aws {
    fis: aws_sdk_fis::Client,
    /// For stops alone: connections, time-outs and a right to retry of its own, so that no stop stands behind polls that
    /// are stalled or throttled. The credentials are those that the polls keep fresh, and no reading of them is waited for.
    stops: aws_sdk_fis::Client,
    ec2: aws_sdk_ec2::Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    sts: aws_sdk_sts::Client,
    cloudformation: aws_sdk_cloudformation::Client,
    secrets: aws_sdk_secretsmanager::Client,
    events: aws_sdk_eventbridge::Client,
    iam: aws_sdk_iam::Client,
    lambda: aws_sdk_lambda::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    quotas: aws_sdk_servicequotas::Client,
    parameters: aws_sdk_ssm::Client,
    credentials: Option<SharedCredentialsProvider>,
    /// The profile that is logged in to, where one was named.
    profile: Option<SafeText>,
    pub clock: Clock,
    pub region: String,
    /// The account, once a call has told it.
    account: Arc<OnceLock<SafeText>>,
    accounts: read_only::Accounts,
    pace: pace::Pace,
}

impl Aws {
    /// The same account, where each call that a drill makes is tried once.
    #[must_use = "the account itself tries as before"]
    pub fn with_single_tries(&self) -> Self {
        let once = RetryConfig::disabled();
        macro_rules! client {
            ($service:ident, $client:expr) => {
                $service::Client::from_conf($client.config().to_builder().retry_config(once.clone()).build())
            };
        }
        Self {
            fis: client!(aws_sdk_fis, self.fis),
            ec2: client!(aws_sdk_ec2, self.ec2),
            logs: client!(aws_sdk_cloudwatchlogs, self.logs),
            sts: client!(aws_sdk_sts, self.sts),
            ..self.clone()
        }
    }

    /// Waits until one more call keeps the pace.
    pub async fn turn(&self) {
        self.pace.turn().await;
    }

    /// Counts a call that does not wait for its turn.
    pub fn out_of_turn(&self) {
        self.pace.count();
    }
}

/// A time of the SDK's as one of ours.
fn timestamp(time: &aws_smithy_types::DateTime) -> Option<Timestamp> {
    // FIS's fractions of a second come as floating-point numbers: below a millisecond they say nothing
    Timestamp::from_millisecond(time.to_millis().ok()?).ok()
}
