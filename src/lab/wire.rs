//! The protocols in which AWS's clients talk: how a request is taken apart and an answer put together, per protocol.
//! Knows no service and no world.

pub(super) mod cbor;
pub(super) mod error;
pub(super) mod event_stream;
pub(super) mod json;
pub(super) mod json_rpc;
pub(super) mod query;
pub(super) mod query_json;
pub(super) mod rest_json;
pub(super) mod time;
pub(super) mod token;
