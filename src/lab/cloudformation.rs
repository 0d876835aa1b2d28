//! CloudFormation: change sets, stacks and their events. Knows not what a resource does once it is made.

use super::service::{Protocol, Service};
use super::wire::query::Dialect;

pub(super) const SERVICE: Service = Service {
    signing_name: "cloudformation",
    title: "CloudFormation",
    global: false,
    refused: &[],
    protocols: &[Protocol::Query(
        Dialect::Aws { namespace: "http://cloudformation.amazonaws.com/doc/2010-05-15/" },
        &[],
    )],
};
