//! Credentials that run out in the middle of a drill, in every phase: it goes on, says what to do, and takes new ones without a
//! restart.

use std::sync::{Arc, Mutex};

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use jiff::SignedDuration;
use spotdrill::{
    aws::credentials::Reader,
    clock::Clock,
    drill::{
        fact::{Cause, Source, What},
        order::OrderName,
        plan::Selection,
        verdict::Outcome,
    },
    lab::Lab,
};

use super::{losses, second, stage_otherwise};
use crate::{
    figure::figure,
    stage::{Otherwise, Stage, scenario},
};

/// What the machine's configuration holds: rewritten by whoever logs in.
type Machine = Arc<Mutex<Option<Credentials>>>;

fn reader(machine: &Machine) -> Reader {
    let machine = Arc::clone(machine);
    Reader::new(move || std::future::ready(machine.lock().unwrap().clone().map(SharedCredentialsProvider::new)))
}

/// Keys of a session in the lab, which last a quarter of an hour.
async fn session(stage: &Stage) -> Credentials {
    let call = aws_sdk_sts::Client::new(&stage.sdk).assume_role();
    let call = call.role_arn("arn:aws:iam::000000000000:role/lab-operator").role_session_name("drill");
    let answer = call.duration_seconds(LASTS).send().await.unwrap();
    let keys = answer.credentials().unwrap();
    Credentials::new(
        keys.access_key_id(),
        keys.secret_access_key(),
        Some(keys.session_token().to_owned()),
        None,
        "test",
    )
}

const LASTS: i32 = 900;
/// How long nobody logs in.
const NOBODY: u64 = 45;

/// Starts a drill of which the credentials run out after so many seconds; whether the machine says so itself, as an SSO login
/// that is over does, or leaves it to AWS.
async fn run_out(after: u64, machine_says: bool) {
    let machine = Machine::default();
    let own = |lab: &Arc<Lab>, _: &Clock| {
        *machine.lock().unwrap() = Some(Credentials::new(lab.access_key(), lab.secret(), None, None, "test"));
        Otherwise { credentials: Some(reader(&machine)), ..Otherwise::default() }
    };
    let stage = stage_otherwise(scenario(4, ""), own).await;
    let renewed = machine.lock().unwrap().clone();
    *machine.lock().unwrap() = Some(session(&stage).await);
    let clock = stage.aws.clock.clone();
    let seconds = std::time::Duration::from_secs;
    clock.sleep(seconds(u64::from(LASTS.cast_unsigned()) - after)).await;
    // this client has read its credentials after they were made; the stage's own has not read any
    let begun = second(clock.now());
    let ends = begun + after.cast_signed();
    let running = stage.start(stage.plan("web", Selection::Count(1), "3m").await).await.unwrap();
    let login = async {
        clock.sleep(seconds(after)).await;
        if machine_says {
            *machine.lock().unwrap() = None;
        }
        clock.sleep(seconds(NOBODY)).await;
        machine.lock().unwrap().clone_from(&renewed);
    };
    let (drilled, ()) = tokio::join!(stage.to_the_end(running, |_| false), login);
    let said = || drilled.entries.iter().map(|entry| entry.fact.what.telling()).collect::<Vec<_>>().join("\n");
    assert_eq!(drilled.verdict.verdict, Outcome::Held, "{after}: {:?}\n{}", drilled.verdict.reasons, said());
    let losses = losses(&drilled);
    assert!(!losses.is_empty(), "{after}: {}", said());
    let login = ends + NOBODY.cast_signed();
    for (watch, cause, since, found) in losses {
        assert_eq!(cause, Cause::Login, "{after}: {watch:?}");
        assert!((ends - 20..=ends + 15).contains(&since), "{after}: {watch:?} is stale since {since}, not {ends}");
        // a drill is over as soon as everything was seen, whatever other sources may still have to say
        let found = found.unwrap_or_else(|| second(drilled.entries.last().unwrap().fact.at));
        assert!((login..=login + 10).contains(&found), "{after}: {watch:?} was found at {found}, login at {login}");
    }
    assert!(said().contains("Log in again: `aws sso login`. No restart is needed"), "{after}: {}", said());
}

#[tokio::test(start_paused = true)]
async fn a_drill_outlives_its_credentials_in_every_phase() {
    let (mut tried, mut outlived) = (0, 0);
    // before the action, before the notice, after it, at the end of the target, while it is replaced
    for after in [5, 40, 100, 185, 225] {
        for machine_says in [false, true] {
            tried += 1;
            run_out(after, machine_says).await;
            outlived += 1;
        }
    }
    figure("trouble: expired credentials", format_args!("{tried} drills, {outlived} of them outlived it"));
}

/// Every reading after the first hangs, while AWS takes what is held for no poll.
#[tokio::test(start_paused = true)]
async fn a_stop_leaves_at_once_while_the_reader_of_credentials_hangs() {
    let reads = Arc::new(Mutex::new(0));
    let own = |lab: &Arc<Lab>, _: &Clock| {
        let keys = Credentials::new(lab.access_key(), lab.secret(), None, None, "test");
        let reads = Arc::clone(&reads);
        let reader = Reader::new(move || {
            let mut reads = reads.lock().unwrap();
            *reads += 1;
            let (answers, provider) = (*reads == 1, SharedCredentialsProvider::new(keys.clone()));
            async move { if answers { Some(provider) } else { std::future::pending().await } }
        });
        Otherwise { credentials: Some(reader), ..Otherwise::default() }
    };
    let refused = ["fis:GetExperiment", "ec2:*", "logs:*"]
        .map(|name| format!("[[fault]]\noperation = \"{name}\"\nkind = \"expired\"\nafter = 20\nuntil = 300\n"));
    let stage = stage_otherwise(scenario(4, &refused.concat()), own).await;
    let running = stage.start(stage.plan("web", Selection::Count(1), "10m").await).await.unwrap();
    let (clock, stopper) = (stage.aws.clock.clone(), running.stopper.clone());
    let asking = async {
        clock.sleep(std::time::Duration::from_secs(63)).await;
        assert!(*reads.lock().unwrap() > 1, "nobody reads");
        stopper.stop(spotdrill::text::SafeText::new("me"));
    };
    let (drilled, ()) = tokio::join!(stage.to_the_end(running, |_| false), asking);
    let asked = drilled.at(Source::Operator, |what| matches!(what, What::StopRequested { .. })).unwrap();
    let sent = drilled.at(Source::Fis, |what| matches!(what, What::StopSent { .. })).unwrap();
    let late = sent.duration_since(asked);
    assert!(late <= SignedDuration::from_secs(1), "{late:#}");
}

#[tokio::test(start_paused = true)]
async fn an_order_waits_for_new_credentials_and_says_so() {
    for (operation, order) in [
        ("fis:CreateExperimentTemplate", OrderName::CreateTemplate),
        ("fis:StartExperiment", OrderName::StartExperiment),
        ("fis:DeleteExperimentTemplate", OrderName::DeleteTemplate),
    ] {
        let until = if order == OrderName::DeleteTemplate { 200 } else { 40 };
        let expired = format!("[[fault]]\noperation = \"{operation}\"\nkind = \"expired\"\nuntil = {until}\n");
        let stage = Stage::of(4, &expired).await;
        let drilled = stage.drill("web", Selection::Count(1), "3m").await;
        assert_eq!(drilled.verdict.verdict, Outcome::Held, "{operation}: {:?}", drilled.verdict.reasons);
        let waits = |what: &What| matches!(what, What::OrderWaits { order: waits, .. } if *waits == order);
        assert_eq!(drilled.entries.iter().filter(|entry| waits(&entry.fact.what)).count(), 1, "{operation}");
        let done = |what: &What| match order {
            OrderName::CreateTemplate => matches!(what, What::TemplateCreated { .. }),
            OrderName::StartExperiment => matches!(what, What::ExperimentStarted { .. }),
            _ => matches!(what, What::TemplateDeleted { .. }),
        };
        let done = drilled.entries.iter().find(|entry| done(&entry.fact.what)).unwrap();
        assert!((until..=until + 10).contains(&second(done.fact.seen)), "{operation}: {}", second(done.fact.seen));
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_begins_long_after_it_was_confirmed() {
    for operation in ["fis:CreateExperimentTemplate", "fis:StartExperiment"] {
        let expired = format!("[[fault]]\noperation = \"{operation}\"\nkind = \"expired\"\nuntil = 90\n");
        let drilled = Stage::of(4, &expired).await.drill("web", Selection::Count(1), "3m").await;
        assert_eq!(drilled.verdict.verdict, Outcome::Refused, "{operation}: {:?}", drilled.verdict.reasons);
        assert!(second(drilled.entries.last().unwrap().fact.at) < 100, "{operation}");
    }
}
