//! A drill that somebody left: as its journal here or its experiment in the account tells of it. Knows not where it was
//! looked for, and begins nothing.

use jiff::{SignedDuration, Timestamp};

use super::{
    id::{DrillId, ExperimentId, TemplateId},
    plan::Plan,
};
use crate::text::SafeText;

/// An experiment of the account that bears a drill's tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub drill: DrillId,
    pub experiment: ExperimentId,
    pub template: TemplateId,
    pub status: SafeText,
    pub begun: Timestamp,
    /// FIS is not done with it.
    pub goes_on: bool,
}

/// A drill that can be come back to.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    pub drill: DrillId,
    /// Who started it, by the journal or by the lock that the drill holds.
    pub by: Option<SafeText>,
    pub begun: Timestamp,
    /// What is known of where it stands, in a few words.
    pub stands: SafeText,
    /// A stop may still reach FIS before it is done.
    pub stoppable: bool,
    /// What its start would hit: it got no answer, and the same request may still be sent again.
    pub unanswered: Option<Box<Plan>>,
}

/// What AWS still says of a drill of which there is no journal here.
#[derive(Clone, Debug, PartialEq)]
pub struct Rebuilt {
    pub seen: Seen,
    pub plan: Plan,
    pub role_arn: SafeText,
    /// The template that was made for the drill, if it is still there.
    pub template: Option<TemplateId>,
}

/// FIS takes back the same client token for so long, as far as one may rely on it: it documents no time.
pub const TOKEN_HOLDS: SignedDuration = SignedDuration::from_mins(10);

impl Found {
    /// `20261122-120450-k3f9, begun 12:04:50 by me@here: FIS says running`
    pub fn telling(&self) -> String {
        let by = self.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        format!("{}, begun {}{by}: {}", self.drill, self.begun.strftime("%Y-%m-%d %H:%M:%S"), self.stands)
    }
}
