//! How a call fares that does not fare well. Knows chance, and not how it is brought about.

use std::time::Duration;

use fastrand::Rng;

use super::{
    call::Call,
    schedule::{one_in, one_of, seconds},
};

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fate {
    Fine,
    LateRequest(Duration),
    LateAnswer(Duration),
    Lost {
        resets: bool,
    },
    ReplyLost {
        resets: bool,
    },
    /// Carried out again so much later; the answer is that of the first or of the second time.
    Twice {
        after: Duration,
        second: bool,
    },
    Throttled,
    /// AWS's own failure, before it was carried out or after.
    Failed {
        done: bool,
    },
    Half,
    /// An earlier answer to the same question.
    Stale,
    /// What was just made is not listed yet.
    Lagging,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Delayed,
    Lost,
    ReplyLost,
    Duplicated,
    Throttled,
    Failed,
    Half,
    Stale,
    Lagging,
}

impl Fate {
    pub(super) fn of(chance: &mut Rng, call: &Call, black: bool) -> Self {
        use Kind::{Delayed, Duplicated, Failed, Half, Lagging, Lost, ReplyLost, Stale, Throttled};
        let kind = match (call.changes, call.streams) {
            _ if black => one_of(chance, &[Lost, ReplyLost, Throttled, Failed]),
            (_, true) => one_of(chance, &[Delayed, Lost, Throttled, Failed]),
            (true, _) => one_of(chance, &[Delayed, Lost, ReplyLost, ReplyLost, Duplicated, Throttled, Failed, Half]),
            _ if call.lists().is_some() => {
                one_of(chance, &[Delayed, Lost, ReplyLost, Throttled, Failed, Half, Stale, Lagging, Lagging])
            }
            _ => one_of(chance, &[Delayed, Lost, ReplyLost, Throttled, Failed, Half, Stale, Stale]),
        };
        let resets = one_in(chance, 2);
        match kind {
            Delayed if one_in(chance, 2) => Self::LateRequest(delay(chance)),
            Delayed => Self::LateAnswer(delay(chance)),
            Lost => Self::Lost { resets },
            ReplyLost => Self::ReplyLost { resets },
            Duplicated => Self::Twice { after: delay(chance), second: one_in(chance, 2) },
            Throttled => Self::Throttled,
            Failed => Self::Failed { done: call.changes && one_in(chance, 2) },
            Half => Self::Half,
            Stale => Self::Stale,
            Lagging => Self::Lagging,
        }
    }

    pub(super) fn kind(self) -> Option<Kind> {
        Some(match self {
            Self::Fine => return None,
            Self::LateRequest(_) | Self::LateAnswer(_) => Kind::Delayed,
            Self::Lost { .. } => Kind::Lost,
            Self::ReplyLost { .. } => Kind::ReplyLost,
            Self::Twice { .. } => Kind::Duplicated,
            Self::Throttled => Kind::Throttled,
            Self::Failed { .. } => Kind::Failed,
            Self::Half => Kind::Half,
            Self::Stale => Kind::Stale,
            Self::Lagging => Kind::Lagging,
        })
    }
}

/// Mostly short; sometimes longer than anybody waits.
fn delay(chance: &mut Rng) -> Duration {
    let most = one_of(chance, &[1, 1, 3, 3, 9, 9, 30, 120]);
    seconds(chance, 0..most)
}
