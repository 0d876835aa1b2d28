//! Draws the setup screen: the form, and below it what would be done, how far it is, or what came of it. Knows nothing of how
//! the stack is changed.

mod form;
mod outcome;
mod plan;
mod progress;
mod proof;

use std::collections::BTreeMap;

use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::{fit, look::Look, pane, rows};
use crate::{
    app::{App, setup::Stage},
    text::SafeText,
};

/// From this height on there is room for the form above what is done.
const TALL: u16 = 30;

/// A pane's title, what stands at its right, and its lines.
struct Told {
    title: String,
    right: String,
    lines: Vec<Line<'static>>,
}

pub(super) fn draw(app: &App, look: &Look, now: Timestamp, area: Rect, buffer: &mut Buffer) {
    let setup = app.setup();
    let is_form = matches!(setup.stage, Stage::Form);
    let below = if is_form || area.height >= TALL {
        let height = form::draw(app, is_form, look, area, buffer);
        let [_, below] = rows(area, [height, area.height.saturating_sub(height)]);
        below
    } else {
        area
    };
    let width = usize::from(below.width.saturating_sub(4));
    let told = match &setup.stage {
        Stage::Form => form::way(app, look, width),
        Stage::Job(job) => progress::told(app, job, look, now, width),
        Stage::Preview(preview) => plan::preview(preview, look, width),
        Stage::Leftover(stack, parts) => plan::leftover(stack, parts, look, width),
        Stage::Removal(removal) => plan::removal(removal, look, width),
        Stage::Proof(proof) => proof::told(proof.as_deref(), look, width),
        Stage::SetUp(done) => outcome::set_up(app, done, look, width),
        Stage::TornDown(removal, remains) => outcome::torn_down(removal, remains, look, width),
        Stage::Failed(goal, why) => outcome::failed(*goal, why, look, width),
    };
    let Told { title, right, lines } = told;
    let hidden = lines.len().saturating_sub(below.height.saturating_sub(2).into());
    let right = if hidden > 0 && !is_form { format!("{right}  j k scroll").trim().to_owned() } else { right };
    let inner = pane::draw(&title, &right, !is_form, look, below, buffer);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    pane::fill(lines.into_iter().skip(setup.top.min(hidden)), inner, buffer);
}

/// Text in lines of that width.
fn wrapped(text: &str, style: Style, width: usize) -> Vec<Line<'static>> {
    fit::wrap(text, width).into_iter().map(|line| Line::styled(line, style)).collect()
}

/// A word that says how it stands, in its colour, and text that goes on below itself.
fn worded(word: &str, style: Style, cells: usize, text: &str, look: &Look, width: usize) -> Vec<Line<'static>> {
    let parts = fit::wrap(text, width.saturating_sub(cells)).into_iter().enumerate();
    let line = |(number, part): (usize, String)| {
        let word = if number == 0 { word } else { "" };
        Line::from(vec![Span::styled(fit::left(word, cells, look.glyphs), style), Span::styled(part, look.text)])
    };
    parts.map(line).collect()
}

/// Names and what they stand for; a long one stands below its name, so that it is not broken.
fn named(values: &BTreeMap<String, SafeText>, look: &Look, width: usize) -> Vec<Line<'static>> {
    const NAME: usize = 22;
    let line = |(name, value): (&String, &SafeText)| {
        if fit::width(value) + NAME <= width || fit::width(value) + 2 > width {
            return worded(name, look.faint, NAME, value, look, width);
        }
        vec![Line::styled(name.clone(), look.faint), Line::styled(format!("  {value}"), look.text)]
    };
    values.iter().flat_map(line).collect()
}
