//! `doctor`: everything that a drill needs, looked at at once, each look bounded in time. Knows the checks and how to run them;
//! what each means is said where it is made.

mod account;
mod deployed;
mod health;
mod logs;
mod permissions;
mod roles;

use std::{future::Future, pin::Pin, time::Duration};

use futures_util::{StreamExt, stream};

use crate::{
    aws::{Aws, Error, Identity, Kind},
    doctor::{Area, Finding, Report},
    stack::{
        Stack,
        names::{Names, Usual},
        policy::Place,
        status::Standing,
    },
};

pub use health::health;

/// How long one check may take, in our time: the SDK gives up a call after thirty seconds, which is too long to watch.
const PATIENCE: Duration = Duration::from_secs(20);
/// So many checks run at once: an account's rate limits are shared.
const AT_ONCE: usize = 6;

/// A change set compares templates, so `setup` alone does not see what was changed or deleted by hand.
const ANEW: &str =
    "Make the stack anew, for an update does not see what was changed by hand:\nspotdrill teardown\nspotdrill setup";

/// What the checks are about.
#[derive(Clone, Debug)]
struct Patient {
    aws: Aws,
    identity: Identity,
    /// By which ARN IAM knows the caller.
    principal: String,
    place: Place,
    stack: Option<Stack>,
    /// The role that drills are run with: a name or an ARN.
    fis_role: String,
}

impl Patient {
    fn names(&self) -> &Names {
        &self.place.names
    }

    /// The stack, if it is whole.
    fn whole_stack(&self) -> Option<&Stack> {
        self.stack.as_ref().filter(|stack| stack.standing() == Standing::Ready)
    }
}

type Look = Pin<Box<dyn Future<Output = Vec<Finding>> + Send>>;

/// One check: what it is about, should it not come to its end, and the looking.
struct Check {
    area: Area,
    name: String,
    look: Look,
}

fn check(area: Area, name: impl Into<String>, look: impl Future<Output = Vec<Finding>> + Send + 'static) -> Check {
    Check { area, name: name.into(), look: Box::pin(look) }
}

/// Examines the account and region; `machine` is what was found of this machine, `progress` is told how many checks are done
/// of how many.
pub async fn examine(
    aws: &Aws,
    usual: &Usual,
    machine: Vec<Finding>,
    mut progress: impl FnMut(usize, usize),
) -> Report {
    let mut findings = machine;
    let identity = match tokio::time::timeout(PATIENCE, aws.identity()).await {
        Ok(Ok(identity)) => identity,
        Ok(Err(error)) => {
            findings.push(account::nobody(&error));
            return Report::new(findings);
        }
        Err(_) => {
            findings.push(Finding::fail(Area::Aws, "connection", too_slow(), "Check the network or VPN"));
            return Report::new(findings);
        }
    };
    let (described, stack_finding) = deployed::stack(aws, &usual.stack).await;
    let empty = std::collections::BTreeMap::new();
    let names = Names::of(&usual.stack, described.as_ref().map_or(&empty, |stack| &stack.parameters));
    let place = Place { region: aws.region.clone(), account: identity.account.to_string(), names };
    let principal = tokio::time::timeout(PATIENCE, permissions::principal(aws, &identity)).await;
    let principal = principal.unwrap_or_else(|_| identity.arn.to_string());
    let fis_role = usual.fis_role.clone();
    let patient = Patient { aws: aws.clone(), identity, principal, place, stack: described, fis_role };
    let mut checks = account::checks(&patient);
    checks.extend(permissions::checks(&patient));
    checks.extend(deployed::checks(&patient));
    checks.extend(roles::checks(&patient));
    checks.extend(logs::checks(&patient));
    findings.push(stack_finding);
    findings.extend(deployed::settings(&patient, usual));
    findings.extend(account::identity(&patient));
    let total = checks.len();
    let bounded = checks.into_iter().enumerate().map(|(number, check)| async move {
        let found = tokio::time::timeout(PATIENCE, check.look).await;
        (number, found.unwrap_or_else(|_| vec![Finding::unknown(check.area, &check.name, too_slow())]))
    });
    let mut running = stream::iter(bounded).buffer_unordered(AT_ONCE);
    let mut found = Vec::new();
    progress(0, total);
    while let Some(one) = running.next().await {
        found.push(one);
        progress(found.len(), total);
    }
    found.sort_by_key(|(number, _)| *number);
    findings.extend(permissions::together(found.into_iter().flat_map(|(_, found)| found).collect()));
    Report::new(findings)
}

fn too_slow() -> String {
    format!("no answer within {} s", PATIENCE.as_secs())
}

/// What is found where a look failed: a denial says nothing of what was to be looked at.
fn not_seen(area: Area, name: &str, error: &Error) -> Finding {
    match error.kind {
        Kind::Denied => Finding::unknown(area, name, format!("you may not look: {}", error.why())),
        _ => Finding::unknown(area, name, error.to_string()),
    }
}
