//! A list that grows at its end: the newest lines, or those that one scrolled back to. Knows nothing of what they say.

use std::collections::VecDeque;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use crate::{
    app::{
        live::{self, clock},
        motion::Tail,
    },
    drill::fact::Source,
    ui::{fit, look::Look, pane},
};

const TIME: usize = 9;
const SOURCE: usize = 10;
const ID: usize = 13;

/// What is shown of a list.
pub(super) struct List<'a> {
    pub(super) title: &'static str,
    pub(super) lines: &'a VecDeque<live::Line>,
    pub(super) tail: Tail,
    pub(super) with_source: bool,
}

impl List<'_> {
    pub(super) fn draw(&self, focused: bool, look: &Look, area: Rect, buffer: &mut Buffer) {
        let title = format!("{}  {}", self.title, self.lines.len());
        let right = match self.tail.back {
            0 => String::from("following"),
            below => format!("{below} below, s follows"),
        };
        let inner = pane::draw(&title, &right, focused, look, area, buffer);
        if self.lines.is_empty() {
            return pane::fill([Line::styled(" nothing observed yet", look.faint)], inner, buffer);
        }
        let (width, height) = (usize::from(inner.width), usize::from(inner.height));
        let mut shown = VecDeque::new();
        // from the newest that is seen back, until the room is full
        for line in self.lines.iter().rev().skip(self.tail.back) {
            for drawn in self.wrapped(line, width, look).into_iter().rev() {
                shown.push_front(drawn);
            }
            if shown.len() >= height {
                break;
            }
        }
        let above = shown.len().saturating_sub(height);
        pane::fill(shown.into_iter().skip(above), inner, buffer);
    }

    /// Time and source once, the text beside them in as many lines as it takes.
    fn wrapped(&self, line: &live::Line, width: usize, look: &Look) -> Vec<Line<'static>> {
        let margin = if self.with_source { TIME + SOURCE } else { TIME };
        let text = match line.instance.as_ref().filter(|_| self.with_source) {
            Some(id) => format!("{} {}", fit::id(id.as_str(), ID, look.glyphs), line.text),
            None => line.text.clone(),
        };
        let ours = self.with_source && matches!(line.source, Source::Operator | Source::Spotdrill);
        let style = if ours { look.faint } else { look.text };
        let draw = |(number, part): (usize, String)| {
            let (time, source) = if number == 0 { (clock(line.at), line.source.as_str()) } else { (String::new(), "") };
            let mut before = fit::left(&time, TIME, look.glyphs);
            if self.with_source {
                before += &fit::left(source, SOURCE, look.glyphs);
            }
            Line::from(vec![Span::styled(format!(" {before}"), look.faint), Span::styled(part, style)])
        };
        fit::wrap(&text, width.saturating_sub(margin + 2)).into_iter().enumerate().map(draw).collect()
    }
}
