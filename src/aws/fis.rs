//! FIS: a drill's orders, and what FIS says of its experiment look after look. Knows nothing of EC2 or logs.

use std::collections::HashMap;

use aws_sdk_fis::types as sdk;
use jiff::Timestamp;

use super::{
    Aws, Error,
    error::Kind,
    templates::{Made, all_of, instance_of},
    timestamp,
};
use crate::{
    drill::{
        fact::{Basis, Fact, Source, What},
        guard::caps::MOST_IN_WAVE,
        id::{DrillId, ExperimentId, InstanceId, TemplateId},
        order::Order,
        template::{Action, DRILL_TAG, Template},
    },
    text::SafeText,
};

const CREATE: &str = "create the FIS template";
const START: &str = "start the FIS experiment";

impl Aws {
    /// Carries out an order; what comes of it is a fact.
    pub async fn carry_out(&self, order: &Order) -> Result<Fact, Error> {
        let done = match order {
            Order::CreateTemplate { template, client_token } => self.create_template(template, client_token).await,
            Order::StartExperiment { template, client_token, tags, .. } => {
                self.start(template, client_token, tags).await
            }
            Order::FindExperiment { template, tagged } => self.find_experiment(template, tagged.as_ref()).await,
            Order::StopExperiment { experiment } => self.stop(experiment).await,
            Order::DeleteTemplate { template, drill } => self.delete_template(template, drill).await,
            Order::FindTemplate { drill } => self.find_template(drill).await,
            Order::Again { order, .. } => return Box::pin(self.carry_out(order)).await,
            Order::FreeLock { drill, groups } => self.free_locks(groups, drill).await,
        };
        done.map_err(|error| error.of_profile(self.profile.as_ref()))
    }

    /// The fact that an order could not be carried out; or that nobody knows, if any try at it leaves a doubt.
    pub fn not_done(&self, order: &Order, error: &Error, in_doubt: bool) -> Fact {
        let (order, message) = (order.name(), error.why().clone());
        let what = if in_doubt {
            What::OrderUnanswered { order, message }
        } else {
            What::OrderRefused { order, code: error.code.clone(), message }
        };
        Fact { source: Source::Fis, ..Fact::ours(self.clock.now(), what) }
    }

    async fn create_template(&self, template: &Template, client_token: &str) -> Result<Fact, Error> {
        // the guards let no more pass; this is the last place where more could be sent
        let hit: usize = template.actions.iter().map(|action| action.arns.len()).sum();
        if hit > MOST_IN_WAVE {
            let why = format!("it would hit {hit} instances, and the cap is {MOST_IN_WAVE}");
            return Err(Error::new(CREATE, Kind::Refused, &why));
        }
        let stop = sdk::CreateExperimentTemplateStopConditionInput::builder();
        let stop = match &template.stop_alarm {
            Some(arn) => stop.source("aws:cloudwatch:alarm").value(arn),
            None => stop.source("none"),
        };
        let options = sdk::CreateExperimentTemplateExperimentOptionsInput::builder()
            .empty_target_resolution_mode(sdk::EmptyTargetResolutionMode::Fail)
            .build();
        let mut call = self
            .fis
            .create_experiment_template()
            .client_token(client_token)
            .description(&template.description)
            .role_arn(&template.role_arn)
            .experiment_options(options)
            .set_tags(Some(template.tags.iter().cloned().collect()))
            .stop_conditions(stop.build().map_err(|_| unbuildable())?);
        for action in &template.actions {
            call = call.targets(&action.target, target_of(action)?).actions(&action.name, action_of(action)?);
        }
        let answer = call.send().await.map_err(|error| Error::of(CREATE, &error))?;
        let created = answer.experiment_template();
        let template = TemplateId::new(created.and_then(|created| created.id()).ok_or_else(|| nameless(CREATE))?);
        let at = created.and_then(|created| created.creation_time()).and_then(timestamp);
        Ok(self.said(at, What::TemplateCreated { template }))
    }

    async fn start(&self, template: &TemplateId, token: &str, tags: &[(String, String)]) -> Result<Fact, Error> {
        let call = self
            .fis
            .start_experiment()
            .experiment_template_id(template.as_str())
            .client_token(token)
            .set_tags(Some(tags.iter().cloned().collect()));
        let answer = call.send().await.map_err(|error| Error::of(START, &error))?;
        let started = answer.experiment();
        let at = started.and_then(|started| started.start_time().or(started.creation_time())).and_then(timestamp);
        let experiment = ExperimentId::new(started.and_then(|started| started.id()).ok_or_else(|| nameless(START))?);
        Ok(self.said(at, What::ExperimentStarted { experiment, template: template.clone() }))
    }

    async fn stop(&self, experiment: &ExperimentId) -> Result<Fact, Error> {
        let call = self.stops.stop_experiment().id(experiment.as_str());
        call.send().await.map_err(|error| Error::of("stop the FIS experiment", &error))?;
        Ok(self.said(None, What::StopSent { experiment: experiment.clone() }))
    }

    /// A journal that was edited may name any template: only one with the drill's own tag is deleted.
    async fn delete_template(&self, template: &TemplateId, drill: &DrillId) -> Result<Fact, Error> {
        if let Some(Made { of, .. }) = self.made(template).await?
            && of.as_ref() != Some(drill)
        {
            let why = format!("{template} does not bear the tag {DRILL_TAG} = {drill}, so it is left alone");
            return Err(Error::new("delete the FIS template", Kind::Refused, &why));
        }
        self.delete_our_template(template.as_str()).await?;
        Ok(self.said(None, What::TemplateDeleted { template: template.clone() }))
    }

    pub(super) fn said(&self, at: Option<Timestamp>, what: What) -> Fact {
        let seen = self.clock.now();
        Fact { at: at.unwrap_or(seen), seen, source: Source::Fis, instance: None, what }
    }

    /// What FIS says of the experiment, its actions and its targets.
    pub(super) async fn look_at_experiment(&self, id: &ExperimentId, known: &mut Statuses) -> Result<Vec<Fact>, Error> {
        self.pace.turn().await;
        let call = self.fis.get_experiment().id(id.as_str());
        let answer = call
            .send()
            .await
            .map_err(|error| Error::of("read the FIS experiment", &error).needs("fis:GetExperiment"))?;
        let Some(experiment) = answer.experiment() else { return Ok(Vec::new()) };
        let seen = self.clock.now();
        let mut facts = Vec::new();
        let begun = experiment.actions().into_iter().flatten().any(|(_, action)| action.start_time().is_some());
        if begun && known.resolved.is_empty() {
            known.resolved = self.resolved_targets(id).await?;
            let instances = all_of(known.resolved.clone());
            if !instances.is_empty() {
                facts.push(self.said(None, What::TargetsResolved { instances })); // before what happened to them
            }
        }
        for (name, action) in experiment.actions().into_iter().flatten() {
            let targets = known.targets_of(action, experiment);
            facts.extend(known.actions.entry(name.clone()).or_default().change(name, action, &targets, seen));
        }
        // the experiment's own end comes last: it ends the watch, and its actions' ends must not be missed
        facts.extend(known.experiment_change(id, experiment, seen));
        Ok(facts)
    }
}

/// What FIS said last.
#[derive(Debug, Default)]
pub(super) struct Statuses {
    experiment: Option<String>,
    actions: HashMap<String, ActionStatus>,
    /// What its targets came to, by their names; nothing until FIS tells.
    resolved: HashMap<String, Vec<InstanceId>>,
}

#[derive(Debug, Default)]
struct ActionStatus {
    status: Option<String>,
    started: bool,
    completed: bool,
}

impl Statuses {
    /// The instances of an action: what FIS resolved, or until it tells that the ARNs that it was given.
    fn targets_of(&self, action: &sdk::ExperimentAction, experiment: &sdk::Experiment) -> Vec<InstanceId> {
        let name = action.targets().and_then(|targets| targets.get(Template::TARGET_KEY));
        let resolved = name.and_then(|name| self.resolved.get(name));
        let given = || {
            let target = name.and_then(|name| experiment.targets()?.get(name));
            target.map(|target| target.resource_arns().iter().map(|arn| instance_of(arn)).collect()).unwrap_or_default()
        };
        resolved.cloned().unwrap_or_else(given)
    }

    fn experiment_change(&mut self, id: &ExperimentId, experiment: &sdk::Experiment, seen: Timestamp) -> Option<Fact> {
        let state = experiment.state();
        let status = state.and_then(|state| state.status()).map_or("unknown", sdk::ExperimentStatus::as_str);
        if self.experiment.replace(status.to_owned()).as_deref() == Some(status) {
            return None;
        }
        let time = experiment.end_time().or(experiment.start_time().filter(|_| status == "initiating"));
        Some(Fact {
            at: time.and_then(timestamp).unwrap_or(seen),
            seen,
            source: Source::Fis,
            instance: None,
            what: What::ExperimentStateChanged {
                experiment: id.clone(),
                status: SafeText::new(status),
                reason: state.and_then(|state| state.reason()).map(SafeText::new),
            },
        })
    }
}

impl ActionStatus {
    fn change(
        &mut self,
        name: &str,
        action: &sdk::ExperimentAction,
        targets: &[InstanceId],
        seen: Timestamp,
    ) -> Vec<Fact> {
        let mut facts = Vec::new();
        let state = action.state();
        let status = state.and_then(|state| state.status()).map_or("unknown", sdk::ExperimentActionStatus::as_str);
        let (start, end) = (action.start_time().and_then(timestamp), action.end_time().and_then(timestamp));
        let fact = |at: Option<Timestamp>, instance, what| Fact {
            at: at.unwrap_or(seen),
            seen,
            source: Source::Fis,
            instance,
            what,
        };
        if self.status.replace(status.to_owned()).as_deref() != Some(status) {
            let what = What::ActionStateChanged {
                action: SafeText::new(name),
                status: SafeText::new(status),
                reason: state.and_then(|state| state.reason()).map(SafeText::new),
                started: start,
            };
            facts.push(fact(end.or(start.filter(|_| status == "running")), None, what));
        }
        let interrupts = action.action_id() == Some(Template::ACTION_ID);
        if interrupts && !self.started && start.is_some() && matches!(status, "running" | "completed") {
            self.started = true;
            let recommended = || What::RebalanceRecommended { basis: Basis::ActionStarted };
            facts.extend(targets.iter().map(|target| fact(start, Some(target.clone()), recommended())));
        }
        if interrupts && !self.completed && status == "completed" {
            self.completed = true;
            let issued = || What::NoticeIssued { basis: Basis::ActionCompleted, action: None };
            facts.extend(targets.iter().map(|target| fact(end, Some(target.clone()), issued())));
        }
        facts
    }
}

fn target_of(action: &Action) -> Result<sdk::CreateExperimentTemplateTargetInput, Error> {
    sdk::CreateExperimentTemplateTargetInput::builder()
        .resource_type(Template::RESOURCE_TYPE)
        .set_resource_arns(Some(action.arns.clone()))
        .selection_mode("ALL")
        .build()
        .map_err(|_| unbuildable())
}

fn action_of(action: &Action) -> Result<sdk::CreateExperimentTemplateActionInput, Error> {
    sdk::CreateExperimentTemplateActionInput::builder()
        .action_id(Template::ACTION_ID)
        .parameters("durationBeforeInterruption", &action.duration_before_interruption)
        .targets(Template::TARGET_KEY, &action.target)
        .build()
        .map_err(|_| unbuildable())
}

/// What was made has no name by the answer, so it is to be looked for.
fn nameless(doing: &'static str) -> Error {
    Error::new(doing, Kind::ServerFault, "the answer does not say what it is called")
}

fn unbuildable() -> Error {
    Error::new(CREATE, Kind::Refused, "a required part of the template is missing")
}
