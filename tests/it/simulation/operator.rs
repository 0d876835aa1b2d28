//! One schedule, from the plan to the last look: a drill is started, lost, come back to and watched to its verdict, and what
//! is left is collected. Knows the program's own ways in, and not what may become of a drill.

use std::{
    collections::BTreeSet,
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use spotdrill::{
    clock::Clock,
    drill::{
        fact::{Entry, What},
        id::{DrillId, InstanceId},
        plan::{Plan, Selection},
        verdict::{Outcome, Verdict},
    },
    journal::{self, Record},
    lab::{Lab, scenario::Scenario},
    run::{
        conductor::Told,
        found::come_back,
        gc,
        start::{NotStarted, Running, Ways},
    },
    text::SafeText,
};

use super::{
    check::Found,
    network::{Network, Seen},
    schedule::{AtLast, Loss, Region, Schedule},
};
use crate::{
    existing::one_of_web,
    stage::{Otherwise, Stage, scenario},
};

/// Longer than any drill, its lock and what comes after it takes.
const BOUND: Duration = Duration::from_hours(12);
/// When what a drill left may go: no lock lasts longer here.
const AFTERWARDS: Duration = Duration::from_hours(3);
/// How long one waits who could not come back, and how often one tries.
const A_WHILE: Duration = Duration::from_secs(30);
const TRIES: usize = 300;
/// A quarter of a group may be hit at once.
const QUARTERS: usize = 4;

/// What a schedule came to.
#[derive(Debug, Default)]
pub(super) struct Ran {
    pub(super) plan: Option<Plan>,
    pub(super) drill: Option<DrillId>,
    /// Each journal with what it said when the program was lost.
    pub(super) left: Vec<(PathBuf, Vec<Entry>)>,
    /// What each journal says at the end.
    pub(super) journals: Vec<Record>,
    pub(super) verdicts: Vec<Verdict>,
    /// Those that held, each with the instances that EC2 said had ended by then.
    pub(super) held: Vec<BTreeSet<InstanceId>>,
    pub(super) not_started: Option<String>,
    pub(super) lost: usize,
    pub(super) come_back: usize,
    pub(super) adopted: usize,
    pub(super) stops: usize,
    pub(super) left_to_gc: usize,
    /// What is wrong, as far as it shows on the way.
    pub(super) wrong: Vec<String>,
    pub(super) seen: Seen,
    _home: Option<tempfile::TempDir>,
}

/// How one program ended.
enum Ended {
    Verdict,
    Lost,
    /// There is nothing to come back to.
    Over,
    NotThere,
    NotStarted(String),
    /// It may be tried again.
    Trouble(String),
}

pub(super) struct Operator<'a> {
    schedule: &'a Schedule,
    pub(super) lab: Arc<Lab>,
    pub(super) clock: Clock,
    network: Network,
    /// Its calls fare well, and do not count.
    pub(super) quiet: Stage,
    home: PathBuf,
    folder: PathBuf,
    ran: Ran,
}

pub(super) fn opened() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
}

impl<'a> Operator<'a> {
    pub(super) async fn of(schedule: &'a Schedule) -> Self {
        let clock = Clock::rated(opened(), 1.0);
        let lab = Lab::open(region(schedule), clock.clone(), schedule.seed);
        let network = Network::of(&lab, &clock, schedule);
        let mut quiet = Stage::at(&lab, clock.clone(), Otherwise::default()).await;
        let disk = Path::new("/dev/shm"); // where there is none, syncing takes its time
        let home = if disk.is_dir() { tempfile::tempdir_in(disk) } else { tempfile::tempdir() }.unwrap();
        let folder = home.path().join("here/drills");
        quiet.ways = ways(&quiet, &folder);
        let ran = Ran::default();
        Self {
            schedule,
            lab,
            clock,
            network,
            quiet,
            home: home.path().to_owned(),
            folder,
            ran: Ran { _home: Some(home), ..ran },
        }
    }

    /// Runs it to its end, or says that it has none.
    pub(super) async fn run(&mut self) -> Ran {
        let network = self.network.clone();
        let has_ended = tokio::select! {
            () = network.too_many() => false,
            ended = tokio::time::timeout(BOUND, self.go_through()) => ended.is_ok(),
        };
        if !has_ended {
            self.ran.wrong.push(String::from("it has no end"));
        }
        self.ran.wrong.extend(network.wrong());
        for folder in [self.home.join("here/drills"), self.home.join("there/drills")] {
            for kept in journal::list(&folder).unwrap().0 {
                self.ran.journals.push(Record::read(&kept.path).unwrap());
            }
        }
        self.ran.seen = self.network.seen();
        std::mem::take(&mut self.ran)
    }

    async fn go_through(&mut self) {
        let Schedule { targets, warn, as_is, .. } = self.schedule;
        let plan = if *as_is {
            self.quiet.plan_of(&one_of_web(&self.quiet).await).await
        } else {
            self.quiet.plan("web", Selection::Count(*targets), warn).await
        };
        self.ran.plan = Some(plan.clone());
        let (mut begun, mut tries) = (false, 0);
        let mut losses = self.schedule.losses.iter();
        let mut next = losses.next();
        loop {
            let ended = self.program((!begun).then_some(&plan), next).await;
            begun = true;
            let loss = match ended {
                Ended::Lost => next.take(),
                Ended::Trouble(why) if tries < TRIES => {
                    tries += 1;
                    self.network.tell(format_args!("not come back: {why}"));
                    self.clock.sleep(A_WHILE).await;
                    continue;
                }
                Ended::Trouble(why) => return self.ran.wrong.push(format!("nobody could come back: {why}")),
                Ended::NotThere if self.is_elsewhere() => {
                    self.network.tell("nothing is found elsewhere");
                    self.folder = self.home.join("here/drills");
                    continue;
                }
                Ended::NotThere => return self.ran.wrong.push(String::from("its journal is not found")),
                Ended::Verdict if self.is_elsewhere() && self.schedule.at_last == AtLast::ElsewhereAndHere => {
                    self.folder = self.home.join("here/drills");
                    continue;
                }
                Ended::Verdict | Ended::Over => break,
                Ended::NotStarted(why) => {
                    self.network.tell(format_args!("not started: {why}"));
                    self.ran.not_started = Some(why);
                    self.ran.drill = self.left_here();
                    if self.ran.drill.is_none() {
                        break;
                    }
                    self.clock.sleep(A_WHILE).await; // its journal may be open: it is attached to
                    continue;
                }
            };
            let Some(loss) = loss else { continue };
            self.ran.lost += 1;
            self.leave(loss);
            if self.ran.drill.is_none() {
                break; // nothing was begun
            }
            self.clock.sleep(loss.away).await;
            next = losses.next();
            if next.is_none() && self.schedule.at_last != AtLast::Here {
                self.folder = self.home.join("there/drills");
            }
        }
        self.collect().await;
    }

    fn is_elsewhere(&self) -> bool {
        self.folder.starts_with(self.home.join("there"))
    }

    /// One program: it starts the plan, or comes back to the drill, and is lost perhaps.
    async fn program(&mut self, plan: Option<&Plan>, loss: Option<&Loss>) -> Ended {
        let go_on = loss.is_some_and(|loss| loss.go_on);
        let line = self.network.line(loss.map(|loss| loss.when), plan.is_some() || go_on);
        let between = Some(line.client());
        let mut stage = Stage::at(&self.lab, self.clock.clone(), Otherwise { between, ..Otherwise::default() }).await;
        stage.ways = ways(&stage, &self.folder);
        let (mut running, mut told) = (None, Vec::new());
        let ended = {
            let conducted = self.conducted(&stage, plan, go_on, &mut running, &mut told);
            tokio::select! {
                biased;
                () = line.lost() => Ended::Lost,
                ended = conducted => ended,
            }
        };
        line.cut();
        if let Some(mut running) = running {
            if !running.conductor.is_finished() {
                running.conductor.abort();
                let _ = (&mut running.conductor).await; // the journal is let go of with it
            }
            self.check_told(&running.journal, &told);
        }
        ended
    }

    async fn conducted(
        &mut self,
        stage: &Stage,
        plan: Option<&Plan>,
        go_on: bool,
        running: &mut Option<Running>,
        told: &mut Vec<Entry>,
    ) -> Ended {
        let begun = match (plan, &self.ran.drill) {
            (Some(plan), _) => stage.start(plan.clone()).await,
            (None, Some(drill)) => match come_back(&stage.aws, &stage.ways, drill, go_on).await {
                Err(NotStarted::NotAgain { .. }) => come_back(&stage.aws, &stage.ways, drill, false).await,
                back => back,
            },
            (None, None) => return Ended::Over,
        };
        let begun = match begun {
            Ok(begun) => begun,
            Err(NotStarted::NotFound { .. }) => return Ended::NotThere,
            Err(NotStarted::NotOpen { .. }) => return Ended::Over,
            Err(error) if plan.is_some() => return Ended::NotStarted(error.to_string()),
            Err(error) => return Ended::Trouble(error.to_string()),
        };
        self.ran.drill = Some(begun.id.clone());
        if plan.is_none() {
            self.ran.come_back += 1;
            self.ran.adopted += usize::from(self.is_elsewhere());
            self.network.tell("come back");
        }
        let begun = running.insert(begun);
        let since = self.clock.now();
        let stop = self.schedule.stop.filter(|_| plan.is_some());
        let mut stopped = stop.is_none();
        loop {
            let left = stop.map(|stop| stop.saturating_sub(self.clock.now().duration_since(since).unsigned_abs()));
            let time_to_stop = self.clock.sleep(left.unwrap_or_default());
            let heard = tokio::select! {
                biased;
                heard = begun.told.recv() => heard,
                () = time_to_stop, if !stopped => {
                    stopped = true;
                    self.ran.stops += 1;
                    self.network.tell("a stop is asked for");
                    begun.stopper.stop(SafeText::new("operator"));
                    continue;
                }
            };
            match heard {
                Some(Told::Recorded(entry)) => {
                    if entry.fact.seen >= since {
                        self.network.tell(format_args!("    {} {}", entry.seq, entry.fact.telling()));
                    }
                    told.push(entry);
                }
                Some(_) => {}
                None => break,
            }
        }
        match (&mut begun.conductor).await {
            Ok(verdict) => {
                if verdict.verdict == Outcome::Held && self.schedule.region.lag == 0 {
                    self.ran.held.push(Found::look(self).await.ended);
                }
                self.ran.verdicts.push(verdict);
                Ended::Verdict
            }
            Err(error) => {
                self.ran.wrong.push(format!("the conductor failed: {error}"));
                Ended::Over
            }
        }
    }

    /// What was told is on disk, in its order.
    fn check_told(&mut self, journal: &Path, told: &[Entry]) {
        let record = Record::read(journal).unwrap();
        if !record.entries.starts_with(told) {
            self.ran.wrong.push(format!("told and not in {}: {told:#?}", journal.display()));
        }
    }

    /// The drill of the journal that is here.
    fn left_here(&self) -> Option<DrillId> {
        let (kept, _) = journal::list(&self.folder).unwrap();
        kept.into_iter().next().map(|kept| kept.header.drill)
    }

    /// Remembers what the journal says when the program is lost, and may tear its end.
    fn leave(&mut self, loss: &Loss) {
        let Some(drill) = self.left_here() else { return };
        let journal = self.folder.join(format!("{drill}.jsonl"));
        self.ran.drill = Some(drill);
        self.ran.left.push((journal.clone(), Record::read(&journal).unwrap().entries));
        if loss.torn {
            let mut file = OpenOptions::new().append(true).open(&journal).unwrap();
            file.write_all(b"{\"seq\":99,\"at\":\"20").unwrap();
        }
    }

    /// What is left goes as `gc` would have it, when its time is over.
    async fn collect(&mut self) {
        self.clock.sleep(AFTERWARDS).await;
        let before = Found::look(self).await;
        self.ran.left_to_gc = before.templates.len() + before.held.len();
        let seen = self.network.seen();
        if seen.faults.is_empty() && seen.struck == 0 && !self.is_elsewhere() && self.ran.left_to_gc > 0 {
            self.ran.wrong.push(format!("all went well, and it left {:?} {:?}", before.templates, before.held));
        }
        let aws = &self.quiet.aws;
        let found = gc::look(aws, &self.folder).await.unwrap();
        gc::carry_out(aws, &self.folder, &found.goes, |_| ()).await.unwrap();
    }
}

fn region(schedule: &Schedule) -> Scenario {
    let Schedule { targets, region: Region { logs, lag, stop_recalls }, .. } = schedule;
    let no_logs = "[stack]\ndeleted = [\"EventLog\", \"EventLogRule\", \"Function\", \"FunctionLog\", \"SlackRule\"]\n";
    let logs = if *logs { "" } else { no_logs };
    let parts = format!(
        "{logs}[timing]\nterminated_visible = 86400\n[consistency]\nlag = {lag}\n[interruption]\nstop_recalls = \
         {stop_recalls}\n"
    );
    scenario(targets * QUARTERS, &parts)
}

/// As on a machine that has its journals there.
fn ways(stage: &Stage, folder: &Path) -> Ways {
    fs::create_dir_all(folder).unwrap();
    Ways {
        journals: folder.to_owned(),
        settle_seconds: 120,
        endpoint: Some(SafeText::new("http://127.0.0.1:1")),
        ..stage.ways.clone()
    }
}

/// Whether a verdict says that it does not know.
pub(super) fn is_unknown(verdict: &Verdict) -> bool {
    verdict.reasons.iter().any(|reason| reason.contains("UNKNOWN"))
}

/// The experiments that a journal knows of.
pub(super) fn known(record: &Record) -> Vec<&str> {
    let started = record.entries.iter().filter_map(|entry| match &entry.fact.what {
        What::ExperimentStarted { experiment, .. } => Some(experiment.as_str()),
        _ => None,
    });
    started.collect()
}
