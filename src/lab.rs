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
mod imds;
mod lambda;
mod live_tail;
mod logs;
mod policy;
mod refusal;
mod routing;
mod secretsmanager;
mod service;
mod servicequotas;
mod slack;
mod ssm;
mod sts;
mod wildcard;
mod wire;
mod world;

use std::{
    convert::Infallible,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream::FuturesUnordered};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::clock::Clock;
use credentials::Credentials;
use faults::{Faults, Met};
use scenario::Scenario;
use service::{Payload, Raw, Reply};
use wire::time::{imf_fixdate, iso_millis};
use world::{World, invocation::Ended};

/// The body of an answer: whole, or a stream that goes on for as long as it is read.
pub type Body = BoxBody<Bytes, std::io::Error>;

/// A running lab.
#[derive(Debug)]
pub struct Lab {
    clock: Clock,
    credentials: Credentials,
    state: Mutex<State>,
    /// Something is due earlier than the driver knew, or a post is to leave.
    woken: Notify,
    /// Something happened that a waiting call may have waited for.
    moved: Notify,
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
        Arc::new(Self {
            clock,
            credentials: Credentials::random(),
            state: Mutex::new(state),
            woken: Notify::new(),
            moved: Notify::new(),
        })
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
        if let Some(payload) = self.own(&request) {
            return self.respond(payload);
        }
        let (mut reply, met) = self.answer(&request);
        if let Payload::Invocation(invocation, wants_tail) = reply.payload {
            let raw = lambda::answer(&self.ended(invocation).await, wants_tail);
            reply.headers.clone_from(&raw.headers);
            reply.payload = Payload::Raw(raw);
        }
        if !met.delay.is_zero() {
            self.clock.sleep(met.delay.unsigned_abs()).await;
        }
        let answer = self.respond(reply);
        match met.connection {
            Some(kind) => breaking::broken(answer, kind).await,
            None => answer,
        }
    }

    /// Lets happen what is due, when it is due, and carries posts to this machine's URLs. Sleeps while nothing is due.
    pub async fn drive(&self) -> Infallible {
        let mut posts = FuturesUnordered::new();
        loop {
            let due = self.proceed(|world| {
                posts.extend(world.take_posts().into_iter().map(slack::carry));
                world.next_due()
            });
            tokio::select! {
                () = self.woken.notified() => {}
                () = self.until(due) => {}
                Some((post, answer)) = posts.next(), if !posts.is_empty() => {
                    self.proceed(|world| world.post_answered(&post, answer));
                }
            }
        }
    }

    /// What an invocation comes to. It goes on without a driver, but for posts that leave the lab.
    async fn ended(&self, invocation: u64) -> Ended {
        loop {
            let moved = self.moved.notified();
            let (ended, due) = self.proceed(|world| (world.take_ended(invocation), world.next_due()));
            if let Some(ended) = ended {
                return ended;
            }
            tokio::select! {
                () = moved => {}
                () = self.until(due) => {}
            }
        }
    }

    async fn until(&self, due: Option<Timestamp>) {
        match due {
            Some(due) => {
                let left = due.duration_since(self.clock.now()).max(SignedDuration::ZERO);
                self.clock.sleep(left.unsigned_abs()).await;
            }
            None => pending().await,
        }
    }

    /// The world at the clock's time; those who wait look again if anything happened.
    fn proceed<T>(&self, act: impl FnOnce(&mut World) -> T) -> T {
        let mut state = self.state();
        let due = state.world.next_due();
        state.world.advance(self.clock.now());
        let result = act(&mut state.world);
        if state.world.next_due() != due {
            self.moved.notify_waiters();
        }
        result
    }

    /// What is answered besides AWS's API, without a signature: an instance's metadata, and what Slack was sent.
    fn own(&self, request: &Request<Bytes>) -> Option<Reply> {
        let path = request.uri().path();
        let slack = request.method() == Method::GET && path == slack::PATH;
        if !slack && !path.starts_with(imds::PREFIX) {
            return None;
        }
        let (raw, content_type) = if slack {
            let body = Bytes::from(self.proceed(|world| slack::messages(world)).to_string());
            (Raw { status: StatusCode::OK, headers: Vec::new(), body }, "application/json")
        } else {
            (self.proceed(|world| imds::answer(world, request))?, "text/plain")
        };
        let request_id = request_id(&mut self.state().requests);
        let (status, headers) = (raw.status, raw.headers.clone());
        Some(Reply { status, content_type, request_id, headers, payload: Payload::Raw(raw) })
    }

    fn answer(&self, request: &Request<Bytes>) -> (Reply, Met) {
        let mut state = self.state();
        let State { world, faults, requests } = &mut *state;
        let due = world.next_due();
        world.advance(self.clock.now());
        let request_id = request_id(requests);
        let answer = routing::answer(world, faults, &self.credentials.access_key, &request_id, request);
        if world.next_due() != due {
            self.woken.notify_one();
        }
        answer
    }

    fn respond(self: &Arc<Self>, reply: Reply) -> Response<Body> {
        let body = match reply.payload {
            Payload::Whole(bytes) | Payload::Raw(Raw { body: bytes, .. }) => {
                Full::new(bytes).map_err(|never| match never {}).boxed()
            }
            // Its outcome takes its place before.
            Payload::Invocation(..) => Full::default().map_err(|never| match never {}).boxed(),
            Payload::LiveTail(session) => {
                BodyExt::boxed(StreamBody::new(live_tail::frames(Arc::clone(self), *session)))
            }
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
