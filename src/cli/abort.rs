//! `spotdrill abort`: a stop from anywhere, for the drill of any program and any machine. Knows what is said of it.

use super::{Ending, Exit, args::Global, place, print, run::at_endpoint, say};
use crate::{
    aws::{self, Kind},
    config::Config,
    drill::id::DrillId,
    run::{
        abort::{Stopped, Target, abort, target},
        between::{Between, between_waves},
        start::Ways,
        world::{World, open},
    },
};

pub(super) async fn run(global: &Global, config: &Config, drill: Option<&DrillId>) -> anyhow::Result<Exit> {
    let ways = place::ways(global, config)?;
    let world = open(&global.door(&config.accounts)).await.map_err(Ending::from)?;
    let found = target(&world.aws, &ways, drill.map(DrillId::as_str)).await;
    let (found, unread) = found.map_err(|error| not_aborted(&error, &look(&world)))?;
    if let Some(error) = unread {
        let _ = say(&format!("the drills of this machine are not known: {error}\n")); // whether or not anyone reads it
    }
    let Some(target) = found else {
        let message = match drill {
            Some(id) => format!(
                "no experiment of drill {id} is known, neither here nor in the account: nothing was stopped. Look with: {}",
                look(&world)
            ),
            None => String::from("no drill runs, neither here nor in the account: there is nothing to stop now"),
        };
        let message = message + &waves_to_come(&ways);
        return Err(Ending::new(Exit::Usage, message).into());
    };
    let command = by_hand(&world, &target);
    let stopped = abort(&world.aws, &target, ways.who()).await.map_err(|error| not_aborted(&error, &command))?;
    let drill = &target.drill;
    let (exit, besides) = match &stopped {
        Stopped::Sent { .. } | Stopped::Already { .. } => (Exit::Held, String::new()),
        Stopped::Done { .. } => (Exit::Failed, waves_to_come(&ways)),
    };
    let text = stopped.telling(&target) + &besides;
    print(&format!("{text}\nwatch its targets: spotdrill attach {drill}{}\n", at_endpoint(&world)))?;
    Ok(exit)
}

fn not_aborted(error: &aws::Error, command: &str) -> Ending {
    let exit = if error.kind == Kind::ReadOnly { Exit::Guarded } else { Exit::Aws };
    Ending::new(exit, format!("{error}. The same by AWS's own program: {command}"))
}

/// What is said besides where nothing runs: the next wave comes from the program alone.
fn waves_to_come(ways: &Ways) -> String {
    let elsewhere =
        "a program that waits between two waves, on another machine, is held there: Ctrl-C, or kill -USR1 to it";
    match between_waves(ways) {
        Ok(Some(Between { after, wave, process })) => format!(
            "\ndrill {after} is over, but process {process} of this machine may go on with wave {} of {}. Hold it: \
             kill -USR1 {process}, or Ctrl-C there",
            wave.number, wave.of
        ),
        Ok(None) | Err(_) => format!("\n{elsewhere}"), // that the journals cannot be read was said
    }
}

fn by_hand(world: &World, target: &Target) -> String {
    let (region, endpoint) = (&world.aws.region, at_endpoint(world));
    format!("aws fis stop-experiment --region {region} --id {}{endpoint}", target.experiment)
}

/// Which experiments of drills there are.
fn look(world: &World) -> String {
    format!("aws fis list-experiments --region {}{}", world.aws.region, at_endpoint(world))
}
