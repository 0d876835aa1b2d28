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
    let badges = badges(app, look, now, area.width);
    let mut right: Vec<_> = badges.into_iter().map(|(text, style)| Span::styled(format!("[{text}]"), style)).collect();
    let mut room = usize::from(area.width).saturating_sub(right.iter().map(|span| span.width() + 1).sum());
    let time = (app.screen() == Screen::Live).then(|| format!("{}Z", clock(now)));
    // badges are never cut; what is not a badge takes the room that they leave
    for text in [time, Some(String::from("?:help"))].into_iter().flatten() {
        if room > text.len() {
            room -= text.len() + 1;
            right.push(Span::styled(text, look.header));
        }
    }
    let gaps = right.into_iter().flat_map(|span| [span, Span::styled(" ", look.header)]);
    let left = fit::cut(&place(app, area.width), room.saturating_sub(1), look.glyphs);
    put(Line::styled(left, look.header), area, buffer);
    put(gaps.collect::<Line<'_>>().right_aligned(), area, buffer);
}

/// Below this width the account is cut in its middle: it is what an operator must check.
const NARROW: u16 = 72;

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
        let cells = if width < NARROW { 10 } else { 12 };
        place.push_str("  ");
        place.push_str(fit::id(account, cells, super::Glyphs::Unicode).trim_end());
    }
    place
}

fn badges(app: &App, look: &Look, now: Timestamp, width: u16) -> Vec<(String, Style)> {
    let setting = app.setting();
    let mut badges = Vec::new();
    let stale = app.live().map(|live| live.stale(now)).unwrap_or_default();
    if let Some(oldest) = stale.iter().map(|stale| stale.age).max() {
        badges.push((format!("STALE {} s", oldest.as_secs()), look.real));
    }
    if let Some(endpoint) = &setting.endpoint {
        let short = endpoint.split_once("://").map_or(endpoint.as_str(), |(_, rest)| rest);
        let (text, cells) = if width < WIDE { (short, 15) } else { (endpoint.as_str(), 40) };
        badges.push((format!("ENDPOINT {}", fit::cut(text, cells, look.glyphs)), look.real));
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
