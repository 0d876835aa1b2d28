//! Service Quotas, for the quotas that a drill can meet. Knows not who enforces them.

use super::service::{Protocol, Service};
use super::wire::json_rpc::JsonVersion;

pub(super) const SERVICE: Service = Service {
    signing_name: "servicequotas",
    title: "Service Quotas",
    global: false,
    refused: &[],
    protocols: &[Protocol::Json(JsonVersion::OneOne, "ServiceQuotasV20190624", &[])],
};
