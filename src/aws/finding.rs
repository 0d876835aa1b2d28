//! Whether an order that got no answer was carried out after all: its template or experiment is looked for. Knows our tag, and
//! that FIS may not list at once what it has.

use std::time::Duration;

use aws_sdk_fis::types as sdk;

use super::{Aws, Error, timestamp};
use crate::drill::{
    fact::{Fact, What},
    id::{DrillId, ExperimentId, TemplateId},
    template::DRILL_TAG,
};

/// What is not there is looked for so often, with so much time in between: one empty answer may be an old one.
const LOOKS: u32 = 3;
const BETWEEN: Duration = Duration::from_secs(5);

impl Aws {
    /// Whether the template has an experiment: any at all, or the one that bears this drill's tag.
    pub(super) async fn find_experiment(&self, template: &TemplateId, tagged: Option<&DrillId>) -> Result<Fact, Error> {
        for look in 1..=LOOKS {
            if let Some(found) = self.look_for_experiment(template, tagged).await? {
                return Ok(found);
            }
            if look < LOOKS {
                self.clock.sleep(BETWEEN).await;
            }
        }
        Ok(self.said(None, What::ExperimentNotFound { template: template.clone() }))
    }

    async fn look_for_experiment(&self, template: &TemplateId, drill: Option<&DrillId>) -> Result<Option<Fact>, Error> {
        let wanted = |summary: &sdk::ExperimentSummary| {
            let tag = summary.tags().and_then(|tags| tags.get(DRILL_TAG));
            drill.is_none_or(|drill| tag.is_some_and(|tag| tag == drill.as_str()))
        };
        let mut pages = self.fis.list_experiments().experiment_template_id(template.as_str()).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of("look for the FIS experiment", &error))?;
            let found = page.experiments().iter().find(|summary| wanted(summary));
            if let Some((id, created)) = found.and_then(|found| Some((found.id()?, found.creation_time()))) {
                let experiment = ExperimentId::new(id);
                let started = What::ExperimentStarted { experiment, template: template.clone() };
                return Ok(Some(self.said(created.and_then(timestamp), started)));
            }
        }
        Ok(None)
    }

    /// Whether there is a template that bears this drill's tag.
    pub(super) async fn find_template(&self, drill: &DrillId) -> Result<Fact, Error> {
        for look in 1..=LOOKS {
            if let Some(template) = self.look_for_template(drill).await? {
                return Ok(self.said(None, What::TemplateCreated { template }));
            }
            if look < LOOKS {
                self.clock.sleep(BETWEEN).await;
            }
        }
        Ok(self.said(None, What::TemplateNotFound { drill: drill.clone() }))
    }

    async fn look_for_template(&self, drill: &DrillId) -> Result<Option<TemplateId>, Error> {
        let mut pages = self.fis.list_experiment_templates().into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of("look for the FIS template", &error))?;
            let is_of = |summary: &&sdk::ExperimentTemplateSummary| {
                summary.tags().and_then(|tags| tags.get(DRILL_TAG)).is_some_and(|tag| tag == drill.as_str())
            };
            if let Some(id) = page.experiment_templates().iter().find(is_of).and_then(|found| found.id()) {
                return Ok(Some(TemplateId::new(id)));
            }
        }
        Ok(None)
    }
}
