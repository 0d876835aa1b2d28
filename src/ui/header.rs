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
    let time = (app.screen() == Screen::Live).then(|| format!("{}Z", clock(now)));
    let for_time = time.as_ref().map_or(0, |time| time.len() + 1);
    let places = places(app, area.width);
    let least = places.last().map_or(0, |place| fit::width(place) + 1);
    let with = |endpoint| {
        let badges = badges(app, look, now, endpoint);
        let right: Vec<_> = badges.into_iter().map(|(text, style)| Span::styled(format!("[{text}]"), style)).collect();
        let room = usize::from(area.width).saturating_sub(right.iter().map(|span| span.width() + 1).sum());
        (right, room)
    };
    // account and region are what an operator must check: the endpoint's name gives way to them, not the endpoint's badge
    let cells = if area.width < WIDE { 15 } else { 40 };
    let (mut right, mut room) = with(Some(cells));
    if room < least + for_time {
        (right, room) = with(None);
    }
    let fits = |place: &&String| fit::width(place) + 1 + for_time <= room;
    let place = places.iter().find(fits).or(places.last()).map_or("", String::as_str);
    let left = fit::cut(place, room.saturating_sub(1), look.glyphs);
    room = room.saturating_sub(fit::width(&left) + 1);
    // badges are never cut; what is not a badge takes the room that is left
    for text in [time, Some(String::from("?:help"))].into_iter().flatten() {
        if room > text.len() {
            room -= text.len() + 1;
            right.push(Span::styled(text, look.header));
        }
    }
    let gaps = right.into_iter().flat_map(|span| [span, Span::styled(" ", look.header)]);
    put(Line::styled(left, look.header), area, buffer);
    put(gaps.collect::<Line<'_>>().right_aligned(), area, buffer);
}

/// Below this width the account is cut in its middle: it is what an operator must check.
const NARROW: u16 = 72;

/// The program, the cluster, the region and the account, as far as they are known; then with less and less before the two that
/// matter most.
fn places(app: &App, width: u16) -> [String; 3] {
    let setting = app.setting();
    let plan = app.live().and_then(|live| live.plan());
    let region = plan.map(|plan| &plan.region).or(setting.region.as_ref());
    let account = plan.map(|plan| &plan.account).or(setting.account.as_ref());
    let cells = if width < NARROW { 10 } else { 12 };
    let account = account.map(|account| fit::id(account, cells, super::Glyphs::Unicode).trim_end().to_owned());
    let region = region.map(ToString::to_string);
    let cluster = app.browser().cluster().map(ToString::to_string);
    let program = Some(String::from("spotdrill"));
    let joined =
        |parts: [Option<String>; 4]| format!(" {}", parts.into_iter().flatten().collect::<Vec<_>>().join("  "));
    [
        joined([program.clone(), cluster, region.clone(), account.clone()]),
        joined([program, None, region.clone(), account.clone()]),
        joined([None, None, region, account]),
    ]
}

/// Of the endpoint's name, as many cells as it may take.
fn badges(app: &App, look: &Look, now: Timestamp, endpoint_cells: Option<usize>) -> Vec<(String, Style)> {
    let setting = app.setting();
    let mut badges = Vec::new();
    let stale = app.live().map(|live| live.stale(now)).unwrap_or_default();
    if let Some(oldest) = stale.iter().map(|stale| stale.age).max() {
        badges.push((format!("STALE {} s", oldest.as_secs()), look.real));
    }
    if let Some(endpoint) = &setting.endpoint {
        let short = endpoint.split_once("://").map_or(endpoint.as_str(), |(_, rest)| rest);
        let text = match endpoint_cells {
            Some(cells) => {
                format!("ENDPOINT {}", fit::cut(if cells < 40 { short } else { endpoint }, cells, look.glyphs))
            }
            None => String::from("ENDPOINT"),
        };
        badges.push((text, look.real));
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
