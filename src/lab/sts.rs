//! STS: who is calling, and sessions of roles. Knows not what a session may do.

use http::StatusCode;
use jiff::SignedDuration;

use super::{
    credentials::Credentials,
    policy::{self, Decision, Request},
    service::{Promise, Protocol, QueryOperation, Service},
    wire::{
        error::ApiError,
        query::{Dialect, Element, Form, element, text},
        time::iso_seconds,
    },
    world::{
        World,
        access::{Caller, Session},
    },
};

pub(super) const SERVICE: Service = Service {
    signing_name: "sts",
    title: "STS",
    global: false,
    refused: &[
        ("GetSessionToken", "the lab has no users, only sessions of roles"),
        ("AssumeRoleWithWebIdentity", "the lab has no identity providers"),
    ],
    protocols: &[Protocol::Query(Dialect::Aws { namespace: "https://sts.amazonaws.com/doc/2011-06-15/" }, OPERATIONS)],
};

#[rustfmt::skip]
const OPERATIONS: &[QueryOperation] = &[
    QueryOperation { name: "GetCallerIdentity", promise: Promise::Faithful, takes: &[], run: get_caller_identity },
    QueryOperation { name: "AssumeRole", promise: Promise::Simplified("no session policies and tags; an identity policy must allow it even where the trust policy names the caller; every role's MaxSessionDuration is an hour"), takes: &["RoleArn", "RoleSessionName", "DurationSeconds", "ExternalId"], run: assume_role },
];

/// In seconds; the most is every role's `MaxSessionDuration` in the lab.
const LEAST: i64 = 900;
const MOST: i64 = 3600;

#[expect(clippy::unnecessary_wraps, reason = "every operation may refuse")]
fn get_caller_identity(world: &mut World, _: &Form) -> Result<Vec<Element>, ApiError> {
    let caller = &world.access.caller;
    let id = world.roles.get(&caller.role).map_or("AROADELETED", |role| &role.id);
    Ok(vec![
        text("Arn", world.session_arn(caller)),
        text("UserId", format!("{id}:{}", caller.session)),
        text("Account", &world.scenario.account),
    ])
}

fn assume_role(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let given = |name: &str| form.get(name).ok_or_else(|| invalid(format!("{name} is missing.")));
    let (arn, session) = (given("RoleArn")?, given("RoleSessionName")?);
    let fits = |c: char| c.is_ascii_alphanumeric() || "_+=,.@-".contains(c);
    if !(2..=64).contains(&session.len()) || !session.chars().all(fits) {
        return Err(invalid(format!(
            "1 validation error detected: Value '{session}' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*"
        )));
    }
    let seconds = form.get("DurationSeconds").map_or(Some(MOST), |text| text.parse().ok());
    let seconds = seconds.filter(|seconds| *seconds >= LEAST).ok_or_else(|| {
        invalid("1 validation error detected: Value at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to 900")
    })?;
    if seconds > MOST {
        return Err(invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role."));
    }
    let caller = world.access.caller.clone();
    let role = world.role_by_arn(arn).filter(|role| is_trusted(world, &role.trust, &caller, form));
    let Some(role) = role.map(|role| (role.name.clone(), role.id.clone())) else {
        let user = world.session_arn(&caller);
        let message = format!("User: {user} is not authorized to perform: sts:AssumeRole on resource: {arn}");
        return Err(ApiError::new(StatusCode::FORBIDDEN, "AccessDenied", message));
    };
    let caller = Caller { role: role.0, session: session.to_owned() };
    let expires = world.now().saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(world.now());
    let (credentials, token) = Credentials::temporary();
    let answer = vec![
        element(
            "Credentials",
            vec![
                text("AccessKeyId", &credentials.access_key),
                text("SecretAccessKey", credentials.secret),
                text("SessionToken", &token),
                text("Expiration", iso_seconds(expires)),
            ],
        ),
        element(
            "AssumedRoleUser",
            vec![text("AssumedRoleId", format!("{}:{session}", role.1)), text("Arn", world.session_arn(&caller))],
        ),
    ];
    world.access.sessions.insert(credentials.access_key, Session { caller, token, expires });
    Ok(answer)
}

/// Whether a trust policy lets the caller in, by whatever name it calls him.
fn is_trusted(world: &World, trust: &serde_json::Value, caller: &Caller, form: &Form) -> bool {
    let Some(own) = world.roles.get(&caller.role) else { return false };
    let account = &world.scenario.account;
    let names =
        [account.clone(), format!("arn:aws:iam::{account}:root"), world.role_arn(own), world.session_arn(caller)];
    let principals = names.map(|name| ("AWS", name));
    let mut context = world.circumstances(own);
    for (key, input) in [("sts:externalid", "ExternalId"), ("sts:rolesessionname", "RoleSessionName")] {
        context.extend(form.get(input).map(|value| (key.to_owned(), vec![value.to_owned()])));
    }
    let request = Request { action: "sts:AssumeRole", resource: "*", context: &context, principals: &principals };
    policy::decide([trust], request) == Decision::Allowed
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::bad("ValidationError", message)
}
