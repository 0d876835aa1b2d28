//! `spotdrill prove`: each hop with its latency, as it is seen. Knows the table and the JSON.

use serde::Serialize;

use super::{
    Ending, Exit,
    args::{
        Global,
        stack::{Format, Prove},
    },
};
use crate::{
    config::Config,
    run::{self, world::open},
    stack::proof::{Hop, Proof, Standing},
};

pub(super) async fn run(global: &Global, config: &Config, args: Prove) -> anyhow::Result<Exit> {
    let stack = args.stack.stack.as_deref().unwrap_or(&config.stack);
    let world = open(&global.door()).await.map_err(Ending::from)?;
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
    let proof = run::prove::prove(&world.aws, &names, tell).await.map_err(Ending::from)?;
    let holds = proof.holds();
    if text {
        super::print(if holds { "\nthe chain holds\n" } else { "\nTHE CHAIN DOES NOT HOLD\n" })?;
    } else {
        super::print(&(serde_json::to_string_pretty(&ProofJson::of(&proof))? + "\n"))?;
    }
    Ok(if holds { Exit::Held } else { Exit::Failed })
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
