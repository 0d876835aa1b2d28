//! The fields of a drill, its price, and its time line. Knows which field the keys go to.

use jiff::SignedDuration;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use crate::{
    app::compose::{Compose, Field, Kind},
    drill::{cost::Cost, guard::overriding::Overridable, warning::Warning},
    ui::{fit, look::Look, pane},
};

const LABEL: usize = 11;

pub(super) fn draw(compose: &Compose, look: &Look, area: Rect, buffer: &mut Buffer) {
    let inner = pane::draw("drill", "", true, look, area, buffer);
    let width = usize::from(inner.width);
    let mut lines = vec![plain("Group", &group(compose), look.text, look, width)];
    for field in shown(compose) {
        let (label, value) = match field {
            Field::Kind => ("Select", kinds(compose, look)),
            Field::Number => number(compose, look),
            Field::Seed => ("Seed", seed(compose, look)),
            Field::Reason => ("Reason", reason(compose, look)),
            _ => ("Warning", warning(compose, look)),
        };
        lines.push(labelled(compose, field, label, value, look));
    }
    lines.extend(time_line(compose.warning, width.saturating_sub(LABEL + 4), look));
    lines.push(plain("Price", &price(compose), look.text, look, width));
    let review = match (&compose.resolved, &compose.refused) {
        (_, Some(why)) => {
            Span::styled(fit::cut(&format!("not started: {why}"), width - LABEL - 3, look.glyphs), look.bad)
        }
        (Ok(_), None) => Span::styled("[ review and start ]", look.heading),
        (Err(_), None) => Span::styled("[ refused, see below ]", look.faint),
    };
    lines.push(labelled(compose, Field::Review, "Next", vec![review], look));
    pane::fill(lines, inner, buffer);
}

/// The fields above the time line, also those that the present choice leaves empty.
fn shown(compose: &Compose) -> Vec<Field> {
    let always = [Field::Kind, Field::Number, Field::Seed, Field::Warning];
    always.into_iter().chain(compose.wants_reason().then_some(Field::Reason)).collect()
}

/// How many lines the fields need, borders included.
pub(super) fn height(compose: &Compose) -> u16 {
    shown(compose).len() as u16 + 7
}

fn plain(label: &str, text: &str, style: Style, look: &Look, width: usize) -> Line<'static> {
    Line::from(vec![
        Span::styled(format!("  {}", fit::left(label, LABEL, look.glyphs)), look.faint),
        Span::styled(fit::cut(text, width.saturating_sub(LABEL + 3), look.glyphs), style),
    ])
}

fn labelled(compose: &Compose, field: Field, label: &str, value: Vec<Span<'static>>, look: &Look) -> Line<'static> {
    let here = compose.field == field;
    let (pointer, style) = if here { ("> ", look.focus) } else { ("  ", look.faint) };
    let mut spans = vec![Span::styled(format!("{pointer}{}", fit::left(label, LABEL, look.glyphs)), style)];
    spans.extend(value);
    Line::from(spans)
}

fn group(compose: &Compose) -> String {
    match (&compose.group, compose.kind) {
        (_, Kind::Exact) => match &compose.resolved {
            Ok(plan) => plan.groups().iter().map(|group| group.qualified()).collect::<Vec<_>>().join(", "),
            Err(_) => String::from("-"),
        },
        (Some(group), _) => format!("{}  {}", group.qualified(), group.kind.as_str()),
        (None, _) => String::from("none: put the cursor on a group in the fleet"),
    }
}

fn kinds(compose: &Compose, look: &Look) -> Vec<Span<'static>> {
    let kind = |kind: Kind| {
        let name = kind.as_str();
        if kind == compose.kind {
            Span::styled(format!("(*) {name}  "), look.heading)
        } else {
            Span::styled(format!("( ) {name}  "), look.faint)
        }
    };
    Kind::ALL.into_iter().map(kind).collect()
}

/// The value of a field, or the text that is being typed into it.
fn value(compose: &Compose, field: Field, text: &str, look: &Look) -> Span<'static> {
    match &compose.typing {
        Some(input) if compose.field == field => Span::styled(format!("[{}_]", input.value()), look.marked),
        _ => Span::styled(format!("[{text}]"), look.text),
    }
}

fn number(compose: &Compose, look: &Look) -> (&'static str, Vec<Span<'static>>) {
    match compose.kind {
        Kind::Count => {
            let value = value(compose, Field::Number, &compose.count.to_string(), look);
            ("Count", vec![value, Span::styled("  running spot instances, at random", look.faint)])
        }
        Kind::Percent => {
            let value = value(compose, Field::Number, &format!("{} %", compose.percent), look);
            ("Share", vec![value, Span::styled("  of the running spot, rounded down", look.faint)])
        }
        Kind::Exact => ("Count", vec![Span::styled(format!("{} marked", compose.marks.len()), look.faint)]),
        Kind::All => ("Count", vec![Span::styled("every running spot instance of the group", look.faint)]),
    }
}

fn seed(compose: &Compose, look: &Look) -> Vec<Span<'static>> {
    if compose.fields().contains(&Field::Seed) {
        let value = value(compose, Field::Seed, &compose.seed.to_string(), look);
        vec![value, Span::styled("  n draws again; the same seed draws the same", look.faint)]
    } else {
        vec![Span::styled("-", look.faint)]
    }
}

fn warning(compose: &Compose, look: &Look) -> Vec<Span<'static>> {
    let value = value(compose, Field::Warning, &compose.warning.to_string(), look);
    vec![value, Span::styled("  2m to 15m, left and right by 30 s", look.faint)]
}

fn reason(compose: &Compose, look: &Look) -> Vec<Span<'static>> {
    let guards: Vec<_> = compose.overridable().into_iter().map(Overridable::as_str).collect();
    let hint =
        if guards.is_empty() { String::new() } else { format!("  enter: why go on against {}", guards.join(", ")) };
    vec![value(compose, Field::Reason, compose.reason(), look), Span::styled(hint, look.faint)]
}

fn price(compose: &Compose) -> String {
    let Ok(plan) = &compose.resolved else { return String::from("-") };
    let waves = plan.waves().len();
    let time =
        if waves > 1 { format!("; {waves} waves, {} or more", minutes(plan.least_time())) } else { String::new() };
    format!("{}{time}", Cost::of(plan))
}

/// Rebalance, notice and end to scale, with their times from the start of the action.
fn time_line(warning: Warning, width: usize, look: &Look) -> [Line<'static>; 2] {
    let whole = usize::try_from(warning.seconds()).unwrap_or(1).max(1);
    let before = usize::try_from(warning.until_notice().as_secs()).unwrap_or_default();
    let cells = width.clamp(10, 60);
    let notice = before * (cells - 1) / whole;
    let bar = look.glyphs.bar();
    let drawn: String = (0..cells)
        .map(|cell| match cell {
            _ if cell == notice => bar.notice,
            _ if cell + 1 == cells => bar.gone,
            _ if cell < notice => bar.warned,
            _ => bar.doomed,
        })
        .collect();
    let words =
        format!("rebalance T+0:00   NOTICE T+{}   end T+{}", minutes(warning.until_notice()), minutes(warning.whole()));
    let indent = " ".repeat(LABEL + 2);
    [
        Line::from(vec![Span::raw(indent.clone()), Span::styled(drawn, look.text)]),
        Line::from(vec![Span::raw(indent), Span::styled(words, look.faint)]),
    ]
}

fn minutes(time: SignedDuration) -> String {
    format!("{}:{:02}", time.as_secs() / 60, time.as_secs() % 60)
}
