//! Which instances a wish comes to, or why it comes to none. Knows names, states and chance, and not how many may be hit.

use std::collections::BTreeSet;

use super::refusal::Refusal;
use crate::drill::{
    fleet::{Fleet, Group, Instance},
    id::InstanceId,
    plan::Selection,
};

pub(super) type Chosen<'a> = (&'a Group, &'a Instance);

/// The group of that name, or of that `cluster/name`.
pub fn find_group<'a>(fleet: &'a Fleet, name: &str) -> Result<&'a Group, Refusal> {
    let named = |group: &&Group| group.key.name.as_str() == name || group.key.qualified() == name;
    let found: Vec<_> = fleet.groups.iter().filter(named).collect();
    match found.as_slice() {
        [group] => Ok(group),
        [] => Err(Refusal::NoSuchGroup {
            name: name.to_owned(),
            region: fleet.region.to_string(),
            nearest: nearest(name, fleet.groups.iter().map(|group| group.key.name.as_str())),
            there: fleet.groups.iter().take(10).map(|group| group.key.qualified()).collect(),
        }),
        several => Err(Refusal::AmbiguousGroup {
            name: name.to_owned(),
            candidates: several.iter().map(|group| group.key.qualified()).collect(),
        }),
    }
}

/// The instances of the selection; what stands against it is added to the refusals.
pub(super) fn chosen<'a>(
    fleet: &'a Fleet,
    group: Option<&'a Group>,
    selection: &Selection,
    seed: u64,
    refusals: &mut Vec<Refusal>,
) -> Vec<Chosen<'a>> {
    match selection {
        Selection::Exact(ids) => exactly(fleet, group, ids, refusals),
        Selection::Count(count) => from_group(group, *count, *count, seed, refusals),
        Selection::Percent(percent) => share_of(group, *percent, seed, refusals),
        Selection::All => from_group(group, usize::MAX, 1, seed, refusals),
    }
}

pub(super) fn exactly<'a>(
    fleet: &'a Fleet,
    group: Option<&Group>,
    ids: &[InstanceId],
    refusals: &mut Vec<Refusal>,
) -> Vec<Chosen<'a>> {
    let mut chosen = Vec::new();
    for id in ids.iter().collect::<BTreeSet<_>>() {
        match fleet.find(id) {
            None => refusals.push(Refusal::NoSuchInstance {
                id: id.clone(),
                region: fleet.region.to_string(),
                drilled_by: None,
            }),
            Some((actual, _)) if group.is_some_and(|group| group.key != actual.key) => {
                refusals.push(Refusal::NotInGroup {
                    id: id.clone(),
                    group: group.map(|group| group.key.qualified()).unwrap_or_default(),
                    actual: actual.key.qualified(),
                });
            }
            Some((_, instance)) if instance.protected => refusals.push(Refusal::Protected { id: id.clone() }),
            Some((_, instance)) if !instance.is_spot() => refusals.push(Refusal::OnDemand { id: id.clone() }),
            Some((_, instance)) if instance.untargetable().is_some() => {
                refusals.push(Refusal::NotRunning { id: id.clone(), state: instance.state.to_string() });
            }
            Some(found) => chosen.push(found),
        }
    }
    chosen
}

fn share_of<'a>(group: Option<&'a Group>, percent: u8, seed: u64, refusals: &mut Vec<Refusal>) -> Vec<Chosen<'a>> {
    if !(1..=100).contains(&percent) {
        refusals.push(Refusal::NoShare { percent });
        return Vec::new();
    }
    let there = group.map_or(0, |group| group.targetable().count());
    let count = there * usize::from(percent) / 100;
    if let Some(group) = group
        && count == 0
        && there > 0
    {
        refusals.push(Refusal::RoundsToNone { group: group.key.qualified(), there, percent });
        return Vec::new();
    }
    from_group(group, count, 1, seed, refusals)
}

/// At most `most` of the group's running spot instances, at random, and not fewer than `least`.
fn from_group<'a>(
    group: Option<&'a Group>,
    most: usize,
    least: usize,
    seed: u64,
    refusals: &mut Vec<Refusal>,
) -> Vec<Chosen<'a>> {
    let Some(group) = group else {
        refusals.push(Refusal::NoGroup);
        return Vec::new();
    };
    let mut candidates: Vec<_> = group.targetable().map(|instance| (group, instance)).collect();
    let there = candidates.len();
    if there == 0 {
        let name = group.key.qualified();
        refusals.push(match group.withheld().count() {
            0 => Refusal::NothingSpot { group: name },
            protected => Refusal::AllProtected { group: name, protected },
        });
    } else if least > there {
        refusals.push(Refusal::TooMany { group: group.key.qualified(), there, asked: least });
    } else {
        candidates.sort_by(|(_, a), (_, b)| a.id.cmp(&b.id)); // the choice depends on the seed alone
        fastrand::Rng::with_seed(seed).shuffle(&mut candidates);
        candidates.truncate(most);
    }
    candidates
}

/// Up to three names that someone may have meant.
fn nearest<'a>(meant: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    const ALIKE: f64 = 0.7;
    let mut scored: Vec<_> = names
        .map(|name| (strsim::jaro_winkler(meant, name), name))
        .filter(|(score, name)| *score >= ALIKE || (!meant.is_empty() && name.contains(meant)))
        .collect();
    scored.sort_by(|(a, one), (b, other)| b.total_cmp(a).then(one.cmp(other)));
    scored.dedup_by(|(_, one), (_, other)| one == other);
    scored.into_iter().take(3).map(|(_, name)| format!("`{name}`")).collect()
}
