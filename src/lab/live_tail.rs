//! The stream of a Live Tail session: one update in each second of lab time. Knows not how a session is asked for.

use std::{future::pending, io, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http_body::Frame;
use serde_json::{Value, json};

use super::{
    Lab,
    faults::FaultKind,
    logs::pattern::Pattern,
    wire::event_stream,
    world::{World, log_group::LogEvent},
};

/// More events than these in an update are sampled away.
const EVENTS_PER_UPDATE: usize = 500;

/// What a session wants to see, and what it has seen.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) id: String,
    pub(super) request: SessionRequest,
    /// The place of the last event ingested before the session; it shows only later ones.
    pub(super) seen: u64,
    pub(super) ends: Ending,
}

/// How a session ends if its client does not end it, after that many updates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// By an exception in the stream, with its name and words.
    Exception(u32, &'static str, &'static str),
    /// It stays open and says nothing more.
    Freeze(u32),
}

impl Ending {
    /// As every session ends: after three hours.
    pub(super) const TIMEOUT: Self = Self::Exception(10_800, "SessionTimeoutException", "The session has timed out.");

    /// What a fault of the scenario makes of a session, after its first update.
    pub(super) fn of(fault: FaultKind) -> Option<Self> {
        match fault {
            FaultKind::StreamException => {
                Some(Self::Exception(1, "SessionStreamingException", "The session could not be streamed."))
            }
            FaultKind::StreamFreeze => Some(Self::Freeze(1)),
            _ => None,
        }
    }

    fn is_due(self, updates: u32) -> bool {
        match self {
            Self::Exception(after, ..) | Self::Freeze(after) => after <= updates,
        }
    }
}

/// What StartLiveTail asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SessionRequest {
    /// Log groups by name, each with the identifier it was asked for by.
    pub(super) groups: Vec<(String, String)>,
    /// All streams if empty.
    pub(super) streams: Vec<String>,
    pub(super) stream_prefixes: Vec<String>,
    /// As it was asked for, and as it is read.
    pub(super) pattern: String,
    pub(super) filter: Pattern,
}

/// The frames of a session, for as long as they are read.
pub(super) fn frames(lab: Arc<Lab>, session: Session) -> impl Stream<Item = io::Result<Frame<Bytes>>> + Send + Sync {
    // The client's call returns at the first frame; botocore insists that it is this one.
    let opening = [("initial-response", json!({})), ("sessionStart", session.start())];
    let opening = opening.map(|(name, payload)| event_stream::event(name, &payload));
    let updates = stream::unfold(Some((lab, session, 0_u32)), |streaming| async move {
        let (lab, mut session, updates) = streaming?;
        lab.clock.sleep(Duration::from_secs(1)).await;
        match session.ends {
            Ending::Exception(_, name, message) if session.ends.is_due(updates) => {
                Some((event_stream::exception(name, message), None))
            }
            Ending::Freeze(_) if session.ends.is_due(updates) => pending().await,
            _ => {
                let update = lab.proceed(|world| session.update(world));
                let frame = event_stream::event("sessionUpdate", &update);
                Some((frame, Some((lab, session, updates.saturating_add(1)))))
            }
        }
    });
    stream::iter(opening).chain(updates).map(|frame| frame.map(Frame::data).map_err(io::Error::other))
}

impl Session {
    fn start(&self) -> Value {
        let SessionRequest { groups, streams, stream_prefixes, pattern, .. } = &self.request;
        let identifiers: Vec<_> = groups.iter().map(|(_, identifier)| identifier).collect();
        json!({
            "requestId": self.id,
            "sessionId": self.id,
            "logGroupIdentifiers": identifiers,
            "logStreamNames": streams,
            "logStreamNamePrefixes": stream_prefixes,
            "logEventFilterPattern": pattern,
        })
    }

    /// What was ingested since the last update.
    fn update(&mut self, world: &World) -> Value {
        let mut fresh = Vec::new();
        for (name, identifier) in &self.request.groups {
            let Some(group) = world.logs.get(name) else { continue };
            let seen = group.events.partition_point(|event| event.place <= self.seen);
            let events = group.events.iter().skip(seen);
            fresh.extend(
                events
                    .filter(|event| self.request.wants(&event.stream, &event.message))
                    .map(|event| (identifier, event)),
            );
        }
        self.seen = world.logs.ingested();
        fresh.sort_by_key(|(_, event)| event.place);
        let sampled = fresh.len() > EVENTS_PER_UPDATE;
        let result = |(identifier, event): &(&String, &LogEvent)| {
            json!({
                "logStreamName": event.stream,
                "logGroupIdentifier": identifier,
                "message": event.message,
                "timestamp": event.timestamp.as_millisecond(),
                "ingestionTime": event.ingestion.as_millisecond(),
            })
        };
        let results: Vec<_> = fresh.iter().take(EVENTS_PER_UPDATE).map(result).collect();
        json!({ "sessionMetadata": { "sampled": sampled }, "sessionResults": results })
    }
}

impl SessionRequest {
    fn wants(&self, stream: &str, message: &str) -> bool {
        let Self { streams, stream_prefixes, filter, .. } = self;
        let named = streams.is_empty() || streams.iter().any(|name| name == stream);
        let prefixed = stream_prefixes.is_empty() || stream_prefixes.iter().any(|prefix| stream.starts_with(prefix));
        named && prefixed && filter.matches(message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{clock::Clock, lab::scenario::Scenario};

    async fn frames_of(ends: Ending) -> Vec<String> {
        let clock = Clock::rated("2026-11-22T12:00:00Z".parse().unwrap(), 1.0);
        let lab = Lab::open(Scenario::named("tiny").unwrap(), clock.clone(), 1);
        let session = Session { id: "s".into(), request: SessionRequest::default(), seen: 0, ends };
        let frames = frames(lab, session).take_until(clock.sleep(Duration::from_mins(1)));
        let text = frames.map(|frame| String::from_utf8_lossy(frame.unwrap().data_ref().unwrap()).into_owned());
        text.collect().await
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_ends_by_an_exception_or_freezes() {
        let ended = frames_of(Ending::of(FaultKind::StreamException).unwrap()).await;
        assert_eq!(ended.len(), 4);
        assert!(ended[2].contains("sessionUpdate") && ended[3].contains("SessionStreamingException"), "{ended:?}");
        let frozen = frames_of(Ending::Freeze(2)).await;
        assert_eq!(frozen.iter().filter(|frame| frame.contains("sessionUpdate")).count(), 2);
        assert_eq!(frozen.len(), 4);
    }
}
