//! EC2 Auto Scaling, as far as groups are described. Knows not how a group keeps its size.

use super::service::{Protocol, Service};
use super::wire::query::Dialect;

pub(super) const SERVICE: Service = Service {
    signing_name: "autoscaling",
    title: "EC2 Auto Scaling",
    global: false,
    refused: &[],
    protocols: &[Protocol::Query(Dialect::Aws { namespace: "http://autoscaling.amazonaws.com/doc/2011-01-01/" }, &[])],
};
