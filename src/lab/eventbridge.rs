//! EventBridge: rules, their targets, and events that are put. Knows not what a target does with an event.

use super::service::{Protocol, Service};
use super::wire::json_rpc::JsonVersion;

pub(super) const SERVICE: Service = Service {
    signing_name: "events",
    title: "EventBridge",
    global: false,
    refused: &[],
    protocols: &[Protocol::Json(JsonVersion::OneOne, "AWSEvents", &[])],
};
