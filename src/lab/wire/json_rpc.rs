//! awsJson 1.0 and 1.1: `POST /`, the operation in `X-Amz-Target`, JSON in and out. Knows no service.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::{
    error::{ApiError, NOT_PLAYED},
    json::encode,
};

/// Which of the two; they differ in the content type alone, as far as the lab goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum JsonVersion {
    One,
    OneOne,
}

impl JsonVersion {
    pub(in crate::lab) fn content_type(self) -> &'static str {
        match self {
            Self::One => "application/x-amz-json-1.0",
            Self::OneOne => "application/x-amz-json-1.1",
        }
    }
}

/// The operation in the header `X-Amz-Target` if that is for `target`, e.g. `StartLiveTail` of `Logs_20140328.StartLiveTail`.
pub(in crate::lab) fn operation<'a>(header: &'a str, target: &str) -> Option<&'a str> {
    header.strip_prefix(target)?.strip_prefix('.')
}

/// The request's body as what the operation wants.
pub(in crate::lab) fn input<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| ApiError::bad("SerializationException", error.to_string()))
}

pub(in crate::lab) fn unknown_operation() -> ApiError {
    ApiError::bad("UnknownOperationException", NOT_PLAYED)
}

/// botocore reads the code from the body alone, the Rust SDK from either place.
pub(in crate::lab) fn error(error: &ApiError) -> Bytes {
    encode(json!({ "__type": error.code, "message": error.message }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_names_service_and_operation() {
        assert_eq!(operation("Logs_20140328.StartLiveTail", "Logs_20140328"), Some("StartLiveTail"));
        assert_eq!(operation("Logs_2014.StartLiveTail", "Logs_20140328"), None);
        assert_eq!(operation("Logs_20140328", "Logs_20140328"), None);
    }

    #[test]
    fn an_error_has_its_code_in_the_body() {
        let refusal = ApiError::bad("ResourceNotFoundException", "The specified log group does not exist.");
        insta::assert_snapshot!(String::from_utf8_lossy(&error(&refusal)), @r#"{"__type":"ResourceNotFoundException","message":"The specified log group does not exist."}"#);
    }
}
