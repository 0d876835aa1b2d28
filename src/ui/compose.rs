//! Draws the composition of a drill: the fields, what they come to, and what was checked. Knows nothing of how a wish is
//! resolved.

mod form;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::{WIDE, fit, fleet, look::Look, pane, rows, split_right};
use crate::{
    app::{
        App,
        compose::{
            Compose,
            check::{self, Check, Standing},
        },
    },
    drill::plan::{Plan, Target},
};

/// The width that the fields need.
const FORM: u16 = 64;

pub(super) fn draw(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    let Some(compose) = app.compose() else { return };
    let checks = checks(app, compose);
    let form_height = form::height(compose);
    if area.width >= WIDE {
        let (left, right) = split_right(area, area.width - (area.width * 2 / 5).max(FORM));
        let [form, targets] = rows(left, [form_height, left.height.saturating_sub(form_height)]);
        let checks_height = (checks.len() as u16 + 2).clamp(4, right.height / 2);
        let [top, bottom] = rows(right, [checks_height, right.height - checks_height]);
        form::draw(compose, look, form, buffer);
        draw_resolved(compose, look, targets, buffer);
        draw_checks(&checks, look, top, buffer);
        draw_preview(compose, look, bottom, buffer);
        return;
    }
    let rest = area.height.saturating_sub(form_height);
    let needed = compose.resolved.as_ref().map_or(rest, |plan| plan.in_all_waves().count() as u16 + 2);
    let targets_height = if checks.is_empty() { rest } else { needed.min(rest / 2).max(3) };
    let [form, targets, below] = rows(area, [form_height, targets_height, rest.saturating_sub(targets_height)]);
    form::draw(compose, look, form, buffer);
    draw_resolved(compose, look, targets, buffer);
    let checks_height = checks.len() as u16 + 2;
    if below.height > checks_height + 6 {
        let [checks_area, preview] = rows(below, [checks_height, below.height - checks_height]);
        draw_checks(&checks, look, checks_area, buffer);
        draw_preview(compose, look, preview, buffer);
    } else if below.height > 2 {
        draw_checks(&checks, look, below, buffer);
    }
}

/// What stands against it first, then what to mind, then what passed.
fn checks(app: &App, compose: &Compose) -> Vec<Check> {
    let (Some(fleet), Ok(plan)) = (app.browser().fleet(), &compose.resolved) else { return Vec::new() };
    let mut checks = check::checks(fleet, plan, app.setting().read_only);
    checks.sort_by_key(|check| match check.standing {
        Standing::Stands => 0,
        Standing::Mind => 1,
        Standing::Passed => 2,
    });
    checks
}

fn draw_resolved(compose: &Compose, look: &Look, area: Rect, buffer: &mut Buffer) {
    match &compose.resolved {
        Ok(plan) => draw_targets(plan, look, area, buffer),
        Err(refusals) => {
            let inner = pane::draw("REFUSED", "nothing can be started", false, look, area, buffer);
            let width = usize::from(inner.width).saturating_sub(4);
            let wrapped = refusals.0.iter().flat_map(|refusal| {
                let lines = fit::wrap(&refusal.to_string(), width).into_iter().enumerate();
                lines.map(|(number, line)| format!(" {} {line}", if number == 0 { "!" } else { " " }))
            });
            pane::fill(wrapped.map(|line| Line::styled(line, look.bad)), inner, buffer);
        }
    }
}

fn draw_targets(plan: &Plan, look: &Look, area: Rect, buffer: &mut Buffer) {
    let count = plan.in_all_waves().count();
    let title = match (count, plan.waves().len()) {
        (1, _) => String::from("1 target"),
        (several, 1) => format!("{several} targets"),
        (several, waves) => format!("{several} targets in {waves} waves"),
    };
    let inner = pane::draw(&title, &by_zone(plan), false, look, area, buffer);
    let room = usize::from(inner.height);
    let line = |target: &Target| target_line(target, inner.width.into(), look);
    let hidden = count.saturating_sub(room);
    let shown = if hidden > 0 { room.saturating_sub(1) } else { room };
    let mut lines: Vec<_> = plan.in_all_waves().take(shown).map(line).collect();
    if hidden > 0 {
        lines.push(Line::styled(format!(" and {} more", count - shown), look.faint));
    }
    pane::fill(lines, inner, buffer);
}

/// Which instance, where, and of which group.
pub(super) fn target_line(target: &Target, width: usize, look: &Look) -> Line<'static> {
    let id_width = if width >= 70 { 19 } else { 13 };
    let rest = width.saturating_sub(id_width + 20);
    Line::from(vec![
        Span::styled(format!(" {} ", fit::id(target.id.as_str(), id_width, look.glyphs)), look.text),
        Span::styled(fit::left(fleet::short_zone(&target.az), 4, look.glyphs), look.text),
        Span::styled(fit::left(&target.instance_type, 13, look.glyphs), look.text),
        Span::styled(fit::cut(&target.group.qualified(), rest, look.glyphs), look.faint),
    ])
}

/// `1a:2 1b:1`
pub(super) fn by_zone(plan: &Plan) -> String {
    let zones: Vec<_> = plan.by_zone().iter().map(|(zone, n)| format!("{}:{n}", fleet::short_zone(zone))).collect();
    zones.join(" ")
}

fn draw_checks(checks: &[Check], look: &Look, area: Rect, buffer: &mut Buffer) {
    let count = |standing| checks.iter().filter(|check| check.standing == standing).count();
    let (passed, minded) = (count(Standing::Passed), count(Standing::Mind));
    let title = if minded == 0 { String::from("checks") } else { format!("checks  {minded} to weigh") };
    let right = if checks.is_empty() { "not done" } else { &format!("{passed} of {} ok", checks.len()) };
    let inner = pane::draw(&title, right, false, look, area, buffer);
    let line = |check: &Check| {
        let (word, style) = match check.standing {
            Standing::Passed => ("ok  ", look.good),
            Standing::Mind => ("WARN", look.warn),
            Standing::Stands => ("STOP", look.bad),
        };
        let text = fit::cut(&check.text, usize::from(inner.width).saturating_sub(6), look.glyphs);
        Line::from(vec![Span::styled(format!(" {word} "), style), Span::styled(text, look.text)])
    };
    pane::fill(checks.iter().map(line), inner, buffer);
}

fn draw_preview(compose: &Compose, look: &Look, area: Rect, buffer: &mut Buffer) {
    let right = if compose.preview.len() + 2 > area.height.into() { "pgdn pgup" } else { "" };
    let inner = pane::draw("what FIS will be sent", right, false, look, area, buffer);
    let top = compose.preview_top.min(compose.preview.len().saturating_sub(inner.height.into()));
    let width = usize::from(inner.width).saturating_sub(2);
    let wrapped = |text: &String| {
        // what is sent is shown whole: a line goes on below, further in
        let indent = text.len() - text.trim_start().len() + 1;
        let parts = fit::wrap(text.trim_start(), width.saturating_sub(indent + 2)).into_iter().enumerate();
        let line = |(number, part)| Line::raw(format!("{}{part}", " ".repeat(indent + if number > 0 { 2 } else { 0 })));
        parts.map(line).collect::<Vec<_>>()
    };
    pane::fill(compose.preview.iter().skip(top).flat_map(wrapped).map(|line| line.style(look.faint)), inner, buffer);
}
