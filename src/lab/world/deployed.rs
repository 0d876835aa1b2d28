//! What was set up before the lab opened: the stack of `stack.yaml`, made by the lab's own CloudFormation some minutes
//! earlier, and the secret that it names. Knows no resource of it.

use std::{collections::BTreeMap, mem, sync::LazyLock};

use jiff::SignedDuration;
use serde_json::json;

use super::{
    World,
    alarm::{Alarm, AlarmState},
    ids::Ids,
    secret::Secret,
    stack::{Configuration, OnFailure, parameter, template::Template},
};
use crate::lab::scenario;

/// Read once for all labs of the process; that it is a template is tested.
static TEMPLATE: LazyLock<Option<Template>> =
    LazyLock::new(|| Template::read(include_str!("../../../assets/stack.yaml")).ok());

/// How long before the lab opens the stack was made.
const AGE: SignedDuration = SignedDuration::from_mins(10);
/// The parameter that names the secret, and what it usually says.
const SECRET: (&str, &str) = ("SlackSecretName", "spotdrill/slack-webhook");
/// The parameter that names the alarm that stops experiments.
const STOP_ALARM: &str = "StopAlarmArn";
const WEBHOOK: &str = "https://hooks.slack.com/services/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";
/// Tells the chance by which the stack was made from the region's own.
const CHANCE: u64 = 0x7370_6f74_6472_6c6c;

/// What CloudFormation would say of a scenario's stack, each with the key that it is about.
pub(in crate::lab) fn complaints(stack: &scenario::Stack) -> Vec<(&'static str, String)> {
    let mut said = Vec::new();
    if stack.name.is_empty() {
        let given = [("parameters", !stack.parameters.is_empty()), ("deleted", !stack.deleted.is_empty())];
        let without = |key| (key, format!("{key} is for a stack that is there"));
        return given.into_iter().filter(|(_, is_given)| *is_given).map(|(key, _)| without(key)).collect();
    }
    let starts = stack.name.starts_with(|first: char| first.is_ascii_alphabetic());
    if !starts || stack.name.len() > 128 || !stack.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        said.push(("name", format!("name is {:?}, which cannot be a stack's: [a-zA-Z][-a-zA-Z0-9]*", stack.name)));
    }
    let Some(template) = TEMPLATE.as_ref() else { return said };
    if let Err(complaint) = parameters(template, stack).and_then(|texts| parameter::check(template, &texts)) {
        said.push(("parameters", complaint));
    }
    let strange = stack.deleted.iter().filter(|name| !template.resources.contains_key(*name));
    said.extend(strange.map(|name| ("deleted", format!("deleted has {name}, which is no resource of the stack"))));
    said
}

fn parameters(template: &Template, stack: &scenario::Stack) -> Result<BTreeMap<String, String>, String> {
    let usual = [(SECRET.0.to_owned(), SECRET.1.to_owned())];
    parameter::texts(template, &usual.into_iter().chain(stack.parameters.iter().cloned()).collect())
}

impl World {
    /// Makes the scenario's stack in the minutes before now. What happens later by chance is as it would be without it.
    pub(super) fn deploy(&mut self) {
        let mut wanted = self.scenario.stack.clone();
        if let Some(arn) = self.deploy_alarm() {
            wanted.parameters.insert(0, (STOP_ALARM.to_owned(), arn)); // one that is given comes later and wins
        }
        let Some(template) = TEMPLATE.as_ref().filter(|_| !wanted.name.is_empty()) else { return };
        let Ok(parameters) = parameters(template, &wanted) else { return };
        let tags = BTreeMap::from([("spotdrill".to_owned(), wanted.name.clone())]);
        let chance = mem::replace(&mut self.ids, Ids::new(self.seed ^ CHANCE));
        let opened = self.now;
        self.now = opened.saturating_sub(AGE).unwrap_or(opened);
        if let Some(name) = parameters.get(SECRET.0).filter(|name| !name.is_empty()) {
            self.deploy_secret(name, tags.clone());
        }
        let capabilities = vec!["CAPABILITY_NAMED_IAM".to_owned()];
        let configuration = Configuration { template: template.clone(), parameters, tags, capabilities };
        let mut stack = self.new_stack(&wanted.name, configuration.clone());
        let id = stack.id.clone();
        self.deploy_stack(&mut stack, configuration, OnFailure::Rollback);
        self.stacks.insert(id.clone(), stack);
        self.advance(opened);
        self.delete_behind(&id, &wanted.deleted);
        self.ids = chance;
    }

    /// The alarm of the scenario; its ARN.
    fn deploy_alarm(&mut self) -> Option<String> {
        let scenario::Alarm { name, state } = self.scenario.alarm.clone();
        let state = AlarmState::parse(&state).filter(|_| !name.is_empty())?;
        let mut alarm = Alarm::new(&name, self.now);
        let content = [
            ("Namespace", json!("Shop")),
            ("MetricName", json!("5XX")),
            ("Statistic", json!("Sum")),
            ("Period", json!(60)),
            ("EvaluationPeriods", json!(1)),
            ("Threshold", json!(10.0)),
            ("ComparisonOperator", json!("GreaterThanThreshold")),
        ];
        alarm.configure(content.map(|(name, value)| (name.to_owned(), value)).into(), self.now);
        self.alarms.insert(name.clone(), alarm);
        self.set_alarm(&name, state, "Threshold Crossed: the scenario says so".to_owned(), None);
        Some(self.alarm_arn(&name))
    }

    fn deploy_secret(&mut self, name: &str, tags: BTreeMap<String, String>) {
        let secret = Secret {
            name: name.to_owned(),
            arn: self.secret_arn(name),
            description: None,
            value: Some(WEBHOOK.to_owned()),
            version: self.session_id(),
            created: self.now,
            changed: self.now,
            deletion: None,
            tags,
        };
        self.secrets.insert(name.to_owned(), secret);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::scenario::Scenario;

    fn open(scenario: Scenario) -> World {
        World::open(scenario, "2026-11-22T12:00:00Z".parse().unwrap(), 1)
    }

    #[test]
    fn every_scenario_opens_on_a_stack_that_is_made_and_in_the_past() {
        for (name, _) in Scenario::list() {
            let world = open(Scenario::named(name).unwrap());
            let stacks: Vec<_> = world.stacks.values().collect();
            if name == "bare" {
                assert!(stacks.is_empty() && world.secrets.is_empty() && world.rules.is_empty(), "{name}");
                assert_eq!(world.roles.keys().collect::<Vec<_>>(), ["lab-operator"]);
                assert_eq!((world.functions.len(), world.logs.iter().count()), (0, 0));
                continue;
            }
            let [stack] = stacks.as_slice() else { panic!("{name}: {stacks:?}") };
            assert_eq!((stack.name.as_str(), stack.status), ("spotdrill", "CREATE_COMPLETE"), "{name}");
            assert_eq!(stack.outputs["EventLogGroup"], "/aws/events/spotdrill");
            let times = stack.events.iter().map(|event| world.now.duration_since(event.time).as_secs());
            assert!(times.clone().max() == Some(600) && times.min() > Some(300), "{name}");
            let with_template = usize::from(!world.scenario.stack.parameters.is_empty());
            assert_eq!(stack.resources.len(), 9 + with_template, "{name}");
            assert_eq!(world.logs.ingested(), 0, "nothing was written yet");
            assert!(
                world.secrets["spotdrill/slack-webhook"].value.as_deref().unwrap().starts_with("https://hooks.slack")
            );
        }
    }

    #[test]
    fn what_happens_by_chance_is_as_it_would_be_without_the_stack() {
        let instances = |name: &str| {
            let mut scenario = Scenario::named("default").unwrap();
            name.clone_into(&mut scenario.stack.name);
            let world = open(scenario);
            world.instances.iter().map(|instance| instance.id.clone()).collect::<Vec<_>>()
        };
        assert_eq!(instances("spotdrill"), instances(""));
    }

    #[test]
    fn what_somebody_deleted_is_gone_and_the_stack_does_not_know() {
        let mut scenario = Scenario::named("default").unwrap();
        scenario.stack.parameters = vec![("Nodegroup".to_owned(), "web-spot".to_owned())];
        let whole = open(scenario.clone());
        assert_eq!((whole.templates.len(), whole.stacks.values().next().unwrap().resources.len()), (1, 10));
        scenario.stack.deleted = whole.stacks.values().next().unwrap().resources.keys().cloned().collect();
        let world = open(scenario);
        let stack = world.stacks.values().next().unwrap();
        assert_eq!((stack.status, stack.resources.len()), ("CREATE_COMPLETE", 10));
        assert_eq!(world.roles.keys().collect::<Vec<_>>(), ["lab-operator"]);
        let left = (world.functions.len(), world.rules.len(), world.templates.len(), world.logs.policies.len());
        assert_eq!((left, world.logs.iter().count()), ((0, 0, 0, 0), 0));
    }
}
