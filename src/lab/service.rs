//! What a service of the lab is: what its clients sign for, and its operations as rows of a table, by protocol, each with
//! what is promised of it and the inputs that it takes. Knows no request.

use bytes::Bytes;
use http::StatusCode;
use serde_json::Value;

use super::{
    autoscaling, cloudformation, cloudwatch, ec2, eks, eventbridge,
    faults::is_named,
    fis, iam, lambda,
    live_tail::Session,
    logs, secretsmanager, servicequotas, ssm, sts,
    wire::{
        error::ApiError,
        json_rpc::JsonVersion,
        query::{Dialect, Element, Form},
        rest_json::RestCall,
    },
    world::World,
};

/// Every service that the lab plays.
pub(super) const SERVICES: &[&Service] = &[
    &autoscaling::SERVICE,
    &cloudformation::SERVICE,
    &cloudwatch::SERVICE,
    &ec2::SERVICE,
    &eks::SERVICE,
    &eventbridge::SERVICE,
    &fis::SERVICE,
    &iam::SERVICE,
    &lambda::SERVICE,
    &logs::SERVICE,
    &secretsmanager::SERVICE,
    &servicequotas::SERVICE,
    &ssm::SERVICE,
    &sts::SERVICE,
];

/// A service: what its clients sign for, and its operations by protocol.
#[derive(Debug)]
pub(super) struct Service {
    /// The name in the credential scope, e.g. `ec2`.
    pub(super) signing_name: &'static str,
    /// AWS's name of it for people, e.g. `CloudWatch Logs`.
    pub(super) title: &'static str,
    /// Signed for us-east-1 wherever the client is, as IAM is.
    pub(super) global: bool,
    /// The protocols that its clients speak, each with the same operations; the first answers what is in none of them.
    pub(super) protocols: &'static [Protocol],
    /// Operations that one may look for in vain, and why they are refused.
    pub(super) refused: &'static [(&'static str, &'static str)],
}

/// How far an operation is AWS's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Promise {
    /// What AWS documents of it, for what the lab models.
    Faithful,
    /// With what is left out or made simpler.
    Simplified(&'static str),
}

/// A protocol with the operations that are called over it.
#[derive(Debug)]
pub(super) enum Protocol {
    Query(Dialect, &'static [QueryOperation]),
    /// With the first part of its `X-Amz-Target`, e.g. `Logs_20140328`.
    Json(JsonVersion, &'static str, &'static [JsonOperation]),
    RestJson(&'static [Route]),
    /// With the service in its path; the operations see JSON.
    Cbor(&'static str, &'static [JsonOperation]),
}

#[derive(Debug)]
pub(super) struct QueryOperation {
    pub(super) name: &'static str,
    pub(super) promise: Promise,
    /// The top-level inputs that it takes, by their names on the wire; any other is refused rather than passed over.
    pub(super) takes: &'static [&'static str],
    pub(super) run: fn(&mut World, &Form) -> Result<Vec<Element>, ApiError>,
}

#[derive(Debug)]
pub(super) struct JsonOperation {
    pub(super) name: &'static str,
    pub(super) promise: Promise,
    /// The top-level inputs that it takes, by their names on the wire; any other is refused rather than passed over.
    pub(super) takes: &'static [&'static str],
    pub(super) run: JsonRun,
}

/// An operation gets the request's body.
#[derive(Debug)]
pub(super) enum JsonRun {
    Answer(fn(&mut World, &[u8]) -> Result<Value, ApiError>),
    Stream(fn(&mut World, &[u8]) -> Result<Session, ApiError>),
}

#[derive(Debug)]
pub(super) struct Route {
    pub(super) name: &'static str,
    pub(super) method: &'static str,
    /// With `{}` for each label, e.g. `/experiments/{}`.
    pub(super) path: &'static str,
    pub(super) promise: Promise,
    /// The top-level inputs that it takes, by their names on the wire; any other is refused rather than passed over.
    pub(super) takes: &'static [&'static str],
    pub(super) run: RestRun,
}

#[derive(Debug)]
pub(super) enum RestRun {
    /// 200, with this JSON.
    Answer(fn(&mut World, &RestCall) -> Result<Value, ApiError>),
    /// Another status; 204 has no body.
    As(StatusCode, fn(&mut World, &RestCall) -> Result<Value, ApiError>),
    /// Whatever is answered, for a body that is not the operation's inputs.
    Payload(fn(&mut World, &RestCall) -> Result<Payload, ApiError>),
}

/// An answer with a status and headers of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Raw {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Bytes,
}

/// An answer, as far as it is the service's.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) content_type: &'static str,
    pub(super) request_id: String,
    /// Headers in lower case, besides those that every answer has.
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) payload: Payload,
}

#[derive(Debug)]
pub(super) enum Payload {
    Whole(Bytes),
    Raw(Raw),
    LiveTail(Box<Session>),
    /// What this invocation of a function comes to, with the tail of its log if that is wanted.
    Invocation(u64, bool),
}

/// Whether a pattern such as `ec2:DescribeInstances`, `ec2:*` or `*:*` names any operation that the lab has.
pub(super) fn plays(pattern: &str) -> bool {
    let named =
        |service: &Service| service.promises().iter().any(|(name, ..)| is_named(pattern, service.signing_name, name));
    SERVICES.iter().any(|service| named(service))
}

impl Service {
    /// Every operation once, by name, with what the lab promises of it and the inputs that it takes.
    pub(super) fn promises(&self) -> Vec<Promised> {
        let named = |protocol: &Protocol| -> Vec<Promised> {
            match protocol {
                Protocol::Query(_, all) => all.iter().map(|one| (one.name, one.promise, one.takes.to_vec())).collect(),
                Protocol::Json(_, _, all) | Protocol::Cbor(_, all) => {
                    all.iter().map(|one| (one.name, one.promise, one.takes.to_vec())).collect()
                }
                Protocol::RestJson(all) => all.iter().map(|one| (one.name, one.promise, one.takes.to_vec())).collect(),
            }
        };
        let mut all: Vec<_> = self.protocols.iter().flat_map(named).collect();
        all.sort_by_key(|(name, ..)| *name);
        all.dedup_by_key(|(name, ..)| *name);
        all
    }
}

/// An operation's name, what is promised of it, and its inputs.
type Promised = (&'static str, Promise, Vec<&'static str>);
