//! Typing into a field: a key, applied to a line of text. Knows no screen.

use tui_input::{Input, InputRequest};

use super::keymap::chord::{Chord, Key};

/// As long as the longest name that AWS allows, and more.
const LONGEST: usize = 1_100;

/// Applies the key; false if it means nothing to a line of text.
pub(super) fn edit(input: &mut Input, chord: Chord) -> bool {
    let request = match (chord, chord.typed()) {
        (_, Some(character)) if character.is_control() => return false,
        (_, Some(_)) if input.value().chars().count() >= LONGEST => return true,
        (_, Some(character)) => InputRequest::InsertChar(character),
        (Chord { key: Key::Backspace, .. }, _) => InputRequest::DeletePrevChar,
        (Chord { key: Key::Delete, .. }, _) => InputRequest::DeleteNextChar,
        (Chord { key: Key::Left, .. }, _) => InputRequest::GoToPrevChar,
        (Chord { key: Key::Right, .. }, _) => InputRequest::GoToNextChar,
        (Chord { key: Key::Home, .. } | Chord { key: Key::Char('a'), ctrl: true, .. }, _) => InputRequest::GoToStart,
        (Chord { key: Key::End, .. } | Chord { key: Key::Char('e'), ctrl: true, .. }, _) => InputRequest::GoToEnd,
        (Chord { key: Key::Char('u'), ctrl: true, .. }, _) => InputRequest::DeleteLine,
        (Chord { key: Key::Char('w'), ctrl: true, .. }, _) => InputRequest::DeletePrevWord,
        _ => return false,
    };
    input.handle(request);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_typed_and_corrected() {
        let mut input = Input::default();
        for key in ["w", "e", "d", "backspace", "b", "space", "3", "home", "delete", "W"] {
            assert!(edit(&mut input, key.parse().unwrap()), "{key}");
        }
        assert_eq!(input.value(), "Web 3");
        assert!(edit(&mut input, "ctrl-u".parse().unwrap()));
        assert_eq!(input.value(), "");
        assert!(!edit(&mut input, "f1".parse().unwrap()));
    }
}
