//! What is told to have changed since the preview, and what does not change at all.

use super::*;
use crate::drill::{guard::circumstances::Alarm, id::DrillId, id::SpotRequestId};

fn of_web() -> Plan {
    plan(&shop(), &wish(Some("web"), Selection::Count(2))).unwrap()
}

fn since(plan: &Plan, fleet: &Fleet, around: &Circumstances) -> Vec<String> {
    changed(plan, fleet, around).iter().map(ToString::to_string).collect()
}

#[test]
fn where_nothing_changed_nothing_is_told() {
    assert_eq!(since(&of_web(), &shop(), &fine()), [""; 0]);
    let mut elsewhere = shop();
    elsewhere.groups[1].instances.clear();
    assert_eq!(since(&of_web(), &elsewhere, &fine()), [""; 0], "no other group matters");
}

#[test]
fn a_group_that_shrank_and_grew_is_told_by_zone() {
    let plan = of_web();
    let mut now = shop();
    let at = now.groups[0].instances.iter().position(|it| it.az.as_str() == "1b" && !plan.is_target(&it.id)).unwrap();
    now.groups[0].instances[at].state = InstanceState::ShuttingDown;
    now.groups[0].instances.push(Instance { lifecycle: Lifecycle::OnDemand, ..instance("i-new", "1d") });
    let told = [
        "since the preview: shop/web has 11 running spot instances (12 then)",
        "since the preview: shop/web has 3 running in 1b (4 then)",
        "since the preview: shop/web has 1 running in 1d (0 then)",
    ];
    assert_eq!(since(&plan, &now, &fine()), told);
    let started = again(&plan, &now, &fine()).unwrap();
    assert_eq!(since(&started, &now, &fine()), [""; 0], "from then on it is compared to the start");
    now.groups.remove(0);
    assert_eq!(since(&plan, &now, &fine()).len(), 4, "none of it is left");
}

#[test]
fn an_alarm_that_changed_is_told() {
    let with = |state| {
        let mut around = fine();
        around.alarm = around.alarm.map(|alarm| alarm.map(|alarm| Alarm { state, ..alarm }));
        around
    };
    let silent = with(Ok(Some(SafeText::new("INSUFFICIENT_DATA"))));
    let reason = Override { guard: Overridable::Alarm, reason: SafeText::new("it has no data at night") };
    let plan = super::super::plan(
        &shop(),
        &Wish { overrides: vec![reason], ..wish(Some("web"), Selection::Count(1)) },
        &silent,
    );
    let plan = plan.unwrap();
    let told = |around: &Circumstances| since(&plan, &shop(), around).concat();
    assert_eq!(
        told(&fine()),
        "since the preview: the alarm that stops it is shop-errors, OK (shop-errors, INSUFFICIENT_DATA then)"
    );
    assert!(told(&with(Ok(None))).contains("is shop-errors, which is not there (shop"), "{}", told(&with(Ok(None))));
    assert!(told(&with(Err("no".into()))).contains("is shop-errors, of which no state is known (shop"));
    assert!(told(&Circumstances { alarm: Ok(None), ..fine() }).contains("is none (shop"));
    assert!(told(&Circumstances { alarm: Err("no".into()), ..fine() }).contains("is not known (shop"));
}

#[test]
fn a_target_that_is_another_than_it_was_is_told() {
    let mut now = shop();
    let plan = plan(&now, &wish(None, exactly_these(&["i-web00"]))).unwrap();
    let target = &mut now.groups[0].instances[0];
    target.instance_type = SafeText::new("m5.xlarge");
    target.az = SafeText::new("1b");
    target.spot_request = Some(SpotRequestId::new("sir-2"));
    target.interruption_behavior = None;
    let told = since(&plan, &now, &fine());
    let of_target: Vec<_> = told.iter().filter(|said| said.contains("i-web00")).map(String::as_str).collect();
    assert_eq!(
        of_target,
        [
            "since the preview: i-web00 is an m5.xlarge (m5.large then)",
            "since the preview: i-web00 is in 1b (1a then)",
            "since the preview: the spot request of i-web00 is sir-2 (none then)",
            "since the preview: what an interruption does to i-web00 is not known (terminate then)",
        ]
    );
}

#[test]
fn a_target_that_went_to_another_group_is_not_hit() {
    let plan = plan(&shop(), &wish(None, exactly_these(&["i-web00"]))).unwrap();
    let mut now = shop();
    let moved = now.groups[0].instances.remove(0);
    now.groups[1].instances.push(moved);
    let refused = Refusal::NotInGroup {
        id: InstanceId::new("i-web00"),
        group: String::from("shop/web"),
        actual: String::from("shop/batch"),
    };
    assert_eq!(again(&plan, &now, &fine()).unwrap_err().0, [refused]);
    let told = since(&plan, &now, &fine());
    assert!(told.contains(&String::from("since the preview: i-web00 is in shop/batch (shop/web then)")), "{told:?}");
}

#[test]
fn a_wave_is_compared_with_the_start_of_the_wave_before() {
    let plan = plan(&shop(), &wish(Some("web"), Selection::Count(4))).unwrap();
    let mut now = shop();
    now.groups[0].instances.push(instance("i-new", "1a"));
    assert!(since(&plan, &now, &fine())[0].starts_with("since the preview: "));
    let next = plan.next_wave(&DrillId::new("d1")).unwrap();
    assert!(since(&next, &now, &fine())[0].starts_with("since wave 1 began: shop/web has 13"));
}

#[test]
fn the_groups_of_all_waves_are_counted_at_each_start() {
    let shop = fleet(vec![many("web", 12), many("pool", 12)]);
    let each: Vec<_> = (0..3).flat_map(|n| [format!("i-web0{n}"), format!("i-pool0{n}")]).collect();
    let named = exactly_these(&each.iter().map(String::as_str).collect::<Vec<_>>());
    let plan = plan(&shop, &wish(None, named)).unwrap();
    let only_pool = |target: &&Target| target.group.name.as_str() == "pool";
    let pool = Plan { targets: plan.targets.iter().filter(only_pool).cloned().collect(), ..plan.clone() };
    assert_eq!(plan.ground.as_ref().unwrap().groups.len(), 2);
    assert_eq!(pool.groups().len(), 2, "the wave after it hits web");
    assert_eq!(again(&pool, &shop, &fine()).unwrap().ground, plan.ground);
}

#[test]
fn a_plan_of_an_older_journal_is_read_and_compared_with_nothing() {
    let mut json = serde_json::to_value(of_web()).unwrap();
    assert_eq!(serde_json::from_value::<Plan>(json.clone()).unwrap(), of_web());
    json.as_object_mut().unwrap().remove("ground").unwrap();
    let old: Plan = serde_json::from_value(json).unwrap();
    assert_eq!(since(&old, &Fleet { groups: Vec::new(), ..shop() }, &fine()), [""; 0]);
}
