//! IAM: roles, policies, and what they allow. Knows no operation of another service.

pub(super) mod needs;

mod authorize;
mod policies;
mod role_policies;
mod roles;
mod simulate;

pub(super) use authorize::authorize;

use std::collections::BTreeMap;

use http::StatusCode;

use super::{
    service::{Promise, Protocol, QueryOperation, Service},
    wire::{
        error::ApiError,
        query::{Dialect, Element, Form, element, maybe, text},
        token::Paging,
    },
};

pub(super) const SERVICE: Service = Service {
    signing_name: "iam",
    title: "IAM",
    global: true,
    refused: &[
        ("CreateUser", "the lab has no users: its access key is a session of the role lab-operator"),
        ("CreateInstanceProfile", "instances of the lab have no role"),
        ("CreatePolicyVersion", "a policy has one version; delete it and create it again"),
    ],
    protocols: &[Protocol::Query(Dialect::Aws { namespace: "https://iam.amazonaws.com/doc/2010-05-08/" }, OPERATIONS)],
};

const ONE_HOUR: Promise = Promise::Simplified("MaxSessionDuration is always an hour; no permissions boundary");
const DOCUMENTS: Promise = Promise::Simplified("policy variables, NotPrincipal and IpAddress conditions are refused");
const SIMULATED: Promise =
    Promise::Simplified("one result per action and resource; matched statements name their policy, without positions");

#[rustfmt::skip]
const OPERATIONS: &[QueryOperation] = &[
    QueryOperation { name: "CreateRole", promise: ONE_HOUR, takes: &["Path", "RoleName", "AssumeRolePolicyDocument", "Description", "Tags"], run: roles::create },
    QueryOperation { name: "CreateServiceLinkedRole", promise: Promise::Simplified("for fis.amazonaws.com alone"), takes: &["AWSServiceName", "Description"], run: roles::create_service_linked },
    QueryOperation { name: "GetRole", promise: Promise::Simplified("no RoleLastUsed"), takes: &["RoleName"], run: roles::get },
    QueryOperation { name: "ListRoles", promise: Promise::Faithful, takes: &["PathPrefix", "Marker", "MaxItems"], run: roles::list },
    QueryOperation { name: "UpdateAssumeRolePolicy", promise: DOCUMENTS, takes: &["RoleName", "PolicyDocument"], run: roles::update_trust },
    QueryOperation { name: "DeleteRole", promise: Promise::Faithful, takes: &["RoleName"], run: roles::delete },
    QueryOperation { name: "TagRole", promise: Promise::Faithful, takes: &["RoleName", "Tags"], run: roles::tag },
    QueryOperation { name: "UntagRole", promise: Promise::Faithful, takes: &["RoleName", "TagKeys"], run: roles::untag },
    QueryOperation { name: "ListRoleTags", promise: Promise::Faithful, takes: &["RoleName", "Marker", "MaxItems"], run: roles::list_tags },
    QueryOperation { name: "PutRolePolicy", promise: DOCUMENTS, takes: &["RoleName", "PolicyName", "PolicyDocument"], run: role_policies::put },
    QueryOperation { name: "GetRolePolicy", promise: Promise::Faithful, takes: &["RoleName", "PolicyName"], run: role_policies::get },
    QueryOperation { name: "ListRolePolicies", promise: Promise::Faithful, takes: &["RoleName", "Marker", "MaxItems"], run: role_policies::list },
    QueryOperation { name: "DeleteRolePolicy", promise: Promise::Faithful, takes: &["RoleName", "PolicyName"], run: role_policies::delete },
    QueryOperation { name: "AttachRolePolicy", promise: Promise::Faithful, takes: &["RoleName", "PolicyArn"], run: role_policies::attach },
    QueryOperation { name: "DetachRolePolicy", promise: Promise::Faithful, takes: &["RoleName", "PolicyArn"], run: role_policies::detach },
    QueryOperation { name: "ListAttachedRolePolicies", promise: Promise::Faithful, takes: &["RoleName", "PathPrefix", "Marker", "MaxItems"], run: role_policies::list_attached },
    QueryOperation { name: "CreatePolicy", promise: DOCUMENTS, takes: &["PolicyName", "Path", "PolicyDocument", "Description", "Tags"], run: policies::create },
    QueryOperation { name: "GetPolicy", promise: Promise::Simplified("of AWS's policies, three"), takes: &["PolicyArn"], run: policies::get },
    QueryOperation { name: "GetPolicyVersion", promise: Promise::Simplified("every policy has the version v1 alone"), takes: &["PolicyArn", "VersionId"], run: policies::get_version },
    QueryOperation { name: "ListPolicies", promise: Promise::Simplified("of AWS's policies, three"), takes: &["Scope", "OnlyAttached", "PathPrefix", "Marker", "MaxItems"], run: policies::list },
    QueryOperation { name: "DeletePolicy", promise: Promise::Faithful, takes: &["PolicyArn"], run: policies::delete },
    QueryOperation { name: "SimulatePrincipalPolicy", promise: SIMULATED, takes: &["PolicySourceArn", "ActionNames", "ResourceArns", "ContextEntries", "MaxItems", "Marker"], run: simulate::principal },
    QueryOperation { name: "SimulateCustomPolicy", promise: SIMULATED, takes: &["PolicyInputList", "ActionNames", "ResourceArns", "ContextEntries", "MaxItems", "Marker"], run: simulate::custom },
];

type Answer = Result<Vec<Element>, ApiError>;

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::bad("ValidationError", message)
}

fn no_such(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "NoSuchEntity", message)
}

fn conflict(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, code, message)
}

fn malformed(message: String) -> ApiError {
    ApiError::bad("MalformedPolicyDocument", message)
}

fn required<'f>(form: &'f Form, name: &str) -> Result<&'f str, ApiError> {
    form.get(name).filter(|value| !value.is_empty()).ok_or_else(|| {
        let name: String =
            name.char_indices().map(|(at, c)| if at == 0 { c.to_ascii_lowercase() } else { c }).collect();
        invalid(format!(
            "1 validation error detected: Value at '{name}' failed to satisfy constraint: Member must not be null"
        ))
    })
}

/// A new role's or policy's name.
fn new_name<'f>(form: &'f Form, name: &str, most: usize) -> Result<&'f str, ApiError> {
    let value = required(form, name)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    if value.len() <= most && value.chars().all(fits) {
        return Ok(value);
    }
    Err(invalid(format!(
        "The specified value for {name} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-"
    )))
}

fn path(form: &Form) -> Result<String, ApiError> {
    let path = form.get("Path").unwrap_or("/");
    if path.starts_with('/') && path.ends_with('/') && path.len() <= 512 {
        return Ok(path.to_owned());
    }
    Err(invalid(
        "The specified value for path is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.",
    ))
}

fn tags(form: &Form) -> BTreeMap<String, String> {
    let pair = |tag: Form| Some((tag.get("Key")?.to_owned(), tag.get("Value")?.to_owned()));
    form.structures("Tags").into_iter().filter_map(pair).collect()
}

/// A document as IAM gives it back.
fn encoded(document: &serde_json::Value) -> String {
    percent_encoding::utf8_percent_encode(&document.to_string(), percent_encoding::NON_ALPHANUMERIC).to_string()
}

const PAGES: Paging = Paging {
    names: ("MaxItems", "Marker"),
    sizes: (100, 1000),
    wrong_size: "ValidationError",
    wrong_token: ("ValidationError", "Invalid Marker."),
};

fn listing(form: &Form, operation: &str, name: &'static str, members: Vec<Element>) -> Answer {
    let page = PAGES.page(operation, (form.get("MaxItems"), form.get("Marker")), (1..).zip(members))?;
    let truncated = text("IsTruncated", page.next.is_some().to_string());
    Ok(vec![element(name, page.items), truncated, maybe("Marker", page.next)])
}
