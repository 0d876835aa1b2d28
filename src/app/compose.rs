//! The compose screen: what the operator wishes for, resolved at once to what would be hit. Knows the guards of a drill and
//! how to ask them, and no key.

pub mod check;

use std::collections::BTreeSet;

use tui_input::Input;

use crate::{
    drill::{
        fleet::{Fleet, GroupKey},
        guard::{
            self, Refusal, Refusals,
            circumstances::Circumstances,
            overriding::{Overridable, Override},
        },
        id::{DrillId, InstanceId},
        plan::{Plan, Selection, Wish},
        warning::Warning,
    },
    text::SafeText,
};

use super::{keymap::chord::Chord, motion::Motion, typing};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Exact,
    Count,
    Percent,
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    Kind,
    Number,
    Seed,
    Warning,
    /// Why a guard may be overridden.
    Reason,
    Review,
}

#[derive(Clone, Debug)]
pub struct Compose {
    pub marks: Vec<InstanceId>,
    pub group: Option<GroupKey>,
    pub kind: Kind,
    pub count: usize,
    pub percent: u8,
    pub seed: u64,
    pub warning: Warning,
    /// What is said against guards, the same of each.
    pub overrides: Vec<Override>,
    pub field: Field,
    /// The text of the field while it is typed.
    pub typing: Option<Input>,
    /// What would be hit, or everything that stands against it.
    pub resolved: Result<Plan, Refusals>,
    /// What FIS will be sent, line by line.
    pub preview: Vec<String>,
    pub preview_top: usize,
    /// Why the last attempt to start was refused.
    pub refused: Option<SafeText>,
    /// What is so around a drill, once it was looked at.
    around: Option<Circumstances>,
    /// The review was asked for before that.
    pub review_waits: bool,
    role: String,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Exact, Self::Count, Self::Percent, Self::All];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Count => "count",
            Self::Percent => "percent",
            Self::All => "all",
        }
    }
}

const WARNING_STEP: i32 = 30;
const PERCENT_STEP: u8 = 5;
/// Between two waves, in seconds.
const GAP: u32 = 60;

impl Compose {
    /// Exactly the marks, or with none a single instance of the group.
    pub fn new(fleet: &Fleet, marks: Vec<InstanceId>, group: Option<GroupKey>, seed: u64, role: &str) -> Self {
        let mut compose = Self {
            kind: if marks.is_empty() { Kind::Count } else { Kind::Exact },
            marks,
            group,
            count: 1,
            percent: 30,
            seed,
            warning: Warning::LEAST,
            overrides: Vec::new(),
            field: Field::Kind,
            typing: None,
            resolved: Err(Refusals(Vec::new())),
            preview: Vec::new(),
            preview_top: 0,
            refused: None,
            around: None,
            review_waits: false,
            role: role.to_owned(),
        };
        compose.resolve(fleet);
        compose
    }

    /// The fields that the present choice has.
    pub fn fields(&self) -> Vec<Field> {
        let all = [Field::Kind, Field::Number, Field::Seed, Field::Warning, Field::Reason, Field::Review];
        let has = |field: &Field| match field {
            Field::Number | Field::Seed => self.is_random(),
            Field::Reason => self.wants_reason(),
            _ => true,
        };
        all.into_iter().filter(has).collect()
    }

    pub fn wish(&self) -> Wish {
        let selection = match self.kind {
            Kind::Exact => Selection::Exact(self.marks.clone()),
            Kind::Count => Selection::Count(self.count),
            Kind::Percent => Selection::Percent(self.percent),
            Kind::All => Selection::All,
        };
        let of_group = self.group.as_ref().filter(|_| self.kind != Kind::Exact);
        Wish {
            group: of_group.map(GroupKey::qualified),
            selection,
            warning: self.warning,
            seed: self.seed,
            gap: GAP,
            overrides: self.overrides.clone(),
            earlier: Vec::new(),
        }
    }

    /// What is so around a drill now.
    pub fn look(&mut self, fleet: &Fleet, around: Option<Circumstances>) {
        self.around = around;
        self.resolve(fleet);
    }

    /// The guards that stand against it and that a reason overrides.
    pub fn overridable(&self) -> Vec<Overridable> {
        self.resolved.as_ref().err().map(Refusals::overridable).unwrap_or_default()
    }

    /// Everything that stands against it.
    pub fn standing(&self) -> Vec<String> {
        self.resolved.as_ref().err().iter().flat_map(|refusals| &refusals.0).map(ToString::to_string).collect()
    }

    /// Nothing is known yet of what is around a drill.
    pub fn is_looking(&self) -> bool {
        self.around.is_none()
    }

    /// A reason can be given, or was.
    pub fn wants_reason(&self) -> bool {
        !self.overrides.is_empty() || !self.overridable().is_empty()
    }

    pub fn reason(&self) -> &str {
        self.overrides.first().map_or("", |given| given.reason.as_str())
    }

    /// The reason counts for the guards that stand against the drill now, and for those that it was given for before.
    fn give_reason(&mut self, reason: &str) {
        let before = self.overrides.iter().map(|given| given.guard);
        let guards: BTreeSet<_> = self.overridable().into_iter().chain(before).collect();
        let given = Override::each(guards, &SafeText::new(reason));
        self.overrides = if reason.is_empty() { Vec::new() } else { given };
    }

    pub fn resolve(&mut self, fleet: &Fleet) {
        self.resolved = match &self.around {
            Some(around) => guard::plan(fleet, &self.wish(), around),
            None => Err(Refusals(vec![Refusal::Looking])),
        };
        let drill = DrillId::new("(named at the start)");
        let template = self.resolved.as_ref().map(|plan| plan.template(&drill, &self.role).preview());
        self.preview = template.unwrap_or_default();
        self.preview_top = self.preview_top.min(self.preview.len().saturating_sub(1));
    }

    pub fn go(&mut self, forward: bool) {
        let fields = self.fields();
        let at = fields.iter().position(|field| *field == self.field).unwrap_or_default();
        let to = if forward { at + 1 } else { at + fields.len() - 1 } % fields.len().max(1);
        self.field = fields.get(to).copied().unwrap_or(Field::Kind);
    }

    /// One step of the field's value up or down; says why there is none.
    pub fn step(&mut self, up: bool, fleet: &Fleet) -> Result<(), &'static str> {
        match self.field {
            Field::Kind => self.step_kind(up)?,
            Field::Number => self.step_number(up),
            Field::Seed => self.seed = if up { self.seed.wrapping_add(1) } else { self.seed.saturating_sub(1) },
            Field::Warning => self.warning = self.warning.shifted(if up { WARNING_STEP } else { -WARNING_STEP }),
            Field::Reason | Field::Review => return Ok(()),
        }
        self.resolve(fleet);
        Ok(())
    }

    fn step_kind(&mut self, up: bool) -> Result<(), &'static str> {
        let possible = |kind: &Kind| match kind {
            Kind::Exact => !self.marks.is_empty(),
            Kind::Count | Kind::Percent | Kind::All => self.group.is_some(),
        };
        let kinds: Vec<_> = Kind::ALL.into_iter().filter(possible).collect();
        if kinds.len() < 2 {
            return Err("count, percent and all need a group: put the cursor on one in the fleet");
        }
        let at = kinds.iter().position(|kind| *kind == self.kind).unwrap_or_default();
        let to = if up { at + 1 } else { at + kinds.len() - 1 } % kinds.len();
        self.kind = kinds.get(to).copied().unwrap_or(self.kind);
        Ok(())
    }

    fn step_number(&mut self, up: bool) {
        if self.kind == Kind::Percent {
            let stepped =
                if up { self.percent.saturating_add(PERCENT_STEP) } else { self.percent.saturating_sub(PERCENT_STEP) };
            self.percent = stepped.clamp(1, 100);
        } else {
            self.count = if up { self.count.saturating_add(1) } else { self.count.saturating_sub(1).max(1) };
        }
    }

    /// Whether the seed says which instances are hit.
    pub fn is_random(&self) -> bool {
        matches!(self.kind, Kind::Count | Kind::Percent)
    }

    /// Draws other instances.
    pub fn next_seed(&mut self, fleet: &Fleet) {
        self.seed = self.seed.wrapping_add(1);
        self.resolve(fleet);
    }

    /// Begins to type the value of the field; a field with nothing to type passes on to the next.
    pub fn edit(&mut self) {
        if !self.begin_typing() {
            self.go(true);
        }
    }

    /// False if the field has nothing to type.
    fn begin_typing(&mut self) -> bool {
        let value = match self.field {
            Field::Kind | Field::Review => return false,
            Field::Number if self.kind == Kind::Percent => self.percent.to_string(),
            Field::Number => self.count.to_string(),
            Field::Seed => self.seed.to_string(),
            Field::Warning => self.warning.to_string(),
            Field::Reason => self.reason().to_owned(),
        };
        self.typing = Some(Input::new(value));
        true
    }

    pub fn type_in(&mut self, chord: Chord) {
        // a digit on a value means to type it anew
        let anew = self.field != Field::Reason && chord.typed().is_some_and(|typed| typed.is_ascii_digit());
        if self.typing.is_none() && anew && self.begin_typing() {
            self.typing = Some(Input::default());
        }
        if let Some(input) = &mut self.typing {
            typing::edit(input, chord);
        }
    }

    /// Takes what was typed as the value of the field; what cannot be read is said and typing goes on.
    pub fn accept(&mut self, fleet: &Fleet) -> Result<(), String> {
        let Some(input) = &self.typing else { return Ok(()) };
        let text = input.value().trim();
        let whole = |what: &str| format!("`{text}` is not {what}: write a whole number");
        match self.field {
            Field::Number if self.kind == Kind::Percent => {
                self.percent = text.trim_end_matches('%').trim().parse().map_err(|_| whole("a share"))?;
            }
            Field::Number => self.count = text.parse().map_err(|_| whole("a count"))?,
            Field::Seed => self.seed = text.parse().map_err(|_| whole("a seed"))?,
            Field::Warning => self.warning = text.parse().map_err(|bad| format!("{bad}"))?,
            Field::Reason => {
                let text = text.to_owned();
                self.give_reason(&text);
            }
            Field::Kind | Field::Review => {}
        }
        self.typing = None;
        self.resolve(fleet);
        Ok(())
    }

    pub fn scroll(&mut self, motion: Motion) {
        self.preview_top = motion.from(self.preview_top, self.preview.len());
    }
}

#[cfg(test)]
mod tests;
