//! An AWS region in a box: unmodified AWS clients talk to it over the real wire protocols, in process or over loopback.
//! Knows only the clock: it meets the rest of the program as HTTP bytes, so that it can contradict us.

pub mod faults;
pub mod in_process;
pub mod promises;
pub mod scenario;
pub mod server;
pub mod throttle;

mod autoscaling;
mod breaking;
mod cloudformation;
mod cloudwatch;
mod credentials;
mod ec2;
mod eks;
mod eventbridge;
mod fis;
mod iam;
mod lambda;
mod live_tail;
mod logs;
mod refusal;
mod secretsmanager;
mod service;
mod servicequotas;
mod ssm;
mod sts;
mod wire;
mod world;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};

use crate::clock::Clock;
use credentials::Credentials;
use faults::{Faults, Met};
use scenario::Scenario;
use service::{Payload, Raw, Reply};
use wire::time::{imf_fixdate, iso_millis};
use world::World;

/// The body of an answer: whole, or a stream that goes on for as long as it is read.
pub type Body = BoxBody<Bytes, std::io::Error>;

/// A running lab.
#[derive(Debug)]
pub struct Lab {
    clock: Clock,
    credentials: Credentials,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    world: World,
    faults: Faults,
    /// Ids of requests come from a chance of their own, so that looking does not change history.
    requests: fastrand::Rng,
}

impl Lab {
    /// A lab set up as the scenario says, at the clock's time. The same scenario and seed give the same region, and the
    /// same calls at the same times the same history.
    pub fn open(scenario: Scenario, clock: Clock, seed: u64) -> Arc<Self> {
        let faults =
            Faults::new(scenario.faults.clone(), scenario.throttles.clone(), clock.now(), seed.rotate_left(32));
        let world = World::open(scenario, clock.now(), seed);
        let state = State { world, faults, requests: fastrand::Rng::with_seed(!seed) };
        Arc::new(Self { clock, credentials: Credentials::random(), state: Mutex::new(state) })
    }

    /// The one access key id that it accepts; another one in each run.
    pub fn access_key(&self) -> &str {
        &self.credentials.access_key
    }

    /// The secret access key that belongs to it.
    pub fn secret(&self) -> &str {
        &self.credentials.secret
    }

    /// The region that it plays.
    pub fn region(&self) -> String {
        self.state().world.scenario.region.clone()
    }

    /// Answers a request as AWS would, at the clock's time.
    pub async fn handle(self: &Arc<Self>, request: Request<Bytes>) -> Response<Body> {
        let (reply, met) = self.answer(&request);
        if !met.delay.is_zero() {
            self.clock.sleep(met.delay.unsigned_abs()).await;
        }
        let answer = self.respond(reply);
        match met.connection {
            Some(kind) => breaking::broken(answer, kind).await,
            None => answer,
        }
    }

    fn answer(&self, request: &Request<Bytes>) -> (Reply, Met) {
        let mut state = self.state();
        let State { world, faults, requests } = &mut *state;
        world.advance(self.clock.now());
        let request_id = request_id(requests);
        service::answer(world, faults, &self.credentials.access_key, &request_id, request)
    }

    fn respond(self: &Arc<Self>, reply: Reply) -> Response<Body> {
        let body = match reply.payload {
            Payload::Whole(bytes) | Payload::Raw(Raw { body: bytes, .. }) => {
                Full::new(bytes).map_err(|never| match never {}).boxed()
            }
            Payload::LiveTail(session) => BodyExt::boxed(StreamBody::new(live_tail::frames(Arc::clone(self), session))),
        };
        let mut response = Response::new(body);
        *response.status_mut() = reply.status;
        let now = self.clock.now();
        let headers = [
            (header::CONTENT_TYPE, reply.content_type.to_owned()),
            (header::DATE, imf_fixdate(now)),
            (HeaderName::from_static("x-amzn-requestid"), reply.request_id),
            (HeaderName::from_static("x-spotdrill-lab-rate"), self.clock.rate().to_string()),
            (HeaderName::from_static("x-spotdrill-lab-time"), iso_millis(now)),
        ];
        let own = reply.headers.into_iter().map(|(name, value)| (HeaderName::from_static(name), value));
        for (name, value) in headers.into_iter().chain(own) {
            if let Ok(value) = HeaderValue::try_from(value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn request_id(chance: &mut fastrand::Rng) -> String {
    let digits = format!("{:032x}", chance.u128(..));
    let (parts, last) = digits.split_at(20);
    let (first, rest) = parts.split_at(8);
    let (second, rest) = rest.split_at(4);
    let (third, fourth) = rest.split_at(4);
    [first, second, third, fourth, last].join("-")
}
