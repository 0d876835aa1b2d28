//! Draws the confirm card: what will be hit, where, and what can be taken back. Knows nothing of how the words are judged.

use jiff::{SignedDuration, Timestamp};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::{card::Card, compose::by_zone, fit, look::Look, words};
use crate::{
    app::{confirm::Confirm, live::clock},
    drill::{cost::Cost, fleet::World, plan::Plan},
};

const FIELD: words::Saying = words::Saying {
    to: "To start, type",
    complete: "complete: enter starts",
    idle: "esc cancels; nothing has been started",
};
const WIDTH: u16 = 92;
const LABEL: usize = 11;

pub(super) fn draw(confirm: &Confirm, look: &Look, now: Timestamp, area: Rect, buffer: &mut Buffer) {
    let width = WIDTH.min(area.width);
    let text_width = usize::from(width.saturating_sub(4));
    let field = words::field(&confirm.words, &FIELD, look, text_width);
    let room = usize::from(area.height.saturating_sub(2)).saturating_sub(field.len());
    let mut lines = about(&confirm.plan, look, now, text_width);
    let blank = |line: &Line<'_>| line.width() == 0;
    if lines.len() > room {
        lines.retain(|line| !blank(line));
    }
    lines.truncate(room);
    lines.extend(field);
    let count = confirm.plan.in_all_waves().count();
    let waves = confirm.plan.wave.as_ref().map(|wave| match wave.number {
        1 => format!(", IN {} WAVES", wave.of),
        number => format!(", FROM WAVE {number} OF {} ON", wave.of),
    });
    let title =
        format!("INTERRUPT {count} SPOT INSTANCE{}{}?", if count == 1 { "" } else { "S" }, waves.unwrap_or_default());
    let world = match confirm.plan.world {
        World::Aws => "REAL AWS ACCOUNT",
        World::Lab => "LAB, nothing real is hit",
    };
    Card { title: &title, right: world, lines, top: 0, width }.draw(look, area, buffer);
}

/// The most important first: a low screen shows less.
fn about(plan: &Plan, look: &Look, now: Timestamp, width: usize) -> Vec<Line<'static>> {
    let count = plan.in_all_waves().count();
    let mut lines = Vec::new();
    let mut say = |label: &str, text: &str, style: Style| lines.extend(field_lines(label, text, style, look, width));
    let (word, style) = match plan.world {
        World::Aws => ("REAL AWS ACCOUNT ", look.bad),
        World::Lab => ("lab account ", look.text),
    };
    say("account", &format!("{word}{}  region {}", plan.account, plan.region), style);
    let groups: Vec<_> = plan.groups().iter().map(|group| group.qualified()).collect();
    say("group", &groups.join(", "), look.heading);
    let share = format!("{count} of {} running spot ({} %)   {}", plan.out_of, plan.share(), by_zone(plan));
    say("hits", &share, look.heading);
    if let Some(wave) = &plan.wave {
        let sizes: Vec<_> = plan.waves().iter().map(ToString::to_string).collect();
        let text = format!(
            "{} at a time, {} s between them, {} min or more: W starts each, once the one before held",
            sizes.join(" + "),
            wave.gap,
            (plan.least_time().as_secs() + 59) / 60
        );
        say("waves", &text, look.heading);
    }
    for it in &plan.overridden {
        say("OVERRIDDEN", &format!("{}: {} Because: {}", it.guard, it.said, it.reason), look.warn);
    }
    if let Some(choice) = plan.choice() {
        say("NOT PINNED", &choice, look.warn);
    }
    if let Some(existing) = &plan.as_is {
        say("template", &format!("{} as it is: {}", existing.id, existing.label()), look.text);
    }
    let later = |by: SignedDuration| clock(now.saturating_add(by).unwrap_or(now));
    let notice = later(plan.warning.until_notice());
    let recall = "X stops the experiment, but AWS documents no recall: an instance may still go.";
    let before = if plan.warning.until_notice().is_zero() {
        format!("the notice: with {} of warning it comes at once, so a stop has no time", plan.warning)
    } else {
        format!("the notice (~{notice}) {recall}")
    };
    say("before", &before, look.text);
    say("after it", "NOTHING CAN BE SAVED: each instance goes two minutes after its notice.", look.warn);
    let times =
        format!("~{} rebalance   ~{notice} NOTICE   ~{} end", later(SignedDuration::ZERO), later(plan.warning.whole()));
    say("if now", &times, look.estimate);
    say("price", &Cost::of(plan).to_string(), look.text);
    match &plan.stop_alarm {
        Some(arn) => say("alarm", &format!("{} stops it", arn.rsplit(':').next().unwrap_or_default()), look.text),
        None => say("alarm", "none stops it", look.warn),
    }
    say("", "", look.text);
    let shown: Vec<_> =
        plan.in_all_waves().take(15).map(|target| fit::id(target.id.as_str(), 13, look.glyphs)).collect();
    let more = if count > shown.len() { format!(" and {} more", count - shown.len()) } else { String::new() };
    let label = if plan.chosen_by().is_some() { "previewed" } else { "targets" };
    say(label, &format!("{}{more}", shown.join(" ")), look.faint);
    lines
}

pub(super) fn field_lines(label: &str, text: &str, style: Style, look: &Look, width: usize) -> Vec<Line<'static>> {
    let parts = fit::wrap(text, width.saturating_sub(LABEL)).into_iter().take(3).enumerate();
    let line = |(number, part): (usize, String)| {
        if label.is_empty() && part.is_empty() {
            return Line::default();
        }
        let label = if number == 0 { label } else { "" };
        Line::from(vec![Span::styled(fit::left(label, LABEL, look.glyphs), look.faint), Span::styled(part, style)])
    };
    parts.map(line).collect()
}
