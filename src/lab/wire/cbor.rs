//! smithy-rpc-v2-cbor: the operation in the path, CBOR in and out, which is JSON to the operations. Knows no service.

use bytes::Bytes;
use ciborium::Value as Cbor;
use serde_json::{Number, Value};

use super::error::ApiError;

pub(in crate::lab) const CONTENT_TYPE: &str = "application/cbor";

/// The value of the header `smithy-protocol`, in requests and answers.
pub(in crate::lab) const PROTOCOL: &str = "rpc-v2-cbor";

/// CBOR's tag for seconds since 1970.
const EPOCH: u64 = 1;

/// The operation in a path such as `/service/GraniteServiceVersion20100801/operation/DescribeAlarms`.
pub(in crate::lab) fn operation<'a>(path: &'a str, service: &str) -> Option<&'a str> {
    path.strip_prefix("/service/")?.strip_prefix(service)?.strip_prefix("/operation/")
}

/// The body as JSON, with times as numbers.
pub(in crate::lab) fn to_json(body: &[u8]) -> Result<Value, ApiError> {
    let body = if body.is_empty() { b"\xa0" } else { body };
    let bad = || ApiError::bad("SerializationException", "The body is not CBOR that could be a request.");
    ciborium::from_reader(body).ok().and_then(json).ok_or_else(bad)
}

/// JSON as CBOR. A number whose name ends in `Timestamp` is a time.
pub(in crate::lab) fn from_json(value: Value) -> Bytes {
    let mut bytes = Vec::new();
    // Writing to memory cannot fail.
    ciborium::into_writer(&cbor("", value), &mut bytes).unwrap_or_default();
    Bytes::from(bytes)
}

fn json(value: Cbor) -> Option<Value> {
    Some(match value {
        Cbor::Null => Value::Null,
        Cbor::Bool(bool) => bool.into(),
        Cbor::Integer(number) => i64::try_from(number).ok()?.into(),
        Cbor::Float(number) => Number::from_f64(number)?.into(),
        Cbor::Text(text) => text.into(),
        Cbor::Tag(EPOCH, time) => json(*time).filter(Value::is_number)?,
        Cbor::Array(elements) => Value::Array(elements.into_iter().map(json).collect::<Option<_>>()?),
        Cbor::Map(members) => {
            let member = |(name, value): (Cbor, Cbor)| Some((name.into_text().ok()?, json(value)?));
            Value::Object(members.into_iter().map(member).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

fn cbor(name: &str, value: Value) -> Cbor {
    match value {
        Value::Null => Cbor::Null,
        Value::Bool(bool) => Cbor::Bool(bool),
        Value::Number(number) if name.ends_with("Timestamp") => {
            Cbor::Tag(EPOCH, Box::new(Cbor::Float(number.as_f64().unwrap_or_default())))
        }
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Cbor::Integer(whole.into()),
            None => Cbor::Float(number.as_f64().unwrap_or_default()),
        },
        Value::String(text) => Cbor::Text(text),
        Value::Array(elements) => Cbor::Array(elements.into_iter().map(|element| cbor(name, element)).collect()),
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| {
                let value = cbor(&name, value);
                (Cbor::Text(name), value)
            };
            Cbor::Map(members.into_iter().map(member).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_path_names_service_and_operation() {
        assert_eq!(operation("/service/Granite/operation/DescribeAlarms", "Granite"), Some("DescribeAlarms"));
        assert_eq!(operation("/service/Other/operation/DescribeAlarms", "Granite"), None);
    }

    #[test]
    fn what_is_written_is_read_and_times_are_tagged() {
        let answer = json!({ "a": [1, 2.5, "x", true, null], "StateUpdatedTimestamp": 1.5 });
        let bytes = from_json(answer.clone());
        assert_eq!(to_json(&bytes), Ok(answer));
        assert!(bytes.windows(2).any(|pair| pair == [0xc1, 0xf9] || pair == [0xc1, 0xfb]), "{bytes:x?}");
        assert_eq!(to_json(b""), Ok(json!({})));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        let deep = vec![0x81; 100_000];
        for body in [b"\xff".as_slice(), b"{}", b"\xa1\x01\x02", b"\xa1\x61a\x41x", &deep] {
            assert!(to_json(body).is_err(), "{:x?}", body.first());
        }
    }
}
