//! EC2: instances, spot requests and the places they can be in, as far as they are described. Knows not what happens to them.

mod filter;
mod instances;
mod places;
mod spot_requests;

pub(super) use places::zone_id;

use super::{
    service::{Promise, Protocol, QueryOperation, Service},
    wire::{
        error::ApiError,
        query::{Dialect, Element, Form, set, text},
        token::PageToken,
    },
};

pub(super) const VERSION: &str = "2016-11-15";

pub(super) const SERVICE: Service = Service {
    signing_name: "ec2",
    title: "EC2",
    global: false,
    refused: &[],
    protocols: &[Protocol::Query(
        Dialect::Ec2 { version: VERSION },
        &[
            QueryOperation {
                name: "DescribeAvailabilityZones",
                promise: Promise::Faithful,
                takes: &["ZoneName", "Filter"],
                run: places::describe_availability_zones,
            },
            QueryOperation {
                name: "DescribeInstances",
                promise: Promise::Faithful,
                takes: &["InstanceId", "Filter", "MaxResults", "NextToken"],
                run: instances::describe_instances,
            },
            QueryOperation {
                name: "DescribeRegions",
                promise: Promise::Faithful,
                takes: &["RegionName"],
                run: places::describe_regions,
            },
            QueryOperation {
                name: "DescribeSpotInstanceRequests",
                promise: Promise::Faithful,
                takes: &["SpotInstanceRequestId", "Filter", "MaxResults", "NextToken"],
                run: spot_requests::describe_spot_instance_requests,
            },
        ],
    )],
};

/// Which part of a listing a request wants.
#[derive(Debug)]
struct Paging {
    token: Option<PageToken>,
    size: usize,
}

impl Paging {
    /// From `MaxResults` (5 to 1000; without it everything) and `NextToken`.
    fn of(form: &Form, operation: &str) -> Result<Self, ApiError> {
        let token = match form.get("NextToken") {
            None | Some("") => None,
            Some(text) => {
                let token = PageToken::decode(text).filter(|token| token.operation == operation);
                let refusal = || ApiError::bad("InvalidPaginationToken", "The specified token is not valid");
                Some(token.ok_or_else(refusal)?)
            }
        };
        let size = match form.get("MaxResults") {
            None => usize::MAX,
            Some(text) => {
                let size = text.parse().ok().filter(|size| (5..=1_000).contains(size));
                let message = || {
                    format!("Value ( {text} ) for parameter maxResults is invalid. Expecting a value from 5 to 1000.")
                };
                size.ok_or_else(|| ApiError::bad("InvalidParameterValue", message()))?
            }
        };
        Ok(Self { token, size })
    }
}

/// Tags as every resource has them.
fn tag_set<'a>(tags: impl IntoIterator<Item = (&'a String, &'a String)>) -> Element {
    set("tagSet", tags.into_iter().map(|(key, value)| vec![text("key", key), text("value", value)]))
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
