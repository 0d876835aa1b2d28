//! The health checks, each asked once: a drill of a service that is unwell is not started. Knows no account.

use crate::{
    clock::Clock,
    doctor::{Area, Finding},
    drill::fact::What,
    probe::Prober,
};

const AREA: Area = Area::Machine;

/// A finding for each check; none where none is set. Takes five seconds at most.
pub async fn health(prober: &Prober, clock: &Clock) -> Vec<Finding> {
    let facts = prober.look_once(clock).await;
    let findings = facts.into_iter().filter_map(|fact| match fact.what {
        What::ProbeAnswered { check, status, millis } => {
            Some(Finding::ok(AREA, &format!("check {check}"), format!("answers {status} in {millis} ms")))
        }
        What::ProbeFailed { check, why } => Some(Finding::fail(
            AREA,
            &format!("check {check}"),
            why.as_str(),
            "Mend the service, or correct `checks` in the settings or --check: no drill starts while a check fails",
        )),
        _ => None,
    });
    findings.collect()
}
