//! The first line: where this is, and what must never be overlooked. Knows no screen but which one is shown.

use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::{WIDE, fit, look::Look, put};
use crate::{
    app::{App, Screen, live::clock},
    drill::fleet::World,
};

pub(super) fn draw(app: &App, look: &Look, now: Timestamp, area: Rect, buffer: &mut Buffer) {
    buffer.set_style(area, look.header);
    let mut right = Vec::new();
    for (text, style) in badges(app, look, now) {
        right.push(Span::styled(format!("[{text}]"), style));
        right.push(Span::styled(" ", look.header));
    }
    if app.screen() == Screen::Live {
        right.push(Span::styled(format!("{}Z ", clock(now)), look.header));
    }
    right.push(Span::styled("?:help ", look.header));
    let right = Line::from(right);
    let room = usize::from(area.width).saturating_sub(right.width() + 1);
    let left = fit::cut(&place(app, area.width), room, look.glyphs);
    put(Line::styled(left, look.header), area, buffer);
    put(right.right_aligned(), area, buffer);
}

/// The program, the cluster, the region and the account, as far as they are known.
fn place(app: &App, width: u16) -> String {
    let setting = app.setting();
    let plan = app.live().and_then(|live| live.plan());
    let region = plan.map(|plan| &plan.region).or(setting.region.as_ref());
    let account = plan.map(|plan| &plan.account).or(setting.account.as_ref());
    let mut place = String::from(" spotdrill");
    for part in [app.browser().cluster(), region].into_iter().flatten() {
        place.push_str("  ");
        place.push_str(part);
    }
    if let Some(account) = account {
        let cells = if width < WIDE { 10 } else { 12 };
        place.push_str("  ");
        place.push_str(fit::id(account, cells, super::Glyphs::Unicode).trim_end());
    }
    place
}

fn badges(app: &App, look: &Look, now: Timestamp) -> Vec<(String, Style)> {
    let setting = app.setting();
    let mut badges = Vec::new();
    let stale = app.live().map(|live| live.stale(now)).unwrap_or_default();
    if let Some(oldest) = stale.iter().map(|stale| stale.age).max() {
        badges.push((format!("STALE {} s", oldest.as_secs()), look.real));
    }
    if let Some(endpoint) = &setting.endpoint {
        badges.push((format!("ENDPOINT {}", fit::cut(endpoint, 28, look.glyphs)), look.real));
    }
    if setting.read_only {
        badges.push((String::from("READ-ONLY"), look.header));
    }
    let world = app.live().and_then(|live| live.plan()).map_or(setting.world, |plan| plan.world);
    if world == World::Lab {
        badges.push((format!("LAB x{}", setting.rate), look.lab));
    }
    badges
}
