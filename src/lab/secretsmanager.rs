//! Secrets Manager: secrets kept, read and deleted. Knows not who reads them.

mod lifecycle;
mod values;

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    service::{JsonOperation, JsonRun, Promise, Protocol, Service},
    wire::{
        error::ApiError,
        json::tags_of_list,
        json_rpc::{self, JsonVersion},
        token::Paging,
    },
    world::{World, secret::Secret},
};

pub(super) const SERVICE: Service = Service {
    signing_name: "secretsmanager",
    title: "Secrets Manager",
    global: false,
    refused: &[
        ("RotateSecret", "no secret of the lab rotates"),
        ("PutResourcePolicy", "secrets have no policy of their own"),
    ],
    protocols: &[Protocol::Json(JsonVersion::OneOne, "secretsmanager", OPERATIONS)],
};

const TEXT: Promise = Promise::Simplified("text alone, no SecretBinary; the current version alone");

#[rustfmt::skip]
const OPERATIONS: &[JsonOperation] = &[
    JsonOperation { name: "CreateSecret", promise: TEXT, takes: &["Name", "ClientRequestToken", "Description", "SecretString", "Tags"], run: JsonRun::Answer(lifecycle::create) },
    JsonOperation { name: "PutSecretValue", promise: TEXT, takes: &["SecretId", "ClientRequestToken", "SecretString"], run: JsonRun::Answer(values::put) },
    JsonOperation { name: "UpdateSecret", promise: TEXT, takes: &["SecretId", "ClientRequestToken", "Description", "SecretString"], run: JsonRun::Answer(values::update) },
    JsonOperation { name: "GetSecretValue", promise: TEXT, takes: &["SecretId", "VersionId", "VersionStage"], run: JsonRun::Answer(values::get) },
    JsonOperation { name: "DescribeSecret", promise: Promise::Faithful, takes: &["SecretId"], run: JsonRun::Answer(lifecycle::describe) },
    JsonOperation { name: "ListSecrets", promise: Promise::Simplified("by name; no filters"), takes: &["IncludePlannedDeletion", "MaxResults", "NextToken"], run: JsonRun::Answer(lifecycle::list) },
    JsonOperation { name: "DeleteSecret", promise: Promise::Faithful, takes: &["SecretId", "RecoveryWindowInDays", "ForceDeleteWithoutRecovery"], run: JsonRun::Answer(lifecycle::delete) },
    JsonOperation { name: "RestoreSecret", promise: Promise::Faithful, takes: &["SecretId"], run: JsonRun::Answer(lifecycle::restore) },
    JsonOperation { name: "TagResource", promise: Promise::Faithful, takes: &["SecretId", "Tags"], run: JsonRun::Answer(lifecycle::tag) },
    JsonOperation { name: "UntagResource", promise: Promise::Faithful, takes: &["SecretId", "TagKeys"], run: JsonRun::Answer(lifecycle::untag) },
];

const PAGES: Paging = Paging {
    names: ("MaxResults", "NextToken"),
    sizes: (100, 100),
    wrong_size: "InvalidParameterException",
    wrong_token: ("InvalidNextTokenException", "The NextToken value is invalid."),
};

const STAGE: &str = "AWSCURRENT";

/// What any of the operations may be given. Not to be shown: it holds the value.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Input {
    name: String,
    secret_id: String,
    client_request_token: Option<String>,
    description: Option<String>,
    secret_string: Option<String>,
    version_id: Option<String>,
    version_stage: Option<String>,
    #[serde(deserialize_with = "tags_of_list")]
    tags: BTreeMap<String, String>,
    tag_keys: Vec<String>,
    recovery_window_in_days: Option<i64>,
    force_delete_without_recovery: bool,
    include_planned_deletion: bool,
    max_results: Option<usize>,
    next_token: Option<String>,
}

impl Input {
    /// The input, once the secrets are gone whose recovery window has ended.
    fn read(world: &mut World, body: &[u8]) -> Result<Self, ApiError> {
        let now = world.now();
        world.secrets.retain(|_, secret| secret.deletion.is_none_or(|at| at > now));
        json_rpc::input(body)
    }

    /// The secret by its name or its ARN, be it deleted or not.
    fn find<'w>(&self, world: &'w mut World) -> Result<&'w mut Secret, ApiError> {
        let is_meant = |secret: &&mut Secret| secret.name == self.secret_id || secret.arn == self.secret_id;
        let missing = || refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
        world.secrets.values_mut().find(is_meant).ok_or_else(missing)
    }

    /// The secret, unless it is deleted.
    fn find_live<'w>(&self, world: &'w mut World) -> Result<&'w mut Secret, ApiError> {
        let secret = self.find(world)?;
        if secret.deletion.is_some() {
            let message = "You can't perform this operation on the secret because it was marked for deletion.";
            return Err(refuse("InvalidRequestException", message));
        }
        Ok(secret)
    }
}

fn refuse(code: &'static str, message: impl Into<String>) -> ApiError {
    ApiError::bad(code, message)
}

fn invalid(message: impl Into<String>) -> ApiError {
    refuse("InvalidParameterException", message)
}
