//! What a service says when it refuses: code, HTTP status and sentence. Knows not in which protocol it will be said.

use std::borrow::Cow;

use http::StatusCode;

/// What is added to the refusal of an operation that AWS may have: nobody is to look for the mistake in their own call.
pub(in crate::lab) const NOT_PLAYED: &str = "The lab does not play it: `spotdrill lab promises` lists what it does.";

/// A refusal in AWS's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct ApiError {
    pub(in crate::lab) status: StatusCode,
    /// As AWS spells it, e.g. `InvalidInstanceID.NotFound`.
    pub(in crate::lab) code: Cow<'static, str>,
    pub(in crate::lab) message: String,
}

impl ApiError {
    pub(in crate::lab) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self { status, code: code.into(), message: message.into() }
    }

    /// A refusal with HTTP status 404.
    pub(in crate::lab) fn not_found(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// A refusal with HTTP status 400, as most are.
    pub(in crate::lab) fn bad(code: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }
}
