//! IAM: roles, users and policies, and what they allow. Knows no operation of another service.

use super::service::{Protocol, Service};
use super::wire::query::Dialect;

pub(super) const SERVICE: Service = Service {
    signing_name: "iam",
    title: "IAM",
    global: true,
    refused: &[],
    protocols: &[Protocol::Query(Dialect::Aws { namespace: "https://iam.amazonaws.com/doc/2010-05-08/" }, &[])],
};
