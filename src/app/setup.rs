//! The setup screen: what is wanted of the stack, what would change, how far it is, and what came of it; the proof and the
//! teardown too. Knows the stack's vocabulary, and nothing of how AWS is asked.

pub mod form;
mod keys;
pub mod masked;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::keymap::{chord::Chord, table::Layer};
use crate::{
    stack::{
        Stack,
        change::Preview,
        names::{Names, Usual},
        progress::Progress,
        proof::Proof,
        removal::{Part, Removal},
        wanted::Wanted,
        webhook::Webhook,
    },
    text::SafeText,
};
use form::Form;

/// What the settings, the command line and the environment say of the stack.
#[derive(Clone, Debug)]
pub struct Given {
    /// Its name.
    pub stack: String,
    /// The name of the FIS role that was asked for.
    pub fis_role: Option<String>,
    /// The webhook that the environment has; a secret.
    pub webhook: Option<SecretString>,
    /// What drills look for.
    pub usual: Usual,
}

impl Default for Given {
    fn default() -> Self {
        let usual = Usual::default();
        Self { stack: usual.stack.clone(), fis_role: None, webhook: None, usual }
    }
}

/// What is asked of AWS.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Only whether there is a stack.
    Glance,
    Preview(Wanted),
    /// A preview was left: its change set goes, and a stack that exists for it alone.
    Decline,
    RemoveLeftover(Box<Stack>),
    SetUp {
        preview: Box<Preview>,
        webhook: Option<Webhook>,
    },
    Prove,
    LookForTeardown {
        keep_logs: bool,
    },
    TearDown(Box<Removal>),
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Told {
    Glanced(Seen),
    Doing(SafeText),
    Progress(Box<Progress>),
    Stale(SafeText),
    Previewed(Box<Preview>),
    /// An earlier attempt left a stack that must go first.
    Leftover(Box<Stack>, Vec<Part>),
    /// The webhook is to be stored in that secret, and nobody has given it.
    WebhookMissing(SafeText),
    SetUp(Box<Done>),
    LeftoverGone,
    Proof(Box<Proof>),
    Looked(Box<Removal>),
    /// What is there all the same.
    TornDown(Vec<Part>),
    /// In lines.
    Failed(Vec<SafeText>),
    /// The preview that was left could not be given back.
    NotDeclined(SafeText),
}

/// What is known of the stack.
#[derive(Clone, Debug)]
pub enum Seen {
    /// It was not looked for yet.
    Looking,
    Unknown(SafeText),
    NotThere,
    There(Box<Stack>),
}

/// What was set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    pub names: Names,
    pub outputs: BTreeMap<String, SafeText>,
    /// How long AWS took; none where nothing was to be done.
    pub took: Option<SignedDuration>,
    /// What became of the list of accounts.
    pub notes: Vec<SafeText>,
}

/// What is worked on or was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    Preview,
    Leftover,
    SetUp,
    Prove,
    LookForTeardown,
    TearDown,
}

/// Something that AWS works on.
#[derive(Clone, Debug)]
pub struct Job {
    pub goal: Goal,
    pub began: Timestamp,
    /// What is done now.
    pub doing: SafeText,
    pub progress: Option<Box<Progress>>,
    /// AWS does not answer, so what is shown is old.
    pub stale: Option<SafeText>,
}

/// What the screen shows below its form.
#[derive(Clone, Debug)]
pub enum Stage {
    Form,
    Job(Job),
    Preview(Box<Preview>),
    Leftover(Box<Stack>, Vec<Part>),
    SetUp(Box<Done>),
    /// None before the event was sent.
    Proof(Option<Box<Proof>>),
    Removal(Box<Removal>),
    TornDown(Box<Removal>, Vec<Part>),
    Failed(Goal, Vec<SafeText>),
}

#[derive(Clone, Debug)]
pub struct Setup {
    pub form: Form,
    pub stage: Stage,
    /// The stack as it was seen last.
    pub seen: Seen,
    /// The first line of the stage that is shown.
    pub top: usize,
    pub keep_logs: bool,
    /// The webhook that the preview was asked for with.
    webhook: Option<Webhook>,
    /// What is being taken away.
    removal: Option<Box<Removal>>,
    /// How many works there were: an answer counts if it is of the last one.
    attempt: u32,
}

impl Setup {
    pub(super) fn new(given: &Given) -> Self {
        Self {
            form: Form::new(given.webhook.is_some()),
            stage: Stage::Form,
            seen: Seen::Looking,
            top: 0,
            keep_logs: false,
            webhook: None,
            removal: None,
            attempt: 0,
        }
    }

    fn job(&self) -> Option<&Job> {
        match &self.stage {
            Stage::Job(job) => Some(job),
            _ => None,
        }
    }

    /// The account is being changed; leaving the screen or the program does not end that.
    pub fn is_changing(&self) -> bool {
        self.job().is_some_and(|job| matches!(job.goal, Goal::SetUp | Goal::Leftover | Goal::TearDown))
    }

    /// Something is under way, and time passes.
    pub fn is_busy(&self) -> bool {
        match &self.stage {
            Stage::Job(_) | Stage::Proof(None) => true,
            Stage::Proof(Some(proof)) => !proof.is_over(),
            _ => false,
        }
    }

    /// What AWS made for a preview that is not confirmed yet is there, or about to be.
    fn holds_preview(&self) -> bool {
        matches!(self.stage, Stage::Preview(_)) || self.job().is_some_and(|job| job.goal == Goal::Preview)
    }

    /// Only the form takes text.
    pub(super) fn type_in(&mut self, chord: Chord) {
        if matches!(self.stage, Stage::Form) {
            self.form.type_in(chord);
        }
    }

    /// About as many lines as the stage takes on a narrow screen: so far it can be scrolled.
    fn length(&self) -> usize {
        let notes = |notes: &[SafeText]| notes.iter().map(|note| note.len() / 60 + 1).sum::<usize>();
        10 + match &self.stage {
            Stage::Form | Stage::Proof(_) => 10,
            Stage::Job(job) => job.progress.as_ref().map_or(0, |progress| progress.rows.len() * 2),
            Stage::Preview(preview) => preview.changes.len() * 2 + notes(&preview.notes),
            Stage::Leftover(_, parts) => parts.len() * 2,
            Stage::SetUp(done) => done.outputs.len() * 2 + notes(&done.notes),
            Stage::Removal(removal) => removal.parts.len() * 2 + notes(&removal.notes),
            Stage::TornDown(removal, remains) => removal.parts.len() + remains.len() + notes(&removal.notes),
            Stage::Failed(_, why) => notes(why),
        }
    }

    /// The layers of keys that count now.
    pub(super) fn layers(&self) -> &'static [Layer] {
        match &self.stage {
            Stage::Form if self.form.is_typing() => &[Layer::Field],
            Stage::Form => &[Layer::Setup, Layer::Stack, Layer::Everywhere],
            Stage::Preview(_) | Stage::Leftover(..) => &[Layer::Consider, Layer::Lists, Layer::Everywhere],
            Stage::Removal(_) => &[Layer::Consider, Layer::Removal, Layer::Lists, Layer::Everywhere],
            _ if self.is_busy() => &[Layer::Lists, Layer::Everywhere],
            _ => &[Layer::Outcome, Layer::Stack, Layer::Lists, Layer::Everywhere],
        }
    }
}

#[cfg(test)]
mod tests;
