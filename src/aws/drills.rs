//! The drills of an account by the tags of their experiments, and one of them read back from what AWS still says of it.
//! Knows no journal; everything goes by the connections of stops, for this is asked when others fail.

use std::collections::HashMap;

use aws_sdk_ec2::types as ec2;
use aws_sdk_fis::types as sdk;

use super::{
    Aws, Error, Kind,
    ec2::target_of,
    experiments::goes_on,
    inventory::behavior_of,
    templates::{all_of, instance_of},
    timestamp,
};
use crate::{
    drill::{
        fleet::{LAB_ACCOUNT, World},
        found::{Rebuilt, Seen},
        id::{DrillId, ExperimentId, InstanceId, TemplateId},
        plan::{Plan, Target},
        template::{DRILL_TAG, Template},
        warning::Warning,
    },
    text::SafeText,
};

/// FIS's largest page. Source: FIS API.
const PAGE: i32 = 100;
const REBUILD: &str = "read the drill back from its experiment";

impl Aws {
    /// The drills of the account, oldest first, over or not. Half a list tells nothing, and is an error.
    pub async fn drills(&self) -> Result<Vec<Seen>, Error> {
        let mut seen: Vec<Seen> = Vec::new();
        let mut pages = self.stops.list_experiments().max_results(PAGE).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of("list the FIS experiments", &error))?;
            seen.extend(page.experiments().iter().filter_map(seen_of));
        }
        seen.sort_by_key(|seen| seen.begun);
        Ok(seen)
    }

    /// What FIS says of an experiment: its status, and whether it is done with it.
    pub async fn experiment_status(&self, id: &ExperimentId) -> Result<(SafeText, bool), Error> {
        let answer = self.stops.get_experiment().id(id.as_str()).send().await;
        let answer = answer.map_err(|error| Error::of("read the FIS experiment", &error))?;
        let state = answer.experiment().and_then(|experiment| experiment.state());
        let status = state.and_then(|state| state.status()).map_or("unknown", sdk::ExperimentStatus::as_str);
        let done = matches!(status, "completed" | "stopped" | "failed" | "cancelled");
        Ok((SafeText::new(status), done))
    }

    /// The plan of a drill, from its experiment, its template if that is still there, and its instances.
    pub async fn rebuilt(&self, seen: &Seen) -> Result<Rebuilt, Error> {
        let answer = self.stops.get_experiment().id(seen.experiment.as_str()).send().await;
        let answer = answer.map_err(|error| Error::of(REBUILD, &error))?;
        let missing = |what: &str| Error::new(REBUILD, Kind::Refused, &format!("FIS does not tell {what}"));
        let experiment = answer.experiment().ok_or_else(|| missing("of the experiment"))?;
        let resolved = all_of(self.resolved_targets(&seen.experiment).await?);
        let ids = if resolved.is_empty() { given(experiment) } else { resolved };
        if ids.is_empty() {
            return Err(missing("which instances it is about"));
        }
        let targets = self.targets(&ids).await?;
        let account = self.account().await?;
        let existing = self.template_if_there(&seen.template).await?;
        let ours = existing.as_ref().is_some_and(|template| template.of_drill.as_deref() == Some(seen.drill.as_str()));
        let plan = Plan {
            world: if account.as_str() == LAB_ACCOUNT { World::Lab } else { World::Aws },
            account,
            region: SafeText::new(&self.region),
            out_of: targets.len(), // how many there were is not to be had any more
            targets,
            warning: warning(experiment).ok_or_else(|| missing("how long it warns"))?,
            seed: None,
            stop_alarm: experiment.stop_conditions().iter().find_map(|condition| condition.value()).map(SafeText::new),
            overridden: Vec::new(),
            ground: None,
            wave: None,
            as_is: existing.filter(|_| !ours).map(Box::new),
        };
        let role_arn = SafeText::new(experiment.role_arn().unwrap_or_default());
        Ok(Rebuilt { seen: seen.clone(), plan, role_arn, template: ours.then(|| seen.template.clone()) })
    }

    /// What EC2 says of these instances; one that it has forgotten is known by its id alone.
    async fn targets(&self, ids: &[InstanceId]) -> Result<Vec<Target>, Error> {
        let values: Vec<_> = ids.iter().map(|id| id.as_str().to_owned()).collect();
        let these = |name: &str| ec2::Filter::builder().name(name).set_values(Some(values.clone())).build();
        let instances = self.ec2.describe_instances().filters(these("instance-id")).send().await;
        let instances = instances.map_err(|error| Error::of(REBUILD, &error))?;
        let requests = self.ec2.describe_spot_instance_requests().filters(these("instance-id")).send().await;
        let requests = requests.map_err(|error| Error::of(REBUILD, &error))?;
        let behaviors: HashMap<_, _> = requests.spot_instance_requests().iter().filter_map(behavior_of).collect();
        let listed = instances.reservations().iter().flat_map(ec2::Reservation::instances);
        let known: Vec<_> = listed.map(|instance| target_of(instance, &behaviors)).collect();
        let target = |id: &InstanceId| {
            known.iter().find(|target| target.id == *id).cloned().unwrap_or_else(|| Target::unknown(id))
        };
        Ok(ids.iter().map(target).collect())
    }
}

fn seen_of(experiment: &sdk::ExperimentSummary) -> Option<Seen> {
    let drill = experiment.tags()?.get(DRILL_TAG)?;
    let status = experiment.state().and_then(|state| state.status());
    Some(Seen {
        drill: DrillId::new(drill),
        experiment: ExperimentId::new(experiment.id()?),
        template: TemplateId::new(experiment.experiment_template_id().unwrap_or_default()),
        status: SafeText::new(status.map_or("unknown", sdk::ExperimentStatus::as_str)),
        begun: experiment.creation_time().and_then(timestamp)?,
        goes_on: goes_on(experiment),
    })
}

/// The instances that its targets name one by one.
fn given(experiment: &sdk::Experiment) -> Vec<InstanceId> {
    let targets = experiment.targets().into_iter().flatten();
    let mut ids: Vec<_> = targets.flat_map(|(_, target)| target.resource_arns()).map(|arn| instance_of(arn)).collect();
    ids.sort();
    ids.dedup();
    ids
}

fn warning(experiment: &sdk::Experiment) -> Option<Warning> {
    let mut actions = experiment.actions().into_iter().flatten();
    let (_, action) = actions.find(|(_, action)| action.action_id() == Some(Template::ACTION_ID))?;
    action.parameters()?.get("durationBeforeInterruption")?.parse().ok()
}
