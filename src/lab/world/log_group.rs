//! Log groups with their streams and events, as CloudWatch Logs keeps them. Knows not who writes.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// For how many days a log group may keep its events.
pub(in crate::lab) const RETENTIONS: [u32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// All log groups of the region.
#[derive(Debug, Default)]
pub(in crate::lab) struct LogGroups {
    groups: BTreeMap<String, LogGroup>,
    /// Resource policies of the account, by name.
    pub(in crate::lab) policies: BTreeMap<String, LogPolicy>,
    ingested: u64,
}

/// Who may write to log groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct LogPolicy {
    /// JSON, as it was put.
    pub(in crate::lab) document: String,
    pub(in crate::lab) updated: Timestamp,
}

#[derive(Debug)]
pub(in crate::lab) struct LogGroup {
    pub(in crate::lab) created: Timestamp,
    /// In days; for ever if none. The lab never deletes events for their age.
    pub(in crate::lab) retention: Option<u32>,
    pub(in crate::lab) tags: BTreeMap<String, String>,
    pub(in crate::lab) streams: BTreeMap<String, LogStream>,
    /// In the order of their ingestion.
    pub(in crate::lab) events: Vec<LogEvent>,
}

#[derive(Debug)]
pub(in crate::lab) struct LogStream {
    pub(in crate::lab) created: Timestamp,
    /// Of the first and the last event; none before there is one.
    pub(in crate::lab) times: Option<(Timestamp, Timestamp)>,
    pub(in crate::lab) last_ingestion: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct LogEvent {
    /// Its place among all events ever ingested, from 1.
    pub(in crate::lab) place: u64,
    pub(in crate::lab) stream: String,
    pub(in crate::lab) timestamp: Timestamp,
    pub(in crate::lab) ingestion: Timestamp,
    pub(in crate::lab) message: String,
}

impl LogStream {
    pub(in crate::lab) fn new(now: Timestamp) -> Self {
        Self { created: now, times: None, last_ingestion: now }
    }
}

impl LogEvent {
    /// 56 digits, as AWS's are; the same in every answer.
    pub(in crate::lab) fn event_id(&self) -> String {
        format!("{:020}{:036}", self.timestamp.as_millisecond().max(0), self.place)
    }
}

impl LogGroups {
    pub(in crate::lab) fn create(&mut self, name: &str, now: Timestamp) {
        let new = || LogGroup {
            created: now,
            retention: None,
            tags: BTreeMap::new(),
            streams: BTreeMap::new(),
            events: Vec::new(),
        };
        self.groups.entry(name.to_owned()).or_insert_with(new);
    }

    pub(in crate::lab) fn get(&self, name: &str) -> Option<&LogGroup> {
        self.groups.get(name)
    }

    pub(in crate::lab) fn get_mut(&mut self, name: &str) -> Option<&mut LogGroup> {
        self.groups.get_mut(name)
    }

    /// Whether there was one.
    pub(in crate::lab) fn remove(&mut self, name: &str) -> bool {
        self.groups.remove(name).is_some()
    }

    /// By name.
    pub(in crate::lab) fn iter(&self) -> impl Iterator<Item = (&str, &LogGroup)> {
        self.groups.iter().map(|(name, group)| (name.as_str(), group))
    }

    /// How many events were ever ingested.
    pub(in crate::lab) fn ingested(&self) -> u64 {
        self.ingested
    }

    /// Ingests an event, making its stream if that is new. An event for a group that does not exist is lost, as AWS's are.
    pub(in crate::lab) fn put(
        &mut self,
        group: &str,
        stream: &str,
        timestamp: Timestamp,
        ingestion: Timestamp,
        message: String,
    ) {
        let Some(group) = self.groups.get_mut(group) else { return };
        let new = || LogStream::new(ingestion);
        let entry = group.streams.entry(stream.to_owned()).or_insert_with(new);
        let (first, last) = entry.times.unwrap_or((timestamp, timestamp));
        entry.times = Some((first.min(timestamp), last.max(timestamp)));
        entry.last_ingestion = ingestion;
        self.ingested = self.ingested.saturating_add(1);
        group.events.push(LogEvent { place: self.ingested, stream: stream.to_owned(), timestamp, ingestion, message });
    }
}
