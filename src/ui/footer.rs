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
    keymap::{
        self,
        table::{Binding, Layer},
    },
    messages::Weight,
};

/// One between key and label, two after.
const GAPS: usize = 3;

pub(super) fn draw(app: &App, look: &Look, area: Rect, buffer: &mut Buffer) {
    let mut shown: Vec<_> = keymap::bindings(app.layers()).filter(|binding| app.is_in_last_line(binding)).collect();
    let cells = |binding: &&Binding| fit::width(key(binding)) + fit::width(binding.label) + GAPS;
    // the way out and the help stay, whatever else must go
    while shown.iter().map(cells).sum::<usize>() > usize::from(area.width) + 1 {
        let last = shown.iter().rposition(|binding| binding.layer != Layer::Everywhere);
        let Some(last) = last else { break };
        shown.remove(last);
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

fn key(binding: &Binding) -> &'static str {
    binding.keys.first().copied().unwrap_or_default()
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
