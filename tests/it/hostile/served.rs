//! A lab over loopback that says hostile things, for the program as a process.

use std::{
    convert::Infallible,
    net::Ipv4Addr,
    process::Command,
    sync::{Arc, mpsc},
    thread,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use spotdrill::{
    clock::Clock,
    lab::{Lab, scenario::Scenario},
};
use tokio::{net::TcpListener, task::LocalSet};

use super::inject::{Hostile, operation};
use crate::program::Home;

#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) url: String,
    exports: Vec<(String, String)>,
}

impl Served {
    /// Serves to the end of the tests; time passes so fast.
    pub(crate) fn open(scenario: &str, speed: f64, hostile: &Hostile) -> Self {
        let scenario = Scenario::parse("served", scenario).unwrap();
        let region = scenario.region.clone();
        let (tell, told) = mpsc::channel();
        let hostile = hostile.clone();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            LocalSet::new().block_on(&runtime, async move {
                let lab = Lab::open(scenario, Clock::rated(Clock::wall().now(), speed), 1);
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                let address = listener.local_addr().unwrap();
                tell.send((address, lab.access_key().to_owned(), lab.secret().to_owned())).unwrap();
                let driven = Arc::clone(&lab);
                tokio::task::spawn_local(async move { driven.drive().await });
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    let (lab, hostile) = (Arc::clone(&lab), hostile.clone());
                    let service = service_fn(move |request| answer(lab.clone(), hostile.clone(), request));
                    tokio::task::spawn_local(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
                }
            });
        });
        let (address, key, secret) = told.recv().unwrap();
        let exports = [("AWS_ACCESS_KEY_ID", key), ("AWS_SECRET_ACCESS_KEY", secret), ("AWS_REGION", region)];
        let exports = exports.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Self { url: format!("http://{address}"), exports }
    }

    pub(crate) fn exports(&self) -> &[(String, String)] {
        &self.exports
    }

    pub(crate) fn spotdrill(&self, home: &Home, words: &str) -> Command {
        let mut command = home.spotdrill(&format!("{words} --endpoint-url {}", self.url));
        command.envs(self.exports.iter().cloned());
        command
    }
}

async fn answer(
    lab: Arc<Lab>,
    hostile: Hostile,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (mut parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let target = parts.headers.get("x-amz-target").map(|target| target.to_str().unwrap().to_owned());
    let operation = operation(parts.method.as_str(), parts.uri.path(), target.as_deref(), &body);
    if operation == "StartLiveTail" {
        parts.headers.remove("authorization"); // its stream would never end here: refused, the lines are looked for
    }
    let (mut parts, body) = lab.handle(Request::from_parts(parts, body)).await.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let kind = parts.headers.get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
    parts.headers.remove("content-length");
    let body = hostile.rewrite(&operation, kind.as_deref().unwrap_or_default(), &body);
    Ok(Response::from_parts(parts, Full::new(Bytes::from(body))))
}
