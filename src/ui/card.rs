//! A card over the screen: a bordered box in the middle, as large as its text. Knows nothing of what it says.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::Line,
    widgets::{Clear, Widget},
};

use super::{look::Look, pane};

pub(super) struct Card<'a> {
    pub(super) title: &'a str,
    pub(super) right: &'a str,
    pub(super) lines: Vec<Line<'a>>,
    /// So many lines are scrolled away.
    pub(super) top: usize,
    /// At most.
    pub(super) width: u16,
}

impl Card<'_> {
    pub(super) fn draw(self, look: &Look, area: Rect, buffer: &mut Buffer) {
        let width = self.width.min(area.width);
        let height = u16::try_from(self.lines.len() + 2).unwrap_or(u16::MAX).min(area.height);
        let card = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
        Clear.render(card, buffer);
        buffer.set_style(card, look.text);
        let inner = pane::draw(self.title, self.right, true, look, card, buffer);
        let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
        let top = self.top.min(self.lines.len().saturating_sub(inner.height.into()));
        pane::fill(self.lines.into_iter().skip(top), inner, buffer);
    }
}
