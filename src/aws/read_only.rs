//! Read-only mode, kept where requests are made: what is not known to change nothing is refused before it is signed, whatever
//! a screen or a command thinks. Knows the names of operations.

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

#[cfg(test)]
mod tests;
