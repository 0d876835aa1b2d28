//! `spotdrill doctor`: the table or the JSON of what was found. Knows what to print, and when the end is a failure.

use std::io::{self, IsTerminal};

use serde::Serialize;

use super::{
    Ending, Exit,
    args::{
        Global,
        stack::{Doctor, Format},
    },
    leaving::Leaving,
    machine, place,
};
use crate::{
    config::Config,
    doctor::{Finding, Report, Standing},
    run::{self, start::Ways, world::open},
    stack::names::Usual,
    term::plain,
};

pub(super) async fn run(global: &Global, config: &Config, args: Doctor, leaving: &Leaving) -> anyhow::Result<Exit> {
    let stack = args.stack.stack.as_deref().unwrap_or(&config.stack);
    let Ways { fis_role, prober, .. } = place::ways(global, config)?;
    let usual = Usual { stack: stack.to_owned(), fis_role, ..place::usual(config) };
    let mut machine = machine::findings(&place::state()?, global.ascii || config.ascii, &config.theme);
    if io::stderr().is_terminal() {
        leaving.leaves("\nleft: no report, and nothing was changed\n"); // a line that is written over stands there
    }
    let again = global.again(args.stack.stack.as_ref());
    let mut report = match open(&global.door()).await {
        Ok(world) => {
            machine.extend(run::doctor::health(&prober, &world.aws.clock).await);
            let report = run::doctor::examine(&world.aws, &usual, machine, progress).await;
            clear();
            report
        }
        Err(error) => {
            let ending = Ending::from(error);
            let mut findings = machine;
            findings.push(Finding::fail(
                crate::doctor::Area::Aws,
                "connection",
                ending.to_string(),
                "spotdrill doctor --lab",
            ));
            Report::new(findings)
        }
    };
    for finding in &mut report.findings {
        finding.fix = finding.fix.take().map(|fix| again.fill(&fix));
    }
    match args.format {
        Format::Text => super::print(&report.text())?,
        Format::Json => super::print_json(&ReportJson::of(&report))?,
    }
    Ok(if report.passes() { Exit::Held } else { Exit::Failed })
}

/// One line that is written over, for people alone.
fn progress(done: usize, total: usize) {
    if io::stderr().is_terminal() {
        let _ = plain::say_over(&format!("checks {done} of {total}")); // it is gone in a moment anyway
    }
}

fn clear() {
    if io::stderr().is_terminal() {
        let _ = plain::say_over(&" ".repeat(20)).and_then(|()| plain::say_over("")); // the same
    }
}

/// The JSON form, which is a promise.
#[derive(Serialize)]
struct ReportJson<'a> {
    passes: bool,
    ok: usize,
    warn: usize,
    fail: usize,
    unknown: usize,
    findings: &'a [Finding],
}

impl<'a> ReportJson<'a> {
    fn of(report: &'a Report) -> Self {
        Self {
            passes: report.passes(),
            ok: report.count(Standing::Ok),
            warn: report.count(Standing::Warn),
            fail: report.count(Standing::Fail),
            unknown: report.count(Standing::Unknown),
            findings: &report.findings,
        }
    }
}
