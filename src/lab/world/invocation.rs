//! Invocations of the function: environments cold and warm, its post to Slack with one more try, and what Lambda says of it
//! in the log. Knows neither the words of a message nor who answers the post.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    Happening, World,
    function::Function,
    schedule::later,
    slack::{Answer, Post, is_loopback},
    slack_function::{Notice, line},
};
use crate::lab::wire::{json::set, time::iso_millis};

/// Which build of Python it is; AWS names these by a hash.
const RUNTIME: &str = "c1dc7ef1b2d2e9b4d1d8ff8a8e6f7d1c34a0bde0c1a2b5b8f6fb4e3f9d4c7a61";

/// How long an environment is kept that has nothing to do.
const IDLE_KEPT: SignedDuration = SignedDuration::from_mins(10);

/// How long the function waits for Slack's answer, and at most until it tries again.
const PATIENCE: SignedDuration = SignedDuration::from_secs(5);
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(15);

#[derive(Debug, Default)]
pub(super) struct Invocations {
    environments: Vec<Environment>,
    running: BTreeMap<u64, Invocation>,
    /// Those that somebody waits for, until they are fetched.
    ended: BTreeMap<u64, Ended>,
    count: u64,
}

/// One invocation runs in it at a time; its log stream is its own.
#[derive(Debug)]
struct Environment {
    function: String,
    stream: String,
    /// The end of time while it is busy.
    free_from: Timestamp,
}

#[derive(Debug)]
struct Invocation {
    function: Function,
    request: String,
    stream: String,
    event: Value,
    /// Of the instance that the event is about.
    node_group: Option<String>,
    /// How long its initialisation took, after a cold start.
    init: Option<SignedDuration>,
    started: Timestamp,
    /// How long Slack takes to answer, and how long it is until the log has the lines.
    post: SignedDuration,
    arrives: SignedDuration,
    tries: u32,
    /// Its post has left the lab. It takes this machine's time, which is not counted.
    outside: bool,
    lines: Vec<(Timestamp, String)>,
    outcome: Option<Outcome>,
    waited_for: bool,
}

#[derive(Clone, Debug)]
struct Outcome {
    failed: bool,
    status: &'static str,
    payload: Value,
}

/// What an invocation came to.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::lab) struct Ended {
    /// The function itself failed.
    pub(in crate::lab) failed: bool,
    pub(in crate::lab) payload: Value,
    /// Its log lines.
    pub(in crate::lab) log: String,
}

/// What comes next in an invocation.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Starts,
    Posts,
    /// This try of the post is answered.
    Answered(u32, Answer),
    TimesOut,
    Ends,
}

impl World {
    /// Invokes a function that exists: a cold start where no environment is free. Says which invocation it is; its outcome is
    /// kept if it is `waited_for`.
    pub(in crate::lab) fn invoke(&mut self, name: &str, event: Value, waited_for: bool) -> u64 {
        self.invocations.count = self.invocations.count.saturating_add(1);
        let id = self.invocations.count;
        let Some(function) = self.functions.get(name).cloned() else { return id };
        let now = self.now;
        let fresh = |environment: &Environment| {
            environment.free_from > now || now.duration_since(environment.free_from) < IDLE_KEPT
        };
        self.invocations.environments.retain(fresh);
        let free = |environment: &Environment| environment.function == name && environment.free_from <= now;
        let warm = self.invocations.environments.iter().position(free);
        let init = if warm.is_none() { Some(self.span(180, 420)) } else { None };
        // What the function does besides takes seven milliseconds.
        let post = self.span(83, 253);
        let stream = match warm.and_then(|place| self.invocations.environments.get_mut(place)) {
            Some(environment) => {
                environment.free_from = Timestamp::MAX;
                environment.stream.clone()
            }
            None => self.new_environment(&function),
        };
        let started = later(now, init.unwrap_or_default());
        let invocation = Invocation {
            request: String::new(),
            stream,
            event,
            node_group: None,
            init,
            started,
            post,
            arrives: self.span(40, 160),
            tries: 0,
            outside: false,
            lines: Vec::new(),
            outcome: None,
            waited_for,
            function,
        };
        let request = self.ids.uuid();
        self.invocations.running.insert(id, Invocation { request, ..invocation });
        self.schedule.add(started, Happening::Invocation(id, Step::Starts));
        id
    }

    /// What an invocation came to that was waited for; once.
    pub(in crate::lab) fn take_ended(&mut self, invocation: u64) -> Option<Ended> {
        self.invocations.ended.remove(&invocation)
    }

    /// A post that left the lab has been answered, or given up.
    pub(in crate::lab) fn post_answered(&mut self, post: &Post, answer: Answer) {
        self.step(post.invocation, Step::Answered(post.nth, answer));
    }

    pub(super) fn step(&mut self, id: u64, step: Step) {
        let Some(mut run) = self.invocations.running.remove(&id) else { return };
        let now = self.now;
        let next = match step {
            Step::Starts => {
                let limit = SignedDuration::from_secs(run.function.timeout.into());
                self.schedule(limit, Happening::Invocation(id, Step::TimesOut));
                let runtime = format!("arn:aws:lambda:{}::runtime:{RUNTIME}", self.scenario.region);
                Some(run.starts(&runtime))
            }
            Step::Posts if run.outcome.is_none() => self.post(id, &mut run),
            Step::Answered(nth, answer) if nth == run.tries && run.outcome.is_none() => Some(run.answered(now, answer)),
            Step::TimesOut if run.outcome.is_none() && !run.outside => {
                run.times_out(now);
                Some((SignedDuration::ZERO, Step::Ends))
            }
            Step::Posts | Step::Answered(..) | Step::TimesOut => None,
            Step::Ends => return self.end(id, run),
        };
        if let Some((delay, step)) = next {
            self.schedule(delay, Happening::Invocation(id, step));
        }
        self.invocations.running.insert(id, run);
    }

    fn post(&mut self, id: u64, run: &mut Invocation) -> Option<(SignedDuration, Step)> {
        let Some(mut notice) = Notice::of(&run.event) else {
            return Some(run.finishes(self.now, "WARNING", "event not understood, not posted", None));
        };
        notice.node_group = notice.instance(&run.event).and_then(|id| self.node_group(&run.function, id));
        run.node_group.clone_from(&notice.node_group);
        let payload = notice.payload(&run.function.environment);
        let url = match self.webhook(&run.function) {
            Ok(Some(url)) if url.starts_with("http://") || url.starts_with("https://") => url,
            Ok(Some(_)) => return Some(run.finishes(self.now, "ERROR", "secret holds no URL", None)),
            Ok(None) => return Some(run.finishes(self.now, "INFO", "no webhook configured, not posted", None)),
            Err(code) => return Some(run.finishes(self.now, "ERROR", &format!("secret unreadable, {code}"), None)),
        };
        run.tries = run.tries.saturating_add(1);
        if is_loopback(&url) {
            run.outside = true;
            self.outbox.push(Post { invocation: id, nth: run.tries, url, body: payload.to_string() });
            return None;
        }
        let (answer, latency) = self.post_to_sink(&url, payload, run.post);
        if answer.status.is_none() || latency > PATIENCE {
            return Some((PATIENCE, Step::Answered(run.tries, Answer::none("TimeoutError"))));
        }
        Some((latency, Step::Answered(run.tries, answer)))
    }

    fn new_environment(&mut self, function: &Function) -> String {
        let shared = function.log_group != format!("/aws/lambda/{}", function.name);
        let name = if shared { function.name.as_str() } else { "" };
        let stream = format!("{}{name}[$LATEST]{}", self.now.strftime("%Y/%m/%d/"), self.ids.hex(32));
        let environment =
            Environment { function: function.name.clone(), stream: stream.clone(), free_from: Timestamp::MAX };
        self.invocations.environments.push(environment);
        stream
    }

    /// Lines arrive together once the invocation is over, in the order in which they were written.
    fn end(&mut self, id: u64, mut run: Invocation) {
        run.says_what_it_took(self.now);
        let mut busy = self.invocations.environments.iter_mut();
        if let Some(environment) = busy.find(|environment| environment.stream == run.stream) {
            environment.free_from = self.now;
        }
        if let Some(Outcome { failed, payload, .. }) = run.outcome.filter(|_| run.waited_for) {
            let log = run.lines.iter().map(|(_, line)| line.as_str()).collect();
            self.invocations.ended.insert(id, Ended { failed, payload, log });
        }
        let (group, stream, lines) = (run.function.log_group, run.stream, run.lines);
        self.schedule(run.arrives, Happening::FunctionLogs { group, stream, lines });
    }

    /// Lambda makes the log group if there is none.
    pub(super) fn write_function_log(&mut self, group: &str, stream: &str, lines: Vec<(Timestamp, String)>) {
        self.logs.create(group, self.now);
        for (timestamp, message) in lines {
            self.logs.put(group, stream, timestamp, self.now, message);
        }
    }
}

impl Invocation {
    fn starts(&mut self, runtime: &str) -> (SignedDuration, Step) {
        if let Some(init) = self.init {
            let began = later(self.started, -init);
            let text = format!("INIT_START Runtime Version: python:3.13.v45\tRuntime Version ARN: {runtime}");
            let record = json!({
                "initializationType": "on-demand", "phase": "init",
                "runtimeVersion": "python:3.13.v45", "runtimeVersionArn": runtime,
            });
            self.platform(began, text, Some(("platform.initStart", record)));
        }
        let text = format!("START RequestId: {} Version: $LATEST", self.request);
        let record = json!({ "requestId": self.request, "version": "$LATEST" });
        self.platform(self.started, text, Some(("platform.start", record)));
        (SignedDuration::from_millis(3), Step::Posts)
    }

    fn answered(&mut self, now: Timestamp, answer: Answer) -> (SignedDuration, Step) {
        self.outside = false;
        let wait = answer.retry_after;
        if answer.status == Some(429) && wait <= LONGEST_WAIT && self.tries == 1 {
            return (wait, Step::Posts);
        }
        let said = answer.status.map_or_else(|| "no answer".to_owned(), |status| format!("status {status}"));
        let level = if answer.status == Some(200) { "INFO" } else { "ERROR" };
        self.finishes(now, level, &format!("posted to Slack, {said}"), Some(answer))
    }

    /// Says how it went, and succeeds: of what fails Lambda would try again, and Slack would be told twice.
    fn finishes(
        &mut self,
        now: Timestamp,
        level: &str,
        message: &str,
        answer: Option<Answer>,
    ) -> (SignedDuration, Step) {
        let status = answer.as_ref().and_then(|answer| answer.status);
        let mut outcome = Vec::new();
        if let Some(answer) = answer {
            outcome.extend([("status", json!(status)), ("tries", json!(self.tries))]);
            outcome.extend((status != Some(200)).then(|| ("reason", json!(answer.reason))));
        }
        let mut notice = Notice::of(&self.event);
        if let Some(notice) = &mut notice {
            notice.node_group.clone_from(&self.node_group);
        }
        let said = line(level, message, &self.request, notice.as_ref(), outcome);
        // Lambda leaves a printed line as it is in both formats: JSON is not encoded twice.
        self.lines.push((now, said + "\n"));
        self.outcome = Some(Outcome { failed: false, status: "success", payload: json!({ "status": status }) });
        (SignedDuration::from_millis(4), Step::Ends)
    }

    fn times_out(&mut self, now: Timestamp) {
        let seconds = f64::from(self.function.timeout);
        let text = format!("{} {} Task timed out after {seconds:.2} seconds\n", iso_millis(now), self.request);
        self.platform(now, text, None);
        let message = format!("RequestId: {} Error: Task timed out after {seconds:.2} seconds", self.request);
        let payload = json!({ "errorType": "Sandbox.Timedout", "errorMessage": message });
        self.outcome = Some(Outcome { failed: true, status: "timeout", payload });
    }

    fn says_what_it_took(&mut self, now: Timestamp) {
        let (took, init) = (millis(now.duration_since(self.started)), self.init.map(millis));
        let billed = took.ceil();
        let status = self.outcome.as_ref().map_or("success", |outcome| outcome.status);
        let mut text = format!(
            "REPORT RequestId: {}\tDuration: {took:.2} ms\tBilled Duration: {billed} ms\tMemory Size: {} MB\tMax Memory Used: 47 MB",
            self.request, self.function.memory,
        );
        let mut metrics = json!({
            "durationMs": took, "billedDurationMs": billed,
            "memorySizeMB": self.function.memory, "maxMemoryUsedMB": 47,
        });
        if let Some(init) = init {
            text = format!("{text}\tInit Duration: {init:.2} ms");
            set(&mut metrics, "initDurationMs", json!(init));
        }
        if status != "success" {
            text = format!("{text}\tStatus: {status}");
        }
        self.platform(now, format!("END RequestId: {}", self.request), None);
        let record = json!({ "requestId": self.request, "metrics": metrics, "status": status });
        self.platform(now, text, Some(("platform.report", record)));
    }

    /// A line of the platform's; one that is nothing in the function's log format is left out.
    fn platform(&mut self, at: Timestamp, text: String, json: Option<(&str, Value)>) {
        let line = if self.function.json_logs {
            json.map(|(kind, record)| json!({ "time": iso_millis(at), "type": kind, "record": record }).to_string())
        } else {
            Some(text)
        };
        self.lines.extend(line.map(|line| (at, line + "\n")));
    }
}

fn millis(span: SignedDuration) -> f64 {
    span.as_secs_f64() * 1_000.0
}
