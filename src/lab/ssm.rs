//! Systems Manager parameters, as far as they name public images.

use super::service::{Protocol, Service};
use super::wire::json_rpc::JsonVersion;

pub(super) const SERVICE: Service = Service {
    signing_name: "ssm",
    title: "Systems Manager",
    global: false,
    refused: &[],
    protocols: &[Protocol::Json(JsonVersion::OneOne, "AmazonSSM", &[])],
};
