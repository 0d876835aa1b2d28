//! What is so around a drill at the moment of its start: account, safety lever, alarm, credentials, clock, other drills. Plain
//! data that an edge looked up; what it could not tell stands against a start. Knows nothing of instances.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::{choose::Chosen, overriding::Overridable, refusal::Refusal};
use crate::{
    drill::{
        fleet::{Fleet, GroupKey, World},
        id::InstanceId,
        plan::Wish,
    },
    text::SafeText,
};

/// What an edge was told, or why it could not be.
pub type Told<T> = Result<T, SafeText>;

#[derive(Clone, Debug, PartialEq)]
pub struct Circumstances {
    pub now: Timestamp,
    /// The accounts that drills may run in; a lab's is always one.
    pub accounts: Vec<SafeText>,
    /// Why the safety lever is engaged; none if it is not.
    pub lever: Told<Option<SafeText>>,
    /// The alarm that is to stop the experiment; none if none is named.
    pub alarm: Told<Option<Alarm>>,
    /// The role that FIS is to interrupt with, if it is not there. Where nobody may ask, nothing stands against a start: FIS
    /// looks for itself.
    pub role: Told<Option<SafeText>>,
    /// When the credentials end; none if they do not.
    pub credentials: Told<Option<Timestamp>>,
    /// How far this machine's clock is from AWS's.
    pub skew: Told<SignedDuration>,
    /// Drills and experiments that go on, and those that went on lately.
    pub others: Told<Vec<Other>>,
    /// Records on this machine of drills that may go on, whatever they say, a sentence each.
    pub in_doubt: Vec<SafeText>,
    /// Health checks that are not asked from here, and why.
    pub never_asked: Vec<SafeText>,
    /// Why the steady state does not hold, by its health checks.
    pub unsteady: Vec<SafeText>,
    /// How long a group rests between two drills.
    pub cool_down: SignedDuration,
}

/// An alarm of CloudWatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarm {
    pub arn: SafeText,
    pub name: SafeText,
    /// `OK`, `ALARM`, `INSUFFICIENT_DATA`; none if there is no such alarm.
    pub state: Told<Option<SafeText>>,
}

impl Alarm {
    pub fn is_ok(&self) -> bool {
        matches!(&self.state, Ok(Some(state)) if state.as_str() == "OK")
    }
}

/// A drill, or an experiment that interrupts spot instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Other {
    /// The drill's or the experiment's id.
    pub by: SafeText,
    /// The groups that it hits, by their qualified names.
    pub groups: Vec<SafeText>,
    /// The instances that it hits, as far as they are known.
    pub instances: Vec<InstanceId>,
    /// Since when it is over, or at least when it began; none while it goes on.
    pub over: Option<Timestamp>,
}

/// From here on times on the screen and AWS's differ by more than a drill can bear. AWS itself refuses signatures that
/// are five minutes off. Source: AWS Signature Version 4.
pub(super) const MOST_SKEW: SignedDuration = SignedDuration::from_mins(5);
/// What credentials must outlive a drill by.
const SPARE: SignedDuration = SignedDuration::from_mins(10);

impl Circumstances {
    /// Everything around the drill that stands against it.
    pub(super) fn stand_against(&self, fleet: &Fleet, wish: &Wish, chosen: &[Chosen<'_>]) -> Vec<Refusal> {
        let mut refusals = Vec::new();
        if fleet.world != World::Lab && !self.accounts.contains(&fleet.account) {
            refusals.push(Refusal::NotAllowed { account: fleet.account.to_string() });
        }
        refusals.extend(self.lever());
        refusals.extend(self.alarm());
        refusals.extend(self.role());
        refusals.extend(self.credentials(wish));
        refusals.extend(self.clock());
        refusals.extend(self.others(wish, chosen));
        refusals.extend(self.in_doubt.iter().map(|said| Refusal::InDoubt { said: said.to_string() }));
        refusals.extend(self.never_asked.iter().map(|said| Refusal::NeverAsked { said: said.to_string() }));
        refusals.extend(self.unsteady.iter().map(|said| Refusal::Unsteady { said: said.to_string() }));
        refusals
    }

    fn lever(&self) -> Option<Refusal> {
        match &self.lever {
            Ok(None) => None,
            Ok(Some(reason)) => Some(Refusal::LeverEngaged { reason: reason.to_string() }),
            Err(why) => Some(untold("whether the safety lever of FIS is engaged", why, None)),
        }
    }

    fn alarm(&self) -> Option<Refusal> {
        let untold = |why| Some(untold("the state of the stop-condition alarm", why, Some(Overridable::Alarm)));
        let alarm = match &self.alarm {
            Ok(None) => return Some(Refusal::NoAlarm),
            Ok(Some(alarm)) => alarm,
            Err(why) => return untold(why),
        };
        let state = match &alarm.state {
            Ok(state) => state.as_deref(),
            Err(why) => return untold(why),
        };
        let (state, next) = match state {
            Some("OK") => return None,
            Some("ALARM") => ("ALARM", "FIS would stop the experiment at once. Wait until it is OK"),
            Some(state) => (state, "wait until it has data, or give a reason"),
            None => return Some(Refusal::NoSuchAlarm { arn: alarm.arn.to_string() }),
        };
        Some(Refusal::AlarmNotOk { name: alarm.name.to_string(), state: state.to_owned(), next })
    }

    fn role(&self) -> Option<Refusal> {
        let missing = self.role.as_ref().ok()?.as_ref()?;
        Some(Refusal::NoRole { role: missing.to_string() })
    }

    /// An instance that is there no more may have been a drill's target.
    pub(super) fn name_the_drill(&self, refusal: &mut Refusal) {
        if let (Refusal::NoSuchInstance { id, drilled_by, .. }, Ok(others)) = (refusal, &self.others) {
            *drilled_by = others.iter().find(|other| other.instances.contains(id)).map(|other| other.by.to_string());
        }
    }

    fn credentials(&self, wish: &Wish) -> Option<Refusal> {
        let needed = self.now.saturating_add(wish.warning.whole() + SPARE).unwrap_or(Timestamp::MAX);
        match &self.credentials {
            Ok(None) => None,
            Ok(Some(ends)) if *ends >= needed => None,
            Ok(Some(ends)) => Some(Refusal::CredentialsEnd { ends: time(*ends), needed: time(needed) }),
            Err(why) => Some(untold("when the credentials end", why, None)),
        }
    }

    fn clock(&self) -> Option<Refusal> {
        match &self.skew {
            Ok(skew) if skew.abs() <= MOST_SKEW => None,
            Ok(skew) => Some(Refusal::ClockOff { seconds: skew.as_secs() }),
            Err(why) => Some(untold("how far this machine's clock is from AWS's", why, None)),
        }
    }

    /// One drill of a group at a time, and a rest after each; the waves of one drill do not rest.
    fn others(&self, wish: &Wish, chosen: &[Chosen<'_>]) -> Vec<Refusal> {
        let others = match &self.others {
            Ok(others) => others,
            Err(why) => return vec![untold("which drills go on in the account", why, None)],
        };
        let groups: BTreeSet<_> = chosen.iter().map(|(group, _)| &group.key).collect();
        let mut refusals = Vec::new();
        for group in groups {
            let of_group = |other: &&Other| other.hits(group, chosen);
            let mut going_on = others.iter().filter(|other| other.over.is_none()).filter(of_group);
            if let Some(other) = going_on.next() {
                refusals.push(Refusal::Drilled { group: group.qualified(), by: other.by.to_string() });
                continue;
            }
            let over = others
                .iter()
                .filter(of_group)
                .filter(|other| !wish.earlier.iter().any(|drill| drill.as_str() == other.by.as_str()));
            let last = over.filter_map(|other| Some((other.over?, other))).max_by_key(|(at, _)| *at);
            let Some((at, other)) = last else { continue };
            let until = at.saturating_add(self.cool_down).unwrap_or(Timestamp::MAX);
            if until > self.now {
                let (group, by) = (group.qualified(), other.by.to_string());
                refusals.push(Refusal::CoolingDown { group, by, at: time(at), until: time(until) });
            }
        }
        refusals
    }
}

impl Other {
    /// Whether it hits the group; one whose targets nobody knows may hit any.
    fn hits(&self, group: &GroupKey, chosen: &[Chosen<'_>]) -> bool {
        let unknown = self.groups.is_empty() && self.instances.is_empty() && self.over.is_none();
        let has = |(of, _): &Chosen<'_>| {
            of.key == *group && of.instances.iter().any(|instance| self.instances.contains(&instance.id))
        };
        unknown || self.groups.iter().any(|name| name.as_str() == group.qualified()) || chosen.iter().any(has)
    }
}

fn untold(what: &'static str, why: &SafeText, guard: Option<Overridable>) -> Refusal {
    Refusal::Untold { what, why: why.to_string(), guard }
}

fn time(at: Timestamp) -> String {
    at.strftime("%H:%M:%SZ").to_string()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Nothing stands against a drill.
    pub(crate) fn fine() -> Circumstances {
        let alarm = Alarm {
            arn: SafeText::new("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop-errors"),
            name: SafeText::new("shop-errors"),
            state: Ok(Some(SafeText::new("OK"))),
        };
        Circumstances {
            now: Timestamp::UNIX_EPOCH,
            accounts: vec![SafeText::new("123456789012")],
            lever: Ok(None),
            alarm: Ok(Some(alarm)),
            role: Ok(None),
            credentials: Ok(None),
            skew: Ok(SignedDuration::ZERO),
            others: Ok(Vec::new()),
            in_doubt: Vec::new(),
            never_asked: Vec::new(),
            unsteady: Vec::new(),
            cool_down: SignedDuration::from_mins(5),
        }
    }
}
