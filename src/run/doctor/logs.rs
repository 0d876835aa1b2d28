//! Checks of the log groups: whether they are there, may be written to, and can be followed live. Knows nothing of what is
//! written.

use super::{ANEW, Check, Patient, check, not_seen};
use crate::{
    aws::{Kind, resource_policy::Lets},
    doctor::{Area, Finding},
};

const AREA: Area = Area::Stack;

pub(super) fn checks(patient: &Patient) -> Vec<Check> {
    let names = patient.names();
    let (events, function) = (names.event_log_group(), names.function_log_group());
    let mut checks = Vec::new();
    if patient.stack.is_none() {
        return checks;
    }
    for group in [events.clone(), function] {
        let it = patient.clone();
        checks.push(check(AREA, format!("log {group}"), async move { vec![log_group(&it, &group).await] }));
    }
    let (it, group) = (patient.clone(), events.clone());
    checks.push(check(AREA, "events may be logged", async move { vec![may_write(&it, &group).await] }));
    let it = patient.clone();
    checks.push(check(AREA, "Live Tail", async move { vec![live_tail(&it, &events).await] }));
    checks
}

async fn log_group(patient: &Patient, name: &str) -> Finding {
    let check = format!("log {name}");
    match patient.aws.log_group(name).await {
        Ok(Some(group)) => group.retention_days.map_or_else(
            || {
                let region = &patient.aws.region;
                let fix = format!(
                    "aws logs put-retention-policy --log-group-name {name} --retention-in-days 30 --region {region}"
                );
                Finding::warn(AREA, &check, "keeps everything for ever", fix)
            },
            |days| Finding::ok(AREA, &check, format!("keeps {days} days")),
        ),
        Ok(None) => {
            let groups = patient.stack.as_ref().and_then(|stack| stack.parameters.get("LogGroups"));
            // one from before the stack is made by an update; of its own an update does not see that it is gone
            let fix = if groups.is_some_and(|groups| groups == "existing") { "spotdrill setup" } else { ANEW };
            Finding::fail(AREA, &check, "there is none", fix)
        }
        Err(error) => not_seen(AREA, &check, &error),
    }
}

async fn may_write(patient: &Patient, group: &str) -> Finding {
    const NAME: &str = "events may be logged";
    match patient.aws.events_may_write(group, &patient.names().event_rule()).await {
        Ok(Lets::In) => Finding::ok(AREA, NAME, format!("EventBridge may write to {group}")),
        Ok(Lets::Perhaps) => {
            let says = format!("a resource policy about {group} has conditions that only AWS can judge");
            Finding::unknown(AREA, NAME, says + ": `spotdrill prove` shows whether events come")
        }
        Ok(Lets::Out) => Finding::fail(
            AREA,
            NAME,
            format!("no resource policy lets EventBridge write to {group}, or one denies it"),
            ANEW,
        ),
        Err(error) => not_seen(AREA, NAME, &error),
    }
}

async fn live_tail(patient: &Patient, group: &str) -> Finding {
    const NAME: &str = "Live Tail";
    match patient.aws.live_tail_opens(group).await {
        Ok(()) => Finding::ok(AREA, NAME, "opens: log lines come within a second"),
        Err(error) if error.kind == Kind::NotFound => Finding::unknown(AREA, NAME, format!("there is no log {group}")),
        Err(error) => {
            let fix = "Allow logs:StartLiveTail: statement FollowLogs of `spotdrill setup --print operator`";
            Finding::warn(AREA, NAME, format!("does not open, so logs are polled: {}", error.why()), fix)
        }
    }
}
