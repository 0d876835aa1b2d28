//! Draws what lies over a screen. Knows nothing of the screen below.

use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};

use super::{card::Card, confirm, consent, fit, fleet, look::Look};
use crate::app::{
    App, Overlay,
    keymap::{
        self,
        table::{Binding, Layer},
    },
    live::clock,
    messages::Weight,
    templates::Templates,
};
use crate::drill::{guard::overriding::Overridable, plan::Wave};

const WIDTH: u16 = 84;
const DRILL_RUNS: &str = "LEAVE WHILE THE DRILL RUNS?";

pub(super) fn draw(app: &App, overlay: &Overlay, look: &Look, now: Timestamp, area: Rect, buffer: &mut Buffer) {
    let text_width = usize::from(WIDTH.min(area.width).saturating_sub(4));
    let (title, right, lines, top) = match overlay {
        Overlay::Confirm(confirm) => return confirm::draw(confirm, look, now, area, buffer),
        Overlay::Consent(consent) => return consent::draw(consent, look, now, area, buffer),
        Overlay::Help { layers, top } => {
            let mut lines = Vec::new();
            if let Some(command) = app.stop_command() {
                lines.push(Line::styled("the stop from anywhere else", look.heading));
                lines.extend(paragraphs([command.as_str()].into_iter(), look, text_width));
                lines.push(Line::default());
            }
            lines.extend(help(layers, look, text_width));
            (String::from("keys"), "j k scroll, esc closes", lines, *top)
        }
        Overlay::Messages { top } => (String::from("messages"), "newest first", messages(app, look, text_width), *top),
        Overlay::Details => {
            (String::from("instance"), "esc closes", fleet::detail::about(app.browser(), look, text_width), 0)
        }
        Overlay::Left { found, at } => {
            let mut lines = Vec::new();
            for (number, found) in found.iter().enumerate() {
                let (mark, style) = if number == *at { ("> ", look.focus) } else { ("  ", look.text) };
                for (row, part) in fit::wrap(&found.telling(), text_width.saturating_sub(2)).into_iter().enumerate() {
                    let mark = if row == 0 { mark } else { "  " };
                    lines.push(Line::styled(format!("{mark}{part}"), style));
                }
            }
            lines.push(Line::default());
            let said = "Watching it starts nothing: its time line is read back, and what nobody looked at is marked.";
            lines.extend(paragraphs([said].into_iter(), look, text_width));
            lines.push(Line::default());
            let unanswered = found.get(*at).is_some_and(|found| found.unanswered.is_some());
            let go_on = if unanswered { [("C", "go on with its start")].as_slice() } else { &[] };
            let stoppable = found.get(*at).is_some_and(|found| found.stoppable);
            let stop = if stoppable { [("X", "stop it")].as_slice() } else { &[] };
            let ways = [&[("enter", "watch it")], stop, go_on, &[("esc", "not now")]].concat();
            lines.push(keys(&ways, look));
            (String::from("A DRILL IS NOT OVER"), "", lines, 0)
        }
        Overlay::Refused { said, top } => {
            let lines = standing(said.get(*top..).unwrap_or_default(), look, text_width);
            (String::from("REFUSED: nothing was started"), "up and down scroll", lines, 0)
        }
        Overlay::Reason(input) => {
            let guards = app.templates().map(Templates::overridable).unwrap_or_default();
            let guards: Vec<_> = guards.into_iter().map(Overridable::as_str).collect();
            let said = format!("Why may it go on against the guard of {}? It is kept.", guards.join(", "));
            let mut lines = paragraphs([said.as_str()].into_iter(), look, text_width);
            let typed = fit::wrap(&format!("[{}_]", input.value()), text_width);
            lines.extend(typed.into_iter().map(|line| Line::styled(line, look.marked)));
            lines.push(Line::default());
            lines.push(keys(&[("enter", "give it"), ("esc", "leave it")], look));
            (String::from("A REASON"), "", lines, 0)
        }
        Overlay::Leave => {
            let come_back =
                format!("Come back with  spotdrill attach{}  ; spotdrill drills lists it.", at_endpoint(app));
            let unstarted = unstarted(app);
            let (title, said, leave) = if let Some(unstarted) = &unstarted {
                ("LEAVE WITH WAVES TO COME?", [unstarted.as_str(), ""], "leave")
            } else if !app.drill_goes_on() {
                let said = if app.setting().lab_inside() {
                    [
                        "This lab is inside this program and ends with it, and so does the work on the stack.",
                        "To see it through, stay: s shows it.",
                    ]
                } else {
                    [
                        "What was begun goes on at AWS. What was not begun yet is not done.",
                        "Setting up or tearing down again comes back to it.",
                    ]
                };
                ("LEAVE WHILE THE STACK IS CHANGED?", said, "leave")
            } else if app.setting().lab_inside() {
                let said = [
                    "This lab is inside this program and ends with it, and so does the drill.",
                    "What was seen so far is kept: spotdrill drills lists it.",
                ];
                (DRILL_RUNS, said, "leave")
            } else {
                let said =
                    ["The drill goes on, and what happens meanwhile is not recorded. X stops it.", come_back.as_str()];
                (DRILL_RUNS, said, "leave it running")
            };
            let mut lines = paragraphs(said.into_iter(), look, text_width);
            lines.push(Line::default());
            let stop = if app.can_be_stopped() { [("X", "stop the drill")].as_slice() } else { &[] };
            lines.push(keys(&[&[("enter", leave)], stop, &[("esc", "stay")]].concat(), look));
            (title.to_owned(), "", lines, 0)
        }
    };
    Card { title: &title, right, lines, top, width: WIDTH }.draw(look, area, buffer);
}

/// A sentence for each that stands against a start.
fn standing(said: &[String], look: &Look, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for said in said {
        for (row, part) in fit::wrap(said, width.saturating_sub(2)).into_iter().enumerate() {
            lines.push(Line::styled(format!("{} {part}", if row == 0 { "!" } else { " " }), look.bad));
        }
    }
    lines.push(Line::default());
    lines.push(keys(&[("enter", "go back")], look));
    lines
}

/// The waves that nothing starts once the drill is left.
fn unstarted(app: &App) -> Option<String> {
    let Wave { number, of, .. } = app.wave_to_come()?;
    let waves = if number == of {
        format!("Wave {number} of {of} was not started")
    } else {
        format!("Waves {number} to {of} of {of} were not started")
    };
    Some(format!("{waves}, and nothing starts what is left here. W reviews wave {number}."))
}

/// The server that was named, for a command to be run elsewhere.
fn at_endpoint(app: &App) -> String {
    app.setting().endpoint.as_ref().map(|url| format!(" --endpoint-url {url}")).unwrap_or_default()
}

fn paragraphs<'a>(texts: impl Iterator<Item = &'a str>, look: &Look, width: usize) -> Vec<Line<'static>> {
    texts.flat_map(|text| fit::wrap(text, width)).map(|line| Line::styled(line, look.text)).collect()
}

fn keys(pairs: &[(&'static str, &'static str)], look: &Look) -> Line<'static> {
    let pair = |(key, label): &(&'static str, &'static str)| {
        [Span::styled(*key, look.key), Span::styled(format!(" {label}    "), look.text)]
    };
    pairs.iter().flat_map(pair).collect()
}

fn help(layers: &[Layer], look: &Look, width: usize) -> Vec<Line<'static>> {
    const KEYS: usize = 16;
    let mut lines = Vec::new();
    for layer in layers {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(layer.title(), look.heading));
        for Binding { keys, help, .. } in keymap::bindings(&[*layer]) {
            for (number, part) in fit::wrap(help, width.saturating_sub(KEYS)).into_iter().enumerate() {
                let keys = if number == 0 { keys.join(" ") } else { String::new() };
                lines.push(Line::from(vec![
                    Span::styled(fit::left(&keys, KEYS, look.glyphs), look.key),
                    Span::styled(part, look.text),
                ]));
            }
        }
    }
    lines
}

fn messages(app: &App, look: &Look, width: usize) -> Vec<Line<'static>> {
    const TIME: usize = 9;
    if app.messages().all().is_empty() {
        return vec![Line::styled("nothing was said so far", look.faint)];
    }
    let mut lines = Vec::new();
    for message in app.messages().all().iter().rev() {
        let (word, style) = match message.weight {
            Weight::Hint => ("", look.text),
            Weight::Warning => ("NOTE ", look.warn),
            Weight::Error => ("ERROR ", look.bad),
        };
        let parts = fit::wrap(&format!("{word}{}", message.text), width.saturating_sub(TIME));
        for (number, part) in parts.into_iter().enumerate() {
            let time = if number == 0 { clock(message.at) } else { String::new() };
            lines.push(Line::from(vec![
                Span::styled(fit::left(&time, TIME, look.glyphs), look.faint),
                Span::styled(part, style),
            ]));
        }
    }
    lines
}
