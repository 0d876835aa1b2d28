//! `gc`: what drills left in the account, told from what a drill that is under way needs; deleted once it was confirmed,
//! each after one more look. Knows AWS and the journals here; knows no prompt and no screen.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::start::left_open;
use crate::{
    aws::{
        self, Aws,
        experiments::Experiments,
        leftovers::DrillTemplate,
        lock::{REMOVING, Read},
    },
    drill::{conduct::Phase, fleet::World, id::DrillId, lock::State},
    journal,
    run::setup::NotSetUp,
    text::SafeText,
};

/// What is younger may be a drill's that is about to start: the order to start is sent again for ten minutes.
const YOUNG: SignedDuration = SignedDuration::from_mins(15);

/// What was found in the account.
#[derive(Clone, Debug)]
pub struct Found {
    pub account: SafeText,
    pub region: SafeText,
    pub world: World,
    pub goes: Vec<Item>,
    pub stays: Vec<Item>,
}

/// Something of a drill's, and why it goes or stays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    pub kind: Kind,
    pub name: SafeText,
    pub why: SafeText,
    /// The drill that it is of, where that could be read.
    drill: Option<DrillId>,
    /// As it was read, where it is a lock.
    read: Option<Box<Read>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Template,
    Lock,
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Template => "FIS template",
            Self::Lock => "lock of a group",
        }
    }
}

/// What became of something that was to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    Deleted(Item),
    /// Meanwhile it is needed again, or another has removed it.
    Left(Item, SafeText),
}

#[derive(Debug, Error)]
pub enum NotCollected {
    #[error(transparent)]
    Aws(#[from] aws::Error),
    #[error(transparent)]
    Journal(#[from] journal::Error),
}

impl From<NotCollected> for NotSetUp {
    fn from(why: NotCollected) -> Self {
        match why {
            NotCollected::Aws(error) => error.into(),
            NotCollected::Journal(error) => error.into(),
        }
    }
}

/// Looks at every template and lock of drills; changes nothing.
pub async fn look(aws: &Aws, journals: &Path) -> Result<Found, NotCollected> {
    let identity = aws.identity().await?;
    let (goes, stays) = sort(aws, journals).await?;
    let world = identity.world();
    Ok(Found { account: identity.account, region: SafeText::new(&aws.region), world, goes, stays })
}

/// Deletes what was listed, and nothing that a new look right before would not list, or that is needed again by the time that
/// it has its turn. Each is told when it is done.
pub async fn carry_out(
    aws: &Aws,
    journals: &Path,
    listed: &[Item],
    mut tell: impl FnMut(Done),
) -> Result<(), NotCollected> {
    if listed.is_empty() {
        return Ok(());
    }
    let (goes, stays) = sort(aws, journals).await?;
    for item in listed {
        let is_it = |other: &&Item| (other.kind, &other.name) == (item.kind, &item.name);
        let done = if let Some(item) = goes.iter().find(is_it) {
            let why = delete(aws, journals, item).await?;
            why.map_or_else(|| Done::Deleted(item.clone()), |why| Done::Left(item.clone(), why))
        } else {
            let why = stays.iter().find(is_it).map(|item| item.why.clone());
            Done::Left(item.clone(), why.unwrap_or_else(|| SafeText::new("it is gone already")))
        };
        tell(done);
    }
    Ok(())
}

/// Deletes what goes of these, by their names; nobody is told what stays.
pub async fn collect(aws: &Aws, journals: &Path, named: &[SafeText]) -> Result<(), NotCollected> {
    if named.is_empty() {
        return Ok(());
    }
    let (goes, _) = sort(aws, journals).await?;
    for item in goes.iter().filter(|item| named.contains(&item.name)) {
        delete(aws, journals, item).await?;
    }
    Ok(())
}

/// Why it was not deleted, if so: it is not any more what it was when it was read, or its drill goes on after all.
async fn delete(aws: &Aws, journals: &Path, item: &Item) -> Result<Option<SafeText>, NotCollected> {
    let is_held = item.read.as_ref().is_none_or(|read| read.entry.state == State::Held);
    if let Some(drill) = item.drill.as_ref().filter(|_| is_held) {
        if item.read.is_none() && !aws.is_template_of(&item.name, drill).await? {
            return Ok(Some(SafeText::new("it is gone already, or another's by its tags")));
        }
        let under_way = UnderWay::of(&aws.all_experiments().await?, journals)?;
        if let Some(why) = under_way.goes_on(drill) {
            return Ok(Some(SafeText::new(why)));
        }
    }
    if let Some(read) = &item.read {
        return Ok(aws.remove_lock(read).await?.map(SafeText::new));
    }
    aws.delete_our_template(&item.name).await?;
    Ok(None)
}

/// What goes, and what stays. What is there is read before what speaks for it, so that nothing goes by what was true earlier.
async fn sort(aws: &Aws, journals: &Path) -> Result<(Vec<Item>, Vec<Item>), NotCollected> {
    let templates = aws.drill_templates().await?;
    let locks = aws.locks().await?;
    let experiments = aws.all_experiments().await?;
    let mut under_way = UnderWay::of(&experiments, journals)?;
    let (mut goes, mut stays) = (Vec::new(), Vec::new());
    let mut put = |item: Item, goes_by: bool| if goes_by { goes.push(item) } else { stays.push(item) };
    let now = aws.clock.now();
    for lock in locks {
        match lock {
            Ok(read) => {
                let (is_left, why) = under_way.of_lock(&experiments, &read, now);
                let (name, drill) = (SafeText::new(&read.name), Some(read.entry.lock.drill.clone()));
                let (why, read) = (SafeText::new(why), Some(Box::new(read)));
                put(Item { kind: Kind::Lock, name, why, drill, read }, is_left);
            }
            Err((name, error)) => {
                put(
                    Item { kind: Kind::Lock, name, why: SafeText::new(error.to_string()), drill: None, read: None },
                    false,
                );
            }
        }
    }
    for template in templates {
        let (is_left, why) = match under_way.needs(&template, now) {
            Some(why) => (false, why),
            None => (true, format!("drill {} is over", template.drill)),
        };
        let (why, drill) = (SafeText::new(why), Some(template.drill));
        put(Item { kind: Kind::Template, name: template.id, why, drill, read: None }, is_left);
    }
    Ok((goes, stays))
}

/// The drills that are not over, by everyone who knows of one.
struct UnderWay {
    /// By their experiments.
    running: Vec<SafeText>,
    /// By the journals here, with what those say.
    here: Vec<(DrillId, &'static str)>,
    /// Those that are over, by the journals here.
    over_here: Vec<DrillId>,
    /// By the locks that they hold.
    holding: Vec<DrillId>,
}

impl UnderWay {
    fn of(experiments: &Experiments, journals: &Path) -> Result<Self, journal::Error> {
        let (here, over_here) = here(journals)?;
        Ok(Self { running: experiments.running_drills(), here, over_here, holding: Vec::new() })
    }

    /// Whether a lock is left, and why.
    fn of_lock(&mut self, experiments: &Experiments, read: &Read, now: Timestamp) -> (bool, String) {
        let drill = &read.entry.lock.drill;
        let by = format!("drill {drill} of {}@{}", read.entry.lock.user, read.entry.lock.host);
        match read.entry.state {
            State::Free => (true, format!("it is free, last held by {by}")),
            State::Removing if now < read.since.saturating_add(REMOVING).unwrap_or(read.since) => {
                (false, String::from("another is removing it; if that was broken off, it goes 15 minutes after"))
            }
            State::Removing => (true, String::from("its removal was broken off")),
            State::Held => {
                let standing = read.standing(experiments);
                let needed = self.goes_on(drill);
                let is_left = needed.is_none() && standing.is_stale(now);
                if !is_left {
                    self.holding.push(drill.clone());
                }
                let until = standing.stale_from().strftime("%Y-%m-%d %H:%M:%S");
                match (needed, is_left) {
                    (Some(why), _) => (false, format!("held by {by}: {why}")),
                    (None, true) => {
                        (true, format!("held by {by}, whose time is over and whose experiment is not there"))
                    }
                    (None, false) => (false, format!("held by {by}, which may take until {until} UTC")),
                }
            }
        }
    }

    /// Why a template stays.
    fn needs(&self, template: &DrillTemplate, now: Timestamp) -> Option<String> {
        let DrillTemplate { drill, is_whole, created, .. } = template;
        if !is_whole {
            return Some(String::from("its tag Name is not that of a drill, so it may be somebody's copy"));
        }
        if let Some(why) = self.goes_on(drill) {
            return Some(why);
        }
        if self.holding.contains(drill) {
            return Some(format!("drill {drill} holds a lock"));
        }
        match created {
            _ if self.over_here.contains(drill) => None,
            Some(created) if now.duration_since(*created) >= YOUNG => None,
            Some(_) => Some(format!(
                "it is younger than {} minutes: an operator on another machine may just be starting drill {drill}",
                YOUNG.as_mins()
            )),
            None => Some(String::from("AWS does not say how old it is")),
        }
    }

    fn goes_on(&self, drill: &DrillId) -> Option<String> {
        if self.running.iter().any(|running| running.as_str() == drill.as_str()) {
            return Some(format!("the experiment of drill {drill} goes on"));
        }
        let (_, says) = self.here.iter().find(|(here, _)| here == drill)?;
        Some(format!("{says}: spotdrill attach {drill}"))
    }
}

/// The drills that the journals here do not say are over, and those that they do; a drill's name tells it from those of every
/// other account.
type Here = (Vec<(DrillId, &'static str)>, Vec<DrillId>);

fn here(journals: &Path) -> Result<Here, journal::Error> {
    let (kept, unreadable) = journal::list(journals)?;
    let (mut open, mut over) = (Vec::new(), Vec::new());
    for kept in kept {
        if kept.state.changed_at.is_some() {
            open.push((kept.header.drill, "its journal here was changed"));
        } else if left_open(kept.drill.phase) {
            open.push((kept.header.drill, "it is open in a journal here"));
        } else if kept.drill.phase == Phase::Over {
            over.push(kept.header.drill);
        }
    }
    open.extend(unreadable.iter().filter_map(|error| {
        let name = error.path().file_stem()?;
        Some((DrillId::new(name.to_string_lossy())?, "its journal here cannot be read"))
    }));
    Ok((open, over))
}
