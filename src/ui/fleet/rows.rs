//! The rows of the fleet, each in its columns. Builds a line only for what can be seen.

use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use crate::{
    app::fleet::{Browser, Row, summary::Summary},
    drill::fleet::{Behavior, Group, Instance},
    ui::{fit, look::Look, pane, put},
};

/// The columns' widths; zero leaves a column out.
#[derive(Clone, Copy, Debug)]
struct Columns {
    id: usize,
    name: usize,
    kind: usize,
    zone: usize,
    state: usize,
    age: usize,
    fate: usize,
}

/// Cursor, fold or indent, mark.
const MARGIN: usize = 8;
const AGE: usize = 5;
/// `hibernate`, `not running`.
const FATE: usize = 11;

impl Columns {
    /// What fits, the most telling first.
    fn of(browser: &Browser, width: usize) -> Self {
        let groups = browser.fleet().map_or(0, |fleet| fleet.groups.len());
        let zones = (0..groups).filter_map(|group| browser.group(group)).flat_map(|(_, summary)| summary.zones.keys());
        let zone = zones.map(|zone| fit::width(short_zone(zone))).max().unwrap_or(2).clamp(2, 10);
        let mut columns = Self { id: 13, name: 0, kind: 0, zone, state: 10, age: AGE, fate: FATE };
        let mut room = width.saturating_sub(MARGIN + columns.all());
        grow(&mut columns.kind, &mut room, 11, 12);
        grow(&mut columns.id, &mut room, 6, 6);
        grow(&mut columns.name, &mut room, 8, 24);
        grow(&mut columns.state, &mut room, 3, 3);
        if columns.name > 0 {
            grow(&mut columns.name, &mut room, 1, 16);
        }
        columns
    }

    fn all(self) -> usize {
        let Self { id, name, kind, zone, state, age, fate } = self;
        let widths = [id, name, kind, zone, state, age, fate];
        widths.iter().sum::<usize>() + widths.iter().filter(|width| **width > 0).count()
    }
}

/// Makes a column wider out of the room that is left, if at least so much is.
fn grow(column: &mut usize, room: &mut usize, least: usize, most: usize) {
    let gap = usize::from(*column == 0);
    if *room >= least + gap {
        let given = most.min(*room - gap);
        *column += given;
        *room -= given + gap;
    }
}

pub(super) fn headings(browser: &Browser, look: &Look, width: u16) -> Line<'static> {
    let columns = Columns::of(browser, width.into());
    let texts = ["INSTANCE", "NAME", "TYPE", "AZ", "STATE", "AGE", "INTERRUPT"];
    let mut spans = vec![Span::raw(" ".repeat(MARGIN))];
    spans.extend(cells(columns, texts.map(str::to_owned), [look.faint; 7], look));
    Line::from(spans)
}

pub(super) fn draw(browser: &Browser, look: &Look, area: Rect, buffer: &mut Buffer) {
    let columns = Columns::of(browser, area.width.into());
    let top = pane::window(browser.cursor(), browser.rows().len(), area.height.into());
    let as_of = browser.fleet().map(|fleet| fleet.as_of);
    for ((at, row), place) in browser.rows().iter().enumerate().skip(top).zip(pane::lines_of(area)) {
        let under_cursor = at == browser.cursor();
        let line = match *row {
            Row::Group(group) => browser
                .group(group)
                .map(|(group, summary)| group_line(browser, group, summary, under_cursor, area.width, look)),
            Row::Instance(group, instance) => browser
                .instance(group, instance)
                .map(|instance| instance_line(browser, instance, under_cursor, columns, as_of, look)),
        };
        put(line.unwrap_or_default(), place, buffer);
        if under_cursor || browser.in_range(at) {
            buffer.set_style(place, look.cursor);
        }
    }
}

fn pointer(under_cursor: bool) -> &'static str {
    if under_cursor { "> " } else { "  " }
}

fn group_line(
    browser: &Browser,
    group: &Group,
    summary: &Summary,
    under_cursor: bool,
    width: u16,
    look: &Look,
) -> Line<'static> {
    let fold = if browser.is_folded(&group.key) { "+ " } else { "- " };
    let count = match (summary.spot, group.on_demand()) {
        (0, on_demand) => format!("on-demand {on_demand}"),
        (spot, _) => format!("SPOT {spot}/{}", summary.instances),
    };
    let marked = if summary.marked > 0 { format!("{} marked", summary.marked) } else { String::new() };
    let types = match summary.types.first() {
        Some(only) if summary.types.len() == 1 => only.to_string(),
        _ => format!("{} types", summary.types.len()),
    };
    let zones: Vec<_> = summary.zones.keys().map(|zone| short_zone(zone)).collect();
    let mut right = vec![(count, 12, look.heading), (marked, 9, look.marked)];
    let width = usize::from(width);
    if width >= 66 {
        right.insert(0, (group.key.kind.as_str().to_owned(), 18, look.faint));
    }
    if width >= 100 {
        right.push((types, 12, look.faint));
    }
    if width >= 84 {
        right.push((zones.join(" "), 11, look.faint));
    }
    let used: usize = 4 + right.iter().map(|(_, cells, _)| cells + 1).sum::<usize>();
    let name = fit::left(&group.key.qualified(), width.saturating_sub(used), look.glyphs);
    let mut spans = vec![
        Span::styled(pointer(under_cursor), look.heading),
        Span::styled(fold, look.faint),
        Span::styled(name, look.heading),
    ];
    for (text, cells, style) in right {
        spans.push(Span::raw(" "));
        let style = if text.is_empty() { look.text } else { style }; // the cursor would reverse an empty cell's colour
        spans.push(Span::styled(fit::left(&text, cells, look.glyphs), style));
    }
    Line::from(spans)
}

fn instance_line(
    browser: &Browser,
    instance: &Instance,
    under_cursor: bool,
    columns: Columns,
    as_of: Option<Timestamp>,
    look: &Look,
) -> Line<'static> {
    let marked = browser.is_marked(&instance.id);
    let out = instance.untargetable();
    let (mark, style) = match (marked, out) {
        (true, _) => ("[x] ", look.marked),
        (false, None) => ("[ ] ", look.text),
        (false, Some(_)) => ("[-] ", look.faint),
    };
    let fate = match (instance.is_spot(), out) {
        (false, _) => "on-demand",
        (true, Some(reason)) => reason,
        (true, None) => instance.interruption_behavior.map_or("unknown", Behavior::as_str),
    };
    let state_style = if instance.state.is_leaving() { look.warn } else { style };
    let texts = [
        fit::id(instance.id.as_str(), columns.id, look.glyphs),
        instance.name.as_ref().or(instance.node.as_ref()).map(ToString::to_string).unwrap_or_default(),
        instance.instance_type.to_string(),
        short_zone(&instance.az).to_owned(),
        instance.state.to_string(),
        age(instance.launched_at, as_of),
        fate.to_owned(),
    ];
    let styles = [style, style, style, style, state_style, style, style];
    let mut spans = vec![Span::styled(pointer(under_cursor), look.heading), Span::raw("  "), Span::styled(mark, style)];
    spans.extend(cells(columns, texts, styles, look));
    Line::from(spans)
}

fn cells(columns: Columns, texts: [String; 7], styles: [Style; 7], look: &Look) -> impl Iterator<Item = Span<'static>> {
    let Columns { id, name, kind, zone, state, age, fate } = columns;
    let glyphs = look.glyphs;
    let parts = [id, name, kind, zone, state, age, fate].into_iter().zip(texts).zip(styles);
    let shown = parts.filter(|((cells, _), _)| *cells > 0);
    shown.map(move |((cells, text), style)| Span::styled(fit::left(&text, cells, glyphs) + " ", style))
}

/// `eu-west-1a` is `1a` where the region is known anyway; a local zone keeps its name.
pub(in crate::ui) fn short_zone(zone: &str) -> &str {
    let parts = if zone.starts_with("us-gov-") || zone.starts_with("us-iso") { 3 } else { 2 };
    zone.splitn(parts + 1, '-').nth(parts).unwrap_or(zone)
}

/// In whole units, so that it stands still: `51m`, `9h`, `3d2h`.
pub(in crate::ui) fn age(launched: Option<Timestamp>, as_of: Option<Timestamp>) -> String {
    let (Some(launched), Some(as_of)) = (launched, as_of) else { return String::from("-") };
    let minutes = as_of.duration_since(launched).as_mins().max(0);
    match (minutes / 60 / 24, minutes / 60 % 24, minutes) {
        (0, 0, 0) => String::from("<1m"),
        (0, 0, minutes) => format!("{minutes}m"),
        (0, hours, _) => format!("{hours}h"),
        (days @ 1..10, hours @ 1.., _) => format!("{days}d{hours}h"),
        (days, ..) => format!("{days}d"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_short_and_a_local_zone_keeps_its_name() {
        assert_eq!(short_zone("eu-west-1a"), "1a");
        assert_eq!(short_zone("us-gov-west-1b"), "1b");
        assert_eq!(short_zone("us-east-1-bos-1a"), "1-bos-1a");
        assert_eq!(short_zone("odd"), "odd");
    }

    #[test]
    fn an_age_is_told_in_whole_units() {
        let as_of: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        for (launched, told) in [
            ("2026-11-22T11:59:30Z", "<1m"),
            ("2026-11-22T11:09:00Z", "51m"),
            ("2026-11-22T03:00:00Z", "9h"),
            ("2026-11-19T10:00:00Z", "3d2h"),
            ("2026-11-12T11:00:00Z", "10d"),
            ("2026-11-22T13:00:00Z", "<1m"),
        ] {
            assert_eq!(age(Some(launched.parse().unwrap()), Some(as_of)), told);
        }
        assert_eq!(age(None, Some(as_of)), "-");
    }
}
