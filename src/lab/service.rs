//! Routing: which service and operation a request is for, whether it may have it, and how its answer is put in that
//! service's protocol. Knows the table of services, and no operation.

use bytes::Bytes;
use http::{Request, StatusCode, header::CONTENT_TYPE};
use jiff::SignedDuration;
use serde_json::Value;

use super::{
    autoscaling, cloudformation, cloudwatch,
    credentials::Scope,
    ec2, eks, eventbridge,
    faults::Faults,
    fis, iam, lambda,
    live_tail::Session,
    logs, refusal, secretsmanager, servicequotas, ssm, sts,
    wire::{
        error::ApiError,
        event_stream,
        json_rpc::{self, JsonVersion},
        query::{self, Dialect, Element, Form},
        rest_json::{self, RestCall},
        token::PageToken,
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
    Raw(fn(&mut World, &RestCall) -> Result<Raw, ApiError>),
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

/// The operation that a request calls, with its input.
enum Call {
    Query(Dialect, &'static QueryOperation, Form),
    Json(&'static JsonOperation, Bytes),
    Rest(&'static Route, RestCall),
}

/// Answers a request, and says how much later the answer is to come.
pub(super) fn answer(
    world: &mut World,
    faults: &mut Faults,
    access_key: &str,
    request_id: &str,
    request: &Request<Bytes>,
) -> (Reply, SignedDuration) {
    let scope = Scope::of(request.headers());
    let named = scope.as_ref().and_then(|scope| SERVICES.iter().find(|service| service.signing_name == scope.service));
    let service = named.copied().unwrap_or_else(|| look_alike(request));
    let protocol = service.protocol_of(request);
    let region = &world.scenario.region;
    let called = admit(service, protocol, scope.as_ref(), access_key, region)
        .and_then(|()| if named.is_some() { protocol.call(request) } else { Err(protocol.unknown_operation(request)) })
        .and_then(|call| match call.stranger() {
            Some(input) => Err(refusal::unknown_input(protocol, call.name(), &input)),
            None => Ok(call),
        });
    let call = match called {
        Ok(call) => call,
        Err(error) => return (protocol.refuse(&error, request_id), SignedDuration::ZERO),
    };
    let met = faults.meet(service.signing_name, call.name(), call.page());
    let name = format!("{}:{}", service.signing_name, call.name());
    let refusal = met.refusal.and_then(|kind| refusal::fault(protocol, kind, &sts::caller_arn(world), &name));
    let outcome = refusal.map_or_else(|| call.run(world, request_id), Err);
    let reply = match outcome {
        Ok(payload) => protocol.reply(payload, request_id),
        Err(error) => protocol.refuse(&error, request_id),
    };
    (reply, met.delay)
}

/// The service whose way of refusing fits a request for none that is known.
fn look_alike(request: &Request<Bytes>) -> &'static Service {
    if request.headers().contains_key("x-amz-target") {
        &logs::SERVICE
    } else if is_form(request) {
        let is_ec2 = Form::parse(request.body()).get("Version") == Some(ec2::VERSION);
        if is_ec2 { &ec2::SERVICE } else { &sts::SERVICE }
    } else {
        &fis::SERVICE
    }
}

fn admit(
    service: &Service,
    protocol: &Protocol,
    scope: Option<&Scope>,
    access_key: &str,
    region: &str,
) -> Result<(), ApiError> {
    let is_here = |scope: &Scope| scope.region == region || service.global && scope.region == "us-east-1";
    match scope {
        None => Err(refusal::unsigned(protocol)),
        Some(scope) if scope.access_key != access_key => Err(refusal::unknown_key(protocol)),
        Some(scope) if !is_here(scope) => Err(refusal::other_region(protocol, region)),
        Some(_) => Ok(()),
    }
}

impl Call {
    fn name(&self) -> &'static str {
        match self {
            Self::Query(_, operation, _) => operation.name,
            Self::Json(operation, _) => operation.name,
            Self::Rest(route, _) => route.name,
        }
    }

    /// An input that the operation does not take.
    fn stranger(&self) -> Option<String> {
        let keys = |body: &[u8]| match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => members.into_iter().map(|(key, _)| key).collect(),
            _ => Vec::new(),
        };
        let (takes, given) = match self {
            Self::Query(_, operation, form) => (operation.takes, form.names()),
            Self::Json(operation, body) => (operation.takes, keys(body)),
            Self::Rest(Route { run: RestRun::Raw(_), .. }, _) => return None,
            Self::Rest(route @ Route { run: RestRun::Payload(_), .. }, call) => {
                (route.takes, call.query_names().map(str::to_owned).collect())
            }
            Self::Rest(route, call) => {
                let query = call.query_names().map(str::to_owned);
                (route.takes, keys(call.body()).into_iter().chain(query).collect())
            }
        };
        given.into_iter().find(|name| !takes.contains(&name.as_str()))
    }

    /// Which page of a listing it asks for, from 1.
    fn page(&self) -> u32 {
        let token = match self {
            Self::Query(_, _, form) => form.get("NextToken").and_then(PageToken::decode),
            Self::Json(_, body) => {
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                body.get("nextToken").and_then(Value::as_str).and_then(PageToken::decode)
            }
            Self::Rest(_, call) => call.query("nextToken").and_then(PageToken::decode),
        };
        token.map_or(1, |token| token.page)
    }

    fn run(&self, world: &mut World, request_id: &str) -> Result<Payload, ApiError> {
        let written = match self {
            Self::Query(dialect, operation, form) => {
                dialect.response(operation.name, request_id, (operation.run)(world, form)?)
            }
            Self::Json(JsonOperation { run: JsonRun::Answer(run), .. }, body) => {
                Ok(json_rpc::encode(&run(world, body)?))
            }
            Self::Json(JsonOperation { run: JsonRun::Stream(run), .. }, body) => {
                return Ok(Payload::LiveTail(Box::new(run(world, body)?)));
            }
            Self::Rest(Route { run: RestRun::Answer(run), .. }, call) => Ok(rest_json::encode(&run(world, call)?)),
            Self::Rest(Route { run: RestRun::As(status, run), .. }, call) => {
                let answer = run(world, call)?;
                let body = if *status == StatusCode::NO_CONTENT { Bytes::new() } else { rest_json::encode(&answer) };
                return Ok(Payload::Raw(Raw { status: *status, headers: Vec::new(), body }));
            }
            Self::Rest(Route { run: RestRun::Raw(run), .. }, call) => return Ok(Payload::Raw(run(world, call)?)),
            Self::Rest(Route { run: RestRun::Payload(run), .. }, call) => return run(world, call),
        };
        let failed = |error: std::io::Error| {
            ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "InternalFailure", error.to_string())
        };
        written.map(Payload::Whole).map_err(failed)
    }
}

impl Service {
    /// The protocol that a request is written in.
    fn protocol_of(&self, request: &Request<Bytes>) -> &'static Protocol {
        let fits = |protocol: &&Protocol| match protocol {
            Protocol::Query(..) => is_form(request),
            Protocol::Json(..) => request.headers().contains_key("x-amz-target"),
            Protocol::RestJson(_) => true,
        };
        let first = self.protocols.first().unwrap_or(&Protocol::RestJson(&[]));
        self.protocols.iter().find(fits).unwrap_or(first)
    }

    /// Every operation once, by name, with what the lab promises of it.
    pub(super) fn promises(&self) -> Vec<(&'static str, Promise)> {
        let named = |protocol: &Protocol| -> Vec<(&'static str, Promise)> {
            match protocol {
                Protocol::Query(_, operations) => operations.iter().map(|one| (one.name, one.promise)).collect(),
                Protocol::Json(_, _, operations) => operations.iter().map(|one| (one.name, one.promise)).collect(),
                Protocol::RestJson(routes) => routes.iter().map(|one| (one.name, one.promise)).collect(),
            }
        };
        let mut all: Vec<_> = self.protocols.iter().flat_map(named).collect();
        all.sort_by_key(|(name, _)| *name);
        all.dedup_by_key(|(name, _)| *name);
        all
    }
}

fn is_form(request: &Request<Bytes>) -> bool {
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|value| value.starts_with("application/x-www-form-urlencoded"))
}

impl Protocol {
    fn call(&self, request: &Request<Bytes>) -> Result<Call, ApiError> {
        let unknown = || self.unknown_operation(request);
        match self {
            Self::Query(dialect, operations) => {
                let form = Form::parse(request.body());
                let operation = operations.iter().find(|operation| form.get("Action") == Some(operation.name));
                operation.map(|operation| Call::Query(*dialect, operation, form)).ok_or_else(unknown)
            }
            Self::Json(_, target, operations) => {
                let header = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok());
                let name = header.and_then(|header| json_rpc::operation(header, target));
                let operation = operations.iter().find(|operation| name == Some(operation.name));
                operation.map(|operation| Call::Json(operation, request.body().clone())).ok_or_else(unknown)
            }
            Self::RestJson(routes) => {
                let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
                let fit = |route: &'static Route| {
                    let right_method = route.method == request.method().as_str();
                    let call = RestCall::matching(route.path, path, query, request).filter(|_| right_method);
                    call.map(|call| Call::Rest(route, call))
                };
                routes.iter().find_map(fit).ok_or_else(unknown)
            }
        }
    }

    fn unknown_operation(&self, request: &Request<Bytes>) -> ApiError {
        match self {
            Self::Query(..) => query::unknown_operation(Form::parse(request.body()).get("Action").unwrap_or_default()),
            Self::Json(..) => json_rpc::unknown_operation(),
            Self::RestJson(_) => rest_json::unknown_operation(),
        }
    }

    fn reply(&self, payload: Payload, request_id: &str) -> Reply {
        let (status, content_type, headers) = match &payload {
            Payload::Whole(_) | Payload::Invocation(..) => (StatusCode::OK, self.content_type(), Vec::new()),
            Payload::Raw(raw) => (raw.status, self.content_type(), raw.headers.clone()),
            Payload::LiveTail(_) => (StatusCode::OK, event_stream::CONTENT_TYPE, Vec::new()),
        };
        Reply { status, content_type, request_id: request_id.to_owned(), headers, payload }
    }

    fn refuse(&self, error: &ApiError, request_id: &str) -> Reply {
        let body = match self {
            Self::Query(dialect, _) => dialect.error(error, request_id).unwrap_or_default(),
            Self::Json(..) => json_rpc::error(error),
            Self::RestJson(_) => rest_json::error(error),
        };
        let in_header = matches!(self, Self::RestJson(_)).then(|| error.code.to_string());
        Reply {
            status: error.status,
            content_type: self.content_type(),
            request_id: request_id.to_owned(),
            headers: in_header.map(|code| ("x-amzn-errortype", code)).into_iter().collect(),
            payload: Payload::Whole(body),
        }
    }

    fn content_type(&self) -> &'static str {
        match self {
            Self::Query(..) => query::CONTENT_TYPE,
            Self::Json(version, ..) => version.content_type(),
            Self::RestJson(_) => rest_json::CONTENT_TYPE,
        }
    }
}
