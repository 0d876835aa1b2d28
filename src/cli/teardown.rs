//! `spotdrill teardown`: listed, confirmed, taken away, and what remains is named. Knows what is asked of a person and what is
//! printed.

use std::fmt::Write;

use serde::Serialize;

use super::{
    Ending, Exit,
    args::{
        Global,
        stack::{Format, Teardown},
    },
    confirming::goes_on,
    leaving::Leaving,
    place,
    progress::Lines,
};
use crate::{
    config::Config,
    drill::fleet::World,
    run::{teardown, world::open},
    stack::removal::{Fate, Part, Removal},
};

pub(super) async fn run(global: &Global, config: &Config, args: Teardown, leaving: &Leaving) -> anyhow::Result<Exit> {
    let stack = args.stack.stack.as_deref().unwrap_or(&config.stack);
    let ways = place::ways(global, config)?;
    let world = open(&global.door(&config.accounts)).await.map_err(Ending::from)?;
    leaving.leaves("\nnothing was changed\n");
    let lines = Lines::default();
    let tell = |told| lines.tell(told);
    let removal = teardown::look(&world.aws, &ways, stack, args.keep_logs, &tell).await.map_err(Ending::from)?;
    super::say(&described(&removal))?;
    if !removal.is_empty() {
        if global.read_only {
            let message = "nothing was changed: this is --read-only. Leave it out to take away what is listed";
            return Err(Ending::new(Exit::Guarded, message).into());
        }
        goes_on("Take all of it away?", args.yes).await??;
    }
    let left = "left: what was begun goes on at AWS. `spotdrill teardown` does the rest\n";
    leaving.leaves(global.again(args.stack.stack.as_ref()).fill(left));
    let remains = teardown::carry_out(&world.aws, &ways, &removal, &tell).await.map_err(Ending::from)?;
    match args.format {
        Format::Text => super::print(&result(&removal, &remains))?,
        Format::Json => super::print_json(&ResultJson::of(&removal, &remains))?,
    }
    Ok(if remains.is_empty() { Exit::Held } else { Exit::Failed })
}

fn described(removal: &Removal) -> String {
    let world = match removal.world {
        World::Lab => "LAB account",
        World::Aws => "AWS account",
    };
    let Removal { account, region, names, stack, .. } = removal;
    let state = stack.as_ref().map_or("which does not exist", |stack| stack.status.as_str());
    let mut text = format!("\n{world} {account}  region {region}\nstack {}, {state}\n", names.stack);
    for Part { kind, name, fate } in &removal.parts {
        let _ = writeln!(text, "  {:<19}  {kind} {name}", fate.as_str()); // a String takes all, here and below
    }
    for note in &removal.notes {
        let _ = writeln!(text, "note  {note}");
    }
    text + "\n"
}

fn result(removal: &Removal, remains: &[Part]) -> String {
    if !remains.is_empty() {
        let mut text = String::from("STILL THERE, though it bears the tag spotdrill:\n");
        for Part { kind, name, .. } in remains {
            let _ = writeln!(text, "  {kind} {name}");
        }
        return text;
    }
    let kept: Vec<_> =
        removal.parts.iter().filter(|part| part.fate == Fate::Kept).map(|part| part.name.as_str()).collect();
    match (removal.is_empty(), kept.as_slice()) {
        (true, []) => String::from("nothing of spotdrill's was there\n"),
        (_, []) => String::from("nothing of spotdrill's remains\n"),
        (_, kept) => format!("nothing of spotdrill's remains but what was kept: {}\n", kept.join(", ")),
    }
}

/// The JSON form, which is a promise.
#[derive(Serialize)]
struct ResultJson<'a> {
    account: &'a str,
    region: &'a str,
    stack: &'a str,
    parts: Vec<PartJson<'a>>,
    remains: Vec<PartJson<'a>>,
}

#[derive(Serialize)]
struct PartJson<'a> {
    kind: &'a str,
    name: &'a str,
    /// `delete`, `delete, recoverable` or `keep`.
    fate: &'static str,
}

impl<'a> ResultJson<'a> {
    fn of(removal: &'a Removal, remains: &'a [Part]) -> Self {
        let json = |part: &'a Part| PartJson { kind: &part.kind, name: &part.name, fate: part.fate.as_str() };
        Self {
            account: &removal.account,
            region: &removal.region,
            stack: &removal.names.stack,
            parts: removal.parts.iter().map(json).collect(),
            remains: remains.iter().map(json).collect(),
        }
    }
}
