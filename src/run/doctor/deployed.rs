//! Checks of what the stack made: itself and its drift, the Lambda, the rules, the secret, the stop-condition alarm. Knows not
//! who may do what.

use std::time::Duration;

use jiff::Timestamp;

use super::{ANEW, Check, Patient, check, not_seen};
use crate::{
    aws::{
        Aws,
        cloudformation::{Drift, Drifted},
    },
    doctor::{Area, Finding},
    stack::{Stack, kind_in_words, names::Usual, status::Standing},
    text::SafeText,
};

const AREA: Area = Area::Stack;

/// When Lambda stops patching a runtime. Source: AWS Lambda developer guide, Lambda runtimes, as of November 2026.
const DEPRECATED: [(&str, &str); 7] = [
    ("python3.8", "2024-10-14T00:00:00Z"),
    ("python3.9", "2025-12-15T00:00:00Z"),
    ("python3.10", "2026-10-31T00:00:00Z"),
    ("python3.11", "2027-06-30T00:00:00Z"),
    ("python3.12", "2028-10-31T00:00:00Z"),
    ("python3.13", "2029-06-30T00:00:00Z"),
    ("python3.14", "2029-06-30T00:00:00Z"),
];

/// The stack, and what there is to say of it: the other checks are about its names.
pub(super) async fn stack(aws: &Aws, name: &str) -> (Option<Stack>, Finding) {
    let check = format!("stack {name}");
    let stack = match aws.stack(name).await {
        Ok(Some(stack)) => stack,
        Ok(None) => {
            return (
                None,
                Finding::fail(
                    AREA,
                    &check,
                    "there is none: no Lambda tells Slack, no rule writes AWS's events to a log",
                    "spotdrill setup",
                ),
            );
        }
        Err(error) => return (None, not_seen(AREA, &check, &error)),
    };
    if !stack.ours {
        let fix = "Name another stack with --stack, or in config.toml; `spotdrill setup --stack NAME` makes one";
        return (None, Finding::fail(AREA, &check, "is not spotdrill's: it has another template", fix));
    }
    let reason = stack.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let says = format!("{}{reason}", stack.status);
    let finding = match stack.standing() {
        Standing::Ready => Finding::ok(AREA, &check, says),
        Standing::Busy | Standing::InReview => Finding::warn(
            AREA,
            &check,
            format!("{says}: something is under way, or was begun and left"),
            "spotdrill setup",
        ),
        Standing::Leftover => Finding::fail(AREA, &check, says, "spotdrill setup"),
        Standing::Stuck => Finding::fail(
            AREA,
            &check,
            says,
            format!("aws cloudformation continue-update-rollback --stack-name {name}"),
        ),
    };
    (Some(stack), finding)
}

/// Drills look for what the settings name, and the stack may have made something else.
pub(super) fn settings(patient: &Patient, usual: &Usual) -> Option<Finding> {
    patient.stack.as_ref()?;
    let lines = patient.names().settings(usual);
    let says = "drills look for other names than the stack has";
    let fix = || format!("In config.toml:\n{}", lines.join("\n"));
    (!lines.is_empty()).then(|| Finding::fail(AREA, "settings", says, fix()))
}

pub(super) fn checks(patient: &Patient) -> Vec<Check> {
    let names = patient.names();
    let mut checks = Vec::new();
    if patient.stack.is_none() {
        return checks; // that there is no stack says all of it
    }
    if patient.whole_stack().is_some() {
        let it = patient.clone();
        checks.push(check(AREA, "stack drift", async move { vec![drift(&it).await] }));
    }
    let it = patient.clone();
    checks.push(check(AREA, format!("Lambda {}", names.function), async move { vec![function(&it).await] }));
    for (name, leads_to) in [(names.event_rule(), Leads::ToTheLog), (names.rule.clone(), Leads::ToTheLambda)] {
        let it = patient.clone();
        checks.push(check(AREA, format!("rule {name}"), async move { vec![rule(&it, &name, leads_to).await] }));
    }
    let it = patient.clone();
    checks.push(check(AREA, "Slack webhook", async move { vec![secret(&it).await] }));
    let it = patient.clone();
    checks.push(check(AREA, "stop-condition alarm", async move { vec![alarm(&it).await] }));
    checks
}

async fn drift(patient: &Patient) -> Finding {
    const NAME: &str = "stack drift";
    let (aws, stack) = (&patient.aws, &patient.names().stack);
    let detection = match aws.detect_drift(stack).await {
        Ok(detection) => detection,
        Err(error) => return not_seen(AREA, NAME, &error),
    };
    loop {
        match aws.drift(stack, &detection).await {
            Ok(Drift::Pending) => aws.clock.sleep(Duration::from_secs(1)).await,
            Ok(Drift::Looked { drifted, failed }) => return drift_found(&drifted, failed.as_ref()),
            Err(error) => return not_seen(AREA, NAME, &error),
        }
    }
}

fn drift_found(drifted: &[Drifted], failed: Option<&SafeText>) -> Finding {
    const NAME: &str = "stack drift";
    let mut says: Vec<_> = drifted.iter().map(in_words).collect();
    match (says.is_empty(), failed) {
        (true, None) => return Finding::ok(AREA, NAME, "everything is as the stack made it"),
        (true, Some(why)) => return Finding::unknown(AREA, NAME, why.as_str()),
        (false, Some(why)) => says.push(format!("more may have been changed: {why}")),
        (false, None) => {}
    }
    let fix = "Undo by hand what was changed by hand, or make the stack anew: spotdrill teardown, spotdrill setup";
    Finding::fail(AREA, NAME, says.join("; "), fix)
}

fn in_words(drifted: &Drifted) -> String {
    let what = format!("{} {}", kind_in_words(&drifted.kind), drifted.logical);
    if drifted.deleted {
        return format!("{what} was deleted");
    }
    let properties: Vec<_> = drifted.properties.iter().map(SafeText::as_str).collect();
    format!("{what} was changed: {}", properties.join(", "))
}

async fn function(patient: &Patient) -> Finding {
    let (aws, name) = (&patient.aws, &patient.names().function);
    let check = format!("Lambda {name}");
    let function = match aws.function(name).await {
        Ok(Some(function)) => function,
        Ok(None) => return Finding::fail(AREA, &check, "there is none", ANEW),
        Err(error) => return not_seen(AREA, &check, &error),
    };
    let reason = function.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    let says = format!("{}, {}", function.state, function.runtime);
    if function.state.as_str() != "Active" && function.state.as_str() != "Inactive" {
        return Finding::fail(AREA, &check, format!("{says}{reason}"), ANEW);
    }
    if function.updated.as_str() == "Failed" {
        return Finding::fail(AREA, &check, format!("{says}, its last update failed{reason}"), ANEW);
    }
    let ends = DEPRECATED.iter().find(|(runtime, _)| *runtime == function.runtime.as_str());
    match ends.and_then(|(_, ends)| ends.parse::<Timestamp>().ok()) {
        Some(ends) if ends <= aws.clock.now() => {
            let says = format!("{says}: AWS patches this runtime no more since {}", ends.strftime("%F"));
            Finding::warn(AREA, &check, says, ANEW)
        }
        Some(ends) => Finding::ok(AREA, &check, format!("{says}, patched until {}", ends.strftime("%F"))),
        None => Finding::warn(AREA, &check, format!("{says}: not the runtime that setup gives it"), ANEW),
    }
}

#[derive(Clone, Copy)]
enum Leads {
    ToTheLog,
    ToTheLambda,
}

async fn rule(patient: &Patient, name: &str, leads: Leads) -> Finding {
    let (aws, names) = (&patient.aws, patient.names());
    let check = format!("rule {name}");
    let rule = match aws.rule(name).await {
        Ok(Some(rule)) => rule,
        Ok(None) => return Finding::fail(AREA, &check, "there is none", ANEW),
        Err(error) => return not_seen(AREA, &check, &error),
    };
    if !rule.enabled {
        let fix = format!("aws events enable-rule --name {name} --region {}", aws.region);
        return Finding::fail(AREA, &check, "is disabled, so nothing comes through", fix);
    }
    let (end, what) = match leads {
        Leads::ToTheLog => (format!(":log-group:{}", names.event_log_group()), names.event_log_group()),
        Leads::ToTheLambda => (format!(":function:{}", names.function), format!("the Lambda {}", names.function)),
    };
    if !rule.targets.iter().any(|target| target.trim_end_matches(":*").ends_with(&end)) {
        return Finding::fail(AREA, &check, format!("does not lead to {what}"), ANEW);
    }
    if matches!(leads, Leads::ToTheLambda) {
        match aws.function_invokers(&names.function).await {
            Ok(invokers) if invokers.contains(&rule.arn) => {}
            Ok(_) => {
                let fix = format!(
                    "aws lambda add-permission --function-name {} --statement-id {name} --action lambda:InvokeFunction \
                     --principal events.amazonaws.com --source-arn {} --region {}",
                    names.function, rule.arn, aws.region
                );
                return Finding::fail(AREA, &check, format!("may not invoke {what}"), fix);
            }
            Err(error) => return not_seen(AREA, &check, &error),
        }
    }
    Finding::ok(AREA, &check, format!("enabled, leads to {what}"))
}

async fn secret(patient: &Patient) -> Finding {
    const NAME: &str = "Slack webhook";
    let Some(name) = &patient.names().secret else {
        return Finding::ok(AREA, NAME, "none: the stack was set up without Slack, the Lambda only logs");
    };
    let anew = "spotdrill setup --slack-webhook-file FILE";
    match patient.aws.secret(name).await {
        Ok(Some(secret)) => match secret.deleted {
            None => Finding::ok(
                AREA,
                NAME,
                format!("is in the secret {name}; `spotdrill prove` shows whether Slack takes it"),
            ),
            Some(since) => Finding::fail(
                AREA,
                NAME,
                format!("the secret {name} waits to be deleted: it goes on {}", since.strftime("%F")),
                anew,
            ),
        },
        Ok(None) => Finding::fail(AREA, NAME, format!("there is no secret {name}"), anew),
        Err(error) => not_seen(AREA, NAME, &error),
    }
}

async fn alarm(patient: &Patient) -> Finding {
    const NAME: &str = "stop-condition alarm";
    let arn = patient.stack.as_ref().and_then(|stack| stack.parameters.get("StopAlarmArn")).map(SafeText::name);
    let Some(name) = arn.as_deref().and_then(|arn| arn.split_once(":alarm:")).map(|(_, name)| name) else {
        return Finding::ok(AREA, NAME, "none is set up: a drill is stopped by its operator alone");
    };
    match patient.aws.alarm(name).await {
        Ok(Some(alarm)) if alarm.state.as_str() == "OK" => Finding::ok(AREA, NAME, format!("{} is OK", alarm.name)),
        Ok(Some(alarm)) => {
            let says = format!("{} is {}: FIS starts nothing while it is in ALARM", alarm.name, alarm.state);
            let fix = format!("aws cloudwatch describe-alarms --alarm-names {name} --region {}", patient.aws.region);
            Finding::warn(AREA, NAME, says, fix)
        }
        Ok(None) => {
            let fix = "Name another: spotdrill setup --nodegroup NAME --stop-alarm ARN";
            Finding::fail(AREA, NAME, format!("there is no alarm {name}, so FIS starts nothing of the template"), fix)
        }
        Err(error) => not_seen(AREA, NAME, &error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::Standing;

    #[test]
    fn drift_that_was_found_is_told_whatever_could_not_be_looked_at() {
        let changed = Drifted {
            logical: "SlackRule".into(),
            kind: "AWS::Events::Rule".into(),
            deleted: false,
            properties: vec!["/State".into()],
        };
        let why: SafeText = "Failed to detect drift on resource [FisRole]".into();
        let standing = |drifted: &[Drifted], failed| drift_found(drifted, failed).standing;
        assert_eq!(standing(&[], None), Standing::Ok);
        assert_eq!(standing(&[], Some(&why)), Standing::Unknown);
        let found = drift_found(&[changed], Some(&why));
        assert_eq!(found.standing, Standing::Fail);
        assert_eq!(
            found.says.as_str(),
            "EventBridge rule SlackRule was changed: /State; more may have been changed: Failed to detect drift on \
             resource [FisRole]"
        );
    }
}
