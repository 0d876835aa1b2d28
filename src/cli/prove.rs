//! `spotdrill prove`: each hop with its latency, as it is seen. Knows the table and the JSON.

use std::{cell::Cell, fmt::Write, future::pending};

use serde::Serialize;

use super::{
    Ending, Exit,
    args::{
        Global,
        stack::{Format, Prove},
    },
    leaving::Leaving,
    place,
};
use crate::{
    aws::Aws,
    config::Config,
    run::{
        self,
        targeting::{self, Found, NotTargeted, Targeted},
        world::open,
    },
    stack::proof::{Hop, Proof, Standing},
    term::signals::Signals,
    text::SafeText,
};

pub(super) async fn run(global: &Global, config: &Config, args: Prove, leaving: &Leaving) -> anyhow::Result<Exit> {
    let stack = args.stack.stack.as_deref().unwrap_or(&config.stack);
    let world = open(&global.door()).await.map_err(Ending::from)?;
    if let Some(group) = &args.preview {
        let role = place::ways(global, config)?.fis_role;
        // it hears signals itself, for it does not leave before its template is deleted
        let mut signals = leaving.take();
        let previewed = preview(&world.aws, group, &args, &role, signals.as_mut()).await;
        leaving.give(signals);
        return previewed;
    }
    let Some(names) = run::prove::names(&world.aws, stack).await.map_err(Ending::from)? else {
        return Err(Ending::new(Exit::Guarded, run::prove::no_stack(&world.aws, stack)).into());
    };
    let mut said = 0;
    let text = args.format == Format::Text;
    let tell = |proof: &Proof| {
        if !text {
            return;
        }
        // hops are told in their order, each once it has its answer
        for (hop, standing) in proof.hops().skip(said).take_while(|(_, standing)| **standing != Standing::Awaited) {
            let _ = super::print(&line(hop, standing)); // stdout is closed: nobody listens, and the proof goes on
            said += 1;
        }
    };
    leaving.leaves("left: the event goes its way, and nobody watches it. Nothing else was changed\n");
    let proof = run::prove::prove(&world.aws, &names, tell).await.map_err(Ending::from)?;
    let holds = proof.holds();
    if text {
        super::print(if holds { "\nthe chain holds\n" } else { "\nTHE CHAIN DOES NOT HOLD\n" })?;
    } else {
        super::print_json(&ProofJson::of(&proof))?;
    }
    Ok(if holds { Exit::Held } else { Exit::Failed })
}

async fn preview(
    aws: &Aws,
    group: &str,
    args: &Prove,
    role: &str,
    signals: Option<&mut Signals>,
) -> anyhow::Result<Exit> {
    let ended = Cell::new(0);
    let broken_off = async {
        match signals {
            Some(signals) => ended.set(signals.end().await),
            None => pending().await,
        }
    };
    let targeted = targeting::preview(aws, group, args.count, role, broken_off).await.map_err(|error| match error {
        NotTargeted::Aws(error) => Ending::from(error),
        NotTargeted::Refused(_) => Ending::new(Exit::Guarded, error.to_string()),
        NotTargeted::BrokenOff => Ending::new(Exit::Signal(ended.get()), format!("{error}\n")),
        NotTargeted::Left { .. } => Ending::new(Exit::Failed, error.to_string()),
    })?;
    match args.format {
        Format::Text => super::print(&found(&targeted))?,
        Format::Json => super::print_json(&PreviewJson::of(&targeted))?,
    }
    Ok(Exit::Held)
}

fn found(Targeted { group, role_arn, template, found }: &Targeted) -> String {
    let mut text = format!("ok  FIS took the template {template} with the role {role_arn}\n");
    let _ =
        writeln!(text, "ok  its experiment found {} in {} and interrupted nothing:", found.len(), group.qualified()); // a String takes all
    for Found { id, group, az } in found {
        let or_unknown = |text: &Option<SafeText>| text.as_ref().map_or("unknown", SafeText::as_str).to_owned();
        let _ = writeln!(text, "      {id}  {}  {}", or_unknown(group), or_unknown(az));
    }
    text + "ok  the template is deleted\n\nFIS chooses anew each time. That the role may interrupt is not proved by this: FIS \
            skipped it. `spotdrill doctor` reads the role\n"
}

/// `ok       Slack answered    1.9 s  status 200`
fn line(hop: Hop, standing: &Standing) -> String {
    let hop = hop.as_str();
    match standing {
        Standing::Awaited => format!("...      {hop}\n"),
        Standing::Passed { after, says } => format!("ok       {hop:<16} {:>5.1} s  {says}\n", after.as_secs_f64()),
        Standing::Failed { why, next } => {
            format!("FAIL     {hop:<16}          {why}\n                                   {next}\n")
        }
        Standing::Left { why } => format!("-        {hop:<16}          {why}\n"),
    }
}

/// The JSON form, which is a promise.
#[derive(Serialize)]
struct ProofJson<'a> {
    event: &'a str,
    holds: bool,
    hops: Vec<HopJson<'a>>,
}

#[derive(Serialize)]
struct HopJson<'a> {
    hop: Hop,
    /// `passed`, `failed` or `left`.
    standing: &'static str,
    /// From the sending of the event to where the hop was seen.
    milliseconds: Option<i128>,
    says: &'a str,
    next: Option<&'a str>,
}

impl<'a> ProofJson<'a> {
    fn of(proof: &'a Proof) -> Self {
        let hop = |(hop, standing): (Hop, &'a Standing)| match standing {
            Standing::Passed { after, says } => {
                HopJson { hop, standing: "passed", milliseconds: Some(after.as_millis()), says, next: None }
            }
            Standing::Failed { why, next } => {
                HopJson { hop, standing: "failed", milliseconds: None, says: why, next: Some(next) }
            }
            Standing::Left { why } => HopJson { hop, standing: "left", milliseconds: None, says: why, next: None },
            Standing::Awaited => HopJson { hop, standing: "awaited", milliseconds: None, says: "", next: None },
        };
        Self { event: &proof.event, holds: proof.holds(), hops: proof.hops().map(hop).collect() }
    }
}

/// The JSON form of a preview, which is a promise.
#[derive(Serialize)]
struct PreviewJson<'a> {
    group: String,
    role: &'a str,
    found: Vec<FoundJson<'a>>,
}

#[derive(Serialize)]
struct FoundJson<'a> {
    id: &'a str,
    group: Option<&'a str>,
    az: Option<&'a str>,
}

impl<'a> PreviewJson<'a> {
    fn of(targeted: &'a Targeted) -> Self {
        let json = |found: &'a Found| FoundJson {
            id: found.id.as_str(),
            group: found.group.as_deref(),
            az: found.az.as_deref(),
        };
        let found = targeted.found.iter().map(json).collect();
        Self { group: targeted.group.qualified(), role: &targeted.role_arn, found }
    }
}
