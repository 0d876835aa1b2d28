//! What a terminal makes of bytes, as a parser of its language sees it; and what may never be in a cell. Knows none of the
//! program's own filters, so that it can contradict them.

use std::fmt::Write;

use unicode_width::UnicodeWidthChar;
use vte::{Params, Parser, Perform};

/// Where bytes go.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum To {
    /// Lines: no sequence at all.
    Lines,
    /// The screen: our own sequences.
    Screen,
}

/// Everything that is foreign in these bytes.
pub(crate) fn foreign(bytes: &[u8], to: To) -> Vec<String> {
    let mut judge = Judge { to, wrong: Vec::new() };
    if let Err(error) = str::from_utf8(bytes) {
        judge.say(format_args!("it is no UTF-8: {error}"));
    }
    // strings that no terminal shows are passed over by the parser, and one without an end is never dispatched
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == 0x1b) {
        let next = bytes.get(at + 1).copied();
        if to == To::Lines || next != Some(b'[') {
            judge.say(format_args!("an escape before {next:?}"));
        }
    }
    Parser::new().advance(&mut judge, bytes);
    judge.wrong
}

/// Whether a character could do anything but be seen: controls, turns of the direction, what takes no room.
pub(super) fn acts(character: char) -> bool {
    let code = character as u32;
    let hidden = [
        (0x00, 0x1f),
        (0x7f, 0x9f),
        (0xad, 0xad),
        (0x34f, 0x34f),
        (0x61c, 0x61c),
        (0x115f, 0x1160),
        (0x17b4, 0x17b5),
        (0x180b, 0x180f),
        (0x200b, 0x200f),
        (0x2028, 0x202e),
        (0x2060, 0x206f),
        (0x3164, 0x3164),
        (0xfe00, 0xfe0f),
        (0xfeff, 0xfeff),
        (0xffa0, 0xffa0),
        (0xfff0, 0xfffb),
        (0x13430, 0x1343f),
        (0x1bca0, 0x1bca3),
        (0x1d173, 0x1d17a),
        (0xe0000, 0xe0fff),
    ];
    hidden.iter().any(|(first, last)| (*first..=*last).contains(&code))
}

/// What is wrong with the text of one cell.
pub(super) fn wrong_in_cell(symbol: &str) -> Option<String> {
    let mut marks = 0;
    for (place, character) in symbol.chars().enumerate() {
        if acts(character) {
            return Some(format!("U+{:04X} in a cell", character as u32));
        }
        if character.width() == Some(0) {
            marks += 1;
            if place == 0 {
                return Some(format!("U+{:04X} begins a cell", character as u32));
            }
        }
    }
    (marks > 6).then(|| format!("{marks} marks in one cell"))
}

struct Judge {
    to: To,
    wrong: Vec<String>,
}

impl Judge {
    fn say(&mut self, what: std::fmt::Arguments<'_>) {
        self.wrong.push(what.to_string());
    }
}

impl Perform for Judge {
    fn print(&mut self, character: char) {
        if acts(character) {
            self.say(format_args!("U+{:04X}", character as u32));
        }
    }

    fn execute(&mut self, byte: u8) {
        if self.to == To::Screen || byte != b'\n' {
            self.say(format_args!("the control {byte:#04x}"));
        }
    }

    fn hook(&mut self, _: &Params, _: &[u8], _: bool, action: char) {
        self.say(format_args!("a device control string {action}"));
    }

    fn osc_dispatch(&mut self, parameters: &[&[u8]], _: bool) {
        let command = parameters.first().map(|first| String::from_utf8_lossy(first));
        self.say(format_args!("an operating system command {command:?}"));
    }

    fn csi_dispatch(&mut self, parameters: &Params, intermediates: &[u8], _: bool, action: char) {
        let numbers: Vec<u16> = parameters.iter().flatten().copied().collect();
        // colours, the cursor's place, the whole screen cleared, frames at once; the modes that are taken and given back
        let ours = match (intermediates, action) {
            (b"", 'm' | 'H') => true,
            (b"", 'J') => numbers == [2],
            (b"?", 'h' | 'l') => matches!(numbers[..], [2026 | 1049 | 2004 | 25]),
            _ => false,
        };
        if self.to == To::Lines || !ours {
            let mut said = String::from("a control sequence ");
            let _ = write!(said, "{}{numbers:?}{action}", String::from_utf8_lossy(intermediates));
            self.say(format_args!("{said}"));
        }
    }

    fn esc_dispatch(&mut self, _: &[u8], _: bool, byte: u8) {
        self.say(format_args!("an escape sequence {}", char::from(byte)));
    }
}

#[test]
fn the_oracle_sees_every_kind() {
    for bytes in [
        &b"\x1b[2J"[..],
        b"\x1b]0;x\x07",
        b"\x1b]0;x",
        b"\x1bPq\x1b\\",
        b"\x1b_G\x1b\\",
        b"\x1b^x",
        b"\x1bXx",
        b"\x1bc",
        b"\r",
        b"\x08",
        b"\x00",
        b"\x9b31m",
        "\u{9b}31m".as_bytes(),
        "\u{202e}".as_bytes(),
        "\u{200b}".as_bytes(),
        b"\x7f",
    ] {
        assert_ne!(foreign(bytes, To::Lines), [""; 0], "{bytes:?} passes in lines");
    }
    for bytes in [&b"\x1b[21t"[..], b"\x1b[3J", b"\x1b[?1000h", b"\x1b]52;c;?\x07", b"\x1b[6n", b"\x1b[c", b"\n"] {
        assert_ne!(foreign(bytes, To::Screen), [""; 0], "{bytes:?} passes on the screen");
    }
    assert_eq!(foreign("web ünï 日本\n".as_bytes(), To::Lines), [""; 0]);
    assert_eq!(foreign(b"\x1b[?2026h\x1b[1;1H\x1b[38;5;1mx\x1b[0m\x1b[?2026l", To::Screen), [""; 0]);
    assert!(wrong_in_cell("\u{301}").is_some() && wrong_in_cell("a\u{200d}").is_some());
    assert_eq!(wrong_in_cell("e\u{301}"), None);
}
