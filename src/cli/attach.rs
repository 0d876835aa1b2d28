//! `spotdrill attach`: back to a drill that was left, here or on another machine. Knows how one is named, and what is said
//! where there is none.

use super::{
    Ending, Exit,
    args::{Global, RunFormat},
    leaving::Leaving,
    place, run, say, screen, waves,
};
use crate::{
    config::Config,
    drill::id::DrillId,
    journal,
    run::{
        found::{Left, come_back, is_open, left},
        start::Ways,
        world::{World, open},
    },
};

pub(super) async fn run(
    global: &Global,
    config: &Config,
    drill: Option<&DrillId>,
    format: Option<RunFormat>,
    go_on: Option<&str>,
    leaving: &Leaving,
) -> anyhow::Result<Exit> {
    leaving.leaves("left: a drill that runs goes on at AWS, unwatched. `spotdrill attach` comes back to it\n");
    let ways = place::ways(global, config)?;
    named_elsewhere(&ways, drill)?;
    let world = open(&global.door(&config.accounts)).await.map_err(Ending::from)?;
    let drill = match drill {
        Some(id) => id.clone(),
        None => newest(&world, &ways).await?,
    };
    if let Some(words) = go_on {
        confirmed(&ways, &drill, words)?;
    }
    let mut running = come_back(&world.aws, &ways, &drill, go_on.is_some()).await.map_err(run::ending)?;
    match format {
        None if screen::impossible().is_none() => screen::show(global, config, &world, Some(running), leaving).await,
        format => {
            running.stopper.obey_signal()?;
            let run::Heard { exit, .. } =
                run::listen(&mut running, &world, &ways, format.unwrap_or(RunFormat::Text), leaving).await?;
            let (kept, _) = journal::list(&ways.journals)?;
            let planned = kept.iter().find(|kept| kept.header.drill == drill);
            let planned = planned.and_then(|kept| kept.drill.planned.as_ref());
            if let Some(held) = planned.and_then(|planned| waves::held_after(&planned.id, &planned.plan)) {
                say(&global.again(None).fill(&held))?;
            }
            Ok(exit)
        }
    }
}

/// What may be started by it is confirmed anew.
fn confirmed(ways: &Ways, drill: &DrillId, words: &str) -> anyhow::Result<()> {
    let (kept, _) = journal::list(&ways.journals)?;
    let planned = kept.iter().find(|kept| kept.header.drill == *drill).and_then(|kept| kept.drill.planned.as_ref());
    let wanted = planned.map(|planned| planned.plan.words());
    if wanted.as_deref() == Some(words) {
        return Ok(());
    }
    let message = match wanted {
        Some(wanted) => format!("nothing was sent: the words of drill {drill} are --continue \"{wanted}\""),
        None => format!("nothing was sent: no journal of drill {drill} is here, and without it no start is sent again"),
    };
    Err(Ending::new(Exit::Guarded, message).into())
}

/// A journal may say that its drill is at a server that only the command line may name.
fn named_elsewhere(ways: &Ways, drill: Option<&DrillId>) -> anyhow::Result<()> {
    if ways.endpoint.is_some() {
        return Ok(());
    }
    let (kept, _) = journal::list(&ways.journals)?;
    let wanted = |kept: &&journal::Kept| match drill {
        Some(id) => kept.header.drill == *id,
        None => is_open(kept),
    };
    let Some(kept) = kept.iter().rfind(wanted) else { return Ok(()) };
    let (drill, Some(url)) = (&kept.header.drill, &kept.header.endpoint) else { return Ok(()) };
    let message = format!("drill {drill} is at {url}, which only the command line may name: add --endpoint-url {url}");
    Err(Ending::new(Exit::Usage, message).into())
}

/// The newest that is open here, or else the newest that runs in the account.
async fn newest(world: &World, ways: &Ways) -> anyhow::Result<DrillId> {
    let (left, not_asked) = left(&world.aws, ways).await?;
    let here = left.iter().find(|left| matches!(left, Left::Here { .. }));
    if let Some(left) = here.or(left.first()) {
        return Ok(left.found().drill.clone());
    }
    let Some(error) = not_asked else {
        let message = "no drill is open here, and none runs in the account: `spotdrill drills` lists those that were";
        return Err(Ending::new(Exit::Usage, message).into());
    };
    let message = format!(
        "UNKNOWN whether a drill runs: none is open here, and the account cannot be asked: {error}. Look with: aws fis \
         list-experiments --region {}",
        world.aws.region
    );
    Err(Ending::new(Exit::Aws, message).into())
}
