//! EventBridge: rules of the default event bus, their targets, and events that are put. Knows not how events are delivered.

mod put;
mod rules;
mod targets;

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{
    service::{JsonOperation, JsonRun, Promise, Protocol, Service},
    wire::{
        error::ApiError,
        json::tags_of_list,
        json_rpc::{self, JsonVersion},
        token::Paging,
    },
    world::{World, rule::Rule},
};

const ONE_BUS: Promise = Promise::Simplified("the default event bus only");

#[rustfmt::skip]
const OPERATIONS: &[JsonOperation] = &[
    JsonOperation { name: "DeleteRule", promise: ONE_BUS, takes: &["Name", "EventBusName", "Force"], run: JsonRun::Answer(rules::delete) },
    JsonOperation { name: "DescribeRule", promise: ONE_BUS, takes: &["Name", "EventBusName"], run: JsonRun::Answer(rules::describe) },
    JsonOperation { name: "DisableRule", promise: ONE_BUS, takes: &["Name", "EventBusName"], run: JsonRun::Answer(rules::disable) },
    JsonOperation { name: "EnableRule", promise: ONE_BUS, takes: &["Name", "EventBusName"], run: JsonRun::Answer(rules::enable) },
    JsonOperation { name: "ListRuleNamesByTarget", promise: ONE_BUS, takes: &["TargetArn", "EventBusName", "NextToken", "Limit"], run: JsonRun::Answer(targets::list_rule_names) },
    JsonOperation { name: "ListRules", promise: ONE_BUS, takes: &["NamePrefix", "EventBusName", "NextToken", "Limit"], run: JsonRun::Answer(rules::list) },
    JsonOperation { name: "ListTagsForResource", promise: Promise::Simplified("tags of rules"), takes: &["ResourceARN"], run: JsonRun::Answer(rules::list_tags) },
    JsonOperation { name: "ListTargetsByRule", promise: ONE_BUS, takes: &["Rule", "EventBusName", "NextToken", "Limit"], run: JsonRun::Answer(targets::list) },
    JsonOperation { name: "PutEvents", promise: ONE_BUS, takes: &["Entries"], run: JsonRun::Answer(put::put_events) },
    JsonOperation { name: "PutRule", promise: Promise::Simplified("event patterns without cidr, no schedules; the default event bus only"), takes: &["Name", "EventPattern", "State", "Description", "Tags", "EventBusName"], run: JsonRun::Answer(rules::put) },
    JsonOperation { name: "PutTargets", promise: Promise::Simplified("log groups and Lambda functions, each with Id, Arn, RoleArn and Input"), takes: &["Rule", "EventBusName", "Targets"], run: JsonRun::Answer(targets::put) },
    JsonOperation { name: "RemoveTargets", promise: ONE_BUS, takes: &["Rule", "EventBusName", "Ids", "Force"], run: JsonRun::Answer(targets::remove) },
    JsonOperation { name: "TagResource", promise: Promise::Simplified("tags of rules"), takes: &["ResourceARN", "Tags"], run: JsonRun::Answer(rules::tag) },
    JsonOperation { name: "TestEventPattern", promise: Promise::Simplified("event patterns without cidr"), takes: &["EventPattern", "Event"], run: JsonRun::Answer(put::test_event_pattern) },
    JsonOperation { name: "UntagResource", promise: Promise::Simplified("tags of rules"), takes: &["ResourceARN", "TagKeys"], run: JsonRun::Answer(rules::untag) },
];

pub(super) const SERVICE: Service = Service {
    signing_name: "events",
    title: "EventBridge",
    global: false,
    refused: &[
        ("CreateEventBus", "the lab has the default event bus only"),
        ("CreateArchive", "nothing is kept to be replayed"),
    ],
    protocols: &[Protocol::Json(JsonVersion::OneOne, "AWSEvents", OPERATIONS)],
};

const PAGES: Paging = Paging {
    names: ("Limit", "NextToken"),
    sizes: (100, 100),
    wrong_size: "ValidationException",
    wrong_token: ("ValidationException", "Parameter NextToken is not valid. Reason: Invalid token."),
};

/// What any of the operations may be given.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Input {
    name: Option<String>,
    name_prefix: String,
    event_bus_name: Option<String>,
    event_pattern: Option<String>,
    event: String,
    state: Option<String>,
    description: Option<String>,
    rule: Option<String>,
    target_arn: String,
    targets: Vec<Value>,
    ids: Vec<String>,
    entries: Vec<Value>,
    #[serde(rename = "ResourceARN")]
    resource_arn: String,
    #[serde(deserialize_with = "tags_of_list")]
    tags: BTreeMap<String, String>,
    tag_keys: Vec<String>,
    limit: Option<usize>,
    next_token: Option<String>,
}

impl Input {
    /// The input of an operation on the default event bus.
    fn of(world: &World, body: &[u8]) -> Result<Self, ApiError> {
        let input: Self = json_rpc::input(body)?;
        match input.event_bus_name.as_deref() {
            Some(bus) if !is_default(world, bus) => Err(not_found(format!("Event bus {bus} does not exist."))),
            _ => Ok(input),
        }
    }

    /// The rule's name, which some operations call `Rule`.
    fn rule_name(&self) -> Result<&str, ApiError> {
        let name = self.name.as_deref().or(self.rule.as_deref()).unwrap_or_default();
        let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b".-_".contains(&byte);
        if (1..=64).contains(&name.len()) && name.bytes().all(is_fine) {
            Ok(name)
        } else {
            Err(invalid(format!(
                "1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: \
                 Member must satisfy regular expression pattern: [\\.\\-_A-Za-z0-9]+"
            )))
        }
    }

    fn rule<'w>(&self, world: &'w mut World) -> Result<&'w mut Rule, ApiError> {
        let name = self.rule_name()?;
        let message = format!("Rule {name} does not exist on EventBus default.");
        world.rules.get_mut(name).ok_or_else(|| not_found(message))
    }

    /// One page of a listing, under its name.
    fn page(&self, operation: &str, name: &str, items: Vec<Value>) -> Result<Value, ApiError> {
        let asked = (self.limit, self.next_token.as_deref());
        PAGES.listing(operation, asked, name, (1..).zip(items))
    }
}

fn is_default(world: &World, bus: &str) -> bool {
    bus == "default" || bus == world.arn("events", "event-bus/default")
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::bad("ValidationException", message)
}

fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::bad("ResourceNotFoundException", message)
}
