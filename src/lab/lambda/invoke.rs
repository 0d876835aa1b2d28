//! Invoke: at once, later, or not at all. Knows not what the function makes of the event.

use aws_smithy_types::base64;
use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::{find, invalid};
use crate::lab::{
    service::{Payload, Raw},
    wire::{error::ApiError, rest_json::RestCall},
    world::{World, invocation::Ended},
};

/// How much of the log `X-Amz-Log-Result` holds, in bytes.
const TAIL: usize = 4_096;

pub(super) fn invoke(world: &mut World, call: &RestCall) -> Result<Payload, ApiError> {
    let strange = ["X-Amz-Client-Context", "X-Amz-Durable-Execution-Name", "X-Amz-Tenant-Id"];
    if let Some(header) = strange.iter().find(|header| call.header(header).is_some()) {
        return Err(invalid(format!("The lab's Invoke does not support {header}.")));
    }
    let name = find(world, call)?.name.clone();
    let body: &[u8] = if call.body().is_empty() { b"{}" } else { call.body() };
    let event: Value = serde_json::from_slice(body).map_err(|error| {
        let message = format!("Could not parse request body into json: {error}");
        ApiError::bad("InvalidRequestContentException", message)
    })?;
    let wants_tail = call.header("x-amz-log-type") == Some("Tail");
    let at_once = |status| Payload::Raw(Raw { status, headers: version(), body: Bytes::new() });
    match call.header("x-amz-invocation-type") {
        None | Some("RequestResponse") => Ok(Payload::Invocation(world.invoke(&name, event, true), wants_tail)),
        Some("Event") => {
            world.invoke(&name, event, false);
            Ok(at_once(StatusCode::ACCEPTED))
        }
        Some("DryRun") => Ok(at_once(StatusCode::NO_CONTENT)),
        Some(kind) => Err(invalid(format!("InvocationType {kind} is not RequestResponse, Event or DryRun."))),
    }
}

fn version() -> Vec<(&'static str, String)> {
    vec![("x-amz-executed-version", "$LATEST".to_owned())]
}

/// The answer once the invocation is over. A function that failed is no failed call: the status is 200.
pub(in crate::lab) fn answer(ended: &Ended, wants_tail: bool) -> Raw {
    let mut headers = version();
    if ended.failed {
        headers.push(("x-amz-function-error", "Unhandled".to_owned()));
    }
    if wants_tail {
        let log = ended.log.as_bytes();
        let tail = log.get(log.len().saturating_sub(TAIL)..).unwrap_or_default();
        headers.push(("x-amz-log-result", base64::encode(tail)));
    }
    Raw { status: StatusCode::OK, headers, body: Bytes::from(ended.payload.to_string()) }
}
