//! Systems Manager's Parameter Store: AWS's public parameters, as far as they name images, and the account's own. Knows not
//! what is kept in them.

mod public;
mod tags;
mod values;

use std::collections::BTreeMap;

use serde::Deserialize;

pub(super) use public::public_image;

use super::{
    service::{JsonOperation, JsonRun, Promise, Protocol, Service},
    wire::{
        error::ApiError,
        json::tags_of_list,
        json_rpc::{self, JsonVersion},
        token::Paging,
    },
};

const PLAIN: Promise =
    Promise::Simplified("no SecureString; of AWS's public ones those of Amazon Linux, EKS and Bottlerocket images");
const WRITTEN: Promise = Promise::Simplified("String and StringList of the standard tier, of data type text");

pub(super) const SERVICE: Service = Service {
    signing_name: "ssm",
    title: "Systems Manager",
    global: false,
    refused: &[("LabelParameterVersion", "versions have numbers alone"), ("SendCommand", "nothing runs on instances")],
    protocols: &[Protocol::Json(JsonVersion::OneOne, "AmazonSSM", OPERATIONS)],
};

#[rustfmt::skip]
const OPERATIONS: &[JsonOperation] = &[
    JsonOperation { name: "GetParameter", promise: PLAIN, takes: &["Name", "WithDecryption"], run: JsonRun::Answer(values::get) },
    JsonOperation { name: "GetParameters", promise: PLAIN, takes: &["Names", "WithDecryption"], run: JsonRun::Answer(values::get_all) },
    JsonOperation { name: "GetParametersByPath", promise: Promise::Simplified("the account's own; no filters"), takes: &["Path", "Recursive", "WithDecryption", "MaxResults", "NextToken"], run: JsonRun::Answer(values::by_path) },
    JsonOperation { name: "PutParameter", promise: WRITTEN, takes: &["Name", "Value", "Type", "Overwrite", "Tags"], run: JsonRun::Answer(values::put) },
    JsonOperation { name: "DeleteParameter", promise: Promise::Faithful, takes: &["Name"], run: JsonRun::Answer(values::delete) },
    JsonOperation { name: "AddTagsToResource", promise: tags::OF_PARAMETERS, takes: &["ResourceType", "ResourceId", "Tags"], run: JsonRun::Answer(tags::add) },
    JsonOperation { name: "RemoveTagsFromResource", promise: tags::OF_PARAMETERS, takes: &["ResourceType", "ResourceId", "TagKeys"], run: JsonRun::Answer(tags::remove) },
    JsonOperation { name: "ListTagsForResource", promise: tags::OF_PARAMETERS, takes: &["ResourceType", "ResourceId"], run: JsonRun::Answer(tags::list) },
];

const PAGES: Paging = Paging {
    names: ("MaxResults", "NextToken"),
    sizes: (10, 10),
    wrong_size: "ValidationException",
    wrong_token: ("InvalidNextToken", "The specified token isn't valid."),
};

/// What any of the operations may be given. Nothing of it is encrypted, so that there is nothing to decrypt.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct Input {
    name: String,
    names: Vec<String>,
    path: String,
    recursive: bool,
    value: String,
    r#type: Option<String>,
    overwrite: bool,
    #[serde(deserialize_with = "tags_of_list")]
    tags: BTreeMap<String, String>,
    tag_keys: Vec<String>,
    resource_type: String,
    resource_id: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

impl Input {
    fn read(body: &[u8]) -> Result<Self, ApiError> {
        json_rpc::input(body)
    }
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::bad("ValidationException", message)
}
