//! A bordered pane with a title on its border. Knows nothing of what is in it.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
    widgets::{Block, Widget},
};

use super::{fit, look::Look, put};

/// Draws the border and gives the room inside.
pub(super) fn draw(title: &str, right: &str, focused: bool, look: &Look, area: Rect, buffer: &mut Buffer) -> Rect {
    let border = if focused { look.focus } else { look.border };
    let room = usize::from(area.width.saturating_sub(6));
    let title = fit::cut(title, room, look.glyphs);
    let right = fit::cut(right, room.saturating_sub(fit::width(&title) + 1), look.glyphs);
    let mut block = Block::bordered().border_set(look.glyphs.border(focused)).border_style(border);
    if !title.is_empty() {
        block = block.title_top(Line::from(Span::styled(format!(" {title} "), look.heading)));
    }
    if !right.is_empty() {
        block = block.title_top(Line::from(Span::styled(format!(" {right} "), look.text)).right_aligned());
    }
    let inner = block.inner(area);
    block.render(area, buffer);
    inner
}

/// The lines of an area, from its top.
pub(super) fn lines_of(area: Rect) -> impl Iterator<Item = Rect> {
    area.rows()
}

/// Draws lines from the top; what does not fit is left out.
pub(super) fn fill<'a>(lines: impl IntoIterator<Item = Line<'a>>, area: Rect, buffer: &mut Buffer) {
    for (line, row) in lines.into_iter().zip(lines_of(area)) {
        put(line, row, buffer);
    }
}

/// The first row of a window of this height that keeps the cursor in its middle.
pub(super) fn window(cursor: usize, len: usize, height: usize) -> usize {
    cursor.saturating_sub(height / 2).min(len.saturating_sub(height))
}
