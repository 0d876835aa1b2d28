//! What the lab promises of each service, as a page for people and as JSON for programs: both from the services' own tables.
//! Knows no operation.

use std::fmt::Write;

use serde_json::{Value, json};

use super::service::{Promise, SERVICES, Service};

/// What no table says: the choices, faults, what is not AWS's, the limits.
const HEAD: &str = "\
# What the lab promises

Written by the tests from the lab's own tables; `spotdrill lab promises` prints it, with `--format json` for programs.
*Faithful* is what AWS documents of it, for what the lab models; *simplified* says what is left out. Any other operation is
refused with AWS's own error for an unknown one, and an input that an operation does not take with AWS's own for a wrong
one: nothing is passed over in silence.

## Where AWS documents nothing

These are choices, by the name of their key in a scenario's file:

| key | choice | without it |
|---|---|---|
| `interruption.status_at` | when the spot request says `instance-terminated-by-experiment`: `notice`, `termination` | `notice` |
| `interruption.stop_recalls` | whether StopExperiment before the notice recalls the interruption | it does not |
| `timing.*` | how long AWS takes to resolve targets, start actions, stop, launch and shut down, in seconds | times seen on AWS, where any were |
| `capacity.no_spot`, `no_on_demand` | pools without capacity: `*`, a type, a zone, or `type/zone` | there is enough |
| `capacity.retry` | seconds until a group tries again that found no capacity | 30 |
| `consistency.lag` | for how many seconds EC2's descriptions may be out of date, at most | every change is seen at once |
| `group.handler`, `group.drain` | who reacts to the notice (`karpenter`, `node-termination-handler`, `none`), and how long it drains; Karpenter terminates the instance itself | `none` |
| `operator.policy`, `deny` | the IAM policy that the caller's role has, and actions that it is denied | an administrator calls |
| `slack.*` | how the lab's Slack answers a post: `status`, `retry_after`, `latency`, `silent`, `times` | 200 |
| `timing.shutdown_offset` | from the end of `durationBeforeInterruption` to the shutdown | 0 |

The lab opens on an account that was set up ten minutes earlier: by its own CloudFormation, from
[stack.yaml](stack.yaml), with a secret for the lab's own Slack. The key `stack` gives the stack another `name` or none
(an empty one: nothing is set up), `parameters`, and resources that somebody `deleted` behind its back.

`spotdrill lab scenarios sample` prints every key with its meaning and what holds without it
([scenario.toml](scenario.toml)).

## Faults

A scenario's `[[fault]]` names an `operation` (`ec2:DescribeInstances`, `logs:*`, `*:*`) and a `kind`: `throttle`, `denied`,
`expired`, `error`, `delay` (with a `delay` in seconds), `reset`, `half`, `stall`; for a Live Tail `stream-exception` and
`stream-freeze`. `from` and `times` count matching calls, `page` takes only that page of a listing, `chance` (0 to 1) draws
by the seed, `after` and `until` are seconds since the lab was opened. A call whose connection breaks was carried out: its
answer is lost. A `[[throttle]]` gives each operation that it names a bucket of `burst` tokens, refilled at `rate` a second.
What CloudFormation does for a stack is no call that meets a fault: it fails where the caller's role lacks a right. All times
are the lab's, which pass at its speed.

## Besides AWS

- Every answer has the headers `x-spotdrill-lab-time` and `x-spotdrill-lab-rate`: the lab's time, and how fast it passes.
- `GET /_lab/slack` lists what was posted to Slack. A post leaves the lab only for a loopback URL; every other URL is the
  lab's own Slack.
- `/imds/<instance id>/latest/...` is the instance's metadata, versions 1 and 2: point a node agent's metadata URL there.
- Signatures are not verified, but for the access key, the region and the service that they name.

## Limits

- Loopback only; a `Host` that is not loopback and any `Origin` are refused with 403, a body over 6 MiB with 413, a head
  of hundreds of KiB with 431. A request that takes more than 30 seconds to come is not waited for.
- 256 connections: for another one, the connection that has been idle for longest is closed.
- No file is written, and nothing outlives the process.
";

/// The page, in Markdown.
pub fn markdown() -> String {
    let mut page = HEAD.to_owned();
    for service in SERVICES {
        let _ = write!(page, "\n## {}\n\n", service.title); // a String takes all
        page.push_str(&table(service));
    }
    page
}

fn table(service: &Service) -> String {
    let operations = service.promises();
    if operations.is_empty() && service.refused.is_empty() {
        return "Every operation is refused as unknown.\n".to_owned();
    }
    let kept = operations.into_iter().map(|(name, promise, _)| match promise {
        Promise::Faithful => (name, "faithful".to_owned()),
        Promise::Simplified(note) => (name, format!("simplified: {note}")),
    });
    let refused = service.refused.iter().map(|(name, why)| (*name, format!("refused: {why}")));
    kept.chain(refused).fold("| operation | promise |\n|---|---|\n".to_owned(), |mut table, (name, promise)| {
        let _ = writeln!(table, "| {name} | {} |", promise.replace('|', "\\|"));
        table
    })
}

/// The same for programs: a list of services with their operations, and the inputs that each takes.
pub fn json() -> Value {
    SERVICES.iter().map(|service| service_json(service)).collect()
}

fn service_json(service: &Service) -> Value {
    let operation = |(name, promise, takes): (&str, Promise, Vec<&str>)| {
        let (promise, note) = match promise {
            Promise::Faithful => ("faithful", ""),
            Promise::Simplified(note) => ("simplified", note),
        };
        json!({ "name": name, "promise": promise, "note": note, "takes": takes })
    };
    let refused = |(name, why): &(&str, &str)| json!({ "name": name, "why": why });
    json!({
        "service": service.signing_name,
        "title": service.title,
        "operations": service.promises().into_iter().map(operation).collect::<Vec<_>>(),
        "refused": service.refused.iter().map(refused).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_of_every_table_is_on_the_page() {
        let page = markdown();
        for service in SERVICES {
            assert!(page.contains(&format!("\n## {}\n", service.title)));
            for (name, ..) in service.promises() {
                assert!(page.contains(&format!("\n| {name} | ")), "{name}");
            }
        }
    }

    #[test]
    fn programs_read_names_promises_and_inputs() {
        let all = json();
        let ec2 = all.as_array().unwrap().iter().find(|service| service["service"] == "ec2").unwrap();
        let listing = ec2["operations"].as_array().unwrap().iter().find(|one| one["name"] == "DescribeInstances");
        assert!(listing.unwrap()["takes"].as_array().unwrap().contains(&"Filter".into()), "{listing:?}");
    }
}
