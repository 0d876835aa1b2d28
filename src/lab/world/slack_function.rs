//! The emulated Lambda function that tells Slack of an interruption warning, as far as its log shows it. Knows no Slack.

use jiff::{SignedDuration, Timestamp};

use super::{Happening, Warning, World, schedule::later};
use crate::lab::wire::time::iso_millis;

/// Which build of Python it is; AWS names these by a hash.
const RUNTIME: &str = "c1dc7ef1b2d2e9b4d1d8ff8a8e6f7d1c34a0bde0c1a2b5b8f6fb4e3f9d4c7a61";

/// How long an environment is kept that has nothing to do.
const IDLE_KEPT: SignedDuration = SignedDuration::from_mins(10);

/// The execution environments that the function has had.
#[derive(Debug, Default)]
pub(super) struct Environments(Vec<Environment>);

/// One invocation runs in it at a time; its log stream is its own.
#[derive(Debug)]
struct Environment {
    stream: String,
    free_from: Timestamp,
}

impl World {
    /// The function's log group; empty if there is no function.
    pub(super) fn function_log_group(&self) -> String {
        match self.scenario.events.function.as_str() {
            "" => String::new(),
            name => format!("/aws/lambda/{name}"),
        }
    }

    /// Runs the function: a cold start where no environment is free.
    pub(super) fn invoke_function(&mut self, warning: &Warning) {
        let now = self.now;
        let free = |environment: &Environment| {
            environment.free_from <= now && now.duration_since(environment.free_from) < IDLE_KEPT
        };
        let warm = self.environments.0.iter().position(free);
        let init = if warm.is_none() { self.span(180, 420) } else { SignedDuration::ZERO };
        let duration = self.span(90, 260);
        let started = later(now, init);
        let ended = later(started, duration);
        let stream = match warm.and_then(|place| self.environments.0.get_mut(place)) {
            Some(environment) => {
                environment.free_from = ended;
                environment.stream.clone()
            }
            None => self.new_environment(ended),
        };
        // Lines arrive together once the invocation is over, in the order in which they were written.
        let arrives = later(ended, self.span(40, 160));
        for (timestamp, message) in self.lines(warning, warm.is_none(), started, ended) {
            let line = Happening::FunctionLogs { stream: stream.clone(), timestamp, message };
            self.schedule.add(arrives, line);
        }
    }

    pub(super) fn write_function_log(&mut self, stream: &str, timestamp: Timestamp, message: String) {
        self.logs.put(&self.function_log_group(), stream, timestamp, self.now, message);
    }

    fn new_environment(&mut self, free_from: Timestamp) -> String {
        let stream = format!("{}[$LATEST]{}", self.now.strftime("%Y/%m/%d/"), self.ids.hex(32));
        self.environments.0.push(Environment { stream: stream.clone(), free_from });
        stream
    }

    fn lines(
        &mut self,
        warning: &Warning,
        cold: bool,
        started: Timestamp,
        ended: Timestamp,
    ) -> Vec<(Timestamp, String)> {
        let request = self.ids.uuid();
        let said = later(started, SignedDuration::from_millis(3));
        let posted = later(ended, SignedDuration::from_millis(-4)).max(said);
        let info = |at: Timestamp, text: &str| (at, format!("[INFO]\t{}\t{request}\t{text}\n", iso_millis(at)));
        let Warning { detail_type, instance, action } = warning;
        let mut lines = Vec::new();
        let mut report = String::new();
        if cold {
            let arn = format!("arn:aws:lambda:{}::runtime:{RUNTIME}", self.scenario.region);
            let text = format!("INIT_START Runtime Version: python:3.13.v45\tRuntime Version ARN: {arn}\n");
            lines.push((self.now, text));
            report = format!("\tInit Duration: {:.2} ms", millis(started.duration_since(self.now)));
        }
        lines.push((started, format!("START RequestId: {request} Version: $LATEST\n")));
        lines.push(info(said, &format!("{detail_type}, resource: {instance}, action: *{action}*")));
        lines.push(info(posted, "posted to Slack, status 200"));
        lines.push((ended, format!("END RequestId: {request}\n")));
        let took = millis(ended.duration_since(started));
        let billed = took.ceil();
        let figures = format!(
            "Duration: {took:.2} ms\tBilled Duration: {billed} ms\tMemory Size: 128 MB\tMax Memory Used: 47 MB"
        );
        lines.push((ended, format!("REPORT RequestId: {request}\t{figures}{report}\n")));
        lines
    }

    fn span(&mut self, low: i64, high: i64) -> SignedDuration {
        self.ids.between(SignedDuration::from_millis(low), SignedDuration::from_millis(high))
    }
}

fn millis(span: SignedDuration) -> f64 {
    span.as_secs_f64() * 1_000.0
}
