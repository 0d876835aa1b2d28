//! The screen of templates that are there already: one is chosen, previewed by FIS and started as it is. Knows the guards of a
//! drill and how to ask them, and nothing of how FIS is asked.

use jiff::Timestamp;
use tui_input::Input;

use super::{
    App, Effect, Overlay, Screen, Setting, confirm::Confirm, keymap::table::Intent, messages::Weight, motion::Motion,
    words::Arming,
};
use crate::{
    drill::{
        existing::Existing,
        fleet::Fleet,
        guard::{
            self, Refusals,
            circumstances::Circumstances,
            overriding::{Overridable, Override},
        },
        id::{InstanceId, TemplateId},
        plan::Plan,
    },
    text::SafeText,
};

/// What is known of the account's templates, and what was done with one of them.
#[derive(Clone, Debug)]
pub struct Templates {
    pub listed: Listed,
    pub cursor: usize,
    pub preview: Option<Preview>,
    /// Why the last attempt to start was refused.
    pub refused: Option<SafeText>,
    /// The screen to go back to.
    from: Screen,
    /// How many previews there were: an answer counts if it is of the last one.
    attempts: u32,
    /// Until then no key begins a preview: words that were typed elsewhere may end here.
    arming: Arming,
}

#[derive(Clone, Debug)]
pub enum Listed {
    /// So many were read of so many; of none while they are being counted.
    Reading(usize, usize),
    Failed(SafeText),
    Done(Vec<Existing>),
}

/// What FIS makes of a template's targets.
#[derive(Clone, Debug)]
pub struct Preview {
    pub of: TemplateId,
    pub began: Timestamp,
    pub came: Came,
    attempt: u32,
    /// What it was resolved from, so that it can be weighed anew.
    previewed: Option<Box<Previewed>>,
}

#[derive(Clone, Debug)]
pub enum Came {
    /// FIS resolves them.
    Awaited,
    Failed(SafeText),
    /// What would be hit, or everything that stands against it.
    Resolved(Result<Box<Plan>, Refusals>),
}

/// What happened to templates.
#[derive(Clone, Debug)]
pub enum Told {
    Reading(usize, usize),
    Listed(Vec<Existing>),
    ListingFailed(SafeText),
    /// The preview of that number told which instances FIS resolved, with the fleet that they are in.
    Previewed(u32, Box<Previewed>),
    PreviewFailed(u32, SafeText),
}

/// What FIS resolved, and what it is weighed by.
#[derive(Clone, Debug)]
pub struct Previewed {
    pub fleet: Fleet,
    pub instances: Vec<InstanceId>,
    pub circumstances: Circumstances,
}

impl Previewed {
    fn weighed(&self, existing: &Existing, overrides: &[Override]) -> Came {
        let plan = guard::as_it_is(&self.fleet, existing, &self.instances, &self.circumstances, overrides);
        Came::Resolved(plan.map(Box::new))
    }
}

impl Templates {
    fn new(from: Screen) -> Self {
        Self {
            listed: Listed::Reading(0, 0),
            cursor: 0,
            preview: None,
            refused: None,
            from,
            attempts: 0,
            arming: Arming::default(),
        }
    }

    pub fn all(&self) -> &[Existing] {
        match &self.listed {
            Listed::Done(templates) => templates,
            Listed::Reading(..) | Listed::Failed(_) => &[],
        }
    }

    pub fn selected(&self) -> Option<&Existing> {
        self.all().get(self.cursor)
    }

    /// The preview of the template under the cursor.
    pub fn preview(&self) -> Option<&Preview> {
        let selected = self.selected()?;
        self.preview.as_ref().filter(|preview| preview.of == selected.id)
    }

    /// What would be started.
    pub fn plan(&self) -> Option<&Plan> {
        match self.preview().map(|preview| &preview.came) {
            Some(Came::Resolved(Ok(plan))) => Some(plan),
            _ => None,
        }
    }

    /// The guards that stand against the preview and that a reason overrides.
    pub fn overridable(&self) -> Vec<Overridable> {
        match self.preview().map(|preview| &preview.came) {
            Some(Came::Resolved(Err(refusals))) => refusals.overridable(),
            _ => Vec::new(),
        }
    }

    fn give_reason(&mut self, reason: &str) {
        let overrides = Override::each(self.overridable(), &SafeText::new(reason));
        let Some(existing) = self.selected().cloned() else { return };
        if let Some(Preview { came, previewed: Some(previewed), .. }) = &mut self.preview {
            *came = previewed.weighed(&existing, &overrides);
        }
    }

    /// FIS resolves targets at this moment.
    pub fn is_previewing(&self) -> bool {
        self.preview.as_ref().is_some_and(|preview| matches!(preview.came, Came::Awaited))
    }

    /// Why a key does nothing now; none if it does.
    pub(super) fn blocked(&self, intent: Intent, setting: &Setting) -> Option<String> {
        let stands = self.selected().is_some_and(|existing| guard::startable(existing).is_err());
        let why = match intent {
            Intent::Refresh if matches!(self.listed, Listed::Reading(..)) => "the templates are being listed already",
            Intent::Open | Intent::Review if self.selected().is_none() => "there is no template to start",
            Intent::Open | Intent::Review if self.is_previewing() => "FIS resolves targets: esc leaves the preview",
            Intent::Open if setting.read_only => {
                "read-only: a preview is an FIS experiment too, if one that skips its actions"
            }
            Intent::Review if setting.read_only => "read-only: started without the right to start a drill",
            Intent::Open | Intent::Review if stands => "it cannot be started: what stands against it is shown",
            Intent::GiveReason if self.overridable().is_empty() => "nothing stands against it that a reason overrides",
            Intent::Open if !self.arming.is_over() => "this screen has just opened: press enter once more",
            Intent::Review if self.plan().is_none() => "enter first: what FIS resolves is not known",
            _ => return None,
        };
        Some(why.to_owned())
    }

    /// Text means nothing here: it was meant for a field, and so is the enter at its end.
    pub(super) fn typed_at(&mut self) {
        self.arming = Arming::default();
    }

    pub(super) fn is_armed(&self) -> bool {
        self.arming.is_over()
    }

    pub(super) fn tick(&mut self) -> bool {
        self.arming.tick()
    }

    /// Everything that stands against the start of the template under the cursor.
    pub(super) fn standing(&self) -> Vec<String> {
        let refusals = match self.preview().map(|preview| &preview.came) {
            Some(Came::Resolved(Err(refusals))) => Some(refusals.clone()),
            _ => self.selected().and_then(|existing| guard::startable(existing).err()),
        };
        refusals.iter().flat_map(|refusals| &refusals.0).map(ToString::to_string).collect()
    }

    fn scroll(&mut self, motion: Motion) {
        self.cursor = motion.from(self.cursor, self.all().len());
    }

    fn begin(&mut self, now: Timestamp) -> Vec<Effect> {
        let Some(existing) = self.selected().cloned() else { return Vec::new() };
        self.attempts += 1;
        let (of, attempt) = (existing.id.clone(), self.attempts);
        self.preview = Some(Preview { of, began: now, came: Came::Awaited, attempt, previewed: None });
        self.refused = None;
        vec![Effect::PreviewTemplate { existing: Box::new(existing), attempt }]
    }

    /// An answer to a preview that was left is nobody's.
    fn came(&mut self, attempt: u32, came: impl FnOnce(&Existing) -> Came) {
        let Listed::Done(all) = &self.listed else { return };
        let Some(preview) = self.preview.as_mut().filter(|preview| preview.attempt == attempt) else { return };
        if let Some(existing) = all.iter().find(|existing| existing.id == preview.of) {
            preview.came = came(existing);
        }
    }

    fn listed(&mut self, templates: Vec<Existing>) {
        let was = self.selected().map(|existing| existing.id.clone());
        let at = templates.iter().position(|existing| Some(&existing.id) == was.as_ref());
        self.cursor = at.unwrap_or(self.cursor).min(templates.len().saturating_sub(1));
        self.listed = Listed::Done(templates);
    }
}

impl App {
    pub fn templates(&self) -> Option<&Templates> {
        self.templates.as_ref()
    }

    pub(super) fn open_templates(&mut self) -> Vec<Effect> {
        let from = self.screen;
        let templates = self.templates.get_or_insert_with(|| Templates::new(from));
        templates.from = from;
        templates.typed_at();
        self.screen = Screen::Templates;
        [vec![Effect::ForgetTypeAhead], self.list_templates()].concat()
    }

    fn list_templates(&mut self) -> Vec<Effect> {
        let Some(templates) = &mut self.templates else { return Vec::new() };
        (templates.listed, templates.preview) = (Listed::Reading(0, 0), None);
        vec![Effect::ListTemplates]
    }

    pub(super) fn on_templates(&mut self, intent: Intent, now: Timestamp) -> Vec<Effect> {
        let Some(templates) = &mut self.templates else { return Vec::new() };
        match intent {
            Intent::Move(motion) => templates.scroll(motion),
            Intent::Refresh => return self.list_templates(),
            Intent::Open if templates.plan().is_none() => return templates.begin(now),
            Intent::Open | Intent::Review => {
                let Some(plan) = templates.plan().cloned() else { return Vec::new() };
                self.overlays.push(Overlay::Confirm(Box::new(Confirm::new(plan))));
                return vec![Effect::ForgetTypeAhead];
            }
            Intent::GiveReason => self.overlays.push(Overlay::Reason(Input::default())),
            Intent::Back if templates.preview.take().is_some() => {}
            Intent::Back | Intent::Leave => self.screen = templates.from,
            _ => {}
        }
        Vec::new()
    }

    pub(super) fn told_of_templates(&mut self, told: Told, now: Timestamp) {
        if let Told::Previewed(_, previewed) = &told {
            self.listed(previewed.fleet.clone(), now);
        }
        let Some(templates) = &mut self.templates else { return };
        match told {
            Told::Reading(read, of) => {
                if let Listed::Reading(..) = templates.listed {
                    templates.listed = Listed::Reading(read, of);
                }
            }
            Told::Listed(listed) => templates.listed(listed),
            Told::ListingFailed(why) => {
                self.messages.keep(now, Weight::Error, why.as_str());
                templates.listed = Listed::Failed(why);
            }
            Told::Previewed(attempt, previewed) => {
                templates.came(attempt, |existing| previewed.weighed(existing, &[]));
                if let Some(preview) = templates.preview.as_mut().filter(|preview| preview.attempt == attempt) {
                    preview.previewed = Some(previewed);
                }
            }
            Told::PreviewFailed(attempt, why) => {
                self.messages.keep(now, Weight::Error, why.as_str());
                templates.came(attempt, |_| Came::Failed(why));
            }
        }
    }

    pub(super) fn templates_overridden(&mut self, reason: &str) {
        if let Some(templates) = &mut self.templates {
            templates.give_reason(reason);
        }
    }

    /// Back to the templates after a start that was refused; what FIS resolved before is out of date.
    pub(super) fn refused_as_it_is(&mut self, why: &SafeText) {
        if let Some(templates) = &mut self.templates {
            (templates.preview, templates.refused) = (None, Some(why.clone()));
            self.screen = Screen::Templates;
        }
    }
}

#[cfg(test)]
mod tests;
