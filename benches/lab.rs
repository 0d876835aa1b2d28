//! How long the lab takes for an answer, without any socket: a page of a thousand instances out of 100,000, and one
//! experiment.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use http::{Request, StatusCode, header::AUTHORIZATION};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use spotdrill::{
    clock::Clock,
    lab::{Lab, scenario::Scenario},
};
use tokio::runtime::{Builder, Runtime};

struct Opened {
    runtime: Runtime,
    lab: Arc<Lab>,
}

impl Opened {
    fn scenario(name: &str) -> Result<Self> {
        let scenario = Scenario::named(name).context("no such scenario")?;
        let clock = Clock::rated("2026-11-22T12:00:00Z".parse()?, 1.0);
        let runtime = Builder::new_current_thread().enable_time().build()?;
        Ok(Self { runtime, lab: Lab::open(scenario, clock, 1) })
    }

    fn ask(&self, method: &str, path: &str, service: &str, body: String) -> Result<Bytes> {
        let scope = format!("{}/20261122/{}/{service}/aws4_request", self.lab.access_key(), self.lab.region());
        let signed = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let request = Request::builder().method(method).uri(path).header(AUTHORIZATION, signed).body(body.into())?;
        self.runtime.block_on(async {
            let answer = self.lab.handle(request).await;
            let status = answer.status();
            let body = answer.into_body().collect().await?.to_bytes();
            ensure!(status == StatusCode::OK, "{status}: {}", String::from_utf8_lossy(&body));
            Ok(body)
        })
    }

    /// Sends JSON to FIS and gives the id of what it made.
    fn make(&self, path: &str, input: &Value, id: &str) -> Result<String> {
        let made: Value = serde_json::from_slice(&self.ask("POST", path, "fis", input.to_string())?)?;
        Ok(made.pointer(id).and_then(Value::as_str).context("it has no id")?.to_owned())
    }
}

fn page_of_instances(criterion: &mut Criterion) -> Result<()> {
    let huge = Opened::scenario("huge")?;
    let page = || {
        let form = "Action=DescribeInstances&Version=2016-11-15&MaxResults=1000";
        huge.ask("POST", "/", "ec2", form.to_owned())
    };
    page()?;
    criterion.bench_function("a page of 1,000 instances", |bencher| bencher.iter(|| page().is_ok()));
    Ok(())
}

fn one_experiment(criterion: &mut Criterion) -> Result<()> {
    let lab = Opened::scenario("default")?;
    let template = json!({
        "clientToken": "bench",
        "description": "bench",
        "roleArn": "arn:aws:iam::000000000000:role/fis",
        "stopConditions": [{ "source": "none" }],
        "targets": { "spot": {
            "resourceType": "aws:ec2:spot-instance",
            "resourceTags": { "eks:nodegroup-name": "web-spot" },
            "selectionMode": "COUNT(1)",
        } },
        "actions": { "interrupt": {
            "actionId": "aws:ec2:send-spot-instance-interruptions",
            "parameters": { "durationBeforeInterruption": "PT2M" },
            "targets": { "SpotInstances": "spot" },
        } },
    });
    let template = lab.make("/experimentTemplates", &template, "/experimentTemplate/id")?;
    let order = json!({ "clientToken": "bench", "experimentTemplateId": template });
    let path = format!("/experiments/{}", lab.make("/experiments", &order, "/experiment/id")?);
    let get = || lab.ask("GET", &path, "fis", String::new());
    get()?;
    criterion.bench_function("one experiment", |bencher| bencher.iter(|| get().is_ok()));
    Ok(())
}

fn answers(criterion: &mut Criterion) {
    let measured = page_of_instances(criterion).and_then(|()| one_experiment(criterion));
    assert!(measured.is_ok(), "{measured:?}");
}

criterion_group!(benches, answers);
criterion_main!(benches);
