//! `spotdrill gc`: what drills left, listed with what stays and why, confirmed, deleted. Knows what is asked of a person and
//! what is printed.

use std::fmt::Write;

use super::{Ending, Exit, args::Global, confirming::goes_on, leaving::Leaving, place};
use crate::{
    config::Config,
    drill::fleet::World,
    run::{
        gc::{self, Done, Found, Item, NotCollected},
        world::open,
    },
};

pub(super) async fn run(global: &Global, config: &Config, yes: bool, leaving: &Leaving) -> anyhow::Result<Exit> {
    let journals = place::journals()?;
    let world = open(&global.door(&config.accounts)).await.map_err(Ending::from)?;
    leaving.leaves("\nnothing was changed\n");
    let found = gc::look(&world.aws, &journals).await.map_err(ending)?;
    super::say(&listed(&found))?;
    if found.goes.is_empty() {
        super::print("nothing is left of drills that are over\n")?;
        return Ok(Exit::Held);
    }
    if global.read_only {
        let message = "nothing was deleted: this is --read-only. Leave it out to delete what is listed";
        return Err(Ending::new(Exit::Guarded, message).into());
    }
    goes_on("Delete what goes?", yes).await??;
    leaving
        .leaves(global.again(None).fill("left: what was not deleted is still there. `spotdrill gc` does the rest\n"));
    let mut told = Ok(());
    let tell = |done| {
        let line = match done {
            Done::Deleted(Item { kind, name, .. }) => format!("deleted  {} {name}\n", kind.as_str()),
            Done::Left(Item { kind, name, .. }, why) => format!("left     {} {name}: {why}\n", kind.as_str()),
        };
        if told.is_ok() {
            told = super::print(&line);
        }
    };
    gc::carry_out(&world.aws, &journals, &found.goes, tell).await.map_err(ending)?;
    told?;
    Ok(Exit::Held)
}

fn ending(error: NotCollected) -> Ending {
    match error {
        NotCollected::Aws(error) => error.into(),
        NotCollected::Journal(error) => Ending::new(Exit::Failed, error.to_string()),
    }
}

fn listed(Found { account, region, world, goes, stays }: &Found) -> String {
    let world = match world {
        World::Lab => "LAB account",
        World::Aws => "AWS account",
    };
    let mut text = format!("\n{world} {account}  region {region}\n");
    for (fate, items) in [("goes ", goes), ("stays", stays)] {
        for Item { kind, name, why, .. } in items {
            let _ = writeln!(text, "  {fate}  {} {name}: {why}", kind.as_str()); // a String takes all
        }
    }
    text + "\n"
}
