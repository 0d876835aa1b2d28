//! Prices: on demand by size, and for spot a walk of its own in each pool. Made up, and the same for the same seed. Knows
//! not who buys.

use std::hash::{Hash, Hasher};

use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};

/// A pool's price changes once in each of these spans, which is as often as AWS's do.
const SPAN: i64 = 6 * 3_600;

/// How many spans a price is the mean of, so that it walks rather than jumps.
const MEMORY: i64 = 8;

/// Dollars an hour: 0.048 for each processor, as m6i has it. None for what is not written as an instance type.
pub(in crate::lab) fn on_demand(instance_type: &str) -> Option<f64> {
    let (family, size) = instance_type.split_once('.')?;
    let is_family = family.starts_with(|first: char| first.is_ascii_lowercase())
        && family.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let processors = match size {
        "nano" => 0.125,
        "micro" => 0.25,
        "small" => 0.5,
        "medium" => 1.0,
        "large" => 2.0,
        "xlarge" => 4.0,
        "metal" => 96.0,
        _ => {
            let times: u32 = size.strip_suffix("xlarge")?.parse().ok().filter(|times| (2..=224).contains(times))?;
            f64::from(times) * 4.0
        }
    };
    is_family.then_some(processors * 0.048)
}

/// The changes of a pool's spot price from the last one before `from` up to `to`, the latest first.
pub(in crate::lab) fn spot_changes(
    seed: u64,
    instance_type: &str,
    zone: &str,
    from: Timestamp,
    to: Timestamp,
) -> Vec<(Timestamp, f64)> {
    let Some(on_demand) = on_demand(instance_type) else { return Vec::new() };
    let mut pool = Hash64(seed ^ 0xcbf2_9ce4_8422_2325);
    (instance_type, zone).hash(&mut pool);
    let chance = |span: i64| Rng::with_seed(pool.finish().wrapping_add(span as u64));
    let at = |span: i64| {
        let shift = chance(span).i64(0..SPAN);
        Timestamp::from_second(span * SPAN + shift).unwrap_or(Timestamp::MAX)
    };
    let price = |span: i64| {
        let mean = (0..MEMORY).map(|back| chance(span - back).f64()).sum::<f64>() / MEMORY as f64;
        on_demand * (0.2 + 0.4 * mean)
    };
    let first = from.as_second() / SPAN - 2;
    let spans = (first..=to.as_second() / SPAN).rev().map(|span| (at(span), span)).filter(|(time, _)| *time <= to);
    let mut changes = Vec::new();
    for (time, span) in spans {
        changes.push((time, price(span)));
        if time <= from {
            break;
        }
    }
    changes
}

/// The spot price of a pool at a time.
pub(in crate::lab) fn spot(seed: u64, instance_type: &str, zone: &str, at: Timestamp) -> Option<f64> {
    spot_changes(seed, instance_type, zone, at, at).first().map(|(_, price)| *price)
}

/// The furthest that prices go back.
pub(in crate::lab) const HISTORY: SignedDuration = SignedDuration::from_hours(90 * 24);

/// FNV-1a; the standard library's hash may change with its version.
struct Hash64(u64);

impl Hasher for Hash64 {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(number: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + number * 86_400).unwrap()
    }

    #[test]
    fn a_window_shows_the_same_changes_whichever_way_it_is_cut() {
        let all = spot_changes(7, "m6i.large", "eu-west-1a", day(0), day(9));
        let later = spot_changes(7, "m6i.large", "eu-west-1a", day(5), day(9));
        assert!(all.starts_with(&later), "{all:?} {later:?}");
        assert!((30..=40).contains(&all.len()), "{}", all.len());
        let (last, before) = (later.last().unwrap(), &later[..later.len() - 1]);
        assert!(last.0 <= day(5) && before.iter().all(|(time, _)| *time > day(5)), "one change before the window");
        assert_eq!(spot(7, "m6i.large", "eu-west-1a", day(9)), Some(all[0].1));
    }

    #[test]
    fn spot_is_cheaper_and_each_pool_walks_by_itself() {
        let of = |seed, zone| spot_changes(seed, "m6i.large", zone, day(0), day(30));
        assert!(of(1, "a").iter().all(|(_, price)| (0.0192..0.0576).contains(price)));
        assert_ne!(of(1, "a"), of(1, "b"));
        assert_ne!(of(1, "a"), of(2, "a"));
        assert_eq!(of(1, "a"), of(1, "a"));
    }

    #[test]
    fn only_what_is_written_as_a_type_has_a_price() {
        assert_eq!(on_demand("m6i.large"), Some(0.096));
        assert!(on_demand("c7gn.16xlarge").unwrap() > 3.0);
        for wrong in ["large", "m6i", "m6i.", "m6i.huge", "M6I.large", "m6i.1xlarge", ".large", "m6i.999xlarge"] {
            assert_eq!(on_demand(wrong), None, "{wrong}");
        }
    }
}
