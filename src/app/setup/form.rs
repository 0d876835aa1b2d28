//! The form of the setup screen: what is wanted of the stack, field by field, and the webhook, which is a secret. Knows the
//! template's parameters and no key.

use secrecy::SecretString;
use tui_input::Input;

use super::{Given, masked::Masked};
use crate::{
    app::{keymap::chord::Chord, typing},
    drill::{fleet::GroupKey, warning::Warning},
    stack::{
        wanted::{self, Wanted},
        webhook::{BadWebhook, Webhook},
    },
};

/// Who is told of interruptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slack {
    /// The stack's secret, if it has one.
    AsItIs,
    /// The webhook that is typed or pasted here.
    Typed,
    /// The one that the environment has.
    Environment,
    Nobody,
}

/// The node group that an FIS template is made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Template {
    AsItIs,
    Without,
    For(GroupKey),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Slack,
    Webhook,
    Template,
    Count,
    Warning,
    Preview,
}

/// The text of a field while it is typed.
#[derive(Clone, Debug, Default)]
pub enum Typing {
    #[default]
    Nothing,
    Line(Input),
    Secret(Masked),
}

#[derive(Clone, Debug)]
pub struct Form {
    pub slack: Slack,
    pub template: Template,
    pub count: u32,
    pub warning: Warning,
    pub field: Field,
    pub typing: Typing,
    /// What stands against the last thing that was tried.
    pub complaint: Option<String>,
    webhook: Option<Webhook>,
    /// A webhook that is not Slack's was refused, and the next enter takes it.
    insists: bool,
}

/// The most that one template can interrupt. Source: FIS quotas, five targets of ten parallel actions.
const MOST: u32 = 50;
const WARNING_STEP: i32 = 30;

impl Form {
    pub fn new(has_environment: bool) -> Self {
        Self {
            slack: if has_environment { Slack::Environment } else { Slack::AsItIs },
            template: Template::AsItIs,
            count: 1,
            warning: Warning::LEAST,
            field: Field::Slack,
            typing: Typing::Nothing,
            complaint: None,
            webhook: None,
            insists: false,
        }
    }

    /// The fields that the present choice has.
    pub fn fields(&self) -> Vec<Field> {
        let all = [Field::Slack, Field::Webhook, Field::Template, Field::Count, Field::Warning, Field::Preview];
        let has = |field: &Field| match field {
            Field::Webhook => self.slack == Slack::Typed,
            Field::Count | Field::Warning => matches!(self.template, Template::For(_)),
            Field::Slack | Field::Template | Field::Preview => true,
        };
        all.into_iter().filter(has).collect()
    }

    pub fn go(&mut self, forward: bool) {
        let fields = self.fields();
        let at = fields.iter().position(|field| *field == self.field).unwrap_or_default();
        let to = if forward { at + 1 } else { at + fields.len() - 1 } % fields.len().max(1);
        self.field = fields.get(to).copied().unwrap_or(Field::Slack);
    }

    /// The choices of who is told, in their order.
    pub fn slacks(has_environment: bool) -> Vec<Slack> {
        let all = [Slack::AsItIs, Slack::Environment, Slack::Typed, Slack::Nobody];
        all.into_iter().filter(|slack| has_environment || *slack != Slack::Environment).collect()
    }

    /// One step of the field's value up or down; says why there is none.
    pub fn step(&mut self, up: bool, groups: &[GroupKey], has_environment: bool) -> Result<(), &'static str> {
        match self.field {
            Field::Slack => {
                self.slack = stepped(&Self::slacks(has_environment), &self.slack, up);
                self.complaint = None;
            }
            Field::Webhook => return Err("enter types the webhook; it can be pasted too"),
            Field::Template => {
                let mut choices = vec![Template::AsItIs, Template::Without];
                choices.extend(groups.iter().cloned().map(Template::For));
                self.template = stepped(&choices, &self.template, up);
                if groups.is_empty() {
                    return Err("the fleet has no EKS node group to make a template for");
                }
            }
            Field::Count => {
                self.count = if up { (self.count + 1).min(MOST) } else { self.count.saturating_sub(1).max(1) }
            }
            Field::Warning => self.warning = self.warning.shifted(if up { WARNING_STEP } else { -WARNING_STEP }),
            Field::Preview => {}
        }
        Ok(())
    }

    /// Begins to type the value of the field; a field with nothing to type passes on to the next.
    pub fn edit(&mut self) {
        if !self.begin_typing() {
            self.go(true);
        }
    }

    /// False if the field has nothing to type.
    fn begin_typing(&mut self) -> bool {
        self.typing = match self.field {
            Field::Slack | Field::Template | Field::Preview => return false,
            Field::Webhook => Typing::Secret(Masked::default()),
            Field::Count => Typing::Line(Input::new(self.count.to_string())),
            Field::Warning => Typing::Line(Input::new(self.warning.to_string())),
        };
        true
    }

    pub fn is_typing(&self) -> bool {
        !matches!(self.typing, Typing::Nothing)
    }

    pub fn type_in(&mut self, chord: Chord) {
        // a digit on a number means to type it anew
        let anew = chord.typed().is_some_and(|typed| typed.is_ascii_digit()) && self.field != Field::Webhook;
        if !self.is_typing() && anew && self.begin_typing() {
            self.typing = Typing::Line(Input::default());
        }
        let changed = match &mut self.typing {
            Typing::Nothing => false,
            Typing::Line(input) => typing::edit(input, chord),
            Typing::Secret(masked) => masked.type_in(chord),
        };
        if changed {
            (self.complaint, self.insists) = (None, false);
        }
    }

    /// Takes a paste into the one field that may have one; false anywhere else.
    pub fn paste(&mut self, text: &SecretString) -> bool {
        if self.field != Field::Webhook {
            // the row says that it may be pasted, wherever the cursor is
            if self.is_typing() || !self.fields().contains(&Field::Webhook) {
                return false;
            }
            self.field = Field::Webhook;
        }
        if !self.is_typing() {
            self.begin_typing();
        }
        if let Typing::Secret(masked) = &mut self.typing {
            masked.paste(text);
            (self.complaint, self.insists) = (None, false);
        }
        true
    }

    /// Keeps the value that the field had.
    pub fn revert(&mut self) {
        self.typing = Typing::Nothing;
        (self.complaint, self.insists) = (None, false);
    }

    /// Takes what was typed as the value of the field; what cannot be taken is said, and typing goes on.
    pub fn accept(&mut self) {
        let accepted = match &self.typing {
            Typing::Nothing => Ok(()),
            Typing::Secret(masked) => {
                let read = self.read(&masked.secret());
                read.map(|webhook| self.webhook = Some(webhook))
            }
            Typing::Line(input) => {
                let text = input.value().trim().to_owned();
                self.accept_line(&text)
            }
        };
        match accepted {
            Ok(()) => {
                self.revert();
                self.go(true);
            }
            Err(complaint) => self.complaint = Some(complaint),
        }
    }

    fn accept_line(&mut self, text: &str) -> Result<(), String> {
        if self.field == Field::Warning {
            self.warning = text.parse().map_err(|bad| format!("{bad}"))?;
            return Ok(());
        }
        let count = text.parse().ok().filter(|count| (1..=MOST).contains(count));
        self.count = count.ok_or_else(|| format!("`{text}` is no count: write a whole number from 1 to {MOST}"))?;
        Ok(())
    }

    /// A webhook that is not Slack's is refused once, and taken when it is insisted on.
    fn read(&mut self, text: &SecretString) -> Result<Webhook, String> {
        let read = Webhook::read(text, self.insists);
        self.insists = read == Err(BadWebhook::NotSlack);
        read.map_err(|why| match why {
            BadWebhook::NotSlack => format!("{why}; here: enter once more"),
            BadWebhook::Empty | BadWebhook::NoUrl => why.to_string(),
        })
    }

    /// How long the webhook is that was typed; none if none was.
    pub fn webhook_length(&self) -> Option<usize> {
        self.webhook.as_ref().map(|webhook| webhook.expose().chars().count())
    }

    /// The webhook that is to be stored, if one is; what is wrong with it is complained of where it is typed.
    pub(super) fn webhook(&mut self, given: &Given) -> Result<Option<Webhook>, ()> {
        let found = match (self.slack, &given.webhook) {
            (Slack::AsItIs | Slack::Nobody, _) | (Slack::Environment, None) => return Ok(None),
            (Slack::Environment, Some(text)) => self.read(text),
            (Slack::Typed, _) => self.webhook.clone().ok_or_else(|| BadWebhook::Empty.to_string()),
        };
        found.map(Some).map_err(|complaint| {
            self.complaint = Some(complaint);
            if self.slack == Slack::Typed {
                self.field = Field::Webhook;
                self.begin_typing();
            }
        })
    }

    /// Slack is to be told and nobody has given the webhook: to its field.
    pub(super) fn ask_for_webhook(&mut self, secret: &str) {
        (self.slack, self.field) = (Slack::Typed, Field::Webhook);
        self.begin_typing();
        self.complaint = Some(format!(
            "no webhook is stored yet: paste or type it, and enter; it will be kept in the secret {secret}. Without \
             Slack: esc, then choose `no Slack`"
        ));
    }

    /// It was carried out: the webhook is stored, and from here on it stays as it is.
    pub(super) fn is_done(&mut self) {
        (self.slack, self.webhook, self.field) = (Slack::AsItIs, None, Field::Slack);
    }

    pub fn wanted(&self, given: &Given) -> Wanted {
        let wanted = Wanted::new(&given.stack).with("FisRoleName", given.fis_role.as_ref());
        let wanted = match &self.template {
            Template::AsItIs => wanted,
            Template::Without => wanted.with("Nodegroup", Some("")),
            Template::For(group) => wanted
                .with("Nodegroup", Some(&group.name))
                .with("Cluster", group.cluster.as_ref())
                .with("Count", Some(self.count))
                .with("Warning", Some(self.warning.iso())),
        };
        let slack = match self.slack {
            Slack::AsItIs => wanted::Slack::Keep,
            Slack::Nobody => wanted::Slack::Nobody,
            Slack::Typed | Slack::Environment => wanted::Slack::Post,
        };
        Wanted { slack, ..wanted }
    }
}

/// The choice after this one, or before it.
fn stepped<T: Clone + PartialEq>(choices: &[T], present: &T, up: bool) -> T {
    let at = choices.iter().position(|choice| choice == present).unwrap_or_default();
    let to = if up { at + 1 } else { at + choices.len() - 1 } % choices.len().max(1);
    choices.get(to).unwrap_or(present).clone()
}

#[cfg(test)]
mod tests;
