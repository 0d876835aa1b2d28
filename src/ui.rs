//! Draws the model of the screen. Only looks: it takes `&App` and the time, changes nothing and remembers nothing.

mod card;
mod compose;
mod confirm;
mod consent;
mod doctor;
mod fit;
mod fleet;
mod footer;
mod header;
mod live;
pub mod look;
mod overlay;
mod pane;
mod setup;
mod templates;
mod words;

use jiff::Timestamp;
use ratatui::{Frame, buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{App, Overlay, Screen},
    theme::Theme,
};
pub use look::Glyphs;
use look::Look;

/// What a screen needs to say what it has to; below, a card says so.
pub const LEAST: (u16, u16) = (60, 15);
/// From this width on there are two columns of panes.
const WIDE: u16 = 100;

pub fn draw(app: &App, theme: &Theme, glyphs: Glyphs, now: Timestamp, frame: &mut Frame<'_>) {
    let look = Look::new(theme, glyphs);
    let (area, buffer) = (frame.area(), frame.buffer_mut());
    buffer.set_style(area, look.text);
    if fits((area.width, area.height)) {
        let [head, body, foot] = rows(area, [1, area.height - 2, 1]);
        header::draw(app, &look, now, head, buffer);
        match app.screen() {
            Screen::Fleet => fleet::draw(app, &look, body, buffer),
            Screen::Compose => compose::draw(app, &look, body, buffer),
            Screen::Templates => templates::draw(app, &look, now, body, buffer),
            Screen::Setup => setup::draw(app, &look, now, body, buffer),
            Screen::Doctor => doctor::draw(app, &look, now, body, buffer),
            Screen::Live => live::draw(app, &look, now, body, buffer),
        }
        for overlay in app.overlays() {
            overlay::draw(app, overlay, &look, now, body, buffer);
        }
        footer::toast(app, &look, body, buffer);
        footer::draw(app, &look, foot, buffer);
    } else {
        too_small(app, &look, area, buffer);
    }
    if glyphs == Glyphs::Ascii {
        to_ascii(area, buffer);
    }
}

/// Whether the screens have room on a terminal of these columns and rows.
pub fn fits((width, height): (u16, u16)) -> bool {
    width >= LEAST.0 && height >= LEAST.1
}

/// What the keys do there is said: a question that is not seen would be answered unread.
fn too_small(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    let goes_on = if app.drill_goes_on() {
        "the drill goes on; "
    } else if app.setup().is_changing() {
        "the stack is changed; "
    } else {
        ""
    };
    let stops = if app.drill_goes_on() { ", X stops it" } else { "" };
    let (width, height) = LEAST;
    let keys = match app.overlays().last() {
        Some(Overlay::Leave) => format!("LEAVE? {goes_on}enter leaves, esc stays{stops}"),
        Some(Overlay::Confirm(_) | Overlay::Consent(_)) => String::from("a question waits; esc cancels"),
        _ => format!("{goes_on}q leaves{stops}"),
    };
    let text = [
        String::from("spotdrill: too small"),
        format!("need {width}x{height}, have {}x{}", area.width, area.height),
        keys,
    ];
    let mut lines: Vec<_> = text.iter().flat_map(|line| fit::wrap(line, area.width.into())).collect();
    // the end matters most: it says what the keys do
    lines.drain(..lines.len().saturating_sub(area.height.into()));
    let top = area.height.saturating_sub(lines.len() as u16) / 2;
    for (line, row) in lines.iter().zip(pane::lines_of(area).skip(top.into())) {
        put(Line::styled(line.clone(), look.heading).centered(), row, buffer);
    }
}

/// Cuts an area into rows of these heights; what does not fit is empty.
fn rows<const N: usize>(area: Rect, heights: [u16; N]) -> [Rect; N] {
    let mut y = area.y;
    heights.map(|height| {
        let height = height.min(area.bottom().saturating_sub(y));
        let row = Rect { y, height, ..area };
        y += height;
        row
    })
}

/// Cuts an area into a left part and a right part of this width.
fn split_right(area: Rect, right: u16) -> (Rect, Rect) {
    let right = right.min(area.width);
    let left = area.width - right;
    (Rect { width: left, ..area }, Rect { x: area.x + left, width: right, ..area })
}

fn put(line: Line<'_>, area: Rect, buffer: &mut Buffer) {
    ratatui::widgets::Widget::render(line, area, buffer);
}

/// A terminal without Unicode gets none, wherever it comes from.
fn to_ascii(area: Rect, buffer: &mut Buffer) {
    for position in area.positions() {
        if let Some(cell) = buffer.cell_mut(position).filter(|cell| !cell.symbol().is_ascii()) {
            let plain = if cell.symbol() == "…" { "~" } else { "?" };
            cell.set_symbol(plain);
        }
    }
}
