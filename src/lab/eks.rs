//! EKS, as far as clusters and node groups are described. Knows no Kubernetes.

use super::service::{Protocol, Service};

pub(super) const SERVICE: Service =
    Service { signing_name: "eks", title: "EKS", global: false, refused: &[], protocols: &[Protocol::RestJson(&[])] };
