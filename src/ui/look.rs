//! The theme and the glyphs, ready to draw with. Knows no screen.

use ratatui::{
    style::{Color, Modifier, Style},
    symbols::border,
};

use crate::theme::{Colour, Paint, Theme};

/// The signs that may be drawn with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyphs {
    /// Box drawing and block elements.
    Unicode,
    Ascii,
}

/// A style for each role of the theme.
#[derive(Clone, Copy, Debug)]
pub(super) struct Look {
    pub(super) glyphs: Glyphs,
    pub(super) text: Style,
    pub(super) faint: Style,
    pub(super) heading: Style,
    pub(super) border: Style,
    pub(super) focus: Style,
    pub(super) header: Style,
    pub(super) key: Style,
    pub(super) cursor: Style,
    pub(super) marked: Style,
    pub(super) good: Style,
    pub(super) warn: Style,
    pub(super) bad: Style,
    pub(super) estimate: Style,
    pub(super) lab: Style,
    pub(super) real: Style,
    pub(super) countdown: Style,
}

impl Look {
    pub(super) fn new(theme: &Theme, glyphs: Glyphs) -> Self {
        Self {
            glyphs,
            text: style(theme.text),
            faint: style(theme.faint),
            heading: style(theme.heading),
            border: style(theme.border),
            focus: style(theme.focus),
            header: style(theme.header),
            key: style(theme.key),
            cursor: style(theme.cursor),
            marked: style(theme.marked),
            good: style(theme.good),
            warn: style(theme.warn),
            bad: style(theme.bad),
            estimate: style(theme.estimate),
            lab: style(theme.lab),
            real: style(theme.real),
            countdown: style(theme.countdown),
        }
    }
}

fn style(paint: Paint) -> Style {
    let mut style = Style { fg: paint.ink.map(colour), bg: paint.ground.map(colour), ..Style::default() };
    for (wanted, modifier) in
        [(paint.bold, Modifier::BOLD), (paint.dim, Modifier::DIM), (paint.reversed, Modifier::REVERSED)]
    {
        if wanted {
            style = style.add_modifier(modifier);
        }
    }
    style
}

fn colour(colour: Colour) -> Color {
    match colour {
        Colour::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
        Colour::Ansi(number) => match number {
            0 => Color::Black,
            1 => Color::Red,
            2 => Color::Green,
            3 => Color::Yellow,
            4 => Color::Blue,
            5 => Color::Magenta,
            6 => Color::Cyan,
            7 => Color::Gray,
            8 => Color::DarkGray,
            9 => Color::LightRed,
            10 => Color::LightGreen,
            11 => Color::LightYellow,
            12 => Color::LightBlue,
            13 => Color::LightMagenta,
            14 => Color::LightCyan,
            _ => Color::White,
        },
    }
}

/// A phase bar: what was not reached, the time after the warning, the notice, the time after it, the end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bar {
    pub(super) ahead: char,
    pub(super) warned: char,
    pub(super) notice: char,
    pub(super) doomed: char,
    pub(super) gone: char,
}

impl Glyphs {
    /// What text that was cut ends with.
    pub(super) fn cut(self) -> &'static str {
        match self {
            Self::Unicode => "…",
            Self::Ascii => "~",
        }
    }

    pub(super) fn border(self, focused: bool) -> border::Set<'static> {
        match (self, focused) {
            (Self::Unicode, false) => border::PLAIN,
            (Self::Unicode, true) => border::THICK,
            (Self::Ascii, _) => border::Set {
                top_left: "+",
                top_right: "+",
                bottom_left: "+",
                bottom_right: "+",
                vertical_left: "|",
                vertical_right: "|",
                horizontal_top: if focused { "=" } else { "-" },
                horizontal_bottom: if focused { "=" } else { "-" },
            },
        }
    }

    pub(super) fn bar(self) -> Bar {
        match self {
            Self::Unicode => Bar { ahead: '─', warned: '▒', notice: 'N', doomed: '█', gone: 'x' },
            Self::Ascii => Bar { ahead: '.', warned: 'r', notice: 'N', doomed: '#', gone: 'x' },
        }
    }

    /// Stands for a character of a secret.
    pub(super) fn dot(self) -> &'static str {
        match self {
            Self::Unicode => "•",
            Self::Ascii => "*",
        }
    }

    pub(super) fn block(self) -> &'static str {
        match self {
            Self::Unicode => "█",
            Self::Ascii => "#",
        }
    }

    pub(super) fn shade(self) -> &'static str {
        match self {
            Self::Unicode => "░",
            Self::Ascii => ".",
        }
    }
}
