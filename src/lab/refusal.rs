//! How each protocol's services word the refusals that any call can meet: credentials, faults, throttling.
//! Knows no operation.

use http::StatusCode;

use super::{
    faults::FaultKind,
    policy::{Context, Decision, Request},
    service::Protocol,
    wire::{error::ApiError, query::Dialect},
};

/// A request without a signature.
pub(super) fn unsigned(protocol: &Protocol) -> ApiError {
    let message = "Request is missing Authentication Token";
    match protocol {
        Protocol::Query(Dialect::Ec2 { .. }, _) => ApiError::new(
            StatusCode::UNAUTHORIZED,
            "AuthFailure",
            "AWS was not able to validate the provided access credentials",
        ),
        Protocol::Query(Dialect::Aws { .. }, _) => {
            ApiError::new(StatusCode::FORBIDDEN, "MissingAuthenticationToken", message)
        }
        Protocol::Json(..) | Protocol::Cbor(..) => ApiError::bad("MissingAuthenticationTokenException", message),
        Protocol::RestJson(_) => {
            ApiError::new(StatusCode::FORBIDDEN, "MissingAuthenticationTokenException", "Missing Authentication Token")
        }
    }
}

/// A request with an access key id that is not the lab's.
pub(super) fn unknown_key(protocol: &Protocol) -> ApiError {
    let message = "The security token included in the request is invalid.";
    match protocol {
        Protocol::Query(Dialect::Ec2 { .. }, _) => unsigned(protocol),
        Protocol::Query(Dialect::Aws { .. }, _) => {
            ApiError::new(StatusCode::FORBIDDEN, "InvalidClientTokenId", message)
        }
        Protocol::Json(..) | Protocol::Cbor(..) | Protocol::RestJson(_) => {
            ApiError::new(StatusCode::FORBIDDEN, "UnrecognizedClientException", message)
        }
    }
}

/// A request that was signed for another region than the lab's.
pub(super) fn other_region(protocol: &Protocol, region: &str) -> ApiError {
    let message = format!("Credential should be scoped to a valid region, not the lab's: it plays only {region}.");
    match protocol {
        Protocol::Query(Dialect::Ec2 { .. }, _) => ApiError::new(StatusCode::UNAUTHORIZED, "AuthFailure", message),
        Protocol::Query(Dialect::Aws { .. }, _) => {
            ApiError::new(StatusCode::FORBIDDEN, "SignatureDoesNotMatch", message)
        }
        Protocol::Json(..) | Protocol::Cbor(..) => ApiError::bad("InvalidSignatureException", message),
        Protocol::RestJson(_) => ApiError::new(StatusCode::FORBIDDEN, "InvalidSignatureException", message),
    }
}

/// An input that AWS may know, and the lab does not: to pass over it would promise what is not done.
pub(super) fn unknown_input(protocol: &Protocol, operation: &str, input: &str) -> ApiError {
    let message = format!("The lab's {operation} does not support the parameter {input}.");
    match protocol {
        Protocol::Query(Dialect::Ec2 { .. }, _) => ApiError::bad("UnknownParameter", message),
        Protocol::Query(Dialect::Aws { .. }, _) => ApiError::bad("ValidationError", message),
        Protocol::Json(..) | Protocol::Cbor(..) | Protocol::RestJson(_) => {
            ApiError::bad("ValidationException", message)
        }
    }
}

/// What a fault of the scenario makes a call say; none for what is no refusal.
pub(super) fn fault(protocol: &Protocol, kind: FaultKind, user: &str, operation: &str) -> Option<ApiError> {
    match kind {
        FaultKind::Throttle => Some(throttled(protocol)),
        FaultKind::Denied => {
            let request = Request { action: operation, resource: "*", context: &Context::new(), principals: &[] };
            Some(denied(protocol, &request.refusal(user, Decision::ImplicitDeny)))
        }
        FaultKind::Expired => Some(expired(protocol)),
        FaultKind::Error => Some(internal(protocol)),
        _ => None,
    }
}

/// AWS's own failure, HTTP 500.
pub(super) fn internal(protocol: &Protocol) -> ApiError {
    let code = match protocol {
        Protocol::Query(Dialect::Ec2 { .. }, _) => "InternalError",
        Protocol::Query(Dialect::Aws { .. }, _) | Protocol::Json(..) | Protocol::Cbor(..) => "InternalFailure",
        Protocol::RestJson(_) => "InternalServerException",
    };
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, code, "An internal error has occurred")
}

fn throttled(protocol: &Protocol) -> ApiError {
    match protocol {
        Protocol::Query(Dialect::Ec2 { .. }, _) => {
            ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "RequestLimitExceeded", "Request limit exceeded.")
        }
        Protocol::Query(Dialect::Aws { .. }, _) => ApiError::bad("Throttling", "Rate exceeded"),
        Protocol::Json(..) | Protocol::Cbor(..) => ApiError::bad("ThrottlingException", "Rate exceeded"),
        Protocol::RestJson(_) => ApiError::new(StatusCode::TOO_MANY_REQUESTS, "ThrottlingException", "Rate exceeded"),
    }
}

/// A caller who may not, with the sentence that says so.
pub(super) fn denied(protocol: &Protocol, sentence: &str) -> ApiError {
    let forbidden = |code: &'static str| ApiError::new(StatusCode::FORBIDDEN, code, sentence);
    match protocol {
        Protocol::Query(Dialect::Ec2 { .. }, _) => {
            let message = format!("You are not authorized to perform this operation. {sentence}");
            ApiError::new(StatusCode::FORBIDDEN, "UnauthorizedOperation", message)
        }
        Protocol::Query(Dialect::Aws { .. }, _) => forbidden("AccessDenied"),
        Protocol::Json(..) | Protocol::Cbor(..) => ApiError::bad("AccessDeniedException", sentence),
        Protocol::RestJson(_) => forbidden("AccessDeniedException"),
    }
}

/// Temporary credentials that have run out.
pub(super) fn expired(protocol: &Protocol) -> ApiError {
    let message = "The security token included in the request is expired";
    match protocol {
        Protocol::Query(Dialect::Ec2 { .. }, _) => ApiError::bad("RequestExpired", "Request has expired."),
        Protocol::Query(Dialect::Aws { .. }, _) => ApiError::new(StatusCode::FORBIDDEN, "ExpiredToken", message),
        Protocol::Json(..) | Protocol::Cbor(..) => ApiError::bad("ExpiredTokenException", message),
        Protocol::RestJson(_) => ApiError::new(StatusCode::FORBIDDEN, "ExpiredTokenException", message),
    }
}
