//! What happens in the region, to the second, without any protocol.

use serde_json::{Value, json};

use super::{
    experiment::Status,
    instance::{Instance, InstanceState, SpotRequest},
    template::{Template, TemplateContent},
    *,
};

mod delivery;
mod drills;
mod groups;

const EPOCH: &str = "2026-11-22T12:00:00Z";
/// Where a rule of the stack writes events to.
const EVENTS: &str = "/aws/events/spotdrill";

fn world(scenario: &str, seed: u64) -> World {
    World::open(Scenario::named(scenario).unwrap(), EPOCH.parse().unwrap(), seed)
}

fn scenario(extra: &str) -> Scenario {
    let text = format!(
        "description = \"x\"\nregion = \"eu-west-1\"\n{extra}\n[[group]]\nkind = \"auto-scaling-group\"\nname = \"web\"\ncount = 2\n"
    );
    Scenario::parse("test", &text).unwrap()
}

impl World {
    /// Lets `seconds` pass since the beginning.
    fn at(&mut self, seconds: f64) -> &mut Self {
        let epoch: Timestamp = EPOCH.parse().unwrap();
        self.advance(epoch + SignedDuration::try_from_secs_f64(seconds).unwrap());
        self
    }

    fn first_spot(&self) -> String {
        let mut spot: Vec<_> = self.instances.iter().filter(|instance| instance.spot_request.is_some()).collect();
        spot.sort_by_key(|instance| instance.order);
        spot[0].id.clone()
    }

    /// Starts an experiment that interrupts these instances after `duration`.
    fn interrupt_now(&mut self, instances: &[String], duration: &str) -> String {
        let arns: Vec<_> = instances.iter().map(|id| self.instance_arn(id)).collect();
        self.start(&json!({ "resourceArns": arns }), duration)
    }

    fn start(&mut self, target: &Value, duration: &str) -> String {
        let mut target = target.clone();
        target["resourceType"] = json!("aws:ec2:spot-instance");
        if target.get("selectionMode").is_none() {
            target["selectionMode"] = json!("ALL");
        }
        let content: TemplateContent = serde_json::from_value(json!({
            "description": "drill", "stopConditions": [{ "source": "none" }], "roleArn": "arn:aws:iam::000000000000:role/spot-fis-test",
            "targets": { "spot": target },
            "actions": { "interrupt": {
                "actionId": "aws:ec2:send-spot-instance-interruptions",
                "parameters": { "durationBeforeInterruption": duration },
                "targets": { "SpotInstances": "spot" },
            } },
        }))
        .unwrap();
        let id = self.template_id();
        let template =
            Template { order: 1, id, created: self.now(), updated: self.now(), content, tags: BTreeMap::new() };
        self.start_experiment(&template, false, BTreeMap::new())
    }

    fn status(&self, experiment: &str) -> Status {
        self.experiments[experiment].state.status
    }

    fn instance_state(&self, id: &str) -> Option<InstanceState> {
        self.instances.get(id).map(|instance| instance.state)
    }

    fn request_of(&self, id: &str) -> &SpotRequest {
        self.request_of_instance(self.instances.get(id).unwrap()).unwrap()
    }

    /// Time and detail-type of each event in the log group that concerns this text.
    fn told(&self, about: &str) -> Vec<(String, String)> {
        let events = &self.logs.get(EVENTS).unwrap().events;
        let about = events.iter().filter(|event| event.message.contains(about));
        let mut told: Vec<_> = about
            .map(|event| {
                let event: Value = serde_json::from_str(&event.message).unwrap();
                let word = |name: &str| event[name].as_str().unwrap().to_owned();
                (word("time"), word("detail-type"))
            })
            .collect();
        told.sort();
        told
    }
}

#[test]
fn an_interruption_happens_to_the_second() {
    let mut world = world("no-capacity", 1);
    let id = world.first_spot();
    let experiment = world.interrupt_now(std::slice::from_ref(&id), "PT5M");
    assert_eq!(world.at(1.9).status(&experiment), Status::Initiating);
    assert_eq!(world.at(2.0).status(&experiment), Status::Running);
    assert_eq!(world.experiments[&experiment].resolved["spot"], std::slice::from_ref(&id));
    assert_eq!(world.at(9.9).experiments[&experiment].actions["interrupt"].state.status, Status::Pending);
    assert_eq!(world.at(10.0).experiments[&experiment].actions["interrupt"].state.status, Status::Running);
    assert_eq!(world.at(189.9).status(&experiment), Status::Running);
    assert_eq!(world.request_of(&id).status, "fulfilled");
    assert_eq!(world.at(190.0).status(&experiment), Status::Completed);
    let request = world.request_of(&id);
    assert_eq!((request.state, request.status), ("closed", "instance-terminated-by-experiment"));
    assert_eq!(request.updated.to_string(), "2026-11-22T12:03:10Z");
    assert_eq!(world.at(309.9).instance_state(&id), Some(InstanceState::Running));
    assert_eq!(world.at(310.0).instance_state(&id), Some(InstanceState::ShuttingDown));
    assert_eq!(world.at(334.9).instance_state(&id), Some(InstanceState::ShuttingDown));
    assert_eq!(world.at(365.1).instance_state(&id), Some(InstanceState::Terminated));
    assert_eq!(world.request_of(&id).updated.to_string(), "2026-11-22T12:03:10Z");
    assert_eq!(world.at(310.0 + 3_600.0).instance_state(&id), Some(InstanceState::Terminated));
    assert_eq!(world.at(366.0 + 3_600.0).instance_state(&id), None);
    let told = world.told(&id);
    let expected = [
        ("2026-11-22T12:00:10Z", "EC2 Instance Rebalance Recommendation"),
        ("2026-11-22T12:03:10Z", "EC2 Spot Instance Interruption Warning"),
        ("2026-11-22T12:05:10Z", "EC2 Instance State-change Notification"),
    ];
    for ((time, what), expected) in told.iter().zip(expected) {
        assert_eq!((time.as_str(), what.as_str()), expected);
    }
    assert_eq!(told.len(), 4, "and terminated: {told:?}");
    let of_experiment = world.told(&experiment);
    assert_eq!(of_experiment.len(), 3, "initiating, running, completed: {of_experiment:?}");
}

#[test]
fn with_two_minutes_both_signs_come_together() {
    let mut world = world("tiny", 1);
    let id = world.first_spot();
    let experiment = world.interrupt_now(std::slice::from_ref(&id), "PT2M");
    assert_eq!(world.at(10.0).status(&experiment), Status::Completed);
    assert!(world.instances.get(&id).unwrap().noticed);
    assert_eq!(world.at(129.9).instance_state(&id), Some(InstanceState::Running));
    assert_eq!(world.at(130.0).instance_state(&id), Some(InstanceState::ShuttingDown));
}

#[test]
fn the_same_seed_gives_the_same_history() {
    let history = |seed| {
        let mut world = world("default", seed);
        let id = world.first_spot();
        world.at(3.0).interrupt_now(&[id], "PT3M");
        world.at(900.0);
        let logs: Vec<_> = world.logs.iter().flat_map(|(_, group)| group.events.clone()).collect();
        (world.instances, world.spot_requests, world.experiments, logs)
    };
    assert_eq!(history(7), history(7));
    assert_ne!(history(7).3, history(8).3);
}

#[test]
fn looking_often_changes_nothing() {
    let run = |steps: u32| {
        let mut world = world("default", 5);
        let id = world.first_spot();
        world.interrupt_now(&[id], "PT2M");
        for step in 1..=steps {
            world.at(f64::from(step) * 600.0 / f64::from(steps));
        }
        (world.instances, world.spot_requests)
    };
    assert_eq!(run(1), run(6_000));
}

#[test]
fn a_group_replaces_at_its_own_sign_where_it_has_the_fewest() {
    for (name, from) in [("web-spot", 10.0), ("flex", 70.0), ("batch-spot", 190.0)] {
        let mut world = world("default", 3);
        let place = world.scenario.groups.iter().position(|group| group.name == name).unwrap();
        let of_group = |world: &World| -> Vec<Instance> {
            world.instances.iter().filter(|found| found.group == Some(place)).cloned().collect()
        };
        let before: Vec<Instance> = of_group(&world);
        let victim = before[0].clone();
        world.interrupt_now(std::slice::from_ref(&victim.id), "PT3M");
        world.at(from);
        assert_eq!(of_group(&world).len(), before.len(), "{name}");
        let latency = world.scenario.groups[place].replacement_latency.as_secs_f64();
        let mut launched = from + latency * 0.75;
        while of_group(&world).len() == before.len() {
            launched += 0.1;
            world.at(launched);
        }
        assert!(launched <= from + latency * 1.25 + 0.1, "{name}: {launched}");
        let after: Vec<Instance> = of_group(&world);
        let new = after.iter().find(|instance| !before.iter().any(|old| old.id == instance.id)).unwrap();
        assert_eq!(new.state, InstanceState::Pending);
        assert_eq!(world.request_of(&new.id).instance.as_ref(), Some(&new.id));
        assert_ne!(new.private_ip, victim.private_ip);
        let staying = |zone: &str| after.iter().filter(|found| !found.doomed && *found.zone == *zone).count();
        let sizes: Vec<_> = world.scenario.zones.iter().map(|zone| staying(zone)).collect();
        assert!(sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1, "{name}: {sizes:?}");
        let id = new.id.clone();
        world.at(launched + 8.0);
        assert_eq!(world.instance_state(&id), Some(InstanceState::Running));
    }
}

#[test]
fn nothing_outlives_its_termination() {
    let mut world = world("default", 11);
    let id = world.first_spot();
    world.interrupt_now(std::slice::from_ref(&id), "PT2M");
    world.interrupt_now(std::slice::from_ref(&id), "PT3M");
    for second in 0..4_500 {
        world.at(f64::from(second));
        let Some(instance) = world.instances.get(&id) else { continue };
        if instance.state == InstanceState::Terminated {
            assert!(second >= 155);
        }
    }
    assert_eq!(world.instance_state(&id), None);
    let kinds: Vec<_> = world.told(&id).into_iter().map(|(_, kind)| kind).collect();
    let count = |kind: &str| kinds.iter().filter(|found| found.contains(kind)).count();
    assert_eq!((count("Warning"), count("State-change")), (1, 2), "{kinds:?}");
    let web = world.instances.iter().filter(|found| found.group == Some(0)).count();
    assert_eq!(web, 8, "one replacement for one instance");
}

#[test]
fn stopping_before_the_notice_recalls_nothing() {
    let mut world = World::open(scenario(""), EPOCH.parse().unwrap(), 1);
    let id = world.first_spot();
    let experiment = world.interrupt_now(std::slice::from_ref(&id), "PT5M");
    world.at(60.0).stop_experiment(&experiment);
    assert_eq!(world.at(61.0).status(&experiment), Status::Stopping);
    assert_eq!(world.at(62.0).status(&experiment), Status::Stopped);
    assert_eq!(world.at(310.0).instance_state(&id), Some(InstanceState::ShuttingDown));
}

#[test]
fn where_a_stop_recalls_the_instance_stays() {
    let mut world = World::open(scenario("[interruption]\nstop_recalls = true"), EPOCH.parse().unwrap(), 1);
    let id = world.first_spot();
    let experiment = world.interrupt_now(std::slice::from_ref(&id), "PT5M");
    world.at(60.0).stop_experiment(&experiment);
    assert_eq!(world.at(400.0).instance_state(&id), Some(InstanceState::Running));
    assert_eq!(world.request_of(&id).status, "fulfilled");
}

#[test]
fn a_stop_after_the_notice_changes_nothing() {
    let mut world = World::open(scenario("[interruption]\nstop_recalls = true"), EPOCH.parse().unwrap(), 1);
    let id = world.first_spot();
    let experiment = world.interrupt_now(std::slice::from_ref(&id), "PT2M");
    world.at(60.0).stop_experiment(&experiment);
    assert_eq!(world.at(130.0).status(&experiment), Status::Completed);
    assert_eq!(world.instance_state(&id), Some(InstanceState::ShuttingDown));
}

#[test]
fn an_experiment_stopped_before_its_actions_start_interrupts_nothing() {
    let mut world = World::open(scenario(""), EPOCH.parse().unwrap(), 1);
    let id = world.first_spot();
    let experiment = world.interrupt_now(std::slice::from_ref(&id), "PT2M");
    world.at(5.0).stop_experiment(&experiment);
    world.at(400.0);
    assert_eq!(world.experiments[&experiment].actions["interrupt"].state.status, Status::Cancelled);
    assert_eq!(world.instance_state(&id), Some(InstanceState::Running));
}

#[test]
fn an_empty_target_fails_the_experiment() {
    let mut world = world("tiny", 1);
    let tags = json!({ "eks:nodegroup-name": "web-spot" });
    let mut reason = |target: Value| {
        let experiment = world.start(&target, "PT2M");
        let later = world.now() + SignedDuration::from_secs(2);
        world.advance(later);
        (world.status(&experiment), world.experiments[&experiment].state.reason.clone())
    };
    let empty = (Status::Failed, "Target resolution returned empty set".into());
    assert_eq!(reason(json!({ "resourceTags": { "eks:nodegroup-name": "other" } })), empty);
    assert_eq!(reason(json!({ "resourceTags": tags, "selectionMode": "PERCENT(16)" })), empty);
    let zone = json!([{ "path": "Placement.AvailabilityZone", "values": ["eu-west-1z"] }]);
    assert_eq!(reason(json!({ "resourceTags": tags, "filters": zone })), empty);
    assert_eq!(reason(json!({ "resourceTags": tags, "selectionMode": "PERCENT(50)" })).0, Status::Running);
}

#[test]
fn more_than_five_by_tags_fail() {
    let mut world = world("default", 1);
    let experiment = world.start(&json!({ "resourceTags": { "eks:nodegroup-name": "web-spot" } }), "PT2M");
    assert_eq!(world.at(2.0).status(&experiment), Status::Failed);
}

#[test]
fn stop_leaves_an_instance_stopped_and_hibernate_gives_no_two_minutes() {
    for (behavior, at_notice) in [("stop", InstanceState::Running), ("hibernate", InstanceState::Stopping)] {
        let text = format!(
            "description = \"x\"\nregion = \"eu-west-1\"\n[[group]]\nkind = \"standalone\"\nname = \"web\"\nbehavior = \"{behavior}\"\n"
        );
        let mut world = World::open(Scenario::parse("test", &text).unwrap(), EPOCH.parse().unwrap(), 1);
        let id = world.first_spot();
        world.interrupt_now(std::slice::from_ref(&id), "PT2M");
        assert_eq!(world.at(10.0).instance_state(&id), Some(at_notice));
        if behavior == "stop" {
            assert_eq!(world.request_of(&id).status, "marked-for-stop-by-experiment");
        }
        assert_eq!(world.at(100_000.0).instance_state(&id), Some(InstanceState::Stopped));
        let request = world.request_of(&id);
        assert_eq!((request.state, request.status), ("disabled", "instance-stopped-by-experiment"));
    }
}

#[test]
fn an_engaged_lever_stops_and_prevents() {
    let mut world = world("tiny", 1);
    let id = world.first_spot();
    let running = world.interrupt_now(std::slice::from_ref(&id), "PT5M");
    world.at(5.0).set_safety_lever(true, "incident".into());
    let prevented = world.interrupt_now(std::slice::from_ref(&id), "PT5M");
    assert_eq!(world.status(&prevented), Status::Cancelled);
    assert_eq!(world.at(8.0).status(&running), Status::Stopped);
}

#[test]
fn the_function_says_what_it_was_told() {
    let mut world = world("tiny", 1);
    let id = world.first_spot();
    world.interrupt_now(std::slice::from_ref(&id), "PT2M");
    let events = &world.at(15.0).logs.get("/aws/lambda/send-slack-spot-event").unwrap().events;
    let words: Vec<_> = events.iter().map(|event| event.message.split([' ', '\t']).next().unwrap()).collect();
    assert_eq!(words, ["INIT_START", "START", "{\"level\":", "END", "REPORT"]);
    let line: serde_json::Value = serde_json::from_str(&events[2].message).unwrap();
    assert_eq!((&line["resource"], &line["message"]), (&json!(id), &json!("posted to Slack, status 200")));
    assert!(events[4].message.contains("Init Duration"));
    assert!(events[0].stream.starts_with("2026/11/22/[$LATEST]"));
    let delay = events[0].timestamp.duration_since(EPOCH.parse().unwrap()).as_secs_f64() - 10.0;
    assert!((0.3..=1.0).contains(&delay), "{delay}");
}

#[test]
fn a_region_without_a_rule_is_silent() {
    let deleted = scenario("[stack]\ndeleted = [\"EventLogRule\", \"SlackRule\"]");
    let mut world = World::open(deleted, EPOCH.parse().unwrap(), 1);
    let id = world.first_spot();
    world.interrupt_now(std::slice::from_ref(&id), "PT2M");
    assert_eq!(world.at(600.0).instance_state(&id), Some(InstanceState::Terminated));
    assert_eq!((world.logs.iter().count(), world.logs.ingested()), (2, 0));
    assert!(world.slack.messages.is_empty());
}
