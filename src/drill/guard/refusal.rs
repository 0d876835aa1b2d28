//! Every reason against a drill: what is wrong, and what to do. Knows how it is said, and not when.

use std::{collections::BTreeSet, fmt};

use thiserror::Error;

use super::{
    caps,
    circumstances::MOST_SKEW,
    overriding::{Overridable, Overridden, Override},
};
use crate::{
    drill::{
        fleet::PROTECT_TAG,
        id::{InstanceId, TemplateId},
        template::Template,
    },
    text::SafeText,
};

/// One reason why a wish is not carried out: what is wrong, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("the inventory is incomplete: {why}")]
    Incomplete { why: String },
    #[error("there is no group `{name}` in {region}{} There are: {}", near_then(.nearest), .there.join(", "))]
    NoSuchGroup { name: String, region: String, nearest: Vec<String>, there: Vec<String> },
    #[error("`{name}` names several groups: say which of {}", .candidates.join(", "))]
    AmbiguousGroup { name: String, candidates: Vec<String> },
    #[error("there is no instance {id} in {region}{}", .drilled_by.as_ref().map(|by| format!(": drill {by} had it for a target")).unwrap_or_default())]
    NoSuchInstance { id: InstanceId, region: String, drilled_by: Option<String> },
    #[error("{id} is not in `{group}` but in `{actual}`: name one or the other")]
    NotInGroup { id: InstanceId, group: String, actual: String },
    #[error(
        "the name of `{group}` is not to the letter what is shown: a character in it cannot be seen, and stands as a sign. \
         What is typed could mean another group: give it a plain name first"
    )]
    NotAsShown { group: String },
    #[error("{id} is on-demand: only spot instances can be interrupted")]
    OnDemand { id: InstanceId },
    #[error("{id} is {state}: only a running instance can be interrupted")]
    NotRunning { id: InstanceId, state: String },
    #[error("`{group}` has no running spot instance: choose a group with spot instances")]
    NothingSpot { group: String },
    #[error(
        "all {protected} running spot instances of `{group}` are protected by the tag {}: take it away from those that may be hit",
        PROTECT_TAG
    )]
    AllProtected { group: String, protected: usize },
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
    #[error("account and region are being looked at: a moment")]
    Looking,
    #[error(
        "account {account} is not on the list of accounts that drills may run in. If it is meant for that: spotdrill allow"
    )]
    NotAllowed { account: String },
    #[error("{id} is protected by its tag {}: leave it out, or take the tag away", PROTECT_TAG)]
    Protected { id: InstanceId },
    #[error("could not tell {what}: {why}. What cannot be told stands against a start")]
    Untold { what: &'static str, why: String, guard: Option<Overridable> },
    #[error("the safety lever of FIS is engaged ({reason}), so FIS cancels every experiment: ask whoever engaged it")]
    LeverEngaged { reason: String },
    #[error(
        "no alarm would stop the experiment: name one by --stop-alarm, by `stop_alarm` in config.toml or by setup, or \
         give a reason to go without"
    )]
    NoAlarm,
    #[error("the stop-condition alarm {name} is {state}, not OK: {next}")]
    AlarmNotOk { name: String, state: String, next: &'static str },
    #[error("there is no alarm {arn} that could stop the experiment: name one that is there")]
    NoSuchAlarm { arn: String },
    #[error("{now} would stop the experiment, and {then} was confirmed: preview it again")]
    OtherAlarm { then: String, now: String },
    #[error(
        "there is no role {role} that FIS could interrupt with: `spotdrill setup` makes one, `--fis-role` names another"
    )]
    NoRole { role: String },
    #[error("the credentials end at {ends}, and the drill with ten minutes to spare at {needed}: log in again first")]
    CredentialsEnd { ends: String, needed: String },
    #[error("this machine's clock is {seconds} s off AWS's, more than {most} s: set it right, such as by NTP", most = MOST_SKEW.as_secs())]
    ClockOff { seconds: i64 },
    #[error("the steady state does not hold: {said}. A drill of a service that is unwell shows nothing")]
    Unsteady { said: String },
    #[error("a health check is not asked from here: {said}")]
    NeverAsked { said: String },
    #[error("a drill may go on of which nothing is known for certain: {said}")]
    InDoubt { said: String },
    #[error("`{group}` is being drilled by {by}: one drill at a time. `spotdrill attach` comes back to one of ours")]
    Drilled { group: String, by: String },
    #[error("`{group}` was drilled by {by} at {at} and rests until {until}: wait, or give a reason to go on now")]
    CoolingDown { group: String, by: String, at: String, until: String },
    #[error(
        "`{group}` would be left with {left} running, and at least {} must stay: hit fewer, or give a reason",
        caps::LEAST_LEFT
    )]
    FewLeft { group: String, left: usize },
    #[error("`{group}` would have none left running in {zone}: choose another zone, or give a reason")]
    ZoneEmptied { group: String, zone: String },
    #[error(
        "{asked} of `{group}` at once are more than the cap of {most} ({} in a wave, {} % of a group): hit fewer",
        caps::MOST_IN_WAVE,
        caps::MOST_PERCENT
    )]
    BeyondCap { group: String, asked: usize, most: usize },
    #[error("{asked} instances at once are more than {}, the most in a wave: hit fewer", caps::MOST_IN_WAVE)]
    BeyondWave { asked: usize },
    #[error("the reason to override {guard} is {why}: say in {least} to {most} characters why it may be", least = Override::LEAST, most = Override::MOST)]
    NoReason { guard: Overridable, why: &'static str },
}

impl Refusal {
    /// The guard that a reason can override; none where nothing can.
    pub fn overridable(&self) -> Option<Overridable> {
        match self {
            Self::FewLeft { .. } => Some(Overridable::Left),
            Self::ZoneEmptied { .. } => Some(Overridable::Zone),
            Self::CoolingDown { .. } => Some(Overridable::CoolDown),
            Self::NoAlarm => Some(Overridable::Alarm),
            Self::ClockOff { .. } => Some(Overridable::Clock),
            // an alarm that has no data yet says nothing; one in ALARM stops the experiment at once
            Self::AlarmNotOk { state, .. } if state != "ALARM" => Some(Overridable::Alarm),
            Self::Untold { guard, .. } => *guard,
            _ => None,
        }
    }

    /// Whether it says no more than what was overridden: fewer that are left, another zone and another drill are more. By
    /// which alarm it is stopped is compared by itself, and what is shown and sent goes by AWS's clock.
    pub(super) fn is_within(&self, overridden: &[Overridden]) -> bool {
        let was_said = |refusal: &Self| {
            let said = SafeText::new(refusal.to_string());
            overridden.iter().any(|it| it.said == said)
        };
        match self {
            Self::FewLeft { group, left } => {
                (0..=*left).any(|left| was_said(&Self::FewLeft { group: group.clone(), left }))
            }
            Self::ZoneEmptied { .. } | Self::CoolingDown { .. } => was_said(self),
            _ => true,
        }
    }
}

/// The names that someone may have meant, with something to come after them.
fn near_then(names: &[String]) -> String {
    if names.is_empty() { String::from(".") } else { format!(". Did you mean {}?", names.join(" or ")) }
}

/// Every reason against a wish; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub struct Refusals(pub Vec<Refusal>);

impl Refusals {
    /// The guards among them that a reason overrides, each once.
    pub fn overridable(&self) -> Vec<Overridable> {
        let guards: BTreeSet<_> = self.0.iter().filter_map(Refusal::overridable).collect();
        guards.into_iter().collect()
    }
}

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
