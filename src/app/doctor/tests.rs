use super::*;
use crate::{
    app::{Msg, Setting, setup::Given},
    doctor::Area,
    drill::fleet::World,
};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn app() -> App {
    let setting = Setting {
        world: World::Lab,
        region: None,
        account: None,
        endpoint: None,
        read_only: true,
        rate: 1.0,
        role: String::new(),
        stack: Given::default(),
    };
    App::new(setting).0
}

fn press(app: &mut App, keys: &str) -> Vec<Effect> {
    keys.split_whitespace().flat_map(|key| app.update(Msg::Key(key.parse().unwrap()), NOW)).collect()
}

fn report(standing: Standing) -> Report {
    Report::new(vec![
        Finding::ok(Area::Aws, "identity", "x"),
        Finding { standing, ..Finding::warn(Area::Stack, "rule", "is disabled", "enable it") },
        Finding::ok(Area::Machine, "terminal", "80x24"),
    ])
}

#[test]
fn the_cursor_goes_to_what_is_to_be_mended() {
    let mut app = app();
    assert_eq!(press(&mut app, "D"), [Effect::Examine { attempt: 1 }]);
    assert!(app.wants_tick() && app.screen() == Screen::Doctor);
    app.update(Msg::Doctor(1, Told::Progress(3, 9)), NOW);
    assert!(matches!(app.doctor().unwrap().examined, Examined::Running { done: 3, of: 9, .. }));
    app.update(Msg::Doctor(1, Told::Report(report(Standing::Fail))), NOW);
    assert!(!app.wants_tick());
    assert_eq!(app.doctor().unwrap().selected().unwrap().check.as_str(), "rule");
}

#[test]
fn the_checks_run_again_and_the_cursor_stays_on_its_check() {
    let mut app = app();
    press(&mut app, "D");
    app.update(Msg::Doctor(1, Told::Report(report(Standing::Fail))), NOW);
    press(&mut app, "j");
    assert_eq!(press(&mut app, "r"), [Effect::Examine { attempt: 2 }]);
    assert!(press(&mut app, "r").is_empty(), "they run already");
    app.update(Msg::Doctor(1, Told::Report(Report::default())), NOW);
    assert!(app.doctor().unwrap().is_running(), "that was the one before");
    app.update(Msg::Doctor(2, Told::Report(report(Standing::Warn))), NOW);
    assert_eq!(app.doctor().unwrap().selected().unwrap().check.as_str(), "terminal");
}

#[test]
fn a_fix_is_shown_alone_and_what_is_well_has_none() {
    let mut app = app();
    press(&mut app, "D");
    app.update(Msg::Doctor(1, Told::Report(report(Standing::Fail))), NOW);
    press(&mut app, "enter");
    assert_eq!(app.doctor().unwrap().alone, Some(0));
    press(&mut app, "esc");
    assert!(app.doctor().unwrap().alone.is_none() && app.screen() == Screen::Doctor);
    press(&mut app, "g enter");
    assert!(app.doctor().unwrap().alone.is_none());
    assert!(app.messages().toast().unwrap().text.contains("nothing to mend"));
}

#[test]
fn it_goes_back_to_where_it_was_opened() {
    let mut app = app();
    press(&mut app, "D q");
    assert_eq!(app.screen(), Screen::Fleet);
    press(&mut app, "s D q");
    assert_eq!(app.screen(), Screen::Setup);
    press(&mut app, "D s q");
    assert_eq!(app.screen(), Screen::Fleet);
}
