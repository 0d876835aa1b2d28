//! What a change set would change: the stack's configuration against a new one. Knows not how it is carried out.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::{
    ChangeSet, Configuration, Stack, StackResource,
    deploy::Step,
    desired::Desired,
    intrinsic::{Ask, KNOWN_AFTER_APPLY, plain, references},
    template::Resource,
};
use crate::lab::world::World;

pub(in crate::lab) const NO_CHANGES: &str =
    "The submitted information didn't contain changes. Submit different information to create a change set.";

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::lab) struct Change {
    /// `Add`, `Modify` or `Remove`.
    pub(in crate::lab) action: &'static str,
    pub(in crate::lab) logical: String,
    pub(in crate::lab) physical: Option<String>,
    pub(in crate::lab) kind: &'static str,
    /// Of a modification: `True`, `False` or `Conditional`.
    pub(in crate::lab) replacement: Option<&'static str>,
    pub(in crate::lab) policy_action: Option<&'static str>,
    pub(in crate::lab) details: Vec<Detail>,
    /// The properties as they were and as they will be, in JSON, with `****` for what must not be shown.
    pub(in crate::lab) before: Option<String>,
    pub(in crate::lab) after: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::lab) struct Detail {
    /// E.g. `Properties`.
    pub(in crate::lab) attribute: &'static str,
    /// The property.
    pub(in crate::lab) name: Option<String>,
    /// `Never` or `Always`.
    pub(in crate::lab) recreation: &'static str,
    pub(in crate::lab) before: Option<String>,
    pub(in crate::lab) after: Option<String>,
    /// Only known once another resource is changed.
    pub(in crate::lab) is_dynamic: bool,
    pub(in crate::lab) source: &'static str,
    /// The parameter or resource that it comes from.
    pub(in crate::lab) cause: Option<String>,
}

impl World {
    /// Has a change set worked out, in a while.
    pub(in crate::lab) fn plan(&mut self, stack: &mut Stack, set: ChangeSet) {
        self.later(stack, 300, 900, Step::ChangeSetAdvances(set.id.clone()));
        stack.change_sets.insert(set.id.clone(), set);
    }

    pub(super) fn change_set_advances(&mut self, stack: &mut Stack, id: &str) {
        let Some(mut set) = stack.change_sets.remove(id) else { return };
        if set.status == "CREATE_PENDING" {
            set.status = "CREATE_IN_PROGRESS";
            self.later(stack, 1_500, 4_000, Step::ChangeSetAdvances(id.to_owned()));
        } else {
            match self.changes(stack, &set.configuration) {
                Ok(changes) => (set.status, set.execution, set.changes) = ("CREATE_COMPLETE", "AVAILABLE", changes),
                Err(reason) => (set.status, set.reason) = ("FAILED", Some(reason)),
            }
        }
        stack.change_sets.insert(id.to_owned(), set);
    }

    /// The changes that make the stack what `new` says; [`NO_CHANGES`] if there are none.
    pub(in crate::lab) fn changes(&self, stack: &Stack, new: &Configuration) -> Result<Vec<Change>, String> {
        let active = self.active(stack, new);
        // What has a physical id and attributes that are not known yet.
        let mut unknown: BTreeSet<&String> = BTreeSet::new();
        let mut changes = Vec::new();
        for name in new.template.order()? {
            let Some(declared) = new.template.resources.get(name).filter(|_| active.contains(name)) else { continue };
            let ask: Ask = &|other, attribute| match stack.tells(other, attribute) {
                Some(known) if !unknown.contains(&other.to_owned()) => Some(known),
                _ => active.contains(other).then(|| json!(KNOWN_AFTER_APPLY)),
            };
            let desired = self.wanted(stack, new, name, ask)?;
            let change = match stack.resources.get(name).filter(|known| !known.is_gone()) {
                None => {
                    Some(Change { after: Some(desired.1.to_string()), ..Change::of("Add", name, declared.kind.name) })
                }
                Some(known) => modification(stack, new, (name, known, declared), &desired, &unknown),
            };
            if change.as_ref().is_some_and(|change| change.replacement != Some("False")) {
                unknown.insert(name);
            }
            changes.extend(change);
        }
        for (name, known) in stack.resources.iter().filter(|(name, known)| !active.contains(*name) && !known.is_gone())
        {
            changes.push(Change {
                physical: known.physical.clone(),
                policy_action: Some(if known.retain { "Retain" } else { "Delete" }),
                before: Some(known.shown.to_string()),
                ..Change::of("Remove", name, known.kind.name)
            });
        }
        changes.sort_by(|one, other| one.logical.cmp(&other.logical));
        let outputs = self.outputs_of(stack, new, &|name, attribute| {
            stack.tells(name, attribute).or_else(|| active.contains(name).then(|| json!(KNOWN_AFTER_APPLY)))
        })?;
        let is_same = stack.status != "REVIEW_IN_PROGRESS" && outputs == stack.outputs;
        if changes.is_empty() && is_same { Err(NO_CHANGES.to_owned()) } else { Ok(changes) }
    }
}

impl Change {
    fn of(action: &'static str, logical: &str, kind: &'static str) -> Self {
        Self { action, logical: logical.to_owned(), kind, ..Self::default() }
    }

    /// The attributes that change, each once.
    pub(in crate::lab) fn scope(&self) -> BTreeSet<&'static str> {
        self.details.iter().map(|detail| detail.attribute).collect()
    }
}

fn modification(
    stack: &Stack,
    new: &Configuration,
    (name, known, declared): (&String, &StackResource, &Resource),
    (properties, shown, tags): &Desired,
    unknown: &BTreeSet<&String>,
) -> Option<Change> {
    let none = Map::new();
    let (old, now) = (known.properties.as_object().unwrap_or(&none), properties.as_object().unwrap_or(&none));
    let keys: BTreeSet<_> = old.keys().chain(now.keys()).filter(|key| old.get(*key) != now.get(*key)).collect();
    let old_raw = stack.configuration.template.resources.get(name).map(|resource| &resource.properties);
    let text = |value: Option<&Value>| value.map(|value| plain(value).unwrap_or_else(|| value.to_string()));
    let detail = |key: &String| {
        let raw = declared.properties.get(key);
        let is_raw_same = raw == old_raw.and_then(|old| old.get(key));
        let (source, cause) = if is_raw_same { cause(stack, new, raw, unknown) } else { ("DirectModification", None) };
        Detail {
            attribute: if key == "Tags" { "Tags" } else { "Properties" },
            name: (key != "Tags").then(|| key.clone()),
            recreation: if known.kind.immutable.contains(&key.as_str()) { "Always" } else { "Never" },
            before: text(known.shown.get(key)),
            after: text(shown.get(key)),
            is_dynamic: now.get(key).is_some_and(|value| value.to_string().contains(KNOWN_AFTER_APPLY)),
            source,
            cause,
        }
    };
    let mut details: Vec<_> = keys.into_iter().map(detail).collect();
    // Policies for a deletion come with other changes and are none by themselves.
    let others = [
        ("Metadata", known.metadata != declared.metadata),
        // The stack's tags, where the resource's own stay as they are.
        ("Tags", known.tags != *tags && !details.iter().any(|detail| detail.attribute == "Tags")),
    ];
    details.extend(others.into_iter().filter(|(_, changes)| *changes).map(|(attribute, _)| Detail {
        attribute,
        recreation: "Never",
        source: "DirectModification",
        ..Detail::default()
    }));
    let always = |dynamic: bool| details.iter().any(|one| one.recreation == "Always" && one.is_dynamic == dynamic);
    let replacement = match (always(false), always(true)) {
        (true, _) => "True",
        (false, true) => "Conditional",
        (false, false) => "False",
    };
    let policy = if declared.retain_replaced { "ReplaceAndRetain" } else { "ReplaceAndDelete" };
    (!details.is_empty()).then(|| Change {
        physical: known.physical.clone(),
        replacement: Some(replacement),
        policy_action: (replacement == "True").then_some(policy),
        details,
        before: Some(known.shown.to_string()),
        after: Some(shown.to_string()),
        ..Change::of("Modify", name, known.kind.name)
    })
}

/// Why a property changes that is written as it was.
fn cause(
    stack: &Stack,
    new: &Configuration,
    raw: Option<&Value>,
    unknown: &BTreeSet<&String>,
) -> (&'static str, Option<String>) {
    let named = raw.and_then(|raw| references(raw).ok()).unwrap_or_default();
    let old = &stack.configuration.parameters;
    let parameter = named.iter().find(|(name, _)| new.parameters.get(name) != old.get(name));
    let resource = named.iter().find(|(name, _)| unknown.contains(name));
    match (parameter, resource) {
        (Some((name, _)), _) => ("ParameterReference", Some(name.clone())),
        (None, Some((name, None))) => ("ResourceReference", Some(name.clone())),
        (None, Some((name, Some(attribute)))) => ("ResourceAttribute", Some(format!("{name}.{attribute}"))),
        (None, None) => ("DirectModification", None),
    }
}
