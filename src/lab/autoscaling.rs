//! EC2 Auto Scaling, as far as groups are described. Knows not how a group keeps its size.

mod groups;

use super::{
    service::{Promise, Protocol, QueryOperation, Service},
    wire::{
        error::ApiError,
        query::{Dialect, Form},
        token::{Page, PageToken, page},
    },
};

const OF_SCENARIO: &str = "groups are the scenario's";

pub(super) const SERVICE: Service = Service {
    signing_name: "autoscaling",
    title: "EC2 Auto Scaling",
    global: false,
    refused: &[
        ("CreateAutoScalingGroup", OF_SCENARIO),
        ("UpdateAutoScalingGroup", OF_SCENARIO),
        ("DeleteAutoScalingGroup", OF_SCENARIO),
        ("SetDesiredCapacity", OF_SCENARIO),
    ],
    protocols: &[Protocol::Query(
        Dialect::Aws { namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/" },
        &[
            QueryOperation {
                name: "DescribeAutoScalingGroups",
                promise: Promise::Simplified("without launch templates and policies, as the scenario has none"),
                takes: &["AutoScalingGroupNames", "Filters", "MaxRecords", "NextToken"],
                run: groups::describe,
            },
            QueryOperation {
                name: "DescribeAutoScalingInstances",
                promise: Promise::Faithful,
                takes: &["InstanceIds", "MaxRecords", "NextToken"],
                run: groups::describe_instances,
            },
            QueryOperation {
                name: "DescribeScalingActivities",
                promise: Promise::Faithful,
                takes: &["ActivityIds", "AutoScalingGroupName", "MaxRecords", "NextToken"],
                run: groups::activities,
            },
        ],
    )],
};

/// The page that `MaxRecords` (1 to `most`, else `usual`) and `NextToken` ask for.
fn page_of<T>(
    form: &Form,
    operation: &str,
    (usual, most): (usize, usize),
    items: impl IntoIterator<Item = T>,
) -> Result<Page<T>, ApiError> {
    let invalid = |message: String| ApiError::bad("ValidationError", message);
    let size = form.get("MaxRecords").map_or(Some(usual), |text| text.parse().ok());
    let size = size.filter(|size| (1..=most).contains(size));
    let size = size.ok_or_else(|| invalid(format!("MaxRecords must be from 1 to {most}.")))?;
    let token = match form.get("NextToken") {
        None => None,
        Some(text) => {
            let token = PageToken::decode(text).filter(|token| token.operation == operation);
            Some(token.ok_or_else(|| ApiError::bad("InvalidNextToken", "The NextToken is not valid."))?)
        }
    };
    Ok(page(operation, (1..).zip(items), token.as_ref(), size))
}
