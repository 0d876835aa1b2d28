//! How many at once and how many stay: waves, floors, and plans that grew since.

use super::*;
use crate::drill::{guard::caps, id::DrillId};

fn waves_of(fleet: &Fleet, wish: &Wish) -> Vec<usize> {
    plan(fleet, wish).unwrap().waves()
}

#[test]
fn more_than_a_quarter_of_a_group_is_parted_into_waves() {
    assert_eq!(waves_of(&shop(), &wish(Some("web"), Selection::Count(3))), [3]);
    assert_eq!(waves_of(&shop(), &wish(Some("web"), Selection::Count(4))), [3, 1]);
    assert_eq!(waves_of(&shop(), &wish(Some("web"), Selection::All)), [3, 3, 3, 3]);
}

#[test]
fn no_wave_has_more_than_five() {
    let big = fleet(vec![many("big", 40)]);
    let five = plan(&big, &wish(Some("big"), Selection::Count(5))).unwrap();
    assert_eq!(five.waves(), [5]);
    assert_eq!(again(&five, &big, &fine()), Ok(five));
    assert_eq!(waves_of(&big, &wish(Some("big"), Selection::Count(12))), [5, 5, 2]);
    let two = fleet(vec![many("a", 16), many("b", 16)]);
    let each: Vec<_> = two.instances().map(|(_, instance)| instance.id.clone()).collect();
    let all = wish(None, Selection::Exact(each));
    assert!(waves_of(&two, &all).iter().all(|wave| *wave <= 5));
    assert_eq!(waves_of(&two, &all).iter().sum::<usize>(), 32);
}

#[test]
fn a_quarter_of_few_is_one() {
    for (there, most) in [(1, 1), (3, 1), (4, 1), (7, 1), (8, 2), (11, 2), (12, 3), (20, 5), (21, 5), (400, 5)] {
        assert_eq!(caps::most_of(&many("x", there)), most, "of {there}");
    }
}

#[test]
fn two_of_a_group_must_stay() {
    let refused = |count| refusals(&fleet(vec![in_one_zone(count)]), &wish(Some("web"), Selection::Count(1)));
    assert_eq!(refused(2), [Refusal::FewLeft { group: String::from("shop/web"), left: 1 }]);
    let alone = refused(1);
    assert!(matches!(alone.as_slice(), [Refusal::FewLeft { left: 0, .. }, Refusal::ZoneEmptied { .. }]), "{alone:?}");
    assert!(plan(&fleet(vec![in_one_zone(3)]), &wish(Some("web"), Selection::Count(1))).is_ok());
}

#[test]
fn on_demand_instances_that_run_stay_too() {
    let mut group = in_one_zone(2);
    group.instances.push(Instance { lifecycle: Lifecycle::OnDemand, ..instance("i-od", "1a") });
    assert!(plan(&fleet(vec![group.clone()]), &wish(Some("web"), Selection::Count(1))).is_ok());
    group.instances[2].state = InstanceState::Stopped;
    assert!(plan(&fleet(vec![group]), &wish(Some("web"), Selection::Count(1))).is_err());
}

#[test]
fn one_in_each_zone_must_stay() {
    let mut group = in_one_zone(5);
    group.instances.push(instance("i-lone", "1b"));
    let fleet = fleet(vec![group]);
    let lone = refusals(&fleet, &wish(None, exactly_these(&["i-lone"])));
    assert_eq!(lone, [Refusal::ZoneEmptied { group: String::from("shop/web"), zone: String::from("1b") }]);
    assert!(plan(&fleet, &wish(None, exactly_these(&["i-0"]))).is_ok());
}

#[test]
fn a_zone_that_one_wave_would_empty_is_emptied_by_none() {
    // of eight, two at once are within the cap; the two in 1b are not, for none would be left there
    let mut group = in_one_zone(6);
    group.instances.extend([instance("i-b1", "1b"), instance("i-b2", "1b")]);
    let fleet = fleet(vec![group]);
    assert_eq!(waves_of(&fleet, &wish(None, exactly_these(&["i-b1", "i-b2"]))), [1, 1]);
    assert_eq!(waves_of(&fleet, &wish(None, exactly_these(&["i-0", "i-1"]))), [2]);
}

#[test]
fn a_wave_is_spread_over_the_zones() {
    let zones = [("1a", 5), ("1b", 4), ("1c", 3)].into_iter().flat_map(|(zone, count)| vec![zone; count]);
    let each = zones.enumerate().map(|(n, zone)| instance(&format!("i-{n:02}"), zone));
    let plan = plan(&fleet(vec![group("web", "shop", each.collect())]), &wish(Some("web"), Selection::All)).unwrap();
    assert_eq!(plan.waves(), [3, 3, 3, 3]);
    let zones: Vec<_> = plan.targets.iter().map(|target| target.az.as_str()).collect();
    assert_eq!(zones, ["1a", "1b", "1c"]);
}

#[test]
fn waves_are_named_together_and_follow_one_another() {
    let plan = plan(&shop(), &wish(Some("web"), Selection::Count(7))).unwrap();
    assert_eq!((plan.words().as_str(), plan.waves()), ("web 7", vec![3, 3, 1]));
    let wave = plan.wave.as_ref().unwrap();
    assert_eq!((wave.number, wave.of, wave.gap, wave.earlier.len()), (1, 3, 60, 0));
    assert_eq!(again(&plan, &shop(), &fine()).unwrap().wave, plan.wave, "those after it are still to come");
    assert_eq!(plan.least_time().as_secs(), 3 * 120 + 2 * 60);
    assert_eq!(plan.actions(), 3);
    let first = DrillId::new("d1");
    let second = plan.next_wave(&first).unwrap();
    assert_eq!((second.words().as_str(), second.waves()), ("web 4", vec![3, 1]));
    assert_eq!(second.wave.as_ref().unwrap().number, 2);
    let third = second.next_wave(&DrillId::new("d2")).unwrap();
    assert_eq!((third.waves(), third.least_time().as_secs()), (vec![1], 120));
    assert_eq!(third.wave.as_ref().unwrap().earlier, [first, DrillId::new("d2")]);
    assert!(third.next_wave(&DrillId::new("d3")).is_none());
    let all: Vec<_> = [&plan.targets, &second.targets, &third.targets].into_iter().flatten().map(|it| &it.id).collect();
    let confirmed: Vec<_> = plan.in_all_waves().map(|target| &target.id).collect();
    assert_eq!(all, confirmed);
}

#[test]
fn a_plan_that_grew_since_it_was_made_is_not_started() {
    // as an edited journal or a program of one's own would have it
    let plan = plan(&shop(), &wish(Some("web"), Selection::Count(3))).unwrap();
    let more = super::plan(&shop(), &wish(Some("web"), Selection::All)).unwrap();
    let grown = Plan { targets: more.in_all_waves().cloned().collect(), ..plan.clone() };
    let refusals = again(&grown, &shop(), &fine()).unwrap_err().0;
    assert_eq!(refusals[0], Refusal::BeyondWave { asked: 12 });
    assert_eq!(refusals[1], Refusal::BeyondCap { group: String::from("shop/web"), asked: 12, most: 3 });
    assert_eq!(again(&plan, &shop(), &fine()), Ok(plan));
}

#[test]
fn a_group_that_shrank_since_the_preview_is_not_hit_as_hard() {
    let plan = plan(&shop(), &wish(Some("web"), Selection::Count(3))).unwrap();
    let mut shrunk = shop();
    let is_target = |instance: &Instance| plan.is_target(&instance.id);
    let (mut kept, others): (Vec<_>, Vec<_>) = shrunk.groups[0].instances.drain(..).partition(is_target);
    kept.extend(others.into_iter().take(8));
    shrunk.groups[0].instances = kept;
    let cap = Refusal::BeyondCap { group: String::from("shop/web"), asked: 3, most: 2 };
    assert_eq!(again(&plan, &shrunk, &fine()).unwrap_err().0, [cap]);
    shrunk.groups[0].instances.push(instance("i-new", "1a"));
    let now = again(&plan, &shrunk, &fine());
    assert!(now.is_ok(), "{now:?}");
    assert_eq!(now.unwrap().out_of, 12);
}

#[test]
fn at_the_start_the_floors_hold_for_all_of_a_wave_together() {
    let fleet = fleet(vec![many("web", 12)]);
    let plan = plan(&fleet, &wish(Some("web"), Selection::Count(3))).unwrap();
    let mut emptied = fleet.clone();
    // what is left beside the targets runs no more
    for instance in emptied.groups[0].instances.iter_mut().filter(|it| !plan.is_target(&it.id)).skip(1) {
        instance.state = InstanceState::Stopping;
    }
    let refusals = again(&plan, &emptied, &fine()).unwrap_err().0;
    assert!(refusals.contains(&Refusal::FewLeft { group: String::from("shop/web"), left: 1 }), "{refusals:?}");
    assert_eq!(refusals.iter().filter(|it| matches!(it, Refusal::FewLeft { .. })).count(), 1);
}

fn in_one_zone(count: usize) -> Group {
    group("web", "shop", (0..count).map(|n| instance(&format!("i-{n}"), "1a")).collect())
}
