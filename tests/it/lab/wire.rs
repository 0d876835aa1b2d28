//! Calls as they go over the wire, for services that the tests have no SDK of. Knows no operation.

use bytes::Bytes;
use http::Request;
use http_body_util::BodyExt;
use serde_json::Value;

use super::*;

/// The services that speak JSON, with what comes before an operation's name in `X-Amz-Target`.
pub(super) const TARGETS: [(&str, &str); 6] = [
    ("logs", "Logs_20140328"),
    ("events", "AWSEvents"),
    ("monitoring", "GraniteServiceVersion20100801"),
    ("secretsmanager", "secretsmanager"),
    ("servicequotas", "ServiceQuotasV20190624"),
    ("ssm", "AmazonSSM"),
];

pub(super) fn signed(lab: &Lab, service: &str, mut request: Request<Bytes>) -> Request<Bytes> {
    let scope = format!("{}/20261122/{REGION}/{service}/aws4_request", lab.access_key());
    let value = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
    request.headers_mut().insert("authorization", value.parse().unwrap());
    request
}

/// A call of an operation, or where a service has paths of one such as `GET /clusters`, with its inputs at the top level:
/// those of a GET in its query, those of a service without JSON in a form.
pub(super) fn request(service: &str, operation: &str, input: &Value) -> Request<Bytes> {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let pairs = || input.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), plain(value)));
    let form = || form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs()).finish();
    let (head, body) = if let Some((method, path)) = operation.split_once(' ') {
        let builder = Request::builder().method(method);
        match method {
            "GET" => (builder.uri(format!("{path}?{}", form())), String::new()),
            _ => (builder.uri(path), input.to_string()),
        }
    } else if let Some((_, target)) = TARGETS.iter().find(|(name, _)| *name == service) {
        let head = Request::builder().method("POST").uri("/").header("x-amz-target", format!("{target}.{operation}"));
        (head, input.to_string())
    } else {
        let head =
            Request::builder().method("POST").uri("/").header("content-type", "application/x-www-form-urlencoded");
        (head, format!("Action={operation}&Version=2016-11-15&{}", form()))
    };
    head.body(Bytes::from(body)).unwrap()
}

/// The status and the body of the answer.
pub(super) async fn call(lab: &Arc<Lab>, service: &str, operation: &str, input: &Value) -> (u16, String) {
    let answer = lab.handle(signed(lab, service, request(service, operation, input))).await;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// The answer to a call that must be carried out.
pub(super) async fn done(lab: &Arc<Lab>, service: &str, operation: &str, input: Value) -> String {
    let (status, body) = call(lab, service, operation, &input).await;
    assert!((200..300).contains(&status), "{service} {operation} {input}: {status} {body}");
    body
}

/// The texts of all elements of that name, in their order.
pub(super) fn texts(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    xml.split(&open).skip(1).filter_map(|rest| Some(rest.split_once(&close)?.0.to_owned())).collect()
}
