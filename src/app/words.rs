//! Words that a person types to say yes, now. Knows what is not such a person: type-ahead, a paste, a wrong word; and not what
//! the words are for.

use tui_input::Input;

use super::{keymap::chord::Chord, typing};
use crate::text::{beyond_ascii, unlike};

/// For how many ticks nothing counts: a second, so that keys meant for another screen do not fall into the field.
const ARMING_TICKS: u8 = 4;

/// The time in which a dialog that has just opened takes nothing.
#[derive(Clone, Copy, Debug)]
pub struct Arming(u8);

impl Default for Arming {
    fn default() -> Self {
        Self(ARMING_TICKS)
    }
}

impl Arming {
    pub fn is_over(self) -> bool {
        self.0 == 0
    }

    /// True if it ended by this tick.
    pub fn tick(&mut self) -> bool {
        let was_over = self.is_over();
        self.0 = self.0.saturating_sub(1);
        !was_over && self.is_over()
    }
}

#[derive(Clone, Debug)]
pub struct Words {
    wanted: String,
    /// How a complaint begins, such as `nothing was started`.
    nothing: &'static str,
    pub input: Input,
    /// What was wrong with the last attempt.
    pub complaint: Option<String>,
    arming: Arming,
}

impl Words {
    pub fn new(wanted: String, nothing: &'static str) -> Self {
        let complaint = beyond_ascii(&wanted).map(|letters| format!("look-alikes do not count: {letters}"));
        Self { wanted, nothing, input: Input::default(), complaint, arming: Arming::default() }
    }

    pub fn wanted(&self) -> &str {
        &self.wanted
    }

    pub fn is_armed(&self) -> bool {
        self.arming.is_over()
    }

    /// True if it changed what is seen.
    pub fn tick(&mut self) -> bool {
        self.arming.tick()
    }

    pub fn type_in(&mut self, chord: Chord) {
        // over a slow link what fingers typed arrives in bursts too: only the terminal can tell a paste
        if self.is_armed() && typing::edit(&mut self.input, chord) {
            self.complaint = None;
        }
    }

    /// A paste never counts, whatever it holds; nor what comes right after it, which may be the rest of it.
    pub fn pasted(&mut self) {
        self.input.reset();
        self.arming = Arming::default();
        self.complaint = Some(String::from("pasted text does not count: type the words"));
    }

    /// The words once it is all of them; what is wrong is complained of.
    pub fn typed(&mut self) -> Option<String> {
        let typed = self.input.value();
        let complaint = if !self.is_armed() {
            String::from("not yet: the field opens in a second")
        } else if self.is_complete() {
            return Some(self.wanted.clone());
        } else if typed.is_empty() {
            format!("{}: type the words above", self.nothing)
        } else if self.is_beginning() {
            format!("{}: the words are not complete", self.nothing)
        } else {
            let unlike = unlike(&self.wanted, typed).map(|unlike| format!(": {unlike}")).unwrap_or_default();
            format!("{}: these are not the words{unlike}", self.nothing)
        };
        self.complaint = Some(complaint);
        None
    }

    /// What was typed so far is right.
    pub fn is_beginning(&self) -> bool {
        self.wanted.starts_with(self.input.value())
    }

    pub fn is_complete(&self) -> bool {
        self.input.value() == self.wanted
    }
}

#[cfg(test)]
mod tests;
