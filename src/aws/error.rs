//! What can go wrong with a call, in words: what was attempted, why it failed, what to do next. Knows every SDK error
//! and no single operation.

use std::{error::Error as StdError, fmt};

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use thiserror::Error;

use super::{
    credentials::{NOT_TAKEN, RUN_OUT},
    read_only::WouldChange,
};
use crate::text::SafeText;

/// A call that failed.
#[derive(Clone, Debug, Error)]
#[error("{}. {}", self.said(), self.next())]
pub struct Error {
    /// What was attempted, such as `list the instances`.
    doing: &'static str,
    pub kind: Kind,
    /// AWS's code, or ours where there was no answer.
    pub code: SafeText,
    why: SafeText,
    /// The permission that the call needs, where it is known, such as `ec2:DescribeInstances`.
    needs: Option<&'static str>,
    /// The profile that a login is for.
    profile: Option<SafeText>,
}

/// What sort of trouble it is; decides what to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    NoCredentials,
    Expired,
    /// AWS does not know the access key, or not any more, or the signature does not fit it.
    NotTaken,
    Denied,
    NoRegion,
    /// The environment or the profile sets another endpoint than AWS's.
    OtherEndpoint,
    /// The server cannot be reached, or broke off.
    Unreachable,
    TimedOut,
    Throttled,
    /// The server failed: 5xx.
    ServerFault,
    NotFound,
    ReadOnly,
    /// AWS said no for another reason.
    Refused,
}

impl Kind {
    fn next(self) -> &'static str {
        match self {
            Self::NoCredentials => {
                "Log in (`aws sso login`), set AWS_PROFILE or pass --profile, or try `--lab`, which needs no account"
            }
            Self::Expired | Self::NotTaken => "or try `--lab`, which needs no account",
            Self::Denied => "or use another profile with --profile; or try `--lab`",
            Self::NoRegion => "Pass --region or set AWS_REGION; or try `--lab`",
            Self::OtherEndpoint => {
                "Unset it (AWS_ENDPOINT_URL, or endpoint_url in the profile), or pass --endpoint-url if you mean it"
            }
            Self::Unreachable => "Check the network, the region's name and the endpoint; or try `--lab`",
            Self::TimedOut => "Check the network or VPN and try again; or try `--lab`",
            Self::Throttled => "AWS limits the rate of calls in this account: wait a minute and try again",
            Self::ServerFault => "The service failed: try again in a minute",
            Self::NotFound => "Check its name and the region",
            Self::ReadOnly => "Start without --read-only to allow it",
            Self::Refused => "Change what AWS complains of; or try `--lab`",
        }
    }

    /// Whether the same request may succeed a little later.
    pub fn passes(self) -> bool {
        self.leaves_doubt() || self == Self::Throttled
    }

    /// Whether other credentials would help.
    pub fn wants_login(self) -> bool {
        matches!(self, Self::NoCredentials | Self::Expired | Self::NotTaken)
    }

    /// Whether the request may have been carried out all the same.
    pub fn leaves_doubt(self) -> bool {
        matches!(self, Self::Unreachable | Self::TimedOut | Self::ServerFault)
    }
}

impl Error {
    pub(super) fn new(doing: &'static str, kind: Kind, why: &str) -> Self {
        let code = SafeText::new(format!("{kind:?}"));
        Self { doing, kind, code, why: SafeText::new(why), needs: None, profile: None }
    }

    /// What went wrong with a call of the SDK's.
    pub(super) fn of<E, R>(doing: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata + StdError + 'static,
        R: fmt::Debug + 'static,
    {
        let code = error.code().unwrap_or_default();
        let kind = kind_of(error, code, error.message().unwrap_or_default());
        let said = match within(error) {
            Some(CredentialsError::CredentialsNotLoaded(_)) => {
                String::from("there are no credentials in the environment, the profile, SSO or the instance's role")
            }
            _ => error.message().map_or_else(|| deepest(error), str::to_owned),
        };
        let code = if code.is_empty() { format!("{kind:?}") } else { code.to_owned() };
        let (code, why) = (SafeText::new(code), SafeText::new(said.trim_end_matches('.')));
        Self { doing, kind, code, why, needs: None, profile: None }
    }

    /// With the permission that the call needs.
    pub(super) fn needs(self, permission: &'static str) -> Self {
        Self { needs: Some(permission), ..self }
    }

    /// With the profile that one logs in to.
    pub(super) fn of_profile(self, profile: Option<&SafeText>) -> Self {
        Self { profile: profile.cloned(), ..self }
    }

    /// What kept the credentials from being had.
    pub(super) fn of_credentials(error: &CredentialsError) -> Self {
        Self::new("find credentials", kind_of_credentials(error), &deepest(error))
    }

    /// What was attempted and why it failed, without what to do next.
    pub fn said(&self) -> String {
        format!("could not {}: {}", self.doing, self.reason())
    }

    fn next(&self) -> String {
        let next = self.kind.next();
        match (self.kind, self.needs) {
            (Kind::Expired | Kind::NotTaken, _) => format!("Log in again (such as {}); {next}", self.login()),
            (Kind::Denied, Some(permission)) => format!("Ask for the permission {permission}, {next}"),
            (Kind::Denied, None) => format!("Ask for the permission, {next}"),
            _ => next.to_owned(),
        }
    }

    /// What helps a drill that goes on meanwhile.
    pub fn meanwhile(&self) -> SafeText {
        let again = "it is asked again every few seconds";
        SafeText::new(match self.kind {
            kind if kind.wants_login() => format!("Log in again: {}. No restart is needed", self.login()),
            Kind::Denied => match self.needs {
                Some(permission) => format!("You lack {permission}. The others go on"),
                None => String::from("You lack a permission. The others go on"),
            },
            Kind::Unreachable | Kind::TimedOut => format!("Check the network or VPN: {again}"),
            Kind::Throttled => format!("AWS limits the calls of this account: {again}"),
            Kind::ServerFault => format!("The service fails: {again}"),
            _ => String::from("It is asked again"),
        })
    }

    fn login(&self) -> String {
        match &self.profile {
            Some(profile) => format!("`aws sso login --profile {profile}`"),
            None => String::from("`aws sso login`"),
        }
    }

    /// Why, with AWS's code where it gave one.
    fn reason(&self) -> String {
        let Self { why, code, kind, .. } = self;
        if code.as_str() == format!("{kind:?}") { why.to_string() } else { format!("{why} ({code})") }
    }

    /// Why, in AWS's words.
    pub fn why(&self) -> &SafeText {
        &self.why
    }
}

fn kind_of<E, R>(error: &SdkError<E, R>, code: &str, message: &str) -> Kind
where
    E: StdError + 'static,
    R: fmt::Debug + 'static,
{
    if within::<WouldChange>(error).is_some() {
        return Kind::ReadOnly;
    }
    if let Some(credentials) = within::<CredentialsError>(error) {
        return kind_of_credentials(credentials);
    }
    match (error, code) {
        (SdkError::TimeoutError(_), _) => Kind::TimedOut,
        (SdkError::DispatchFailure(failure), _) if failure.is_timeout() => Kind::TimedOut,
        (SdkError::DispatchFailure(_) | SdkError::ResponseError(_), _) => Kind::Unreachable,
        (_, code) if RUN_OUT.contains(&code) => Kind::Expired,
        (_, code) if NOT_TAKEN.contains(&code) => Kind::NotTaken,
        (
            _,
            "AccessDenied"
            | "AccessDeniedException"
            | "UnauthorizedOperation"
            | "OptInRequired"
            | "MissingAuthenticationToken"
            | "MissingAuthenticationTokenException",
        ) => Kind::Denied,
        (
            _,
            "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestLimitExceeded"
            | "TooManyRequestsException"
            | "EC2ThrottledException"
            | "RequestThrottled"
            | "SlowDown",
        ) => Kind::Throttled,
        (
            _,
            "ResourceNotFoundException"
            | "NoSuchEntity"
            | "NoSuchEntityException"
            | "ChangeSetNotFound"
            | "NoSuchResourceException"
            | "ParameterNotFound"
            | "ParameterVersionNotFound",
        ) => Kind::NotFound,
        // CloudFormation has no error of its own for a stack that is not there
        (_, "ValidationError") if message.contains("does not exist") => Kind::NotFound,
        (_, "ServiceUnavailable" | "ServiceUnavailableException" | "Unavailable") => Kind::ServerFault,
        // each service has a name of its own for it: InternalError, InternalFailure, InternalServerException
        (_, code) if code.starts_with("Internal") => Kind::ServerFault,
        (_, "") => Kind::ServerFault,
        _ => Kind::Refused,
    }
}

/// The answer to a question for something that may not be there.
pub(super) fn absent<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.kind == Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn kind_of_credentials(error: &CredentialsError) -> Kind {
    let text = deepest(error).to_lowercase();
    match error {
        CredentialsError::ProviderTimedOut(_) => Kind::TimedOut,
        _ if text.contains("expired") => Kind::Expired,
        _ => Kind::NoCredentials,
    }
}

/// The first error of a type on the way down.
fn within<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// The words of the error at the bottom: the SDK's outer ones say only that something failed.
fn deepest(error: &(dyn StdError + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}
