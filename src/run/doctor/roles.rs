//! Checks of both roles against the statements that come with the program. Knows the parameters that change them.

use serde_json::{Value, json};

use super::{Check, Patient, check, not_seen};
use crate::{
    aws::role::Role,
    doctor::{Area, Finding},
    stack::policy::{Document, differences},
    text::SafeText,
};

const AREA: Area = Area::Stack;

pub(super) fn checks(patient: &Patient) -> Vec<Check> {
    let (fis_role, function_role) = (fis_role(patient), patient.names().function_role(&patient.aws.region));
    let it = patient.clone();
    let mut checks = vec![check(AREA, format!("role {fis_role}"), async move {
        let trust = it.place.filled(Document::FisRoleTrust);
        let may = may_interrupt(&it);
        vec![role(&it, &fis_role, &trust, &may).await]
    })];
    if patient.stack.is_some() {
        let it = patient.clone();
        checks.push(check(AREA, format!("role {function_role}"), async move {
            let trust = it.place.filled(Document::LambdaRoleTrust);
            let may = it.place.filled(Document::LambdaRole);
            vec![role(&it, &function_role, &trust, &may).await]
        }));
    }
    checks
}

/// The role that drills are run with is not always the stack's.
fn fis_role(patient: &Patient) -> String {
    patient.fis_role.rsplit('/').next().unwrap_or_default().to_owned()
}

/// What the FIS role may do, as the stack's parameter `InterruptOnly` narrows it.
fn may_interrupt(patient: &Patient) -> Value {
    let mut policy = patient.place.filled(Document::FisRole);
    let parameter = |name: &str| patient.stack.as_ref().and_then(|stack| stack.parameters.get(name));
    let (key, value) = match parameter("InterruptOnly").map(String::as_str) {
        Some("nodegroup") => {
            ("aws:ResourceTag/eks:nodegroup-name", parameter("Nodegroup").cloned().unwrap_or_default())
        }
        Some("tagged") => ("aws:ResourceTag/spotdrill:target", String::from("yes")),
        _ => return policy,
    };
    let statements = policy.get_mut("Statement").and_then(Value::as_array_mut);
    for statement in statements.into_iter().flatten() {
        let interrupts = statement.get("Sid").is_some_and(|sid| sid == "InterruptSpotInstances");
        if let (true, Some(members)) = (interrupts, statement.as_object_mut()) {
            members.insert(String::from("Condition"), json!({ "StringEquals": { key: value } }));
        }
    }
    policy
}

async fn role(patient: &Patient, name: &str, trust: &Value, may: &Value) -> Finding {
    let check = format!("role {name}");
    let role = match patient.aws.role(name).await {
        Ok(Some(role)) => role,
        Ok(None) => return Finding::fail(AREA, &check, "there is none", "spotdrill setup"),
        Err(error) => return not_seen(AREA, &check, &error),
    };
    let mut wrong: Vec<_> = differences(&role.trust, trust).into_iter().map(|it| format!("trust: {it}")).collect();
    wrong.extend(differences(&all_statements(&role), may));
    let more: Vec<_> = role.attached.iter().map(SafeText::as_str).collect();
    if !more.is_empty() {
        wrong.push(format!("managed policies were attached: {}", more.join(", ")));
    }
    if wrong.is_empty() {
        return Finding::ok(AREA, &check, "its trust and its statements are those that setup gives it");
    }
    let pretty = |document: &Value| serde_json::to_string_pretty(document).unwrap_or_default();
    let fix = format!("It needs this trust:\n{}\nand this policy, no more:\n{}", pretty(trust), pretty(may));
    let lacks = wrong.iter().any(|it| it.contains("missing") || it.contains("another"));
    if lacks {
        Finding::fail(AREA, &check, wrong.join("; "), fix)
    } else {
        Finding::warn(AREA, &check, format!("may do more than it needs: {}", wrong.join("; ")), fix)
    }
}

/// The statements of all of a role's own policies, as of one.
fn all_statements(role: &Role) -> Value {
    let statements = role.inline.values().flat_map(|policy| match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    });
    json!({ "Statement": statements.collect::<Vec<_>>() })
}
