//! Experiments of the account that interrupt spot instances, whoever started them: those that go on, and those of drills that
//! went on lately. Changes nothing.

use aws_sdk_fis::types::{ActionsMode, ExperimentStatus, ExperimentSummary};
use jiff::Timestamp;

use super::{Aws, Error, templates::all_of, timestamp};
use crate::{
    drill::{
        id::{ExperimentId, InstanceId},
        template::{DRILL_TAG, GROUP_TAG, GROUPS_BY, Template},
    },
    text::SafeText,
};

/// FIS's largest page of experiments. Source: AWS FIS API, ListExperiments.
const PAGE: i32 = 100;
const LIST: &str = "list the FIS experiments";
const READ: &str = "read the FIS experiment";

/// Every experiment that FIS lists.
#[derive(Debug)]
pub struct Experiments(pub(super) Vec<ExperimentSummary>);

impl Experiments {
    /// The drills whose experiments go on, by the tags of the experiments.
    pub fn running_drills(&self) -> Vec<SafeText> {
        let going_on = self.0.iter().filter(|experiment| goes_on(experiment));
        let drill = |experiment: &ExperimentSummary| experiment.tags()?.get(DRILL_TAG).map(SafeText::new);
        going_on.filter_map(drill).collect()
    }
}

/// An experiment that interrupts spot instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpotExperiment {
    pub id: ExperimentId,
    /// The drill that it is of, by its tag.
    pub drill: Option<SafeText>,
    /// The groups that it hits, by its tag.
    pub groups: Vec<SafeText>,
    /// The instances that it hits; asked for only where no tag names the groups.
    pub instances: Vec<InstanceId>,
    pub began: Timestamp,
    pub goes_on: bool,
}

impl Aws {
    /// Every experiment that FIS lists, over or not.
    pub async fn all_experiments(&self) -> Result<Experiments, Error> {
        self.experiments(LIST).await
    }

    pub(super) async fn experiments(&self, doing: &'static str) -> Result<Experiments, Error> {
        let mut all = Vec::new();
        let mut pages = self.fis.list_experiments().max_results(PAGE).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of(doing, &error))?;
            all.extend(page.experiments.unwrap_or_default());
        }
        Ok(Experiments(all))
    }

    /// When FIS was done with an experiment; none where it does not say.
    pub async fn ended(&self, id: &ExperimentId) -> Result<Option<Timestamp>, Error> {
        let answer = self.fis.get_experiment().id(id.as_str()).send().await;
        let answer = answer.map_err(|error| Error::of(READ, &error))?;
        Ok(answer.experiment().and_then(|experiment| experiment.end_time()).and_then(timestamp))
    }

    /// Those that go on, and those of drills that began since then.
    pub async fn spot_experiments(&self, since: Timestamp) -> Result<Vec<SpotExperiment>, Error> {
        let all = self.experiments(LIST).await?;
        let mut spot = Vec::new();
        for mut experiment in all.0.iter().filter_map(read).filter(|it| it.goes_on || it.began >= since) {
            if experiment.groups.is_empty() && experiment.goes_on {
                let Some(instances) = self.interrupted_by(&experiment.id).await? else { continue };
                experiment.instances = instances;
            }
            if experiment.goes_on || !experiment.groups.is_empty() {
                spot.push(experiment);
            }
        }
        Ok(spot)
    }

    /// The instances that the experiment interrupts, as far as FIS has resolved them; none if it interrupts none.
    async fn interrupted_by(&self, id: &ExperimentId) -> Result<Option<Vec<InstanceId>>, Error> {
        let answer = self.fis.get_experiment().id(id.as_str()).send().await;
        let answer = answer.map_err(|error| Error::of(READ, &error))?;
        let actions = answer.experiment().and_then(|experiment| experiment.actions());
        let interrupts =
            actions.into_iter().flatten().any(|(_, action)| action.action_id() == Some(Template::ACTION_ID));
        if !interrupts {
            return Ok(None);
        }
        Ok(Some(all_of(self.resolved_targets(id).await?)))
    }
}

/// Whether an experiment is not at its end, by FIS's word; one of a status that is new to us may go on.
pub(super) fn goes_on(experiment: &ExperimentSummary) -> bool {
    !matches!(
        experiment.state().and_then(|state| state.status()),
        Some(
            ExperimentStatus::Completed
                | ExperimentStatus::Stopped
                | ExperimentStatus::Failed
                | ExperimentStatus::Cancelled
        )
    )
}

/// None for an experiment that skips its actions: it only resolves targets.
fn read(summary: &ExperimentSummary) -> Option<SpotExperiment> {
    let skips = summary.experiment_options().and_then(|options| options.actions_mode()) == Some(&ActionsMode::SkipAll);
    if skips {
        return None;
    }
    let tag = |key: &str| summary.tags().and_then(|tags| tags.get(key));
    let groups = tag(GROUP_TAG).into_iter().flat_map(|groups| groups.split(GROUPS_BY)).map(SafeText::new);
    Some(SpotExperiment {
        id: ExperimentId::new(summary.id()?),
        drill: tag(DRILL_TAG).map(SafeText::new),
        groups: groups.collect(),
        instances: Vec::new(),
        began: summary.creation_time().and_then(timestamp).unwrap_or(Timestamp::UNIX_EPOCH),
        goes_on: goes_on(summary),
    })
}
