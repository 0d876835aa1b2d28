//! What is on the screen, cell by cell, at the sizes that people have.

mod account;
mod fixture;
mod left;
mod read_only;
mod templates;

pub(crate) use fixture::{Session, composed, confirming, warned};
use fixture::{at, checked, failed, fleet, held, hostile_fleet, leaving, noticed, started};
use jiff::SignedDuration;
use proptest::prelude::*;
use ratatui::{Terminal, backend::TestBackend};
use spotdrill::{
    app::{App, Effect, Msg},
    drill::{
        fact::{Cause, Source, What},
        fleet::{Fleet, World},
        order::WatchName,
    },
    text::SafeText,
    theme::Theme,
    ui::{self, Glyphs},
};
use unicode_width::UnicodeWidthStr;

use crate::figure::figure;

const COMMON: (u16, u16) = (80, 24);
const WIDE: (u16, u16) = (140, 40);

fn picture_in(session: &Session, (width, height): (u16, u16), theme: &str, glyphs: Glyphs) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let theme = Theme::named(theme).unwrap();
    terminal.draw(|frame| ui::draw(&session.app, &theme, glyphs, session.now, frame)).unwrap();
    let buffer = terminal.backend().buffer();
    let mut text = String::new();
    for y in 0..height {
        let (mut line, mut x) = (String::new(), 0);
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            line.push_str(symbol);
            x += u16::try_from(symbol.width().max(1)).unwrap();
        }
        assert!(line.width() <= usize::from(width), "too wide: {line}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn picture(session: &Session, size: (u16, u16)) -> String {
    picture_in(session, size, "default", Glyphs::Unicode)
}

fn ascii(session: &Session) -> String {
    picture_in(session, COMMON, "mono", Glyphs::Ascii)
}

pub(crate) fn listed(world: World) -> Session {
    Session::listed(world)
}

/// The pictures that the README shows, by name.
pub(crate) fn pictures() -> Vec<(&'static str, Session)> {
    vec![
        ("fleet", Session::listed(World::Aws)),
        ("confirm", confirming(World::Aws)),
        ("live", noticed(World::Aws)),
        ("held", held(World::Lab)),
        ("setup", account::working(World::Aws)),
        ("doctor", account::examined(World::Aws)),
    ]
}

/// A snapshot at each of the sizes that people have.
macro_rules! everywhere {
    ($name:literal, $session:expr) => {{
        let session = $session;
        insta::assert_snapshot!(concat!($name, "_80x24"), picture(&session, COMMON));
        insta::assert_snapshot!(concat!($name, "_120x40"), picture(&session, (120, 40)));
        insta::assert_snapshot!(concat!($name, "_140x40"), picture(&session, WIDE));
    }};
}

#[test]
fn health_checks_have_a_row_each_where_there_is_room() {
    everywhere!("live_checked", checked(World::Aws, 2));
    insta::assert_snapshot!("live_checked_five", picture(&checked(World::Aws, 5), COMMON));
    insta::assert_snapshot!("live_checked_ascii", ascii(&checked(World::Lab, 2)));
    insta::assert_snapshot!("live_checked_least", picture(&checked(World::Aws, 5), (60, 15)));
    let panes =
        |session: &Session| picture(session, COMMON).lines().position(|line| line.contains("targets 3")).unwrap();
    assert_eq!(panes(&noticed(World::Aws)) + 2, panes(&checked(World::Aws, 2)), "without a check nothing takes room");
}

#[test]
fn fleet_screen() {
    let mut session = Session::listed(World::Aws);
    session.press("j j j j space j space j");
    everywhere!("fleet", &session);
    insta::assert_snapshot!("fleet_ascii", ascii(&session));
    session.press("/ w e b space !");
    session.press("1 a");
    insta::assert_snapshot!("fleet_filtering", picture(&session, COMMON));
    session.press("enter j enter");
    insta::assert_snapshot!("fleet_details", picture(&session, COMMON));
}

#[test]
fn fleet_says_what_it_does_not_have() {
    let mut session = Session::new(fixture::setting(World::Aws));
    session.tell(Msg::FleetListing { instances: 1240 });
    insta::assert_snapshot!("fleet_listing", picture(&session, COMMON));
    let message =
        SafeText::new("AWS refused to list instances (UnauthorizedOperation): give the caller ec2:DescribeInstances");
    session.tell(Msg::FleetFailed { message: message.clone() });
    insta::assert_snapshot!("fleet_failed", picture(&session, COMMON));
    session.tell(Msg::FleetListed(Fleet { groups: Vec::new(), ..fleet(World::Aws) })).ticks(40);
    insta::assert_snapshot!("fleet_empty", picture(&session, COMMON));
    session.tell(Msg::FleetListed(Fleet { complete: false, ..fleet(World::Aws) })).tell(Msg::FleetFailed { message });
    insta::assert_snapshot!("fleet_incomplete", picture(&session, COMMON));
}

#[test]
fn badges_of_the_header() {
    let endpoint = Some(SafeText::new("http://127.0.0.1:4566"));
    let setting = spotdrill::app::Setting { endpoint, read_only: true, ..fixture::setting(World::Lab) };
    let mut session = Session::new(setting);
    session.tell(Msg::FleetListed(fleet(World::Lab)));
    let head = |size| picture(&session, size).lines().next().unwrap().to_owned();
    insta::assert_snapshot!("header_60", head((60, 15)));
    insta::assert_snapshot!("header_80", head(COMMON));
    insta::assert_snapshot!("header_140", head(WIDE));
}

#[test]
fn compose_screen() {
    everywhere!("compose", composed(World::Aws));
    insta::assert_snapshot!("compose_ascii", ascii(&composed(World::Lab)));
    let mut session = Session::listed(World::Aws);
    session.press("j j j c right right");
    insta::assert_snapshot!("compose_all", picture(&session, COMMON));
    session.press("left left tab 9 9 enter");
    insta::assert_snapshot!("compose_refused", picture(&session, COMMON));
    session.press("G esc G c");
    insta::assert_snapshot!("compose_hibernate", picture(&session, WIDE));
}

#[test]
fn confirm_card() {
    everywhere!("confirm", confirming(World::Aws));
    let mut session = confirming(World::Lab);
    session.ticks(4).type_in("web").press("enter");
    insta::assert_snapshot!("confirm_incomplete_ascii", ascii(&session));
    insta::assert_snapshot!("confirm_least", picture(&session, (60, 15)));
    session.type_in(" 3");
    insta::assert_snapshot!("confirm_complete", picture(&session, COMMON));
}

#[test]
fn live_screen() {
    insta::assert_snapshot!("live_starting", picture(&started(World::Aws), COMMON));
    everywhere!("live_warned", warned(World::Aws));
    everywhere!("live_noticed", noticed(World::Lab));
    everywhere!("live_leaving", leaving(World::Aws));
    insta::assert_snapshot!("live_noticed_ascii", ascii(&noticed(World::Lab)));
    insta::assert_snapshot!("live_least", picture(&leaving(World::Aws), (60, 15)));
}

#[test]
fn live_verdict() {
    everywhere!("live_failed", failed(World::Aws));
    insta::assert_snapshot!("live_failed_least", picture(&failed(World::Aws), (60, 15)));
    insta::assert_snapshot!("live_held", picture(&held(World::Lab), WIDE));
    insta::assert_snapshot!("live_held_ascii", ascii(&held(World::Lab)));
}

#[test]
fn stale_data_says_so() {
    let mut session = warned(World::Aws);
    let message = SafeText::new(
        "could not read the log: The security token included in the request is expired (ExpiredTokenException)",
    );
    let todo = SafeText::new("Log in again: `aws sso login --profile games`. No restart is needed");
    let (since, cause, todo) = (Some(at("12:05:20")), Cause::Login, Some(todo));
    for watch in [WatchName::Logs, WatchName::Instances] {
        let (message, todo) = (message.clone(), todo.clone());
        session.fact(Source::Spotdrill, None, "12:05:31", What::SourceLost { watch, message, since, cause, todo });
    }
    session.now = at("12:05:51");
    insta::assert_snapshot!("live_stale", picture(&session, COMMON));
    insta::assert_snapshot!("live_stale_wide", picture(&session, WIDE));
}

#[test]
fn overlays() {
    let shown = |name: &str, mut session: Session, keys: &str| {
        session.press(keys);
        insta::assert_snapshot!(name, picture(&session, COMMON));
    };
    shown("stop_before_notice", warned(World::Aws), "X");
    shown("stop_after_notice", noticed(World::Aws), "X");
    shown("stop_asked_twice", stopped(warned(World::Aws)), "X");
    shown("stop_sent", stopped(warned(World::Aws)), "esc");
    shown("stop_sent_after_notice", stopped(noticed(World::Aws)), "esc");
    shown("leave", warned(World::Aws), "q");
    shown("review_refused", fixture::refused(), "w e b space 3");
    shown("drill_left", left::with_drills_left(), "j");
    shown("drill_left_unanswered", left::with_a_start_unanswered(), "");
    shown("drill_left_go_on", left::with_a_start_unanswered(), "C");
    shown("lock_left", left::with_a_lock_left(), "");
    shown("help_live", warned(World::Aws), "?");
    shown("help_fleet", Session::listed(World::Aws), "?");
    shown("messages", failed(World::Aws), "X X !");
    shown("toast", failed(World::Aws), "X");
}

/// A stop was asked for and sent.
fn stopped(mut session: Session) -> Session {
    let experiment = spotdrill::drill::id::ExperimentId::new("EXP7aK2mPq9");
    let now = session.now.strftime("%H:%M:%S").to_string();
    session.fact(Source::Operator, None, &now, What::StopRequested { by: "me@here".into() });
    session.fact(Source::Fis, None, &now, What::StopSent { experiment });
    session
}

#[test]
fn hostile_names_stay_in_their_columns() {
    let mut session = Session::new(fixture::setting(World::Aws));
    session.tell(Msg::FleetListed(hostile_fleet())).press("j");
    insta::assert_snapshot!("hostile_80x24", picture(&session, COMMON));
    insta::assert_snapshot!("hostile_140x40", picture(&session, WIDE));
    insta::assert_snapshot!("hostile_ascii", ascii(&session));
    session.press("g c S");
    insta::assert_snapshot!("hostile_confirm", picture(&session, COMMON));
    for line in picture(&session, WIDE).lines() {
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
}

#[test]
fn too_small_says_what_it_needs_and_recovers() {
    let session = warned(World::Aws);
    insta::assert_snapshot!("too_small", picture(&session, (40, 8)));
    assert!(picture(&session, COMMON).contains("REBALANCE"));
}

#[test]
fn ascii_is_ascii_everywhere() {
    for session in every_screen() {
        for size in [COMMON, WIDE, (60, 15), (20, 5)] {
            assert!(picture_in(&session, size, "mono", Glyphs::Ascii).is_ascii());
        }
    }
}

#[test]
fn nothing_moves_by_itself_on_a_fleet() {
    let mut session = Session::listed(World::Aws);
    assert!(!session.app.wants_tick());
    session.app.take_dirty();
    let before = picture(&session, WIDE);
    session.now += SignedDuration::from_hours(5);
    assert_eq!(picture(&session, WIDE), before);
    assert!(!session.app.take_dirty());
}

#[test]
fn the_way_through_the_main_job() {
    let session = started(World::Aws);
    let wanted = |effect: &&Effect| !matches!(effect, Effect::StartDrill { .. });
    let others: Vec<_> = session.effects.iter().filter(wanted).collect();
    assert_eq!(others, [&Effect::ListFleet, &Effect::LookAround, &Effect::ForgetTypeAhead]);
    let Some(Effect::StartDrill { plan, words }) = session.effects.last() else { panic!("not started") };
    assert_eq!(words, "web 3");
    assert_eq!(plan.targets.len(), 3);
    assert_eq!(plan.warning.seconds(), 300);
}

#[test]
fn setup_form() {
    everywhere!("setup_form", account::form(World::Aws));
    let mut session = account::asked(World::Lab);
    insta::assert_snapshot!("setup_webhook_missing", picture(&session, COMMON));
    session.tell(Msg::Paste("https://hooks.slack.com/services/T0/B0/canary".to_owned().into()));
    insta::assert_snapshot!("setup_webhook_ascii", ascii(&session));
    session.press("enter right right");
    insta::assert_snapshot!("setup_template", picture(&session, COMMON));
    insta::assert_snapshot!("setup_environment", picture(&account::with_environment(World::Aws), COMMON));
    insta::assert_snapshot!("setup_not_slacks", picture(&account::not_slacks(World::Aws), COMMON));
}

#[test]
fn setup_preview_and_consent() {
    everywhere!("setup_preview", account::previewed(World::Aws));
    insta::assert_snapshot!("setup_update", picture(&account::updating(World::Aws), COMMON));
    insta::assert_snapshot!("setup_nothing_to_change", picture(&account::unchanged(World::Aws), COMMON));
    insta::assert_snapshot!("setup_leftover", picture(&account::left_over(World::Aws), COMMON));
    everywhere!("setup_consent", account::consenting(World::Aws));
}

#[test]
fn setup_progress_and_outcome() {
    everywhere!("setup_working", account::working(World::Aws));
    insta::assert_snapshot!("setup_working_ascii", ascii(&account::working(World::Lab)));
    insta::assert_snapshot!("setup_stale", picture(&account::stale(World::Aws), COMMON));
    let mut session = account::working(World::Aws);
    session.press("q q");
    insta::assert_snapshot!("setup_leave", picture(&session, COMMON));
    everywhere!("setup_done", account::set_up(World::Aws));
    insta::assert_snapshot!("setup_failed", picture(&account::not_set_up(World::Aws), COMMON));
}

#[test]
fn setup_proof() {
    everywhere!("setup_proof", account::proved(World::Aws));
    insta::assert_snapshot!("setup_proof_going_on", picture(&account::proving(World::Aws), COMMON));
    insta::assert_snapshot!("setup_proof_fails", picture(&account::disproved(World::Aws), COMMON));
}

#[test]
fn setup_teardown() {
    everywhere!("setup_removal", account::removing(World::Aws));
    let mut session = account::removing(World::Aws);
    session.press("enter").ticks(4).type_in("spotdr");
    insta::assert_snapshot!("setup_removal_consent", picture(&session, COMMON));
    insta::assert_snapshot!("setup_torn_down", picture(&account::torn_down(World::Aws, false), COMMON));
    insta::assert_snapshot!("setup_remains", picture(&account::torn_down(World::Aws, true), COMMON));
}

#[test]
fn doctor_screen() {
    everywhere!("doctor", account::examined(World::Aws));
    insta::assert_snapshot!("doctor_ascii", ascii(&account::examined(World::Lab)));
    insta::assert_snapshot!("doctor_running", picture(&account::examining(World::Aws), COMMON));
    let mut session = account::examined(World::Aws);
    session.press("enter");
    insta::assert_snapshot!("doctor_fix", picture(&session, COMMON));
    session.press("esc g");
    insta::assert_snapshot!("doctor_ok", picture(&session, COMMON));
}

#[test]
fn the_webhook_is_on_no_screen() {
    for session in account::with_the_webhook() {
        for size in [COMMON, WIDE] {
            assert!(!picture(&session, size).contains("canary"));
        }
    }
}

fn every_screen() -> Vec<Session> {
    let mut sessions = vec![
        Session::new(fixture::setting(World::Aws)),
        Session::listed(World::Aws),
        composed(World::Lab),
        confirming(World::Aws),
        started(World::Aws),
        warned(World::Aws),
        leaving(World::Lab),
        failed(World::Aws),
        account::form(World::Aws),
        account::asked(World::Lab),
        account::previewed(World::Aws),
        account::consenting(World::Aws),
        account::working(World::Lab),
        account::set_up(World::Aws),
        account::proved(World::Lab),
        account::removing(World::Aws),
        account::examined(World::Aws),
    ];
    let mut hostile = Session::new(fixture::setting(World::Aws));
    hostile.tell(Msg::FleetListed(hostile_fleet()));
    sessions.push(hostile);
    sessions.extend([templates::previewed(), templates::confirming(), templates::chosen_otherwise()]);
    sessions.push(left::with_drills_left());
    for keys in ["?", "!", "X", "q"] {
        let mut session = noticed(World::Aws);
        session.press(keys);
        sessions.push(session);
    }
    sessions
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_sequence_of_keys_breaks_the_model(keys in prop::collection::vec(0usize..KEYS.len(), 0..60), start in 0usize..26) {
        let mut session = every_screen().swap_remove(start);
        for key in keys {
            session.press(KEYS[key]).ticks(key % 2);
            picture(&session, COMMON);
        }
        drop::<App>(session.app);
    }
}

/// Every size from none at all to 300x100, most of them small, for there it is tight. Only the drawing: not what it costs to
/// look at it.
#[test]
fn no_size_is_too_odd() {
    const RENDERS: usize = 100_000;
    let (sessions, theme) = (every_screen(), Theme::named("default").unwrap());
    let mut sizes = fastrand::Rng::with_seed(5);
    let mut renders = 0;
    while renders < RENDERS {
        let (width, height) = match sizes.u8(..) {
            0..2 => (sizes.u16(..=300), sizes.u16(..=100)),
            2..30 => (sizes.u16(58..=110), sizes.u16(13..=30)),
            _ => (sizes.u16(..=62), sizes.u16(..=16)),
        };
        let glyphs = if renders % 2 == 0 { Glyphs::Unicode } else { Glyphs::Ascii };
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        for session in &sessions {
            let drawn = terminal.draw(|frame| ui::draw(&session.app, &theme, glyphs, session.now, frame));
            assert_eq!(drawn.unwrap().area.as_size(), (width, height).into());
            renders += 1;
        }
    }
    figure("screens at random sizes", format_args!("{renders} drawn, of {} states", sessions.len()));
}

/// A size that is come back to shows what a terminal shows that had it all the time.
#[test]
fn what_is_drawn_after_other_sizes_is_what_is_drawn_at_first() {
    let theme = Theme::named("default").unwrap();
    let mut sizes = fastrand::Rng::with_seed(6);
    for session in every_screen() {
        let draw = |terminal: &mut Terminal<TestBackend>| {
            terminal.draw(|frame| ui::draw(&session.app, &theme, Glyphs::Unicode, session.now, frame)).unwrap();
        };
        let mut changed = Terminal::new(TestBackend::new(1, 1)).unwrap();
        for _ in 0..8 {
            let (width, height) = (sizes.u16(1..=120), sizes.u16(1..=40));
            changed.backend_mut().resize(width, height);
            draw(&mut changed);
            let mut fresh = Terminal::new(TestBackend::new(width, height)).unwrap();
            draw(&mut fresh);
            assert_eq!(changed.backend().buffer(), fresh.backend().buffer());
        }
    }
}

const KEYS: [&str; 44] = [
    "j",
    "k",
    "g",
    "G",
    "h",
    "l",
    "space",
    "v",
    "U",
    "c",
    "t",
    "r",
    "/",
    "!",
    "?",
    "esc",
    "enter",
    "tab",
    "shift-tab",
    "n",
    "S",
    "s",
    "X",
    "q",
    "ctrl-c",
    "pgdn",
    "pgup",
    "ctrl-u",
    "ctrl-f",
    "up",
    "down",
    "left",
    "right",
    "home",
    "end",
    "1",
    "w",
    "backspace",
    "ctrl-l",
    "D",
    "P",
    "T",
    "L",
    "ctrl-z",
];
