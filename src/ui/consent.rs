//! Draws the dialog before the account is changed: where, what, and what it costs or takes. Knows nothing of how the yes is
//! judged.

use std::collections::BTreeMap;

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::{card::Card, confirm::field_lines, look::Look, words};
use crate::{
    app::setup::consent::{Consent, To, Way},
    drill::fleet::World,
    stack::{
        Stack,
        change::Preview,
        removal::{Fate, RECOVERY_DAYS, Removal},
    },
    text::SafeText,
};

const WIDTH: u16 = 92;
const FIELD: words::Saying = words::Saying {
    to: "To tear it down, type",
    complete: "complete: enter tears it down",
    idle: "esc cancels; nothing has been taken away",
};

type Said = Vec<(&'static str, String, Style)>;

pub(super) fn draw(consent: &Consent, look: &Look, area: Rect, buffer: &mut Buffer) {
    let width = WIDTH.min(area.width);
    let text_width = usize::from(width.saturating_sub(4));
    let (title, right, said) = match &consent.to {
        To::SetUp { preview, .. } => set_up(preview, look),
        To::RemoveLeftover(stack) => leftover(stack, look),
        To::TearDown(removal) => tear_down(removal, look),
    };
    let way = match &consent.way {
        Way::Words(field) => words::field(field, &FIELD, look, text_width),
        Way::Key(arming) => {
            let (style, enter) =
                if arming.is_over() { (look.key, "does it") } else { (look.faint, "opens in a second ...") };
            let line = Line::from(vec![
                Span::styled("enter", style),
                Span::styled(format!(" {enter}    "), look.text),
                Span::styled("esc", look.key),
                Span::styled(" changes nothing", look.text),
            ]);
            vec![Line::default(), line]
        }
    };
    let about = said.iter().flat_map(|(label, text, style)| field_lines(label, text, *style, look, text_width));
    let room = usize::from(area.height.saturating_sub(2)).saturating_sub(way.len());
    let mut lines: Vec<_> = about.take(room).collect();
    lines.extend(way);
    Card { title: &title, right, lines, top: 0, width }.draw(look, area, buffer);
}

fn place(world: World, account: &SafeText, region: &SafeText, look: &Look) -> (&'static str, String, Style) {
    match world {
        World::Aws => ("account", format!("REAL AWS ACCOUNT {account}  region {region}"), look.bad),
        World::Lab => ("account", format!("lab account {account}  region {region}"), look.text),
    }
}

fn world(world: World) -> &'static str {
    match world {
        World::Aws => "REAL AWS ACCOUNT",
        World::Lab => "LAB, nothing real is touched",
    }
}

fn set_up(preview: &Preview, look: &Look) -> (String, &'static str, Said) {
    let stack = &preview.names.stack;
    let title = if preview.is_new { format!("MAKE THE STACK {stack}?") } else { format!("CHANGE THE STACK {stack}?") };
    let said = vec![
        place(preview.world, &preview.account, &preview.region, look),
        ("changes", preview.counts(), look.heading),
        ("secret", preview.secret_in_words(), look.text),
        ("price", preview.cost().to_owned(), look.text),
        ("back", String::from("if a part fails, CloudFormation goes back; T takes all of it away again"), look.text),
    ];
    (title, world(preview.world), said)
}

fn leftover(stack: &Stack, look: &Look) -> (String, &'static str, Said) {
    let said = vec![
        ("stack", format!("{}, {}: it can only be deleted", stack.name, stack.status), look.heading),
        ("then", String::from("S previews anew; a webhook that was stored is kept"), look.text),
    ];
    (format!("REMOVE WHAT IS LEFT OF {}?", stack.name), "", said)
}

fn tear_down(removal: &Removal, look: &Look) -> (String, &'static str, Said) {
    let stack = &removal.names.stack;
    let status = removal.stack.as_ref().map_or("does not exist", |stack| stack.status.as_str());
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for part in removal.parts.iter().filter(|part| part.fate != Fate::Kept) {
        *kinds.entry(part.kind.as_str()).or_default() += 1;
    }
    let times = |count: usize| if count == 1 { String::new() } else { format!(" x{count}") };
    let counted: Vec<_> = kinds.iter().map(|(kind, count)| format!("{kind}{}", times(*count))).collect();
    let mut said = vec![
        place(removal.world, &removal.account, &removal.region, look),
        ("stack", format!("{stack}, {status}"), look.heading),
        ("deletes", counted.join(", "), look.heading),
    ];
    said.push(if removal.keep_logs {
        ("logs", String::from("both log groups are kept"), look.text)
    } else {
        (
            "logs",
            String::from("what the log groups hold is gone for good: it is evidence. esc, then L keeps it"),
            look.warn,
        )
    });
    if removal.secret.is_some() {
        said.push(("secret", format!("can be taken back for {RECOVERY_DAYS} days"), look.text));
    }
    (format!("TEAR DOWN {stack}?"), world(removal.world), said)
}
