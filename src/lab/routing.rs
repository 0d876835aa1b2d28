//! Routing: which service and operation a request is for, whether the caller may have it, and how its answer is put in that
//! service's protocol. Knows the tables of services, and no operation.

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, header::CONTENT_TYPE};
use serde_json::{Map, Value};

use super::{
    credentials::Scope,
    ec2,
    faults::{Faults, Met},
    fis,
    iam::{self, needs},
    live_tail::Ending,
    logs, refusal,
    service::{
        JsonOperation, JsonRun, Payload, Protocol, QueryOperation, Raw, Reply, RestRun, Route, SERVICES, Service,
    },
    sts,
    wire::{
        cbor,
        error::ApiError,
        event_stream, json,
        json_rpc::{self, JsonVersion},
        query::{self, Dialect, Form},
        rest_json::{self, RestCall},
        token::PageToken,
    },
    world::{World, access::Caller},
};

/// The operation that a request calls, with its input.
pub(super) enum Call {
    Query(Dialect, &'static QueryOperation, Form),
    Json(&'static JsonOperation, Bytes),
    Rest(&'static Route, RestCall),
}

/// Answers a request, and says what else the caller meets: how much later the answer comes, and how it breaks off.
pub(super) fn answer(
    world: &mut World,
    faults: &mut Faults,
    access_key: &str,
    request_id: &str,
    request: &Request<Bytes>,
) -> (Reply, Met) {
    let scope = Scope::of(request.headers());
    let named = scope.as_ref().and_then(|scope| SERVICES.iter().find(|service| service.signing_name == scope.service));
    let service = named.copied().unwrap_or_else(|| look_alike(request));
    let protocol = service.protocol_of(request);
    let called = admit(world, service, protocol, scope.as_ref(), access_key, request.headers())
        .map(|caller| world.access.caller = caller)
        .and_then(|()| if named.is_some() { protocol.call(request) } else { Err(protocol.unknown_operation(request)) })
        .and_then(|call| match call.stranger() {
            Some(input) => Err(refusal::unknown_input(protocol, call.name(), &input)),
            None => Ok(call),
        });
    let call = match called {
        Ok(call) => call,
        Err(error) => return (protocol.refuse(&error, request_id), Met::default()),
    };
    let met = faults.meet(service.signing_name, call.name(), call.page(), world.now());
    let fault = met.refusal.and_then(|kind| {
        let user = world.session_arn(&world.access.caller);
        refusal::fault(protocol, kind, &user, &needs::action(service, call.name()))
    });
    let allowed = fault.map_or_else(|| iam::authorize(world, service, protocol, &call), Err);
    let mut outcome = allowed.and_then(|()| call.run(world, request_id));
    if let (Ok(Payload::LiveTail(session)), Some(ending)) = (&mut outcome, met.stream.and_then(Ending::of)) {
        session.ends = ending;
    }
    let reply = match outcome {
        Ok(payload) => protocol.reply(payload, request_id),
        Err(error) => protocol.refuse(&error, request_id),
    };
    (reply, met)
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

/// Who calls, if the request is signed with a key that is known, for a region that is played.
fn admit(
    world: &World,
    service: &Service,
    protocol: &Protocol,
    scope: Option<&Scope>,
    access_key: &str,
    headers: &HeaderMap,
) -> Result<Caller, ApiError> {
    let region = &world.scenario.region;
    let scope = scope.ok_or_else(|| refusal::unsigned(protocol))?;
    let caller = if scope.access_key == access_key {
        Caller::operator()
    } else {
        let token = headers.get("x-amz-security-token").and_then(|token| token.to_str().ok());
        let session = world.access.sessions.get(&scope.access_key).filter(|session| token == Some(&session.token));
        let session = session.ok_or_else(|| refusal::unknown_key(protocol))?;
        if session.expires <= world.now() {
            return Err(refusal::expired(protocol));
        }
        session.caller.clone()
    };
    if scope.region == *region || service.global && scope.region == "us-east-1" {
        Ok(caller)
    } else {
        Err(refusal::other_region(protocol, region))
    }
}

impl Call {
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Query(_, operation, _) => operation.name,
            Self::Json(operation, _) => operation.name,
            Self::Rest(route, _) => route.name,
        }
    }

    /// Its inputs by their names on the wire: a form's as they are, a path's label as `{}`.
    pub(super) fn inputs(&self) -> Map<String, Value> {
        let members = |body: &[u8]| serde_json::from_slice(body).unwrap_or_default();
        match self {
            Self::Query(_, _, form) => form.fields().map(|(name, value)| (name.to_owned(), value.into())).collect(),
            Self::Json(_, body) => members(body),
            Self::Rest(_, call) => {
                let mut inputs: Map<_, _> = members(call.body());
                inputs.extend(call.query_names().filter_map(|name| Some((name.to_owned(), call.query(name)?.into()))));
                inputs.insert("{}".to_owned(), call.label().into());
                inputs
            }
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
            Self::Query(_, _, form) => form.get("NextToken").or_else(|| form.get("Marker")).and_then(PageToken::decode),
            Self::Json(_, body) => {
                let body: Value = serde_json::from_slice(body).unwrap_or_default();
                let token = body.get("nextToken").or_else(|| body.get("NextToken"));
                token.and_then(Value::as_str).and_then(PageToken::decode)
            }
            Self::Rest(_, call) => call.query("nextToken").or_else(|| call.query("Marker")).and_then(PageToken::decode),
        };
        token.map_or(1, |token| token.page)
    }

    fn run(&self, world: &mut World, request_id: &str) -> Result<Payload, ApiError> {
        let written = match self {
            Self::Query(dialect, operation, form) => {
                dialect.response(operation.name, request_id, (operation.run)(world, form)?)
            }
            Self::Json(JsonOperation { run: JsonRun::Answer(run), .. }, body) => Ok(json::encode(run(world, body)?)),
            Self::Json(JsonOperation { run: JsonRun::Stream(run), .. }, body) => {
                return Ok(Payload::LiveTail(Box::new(run(world, body)?)));
            }
            Self::Rest(Route { run: RestRun::Answer(run), .. }, call) => Ok(json::encode(run(world, call)?)),
            Self::Rest(Route { run: RestRun::As(status, run), .. }, call) => {
                let answer = run(world, call)?;
                let body = if *status == StatusCode::NO_CONTENT { Bytes::new() } else { json::encode(answer) };
                return Ok(Payload::Raw(Raw { status: *status, headers: Vec::new(), body }));
            }
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
            Protocol::Cbor(..) => request.headers().get("smithy-protocol").is_some_and(|value| value == cbor::PROTOCOL),
        };
        let first = self.protocols.first().unwrap_or(&Protocol::RestJson(&[]));
        self.protocols.iter().find(fits).unwrap_or(first)
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
            Self::Cbor(service, operations) => {
                let name = cbor::operation(request.uri().path(), service);
                let operation = operations.iter().find(|operation| name == Some(operation.name)).ok_or_else(unknown)?;
                Ok(Call::Json(operation, json::encode(cbor::to_json(request.body())?)))
            }
        }
    }

    fn unknown_operation(&self, request: &Request<Bytes>) -> ApiError {
        match self {
            Self::Query(..) => query::unknown_operation(Form::parse(request.body()).get("Action").unwrap_or_default()),
            Self::Json(..) | Self::Cbor(..) => json_rpc::unknown_operation(),
            Self::RestJson(_) => rest_json::unknown_operation(),
        }
    }

    fn reply(&self, payload: Payload, request_id: &str) -> Reply {
        let payload = match payload {
            Payload::Whole(body) => Payload::Whole(self.encoded(body)),
            other => other,
        };
        let (status, content_type, headers) = match &payload {
            Payload::Whole(_) | Payload::Invocation(..) => {
                (StatusCode::OK, self.content_type(), self.own_headers(None))
            }
            Payload::Raw(raw) => (raw.status, self.content_type(), raw.headers.clone()),
            Payload::LiveTail(_) => (StatusCode::OK, event_stream::CONTENT_TYPE, Vec::new()),
        };
        Reply { status, content_type, request_id: request_id.to_owned(), headers, payload }
    }

    fn refuse(&self, error: &ApiError, request_id: &str) -> Reply {
        let body = match self {
            Self::Query(dialect, _) => dialect.error(error, request_id).unwrap_or_default(),
            Self::Json(..) | Self::Cbor(..) => self.encoded(json_rpc::error(error)),
            Self::RestJson(_) => rest_json::error(error),
        };
        Reply {
            status: error.status,
            content_type: self.content_type(),
            request_id: request_id.to_owned(),
            headers: self.own_headers(Some(error)),
            payload: Payload::Whole(body),
        }
    }

    /// A body of JSON as this protocol has it.
    fn encoded(&self, body: Bytes) -> Bytes {
        match self {
            Self::Cbor(..) => cbor::from_json(serde_json::from_slice(&body).unwrap_or_default()),
            _ => body,
        }
    }

    /// restJson1 has the code of a refusal in a header. So have awsJson 1.0 and CBOR, as services that once spoke awsQuery.
    fn own_headers(&self, error: Option<&ApiError>) -> Vec<(&'static str, String)> {
        let mut headers = Vec::new();
        if let Self::Cbor(..) = self {
            headers.push(("smithy-protocol", cbor::PROTOCOL.to_owned()));
        }
        match (self, error) {
            (Self::RestJson(_), Some(error)) => headers.push(("x-amzn-errortype", error.code.to_string())),
            (Self::Cbor(..) | Self::Json(JsonVersion::One, ..), Some(error)) => {
                let fault = if error.status.is_server_error() { "Receiver" } else { "Sender" };
                headers.push(("x-amzn-query-error", format!("{};{fault}", error.code)));
            }
            _ => {}
        }
        headers
    }

    fn content_type(&self) -> &'static str {
        match self {
            Self::Query(..) => query::CONTENT_TYPE,
            Self::Json(version, ..) => version.content_type(),
            Self::RestJson(_) => rest_json::CONTENT_TYPE,
            Self::Cbor(..) => cbor::CONTENT_TYPE,
        }
    }
}

/// The operation that a request to a service calls.
#[cfg(test)]
pub(super) fn parsed(service: &Service, request: &Request<Bytes>) -> Result<Call, ApiError> {
    service.protocol_of(request).call(request)
}
