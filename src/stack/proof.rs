//! Whether the chain from an event to Slack holds, hop by hop: a fold of what was read in the logs. Knows the lines of our own
//! function and of EventBridge, and not how they are read.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::names::Names;
use crate::text::SafeText;

/// The source of the synthetic event, on which the rules match.
pub const SOURCE: &str = "spotdrill.selftest";
pub const DETAIL_TYPE: &str = "spotdrill self-test";

/// One part of the way, in the order of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hop {
    /// EventBridge took the event.
    Sent,
    /// The rule matched it and wrote it to the log group.
    Matched,
    /// The Lambda was invoked with it.
    Invoked,
    /// The Lambda could read its secret.
    Secret,
    /// Slack answered.
    Slack,
}

impl Hop {
    pub const ALL: [Self; 5] = [Self::Sent, Self::Matched, Self::Invoked, Self::Secret, Self::Slack];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sent => "event sent",
            Self::Matched => "rule matched",
            Self::Invoked => "Lambda invoked",
            Self::Secret => "secret readable",
            Self::Slack => "Slack answered",
        }
    }
}

/// How a hop stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing was seen of it yet.
    Awaited,
    /// Seen, so long after the event was sent.
    Passed {
        after: SignedDuration,
        says: SafeText,
    },
    Failed {
        why: SafeText,
        next: SafeText,
    },
    /// It is not part of this way, or the way ended before it.
    Left {
        why: SafeText,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub event: SafeText,
    sent: Timestamp,
    names: Names,
    hops: [Standing; 5],
    /// The id of the invocation, once the function's line told it.
    request: Option<String>,
    starts: Vec<(Timestamp, String)>,
    /// Why the log that shows the hop could not be read at the last look.
    unread: Vec<(Hop, SafeText)>,
}

/// What is read of the function's line.
#[derive(Deserialize)]
struct Line {
    message: String,
    #[serde(default)]
    request: Option<String>,
    event: Option<String>,
    status: Option<u16>,
    reason: Option<String>,
    tries: Option<u32>,
}

/// Of an event as EventBridge writes it.
#[derive(Deserialize)]
struct Written {
    id: String,
}

impl Proof {
    /// The event was taken by EventBridge at that time, and got this id.
    pub fn begun(event: &str, sent: Timestamp, answered: Timestamp, names: Names) -> Self {
        let taken =
            Standing::Passed { after: answered.duration_since(sent), says: SafeText::new(format!("event {event}")) };
        let waits = || Standing::Awaited;
        Self {
            event: SafeText::new(event),
            sent,
            names,
            hops: [taken, waits(), waits(), waits(), waits()],
            request: None,
            starts: Vec::new(),
            unread: Vec::new(),
        }
    }

    pub fn hops(&self) -> impl Iterator<Item = (Hop, &Standing)> {
        Hop::ALL.into_iter().zip(&self.hops)
    }

    /// Whether every hop has an answer.
    pub fn is_over(&self) -> bool {
        self.hops.iter().all(|standing| *standing != Standing::Awaited)
    }

    pub fn holds(&self) -> bool {
        self.is_over() && !self.hops.iter().any(|standing| matches!(standing, Standing::Failed { .. }))
    }

    fn awaits(&self, hop: Hop) -> bool {
        self.hops().any(|(other, standing)| other == hop && *standing == Standing::Awaited)
    }

    fn set(&mut self, hop: Hop, standing: Standing) {
        if let Some((_, old)) = Hop::ALL.into_iter().zip(&mut self.hops).find(|(other, _)| *other == hop) {
            *old = standing;
        }
    }

    fn passed(&mut self, hop: Hop, at: Timestamp, says: impl AsRef<str>) {
        let after = at.duration_since(self.sent).max(SignedDuration::ZERO);
        self.set(hop, Standing::Passed { after, says: SafeText::new(says) });
    }

    fn failed(&mut self, hop: Hop, why: impl AsRef<str>, next: impl AsRef<str>) {
        self.set(hop, Standing::Failed { why: SafeText::new(why), next: SafeText::new(next) });
    }

    /// Leaves out every hop that is still awaited.
    fn leave_the_rest(&mut self, why: &str) {
        for hop in Hop::ALL {
            if self.awaits(hop) {
                self.set(hop, Standing::Left { why: SafeText::new(why) });
            }
        }
    }

    /// A line of the log group that the rule writes events to; `arrived` is when the log had it, for its own time has whole
    /// seconds.
    pub fn line_of_events(&mut self, arrived: Timestamp, message: &str) {
        let is_it = serde_json::from_str(message).is_ok_and(|written: Written| written.id == self.event.as_str());
        if is_it && self.awaits(Hop::Matched) {
            let says = format!("{} wrote it to {}", self.names.event_rule(), self.names.event_log_group());
            self.passed(Hop::Matched, arrived, says);
        }
    }

    /// A line of the function's log.
    pub fn line_of_function(&mut self, at: Timestamp, message: &str) {
        if let Some(rest) = message.strip_prefix("START RequestId: ") {
            let request = rest.split_whitespace().next().unwrap_or_default().to_owned();
            self.starts.push((at, request));
        }
        if let Ok(line) = serde_json::from_str::<Line>(message) {
            if line.event.as_deref() == Some(self.event.as_str()) {
                self.told(at, &line);
            }
        } else if is_a_crash(message) && self.awaits(Hop::Invoked) && at >= self.sent {
            let group = self.names.function_log_group();
            let next = format!("Read {group}; teardown and setup make the function anew");
            self.failed(Hop::Invoked, format!("the Lambda failed: {message}"), next);
            self.leave_the_rest("the Lambda failed before it");
        }
        self.note_start();
    }

    /// The invocation began when its START line says so, which may be read before or after the function's own.
    fn note_start(&mut self) {
        let Some(request) = self.request.clone() else { return };
        if let Some((at, _)) = self.starts.iter().find(|(_, other)| *other == request) {
            self.passed(Hop::Invoked, *at, format!("{} was invoked, request {request}", self.names.function));
            self.request = None;
        }
    }

    fn told(&mut self, at: Timestamp, line: &Line) {
        if !self.awaits(Hop::Secret) {
            return; // the same line, read once more
        }
        self.request.clone_from(&line.request);
        let request = line.request.as_deref().unwrap_or("unknown");
        self.passed(Hop::Invoked, at, format!("{} was invoked, request {request}", self.names.function));
        let secret = self.names.secret.clone().unwrap_or_default();
        let anew = "Store the webhook anew: `spotdrill setup --slack-webhook-file FILE`";
        match line.message.as_str() {
            "no webhook configured, not posted" => self.leave_the_rest("the stack was set up without Slack"),
            said if said.starts_with("secret unreadable") => {
                let next = "`spotdrill doctor` says whether the secret is there and the Lambda's role may read it";
                self.failed(Hop::Secret, format!("{said} ({secret})"), next);
                self.leave_the_rest("the secret could not be read");
            }
            "secret holds no URL" => {
                self.failed(Hop::Secret, format!("{secret} holds no URL"), anew);
                self.leave_the_rest("there was no URL to post to");
            }
            said if said.starts_with("posted to Slack") => {
                self.passed(Hop::Secret, at, format!("{secret} was read"));
                self.slack_said(at, line, anew);
            }
            said => {
                let next = format!("Read {}", self.names.function_log_group());
                self.failed(Hop::Secret, format!("the Lambda says: {said}"), next);
                self.leave_the_rest("the Lambda did not come to it");
            }
        }
    }

    fn slack_said(&mut self, at: Timestamp, line: &Line, anew: &str) {
        let tries =
            line.tries.filter(|tries| *tries > 1).map(|tries| format!(", tried {tries} times")).unwrap_or_default();
        match (line.status, line.reason.as_deref()) {
            (Some(200), _) => self.passed(Hop::Slack, at, format!("status 200{tries}")),
            (Some(status @ 429), _) => {
                self.failed(
                    Hop::Slack,
                    format!("Slack refused: status {status}, too many messages{tries}"),
                    "Wait a minute and prove it again",
                );
            }
            (Some(status), reason) => {
                let reason = reason.map(|reason| format!(", {reason}")).unwrap_or_default();
                let next = if status >= 500 { "Slack has trouble: prove it again later" } else { anew };
                self.failed(Hop::Slack, format!("Slack refused: status {status}{reason}{tries}"), next);
            }
            (None, reason) => {
                let reason = reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
                let next =
                    "Prove it again; if it stays so, the Lambda has no way out to the internet (a VPC without NAT?)";
                self.failed(Hop::Slack, format!("Slack gave no answer{reason}{tries}"), next);
            }
        }
    }

    /// A log group cannot be read: what it would have shown will not be seen.
    pub fn unreadable(&mut self, hop: Hop, why: &str) {
        if self.awaits(hop) {
            self.failed(hop, why, "Mend that, or run `spotdrill doctor`");
        }
    }

    /// The log that shows the hop was read, or could not be for now.
    pub fn log_was(&mut self, hop: Hop, unread: Option<SafeText>) {
        self.unread.retain(|(other, _)| *other != hop);
        self.unread.extend(unread.map(|why| (hop, why)));
    }

    /// Nobody waits any longer: what was not seen has failed, the first of it in its own words.
    pub fn time_is_up(&mut self, waited: SignedDuration) {
        let waited = format!("within {} s", waited.as_secs());
        for (hop, why) in std::mem::take(&mut self.unread) {
            self.unreadable(hop, &format!("its log could not be read {waited}: {why}"));
        }
        if self.awaits(Hop::Matched) {
            let (rule, group) = (self.names.event_rule(), self.names.event_log_group());
            self.failed(
                Hop::Matched,
                format!("the rule did not match: {waited} {rule} wrote nothing of it to {group}"),
                "`spotdrill doctor` says whether the rule is enabled, matches, and may write; teardown and setup make it anew",
            );
        }
        if self.awaits(Hop::Invoked) {
            let Names { rule, function, .. } = &self.names;
            let why = format!("the rule did not match: {waited} {rule} did not invoke {function}");
            let next = "`spotdrill doctor` says whether the rule is enabled, matches, and may invoke; teardown and setup make it anew";
            self.failed(Hop::Invoked, why, next);
        }
        self.leave_the_rest("the Lambda was not seen to be invoked");
    }
}

/// Lines that Lambda writes of a function that did not come to its own.
fn is_a_crash(message: &str) -> bool {
    let parts = ["Task timed out", "[ERROR]", "Runtime.", "Status: error", "Status: timeout"];
    // an initialisation that fails or takes over ten seconds is made anew with the invocation, which says how that went
    !message.starts_with("INIT_REPORT") && parts.iter().any(|part| message.contains(part))
}

#[cfg(test)]
mod tests;
