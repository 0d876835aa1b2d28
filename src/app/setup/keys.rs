//! What the keys and the answers do on the setup screen. Knows its model, and which of its states lead to which.

use jiff::Timestamp;
use secrecy::SecretString;

use super::{Goal, Job, Setup, Stage, Told, Work, form::Field};
use crate::{
    app::{App, Effect, Screen, Setting, consent::To, keymap::table::Intent, messages::Weight},
    drill::fleet::{GroupKey, GroupKind},
    text::SafeText,
};

impl Setup {
    /// Why a key does nothing now; none if it does.
    pub(in crate::app) fn blocked(&self, intent: Intent, setting: &Setting) -> Option<String> {
        let changes = matches!(intent, Intent::Preview | Intent::Prove | Intent::GoOn);
        let why = match intent {
            Intent::Preview | Intent::Prove | Intent::TearDown if self.is_changing() => {
                "the stack is being changed: wait for its end"
            }
            Intent::Preview if setting.read_only => "read-only: a preview makes a change set in the account",
            Intent::Prove if setting.read_only => "read-only: a proof sends an event through the account",
            _ if changes && setting.read_only => "read-only: started without the right to change the account",
            Intent::GoOn if matches!(&self.stage, Stage::Removal(removal) if removal.is_empty()) => {
                "there is nothing to take away"
            }
            _ => return None,
        };
        Some(why.to_owned())
    }

    /// Begins a work; what came of an earlier one does not count any more.
    fn begin(&mut self, work: Work, goal: Goal, now: Timestamp) -> Vec<Effect> {
        let doing = match goal {
            Goal::Preview => "looking at the account",
            Goal::Leftover | Goal::TearDown | Goal::SetUp => "beginning",
            Goal::Prove => "sending an event",
            Goal::LookForTeardown => "looking for what is there",
        };
        self.attempt += 1;
        self.top = 0;
        self.stage = match goal {
            Goal::Prove => Stage::Proof(None),
            _ => Stage::Job(Job { goal, began: now, doing: SafeText::new(doing), progress: None, stale: None }),
        };
        vec![Effect::Setup { work, attempt: self.attempt }]
    }

    /// Back to the form; what was awaited does not count any more, and a preview is given back.
    fn back_to_form(&mut self) -> Vec<Effect> {
        let declines = self.holds_preview();
        self.attempt += 1;
        (self.stage, self.top, self.webhook) = (Stage::Form, 0, None);
        let works = if declines { vec![Work::Decline, Work::Glance] } else { vec![Work::Glance] };
        works.into_iter().map(|work| Effect::Setup { work, attempt: self.attempt }).collect()
    }

    /// The whole work once more, from its beginning.
    fn again(&self) -> Intent {
        match &self.stage {
            Stage::Proof(_) | Stage::Failed(Goal::Prove, _) => Intent::Prove,
            Stage::TornDown(..) | Stage::Failed(Goal::TearDown | Goal::LookForTeardown, _) => Intent::TearDown,
            _ => Intent::Preview,
        }
    }

    /// What the stage says of the work that goes on.
    fn heard(&mut self, take: impl FnOnce(&mut Job)) {
        if let Stage::Job(job) = &mut self.stage {
            take(job);
        }
    }
}

impl App {
    pub fn setup(&self) -> &Setup {
        &self.setup
    }

    pub(in crate::app) fn open_setup(&mut self) -> Vec<Effect> {
        self.screen = Screen::Setup;
        if self.setup.is_busy() {
            return Vec::new();
        }
        vec![Effect::Setup { work: Work::Glance, attempt: 0 }]
    }

    fn node_groups(&self) -> Vec<GroupKey> {
        let groups = self.browser.fleet().map(|fleet| fleet.groups.as_slice()).unwrap_or_default();
        let keys = groups.iter().map(|group| &group.key);
        keys.filter(|key| key.kind == GroupKind::EksNodegroup).cloned().collect()
    }

    pub(in crate::app) fn on_setup(&mut self, intent: Intent, now: Timestamp) -> Result<Vec<Effect>, String> {
        let (groups, has_environment) = (self.node_groups(), self.setting.stack.webhook.is_some());
        let setup = &mut self.setup;
        match intent {
            Intent::NextField => setup.form.go(true),
            Intent::PreviousField => setup.form.go(false),
            Intent::More => setup.form.step(true, &groups, has_environment)?,
            Intent::Less => setup.form.step(false, &groups, has_environment)?,
            Intent::Edit if setup.form.field == Field::Preview => return self.try_on_setup(Intent::Preview, now),
            Intent::Edit => setup.form.edit(),
            Intent::Accept => setup.form.accept(),
            Intent::Revert => setup.form.revert(),
            Intent::Preview => return Ok(self.preview_setup(now)),
            Intent::Prove => return Ok(setup.begin(Work::Prove, Goal::Prove, now)),
            Intent::TearDown => {
                let work = Work::LookForTeardown { keep_logs: setup.keep_logs };
                return Ok(setup.begin(work, Goal::LookForTeardown, now));
            }
            Intent::KeepLogs => {
                setup.keep_logs = !setup.keep_logs;
                return self.try_on_setup(Intent::TearDown, now);
            }
            Intent::GoOn => return Ok(self.go_on(now)),
            Intent::Refresh => {
                let again = setup.again();
                return self.try_on_setup(again, now);
            }
            Intent::Move(motion) => setup.top = motion.from(setup.top, setup.length()),
            Intent::Back | Intent::Leave => return Ok(self.leave_setup(now)),
            _ => {}
        }
        Ok(Vec::new())
    }

    /// Another key's meaning, unless that is not possible now.
    fn try_on_setup(&mut self, intent: Intent, now: Timestamp) -> Result<Vec<Effect>, String> {
        match self.blocked(intent) {
            Some(why) => Err(why),
            None => self.on_setup(intent, now),
        }
    }

    fn preview_setup(&mut self, now: Timestamp) -> Vec<Effect> {
        let Ok(webhook) = self.setup.form.webhook(&self.setting.stack) else {
            self.setup.stage = Stage::Form; // what stands against it is said there
            return Vec::new();
        };
        self.setup.form.complaint = None;
        self.setup.webhook = webhook;
        let wanted = self.setup.form.wanted(&self.setting.stack);
        self.setup.begin(Work::Preview(wanted), Goal::Preview, now)
    }

    /// Asks for consent; what changes nothing needs none, and only tells the names.
    fn go_on(&mut self, now: Timestamp) -> Vec<Effect> {
        let to = match &self.setup.stage {
            Stage::Preview(preview) if preview.changes_nothing() => {
                let work = Work::SetUp { preview: preview.clone(), webhook: None };
                return self.setup.begin(work, Goal::SetUp, now);
            }
            Stage::Preview(preview) => To::SetUp { preview: preview.clone(), webhook: self.setup.webhook.clone() },
            Stage::Leftover(stack, _) => To::RemoveLeftover(stack.clone()),
            Stage::Removal(removal) => To::TearDown(removal.clone()),
            _ => return Vec::new(),
        };
        self.ask(to)
    }

    /// Nothing but a consent that was given leads here.
    pub(in crate::app) fn change_account(&mut self, work: Work, now: Timestamp) -> Vec<Effect> {
        let goal = match &work {
            Work::RemoveLeftover(_) => Goal::Leftover,
            Work::TearDown(removal) => {
                self.setup.removal = Some(removal.clone());
                Goal::TearDown
            }
            _ => Goal::SetUp,
        };
        self.setup.begin(work, goal, now)
    }

    pub(in crate::app) fn leave_setup(&mut self, now: Timestamp) -> Vec<Effect> {
        match &self.setup.stage {
            Stage::Form => self.screen = Screen::Fleet,
            _ if self.setup.is_changing() => {
                self.screen = Screen::Fleet;
                let text = format!("the work on {} goes on: s comes back to it", self.setting.stack.stack);
                self.messages.say(now, Weight::Hint, text);
            }
            _ => {
                if matches!(self.setup.stage, Stage::Preview(_)) {
                    self.messages.say(now, Weight::Hint, "nothing was changed: the preview is given back");
                }
                return self.setup.back_to_form();
            }
        }
        Vec::new()
    }

    /// A paste is taken into the field of the webhook, and nowhere else; false if it was not.
    pub(in crate::app) fn pasted_on_setup(&mut self, text: &SecretString) -> bool {
        let is_form = self.screen == Screen::Setup && matches!(self.setup.stage, Stage::Form);
        is_form && self.setup.form.paste(text)
    }

    pub(in crate::app) fn told_of_setup(&mut self, attempt: u32, told: Told, now: Timestamp) -> Vec<Effect> {
        match told {
            Told::Glanced(seen) => {
                self.setup.seen = seen;
                return Vec::new();
            }
            Told::NotDeclined(why) => {
                self.messages.say(now, Weight::Error, why.as_str());
                return Vec::new();
            }
            _ if attempt != self.setup.attempt => return Vec::new(), // nobody waits for it any more
            _ => {}
        }
        let was_changing = self.setup.is_changing();
        let stack = self.setting.stack.stack.clone();
        let setup = &mut self.setup;
        let mut ended = None;
        match told {
            Told::Doing(what) => setup.heard(|job| (job.doing, job.stale) = (what, None)),
            Told::Progress(progress) => setup.heard(|job| (job.progress, job.stale) = (Some(progress), None)),
            Told::Stale(why) => setup.heard(|job| job.stale = Some(why)),
            Told::Previewed(preview) => setup.stage = Stage::Preview(preview),
            Told::Leftover(stack, parts) => setup.stage = Stage::Leftover(stack, parts),
            Told::WebhookMissing(secret) => {
                setup.stage = Stage::Form;
                setup.form.ask_for_webhook(&secret);
            }
            Told::SetUp(done) => {
                for note in &done.notes {
                    self.messages.keep(now, Weight::Hint, note.as_str());
                }
                setup.webhook = None;
                setup.form.is_done();
                setup.stage = Stage::SetUp(done);
                ended = Some((Weight::Hint, format!("the stack {stack} is set up")));
            }
            Told::LeftoverGone => {
                setup.stage = Stage::Form;
                ended =
                    Some((Weight::Hint, format!("what an earlier attempt left of {stack} is gone: S previews anew")));
            }
            Told::Proof(proof) => setup.stage = Stage::Proof(Some(proof)),
            Told::Looked(removal) => setup.stage = Stage::Removal(removal),
            Told::TornDown(remains) => {
                if let Some(removal) = setup.removal.take() {
                    setup.stage = Stage::TornDown(removal, remains);
                }
                ended = Some((Weight::Hint, format!("the stack {stack} was taken away")));
            }
            Told::Failed(why) => {
                let goal = setup.job().map_or(Goal::Prove, |job| job.goal);
                let text: Vec<_> = why.iter().map(SafeText::as_str).collect();
                ended = Some((Weight::Error, text.join(" ")));
                setup.stage = Stage::Failed(goal, why);
            }
            Told::Glanced(_) | Told::NotDeclined(_) => {}
        }
        let Some((weight, text)) = ended else { return Vec::new() };
        self.setup.top = 0;
        if self.screen == Screen::Setup && !matches!(self.setup.stage, Stage::Form) {
            self.messages.keep(now, weight, text); // the screen itself says it
        } else if was_changing && self.screen != Screen::Setup {
            self.messages.say(now, weight, format!("{text}: s shows it"));
        } else {
            self.messages.say(now, weight, text);
        }
        vec![Effect::Setup { work: Work::Glance, attempt }]
    }
}
