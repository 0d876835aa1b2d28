use super::*;
use crate::drill::{
    fact::{Fact, What},
    fleet::{Group, GroupKey, GroupKind, Instance, InstanceState, Lifecycle},
    guard::circumstances::tests::fine,
    id::{DrillId, InstanceId},
    plan::Wave,
    verdict::{Outcome, Verdict},
};
use secrecy::SecretString;

fn now() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

fn setting() -> Setting {
    Setting {
        world: World::Aws,
        region: None,
        account: None,
        endpoint: None,
        read_only: false,
        rate: 1.0,
        role: String::from("role"),
        stack: setup::Given::default(),
    }
}

fn fleet() -> Fleet {
    let instance = |id: &str| Instance {
        id: InstanceId::new(id),
        name: None,
        instance_type: SafeText::new("m5.large"),
        az: SafeText::new("eu-west-1a"),
        state: InstanceState::Running,
        lifecycle: Lifecycle::Spot,
        spot_request: None,
        interruption_behavior: None,
        launched_at: None,
        protected: false,
        node: None,
    };
    let key = GroupKey { kind: GroupKind::EksNodegroup, name: SafeText::new("web"), cluster: None };
    Fleet {
        region: SafeText::new("eu-west-1"),
        account: SafeText::new("123456789012"),
        world: World::Aws,
        groups: vec![Group {
            key,
            instances: ["i-1", "i-2", "i-3", "i-4", "i-5", "i-6", "i-7", "i-8"].map(instance).to_vec(),
        }],
        complete: true,
        gap: None,
        as_of: now(),
    }
}

fn listed(setting: Setting) -> App {
    let (mut app, effects) = App::new(setting);
    assert_eq!(effects, [Effect::ListFleet]);
    app.update(Msg::FleetListed(fleet()), now());
    app.update(Msg::LookedAround(Box::new(fine())), now());
    app
}

fn press(app: &mut App, keys: &str) -> Vec<Effect> {
    keys.split_whitespace().flat_map(|key| app.update(Msg::Key(key.parse().unwrap()), now())).collect()
}

fn ticks(app: &mut App, count: usize) {
    for _ in 0..count {
        app.update(Msg::Tick, now());
    }
}

fn toast(app: &App) -> &str {
    app.messages().toast().map_or("", |message| message.text.as_str())
}

fn started() -> App {
    let mut app = listed(setting());
    press(&mut app, "c S");
    ticks(&mut app, 4);
    for key in "w e b space 1".split(' ') {
        press(&mut app, key);
        ticks(&mut app, 1);
    }
    assert!(matches!(press(&mut app, "enter")[..], [Effect::StartDrill { .. }]));
    app
}

fn held() -> What {
    let verdict = Verdict {
        verdict: Outcome::Held,
        reasons: Vec::new(),
        interrupted: Vec::new(),
        not_observed: Vec::new(),
        replacements: Vec::new(),
        unseen: Vec::new(),
    };
    What::DrillFinished { verdict }
}

fn finished() -> App {
    let mut app = started();
    app.update(Msg::Recorded(Entry { seq: 1, fact: Fact::ours(now(), held()) }), now());
    app
}

#[test]
fn the_first_fleet_tells_region_and_account() {
    let app = listed(setting());
    assert_eq!(app.setting().region.as_deref(), Some("eu-west-1"));
    assert_eq!(app.setting().account.as_deref(), Some("123456789012"));
}

#[test]
fn a_key_that_cannot_be_used_says_why() {
    let (mut app, _) = App::new(setting());
    press(&mut app, "c");
    assert!(toast(&app).contains("not listed yet"));
    press(&mut app, "r");
    assert!(toast(&app).contains("already"));
    let mut app = finished();
    press(&mut app, "X");
    assert!(toast(&app).contains("nothing to stop"));
    assert_eq!(app.messages().all().len(), 1);
}

#[test]
fn read_only_never_opens_the_confirm_dialog() {
    let mut app = listed(Setting { read_only: true, ..setting() });
    for (keys, effects) in [("c S", vec![Effect::LookAround]), ("enter shift-tab enter", Vec::new())] {
        assert_eq!(press(&mut app, keys), [effects, vec![Effect::ForgetTypeAhead]].concat());
        assert!(matches!(app.overlays(), [Overlay::Refused { said, .. }] if said[0].contains("read-only")), "{keys}");
    }
}

#[test]
fn a_review_that_was_asked_for_too_early_opens_by_itself_and_takes_no_key_for_a_second() {
    let (mut app, _) = App::new(setting());
    app.update(Msg::FleetListed(fleet()), now());
    assert_eq!(press(&mut app, "c S"), [Effect::LookAround]);
    assert!(app.overlays().is_empty());
    let effects = app.update(Msg::LookedAround(Box::new(fine())), now());
    assert_eq!(effects, [Effect::ForgetTypeAhead]);
    assert!(matches!(app.overlays(), [Overlay::Confirm(_)]));
    assert!(press(&mut app, "w e b space 1 enter").is_empty(), "it is not armed yet");
}

#[test]
fn a_review_that_was_asked_for_too_early_and_is_refused_says_why_over_the_keys_that_follow() {
    let (mut app, _) = App::new(setting());
    app.update(Msg::FleetListed(fleet()), now());
    press(&mut app, "c S");
    let around = Circumstances { lever: Ok(Some(SafeText::new("incident 7"))), ..fine() };
    assert_eq!(app.update(Msg::LookedAround(Box::new(around)), now()), [Effect::ForgetTypeAhead]);
    assert!(matches!(app.overlays(), [Overlay::Refused { said, .. }] if said[0].contains("incident 7")));
}

#[test]
fn a_review_that_was_asked_for_too_early_does_not_open_over_something_else() {
    for keys in ["c S esc", "c S tab", "c S ?"] {
        let (mut app, _) = App::new(setting());
        app.update(Msg::FleetListed(fleet()), now());
        press(&mut app, keys);
        app.update(Msg::LookedAround(Box::new(fine())), now());
        assert!(
            !app.overlays().iter().any(|over| matches!(over, Overlay::Confirm(_) | Overlay::Refused { .. })),
            "{keys}"
        );
    }
}

#[test]
fn opening_the_confirm_dialog_forgets_what_was_typed_ahead() {
    let mut app = listed(setting());
    assert_eq!(press(&mut app, "c S"), [Effect::LookAround, Effect::ForgetTypeAhead]);
    assert!(app.wants_tick(), "arming counts ticks");
    assert!(press(&mut app, "w e b space 1 enter").is_empty());
    app.update(Msg::Paste(SecretString::from("web 1")), now());
    ticks(&mut app, 4);
    assert!(press(&mut app, "enter").is_empty());
    press(&mut app, "esc");
    assert!(app.overlays().is_empty() && app.screen() == Screen::Compose);
}

#[test]
fn a_refused_start_goes_back_to_the_composition_with_the_reason() {
    let mut app = started();
    assert_eq!(app.screen(), Screen::Live);
    app.update(Msg::DrillRefused(SafeText::new("i-1 is terminated")), now());
    assert_eq!(app.screen(), Screen::Compose);
    assert_eq!(app.compose().unwrap().refused.as_deref(), Some("i-1 is terminated"));
    assert!(toast(&app).contains("not started: i-1 is terminated"));
}

#[test]
fn leaving_a_running_drill_asks_first_and_never_stops_it() {
    let mut app = started();
    assert!(press(&mut app, "q").is_empty());
    assert!(matches!(app.overlays(), [Overlay::Leave]));
    assert!(press(&mut app, "esc").is_empty() && app.overlays().is_empty());
    assert_eq!(press(&mut app, "q enter"), [Effect::Quit]);
}

/// The first wave of two held.
fn wave_held() -> App {
    let mut app = listed(setting());
    press(&mut app, "c tab right right S");
    ticks(&mut app, 4);
    press(&mut app, "w e b space 3");
    let effects = press(&mut app, "enter");
    let [Effect::StartDrill { plan, .. }] = &effects[..] else { panic!("{effects:?}") };
    let (drill, plan, role_arn) = (DrillId::new("d").unwrap(), plan.clone(), String::from("role"));
    let planned = What::DrillPlanned { drill, plan, role_arn, settle_seconds: 600 };
    app.update(Msg::Recorded(Entry { seq: 1, fact: Fact::ours(now(), planned) }), now());
    app.update(Msg::Recorded(Entry { seq: 2, fact: Fact::ours(now(), held()) }), now());
    app
}

#[test]
fn a_wave_that_is_to_come_is_in_the_last_line_and_leaving_it_asks_first() {
    use keymap::table::Intent;
    let shown = |app: &App, intent| {
        keymap::bindings(app.layers()).any(|binding| binding.intent == intent && app.is_in_last_line(binding))
    };
    let running = started();
    assert!(shown(&running, Intent::Stop) && !shown(&running, Intent::NextWave));
    let mut app = wave_held();
    assert!(!shown(&app, Intent::Stop) && shown(&app, Intent::NextWave));
    for key in ["q", "esc"] {
        assert!(press(&mut app, key).is_empty());
        assert!(matches!(app.overlays(), [Overlay::Leave]), "{key}");
        press(&mut app, "esc");
        assert_eq!((app.screen(), app.overlays().len()), (Screen::Live, 0), "{key}");
    }
    assert_eq!(press(&mut app, "q enter"), [Effect::ListFleet]);
    assert_eq!(app.screen(), Screen::Fleet);
}

#[test]
fn ctrl_c_twice_quickly_leaves_and_slowly_asks() {
    let mut app = started();
    press(&mut app, "ctrl-c");
    assert!(matches!(app.overlays(), [Overlay::Leave]));
    assert_eq!(press(&mut app, "ctrl-c"), [Effect::Quit]);
    let mut app = listed(setting());
    press(&mut app, "c");
    assert!(press(&mut app, "ctrl-c").is_empty());
    assert_eq!(app.screen(), Screen::Fleet);
    ticks(&mut app, 4);
    assert!(!app.wants_tick());
}

#[test]
fn a_stop_takes_one_key_wherever_no_text_is_typed() {
    let mut app = listed(setting());
    assert!(press(&mut app, "X").is_empty());
    assert!(app.messages().toast().unwrap().text.contains("no drill runs"));
    for over in ["", "?", "!", "q"] {
        let mut app = started();
        press(&mut app, over);
        // nothing was recorded yet: the stop waits for the start
        assert_eq!(press(&mut app, "X"), [Effect::StopDrill], "over {over:?}");
        assert_eq!(press(&mut app, "X"), [Effect::StopDrill], "asked for again, it is the same stop");
    }
    let mut app = finished();
    assert!(press(&mut app, "X").is_empty());
    assert!(app.messages().toast().unwrap().text.contains("the drill is over"));
}

#[test]
fn a_stop_between_two_waves_holds_them_whatever_is_open() {
    let mut app = listed(setting());
    press(&mut app, "c S");
    let Some(Overlay::Confirm(confirm)) = app.overlays().last() else { panic!("no confirm") };
    let mut plan = confirm.plan.clone();
    let later = vec![plan.targets.clone()];
    plan.wave = Some(Box::new(Wave { number: 1, of: 2, gap: 0, earlier: Vec::new(), later }));
    let (drill, role_arn) = (DrillId::new("d").unwrap(), String::from("role"));
    let planned = What::DrillPlanned { drill, plan, role_arn, settle_seconds: 600 };
    for stop in [Msg::StopSignal, Msg::Key("X".parse().unwrap())] {
        let mut app = started();
        app.update(Msg::Recorded(Entry { seq: 1, fact: Fact::ours(now(), planned.clone()) }), now());
        app.update(Msg::Recorded(Entry { seq: 2, fact: Fact::ours(now(), held()) }), now());
        if matches!(stop, Msg::StopSignal) {
            press(&mut app, "W");
            assert!(matches!(app.overlays().last(), Some(Overlay::Confirm(_))));
        }
        assert!(app.update(stop, now()).is_empty(), "no drill runs that would be stopped");
        assert!(toast(&app).contains("wave 2 of 2 is held"), "{}", toast(&app));
        assert!(app.overlays().is_empty(), "its words could still be typed");
        assert!(press(&mut app, "W").is_empty() && app.overlays().is_empty());
        assert!(toast(&app).contains("a stop was asked for"), "{}", toast(&app));
    }
}

#[test]
fn after_the_verdict_q_lists_the_fleet_again() {
    let mut app = finished();
    assert!(!app.wants_tick());
    assert_eq!(press(&mut app, "q"), [Effect::ListFleet]);
    assert_eq!(app.screen(), Screen::Fleet);
    assert!(app.live().is_none() && app.browser().marks().is_empty());
    assert_eq!(press(&mut app, "q"), [Effect::Quit]);
}

#[test]
fn the_filter_takes_every_letter_and_esc_clears_it() {
    let mut app = listed(setting());
    press(&mut app, "/ q c i - 2");
    assert_eq!(app.browser().filter().text(), "qci-2");
    press(&mut app, "backspace backspace backspace backspace backspace 2 enter");
    assert_eq!((app.browser().filter().text(), app.is_filtering()), ("2", false));
    press(&mut app, "esc");
    assert_eq!(app.browser().filter().text(), "");
}

#[test]
fn a_toast_goes_away_and_the_log_keeps_it() {
    let mut app = listed(setting());
    press(&mut app, "U");
    assert!(app.wants_tick());
    ticks(&mut app, 16);
    assert!(app.messages().toast().is_none() && !app.wants_tick());
    press(&mut app, "!");
    assert_eq!(app.messages().all().len(), 1);
    assert!(matches!(app.overlays(), [Overlay::Messages { .. }]));
}

#[test]
fn a_pulse_of_fresh_data_draws_nothing() {
    let mut app = started();
    app.take_dirty();
    app.update(Msg::Pulse(WatchName::Instances), now());
    assert!(!app.take_dirty());
}

#[test]
fn a_drill_that_is_recorded_comes_to_the_front() {
    let mut app = listed(setting());
    press(&mut app, "?");
    let noted = What::Noted { message: SafeText::new("resumed") };
    app.update(Msg::Recorded(Entry { seq: 1, fact: Fact::ours(now(), noted) }), now());
    assert_eq!(app.screen(), Screen::Live);
    assert!(app.overlays().is_empty());
}

fn words_typed(app: &mut App, words: &str) {
    ticks(app, 4);
    for letter in words.chars() {
        press(app, &if letter == ' ' { String::from("space") } else { letter.to_string() });
    }
}

#[test]
fn a_lock_that_was_left_is_taken_over_by_the_id_of_its_drill_alone_and_the_drill_confirmed_anew() {
    let mut app = started();
    app.update(Msg::DrillRefused(SafeText::new("held")), now());
    assert_eq!(app.screen(), Screen::Compose);
    let lock = crate::drill::lock::Lock {
        drill: DrillId::new("d-7").unwrap(),
        group: SafeText::new("web"),
        arn: SafeText::new("arn"),
        user: SafeText::new("ada"),
        host: SafeText::new("there"),
        at: now(),
        lasts: 60,
        version: SafeText::new("1"),
    };
    let standing = Standing { lock, since: now(), shown: None };
    assert_eq!(app.update(Msg::LockLeft(Box::new(standing)), now()), [Effect::ForgetTypeAhead]);
    words_typed(&mut app, "web 1");
    assert_eq!(press(&mut app, "enter"), [], "these words start a drill and take nothing over");
    press(&mut app, "ctrl-u");
    words_typed(&mut app, "d-7");
    assert_eq!(press(&mut app, "enter"), [Effect::TakeOver(DrillId::new("d-7").unwrap()), Effect::ForgetTypeAhead]);
    assert!(matches!(app.overlays(), [Overlay::Confirm(_)]), "nothing is started yet");
}

#[test]
fn only_a_start_without_an_answer_is_sent_again_and_only_after_its_words() {
    let mut plan = started();
    let plan = plan.live.take().and_then(|live| live.plan().cloned()).map(Box::new);
    let found = |drill: &str, unanswered| Found {
        drill: DrillId::new(drill).unwrap(),
        by: None,
        begun: now(),
        stands: SafeText::new("not known"),
        stoppable: drill != "settles",
        unanswered,
    };
    let mut app = listed(setting());
    app.update(Msg::DrillsLeft(vec![found("settles", None), found("unanswered", plan)]), now());
    assert_eq!(press(&mut app, "X"), []);
    assert!(toast(&app).contains("a stop saves nothing any more"), "{}", toast(&app));
    assert_eq!(press(&mut app, "C"), []);
    assert!(toast(&app).contains("enter watches this drill"), "{}", toast(&app));
    press(&mut app, "j C");
    ticks(&mut app, 4);
    assert_eq!(press(&mut app, "enter"), []);
    words_typed(&mut app, "web 1");
    let again = Effect::TakeUp { drill: DrillId::new("unanswered").unwrap(), go_on: true };
    assert_eq!(press(&mut app, "enter"), [again]);
    assert_eq!(press(&mut app, "X"), [Effect::StopDrill], "its stop waits for no way back");
    app.update(Msg::NotTakenUp(SafeText::new("no")), now());
    assert_eq!(press(&mut app, "X"), [], "nothing is come back to any more");
}
