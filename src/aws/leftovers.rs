//! What of ours may be left in an account beside the stack: templates and experiments of drills, log groups that were kept. Knows
//! our tags.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{Aws, Error, error::absent, logs::group_arn, timestamp};
use crate::{
    drill::{
        id::DrillId,
        template::{DRILL_TAG, is_named_for},
    },
    stack::TAG,
    text::SafeText,
};

/// FIS's largest page. Source: FIS API.
const PAGE: i32 = 100;

/// An experiment template that bears a drill's tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrillTemplate {
    pub id: SafeText,
    pub drill: DrillId,
    /// Its other tags are a drill's, too: others may copy one.
    pub is_whole: bool,
    pub created: Option<Timestamp>,
}

impl Aws {
    /// The experiment templates that bear a drill's tag, by which nobody can tell yet whether the drill is over.
    pub async fn drill_templates(&self) -> Result<Vec<DrillTemplate>, Error> {
        let mut found = Vec::new();
        let mut pages = self.fis.list_experiment_templates().max_results(PAGE).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of("list the FIS templates", &error))?;
            for template in page.experiment_templates() {
                let tag = |key: &str| template.tags().and_then(|tags| tags.get(key)).map(String::as_str);
                let (Some(id), Some(drill)) = (template.id(), tag(DRILL_TAG).and_then(DrillId::new)) else { continue };
                let is_whole = is_named_for(tag("Name"), drill.as_str());
                let created = template.creation_time().and_then(timestamp);
                found.push(DrillTemplate { id: SafeText::new(id), drill, is_whole, created });
            }
        }
        Ok(found)
    }

    /// The experiment templates of this stack.
    pub async fn stack_templates(&self, stack: &str) -> Result<Vec<SafeText>, Error> {
        let mut ours = Vec::new();
        let mut pages = self.fis.list_experiment_templates().max_results(PAGE).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of("list the FIS templates", &error))?;
            for template in page.experiment_templates() {
                if bears(template.tags(), stack) {
                    ours.extend(template.id().map(SafeText::new));
                }
            }
        }
        Ok(ours)
    }

    /// The drills whose experiments go on, by the tags of the experiments.
    pub async fn running_drills(&self) -> Result<Vec<SafeText>, Error> {
        Ok(self.all_experiments().await?.running_drills())
    }

    /// Whether a template is there and a drill's by its tags.
    pub async fn is_template_of(&self, id: &str, drill: &DrillId) -> Result<bool, Error> {
        let answer = self.fis.get_experiment_template().id(id).send().await;
        let answer = absent(answer.map_err(|error| Error::of("read the FIS template", &error)))?;
        let tags = answer.as_ref().and_then(|answer| answer.experiment_template()?.tags());
        let tag = |key: &str| tags.and_then(|tags| tags.get(key)).map(String::as_str);
        Ok(tag(DRILL_TAG) == Some(drill.as_str()) && is_named_for(tag("Name"), drill.as_str()))
    }

    /// Deletes a template of ours; one that is gone is as good as deleted.
    pub async fn delete_our_template(&self, id: &str) -> Result<(), Error> {
        let call = self.fis.delete_experiment_template().id(id);
        absent(call.send().await.map_err(|error| Error::of("delete the FIS template", &error))).map(|_| ())
    }

    /// Whether a role bears this stack's tag; false if it is not there. A role is known in all regions, and may be that of a
    /// stack of the same name in another.
    pub async fn role_is_of(&self, name: &str, stack: &str) -> Result<bool, Error> {
        let answer = self.iam.get_role().role_name(name).send().await;
        let answer = absent(answer.map_err(|error| Error::of("read the role's tags", &error)))?;
        let tags =
            answer.as_ref().and_then(|answer| answer.role()).map(aws_sdk_iam::types::Role::tags).unwrap_or_default();
        let tag = |key: &str| tags.iter().find(|tag| tag.key() == key).map(aws_sdk_iam::types::Tag::value);
        let here = format!(":{}:", self.region);
        let elsewhere = tag("aws:cloudformation:stack-id").is_some_and(|arn| !arn.contains(&here));
        Ok(tag(TAG) == Some(stack) && !elsewhere)
    }

    /// Whether a Lambda bears this stack's tag; false if it is not there.
    pub async fn function_is_of(&self, name: &str, stack: &str) -> Result<bool, Error> {
        let answer = self.lambda.get_function().function_name(name).send().await;
        let answer = absent(answer.map_err(|error| Error::of("read the Lambda's tags", &error)))?;
        Ok(answer.is_some_and(|answer| bears(answer.tags(), stack)))
    }

    /// Whether a rule bears this stack's tag; false if it is not there.
    pub async fn rule_is_of(&self, name: &str, stack: &str) -> Result<bool, Error> {
        let Some(rule) = self.rule(name).await? else { return Ok(false) };
        let answer = self.events.list_tags_for_resource().resource_arn(rule.arn.as_str()).send().await;
        let answer = absent(answer.map_err(|error| Error::of("read the rule's tags", &error)))?;
        Ok(answer.is_some_and(|answer| answer.tags().iter().any(|tag| tag.key() == TAG && tag.value() == stack)))
    }

    /// Whether a log group bears this stack's tag; false if it is not there.
    pub async fn log_group_is_of(&self, name: &str, stack: &str) -> Result<bool, Error> {
        let arn = group_arn(self, name).await?;
        let answer = self.logs.list_tags_for_resource().resource_arn(arn).send().await;
        let answer = absent(answer.map_err(|error| Error::of("read the log group's tags", &error)))?;
        Ok(answer.is_some_and(|answer| bears(answer.tags(), stack)))
    }

    pub async fn delete_log_group(&self, name: &str) -> Result<(), Error> {
        let call = self.logs.delete_log_group().log_group_name(name);
        absent(call.send().await.map_err(|error| Error::of("delete the log group", &error))).map(|_| ())
    }
}

fn bears(tags: Option<&HashMap<String, String>>, stack: &str) -> bool {
    tags.and_then(|tags| tags.get(TAG)).is_some_and(|of| of == stack)
}
