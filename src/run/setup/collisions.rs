//! What has the names of the stack's parts already, outside of the stack: CloudFormation would fail on it half-way. Knows the
//! parts by their names.

use std::collections::BTreeMap;

use super::NotSetUp;
use crate::{
    aws::{Aws, Error, Kind},
    stack::{Stack, failure::another_name, wanted::Wanted},
    text::SafeText,
};

/// Refuses names that are taken, all at once; log groups from before are left as they are.
pub(super) async fn check(
    aws: &Aws,
    wanted: &mut Wanted,
    present: Option<&Stack>,
    notes: &mut Vec<SafeText>,
) -> Result<(), NotSetUp> {
    let empty = BTreeMap::new();
    let parameters = present.map_or(&empty, |stack| &stack.parameters);
    let names = wanted.names(parameters);
    let own = match present {
        Some(stack) => aws.stack_resources(&stack.id).await?,
        None => Vec::new(),
    };
    let is_own = |name: &str| own.iter().any(|resource| resource.physical.as_deref() == Some(name));
    let mut taken = Vec::new();
    let mut look = |logical: &str, what: &str, name: &str, found: Result<bool, Error>| match found {
        Ok(true) if !is_own(name) => {
            let next = another_name(logical, &names);
            taken.push(SafeText::new(format!("{what} {name} exists. {next}")));
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(error) if error.kind == Kind::Denied => {
            notes.push(SafeText::new(format!("whether {what} {name} exists is not known: {}", error.why())));
            Ok(())
        }
        Err(error) => Err(error),
    };
    let function_role = names.function_role(&aws.region);
    let event_rule = names.event_rule();
    look("FisRole", "the role", &names.fis_role, aws.role_trust(&names.fis_role).await.map(|it| it.is_some()))?;
    look("FunctionRole", "the role", &function_role, aws.role_trust(&function_role).await.map(|it| it.is_some()))?;
    look("Function", "the Lambda", &names.function, aws.function(&names.function).await.map(|it| it.is_some()))?;
    look("SlackRule", "the rule", &names.rule, aws.rule(&names.rule).await.map(|it| it.is_some()))?;
    look("EventLogRule", "the rule", &event_rule, aws.rule(&event_rule).await.map(|it| it.is_some()))?;
    let (events, function) = (names.event_log_group(), names.function_log_group());
    let outside = |name: &str, found: bool| found && !is_own(name);
    let found =
        |found: Result<Option<_>, Error>| found.map(|group: Option<crate::aws::log_group::LogGroup>| group.is_some());
    match (found(aws.log_group(&events).await), found(aws.log_group(&function).await)) {
        (Ok(one), Ok(other)) => match (outside(&events, one), outside(&function, other)) {
            // those from before are gone, so the stack makes its own
            (false, false) if !one && !other => wanted.make_log_groups(),
            (false, false) => {}
            (true, true) => {
                if parameters.get("LogGroups").is_none_or(|groups| groups != "existing") {
                    notes.push(SafeText::new(format!(
                        "{events} and {function} are there from before, and stay as they are"
                    )));
                }
                wanted.leave_log_groups();
            }
            (first, _) => {
                let (there, missing) = if first { (&events, &function) } else { (&function, &events) };
                taken.push(SafeText::new(format!(
                    "the log group {there} exists, and {missing} does not. Delete the one \
                     (aws logs delete-log-group --log-group-name {there}), or make the other \
                     (aws logs create-log-group --log-group-name {missing}) to keep both"
                )));
            }
        },
        (Err(error), _) | (_, Err(error)) if error.kind == Kind::Denied => {
            notes.push(SafeText::new(format!("whether the log groups exist is not known: {}", error.why())));
        }
        (Err(error), _) | (_, Err(error)) => return Err(error.into()),
    }
    if taken.is_empty() { Ok(()) } else { Err(NotSetUp::Collisions(taken)) }
}
