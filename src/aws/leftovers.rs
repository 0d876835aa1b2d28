//! What of ours may be left in an account beside the stack: templates and experiments of drills, log groups that were kept. Knows
//! our tags.

use aws_sdk_fis::types::ExperimentStatus;

use super::{
    Aws, Error,
    error::{Kind, absent},
    logs::group_arn,
};
use crate::{drill::template::DRILL_TAG, stack::TAG, text::SafeText};

/// FIS's largest page. Source: FIS API.
const PAGE: i32 = 100;

/// An experiment template that bears a tag of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OurTemplate {
    pub id: SafeText,
    /// The drill that made it, or the stack.
    pub of: SafeText,
}

impl Aws {
    pub async fn our_templates(&self) -> Result<Vec<OurTemplate>, Error> {
        let mut ours = Vec::new();
        let mut pages = self.fis.list_experiment_templates().max_results(PAGE).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of("list the FIS templates", &error))?;
            for template in page.experiment_templates() {
                let tag = template.tags().and_then(|tags| tags.get(DRILL_TAG).or_else(|| tags.get(TAG)));
                if let (Some(id), Some(of)) = (template.id(), tag) {
                    ours.push(OurTemplate { id: SafeText::new(id), of: SafeText::new(of) });
                }
            }
        }
        Ok(ours)
    }

    /// The drills whose experiments go on, by the tags of the experiments.
    pub async fn running_drills(&self) -> Result<Vec<SafeText>, Error> {
        let mut running = Vec::new();
        let mut pages = self.fis.list_experiments().max_results(PAGE).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of("list the FIS experiments", &error))?;
            for experiment in page.experiments() {
                let status = experiment.state().and_then(|state| state.status());
                let goes_on = matches!(
                    status,
                    Some(
                        ExperimentStatus::Pending
                            | ExperimentStatus::Initiating
                            | ExperimentStatus::Running
                            | ExperimentStatus::Stopping
                    )
                );
                let drill = experiment.tags().and_then(|tags| tags.get(DRILL_TAG)).filter(|_| goes_on);
                running.extend(drill.map(SafeText::new));
            }
        }
        Ok(running)
    }

    /// Deletes a template of ours; one that is gone is as good as deleted.
    pub async fn delete_our_template(&self, id: &str) -> Result<(), Error> {
        let call = self.fis.delete_experiment_template().id(id);
        absent(call.send().await.map_err(|error| Error::of("delete the FIS template", &error))).map(|_| ())
    }

    /// Whether a role bears our tag; false if it is not there.
    pub async fn role_is_ours(&self, name: &str) -> Result<bool, Error> {
        let answer = self.iam.get_role().role_name(name).send().await;
        let answer = absent(answer.map_err(|error| Error::of("read the role's tags", &error)))?;
        let role = answer.as_ref().and_then(|answer| answer.role());
        Ok(role.is_some_and(|role| role.tags().iter().any(|tag| tag.key() == TAG)))
    }

    /// Whether a Lambda bears our tag; false if it is not there.
    pub async fn function_is_ours(&self, name: &str) -> Result<bool, Error> {
        let answer = self.lambda.get_function().function_name(name).send().await;
        let answer = absent(answer.map_err(|error| Error::of("read the Lambda's tags", &error)))?;
        Ok(answer.and_then(|answer| Some(answer.tags()?.contains_key(TAG))).unwrap_or(false))
    }

    /// Whether a rule bears our tag; false if it is not there.
    pub async fn rule_is_ours(&self, name: &str) -> Result<bool, Error> {
        let Some(rule) = self.rule(name).await? else { return Ok(false) };
        let answer = self.events.list_tags_for_resource().resource_arn(rule.arn.as_str()).send().await;
        let answer = absent(answer.map_err(|error| Error::of("read the rule's tags", &error)))?;
        Ok(answer.is_some_and(|answer| answer.tags().iter().any(|tag| tag.key() == TAG)))
    }

    /// Whether a log group bears our tag; false if it is not there.
    pub async fn log_group_is_ours(&self, name: &str) -> Result<bool, Error> {
        let arn = group_arn(self, name).await?;
        let answer = self.logs.list_tags_for_resource().resource_arn(arn).send().await;
        match answer.map_err(|error| Error::of("read the log group's tags", &error)) {
            Ok(answer) => Ok(answer.tags().is_some_and(|tags| tags.contains_key(TAG))),
            Err(error) if error.kind == Kind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    pub async fn delete_log_group(&self, name: &str) -> Result<(), Error> {
        let call = self.logs.delete_log_group().log_group_name(name);
        absent(call.send().await.map_err(|error| Error::of("delete the log group", &error))).map(|_| ())
    }
}
