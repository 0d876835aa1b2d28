use jiff::Timestamp;

use super::*;
use crate::{
    app::{App, Effect, Msg, Overlay, Screen, Setting},
    drill::fleet::World,
    stack::{
        change::{Action, SecretChange, tests::change},
        removal::Fate,
        wanted,
    },
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;
const URL: &str = "https://hooks.slack.com/services/T0/B0/canary";

fn app(read_only: bool) -> App {
    let setting = Setting {
        world: World::Aws,
        region: None,
        account: None,
        endpoint: None,
        read_only,
        rate: 1.0,
        role: String::new(),
        stack: Given::default(),
    };
    App::new(setting).0
}

fn press(app: &mut App, keys: &str) -> Vec<Work> {
    let effects: Vec<_> =
        keys.split_whitespace().flat_map(|key| app.update(Msg::Key(key.parse().unwrap()), NOW)).collect();
    works(effects)
}

fn works(effects: Vec<Effect>) -> Vec<Work> {
    let work = |effect| match effect {
        Effect::Setup { work, .. } => Some(work),
        _ => None,
    };
    effects.into_iter().filter_map(work).collect()
}

fn tell(app: &mut App, told: Told) -> Vec<Work> {
    let attempt = app.setup().attempt;
    works(app.update(Msg::Setup(attempt, told), NOW))
}

fn toast(app: &App) -> &str {
    app.messages().toast().map_or("", |message| message.text.as_str())
}

fn preview() -> Box<Preview> {
    Box::new(Preview {
        account: "123456789012".into(),
        region: "eu-west-1".into(),
        world: World::Aws,
        names: Names::of("spotdrill", &BTreeMap::new()),
        stack_id: "arn:stack".into(),
        change_set: Some("arn:set".into()),
        is_new: true,
        changes: vec![change(Action::Add, "FisRole", "AWS::IAM::Role")],
        secret: SecretChange::Create,
        notes: Vec::new(),
    })
}

fn removal() -> Box<Removal> {
    let part = Part { kind: "IAM role".into(), name: "spot-fis-test".into(), fate: Fate::Deleted };
    Box::new(Removal {
        account: "123456789012".into(),
        region: "eu-west-1".into(),
        world: World::Aws,
        names: Names::of("spotdrill", &BTreeMap::new()),
        stack: None,
        in_stack: 0,
        secret: None,
        templates: Vec::new(),
        of_drills: Vec::new(),
        log_groups: Vec::new(),
        keep_logs: false,
        parts: vec![part],
        notes: Vec::new(),
    })
}

fn done() -> Box<Done> {
    let names = Names::of("spotdrill", &BTreeMap::new());
    let notes = vec!["account 1 was added".into()];
    Box::new(Done { names, outputs: BTreeMap::new(), took: Some(SignedDuration::from_secs(9)), notes })
}

/// A webhook was pasted and the preview of it is shown.
fn previewed() -> App {
    let mut app = app(false);
    assert_eq!(press(&mut app, "s"), [Work::Glance]);
    press(&mut app, "right tab");
    app.update(Msg::Paste(SecretString::from(URL)), NOW);
    press(&mut app, "enter");
    let asked = press(&mut app, "S");
    assert!(matches!(&asked[..], [Work::Preview(wanted)] if wanted.slack == wanted::Slack::Post), "{asked:?}");
    tell(&mut app, Told::Previewed(preview()));
    app
}

/// The stack is being made.
fn working() -> App {
    let mut app = previewed();
    press(&mut app, "enter");
    ticks(&mut app, 4);
    press(&mut app, "enter");
    assert!(app.setup().is_changing());
    app
}

fn ticks(app: &mut App, count: usize) {
    for _ in 0..count {
        app.update(Msg::Tick, NOW);
    }
}

#[test]
fn a_consent_takes_a_moment_and_a_key_and_brings_the_webhook() {
    let mut app = previewed();
    let effects = app.update(Msg::Key("enter".parse().unwrap()), NOW);
    assert_eq!(effects, [Effect::ForgetTypeAhead]);
    assert!(matches!(app.overlays(), [Overlay::Consent(_)]) && app.wants_tick());
    assert!(press(&mut app, "enter").is_empty(), "a key of the moment in which it opened");
    ticks(&mut app, 4);
    let asked = press(&mut app, "enter");
    let [Work::SetUp { webhook: Some(webhook), .. }] = &asked[..] else { panic!("{asked:?}") };
    assert_eq!(webhook.expose(), URL);
    assert!(app.overlays().is_empty() && app.setup().is_changing());
}

#[test]
fn the_secret_is_nowhere_in_what_is_logged_or_said() {
    let paste = Msg::Paste(SecretString::from(URL));
    assert!(!format!("{paste:?}").contains("canary"));
    let mut app = previewed();
    press(&mut app, "enter");
    assert!(!format!("{app:?}").contains("canary"));
    ticks(&mut app, 4);
    let effects = app.update(Msg::Key("enter".parse().unwrap()), NOW);
    assert!(!format!("{effects:?}{app:?}").contains("canary"));
    tell(&mut app, Told::SetUp(done()));
    assert!(app.messages().all().iter().all(|message| !message.text.contains("canary")));
    assert_eq!(app.setup().form.webhook_length(), None, "it is stored, and not kept here");
}

#[test]
fn a_preview_that_is_left_is_given_back() {
    for leave in ["esc", "q"] {
        let mut app = previewed();
        assert_eq!(press(&mut app, leave), [Work::Decline, Work::Glance], "{leave}");
        assert!(matches!(app.setup().stage, Stage::Form) && app.screen() == Screen::Setup);
        assert!(toast(&app).contains("nothing was changed"));
        assert_eq!(press(&mut app, leave), []);
        assert_eq!(app.screen(), Screen::Fleet);
    }
}

#[test]
fn a_preview_that_comes_after_it_was_left_is_nobodys() {
    let mut app = app(false);
    press(&mut app, "s S");
    let attempt = app.setup().attempt;
    assert_eq!(press(&mut app, "esc"), [Work::Decline, Work::Glance]);
    app.update(Msg::Setup(attempt, Told::Previewed(preview())), NOW);
    assert!(matches!(app.setup().stage, Stage::Form));
}

#[test]
fn a_missing_webhook_leads_to_its_field() {
    let mut app = app(false);
    press(&mut app, "s S");
    tell(&mut app, Told::WebhookMissing("spotdrill/slack-webhook".into()));
    assert!(app.setup().form.is_typing());
    assert!(app.setup().form.complaint.as_deref().unwrap().contains("spotdrill/slack-webhook"));
    assert_eq!(app.layers(), [Layer::Field]);
}

#[test]
fn a_paste_elsewhere_is_not_taken() {
    let mut app = app(false);
    press(&mut app, "s");
    app.update(Msg::Paste(SecretString::from(URL)), NOW);
    assert!(toast(&app).contains("not taken"));
    let mut app = previewed();
    app.update(Msg::Paste(SecretString::from(URL)), NOW);
    assert!(toast(&app).contains("not taken"));
}

#[test]
fn work_goes_on_when_the_screen_is_left_and_its_end_is_told() {
    let mut app = working();
    assert!(press(&mut app, "esc").is_empty());
    assert!(app.screen() == Screen::Fleet && toast(&app).contains("s comes back to it"));
    assert!(press(&mut app, "q").is_empty() && matches!(app.overlays(), [Overlay::Leave]));
    press(&mut app, "esc");
    assert_eq!(app.overlays().len(), 0);
    assert_eq!(tell(&mut app, Told::SetUp(done())), [Work::Glance]);
    assert!(toast(&app).contains("is set up: s shows it"));
    press(&mut app, "s");
    assert!(matches!(app.setup().stage, Stage::SetUp(_)));
    assert!(app.messages().all().iter().any(|message| message.text.contains("account 1 was added")));
}

#[test]
fn a_drill_waits_while_the_stack_is_changed() {
    let mut app = working();
    press(&mut app, "q");
    assert!(app.blocked(crate::app::keymap::table::Intent::Review).unwrap().contains("being changed"));
}

#[test]
fn a_failure_is_told_whole_and_tried_again_by_a_key() {
    let mut app = working();
    tell(&mut app, Told::Failed(vec!["the stack was not made".into(), "There now: nothing".into()]));
    assert!(matches!(&app.setup().stage, Stage::Failed(Goal::SetUp, why) if why.len() == 2));
    let again = press(&mut app, "r");
    assert!(matches!(&again[..], [Work::Preview(wanted)] if wanted.slack == wanted::Slack::Post), "{again:?}");
}

#[test]
fn what_is_stale_says_so_until_aws_answers() {
    let mut app = working();
    tell(&mut app, Told::Stale("no answer".into()));
    assert!(app.setup().job().unwrap().stale.is_some());
    tell(&mut app, Told::Progress(Box::default()));
    assert!(app.setup().job().unwrap().stale.is_none());
}

#[test]
fn a_teardown_wants_the_name_typed() {
    let mut app = app(false);
    assert_eq!(press(&mut app, "s T"), [Work::Glance, Work::LookForTeardown { keep_logs: false }]);
    tell(&mut app, Told::Looked(removal()));
    assert_eq!(press(&mut app, "L"), [Work::LookForTeardown { keep_logs: true }]);
    tell(&mut app, Told::Looked(removal()));
    press(&mut app, "enter");
    ticks(&mut app, 4);
    app.update(Msg::Paste(SecretString::from("spotdrill")), NOW);
    assert!(press(&mut app, "enter").is_empty(), "a paste is no consent");
    ticks(&mut app, 4); // and closes the field for a second
    assert_eq!(press(&mut app, "s p o t d r i l l enter"), [Work::TearDown(removal())]);
    assert_eq!(tell(&mut app, Told::TornDown(Vec::new())), [Work::Glance]);
    assert!(matches!(&app.setup().stage, Stage::TornDown(_, remains) if remains.is_empty()));
    assert_eq!(press(&mut app, "r"), [Work::LookForTeardown { keep_logs: true }]);
}

#[test]
fn what_changes_nothing_needs_no_consent() {
    let mut app = previewed();
    let same = Preview { change_set: None, secret: SecretChange::None, ..*preview() };
    tell(&mut app, Told::Previewed(Box::new(same)));
    assert!(matches!(&press(&mut app, "enter")[..], [Work::SetUp { webhook: None, .. }]));
    assert!(app.overlays().is_empty());
}

#[test]
fn read_only_changes_nothing_and_says_why() {
    let mut app = app(true);
    press(&mut app, "s");
    for key in ["S", "P"] {
        assert!(press(&mut app, key).is_empty(), "{key}");
        assert!(toast(&app).contains("read-only"), "{key}");
    }
    assert_eq!(press(&mut app, "T").len(), 1, "looking changes nothing");
    tell(&mut app, Told::Looked(removal()));
    press(&mut app, "enter");
    assert!(app.overlays().is_empty() && toast(&app).contains("read-only"));
}

#[test]
fn a_leftover_goes_first_by_a_consent_of_its_own() {
    let mut app = app(false);
    press(&mut app, "s S");
    let stack = Box::new(Stack {
        id: "arn".into(),
        name: "spotdrill".into(),
        status: "ROLLBACK_COMPLETE".into(),
        reason: None,
        ours: true,
        parameters: BTreeMap::new(),
        outputs: BTreeMap::new(),
        changed: None,
    });
    tell(&mut app, Told::Leftover(stack.clone(), Vec::new()));
    press(&mut app, "enter");
    ticks(&mut app, 4);
    assert_eq!(press(&mut app, "enter"), [Work::RemoveLeftover(stack)]);
    tell(&mut app, Told::LeftoverGone);
    assert!(matches!(app.setup().stage, Stage::Form) && toast(&app).contains("S previews anew"));
}

#[test]
fn a_proof_can_be_left_and_its_end_is_then_nobodys() {
    let mut app = app(false);
    assert_eq!(press(&mut app, "s P"), [Work::Glance, Work::Prove]);
    assert!(app.wants_tick());
    let attempt = app.setup().attempt;
    press(&mut app, "esc");
    app.update(Msg::Setup(attempt, Told::Failed(vec!["late".into()])), NOW);
    assert!(matches!(app.setup().stage, Stage::Form) && !toast(&app).contains("late"));
}
