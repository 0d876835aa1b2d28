//! EC2: its operations, and what they share: paging, dry runs, ids and tags. Knows not what happens to instances.

mod changes;
mod filter;
mod fleets;
mod instance_status;
mod instances;
mod launch_data;
mod launch_templates;
mod places;
mod run;
mod spot_prices;
mod spot_requests;
mod tags;

use std::ops::RangeInclusive;

use http::StatusCode;

use super::{
    service::{Promise, Protocol, QueryOperation, Service},
    wire::{
        error::ApiError,
        query::{Dialect, Element, Form, maybe, set, text},
        token::{Page, PageToken, page},
    },
    world::{World, instance::Tags, template::Earlier},
};

pub(super) const VERSION: &str = "2016-11-15";

pub(super) const SERVICE: Service = Service {
    signing_name: "ec2",
    title: "EC2",
    global: false,
    refused: &[
        ("DescribeFleets", "the lab's fleets are instant, and CreateFleet has said all of them"),
        ("RequestSpotFleet", "AWS itself discourages it; CreateFleet is there"),
        ("RequestSpotInstances", "AWS itself discourages it; RunInstances is there"),
        ("RebootInstances", "a reboot shows in no description"),
    ],
    protocols: &[Protocol::Query(Dialect::Ec2 { version: VERSION }, OPERATIONS)],
};

#[rustfmt::skip] // one input a line would hide the table
const OPERATIONS: &[QueryOperation] = &[
    faithful("CancelSpotInstanceRequests",
        &["SpotInstanceRequestId", "DryRun"], changes::cancel_spot_instance_requests),
    simplified("CreateFleet", "of type instant; the first pool in the strategy's order that has capacity gives all",
        &["ClientToken", "DryRun", "LaunchTemplateConfigs", "OnDemandOptions", "SpotOptions", "TagSpecification",
         "TargetCapacitySpecification", "Type"], fleets::create_fleet),
    simplified("CreateLaunchTemplate", LAUNCH_DATA,
        &["ClientToken", "DryRun", "LaunchTemplateData", "LaunchTemplateName", "TagSpecification",
         "VersionDescription"], launch_templates::create_launch_template),
    simplified("CreateLaunchTemplateVersion", LAUNCH_DATA,
        &["ClientToken", "DryRun", "LaunchTemplateData", "LaunchTemplateId", "LaunchTemplateName", "SourceVersion",
         "VersionDescription"], launch_templates::create_launch_template_version),
    faithful("CreateTags", &["ResourceId", "Tag", "DryRun"], tags::create_tags),
    simplified("DeleteFleets", "a deleted fleet is forgotten at once",
        &["FleetId", "TerminateInstances", "DryRun"], fleets::delete_fleets),
    faithful("DeleteLaunchTemplate",
        &["LaunchTemplateId", "LaunchTemplateName", "DryRun"], launch_templates::delete_launch_template),
    faithful("DeleteTags", &["ResourceId", "Tag", "DryRun"], tags::delete_tags),
    faithful("DescribeAvailabilityZones",
        &["ZoneName", "ZoneId", "AllAvailabilityZones", "Filter", "DryRun"], places::describe_availability_zones),
    simplified("DescribeInstanceStatus", "checks pass two minutes after the launch; no scheduled events",
        &["InstanceId", "IncludeAllInstances", "Filter", "MaxResults", "NextToken", "DryRun"],
        instance_status::describe_instance_status),
    simplified("DescribeInstances", "no volumes, network interfaces or security groups; pages count instances",
        &["InstanceId", "Filter", "MaxResults", "NextToken", "DryRun"], instances::describe_instances),
    faithful("DescribeLaunchTemplateVersions",
        &["Filter", "LaunchTemplateId", "LaunchTemplateName", "LaunchTemplateVersion", "MaxResults", "MaxVersion",
         "MinVersion", "NextToken", "DryRun"], launch_templates::describe_launch_template_versions),
    faithful("DescribeLaunchTemplates",
        &["LaunchTemplateId", "LaunchTemplateName", "Filter", "MaxResults", "NextToken", "DryRun"],
        launch_templates::describe_launch_templates),
    simplified("DescribeRegions", "the lab's one region",
        &["RegionName", "AllRegions", "Filter", "DryRun"], places::describe_regions),
    faithful("DescribeSpotInstanceRequests",
        &["SpotInstanceRequestId", "Filter", "MaxResults", "NextToken", "DryRun"],
        spot_requests::describe_spot_instance_requests),
    simplified("DescribeSpotPriceHistory", "made-up prices of Linux/UNIX; without InstanceType those of the scenario's types",
        &["AvailabilityZone", "AvailabilityZoneId", "EndTime", "Filter", "InstanceType", "MaxResults", "NextToken",
         "ProductDescription", "StartTime", "DryRun"], spot_prices::describe_spot_price_history),
    faithful("DescribeTags", &["Filter", "MaxResults", "NextToken", "DryRun"], tags::describe_tags),
    simplified("RunInstances", LAUNCH_DATA,
        &["ClientToken", "DryRun", "ImageId", "InstanceMarketOptions", "InstanceType", "LaunchTemplate", "MaxCount",
         "MinCount", "Placement", "SubnetId", "TagSpecification"], run::run_instances),
    faithful("StartInstances", &["InstanceId", "DryRun"], changes::start_instances),
    simplified("StopInstances", "forced or not, an instance takes the same time",
        &["InstanceId", "Hibernate", "Force", "DryRun"], changes::stop_instances),
    simplified("TerminateInstances", "forced or not, an instance takes the same time",
        &["InstanceId", "Force", "SkipOsShutdown", "DryRun"], changes::terminate_instances),
];

const LAUNCH_DATA: &str =
    "image, type, zone, spot options and tags; any well-formed image exists; nothing of keys, networks or volumes";

type Run = fn(&mut World, &Form) -> Result<Vec<Element>, ApiError>;

const fn faithful(name: &'static str, takes: &'static [&'static str], run: Run) -> QueryOperation {
    QueryOperation { name, promise: Promise::Faithful, takes, run }
}

const fn simplified(name: &'static str, how: &'static str, takes: &'static [&'static str], run: Run) -> QueryOperation {
    QueryOperation { name, promise: Promise::Simplified(how), takes, run }
}

/// Ends a dry run, of which everything has been checked.
fn end_dry_run(form: &Form) -> Result<(), ApiError> {
    if !flag(form, "DryRun")? {
        return Ok(());
    }
    let message = "Request would have succeeded, but DryRun flag is set.";
    Err(ApiError::new(StatusCode::PRECONDITION_FAILED, "DryRunOperation", message))
}

/// What was made when this very request came before with its client token; none if it never did.
fn made_before(world: &World, form: &Form) -> Result<Option<String>, ApiError> {
    let Some(key) = client_token(form) else { return Ok(None) };
    match world.client_tokens.earlier(&key, &format!("{form:?}").into()) {
        Earlier::Never => Ok(None),
        Earlier::Same(id) => Ok(Some(id)),
        Earlier::Other => {
            let message =
                "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).";
            Err(ApiError::bad("IdempotentParameterMismatch", message))
        }
    }
}

/// Keeps what a request with a client token has made.
fn remember(world: &mut World, form: &Form, id: &str) {
    if let Some(key) = client_token(form) {
        world.client_tokens.remember(key, format!("{form:?}").into(), id.to_owned());
    }
}

/// Each operation has tokens of its own.
fn client_token(form: &Form) -> Option<String> {
    let token = form.get("ClientToken").filter(|token| !token.is_empty())?;
    Some(format!("{} {token}", form.get("Action").unwrap_or_default()))
}

/// A boolean input; false if it is absent.
fn flag(form: &Form, name: &str) -> Result<bool, ApiError> {
    match form.get(name) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(other) => Err(invalid(format!("Invalid value '{other}' for {name}. It must be true or false"))),
    }
}

fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::bad("InvalidParameterValue", message)
}

fn combination(message: impl Into<String>) -> ApiError {
    ApiError::bad("InvalidParameterCombination", message)
}

fn missing(name: &str) -> ApiError {
    ApiError::bad("MissingParameter", format!("The request must contain the parameter {name}"))
}

/// Refuses members of a structure that are not taken, as unknown inputs of an operation are.
fn take_only(form: &Form, structure: &str, members: &[&str]) -> Result<(), ApiError> {
    let stranger = form.below(structure).names().into_iter().find(|name| !members.contains(&name.as_str()));
    stranger.map_or(Ok(()), |name| {
        let message = format!("The parameter {structure}.{name} is not recognized or not supported here");
        Err(ApiError::bad("UnknownParameter", message))
    })
}

/// Which part of a listing a request wants.
#[derive(Debug)]
struct Paging {
    operation: &'static str,
    token: Option<PageToken>,
    size: usize,
}

impl Paging {
    /// From `MaxResults` (without it everything) and `NextToken`.
    fn of(form: &Form, operation: &'static str, sizes: RangeInclusive<usize>) -> Result<Self, ApiError> {
        let wrong = |_| ApiError::bad("InvalidPaginationToken", "The specified token is not valid");
        let token = PageToken::given(operation, form.get("NextToken")).map_err(wrong)?;
        let given = form.get("MaxResults");
        let size = given.map_or(Some(usize::MAX), |text| text.parse().ok().filter(|size| sizes.contains(size)));
        let size = size.ok_or_else(|| {
            let (text, low, high) = (given.unwrap_or_default(), sizes.start(), sizes.end());
            let expected = format!("Expecting a value from {low} to {high}.");
            invalid(format!("Value ( {text} ) for parameter maxResults is invalid. {expected}"))
        })?;
        Ok(Self { operation, token, size })
    }

    /// The place of the last item that was given out.
    fn after(&self) -> u64 {
        self.token.as_ref().map_or(0, |token| token.after)
    }

    fn page<T>(&self, items: impl IntoIterator<Item = (u64, T)>) -> Page<T> {
        page(self.operation, items, self.token.as_ref(), self.size)
    }

    /// A page as an answer, and where the next one is.
    fn listing(&self, name: &'static str, items: impl IntoIterator<Item = (u64, Vec<Element>)>) -> Vec<Element> {
        let page = self.page(items);
        vec![set(name, page.items), maybe("nextToken", page.next)]
    }
}

/// Tags as every resource has them.
fn tag_set(tags: &Tags) -> Element {
    set("tagSet", tags.iter().map(|(key, value)| vec![text("key", &**key), text("value", &**value)]))
}

/// Refuses ids that are not written as AWS writes those of their kind, or that are unknown.
fn check_ids(
    ids: &[&str],
    prefix: &str,
    code: &str,
    noun: &str,
    exists: impl Fn(&str) -> bool,
) -> Result<(), ApiError> {
    let well_formed = |id: &str| {
        let rest = id.strip_prefix(prefix).unwrap_or_default();
        [8, 17].contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
    };
    if let Some(id) = ids.iter().find(|id| !well_formed(id)) {
        return Err(ApiError::bad(format!("{code}.Malformed"), format!("Invalid id: \"{id}\"")));
    }
    let missing: Vec<_> = ids.iter().filter(|id| !exists(id)).copied().collect();
    let message = match missing.as_slice() {
        [] => return Ok(()),
        [id] => format!("The {noun} ID '{id}' does not exist"),
        ids => format!("The {noun} IDs '{}' do not exist", ids.join(", ")),
    };
    Err(ApiError::bad(format!("{code}.NotFound"), message))
}
