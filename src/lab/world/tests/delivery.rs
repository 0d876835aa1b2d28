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

/// What the function says of Slack's answers in a region where Slack is like this, and with which timeout.
fn said_of(slack: &str, timeout: u32) -> Vec<String> {
    let mut world = World::open(scenario(&format!("[slack]\n{slack}")), EPOCH.parse().unwrap(), 1);
    let id = world.first_spot();
    world.functions.get_mut("send-slack-spot-event").unwrap().timeout = timeout;
    world.warn(&id);
    let events = &world.at(60.0).logs.get("/aws/lambda/send-slack-spot-event").unwrap().events;
    let lines = events.iter().map(|event| event.message.trim_end());
    let lines = lines.filter(|line| line.contains("Slack") || line.contains("timed out"));
    lines.map(|line| line.rsplit(['\t', 'Z']).next().unwrap().to_owned()).collect()
}

#[test]
fn slack_that_is_down_is_tried_once_more_if_it_says_when() {
    let once_more = "posted to Slack, status 429, once more after 2 s";
    let fine = "posted to Slack, status 200";
    assert_eq!(said_of("status = 429\nretry_after = 2\ntimes = 1", 10), [once_more, fine]);
    let refused = "posted to Slack, status 429";
    assert_eq!(said_of("status = 429\nretry_after = 2", 10), [once_more, refused]);
    assert_eq!(said_of("status = 503", 10), ["posted to Slack, status 503"]);
    assert_eq!(said_of("silent = true", 10), ["posted to Slack, no answer"]);
    let slow = said_of("silent = true", 3);
    assert!(slow[0].ends_with("Task timed out after 3.00 seconds"), "{slow:?}");
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
    world.post_answered(&posts[0], slack::Answer { status: Some(204), retry_after: None });
    assert_eq!(world.at(3_601.0).take_ended(id).unwrap().payload, json!({ "status": 204 }));
    assert!(world.slack.messages.is_empty());
}
