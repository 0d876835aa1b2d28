use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;

/// What all of it comes to, once nothing more comes.
fn read(pieces: &[&[u8]]) -> Vec<String> {
    let (mut keys, mut found) = (Keys::default(), Vec::new());
    for piece in pieces {
        keys.take(piece, &mut found);
    }
    keys.silent(&mut found);
    found.iter().map(told).collect()
}

fn told(input: &Input) -> String {
    match input {
        Input::Key(chord) => chord.to_string(),
        Input::Paste(text) => format!("pasted {}", text.expose_secret()),
        Input::Gone => String::from("gone"),
    }
}

fn all(bytes: &str) -> String {
    read(&[bytes.as_bytes()]).join(" ")
}

#[test]
fn keys_are_what_is_pressed() {
    for (bytes, keys) in [
        ("x", "x"),
        ("X ", "X space"),
        ("é日😀", "é 日 😀"),
        ("\r", "enter"),
        ("\t\x7f", "tab backspace"),
        ("\x03\x0a\x1a\x00", "ctrl-c ctrl-j ctrl-z ctrl-space"),
        ("\x1b", "esc"),
        ("\x1b\x1b", "esc esc"),
        ("\x1bx\x1b\x7f", "alt-x alt-backspace"),
        ("\x1b[A\x1b[B\x1b[C\x1b[D\x1b[H\x1b[F", "up down right left home end"),
        ("\x1bOA\x1bOB\x1bOC\x1bOD\x1bOH\x1bOF", "up down right left home end"),
        ("\x1b[1~\x1b[4~\x1b[7~\x1b[8~\x1b[3~\x1b[5~\x1b[6~", "home end home end delete pgup pgdn"),
        ("\x1bOP\x1bOQ\x1bOR\x1bOS\x1b[15~\x1b[17~\x1b[21~\x1b[23~\x1b[24~", "f1 f2 f3 f4 f5 f6 f10 f11 f12"),
        ("\x1b[[A\x1b[[E\x1b[11~\x1b[14~", "f1 f5 f1 f4"),
        ("\x1b[Z\x1b[1;2Z", "shift-tab shift-tab"),
        ("\x1b[1;5A\x1b[1;3D\x1b[3;5~\x1b[1;2P", "ctrl-up alt-left ctrl-delete f1"),
        ("\x1b[113u\x1b[99;5u\x1b[27u\x1b[13u\x1b[9;2u\x1b[127u", "q ctrl-c esc enter shift-tab backspace"),
        ("\x1b[97;2u\x1b[97:65;2u\x1b[49:33;2u\x1b[97;129u", "A A ! a"),
    ] {
        assert_eq!(all(bytes).to_lowercase(), keys.to_lowercase(), "{bytes:?}");
    }
    assert_eq!(all("\x1b[97;2uX"), "A X", "capitals stay capitals");
}

#[test]
fn answers_in_eight_bits_are_no_keys() {
    for answer in
        [&b"\x9b?62;c"[..], b"\x9b24;80R", b"\x9d11;rgb:1d/1f/21\x9c", b"\x901$r0mq\x9c", b"\x9fGq\x9c", b"\x98qX\x9c"]
    {
        assert_eq!(read(&[answer]), [""; 0], "{answer:?}");
    }
    assert_eq!(all("\u{9b}24;80R\u{9d}lweb-spot 1\r\u{9c}\u{90}q\u{9c}x"), "x");
}

#[test]
fn an_answer_without_an_end_is_over_after_a_while() {
    for begun in ["\x1b]11;rgb", "\x1bP1$r", "\x1b[24;", "\x1b_G", "\x1bO", "\x1b[[", "\x1b[M!", "\x1b]0;x\x1b", "é"] {
        let (mut keys, mut found) = (Keys::default(), Vec::new());
        keys.take(&begun.as_bytes()[..begun.len() - usize::from(begun == "é")], &mut found);
        assert!(keys.patience().is_some_and(|patience| patience <= IN_PIECES), "{begun:?}");
        keys.silent(&mut found);
        assert_eq!(keys.patience(), None, "{begun:?}");
        keys.take(b"x", &mut found);
        assert_eq!(found.iter().map(told).collect::<Vec<_>>(), ["x"], "{begun:?}");
    }
}

#[test]
fn a_paste_is_one_and_whatever_is_in_it_no_key() {
    assert_eq!(
        all("\x1b[200~web-spot 1\r\x1b[A\x1b]0;x\x07\x03\x1b[201~"),
        "pasted web-spot 1\r\x1b[A\x1b]0;x\x07\x03"
    );
    assert_eq!(read(&[b"\x1b[20", b"0~a\x1b", b"[201", b"~"]), ["pasted a"]);
    assert_eq!(all("\x1b[200~a\x1b\x1b[201~"), "pasted a\x1b");
    // a terminal that lets an end through within a paste
    assert_eq!(all("\x1b[200~a\x1b[201~web-spot 1\r"), "pasted a", "what comes in one breath with it was pasted too");
    let (mut keys, mut found) = (Keys::default(), Vec::new());
    keys.take(b"\x1b[200~a\x1b[201~", &mut found);
    keys.silent(&mut found);
    keys.take(b"q", &mut found);
    assert_eq!(found.iter().map(told).collect::<Vec<_>>(), ["pasted a", "q"]);
}

#[test]
fn a_paste_has_a_largest_size_and_a_way_out() {
    let long = format!("\x1b[200~{}\x1b[201~", "x".repeat(LONGEST_PASTE + 100));
    assert_eq!(all(&long).len(), "pasted ".len() + LONGEST_PASTE);
    let (mut keys, mut found) = (Keys::default(), Vec::new());
    keys.take(b"\x1b[200~web-spot 1\r", &mut found);
    keys.take(b"\x03", &mut found);
    assert_eq!(keys.patience(), Some(LOST), "within a paste it is a part of it");
    keys.silent(&mut found);
    keys.take(b"\x03", &mut found);
    assert_eq!((found.len(), keys.patience()), (0, None));
}

proptest! {
    #[test]
    fn whatever_comes_can_be_read_in_any_pieces(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..200) {
        let (head, tail) = bytes.split_at(at.min(bytes.len()));
        let is_lone = |piece: &[u8]| piece == [ESC] || piece == [CTRL_C];
        prop_assume!(!is_lone(head) && !is_lone(tail));
        prop_assert_eq!(read(&[&bytes]), read(&[head, tail]));
    }

    #[test]
    fn what_stands_in_an_answer_is_never_a_key(text in "[ -~]{0,80}", begin in 0_usize..4) {
        let (begin, end) = [("\x1b]", "\x1b\\"), ("\x1bP", "\x1b\\"), ("\x1b_", "\x1b\\"), ("\x1b]", "\x07")][begin];
        prop_assert_eq!(all(&format!("{begin}{text}{end}")), "");
    }
}
