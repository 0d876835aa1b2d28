//! What lies over a screen and takes its keys. Knows which keys count there.

use super::{confirm::Confirm, keymap::table::Layer};

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
    /// What a stop can save; a second key sends it.
    Stop,
    /// Leaving while a drill runs.
    Leave,
}

impl Overlay {
    pub fn layers(&self) -> &'static [Layer] {
        match self {
            Self::Help { .. } | Self::Messages { .. } | Self::Details => &[Layer::Lists, Layer::Everywhere],
            Self::Confirm(_) => &[Layer::Confirm],
            Self::Stop => &[Layer::Stop],
            Self::Leave => &[Layer::Leave],
        }
    }
}
