//! What the operator was told: every message is kept, the newest is shown for a while. Knows no screen.

use jiff::Timestamp;

use crate::text::SafeText;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    Hint,
    Warning,
    Error,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub at: Timestamp,
    pub weight: Weight,
    pub text: SafeText,
}

#[derive(Clone, Debug, Default)]
pub struct Messages {
    kept: Vec<Message>,
    /// For how many more ticks the newest is shown.
    shown_for: u8,
}

const KEEP: usize = 500;

impl Messages {
    pub fn say(&mut self, at: Timestamp, weight: Weight, text: impl AsRef<str>) {
        self.keep(at, weight, text);
        self.shown_for = match weight {
            Weight::Hint => 16,
            Weight::Warning | Weight::Error => 40,
        };
    }

    /// Keeps what the screen itself shows already.
    pub fn keep(&mut self, at: Timestamp, weight: Weight, text: impl AsRef<str>) {
        self.shown_for = 0;
        if self.kept.len() >= KEEP {
            self.kept.remove(0);
        }
        self.kept.push(Message { at, weight, text: SafeText::new(text) });
    }

    pub fn all(&self) -> &[Message] {
        &self.kept
    }

    /// The newest, while it is shown.
    pub fn toast(&self) -> Option<&Message> {
        self.kept.last().filter(|_| self.shown_for > 0)
    }

    pub fn dismiss(&mut self) {
        self.shown_for = 0;
    }

    /// True if the toast went away by this tick.
    pub fn tick(&mut self) -> bool {
        let shown = self.shown_for > 0;
        self.shown_for = self.shown_for.saturating_sub(1);
        shown && self.shown_for == 0
    }
}
