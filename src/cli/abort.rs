//! `spotdrill abort`: a stop from anywhere, for the drill of any program and any machine. Knows what is said of it.

use super::{Ending, Exit, args::Global, place, print, run::at_endpoint, say};
use crate::{
    aws::{self, Kind},
    config::Config,
<<<<<<< HEAD
    drill::id::DrillId,
    run::{
        abort::{Stopped, Target, abort, target},
=======
    journal,
    run::{
        abort::{NotAborted, Stopped, Target, abort, target},
        between::{Between, between_waves},
        start::Ways,
>>>>>>> main
        world::{World, open},
    },
};

pub(super) async fn run(global: &Global, config: &Config, drill: Option<&DrillId>) -> anyhow::Result<Exit> {
    let ways = place::ways(global, config)?;
    let world = open(&global.door(&config.accounts)).await.map_err(Ending::from)?;
    let found = target(&world.aws, &ways, drill.map(DrillId::as_str)).await;
    let (found, unread) = found.map_err(|error| not_aborted(&error, &look(&world)))?;
    if let Some(error) = unread {
        say(&format!("the drills of this machine are not known: {error}\n"))?;
    }
    let Some(target) = found else {
        let message = match drill {
            Some(id) => format!(
                "no experiment of drill {id} is known, neither here nor in the account: nothing was stopped. Look with: {}",
                look(&world)
            ),
            None => String::from("no drill runs, neither here nor in the account: there is nothing to stop now"),
        };
        let message = message + &waves_to_come(&ways)?;
        return Err(Ending::new(Exit::Usage, message).into());
    };
    let command = by_hand(&world, &target);
<<<<<<< HEAD
    let stopped = abort(&world.aws, &target, ways.who()).await.map_err(|error| not_aborted(&error, &command))?;
    let drill = &target.drill;
    let exit = match &stopped {
        Stopped::Sent { .. } | Stopped::Already { .. } => Exit::Held,
        Stopped::Done { .. } => Exit::Failed,
=======
    let stopped = abort(&world.aws, &target, ways.who()).await.map_err(|error| not_aborted(error.into(), &command))?;
    let Target { drill, experiment, .. } = &target;
    let (text, exit) = match &stopped {
        Stopped::Sent { saves } => {
            (format!("stop sent for experiment {experiment} of drill {drill}; {saves}"), Exit::Held)
        }
        Stopped::Already { status, saves } => (
            format!("a stop of drill {drill} was asked for already: FIS says {status} of {experiment}; {saves}"),
            Exit::Held,
        ),
        Stopped::Done { status, saves } => (
            format!(
                "nothing is left to stop of drill {drill}: FIS says {status} of {experiment}; {saves}{}",
                waves_to_come(&ways)?
            ),
            Exit::Failed,
        ),
>>>>>>> main
    };
    let text = stopped.telling(&target);
    print(&format!("{text}\nwatch its targets: spotdrill attach {drill}{}\n", at_endpoint(&world)))?;
    Ok(exit)
}

fn not_aborted(error: &aws::Error, command: &str) -> Ending {
    let exit = if error.kind == Kind::ReadOnly { Exit::Guarded } else { Exit::Aws };
    Ending::new(exit, format!("{error}. The same by AWS's own program: {command}"))
}

/// What is said besides where nothing runs: the next wave comes from the program alone.
fn waves_to_come(ways: &Ways) -> Result<String, journal::Error> {
    let elsewhere =
        "a program that waits between two waves, on another machine, is held there: Ctrl-C, or kill -USR1 to it";
    Ok(match between_waves(ways)? {
        Some(Between { after, wave, process }) => format!(
            "\ndrill {after} is over, but process {process} of this machine may go on with wave {} of {}. Hold it: \
             kill -USR1 {process}, or Ctrl-C there",
            wave.number, wave.of
        ),
        None => format!("\n{elsewhere}"),
    })
}

fn by_hand(world: &World, target: &Target) -> String {
    let (region, endpoint) = (&world.aws.region, at_endpoint(world));
    format!("aws fis stop-experiment --region {region} --id {}{endpoint}", target.experiment)
}

/// Which experiments of drills there are.
fn look(world: &World) -> String {
    format!("aws fis list-experiments --region {}{}", world.aws.region, at_endpoint(world))
}
