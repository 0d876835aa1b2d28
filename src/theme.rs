//! Colours as plain data: one paint for each role that something on the screen can play. Knows neither the screen nor the
//! terminal; the themes are the TOML files in `themes/`, built in.

use serde::Deserialize;
use thiserror::Error;

/// What each role looks like. No role is told from another by its colour alone: words and signs say the same.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Theme {
    pub text: Paint,
    /// What may be overlooked: labels, hints, what is not reached yet.
    pub faint: Paint,
    /// Headings of panes and columns.
    pub heading: Paint,
    pub border: Paint,
    /// The border of the pane that the keys go to.
    pub focus: Paint,
    pub header: Paint,
    /// A key in the footer or in a help line.
    pub key: Paint,
    /// The row under the cursor.
    pub cursor: Paint,
    /// An instance that is marked, a field that is edited.
    pub marked: Paint,
    pub good: Paint,
    pub warn: Paint,
    pub bad: Paint,
    /// A time that was worked out and not seen.
    pub estimate: Paint,
    /// The badge of a lab: not a real account.
    pub lab: Paint,
    /// The badge of a real account, where something is about to be hit.
    pub real: Paint,
    pub countdown: Paint,
}

/// How a role is painted, written as words: `red bold`, `black on yellow`, `reversed`, `#ff8700`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Paint {
    pub ink: Option<Colour>,
    pub ground: Option<Colour>,
    pub bold: bool,
    pub dim: bool,
    pub reversed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// One of the terminal's own sixteen.
    Ansi(u8),
    Rgb(u8, u8, u8),
}

#[derive(Debug, Error)]
pub enum BadTheme {
    #[error("there is no theme `{name}`: choose {}", Theme::NAMES.join(", "))]
    Unknown { name: String },
    #[error("theme `{name}`: {why}")]
    Unreadable { name: String, why: toml::de::Error },
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("`{0}` is no paint: write it as `red bold`, `black on yellow`, `reversed`, `dim` or `#ff8700`")]
pub struct BadPaint(String);

impl Theme {
    pub const NAMES: [&str; 3] = ["default", "mono", "contrast"];

    /// The built-in theme of that name.
    pub fn named(name: &str) -> Result<Self, BadTheme> {
        let text = match name {
            "default" => include_str!("../themes/default.toml"),
            "mono" => include_str!("../themes/mono.toml"),
            "contrast" => include_str!("../themes/contrast.toml"),
            _ => return Err(BadTheme::Unknown { name: name.to_owned() }),
        };
        toml::from_str(text).map_err(|why| BadTheme::Unreadable { name: name.to_owned(), why })
    }
}

const ANSI: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

impl Colour {
    fn parse(word: &str) -> Option<Self> {
        if let Some(number) = ANSI.iter().position(|name| *name == word) {
            return u8::try_from(number).ok().map(Self::Ansi);
        }
        let hex = word.strip_prefix('#').filter(|hex| hex.len() == 6)?;
        let value = u32::from_str_radix(hex, 16).ok()?;
        let [_, red, green, blue] = value.to_be_bytes();
        Some(Self::Rgb(red, green, blue))
    }
}

impl TryFrom<String> for Paint {
    type Error = BadPaint;

    fn try_from(text: String) -> Result<Self, BadPaint> {
        let mut paint = Self::default();
        let mut words = text.split_whitespace();
        let colour = |word: Option<&str>| word.and_then(Colour::parse).ok_or_else(|| BadPaint(text.clone()));
        while let Some(word) = words.next() {
            match word {
                "plain" => {}
                "bold" => paint.bold = true,
                "dim" => paint.dim = true,
                "reversed" => paint.reversed = true,
                "on" => paint.ground = Some(colour(words.next())?),
                _ => paint.ink = Some(colour(Some(word))?),
            }
        }
        Ok(paint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paints(theme: &Theme) -> [Paint; 16] {
        let Theme { text, faint, heading, border, focus, header, key, cursor, .. } = *theme;
        let Theme { marked, good, warn, bad, estimate, lab, real, countdown, .. } = *theme;
        [
            text, faint, heading, border, focus, header, key, cursor, marked, good, warn, bad, estimate, lab, real,
            countdown,
        ]
    }

    #[test]
    fn every_built_in_theme_can_be_read() {
        for name in Theme::NAMES {
            Theme::named(name).unwrap();
        }
        assert!(Theme::named("pink").unwrap_err().to_string().contains("default, mono, contrast"));
    }

    #[test]
    fn mono_has_no_colour_and_still_shows_the_cursor() {
        let mono = Theme::named("mono").unwrap();
        assert!(paints(&mono).iter().all(|paint| paint.ink.is_none() && paint.ground.is_none()));
        assert!(mono.cursor.reversed);
    }

    #[test]
    fn the_default_keeps_to_the_colours_that_the_terminal_chose() {
        for paint in paints(&Theme::named("default").unwrap()) {
            assert!(!matches!(paint.ink, Some(Colour::Rgb(..))) && paint.ground.is_none(), "{paint:?}");
        }
    }

    #[test]
    fn a_paint_is_written_in_words() {
        let paint = Paint::try_from(String::from("black on #ff8700 bold")).unwrap();
        assert_eq!((paint.ink, paint.ground), (Some(Colour::Ansi(0)), Some(Colour::Rgb(255, 135, 0))));
        assert!(paint.bold && !paint.reversed);
        assert!(Paint::try_from(String::from("reddish")).is_err());
        assert!(Paint::try_from(String::from("red on")).is_err());
    }
}
