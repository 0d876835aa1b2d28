//! Event-stream frames (`application/vnd.amazon.eventstream`): each with its headers and checksums. Knows no service.

use aws_smithy_eventstream::{error::Error, frame::write_message_to};
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::{Bytes, BytesMut};
use serde_json::Value;

pub(in crate::lab) const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// One event, e.g. `sessionUpdate`. A stream of awsJson begins with `initial-response`, which botocore insists on.
pub(in crate::lab) fn event(event_type: &'static str, payload: &Value) -> Result<Bytes, Error> {
    let header = |name: &'static str, value: &'static str| Header::new(name, HeaderValue::String(value.into()));
    let message = Message::new(Bytes::from(payload.to_string()))
        .add_header(header(":message-type", "event"))
        .add_header(header(":event-type", event_type))
        .add_header(header(":content-type", "application/json"));
    let mut frame = BytesMut::new();
    write_message_to(&message, &mut frame)?;
    Ok(frame.freeze())
}

#[cfg(test)]
mod tests {
    use aws_smithy_eventstream::frame::read_message_from;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_frame_reads_back_with_its_checksums() {
        let frame = event("initial-response", &json!({})).unwrap();
        let message = read_message_from(&mut frame.clone()).unwrap();
        assert_eq!(message.payload().as_ref(), b"{}");
        let types: Vec<_> =
            message.headers().iter().map(|header| header.value().as_string().unwrap().as_str()).collect();
        assert_eq!(types, ["event", "initial-response", "application/json"]);
    }
}
