//! The dialog before something is done that one may regret: what would be done, and the yes to it. Knows for what a name must
//! be typed, and for what a key is enough.

use super::{
    keymap::chord::Chord,
    setup::Work,
    words::{Arming, Words},
};
use crate::{
    drill::{id::DrillId, lock::Standing, plan::Plan},
    stack::{Stack, change::Preview, removal::Removal, webhook::Webhook},
};

#[derive(Clone, Debug)]
pub struct Consent {
    pub to: To,
    pub way: Way,
}

/// What is consented to.
#[derive(Clone, Debug)]
pub enum To {
    SetUp {
        preview: Box<Preview>,
        webhook: Option<Webhook>,
    },
    RemoveLeftover(Box<Stack>),
    TearDown(Box<Removal>),
    /// The lock that another drill left on the group.
    TakeOver(Box<Standing>),
    /// The start of this drill, which got no answer.
    SendAgain {
        drill: DrillId,
        plan: Box<Plan>,
    },
}

/// What was consented to.
#[derive(Debug)]
pub(super) enum Given {
    Work(Work),
    /// The lock of that drill may be taken over.
    TakeOver(DrillId),
    SendAgain(DrillId),
}

/// How.
#[derive(Clone, Debug)]
pub enum Way {
    /// By a key, once the dialog has been seen for a moment.
    Key(Arming),
    /// By typing: what goes does not come back.
    Words(Words),
}

impl Consent {
    pub fn to(to: To) -> Self {
        let way = match &to {
            To::TearDown(removal) => Way::Words(Words::new(removal.names.stack.clone(), "nothing was taken away")),
            To::TakeOver(standing) => Way::Words(Words::new(standing.lock.drill.to_string(), "nothing was taken over")),
            To::SendAgain { plan, .. } => Way::Words(Words::new(plan.words(), "nothing was sent")),
            To::SetUp { .. } | To::RemoveLeftover(_) => Way::Key(Arming::default()),
        };
        Self { to, way }
    }

    /// True if it changed what is seen.
    pub fn tick(&mut self) -> bool {
        match &mut self.way {
            Way::Key(arming) => arming.tick(),
            Way::Words(words) => words.tick(),
        }
    }

    pub fn type_in(&mut self, chord: Chord) {
        if let Way::Words(words) = &mut self.way {
            words.type_in(chord);
        }
    }

    /// A paste is no consent.
    pub fn pasted(&mut self) {
        if let Way::Words(words) = &mut self.way {
            words.pasted();
        }
    }

    /// What is to be done, once it was consented to.
    pub(super) fn given(&mut self) -> Option<Given> {
        let given = match &mut self.way {
            Way::Key(arming) => arming.is_over(),
            Way::Words(words) => words.typed().is_some(),
        };
        given.then(|| match &self.to {
            To::SetUp { preview, webhook } => {
                Given::Work(Work::SetUp { preview: preview.clone(), webhook: webhook.clone() })
            }
            To::RemoveLeftover(stack) => Given::Work(Work::RemoveLeftover(stack.clone())),
            To::TearDown(removal) => Given::Work(Work::TearDown(removal.clone())),
            To::TakeOver(standing) => Given::TakeOver(standing.lock.drill.clone()),
            To::SendAgain { drill, .. } => Given::SendAgain(drill.clone()),
        })
    }
}
