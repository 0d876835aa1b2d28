//! Draws the dialog before the account is changed: where, what, and what it costs or takes. Knows nothing of how the yes is
//! judged.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    style::Style,
    text::{Line, Span},
};

use super::{card::Card, confirm::field_lines, look::Look, words};
use crate::{
    app::consent::{Consent, To, Way},
    drill::{fleet::World, id::DrillId, lock::Standing, plan::Plan},
    stack::{
        Stack,
        change::Preview,
        removal::{Fate, RECOVERY_DAYS, Removal},
    },
    text::SafeText,
};

const WIDTH: u16 = 92;
const TEAR_DOWN: words::Saying = words::Saying {
    to: "To tear it down, type",
    complete: "complete: enter tears it down",
    idle: "esc cancels; nothing has been taken away",
};
const TAKE_OVER: words::Saying = words::Saying {
    to: "To take it over, type",
    complete: "complete: enter takes it over, and the drill is confirmed anew",
    idle: "esc cancels; nothing has been taken over",
};
const SEND_AGAIN: words::Saying = words::Saying {
    to: "To go on, type",
    complete: "complete: enter looks for the start, and sends it again if it is not found",
    idle: "esc cancels; nothing has been sent",
};

type Said = Vec<(&'static str, String, Style)>;

pub(super) fn draw(consent: &Consent, look: &Look, now: Timestamp, area: Rect, buffer: &mut Buffer) {
    let width = WIDTH.min(area.width);
    let text_width = usize::from(width.saturating_sub(4));
    let (saying, (title, right, said)) = match &consent.to {
        To::SetUp { preview, .. } => (&TEAR_DOWN, set_up(preview, look)),
        To::RemoveLeftover(stack) => (&TEAR_DOWN, leftover(stack, look)),
        To::TearDown(removal) => (&TEAR_DOWN, tear_down(removal, look)),
        To::TakeOver(standing) => (&TAKE_OVER, take_over(standing, look, now)),
        To::SendAgain { drill, plan } => (&SEND_AGAIN, send_again(drill, plan, look)),
    };
    let way = match &consent.way {
        Way::Words(field) => words::field(field, saying, look, text_width),
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

fn take_over(standing: &Standing, look: &Look, now: Timestamp) -> (String, &'static str, Said) {
    let lock = &standing.lock;
    let said = vec![
        ("group", lock.group.to_string(), look.heading),
        ("held by", format!("{}@{}, {}", lock.user, lock.host, lock.arn), look.text),
        ("since", standing.age(now), look.text),
        ("drill", standing.stands(now), look.text),
        ("take care", String::from("whoever that is may come back to it: ask them first"), look.warn),
    ];
    (String::from("TAKE OVER THE LOCK OF ANOTHER DRILL?"), "", said)
}

fn send_again(drill: &DrillId, plan: &Plan, look: &Look) -> (String, &'static str, Said) {
    let groups: Vec<_> = plan.groups().iter().map(|group| group.qualified()).collect();
    let targets: Vec<_> = plan.targets.iter().map(|target| target.id.to_string()).collect();
    let said = vec![
        place(plan.world, &plan.account, &plan.region, look),
        ("drill", drill.to_string(), look.heading),
        ("hits", format!("{} of {}", targets.len(), groups.join(", ")), look.heading),
        ("targets", targets.join(" "), look.text),
        ("first", String::from("it is looked for: if it arrived, it is watched, and nothing is sent"), look.text),
        ("if not", String::from("the same request is sent once more; FIS knows it by its token"), look.warn),
    ];
    (String::from("GO ON WITH A START THAT GOT NO ANSWER?"), world(plan.world), said)
}
