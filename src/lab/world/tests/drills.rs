//! What FIS does besides interrupting: capacity errors, stop conditions, logs, the safety lever, failing actions.

use super::{
    super::{alarm::Alarm, alarm::AlarmState, safety_lever::LeverStatus},
    *,
};

impl World {
    /// Starts an experiment from members of a template.
    fn drill(&mut self, members: &Value, skip_all: bool) -> String {
        let mut content = json!({
            "description": "drill", "stopConditions": [{ "source": "none" }], "roleArn": "arn:aws:iam::000000000000:role/spot-fis-test",
        });
        content.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let content = serde_json::from_value(content).unwrap();
        let (id, now) = (self.template_id(), self.now());
        let template = Template { order: 1, id, created: now, updated: now, content, tags: BTreeMap::new() };
        self.start_experiment(&template, skip_all, BTreeMap::new())
    }

    fn put_alarm(&mut self, name: &str) -> String {
        let (now, reason) = (self.now(), String::new());
        let (content, tags) = (BTreeMap::new(), BTreeMap::new());
        let (name, state) = (name.to_owned(), AlarmState::Ok);
        let times = (now, now, now);
        let alarm = Alarm {
            name: name.clone(),
            state,
            reason,
            reason_data: None,
            updated: times.0,
            since: times.1,
            configured: times.2,
            content,
            tags,
            history: Vec::new(),
        };
        self.alarms.insert(name.clone(), alarm);
        self.alarm_arn(&name)
    }

    fn records(&self, experiment: &str) -> Vec<Value> {
        let events = &self.logs.get(EVENTS).unwrap().events;
        let of_it = events.iter().filter(|event| event.stream == format!("/aws/fis/{experiment}"));
        of_it.map(|event| serde_json::from_str(&event.message).unwrap()).collect()
    }
}

fn wait(duration: &str) -> Value {
    json!({ "actions": { "wait": { "actionId": "aws:fis:wait", "parameters": { "duration": duration } } } })
}

#[test]
fn a_capacity_error_lasts_as_long_as_its_action() {
    for (zones, stops) in [("eu-west-1a,euw1-az2,eu-west-1c", false), ("eu-west-1a,eu-west-1b,eu-west-1c", true)] {
        let text = "description = \"x\"\nregion = \"eu-west-1\"\n[capacity]\nretry = 5\n[[group]]\n\
            kind = \"auto-scaling-group\"\nname = \"web\"\ncount = 2\nreplaces = \"notice\"\n";
        let mut world = World::open(Scenario::parse("test", text).unwrap(), EPOCH.parse().unwrap(), 1);
        let may =
            json!({ "Effect": "Allow", "Action": ["ec2:InjectApiError", "autoscaling:Describe*"], "Resource": "*" });
        let role = world.roles.get_mut("spot-fis-test").unwrap();
        role.inline.insert("capacity".into(), json!({ "Version": "2012-10-17", "Statement": may }));
        let target = json!({ "resourceType": "aws:ec2:autoscaling-group", "selectionMode": "ALL",
            "resourceArns": [world.group_arn("web")] });
        let short = json!({ "actionId": "aws:ec2:asg-insufficient-instance-capacity-error",
            "parameters": { "duration": "PT10M", "availabilityZoneIdentifiers": zones },
            "targets": { "AutoScalingGroups": "groups" } });
        let experiment = world.drill(&json!({ "targets": { "groups": target }, "actions": { "short": short } }), false);
        let id = world.first_spot();
        world.at(15.0).interrupt_now(&[id], "PT2M");
        let running =
            |world: &World| world.instances.iter().filter(|found| found.state == InstanceState::Running).count();
        assert_eq!(running(world.at(500.0)), 1, "{:?}", world.groups[0].activities);
        if stops {
            world.stop_experiment(&experiment);
            assert_eq!(running(world.at(530.0)), 2);
        }
        assert_eq!(running(world.at(640.0)), 2);
        assert!(world.shortages.is_empty());
    }
}

#[test]
fn an_alarm_stops_the_experiments_that_watch_it() {
    let mut world = world("tiny", 1);
    let every_alarm = r#"{"source":["aws.cloudwatch"]}"#;
    world.rules.values_mut().for_each(|rule| every_alarm.clone_into(&mut rule.pattern));
    let arn = world.put_alarm("errors");
    let mut watching = wait("PT10M");
    watching["stopConditions"] = json!([{ "source": "aws:cloudwatch:alarm", "value": arn }]);
    let (watching, other) = (world.drill(&watching, false), world.drill(&wait("PT10M"), false));
    world.at(60.0).set_alarm("errors", AlarmState::InsufficientData, String::new(), None);
    assert_eq!(world.status(&watching), Status::Running);
    world.set_alarm("errors", AlarmState::Alarm, "drill".to_owned(), None);
    assert_eq!(world.status(&watching), Status::Stopping);
    assert_eq!(world.at(62.0).status(&watching), Status::Stopped);
    assert!(world.experiments[&watching].state.reason.contains(&arn));
    assert_eq!(world.status(&other), Status::Running);
    assert_eq!(world.at(70.0).told("CloudWatch Alarm State Change").len(), 2);
}

#[test]
fn an_experiment_tells_its_log_and_its_first_use_takes_longer() {
    let mut world = world("tiny", 1);
    let arn = world.arn("logs", &format!("log-group:{EVENTS}:*"));
    let mut logged = wait("PT1M");
    logged["logConfiguration"] =
        json!({ "logSchemaVersion": 2, "cloudWatchLogsConfiguration": { "logGroupArn": arn } });
    let id = world.first_spot();
    logged["targets"] = json!({ "spot": { "resourceType": "aws:ec2:spot-instance", "selectionMode": "ALL",
        "resourceArns": [world.instance_arn(&id)] } });
    let first = world.drill(&logged, false);
    assert_eq!(world.at(16.0).status(&first), Status::Initiating);
    assert_eq!(world.at(100.0).status(&first), Status::Completed);
    let second = world.drill(&logged, true);
    assert_eq!(world.at(111.0).status(&second), Status::Completed);
    let kinds = |world: &World, id: &str| -> Vec<String> {
        world.records(id).iter().map(|record| record["log_type"].as_str().unwrap().to_owned()).collect()
    };
    let resolved = ["experiment-start", "target-resolution-start", "target-resolution-detail", "target-resolution-end"];
    assert_eq!(kinds(world.at(120.0), &second), [&resolved[..], &["experiment-end"]].concat());
    assert_eq!(kinds(&world, &first), [&resolved[..], &["action-start", "action-end", "experiment-end"]].concat());
    let records = world.records(&first);
    assert_eq!(records[2]["details"]["resolved_targets"][0]["arn"], world.instance_arn(&id));
    assert_eq!(records[6]["details"]["experiment_state"]["reason"], "Experiment completed");
}

#[test]
fn an_action_whose_instances_are_gone_fails_its_experiment() {
    let mut world = world("tiny", 1);
    let id = world.first_spot();
    let experiment = world.interrupt_now(std::slice::from_ref(&id), "PT2M");
    world.at(5.0).set_state(&id, InstanceState::Terminated);
    assert_eq!(world.at(10.0).status(&experiment), Status::Failed);
    assert_eq!(world.experiments[&experiment].actions["interrupt"].state.status, Status::Failed);
}

#[test]
fn the_lever_is_engaging_while_experiments_stop() {
    let mut world = world("tiny", 1);
    let running = world.drill(&wait("PT10M"), false);
    world.at(30.0).set_safety_lever(true, "incident".to_owned());
    assert_eq!(world.at(31.9).safety_lever.status, LeverStatus::Engaging);
    assert_eq!(world.status(&running), Status::Stopping);
    assert_eq!(world.at(32.0).safety_lever.status, LeverStatus::Engaged);
    assert_eq!(world.status(&running), Status::Stopped);
}
