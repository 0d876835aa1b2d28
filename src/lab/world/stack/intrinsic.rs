//! The functions of templates: `Ref`, `Fn::GetAtt`, `Fn::Sub`, … and conditions. Knows not what a resource is.

use std::{cell::RefCell, collections::BTreeMap};

use serde_json::{Map, Value};

use super::template::Template;

pub(super) const PSEUDO: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

pub(super) const FUNCTIONS: [&str; 11] = [
    "Fn::And",
    "Fn::Equals",
    "Fn::FindInMap",
    "Fn::GetAtt",
    "Fn::If",
    "Fn::Join",
    "Fn::Not",
    "Fn::Or",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
];

/// What stands for a value that only the making of a resource will tell.
pub(in crate::lab) const KNOWN_AFTER_APPLY: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// Tells a resource's attribute, or with no attribute what `Ref` gives; none if there is no such resource.
pub(super) type Ask<'a> = &'a dyn Fn(&str, Option<&str>) -> Option<Value>;

/// How many conditions may lead from one to the next: the lab's choice, for each is a call deeper.
const DEEPEST: usize = 100;

/// What the names of a template stand for.
#[derive(Clone, Debug)]
pub(super) struct Scope<'a> {
    template: &'a Template,
    /// Parameters and pseudo parameters.
    values: BTreeMap<String, Value>,
    /// The conditions that were worked out, so that each is so once, however many ways lead to it.
    known: RefCell<BTreeMap<String, bool>>,
}

impl<'a> Scope<'a> {
    pub(super) fn new(template: &'a Template, values: BTreeMap<String, Value>) -> Self {
        Self { template, values, known: RefCell::default() }
    }

    /// The value with its functions worked out; none for `AWS::NoValue`.
    pub(super) fn value(&self, value: &Value, ask: Ask) -> Result<Option<Value>, String> {
        match value {
            Value::Array(items) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| self.value(item, ask)).collect();
                Ok(Some(Value::Array(items?.into_iter().flatten().collect())))
            }
            Value::Object(members) => {
                if let Some((name, argument)) = function(members) {
                    return self.call(name, argument, ask);
                }
                let mut worked_out = Map::new();
                for (key, value) in members {
                    if let Some(value) = self.value(value, ask)? {
                        worked_out.insert(key.clone(), value);
                    }
                }
                Ok(Some(Value::Object(worked_out)))
            }
            plain => Ok(Some(plain.clone())),
        }
    }

    fn call(&self, name: &str, argument: &Value, ask: Ask) -> Result<Option<Value>, String> {
        let wrong = || format!("Template error: {name} object requires a valid argument.");
        let list = |argument: &Value| match self.value(argument, ask)? {
            Some(Value::Array(items)) => Ok(items),
            _ => Err(wrong()),
        };
        match (name, argument) {
            ("Ref", Value::String(name)) if name == "AWS::NoValue" => Ok(None),
            ("Ref", Value::String(name)) => self.named(name, None, ask).map(Some),
            ("Fn::GetAtt", argument) => {
                let (name, attribute) = get_att(argument).ok_or_else(wrong)?;
                self.named(&name, Some(&attribute), ask).map(Some)
            }
            ("Fn::Sub", argument) => self.substitute(argument, ask).map(Some),
            ("Fn::If", Value::Array(parts)) => match parts.as_slice() {
                [Value::String(condition), yes, no] => {
                    self.value(if self.holds(condition, 0)? { yes } else { no }, ask)
                }
                _ => Err(wrong()),
            },
            (_, Value::Array(parts)) => {
                let parts: Vec<Value> = match (name, parts.as_slice()) {
                    ("Fn::Join", [separator, items]) => vec![separator.clone(), Value::Array(list(items)?)],
                    ("Fn::Select", [place, items]) => {
                        vec![self.value(place, ask)?.ok_or_else(wrong)?, Value::Array(list(items)?)]
                    }
                    _ => list(argument)?,
                };
                plain_function(name, &parts, &self.template.mappings).ok_or_else(wrong).map(Some)
            }
            _ => Err(wrong()),
        }
    }

    fn named(&self, name: &str, attribute: Option<&str>, ask: Ask) -> Result<Value, String> {
        let parameter = self.values.get(name).filter(|_| attribute.is_none());
        parameter.cloned().or_else(|| ask(name, attribute)).ok_or_else(|| {
            let block = "in the Resources block of the template";
            format!("Template format error: Unresolved resource dependencies [{name}] {block}")
        })
    }

    fn substitute(&self, argument: &Value, ask: Ask) -> Result<Value, String> {
        let (text, own) = sub_parts(argument)?;
        let mut whole = String::new();
        for piece in pieces(text) {
            let name = match piece {
                Piece::Text(text) => {
                    whole.push_str(&text);
                    continue;
                }
                Piece::Name(name) => name,
            };
            let value = match own.and_then(|own| own.get(&name)) {
                Some(value) => self.value(value, ask)?.unwrap_or_default(),
                None => match name.split_once('.') {
                    Some((resource, attribute)) => self.named(resource, Some(attribute), ask)?,
                    None => self.named(&name, None, ask)?,
                },
            };
            whole.push_str(&plain(&value).ok_or("Template error: every Fn::Sub object must give strings.")?);
        }
        Ok(Value::String(whole))
    }

    /// Whether a condition holds; refuses those that lead back to themselves.
    pub(super) fn holds(&self, condition: &str, depth: usize) -> Result<bool, String> {
        let missing = || format!("Template error: unresolved condition dependency {condition}.");
        if depth > self.template.conditions.len() {
            return Err(format!("Template error: circular dependency of condition {condition}."));
        }
        if depth > DEEPEST {
            return Err(format!("Template error: more than {DEEPEST} conditions lead to condition {condition}."));
        }
        if let Some(known) = self.known.borrow().get(condition) {
            return Ok(*known);
        }
        let holds = self.truth(self.template.conditions.get(condition).ok_or_else(missing)?, depth)?;
        self.known.borrow_mut().insert(condition.to_owned(), holds);
        Ok(holds)
    }

    fn truth(&self, value: &Value, depth: usize) -> Result<bool, String> {
        let wrong = || "Template error: every Condition must evaluate to true or false.".to_owned();
        let (name, argument) = value.as_object().and_then(|members| members.iter().next()).ok_or_else(wrong)?;
        let parts = argument.as_array().map_or(&[][..], Vec::as_slice);
        match (name.as_str(), argument, parts) {
            ("Condition", Value::String(name), _) => self.holds(name, depth.saturating_add(1)),
            ("Fn::Equals", _, [left, right]) => {
                let no_resource = |_: &str, _: Option<&str>| None;
                let side =
                    |value: &Value| Ok::<_, String>(self.value(value, &no_resource)?.and_then(|value| plain(&value)));
                Ok(side(left)? == side(right)?)
            }
            ("Fn::Not", _, [one]) => Ok(!self.truth(one, depth)?),
            ("Fn::And", _, [_, _, ..]) => parts.iter().try_fold(true, |all, one| Ok(self.truth(one, depth)? && all)),
            ("Fn::Or", _, [_, _, ..]) => parts.iter().try_fold(false, |any, one| Ok(self.truth(one, depth)? || any)),
            _ => Err(wrong()),
        }
    }
}

/// Functions of worked-out arguments alone.
fn plain_function(name: &str, parts: &[Value], mappings: &Value) -> Option<Value> {
    match (name, parts) {
        ("Fn::Join", [Value::String(separator), Value::Array(items)]) => {
            let items: Option<Vec<_>> = items.iter().map(plain).collect();
            Some(Value::String(items?.join(separator)))
        }
        ("Fn::Select", [place, Value::Array(items)]) => items.get(plain(place)?.parse::<usize>().ok()?).cloned(),
        ("Fn::Split", [Value::String(separator), Value::String(text)]) if !separator.is_empty() => {
            Some(text.split(separator.as_str()).map(Value::from).collect())
        }
        ("Fn::FindInMap", [map, first, second]) => {
            mappings.get(plain(map)?)?.get(plain(first)?)?.get(plain(second)?).cloned()
        }
        _ => None,
    }
}

/// The one function that an object is, if it is one.
fn function(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = members.iter().next().filter(|_| members.len() == 1)?;
    (name == "Ref" || name.starts_with("Fn::")).then_some((name, argument))
}

/// What a value is as text; lists and maps are none.
pub(super) fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

fn get_att(argument: &Value) -> Option<(String, String)> {
    let owned = |(name, attribute): (&str, &str)| (name.to_owned(), attribute.to_owned());
    match argument {
        Value::String(text) => text.split_once('.').map(owned),
        Value::Array(parts) => match parts.as_slice() {
            [Value::String(name), Value::String(attribute)] => Some((name.clone(), attribute.clone())),
            _ => None,
        },
        _ => None,
    }
}

/// The text of a `Fn::Sub`, and the values that it brings along.
type SubParts<'v> = (&'v str, Option<&'v Map<String, Value>>);

fn sub_parts(argument: &Value) -> Result<SubParts<'_>, String> {
    let two = argument.as_array().map(Vec::as_slice);
    match (argument, two) {
        (Value::String(text), _) => Ok((text, None)),
        (_, Some([Value::String(text), Value::Object(own)])) => Ok((text, Some(own))),
        _ => {
            Err("Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments.".to_owned())
        }
    }
}

enum Piece {
    Text(String),
    Name(String),
}

/// `a${B}c${!D}` as `a`, B, `c`, `${D}`.
fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, name, after)) =
        rest.split_once("${").and_then(|(before, rest)| rest.split_once('}').map(|(name, after)| (before, name, after)))
    {
        pieces.push(Piece::Text(before.to_owned()));
        pieces.push(match name.strip_prefix('!') {
            Some(literal) => Piece::Text(format!("${{{literal}}}")),
            None => Piece::Name(name.trim().to_owned()),
        });
        rest = after;
    }
    pieces.push(Piece::Text(rest.to_owned()));
    pieces
}

/// The names in a value, each with the attribute that is wanted of it.
pub(super) fn references(value: &Value) -> Result<Vec<(String, Option<String>)>, String> {
    let mut found = Vec::new();
    match value {
        Value::Array(items) => items.iter().try_for_each(|item| references(item).map(|more| found.extend(more)))?,
        Value::Object(members) => match function(members) {
            Some(("Ref", Value::String(name))) => found.push((name.clone(), None)),
            Some(("Fn::GetAtt", argument)) => {
                let (name, attribute) = get_att(argument).ok_or_else(|| {
                    "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource attribute".to_owned()
                })?;
                found.push((name, Some(attribute)));
            }
            Some(("Fn::Sub", argument)) => {
                let (text, own) = sub_parts(argument)?;
                let own_names: Vec<_> = own.into_iter().flat_map(Map::keys).collect();
                for piece in pieces(text) {
                    if let Piece::Name(name) = piece
                        && !own_names.contains(&&name)
                    {
                        found.push(match name.split_once('.') {
                            Some((name, attribute)) => (name.to_owned(), Some(attribute.to_owned())),
                            None => (name, None),
                        });
                    }
                }
                own.into_iter()
                    .flat_map(Map::values)
                    .try_for_each(|value| references(value).map(|more| found.extend(more)))?;
            }
            _ => members.values().try_for_each(|value| references(value).map(|more| found.extend(more)))?,
        },
        _ => {}
    }
    Ok(found)
}
