use super::*;
use crate::drill::guard::circumstances::tests::fine;
use crate::{
    app::{Msg, keymap::chord::Chord},
    drill::{
        existing::tests::{existing, text},
        fleet::{Behavior, Group, GroupKey, Instance, InstanceState, Lifecycle, World},
    },
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn app(read_only: bool) -> App {
    let setting = Setting {
        world: World::Lab,
        region: None,
        account: None,
        endpoint: None,
        read_only,
        rate: 1.0,
        role: String::new(),
        stack: crate::app::setup::Given::default(),
    };
    let mut app = App::new(setting).0;
    app.update(Msg::FleetListed(fleet(2)), NOW);
    app
}

fn fleet(count: usize) -> Fleet {
    let instance = |n: usize| Instance {
        id: InstanceId::new(format!("i-{n}")),
        name: None,
        instance_type: text("m5.large"),
        az: text("1a"),
        state: InstanceState::Running,
        lifecycle: Lifecycle::Spot,
        spot_request: None,
        interruption_behavior: Some(Behavior::Terminate),
        launched_at: None,
        protected: false,
        node: None,
    };
    let key = GroupKey::from_tags(&[(text("eks:nodegroup-name"), text("web"))]);
    Fleet {
        region: text("eu-west-1"),
        account: text("000000000000"),
        world: World::Lab,
        groups: vec![Group { key, instances: (0..count).map(instance).collect() }],
        complete: true,
        gap: None,
        as_of: NOW,
    }
}

fn other() -> Existing {
    Existing { id: TemplateId::new("EXT8"), others: vec![text("stop (aws:ec2:stop-instances)")], ..existing() }
}

fn listed(read_only: bool) -> App {
    let mut app = app(read_only);
    assert_eq!(press(&mut app, "t"), [Effect::ForgetTypeAhead, Effect::ListTemplates]);
    app.update(Msg::Templates(Told::Listed(vec![existing(), other()])), NOW);
    a_second(&mut app);
    app
}

fn a_second(app: &mut App) {
    (0..4).for_each(|_| drop(app.update(Msg::Tick, NOW)));
}

fn press(app: &mut App, keys: &str) -> Vec<Effect> {
    let chords = keys.split(' ').map(|key| key.parse::<Chord>().unwrap());
    chords.flat_map(|chord| app.update(Msg::Key(chord), NOW)).collect()
}

fn previewed(app: &mut App, attempt: u32, id: &str) {
    let previewed = Previewed { fleet: fleet(3), instances: vec![InstanceId::new(id)], circumstances: fine() };
    let told = Told::Previewed(attempt, Box::new(previewed));
    app.update(Msg::Templates(told), NOW);
}

fn said(app: &App) -> String {
    app.messages().toast().map(|message| message.text.to_string()).unwrap_or_default()
}

#[test]
fn a_preview_leads_to_the_words_and_the_words_to_the_start() {
    let mut app = listed(false);
    let effects = press(&mut app, "enter");
    assert_eq!(effects, [Effect::PreviewTemplate { existing: Box::new(existing()), attempt: 1 }]);
    assert!(app.wants_tick(), "the seconds are shown");
    assert_eq!(press(&mut app, "enter"), [], "one preview at a time");
    previewed(&mut app, 1, "i-2");
    assert!(!app.wants_tick() || app.messages().toast().is_some());
    assert_eq!(app.browser().instances(), 3, "the list is as new as the preview");
    assert_eq!(press(&mut app, "S"), [Effect::ForgetTypeAhead]);
    (0..4).for_each(|_| drop(app.update(Msg::Tick, NOW)));
    let effects = press(&mut app, "w e b space 1 enter");
    let [Effect::StartDrill { plan, words }] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((words.as_str(), plan.as_is.as_deref()), ("web 1", Some(&existing())));
    app.update(Msg::DrillRefused(text("the template was changed")), NOW);
    let templates = app.templates().unwrap();
    assert_eq!((app.screen(), templates.refused.as_deref()), (Screen::Templates, Some("the template was changed")));
    assert!(templates.preview.is_none(), "what was resolved is out of date");
}

#[test]
fn the_answer_to_a_preview_that_was_left_is_not_taken_for_the_next_ones() {
    let mut app = listed(false);
    press(&mut app, "enter esc");
    assert_eq!(app.screen(), Screen::Templates, "esc leaves the preview first");
    let effects = press(&mut app, "enter");
    assert!(matches!(effects[..], [Effect::PreviewTemplate { attempt: 2, .. }]), "{effects:?}");
    previewed(&mut app, 1, "i-0");
    assert!(app.templates().unwrap().is_previewing());
    previewed(&mut app, 2, "i-1");
    assert_eq!(app.templates().unwrap().plan().unwrap().targets[0].id, InstanceId::new("i-1"));
    press(&mut app, "j");
    assert!(app.templates().unwrap().plan().is_none(), "it is of the other template");
    press(&mut app, "k esc esc");
    assert_eq!(app.screen(), Screen::Fleet);
}

#[test]
fn what_a_drill_cannot_follow_is_refused_before_fis_is_asked() {
    let mut app = listed(false);
    assert_eq!(press(&mut app, "j enter"), []);
    assert!(said(&app).contains("what stands against it is shown"), "{}", said(&app));
    assert_eq!(press(&mut app, "S"), [Effect::ForgetTypeAhead]);
    assert!(matches!(app.overlays(), [Overlay::Refused { said, .. }] if said[0].contains("does more than interrupt")));
    assert_eq!(press(&mut app, "enter k S"), [Effect::ForgetTypeAhead]);
    assert!(matches!(app.overlays(), [Overlay::Refused { said, .. }] if said[0].contains("enter first")));
    let mut app = listed(true);
    assert_eq!(press(&mut app, "enter"), []);
    assert!(said(&app).contains("read-only: a preview is an FIS experiment too"), "{}", said(&app));
}

#[test]
fn trouble_is_shown_where_it_came_and_kept_among_the_messages() {
    let mut app = app(false);
    press(&mut app, "c t");
    app.update(Msg::Templates(Told::ListingFailed(text("no permission"))), NOW);
    assert!(matches!(&app.templates().unwrap().listed, Listed::Failed(why) if why.as_str() == "no permission"));
    assert_eq!(press(&mut app, "r"), [Effect::ListTemplates]);
    app.update(Msg::Templates(Told::Reading(1, 2)), NOW);
    app.update(Msg::Templates(Told::Listed(vec![existing()])), NOW);
    a_second(&mut app);
    press(&mut app, "enter");
    app.update(Msg::Templates(Told::PreviewFailed(1, text("nothing resolved"))), NOW);
    let came = &app.templates().unwrap().preview().unwrap().came;
    assert!(matches!(came, Came::Failed(why) if why.as_str() == "nothing resolved"));
    assert_eq!(app.messages().all().len(), 2);
    previewed(&mut app, 1, "i-9");
    let came = &app.templates().unwrap().preview().unwrap().came;
    assert!(matches!(came, Came::Resolved(Err(refusals)) if refusals.to_string().contains("i-9")));
    assert_eq!(press(&mut app, "S"), [Effect::ForgetTypeAhead]);
    assert!(
        matches!(app.overlays(), [Overlay::Refused { said, .. }] if said[0].contains("i-9")),
        "{:?}",
        app.overlays()
    );
    press(&mut app, "esc esc q");
    assert_eq!(app.screen(), Screen::Compose, "back to where it was opened");
}

/// Whoever types the words at once, as in every drill before.
#[test]
fn words_typed_at_a_refused_review_are_no_keys_and_begin_no_preview() {
    let mut app = app(false);
    let resting = Circumstances { lever: Ok(Some(text("incident 7"))), alarm: Ok(None), ..fine() };
    app.update(Msg::LookedAround(Box::new(resting)), NOW);
    press(&mut app, "c");
    assert_eq!(press(&mut app, "S"), [Effect::ForgetTypeAhead]);
    let [Overlay::Refused { said, .. }] = app.overlays() else { panic!("{:?}", app.overlays()) };
    assert!(
        said.iter().any(|it| it.contains("incident 7")) && said.iter().any(|it| it.contains("no alarm")),
        "{said:?}"
    );
    assert_eq!(press(&mut app, "w e b - s p o t q X ? space 1"), []);
    assert!(matches!(app.overlays(), [Overlay::Refused { .. }]), "none of them is a key");
    assert_eq!(press(&mut app, "enter"), []);
    assert_eq!((app.screen(), app.overlays().len()), (Screen::Compose, 0));
}

#[test]
fn no_key_begins_a_preview_within_a_second_of_the_screen_or_of_text_typed_at_it() {
    let mut app = app(false);
    assert_eq!(press(&mut app, "c t"), [Effect::LookAround, Effect::ForgetTypeAhead, Effect::ListTemplates]);
    app.update(Msg::Templates(Told::Listed(vec![existing()])), NOW);
    assert!(app.wants_tick());
    assert_eq!(press(&mut app, "space 1 enter"), []);
    assert!(said(&app).contains("has just opened"), "{}", said(&app));
    (0..3).for_each(|_| drop(app.update(Msg::Tick, NOW)));
    assert_eq!(press(&mut app, "enter"), []);
    app.update(Msg::Tick, NOW);
    assert_eq!(press(&mut app, "1 enter"), [], "what was typed was meant for a field, and so was the enter");
    a_second(&mut app);
    assert!(matches!(press(&mut app, "enter")[..], [Effect::PreviewTemplate { .. }]));
}

#[test]
fn a_guard_that_a_reason_overrides_is_overridden_with_o() {
    let mut app = listed(false);
    press(&mut app, "enter");
    let circumstances = Circumstances { alarm: Ok(None), ..fine() };
    let previewed = Previewed { fleet: fleet(3), instances: vec![InstanceId::new("i-2")], circumstances };
    app.update(Msg::Templates(Told::Previewed(1, Box::new(previewed))), NOW);
    assert!(app.templates().unwrap().plan().is_none());
    press(&mut app, "o w a t c h e d space b y space m e enter");
    let plan = app.templates().unwrap().plan().unwrap();
    assert_eq!(plan.overridden[0].reason.as_str(), "watched by me");
    press(&mut app, "o");
    assert!(said(&app).contains("nothing stands against it"));
}
