//! Whatever bytes come from outside, they are seen and do nothing: every string of a corpus, through every field, to every
//! place that the program writes to.

pub(crate) mod account;
pub(crate) mod inject;
mod network;
pub(crate) mod oracle;
mod programs;
pub(crate) mod served;

use spotdrill::text::SafeText;

/// The strings, one a line; `slack_function.py` puts the same ones through the Lambda.
fn corpus() -> Vec<String> {
    serde_json::from_str(include_str!("hostile/strings.json")).unwrap()
}

/// What may be long when it is safe: a field is cut at a kilobyte, and what is cut off is not tried.
const PORTION: usize = 700;

/// The corpus in as few texts as fit into a field whole; a string that is longer than a field is one of its own.
pub(crate) fn portions() -> Vec<String> {
    let mut portions = vec![String::new()];
    let mut room = PORTION;
    for string in corpus() {
        let length = SafeText::line(&string).len() + 3;
        if length > room {
            portions.push(String::new());
            room = PORTION;
        }
        room = room.saturating_sub(length);
        let last = portions.last_mut().unwrap();
        last.push_str(&string);
        last.push('|');
    }
    portions
}

#[test]
fn the_corpus_is_whole() {
    let corpus = corpus();
    assert!(corpus.len() >= 200, "{}", corpus.len());
    for code in (0..0x20).chain(0x7f..0xa0).chain(0x202a..=0x202e).chain(0x2066..=0x2069) {
        let character = char::from_u32(code).unwrap();
        assert!(corpus.iter().any(|string| string.contains(character)), "U+{code:04X} is missing");
    }
    let all: usize = portions().iter().map(|portion| portion.matches('|').count()).sum();
    assert!(all >= corpus.len());
}
