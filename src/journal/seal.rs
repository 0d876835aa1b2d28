//! The checksum that each line of a journal ends with: it covers the line and the checksum before it, so that a flipped
//! bit, a lost line and an edited one are told. Knows bytes, and not what they say.
//!
//! It is no signature: whoever writes all checksums anew is not told.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// What stands between a line's own last member and its checksum.
const MARK: &[u8] = b",\"sum\":\"";
const END: &[u8] = b"\"}";
/// 128 bits of SHA-256, in hexadecimal digits.
const DIGITS: usize = 32;

/// The checksums of a journal, as far as it was written or read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    /// That of the last line; empty before the first.
    last: String,
}

/// What is said of a line by its checksum.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seal {
    /// It is what was written. The line is this without the checksum.
    Whole(Vec<u8>),
    /// It has a checksum that does not fit it, or not the line before.
    Broken,
    /// It ends with none.
    None,
}

impl Chain {
    /// The line with its checksum. It is a JSON object of at least one member, without a line's end.
    pub(super) fn seal(&mut self, mut line: Vec<u8>) -> Vec<u8> {
        line.pop(); // the closing brace, which comes back with the checksum
        self.last = self.sum(&line);
        line.extend_from_slice(MARK);
        line.extend_from_slice(self.last.as_bytes());
        line.extend_from_slice(END);
        line
    }

    /// Checks a line without its end, and goes on from the checksum that it has, also from a broken one: so the lines that
    /// follow it are told by themselves.
    pub(super) fn open(&mut self, line: &[u8]) -> Seal {
        let Some((line, sum)) = split(line) else { return Seal::None };
        let expected = self.sum(line);
        sum.clone_into(&mut self.last);
        if sum != expected {
            return Seal::Broken;
        }
        let mut line = line.to_vec();
        line.push(b'}');
        Seal::Whole(line)
    }

    fn sum(&self, line: &[u8]) -> String {
        let hash = Sha256::new().chain_update(&self.last).chain_update(b"\n").chain_update(line).finalize();
        hash.iter().take(DIGITS / 2).fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}"); // a String takes all
            text
        })
    }
}

/// Whether a line ends as one with a checksum does.
pub(super) fn is_sealed(line: &[u8]) -> bool {
    split(line).is_some()
}

fn split(line: &[u8]) -> Option<(&[u8], &str)> {
    let line = line.strip_suffix(END)?;
    let (line, sum) = line.split_at_checked(line.len().checked_sub(DIGITS)?)?;
    let sum = str::from_utf8(sum).ok()?;
    Some((line.strip_suffix(MARK)?, sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealed() -> Vec<Vec<u8>> {
        let mut chain = Chain::default();
        (0..4).map(|n| chain.seal(format!("{{\"n\":{n}}}").into_bytes())).collect()
    }

    fn opened(lines: &[Vec<u8>]) -> Vec<bool> {
        let mut chain = Chain::default();
        lines.iter().map(|line| matches!(chain.open(line), Seal::Whole(_))).collect()
    }

    #[test]
    fn a_line_comes_back_as_it_was_and_is_json_with_its_checksum() {
        let lines = sealed();
        assert_eq!(Chain::default().open(&lines[0]), Seal::Whole(b"{\"n\":0}".to_vec()));
        let json: serde_json::Value = serde_json::from_slice(&lines[3]).unwrap();
        assert_eq!((json["n"].as_i64(), json["sum"].as_str().unwrap().len()), (Some(3), DIGITS));
        assert_eq!(opened(&lines), [true; 4]);
    }

    #[test]
    fn a_changed_line_is_told_and_those_after_it_still_count() {
        let mut lines = sealed();
        lines[1][5] = b'7';
        assert_eq!(opened(&lines), [true, false, true, true]);
    }

    #[test]
    fn a_lost_line_and_lines_in_another_order_are_told() {
        let mut lost = sealed();
        lost.remove(1);
        assert_eq!(opened(&lost), [true, false, true]);
        let mut swapped = sealed();
        swapped.swap(1, 2);
        assert_eq!(opened(&swapped), [true, false, false, false]);
    }

    #[test]
    fn what_has_no_checksum_is_not_broken() {
        for line in ["", "{}", "\"}", "{\"n\":1}", "{\"n\":1,\"sum\":\"12\"}"] {
            assert_eq!(Chain::default().open(line.as_bytes()), Seal::None, "{line}");
            assert!(!is_sealed(line.as_bytes()));
        }
    }
}
