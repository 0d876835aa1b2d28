//! The proof, hop by hop: each as it was seen, with its latency, or why it was not and what next. Knows nothing of the logs.

use ratatui::text::Line;

use super::{Told, worded, wrapped};
use crate::{
    stack::proof::{Hop, Proof, Standing},
    ui::{fit, look::Look},
};

const WORD: usize = 6;
const HOP: usize = 17;
const TIME: usize = 9;

pub(super) fn told(proof: Option<&Proof>, look: &Look, width: usize) -> Told {
    let awaited = Standing::Awaited;
    let mut lines = Vec::new();
    for hop in Hop::ALL {
        let standing = proof.and_then(|proof| proof.hops().find(|(other, _)| *other == hop));
        lines.extend(line(hop, standing.map_or(&awaited, |(_, standing)| standing), look, width));
    }
    lines.push(Line::default());
    let right = match proof {
        Some(proof) if proof.holds() => {
            lines.extend(wrapped("THE CHAIN HOLDS", look.good, width));
            lines.push(Line::default());
            let next = "next: esc twice, then c on a group composes a drill. What Slack is told then comes this way.";
            lines.extend(wrapped(next, look.text, width));
            "5 of 5 answered"
        }
        Some(proof) if proof.is_over() => {
            lines.extend(wrapped("THE CHAIN DOES NOT HOLD", look.bad, width));
            lines.push(Line::default());
            lines.extend(wrapped(
                "r proves it again, D examines everything, esc goes back to the form",
                look.text,
                width,
            ));
            "over"
        }
        _ => {
            lines.extend(wrapped("a hop is shown once a log says so; esc leaves it", look.faint, width));
            "going on"
        }
    };
    Told { title: String::from("proof: an event on its way to Slack"), right: right.to_owned(), lines }
}

fn line(hop: Hop, standing: &Standing, look: &Look, width: usize) -> Vec<Line<'static>> {
    let (word, style, time, text) = match standing {
        Standing::Awaited => ("...", look.faint, String::new(), String::new()),
        Standing::Passed { after, says } => {
            ("ok", look.good, format!("{:.1} s", after.as_secs_f64()), says.to_string())
        }
        Standing::Failed { why, .. } => ("FAIL", look.bad, String::new(), why.to_string()),
        Standing::Left { why } => ("-", look.faint, String::new(), why.to_string()),
    };
    let indent = " ".repeat(HOP + TIME);
    let first = format!("{}{}  ", fit::left(hop.as_str(), HOP, look.glyphs), fit::right(&time, TIME - 2, look.glyphs));
    let mut parts = fit::wrap(&text, width.saturating_sub(WORD + HOP + TIME)).into_iter();
    let head = format!("{first}{}", parts.next().unwrap_or_default());
    let below: Vec<_> = parts.map(|part| format!("{indent}{part}")).collect();
    let mut lines = worded(word, style, WORD, &head, look, usize::MAX);
    lines.extend(below.iter().flat_map(|part| worded("", look.text, WORD, part, look, usize::MAX)));
    if let Standing::Failed { next, .. } = standing {
        for part in fit::wrap(&format!("next: {next}"), width.saturating_sub(WORD + HOP + TIME)) {
            lines.extend(worded("", look.text, WORD, &format!("{indent}{part}"), look, usize::MAX));
        }
    }
    lines
}
