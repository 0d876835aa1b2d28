//! `spotdrill drills`: the drills that were run from here. Knows journals and their table.

use std::{collections::BTreeSet, fmt::Write, path::Path};

use super::{Ending, Exit, args::Global, place, print};
use crate::{
    config::Config,
    drill::{conduct::Phase, fleet::World, plan::Plan},
    journal::{self, Kept, State},
    run::{found::is_open, world::open},
};

/// The table, and below it the drills of the account.
pub(super) async fn of_account(global: &Global, config: &Config) -> anyhow::Result<Exit> {
    let ways = place::ways(global, config)?;
    let world = open(&global.door(&config.accounts)).await.map_err(Ending::from)?;
    let seen = world.aws.drills().await.map_err(Ending::from)?;
    let mut text = table(&ways.journals)?;
    text.push_str("\nin the account, by their tag:\n");
    for seen in &seen {
        let begun = seen.begun.strftime("%Y-%m-%d %H:%M:%S");
        let _ = writeln!(text, "{:<20}  {}  {}  FIS says {}", seen.drill, seen.experiment, begun, seen.status); // a String takes all
    }
    if seen.is_empty() {
        text.push_str("none\n");
    }
    print(&text)?;
    Ok(Exit::Held)
}

/// The table of all journals; those that cannot be read are named below it.
pub(super) fn table(folder: &Path) -> Result<String, Ending> {
    let (records, unreadable) = journal::list(folder).map_err(|error| Ending::new(Exit::Failed, error.to_string()))?;
    if records.is_empty() && unreadable.is_empty() {
        return Ok(format!("no drills yet in {}\n", folder.display()));
    }
    let mut text = format!(
        "{:<20}  {:<8}  {:<12}  {:<14}  {:<28}  {:<8}  {}\n",
        "DRILL", "WORLD", "ACCOUNT", "REGION", "TARGETS", "VERDICT", "BY"
    );
    for record in &records {
        let _ = writeln!(text, "{}", row(record)); // a String takes all
    }
    let open = records.iter().filter(|record| is_open(record));
    let servers: BTreeSet<_> = open.map(|record| record.header.endpoint.as_ref()).collect();
    for server in servers {
        let endpoint = server.map(|url| format!(" --endpoint-url {url}")).unwrap_or_default();
        let _ = writeln!(text, "\nopen: come back with `spotdrill attach DRILL{endpoint}`");
    }
    for error in &unreadable {
        let _ = writeln!(text, "{error}");
    }
    Ok(text)
}

/// Those of this drill alone: each wave is one.
fn targets(plan: &Plan) -> String {
    match &plan.wave {
        Some(wave) => format!("{} {}, wave {} of {}", plan.subject(), plan.targets.len(), wave.number, wave.of),
        None => plan.words(),
    }
}

fn row(record: &Kept) -> String {
    let Kept { header, drill, state, .. } = record;
    let targets = drill.planned.as_ref().map(|planned| targets(&planned.plan)).unwrap_or_default();
    let verdict = match drill.verdict().filter(|_| drill.phase == Phase::Over) {
        Some(verdict) => verdict.verdict.as_str(),
        None if is_open(record) => "open",
        None => "left",
    };
    let world = match header.world {
        World::Lab => format!("lab x{}", header.rate),
        World::Aws => String::from("aws"),
    };
    let damage = match state {
        State { changed_at: Some(line), .. } => format!("  (CHANGED at line {line}: not what was written)"),
        State { torn_at: Some(line), .. } => format!("  (torn at line {line})"),
        _ => String::new(),
    };
    format!(
        "{:<20}  {world:<8}  {:<12}  {:<14}  {targets:<28}  {verdict:<8}  {}@{}{damage}",
        header.drill, header.account, header.region, header.who.user, header.who.host
    )
}
