//! CloudWatch alarms, whose state the caller sets. Knows no metrics.

use super::service::{Protocol, Service};
use super::wire::json_rpc::JsonVersion;

pub(super) const SERVICE: Service = Service {
    signing_name: "monitoring",
    title: "CloudWatch",
    global: false,
    refused: &[],
    protocols: &[Protocol::Json(JsonVersion::One, "GraniteServiceVersion20100801", &[])],
};
