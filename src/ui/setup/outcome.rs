//! What came of the work on the stack: the names that there are now, what remains, or why it failed; and the next step. Knows
//! nothing of how it came about.

use ratatui::text::Line;

use super::{Told, named, worded, wrapped};
use crate::{
    app::{
        App,
        setup::{Done, Goal},
    },
    stack::removal::{Fate, Part, Removal},
    text::SafeText,
    ui::look::Look,
};

pub(super) fn set_up(app: &App, done: &Done, look: &Look, width: usize) -> Told {
    let says = match done.took {
        Some(took) => format!("SET UP in {} s", took.as_secs()),
        None => String::from("NOTHING WAS TO BE CHANGED: it is set up"),
    };
    let mut lines = wrapped(&says, look.good, width);
    lines.push(Line::default());
    lines.extend(named(&done.outputs, look, width));
    let settings = done.names.settings(&app.setting().stack.usual);
    if !settings.is_empty() {
        lines.push(Line::default());
        let text = "These names are not the usual ones. For drills to find them, config.toml needs:";
        lines.extend(wrapped(text, look.warn, width));
        lines.extend(settings.iter().flat_map(|line| wrapped(line, look.text, width)));
    }
    if !done.notes.is_empty() {
        lines.push(Line::default());
    }
    lines.extend(done.notes.iter().flat_map(|note| wrapped(note, look.text, width)));
    if done.names.secret.is_none() {
        let text = "Slack is not told. To tell it: esc, choose `webhook`, and set up once more.";
        lines.extend(wrapped(text, look.warn, width));
    }
    lines.push(Line::default());
    lines.extend(wrapped("next: P sends an event through all of it", look.heading, width));
    Told { title: format!("set up  {}", done.names.stack), right: String::new(), lines }
}

pub(super) fn torn_down(removal: &Removal, remains: &[Part], look: &Look, width: usize) -> Told {
    let mut lines = Vec::new();
    if remains.is_empty() {
        lines.extend(wrapped("NOTHING OF SPOTDRILL'S REMAINS", look.good, width));
        let kept: Vec<_> = removal.parts.iter().filter(|part| part.fate == Fate::Kept).collect();
        if !kept.is_empty() {
            lines.extend(wrapped("but what was to be kept:", look.text, width));
        }
        for part in kept {
            lines.extend(worded("  kept", look.good, 9, &format!("{} {}", part.kind, part.name), look, width));
        }
        lines.push(Line::default());
        lines.extend(wrapped(
            "It was looked for once more, part by part, after the stack was gone.",
            look.faint,
            width,
        ));
        lines.push(Line::default());
    } else {
        let text = "STILL THERE, though it was to go or bears the name of what went:";
        lines.extend(wrapped(text, look.bad, width));
        for Part { kind, name, .. } in remains {
            lines.extend(worded("  !", look.bad, 4, &format!("{kind} {name}"), look, width));
        }
        lines.push(Line::default());
        lines.extend(wrapped("r looks once more, and takes away what it may", look.text, width));
    }
    for note in &removal.notes {
        lines.extend(worded("NOTE", look.warn, 9, note, look, width));
    }
    Told { title: format!("torn down  {}", removal.names.stack), right: String::new(), lines }
}

pub(super) fn failed(goal: Goal, why: &[SafeText], look: &Look, width: usize) -> Told {
    let (title, again) = match goal {
        Goal::Preview => ("NO PREVIEW", "r looks again"),
        Goal::SetUp => ("NOT SET UP", "r previews anew: what is there is kept, or offered to be removed first"),
        Goal::Leftover => ("NOT REMOVED", "r looks again"),
        Goal::Prove => ("NOT PROVED", "r proves again"),
        Goal::LookForTeardown => ("NOT LOOKED FOR", "r looks again"),
        Goal::TearDown => ("NOT TAKEN AWAY", "r looks again at what is there"),
    };
    let mut lines = wrapped(title, look.bad, width);
    lines.push(Line::default());
    lines.extend(why.iter().flat_map(|line| wrapped(line, look.text, width)));
    lines.push(Line::default());
    lines.extend(wrapped(&format!("{again}; D examines everything; esc goes back to the form"), look.heading, width));
    Told { title: title.to_lowercase(), right: String::new(), lines }
}
