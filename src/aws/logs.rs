//! A log group followed from a moment on: live where Live Tail works, by overlapping looks where it does not. Knows
//! CloudWatch Logs; what the lines mean is told by others.

use std::{
    collections::HashSet,
    hash::{DefaultHasher, Hash, Hasher},
    time::Duration,
};

use aws_sdk_cloudwatchlogs::{
    operation::start_live_tail::StartLiveTailOutput, types::StartLiveTailResponseStream as Frame,
};
use jiff::{SignedDuration, Timestamp};

use super::{Aws, Error, error::Kind};
use crate::{drill::fleet::partition, text::SafeText};

/// The ARN of a log group of this account and region, as Live Tail wants it.
pub(super) async fn group_arn(aws: &Aws, group: &str) -> Result<String, Error> {
    let account = aws.account().await?;
    Ok(format!("arn:{}:logs:{}:{account}:log-group:{group}", partition(&aws.region), aws.region))
}

/// A line of a log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) at: Timestamp,
    /// As it came: JSON is read from it before it is made safe.
    pub(super) message: String,
}

/// What a look brought.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) lines: Vec<Line>,
    /// Something worth telling the operator once.
    pub(super) note: Option<SafeText>,
    pub(super) next: Next,
}

/// When to look again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Next {
    /// After the watch's own interval.
    #[default]
    Usual,
    /// At once: the look itself waits for the server.
    AtOnce,
    /// Much later: there is nothing to see yet.
    Rarely,
}

/// Follows one log group; lines come once, whichever way they came.
#[derive(Debug)]
pub(super) struct Follower {
    group: String,
    /// The newest line so far, or the start.
    newest: Timestamp,
    since: Timestamp,
    way: By,
    ids: HashSet<String>,
    contents: HashSet<u64>,
    noted_missing: bool,
}

#[derive(Debug)]
enum By {
    Nothing,
    LiveTail { tail: Box<StartLiveTailOutput>, opened: Timestamp },
    Looks,
}

/// Late lines have old timestamps: each look goes back this far behind the newest line.
const OVERLAP: SignedDuration = SignedDuration::from_secs(60);
/// The service sends an update a second; a stream that is silent for so long is dead, and the SDK would never notice.
const SILENCE: Duration = Duration::from_secs(10);
/// A Live Tail that ends sooner is not worth opening again.
const WORTHWHILE: SignedDuration = SignedDuration::from_secs(60);
/// More pages than this in one look wait for the next: a drill must not be starved by a chatty log.
const PAGES: usize = 5;

impl Follower {
    pub(super) fn new(group: String, since: Timestamp) -> Self {
        Self {
            group,
            newest: since,
            since,
            way: By::Nothing,
            ids: HashSet::new(),
            contents: HashSet::new(),
            noted_missing: false,
        }
    }

    /// The lines that are new since the last look.
    pub(super) async fn look(&mut self, aws: &Aws) -> Result<Heard, Error> {
        match &mut self.way {
            By::Nothing => self.open(aws).await,
            By::Looks => self.filter(aws).await.map(|lines| Heard { lines, ..Heard::default() }),
            By::LiveTail { tail, opened } => {
                let frame = tokio::time::timeout(SILENCE, tail.response_stream.recv()).await;
                let Ok(Ok(Some(frame))) = frame else {
                    let worthwhile = aws.clock.now().duration_since(*opened) >= WORTHWHILE;
                    self.way = if worthwhile { By::Nothing } else { By::Looks };
                    return Ok(Heard { next: Next::AtOnce, ..Heard::default() });
                };
                let lines = self.tailed(&frame);
                Ok(Heard { lines, next: Next::AtOnce, note: None })
            }
        }
    }

    /// Opens a Live Tail and fetches what was written before it, or settles for looks.
    async fn open(&mut self, aws: &Aws) -> Result<Heard, Error> {
        let arn = group_arn(aws, &self.group).await?;
        aws.pace.turn().await;
        let opened = aws.logs.start_live_tail().log_group_identifiers(arn).send().await;
        let note = match opened {
            Ok(tail) => {
                self.way = By::LiveTail { tail: Box::new(tail), opened: aws.clock.now() };
                None
            }
            Err(error) => match Error::of("open a Live Tail", &error) {
                error if error.kind == Kind::NotFound => return Ok(self.missing()),
                // it would be the same for a look; when that is answered again, so is this
                error if error.kind.passes() || error.kind.wants_login() => return Err(error),
                error => {
                    self.way = By::Looks;
                    Some(SafeText::new(format!(
                        "Live Tail of {} is not to be had ({}): polling it",
                        self.group,
                        error.why()
                    )))
                }
            },
        };
        match self.filter(aws).await {
            Ok(lines) => {
                let tailing = matches!(self.way, By::LiveTail { .. });
                Ok(Heard { lines, note, next: if tailing { Next::AtOnce } else { Next::Usual } })
            }
            Err(error) if error.kind == Kind::NotFound => Ok(self.missing()),
            Err(error) => {
                if error.kind != Kind::Denied {
                    self.way = By::Nothing; // what was written before the tail is fetched with the next try
                }
                Err(error)
            }
        }
    }

    fn missing(&mut self) -> Heard {
        let first = !std::mem::replace(&mut self.noted_missing, true);
        self.way = By::Nothing;
        let note = first.then(|| SafeText::new(format!("log group {} does not exist (yet)", self.group)));
        Heard { lines: Vec::new(), note, next: Next::Rarely }
    }

    async fn filter(&mut self, aws: &Aws) -> Result<Vec<Line>, Error> {
        let from = self.newest.saturating_sub(OVERLAP).unwrap_or(self.since).max(self.since);
        let (mut events, mut token) = (Vec::new(), None);
        // a page that fails voids those before it: their lines come with the next look
        for _ in 0..PAGES {
            aws.pace.turn().await;
            let call = aws.logs.filter_log_events().log_group_name(&self.group).start_time(from.as_millisecond());
            let failed = |error| Error::of("read the log", &error).needs("logs:FilterLogEvents");
            let answer = call.set_next_token(token).send().await.map_err(failed)?;
            token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            events.extend(answer.events.unwrap_or_default());
            if token.is_none() {
                break;
            }
        }
        let mut lines = Vec::new();
        for event in events {
            let fresh = event.event_id().is_none_or(|id| self.ids.insert(id.to_owned()));
            if fresh {
                lines.extend(self.new_line(event.log_stream_name(), event.timestamp(), event.message()));
            }
        }
        Ok(lines)
    }

    fn tailed(&mut self, frame: &Frame) -> Vec<Line> {
        let Frame::SessionUpdate(update) = frame else { return Vec::new() };
        let events = update.session_results().iter();
        events.filter_map(|event| self.new_line(event.log_stream_name(), event.timestamp(), event.message())).collect()
    }

    /// The line, unless it came before: Live Tail gives no ids, so a line is known by its stream, time and text.
    fn new_line(&mut self, stream: Option<&str>, time: Option<i64>, message: Option<&str>) -> Option<Line> {
        let mut content = DefaultHasher::new();
        (stream, time, message).hash(&mut content);
        if !self.contents.insert(content.finish()) {
            return None;
        }
        let at = Timestamp::from_millisecond(time?).ok()?;
        self.newest = self.newest.max(at);
        Some(Line { at, message: message.unwrap_or_default().to_owned() })
    }
}
