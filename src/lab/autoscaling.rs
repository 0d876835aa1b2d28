//! EC2 Auto Scaling, as far as groups are described. Knows not how a group keeps its size.

mod groups;

use super::{
    service::{Promise, Protocol, QueryOperation, Service},
    wire::{
        error::ApiError,
        query::{Dialect, Element, Form, maybe, members},
        token::Paging,
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

/// A listing with its page's token; a page has so many items, if `MaxRecords` does not say another number up to a most.
fn listing(
    form: &Form,
    operation: &str,
    sizes: (usize, usize),
    name: &'static str,
    items: impl IntoIterator<Item = Vec<Element>>,
) -> Result<Vec<Element>, ApiError> {
    let pages = Paging {
        names: ("MaxRecords", "NextToken"),
        sizes,
        wrong_size: "ValidationError",
        wrong_token: ("InvalidNextToken", "The NextToken is not valid."),
    };
    let page = pages.page(operation, (form.get("MaxRecords"), form.get("NextToken")), (1..).zip(items))?;
    Ok(vec![members(name, page.items), maybe("NextToken", page.next)])
}
