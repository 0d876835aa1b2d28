//! Service Quotas, for the quotas that a drill can meet. Knows not who enforces them.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    service::{JsonOperation, JsonRun, Promise, Protocol, Service},
    wire::{
        error::ApiError,
        json_rpc::{self, JsonVersion},
        token::Paging,
    },
    world::World,
};

pub(super) const SERVICE: Service = Service {
    signing_name: "servicequotas",
    title: "Service Quotas",
    global: false,
    refused: &[("RequestServiceQuotaIncrease", "the lab's quotas are AWS's defaults")],
    protocols: &[Protocol::Json(JsonVersion::OneOne, "ServiceQuotasV20190624", OPERATIONS)],
};

const FEW: Promise = Promise::Simplified("the quotas of FIS, and those of EC2 that spot instances meet");

#[rustfmt::skip]
const OPERATIONS: &[JsonOperation] = &[
    JsonOperation { name: "GetServiceQuota", promise: FEW, takes: &["ServiceCode", "QuotaCode"], run: JsonRun::Answer(applied) },
    JsonOperation { name: "GetAWSDefaultServiceQuota", promise: FEW, takes: &["ServiceCode", "QuotaCode"], run: JsonRun::Answer(default) },
    JsonOperation { name: "ListServiceQuotas", promise: FEW, takes: &["ServiceCode", "MaxResults", "NextToken"], run: JsonRun::Answer(list) },
];

/// Service, code, name, AWS's default, what the lab's account has, and whether more can be asked for.
type Quota = (&'static str, &'static str, &'static str, f64, f64, bool);

#[rustfmt::skip]
const QUOTAS: &[Quota] = &[
    ("ec2", "L-1216C47A", "Running On-Demand Standard (A, C, D, H, I, M, R, T, Z) instances", 5.0, 640.0, true),
    ("ec2", "L-34B43A08", "All Standard (A, C, D, H, I, M, R, T, Z) Spot Instance Requests", 5.0, 640.0, true),
    ("fis", "L-F3F4B54A", "Target SpotInstances for aws:ec2:send-spot-instance-interruptions", 5.0, 5.0, true),
    ("fis", "L-F5FCA485", "Active experiments", 5.0, 5.0, false),
    ("fis", "L-0BFE6B67", "Actions per experiment template", 20.0, 20.0, false),
    ("fis", "L-EB051440", "Parallel actions per experiment", 10.0, 10.0, false),
    ("fis", "L-872EC72B", "Stop conditions per experiment template", 5.0, 5.0, false),
    ("fis", "L-6C1E4427", "Experiment duration in hours", 12.0, 12.0, false),
    ("fis", "L-2FF3254A", "Experiment templates", 500.0, 500.0, false),
    ("fis", "L-9D601129", "Completed experiment data retention in days", 120.0, 120.0, false),
];

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    service_code: String,
    #[serde(default)]
    quota_code: String,
    max_results: Option<usize>,
    next_token: Option<String>,
}

const PAGES: Paging = Paging {
    names: ("MaxResults", "NextToken"),
    sizes: (100, 100),
    wrong_size: "IllegalArgumentException",
    wrong_token: ("InvalidPaginationTokenException", "Invalid NextToken."),
};

fn applied(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let quota = find(body)?;
    Ok(json!({ "Quota": described(world, quota, quota.4) }))
}

fn default(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let quota = find(body)?;
    Ok(json!({ "Quota": described(world, quota, quota.3) }))
}

fn list(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input: Input = json_rpc::input(body)?;
    let of_service = QUOTAS.iter().filter(|(service, ..)| *service == input.service_code);
    if of_service.clone().next().is_none() {
        return Err(missing());
    }
    let quotas = of_service.map(|quota| described(world, quota, quota.4));
    let asked = (input.max_results, input.next_token.as_deref());
    PAGES.listing("ListServiceQuotas", asked, "Quotas", (1..).zip(quotas))
}

fn find(body: &[u8]) -> Result<&'static Quota, ApiError> {
    let input: Input = json_rpc::input(body)?;
    let found = QUOTAS.iter().find(|(service, code, ..)| *service == input.service_code && *code == input.quota_code);
    found.ok_or_else(missing)
}

fn missing() -> ApiError {
    ApiError::bad(
        "NoSuchResourceException",
        "The request failed because the specified service or quota does not exist.",
    )
}

fn described(world: &World, &(service, code, name, _, _, adjustable): &Quota, value: f64) -> Value {
    json!({
        "ServiceCode": service,
        "ServiceName": if service == "fis" { "AWS Fault Injection Service" } else { "Amazon Elastic Compute Cloud (Amazon EC2)" },
        "QuotaArn": world.arn("servicequotas", &format!("{service}/{code}")),
        "QuotaCode": code,
        "QuotaName": name,
        "Value": value,
        "Unit": "None",
        "Adjustable": adjustable,
        "GlobalQuota": false,
    })
}
