//! What must hold of every drill, whatever became of it on the way: looked up in the lab itself, and compared with what the
//! journals and the verdict say.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Instance, InstanceStateName, Reservation};
use aws_sdk_fis::types::{ActionsMode, ExperimentStatus, ExperimentSummary, ExperimentTemplateSummary};
use spotdrill::drill::{id::InstanceId, lock::State, template::DRILL_TAG, verdict::Outcome};

use super::operator::{Operator, Ran, is_unknown, known};

/// What there is in the lab at the end.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Those that bear a drill's tag, and did not skip their actions.
    pub(super) experiments: Vec<String>,
    pub(super) running: usize,
    pub(super) templates: Vec<String>,
    others_templates: Vec<String>,
    pub(super) held: Vec<String>,
    /// Not running any more.
    pub(super) gone: BTreeSet<InstanceId>,
    /// Terminated or stopped.
    pub(super) ended: BTreeSet<InstanceId>,
    /// Experiments that no journal knows and no verdict speaks of.
    pub(super) unknown: usize,
    pub(super) wrong: Vec<String>,
}

impl Found {
    pub(super) async fn of(operator: &Operator<'_>, ran: &Ran) -> Self {
        let mut found = Self::look(operator).await;
        found.check(ran);
        found
    }

    pub(super) async fn look(operator: &Operator<'_>) -> Self {
        let stage = &operator.quiet;
        let now = aws_smithy_async::time::StaticTimeSource::new(operator.clock.now().into());
        let sdk = stage.sdk.clone().into_builder().time_source(now).build();
        let fis = aws_sdk_fis::Client::new(&sdk);
        let experiments = fis.list_experiments().send().await.unwrap();
        let ours: Vec<_> = experiments.experiments().iter().filter(|experiment| is_ours(experiment)).collect();
        let templates = fis.list_experiment_templates().send().await.unwrap();
        let (of_drills, of_others): (Vec<_>, Vec<_>) = templates
            .experiment_templates()
            .iter()
            .partition(|template| template.tags().is_some_and(|tags| tags.contains_key(DRILL_TAG)));
        let ids = |templates: Vec<&ExperimentTemplateSummary>| -> Vec<String> {
            templates.into_iter().filter_map(|template| template.id()).map(str::to_owned).collect()
        };
        let locks = stage.aws.locks().await.unwrap().into_iter().map(Result::unwrap);
        let ec2 = aws_sdk_ec2::Client::new(&sdk);
        let instances = ec2.describe_instances().send().await.unwrap();
        let all = instances.reservations().iter().flat_map(Reservation::instances);
        let state = |instance: &Instance| instance.state().and_then(|state| state.name()).cloned();
        let which = |wanted: fn(&InstanceStateName) -> bool| {
            let there = all.clone().filter(|instance| state(instance).is_some_and(|state| wanted(&state)));
            there.filter_map(|instance| instance.instance_id()).map(InstanceId::new).collect()
        };
        Self {
            experiments: ours.iter().filter_map(|experiment| experiment.id()).map(str::to_owned).collect(),
            running: ours.iter().filter(|experiment| goes_on(experiment)).count(),
            templates: ids(of_drills),
            others_templates: ids(of_others),
            held: locks.filter(|lock| lock.entry.state == State::Held).map(|lock| lock.name).collect(),
            gone: which(|state| *state != InstanceStateName::Running),
            ended: which(|state| matches!(state, InstanceStateName::Terminated | InstanceStateName::Stopped)),
            ..Self::default()
        }
    }

    fn check(&mut self, ran: &Ran) {
        self.wrong.extend(ran.wrong.iter().cloned());
        self.check_experiments(ran);
        self.check_instances(ran);
        for (path, entries) in &ran.left {
            let after = ran.journals.iter().find(|record| record.path == *path);
            if !after.is_some_and(|record| record.entries.starts_with(entries)) {
                self.wrong.push(format!("{} lost lines: {entries:#?}", path.display()));
            }
        }
        for record in &ran.journals {
            if record.state.changed_at.is_some() {
                self.wrong.push(format!("{} was changed: {:?}", record.path.display(), record.state));
            }
        }
    }

    fn check_experiments(&mut self, ran: &Ran) {
        if self.experiments.len() > 1 {
            self.wrong.push(format!("started more than once: {:?}", self.experiments));
        }
        let says_unknown = ran.verdicts.iter().any(is_unknown);
        let all_known: Vec<_> = ran.journals.iter().flat_map(known).collect();
        let unknown: Vec<_> = self.experiments.iter().filter(|id| !all_known.contains(&id.as_str())).collect();
        if !unknown.is_empty() && !says_unknown {
            self.unknown = unknown.len();
            self.wrong.push(format!("nobody knows of {unknown:?}; {:?}", ran.verdicts));
        }
        if let Some(nowhere) = all_known.iter().find(|id| !self.experiments.iter().any(|there| there == *id)) {
            self.wrong.push(format!("a journal knows of {nowhere}, which there never was"));
        }
        if self.running > 0 {
            self.wrong.push(format!("{} experiments still run", self.running));
        }
        if !(self.templates.is_empty() && self.held.is_empty() || says_unknown) {
            self.wrong.push(format!("left behind: {:?} {:?}", self.templates, self.held));
        }
        for verdict in ran.verdicts.iter().filter(|verdict| verdict.verdict == Outcome::Refused && !is_unknown(verdict))
        {
            if !self.experiments.is_empty() {
                self.wrong.push(format!(
                    "nothing was started, it says, and there is {:?}: {:?}",
                    self.experiments, verdict.reasons
                ));
            }
        }
        if ran.verdicts.is_empty() && ran.drill.is_some() && ran.not_started.is_none() {
            self.wrong.push(String::from("there is no verdict"));
        }
    }

    /// FIS was confirmed to choose one by itself; its template is somebody else's.
    fn check_choice(&mut self, ran: &Ran, theirs: &str) {
        if self.gone.len() > 1 {
            self.wrong.push(format!("one was confirmed, and interrupted are {:?}", self.gone));
        }
        if self.gone.is_empty() && ran.verdicts.iter().any(|verdict| verdict.verdict == Outcome::Held) {
            self.wrong.push(String::from("it held, and nothing went"));
        }
        if !self.others_templates.iter().any(|there| there == theirs) {
            self.wrong.push(format!("{theirs} is somebody else's, and is gone"));
        }
    }

    fn check_instances(&mut self, ran: &Ran) {
        let Some(plan) = &ran.plan else { return };
        let told = ran.verdicts.iter().flat_map(|verdict| &verdict.interrupted);
        for there in told.filter(|id| !self.gone.contains(*id)) {
            self.wrong.push(format!("{there} is told to be interrupted, and is not"));
        }
        if let Some(theirs) = &plan.as_is {
            return self.check_choice(ran, theirs.id.as_str());
        }
        let targets: BTreeSet<_> = plan.targets.iter().map(|target| target.id.clone()).collect();
        let others: Vec<_> = self.gone.difference(&targets).collect();
        if !others.is_empty() {
            self.wrong.push(format!("interrupted and not confirmed: {others:?}"));
        }
        for ended in ran.held.iter().filter(|ended| !targets.is_subset(ended)) {
            self.wrong.push(format!("it held, and of {targets:?} only {ended:?} were gone"));
        }
    }
}

fn is_ours(experiment: &ExperimentSummary) -> bool {
    let skips = experiment.experiment_options().and_then(|options| options.actions_mode());
    experiment.tags().is_some_and(|tags| tags.contains_key(DRILL_TAG)) && skips != Some(&ActionsMode::SkipAll)
}

fn goes_on(experiment: &ExperimentSummary) -> bool {
    use ExperimentStatus::{Cancelled, Completed, Failed, Stopped};
    let status = experiment.state().and_then(|state| state.status());
    !matches!(status, Some(Completed | Stopped | Failed | Cancelled))
}
