//! `spotdrill attach`: back to a drill that was left. Knows which journals are open, and that a lab in a program that ended
//! is gone.

use super::{
    Ending, Exit,
    args::{Global, RunFormat},
    leaving::Leaving,
    place, run, say, screen, waves,
};
use crate::{
    config::Config,
    drill::{conduct::Phase, fleet::World},
    journal::{self, Kept},
    run::{start::take_up, world::open},
};

pub(super) async fn run(
    global: &Global,
    config: &Config,
    drill: Option<&str>,
    format: Option<RunFormat>,
    leaving: &Leaving,
) -> anyhow::Result<Exit> {
    leaving.leaves("left: a drill that runs goes on at AWS, unwatched. `spotdrill attach` comes back to it\n");
    let left = find(drill)?;
    if let (Some(url), None) = (&left.header.endpoint, &global.endpoint_url) {
        let message = format!(
            "drill {} is at {url}, which only the command line may name: add --endpoint-url {url}",
            left.header.drill
        );
        return Err(Ending::new(Exit::Usage, message).into());
    }
    let ways = place::ways(global, config)?;
    let world = open(&global.door(&config.accounts)).await.map_err(Ending::from)?;
    let mut running = take_up(&world.aws, &ways, &left.path).await.map_err(run::ending)?;
    match format {
        None if screen::impossible().is_none() => screen::show(global, config, &world, Some(running), leaving).await,
        format => {
            let exit = run::listen(&mut running, &world, &ways, format.unwrap_or(RunFormat::Text), leaving).await?;
            let planned = left.drill.planned.as_ref();
            if let Some(held) = planned.and_then(|planned| waves::held_after(&planned.id, &planned.plan)) {
                say(&held)?;
            }
            Ok(exit)
        }
    }
}

fn find(drill: Option<&str>) -> anyhow::Result<Kept> {
    let (mut kept, _) = journal::list(&place::journals()?)?;
    let wanted = |left: &Kept| match drill {
        Some(id) => left.header.drill.as_str() == id,
        None => is_open(left),
    };
    let found = kept.iter().rposition(wanted).map(|at| kept.swap_remove(at));
    found.ok_or_else(|| {
        let message = match drill {
            Some(id) => format!("there is no drill {id}: `spotdrill drills` lists them"),
            None => String::from("no drill is open: `spotdrill drills` lists them all"),
        };
        Ending::new(Exit::Usage, message).into()
    })
}

/// Whether a drill can be come back to.
pub(super) fn is_open(Kept { header, drill, .. }: &Kept) -> bool {
    let lab_is_gone = header.world == World::Lab && header.endpoint.is_none();
    let nothing_asked = drill.phase == Phase::Planned && drill.planned.is_none();
    !lab_is_gone && !nothing_asked && drill.phase != Phase::Over
}
