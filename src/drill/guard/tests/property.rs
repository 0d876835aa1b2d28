//! Whatever is asked for of whatever fleet, whatever is around: what is planned is running, spot, unprotected, of the group,
//! once each, as many as asked; each wave keeps to the caps; and nothing stands against it that was not overridden.

use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    env,
};

use jiff::SignedDuration;
use proptest::{prelude::*, test_runner::TestRunner};

use super::*;
use crate::{
    drill::{guard::circumstances::Other, id::DrillId},
    figure::figure,
};

/// Enough for every test run; `PROPTEST_CASES` has more.
const CASES: u32 = 1_000;

/// What is asked for: how, how many, what share, by which seed, and which guards are overridden.
type Asked = (u8, usize, u8, u64, [bool; 5]);

#[test]
fn no_wave_hits_what_it_may_not() {
    let mut config = ProptestConfig::default();
    if env::var_os("PROPTEST_CASES").is_none() {
        config.cases = CASES;
    }
    config.failure_persistence = None;
    let instances = prop::collection::vec((0_u8..3, any::<bool>(), 0_usize..4, 0_u8..8), 0..90);
    let asked = (0_u8..3, 0_usize..100, 0_u8..=120, any::<u64>(), any::<[bool; 5]>());
    let (cases, planned, held) = (Cell::new(0), Cell::new(0), Cell::new(0));
    let ran = TestRunner::new(config).run(&(instances, asked, around()), |(instances, asked, around)| {
        cases.set(cases.get() + 1);
        let made = |(number, (state, spot, zone, protected)): (usize, &(u8, bool, usize, u8))| Instance {
            state: [InstanceState::Running, InstanceState::Stopped, InstanceState::Pending][usize::from(*state)]
                .clone(),
            lifecycle: if *spot { Lifecycle::Spot } else { Lifecycle::OnDemand },
            protected: *protected == 0,
            ..instance(&format!("i-{number}"), ["1a", "1b", "1c", "1d"][*zone])
        };
        let fleet = fleet(vec![group("g", "c", instances.iter().enumerate().map(made).collect())]);
        if let Some(plan) = planned_of(&fleet, &asked, &around)? {
            planned.set(planned.get() + 1);
            holds(&fleet, &asked, &around, &plan)?;
            held.set(held.get() + 1);
        }
        Ok(())
    });
    ran.unwrap();
    let (cases, planned, held) = (cases.get(), planned.get(), held.get());
    assert!(planned * 20 > cases, "only {planned} of {cases} wishes came to a plan: the test has gone blind");
    figure(
        "guard properties",
        format_args!("{cases} random cases, {planned} of them planned, {held} of these keep to every guard"),
    );
}

/// Mostly nothing is around that stands against a drill.
fn around() -> impl Strategy<Value = Circumstances> {
    let state = prop_oneof![20 => Just(Some("OK")), 1 => Just(Some("ALARM")), 1 => Just(Some("INSUFFICIENT_DATA")), 1 => Just(None)];
    let ends = prop_oneof![20 => Just(None), 2 => (0_i64..1_500).prop_map(Some)];
    let skew = prop_oneof![20 => -300_i64..=300, 1 => -900_i64..=900];
    let others =
        prop_oneof![20 => Just(None), 1 => Just(Some(None)), 2 => (0_i64..600).prop_map(|ago| Some(Some(ago)))];
    (state, ends, skew, others, 0_u8..60).prop_map(|(state, ends, skew, others, rare)| {
        let at = |seconds| Timestamp::UNIX_EPOCH + SignedDuration::from_secs(seconds);
        let mut around = Circumstances {
            now: at(0),
            credentials: Ok(ends.map(at)),
            skew: Ok(SignedDuration::from_secs(skew)),
            others: Ok(Vec::new()),
            ..fine()
        };
        if let Ok(Some(alarm)) = &mut around.alarm {
            alarm.state = Ok(state.map(SafeText::new));
        }
        if let Some(over) = others {
            let (by, groups) = (SafeText::new("d1"), vec![SafeText::new("c/g")]);
            around.others = Ok(vec![Other { by, groups, instances: Vec::new(), over: over.map(|ago| at(-ago)) }]);
        }
        let untold = || SafeText::new("not told");
        match rare {
            0 => around.accounts.clear(),
            1 => around.lever = Ok(Some(untold())),
            2 => around.lever = Err(untold()),
            3 => around.credentials = Err(untold()),
            4 => around.others = Err(untold()),
            5 => around.unsteady = vec![untold()],
            6 => around.in_doubt = vec![untold()],
            _ => {}
        }
        around
    })
}

fn planned_of(fleet: &Fleet, asked: &Asked, around: &Circumstances) -> Result<Option<Plan>, TestCaseError> {
    let (mode, count, percent, seed, overrides) = *asked;
    let selection = match mode {
        0 => Selection::Count(count),
        1 => Selection::Percent(percent),
        _ => Selection::All,
    };
    let given = Overridable::ALL.into_iter().zip(overrides).filter(|(_, given)| *given).map(|(guard, _)| guard);
    let overrides = Override::each(given, &SafeText::new("a property test"));
    match super::super::plan(fleet, &Wish { seed, overrides, ..wish(Some("g"), selection) }, around) {
        Ok(plan) => Ok(Some(plan)),
        Err(refusals) => {
            prop_assert!(!refusals.0.is_empty());
            Ok(None)
        }
    }
}

fn holds(fleet: &Fleet, asked: &Asked, around: &Circumstances, plan: &Plan) -> Result<(), TestCaseError> {
    let (mode, count, percent, _, [left, zone, cool_down, alarm, clock]) = *asked;
    let group = &fleet.groups[0];
    let there = group.targetable().count();
    let wanted = match mode {
        0 => count,
        1 => there * usize::from(percent) / 100,
        _ => there,
    };
    let all: BTreeSet<_> = plan.in_all_waves().map(|target| &target.id).collect();
    prop_assert_eq!(all.len(), wanted);
    prop_assert_eq!(plan.in_all_waves().count(), wanted);
    let later = plan.wave.iter().flat_map(|wave| &wave.later);
    for wave in std::iter::once(&plan.targets).chain(later) {
        prop_assert!((1..=5).contains(&wave.len()));
        prop_assert!(wave.len() == 1 || wave.len() * 100 <= there * 25, "{} of {there}", wave.len());
        let mut zones: BTreeMap<_, usize> = BTreeMap::new();
        for target in wave {
            let (_, instance) = fleet.find(&target.id).unwrap();
            prop_assert!(instance.is_spot() && instance.state == InstanceState::Running && !instance.protected);
            *zones.entry(instance.az.as_str()).or_default() += 1;
        }
        prop_assert!(left || group.running().count() - wave.len() >= 2);
        for (name, hit) in zones {
            let running = group.running().filter(|instance| instance.az.as_str() == name).count();
            prop_assert!(zone || running - hit >= 1, "{name}");
        }
    }
    prop_assert!(around.accounts.contains(&fleet.account) && around.lever == Ok(None));
    prop_assert!(around.unsteady.is_empty() && around.in_doubt.is_empty());
    let needed = Timestamp::UNIX_EPOCH + SignedDuration::from_mins(12);
    prop_assert!(around.credentials.as_ref().unwrap().is_none_or(|ends| ends >= needed));
    prop_assert!(clock || around.skew.as_ref().unwrap().as_secs().abs() <= 300);
    let Ok(Some(stops)) = &around.alarm else { panic!("{around:?}") };
    let says_nothing = stops.state == Ok(Some(SafeText::new("INSUFFICIENT_DATA")));
    prop_assert!(stops.is_ok() || alarm && says_nothing, "{:?}", stops);
    for other in around.others.as_ref().unwrap() {
        let rested = |over: Timestamp| over <= Timestamp::UNIX_EPOCH - SignedDuration::from_secs(300);
        prop_assert!(other.over.is_some_and(|over| cool_down || rested(over)));
    }
    // at their starts all waves are let pass as they were planned, and with another drill of the group none is
    let mut next = Some(plan.clone());
    while let Some(wave) = next {
        let started = again(&wave, fleet, around);
        prop_assert!(started.is_ok(), "{wave:?}: {started:?}");
        let started = started.unwrap();
        let overridden = started.overridden.clone();
        prop_assert_eq!(&started, &Plan { overridden, ..wave });
        next = started.next_wave(&DrillId::new("d3"));
    }
    let other = Other { by: SafeText::new("d2"), groups: Vec::new(), instances: Vec::new(), over: None };
    let drilled = Circumstances { others: Ok(vec![other]), ..around.clone() };
    prop_assert!(again(plan, fleet, &drilled).is_err());
    Ok(())
}
