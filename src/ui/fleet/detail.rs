//! One instance or group in full, and where the spot capacity of its group is placed. Knows only what was listed.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::rows::age;
use crate::{
    app::{
        App,
        fleet::{Browser, summary::Summary},
    },
    drill::fleet::{Behavior, Group, Instance},
    text::SafeText,
    ui::{fit, look::Look, pane},
};

pub(super) fn draw(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    let browser = app.browser();
    let Some((group, summary)) = browser.group_at_cursor() else {
        pane::draw("details", "", false, look, area, buffer);
        return;
    };
    let width = usize::from(area.width.saturating_sub(4));
    let about = about(browser, look, width);
    let placement = placement(summary, look, width);
    let placement_height = (placement.len() as u16 + 2).min(area.height / 2);
    let [top, bottom] = super::super::rows(area, [area.height - placement_height, placement_height]);
    let title = browser.instance_at_cursor().map_or("group", |_| "instance");
    let inner = padded(pane::draw(title, "", false, look, top, buffer));
    pane::fill(about, inner, buffer);
    let title = format!("placement of {}", group.key.name);
    let inner = padded(pane::draw(&title, "", false, look, bottom, buffer));
    pane::fill(placement, inner, buffer);
}

fn padded(inner: Rect) -> Rect {
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

/// What is under the cursor, in lines of this width.
pub(in crate::ui) fn about(browser: &Browser, look: &Look, width: usize) -> Vec<Line<'static>> {
    let Some((group, summary)) = browser.group_at_cursor() else { return Vec::new() };
    match browser.instance_at_cursor() {
        Some(instance) => about_instance(browser, group, instance, look, width),
        None => about_group(group, summary, look, width),
    }
}

fn about_instance(
    browser: &Browser,
    group: &Group,
    instance: &Instance,
    look: &Look,
    width: usize,
) -> Vec<Line<'static>> {
    let as_of = browser.fleet().map(|fleet| fleet.as_of);
    let none = || String::from("-");
    let launched = instance
        .launched_at
        .map_or_else(none, |at| format!("{} ({} ago)", at.strftime("%Y-%m-%d %H:%MZ"), age(Some(at), as_of)));
    let spot = match (&instance.spot_request, instance.is_spot()) {
        (Some(request), _) => request.to_string(),
        (None, true) => String::from("no request known"),
        (None, false) => String::from("no, on-demand"),
    };
    let mut lines = vec![Line::styled(fit::cut(instance.id.as_str(), width, look.glyphs), look.heading)];
    let mut say = |label: &str, text: &str, style: Style| lines.extend(field(label, text, style, look, width));
    let plain = look.text;
    say("name", instance.name.as_deref().unwrap_or("-"), plain);
    say("group", &group.key.qualified(), plain);
    say("kind", group.key.kind.as_str(), plain);
    say("node", instance.node.as_deref().unwrap_or("-"), plain);
    say("type", &instance.instance_type, plain);
    say("zone", &instance.az, plain);
    say("state", instance.state.as_str(), plain);
    say("launched", &launched, plain);
    say("spot", &spot, plain);
    if instance.is_spot() {
        let behavior = instance.interruption_behavior.map_or("unknown", Behavior::as_str);
        say("interrupt", behavior, plain);
        if instance.interruption_behavior == Some(Behavior::Hibernate) {
            say("", "hibernating begins at once, without the two minutes", look.warn);
        }
    }
    match instance.untargetable() {
        Some(reason) => say("target", &format!("no: {reason}"), look.warn),
        None => say("target", "can be interrupted", look.good),
    }
    lines
}

fn about_group(group: &Group, summary: &Summary, look: &Look, width: usize) -> Vec<Line<'static>> {
    let types: Vec<_> = summary.types.iter().map(SafeText::as_str).collect();
    let mut lines = vec![Line::styled(fit::cut(&group.key.name, width, look.glyphs), look.heading)];
    let mut say = |label: &str, text: &str, style: Style| lines.extend(field(label, text, style, look, width));
    say("kind", group.key.kind.as_str(), look.text);
    say("cluster", group.key.cluster.as_deref().unwrap_or("-"), look.text);
    say("instances", &format!("{} spot, {} on-demand", summary.spot, group.on_demand()), look.text);
    let targets = format!("{} running spot", summary.targetable);
    say("targets", &targets, if summary.targetable == 0 { look.warn } else { look.good });
    say("marked", &summary.marked.to_string(), look.text);
    say("types", &types.join(" "), look.text);
    lines
}

/// A label and a text that goes on below itself.
fn field(label: &str, text: &str, style: Style, look: &Look, width: usize) -> Vec<Line<'static>> {
    const LABEL: usize = 11;
    const MOST: usize = 3;
    let mut parts = fit::wrap(text, width.saturating_sub(LABEL));
    if parts.len() > MOST {
        parts.truncate(MOST);
        if let Some(last) = parts.last_mut() {
            *last = fit::cut(&format!("{last} ..."), width.saturating_sub(LABEL), look.glyphs);
        }
    }
    let line = |(number, part): (usize, String)| {
        let label = if number == 0 { label } else { "" };
        Line::from(vec![Span::styled(fit::left(label, LABEL, look.glyphs), look.faint), Span::styled(part, style)])
    };
    parts.into_iter().enumerate().map(line).collect()
}

fn placement(summary: &Summary, look: &Look, width: usize) -> Vec<Line<'static>> {
    const NUMBERS: usize = 6 + 5 + 8;
    let zone_width = summary.zones.keys().map(|zone| fit::width(zone)).max().unwrap_or(4).clamp(4, 16);
    let bar = width.saturating_sub(zone_width + NUMBERS + 1);
    let most = summary.zones.values().map(|zone| zone.spot).max().unwrap_or(0).max(1);
    let right = |text: &str, cells| fit::right(text, cells, look.glyphs);
    let heading = format!(
        "{}{}{}{}",
        fit::left("ZONE", zone_width, look.glyphs),
        right("SPOT", 6),
        right("OD", 5),
        right("MARKED", 8)
    );
    let mut lines = vec![Line::styled(heading, look.faint)];
    for (name, zone) in &summary.zones {
        // one cell is one instance while they fit
        let scaled = |count: usize| if most <= bar { count } else { (count * bar).div_ceil(most) };
        let (all, marked) = (scaled(zone.spot), scaled(zone.marked));
        lines.push(Line::from(vec![
            Span::styled(fit::left(name, zone_width, look.glyphs), look.text),
            Span::styled(right(&zone.spot.to_string(), 6), look.text),
            Span::styled(right(&zone.on_demand.to_string(), 5), look.text),
            Span::styled(right(&zone.marked.to_string(), 8), if zone.marked > 0 { look.marked } else { look.text }),
            Span::raw(" "),
            Span::styled(look.glyphs.block().repeat(marked), look.marked),
            Span::styled(look.glyphs.shade().repeat(all.saturating_sub(marked)), look.faint),
        ]));
    }
    lines
}
