//! What a plan was made on: how many of its groups run, zone by zone, and what its alarm says; and what of it is otherwise by
//! now. Knows how two looks differ, and not what stands against a start.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use super::circumstances::{Alarm, Circumstances, Told};
use crate::{
    drill::{
        fleet::{Behavior, Fleet, Group, GroupKey},
        plan::{Plan, Target},
    },
    text::SafeText,
};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ground {
    /// The groups that are hit, of all waves.
    pub groups: Vec<Counted>,
    /// Which alarm stops the experiment, and its state.
    pub alarm: SafeText,
}

/// A group, counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    pub group: GroupKey,
    /// Running spot instances that an interruption can be sent to.
    pub spot: usize,
    /// What runs in each zone, spot or not.
    pub running: BTreeMap<SafeText, usize>,
}

impl Ground {
    pub(super) fn of<'a>(
        keys: impl IntoIterator<Item = &'a GroupKey>,
        fleet: &Fleet,
        circumstances: &Circumstances,
    ) -> Self {
        let counted = |key: &GroupKey| Counted::of(key, fleet.groups.iter().find(|group| group.key == *key));
        Self { groups: keys.into_iter().map(counted).collect(), alarm: said_of(&circumstances.alarm) }
    }
}

impl Counted {
    fn of(key: &GroupKey, group: Option<&Group>) -> Self {
        let mut running = BTreeMap::new();
        for instance in group.into_iter().flat_map(Group::running) {
            *running.entry(instance.az.clone()).or_default() += 1;
        }
        Self { group: key.clone(), spot: group.map_or(0, |group| group.targetable().count()), running }
    }
}

/// What is otherwise than when the plan was made, a sentence each; a drill may still be started on it.
pub fn changed(plan: &Plan, fleet: &Fleet, circumstances: &Circumstances) -> Vec<SafeText> {
    let Some(then) = &plan.ground else { return Vec::new() };
    let now = Ground::of(then.groups.iter().map(|counted| &counted.group), fleet, circumstances);
    let mut said = Vec::new();
    for (now, then) in now.groups.iter().zip(&then.groups) {
        let name = now.group.qualified();
        said.extend(differs(&now.spot, &then.spot, |spot| format!("{name} has {spot} running spot instances")));
        let count = |of: &Counted, zone| of.running.get(zone).copied().unwrap_or_default();
        let zones: BTreeMap<_, _> = now.running.iter().chain(&then.running).collect();
        said.extend(zones.into_keys().filter_map(|zone| {
            differs(&count(now, zone), &count(then, zone), |running| format!("{name} has {running} running in {zone}"))
        }));
    }
    said.extend(differs(&now.alarm, &then.alarm, |alarm| format!("the alarm that stops it is {alarm}")));
    said.extend(plan.targets.iter().flat_map(|target| changed_target(target, fleet)));
    let since = since(plan);
    said.into_iter().map(|said| SafeText::new(format!("since {since}: {said}"))).collect()
}

/// When the plan was made: a wave's is the look at the start of the wave before it.
fn since(plan: &Plan) -> String {
    match &plan.wave {
        Some(wave) if wave.number > 1 => format!("wave {} began", wave.number - 1),
        _ => String::from("the preview"),
    }
}

fn changed_target(then: &Target, fleet: &Fleet) -> Vec<String> {
    let Some((group, now)) = fleet.find(&then.id) else { return Vec::new() }; // that it is gone, a refusal says
    let id = &then.id;
    let by_request = |request: &Option<_>| request.as_ref().map_or_else(|| String::from("none"), ToString::to_string);
    let on_interruption = |behavior: Option<Behavior>| behavior.map_or("not known", Behavior::as_str);
    [
        differs(&group.key.qualified(), &then.group.qualified(), |group| format!("{id} is in {group}")),
        differs(&now.instance_type, &then.instance_type, |kind| format!("{id} is an {kind}")),
        differs(&now.az, &then.az, |az| format!("{id} is in {az}")),
        differs(&by_request(&now.spot_request), &by_request(&then.spot_request), |request| {
            format!("the spot request of {id} is {request}")
        }),
        differs(&on_interruption(now.interruption_behavior), &on_interruption(then.behavior), |behavior| {
            format!("what an interruption does to {id} is {behavior}")
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// How it is now, and how it was.
fn differs<T: PartialEq + fmt::Display>(now: &T, then: &T, say: impl Fn(&T) -> String) -> Option<String> {
    (now != then).then(|| format!("{} ({then} then)", say(now)))
}

fn said_of(alarm: &Told<Option<Alarm>>) -> SafeText {
    let (name, state) = match alarm {
        Ok(None) => return SafeText::new("none"),
        Err(_) => return SafeText::new("not known"),
        Ok(Some(Alarm { name, state, .. })) => (name, state),
    };
    SafeText::new(match state {
        Ok(Some(state)) => format!("{name}, {state}"),
        Ok(None) => format!("{name}, which is not there"),
        Err(_) => format!("{name}, of which no state is known"),
    })
}
