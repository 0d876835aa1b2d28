//! IAM: a role as it stands, and what its holder may do. Changes nothing; knows no policy of ours.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_iam::types::{
    ContextEntry, ContextKeyTypeEnum, PolicyEvaluationDecisionType as Decision, ResourceSpecificResult,
};
use serde_json::Value;

use super::{Aws, Error, error::absent};
use crate::text::SafeText;

/// A role with everything that is written about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    pub arn: SafeText,
    pub trust: Value,
    /// By their names.
    pub inline: BTreeMap<String, Value>,
    /// The ARNs of managed policies.
    pub attached: Vec<SafeText>,
}

/// An action that a simulation did not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotAllowed {
    pub action: SafeText,
    /// A policy denies it; else none allows it.
    pub explicitly: bool,
    /// What policies ask for and a simulation cannot know, such as `aws:SourceIp`: with it they might say otherwise.
    pub without: Vec<SafeText>,
}

impl Aws {
    pub async fn role(&self, name: &str) -> Result<Option<Role>, Error> {
        let Some((arn, trust)) = self.role_trust(name).await? else { return Ok(None) };
        let listed = self.iam.list_role_policies().role_name(name).send().await;
        let listed = listed.map_err(|error| Error::of("list the role's policies", &error))?;
        let mut inline = BTreeMap::new();
        for policy in listed.policy_names() {
            let call = self.iam.get_role_policy().role_name(name).policy_name(policy);
            let answer = call.send().await.map_err(|error| Error::of("read the role's policy", &error))?;
            inline.insert(policy.clone(), document(answer.policy_document()));
        }
        let attached = self.iam.list_attached_role_policies().role_name(name).send().await;
        let attached = attached.map_err(|error| Error::of("list the role's managed policies", &error))?;
        let arns = attached.attached_policies().iter().filter_map(|policy| policy.policy_arn());
        Ok(Some(Role { arn, trust, inline, attached: arns.map(SafeText::new).collect() }))
    }

    /// A role's ARN and whom it trusts.
    pub async fn role_trust(&self, name: &str) -> Result<Option<(SafeText, Value)>, Error> {
        let answer = self.iam.get_role().role_name(name).send().await;
        let Some(answer) = absent(answer.map_err(|error| Error::of("describe the role", &error)))? else {
            return Ok(None);
        };
        let role = answer.role();
        Ok(role
            .map(|role| (SafeText::new(role.arn()), document(role.assume_role_policy_document().unwrap_or_default()))))
    }

    /// Asks IAM which of these actions the holder of `principal` may not do to these resources.
    pub async fn simulate(
        &self,
        principal: &str,
        actions: &[String],
        resources: &[String],
        context: &BTreeMap<String, Vec<String>>,
    ) -> Result<Vec<NotAllowed>, Error> {
        let entry = |(key, values): (&String, &Vec<String>)| {
            let entry = ContextEntry::builder().context_key_name(key).context_key_type(ContextKeyTypeEnum::String);
            entry.set_context_key_values(Some(values.clone())).build()
        };
        let call = self
            .iam
            .simulate_principal_policy()
            .policy_source_arn(principal)
            .set_action_names(Some(actions.to_vec()))
            .set_resource_arns(Some(resources.to_vec()))
            .set_context_entries(Some(context.iter().map(entry).collect()));
        let mut pages = call.into_paginator().send();
        let mut refused: Vec<NotAllowed> = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of("ask IAM what is allowed", &error))?;
            for result in page.evaluation_results() {
                let action = SafeText::new(result.eval_action_name());
                // with several resources each may have a decision of its own, below the one for all
                let of_resources =
                    result.resource_specific_results().iter().map(ResourceSpecificResult::eval_resource_decision);
                let decisions: Vec<_> = of_resources.chain([result.eval_decision()]).collect();
                let is_allowed = decisions.iter().all(|decision| **decision == Decision::Allowed);
                if !is_allowed && !refused.iter().any(|refusal| refusal.action == action) {
                    let explicitly = decisions.contains(&&Decision::ExplicitDeny);
                    let of_resources = result.resource_specific_results().iter();
                    let missing = of_resources.flat_map(ResourceSpecificResult::missing_context_values);
                    let without: BTreeSet<_> =
                        missing.chain(result.missing_context_values()).map(SafeText::new).collect();
                    refused.push(NotAllowed { action, explicitly, without: without.into_iter().collect() });
                }
            }
        }
        Ok(refused)
    }
}

/// A policy document, which IAM gives percent-encoded.
fn document(encoded: &str) -> Value {
    let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8_lossy();
    serde_json::from_str(&decoded).unwrap_or_default()
}
