//! Each circumstance, as it should be, as it should not, and untold. Knows one group and one target.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::drill::{guard::circumstances::Other, id::DrillId};

fn against(around: &Circumstances) -> Vec<Refusal> {
    match super::super::plan(&shop(), &wish(Some("web"), Selection::Count(1)), around) {
        Ok(_) => Vec::new(),
        Err(refusals) => refusals.0,
    }
}

fn why() -> SafeText {
    SafeText::new("AccessDenied")
}

#[test]
fn nothing_stands_against_it_where_all_is_fine() {
    assert_eq!(against(&fine()), []);
}

/// Each of them, where it could not be told: denied, throttled, timed out or half answered.
#[test]
fn what_cannot_be_told_stands_against_a_start() {
    let untold: [(Circumstances, &str); 5] = [
        (Circumstances { lever: Err(why()), ..fine() }, "whether the safety lever"),
        (Circumstances { alarm: Err(why()), ..fine() }, "the state of the stop-condition alarm"),
        (Circumstances { credentials: Err(why()), ..fine() }, "when the credentials end"),
        (Circumstances { skew: Err(why()), ..fine() }, "how far this machine's clock is"),
        (Circumstances { others: Err(why()), ..fine() }, "which drills go on"),
    ];
    for (around, what) in untold {
        let said = Refusals(against(&around)).to_string();
        assert!(said.starts_with(&format!("could not tell {what}")) && said.contains("AccessDenied"), "{said}");
        assert_eq!(against(&around).len(), 1);
    }
    let incomplete = Fleet { complete: false, ..shop() };
    assert!(super::super::plan(&incomplete, &wish(Some("web"), Selection::Count(1)), &fine()).is_err());
}

#[test]
fn an_account_that_is_not_on_the_list_is_refused_and_a_lab_is_not() {
    let around = Circumstances { accounts: vec![SafeText::new("999999999999")], ..fine() };
    assert_eq!(against(&around), [Refusal::NotAllowed { account: String::from("123456789012") }]);
    let lab = Fleet { world: World::Lab, ..shop() };
    assert!(super::super::plan(&lab, &wish(Some("web"), Selection::Count(1)), &around).is_ok());
}

#[test]
fn an_engaged_lever_stands_with_its_reason() {
    let around = Circumstances { lever: Ok(Some(SafeText::new("incident 7"))), ..fine() };
    assert_eq!(against(&around), [Refusal::LeverEngaged { reason: String::from("incident 7") }]);
}

#[test]
fn the_alarm_must_be_there_and_ok() {
    let with = |state: Option<&str>| {
        let mut around = fine();
        let Ok(Some(alarm)) = &mut around.alarm else { panic!() };
        alarm.state = Ok(state.map(SafeText::new));
        (against(&around), Refusals(against(&around)).to_string())
    };
    assert_eq!(with(Some("OK")).0, []);
    for state in ["ALARM", "INSUFFICIENT_DATA", "something new"] {
        assert!(with(Some(state)).1.contains(&format!("shop-errors is {state}, not OK")), "{state}");
    }
    assert!(with(Some("ALARM")).1.contains("stop the experiment at once"));
    assert!(with(None).1.contains("there is no alarm arn:aws:cloudwatch"));
    assert_eq!(against(&Circumstances { alarm: Ok(None), ..fine() }), [Refusal::NoAlarm]);
}

#[test]
fn an_alarm_whose_state_cannot_be_told_stops_the_experiment_all_the_same() {
    let mut around = fine();
    let Ok(Some(alarm)) = &mut around.alarm else { panic!() };
    alarm.state = Err(why());
    let arn = alarm.arn.clone();
    assert!(matches!(against(&around).as_slice(), [Refusal::Untold { guard: Some(Overridable::Alarm), .. }]));
    let reason = Override { guard: Overridable::Alarm, reason: SafeText::new("the dashboard is watched") };
    let wish = Wish { overrides: vec![reason], ..wish(Some("web"), Selection::Count(1)) };
    assert_eq!(super::super::plan(&shop(), &wish, &around).unwrap().stop_alarm, Some(arn));
    around.alarm = Ok(None);
    assert_eq!(super::super::plan(&shop(), &wish, &around).unwrap().stop_alarm, None);
}

#[test]
fn the_role_of_fis_must_be_there_unless_nobody_may_ask() {
    let role = SafeText::new("arn:aws:iam::123456789012:role/spotdrill-fis");
    let missing = Circumstances { role: Ok(Some(role)), ..fine() };
    let said = Refusals(against(&missing)).to_string();
    assert!(said.starts_with("there is no role arn:aws:iam::123456789012:role/spotdrill-fis"), "{said}");
    assert!(said.contains("`spotdrill setup` makes one"), "{said}");
    assert_eq!(against(&Circumstances { role: Err(why()), ..fine() }), []);
}

#[test]
fn credentials_must_outlive_the_drill_by_ten_minutes() {
    let ends = |seconds: i64| {
        let ends = Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        against(&Circumstances { credentials: Ok(Some(ends)), ..fine() })
    };
    assert_eq!(ends(120 + 600), []);
    let short = Refusals(ends(120 + 599)).to_string();
    assert!(short.contains("end at 00:11:59Z") && short.contains("to spare at 00:12:00Z"), "{short}");
}

#[test]
fn a_clock_more_than_five_minutes_off_is_refused_either_way() {
    let off = |seconds: i64| against(&Circumstances { skew: Ok(SignedDuration::from_secs(seconds)), ..fine() });
    assert_eq!((off(300), off(-300)), (Vec::new(), Vec::new()));
    assert_eq!(off(301), [Refusal::ClockOff { seconds: 301 }]);
    assert_eq!(off(-301), [Refusal::ClockOff { seconds: -301 }]);
}

#[test]
fn a_record_that_cannot_be_trusted_stands_whatever_is_said_against_it() {
    let in_doubt = vec![SafeText::new("/x/d1.jsonl cannot be read"), SafeText::new("/x/d2.jsonl cannot be read")];
    let around = Circumstances { in_doubt, ..fine() };
    let said = |name: &str| Refusal::InDoubt { said: format!("/x/{name}.jsonl cannot be read") };
    assert_eq!(against(&around), [said("d1"), said("d2")]);
    let reasons = Override::each(Overridable::ALL, &SafeText::new("it is an old one"));
    let wish = Wish { overrides: reasons, ..wish(Some("web"), Selection::Count(1)) };
    assert_eq!(super::super::plan(&shop(), &wish, &around).unwrap_err().0.len(), 2);
}

#[test]
fn of_alarms_one_that_is_ok_is_told_from_all_others() {
    let is_ok = |state| circumstances::Alarm { arn: why(), name: why(), state }.is_ok();
    assert!(is_ok(Ok(Some(SafeText::new("OK")))));
    assert!(!is_ok(Ok(Some(SafeText::new("ALARM")))) && !is_ok(Ok(None)) && !is_ok(Err(why())));
}

#[test]
fn a_service_that_is_unwell_is_not_drilled() {
    let around = Circumstances { unsteady: vec![SafeText::new("shop fails: 500")], ..fine() };
    assert_eq!(against(&around), [Refusal::Unsteady { said: String::from("shop fails: 500") }]);
    let around = Circumstances { never_asked: vec![SafeText::new("shop: not asked: it is this machine")], ..fine() };
    assert_eq!(against(&around), [Refusal::NeverAsked { said: String::from("shop: not asked: it is this machine") }]);
}

fn other(by: &str) -> Other {
    Other { by: SafeText::new(by), groups: Vec::new(), instances: Vec::new(), over: None }
}

fn among(other: Other) -> Vec<Refusal> {
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
    against(&Circumstances { others: Ok(vec![other]), now, ..fine() })
}

fn drilled(by: &str) -> Vec<Refusal> {
    vec![Refusal::Drilled { group: String::from("shop/web"), by: by.to_owned() }]
}

#[test]
fn a_group_that_is_being_drilled_is_left_alone() {
    assert_eq!(among(Other { groups: vec![SafeText::new("shop/web")], ..other("d1") }), drilled("d1"));
    assert_eq!(among(Other { instances: vec![InstanceId::new("i-web07")], ..other("d1") }), drilled("d1"));
    assert_eq!(among(Other { groups: vec![SafeText::new("shop/batch")], ..other("d1") }), []);
    assert_eq!(among(Other { instances: vec![InstanceId::new("i-batch01")], ..other("d1") }), []);
}

#[test]
fn an_experiment_whose_targets_nobody_knows_may_hit_any_group() {
    assert_eq!(among(other("experiment EXP1")), drilled("experiment EXP1"));
}

#[test]
fn a_group_rests_after_a_drill() {
    let ended = |seconds: i64| {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
        let over = Some(now - SignedDuration::from_secs(seconds));
        among(Other { groups: vec![SafeText::new("shop/web")], over, ..other("d1") })
    };
    let said = Refusals(ended(299)).to_string();
    assert!(said.contains("drilled by d1 at 00:55:01Z and rests until 01:00:01Z"), "{said}");
    assert_eq!(ended(300), []);
    let over = Some(Timestamp::UNIX_EPOCH + SignedDuration::from_mins(59));
    assert_eq!(among(Other { over, ..other("nobody knows what it hit") }), []);
}

#[test]
fn the_last_of_several_drills_counts() {
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
    let ended = |by: &str, minutes: i64| Other {
        groups: vec![SafeText::new("shop/web")],
        over: Some(now - SignedDuration::from_mins(minutes)),
        ..other(by)
    };
    let others = vec![ended("d1", 3), ended("d3", 1), ended("d2", 2)];
    let said = Refusals(against(&Circumstances { others: Ok(others), now, ..fine() })).to_string();
    assert!(said.contains("by d3 at 00:59:00Z"), "{said}");
}

#[test]
fn a_wave_does_not_rest_from_the_waves_before_it() {
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
    let over = Some(now - SignedDuration::from_secs(10));
    let first = Other { groups: vec![SafeText::new("shop/web")], over, ..other("d1") };
    let around = |others| Circumstances { others: Ok(others), now, ..fine() };
    let wish = Wish { earlier: vec![DrillId::new("d1").unwrap()], ..wish(Some("web"), Selection::Count(1)) };
    assert!(super::super::plan(&shop(), &wish, &around(vec![first.clone()])).is_ok());
    let stranger = Other { by: SafeText::new("d2"), ..first.clone() };
    assert!(super::super::plan(&shop(), &wish, &around(vec![first.clone(), stranger])).is_err());
    let going_on = Other { over: None, ..first };
    assert!(super::super::plan(&shop(), &wish, &around(vec![going_on])).is_err());
}

#[test]
fn at_the_start_all_of_it_is_weighed_anew() {
    let plan = plan(&shop(), &wish(Some("web"), Selection::Count(1))).unwrap();
    let around = Circumstances { lever: Ok(Some(why())), accounts: Vec::new(), alarm: Ok(None), ..fine() };
    assert_eq!(again(&plan, &shop(), &around).unwrap_err().0.len(), 4);
    let incomplete = Fleet { complete: false, ..shop() };
    assert!(matches!(again(&plan, &incomplete, &fine()).unwrap_err().0.as_slice(), [Refusal::Incomplete { .. }]));
}
