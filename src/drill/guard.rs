//! What must hold before anything is hit. One pure function turns a wish into a plan or into every reason against it;
//! screens and commands only show what it says.

use std::collections::BTreeSet;

use super::{
    fleet::Fleet,
    plan::{Plan, Selection, Target, Wave, Wish},
};
use crate::text::SafeText;

pub mod caps;
mod choose;
pub mod circumstances;
mod existing;
mod ground;
pub mod overriding;
mod refusal;

pub use choose::find_group;
use choose::{Chosen, chosen};
use circumstances::Circumstances;
pub use existing::{as_it_is, startable};
pub use ground::{Ground, changed};
use overriding::{Overridden, Override, weigh};
pub use refusal::{Refusal, Refusals};

/// Resolves a wish to exactly the instances that will be hit, in waves that keep to the caps; or says everything that stands
/// against it.
pub fn plan(fleet: &Fleet, wish: &Wish, circumstances: &Circumstances) -> Result<Plan, Refusals> {
    let (chosen, mut refusals) = pick(fleet, wish)?;
    let (_, floors) = caps::waves(&chosen, &[]);
    refusals.extend(floors);
    let overridden = judge(fleet, wish, circumstances, &chosen, refusals, None)?;
    let (waves, _) = caps::waves(&chosen, &overridden);
    Ok(planned(fleet, wish, circumstances, &waves, overridden))
}

/// A plan once more, at the moment of its start: the same instances, by what is so now. Its targets are one wave, whatever
/// the plan says of itself.
pub fn again(plan: &Plan, fleet: &Fleet, circumstances: &Circumstances) -> Result<Plan, Refusals> {
    let reasons = plan.overridden.iter();
    let wish = Wish {
        group: None,
        selection: Selection::Exact(plan.targets.iter().map(|target| target.id.clone()).collect()),
        warning: plan.warning,
        seed: 0,
        gap: plan.wave.as_ref().map_or(0, |wave| wave.gap),
        overrides: reasons.map(|it| Override { guard: it.guard, reason: it.reason.clone() }).collect(),
        earlier: plan.wave.as_ref().map(|wave| wave.earlier.clone()).unwrap_or_default(),
    };
    let mut refusals = moved(plan, fleet);
    refusals.extend(other_alarm(plan, circumstances));
    let now = one_wave(fleet, &wish, circumstances, refusals, Some(&plan.overridden))?;
    let ground = Some(Box::new(Ground::of(plan.groups(), fleet, circumstances)));
    let overridden = with_those_of_later_waves(plan, now.overridden);
    let Plan { seed, as_is, wave, .. } = plan.clone();
    Ok(Plan { seed, as_is, overridden, ground, wave, ..now })
}

/// The reasons were given for all waves: what none needs at this start, a later one may.
fn with_those_of_later_waves(plan: &Plan, now: Vec<Overridden>) -> Vec<Overridden> {
    let is_last = plan.wave.as_ref().is_none_or(|wave| wave.later.is_empty());
    let later = plan.overridden.iter().filter(|it| !is_last && !now.contains(it)).cloned().collect();
    [now, later].concat()
}

/// Targets that are in another group by now: the words that were typed name the one in which they were.
fn moved(plan: &Plan, fleet: &Fleet) -> Vec<Refusal> {
    let moved = plan.targets.iter().filter_map(|target| {
        let (actual, _) = fleet.find(&target.id)?;
        (actual.key != target.group).then(|| Refusal::NotInGroup {
            id: target.id.clone(),
            group: target.group.qualified(),
            actual: actual.key.qualified(),
        })
    });
    moved.collect()
}

/// An alarm that is not the one of the confirmation, or none. A template that is started as it is brings its own, and that is
/// compared with it.
fn other_alarm(plan: &Plan, circumstances: &Circumstances) -> Option<Refusal> {
    let (then, now) = (&plan.stop_alarm, alarm_of(circumstances));
    let name = |alarm: &Option<SafeText>| alarm.as_ref().map_or_else(|| String::from("no alarm"), ToString::to_string);
    let is_other = plan.as_is.is_none() && *then != now;
    is_other.then(|| Refusal::OtherAlarm { then: name(then), now: name(&now) })
}

/// All of the wish in one wave.
fn one_wave(
    fleet: &Fleet,
    wish: &Wish,
    circumstances: &Circumstances,
    mut refusals: Vec<Refusal>,
    confirmed: Option<&[Overridden]>,
) -> Result<Plan, Refusals> {
    let (chosen, more) = pick(fleet, wish)?;
    refusals.extend(more);
    refusals.extend(caps::at_once(&chosen));
    let overridden = judge(fleet, wish, circumstances, &chosen, refusals, confirmed)?;
    Ok(planned(fleet, wish, circumstances, &[chosen], overridden))
}

/// What the wish comes to, and what of the instances stands against it; an unknown group is all there is to say.
fn pick<'a>(fleet: &'a Fleet, wish: &Wish) -> Result<(Vec<Chosen<'a>>, Vec<Refusal>), Refusals> {
    let mut refusals: Vec<_> = incomplete(fleet).into_iter().collect();
    let group = match wish.group.as_deref().map(|name| find_group(fleet, name)) {
        Some(Err(refusal)) => {
            refusals.push(refusal);
            return Err(Refusals(refusals));
        }
        group => group.and_then(Result::ok),
    };
    let mut chosen = chosen(fleet, group, &wish.selection, wish.seed, &mut refusals);
    chosen.sort_by(|(_, a), (_, b)| (&a.az, &a.id).cmp(&(&b.az, &b.id)));
    let groups: BTreeSet<_> = chosen.iter().map(|(group, _)| &group.key).collect();
    let hidden = groups.into_iter().filter(|key| !key.is_verbatim());
    refusals.extend(hidden.map(|key| Refusal::NotAsShown { group: key.qualified() }));
    if chosen.is_empty() && refusals.is_empty() {
        refusals.push(Refusal::Nothing);
    }
    Ok((chosen, refusals))
}

/// What was overridden, if nothing stands any more.
fn judge(
    fleet: &Fleet,
    wish: &Wish,
    circumstances: &Circumstances,
    chosen: &[Chosen<'_>],
    mut refusals: Vec<Refusal>,
    confirmed: Option<&[Overridden]>,
) -> Result<Vec<Overridden>, Refusals> {
    for refusal in &mut refusals {
        circumstances.name_the_drill(refusal);
    }
    refusals.extend(circumstances.stand_against(fleet, wish, chosen));
    let (standing, overridden) = weigh(refusals, &wish.overrides, confirmed);
    if standing.is_empty() { Ok(overridden) } else { Err(Refusals(standing)) }
}

fn incomplete(fleet: &Fleet) -> Option<Refusal> {
    let why = fleet.gap.as_deref().unwrap_or("a page of the listing failed. List again before a drill");
    (!fleet.complete).then(|| Refusal::Incomplete { why: why.to_owned() })
}

fn planned(
    fleet: &Fleet,
    wish: &Wish,
    circumstances: &Circumstances,
    waves: &[Vec<Chosen<'_>>],
    overridden: Vec<Overridden>,
) -> Plan {
    let hit: BTreeSet<_> = waves.iter().flatten().map(|(group, _)| &group.key).collect();
    let target = |(group, instance): &Chosen<'_>| Target {
        id: instance.id.clone(),
        instance_type: instance.instance_type.clone(),
        az: instance.az.clone(),
        group: group.key.clone(),
        spot_request: instance.spot_request.clone(),
        behavior: instance.interruption_behavior,
    };
    let of = waves.len();
    let mut waves = waves.iter().map(|wave| wave.iter().map(target).collect::<Vec<_>>());
    let targets = waves.next().unwrap_or_default();
    let later: Vec<_> = waves.collect();
    let at_random = matches!(wish.selection, Selection::Count(_) | Selection::Percent(_));
    Plan {
        account: fleet.account.clone(),
        region: fleet.region.clone(),
        world: fleet.world,
        targets,
        out_of: fleet.groups.iter().filter(|g| hit.contains(&g.key)).map(|g| g.targetable().count()).sum(),
        warning: wish.warning,
        seed: at_random.then_some(wish.seed),
        as_is: None,
        stop_alarm: alarm_of(circumstances),
        overridden,
        ground: Some(Box::new(Ground::of(hit, fleet, circumstances))),
        wave: (of > 1).then(|| Box::new(Wave { number: 1, of, gap: wish.gap, earlier: Vec::new(), later })),
    }
}

/// The alarm that stops the experiment, if one is named: whatever is known of its state, FIS looks for itself.
fn alarm_of(circumstances: &Circumstances) -> Option<SafeText> {
    let alarm = circumstances.alarm.as_ref().ok()?.as_ref()?;
    Some(alarm.arn.clone())
}

#[cfg(test)]
mod tests;
