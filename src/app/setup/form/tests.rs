use super::*;
use crate::{drill::fleet::GroupKind, text::SafeText};

const URL: &str = "https://hooks.slack.com/services/T0/B0/canary";

fn given(webhook: Option<&str>) -> Given {
    Given { webhook: webhook.map(SecretString::from), ..Given::default() }
}

fn group(name: &str) -> GroupKey {
    GroupKey { kind: GroupKind::EksNodegroup, name: SafeText::new(name), cluster: Some(SafeText::new("shop")) }
}

/// The cursor on the webhook, which is being typed.
fn asked() -> Form {
    let mut form = Form::new(false);
    form.ask_for_webhook("spotdrill/slack-webhook");
    form
}

#[test]
fn what_is_not_chosen_stays_as_it_is() {
    let form = Form::new(false);
    assert_eq!(form.wanted(&given(None)), Wanted::new("spotdrill"));
    assert_eq!(form.fields(), [Field::Slack, Field::Template, Field::Preview]);
}

#[test]
fn a_node_group_brings_its_fields_and_its_parameters() {
    let mut form = Form::new(false);
    form.field = Field::Template;
    let groups = [group("web-spot"), group("system")];
    form.step(true, &groups, false).unwrap();
    let without = form.wanted(&given(None)).parameters;
    assert_eq!(without.into_iter().collect::<Vec<_>>(), [(String::from("Nodegroup"), String::new())]);
    form.step(true, &groups, false).unwrap();
    assert!(form.fields().contains(&Field::Count) && form.fields().contains(&Field::Warning));
    form.field = Field::Count;
    form.type_in("3".parse().unwrap());
    form.accept();
    form.field = Field::Warning;
    form.step(true, &groups, false).unwrap();
    let with = form.wanted(&given(None)).parameters;
    let values = ["Nodegroup", "Cluster", "Count", "Warning"].map(|name| with[name].as_str());
    assert_eq!(values, ["web-spot", "shop", "3", "PT2M30S"]);
    form.field = Field::Template;
    assert!(form.step(true, &[], false).is_err(), "there is none to choose");
}

#[test]
fn a_count_that_no_template_can_have_is_said_and_typed_on() {
    let mut form = Form::new(false);
    (form.template, form.field) = (Template::For(group("web")), Field::Count);
    form.edit();
    form.type_in("0".parse().unwrap());
    form.type_in("0".parse().unwrap());
    form.accept();
    assert!(form.is_typing() && form.complaint.as_deref().unwrap().contains("from 1 to 50"));
    form.revert();
    assert_eq!((form.count, form.complaint.as_deref()), (1, None));
}

#[test]
fn a_pasted_webhook_is_taken_by_its_field_alone() {
    let mut form = Form::new(false);
    assert!(!form.paste(&SecretString::from(URL)), "the cursor is on another field");
    form.slack = Slack::Typed;
    form.go(true);
    assert!(form.paste(&SecretString::from(format!("{URL}\n"))));
    form.accept();
    assert_eq!((form.webhook_length(), form.field), (Some(URL.len()), Field::Template));
    let webhook = form.webhook(&given(None)).unwrap().unwrap();
    assert_eq!(webhook.expose(), URL);
    assert_eq!(form.wanted(&given(None)).slack, wanted::Slack::Post);
}

#[test]
fn the_secret_is_in_no_debug_output() {
    let mut form = asked();
    form.paste(&SecretString::from(URL));
    assert!(!format!("{form:?}").contains("canary"));
    form.accept();
    assert!(!format!("{form:?}").contains("canary"));
    assert!(!format!("{:?}", given(Some(URL))).contains("canary"));
}

#[test]
fn a_webhook_that_is_not_slacks_is_taken_when_it_is_insisted_on() {
    let mut form = asked();
    form.paste(&SecretString::from("https://example.com/hook"));
    form.accept();
    assert!(form.complaint.as_deref().unwrap().contains("not Slack's"), "{form:?}");
    assert!(form.complaint.as_deref().unwrap().contains("enter once more"));
    form.type_in("x".parse().unwrap());
    form.accept();
    assert!(form.is_typing(), "it was changed: the second enter does not count for it");
    form.accept();
    assert_eq!(form.webhook_length(), Some("https://example.com/hookx".len()));
}

#[test]
fn what_is_no_webhook_is_never_taken() {
    for text in ["", "hello", "ftp://x"] {
        let mut form = asked();
        form.paste(&SecretString::from(text));
        form.accept();
        form.accept();
        assert!(form.is_typing() && form.webhook_length().is_none(), "{text}");
    }
}

#[test]
fn the_environments_webhook_is_offered_first_and_read_where_it_is_used() {
    let mut form = Form::new(true);
    assert_eq!(form.slack, Slack::Environment);
    assert_eq!(form.webhook(&given(Some(URL))).unwrap().unwrap().expose(), URL);
    assert!(form.webhook(&given(Some("nonsense"))).is_err());
    assert!(form.complaint.as_deref().unwrap().contains("https://"));
    form.step(false, &[], true).unwrap();
    assert_eq!(form.slack, Slack::AsItIs);
}

#[test]
fn without_a_typed_webhook_there_is_none_to_store() {
    let mut form = Form::new(false);
    form.slack = Slack::Typed;
    assert!(form.webhook(&given(None)).is_err());
    assert!(form.field == Field::Webhook && form.is_typing());
    assert!(form.complaint.as_deref().unwrap().contains("empty"));
}
