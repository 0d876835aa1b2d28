//! A secret while it is typed or pasted: it can be corrected and counted, and never shows itself, neither on the screen nor by
//! `Debug`. Knows nothing of what it is.

use std::fmt;

use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

use crate::app::keymap::chord::{Chord, Key};

/// In bytes. A webhook has some eighty; the room is taken at once, so that no copy is left where a text has moved from.
const LONGEST: usize = 2048;

#[derive(Clone)]
pub struct Masked(Zeroizing<String>);

impl Default for Masked {
    fn default() -> Self {
        Self(Zeroizing::new(String::with_capacity(LONGEST)))
    }
}

impl fmt::Debug for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Masked({} characters)", self.len())
    }
}

impl Masked {
    /// In characters: all that may be known of it.
    pub fn len(&self) -> usize {
        self.0.chars().count()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Applies the key; false if it means nothing to a secret.
    pub fn type_in(&mut self, chord: Chord) -> bool {
        match (chord, chord.typed()) {
            (_, Some(character)) if character.is_control() => return false,
            (_, Some(character)) => self.push(character),
            (Chord { key: Key::Backspace, .. }, _) => {
                self.0.pop();
            }
            (Chord { key: Key::Char('u' | 'w'), ctrl: true, .. }, _) => self.0.clear(),
            _ => return false,
        }
        true
    }

    /// Adds what was pasted; the line end that came with it is no part of it.
    pub fn paste(&mut self, text: &SecretString) {
        text.expose_secret().trim().chars().for_each(|character| self.push(character));
    }

    fn push(&mut self, character: char) {
        if self.0.len() + character.len_utf8() <= LONGEST {
            self.0.push(character);
        }
    }

    pub fn secret(&self) -> SecretString {
        SecretString::from(self.0.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_typed_pasted_and_corrected_and_never_shown() {
        let mut masked = Masked::default();
        for key in ["c", "a", "n", "x", "backspace"] {
            assert!(masked.type_in(key.parse().unwrap()), "{key}");
        }
        masked.paste(&SecretString::from("ary\r\n"));
        assert_eq!(masked.secret().expose_secret(), "canary");
        assert_eq!(format!("{masked:?}"), "Masked(6 characters)");
        assert!(!masked.type_in("f1".parse().unwrap()));
        assert!(masked.type_in("ctrl-u".parse().unwrap()) && masked.is_empty());
    }

    #[test]
    fn it_has_an_end() {
        let mut masked = Masked::default();
        masked.paste(&SecretString::from("x".repeat(LONGEST + 1)));
        assert_eq!(masked.len(), LONGEST);
    }
}
