//! What lies over a screen and takes its keys. Knows which keys count there.

use tui_input::Input;

use super::{
    confirm::Confirm,
    consent::Consent,
    keymap::{chord::Chord, table::Layer},
    typing,
};
use crate::drill::found::Found;

#[derive(Clone, Debug)]
pub enum Overlay {
    /// The keys of the layers below it.
    Help {
        layers: &'static [Layer],
        top: usize,
    },
    Messages {
        top: usize,
    },
    /// The instance under the cursor.
    Details,
    Confirm(Box<Confirm>),
    /// Everything that stands against a start. It takes all keys, for words may be typed where they were not asked for.
    Refused {
        said: Vec<String>,
        top: usize,
    },
    /// Why a guard may be overridden, as it is typed.
    Reason(Input),
    /// Before something is done that one may regret.
    Consent(Box<Consent>),
    /// Drills that somebody left, and which of them the cursor is on.
    Left {
        found: Vec<Found>,
        at: usize,
    },
    /// Leaving while a drill runs, or while the stack is changed.
    Leave,
}

impl Overlay {
    pub fn layers(&self) -> &'static [Layer] {
        match self {
            Self::Help { .. } | Self::Messages { .. } | Self::Details => &[Layer::Lists, Layer::Everywhere],
            Self::Confirm(_) => &[Layer::Confirm],
            Self::Refused { .. } => &[Layer::Refused],
            Self::Reason(_) => &[Layer::Field],
            Self::Consent(_) => &[Layer::Consent],
            Self::Left { .. } => &[Layer::Left, Layer::Lists],
            Self::Leave => &[Layer::Leave],
        }
    }

    /// It moves by itself.
    pub(super) fn wants_tick(&self) -> bool {
        matches!(self, Self::Confirm(_) | Self::Consent(_))
    }

    /// True if it changed what is seen.
    pub(super) fn tick(&mut self) -> bool {
        match self {
            Self::Confirm(confirm) => confirm.words.tick(),
            Self::Consent(consent) => consent.tick(),
            _ => false,
        }
    }

    /// The others take no text.
    pub(super) fn type_in(&mut self, chord: Chord) {
        match self {
            Self::Confirm(confirm) => confirm.words.type_in(chord),
            Self::Consent(consent) => consent.type_in(chord),
            Self::Reason(input) => {
                typing::edit(input, chord);
            }
            _ => {}
        }
    }

    /// A paste is no consent; false if it means nothing at all.
    pub(super) fn pasted(&mut self) -> bool {
        match self {
            Self::Confirm(confirm) => confirm.words.pasted(),
            Self::Consent(consent) => consent.pasted(),
            _ => return false,
        }
        true
    }
}
