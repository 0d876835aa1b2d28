//! The experiment templates of an account: listed, read, and their targets resolved by FIS without an action. Knows FIS's
//! templates, and nothing of what is to be started.

use std::{
    collections::{BTreeSet, HashMap},
    time::Duration,
};

use aws_sdk_fis::types as sdk;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::SignedDuration;

use super::{
    Aws, Error,
    error::{Kind, absent},
    timestamp,
};
use crate::{
    crash::{self, Point},
    drill::{
        existing::{Existing, Interruption},
        id::{DrillId, ExperimentId, InstanceId, TemplateId},
        template::{DRILL_TAG, PREVIEW_TAG, Template},
    },
    text::SafeText,
};

/// FIS's largest page. Source: FIS API, ListExperimentTemplates.
const PAGE: i32 = 100;
/// How many templates are read at once: an account may have 500, and its rate limits are shared.
const AT_ONCE: usize = 5;
/// A preview is looked at so often, and for so long: resolving takes seconds, a new log destination some more.
const LOOK: Duration = Duration::from_secs(2);
const PATIENCE: SignedDuration = SignedDuration::from_mins(2);

const PREVIEW: &str = "preview the FIS template";

/// A template, as a drill makes them.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) of: Option<DrillId>,
    pub(crate) hits: BTreeSet<InstanceId>,
}

impl Aws {
    /// The templates that interrupt spot instances, in AWS's order, without those that a drill of ours made for itself.
    ///
    /// A list does not say what a template does, so each is read. `progress` is told how many were read of how many.
    pub async fn templates(&self, mut progress: impl FnMut(usize, usize)) -> Result<Vec<Existing>, Error> {
        let mut ids = Vec::new();
        let mut pages = self.fis.list_experiment_templates().max_results(PAGE).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of("list the FIS templates", &error))?;
            let others = page.experiment_templates().iter().filter(|summary| !is_ours(summary));
            ids.extend(others.filter_map(|summary| summary.id()).map(TemplateId::new));
        }
        let (mut found, mut read, all) = (Vec::new(), 0, ids.len());
        let mut each = stream::iter(ids).map(|id| async move { self.template_if_there(&id).await }).buffered(AT_ONCE);
        while let Some(existing) = each.try_next().await? {
            read += 1;
            progress(read, all);
            found.extend(existing.filter(|existing| !existing.interruptions.is_empty()));
        }
        Ok(found)
    }

    /// One template, whatever it does.
    pub async fn template(&self, id: &TemplateId) -> Result<Existing, Error> {
        let call = self.fis.get_experiment_template().id(id.as_str());
        let answer = call.send().await.map_err(|error| Error::of("read the FIS template", &error))?;
        let read = answer.experiment_template().map(read);
        read.ok_or_else(|| Error::new("read the FIS template", Kind::ServerFault, "FIS answered without the template"))
    }

    /// For which drill a template was made, and what it hits by ARN; none if it is not there.
    pub(crate) async fn made(&self, id: &TemplateId) -> Result<Option<Made>, Error> {
        let call = self.fis.get_experiment_template().id(id.as_str());
        let answer = absent(call.send().await.map_err(|error| Error::of("read the FIS template", &error)))?;
        Ok(answer.as_ref().and_then(|answer| answer.experiment_template()).map(|template| Made {
            of: template.tags().and_then(|tags| tags.get(DRILL_TAG)).map(DrillId::new),
            hits: template
                .targets()
                .into_iter()
                .flatten()
                .flat_map(|(_, target)| target.resource_arns())
                .map(|arn| instance_of(arn))
                .collect(),
        }))
    }

    pub(super) async fn template_if_there(&self, id: &TemplateId) -> Result<Option<Existing>, Error> {
        match self.template(id).await {
            Ok(existing) => Ok(Some(existing)),
            Err(error) if error.kind == Kind::NotFound => Ok(None), // deleted since it was listed
            Err(error) => Err(error),
        }
    }

    /// What FIS resolves the template's targets to, in an experiment that skips every action. Nothing of it remains but the
    /// finished experiment; its choice is not that of the next start.
    pub async fn preview(&self, existing: &Existing) -> Result<Vec<InstanceId>, Error> {
        self.account().await?; // nothing is started where it is not known whose account it is
        let id = self.start_preview(&existing.id).await?;
        crash::point(Point::PreviewRunning);
        let began = self.clock.now();
        loop {
            self.pace.turn().await;
            let call = self.fis.get_experiment().id(id.as_str());
            let answer = call.send().await.map_err(|error| Error::of(PREVIEW, &error))?;
            let state = answer.experiment().and_then(|experiment| experiment.state());
            let status = state.and_then(|state| state.status()).map_or("unknown", sdk::ExperimentStatus::as_str);
            match status {
                "completed" => return self.previewed(&id, existing).await,
                "failed" | "stopped" | "cancelled" => {
                    let reason = state.and_then(|state| state.reason()).unwrap_or("FIS gives no reason");
                    let why = format!("its experiment {id} {status}: {}", reason.trim_end_matches('.'));
                    return Err(Error::new(PREVIEW, Kind::Refused, &why));
                }
                _ if self.clock.now().duration_since(began) > PATIENCE => {
                    let why = format!("its experiment {id} is {status} after two minutes; it hits nothing in any case");
                    return Err(Error::new(PREVIEW, Kind::TimedOut, &why));
                }
                _ => self.clock.sleep(LOOK).await,
            }
        }
    }

    async fn start_preview(&self, template: &TemplateId) -> Result<ExperimentId, Error> {
        let skip =
            sdk::StartExperimentExperimentOptionsInput::builder().actions_mode(sdk::ActionsMode::SkipAll).build();
        let call = self
            .fis
            .start_experiment()
            .experiment_template_id(template.as_str())
            .experiment_options(skip)
            .tags(PREVIEW_TAG, template.as_str())
            .tags("Name", format!("spotdrill preview of {template}"));
        let answer = call.send().await.map_err(|error| Error::of(PREVIEW, &error))?;
        let started = answer.experiment();
        let id = ExperimentId::new(started.and_then(|started| started.id()).unwrap_or_default());
        if skips(started) {
            return Ok(id);
        }
        let read = self.fis.get_experiment().id(id.as_str()).send().await;
        if read.is_ok_and(|answer| skips(answer.experiment())) {
            return Ok(id);
        }
        // a server that does not know the option runs the actions: end that at once, and say so whatever comes of it
        let stopped = self.fis.stop_experiment().id(id.as_str()).send().await;
        let outcome = if stopped.is_ok() { "was asked to stop" } else { "COULD NOT BE STOPPED: stop it by hand" };
        let why = format!("the server does not say that it skips the actions, so experiment {id} {outcome}");
        Err(Error::new(PREVIEW, Kind::Refused, &why))
    }

    async fn previewed(&self, id: &ExperimentId, existing: &Existing) -> Result<Vec<InstanceId>, Error> {
        let mut resolved = self.resolved_targets(id).await?;
        resolved.retain(|name, _| existing.interruptions.iter().any(|action| action.target.as_str() == name));
        Ok(all_of(resolved))
    }

    /// The instances that each target of an experiment came to, by the target's name.
    pub(super) async fn resolved_targets(&self, id: &ExperimentId) -> Result<HashMap<String, Vec<InstanceId>>, Error> {
        let mut resolved: HashMap<String, Vec<InstanceId>> = HashMap::new();
        let mut pages = self.fis.list_experiment_resolved_targets().experiment_id(id.as_str()).into_paginator().send();
        self.pace.turn().await;
        while let Some(page) = pages.next().await {
            let failed =
                |error| Error::of("list the resolved targets", &error).needs("fis:ListExperimentResolvedTargets");
            let page = page.map_err(failed)?;
            for target in page.resolved_targets() {
                if let Some(arn) = target.target_information().and_then(|information| information.get("arn")) {
                    let name = target.target_name().unwrap_or_default();
                    resolved.entry(name.to_owned()).or_default().push(instance_of(arn));
                }
            }
        }
        Ok(resolved)
    }
}

/// The instances of all targets, each once.
pub(super) fn all_of(resolved: HashMap<String, Vec<InstanceId>>) -> Vec<InstanceId> {
    let mut all: Vec<_> = resolved.into_values().flatten().collect();
    all.sort();
    all.dedup();
    all
}

pub(super) fn instance_of(arn: &str) -> InstanceId {
    InstanceId::new(arn.rsplit('/').next().unwrap_or_default())
}

/// Whether FIS says that it skips the actions.
fn skips(experiment: Option<&sdk::Experiment>) -> bool {
    let options = experiment.and_then(|experiment| experiment.experiment_options());
    options.and_then(|options| options.actions_mode()) == Some(&sdk::ActionsMode::SkipAll)
}

fn is_ours(summary: &sdk::ExperimentTemplateSummary) -> bool {
    summary.tags().is_some_and(|tags| tags.contains_key(DRILL_TAG))
}

fn text(text: Option<&str>) -> SafeText {
    SafeText::new(text.unwrap_or_default())
}

fn read(template: &sdk::ExperimentTemplate) -> Existing {
    let tag = |name: &str| template.tags().and_then(|tags| tags.get(name)).map(SafeText::new);
    let options = template.experiment_options();
    let many = options.and_then(|options| options.account_targeting()) == Some(&sdk::AccountTargeting::MultiAccount);
    let (mut interruptions, mut others) = (Vec::new(), Vec::new());
    for (name, action) in template.actions().into_iter().flatten() {
        if action.action_id() == Some(Template::ACTION_ID) {
            interruptions.push(read_interruption(name, action, template));
        } else {
            others.push(SafeText::new(format!("{name} ({})", action.action_id().unwrap_or("unknown"))));
        }
    }
    interruptions.sort_by(|a, b| a.action.cmp(&b.action)); // the SDK's map has no order of its own
    others.sort();
    let alarms = template.stop_conditions().iter().filter_map(|condition| condition.value());
    Existing {
        id: TemplateId::new(template.id().unwrap_or_default()),
        name: tag("Name").filter(|name| !name.is_empty()),
        description: text(template.description()),
        role_arn: text(template.role_arn()),
        interruptions,
        others,
        alarms: alarms.map(SafeText::new).collect(),
        other_accounts: many,
        of_drill: tag(DRILL_TAG),
        updated: template.last_update_time().and_then(timestamp),
    }
}

fn read_interruption(
    name: &str,
    action: &sdk::ExperimentTemplateAction,
    template: &sdk::ExperimentTemplate,
) -> Interruption {
    let parameter = action.parameters().and_then(|parameters| parameters.get("durationBeforeInterruption"));
    let target_name = action.targets().and_then(|targets| targets.get(Template::TARGET_KEY));
    let target = target_name.and_then(|name| template.targets()?.get(name));
    let tags = target.and_then(|target| target.resource_tags()).into_iter().flatten();
    let mut tags: Vec<_> = tags.map(|(key, value)| (SafeText::new(key), SafeText::new(value))).collect();
    tags.sort();
    let filters = target.map(sdk::ExperimentTemplateTarget::filters).unwrap_or_default();
    let filter = |filter: &sdk::ExperimentTemplateTargetFilter| {
        (text(filter.path()), filter.values().iter().map(SafeText::new).collect())
    };
    let arns = target.map(sdk::ExperimentTemplateTarget::resource_arns).unwrap_or_default();
    Interruption {
        action: SafeText::new(name),
        warning: text(parameter.map(String::as_str)),
        after: action.start_after().iter().map(SafeText::new).collect(),
        target: text(target_name.map(String::as_str)),
        selection: text(target.and_then(|target| target.selection_mode())),
        arns: arns.iter().map(SafeText::new).collect(),
        tags,
        filters: filters.iter().map(filter).collect(),
    }
}
