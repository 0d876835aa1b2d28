//! Secrets Manager: secrets kept, read and deleted. Knows not who reads them.

use super::service::{Protocol, Service};
use super::wire::json_rpc::JsonVersion;

pub(super) const SERVICE: Service = Service {
    signing_name: "secretsmanager",
    title: "Secrets Manager",
    global: false,
    refused: &[],
    protocols: &[Protocol::Json(JsonVersion::OneOne, "secretsmanager", &[])],
};
