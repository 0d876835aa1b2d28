//! Why a resource of the stack could not be made, in plain words, and what to do. Knows how AWS's services word their
//! refusals, and no way to mend anything.

use super::{Event, kind_in_words, names::Names};

/// A failure for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Which resource, and why.
    pub why: String,
    pub next: String,
}

/// Explains a resource's failure; `again` is the command whose work it was, such as `setup`.
pub fn explain(failed: &Event, names: &Names, again: &str) -> Explained {
    let Event { logical, kind, status, .. } = failed;
    let reason = failed.reason.as_deref().unwrap_or("no reason is given");
    let what = format!("{} {logical}", kind_in_words(kind));
    let done = match status.split('_').next() {
        Some("DELETE") => "deleted",
        Some("UPDATE") => "changed",
        _ => "made",
    };
    let lower = reason.to_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    let (why, next) = if let Some(action) = denied_action(reason) {
        (
            format!("you may not {action}"),
            format!("Ask for the permissions of `spotdrill setup --print setup`, then run {again} again"),
        )
    } else if has(&["already exist", "alreadyexists"]) {
        (
            String::from("something of that name exists already, outside of the stack"),
            format!("{}, then run {again} again", another_name(logical, names)),
        )
    } else if has(&["cannot be assumed", "unable to assume"]) {
        (
            String::from("IAM had not yet made the new role known everywhere"),
            format!("Run {again} again in a minute: nothing else is needed"),
        )
    } else if has(&["rate exceeded", "throttl", "too many requests"]) {
        (
            String::from("AWS limits the rate of calls in this account"),
            format!("Run {again} again in a few minutes: nothing else is needed"),
        )
    } else if has(&["limitexceeded", "limit exceeded", "quota", "maximum number"]) {
        (
            String::from("a quota of the account is used up"),
            format!("Delete what is not needed or raise the quota in Service Quotas, then run {again} again"),
        )
    } else if has(&["internal failure", "internal error", "serviceunavailable", "service unavailable"]) {
        (String::from("the service failed"), format!("Run {again} again in a few minutes"))
    } else {
        (String::from("AWS refused it"), format!("Mend what AWS complains of, then run {again} again"))
    };
    Explained { why: format!("the {what} could not be {done}: {why}. AWS: {}", reason.trim_end_matches('.')), next }
}

/// The action that a denial names, such as `iam:CreateRole`.
fn denied_action(reason: &str) -> Option<&str> {
    let words = ["not authorized to perform: ", "not authorized to perform "];
    let rest = words.iter().find_map(|words| reason.split_once(words)).map(|(_, rest)| rest)?;
    let is_of_action = |character: char| character.is_ascii_alphanumeric() || character == ':' || character == '-';
    let end = rest.find(|character| !is_of_action(character)).unwrap_or(rest.len());
    rest.get(..end).filter(|action| action.contains(':'))
}

/// How to choose another name for a resource of the template.
pub fn another_name(logical: &str, names: &Names) -> String {
    match logical {
        "FisRole" => format!("Choose another role's name with --fis-role, or delete the role {}", names.fis_role),
        "Function" | "FunctionRole" | "FunctionLog" => {
            format!("Choose another name with --function, or delete what {} has", names.function)
        }
        "SlackRule" => format!("Choose another rule's name with --rule, or delete the rule {}", names.rule),
        "EventLog" | "EventLogRule" | "EventLogPolicy" => {
            format!("Choose another prefix with --prefix, or delete what is called {}", names.event_rule())
        }
        _ => String::from("Delete it or rename it"),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::stack::progress::tests::event;

    fn explained(reason: &str) -> Explained {
        let failed = event(1, "FisRole", "CREATE_FAILED", Some(reason));
        explain(&failed, &Names::of("spotdrill", &BTreeMap::new()), "setup")
    }

    #[test]
    fn a_denial_names_the_action_and_where_the_permissions_stand() {
        let said = explained(
            "Resource handler returned message: \"User: arn:aws:sts::1:assumed-role/a/b is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::1:role/x because no identity-based policy allows it (Service: Iam, Status Code: 403)\"",
        );
        assert!(
            said.why.starts_with("the IAM role FisRole could not be made: you may not iam:CreateRole. AWS: "),
            "{said:?}"
        );
        assert!(said.next.contains("--print setup"), "{said:?}");
    }

    #[test]
    fn each_kind_of_reason_has_its_remedy() {
        for (reason, why, next) in [
            ("spot-fis-test already exists in stack arn:aws:x", "exists already", "--fis-role"),
            (
                "Resource of type 'AWS::IAM::Role' with identifier 'x' already exists.",
                "exists already",
                "spot-fis-test",
            ),
            ("The role defined for the function cannot be assumed by Lambda.", "IAM had not yet", "again in a minute"),
            ("Rate exceeded (Service: AmazonIdentityManagement; Status Code: 400)", "rate of calls", "few minutes"),
            ("Cannot exceed quota for RolesPerAccount: 1000", "quota", "Service Quotas"),
            ("Internal Failure", "service failed", "few minutes"),
            ("Properties validation failed", "AWS refused it", "complains of"),
        ] {
            let said = explained(reason);
            assert!(said.why.contains(why) && said.why.contains(reason.trim_end_matches('.')), "{said:?}");
            assert!(said.next.contains(next), "{said:?}");
        }
    }

    #[test]
    fn what_could_not_be_deleted_is_not_said_to_be_made() {
        let failed = event(1, "FisRole", "DELETE_FAILED", Some("Rate exceeded"));
        let said = explain(&failed, &Names::of("spotdrill", &BTreeMap::new()), "teardown");
        assert!(said.why.starts_with("the IAM role FisRole could not be deleted: AWS limits"), "{said:?}");
        assert!(said.next.starts_with("Run teardown again"), "{said:?}");
    }
}
