//! What would be done to the account: the changes of a preview, the parts of a teardown, each with a sign and a word. Knows
//! nothing of how they are made.

use ratatui::{style::Style, text::Line};

use super::{Told, worded, wrapped};
use crate::{
    drill::fleet::World,
    stack::{
        Stack,
        change::{Action, Preview},
        removal::{Fate, Part, Removal},
    },
    text::SafeText,
    ui::look::Look,
};

/// A sign, a word and blanks.
const WORD: usize = 14;
const LABEL: usize = 9;

pub(super) fn preview(preview: &Preview, look: &Look, width: usize) -> Told {
    let mut lines = Vec::new();
    if preview.changes_nothing() {
        lines.extend(wrapped("NOTHING TO CHANGE: IT IS SET UP", look.good, width));
        lines.extend(wrapped("enter shows what everything is called", look.faint, width));
    } else {
        lines.extend(wrapped(&preview.counts(), look.heading, width));
    }
    lines.push(Line::default());
    for change in &preview.changes {
        let (word, style) = match change.action {
            Action::Add => ("add", look.good),
            Action::Modify => ("change", look.warn),
            Action::Replace => ("REPLACE", look.bad),
            Action::MayReplace => ("MAY REPLACE", look.bad),
            Action::Remove => ("REMOVE", look.bad),
            Action::Other => ("other", look.text),
        };
        let word = format!("{} {word}", change.action.sign());
        lines.extend(worded(&word, style, WORD, &change.telling(), look, width));
    }
    if !preview.changes.is_empty() {
        lines.push(Line::default());
    }
    lines.extend(worded("secret", look.faint, LABEL, &preview.secret_in_words(), look, width));
    lines.extend(worded("price", look.faint, LABEL, preview.cost(), look, width));
    lines.extend(notes(&preview.notes, look, width));
    let kind = if preview.is_new { "a new stack" } else { "an update" };
    let title = format!("preview  {}, {kind}", preview.names.stack);
    Told { title, right: place(preview.world, &preview.account), lines }
}

fn notes(notes: &[SafeText], look: &Look, width: usize) -> Vec<Line<'static>> {
    notes.iter().flat_map(|note| worded("NOTE", look.warn, LABEL, note, look, width)).collect()
}

fn place(world: World, account: &SafeText) -> String {
    match world {
        World::Lab => format!("LAB {account}"),
        World::Aws => format!("AWS ACCOUNT {account}"),
    }
}

pub(super) fn leftover(stack: &Stack, parts: &[Part], look: &Look, width: usize) -> Told {
    let mut lines = wrapped(
        &format!("The stack {} is {}: an earlier attempt left it, and it must go first.", stack.name, stack.status),
        look.warn,
        width,
    );
    if let Some(reason) = &stack.reason {
        lines.extend(worded("why", look.faint, LABEL, reason, look, width));
    }
    lines.push(Line::default());
    if parts.is_empty() {
        lines.extend(wrapped("Nothing is in it but its name.", look.text, width));
    }
    for part in parts {
        lines.extend(worded("- REMOVE", look.bad, WORD, &format!("{} {}", part.kind, part.name), look, width));
    }
    lines.push(Line::default());
    lines.extend(wrapped("enter asks once more, then removes it; after that S previews anew", look.faint, width));
    Told { title: format!("left over  {}", stack.name), right: stack.status.to_string(), lines }
}

pub(super) fn removal(removal: &Removal, look: &Look, width: usize) -> Told {
    const FATE: usize = 15;
    let mut lines = Vec::new();
    if removal.is_empty() {
        lines.extend(wrapped("There is nothing of spotdrill's to take away.", look.good, width));
    }
    for part in &removal.parts {
        let (word, style): (_, Style) = match part.fate {
            Fate::Deleted => ("- delete", look.bad),
            Fate::Recoverable => ("- recoverable", look.warn),
            Fate::Kept => ("  keep", look.good),
        };
        lines.extend(worded(word, style, FATE, &format!("{} {}", part.kind, part.name), look, width));
    }
    lines.push(Line::default());
    let logs = if removal.keep_logs {
        "both log groups stay: they are evidence. L lets them go after all"
    } else {
        "both log groups go, with what they hold. L keeps them: they are evidence"
    };
    lines.extend(worded("logs", look.faint, LABEL, logs, look, width));
    lines.extend(notes(&removal.notes, look, width));
    let state = removal.stack.as_ref().map_or("does not exist", |stack| stack.status.as_str());
    let title = format!("tear down  {}, {state}", removal.names.stack);
    Told { title, right: place(removal.world, &removal.account), lines }
}
