//! Whatever is asked for of whatever fleet: what is planned is running, spot, unprotected, of the group, once each, as many as
//! asked; and each wave keeps to the caps.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn no_wave_hits_what_it_may_not(
        states in proptest::collection::vec((0_u8..3, any::<bool>(), 0_usize..4, 0_u8..8), 0..90),
        count in 0_usize..100,
        percent in 0_u8..=120,
        mode in 0_u8..3,
        seed: u64,
        override_left: bool,
        override_zone: bool,
    ) {
        let made = |(number, (state, spot, zone, protected)): (usize, &(u8, bool, usize, u8))| Instance {
            state: [InstanceState::Running, InstanceState::Stopped, InstanceState::Pending][usize::from(*state)].clone(),
            lifecycle: if *spot { Lifecycle::Spot } else { Lifecycle::OnDemand },
            protected: *protected == 0,
            ..instance(&format!("i-{number}"), ["1a", "1b", "1c", "1d"][*zone])
        };
        let fleet = fleet(vec![group("g", "c", states.iter().enumerate().map(made).collect())]);
        let selection = match mode {
            0 => Selection::Count(count),
            1 => Selection::Percent(percent),
            _ => Selection::All,
        };
        let reason = |guard| Override { guard, reason: SafeText::new("a property test") };
        let overrides = [(Overridable::Left, override_left), (Overridable::Zone, override_zone)];
        let overrides = overrides.into_iter().filter(|(_, given)| *given).map(|(guard, _)| reason(guard)).collect();
        let group = &fleet.groups[0];
        let there = group.targetable().count();
        let Ok(plan) = plan(&fleet, &Wish { seed, overrides, ..wish(Some("g"), selection) }) else { return Ok(()) };
        let wanted = match mode { 0 => count, 1 => there * usize::from(percent) / 100, _ => there };
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
                prop_assert!(instance.untargetable().is_none());
                *zones.entry(instance.az.as_str()).or_default() += 1;
            }
            prop_assert!(override_left || group.running().count() - wave.len() >= 2);
            for (zone, hit) in zones {
                let running = group.running().filter(|instance| instance.az.as_str() == zone).count();
                prop_assert!(override_zone || running - hit >= 1, "{zone}");
            }
        }
    }
}

/// Enough for every test run; `PROPTEST_CASES` has more.
const CASES: u32 = 1_000;
