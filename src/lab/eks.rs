//! EKS, as far as clusters and node groups are described. Knows no Kubernetes.

mod clusters;
mod nodegroups;

use http::StatusCode;
use serde_json::Value;

use super::{
    service::{Promise, Protocol, RestRun, Route, Service},
    wire::{error::ApiError, rest_json::RestCall, token::Paging},
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

const PAGES: Paging = Paging {
    names: ("maxResults", "nextToken"),
    sizes: (100, 100),
    wrong_size: "InvalidParameterException",
    wrong_token: ("InvalidParameterException", "The nextToken is not valid."),
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

/// A page of names.
fn names(call: &RestCall, operation: &str, member: &str, names: Vec<String>) -> Result<Value, ApiError> {
    let asked = (call.query("maxResults"), call.query("nextToken"));
    PAGES.listing(operation, asked, member, (1..).zip(names.into_iter().map(Value::String)))
}
