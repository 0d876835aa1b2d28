//! What is between a program and AWS: each call fares as the schedule's chance has it, and the program may be lost at one.
//! What is on its way arrives though nobody waits for it any more. Knows no drill.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    future::pending,
    io,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use fastrand::Rng;
use futures_util::stream;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use jiff::Timestamp;
use serde_json::Value;
use spotdrill::{
    clock::Clock,
    lab::{Lab, in_process},
    run::crew::spawn,
};
use tokio::sync::{Notify, oneshot};

use super::{
    call::Call,
    fate::{Fate, Kind},
    schedule::{Manner, Schedule, Weather, When},
};

/// An answer that is older is none of AWS's any more: what is not there is looked for over ten seconds.
const STALE: f64 = 9.0;
/// FIS forgets a token, as far as one may rely on it.
const FORGOTTEN: f64 = 600.0;

/// An hour at forty a minute would be a sixth of it.
const MOST_CALLS: usize = 15_000;

#[derive(Clone)]
pub(super) struct Network(Arc<Shared>);

struct Shared {
    inner: SharedHttpClient,
    clock: Clock,
    opened: Timestamp,
    weather: Weather,
    state: Mutex<State>,
    too_many: Notify,
}

struct State {
    chance: Rng,
    /// When something was asked for that changes the account, since the beginning.
    changes: Vec<Duration>,
    seen: Seen,
    earlier: HashMap<String, Vec<(Timestamp, Answer)>>,
    tokens: HashMap<String, Timestamp>,
    wrong: Vec<String>,
}

/// What came by.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) calls: usize,
    pub(super) faults: BTreeMap<Kind, usize>,
    /// How many met the end of their program.
    pub(super) struck: usize,
    /// In words.
    pub(super) told: Vec<String>,
}

/// An answer that may be given again.
#[derive(Clone, Debug)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
}

impl Network {
    pub(super) fn of(lab: &Arc<Lab>, clock: &Clock, schedule: &Schedule) -> Self {
        let state = State {
            chance: Rng::with_seed(!schedule.seed),
            changes: Vec::new(),
            seen: Seen::default(),
            earlier: HashMap::new(),
            tokens: HashMap::new(),
            wrong: Vec::new(),
        };
        Self(Arc::new(Shared {
            inner: in_process::client(lab),
            clock: clock.clone(),
            opened: clock.now(),
            weather: schedule.weather.clone(),
            state: Mutex::new(state),
            too_many: Notify::new(),
        }))
    }

    /// The connections of one program, which is lost then.
    pub(super) fn line(&self, when: Option<When>, may_start: bool) -> Line {
        Line { network: self.clone(), end: Arc::new(End { when, ..End::default() }), may_start }
    }

    /// Returns when there were more calls than any drill has.
    pub(super) async fn too_many(&self) {
        self.0.too_many.notified().await;
    }

    /// What no program may ask for, and one did.
    pub(super) fn wrong(&self) -> Vec<String> {
        self.state().wrong.clone()
    }

    pub(super) fn seen(&self) -> Seen {
        self.state().seen.clone()
    }

    /// A line for whoever looks what became of a seed.
    pub(super) fn tell(&self, what: impl fmt::Display) {
        let at = self.0.clock.now().duration_since(self.0.opened).as_secs_f64();
        self.state().seen.told.push(format!("{at:10.3} {what}"));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    fn fate(&self, call: &Call) -> Fate {
        let at = self.0.clock.now().duration_since(self.0.opened).unsigned_abs();
        let weather = &self.0.weather;
        let mut state = self.state();
        state.seen.calls += 1;
        if state.seen.calls == MOST_CALLS {
            self.0.too_many.notify_one();
        }
        if call.changes {
            state.changes.push(at);
        }
        let weighs = call.changes || call.lists().is_some();
        if state.changes.is_empty() && !weather.early {
            return Fate::Fine;
        }
        let (share, black) = weather.share(at, &state.changes, &call.service, weighs);
        if state.chance.f64() >= share { Fate::Fine } else { Fate::of(&mut state.chance, call, black) }
    }

    fn count(&self, kind: Kind) {
        *self.state().seen.faults.entry(kind).or_default() += 1;
    }

    /// Carries a call to AWS and its answer back, whoever still waits for it.
    async fn carry(self, call: Call, request: HttpRequest, to: SharedHttpConnector, fate: Fate, told: Telling) {
        if let Some(kind) = fate.kind() {
            self.tell(format_args!("{} {fate:?}", call.name));
            if !matches!(kind, Kind::Stale | Kind::Lagging) {
                self.count(kind);
            }
        }
        let request = self.with_a_token_that_is_known(&call, request);
        let sleep = |time| self.0.clock.sleep(time);
        let answer = match fate {
            Fate::Fine => self.ask(&call, request, &to).await,
            Fate::LateRequest(time) => {
                sleep(time).await;
                self.ask(&call, request, &to).await
            }
            Fate::LateAnswer(time) => {
                let answer = self.ask(&call, request, &to).await;
                sleep(time).await;
                answer
            }
            Fate::Lost { resets } => self.broken(resets).await,
            Fate::ReplyLost { resets } => {
                let _ = self.ask(&call, request, &to).await;
                self.broken(resets).await
            }
            Fate::Twice { after, second } => {
                let again = request.try_clone().unwrap();
                let first = self.ask(&call, request, &to).await;
                if second {
                    sleep(after).await;
                    self.ask(&call, again, &to).await
                } else {
                    let _ = told.send(first); // whoever asked may be gone
                    sleep(after).await;
                    let _ = self.ask(&call, again, &to).await;
                    return;
                }
            }
            Fate::Throttled => Ok(call.throttled()),
            Fate::Failed { done } => {
                if done {
                    let _ = self.ask(&call, request, &to).await;
                }
                Ok(call.failed())
            }
            Fate::Half => self.ask(&call, request, &to).await.map(half),
            Fate::Stale => match self.earlier(&call) {
                Some(answer) => {
                    self.count(Kind::Stale);
                    Ok(answer.response())
                }
                None => self.ask(&call, request, &to).await,
            },
            Fate::Lagging => self.ask(&call, request, &to).await.map(|answer| self.without_the_newest(&call, answer)),
        };
        let _ = told.send(answer); // whoever asked may be gone
    }

    async fn broken(&self, resets: bool) -> Told {
        if !resets {
            return pending().await; // a black hole: whoever asked gives up by itself
        }
        Err(ConnectorError::io(io::Error::from(io::ErrorKind::ConnectionReset).into()))
    }

    async fn ask(&self, call: &Call, request: HttpRequest, to: &SharedHttpConnector) -> Told {
        let mut answer = to.call(request).await?;
        for of_the_lab in ["x-spotdrill-lab-rate", "x-spotdrill-lab-time"] {
            answer.headers_mut().remove(of_the_lab);
        }
        if call.streams {
            return Ok(answer);
        }
        let body = answer.take_body().collect().await.map_err(ConnectorError::io)?.to_bytes();
        let headers = answer.headers().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let kept = Answer { status: answer.status().as_u16(), headers, body };
        if call.changes {
            self.tell(format_args!("{}: {}", call.name, kept.status));
        } else {
            let now = self.0.clock.now();
            self.state().earlier.entry(call.asks.clone()).or_default().push((now, kept.clone()));
        }
        Ok(kept.response())
    }

    /// The oldest answer to the same question that AWS may still give.
    fn earlier(&self, call: &Call) -> Option<Answer> {
        let now = self.0.clock.now();
        let state = self.state();
        let young = |(at, _): &&(Timestamp, Answer)| now.duration_since(*at).as_secs_f64() <= STALE;
        state.earlier.get(&call.asks)?.iter().find(young).map(|(_, answer)| answer.clone())
    }

    /// A list as it may be while what was just made is not known everywhere.
    fn without_the_newest(&self, call: &Call, mut answer: HttpResponse) -> HttpResponse {
        let body = answer.body().bytes().unwrap_or_default().to_vec();
        let parsed = serde_json::from_slice::<Value>(&body);
        let (Some(name), Ok(mut listed)) = (call.lists(), parsed) else { return answer };
        let now = self.0.clock.now().as_millisecond() as f64 / 1000.0;
        let Some(items) = listed.get_mut(name).and_then(Value::as_array_mut) else { return answer };
        let all = items.len();
        items.retain(|item| item["creationTime"].as_f64().is_none_or(|made| now - made > STALE));
        if items.len() < all {
            self.count(Kind::Lagging);
            *answer.body_mut() = SdkBody::from(listed.to_string());
            answer.headers_mut().remove("content-length");
        }
        answer
    }

    /// The lab knows a token for ever, which nobody may rely on.
    fn with_a_token_that_is_known(&self, call: &Call, mut request: HttpRequest) -> HttpRequest {
        let body = request.body().bytes().unwrap_or_default();
        let Ok(mut given) = serde_json::from_slice::<Value>(body) else { return request };
        let Some(token) = given.get("clientToken").and_then(Value::as_str).map(str::to_owned) else { return request };
        let now = self.0.clock.now();
        let first = *self.state().tokens.entry(token.clone()).or_insert(now);
        if now.duration_since(first).as_secs_f64() > FORGOTTEN {
            self.tell(format_args!("{}: its token is forgotten", call.name));
            given["clientToken"] = Value::from(format!("{token}-new"));
            *request.body_mut() = SdkBody::from(given.to_string());
            request.headers_mut().remove("content-length");
        }
        request
    }
}

type Told = Result<HttpResponse, ConnectorError>;
type Telling = oneshot::Sender<Told>;

impl Answer {
    fn response(&self) -> HttpResponse {
        let mut response = HttpResponse::new(self.status.try_into().unwrap(), SdkBody::from(self.body.clone()));
        for (name, value) in self.headers.iter().filter(|(name, _)| name != "content-length") {
            response.headers_mut().insert(name.clone(), value.clone());
        }
        response
    }
}

/// Half of it comes, then the connection ends.
fn half(mut answer: HttpResponse) -> HttpResponse {
    let body = answer.body().bytes().unwrap_or_default();
    let half = Frame::data(Bytes::copy_from_slice(&body[..body.len() / 2]));
    let frames = [Ok(half), Err(io::Error::from(io::ErrorKind::UnexpectedEof))];
    *answer.body_mut() = SdkBody::from_body_1_x(StreamBody::new(stream::iter(frames)));
    answer
}

/// The connections of one program.
#[derive(Clone)]
pub(super) struct Line {
    network: Network,
    end: Arc<End>,
    may_start: bool,
}

#[derive(Default)]
struct End {
    when: Option<When>,
    calls: AtomicUsize,
    changes: AtomicUsize,
    is_lost: AtomicBool,
    lost: Notify,
}

impl Line {
    pub(super) fn client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// From here on nothing of this program leaves the machine, and nothing arrives there.
    pub(super) fn cut(&self) {
        self.end.is_lost.store(true, Ordering::Relaxed);
        self.end.lost.notify_one();
    }

    /// Returns when the program is lost.
    pub(super) async fn lost(&self) {
        match self.end.when {
            Some(When::After(time)) => {
                self.network.0.clock.sleep(time).await;
                self.cut();
            }
            _ => self.end.lost.notified().await,
        }
    }

    /// Counts a call; whether the program is lost at it, and how.
    fn strikes(&self, call: &Call) -> Option<Manner> {
        let calls = self.end.calls.fetch_add(1, Ordering::Relaxed) + 1;
        let changes = self.end.changes.fetch_add(usize::from(call.changes), Ordering::Relaxed) + 1;
        match self.end.when? {
            When::Call(number, manner) if number == calls => Some(manner),
            When::Change(number, manner) if number == changes && call.changes => Some(manner),
            _ => None,
        }
    }

    fn is_lost(&self) -> bool {
        self.end.is_lost.load(Ordering::Relaxed)
    }

    async fn exchange(self, request: HttpRequest, to: SharedHttpConnector) -> Told {
        if self.is_lost() {
            return pending().await;
        }
        let call = Call::of(&request);
        let fate = self.network.fate(&call);
        let manner = self.strikes(&call);
        if call.starts() && !self.may_start {
            self.network.state().wrong.push(String::from("who only came back started it"));
        }
        let fate = match manner {
            None => fate,
            Some(Manner::OnItsWay(time)) => Fate::LateRequest(time),
            Some(Manner::Unsent | Manner::Unanswered) => Fate::Fine,
        };
        if let Some(manner) = manner {
            self.network.tell(format_args!("lost at {}: {manner:?}", call.name));
            self.network.state().seen.struck += 1;
        }
        if manner == Some(Manner::Unsent) {
            self.cut();
            return pending().await;
        }
        let (told, answer) = oneshot::channel();
        spawn(self.network.clone().carry(call, request, to, fate, told));
        if let Some(Manner::OnItsWay(_)) = manner {
            self.cut();
        }
        let answer = answer.await;
        if manner.is_some() {
            self.cut();
        }
        match answer {
            Ok(answer) if !self.is_lost() => answer,
            _ => pending().await,
        }
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Line")
    }
}

impl HttpClient for Line {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let to = self.network.0.inner.http_connector(settings, components);
        SharedHttpConnector::new(Connected { line: self.clone(), to })
    }
}

#[derive(Debug)]
struct Connected {
    line: Line,
    to: SharedHttpConnector,
}

impl HttpConnector for Connected {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.line.clone().exchange(request, self.to.clone()))
    }
}
