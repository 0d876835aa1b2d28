//! Draws the fleet: the rows that can be seen and no others. Knows nothing of how they were chosen.

pub(super) mod detail;
mod rows;

pub(super) use rows::short_zone;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::{WIDE, fit, look::Look, pane, put, split_right};
use crate::app::{App, fleet::Browser, live::clock};

pub(super) fn draw(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    let detail_width = match area.width {
        ..WIDE => 0,
        WIDE..120 => 38,
        _ => 46,
    };
    let (list, detail) = split_right(area, detail_width);
    draw_list(app, look, list, buffer);
    if detail.width > 0 {
        detail::draw(app, look, detail, buffer);
    }
}

fn draw_list(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    let browser = app.browser();
    let inner = pane::draw(&title(browser), &marked(browser), true, look, area, buffer);
    let banner = banner(browser, look, inner.width.into());
    let asks = app.is_filtering() || !browser.filter().is_empty();
    let filter_height = u16::from(asks);
    let banner_height = (banner.len() as u16).min(inner.height / 2);
    let heights = [banner_height, 1, inner.height.saturating_sub(banner_height + 1 + filter_height), filter_height];
    let [top, columns, list, bottom] = super::rows(inner, heights);
    pane::fill(banner, top, buffer);
    if browser.rows().is_empty() {
        pane::fill(emptiness(app, look, list.width.into()), list, buffer);
    } else {
        put(rows::headings(browser, look, inner.width), columns, buffer);
        rows::draw(browser, look, list, buffer);
    }
    if asks {
        put(filter_line(app, look), bottom, buffer);
    }
}

fn title(browser: &Browser) -> String {
    let Some(fleet) = browser.fleet() else { return String::from("fleet") };
    let groups = match fleet.groups.len() {
        1 => String::from("1 group"),
        several => format!("{several} groups"),
    };
    let listing = match browser.listing() {
        Some(instances) => format!("listing again, {instances} so far"),
        None => format!("as of {}Z", clock(fleet.as_of)),
    };
    format!("fleet  {} instances in {groups}  {listing}", browser.instances())
}

fn marked(browser: &Browser) -> String {
    match (browser.marks().len(), browser.is_ranging()) {
        (_, true) => String::from("range: v or space marks it, esc drops it"),
        (0, false) => String::new(),
        (marked, false) => format!("marked {marked} of {}", browser.instances()),
    }
}

/// What must be known before the list is believed.
fn banner(browser: &Browser, look: &Look, width: usize) -> Vec<Line<'static>> {
    let mut said = Vec::new();
    if let (Some(fleet), Some(why)) = (browser.fleet(), browser.failure()) {
        said.push(format!("NOT LISTED AGAIN: {why} (shown is {}Z)", clock(fleet.as_of)));
    }
    if browser.fleet().is_some_and(|fleet| !fleet.complete) {
        let why = browser.fleet().and_then(|fleet| fleet.gap.as_deref()).unwrap_or("a page of the listing failed");
        said.push(format!("INCOMPLETE, so starting is refused; r lists again. {why}"));
    }
    let wrapped = said.iter().flat_map(|text| fit::wrap(text, width.saturating_sub(2)));
    wrapped.map(|line| Line::styled(format!(" {line}"), look.bad)).collect()
}

/// What is said where there are no rows.
fn emptiness(app: &App, look: &Look, width: usize) -> Vec<Line<'static>> {
    let browser = app.browser();
    let region = app.setting().region.as_deref().unwrap_or("the region").to_owned();
    let line = |text: String, style: Style| Line::styled(format!("  {text}"), style);
    match (browser.fleet(), browser.listing(), browser.failure()) {
        (None, Some(0), _) => vec![line(format!("listing the instances of {region} ..."), look.text)],
        (None, Some(so_far), _) => {
            vec![line(format!("listing the instances of {region} ... {so_far} so far"), look.text)]
        }
        (None, None, Some(why)) => {
            let mut lines = vec![line(String::from("THE FLEET COULD NOT BE LISTED"), look.bad), Line::default()];
            lines.extend(fit::wrap(why, width.saturating_sub(3).min(90)).into_iter().map(|text| line(text, look.text)));
            lines.push(Line::default());
            lines.push(line(String::from("r lists again, ! shows every message"), look.faint));
            lines
        }
        (Some(_), ..) if !browser.filter().is_empty() => {
            vec![line(String::from("nothing matches the filter: esc clears it"), look.text)]
        }
        _ => vec![
            line(format!("no instances in {region}"), look.heading),
            Line::default(),
            line(String::from("Start in another region with --region, or list again with r."), look.faint),
        ],
    }
}

fn filter_line(app: &App, look: &Look) -> Line<'static> {
    let browser = app.browser();
    let cursor = if app.is_filtering() { "_" } else { "" };
    Line::from(vec![
        Span::styled(" /", look.key),
        Span::styled(format!("{}{cursor}", browser.filter().text()), look.marked),
        Span::styled(format!("   {} of {} match", browser.matching(), browser.instances()), look.faint),
    ])
}
