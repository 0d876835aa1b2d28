//! FIS: experiment templates, experiments, actions, the safety lever and tags. Knows not how an experiment runs.

mod actions;
mod describe;
mod experiments;
mod safety_lever;
mod tags;
mod templates;
mod validate;

pub(super) use validate::check as check_template;

use http::StatusCode;
use serde_json::Value;

use super::{
    service::{Promise, Protocol, RestRun, Route, Service},
    wire::{error::ApiError, rest_json::RestCall, token::Paging},
};

pub(super) const SERVICE: Service = Service {
    signing_name: "fis",
    title: "Fault Injection Service (FIS)",
    global: false,
    refused: &[
        ("CreateTargetAccountConfiguration", ONE_ACCOUNT),
        ("UpdateTargetAccountConfiguration", ONE_ACCOUNT),
        ("DeleteTargetAccountConfiguration", ONE_ACCOUNT),
        ("GetTargetAccountConfiguration", ONE_ACCOUNT),
        ("ListTargetAccountConfigurations", ONE_ACCOUNT),
        ("GetExperimentTargetAccountConfiguration", ONE_ACCOUNT),
        ("ListExperimentTargetAccountConfigurations", ONE_ACCOUNT),
    ],
    protocols: &[Protocol::RestJson(ROUTES)],
};

const THREE_ACTIONS: &str = "spot interruptions, capacity errors of Auto Scaling groups, and waiting";
const TWO_TYPES: &str = "spot instances and Auto Scaling groups";
const TEMPLATE: &str = "one account; logs to CloudWatch Logs alone, no report; filters for spot instances only";
const ONE_ACCOUNT: &str = "the lab plays one account";

#[rustfmt::skip]
const ROUTES: &[Route] = &[
    Route { name: "CreateExperimentTemplate", method: "POST", path: "/experimentTemplates", promise: Promise::Simplified(TEMPLATE), takes: &["clientToken", "description", "stopConditions", "targets", "actions", "roleArn", "tags", "logConfiguration", "experimentOptions"], run: RestRun::Answer(templates::create) },
    Route { name: "GetExperimentTemplate", method: "GET", path: "/experimentTemplates/{}", promise: Promise::Faithful, takes: &[], run: RestRun::Answer(templates::get) },
    Route { name: "UpdateExperimentTemplate", method: "PATCH", path: "/experimentTemplates/{}", promise: Promise::Simplified(TEMPLATE), takes: &["description", "stopConditions", "targets", "actions", "roleArn", "logConfiguration", "experimentOptions"], run: RestRun::Answer(templates::update) },
    Route { name: "DeleteExperimentTemplate", method: "DELETE", path: "/experimentTemplates/{}", promise: Promise::Faithful, takes: &[], run: RestRun::Answer(templates::delete) },
    Route { name: "ListExperimentTemplates", method: "GET", path: "/experimentTemplates", promise: Promise::Faithful, takes: &["maxResults", "nextToken"], run: RestRun::Answer(templates::list) },
    Route { name: "StartExperiment", method: "POST", path: "/experiments", promise: Promise::Faithful, takes: &["clientToken", "experimentTemplateId", "experimentOptions", "tags"], run: RestRun::Answer(experiments::start) },
    Route { name: "GetExperiment", method: "GET", path: "/experiments/{}", promise: Promise::Faithful, takes: &[], run: RestRun::Answer(experiments::get) },
    Route { name: "StopExperiment", method: "DELETE", path: "/experiments/{}", promise: Promise::Faithful, takes: &[], run: RestRun::Answer(experiments::stop) },
    Route { name: "ListExperiments", method: "GET", path: "/experiments", promise: Promise::Faithful, takes: &["experimentTemplateId", "maxResults", "nextToken"], run: RestRun::Answer(experiments::list) },
    Route { name: "ListExperimentResolvedTargets", method: "GET", path: "/experiments/{}/resolvedTargets", promise: Promise::Faithful, takes: &["targetName", "maxResults", "nextToken"], run: RestRun::Answer(experiments::resolved_targets) },
    Route { name: "GetAction", method: "GET", path: "/actions/{}", promise: Promise::Simplified(THREE_ACTIONS), takes: &[], run: RestRun::Answer(actions::get) },
    Route { name: "ListActions", method: "GET", path: "/actions", promise: Promise::Simplified(THREE_ACTIONS), takes: &["maxResults", "nextToken"], run: RestRun::Answer(actions::list) },
    Route { name: "GetTargetResourceType", method: "GET", path: "/targetResourceTypes/{}", promise: Promise::Simplified(TWO_TYPES), takes: &[], run: RestRun::Answer(actions::get_target_type) },
    Route { name: "ListTargetResourceTypes", method: "GET", path: "/targetResourceTypes", promise: Promise::Simplified(TWO_TYPES), takes: &["maxResults", "nextToken"], run: RestRun::Answer(actions::list_target_types) },
    Route { name: "GetSafetyLever", method: "GET", path: "/safetyLevers/{}", promise: Promise::Faithful, takes: &[], run: RestRun::Answer(safety_lever::get) },
    Route { name: "UpdateSafetyLeverState", method: "PATCH", path: "/safetyLevers/{}/state", promise: Promise::Faithful, takes: &["state"], run: RestRun::Answer(safety_lever::update) },
    Route { name: "TagResource", method: "POST", path: "/tags/{}", promise: Promise::Faithful, takes: &["tags"], run: RestRun::Answer(tags::tag) },
    Route { name: "UntagResource", method: "DELETE", path: "/tags/{}", promise: Promise::Faithful, takes: &["tagKeys"], run: RestRun::Answer(tags::untag) },
    Route { name: "ListTagsForResource", method: "GET", path: "/tags/{}", promise: Promise::Faithful, takes: &[], run: RestRun::Answer(tags::list) },
];

const PAGES: Paging = Paging {
    names: ("maxResults", "nextToken"),
    sizes: (100, 100),
    wrong_size: "ValidationException",
    wrong_token: ("ValidationException", "The nextToken is not valid."),
};

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::bad("ValidationException", message)
}

fn not_found(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
}

/// Payment Required: the status that FIS's model has for it.
fn over_quota(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::PAYMENT_REQUIRED, "ServiceQuotaExceededException", message)
}

fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::new(StatusCode::CONFLICT, "ConflictException", message)
}

/// The page that a call asks for, as FIS answers with it.
fn listing(
    call: &RestCall,
    operation: &str,
    name: &str,
    items: impl IntoIterator<Item = (u64, Value)>,
) -> Result<Value, ApiError> {
    PAGES.listing(operation, (call.query("maxResults"), call.query("nextToken")), name, items)
}
