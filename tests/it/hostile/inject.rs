//! AWS's answers, with hostile text in whatever they say: every text of every answer is a field, so that one that the program
//! comes to read is tried without anybody thinking of it. Knows the forms of the answers and no single operation.

use std::{
    collections::BTreeSet,
    fmt,
    sync::{Arc, Mutex},
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use http_body_util::BodyExt;
use serde_json::Value;

/// Which texts are hostile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those that a drill does not go by, so that it runs to its end: see [`TOLD`].
    Told,
    /// All but numbers, times and tokens of pages.
    All,
}

/// The texts that are only told on, by the last part of their path; one more is one more line.
const TOLD: [&str; 16] = [
    "reason",
    "message",
    "Message",
    "description",
    "Description",
    "privateDnsName",
    "instanceType",
    "availabilityZone",
    "tags.Name",
    "tag:Name",
    "status.message",
    "ResourceStatusReason",
    "StackStatusReason",
    "StatusReason",
    "OutputValue",
    "stateReason.code",
];

/// Tokens of pages come back to the server; a changed one would be asked for again for ever.
const TOKENS: [&str; 4] = ["nextToken", "NextToken", "Marker", "clientToken"];

#[derive(Clone)]
pub(crate) struct Hostile {
    inner: Option<SharedHttpClient>,
    which: Which,
    /// What is said, and how often something was.
    texts: Arc<Mutex<(Vec<String>, usize)>>,
    fields: Arc<Mutex<BTreeSet<String>>>,
}

impl fmt::Debug for Hostile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hostile")
    }
}

impl Hostile {
    pub(crate) fn new(which: Which) -> Self {
        Self { inner: None, which, texts: Arc::default(), fields: Arc::default() }
    }

    /// What is put into each field from now on.
    pub(super) fn say(&self, text: &str) {
        self.texts.lock().unwrap().0 = vec![text.to_owned()];
    }

    /// What is put into the fields one after another from now on.
    pub(crate) fn say_in_turn(&self, texts: Vec<String>) {
        self.texts.lock().unwrap().0 = texts;
    }

    fn next(&self) -> String {
        let mut said = self.texts.lock().unwrap();
        said.1 += 1;
        said.0.get(said.1 % said.0.len().max(1)).cloned().unwrap_or_default()
    }

    /// The client that it stands before.
    pub(super) fn before(&self, inner: SharedHttpClient) -> SharedHttpClient {
        SharedHttpClient::new(Self { inner: Some(inner), ..self.clone() })
    }

    /// The fields that hostile text was put into: operation and path.
    pub(super) fn fields(&self) -> BTreeSet<String> {
        self.fields.lock().unwrap().clone()
    }

    /// An answer's body with the text in it.
    pub(super) fn rewrite(&self, operation: &str, kind: &str, body: &[u8]) -> Vec<u8> {
        let mut fields = self.fields.lock().unwrap();
        let mut each = |path: &str, value: &str| {
            self.takes(path, value).then(|| {
                fields.insert(format!("{operation} {path}"));
                told(path, value, &self.next())
            })
        };
        let written = str::from_utf8(body).unwrap_or_default();
        if kind.contains("json") {
            let Ok(mut value) = serde_json::from_str(written) else { return body.to_vec() };
            in_json("", &mut value, &mut each);
            value.to_string().into_bytes()
        } else if kind.contains("xml") {
            in_xml(written, &mut each).into_bytes()
        } else {
            body.to_vec()
        }
    }

    fn takes(&self, path: &str, value: &str) -> bool {
        let ends = |name: &str| path.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
        let is_number = value.parse::<f64>().is_ok() || matches!(value, "true" | "false" | "");
        let is_time = value.parse::<jiff::Timestamp>().is_ok();
        if is_number || is_time || TOKENS.iter().any(|name| ends(name)) {
            return false;
        }
        self.which == Which::All || TOLD.iter().any(|name| ends(name))
    }
}

/// A text with the hostile one behind it; within, where it is JSON itself.
fn told(path: &str, value: &str, text: &str) -> String {
    if let Ok(Value::Object(mut members)) = serde_json::from_str(value)
        && path.ends_with("message")
    {
        if members.contains_key("detail") {
            return value.to_owned(); // AWS's own event, which a drill goes by
        }
        for name in ["message", "level"] {
            if let Some(Value::String(said)) = members.get_mut(name) {
                said.push_str(text);
            }
        }
        return Value::Object(members).to_string();
    }
    format!("{value}{text}")
}

fn in_json(path: &str, value: &mut Value, each: &mut impl FnMut(&str, &str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(new) = each(path, text) {
                *text = new;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| in_json(path, value, each)),
        Value::Object(members) => {
            for (name, value) in members {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                in_json(&path, value, each);
            }
        }
        _ => {}
    }
}

/// The lab writes no attributes but namespaces, no comments and no sections of other kinds. A tag's value is known by its key.
fn in_xml(xml: &str, each: &mut impl FnMut(&str, &str) -> Option<String>) -> String {
    let (mut out, mut path, mut key) = (String::new(), Vec::<&str>::new(), String::new());
    for part in xml.split_inclusive('>') {
        let Some((text, tag)) = part.split_once('<') else {
            out.push_str(part);
            continue;
        };
        let name =
            path.iter().copied().filter(|name| *name != "item" && *name != "member").collect::<Vec<_>>().join(".");
        let is_tag = name.ends_with("tagSet.value") || name.ends_with("Tags.Value");
        let place = if is_tag { format!("{name}.tag:{key}") } else { name };
        if text.trim().is_empty() {
            out.push_str(text);
        } else {
            let plain = quick_xml::escape::unescape(text).unwrap().into_owned();
            if matches!(path.last(), Some(&("key" | "Key"))) {
                key.clone_from(&plain);
            }
            match each(&place, &plain) {
                Some(new) => new.chars().for_each(|c| out.push_str(&reference(c))),
                None => out.push_str(text),
            }
        }
        out.push('<');
        out.push_str(tag);
        let name = tag.trim_end_matches('>').split_whitespace().next().unwrap_or_default();
        if tag.starts_with('/') {
            path.pop();
        } else if !tag.starts_with('?') && !tag.ends_with("/>") {
            path.push(name);
        }
    }
    out
}

fn reference(character: char) -> String {
    if character.is_alphanumeric() || character == ' ' {
        return character.to_string();
    }
    format!("&#x{:X};", character as u32)
}

/// What a request asks for: the operation's name, or method and path where that says it.
pub(super) fn operation(method: &str, path: &str, target: Option<&str>, body: &[u8]) -> String {
    let body = String::from_utf8_lossy(body);
    let action = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    let path = path.trim_start_matches('/').split(['/', '?']).next().unwrap_or_default();
    let named = target.and_then(|target| target.rsplit('.').next()).or(action);
    named.map_or_else(|| format!("{method} /{path}"), str::to_owned)
}

impl HttpClient for Hostile {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let inner = self.inner.as_ref().unwrap().http_connector(settings, components);
        SharedHttpConnector::new(Speaking { hostile: self.clone(), inner })
    }
}

#[derive(Debug)]
struct Speaking {
    hostile: Hostile,
    inner: SharedHttpConnector,
}

impl HttpConnector for Speaking {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let path = request.uri().split("//").last().and_then(|rest| rest.split('/').nth(1)).unwrap_or_default();
        let target = request.headers().get("x-amz-target");
        let operation = operation(request.method(), path, target, request.body().bytes().unwrap_or_default());
        if operation.ends_with("StartLiveTail") {
            // its stream would bring the lines past this; refused, the lines are looked for
            request.headers_mut().remove("authorization");
        }
        let (answer, hostile) = (self.inner.call(request), self.hostile.clone());
        HttpConnectorFuture::new(async move {
            let answer = answer.await?;
            let (status, headers) = (answer.status(), answer.headers().clone());
            let kind = headers.get("content-type").unwrap_or_default().to_owned();
            let body = answer.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
            let body: Bytes = hostile.rewrite(&operation, &kind, &body).into();
            let mut rewritten = HttpResponse::new(status, SdkBody::from(body));
            for (name, value) in headers.iter().filter(|(name, _)| *name != "content-length") {
                rewritten.headers_mut().append(name.to_owned(), value.to_owned());
            }
            Ok(rewritten)
        })
    }
}
