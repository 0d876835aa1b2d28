//! What must hold before anything is hit. One pure function turns a wish into a plan or into every reason against it;
//! screens and commands only show what it says.

use std::{collections::BTreeSet, fmt};

use thiserror::Error;

use super::{
    fleet::{Fleet, Group, Instance},
    id::{InstanceId, TemplateId},
    plan::{Plan, Selection, Target, Wish},
    template::Template,
};

mod existing;

pub use existing::{as_it_is, startable};

/// One reason why a wish is not carried out: what is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("the inventory is incomplete: {why}")]
    Incomplete { why: String },
    #[error("there is no group `{name}` in {region}{} There are: {}", near_then(.nearest), .there.join(", "))]
    NoSuchGroup { name: String, region: String, nearest: Vec<String>, there: Vec<String> },
    #[error("`{name}` names several groups: say which of {}", .candidates.join(", "))]
    AmbiguousGroup { name: String, candidates: Vec<String> },
    #[error("there is no instance {id} in {region}{}", near(.nearest))]
    NoSuchInstance { id: InstanceId, region: String, nearest: Vec<String> },
    #[error("{id} is not in `{group}` but in `{actual}`: name one or the other")]
    NotInGroup { id: InstanceId, group: String, actual: String },
    #[error("{id} is on-demand: only spot instances can be interrupted")]
    OnDemand { id: InstanceId },
    #[error("{id} is {state}: only a running instance can be interrupted")]
    NotRunning { id: InstanceId, state: String },
    #[error("`{group}` has no running spot instance: choose a group with spot instances")]
    NothingSpot { group: String },
    #[error("`{group}` has {there} running spot instances, not {asked}: ask for at most {there}")]
    TooMany { group: String, there: usize, asked: usize },
    #[error("{percent} % of the {there} running spot instances of `{group}` is none (FIS rounds down): ask for more")]
    RoundsToNone { group: String, there: usize, percent: u8 },
    #[error("nothing is chosen: name instances, a count, a share or all")]
    Nothing,
    #[error("a count or share needs a group: name one")]
    NoGroup,
    #[error("{percent} % is not a share: ask for 1 to 100 %")]
    NoShare { percent: u8 },
    #[error(
        "{asked} instances are more than one FIS experiment can interrupt at once, {most} ({} actions of {} ARNs): \
         drill them in several runs",
        Plan::ACTIONS_AT_ONCE,
        Plan::ARNS_PER_TARGET
    )]
    BeyondFis { asked: usize, most: usize },
    #[error(
        "template {id} interrupts no spot instance: it has no action {}. `spotdrill templates` lists those that have",
        Template::ACTION_ID
    )]
    NoInterruption { id: TemplateId },
    #[error("template {id} does more than interrupt spot instances: {}. A drill starts nothing else, for it watches nothing else", .actions.join(", "))]
    OtherActions { id: TemplateId, actions: Vec<String> },
    #[error(
        "template {id} interrupts at several times ({why}), and a drill counts down to one: start a template whose actions \
         begin together with one warning"
    )]
    SeveralTimes { id: TemplateId, why: String },
    #[error("template {id} has targets in other accounts, which cannot be watched from this one: run the drill there")]
    OtherAccounts { id: TemplateId },
    #[error("template {id} is of drill {drill}, which removes it when it is over: compose a drill of your own")]
    OfDrill { id: TemplateId, drill: String },
    #[error("the warning of template {id} cannot be told: {why}")]
    Warning { id: TemplateId, why: String },
    #[error("FIS resolved no instance for template {id} ({selects}): nothing would be hit")]
    ResolvedNothing { id: TemplateId, selects: String },
}

/// The same with something to come after it.
fn near_then(names: &[String]) -> String {
    if names.is_empty() { String::from(".") } else { near(names) }
}

fn near(names: &[String]) -> String {
    if names.is_empty() { String::new() } else { format!(". Did you mean {}?", names.join(" or ")) }
}

/// Every reason against a wish; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Refusals(pub Vec<Refusal>);

impl fmt::Display for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, refusal) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{refusal}")?;
        }
        Ok(())
    }
}

/// Resolves a wish to exactly the instances that will be hit, or says everything that stands against it.
pub fn plan(fleet: &Fleet, wish: &Wish) -> Result<Plan, Refusals> {
    let mut refusals: Vec<_> = incomplete(fleet).into_iter().collect();
    let group = wish.group.as_deref().map(|name| find_group(fleet, name));
    let group = match group {
        Some(Ok(group)) => Some(group),
        Some(Err(refusal)) => return Err(Refusals([refusals, vec![refusal]].concat())),
        None => None,
    };
    let chosen = match &wish.selection {
        Selection::Exact(ids) => exactly(fleet, group, ids, &mut refusals),
        Selection::Count(count) => from_group(group, *count, *count, wish.seed, &mut refusals),
        Selection::Percent(percent) => share_of(group, *percent, wish.seed, &mut refusals),
        Selection::All => from_group(group, usize::MAX, 1, wish.seed, &mut refusals),
    };
    if chosen.len() > Plan::MOST_TARGETS {
        refusals.push(Refusal::BeyondFis { asked: chosen.len(), most: Plan::MOST_TARGETS });
    }
    if chosen.is_empty() && refusals.is_empty() {
        refusals.push(Refusal::Nothing);
    }
    if !refusals.is_empty() {
        return Err(Refusals(refusals));
    }
    Ok(resolved(fleet, wish, chosen))
}

fn incomplete(fleet: &Fleet) -> Option<Refusal> {
    let why = fleet.gap.as_deref().unwrap_or("a page of the listing failed. List again before a drill");
    (!fleet.complete).then(|| Refusal::Incomplete { why: why.to_owned() })
}

type Chosen<'a> = (&'a Group, &'a Instance);

fn resolved(fleet: &Fleet, wish: &Wish, mut chosen: Vec<Chosen<'_>>) -> Plan {
    chosen.sort_by(|(_, a), (_, b)| (&a.az, &a.id).cmp(&(&b.az, &b.id)));
    let hit: BTreeSet<_> = chosen.iter().map(|(group, _)| &group.key).collect();
    let target = |(group, instance): &Chosen<'_>| Target {
        id: instance.id.clone(),
        instance_type: instance.instance_type.clone(),
        az: instance.az.clone(),
        group: group.key.clone(),
        spot_request: instance.spot_request.clone(),
        behavior: instance.interruption_behavior,
    };
    let at_random = matches!(wish.selection, Selection::Count(_) | Selection::Percent(_));
    Plan {
        account: fleet.account.clone(),
        region: fleet.region.clone(),
        world: fleet.world,
        targets: chosen.iter().map(target).collect(),
        out_of: fleet.groups.iter().filter(|g| hit.contains(&g.key)).map(|g| g.targetable().count()).sum(),
        warning: wish.warning,
        seed: at_random.then_some(wish.seed),
        as_is: None,
    }
}

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

fn exactly<'a>(
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
                nearest: nearest(id.as_str(), fleet.instances().map(|(_, instance)| instance.id.as_str())),
            }),
            Some((actual, _)) if group.is_some_and(|group| group.key != actual.key) => {
                refusals.push(Refusal::NotInGroup {
                    id: id.clone(),
                    group: group.map(|group| group.key.qualified()).unwrap_or_default(),
                    actual: actual.key.qualified(),
                });
            }
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
        refusals.push(Refusal::NothingSpot { group: group.key.qualified() });
    } else if least > there {
        refusals.push(Refusal::TooMany { group: group.key.qualified(), there, asked: least });
    } else if most < there {
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

#[cfg(test)]
mod tests;
