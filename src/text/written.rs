//! The last look at what is written to a terminal or a file: whatever was forgotten on its way in does nothing on its way
//! out. Knows nothing of where it is written to.

use std::{borrow::Cow, fmt::Write};

use super::{acts, push_sign};

/// Lines for people: a character that does something is shown by a sign. Lines stay lines.
pub fn for_people(text: &str) -> Cow<'_, str> {
    if !text.contains(|character| character != '\n' && acts(character)) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => shown.push('\n'),
            '\t' => shown.push(' '),
            _ if acts(character) => push_sign(&mut shown, character),
            _ => shown.push(character),
        }
    }
    Cow::Owned(shown)
}

/// JSON, which stays the same JSON: outside of ASCII there are only texts, and there `\u202e` is the character itself.
pub fn in_json(json: &str) -> Cow<'_, str> {
    if !json.contains(|character| character != '\n' && acts(character)) {
        return Cow::Borrowed(json);
    }
    let mut escaped = String::with_capacity(json.len() + 16);
    for character in json.chars() {
        if character == '\n' || !acts(character) {
            escaped.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            let _ = write!(escaped, "\\u{unit:04x}"); // a String takes all
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_acts_is_shown_and_lines_stay() {
        assert_eq!(for_people("one\n\x1b]0;two\x07\r\n"), "one\n␛]0;two␇␍\n");
        assert!(matches!(for_people("plain\nünï\n"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn json_is_the_same_json(text in "\\PC*|.*|[\u{0}-\u{a0}\u{202a}-\u{202e}\u{e0041}\"\\\\]*") {
            let value = serde_json::json!({ text.clone(): [text] });
            for json in [serde_json::to_string(&value).unwrap(), serde_json::to_string_pretty(&value).unwrap()] {
                let written = in_json(&json);
                prop_assert!(!written.contains(|c| c != '\n' && acts(c)), "{written:?}");
                prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&written).unwrap(), value.clone());
            }
        }

        #[test]
        fn nothing_acts_and_twice_is_once(text in "\\PC*|.*|[\u{0}-\u{a0}\u{202a}-\u{202e}]*") {
            let once = for_people(&text).into_owned();
            prop_assert!(!once.contains(|c| c != '\n' && acts(c)));
            prop_assert_eq!(for_people(&once), &*once);
        }
    }
}
