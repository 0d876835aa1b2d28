//! The dialog before the account is changed: what would be done, and the yes to it. Knows for what the stack's name must be
//! typed, and for what a key is enough.

use super::Work;
use crate::{
    app::{
        keymap::chord::Chord,
        words::{Arming, Words},
    },
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
    SetUp { preview: Box<Preview>, webhook: Option<Webhook> },
    RemoveLeftover(Box<Stack>),
    TearDown(Box<Removal>),
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
    pub(super) fn to(to: To) -> Self {
        let way = match &to {
            To::TearDown(removal) => Way::Words(Words::new(removal.names.stack.clone(), "nothing was taken away")),
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
    pub(in crate::app) fn given(&mut self) -> Option<Work> {
        let given = match &mut self.way {
            Way::Key(arming) => arming.is_over(),
            Way::Words(words) => words.typed().is_some(),
        };
        given.then(|| match &self.to {
            To::SetUp { preview, webhook } => Work::SetUp { preview: preview.clone(), webhook: webhook.clone() },
            To::RemoveLeftover(stack) => Work::RemoveLeftover(stack.clone()),
            To::TearDown(removal) => Work::TearDown(removal.clone()),
        })
    }
}
