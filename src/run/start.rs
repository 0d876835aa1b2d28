//! The start of a drill: its name, its journal, the last look before it, and its conductor. Knows what must be on disk
//! before anything is asked of AWS.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
    task::JoinHandle,
};

use super::{
    again::may_be_sent_again,
    around::look_around,
    conductor::{Conductor, Told},
    crew::{Crew, WAITING, spawn},
    lock::{self, Files, NotLocked},
};
use crate::{
    aws::{self, Aws, Identity, LogGroups},
    drill::{
        conduct::{Drill, Phase},
        fact::{ConfirmedBy, Fact, Source, What},
        fleet::partition,
        found::{Rebuilt, Seen},
        guard::{self, Refusals},
        id::{DrillId, TemplateId},
        lock::Lock,
        plan::Plan,
        verdict::Verdict,
    },
    journal::{self, Header, Journal, SCHEMA, Who},
    probe::Prober,
    text::SafeText,
};

/// How drills are run here.
#[derive(Clone, Debug)]
pub struct Ways {
    /// The folder of journals.
    pub journals: PathBuf,
    pub groups: LogGroups,
    /// A role's name or ARN.
    pub fis_role: String,
    pub settle_seconds: u32,
    /// The health checks.
    pub prober: Prober,
    /// The server that was named on the command line.
    pub endpoint: Option<SafeText>,
    /// The world is a lab in this very program.
    pub lab_inside: bool,
    /// The alarm that stops experiments, by name or ARN; the stack's where none is named.
    pub stop_alarm: Option<SafeText>,
    /// The stack that names an alarm.
    pub stack: String,
    /// How long a group rests between two drills.
    pub cool_down: SignedDuration,
    pub user: SafeText,
    pub host: SafeText,
    /// Locks that may be taken over, if they are stale: the drills that hold them, as the operator typed them.
    pub take_over: Vec<DrillId>,
}

/// How long a start that comes to nothing waits for its locks to be freed, in drill time.
const FREEING: Duration = Duration::from_secs(30);

impl Ways {
    /// Who is at it, for the record.
    pub fn who(&self) -> SafeText {
        SafeText::new(format!("{}@{}", self.user, self.host))
    }
}

/// A drill that was started.
#[derive(Debug)]
pub struct Running {
    pub id: DrillId,
    pub journal: PathBuf,
    pub stopper: Stopper,
    pub told: mpsc::UnboundedReceiver<Told>,
    pub conductor: JoinHandle<Verdict>,
}

/// Asks a drill to stop, from anywhere in the program: it neither waits nor fails, and asking again is the same stop.
#[derive(Clone, Debug)]
pub struct Stopper(mpsc::UnboundedSender<SafeText>);

impl Stopper {
    pub fn stop(&self, by: SafeText) {
        let _ = self.0.send(by); // the drill is over
    }

    /// Takes SIGUSR1 for a stop until the drill is over: in a task of its own, so that it counts whatever hangs.
    pub fn obey_signal(&self) -> io::Result<()> {
        let mut signal = signal(SignalKind::user_defined1())?;
        let stopper = self.clone();
        spawn(async move {
            loop {
                tokio::select! {
                    Some(()) = signal.recv() => stopper.stop(SafeText::new("SIGUSR1")),
                    () = stopper.0.closed() => return,
                }
            }
        });
        Ok(())
    }
}

#[derive(Debug, Error)]
pub enum NotStarted {
    #[error("what was previewed no longer holds, so nothing was started:\n{refusals}{}", lines(.changed))]
    Changed { refusals: Refusals, changed: Vec<SafeText> },
    #[error("template {template} was changed or replaced since the preview, so nothing was started: preview it again")]
    TemplateChanged { template: TemplateId },
    #[error("the account is {now}, but the plan was made for {planned}: nothing was started")]
    OtherAccount { now: SafeText, planned: SafeText },
    #[error("drill {drill} is {why}")]
    NotOpen { drill: DrillId, why: &'static str },
    #[error("the start of drill {drill} is not sent again: {why}")]
    NotAgain { drill: DrillId, why: SafeText },
    #[error("there is no drill {drill}, neither here nor in the account: `spotdrill drills --account` lists them")]
    NotFound { drill: DrillId },
    #[error(transparent)]
    Locked(#[from] NotLocked),
    #[error(transparent)]
    Aws(#[from] aws::Error),
    #[error(transparent)]
    Journal(#[from] journal::Error),
}

/// Starts a confirmed plan, unless what it was made from has changed meanwhile.
pub async fn start(aws: &Aws, ways: &Ways, plan: Plan, words: String, by: ConfirmedBy) -> Result<Running, NotStarted> {
    let identity = aws.identity().await?;
    if identity.account != plan.account {
        return Err(NotStarted::OtherAccount { now: identity.account, planned: plan.account });
    }
    let (plan, changed) = as_previewed(aws, ways, &plan).await?;
    template_unchanged(aws, &plan).await?;
    lock::held_by_another(aws, ways, &plan).await?;
    let now = aws.clock.now();
    let id = new_id(now);
    let wanted = lock::lock(aws, ways, &plan, &id, &identity);
    let journal = Journal::create(&ways.journals, &header(aws, ways, &plan, &id, identity, now))?;
    let path = journal.path().to_owned();
    let (mut conductor, stopper, told) = conductor(aws, ways, journal, Drill::default(), 0);
    let role_arn = match &plan.as_is {
        Some(existing) => existing.role_arn.to_string(),
        None => role_arn(&ways.fis_role, &plan.region, &plan.account),
    };
    let settle_seconds = ways.settle_seconds;
    let planned = What::DrillPlanned { drill: id.clone(), plan: plan.clone(), role_arn, settle_seconds };
    conductor.record(Fact::ours(now, planned));
    for message in changed {
        conductor.record(Fact::ours(now, What::Noted { message }));
    }
    let mut conductor = locked(conductor, aws, ways, &plan, &wanted).await?;
    let checks = ways.prober.checks();
    if !checks.is_empty() {
        conductor.record(Fact::ours(now, What::ChecksChosen { checks }));
    }
    let client_token = format!("spotdrill-{id}");
    conductor.record(Fact::operators(aws.clock.now(), What::DrillConfirmed { words, by, client_token }));
    Ok(Running { id, journal: path, stopper, told, conductor: spawn(conductor.conduct()) })
}

/// Takes the groups for the drill. Without them it is over before it begins, and its journal says why.
async fn locked(
    mut conductor: Conductor,
    aws: &Aws,
    ways: &Ways,
    plan: &Plan,
    wanted: &Lock,
) -> Result<Conductor, NotStarted> {
    if conductor.journal_lost.is_some() {
        return Ok(conductor); // nothing will be started
    }
    match lock::take(aws, ways, plan, wanted).await {
        Ok((files, over)) => {
            conductor.files = files;
            let groups = plan.groups().into_iter().map(lock::group_of).collect();
            let by = SafeText::new(format!("{}@{} ({})", wanted.user, wanted.host, wanted.arn));
            conductor.record(Fact::ours(aws.clock.now(), What::LockTaken { groups, by, over }));
            Ok(conductor)
        }
        Err(why) => {
            let message = SafeText::new(why.to_string());
            let in_doubt = !matches!(why, NotLocked::Here { .. } | NotLocked::File { .. });
            conductor.record(Fact::ours(aws.clock.now(), What::LockNotTaken { message, in_doubt }));
            // what may be ours all the same is freed; if that takes long, `attach` goes on with it
            tokio::select! {
                _ = conductor.conduct() => {}
                () = aws.clock.sleep(FREEING) => {}
            }
            Err(why.into())
        }
    }
}

/// Takes up a drill that was left: its facts are told again, and it is watched on to its verdict.
/// Should the order to start not have arrived, it is sent again only to `go_on`.
pub async fn take_up(aws: &Aws, ways: &Ways, left: &Path, go_on: bool) -> Result<Running, NotStarted> {
    let (journal, record) = Journal::resume(left)?;
    let drill = Drill::replay(record.entries.iter().map(|entry| &entry.fact));
    let id = record.header.drill.clone();
    let perhaps_locked = drill.phase == Phase::Planned && drill.planned.is_some();
    if let Some(why) = not_open(drill.phase).filter(|_| !perhaps_locked) {
        return Err(NotStarted::NotOpen { drill: id, why });
    }
    let now = aws.identity().await?.account;
    if now != record.header.account {
        return Err(NotStarted::OtherAccount { now, planned: record.header.account });
    }
    if go_on {
        may_be_sent_again(aws, &drill).await?;
    }
    let seq = record.entries.last().map_or(0, |entry| entry.seq);
    let (mut conductor, stopper, told) = conductor(aws, ways, journal, drill, seq);
    conductor.take_up(&record.entries, ways.who(), go_on);
    Ok(Running { id, journal: record.path, stopper, told, conductor: spawn(conductor.conduct()) })
}

/// Takes over a drill of which there is no journal here: one is begun, with what AWS still says, and the watches read the
/// rest again from logs and events. What nobody looked at is a gap that the time line keeps.
pub async fn adopt(aws: &Aws, ways: &Ways, seen: &Seen) -> Result<Running, NotStarted> {
    let identity = aws.identity().await?;
    let Rebuilt { seen, plan, role_arn, template } = aws.rebuilt(seen).await?;
    let Seen { drill: id, experiment, template: started_from, begun, .. } = seen;
    let now = aws.clock.now();
    let journal = Journal::create_unseen(&ways.journals, &header(aws, ways, &plan, &id, identity, now))?;
    let (mut conductor, stopper, told) = conductor(aws, ways, journal, Drill::default(), 0);
    let (role_arn, settle_seconds) = (role_arn.to_string(), ways.settle_seconds);
    conductor.record(Fact::ours(now, What::DrillPlanned { drill: id.clone(), plan, role_arn, settle_seconds }));
    conductor.record(Fact::operators(now, What::DrillAdopted { by: ways.who(), begun, template }));
    let started = What::ExperimentStarted { experiment, template: started_from };
    conductor.record(Fact { at: begun, seen: now, source: Source::Fis, instance: None, what: started });
    conductor.record(Fact::ours(now, What::NothingLookedAt { from: begun, until: now }));
    if conductor.journal_lost.is_none() {
        conductor.journal.show()?; // whoever is hit before adopts it anew
    }
    let path = conductor.journal.path().to_owned();
    Ok(Running { id, journal: path, stopper, told, conductor: spawn(conductor.conduct()) })
}

/// Whether a drill in this phase was left before its end.
pub fn left_open(phase: Phase) -> bool {
    not_open(phase).is_none()
}

/// Why there is nothing to take up, if so.
fn not_open(phase: Phase) -> Option<&'static str> {
    match phase {
        Phase::Over => Some("over: there is nothing to come back to"),
        Phase::Planned => Some("not started: nothing was asked of AWS"),
        Phase::Creating | Phase::Starting | Phase::Running | Phase::Settling | Phase::Closing => None,
    }
}

type Ends = (Conductor, Stopper, mpsc::UnboundedReceiver<Told>);

fn conductor(aws: &Aws, ways: &Ways, journal: Journal, drill: Drill, seq: u64) -> Ends {
    let (news_in, news) = mpsc::channel(WAITING);
    let (listener, told) = mpsc::unbounded_channel();
    let (stop, stops) = mpsc::unbounded_channel();
    let crew = Crew::new(aws, ways.groups.clone(), ways.prober.clone(), news_in);
    let clock = aws.clock.clone();
    let files = Files::default();
    let conductor = Conductor { drill, clock, journal, files, crew, news, stops, listener, seq, journal_lost: None };
    (conductor, Stopper(stop), told)
}

/// What was confirmed must still be there and every guard must still let it pass, at the moment of the start. What has
/// changed since the preview is told either way.
async fn as_previewed(aws: &Aws, ways: &Ways, plan: &Plan) -> Result<(Plan, Vec<SafeText>), NotStarted> {
    let (fleet, circumstances) = tokio::join!(aws.fleet(|_| ()), look_around(aws, ways, plan.as_is.as_deref()));
    let fleet = fleet?;
    let changed = guard::changed(plan, &fleet, &circumstances);
    match guard::again(plan, &fleet, &circumstances) {
        Ok(plan) => Ok((plan, changed)),
        Err(refusals) => Err(NotStarted::Changed { refusals, changed }),
    }
}

fn lines(said: &[SafeText]) -> String {
    said.iter().fold(String::new(), |lines, said| format!("{lines}\n{said}"))
}

/// A template that is started as it is must still be what was previewed: others may change it at any time.
async fn template_unchanged(aws: &Aws, plan: &Plan) -> Result<(), NotStarted> {
    let Some(previewed) = plan.as_is.as_deref() else { return Ok(()) };
    let now = aws.template(&previewed.id).await?;
    if now == *previewed { Ok(()) } else { Err(NotStarted::TemplateChanged { template: now.id }) }
}

fn header(aws: &Aws, ways: &Ways, plan: &Plan, id: &DrillId, identity: Identity, begun: Timestamp) -> Header {
    Header {
        schema: SCHEMA,
        drill: id.clone(),
        world: plan.world,
        rate: aws.clock.rate(),
        account: plan.account.clone(),
        region: plan.region.clone(),
        who: Who { arn: identity.arn, user: ways.user.clone(), host: ways.host.clone() },
        begun,
        endpoint: ways.endpoint.clone(),
        version: SafeText::new(env!("CARGO_PKG_VERSION")),
    }
}

/// The time, and four letters so that two drills of one second differ.
fn new_id(now: Timestamp) -> DrillId {
    let letters: String = (0..4).map(|_| fastrand::lowercase()).collect();
    DrillId::new(format!("{}-{letters}", now.strftime("%Y%m%d-%H%M%S")))
}

/// The ARN of a role that is given by its name.
pub fn role_arn(role: &str, region: &str, account: &str) -> String {
    if role.starts_with("arn:") {
        return role.to_owned();
    }
    format!("arn:{}:iam::{account}:role/{role}", partition(region))
}
