//! The confirm dialog: the words that start a drill, typed by a person, now. Knows what is not such a person: type-ahead, a
//! paste, a wrong word.

use tui_input::Input;

use super::{keymap::chord::Chord, typing};
use crate::drill::plan::Plan;

/// For how many ticks nothing counts: a second, so that keys meant for another screen do not fall into the field.
const ARMING_TICKS: u8 = 4;

#[derive(Clone, Debug)]
pub struct Confirm {
    pub plan: Plan,
    pub input: Input,
    /// What was wrong with the last attempt.
    pub complaint: Option<String>,
    arming: u8,
}

impl Confirm {
    pub fn new(plan: Plan) -> Self {
        Self { plan, input: Input::default(), complaint: None, arming: ARMING_TICKS }
    }

    pub fn is_armed(&self) -> bool {
        self.arming == 0
    }

    /// True if it changed what is seen.
    pub fn tick(&mut self) -> bool {
        let arming = self.arming > 0;
        self.arming = self.arming.saturating_sub(1);
        arming && self.is_armed()
    }

    pub fn type_in(&mut self, chord: Chord) {
        // over a slow link what fingers typed arrives in bursts too: only the terminal can tell a paste
        if self.is_armed() && typing::edit(&mut self.input, chord) {
            self.complaint = None;
        }
    }

    /// A paste never counts, whatever it holds.
    pub fn pasted(&mut self) {
        self.input.reset();
        self.complaint = Some(String::from("pasted text does not count: type the words"));
    }

    /// How far what was typed is right; the words themselves once it is all of them.
    pub fn words(&mut self) -> Option<String> {
        let words = self.plan.words();
        let typed = self.input.value();
        let complaint = if !self.is_armed() {
            "not yet: the field opens in a second"
        } else if typed == words {
            return Some(words);
        } else if typed.is_empty() {
            "nothing was started: type the words above"
        } else if words.starts_with(typed) {
            "nothing was started: the words are not complete"
        } else {
            "nothing was started: these are not the words"
        };
        self.complaint = Some(complaint.to_owned());
        None
    }

    pub fn is_complete(&self) -> bool {
        self.input.value() == self.plan.words()
    }
}

#[cfg(test)]
mod tests;
