//! Keys out of the bytes that a terminal sends. Knows which sequences are keys; all others are a terminal's answers, and no
//! byte of an answer is ever a key.

use std::time::Duration;

use secrecy::{SecretString, zeroize::Zeroizing};

use super::Input;
use crate::app::keymap::chord::{Chord, Key};

/// After an ESC: what belongs to it comes at once. The key itself comes alone.
const ALONE: Duration = Duration::from_millis(50);
/// An answer may come in pieces; after this long there is no more of it.
const IN_PIECES: Duration = Duration::from_secs(1);
/// A paste that stops for so long may have lost its end.
const LOST: Duration = Duration::from_secs(5);
/// In bytes; of a longer paste this much is kept, and of a longer sequence nothing.
const LONGEST_PASTE: usize = 64 * 1024;
const LONGEST_SEQUENCE: usize = 64;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;
const CTRL_C: u8 = 0x03;
const PASTE_ENDS: &[u8] = b"\x1b[201~";

/// What was read so far of something longer than a byte.
#[derive(Debug, Default)]
pub struct Keys(State);

#[derive(Debug, Default)]
enum State {
    #[default]
    Ground,
    /// The first bytes of a character, and how many it has.
    Character(Vec<u8>, usize),
    Escape,
    /// The ESC was the key; an answer of which it was the beginning may still follow.
    Escaped,
    Sequence(Vec<u8>),
    /// A function key of the Linux console.
    Console,
    /// A cursor or function key in application mode.
    Application,
    /// Three bytes follow that say where the mouse is.
    Mouse(u8),
    /// An answer that ends with its terminator.
    Answer(Ends),
    /// An ESC within it: with a backslash, its end.
    AnswerEscape(Ends),
    Paste(Pasted),
    /// What comes at once with the end of a paste was pasted too, by a terminal that lets an end through within it.
    AfterPaste,
}

/// How an answer may end besides ESC and backslash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    Bell,
    NothingElse,
    /// It began with one byte, so one byte ends it; in other answers that byte may be a part of a character.
    Byte,
}

#[derive(Debug)]
struct Pasted {
    text: Zeroizing<Vec<u8>>,
    /// How many bytes of its end were seen.
    matched: usize,
    stopped: bool,
}

impl Default for Pasted {
    fn default() -> Self {
        // the room is taken at once, so that no copy is left where a text has moved from
        let text = Zeroizing::new(Vec::with_capacity(LONGEST_PASTE + PASTE_ENDS.len()));
        Self { text, matched: 0, stopped: false }
    }
}

impl Keys {
    /// Takes in what was read at once.
    pub fn take(&mut self, bytes: &[u8], found: &mut Vec<Input>) {
        if let (State::Paste(Pasted { stopped: true, .. }), [ESC | CTRL_C]) = (&self.0, bytes) {
            self.0 = State::Ground; // somebody wants to get out of it
            return;
        }
        for byte in bytes {
            self.byte(*byte, found);
        }
        if let State::AfterPaste = self.0 {
            self.0 = State::Ground;
        }
    }

    /// For how long nothing must come until [`Self::silent`] is to be told.
    pub fn patience(&self) -> Option<Duration> {
        match self.0 {
            State::Ground | State::AfterPaste => None,
            State::Escape | State::Application => Some(ALONE),
            State::Paste(_) => Some(LOST),
            _ => Some(IN_PIECES),
        }
    }

    /// Nothing has come for that long.
    pub fn silent(&mut self, found: &mut Vec<Input>) {
        match std::mem::take(&mut self.0) {
            State::Escape => {
                found.push(key(Key::Esc));
                self.0 = State::Escaped;
            }
            State::Paste(pasted) => self.0 = State::Paste(Pasted { stopped: true, ..pasted }),
            _ => {}
        }
    }

    fn byte(&mut self, byte: u8, found: &mut Vec<Input>) {
        self.0 = match (std::mem::take(&mut self.0), byte) {
            (State::Character(mut bytes, length), 0x80..=0xbf) => {
                bytes.push(byte);
                if bytes.len() < length { State::Character(bytes, length) } else { character(&bytes, found) }
            }
            (State::Escape, _) => escape(byte, found),
            (State::Escaped, b'[') => State::Sequence(Vec::new()),
            (State::Escaped, b']') => State::Answer(Ends::Bell),
            (State::Escaped, b'P' | b'_' | b'^') => State::Answer(Ends::NothingElse),
            (State::Ground | State::Character(..) | State::Escaped, _) => ground(byte, found),
            (State::Sequence(bytes), _) => sequence(bytes, byte, found),
            (State::Console, _) => {
                found.extend((b'A'..=b'E').contains(&byte).then(|| key(Key::F(byte - b'A' + 1))));
                State::Ground
            }
            (State::Application, ESC) => State::Escape,
            (State::Application, _) => {
                found.extend(cursor_key(byte).or(function_key(byte)).map(key));
                State::Ground
            }
            (State::Mouse(left @ 2..), _) => State::Mouse(left - 1),
            (State::Mouse(_), _)
            | (State::Answer(Ends::Bell), BEL)
            | (State::Answer(Ends::Byte), BEL | 0x9c)
            | (State::AnswerEscape(_), b'\\') => State::Ground,
            (State::Answer(ends) | State::AnswerEscape(ends), ESC) => State::AnswerEscape(ends),
            (State::AnswerEscape(ends) | State::Answer(ends), _) => State::Answer(ends),
            (State::Paste(pasted), _) => paste(pasted, byte, found),
            (State::AfterPaste, _) => State::AfterPaste,
        };
    }
}

fn ground(byte: u8, found: &mut Vec<Input>) -> State {
    match byte {
        ESC => return State::Escape,
        0x80..=0x9f => return control(byte),
        0xc2..=0xdf => return State::Character(vec![byte], 2),
        0xe0..=0xef => return State::Character(vec![byte], 3),
        0xf0..=0xf4 => return State::Character(vec![byte], 4),
        _ => found.extend(typed(byte).map(Input::Key)),
    }
    State::Ground
}

/// The key of a single byte.
fn typed(byte: u8) -> Option<Chord> {
    let ctrl = |letter: u8| Some(Chord { key: Key::Char(letter.into()), ctrl: true, alt: false });
    match byte {
        b'\r' => Some(Chord::plain(Key::Enter)),
        b'\t' => Some(Chord::plain(Key::Tab)),
        0x7f => Some(Chord::plain(Key::Backspace)),
        0 => ctrl(b' '),
        0x01..=0x1a => ctrl(byte - 1 + b'a'),
        0x1c..=0x1f => ctrl(byte - 0x1c + b'4'),
        b' '..=b'~' => Some(Chord::plain(Key::Char(byte.into()))),
        _ => None,
    }
}

/// A control of the upper half, in one byte or as a character: the short form of an ESC and a letter.
fn control(code: u8) -> State {
    match code {
        0x8f => State::Application,
        0x90 | 0x98 | 0x9d | 0x9e | 0x9f => State::Answer(Ends::Byte),
        0x9b => State::Sequence(Vec::new()),
        _ => State::Ground,
    }
}

fn character(bytes: &[u8], found: &mut Vec<Input>) -> State {
    match str::from_utf8(bytes).ok().and_then(|text| text.chars().next()) {
        Some(character @ '\u{80}'..='\u{9f}') => return control(character as u8),
        Some(character) => found.push(key(Key::Char(character))),
        None => {}
    }
    State::Ground
}

fn escape(byte: u8, found: &mut Vec<Input>) -> State {
    match byte {
        ESC => {
            found.push(key(Key::Esc));
            return State::Escape;
        }
        b'[' => return State::Sequence(Vec::new()),
        b'O' => return State::Application,
        b']' => return State::Answer(Ends::Bell),
        b'P' | b'X' | b'^' | b'_' => return State::Answer(Ends::NothingElse),
        b'\\' => {} // the end of an answer whose beginning was dropped
        0x80.. => return ground(byte, found),
        _ => found.extend(typed(byte).map(|chord| Input::Key(Chord { alt: true, ..chord }))),
    }
    State::Ground
}

fn sequence(mut bytes: Vec<u8>, byte: u8, found: &mut Vec<Input>) -> State {
    match byte {
        b' '..=b'?' => {
            if bytes.len() <= LONGEST_SEQUENCE {
                bytes.push(byte);
            }
            State::Sequence(bytes)
        }
        b'[' if bytes.is_empty() => State::Console,
        b'M' if bytes.is_empty() => State::Mouse(3),
        b'~' if bytes == b"200" => State::Paste(Pasted::default()),
        b'@'..=b'~' => {
            if bytes.len() <= LONGEST_SEQUENCE {
                found.extend(sequence_key(&bytes, byte).map(Input::Key));
            }
            State::Ground
        }
        ESC => State::Escape,
        0x80.. => ground(byte, found),
        _ => State::Sequence(bytes), // a control means nothing in there
    }
}

/// The key that the sequence stands for; none for what is an answer, such as a report of the cursor.
fn sequence_key(bytes: &[u8], last: u8) -> Option<Chord> {
    let mut parts = str::from_utf8(bytes).ok()?.split(';');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let mut second = second.split(':');
    let held: u16 = second.next().filter(|held| !held.is_empty()).map_or(Ok(1), str::parse).ok()?;
    let (held, is_release) = (held.checked_sub(1)?, second.next() == Some("3"));
    let is_known = held & 0b11_1000 == 0; // neither super nor hyper nor meta
    if is_release || !is_known {
        return None;
    }
    let (shift, alt, ctrl) = (held & 1 != 0, held & 2 != 0, held & 4 != 0);
    let key = match last {
        b'u' => coded_key(first, shift)?,
        b'~' => numbered_key(first.parse().ok()?)?,
        b'Z' if first.is_empty() || first == "1" => Key::BackTab,
        // F3 with something held would look like a report of the cursor
        b'R' => return None,
        _ if first.is_empty() || first == "1" => cursor_key(last).or(function_key(last))?,
        _ => return None,
    };
    Some(Chord { key, ctrl, alt })
}

fn cursor_key(last: u8) -> Option<Key> {
    Some(match last {
        b'A' => Key::Up,
        b'B' => Key::Down,
        b'C' => Key::Right,
        b'D' => Key::Left,
        b'F' => Key::End,
        b'H' => Key::Home,
        _ => return None,
    })
}

fn function_key(last: u8) -> Option<Key> {
    (b'P'..=b'S').contains(&last).then(|| Key::F(last - b'P' + 1))
}

fn numbered_key(number: u8) -> Option<Key> {
    Some(match number {
        1 | 7 => Key::Home,
        3 => Key::Delete,
        4 | 8 => Key::End,
        5 => Key::PageUp,
        6 => Key::PageDown,
        11..=15 => Key::F(number - 10),
        17..=21 => Key::F(number - 11),
        23 | 24 => Key::F(number - 12),
        _ => return None,
    })
}

/// A key by the code of its character, as terminals send it that a program before us has asked for that.
fn coded_key(codes: &str, shift: bool) -> Option<Key> {
    let mut codes = codes.split(':').map(|code| code.parse::<u32>().ok().and_then(char::from_u32));
    Some(match (codes.next()??, codes.next().flatten()) {
        ('\x1b', _) => Key::Esc,
        ('\r', _) => Key::Enter,
        ('\t', _) if shift => Key::BackTab,
        ('\t', _) => Key::Tab,
        ('\x7f', _) => Key::Backspace,
        (_, Some(shifted)) if shift && !shifted.is_control() => Key::Char(shifted),
        (plain @ ' '..='~', None) if shift => Key::Char(plain.to_ascii_uppercase()),
        (plain @ ' '..='~', _) => Key::Char(plain),
        _ => return None,
    })
}

fn paste(mut pasted: Pasted, byte: u8, found: &mut Vec<Input>) -> State {
    pasted.stopped = false;
    pasted.matched = match PASTE_ENDS.get(pasted.matched) {
        Some(next) if *next == byte => pasted.matched + 1,
        _ => usize::from(byte == ESC),
    };
    if pasted.text.len() < pasted.text.capacity() {
        pasted.text.push(byte);
    }
    if pasted.matched < PASTE_ENDS.len() {
        return State::Paste(pasted);
    }
    let length = pasted.text.len() - PASTE_ENDS.len();
    pasted.text.truncate(length);
    found.push(Input::Paste(SecretString::from(String::from_utf8_lossy(&pasted.text).as_ref())));
    State::AfterPaste
}

fn key(key: Key) -> Input {
    Input::Key(Chord::plain(key))
}

#[cfg(test)]
mod tests;
