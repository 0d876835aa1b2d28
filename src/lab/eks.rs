//! EKS, as far as clusters and node groups are described. Knows no Kubernetes.

mod clusters;
mod nodegroups;

use http::StatusCode;
use serde_json::Value;

use super::{
    service::{Promise, Protocol, RestRun, Route, Service},
    wire::{
        error::ApiError,
        rest_json::RestCall,
        token::{PageToken, page},
    },
    world::World,
};

const OF_SCENARIO: &str = "clusters and node groups are the scenario's";

#[rustfmt::skip]
pub(super) const SERVICE: Service = Service {
    signing_name: "eks",
    title: "EKS",
    global: false,
    refused: &[
        ("CreateCluster", OF_SCENARIO),
        ("DeleteCluster", OF_SCENARIO),
        ("CreateNodegroup", OF_SCENARIO),
        ("UpdateNodegroupConfig", OF_SCENARIO),
        ("DeleteNodegroup", OF_SCENARIO),
    ],
    protocols: &[Protocol::RestJson(&[
        Route { name: "ListClusters", method: "GET", path: "/clusters", promise: Promise::Faithful, takes: &["maxResults", "nextToken"], run: RestRun::Answer(clusters::list) },
        Route { name: "DescribeCluster", method: "GET", path: "/clusters/{}", promise: Promise::Simplified("without a Kubernetes API: its endpoint leads nowhere"), takes: &[], run: RestRun::Answer(clusters::describe) },
        Route { name: "ListNodegroups", method: "GET", path: "/clusters/{}/node-groups", promise: Promise::Faithful, takes: &["maxResults", "nextToken"], run: RestRun::Answer(nodegroups::list) },
        Route { name: "DescribeNodegroup", method: "GET", path: "/clusters/{}/node-groups/{}", promise: Promise::Faithful, takes: &[], run: RestRun::Answer(nodegroups::describe) },
    ])],
};

fn not_found(message: String) -> ApiError {
    ApiError::new(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
}

/// The cluster that a call's first label names, if a group of the scenario is in it.
fn cluster<'w>(world: &'w World, call: &RestCall) -> Result<&'w str, ApiError> {
    let name = call.label();
    let group = world.scenario.groups.iter().find(|group| group.cluster == name && !name.is_empty());
    group.map(|group| group.cluster.as_str()).ok_or_else(|| not_found(format!("No cluster found for name: {name}.")))
}

/// A page of names, of 1 to 100 (which it is if `maxResults` is not given).
fn names(call: &RestCall, operation: &str, member: &str, names: Vec<String>) -> Result<Value, ApiError> {
    let invalid = |message: &str| ApiError::bad("InvalidParameterException", message);
    let size = call.query("maxResults").map_or(Some(100), |text| text.parse().ok());
    let size =
        size.filter(|size| (1..=100).contains(size)).ok_or_else(|| invalid("maxResults must be from 1 to 100."))?;
    let token = match call.query("nextToken") {
        None => None,
        Some(text) => {
            let token = PageToken::decode(text).filter(|token| token.operation == operation);
            Some(token.ok_or_else(|| invalid("The nextToken is not valid."))?)
        }
    };
    let page = page(operation, (1..).zip(names), token.as_ref(), size);
    let token = page.next.map(|next| ("nextToken".to_owned(), next.into()));
    let items = Value::Array(page.items.into_iter().map(Value::String).collect());
    Ok(Value::Object(std::iter::once((member.to_owned(), items)).chain(token).collect()))
}
