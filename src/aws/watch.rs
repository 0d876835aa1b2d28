//! One standing observation: what it saw before, and how to look again. Knows which part of AWS tells what; when to look
//! is decided elsewhere.

use std::{collections::HashMap, time::Duration};

use super::{
    Aws, Error,
    ec2::States,
    events, fis, function_log,
    logs::{Follower, Line, Next},
};
use crate::{
    drill::{
        fact::{Fact, Source, What},
        id::{InstanceId, SpotRequestId},
        order::{Watch, WatchName},
    },
    text::SafeText,
};

/// The log groups that are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogGroups {
    /// The Lambda's.
    pub lambda: String,
    /// The one that an EventBridge rule writes AWS's own events to.
    pub events: String,
}

/// What a look brought.
#[derive(Debug)]
pub struct Look {
    pub facts: Vec<Fact>,
    /// How long to wait before the next look, in drill time.
    pub next: Duration,
}

/// A watch and what it saw last.
#[derive(Debug)]
pub struct Watcher {
    aws: Aws,
    watch: Watch,
    groups: LogGroups,
    memory: Memory,
}

#[derive(Debug)]
enum Memory {
    Experiment(fis::Statuses),
    States(States),
    SpotRequests(HashMap<SpotRequestId, SafeText>),
    Lines(Follower),
    /// What is seen ends the watch.
    None,
}

/// A log group that does not exist is looked for again after so long.
const RARELY: Duration = Duration::from_mins(1);

impl Watcher {
    pub fn new(aws: Aws, watch: Watch, groups: &LogGroups) -> Self {
        let memory = match &watch {
            Watch::Experiment(_) => Memory::Experiment(fis::Statuses::default()),
            // a check is asked elsewhere: it is none of AWS's
            Watch::Chosen(_) | Watch::Check(_) => Memory::None,
            Watch::Instances(targets) => Memory::States(States::running(targets)),
            Watch::Group { .. } => Memory::States(States::default()),
            Watch::SpotRequests(_) => Memory::SpotRequests(HashMap::new()),
            Watch::Logs { since, .. } => Memory::Lines(Follower::new(groups.lambda.clone(), *since)),
            Watch::Events { since, .. } => Memory::Lines(Follower::new(groups.events.clone(), *since)),
        };
        Self { aws, watch, groups: groups.clone(), memory }
    }

    pub fn name(&self) -> WatchName {
        self.watch.name()
    }

    /// Looks once; a Live Tail waits for its next second.
    pub async fn look(&mut self) -> Result<Look, Error> {
        let profile = self.aws.profile.clone();
        self.look_once().await.map_err(|error| error.of_profile(profile.as_ref()))
    }

    async fn look_once(&mut self) -> Result<Look, Error> {
        let mut next = self.watch.name().every();
        let facts = match (&self.watch, &mut self.memory) {
            (Watch::Experiment(id), Memory::Experiment(known)) => self.aws.look_at_experiment(id, known).await?,
            (Watch::Chosen(ids), Memory::None) => self.aws.look_at_chosen(ids).await?,
            (Watch::Instances(ids), Memory::States(states)) => self.aws.look_at_instances(ids, states).await?,
            (Watch::SpotRequests(ids), Memory::SpotRequests(known)) => {
                self.aws.look_at_spot_requests(ids, known).await?
            }
            (Watch::Group { group, since }, Memory::States(states)) => {
                self.aws.look_at_group(group, *since, states).await?
            }
            (Watch::Logs { targets, .. } | Watch::Events { targets, .. }, Memory::Lines(follower)) => {
                let heard = follower.look(&self.aws).await?;
                next = match heard.next {
                    Next::Usual => next,
                    Next::AtOnce => Duration::ZERO,
                    Next::Rarely => RARELY,
                };
                let note = heard.note.map(|message| Fact::ours(self.aws.clock.now(), What::Noted { message }));
                let lines = heard.lines.iter().flat_map(|line| self.facts_of(line, targets));
                note.into_iter().chain(lines).collect()
            }
            _ => Vec::new(),
        };
        Ok(Look { facts, next })
    }

    fn facts_of(&self, line: &Line, targets: &[InstanceId]) -> Vec<Fact> {
        let seen = self.aws.clock.now();
        if self.watch.name() == WatchName::Events {
            return events::read(&line.message, seen, targets).into_iter().collect();
        }
        let (instance, notice) = function_log::read(&line.message, targets);
        let group = SafeText::new(&self.groups.lambda);
        let written = What::LogLine { group, message: SafeText::line(&line.message) };
        let fact = |what| Fact { at: line.at, seen, source: Source::Logs, instance: instance.clone(), what };
        std::iter::once(written).chain(notice).map(fact).collect()
    }
}
