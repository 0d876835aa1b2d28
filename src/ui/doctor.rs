//! Draws what the doctor found, area by area, and the fix of the finding under the cursor as text that can be copied: without a
//! border at its sides. Knows no check.

use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::{WIDE, fit, look::Look, pane, put, rows, split_right};
use crate::{
    app::{
        App,
        doctor::{Doctor, Examined},
    },
    doctor::{Area, Finding, Report, Standing},
};

const STANDING: usize = 8;

pub(super) fn draw(app: &App, look: &Look, now: Timestamp, area: Rect, buffer: &mut Buffer) {
    let Some(doctor) = app.doctor() else { return };
    let report = match &doctor.examined {
        Examined::Done(report) => report,
        Examined::Running { done, of, began } => {
            let inner = pane::draw("doctor", "", true, look, area, buffer);
            let seconds = now.duration_since(*began).as_secs().max(0);
            return pane::fill(running(*done, *of, seconds, look), inner, buffer);
        }
    };
    if let (Some(top), Some(finding)) = (doctor.alone, doctor.selected()) {
        return draw_fix(finding, top, look, area, buffer);
    }
    if area.width >= WIDE {
        let (left, right) = split_right(area, area.width * 2 / 5);
        draw_table(doctor, report, look, left, buffer);
        let right = Rect { x: right.x + 1, width: right.width.saturating_sub(1), ..right };
        draw_selected(doctor, look, right, buffer);
        return;
    }
    // the table has what the finding under the cursor does not need, and more than half in any case
    let needed = u16::try_from(selected(doctor, look, area.width.into(), area.height.into()).len()).unwrap_or(u16::MAX);
    let height = needed.clamp(4, area.height * 9 / 20);
    let [top, bottom] = rows(area, [area.height - height, height]);
    draw_table(doctor, report, look, top, buffer);
    draw_selected(doctor, look, bottom, buffer);
}

fn running(done: usize, of: usize, seconds: i64, look: &Look) -> Vec<Line<'static>> {
    const BAR: usize = 30;
    let full = (BAR * done).checked_div(of).unwrap_or_default();
    let says = if of == 0 { String::from("beginning") } else { format!("checks {done} of {of}") };
    vec![
        Line::default(),
        Line::from(vec![
            Span::raw("  "),
            Span::styled(look.glyphs.block().repeat(full), look.good),
            Span::styled(look.glyphs.shade().repeat(BAR - full), look.faint),
            Span::styled(format!("  {says}"), look.heading),
            Span::styled(format!("  {seconds} s"), look.faint),
        ]),
        Line::default(),
        Line::styled("  nothing is changed by looking; esc leaves it", look.faint),
    ]
}

fn style(standing: Standing, look: &Look) -> Style {
    match standing {
        Standing::Ok => look.good,
        Standing::Unknown => look.faint,
        Standing::Warn => look.warn,
        Standing::Fail => look.bad,
    }
}

/// A heading or a finding, by its number.
enum Row {
    Area(Area),
    Finding(usize),
}

fn table(report: &Report) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut area = None;
    for (number, finding) in report.findings.iter().enumerate() {
        if area != Some(finding.area) {
            area = Some(finding.area);
            rows.push(Row::Area(finding.area));
        }
        rows.push(Row::Finding(number));
    }
    rows
}

fn draw_table(doctor: &Doctor, report: &Report, look: &Look, area: Rect, buffer: &mut Buffer) {
    let title = if report.passes() { "doctor  READY FOR A DRILL" } else { "doctor  NOT READY FOR A DRILL" };
    let inner = pane::draw(title, &report.counts(), true, look, area, buffer);
    let rows = table(report);
    let at = rows.iter().position(|row| matches!(row, Row::Finding(number) if *number == doctor.cursor));
    let first = pane::window(at.unwrap_or_default(), rows.len(), inner.height.into());
    let width = usize::from(inner.width);
    let check_width = (width * 3 / 10).clamp(18, 30);
    for (row, place) in rows.iter().skip(first).zip(pane::lines_of(inner)) {
        let line = match row {
            Row::Area(area) => {
                let findings = || report.of(*area);
                let bad = findings().filter(|finding| finding.standing != Standing::Ok).count();
                let says = if bad == 0 { String::new() } else { format!("  {bad} of {} not ok", findings().count()) };
                Line::from(vec![
                    Span::styled(format!(" {}", area.as_str()), look.heading),
                    Span::styled(says, look.faint),
                ])
            }
            Row::Finding(number) => {
                let Some(finding) = report.findings.get(*number) else { continue };
                let here = *number == doctor.cursor;
                let sign = if here { "> " } else { "  " };
                let word = fit::left(finding.standing.as_str(), STANDING, look.glyphs);
                let check = fit::left(&finding.check, check_width, look.glyphs);
                let rest = width.saturating_sub(2 + STANDING + check_width + 2);
                let says = fit::left(&finding.says, rest, look.glyphs);
                if here {
                    Line::styled(format!("{sign}{word}{check}  {says}"), look.cursor)
                } else {
                    Line::from(vec![
                        Span::styled(format!("{sign}{word}"), style(finding.standing, look)),
                        Span::styled(format!("{check}  "), look.text),
                        Span::styled(says, look.faint),
                    ])
                }
            }
        };
        put(line, place, buffer);
    }
}

fn draw_selected(doctor: &Doctor, look: &Look, area: Rect, buffer: &mut Buffer) {
    pane::fill(selected(doctor, look, area.width.into(), area.height.into()), area, buffer);
}

/// What was found, in full, and the fix below it.
fn selected(doctor: &Doctor, look: &Look, width: usize, height: usize) -> Vec<Line<'static>> {
    let Some(finding) = doctor.selected() else { return Vec::new() };
    let mut lines = vec![rule(&format!("{} {}", finding.standing.as_str(), finding.check), "", look, width)];
    lines.extend(fit::wrap(&finding.says, width).into_iter().map(|line| Line::styled(line, look.text)));
    let fix = fix(finding, look, width);
    if let Some(fix) = fix {
        lines.push(Line::default());
        let room = height.saturating_sub(lines.len() + 1);
        let whole = if fix.len() > room { "enter shows all of it" } else { "enter shows it alone, to be copied" };
        lines.push(rule("what to do", whole, look, width));
        lines.extend(fix);
    } else if finding.standing == Standing::Ok {
        lines.push(Line::styled("there is nothing to mend", look.faint));
    }
    lines
}

fn fix(finding: &Finding, look: &Look, width: usize) -> Option<Vec<Line<'static>>> {
    let fix = finding.fix.as_ref()?;
    let lines = fix.lines().flat_map(|line| fit::wrap(line, width));
    Some(lines.map(|line| Line::styled(line, look.text)).collect())
}

/// The fix and nothing else, from edge to edge.
fn draw_fix(finding: &Finding, top: usize, look: &Look, area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width);
    let [head, body] = rows(area, [2, area.height.saturating_sub(2)]);
    let fix = fix(finding, look, width).unwrap_or_default();
    let hidden = fix.len().saturating_sub(body.height.into());
    let says = if hidden > 0 { "j k scroll, esc closes" } else { "esc closes" };
    put(rule(&format!("what to do: {}", finding.check), says, look, width), head, buffer);
    pane::fill(fix.into_iter().skip(top.min(hidden)), body, buffer);
}

/// A title on a line: the only border that text to be copied has.
fn rule(title: &str, right: &str, look: &Look, width: usize) -> Line<'static> {
    let line = look.glyphs.border(false).horizontal_top;
    let title = fit::cut(title, width.saturating_sub(fit::width(right) + 8), look.glyphs);
    let right_cells = if right.is_empty() { 0 } else { fit::width(right) + 1 };
    let rest = width.saturating_sub(fit::width(&title) + right_cells + 4);
    let mut spans = vec![
        Span::styled(line.repeat(2), look.border),
        Span::styled(format!(" {title} "), look.heading),
        Span::styled(line.repeat(rest), look.border),
    ];
    if !right.is_empty() {
        spans.push(Span::styled(format!(" {right}"), look.faint));
    }
    Line::from(spans)
}
