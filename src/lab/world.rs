//! The simulated region: what exists in it, and what happens when. Seeded and event-driven; no clock, no protocol, no waiting.
//! The same seed, scenario and calls at the same times give the same history.

pub(super) mod alarm;
pub(super) mod event_pattern;
pub(super) mod experiment;
pub(super) mod function;
pub(super) mod instance;
pub(super) mod invocation;
pub(super) mod log_group;
pub(super) mod notices;
pub(super) mod resource_policy;
pub(super) mod role;
pub(super) mod rule;
pub(super) mod secret;
pub(super) mod slack;
pub(super) mod template;

mod deployed;
mod events;
mod groups;
mod ids;
mod interruption;
mod schedule;
mod slack_function;
mod targets;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::scenario::Scenario;
use alarm::Alarm;
use events::Delivery;
use experiment::{Experiment, SafetyLever};
use function::Function;
use ids::Ids;
use instance::{Instances, SpotRequest};
use interruption::Interrupted;
use invocation::{Invocations, Step};
use log_group::LogGroups;
use notices::Notices;
use role::{ManagedPolicy, Role};
use rule::Rule;
use schedule::Schedule;
use secret::Secret;
use slack::{Post, Slack};
use template::{Idempotency, Template};

/// A region and all that is in it.
#[derive(Debug)]
pub(super) struct World {
    now: Timestamp,
    pub(super) scenario: Scenario,
    ids: Ids,
    schedule: Schedule<Happening>,
    /// How many things were made so far, to list them in the order of their making.
    made: u64,
    hosts: u32,
    pub(super) instances: Instances,
    pub(super) spot_requests: BTreeMap<String, SpotRequest>,
    pub(super) templates: BTreeMap<String, Template>,
    pub(super) experiments: BTreeMap<String, Experiment>,
    pub(super) client_tokens: Idempotency,
    pub(super) safety_lever: SafetyLever,
    pub(super) logs: LogGroups,
    events_stream: String,
    /// The rules of the default event bus, by name.
    pub(super) rules: BTreeMap<String, Rule>,
    pub(super) functions: BTreeMap<String, Function>,
    invocations: Invocations,
    pub(super) slack: Slack,
    /// By instance.
    pub(super) notices: BTreeMap<String, Notices>,
    outbox: Vec<Post>,
    pub(super) roles: BTreeMap<String, Role>,
    /// By ARN.
    pub(super) policies: BTreeMap<String, ManagedPolicy>,
    pub(super) secrets: BTreeMap<String, Secret>,
    pub(super) alarms: BTreeMap<String, Alarm>,
}

/// What is going to happen, at the time for which it is scheduled.
#[derive(Clone, Debug)]
enum Happening {
    InstanceRuns(String),
    Rebalance(Interrupted),
    Notice(Interrupted),
    Shutdown(Interrupted),
    /// `shutting-down` becomes `terminated`, `stopping` becomes `stopped`.
    InstanceEnds(String),
    InstanceVanishes(String),
    /// A group (by its place in the scenario) launches one instance.
    Launch(usize),
    ExperimentRuns(String),
    ActionsStart(String),
    ActionEnds {
        experiment: String,
        action: String,
    },
    ExperimentStops(String),
    Delivered(Box<Delivery>),
    Invocation(u64, Step),
    /// The log lines of an invocation arrive.
    FunctionLogs {
        group: String,
        stream: String,
        lines: Vec<(Timestamp, String)>,
    },
}

/// What an interruption warning says.
#[derive(Clone, Debug)]
struct Warning {
    detail_type: &'static str,
    instance: String,
    action: &'static str,
}

impl World {
    /// The scenario's region at `now`, with instances that have been running for a while.
    pub(super) fn open(scenario: Scenario, now: Timestamp, seed: u64) -> Self {
        let mut ids = Ids::new(seed);
        let events_stream = ids.uuid();
        let mut world = Self {
            now,
            scenario,
            ids,
            schedule: Schedule::default(),
            made: 0,
            hosts: 0,
            instances: Instances::default(),
            spot_requests: BTreeMap::new(),
            templates: BTreeMap::new(),
            experiments: BTreeMap::new(),
            client_tokens: Idempotency::default(),
            safety_lever: SafetyLever::default(),
            logs: LogGroups::default(),
            events_stream,
            rules: BTreeMap::new(),
            functions: BTreeMap::new(),
            invocations: Invocations::default(),
            slack: Slack::default(),
            notices: BTreeMap::new(),
            outbox: Vec::new(),
            roles: BTreeMap::new(),
            policies: BTreeMap::new(),
            secrets: BTreeMap::new(),
            alarms: BTreeMap::new(),
        };
        world.deploy();
        world.launch_all();
        world
    }

    /// Lets everything happen that is due by `to`, each at its own time. Never goes back.
    pub(super) fn advance(&mut self, to: Timestamp) {
        while let Some((at, happening)) = self.schedule.next_due(to) {
            self.now = at;
            self.happen(happening);
        }
        self.now = self.now.max(to);
    }

    /// When something is to happen next.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.schedule.first()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    pub(super) fn arn(&self, service: &str, resource: &str) -> String {
        format!("arn:aws:{service}:{}:{}:{resource}", self.scenario.region, self.scenario.account)
    }

    pub(super) fn session_id(&mut self) -> String {
        self.ids.uuid()
    }

    /// A number that says in which order things were made, from 1.
    pub(super) fn next_order(&mut self) -> u64 {
        self.made = self.made.saturating_add(1);
        self.made
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::InstanceRuns(id) => self.instance_runs(&id),
            Happening::Rebalance(interrupted) => self.recommend_rebalance(&interrupted),
            Happening::Notice(interrupted) => self.give_notice(&interrupted),
            Happening::Shutdown(interrupted) => self.shut_down(&interrupted),
            Happening::InstanceEnds(id) => self.instance_ends(&id),
            Happening::InstanceVanishes(id) => self.instance_vanishes(&id),
            Happening::Launch(group) => self.launch_replacement(group),
            Happening::ExperimentRuns(id) => self.experiment_runs(&id),
            Happening::ActionsStart(id) => self.start_ready_actions(&id),
            Happening::ActionEnds { experiment, action } => self.action_ends(&experiment, &action),
            Happening::ExperimentStops(id) => self.experiment_stops(&id),
            Happening::Delivered(delivery) => self.deliver(*delivery),
            Happening::Invocation(id, step) => self.step(id, step),
            Happening::FunctionLogs { group, stream, lines } => self.write_function_log(&group, &stream, lines),
        }
    }

    fn schedule(&mut self, delay: SignedDuration, happening: Happening) {
        self.schedule.add(schedule::later(self.now, delay), happening);
    }
}

#[cfg(test)]
mod tests;
