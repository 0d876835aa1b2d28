//! What the caller may do: each statement of the operator's policy, asked of IAM; where IAM may not be asked, read and seen;
//! where that is not possible, unknown. Knows no policy but ours.

use std::collections::{BTreeMap, BTreeSet};

use super::{Check, Patient, check};
use crate::{
    aws::{Aws, Error, Identity, Kind, region::Quota, role::NotAllowed},
    doctor::{Area, Finding, Standing},
    drill::fleet::partition,
    stack::policy::{Document, Statement},
    text::SafeText,
};

const AREA: Area = Area::Permissions;
const TOGETHER: &str = "operator policy";

/// Without these no drill runs, or none can be stopped and cleaned up.
const NEEDED: [&str; 11] = [
    "SeeInstances",
    "ListExperiments",
    "ReadExperiments",
    "MakeTemplate",
    "PassFisRole",
    "StartExperiment",
    "TagDrill",
    "StopDrill",
    "RemoveTemplate",
    "SeeLocks",
    "TakeLock",
];

pub(super) fn checks(patient: &Patient) -> Vec<Check> {
    let statements = patient.place.statements(Document::Operator);
    statements
        .into_iter()
        .map(|statement| {
            let (name, patient) = (named(&statement), patient.clone());
            check(AREA, name, async move { vec![permission(&patient, &statement).await] })
        })
        .collect()
}

fn named(statement: &Statement) -> String {
    format!("may {}", statement.sid)
}

/// What is allowed comes to one line; everything else has its own.
pub(super) fn together(findings: Vec<Finding>) -> Vec<Finding> {
    let is_allowed = |finding: &Finding| finding.area == AREA && finding.standing == Standing::Ok;
    let of_policy = findings.iter().filter(|finding| finding.area == AREA).count();
    let allowed = findings.iter().filter(|finding| is_allowed(finding)).count();
    let ways: BTreeSet<_> = findings.iter().filter(|finding| is_allowed(finding)).map(|it| it.says.clone()).collect();
    let ways: Vec<_> = ways.iter().map(SafeText::as_str).collect();
    let mut said: Vec<_> = findings.into_iter().filter(|finding| !is_allowed(finding)).collect();
    if allowed > 0 {
        let says = format!("{allowed} of {of_policy} statements are allowed ({})", ways.join(", "));
        said.insert(0, Finding::ok(AREA, TOGETHER, says));
    }
    said
}

async fn permission(patient: &Patient, statement: &Statement) -> Finding {
    let name = named(statement);
    let Patient { aws, identity, .. } = patient;
    if identity.arn.ends_with(":root") {
        return Finding::ok(AREA, &name, "the root user");
    }
    // IAM matches wildcards of policies, and takes the resources as they are
    let any = |arn: &String| arn.replace(":*:*:", &format!(":{}:{}:", aws.region, identity.account));
    let resources: Vec<_> = statement.resources().iter().map(any).collect();
    // all of the policy's, so that what IAM lacks is what other policies ask for
    let all = patient.place.statements(Document::Operator);
    let mut context: BTreeMap<_, _> = all.iter().flat_map(Statement::context).collect();
    context.extend(statement.context());
    context.insert(String::from("aws:RequestedRegion"), vec![aws.region.clone()]);
    match aws.simulate(&patient.principal, &statement.actions(), &resources, &context).await {
        Ok(refused) if refused.is_empty() => Finding::ok(AREA, &name, "simulated"),
        Ok(refused) if refused.iter().any(|it| !it.without.is_empty()) => depends(&name, &refused),
        Ok(refused) => not_allowed(patient, statement, &refused),
        Err(error) if error.kind == Kind::Denied && statement.sid == "CheckPermissions" => missing(
            patient,
            statement,
            "iam:SimulatePrincipalPolicy is denied, so permissions are told by reading alone",
        ),
        Err(error) => match probed(patient, statement).await {
            Some(Ok(())) => Finding::ok(AREA, &name, "read"),
            Some(Err(refused)) if refused.kind == Kind::Denied => missing(patient, statement, refused.why()),
            Some(Err(refused)) => Finding::unknown(AREA, &name, refused.to_string()),
            None => {
                let why = if error.kind == Kind::NotFound {
                    "IAM needs your role's path: allow iam:GetRole on it"
                } else {
                    error.why()
                };
                Finding::unknown(AREA, &name, format!("cannot be told without trying it: {why}"))
            }
        },
    }
}

/// The role that a session is of.
fn role_of(arn: &str) -> Option<&str> {
    arn.split_once(":assumed-role/")?.1.split('/').next()
}

/// By which ARN IAM knows the caller: a session's own says neither that nor its role's path.
pub(super) async fn principal(aws: &Aws, identity: &Identity) -> String {
    let arn = &identity.arn;
    let Some(role) = role_of(arn) else { return arn.to_string() };
    if let Ok(Some((arn, _))) = aws.role_trust(role).await {
        return arn.to_string();
    }
    format!("arn:{}:iam::{}:role/{role}", partition(&aws.region), identity.account)
}

/// What a simulation cannot decide.
fn depends(name: &str, refused: &[NotAllowed]) -> Finding {
    let actions: Vec<_> = refused.iter().map(|it| it.action.as_str()).collect();
    let without: BTreeSet<_> = refused.iter().flat_map(|it| &it.without).map(SafeText::as_str).collect();
    let without: Vec<_> = without.into_iter().collect();
    let (actions, without) = (actions.join(", "), without.join(", "));
    Finding::unknown(AREA, name, format!("{actions} is not allowed as far as IAM can tell; it does not know {without}"))
}

fn not_allowed(patient: &Patient, statement: &Statement, refused: &[NotAllowed]) -> Finding {
    let actions: Vec<_> = refused.iter().map(|it| it.action.as_str()).collect();
    let denied = if refused.iter().any(|it| it.explicitly) { "a policy denies" } else { "no policy allows" };
    missing(patient, statement, &format!("{denied} {}", actions.join(", ")))
}

fn missing(patient: &Patient, statement: &Statement, says: &str) -> Finding {
    let why = statement.why(Document::Operator).map(|why| format!("Why: {why}\n")).unwrap_or_default();
    let arn = &patient.identity.arn;
    let whose = role_of(arn).map_or_else(|| arn.to_string(), |role| format!("the role {role}"));
    let fix = format!("{why}Add to the policies of {whose}:\n{}", statement.pretty());
    let name = named(statement);
    if NEEDED.contains(&statement.sid.as_str()) {
        Finding::fail(AREA, &name, says, fix)
    } else {
        Finding::warn(AREA, &name, says, fix)
    }
}

/// A read that needs exactly this statement; none where it cannot be tried without changing something.
async fn probed(patient: &Patient, statement: &Statement) -> Option<Result<(), Error>> {
    let (aws, names) = (&patient.aws, patient.names());
    let read = match statement.sid.as_str() {
        "SeeInstances" => aws.fleet(|_| ()).await.map(|_| ()),
        "ListExperiments" => aws.running_drills().await.map(|_| ()),
        "SeeLocks" => aws.locks().await.map(|_| ()),
        "FollowLogs" => {
            let now = aws.clock.now();
            let read = aws.lines_since(&names.event_log_group(), now).await.map(|_| ());
            match read {
                Err(error) if error.kind == Kind::NotFound => Ok(()),
                other => other,
            }
        }
        "CheckAction" => aws.has_spot_action().await.map(|_| ()),
        "CheckSafetyLever" => aws.safety_lever_engaged().await.map(|_| ()),
        "CheckQuota" => aws.quota(Quota::TargetsByTag).await.map(|_| ()),
        "CheckAlarms" => aws.alarm("spotdrill").await.map(|_| ()),
        "CheckStack" => aws.stack(&names.stack).await.map(|_| ()),
        "CheckRoles" => aws.role(&names.fis_role).await.map(|_| ()),
        "CheckRules" => aws.rule(&names.rule).await.map(|_| ()),
        "CheckFunction" => aws.function(&names.function).await.map(|_| ()),
        "CheckSecret" => aws.secret(names.secret.as_deref()?).await.map(|_| ()),
        "CheckLogs" => aws.log_group(&names.event_log_group()).await.map(|_| ()),
        _ => return None,
    };
    Some(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_allowed_comes_to_one_line_and_what_is_not_has_its_own() {
        let other = Finding::ok(Area::Aws, "clock", "right");
        let denied = Finding::fail(AREA, "may StartExperiment", "no policy allows fis:StartExperiment", "x");
        let findings = vec![
            Finding::ok(AREA, "may A", "simulated"),
            other.clone(),
            denied.clone(),
            Finding::ok(AREA, "may B", "read"),
        ];
        let summary = Finding::ok(AREA, TOGETHER, "2 of 3 statements are allowed (read, simulated)");
        assert_eq!(together(findings), [summary, other, denied]);
    }
}
