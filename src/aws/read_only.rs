//! Read-only mode, kept where requests are made: what is not known to change nothing is refused before it is signed, whatever
//! a screen or a command thinks. Knows the names of operations.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeSerializationInterceptorContextRef, dyn_dispatch_hint},
        orchestrator::Metadata,
        runtime_components::RuntimeComponents,
    },
};
use aws_smithy_types::config_bag::ConfigBag;
use thiserror::Error;

use crate::{drill::fleet::LAB_ACCOUNT, text::SafeText};

/// Refuses every operation that is not in [`READING`].
#[derive(Debug)]
pub(super) struct ReadOnly;

/// The message that a refused operation carries; see [`super::error::Kind::ReadOnly`].
#[derive(Debug, Error)]
#[error("{0} would change something, and this is read-only mode")]
pub(super) struct WouldChange(String);

/// The operations that change nothing, each by its whole name: one that is forgotten here is refused. AWS itself counts the
/// detection of drift among those that only read.
const READING: [&str; 41] = [
    "DescribeAlarms",
    "DescribeChangeSet",
    "DescribeInstances",
    "DescribeLogGroups",
    "DescribeResourcePolicies",
    "DescribeRule",
    "DescribeSecret",
    "DescribeSpotInstanceRequests",
    "DescribeStackDriftDetectionStatus",
    "DescribeStackEvents",
    "DescribeStackResourceDrifts",
    "DescribeStackResources",
    "DescribeStacks",
    "DetectStackDrift",
    "FilterLogEvents",
    "GetAction",
    "GetCallerIdentity",
    "GetExperiment",
    "GetExperimentTemplate",
    "GetFunction",
    "GetFunctionConfiguration",
    "GetParameter",
    "GetParametersByPath",
    "GetPolicy",
    "GetRole",
    "GetRolePolicy",
    "GetSafetyLever",
    "GetServiceQuota",
    "GetTemplate",
    "ListAccountAliases",
    "ListAttachedRolePolicies",
    "ListChangeSets",
    "ListExperimentResolvedTargets",
    "ListExperimentTemplates",
    "ListExperiments",
    "ListRolePolicies",
    "ListStacks",
    "ListTagsForResource",
    "ListTargetsByRule",
    "SimulatePrincipalPolicy",
    "StartLiveTail",
];

#[dyn_dispatch_hint]
impl Intercept for ReadOnly {
    fn name(&self) -> &'static str {
        "ReadOnly"
    }

    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = bag.load::<Metadata>().map_or("an unnamed operation", Metadata::name);
        let reads = READING.contains(&operation);
        if reads { Ok(()) } else { Err(WouldChange(operation.to_owned()).into()) }
    }
}

/// Refuses what a drill changes where the account is not known to be one that drills may run in.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) accounts: Accounts,
    /// A lab of our own: there is no other account than its.
    pub(super) lab: bool,
    /// Whose account it is, once AWS said so.
    pub(super) account: Arc<OnceLock<SafeText>>,
}

/// The accounts that drills may run in. A setup adds one while the program runs.
#[derive(Clone, Debug, Default)]
pub(super) struct Accounts(Arc<Mutex<Vec<SafeText>>>);

impl Accounts {
    pub(super) fn of(accounts: Vec<SafeText>) -> Self {
        Self(Arc::new(Mutex::new(accounts)))
    }

    pub(super) fn add(&self, account: SafeText) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(account);
    }

    pub(super) fn list(&self) -> Vec<SafeText> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The message that such an operation carries; see [`super::error::Kind::NotListed`].
#[derive(Debug, Error)]
#[error("{operation} would change account {account}, which is not on the list of those that drills may run in")]
pub(super) struct NotListed {
    operation: String,
    account: String,
}

#[dyn_dispatch_hint]
impl Intercept for Listed {
    fn name(&self) -> &'static str {
        "Listed"
    }

    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let operation = bag.load::<Metadata>().map_or("an unnamed operation", Metadata::name);
        let account = self.account.get();
        let listed =
            self.lab || account.is_some_and(|it| it.as_str() == LAB_ACCOUNT || self.accounts.list().contains(it));
        if listed || READING.contains(&operation) {
            return Ok(());
        }
        let account = account.map_or_else(|| String::from("(not known yet)"), ToString::to_string);
        Err(NotListed { operation: operation.to_owned(), account }.into())
    }
}

#[cfg(test)]
mod tests;
