//! The simulated region: what exists in it, and what happens when. Seeded and event-driven; no clock, no protocol, no waiting.
//! The same seed, scenario and calls at the same times give the same history.

pub(super) mod access;
pub(super) mod alarm;
pub(super) mod auto_scaling;
pub(super) mod aws_policies;
pub(super) mod capacity;
pub(super) mod deployed;
pub(super) mod event_pattern;
pub(super) mod experiment;
pub(super) mod function;
pub(super) mod groups;
pub(super) mod instance;
pub(super) mod invocation;
pub(super) mod launch;
pub(super) mod launch_template;
pub(super) mod listing;
pub(super) mod log_group;
pub(super) mod notices;
pub(super) mod parameter;
pub(super) mod role;
pub(super) mod rule;
pub(super) mod safety_lever;
pub(super) mod secret;
pub(super) mod slack;
pub(super) mod spot_price;
pub(super) mod stack;
pub(super) mod template;

mod events;
mod experiment_log;
mod experiment_role;
mod function_role;
mod ids;
mod interruption;
mod lifecycle;
mod scenario_log;
mod schedule;
mod slack_function;
mod targets;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::scenario::Scenario;
use access::Access;
use alarm::Alarm;
use capacity::Shortage;
use events::Delivery;
use experiment::Experiment;
use function::Function;
use groups::{GroupState, Replacement};
use ids::Ids;
use instance::{Instances, SpotRequests};
use interruption::Interrupted;
use invocation::{Invocations, Step};
use launch::Launch;
use launch_template::{Fleet, LaunchTemplate};
use log_group::LogGroups;
use notices::Notices;
use parameter::Parameter;
use role::{ManagedPolicy, Role};
use rule::Rule;
use safety_lever::SafetyLever;
use schedule::Schedule;
use secret::Secret;
use slack::{Post, Slack};
use stack::{Stack, StackHappening};
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
    /// When the region was put in place.
    pub(super) opened: Timestamp,
    pub(super) seed: u64,
    image: Arc<str>,
    /// By the place of their zone in the scenario.
    subnets: Vec<Arc<str>>,
    /// By their places in the scenario.
    pub(super) groups: Vec<GroupState>,
    pub(super) instances: Instances,
    pub(super) spot_requests: SpotRequests,
    /// What EC2 shows of them where it lags behind.
    shown: (Instances, SpotRequests),
    pub(super) launch_templates: BTreeMap<String, LaunchTemplate>,
    pub(super) fleets: BTreeMap<String, Fleet>,
    pub(super) templates: BTreeMap<String, Template>,
    pub(super) experiments: BTreeMap<String, Experiment>,
    pub(super) client_tokens: Idempotency,
    pub(super) safety_lever: SafetyLever,
    /// The log groups that experiments have written to.
    log_destinations: BTreeSet<String>,
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
    pub(super) access: Access,
    pub(super) roles: BTreeMap<String, Role>,
    /// By ARN.
    pub(super) policies: BTreeMap<String, ManagedPolicy>,
    pub(super) secrets: BTreeMap<String, Secret>,
    /// The account's own, by name.
    pub(super) parameters: BTreeMap<String, Parameter>,
    pub(super) alarms: BTreeMap<String, Alarm>,
    /// Where launches fail, by the name of what has them fail.
    shortages: BTreeMap<String, Shortage>,
    /// By ARN; deleted ones stay.
    pub(super) stacks: BTreeMap<String, Stack>,
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
    RequestVanishes(String),
    /// A persistent spot request launches an instance again.
    FulfillAgain(String, Box<Launch>),
    /// A group launches an instance in place of another.
    Launch(Replacement),
    /// What manages a group terminates an instance that it has drained.
    ManagerTerminates(String),
    /// EC2's descriptions show what became of an instance or a spot request.
    Shown(String),
    ExperimentRuns(String),
    ActionsStart(String),
    ActionEnds {
        experiment: String,
        action: String,
    },
    ExperimentStops(String),
    /// A line of the scenario's logs, by their places.
    ScenarioLogs {
        log: usize,
        line: usize,
    },
    /// A record of an experiment's log reaches its group.
    ExperimentLogged {
        group: String,
        experiment: String,
        timestamp: Timestamp,
        record: Value,
    },
    LeverEngages,
    Delivered(Box<Delivery>),
    Invocation(u64, Step),
    /// The log lines of an invocation arrive.
    FunctionLogs {
        group: String,
        stream: String,
        lines: Vec<(Timestamp, String)>,
    },
    Stack(StackHappening),
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
        let subnets = (0..scenario.zones.len()).map(|place| launch::subnet(place).into()).collect();
        let mut world = Self {
            now,
            scenario,
            ids,
            schedule: Schedule::default(),
            made: 0,
            hosts: 0,
            opened: now,
            seed,
            image: launch::IMAGE.into(),
            subnets,
            groups: Vec::new(),
            instances: Instances::default(),
            spot_requests: SpotRequests::default(),
            shown: Default::default(),
            launch_templates: BTreeMap::new(),
            fleets: BTreeMap::new(),
            templates: BTreeMap::new(),
            experiments: BTreeMap::new(),
            client_tokens: Idempotency::default(),
            safety_lever: SafetyLever::default(),
            log_destinations: BTreeSet::new(),
            logs: LogGroups::default(),
            events_stream,
            rules: BTreeMap::new(),
            functions: BTreeMap::new(),
            invocations: Invocations::default(),
            slack: Slack::default(),
            notices: BTreeMap::new(),
            outbox: Vec::new(),
            access: Access::new(seed),
            roles: BTreeMap::new(),
            policies: BTreeMap::new(),
            secrets: BTreeMap::new(),
            parameters: BTreeMap::new(),
            alarms: BTreeMap::new(),
            shortages: BTreeMap::new(),
            stacks: BTreeMap::new(),
        };
        world.deploy();
        world.make_operator();
        world.launch_all();
        world.begin_scenario_logs();
        if !world.scenario.lag.is_zero() {
            world.shown = (world.instances.clone(), world.spot_requests.clone());
            world.show_changes();
        }
        world
    }

    /// Lets everything happen that is due by `to`, each at its own time. Never goes back.
    pub(super) fn advance(&mut self, to: Timestamp) {
        self.show_changes();
        while let Some((at, happening)) = self.schedule.next_due(to) {
            self.now = at;
            self.happen(happening);
            self.show_changes();
        }
        self.now = self.now.max(to);
    }

    /// When something is to happen next.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.schedule.first()
    }

    /// The instances as EC2 describes them at present: each as it was at some moment within the scenario's lag.
    pub(super) fn shown_instances(&self) -> &Instances {
        if self.scenario.lag.is_zero() { &self.instances } else { &self.shown.0 }
    }

    pub(super) fn shown_spot_requests(&self) -> &SpotRequests {
        if self.scenario.lag.is_zero() { &self.spot_requests } else { &self.shown.1 }
    }

    /// Has each change come to be seen within the lag.
    fn show_changes(&mut self) {
        if self.scenario.lag.is_zero() {
            return;
        }
        let changed = self.instances.take_changed().into_iter().chain(self.spot_requests.take_changed());
        for id in changed {
            let delay = self.ids.between(SignedDuration::ZERO, self.scenario.lag);
            self.schedule(delay, Happening::Shown(id));
        }
    }

    fn show(&mut self, id: &str) {
        let (instances, requests) = &mut self.shown;
        match self.instances.get(id) {
            Some(instance) => instances.insert(instance.clone()),
            None => instances.remove(id),
        }
        match self.spot_requests.get(id) {
            Some(request) => requests.insert(request.clone()),
            None => requests.remove(id),
        }
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
            Happening::RequestVanishes(id) => self.request_vanishes(&id),
            Happening::FulfillAgain(request, launch) => self.fulfill_again(request, launch),
            Happening::Launch(replacement) => self.launch_replacement(replacement),
            Happening::ManagerTerminates(id) => self.manager_terminates(&id),
            Happening::Shown(id) => self.show(&id),
            Happening::ExperimentRuns(id) => self.experiment_runs(&id),
            Happening::ActionsStart(id) => self.start_ready_actions(&id),
            Happening::ActionEnds { experiment, action } => self.action_ends(&experiment, &action),
            Happening::ExperimentStops(id) => self.experiment_stops(&id),
            Happening::ScenarioLogs { log, line } => self.write_scenario_log(log, line),
            Happening::ExperimentLogged { group, experiment, timestamp, record } => {
                let stream = format!("/aws/fis/{experiment}");
                self.logs.put(&group, &stream, timestamp, self.now, record.to_string());
            }
            Happening::LeverEngages => self.lever_engages(),
            Happening::Delivered(delivery) => self.deliver(*delivery),
            Happening::Invocation(id, step) => self.step(id, step),
            Happening::FunctionLogs { group, stream, lines } => self.write_function_log(&group, &stream, lines),
            Happening::Stack(happening) => self.stack_goes_on(happening),
        }
    }

    fn schedule(&mut self, delay: SignedDuration, happening: Happening) {
        self.schedule.add(schedule::later(self.now, delay), happening);
    }
}

#[cfg(test)]
mod tests;
