//! `spotdrill run`: a drill without a screen. Knows what counts as a confirmation, and what to say in the end.

use std::{fmt::Write, path::Path};

use super::{
    Ending, Exit,
    again::Again,
    args::{Global, RunFormat, Wanted},
    leaving::Leaving,
    place, say, waves,
};
use crate::{
    config::Config,
    drill::{
        conduct::{Drill, Phase},
        cost::Cost,
        fact::{ConfirmedBy, Entry, What},
        fleet::{self, LAB_ACCOUNT},
        guard::{self, Refusal, Refusals},
        id::{DrillId, TemplateId},
        plan::Plan,
        verdict::Outcome,
    },
    journal::Record,
    run::{
        around::look_around,
        existing::{self, Previewed},
        headless::{self, Ended, Format},
        start::{NotStarted, Running, Ways},
        world::{World, open},
    },
    text::SafeText,
};

pub(super) async fn run(global: &Global, config: &Config, wanted: Wanted, leaving: &Leaving) -> anyhow::Result<Exit> {
    leaving.leaves(match wanted.template {
        None => "nothing was started\n",
        Some(_) => "nothing was started; a preview that FIS was asked for skips every action, and ends by itself\n",
    });
    let mut ways = place::ways(global, config)?;
    ways.take_over.clone_from(&wanted.take_over);
    let world = open(&global.door(&config.accounts)).await.map_err(Ending::from)?;
    let plan = if let Some(template) = &wanted.template {
        existing(global, &world, &ways, &wanted, template).await?
    } else {
        let (fleet, circumstances) = tokio::join!(world.aws.fleet(|_| ()), look_around(&world.aws, &ways, None));
        let fleet = fleet.map_err(Ending::from)?;
        guard::plan(&fleet, &wanted.wish(global.seed()), &circumstances).map_err(refused)?
    };
    say(&preview(&plan))?;
    if global.read_only {
        return Err(Ending::new(Exit::Guarded, "nothing was started: this is --read-only").into());
    }
    let (words, by) = confirmation(&plan, &wanted).map_err(|why| Ending::new(Exit::Guarded, why))?;
    Box::pin(waves::run(&world, &ways, &wanted, plan, (words, by), (leaving, &global.again(None)))).await
}

/// A template that is there already, as a plan: FIS tells in a preview what it resolves.
async fn existing(
    global: &Global,
    world: &World,
    ways: &Ways,
    wanted: &Wanted,
    template: &TemplateId,
) -> Result<Plan, Ending> {
    if global.fis_role.is_some() || global.stop_alarm.is_some() {
        let message = "a template that is started as it is brings its own role and alarm: leave out --fis-role and \
                       --stop-alarm";
        return Err(Ending::new(Exit::Usage, message));
    }
    if global.read_only {
        let message = "nothing was started: this is --read-only, and a preview is an FIS experiment too, which skips its \
                       actions. `spotdrill templates` shows what the template says";
        return Err(Ending::new(Exit::Guarded, message));
    }
    let existing = world.aws.template(template).await?;
    guard::startable(&existing).map_err(refused)?;
    let said = format!("FIS resolves the targets of {template}, in an experiment that skips every action ...\n");
    say(&said).map_err(|error| Ending::new(Exit::Failed, format!("could not write to standard error: {error}")))?;
    let Previewed { instances, fleet, circumstances } = existing::preview(&world.aws, ways, &existing).await?;
    guard::as_it_is(&fleet, &existing, &instances, &circumstances, &wanted.overrides).map_err(refused)
}

#[expect(clippy::needless_pass_by_value, reason = "what `map_err` hands over")]
fn refused(refusals: Refusals) -> Ending {
    let mut message = format!("nothing was started:\n{refusals}");
    for guard in refusals.overridable() {
        let _ = write!(message, "\nto go on against that guard: --override {guard}=\"REASON\"");
    }
    let exit = if refusals.0.iter().any(is_misuse) { Exit::Usage } else { Exit::Guarded };
    Ending::new(exit, message)
}

/// What was asked for is not there, or is nothing: no guard of a drill.
fn is_misuse(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::NoSuchGroup { .. }
            | Refusal::AmbiguousGroup { .. }
            | Refusal::NoSuchInstance { .. }
            | Refusal::Nothing
            | Refusal::NoGroup
            | Refusal::NoShare { .. }
            | Refusal::NeverAsked { .. }
    )
}

/// How a drill ended that was listened to.
pub(super) struct Heard {
    pub(super) exit: Exit,
    /// Who asked for a stop, in whatever phase.
    pub(super) stopped_by: Option<SafeText>,
}

/// Prints a drill's facts to its end, and turns the end into an exit code.
pub(super) async fn listen(
    running: &mut Running,
    world: &World,
    ways: &Ways,
    format: RunFormat,
    leaving: &Leaving,
) -> anyhow::Result<Heard> {
    let format = match format {
        RunFormat::Text => Format::Text,
        RunFormat::Ndjson => Format::Ndjson,
    };
    let (mut drill, mut confirmed, mut offered) = (Drill::default(), false, false);
    let began = world.aws.clock.now();
    let told = |entry: &Entry| {
        let _ = drill.apply(&entry.fact); // the orders are the conductor's to carry out
        confirmed |= matches!(entry.fact.what, What::DrillConfirmed { .. } | What::DrillAdopted { .. });
        // what is read back may be over by now
        let is_now = matches!(entry.fact.what, What::TakenUp { .. } | What::NothingLookedAt { .. });
        if !offered
            && (is_now || entry.fact.seen >= began)
            && let Some(command) = drill.stop_command(world.endpoint.as_ref()).filter(|_| !world.lab)
        {
            offered = true;
            let _ = say(&format!("stop it with AWS's own program: {command}\n")); // stderr is closed: nobody reads it
        }
    };
    if leaving.was_told_to_stop() {
        running.stopper.stop(SafeText::new("SIGUSR1"));
    }
    let mut signals = leaving.take();
    let again = Again::at(world.endpoint.as_ref());
    let written = |line: &str| again.fill(line);
    let ended = headless::follow(running, (format, &written), &ways.who(), signals.as_mut(), told).await?;
    leaving.leaves(left(&running.id, &running.journal, world));
    leaving.give(signals);
    match ended {
        Ended::Finished(verdict, stopped) => {
            let exit = match verdict.verdict {
                Outcome::Held => Exit::Held,
                Outcome::Failed | Outcome::NoOp => Exit::Failed,
                Outcome::Aborted => Exit::Aborted,
                Outcome::Refused if !confirmed => Exit::Guarded, // nothing was asked of AWS
                Outcome::Refused | Outcome::Unknown => Exit::Aws,
            };
            let by = drill.stop.map(|stop| stop.by);
            Ok(Heard { exit, stopped_by: by.or_else(|| stopped.then(|| ways.who())) })
        }
        Ended::Left(signal) => {
            Err(Ending::new(Exit::Signal(signal), left(&running.id, &running.journal, world)).into())
        }
        Ended::Mistaken(said) => {
            let message = format!("{said}\n{}", left(&running.id, &running.journal, world));
            Err(Ending::new(Exit::Mistaken, message).into())
        }
    }
}

/// How a drill is stopped from elsewhere.
pub(super) fn stops(drill: &DrillId, world: &World) -> String {
    let process = std::process::id();
    let elsewhere = format!("spotdrill abort {drill}{}", at_endpoint(world));
    let elsewhere = if world.lab { String::new() } else { format!(", anywhere else: {elsewhere}") };
    format!("stop it: Ctrl-C here, on this machine: kill -USR1 {process}{elsewhere}\n")
}

pub(super) fn at_endpoint(world: &World) -> String {
    world.endpoint.as_ref().map(|url| format!(" --endpoint-url {url}")).unwrap_or_default()
}

/// What is said to whoever leaves a drill, by what is known of it.
pub(super) fn left(drill: &DrillId, journal: &Path, world: &World) -> String {
    if world.lab {
        let journal = journal.display();
        return format!("left: the lab ended with this program, and the drill in it. What was seen is in {journal}\n");
    }
    let phase = Record::read(journal).ok().map(|record| Drill::replay(record.entries.iter().map(|it| &it.fact)).phase);
    let stands = match phase {
        Some(Phase::Planned) => "nothing was started, but the group's lock may be taken",
        Some(Phase::Creating | Phase::Starting) => "its experiment is being started, and may run unwatched",
        Some(Phase::Running) => "the experiment goes on, unwatched",
        Some(Phase::Settling) => "FIS is done with the experiment, and its targets are not watched any more",
        Some(Phase::Closing) => "nothing of it runs, but what was made for it may be left in the account",
        Some(Phase::Over) => return format!("the drill is over. What was seen is in {}\n", journal.display()),
        None => "its journal cannot be read, so whether the experiment goes on is not known",
    };
    format!(
        "left: {stands}. Come back with: spotdrill attach {drill}{}\n\
         What was seen so far is in {}\n",
        at_endpoint(world),
        journal.display()
    )
}

fn preview(plan: &Plan) -> String {
    let zones: Vec<_> = plan.by_zone().into_iter().map(|(zone, count)| format!("{zone} {count}")).collect();
    let targets: Vec<_> = plan.in_all_waves().map(|target| target.id.to_string()).collect();
    let seed = plan.seed.map(|seed| format!("  seed {seed}")).unwrap_or_default();
    let world = match plan.world {
        fleet::World::Lab => "LAB",
        fleet::World::Aws => "AWS",
    };
    format!(
        "{world} account {}  region {}\n{}: {} of {} running spot instances ({} %), {}  warning {}{seed}\n{}\n{}\n",
        plan.account,
        plan.region,
        plan.subject(),
        targets.len(),
        plan.out_of,
        plan.share(),
        zones.join(", "),
        plan.warning,
        targets.join(" "),
        Cost::of(plan),
    ) + &in_waves(plan)
        + &guarded(plan)
        + &as_it_is(plan)
}

/// What is said besides of a plan in waves.
fn in_waves(plan: &Plan) -> String {
    let Some(wave) = &plan.wave else { return String::new() };
    let sizes: Vec<_> = plan.waves().iter().map(ToString::to_string).collect();
    format!(
        "{} waves of {}, {} s between them, at least {} s in all: one starts when the one before held\n",
        wave.of,
        sizes.join(" + "),
        wave.gap,
        plan.least_time().as_secs()
    )
}

/// What stops it, and which guards were overridden.
fn guarded(plan: &Plan) -> String {
    let alarm = plan.stop_alarm.as_ref().map(|arn| format!("stopped by alarm {arn}\n")).unwrap_or_default();
    let overridden = plan.overridden.iter();
    let lines = overridden.map(|it| format!("OVERRIDDEN {}: {}\n  because: {}\n", it.guard, it.said, it.reason));
    alarm + &lines.collect::<String>()
}

/// What is said besides of a template that is started as it is.
fn as_it_is(plan: &Plan) -> String {
    let Some(existing) = &plan.as_is else { return String::new() };
    let choice = plan.choice().map(|choice| format!("{choice}\n")).unwrap_or_default();
    format!(
        "template {} as it is: {}\n{choice}role {}, stopped by {}\n",
        existing.id,
        existing.label(),
        existing.role_arn,
        existing.stops()
    )
}

/// `--yes` counts in a lab; anywhere else only the words do.
fn confirmation(plan: &Plan, wanted: &Wanted) -> Result<(String, ConfirmedBy), String> {
    let words = plan.words();
    let lab = plan.world == fleet::World::Lab && plan.account.as_str() == LAB_ACCOUNT;
    match &wanted.confirm {
        Some(given) if *given == words => Ok((words, ConfirmedBy::Flag)),
        Some(given) => Err(format!("nothing was started: --confirm says \"{given}\", the plan is \"{words}\"")),
        None if wanted.yes && lab => Ok((words, ConfirmedBy::Yes)),
        None if wanted.yes => Err(format!(
            "nothing was started: --yes is enough in a lab only, and this is account {}. If you mean it, pass \
             --confirm \"{words}\"",
            plan.account
        )),
        None if lab => Err(String::from("nothing was started: pass --yes to start it")),
        None => Err(format!("nothing was started: pass --confirm \"{words}\" to start it")),
    }
}

pub(super) fn ending(error: NotStarted) -> Ending {
    let said = error.to_string();
    let exit = match error {
        NotStarted::NotFound { .. } => Exit::Usage,
        NotStarted::Aws(_) => Exit::Aws,
        NotStarted::Locked(why) if why.aws().is_some() => Exit::Aws,
        NotStarted::Changed { .. }
        | NotStarted::TemplateChanged { .. }
        | NotStarted::OtherAccount { .. }
        | NotStarted::OtherPlace { .. }
        | NotStarted::NotOpen { .. }
        | NotStarted::NotAgain { .. }
        | NotStarted::Locked(_)
        | NotStarted::Journal(_) => Exit::Guarded,
        NotStarted::Stopped { .. } => Exit::Aborted,
    };
    Ending::new(exit, said)
}
