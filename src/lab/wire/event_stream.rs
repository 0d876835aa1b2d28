//! Event-stream frames (`application/vnd.amazon.eventstream`): each with its headers and checksums. Knows no service.

use aws_smithy_eventstream::{error::Error, frame::write_message_to};
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};

pub(in crate::lab) const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// One event, e.g. `sessionUpdate`. A stream of awsJson begins with `initial-response`, which botocore insists on.
pub(in crate::lab) fn event(event_type: &'static str, payload: &Value) -> Result<Bytes, Error> {
    frame("event", ":event-type", event_type, payload)
}

/// An exception, which ends the stream.
pub(in crate::lab) fn exception(name: &'static str, message: &str) -> Result<Bytes, Error> {
    frame("exception", ":exception-type", name, &json!({ "message": message }))
}

fn frame(kind: &'static str, header: &'static str, name: &'static str, payload: &Value) -> Result<Bytes, Error> {
    let set = |name: &'static str, value: &'static str| Header::new(name, HeaderValue::String(value.into()));
    let message = Message::new(Bytes::from(payload.to_string()))
        .add_header(set(":message-type", kind))
        .add_header(set(header, name))
        .add_header(set(":content-type", "application/json"));
    let mut frame = BytesMut::new();
    write_message_to(&message, &mut frame)?;
    Ok(frame.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_eventstream::frame::read_message_from;

    #[test]
    fn a_frame_reads_back_with_its_checksums() {
        let frame = event("initial-response", &json!({})).unwrap();
        let message = read_message_from(&mut frame.clone()).unwrap();
        assert_eq!(message.payload().as_ref(), b"{}");
        let types: Vec<_> =
            message.headers().iter().map(|header| header.value().as_string().unwrap().as_str()).collect();
        assert_eq!(types, ["event", "initial-response", "application/json"]);
    }

    #[test]
    fn an_exception_says_so_in_its_headers() {
        let frame = exception("SessionTimeoutException", "gone").unwrap();
        let message = read_message_from(&mut frame.clone()).unwrap();
        let header = |place: usize| message.headers()[place].value().as_string().unwrap().as_str().to_owned();
        assert_eq!((header(0), header(1)), ("exception".into(), "SessionTimeoutException".into()));
        assert_eq!(message.payload().as_ref(), br#"{"message":"gone"}"#);
    }
}
