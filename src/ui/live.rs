//! Draws a drill while it runs and after. Knows which panes go first when the room is small, never what happens next.

mod checks;
mod headline;
mod instances;
mod lines;

use jiff::Timestamp;
use lines::List;
use ratatui::{buffer::Buffer, layout::Rect};

use super::{WIDE, look::Look, rows, split_right};
use crate::app::{
    App,
    live::{Live, Pane},
};

/// Below, a pane would show too little of anything.
const LEAST_PANE: u16 = 5;

pub(super) fn draw(app: &App, look: &Look, now: Timestamp, area: Rect, buffer: &mut Buffer) {
    let Some(live) = app.live() else { return };
    let headline_height = headline::height(area);
    let [top, rest] = rows(area, [headline_height, area.height.saturating_sub(headline_height)]);
    headline::draw(app, live, look, now, top, buffer);
    // the panes keep their room; where they have too little anyway, one row is taken all the same
    let spare = rest.height.saturating_sub(2 * LEAST_PANE + 1).max(1);
    let checks_height = checks::height(live, spare);
    let [checks, rest] = rows(rest, [checks_height, rest.height.saturating_sub(checks_height)]);
    checks::draw(live, look, now, checks, buffer);
    if rest.height < 2 * LEAST_PANE + 1 {
        return draw_pane(live, live.pane, look, now, rest, buffer);
    }
    let room = rest.height.saturating_sub(LEAST_PANE + 3).max(LEAST_PANE + 1);
    let wanted = instances::height(live, rest.width, room);
    let height = wanted.clamp(LEAST_PANE, rest.height - LEAST_PANE);
    let [instances, below] = rows(rest, [height, rest.height - height]);
    instances::draw(live, look, now, instances, buffer);
    if rest.width >= WIDE {
        let (left, right) = split_right(below, below.width / 2);
        draw_pane(live, Pane::Logs, look, now, left, buffer);
        draw_pane(live, Pane::Facts, look, now, right, buffer);
    } else {
        let shown = if live.pane == Pane::Logs { Pane::Logs } else { Pane::Facts };
        draw_pane(live, shown, look, now, below, buffer);
    }
}

fn draw_pane(live: &Live, pane: Pane, look: &Look, now: Timestamp, area: Rect, buffer: &mut Buffer) {
    let focused = live.pane == pane;
    let list = match pane {
        Pane::Instances => return instances::draw(live, look, now, area, buffer),
        Pane::Logs => List { title: "Lambda log", lines: &live.logs, tail: live.logs_tail, with_source: false },
        Pane::Facts => List { title: "facts", lines: &live.facts, tail: live.facts_tail, with_source: true },
    };
    list.draw(focused, look, area, buffer);
}
