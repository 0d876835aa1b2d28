//! Draws the templates that are there already, what one of them says, and what FIS made of its targets. Knows nothing of how
//! that was found out.

use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::{WIDE, compose, fit, look::Look, pane, put, rows, split_right};
use crate::{
    app::{
        App,
        compose::check::{self, Standing},
        templates::{Came, Listed, Preview, Templates},
    },
    drill::{
        cost::Cost,
        existing::Existing,
        guard::{Refusals, startable},
        plan::Plan,
    },
    text::SafeText,
};

/// So many lines of one text: the tags and filters of a target may fill a screen.
const MOST: usize = 4;
/// The columns of the list.
const ID: usize = 20;
const WARNING: usize = 8;

pub(super) fn draw(app: &App, look: &Look, now: Timestamp, area: Rect, buffer: &mut Buffer) {
    let Some(templates) = app.templates() else { return };
    let Some(existing) = templates.selected() else {
        let inner = pane::draw("templates", "", true, look, area, buffer);
        return pane::fill(emptiness(app, templates, look, inner.width.into()), inner, buffer);
    };
    let wanted = u16::try_from(templates.all().len() + 3).unwrap_or(u16::MAX);
    // on a low screen what FIS resolved needs the room
    let share = if templates.preview().is_some() && area.width < WIDE { 4 } else { 3 };
    let [list, below] = rows(area, [wanted.min(area.height / share), area.height]);
    draw_list(templates, look, list, buffer);
    let about = |width: u16| about(existing, look, usize::from(width.saturating_sub(4)));
    let resolved = |width: u16| resolved(app, templates, existing, look, now, usize::from(width.saturating_sub(4)));
    if area.width >= WIDE {
        let (left, right) = split_right(below, below.width / 2);
        draw_lines("template as it is", existing.id.as_str(), about(left.width), look, left, buffer);
        draw_lines("what FIS resolves", &summary(templates), resolved(right.width), look, right, buffer);
        return;
    }
    // what would be hit comes before what the template says
    let resolved = resolved(below.width);
    let height = u16::try_from(resolved.len() + 2).unwrap_or(u16::MAX).min(below.height.saturating_sub(4));
    let [top, bottom] = rows(below, [below.height - height, height]);
    draw_lines("template as it is", existing.id.as_str(), about(top.width), look, top, buffer);
    draw_lines("what FIS resolves", &summary(templates), resolved, look, bottom, buffer);
}

fn draw_lines(title: &str, right: &str, lines: Vec<Line<'static>>, look: &Look, area: Rect, buffer: &mut Buffer) {
    let inner = pane::draw(title, right, false, look, area, buffer);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    pane::fill(lines, inner, buffer);
}

/// What is said where there is nothing to choose from.
fn emptiness(app: &App, templates: &Templates, look: &Look, width: usize) -> Vec<Line<'static>> {
    let region = app.setting().region.as_deref().unwrap_or("the region").to_owned();
    let wrapped = |text: &str, style: Style| {
        let lines = fit::wrap(text, width.saturating_sub(3).min(90));
        lines.into_iter().map(|line| Line::styled(format!("  {line}"), style)).collect::<Vec<_>>()
    };
    match &templates.listed {
        Listed::Reading(_, 0) => wrapped(&format!("listing the FIS templates of {region} ..."), look.text),
        Listed::Reading(read, of) => {
            wrapped(&format!("reading what the FIS templates of {region} do ... {read} of {of}"), look.text)
        }
        Listed::Failed(why) => [
            wrapped("THE TEMPLATES COULD NOT BE LISTED", look.bad),
            vec![Line::default()],
            wrapped(why, look.text),
            vec![Line::default()],
            wrapped("r lists again, ! shows every message, esc goes back", look.faint),
        ]
        .concat(),
        Listed::Done(_) => [
            wrapped(&format!("no FIS template in {region} interrupts spot instances"), look.heading),
            vec![Line::default()],
            wrapped(
                "A drill needs none: esc goes back, c composes one and makes a template for it. Those that drills made \
                 for themselves are not listed here.",
                look.faint,
            ),
        ]
        .concat(),
    }
}

fn draw_list(templates: &Templates, look: &Look, area: Rect, buffer: &mut Buffer) {
    let all = templates.all();
    let title = match all.len() {
        1 => String::from("1 template interrupts spot instances"),
        several => format!("{several} templates interrupt spot instances"),
    };
    let inner = pane::draw(&title, "", true, look, area, buffer);
    let [head, list] = rows(inner, [1, inner.height.saturating_sub(1)]);
    let name = if inner.width >= WIDE - 2 { 34 } else { 22 };
    let cells = |texts: [&str; 4]| {
        let [id, warning, label, selects] = texts;
        let rest = usize::from(inner.width).saturating_sub(2 + ID + 1 + WARNING + name + 1);
        format!(
            "{} {}{} {}",
            fit::id(id, ID, look.glyphs),
            fit::left(warning, WARNING, look.glyphs),
            fit::left(label, name, look.glyphs),
            fit::left(selects, rest, look.glyphs)
        )
    };
    put(Line::styled(format!("  {}", cells(["TEMPLATE", "WARNING", "NAME", "SELECTS"])), look.faint), head, buffer);
    let first = pane::window(templates.cursor, all.len(), list.height.into());
    for ((at, existing), row) in all.iter().enumerate().skip(first).zip(pane::lines_of(list)) {
        let refused = startable(existing).is_err();
        let here = at == templates.cursor;
        let sign = match (here, refused) {
            (true, _) => "> ",
            (false, true) => "! ",
            (false, false) => "  ",
        };
        let style = match (here, refused) {
            (true, _) => look.cursor,
            (false, true) => look.faint,
            (false, false) => look.text,
        };
        let text = cells([existing.id.as_str(), &warning(existing), existing.label(), &existing.selects()]);
        put(Line::styled(format!("{sign}{text}"), style), row, buffer);
    }
}

fn warning(existing: &Existing) -> String {
    match (startable(existing), existing.warnings().as_slice()) {
        (Ok(warning), _) => warning.to_string(),
        (Err(_), [one]) => one.to_string(),
        (Err(_), _) => String::from("several"),
    }
}

fn about(existing: &Existing, look: &Look, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let mut say = |label: &str, text: &str, style: Style| lines.extend(field(label, text, style, look, width));
    say("name", existing.label(), look.heading);
    say("selects", &existing.selects(), look.text);
    say("warning", &format!("{} from the start to the interruption", warning(existing)), look.text);
    say("role", &existing.role_arn, look.text);
    say("stopped by", &existing.stops(), look.text);
    if !existing.others.is_empty() {
        let others: Vec<_> = existing.others.iter().map(SafeText::as_str).collect();
        say("also", &others.join(", "), look.bad);
    }
    if existing.name.is_some() {
        say("describes", &existing.description, look.text);
    }
    lines
}

/// A label and a text that goes on below itself.
fn field(label: &str, text: &str, style: Style, look: &Look, width: usize) -> Vec<Line<'static>> {
    const LABEL: usize = 11;
    let parts = fit::wrap(text, width.saturating_sub(LABEL)).into_iter().take(MOST).enumerate();
    let line = |(number, part): (usize, String)| {
        let label = if number == 0 { label } else { "" };
        Line::from(vec![Span::styled(fit::left(label, LABEL, look.glyphs), look.faint), Span::styled(part, style)])
    };
    parts.map(line).collect()
}

fn summary(templates: &Templates) -> String {
    templates
        .plan()
        .map(|plan| format!("{} of a preview  {}", plan.targets.len(), compose::by_zone(plan)))
        .unwrap_or_default()
}

fn resolved(
    app: &App,
    templates: &Templates,
    existing: &Existing,
    look: &Look,
    now: Timestamp,
    width: usize,
) -> Vec<Line<'static>> {
    let wrapped = |text: &str, style: Style| {
        fit::wrap(text, width).into_iter().map(|line| Line::styled(line, style)).collect::<Vec<_>>()
    };
    let refusals = |refusals: &Refusals| refusals.0.iter().flat_map(|it| wrapped(&it.to_string(), look.bad)).collect();
    let refused = templates.refused.as_ref().map(|why| wrapped(&format!("not started: {why}"), look.bad));
    match (templates.preview(), startable(existing)) {
        (_, Err(why)) => refusals(&why),
        (None, Ok(_)) => {
            let how = "enter has FIS resolve the targets, in an experiment that skips every action: nothing is hit.";
            [refused.unwrap_or_default(), wrapped(how, look.text)].concat()
        }
        (Some(Preview { came: Came::Awaited, began, .. }), _) => {
            let seconds = now.duration_since(*began).as_secs().max(0);
            let text = format!("FIS resolves the targets, all actions skipped ... {seconds} s");
            [wrapped(&text, look.heading), wrapped("esc leaves it: it ends by itself and hits nothing", look.faint)]
                .concat()
        }
        (Some(Preview { came: Came::Failed(why), .. }), _) => wrapped(why, look.bad),
        (Some(Preview { came: Came::Resolved(Err(why)), .. }), _) => {
            let mut lines = refusals(why);
            if !why.overridable().is_empty() {
                lines.push(Line::styled("o gives a reason to go on", look.text));
            }
            lines
        }
        (Some(Preview { came: Came::Resolved(Ok(plan)), .. }), _) => about_plan(app, plan, look, width),
    }
}

/// What to weigh, then what would be hit.
fn about_plan(app: &App, plan: &Plan, look: &Look, width: usize) -> Vec<Line<'static>> {
    let checks = app.browser().fleet().map(|fleet| check::checks(fleet, plan, app.setting().read_only));
    let minded = checks.into_iter().flatten().filter(|check| check.standing != Standing::Passed);
    let mut lines: Vec<_> = minded
        .flat_map(|check| fit::wrap(&check.text, width.saturating_sub(5)).into_iter().take(MOST).enumerate())
        .map(|(number, part)| {
            let word = if number == 0 { "WARN " } else { "     " };
            Line::from(vec![Span::styled(word, look.warn), Span::styled(part, look.text)])
        })
        .collect();
    let share =
        format!("{} of {} running spot ({} %), {}", plan.targets.len(), plan.out_of, plan.share(), Cost::of(plan));
    lines.extend(fit::wrap(&share, width).into_iter().map(|line| Line::styled(line, look.text)));
    lines.push(Line::styled("enter or S reviews it, and starts nothing yet", look.faint));
    lines.extend(plan.targets.iter().map(|target| compose::target_line(target, width, look)));
    lines
}
