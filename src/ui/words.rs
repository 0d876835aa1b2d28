//! Draws the field for words that a person must type, and what it says back. Knows nothing of what they are for.

use ratatui::text::{Line, Span};

use super::{fit, look::Look};
use crate::app::words::Words;

/// What is said around the field.
pub(super) struct Saying {
    /// Before the words, such as `To start, type`.
    pub(super) to: &'static str,
    /// Once they are complete.
    pub(super) complete: &'static str,
    /// As long as there is no complaint.
    pub(super) idle: &'static str,
}

pub(super) fn field(words: &Words, saying: &Saying, look: &Look, width: usize) -> Vec<Line<'static>> {
    let wanted = words.wanted();
    let room_for_wanted = width.saturating_sub(fit::width(saying.to) + 2);
    let mut lines = vec![Line::default()];
    lines.push(Line::from(vec![
        Span::styled(format!("{}  ", saying.to), look.text),
        Span::styled(fit::cut(wanted, room_for_wanted, look.glyphs), look.heading),
    ]));
    let room = fit::width(wanted).max(20).min(width.saturating_sub(24)) + 1;
    let typed = format!("{}_", words.input.value());
    let (field_style, state) = match (words.is_armed(), words.is_complete()) {
        (false, _) => (look.faint, "arming ..."),
        (true, false) if words.is_beginning() => (look.marked, "type it; no paste"),
        (true, false) => (look.bad, "these are not the words"),
        (true, true) => (look.marked, saying.complete),
    };
    lines.push(Line::from(vec![
        Span::styled(format!("[{}]", fit::left(&typed, room, look.glyphs)), field_style),
        Span::styled(format!("  {state}"), look.faint),
    ]));
    let complaint = words.complaint.as_deref().unwrap_or(saying.idle);
    let style = if words.complaint.is_some() { look.bad } else { look.faint };
    lines.push(Line::styled(fit::cut(complaint, width, look.glyphs), style));
    lines
}
