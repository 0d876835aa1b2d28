//! The large number and the words beside it: what is counted down to, or the verdict. Never hidden.

use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
    widgets::Widget,
};
use tui_big_text::{BigText, PixelSize};

use crate::{
    app::{
        App,
        live::{
            Live, clock,
            countdown::{Count, countdown},
            freshness::Stale,
        },
    },
    drill::verdict::{Outcome, Verdict},
    ui::{
        WIDE, fit,
        look::{Glyphs, Look},
        pane, put, rows, split_right,
    },
};

const BIG: u16 = 4;

/// A large number where there is room for it.
pub(super) fn height(area: Rect) -> u16 {
    match (area.width, area.height) {
        (WIDE.., 24..) => BIG + 3,
        (_, 20..) => BIG + 2,
        _ => 3,
    }
}

pub(super) fn draw(app: &App, live: &Live, look: &Look, now: Timestamp, area: Rect, buffer: &mut Buffer) {
    let said = Said::of(live, look, now);
    let command = app.stop_command();
    let beside = |width: u16| {
        let mut lines = beside(live, look, now, width.into());
        // cut, a command is worse than none: the help has it whole
        let fits = command.iter().filter(|command| fit::width(command) <= width.into());
        lines.extend(fits.map(|command| Line::styled(command.clone(), look.faint)));
        lines
    };
    if area.height >= BIG + 3 {
        draw_boxed(&said, beside, look, area, buffer);
    } else if area.height > BIG {
        draw_open(&said, beside, look, area, buffer);
    } else {
        draw_low(&said, beside, look, area, buffer);
    }
}

/// Two panes: the number, the words.
fn draw_boxed(said: &Said, beside: impl Fn(u16) -> Vec<Line<'static>>, look: &Look, area: Rect, buffer: &mut Buffer) {
    let (cells, size) = if area.width >= 130 { (62, PixelSize::HalfHeight) } else { (44, PixelSize::Quadrant) };
    let (left, right) = split_right(area, area.width.saturating_sub(cells));
    let inner = pane::draw(&said.title, "", false, look, left, buffer);
    let [number, basis] = rows(inner, [BIG, 1]);
    draw_big(said, size, look, number, buffer);
    let text = fit::cut(&said.basis, basis.width.into(), look.glyphs);
    put(Line::styled(text, look.estimate).centered(), basis, buffer);
    let inner = pane::draw(said.beside, "", false, look, right, buffer);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    let phase = fit::wrap(&said.phase, inner.width.into()).into_iter().take(2);
    let phase = phase.map(|line| Line::styled(line, said.phase_style));
    pane::fill(phase.chain(beside(inner.width)), inner, buffer);
}

/// The phase, the number below it, the words beside the number.
fn draw_open(said: &Said, beside: impl Fn(u16) -> Vec<Line<'static>>, look: &Look, area: Rect, buffer: &mut Buffer) {
    const NUMBER: u16 = 30;
    let [phase, below] = rows(area, [1, BIG]);
    put(said.phase_line(look, phase.width), phase, buffer);
    let (number, words) = split_right(below, below.width.saturating_sub(NUMBER));
    draw_big(said, PixelSize::Quadrant, look, number, buffer);
    let cut = |text: &str| fit::cut(text, words.width.into(), look.glyphs);
    let head = [Line::styled(cut(&said.title), look.heading), Line::styled(cut(&said.basis), look.estimate)];
    let head = head.into_iter().filter(|_| !said.over);
    pane::fill(head.chain(beside(words.width)), words, buffer);
}

/// Three lines.
fn draw_low(said: &Said, beside: impl Fn(u16) -> Vec<Line<'static>>, look: &Look, area: Rect, buffer: &mut Buffer) {
    let counted = Line::from(vec![
        Span::styled(format!(" {} ", said.title), look.heading),
        Span::styled(format!("{}  ", said.big), said.style),
        Span::styled(said.basis.clone(), look.estimate),
    ]);
    let indented = |line: Line<'static>| Line::from([vec![Span::raw(" ")], line.spans].concat()).style(line.style);
    let head = [said.phase_line(look, area.width), counted];
    let shown = if said.over { 1 } else { 2 };
    let beside = beside(area.width.saturating_sub(2)).into_iter().map(indented);
    pane::fill(head.into_iter().take(shown).chain(beside), area, buffer);
}

/// What the headline says.
struct Said {
    title: String,
    big: String,
    style: Style,
    basis: String,
    phase: String,
    phase_style: Style,
    /// What the words beside are about.
    beside: &'static str,
    over: bool,
}

impl Said {
    fn of(live: &Live, look: &Look, now: Timestamp) -> Self {
        if let Some(verdict) = &live.verdict {
            return Self::verdict(live, verdict, look);
        }
        let counted = countdown(&live.drill, now);
        let late = matches!(counted.count, Count::Overdue(_));
        let no_return = live.drill.timeline.notice_to_all().is_some() && !live.drill.timeline.tracks.is_empty();
        Self {
            title: if late { format!("{}: not observed yet", counted.title) } else { counted.title.to_owned() },
            big: counted.count.text(),
            style: if late { look.warn } else { look.countdown },
            basis: counted.basis,
            phase: live.phase(),
            phase_style: if no_return { look.bad } else { look.heading },
            beside: "phase",
            over: false,
        }
    }

    fn phase_line(&self, look: &Look, width: u16) -> Line<'static> {
        let room = usize::from(width.saturating_sub(2));
        Line::styled(format!(" {}", fit::cut(&self.phase, room, look.glyphs)), self.phase_style)
    }

    fn verdict(live: &Live, verdict: &Verdict, look: &Look) -> Self {
        let style = match verdict.verdict {
            Outcome::Held => look.good,
            Outcome::Failed | Outcome::Unknown => look.bad,
            Outcome::Aborted | Outcome::Refused | Outcome::NoOp => look.warn,
        };
        let word = verdict.verdict.as_str().to_uppercase();
        let Verdict { interrupted, not_observed, replacements, .. } = verdict;
        let stayed = match not_observed.len() {
            0 => String::new(),
            stayed => format!(", {stayed} not observed to go"),
        };
        let count = format!("{} interrupted{stayed}, {} replaced", interrupted.len(), replacements.len());
        let next = live.wave_to_come().map(|wave| format!("; W reviews wave {} of {}", wave.number, wave.of));
        let next = next.unwrap_or_default();
        Self {
            title: String::from("verdict"),
            big: word.clone(),
            style,
            basis: String::from("q goes back to the fleet"),
            phase: format!("{word}  {count}{next}"),
            phase_style: style,
            beside: "why",
            over: true,
        }
    }
}

fn draw_big(said: &Said, size: PixelSize, look: &Look, area: Rect, buffer: &mut Buffer) {
    if look.glyphs == Glyphs::Ascii {
        let spread: Vec<_> = said.big.chars().map(String::from).collect();
        let row = Rect { y: area.y + area.height / 2, height: 1.min(area.height), ..area };
        return put(Line::styled(spread.join(" "), said.style).centered(), row, buffer);
    }
    let line = Line::styled(said.big.clone(), said.style);
    BigText::builder().pixel_size(size).lines(vec![line]).centered().build().render(area, buffer);
}

/// The sources that are stale: those that one thing would help together, since when, and what that is.
fn stale(live: &Live, look: &Look, now: Timestamp, width: usize) -> Vec<Line<'static>> {
    let stale = live.stale(now);
    let todo = |stale: &Stale<'_>| stale.lost.and_then(|lost| lost.todo.clone());
    let mut lines = Vec::new();
    for together in stale.chunk_by(|one, next| todo(one) == todo(next)) {
        let Some(first) = together.first() else { continue };
        let since = together.iter().map(|stale| stale.since).min().unwrap_or(first.since);
        let head = format!("STALE since {}: ", clock(since));
        let names: Vec<_> = together.iter().map(|stale| stale.watch.as_str()).collect();
        let mut named = head.clone() + &names.join(", ");
        if fit::width(&named) > width {
            named = format!("{head}{} sources", names.len());
        }
        let why = first.lost.map(|lost| lost.why.to_string());
        for text in [Some(named), todo(first).map(|todo| todo.to_string()), why].into_iter().flatten() {
            lines.push(Line::styled(fit::cut(&text, width, look.glyphs), look.warn));
        }
    }
    lines
}

/// What cannot be trusted, why the drill ended so, and what FIS says.
fn beside(live: &Live, look: &Look, now: Timestamp, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some((order, since, todo)) = live.waiting.as_ref().filter(|_| live.goes_on()) {
        let text = format!("WAITING since {} to {}", clock(*since), order.as_str());
        let said = [text.as_str(), todo.as_str()].map(|text| fit::cut(text, width, look.glyphs));
        lines.extend(said.map(|text| Line::styled(text, look.bad)));
    }
    lines.extend(stale(live, look, now, width));
    let choice = live.drill.timeline.choice.telling().map(|text| fit::wrap(&text, width)).unwrap_or_default();
    lines.extend(choice.into_iter().map(|line| Line::styled(line, look.warn)));
    if let Some(verdict) = &live.verdict {
        let reasons = verdict.reasons.iter().flat_map(|reason| fit::wrap(reason, width));
        lines.extend(reasons.map(|line| Line::styled(line, look.text)));
        let unseen = verdict.unseen.iter().flat_map(|unseen| fit::wrap(unseen, width));
        lines.extend(unseen.map(|line| Line::styled(line, look.warn)));
    } else {
        let complaints = live.drill.timeline.complaints.iter();
        lines.extend(complaints.map(|text| Line::styled(fit::cut(text, width, look.glyphs), look.bad)));
    }
    let experiment = fit::wrap(&live.experiment(), width).into_iter().take(2);
    lines.extend(experiment.map(|line| Line::styled(line, look.faint)));
    lines
}
