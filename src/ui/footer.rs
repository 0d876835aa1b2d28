//! The last line: the keys that lead through the main job of the screen; and above it, for a while, the newest message.
//! Knows the keys from the key table alone.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::{Clear, Widget},
};

use super::{fit, look::Look, pane, put};
use crate::app::{
    App,
    keymap::{self, table::Binding},
    messages::Weight,
};

pub(super) fn draw(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    let on_the_way: Vec<_> = keymap::bindings(app.layers()).filter(|binding| binding.in_footer).collect();
    let mut room = usize::from(area.width).saturating_sub(1);
    let mut shown = Vec::new();
    for binding in on_the_way {
        let needed = fit::width(&key(binding)) + fit::width(binding.label) + 3;
        if needed > room + 2 {
            break;
        }
        room = room.saturating_sub(needed);
        shown.push(binding);
    }
    let mut spans = vec![Span::raw(" ")];
    for binding in shown {
        let possible = app.blocked(binding.intent).is_none();
        let (key_style, label_style) = if possible { (look.key, look.text) } else { (look.faint, look.faint) };
        spans.push(Span::styled(key(binding), key_style));
        spans.push(Span::styled(format!(" {}  ", binding.label), label_style));
    }
    put(Line::from(spans), area, buffer);
}

fn key(binding: &Binding) -> String {
    binding.keys.first().copied().unwrap_or_default().to_owned()
}

/// The newest message, over the end of the body.
pub(super) fn toast(app: &App, look: &Look, body: Rect, buffer: &mut Buffer) {
    let Some(message) = app.messages().toast() else { return };
    let (word, style) = match message.weight {
        Weight::Hint => ("", look.heading),
        Weight::Warning => ("NOTE ", look.warn),
        Weight::Error => ("ERROR ", look.bad),
    };
    let lines = fit::wrap(&format!("{word}{}", message.text), usize::from(body.width.saturating_sub(4)));
    let lines: Vec<_> = lines.into_iter().take(3).collect();
    let height = lines.len() as u16;
    let area = Rect { y: body.bottom() - height, height, ..body };
    Clear.render(area, buffer);
    buffer.set_style(area, look.text);
    pane::fill(lines.iter().map(|line| Line::styled(format!(" > {line}"), style)), area, buffer);
}
