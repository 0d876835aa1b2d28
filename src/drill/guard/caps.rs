//! How many may be hit at once, and how many must stay. Parts what was chosen into waves that keep to it. The numbers are here and
//! nowhere else: no setting, flag, journal or template changes them.

use std::collections::BTreeMap;

use super::{choose::Chosen, overriding::Overridden, refusal::Refusal};
use crate::drill::fleet::{Group, GroupKey};

/// The most instances of one wave.
pub const MOST_IN_WAVE: usize = 5;
/// The largest share of a group's running spot instances that one wave hits, in percent, rounded down; one is always let.
pub const MOST_PERCENT: usize = 25;
/// How many of a group must stay running while a wave goes.
pub const LEAST_LEFT: usize = 2;
/// How many of a group must stay running in each of its zones.
pub const LEAST_IN_ZONE: usize = 1;

/// The most of this group in one wave.
pub fn most_of(group: &Group) -> usize {
    (group.targetable().count() * MOST_PERCENT / 100).clamp(1, MOST_IN_WAVE)
}

/// What one wave hits, by group and by zone.
#[derive(Debug, Default)]
struct Wave<'a> {
    chosen: Vec<Chosen<'a>>,
    of_group: BTreeMap<&'a GroupKey, usize>,
    of_zone: BTreeMap<(&'a GroupKey, &'a str), usize>,
}

impl<'a> Wave<'a> {
    fn has_room(&self, (group, _): Chosen<'a>) -> bool {
        let of_group = self.of_group.get(&group.key).copied().unwrap_or_default();
        self.chosen.len() < MOST_IN_WAVE && of_group < most_of(group)
    }

    /// What would be too few if this one went as well.
    fn too_few(&self, (group, instance): Chosen<'a>) -> Vec<Refusal> {
        let hit = self.of_group.get(&group.key).copied().unwrap_or_default() + 1;
        let left = group.running().count().saturating_sub(hit);
        let mut refusals = Vec::new();
        if left < LEAST_LEFT {
            refusals.push(Refusal::FewLeft { group: group.key.qualified(), left });
        }
        let zone = instance.az.as_str();
        let hit = self.of_zone.get(&(&group.key, zone)).copied().unwrap_or_default() + 1;
        let there = group.running().filter(|other| other.az.as_str() == zone).count();
        if there.saturating_sub(hit) < LEAST_IN_ZONE {
            refusals.push(Refusal::ZoneEmptied { group: group.key.qualified(), zone: zone.to_owned() });
        }
        refusals
    }

    fn take(&mut self, (group, instance): Chosen<'a>) {
        self.chosen.push((group, instance));
        *self.of_group.entry(&group.key).or_default() += 1;
        *self.of_zone.entry((&group.key, instance.az.as_str())).or_default() += 1;
    }
}

/// Each of the chosen in the first wave that has room for it; those that no wave may hit are refused, each reason once.
/// What was overridden no wave goes beyond.
pub(super) fn waves<'a>(chosen: &[Chosen<'a>], overridden: &[Overridden]) -> (Vec<Vec<Chosen<'a>>>, Vec<Refusal>) {
    let mut waves: Vec<Wave<'a>> = Vec::new();
    let mut refusals = Vec::new();
    for one in &in_turn(chosen) {
        let against = |wave: &Wave<'a>| {
            let too_few = wave.too_few(*one);
            too_few.into_iter().filter(|refusal| !refusal.is_within(overridden)).collect::<Vec<_>>()
        };
        let alone = against(&Wave::default());
        if !alone.is_empty() {
            refusals.extend(alone);
            continue;
        }
        let free = |wave: &&mut Wave<'a>| wave.has_room(*one) && against(wave).is_empty();
        if let Some(wave) = waves.iter_mut().find(free) {
            wave.take(*one);
        } else {
            let mut wave = Wave::default();
            wave.take(*one);
            waves.push(wave);
        }
    }
    refusals.sort_by_key(ToString::to_string);
    refusals.dedup();
    let sorted = |mut wave: Wave<'a>| {
        wave.chosen.sort_by(|(_, a), (_, b)| (&a.az, &a.id).cmp(&(&b.az, &b.id)));
        wave.chosen
    };
    (waves.into_iter().map(sorted).collect(), refusals)
}

/// One zone after another in turn, so that a wave is spread over them and none is left to be emptied by the last.
fn in_turn<'a>(chosen: &[Chosen<'a>]) -> Vec<Chosen<'a>> {
    let mut turns: BTreeMap<(&GroupKey, &str), usize> = BTreeMap::new();
    let mut in_turn: Vec<_> = chosen
        .iter()
        .map(|(group, instance)| {
            let turn = turns.entry((&group.key, instance.az.as_str())).or_default();
            *turn += 1;
            (*turn, (*group, *instance))
        })
        .collect();
    in_turn.sort_by_key(|(turn, _)| *turn);
    in_turn.into_iter().map(|(_, one)| one).collect()
}

/// Everything against hitting all of the chosen in one wave.
pub(super) fn at_once(chosen: &[Chosen<'_>]) -> Vec<Refusal> {
    let mut groups: BTreeMap<&GroupKey, (&Group, usize)> = BTreeMap::new();
    for (group, _) in chosen {
        groups.entry(&group.key).or_insert((*group, 0)).1 += 1;
    }
    let mut refusals = Vec::new();
    if chosen.len() > MOST_IN_WAVE {
        refusals.push(Refusal::BeyondWave { asked: chosen.len() });
    }
    let beyond = groups.values().filter(|(group, asked)| *asked > most_of(group));
    refusals.extend(beyond.map(|(group, asked)| Refusal::BeyondCap {
        group: group.key.qualified(),
        asked: *asked,
        most: most_of(group),
    }));
    let mut wave = Wave::default();
    for one in chosen {
        for refusal in wave.too_few(*one) {
            // of several that leave too few, the last says how many are left
            refusals.retain(|said| !matches!((said, &refusal), (Refusal::FewLeft { group: a, .. }, Refusal::FewLeft { group: b, .. }) if a == b));
            if !refusals.contains(&refusal) {
                refusals.push(refusal);
            }
        }
        wave.take(*one);
    }
    refusals
}
