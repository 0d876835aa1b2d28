//! Whatever bytes come, the lab answers with success or a refusal: never a panic, never an error of its own.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request};
use proptest::{collection::vec, prelude::*, sample::select};
use spotdrill::lab::promises;

use super::{
    wire::{TARGETS, signed},
    *,
};

const WORDS: [&str; 34] = [
    "",
    "0",
    "1",
    "-1",
    "5",
    "100",
    "99999999999999999999",
    "1e309",
    "true",
    "null",
    "\u{0}",
    "\u{202e}",
    "%",
    "%zz",
    "*",
    "{}",
    "{",
    "[]",
    "\"",
    "<a>",
    "i-0123456789abcdef0",
    "EXP0000000000000",
    "EXT0000000000000",
    "all",
    "default",
    "web",
    "arn:aws:fis:eu-west-1:000000000000:experiment/EXP1",
    "arn:aws:iam::000000000000:role/fis",
    "arn:",
    "/aws/events/spotdrill",
    "tag:Name",
    "{ $.a = 1 }",
    "PT2M",
    "2026-11-22T12:00:00Z",
];

const SEGMENTS: [&str; 22] = [
    "experimentTemplates",
    "experiments",
    "actions",
    "safetyLevers",
    "tags",
    "resolvedTargets",
    "state",
    "default",
    "targetResourceTypes",
    "targetAccountConfigurations",
    "2015-03-31",
    "functions",
    "invocations",
    "clusters",
    "node-groups",
    "%2F",
    "%ff",
    "..",
    "",
    "i-1",
    "EXP1",
    "service",
];

/// Every operation: its service, its name and its inputs.
fn operations() -> Vec<(String, String, Vec<String>)> {
    let page = promises::json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let of = |service: &serde_json::Value| {
        let name = text(&service["service"]);
        let list = service["operations"].as_array().unwrap().clone();
        let inputs = |one: &serde_json::Value| one["takes"].as_array().unwrap().iter().map(text).collect();
        list.into_iter().map(move |one| (name.clone(), text(&one["name"]), inputs(&one))).collect::<Vec<_>>()
    };
    page.as_array().unwrap().iter().flat_map(of).collect()
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![6 => select(&WORDS[..]).prop_map(str::to_owned), 1 => any::<String>(), 1 => Just("x".repeat(5_000))]
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        3 => word().prop_map(serde_json::Value::from),
        1 => any::<i64>().prop_map(serde_json::Value::from),
        1 => any::<bool>().prop_map(serde_json::Value::from),
        1 => Just(serde_json::Value::Null),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(serde_json::Value::from),
            vec((word(), inner), 0..3).prop_map(|pairs| pairs.into_iter().collect()),
        ]
    })
}

/// A request that is nearly right: an operation with inputs by their names and values by chance, or broken as a whole.
fn request() -> impl Strategy<Value = (String, Request<Bytes>)> {
    let operation = select(operations());
    let path = vec(select(&SEGMENTS[..]), 0..5).prop_map(|segments| format!("/{}", segments.join("/")));
    let method = select(&["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"][..]);
    let inputs = vec(
        (any::<prop::sample::Index>(), json(), select(&["", ".1", ".member.1", ".1.Name", ".1.Value.1"][..])),
        0..5,
    );
    let garbage = prop_oneof![3 => Just(None), 1 => vec(any::<u8>(), 0..60).prop_map(Some)];
    (operation, path, method, inputs, garbage, 0..3_u8).prop_map(|(operation, path, method, inputs, garbage, way)| {
        let (service, name, takes) = operation;
        let named = inputs.iter().filter(|_| !takes.is_empty()).map(|(at, value, tail)| (at.get(&takes), value, tail));
        let plain = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let pairs = |tails: bool| {
            let pair = |(key, value, tail): (&String, _, &&str)| {
                (format!("{key}{}", if tails { tail } else { "" }), plain(value))
            };
            form_urlencoded::Serializer::new(String::new()).extend_pairs(named.clone().map(pair)).finish()
        };
        let object: serde_json::Value = named.clone().map(|(key, value, _)| (key.clone(), value.clone())).collect();
        let target = TARGETS.iter().find(|(of, _)| *of == service).map(|(_, target)| format!("{target}.{name}"));
        let builder = Request::builder();
        let (builder, body) = match (way, target) {
            (0, Some(target)) => (builder.method("POST").uri("/").header("x-amz-target", target), object.to_string()),
            (0 | 1, _) => {
                let form = builder.method("POST").uri("/").header("content-type", "application/x-www-form-urlencoded");
                (form, format!("Action={name}&Version=2016-11-15&{}", pairs(true)))
            }
            _ => (builder.method(method).uri(format!("{path}?{}", pairs(false))), object.to_string()),
        };
        let body = garbage.map_or(Bytes::from(body), Bytes::from);
        (service, builder.body(body).unwrap())
    })
}

fn status(lab: &Arc<Lab>, request: Request<Bytes>) -> u16 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(lab.handle(request)).status().as_u16()
}

fn lab() -> Arc<Lab> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let _entered = runtime.enter();
    Region::named("default").lab
}

fn is_fine(status: u16) -> bool {
    (200..300).contains(&status) || (400..500).contains(&status)
}

#[test]
fn hostile_inputs_of_every_operation_are_answered_or_refused() {
    let lab = lab();
    proptest!(ProptestConfig::with_cases(1_500), |((service, request) in request())| {
        let told = format!("{request:?}");
        let status = status(&lab, signed(&lab, &service, request));
        prop_assert!(is_fine(status), "{status}: {told}");
    });
}

#[test]
fn hostile_headers_are_refused() {
    let lab = lab();
    let name = select(&["authorization", "x-amz-target", "content-type", "host", "x-amz-date"][..]);
    let value = prop_oneof![
        vec(any::<u8>(), 0..40),
        word().prop_map(String::into_bytes),
        word().prop_map(|word| format!("AWS4-HMAC-SHA256 Credential={word}/{word}").into_bytes()),
    ];
    let headers = vec((name, value), 0..4);
    proptest!(ProptestConfig::with_cases(300), |(headers in headers, body in vec(any::<u8>(), 0..60))| {
        let mut request = Request::builder().method("POST").uri("/").body(Bytes::from(body)).unwrap();
        for (name, value) in &headers {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                request.headers_mut().insert(HeaderName::from_static(name), value);
            }
        }
        let status = status(&lab, request);
        prop_assert!((400..500).contains(&status), "{status}: {headers:?}");
    });
}

#[test]
fn hostile_scenarios_are_complained_of() {
    let line = prop_oneof![
        select(
            &["[[group]]", "[timing]", "[[fault]]", "[[throttle]]", "[[log]]", "[interruption]", "[stack]", "x = ["][..]
        )
        .prop_map(str::to_owned),
        (
            select(&["region", "kind", "name", "count", "operation", "rate", "lines", "every", "zones", "tags"][..]),
            json()
        )
            .prop_map(|(key, value)| format!("{key} = {value}")),
        any::<String>(),
    ];
    proptest!(ProptestConfig::with_cases(300), |(lines in vec(line, 0..8))| {
        let text = lines.join("\n");
        if let Err(bad) = Scenario::parse("hostile", &text) {
            let last = text.lines().count().max(1);
            prop_assert!(bad.complaints.iter().all(|wrong| (1..=last + 1).contains(&wrong.line)), "{bad}\n{text}");
        }
    });
}
