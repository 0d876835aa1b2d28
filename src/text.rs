//! Text that came from outside, made harmless where it enters: tags, names, log lines, error messages. Knows nothing of
//! where it came from or where it is shown.

pub mod written;

use std::{
    fmt::{self, Write},
    ops::Deref,
};

use serde::{Deserialize, Deserializer, Serialize};
use unicode_width::UnicodeWidthChar;

/// The longest field kept, in bytes; what is cut ends with `…`.
pub const FIELD_BYTES: usize = 1024;
/// The longest log line kept, in bytes.
pub const LINE_BYTES: usize = 8192;
/// How many combining marks may sit on one character before the rest is dropped.
const MARKS_PER_CHARACTER: usize = 3;

/// Text that no terminal, log or report can mistake for anything but text.
///
/// Control characters become visible symbols, characters that turn the direction of writing or take no room become
/// their code point in angle brackets, and length is bounded. Making it safe twice changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct SafeText(String);

impl SafeText {
    /// A field: a name, a tag, an identifier, an error message.
    pub fn new(raw: impl AsRef<str>) -> Self {
        Self(made_safe(raw.as_ref(), FIELD_BYTES))
    }

    /// One line of a log.
    pub fn line(raw: impl AsRef<str>) -> Self {
        Self(made_safe(raw.as_ref().trim_end_matches(['\r', '\n']), LINE_BYTES))
    }

    /// A name that something is known by: whatever is replaced in it leaves a sign, so that [`Self::is_verbatim`] tells.
    pub fn name(raw: impl AsRef<str>) -> Self {
        let raw = raw.as_ref();
        let safe = Self::new(raw);
        let is_lossy = safe.as_str() != raw && safe.is_verbatim();
        if is_lossy { Self::new(format!("{safe}{LOST}")) } else { safe }
    }

    /// Whether each character stands for itself; false also for a text that has one of our signs by itself.
    pub fn is_verbatim(&self) -> bool {
        !self.contains(|sign: char| ('\u{2400}'..='\u{2426}').contains(&sign) || sign == '…' || sign == LOST)
            && !self.contains("<U+")
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Stands at the end of a name in which something was replaced by a blank, or dropped.
const LOST: char = '\u{fffd}';
/// What a mark sits on that has no character before it: else it would sit on what we write before the text.
const NOTHING: char = '\u{25cc}';

fn made_safe(raw: &str, most_bytes: usize) -> String {
    let mut safe = String::with_capacity(raw.len().min(most_bytes));
    let mut marks = 0;
    for character in raw.chars() {
        marks = if is_mark(character) { marks + 1 } else { 0 };
        if marks > MARKS_PER_CHARACTER {
            continue;
        }
        let before = safe.len();
        if marks == 1 && safe.is_empty() {
            safe.push(NOTHING);
        }
        push_safe(&mut safe, character);
        if safe.len() > most_bytes {
            let room = before.min(most_bytes.saturating_sub('…'.len_utf8()));
            safe.truncate(safe.floor_char_boundary(room));
            safe.push('…');
            break;
        }
    }
    safe
}

fn push_safe(safe: &mut String, character: char) {
    match character {
        '\t' | '\n' | '\r' | '\u{2028}' | '\u{2029}' => safe.push(' '),
        '\u{fe00}'..='\u{fe0f}' => {} // asks for another look of the character before it: not worth the room
        _ if acts(character) => push_sign(safe, character),
        _ => safe.push(character),
    }
}

/// What is shown in place of a character that does something.
fn push_sign(safe: &mut String, character: char) {
    match character {
        '\0'..='\u{1f}' => safe.push(char::from_u32(0x2400 + character as u32).unwrap_or('␦')),
        '\u{7f}' => safe.push('␡'),
        _ => {
            let _ = write!(safe, "<U+{:04X}>", character as u32); // a String takes all
        }
    }
}

/// Whether a character does something in place of being seen: it controls a terminal, turns the direction of writing, or
/// takes no room.
pub fn acts(character: char) -> bool {
    character.is_control() || is_invisible(character)
}

/// Unicode's Default_Ignorable_Code_Point, and the other format characters that are not seen. Source: Unicode 17,
/// DerivedCoreProperties.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{13430}'..='\u{1343f}' | '\u{16fe4}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a character is drawn onto the one before it.
fn is_mark(character: char) -> bool {
    !acts(character) && character.width() == Some(0)
}

impl Deref for SafeText {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<String> for SafeText {
    fn from(raw: String) -> Self {
        Self::line(raw)
    }
}

impl From<&str> for SafeText {
    fn from(raw: &str) -> Self {
        Self::new(raw)
    }
}

/// Where a text that was given is first unlike the one that is wanted, if the eye may not see it: letters that look like others.
pub fn unlike(wanted: &str, given: &str) -> Option<String> {
    let mut both = wanted.chars().zip(given.chars());
    let (wanted, given) = both.find(|(wanted, given)| wanted != given)?;
    let told = |character: char| format!("`{character}` (U+{:04X})", character as u32);
    (!wanted.is_ascii() || !given.is_ascii()).then(|| format!("{} is wanted where {} is", told(wanted), told(given)))
}

/// The characters of a text that no English keyboard has, each once.
pub fn beyond_ascii(text: &str) -> Option<String> {
    let mut found: Vec<_> = text.chars().filter(|character| !character.is_ascii()).collect();
    found.sort_unstable();
    found.dedup();
    let told = found.iter().take(5).map(|character| format!("{character} U+{:04X}", *character as u32));
    (!found.is_empty()).then(|| told.collect::<Vec<_>>().join(", "))
}

/// For a text in a file that is kept as it is: what is read from the file may be another's.
pub fn read_safely<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    SafeText::deserialize(from).map(String::from)
}

impl From<SafeText> for String {
    fn from(text: SafeText) -> Self {
        text.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hostile_text_is_shown_and_does_nothing() {
        for (raw, safe) in [
            ("\x1b[31mred", "␛[31mred"),
            ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
            ("\u{9b}2J", "<U+009B>2J"),
            ("a\u{202e}b", "a<U+202E>b"),
            ("zero\u{200b}width", "zero<U+200B>width"),
            ("tab\tand\r\nline", "tab and  line"),
            ("nul\0del\x7f", "nul␀del␡"),
            ("z\u{300}\u{301}\u{302}\u{303}\u{304}o", "z\u{300}\u{301}\u{302}o"),
            ("plain ünïcode 日本", "plain ünïcode 日本"),
            ("\u{338}struck", "\u{25cc}\u{338}struck"),
            ("ห\u{e49}\u{e49}\u{e49}\u{e49}\u{e49}", "ห\u{e49}\u{e49}\u{e49}"),
            ("tag\u{e0041}\u{180e}", "tag<U+E0041><U+180E>"),
        ] {
            assert_eq!(SafeText::new(raw).as_str(), safe, "{raw:?}");
        }
    }

    #[test]
    fn a_name_tells_whether_it_is_what_it_shows() {
        for verbatim in ["web", "shop/web-1", "日本", "wеb", "a b"] {
            assert!(SafeText::name(verbatim).is_verbatim(), "{verbatim:?}");
        }
        for not in ["we\tb", "web\r", "we\u{200b}b", "\x1b[0mweb", "web\u{fe0f}", "<U+200B>", "␛", &"w".repeat(2_000)]
        {
            let name = SafeText::name(not);
            assert!(!name.is_verbatim(), "{not:?} became {name:?}");
            assert_eq!(SafeText::name(name.as_str()), name);
        }
        let zalgo = format!("we{}b", "\u{301}".repeat(9));
        assert!(!SafeText::name(&zalgo).is_verbatim());
    }

    #[test]
    fn letters_that_look_alike_are_told_apart() {
        assert_eq!(unlike("wеb 3", "web 3").unwrap(), "`е` (U+0435) is wanted where `e` (U+0065) is");
        assert_eq!(unlike("web 3", "wеb 3").unwrap(), "`e` (U+0065) is wanted where `е` (U+0435) is");
        assert_eq!((unlike("web 3", "wab 3"), unlike("web", "we"), unlike("日本", "日本")), (None, None, None));
        assert_eq!(beyond_ascii("pгоd о").unwrap(), "г U+0433, о U+043E");
        assert_eq!(beyond_ascii("prod 3"), None);
    }

    #[test]
    fn a_field_is_cut_at_a_kilobyte_and_says_so() {
        let cut = SafeText::new("x".repeat(10_000));
        assert_eq!(cut.len(), FIELD_BYTES);
        assert!(cut.ends_with('…'));
    }

    proptest! {
        /// Wherever the cut falls in a character of several bytes.
        #[test]
        fn a_text_of_any_script_is_cut_between_characters(lead in 0..8_usize, character in "[日é😀a\u{202e}]") {
            let cut = SafeText::new(format!("{}{}", "x".repeat(lead), character.repeat(FIELD_BYTES + 1)));
            prop_assert!(cut.len() <= FIELD_BYTES && cut.as_str().ends_with('…'));
            let line = SafeText::line(format!("{}{}", "x".repeat(lead), character.repeat(LINE_BYTES)));
            prop_assert!(line.len() <= LINE_BYTES);
        }

        #[test]
        fn nothing_that_acts_is_left_and_twice_is_once(raw in "\\PC*|.*") {
            let once = SafeText::new(&raw);
            prop_assert!(!once.chars().any(acts), "{once:?}");
            prop_assert!(once.len() <= FIELD_BYTES);
            prop_assert_eq!(SafeText::new(once.as_str()), once);
        }

        /// What stands before and after keeps its place: no mark leaves the text that it came with.
        #[test]
        fn a_text_is_as_wide_as_its_characters(raw in "\\PC*|.*|[\u{300}-\u{310}\u{e31}-\u{e3a}\u{ff9e}\u{1100}-\u{11ff}a日]*") {
            use unicode_width::UnicodeWidthStr;
            let safe = SafeText::new(&raw);
            let between = format!("|{safe}|");
            // a halfwidth voiced mark joins what is before it as a grapheme, and has a cell of its own
            prop_assert!(!safe.starts_with(is_mark), "{safe:?} sits on what stands before it");
            prop_assert_eq!(between.width(), safe.width() + 2);
            let runs = safe.split(|c| !is_mark(c)).map(|run| run.chars().count());
            prop_assert!(runs.max() <= Some(MARKS_PER_CHARACTER));
        }
    }
}
