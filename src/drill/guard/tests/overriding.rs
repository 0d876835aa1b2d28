//! What a reason overrides, and what nothing does.

use super::*;
use crate::drill::{
    guard::circumstances::{Circumstances, Other},
    id::DrillId,
};

const WHY: &str = "agreed with on-call";

fn against(guards: &[Overridable], reason: &str) -> Vec<Override> {
    guards.iter().map(|guard| Override { guard: *guard, reason: SafeText::new(reason) }).collect()
}

/// Two alone in their zones: one too few would be left, and none in the zone.
fn pair() -> Fleet {
    fleet(vec![group("web", "shop", vec![instance("i-1", "1a"), instance("i-2", "1b")])])
}

fn first(overrides: Vec<Override>) -> Wish {
    Wish { overrides, ..wish(None, exactly_these(&["i-1"])) }
}

#[test]
fn a_reason_overrides_its_own_guard_and_is_kept() {
    let plan = plan(&pair(), &first(against(&[Overridable::Left, Overridable::Zone], WHY))).unwrap();
    let kept: Vec<_> = plan.overridden.iter().map(|it| (it.guard, it.reason.as_str())).collect();
    assert_eq!(kept, [(Overridable::Left, WHY), (Overridable::Zone, WHY)]);
    assert!(plan.overridden[0].said.contains("left with 1 running"), "{:?}", plan.overridden);
    assert_eq!(again(&plan, &pair(), &fine()), Ok(plan));
}

#[test]
fn what_no_reason_was_given_for_stands() {
    let left = refusals(&pair(), &first(against(&[Overridable::Zone, Overridable::Alarm], WHY)));
    assert_eq!(left, [Refusal::FewLeft { group: String::from("shop/web"), left: 1 }]);
    let zone = refusals(&pair(), &first(against(&[Overridable::Left], WHY)));
    assert!(matches!(zone.as_slice(), [Refusal::ZoneEmptied { .. }]), "{zone:?}");
}

#[test]
fn a_reason_for_one_floor_lets_a_wave_go_below_that_one_alone() {
    let pair = fleet(vec![group("web", "shop", vec![instance("i-1", "1a"), instance("i-2", "1a")])]);
    let left = plan(&pair, &first(against(&[Overridable::Left], WHY))).unwrap();
    assert_eq!(ids(&left), ["i-1"]);
    let lone = instance("i-1", "1a");
    let four = fleet(vec![group("web", "shop", [vec![lone], many("x", 12).instances.split_off(9)].concat())]);
    let apart = Fleet { groups: four.groups.clone(), ..four };
    assert!(plan(&apart, &first(Vec::new())).is_ok());
    let mut emptied = apart;
    emptied.groups[0].instances.retain(|it| it.id.as_str() == "i-1" || it.az.as_str() != "1a");
    emptied.groups[0].instances.push(instance("i-more", "1b"));
    let zone = plan(&emptied, &first(against(&[Overridable::Zone], WHY))).unwrap();
    assert_eq!((ids(&zone), zone.overridden.len()), (vec!["i-1"], 1));
}

#[test]
fn a_reason_that_only_a_later_wave_needs_is_kept_for_it() {
    let mut web = group("web", "shop", (0..8).map(|n| instance(&format!("i-{n}"), "1a")).collect());
    web.instances.push(instance("i-lone", "1b"));
    let fleet = fleet(vec![web]);
    let named = exactly_these(&["i-0", "i-1", "i-2", "i-lone"]);
    let plan = plan(&fleet, &Wish { overrides: against(&[Overridable::Zone], WHY), ..wish(None, named) }).unwrap();
    assert_eq!(plan.waves(), [2, 2]);
    let without = Plan { targets: plan.targets.iter().filter(|it| it.az.as_str() == "1a").cloned().collect(), ..plan };
    let started = again(&without, &fleet, &fine()).unwrap();
    assert_eq!(started.overridden, without.overridden);
    let last = again(&started.next_wave(&DrillId::new("d1").unwrap()).unwrap(), &fleet, &fine()).unwrap();
    assert_eq!(last.overridden, [], "none of it is needed any more");
}

#[test]
fn a_reason_lets_a_group_go_without_its_rest_and_a_clock_be_wrong() {
    let now = fine().now + jiff::SignedDuration::from_mins(1);
    let over = Other {
        by: SafeText::new("d1"),
        groups: vec![SafeText::new("shop/web")],
        instances: Vec::new(),
        over: Some(fine().now),
    };
    let resting = Circumstances { others: Ok(vec![over]), now, ..fine() };
    let wrong = Circumstances { skew: Ok(jiff::SignedDuration::from_hours(1)), ..fine() };
    for (guard, around) in [(Overridable::CoolDown, resting), (Overridable::Clock, wrong)] {
        let wish = |overrides| Wish { overrides, ..wish(Some("web"), Selection::Count(1)) };
        let refused = super::super::plan(&shop(), &wish(Vec::new()), &around).unwrap_err();
        assert_eq!((refused.0.len(), refused.overridable()), (1, vec![guard]));
        let plan = super::super::plan(&shop(), &wish(against(&[guard], WHY)), &around).unwrap();
        assert_eq!(plan.overridden[0].guard, guard);
    }
}

#[test]
fn the_guards_that_a_reason_overrides_are_named_once_each() {
    let left = |left| Refusal::FewLeft { group: String::from("g"), left };
    let refusals = Refusals(vec![Refusal::NoAlarm, left(1), Refusal::Nothing, left(0)]);
    assert_eq!(refusals.overridable(), [Overridable::Left, Overridable::Alarm]);
    let reason = SafeText::new(WHY);
    let each = Override::each(refusals.overridable(), &reason);
    assert_eq!(each, against(&[Overridable::Left, Overridable::Alarm], WHY));
}

#[test]
fn a_reason_that_is_too_short_is_said_once_however_often_its_guard_stands() {
    let wish = Wish {
        overrides: against(&[Overridable::Left, Overridable::Zone], "ok"),
        ..wish(None, exactly_these(&["i-1", "i-2"]))
    };
    let said = refusals(&pair(), &wish);
    let guards = |wanted: fn(&Refusal) -> bool| said.iter().filter(|refusal| wanted(refusal)).count();
    assert_eq!(guards(|it| matches!(it, Refusal::NoReason { guard: Overridable::Zone, .. })), 1, "{said:?}");
    assert_eq!(guards(|it| matches!(it, Refusal::ZoneEmptied { .. })), 2, "what it is for stands with it: {said:?}");
}

#[test]
fn a_reason_that_nothing_needs_is_not_kept() {
    let wish = Wish { overrides: against(&Overridable::ALL, WHY), ..wish(Some("web"), Selection::Count(1)) };
    assert_eq!(plan(&shop(), &wish).unwrap().overridden, []);
}

#[test]
fn a_reason_has_ten_to_three_hundred_characters() {
    let with = |reason: &str| plan(&pair(), &first(against(&[Overridable::Left, Overridable::Zone], reason)));
    for (reason, why) in [("", "too short"), ("         ok          ", "too short"), ("123456789", "too short")] {
        let said = with(reason).unwrap_err();
        assert!(said.to_string().contains(why) && said.0.len() == 4, "{reason:?}: {said}");
    }
    assert!(with("1234567890").is_ok());
    assert!(with(&"x".repeat(300)).is_ok());
    assert!(with(&"x".repeat(301)).unwrap_err().to_string().contains("too long"));
}

/// Whatever is said against them, these stand.
#[test]
fn caps_and_what_others_decide_cannot_be_overridden() {
    let around = [
        Circumstances { accounts: Vec::new(), ..fine() },
        Circumstances { lever: Ok(Some(SafeText::new("no"))), ..fine() },
        Circumstances { lever: Err(SafeText::new("no")), ..fine() },
        Circumstances { credentials: Err(SafeText::new("no")), ..fine() },
        Circumstances { skew: Err(SafeText::new("no")), ..fine() },
        Circumstances { others: Err(SafeText::new("no")), ..fine() },
    ];
    let wish = Wish { overrides: against(&Overridable::ALL, WHY), ..wish(Some("web"), Selection::Count(1)) };
    for around in around {
        assert!(super::super::plan(&shop(), &wish, &around).is_err(), "{around:?}");
    }
    let mut alarm = fine();
    let Ok(Some(stops)) = &mut alarm.alarm else { panic!() };
    stops.state = Ok(Some(SafeText::new("ALARM")));
    assert!(super::super::plan(&shop(), &wish, &alarm).is_err());
    let all = super::super::plan(&shop(), &Wish { selection: Selection::All, ..wish }, &fine()).unwrap();
    let at_once = Plan { targets: all.in_all_waves().cloned().collect(), wave: None, ..all };
    assert!(again(&at_once, &shop(), &fine()).is_err());
}

#[test]
fn an_alarm_that_says_nothing_can_be_done_without() {
    let wish = Wish { overrides: against(&[Overridable::Alarm], WHY), ..wish(Some("web"), Selection::Count(1)) };
    let mut silent = fine();
    let Ok(Some(alarm)) = &mut silent.alarm else { panic!() };
    alarm.state = Ok(Some(SafeText::new("INSUFFICIENT_DATA")));
    let denied = Circumstances { alarm: Err(SafeText::new("AccessDenied")), ..fine() };
    for around in [silent, denied, Circumstances { alarm: Ok(None), ..fine() }] {
        let plan = super::super::plan(&shop(), &wish, &around).unwrap();
        assert_eq!(plan.overridden.len(), 1);
    }
}

#[test]
fn what_was_confirmed_to_be_stopped_by_an_alarm_starts_by_no_other_and_by_none() {
    let wish = Wish { overrides: against(&[Overridable::Alarm], WHY), ..wish(Some("web"), Selection::Count(1)) };
    let around = |state: &str, arn: &str| {
        let mut around = fine();
        let Ok(Some(alarm)) = &mut around.alarm else { panic!() };
        (alarm.state, alarm.arn) = (Ok(Some(SafeText::new(state))), SafeText::new(arn));
        around
    };
    let silent = around("INSUFFICIENT_DATA", "arn:1");
    let denied = Circumstances { alarm: Err(SafeText::new("AccessDenied")), ..fine() };
    let plan = super::super::plan(&shop(), &wish, &silent).unwrap();
    for (now, by) in [(&denied, "no alarm"), (&around("OK", "arn:2"), "arn:2")] {
        let refused = again(&plan, &shop(), now).unwrap_err();
        assert_eq!(refused.0, [Refusal::OtherAlarm { then: String::from("arn:1"), now: by.to_owned() }]);
        assert_eq!(refused.overridable(), []);
    }
    assert_eq!(again(&plan, &shop(), &around("OK", "arn:1")).unwrap().stop_alarm, plan.stop_alarm);
    assert_eq!(again(&plan, &shop(), &silent), Ok(plan));
    let without = super::super::plan(&shop(), &wish, &denied).unwrap();
    assert_eq!(again(&without, &shop(), &denied), Ok(without.clone()));
    assert!(again(&without, &shop(), &silent).unwrap_err().to_string().contains("no alarm was confirmed"));
}

#[test]
fn a_reason_passes_no_more_than_was_overridden() {
    let alone = |extra: &[(&str, &str)]| {
        let others = extra.iter().map(|(id, az)| instance(id, az));
        fleet(vec![group("web", "shop", others.chain([instance("i-1", "1a")]).collect())])
    };
    let two = alone(&[("i-2", "1b")]);
    let plan = plan(&two, &first(against(&[Overridable::Left, Overridable::Zone], WHY))).unwrap();
    let none_left = again(&plan, &alone(&[]), &fine()).unwrap_err();
    assert_eq!(none_left.0, [Refusal::FewLeft { group: String::from("shop/web"), left: 0 }]);
    // it was confirmed to leave none: to leave one is less
    let worst = super::plan(&alone(&[]), &first(against(&[Overridable::Left, Overridable::Zone], WHY))).unwrap();
    assert!(again(&worst, &two, &fine()).unwrap().overridden.iter().any(|it| it.said.contains("left with 1")));
    let mut moved = two.clone();
    moved.groups[0].instances[1].az = SafeText::new("1c");
    let zone = again(&plan, &moved, &fine()).unwrap_err();
    assert_eq!(zone.0, [Refusal::ZoneEmptied { group: String::from("shop/web"), zone: String::from("1c") }]);
    assert!(again(&plan, &alone(&[("i-2", "1a"), ("i-3", "1a")]), &fine()).is_ok(), "none of it is needed any more");
}

#[test]
fn a_reason_for_one_rest_is_none_for_that_after_another_drill() {
    let now = fine().now + jiff::SignedDuration::from_mins(1);
    let rests = |by: &str| {
        let (groups, over) = (vec![SafeText::new("shop/web")], Some(fine().now));
        let other = Other { by: SafeText::new(by), groups, instances: Vec::new(), over };
        Circumstances { others: Ok(vec![other]), now, ..fine() }
    };
    let wish = Wish { overrides: against(&[Overridable::CoolDown], WHY), ..wish(Some("web"), Selection::Count(1)) };
    let plan = super::super::plan(&shop(), &wish, &rests("d1")).unwrap();
    assert!(again(&plan, &shop(), &rests("d1")).is_ok());
    let refused = again(&plan, &shop(), &rests("d2")).unwrap_err();
    assert!(matches!(refused.0.as_slice(), [Refusal::CoolingDown { by, .. }] if by == "d2"), "{refused}");
}

#[test]
fn a_zone_that_no_reason_was_given_for_is_emptied_by_no_wave() {
    let mut web = group("web", "shop", (0..8).map(|n| instance(&format!("i-{n}"), "1a")).collect());
    web.instances.extend([instance("i-b", "1b"), instance("i-c1", "1c"), instance("i-c2", "1c")]);
    web.instances.extend((0..5).map(|n| instance(&format!("i-more{n}"), "1a")));
    let fleet = fleet(vec![web]);
    let named = exactly_these(&["i-b", "i-c1", "i-c2"]);
    let plan = plan(&fleet, &Wish { overrides: against(&[Overridable::Zone], WHY), ..wish(None, named) }).unwrap();
    assert_eq!(plan.waves(), [2, 1], "all three would be within the cap");
    assert_eq!(plan.overridden.len(), 1);
}

#[test]
fn a_guard_is_known_by_its_name() {
    for guard in Overridable::ALL {
        assert_eq!(guard.as_str().parse(), Ok(guard));
        assert_eq!(serde_json::to_string(&guard).unwrap(), format!("\"{guard}\""));
    }
    assert!("cap".parse::<Overridable>().unwrap_err().contains("left, zone, cool-down, alarm, clock"));
}
