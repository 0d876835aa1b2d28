//! The health checks, a row each, or one for all where there is no room: how it is, since when, and what it said last.
//! Knows what is said first when not all can be.

use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use crate::{
    app::live::{Live, clock},
    drill::health::{Asked, Checked, Standing},
    ui::{fit, look::Look, pane},
};

/// `FAILING since 12:08:04`
const STANDING: usize = 22;
/// `5000 ms`
const TOOK: usize = 7;
/// `12 s ago`
const AGO: usize = 8;

/// How many rows, if so many can be had.
pub(super) fn height(live: &Live, room: u16) -> u16 {
    let all = u16::try_from(live.checks().len()).unwrap_or(u16::MAX);
    if all <= room { all } else { room.min(1) }
}

pub(super) fn draw(live: &Live, look: &Look, now: Timestamp, area: Rect, buffer: &mut Buffer) {
    let checks = live.checks();
    let width = usize::from(area.width);
    if usize::from(area.height) >= checks.len() {
        let lines = checks.iter().map(|(checked, asked)| row(live, checked, *asked, now, look, width));
        return pane::fill(lines, area, buffer);
    }
    pane::fill([summary(&checks, look, width)], area, buffer);
}

fn row(
    live: &Live,
    checked: &Checked,
    asked: Option<&Asked>,
    now: Timestamp,
    look: &Look,
    width: usize,
) -> Line<'static> {
    let (standing, style) = standing(checked, look);
    let took = asked.map(|asked| format!("{} ms", asked.millis)).unwrap_or_default();
    let ago = asked.filter(|_| live.goes_on()).map(|asked| format!("{} s ago", now.duration_since(asked.at).as_secs()));
    let head = vec![
        Span::styled(format!(" {} ", fit::left(&standing, STANDING, look.glyphs)), style),
        Span::styled(fit::right(&took, TOOK, look.glyphs), look.text),
        Span::styled(format!(" {}  ", fit::right(&ago.unwrap_or_default(), AGO, look.glyphs)), look.faint),
    ];
    let room = width.saturating_sub(head.iter().map(Span::width).sum::<usize>() + 1);
    let said = match (&checked.standing, asked.and_then(|asked| asked.failed.as_ref())) {
        // why it fails now may be another reason than why it failed at first
        (Standing::Failing { why, .. }, now) => format!(": {}", now.unwrap_or(why)),
        _ if checked.outages.is_empty() => String::new(),
        _ => format!(", failed {} s", checked.failed().as_secs()),
    };
    let text = fitted(checked.check.url.as_str(), &said, room, look);
    head.into_iter().chain([Span::styled(text, look.text)]).collect()
}

/// What fails comes first: of that is told the first, and how many they are.
fn summary(checks: &[(&Checked, Option<&Asked>)], look: &Look, width: usize) -> Line<'static> {
    let of = |wanted: fn(&Standing) -> bool| checks.iter().filter(move |(checked, _)| wanted(&checked.standing));
    let failing = of(|standing| matches!(standing, Standing::Failing { .. }));
    let well = of(|standing| matches!(standing, Standing::Well { .. })).count();
    let all = checks.len();
    let (text, style) = match failing.clone().next() {
        Some((checked, _)) => {
            let (said, style) = standing(checked, look);
            let head = format!(" {} of {all} checks {said}  ", failing.count());
            let room = width.saturating_sub(fit::width(&head) + 1);
            (head + &fitted(checked.check.url.as_str(), "", room, look), style)
        }
        None if well == all => (format!(" {all} checks ok"), look.good),
        None => (format!(" {well} of {all} checks ok, the others not asked yet"), look.faint),
    };
    Line::styled(fit::cut(&text, width, look.glyphs), style)
}

fn standing(checked: &Checked, look: &Look) -> (String, Style) {
    match &checked.standing {
        Standing::NotAsked => (String::from("not asked yet"), look.faint),
        Standing::Well { since } => (format!("ok since {}", clock(*since)), look.good),
        Standing::Failing { since, .. } => (format!("FAILING since {}", clock(*since)), look.bad),
    }
}

/// Where there is little room the scheme goes first: hosts tell checks apart, and ends of paths. What is said of it keeps
/// half of the room.
fn fitted(url: &str, said: &str, room: usize, look: &Look) -> String {
    let whole = format!("{url}{said}");
    if fit::width(&whole) <= room {
        return whole;
    }
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    let said = fit::cut(said, fit::width(said).min(room / 2), look.glyphs);
    fit::ends(host, room.saturating_sub(fit::width(&said)), look.glyphs) + &said
}
