//! A guard that an operator overrides, with a reason that is kept. Knows which guards can be, and not how a reason is asked for.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;
use crate::text::SafeText;

/// The guards that a reason can override. Caps, the allow-list and whatever stands for someone else's decision cannot be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overridable {
    /// So many must stay in the group.
    Left,
    /// One must stay in each zone.
    Zone,
    /// A group rests between two drills.
    CoolDown,
    /// An alarm stops the experiment.
    Alarm,
    /// This machine's clock is right; what is shown and sent goes by AWS's.
    Clock,
}

impl Overridable {
    pub const ALL: [Self; 5] = [Self::Left, Self::Zone, Self::CoolDown, Self::Alarm, Self::Clock];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Zone => "zone",
            Self::CoolDown => "cool-down",
            Self::Alarm => "alarm",
            Self::Clock => "clock",
        }
    }
}

impl fmt::Display for Overridable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Overridable {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || Self::ALL.map(Self::as_str).join(", ");
        let found = Self::ALL.into_iter().find(|guard| guard.as_str() == name);
        found.ok_or_else(|| format!("`{name}` is no guard that a reason overrides: those are {}", names()))
    }
}

/// What an operator says against a guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    pub guard: Overridable,
    pub reason: SafeText,
}

/// What was overridden: the guard, what it said, and the reason that was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overridden {
    pub guard: Overridable,
    pub said: SafeText,
    pub reason: SafeText,
}

impl Override {
    /// The shortest reason, in characters: more than `ok` and `because`.
    pub const LEAST: usize = 10;
    pub const MOST: usize = 300;

    /// One reason for several guards.
    pub fn each(guards: impl IntoIterator<Item = Overridable>, reason: &SafeText) -> Vec<Self> {
        guards.into_iter().map(|guard| Self { guard, reason: reason.clone() }).collect()
    }

    /// What is wrong with the reason.
    fn complaint(&self) -> Option<Refusal> {
        let why = match self.reason.trim().chars().count() {
            short if short < Self::LEAST => "too short",
            long if long > Self::MOST => "too long",
            _ => return None,
        };
        Some(Refusal::NoReason { guard: self.guard, why })
    }
}

/// Parts the refusals into those that stand, and those that a reason overrides: where a plan was confirmed, nothing that says
/// more than was overridden then.
pub(super) fn weigh(
    refusals: Vec<Refusal>,
    reasons: &[Override],
    confirmed: Option<&[Overridden]>,
) -> (Vec<Refusal>, Vec<Overridden>) {
    let (mut standing, mut overridden) = (Vec::new(), Vec::new());
    for refusal in refusals {
        let is_confirmed = confirmed.is_none_or(|confirmed| refusal.is_within(confirmed));
        let guard = refusal.overridable().filter(|_| is_confirmed);
        let given = guard.and_then(|guard| reasons.iter().find(|reason| reason.guard == guard));
        match given {
            None => standing.push(refusal),
            Some(given) => match given.complaint() {
                Some(complaint) => {
                    standing.push(refusal);
                    if !standing.contains(&complaint) {
                        standing.push(complaint);
                    }
                }
                None => overridden.push(Overridden {
                    guard: given.guard,
                    said: SafeText::new(refusal.to_string()),
                    reason: given.reason.clone(),
                }),
            },
        }
    }
    (standing, overridden)
}
