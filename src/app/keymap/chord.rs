//! A key as it is pressed and as it is written. Knows no terminal and no meaning of a key.

use std::{fmt, str::FromStr};

use thiserror::Error;

/// One key press with what is held down; shift is part of the character.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chord {
    pub key: Key,
    pub ctrl: bool,
    pub alt: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Key {
    Char(char),
    Enter,
    Esc,
    Tab,
    BackTab,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
    Backspace,
    Delete,
    F(u8),
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` is no key: write it as `x`, `X`, `ctrl-x`, `alt-x`, `space`, `enter`, `pgdn` or `f1`")]
pub struct BadChord(String);

const NAMED: [(&str, Key); 16] = [
    ("space", Key::Char(' ')),
    ("enter", Key::Enter),
    ("esc", Key::Esc),
    ("tab", Key::Tab),
    ("shift-tab", Key::BackTab),
    ("up", Key::Up),
    ("down", Key::Down),
    ("left", Key::Left),
    ("right", Key::Right),
    ("home", Key::Home),
    ("end", Key::End),
    ("pgup", Key::PageUp),
    ("pgdn", Key::PageDown),
    ("backspace", Key::Backspace),
    ("delete", Key::Delete),
    ("f1", Key::F(1)),
];

impl Chord {
    pub fn plain(key: Key) -> Self {
        Self { key, ctrl: false, alt: false }
    }

    /// The character that it types, if it types one.
    pub fn typed(self) -> Option<char> {
        match self {
            Self { key: Key::Char(character), ctrl: false, alt: false } => Some(character),
            _ => None,
        }
    }
}

impl FromStr for Chord {
    type Err = BadChord;

    fn from_str(text: &str) -> Result<Self, BadChord> {
        let bad = || BadChord(text.to_owned());
        let (mut rest, mut ctrl, mut alt) = (text, false, false);
        loop {
            if let Some(after) = rest.strip_prefix("ctrl-").filter(|after| !after.is_empty()) {
                (rest, ctrl) = (after, true);
            } else if let Some(after) = rest.strip_prefix("alt-").filter(|after| !after.is_empty()) {
                (rest, alt) = (after, true);
            } else {
                break;
            }
        }
        let named = NAMED.iter().find(|(name, _)| *name == rest).map(|(_, key)| *key);
        let function = || rest.strip_prefix('f').and_then(|number| number.parse().ok()).map(Key::F);
        let mut characters = rest.chars();
        let single = match (characters.next(), characters.next()) {
            (Some(character), None) => Some(Key::Char(character)),
            _ => None,
        };
        let key = named.or(single).or_else(function).ok_or_else(bad)?;
        Ok(Self { key, ctrl, alt })
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            f.write_str("ctrl-")?;
        }
        if self.alt {
            f.write_str("alt-")?;
        }
        match (NAMED.iter().find(|(_, key)| *key == self.key), self.key) {
            (Some((name, _)), _) => f.write_str(name),
            (None, Key::Char(character)) => write!(f, "{character}"),
            (None, Key::F(number)) => write!(f, "f{number}"),
            (None, other) => write!(f, "{other:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chord_is_written_as_it_is_read() {
        for text in
            ["x", "X", "ctrl-x", "alt-x", "ctrl-alt-x", "space", "shift-tab", "pgdn", "f1", "f12", "?", "-", "f"]
        {
            assert_eq!(text.parse::<Chord>().unwrap().to_string(), text);
        }
        for text in ["", "ctrl-", "meta-x", "xx"] {
            assert!(text.parse::<Chord>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_a_plain_character_types() {
        assert_eq!("x".parse::<Chord>().unwrap().typed(), Some('x'));
        assert_eq!("space".parse::<Chord>().unwrap().typed(), Some(' '));
        assert_eq!("ctrl-x".parse::<Chord>().unwrap().typed(), None);
        assert_eq!("enter".parse::<Chord>().unwrap().typed(), None);
    }
}
