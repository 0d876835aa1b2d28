//! The targets and their replacements, a row each: what was observed of each phase, by whose word, and what is only
//! expected. The two never look alike.

use jiff::{SignedDuration, Timestamp};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use crate::{
    app::live::{Live, Pane, clock},
    drill::timeline::{Expected, Replacement, Sighting, Track},
    ui::{fit, fleet::short_zone, look::Look, pane, put},
};

/// The widths that depend on the room.
#[derive(Clone, Copy, Debug)]
struct Columns {
    id: usize,
    zone: usize,
    state: usize,
    time: usize,
    /// Rebalance, notice, leaving, gone: which of them fit.
    phases: [bool; 4],
    replacement: usize,
}

const CLOCK: usize = 9;
/// `12:08:02 events`
const CLOCK_AND_SOURCE: usize = 15;
const POINTER: usize = 2;
const ID: usize = 13;

impl Columns {
    fn of(live: &Live, width: usize) -> Self {
        let tracks = &live.drill.timeline.tracks;
        let zone = tracks.iter().map(|track| fit::width(short_zone(&track.target.az))).max().unwrap_or(2).clamp(2, 8);
        let fixed = |state: usize| POINTER + ID + 1 + zone + 1 + state + 1;
        let (narrow, wide) = (fixed(10), fixed(13));
        let (state, time, phases) = match width {
            _ if width >= wide + 4 * (CLOCK_AND_SOURCE + 1) => (13, CLOCK_AND_SOURCE, [true; 4]),
            _ if width >= wide + 4 * (CLOCK + 1) => (13, CLOCK, [true; 4]),
            _ if width >= narrow + 4 * (CLOCK + 1) => (10, CLOCK, [true; 4]),
            _ => (10, CLOCK, [false, true, false, true]),
        };
        let shown = phases.iter().filter(|shown| **shown).count();
        let left = width.saturating_sub(fixed(state) + shown * (time + 1));
        Self { id: ID, zone, state, time, phases, replacement: if left > ID { ID } else { 0 } }
    }
}

/// Two lines for each target where there is room for them.
fn lines_each(live: &Live, width: u16, room: u16) -> u16 {
    let (tracks, new) = rows(live);
    if width >= 98 && tracks * 2 + new + 3 <= usize::from(room) { 2 } else { 1 }
}

fn rows(live: &Live) -> (usize, usize) {
    (live.drill.timeline.tracks.len(), live.drill.timeline.replacements.len())
}

/// How high the pane would like to be.
pub(super) fn height(live: &Live, width: u16, room: u16) -> u16 {
    let (tracks, new) = rows(live);
    let each = usize::from(lines_each(live, width, room));
    u16::try_from(tracks * each + new + 3).unwrap_or(u16::MAX).min(room)
}

pub(super) fn draw(live: &Live, look: &Look, now: Timestamp, area: Rect, buffer: &mut Buffer) {
    let each = lines_each(live, area.width, area.height);
    let bar = look.glyphs.bar();
    let legend = if each == 2 {
        format!(
            "~ estimate   {} warned  {} notice  {} last 2 min  {} gone",
            bar.warned, bar.notice, bar.doomed, bar.gone
        )
    } else {
        String::from("~ estimate, not observed")
    };
    let (tracks, new) = rows(live);
    let title = if live.drill.timeline.choice.open && live.goes_on() {
        format!("previewed {tracks}  FIS has not told its choice")
    } else {
        format!("targets {tracks}  replacements {new}")
    };
    let inner = pane::draw(&title, &legend, live.pane == Pane::Instances, look, area, buffer);
    if tracks == 0 {
        let words = live.plan().map(|plan| format!("{} confirmed, ", plan.words())).unwrap_or_default();
        let text = format!(" {words}waiting for the first fact");
        return pane::fill([Line::styled(text, look.faint)], inner, buffer);
    }
    let columns = Columns::of(live, inner.width.into());
    let [top, list] = super::rows(inner, [1, inner.height.saturating_sub(1)]);
    put(headings(columns, look), top, buffer);
    let mut lines = Vec::new();
    for (number, track) in live.drill.timeline.tracks.iter().enumerate() {
        lines.push((number, track_line(live, track, columns, now, look)));
        if each == 2 {
            lines.push((number, second_line(live, track, now, look, inner.width.into())));
        }
    }
    let replacements = live.drill.timeline.replacements.iter().enumerate();
    lines.extend(
        replacements.map(|(number, new)| (tracks + number, new_line(live, new, columns, look, inner.width.into()))),
    );
    let cursor = lines.iter().position(|(number, _)| *number == live.cursor).unwrap_or_default();
    let first = pane::window(cursor, lines.len(), list.height.into());
    for ((at, (_, line)), row) in lines.into_iter().enumerate().skip(first).zip(pane::lines_of(list)) {
        put(line, row, buffer);
        if at == cursor && live.pane == Pane::Instances {
            buffer.set_string(row.x, row.y, ">", look.focus);
        }
    }
}

fn headings(columns: Columns, look: &Look) -> Line<'static> {
    let mut text = " ".repeat(POINTER);
    let mut say = |heading: &str, cells: usize| text += &(fit::left(heading, cells, look.glyphs) + " ");
    say("INSTANCE", columns.id);
    say("AZ", columns.zone);
    say("STATE", columns.state);
    let long = columns.time > CLOCK;
    let names = [
        "REBALANCE",
        "NOTICE",
        if long { "SHUTTING DOWN" } else { "LEAVING" },
        if long { "TERMINATED" } else { "GONE" },
    ];
    for (name, _) in names.iter().zip(columns.phases).filter(|(_, shown)| *shown) {
        say(name, columns.time);
    }
    if columns.replacement > 0 {
        say("REPLACED BY", columns.replacement);
    }
    Line::styled(text, look.faint)
}

fn track_line(live: &Live, track: &Track, columns: Columns, now: Timestamp, look: &Look) -> Line<'static> {
    let expected = live.drill.timeline.expected(track);
    let left = |text: &str, cells| fit::left(text, cells, look.glyphs) + " ";
    let state = if track.state.is_leaving() { look.warn } else { look.text };
    let mut spans = vec![
        Span::raw(" ".repeat(POINTER)),
        Span::styled(fit::id(track.target.id.as_str(), columns.id, look.glyphs) + " ", look.text),
        Span::styled(left(short_zone(&track.target.az), columns.zone), look.text),
        Span::styled(left(track.state.as_str(), columns.state), state),
    ];
    let at = |pick: fn(Expected) -> Timestamp| expected.map(pick);
    let phases = [
        (track.rebalance, at(|expected| expected.rebalance)),
        (track.notice, at(|expected| expected.notice)),
        (track.leaving, at(|expected| expected.interruption)),
        (track.gone, None),
    ];
    for ((seen, expected), _) in phases.into_iter().zip(columns.phases).filter(|(_, shown)| *shown) {
        let (text, style) = phase(live, seen, expected, columns.time, now, look);
        spans.push(Span::styled(left(&text, columns.time), style));
    }
    if columns.replacement > 0 {
        let id = track.replacement.as_ref().map_or("-", |id| id.as_str());
        spans.push(Span::styled(fit::id(id, columns.replacement, look.glyphs), look.text));
    }
    Line::from(spans)
}

/// An observation is plain and names its source; an estimate is dim and begins with `~`.
fn phase(
    live: &Live,
    seen: Option<Sighting>,
    expected: Option<Timestamp>,
    cells: usize,
    now: Timestamp,
    look: &Look,
) -> (String, Style) {
    match (seen, expected) {
        (Some(Sighting { at, source }), _) if cells > CLOCK => {
            (format!("{} {}", clock(at), source.as_str()), look.text)
        }
        (Some(Sighting { at, .. }), _) => (clock(at), look.text),
        (None, _) if !live.goes_on() => {
            (String::from(if cells > CLOCK { "not observed" } else { "not seen" }), look.warn)
        }
        (None, Some(expected)) if expected < now => (format!("~{}", clock(expected)), look.warn),
        (None, Some(expected)) => (format!("~{}", clock(expected)), look.estimate),
        (None, None) => (String::from("-"), look.faint),
    }
}

/// The phases to scale, and what the spot request says.
fn second_line(live: &Live, track: &Track, now: Timestamp, look: &Look, width: usize) -> Line<'static> {
    let cells = if width >= 118 { 48 } else { 32 };
    let request = match &track.spot_request {
        Some((state, status)) => format!("spot request {state}: {status}"),
        None => String::from("spot request: nothing observed yet"),
    };
    let text = format!("{}  {request}", track.target.instance_type);
    Line::from(vec![
        Span::raw(" ".repeat(POINTER)),
        Span::styled(bar(live, track, now, cells, look), look.text),
        Span::styled(format!("  {}", fit::cut(&text, width.saturating_sub(cells + 5), look.glyphs)), look.faint),
    ])
}

fn bar(live: &Live, track: &Track, now: Timestamp, cells: usize, look: &Look) -> String {
    let signs = look.glyphs.bar();
    let Some(expected) = live.drill.timeline.expected(track) else {
        return std::iter::repeat_n(signs.ahead, cells).collect();
    };
    let start = track.rebalance.map_or(expected.rebalance, |seen| seen.at);
    let end = track.gone.map_or(expected.interruption, |seen| seen.at).max(expected.interruption);
    let whole = end.duration_since(start).max(SignedDuration::from_secs(1)).as_secs_f64();
    let place = |at: Timestamp| {
        let part = at.duration_since(start).as_secs_f64() / whole;
        (part.clamp(0.0, 1.0) * (cells - 1) as f64).round() as usize
    };
    let (notice, gone) = (track.notice.map(|seen| place(seen.at)), track.gone.map(|seen| place(seen.at)));
    let reached = if now < start { None } else { Some(place(now)) };
    let sign = |cell: usize| match () {
        () if gone == Some(cell) => signs.gone,
        () if notice == Some(cell) => signs.notice,
        () if reached.is_none_or(|reached| cell > reached) || gone.is_some_and(|gone| cell > gone) => signs.ahead,
        () if notice.is_some_and(|notice| cell > notice) => signs.doomed,
        () if track.rebalance.is_some() => signs.warned,
        () => signs.ahead,
    };
    (0..cells).map(sign).collect()
}

fn new_line(live: &Live, new: &Replacement, columns: Columns, look: &Look, width: usize) -> Line<'static> {
    let seen = |Sighting { at, source }: Sighting| match columns.time {
        CLOCK => clock(at),
        _ => format!("{} {}", clock(at), source.as_str()),
    };
    let (state, running) = match new.running {
        Some(sighting) => ("running", format!("  running {}", seen(sighting))),
        None => ("pending", String::from("  not observed running")),
    };
    let replaces = live.drill.timeline.tracks.iter().find(|track| track.replacement.as_ref() == Some(&new.id));
    let replaces = replaces.map_or_else(String::new, |track| {
        format!("  for {}", fit::id(track.target.id.as_str(), ID, look.glyphs).trim_end())
    });
    let before = vec![
        Span::styled("+ ", look.good),
        Span::styled(fit::id(new.id.as_str(), columns.id, look.glyphs) + " ", look.text),
        Span::styled(fit::left(short_zone(&new.az), columns.zone, look.glyphs) + " ", look.text),
        Span::styled(fit::left(state, columns.state, look.glyphs) + " ", look.good),
    ];
    let room = width.saturating_sub(before.iter().map(Span::width).sum());
    let mut text = format!("launched {}{running}", seen(new.launched));
    if fit::width(&text) + fit::width(&replaces) <= room {
        text += &replaces;
    }
    let text = fit::cut(&text, room, look.glyphs);
    before.into_iter().chain([Span::styled(text, look.text)]).collect()
}
