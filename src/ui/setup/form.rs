//! Draws the fields of the setup screen, the webhook as dots alone, and the way on. Knows which field the keys go to.

use ratatui::{
    buffer::Buffer,
    layout::Rect,
    text::{Line, Span},
};
use secrecy::ExposeSecret;

use super::{Told, named, worded, wrapped};
use crate::{
    app::{
        App,
        setup::{
            Seen, Stage,
            form::{Field, Form, Slack, Template, Typing},
        },
    },
    stack::status::Standing,
    ui::{fit, look::Look, pane},
};

const LABEL: usize = 11;
/// As many dots of a secret are drawn; its length is said beside them.
const DOTS: usize = 24;

/// Draws the form at the top of the area, and says how high it is.
pub(super) fn draw(app: &App, focused: bool, look: &Look, area: Rect, buffer: &mut Buffer) -> u16 {
    let form = &app.setup().form;
    let width = usize::from(area.width.saturating_sub(4));
    let mut lines = vec![stack(app, look, width)];
    for field in form.fields() {
        let (label, value) = match field {
            Field::Slack => ("Slack", slack(app, look)),
            Field::Webhook => ("Webhook", webhook(form, look)),
            Field::Template => ("Template", template(form, look)),
            Field::Count => ("Count", line(form, field, &form.count.to_string(), "instances that it interrupts", look)),
            Field::Warning => {
                ("Warning", line(form, field, &form.warning.to_string(), "from the start to the interruption", look))
            }
            Field::Preview => ("Next", vec![Span::styled("[ preview the changes ]", look.heading)]),
        };
        let here = focused && form.field == field;
        let (pointer, style) = if here { ("> ", look.focus) } else { ("  ", look.faint) };
        let mut spans = vec![Span::styled(format!("{pointer}{}", fit::left(label, LABEL, look.glyphs)), style)];
        spans.extend(value);
        lines.push(Line::from(spans));
        if field == Field::Slack {
            lines.extend(of_environment(app, look));
        }
    }
    if let Some(complaint) = form.complaint.as_ref().filter(|_| focused) {
        lines.extend(worded(" !", look.bad, 3, complaint, look, width));
    }
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX).min(area.height);
    let inner = pane::draw("setup", "", focused, look, Rect { height, ..area }, buffer);
    pane::fill(lines, inner, buffer);
    height
}

/// The stack's name, and how it stood when it was seen last.
fn stack(app: &App, look: &Look, width: usize) -> Line<'static> {
    let name = &app.setting().stack.stack;
    let setup = app.setup();
    let worked_on = match &setup.stage {
        Stage::Job(job) => job.progress.as_ref().map(|progress| &progress.status).filter(|status| !status.is_empty()),
        _ => None,
    };
    let (says, style) = match (worked_on, &setup.seen) {
        (Some(status), _) => (status.to_string(), look.text),
        (None, Seen::Looking) => (String::from("looking ..."), look.faint),
        (None, Seen::NotThere) => (String::from("not there"), look.faint),
        (None, Seen::Unknown(why)) => {
            let room = width.saturating_sub(LABEL + name.len() + 2);
            (fit::cut(why, room, look.glyphs), look.warn)
        }
        (None, Seen::There(stack)) => {
            let at =
                stack.changed.map(|at| format!(" since {}", at.strftime("%Y-%m-%d %H:%M:%SZ"))).unwrap_or_default();
            let style = match stack.standing() {
                Standing::Ready if stack.ours => look.good,
                Standing::Busy | Standing::InReview => look.text,
                _ => look.warn,
            };
            (format!("{}{at}{}", stack.status, if stack.ours { "" } else { ", not spotdrill's" }), style)
        }
    };
    Line::from(vec![
        Span::styled(format!("  {}", fit::left("Stack", LABEL, look.glyphs)), look.faint),
        Span::styled(format!("{name}  "), look.heading),
        Span::styled(says, style),
    ])
}

fn slack(app: &App, look: &Look) -> Vec<Span<'static>> {
    let (form, given) = (&app.setup().form, &app.setting().stack.webhook);
    let choice = |slack: Slack| {
        let name = match slack {
            Slack::AsItIs => "as it is",
            Slack::Environment => "environment",
            Slack::Typed => "webhook",
            Slack::Nobody => "no Slack",
        };
        if slack == form.slack {
            Span::styled(format!("(*) {name}  "), look.heading)
        } else {
            Span::styled(format!("( ) {name}  "), look.faint)
        }
    };
    Form::slacks(given.is_some()).into_iter().map(choice).collect()
}

/// Where the webhook comes from, if it is the environment's.
fn of_environment(app: &App, look: &Look) -> Option<Line<'static>> {
    let given = app.setting().stack.webhook.as_ref().filter(|_| app.setup().form.slack == Slack::Environment)?;
    let length = given.expose_secret().chars().count();
    Some(Line::from(vec![
        Span::styled(format!("  {}", fit::left("Webhook", LABEL, look.glyphs)), look.faint),
        Span::styled(format!("from SPOTDRILL_SLACK_WEBHOOK, {length} characters"), look.text),
    ]))
}

/// Dots, and how many characters they stand for.
fn webhook(form: &Form, look: &Look) -> Vec<Span<'static>> {
    let dots = |count: usize| look.glyphs.dot().repeat(count.min(DOTS));
    match (&form.typing, form.webhook_length()) {
        (Typing::Secret(masked), _) => vec![
            Span::styled(format!("[{}_]", dots(masked.len())), look.marked),
            Span::styled(format!("  {} characters; paste or type it", masked.len()), look.faint),
        ],
        (_, Some(length)) => vec![
            Span::styled(format!("[{}]", dots(length)), look.text),
            Span::styled(format!("  {length} characters"), look.faint),
        ],
        (_, None) => vec![Span::styled("[ ]", look.text), Span::styled("  paste it, or enter types it", look.faint)],
    }
}

fn template(form: &Form, look: &Look) -> Vec<Span<'static>> {
    let (value, says) = match &form.template {
        Template::AsItIs => (String::from("as it is"), "left right: none, or an FIS template of a node group"),
        Template::Without => (String::from("none"), "the stack has no FIS template of its own"),
        Template::For(group) => (group.qualified(), "an FIS template that can be started as it is"),
    };
    vec![Span::styled(format!("[{value}]"), look.text), Span::styled(format!("  {says}"), look.faint)]
}

/// The value of a field, or the text that is being typed into it.
fn line(form: &Form, field: Field, value: &str, says: &'static str, look: &Look) -> Vec<Span<'static>> {
    let value = match &form.typing {
        Typing::Line(input) if form.field == field => Span::styled(format!("[{}_]", input.value()), look.marked),
        _ => Span::styled(format!("[{value}]"), look.text),
    };
    vec![value, Span::styled(format!("  {says}"), look.faint)]
}

/// What each key leads to, and what it is all for.
pub(super) fn way(app: &App, look: &Look, width: usize) -> Told {
    const STEP: usize = 14;
    let steps = [
        ("S  preview", "what would be added, changed, replaced and removed, and its price. Nothing is changed yet"),
        ("P  prove", "an event through rule, Lambda and secret to Slack: each hop as it is seen"),
        ("D  doctor", "credentials, permissions, roles, rules, logs and this machine, with what to mend"),
        ("T  tear down", "what setup made is listed, and goes once you type its name"),
    ];
    let mut lines = Vec::new();
    for (step, text) in steps {
        lines.extend(worded(step, look.key, STEP, text, look, width));
    }
    lines.push(Line::default());
    let what = "One CloudFormation stack: a Lambda that tells Slack of interruptions, its rules, both log groups, and the \
                role that FIS interrupts with. The webhook is kept in Secrets Manager. Setting up once more changes only \
                what differs.";
    lines.extend(wrapped(what, look.faint, width));
    if let Seen::There(stack) = &app.setup().seen {
        lines.push(Line::default());
        lines.extend(named(&stack.outputs, look, width));
    }
    Told { title: String::from("what the keys do"), right: String::new(), lines }
}
