//! Whatever is written in a template, a pattern, a policy, an event or a path, the lab takes it or refuses it, and soon.

use std::fmt::Write;

use bytes::Bytes;
use http::Request;
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

use super::{
    wire::{request, signed},
    *,
};

const JSON: [&str; 24] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"a\"",
    "\"\"",
    "null",
    "true",
    "-1",
    "1e999",
    "\"$or\"",
    "\"\\ud800\"",
    "\"*\"",
    "{\"prefix\": \"a\"}",
    "{\"anything-but\": [1]}",
    "{\"numeric\": [\"<\", 1, \">\"]}",
    "{\"exists\": 1}",
    "{\"wildcard\": \"**\"}",
    "\"detail\"",
    "\"source\"",
    "\u{0}",
    "\u{feff}",
];
const FILTER: [&str; 24] = [
    "{", "}", "(", ")", "[", "]", "$", ".", "$.a", "$.a[0]", "$[", "=", "!=", "<", "&&", "||", "\"", "'", "*", "?a",
    "-a", "%a%", "IS NULL", "...",
];
const TEMPLATE: [&str; 36] = [
    "Resources:\n",
    "  A:\n",
    "    Type: AWS::Logs::LogGroup\n",
    "    Properties:\n",
    "      LogGroupName: ",
    "!Ref A\n",
    "!Sub '${A}${'\n",
    "!Sub [a, b]\n",
    "!GetAtt A.Arn\n",
    "!Select [99999999999, []]\n",
    "!Select [-1, !Split ['', '']]\n",
    "!If [A, B]\n",
    "!FindInMap [a, b, c]\n",
    "!Join\n",
    "!Unknown x\n",
    "Fn::Sub: {}\n",
    "Parameters:\n",
    "  P: {Type: Number, Default: x}\n",
    "Conditions:\n",
    "  C: !Equals [!Ref C, 1]\n",
    "  D: !Condition D\n",
    "    DependsOn: A\n",
    "Outputs:\n",
    "  O: {Value: !Ref O}\n",
    "&a ",
    "*a\n",
    "<<: *a\n",
    "---\n",
    "? ",
    "- ",
    "|\n",
    "\t",
    "{",
    "]",
    "\u{85}",
    "\n",
];
const POLICY: [&str; 22] = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"Version\"",
    "\"2012-10-17\"",
    "\"Statement\"",
    "\"Effect\"",
    "\"Allow\"",
    "\"Deny\"",
    "\"Action\"",
    "\"NotAction\"",
    "\"ec2:*\"",
    "\"Resource\"",
    "\"*\"",
    "\"Principal\"",
    "{\"Service\": []}",
    "\"Condition\"",
    "{\"StringLike\": {\"a\": {}}}",
    "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\"",
];
const PATHS: [&str; 18] = [
    "/",
    "latest",
    "api",
    "token",
    "meta-data",
    "spot",
    "instance-action",
    "events",
    "recommendations",
    "dynamic",
    "%2F",
    "%ff",
    "..",
    "%00",
    "i-0123456789abcdef0",
    "iam",
    "placement",
    "?a=b",
];

/// Texts of these pieces, as they come.
fn of(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    vec(select(pieces), 0..14).prop_map(|pieces| pieces.concat())
}

/// A text inside out: nested that often.
fn nested(open: &str, inner: &str, close: &str) -> String {
    const DEPTH: usize = 20_000;
    format!("{}{inner}{}", open.repeat(DEPTH), close.repeat(DEPTH))
}

/// Calls that take a document, each with one.
fn calls(document: &str, kind: &str) -> Vec<Request<Bytes>> {
    let role = "arn:aws:iam::000000000000:role/spot-fis-test";
    let list: Vec<(&str, &str, Value)> = match kind {
        "event" => vec![
            ("events", "PutRule", json!({ "Name": "a", "EventPattern": document })),
            ("events", "TestEventPattern", json!({ "EventPattern": document, "Event": EVENT })),
            ("events", "TestEventPattern", json!({ "EventPattern": r#"{"source": ["a"]}"#, "Event": document })),
            ("events", "PutEvents", json!({ "Entries": [{ "Source": "a", "DetailType": "b", "Detail": document }] })),
        ],
        "filter" => vec![("logs", "FilterLogEvents", json!({ "logGroupName": EVENTS, "filterPattern": document }))],
        "template" => vec![
            ("cloudformation", "ValidateTemplate", json!({ "TemplateBody": document })),
            ("cloudformation", "GetTemplateSummary", json!({ "TemplateBody": document })),
            ("cloudformation", "CreateStack", json!({ "StackName": "a", "TemplateBody": document })),
        ],
        "policy" => vec![
            ("iam", "CreatePolicy", json!({ "PolicyName": "a", "PolicyDocument": document })),
            ("iam", "CreateRole", json!({ "RoleName": "a", "AssumeRolePolicyDocument": document })),
            (
                "iam",
                "SimulateCustomPolicy",
                json!({ "ActionNames.member.1": "a:b", "PolicyInputList.member.1": document }),
            ),
            ("logs", "PutResourcePolicy", json!({ "policyName": "a", "policyDocument": document })),
            ("sts", "AssumeRole", json!({ "RoleArn": role, "RoleSessionName": "abc", "Policy": document })),
        ],
        other => panic!("{other} is no kind of document"),
    };
    list.into_iter()
        .map(|(service, operation, input)| signed_for(service, request(service, operation, &input)))
        .collect()
}

const EVENT: &str = r#"{"id": "1", "account": "1", "source": "a", "time": "2026-11-22T12:00:00Z", "region": "eu-west-1",
    "resources": [], "detail-type": "b", "detail": {"a": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}}"#;

thread_local! {
    static LAB: Arc<Lab> = {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let _entered = runtime.enter();
        let region = Region::named("default");
        runtime.block_on(region.pass(3_600)); // so that there are messages to filter
        region.lab
    };
}

fn signed_for(service: &str, request: Request<Bytes>) -> Request<Bytes> {
    LAB.with(|lab| signed(lab, service, request))
}

fn is_answered_or_refused(request: Request<Bytes>) -> Result<(), TestCaseError> {
    let told = format!("{request:?}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let status = LAB.with(|lab| runtime.block_on(lab.handle(request))).status().as_u16();
    prop_assert!((200..300).contains(&status) || (400..500).contains(&status), "{status}: {told}");
    Ok(())
}

fn invoke(payload: &[u8]) -> Request<Bytes> {
    let path = "/2015-03-31/functions/send-slack-spot-event/invocations";
    let request = Request::builder().method("POST").uri(path).header("x-amz-invocation-type", "Event");
    signed_for("lambda", request.body(Bytes::copy_from_slice(payload)).unwrap())
}

fn cbor(body: &[u8]) -> Request<Bytes> {
    let path = "/service/GraniteServiceVersion20100801/operation/DescribeAlarms";
    let request = Request::builder().method("POST").uri(path).header("smithy-protocol", "rpc-v2-cbor");
    signed_for("monitoring", request.body(Bytes::copy_from_slice(body)).unwrap())
}

/// So that the others are not refused for something else than the document.
#[test]
fn right_documents_are_taken() {
    let policy = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "a:b", "Resource": "*"}]}"#;
    let template = r#"{"Resources": {"A": {"Type": "AWS::Logs::LogGroup"}}}"#;
    let documents = [
        ("event", r#"{"source": ["a"]}"#, 3),
        ("filter", "{ $.a = 1 }", 1),
        ("template", template, 3),
        ("policy", policy, 3),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    for (kind, document, taken) in documents {
        let statuses = LAB.with(|lab| {
            let status = |call| runtime.block_on(lab.handle(call)).status().as_u16();
            calls(document, kind).into_iter().map(status).collect::<Vec<_>>()
        });
        assert!(statuses.iter().filter(|status| **status == 200).count() >= taken, "{kind}: {statuses:?}");
    }
    assert_eq!(LAB.with(|lab| runtime.block_on(lab.handle(cbor(&[0xa0])))).status(), 200);
    assert_eq!(LAB.with(|lab| runtime.block_on(lab.handle(invoke(b"{}")))).status(), 202);
}

#[test]
fn hostile_documents_are_taken_or_refused() {
    for (kind, pieces) in
        [("event", &JSON[..]), ("filter", &FILTER[..]), ("template", &TEMPLATE[..]), ("policy", &POLICY[..])]
    {
        proptest!(ProptestConfig::with_cases(150), |(document in prop_oneof![9 => of(pieces), 1 => any::<String>()])| {
            for call in calls(&document, kind) {
                is_answered_or_refused(call)?;
            }
        });
    }
}

#[test]
fn what_grows_without_end_is_taken_or_refused() {
    let deep = nested("[", "", "]");
    let objects = nested("{\"a\":", "1", "}");
    let stars = "*a".repeat(2_000);
    let mut bomb = "Resources: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(9);
        writeln!(bomb, "k{level}: &a{level} [{before}*a{}]", level - 1).unwrap();
    }
    let group = |properties: &str| {
        format!("{{\"Resources\": {{\"A\": {{\"Type\": \"AWS::Logs::LogGroup\", \"Properties\": {properties}}}}}}}")
    };
    // Each condition of two of the one before: as many ways as 2 to the power of their number.
    let conditions = |body: &dyn Fn(usize) -> String, count: usize| {
        let all: Vec<_> = (1..count).map(|at| format!("\"C{at}\": {}", body(at - 1))).collect();
        let first = r#""C0": {"Fn::Equals": ["a", "a"]}"#;
        let last = count - 1;
        format!(
            "{{\"Conditions\": {{{first}, {}}}, \"Resources\": {{\"A\": {{\"Type\": \"AWS::Logs::LogGroup\", \"Condition\": \"C{last}\"}}}}}}",
            all.join(", ")
        )
    };
    let twice = conditions(&|at| format!(r#"{{"Fn::And": [{{"Condition": "C{at}"}}, {{"Condition": "C{at}"}}]}}"#), 60);
    let chain = conditions(&|at| format!(r#"{{"Fn::Not": [{{"Condition": "C{at}"}}]}}"#), 1_000);
    let resource = |at: usize| format!(r#""R{at}": {{"Type": "AWS::Logs::LogGroup", "DependsOn": "R{}"}}, "#, at + 1);
    let resources = |last: &str| {
        let all: String = (0..499).map(resource).collect();
        format!(r#"{{"Resources": {{{all}"R499": {{"Type": "AWS::Logs::LogGroup"{last}}}}}}}"#)
    };
    let joined = r#"{"Fn::Join": ["", ["#.repeat(400) + "\"x\"" + &"]]}".repeat(400);
    let alternatives = r#"{"$or": [{"a": ["b"]}, "#.repeat(60) + r#"{"a": ["b"]}"# + &"]}".repeat(60);
    let wild = format!(r#"{{"detail": {{"a": [{{"wildcard": "{stars}b"}}]}}}}"#);
    let policy = |action: &str| {
        format!(
            r#"{{"Version": "2012-10-17", "Statement": [{{"Effect": "Allow", "Action": "{action}", "Resource": "{stars}"}}]}}"#
        )
    };
    let documents = [
        ("event", vec![deep.clone(), objects.clone(), alternatives, wild]),
        (
            "filter",
            vec![
                deep.clone(),
                format!("{{ {} }}", nested("(", "$.a = 1", ")")),
                format!("{{ {}$.a = 1{} }}", "(".repeat(500), ")".repeat(500)), // as long as one may be
                format!("{{ {} }}", "$.a = 1 && ".repeat(20_000)),
                format!("{{ $.a = \"{stars}\" }}"),
                format!("{{ ${} = 1 }}", ".a".repeat(20_000)),
                "?a ".repeat(20_000),
            ],
        ),
        (
            "template",
            vec![
                deep.clone(),
                objects.clone(),
                bomb,
                twice,
                chain,
                conditions(&|at| format!(r#"{{"Fn::Not": [{{"Condition": "C{}"}}]}}"#, at + 2), 50),
                resources(""),
                resources(r#", "DependsOn": "R0""#),
                nested("- ", "", ""),
                group(&format!("{{\"LogGroupName\": {joined}}}")),
                group(&format!("{{\"LogGroupName\": {{\"Fn::Sub\": \"{}\"}}}}", "${A".repeat(5_000))),
                group(&format!("{{\"Tags\": {deep}}}")),
            ],
        ),
        ("policy", vec![deep.clone(), objects.clone(), policy(&format!("ec2:{stars}")), policy("ec2:*")]),
    ];
    let all = documents.iter().flat_map(|(kind, list)| list.iter().flat_map(|document| calls(document, kind)));
    let bodies = [deep.as_bytes(), objects.as_bytes()].map(invoke);
    let endless = [0x81, 0xc1, 0x9f].map(|byte| vec![byte; 100_000]);
    let huge = vec![0x7b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
    let cbors = endless.into_iter().chain([huge]).map(|body| cbor(&body));
    for call in all.chain(bodies).chain(cbors) {
        is_answered_or_refused(call).unwrap();
    }
}

#[test]
fn hostile_bodies_and_paths_are_taken_or_refused() {
    let bytes = select(
        &[0xa1_u8, 0x61, b'a', 0xbf, 0xff, 0x9f, 0xfb, 0x5b, 0xc1, 0xc2, 0x80, 0xf6, 0xf7, 0x1b, 0x7f, 0x00][..],
    );
    proptest!(ProptestConfig::with_cases(400), |(body in vec(prop_oneof![4 => bytes, 1 => any::<u8>()], 0..20))| {
        is_answered_or_refused(cbor(&body))?;
    });
    proptest!(ProptestConfig::with_cases(200), |(payload in prop_oneof![of(&JSON), of(&POLICY)])| {
        is_answered_or_refused(invoke(payload.as_bytes()))?;
    });
    let method = select(&["GET", "PUT", "HEAD", "POST", "DELETE"][..]);
    let path = vec(select(&PATHS[..]), 0..6).prop_map(|parts| format!("/imds/{}", parts.join("/")));
    let header = prop_oneof![
        Just("21600".to_owned()),
        Just("-1".to_owned()),
        Just("99999999999999999999".to_owned()),
        "[ -~]{0,30}"
    ];
    proptest!(ProptestConfig::with_cases(300), |(method in method, path in path, value in header)| {
        let request = Request::builder().method(method).uri(&path);
        let request = request.header("x-aws-ec2-metadata-token-ttl-seconds", &value).header("x-aws-ec2-metadata-token", &value);
        is_answered_or_refused(request.body(Bytes::new()).unwrap())?;
    });
}
