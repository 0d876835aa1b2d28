//! Makes text fit: measured in the cells that it takes on a terminal, cut where it is too long and saying so. Knows no
//! colour and no place.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::look::Glyphs;

pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most so many cells; what is cut ends with a sign.
pub(super) fn cut(text: &str, cells: usize, glyphs: Glyphs) -> String {
    if text.width() <= cells {
        return text.to_owned();
    }
    if cells == 0 {
        return String::new();
    }
    let mut kept = head(text, cells - 1).to_owned();
    kept.push_str(glyphs.cut());
    kept
}

/// The text in exactly so many cells.
pub(super) fn left(text: &str, cells: usize, glyphs: Glyphs) -> String {
    let mut text = cut(text, cells, glyphs);
    text.extend(std::iter::repeat_n(' ', cells.saturating_sub(text.width())));
    text
}

/// The text in exactly so many cells, against their right end: for numbers.
pub(super) fn right(text: &str, cells: usize, glyphs: Glyphs) -> String {
    let text = cut(text, cells, glyphs);
    format!("{}{text}", " ".repeat(cells.saturating_sub(text.width())))
}

/// An identifier is told by its beginning and its end: `i-0c02..77aa`.
pub(super) fn id(id: &str, cells: usize, glyphs: Glyphs) -> String {
    const ENDING: usize = 4;
    const GAP: usize = 2;
    if id.width() <= cells || cells <= ENDING + GAP {
        return left(id, cells, glyphs);
    }
    let start = head(id, cells - ENDING - GAP);
    let ending: Vec<_> = id.graphemes(true).rev().take(ENDING).collect();
    let ending: String = ending.into_iter().rev().collect();
    left(&format!("{start}..{ending}"), cells, glyphs)
}

/// The text in at most so many cells; what is cut is cut out of its middle.
pub(super) fn ends(text: &str, cells: usize, glyphs: Glyphs) -> String {
    if text.width() <= cells || cells < 3 {
        return cut(text, cells, glyphs);
    }
    let half = (cells - 1) / 2;
    let mut used = 0;
    let fits = |grapheme: &&str| {
        used += grapheme.width();
        used <= half
    };
    let ending: Vec<_> = text.graphemes(true).rev().take_while(fits).collect();
    let ending: String = ending.into_iter().rev().collect();
    format!("{}{}{ending}", head(text, cells - 1 - half), glyphs.cut())
}

/// As much of the beginning as fits.
fn head(text: &str, cells: usize) -> &str {
    let mut used = 0;
    let end = text.grapheme_indices(true).find(|(_, grapheme)| {
        used += grapheme.width();
        used > cells
    });
    text.get(..end.map_or(text.len(), |(at, _)| at)).unwrap_or_default()
}

/// Up to the last place where an ARN or a path may be broken, unless most of the room would be lost.
fn to_seam(text: &str) -> &str {
    let seam = text.rfind(['/', ':', ',']).map_or(text.len(), |at| at + 1);
    if seam * 2 >= text.len() { text.get(..seam).unwrap_or(text) } else { text }
}

/// The text in lines of at most so many cells, broken between words where it can be.
pub(super) fn wrap(text: &str, cells: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    if cells == 0 {
        return lines;
    }
    for word in text.split_inclusive(' ') {
        let mut rest = word;
        loop {
            let used = lines.last().map_or(0, |line| line.width());
            if used + rest.trim_end().width() <= cells {
                break;
            }
            if used > 0 {
                if let Some(line) = lines.last_mut() {
                    line.truncate(line.trim_end().len());
                }
                lines.push(String::new());
                continue;
            }
            let fits = to_seam(head(rest, cells));
            if fits.is_empty() {
                break; // a wide character in a single cell: ratatui leaves it out
            }
            if let Some(line) = lines.last_mut() {
                line.push_str(fits);
            }
            rest = rest.get(fits.len()..).unwrap_or_default();
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            line.push_str(rest);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_cut_says_so_and_columns_stay_aligned() {
        for (text, cells, shown) in [
            ("running", 9, "running  "),
            ("shutting-down", 9, "shutting…"),
            ("日本語の名前", 6, "日本… "),
            ("日本", 4, "日本"),
            ("ab", 0, ""),
        ] {
            assert_eq!(left(text, cells, Glyphs::Unicode), shown);
            assert_eq!(width(&left(text, cells, Glyphs::Unicode)), cells);
        }
        assert_eq!(cut("shutting-down", 9, Glyphs::Ascii), "shutting~");
        assert_eq!(right("42", 4, Glyphs::Unicode), "  42");
    }

    #[test]
    fn an_id_keeps_both_ends() {
        assert_eq!(id("i-0c02d4e1b777aa", 13, Glyphs::Unicode), "i-0c02d..77aa");
        assert_eq!(id("i-0a1", 7, Glyphs::Unicode), "i-0a1  ");
    }

    #[test]
    fn a_long_text_can_keep_both_ends() {
        assert_eq!(ends("shop.example.com/health", 23, Glyphs::Unicode), "shop.example.com/health");
        assert_eq!(ends("shop.example.com/a/health", 15, Glyphs::Unicode), "shop.ex…/health");
        assert_eq!(ends("shop.example.com/a/health", 2, Glyphs::Ascii), "s~");
        assert_eq!(ends("日本語日本語", 6, Glyphs::Unicode), "日…語");
    }

    #[test]
    fn lines_break_between_words_and_long_words_anywhere() {
        assert_eq!(wrap("the drill goes on", 10), ["the drill", "goes on"]);
        assert_eq!(wrap("abcdefgh ij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("arn:aws:iam::1:role/name", 18), ["arn:aws:iam::1:", "role/name"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("日本", 1), ["日本"]);
    }
}
