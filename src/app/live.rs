//! The live screen: a drill folded from its facts, and what one looks at of it. Knows no key and asks nothing of the world.

pub mod countdown;
pub mod freshness;

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Write,
};

use jiff::Timestamp;

use super::motion::{Motion, Tail};
use crate::{
    drill::{
        conduct::{Drill, Phase},
        fact::{Entry, Source, What},
        health::{Asked, Checked},
        id::{CheckUrl, InstanceId},
        order::{OrderName, Watch, WatchName},
        plan::{Plan, Wave},
        timeline::Progress,
        verdict::{Outcome, Verdict},
    },
    text::SafeText,
};
use freshness::{Freshness, Lost};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pane {
    Instances,
    Logs,
    Facts,
}

/// A fact as it is read in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub at: Timestamp,
    pub source: Source,
    pub instance: Option<InstanceId>,
    pub text: String,
}

#[derive(Clone, Debug)]
pub struct Live {
    pub drill: Drill,
    pub facts: VecDeque<Line>,
    pub logs: VecDeque<Line>,
    pub pane: Pane,
    /// The instance that one looks at.
    pub cursor: usize,
    pub facts_tail: Tail,
    pub logs_tail: Tail,
    pub verdict: Option<Verdict>,
    /// When the verdict was reached.
    ended: Option<Timestamp>,
    /// An order that cannot be given yet, since when, and what helps.
    pub waiting: Option<(OrderName, Timestamp, SafeText)>,
    freshness: Freshness,
    /// What each health check said last.
    asked: BTreeMap<CheckUrl, Asked>,
    /// What was confirmed, until the first fact says so itself.
    confirmed: Option<Plan>,
    /// A stop was asked for after the end, when it could only be meant for the waves to come.
    waves_held: bool,
    rate: f64,
}

/// Lines kept of each list; the journal keeps all.
const KEEP: usize = 5_000;

impl Live {
    /// A drill of which nothing happened yet.
    pub fn new(confirmed: Option<Plan>, rate: f64) -> Self {
        Self {
            drill: Drill::default(),
            facts: VecDeque::new(),
            logs: VecDeque::new(),
            pane: Pane::Instances,
            cursor: 0,
            facts_tail: Tail::default(),
            logs_tail: Tail::default(),
            verdict: None,
            ended: None,
            waiting: None,
            freshness: Freshness::default(),
            asked: BTreeMap::new(),
            confirmed,
            waves_held: false,
            rate,
        }
    }

    pub fn plan(&self) -> Option<&Plan> {
        self.drill.planned.as_ref().map(|planned| &planned.plan).or(self.confirmed.as_ref())
    }

    /// Something may still happen.
    pub fn goes_on(&self) -> bool {
        self.verdict.is_none()
    }

    pub fn record(&mut self, entry: &Entry, now: Timestamp) {
        let fact = &entry.fact;
        let _ = self.drill.apply(fact); // the orders are the conductor's to carry out, not the screen's
        let line =
            Line { at: fact.at, source: fact.source, instance: fact.instance.clone(), text: fact.what.telling() };
        let (lines, tail) = match &fact.what {
            What::LogLine { .. } => (&mut self.logs, &mut self.logs_tail),
            _ => (&mut self.facts, &mut self.facts_tail),
        };
        if lines.len() >= KEEP {
            lines.pop_front();
        }
        // some sources are slower than others: what they tell stands where it happened
        let place = lines.iter().rposition(|before| before.at <= line.at).map_or(0, |before| before + 1);
        if place + tail.back >= lines.len() {
            tail.grown(); // below what one looks at
        }
        lines.insert(place, line);
        // how old a check's word is stands in its own row
        let sources = self.drill.watches();
        let sources = sources.iter().map(Watch::name).filter(|watch| *watch != WatchName::Check);
        self.freshness.expect(sources, now);
        match &fact.what {
            What::SourceLost { watch, message, since, todo, .. } => {
                self.freshness.lost(*watch, Lost { why: message.clone(), since: *since, todo: todo.clone() });
            }
            What::SourceFound { watch } => self.freshness.found(*watch, now),
            What::OrderWaits { order, todo, .. } => self.waiting = Some((*order, fact.at, todo.clone())),
            What::TemplateCreated { .. }
            | What::ExperimentStarted { .. }
            | What::ExperimentNotFound { .. }
            | What::StopSent { .. }
            | What::TemplateDeleted { .. }
            | What::OrderRefused { .. }
            | What::OrderUnanswered { .. } => self.waiting = None,
            What::DrillFinished { verdict } => (self.verdict, self.ended) = (Some(verdict.clone()), Some(fact.at)),
            What::Reopened { .. } => (self.verdict, self.ended) = (None, None),
            _ => {}
        }
    }

    /// No further wave is started from here.
    pub fn hold_waves(&mut self) {
        self.waves_held = true;
    }

    /// The wave that waits to be started after this one held; whoever asked for a stop gets no further one.
    pub fn wave_to_come(&self) -> Option<Wave> {
        let held = self.verdict.as_ref().is_some_and(|verdict| verdict.verdict == Outcome::Held);
        let stopped = self.drill.stop.is_some() || self.waves_held;
        self.after_this().filter(|_| held && !stopped).and_then(|next| next.wave).map(|wave| *wave)
    }

    fn after_this(&self) -> Option<Plan> {
        let planned = self.drill.planned.as_ref()?;
        planned.plan.next_wave(&planned.id)
    }

    /// The wave after this one, or why it may not start.
    pub fn next_wave(&self, now: Timestamp) -> Result<Plan, String> {
        let next = self.after_this();
        let (Some(next), Some(wave)) = (&next, next.as_ref().and_then(|next| next.wave.as_ref())) else {
            return Err(String::from("no wave comes after this one"));
        };
        let (Some(verdict), Some(ended)) = (&self.verdict, self.ended) else {
            return Err(format!("wave {} waits for the verdict of this one", wave.number));
        };
        if verdict.verdict != Outcome::Held {
            return Err(format!("wave {} is held: this one did not hold. Compose a new drill", wave.number));
        }
        let by = self.drill.stop.as_ref().map(|stop| format!(" by {}", stop.by));
        if let Some(by) = by.or_else(|| self.waves_held.then(String::new)) {
            return Err(format!("wave {} is held: a stop was asked for{by}. Compose a new drill", wave.number));
        }
        let rested = now.duration_since(ended).as_secs();
        let gap = i64::from(wave.gap);
        if rested < gap {
            return Err(format!("wave {} may start in {} s", wave.number, gap - rested));
        }
        Ok(next.clone())
    }

    /// True if it makes stale data fresh.
    pub fn pulse(&mut self, watch: WatchName, now: Timestamp) -> bool {
        let was_stale = self.stale(now).iter().any(|stale| stale.watch == watch);
        self.freshness.answered(watch, now);
        was_stale
    }

    pub fn asked(&mut self, asked: &Asked) {
        self.asked.insert(asked.check.clone(), asked.clone());
    }

    /// The health checks, each with what it said last.
    pub fn checks(&self) -> Vec<(&Checked, Option<&Asked>)> {
        let checked = self.drill.timeline.health.checked.iter();
        checked.map(|checked| (checked, self.asked.get(&checked.check.url))).collect()
    }

    /// The sources whose word is too old to be trusted.
    pub fn stale(&self, now: Timestamp) -> Vec<freshness::Stale<'_>> {
        if self.goes_on() { self.freshness.stale(now, self.rate) } else { Vec::new() }
    }

    pub fn next_pane(&mut self, forward: bool) {
        self.pane = match (self.pane, forward) {
            (Pane::Instances, true) | (Pane::Facts, false) => Pane::Logs,
            (Pane::Logs, true) | (Pane::Instances, false) => Pane::Facts,
            (Pane::Facts, true) | (Pane::Logs, false) => Pane::Instances,
        };
    }

    pub fn scroll(&mut self, motion: Motion) {
        match self.pane {
            Pane::Instances => {
                let rows = self.drill.timeline.tracks.len() + self.drill.timeline.replacements.len();
                self.cursor = motion.from(self.cursor, rows);
            }
            Pane::Logs => self.logs_tail.scroll(motion, self.logs.len()),
            Pane::Facts => self.facts_tail.scroll(motion, self.facts.len()),
        }
    }

    pub fn follow(&mut self) -> Result<(), &'static str> {
        match self.pane {
            Pane::Instances => return Err("tab to the log or the facts: the instances do not scroll away"),
            Pane::Logs => self.logs_tail.follow(),
            Pane::Facts => self.facts_tail.follow(),
        }
        Ok(())
    }

    /// Where the drill stands, in words.
    pub fn phase(&self) -> String {
        let timeline = &self.drill.timeline;
        let all = timeline.tracks.len();
        let (warned, noticed, gone) = timeline.tracks.iter().fold((0, 0, 0), |(warned, noticed, gone), track| {
            let is = usize::from;
            (
                warned + is(track.rebalance.is_some()),
                noticed + is(track.notice.is_some()),
                gone + is(track.gone.is_some()),
            )
        });
        let no_return = timeline.notice_to_all().filter(|_| all > 0);
        let stop = self.drill.stop_stands();
        match (self.drill.phase, no_return) {
            (Phase::Planned, _) => String::from("STARTING  nothing was asked of AWS yet"),
            (Phase::Closing, _) => String::from("CLOSING  what we made in the account is being removed"),
            (Phase::Over, _) => String::from("OVER"),
            _ if stop.is_some() => stop.unwrap_or_default(),
            (Phase::Creating, _) => String::from("STARTING  the FIS template is being made"),
            (Phase::Starting, _) => String::from("STARTING  the FIS experiment is being started"),
            (_, Some(_)) if gone == all => self.recovering(),
            (_, Some(at)) => format!("POINT OF NO RETURN passed {}  gone {gone} of {all}", clock(at)),
            (Phase::Settling, None) => format!("FIS IS DONE  notice observed at {noticed} of {all}"),
            (Phase::Running, None) if noticed > 0 => format!("NOTICE SENT to {noticed} of {all}"),
            (Phase::Running, None) if warned > 0 => format!("REBALANCE recommended to {warned} of {all}"),
            (Phase::Running, None) => String::from("RUNNING  waiting for FIS to begin"),
        }
    }

    fn recovering(&self) -> String {
        let timeline = &self.drill.timeline;
        let missing: usize = timeline.missing_replacements().iter().map(|(_, missing)| missing).sum();
        let running = timeline.replacements.iter().filter(|new| new.running.is_some()).count();
        match missing {
            0 if timeline.health.may_recover() => {
                format!("RECOVERING  every target is gone, {running} replaced, a health check still fails")
            }
            0 => format!("RECOVERED  every target is gone, {running} replaced"),
            _ => format!("RECOVERING  every target is gone, {running} replaced, {missing} to come"),
        }
    }

    /// What FIS says of the experiment and its actions.
    pub fn experiment(&self) -> String {
        let timeline = &self.drill.timeline;
        let Some(experiment) = &timeline.experiment else { return String::from("no experiment yet") };
        // where all goes well, FIS's reason only says the status again
        let well = |status: &str| matches!(status, "pending" | "initiating" | "running" | "completed");
        let reason = |progress: &Progress| match &progress.reason {
            Some(why) if !well(&progress.status) => format!(" ({why})"),
            _ => String::new(),
        };
        let mut text = format!("FIS says: {} {}", experiment.id, experiment.progress.status);
        text += &reason(&experiment.progress);
        for (name, progress) in &timeline.actions {
            let _ = write!(text, "  {name} {}{}", progress.status, reason(progress));
        }
        text
    }
}

/// The time of day, in UTC like everything that AWS says.
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

#[cfg(test)]
mod tests;
