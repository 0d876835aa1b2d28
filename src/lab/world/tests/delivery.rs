//! Events on their way to targets, and what the function says of Slack. Knows no protocol.

use super::*;

#[test]
fn without_a_policy_or_permission_nothing_arrives() {
    let mut world = world("tiny", 1);
    let id = world.first_spot();
    world.logs.policies.clear();
    world.functions.get_mut("send-slack-spot-event").unwrap().permissions.clear();
    world.warn(&id);
    assert_eq!(world.at(10.0).logs.iter().map(|(_, group)| group.events.len()).sum::<usize>(), 0);
    assert!(world.slack.messages.is_empty());
}

#[test]
fn a_disabled_rule_delivers_nothing() {
    let mut world = world("tiny", 1);
    let id = world.first_spot();
    world.rules.get_mut("spot-event").unwrap().enabled = false;
    world.warn(&id);
    assert!(world.at(10.0).slack.messages.is_empty());
    assert_eq!(world.told(&id).len(), 2);
}

/// What the log says of Slack's answers in a region where Slack is like this, and with which timeout.
fn said_of(slack: &str, timeout: u32) -> Vec<String> {
    let mut world = World::open(scenario(&format!("[slack]\n{slack}")), EPOCH.parse().unwrap(), 1);
    let id = world.first_spot();
    world.functions.get_mut("send-slack-spot-event").unwrap().timeout = timeout;
    world.warn(&id);
    let events = &world.at(60.0).logs.get("/aws/lambda/send-slack-spot-event").unwrap().events;
    let lines = events.iter().map(|event| event.message.trim_end());
    lines.filter(|line| line.starts_with('{') || line.contains("timed out")).map(str::to_owned).collect()
}

/// Its message, and the end of the line from its status on.
fn told(slack: &str) -> (String, String) {
    let [line]: [String; 1] = said_of(slack, 60).try_into().unwrap();
    let members: serde_json::Value = serde_json::from_str(&line).unwrap();
    let (_, end) = line.split_once("\"status\": ").unwrap();
    (members["message"].as_str().unwrap().to_owned(), end.to_owned())
}

#[test]
fn slack_that_is_down_is_tried_once_more_if_it_says_when() {
    let told = |slack: &str, message: &str, end: &str| assert_eq!(told(slack), (message.into(), end.into()));
    told("status = 429\nretry_after = 2\ntimes = 1", "posted to Slack, status 200", "200, \"tries\": 2}");
    let refused = "posted to Slack, status 429";
    told("status = 429\nretry_after = 15", refused, "429, \"tries\": 2, \"reason\": null}");
    told("status = 429\nretry_after = 16", refused, "429, \"tries\": 1, \"reason\": null}");
    told("status = 503", "posted to Slack, status 503", "503, \"tries\": 1, \"reason\": null}");
    told("status = 204", "posted to Slack, status 204", "204, \"tries\": 1, \"reason\": null}");
    let silent = "null, \"tries\": 1, \"reason\": \"TimeoutError\"}";
    told("silent = true", "posted to Slack, no answer", silent);
    let slow = said_of("silent = true", 3);
    assert!(slow.len() == 1 && slow[0].ends_with("Task timed out after 3.00 seconds"), "{slow:?}");
}

/// What an invocation by a warning for the first spot instance says, in a world that was changed before.
fn line_of(change: impl FnOnce(&mut World)) -> serde_json::Value {
    let mut world = world("tiny", 1);
    let id = world.first_spot();
    change(&mut world);
    let detail = json!({ "instance-id": id, "instance-action": "terminate" });
    let event =
        json!({ "source": "aws.ec2", "detail-type": "EC2 Spot Instance Interruption Warning", "detail": detail });
    let run = world.invoke("send-slack-spot-event", event, true);
    let ended = world.at(60.0).take_ended(run).unwrap();
    assert!(!ended.failed);
    let line = ended.log.lines().find(|line| line.starts_with("{\"level\"")).unwrap().to_owned();
    serde_json::from_str(&line).unwrap()
}

#[test]
fn what_keeps_the_function_from_posting_is_in_its_line() {
    let secret =
        |world: &mut World, change: fn(&mut secret::Secret)| change(world.secrets.values_mut().next().unwrap());
    let message = |change: &dyn Fn(&mut World)| line_of(change)["message"].as_str().unwrap().to_owned();
    let read_all = |world: &mut World| {
        let role = world.roles.get_mut("send-slack-spot-event-eu-west-1").unwrap();
        role.attached.push("arn:aws:iam::aws:policy/AdministratorAccess".to_owned());
    };
    let no_secret = |world: &mut World| {
        let function = world.functions.get_mut("send-slack-spot-event").unwrap();
        function.environment.clear();
    };
    assert_eq!(message(&no_secret), "no webhook configured, not posted");
    let gone = message(&|world| {
        read_all(world);
        world.secrets.clear();
    });
    assert_eq!(gone, "secret unreadable, ResourceNotFoundException");
    let marked = message(&|world| secret(world, |secret| secret.deletion = Some(secret.created)));
    assert_eq!(marked, "secret unreadable, InvalidRequestException");
    let denied = message(&|world| world.roles.get_mut("send-slack-spot-event-eu-west-1").unwrap().inline.clear());
    assert_eq!(denied, "secret unreadable, AccessDeniedException");
    assert_eq!(message(&|world| secret(world, |secret| secret.value = Some("x".into()))), "secret holds no URL");
}

#[test]
fn the_node_group_is_named_if_the_role_may_look() {
    let group = line_of(|_| {})["node-group"].clone();
    assert!(group.as_str().is_some_and(|group| !group.is_empty()), "{group}");
    let blind = line_of(|world| {
        let role = world.roles.get_mut("send-slack-spot-event-eu-west-1").unwrap();
        role.inline
            .insert("no".into(), json!({ "Statement": { "Effect": "Deny", "Action": "ec2:*", "Resource": "*" } }));
    });
    assert_eq!((&blind["node-group"], &blind["status"]), (&json!(null), &json!(200)));
}

#[test]
fn a_post_to_this_machine_waits_for_its_answer() {
    let mut world = world("tiny", 1);
    let secret = world.secrets.values_mut().next().unwrap();
    secret.value = Some("http://127.0.0.1:9/hook".into());
    let event = json!({ "source": "spotdrill.selftest", "detail-type": "x", "id": "1" });
    let id = world.invoke("send-slack-spot-event", event, true);
    let posts = world.at(3_600.0).take_posts();
    assert_eq!((posts.len(), world.take_ended(id)), (1, None));
    assert!(!format!("{:?}", posts[0]).contains("hook"), "the URL is a secret");
    world.post_answered(&posts[0], slack::Answer { status: Some(204), ..slack::Answer::none("") });
    assert_eq!(world.at(3_601.0).take_ended(id).unwrap().payload, json!({ "status": 204 }));
    assert!(world.slack.messages.is_empty());
}
