//! The targets of rules: put, removed and listed. Knows not how an event gets there.

use serde_json::{Value, json};

use super::{Input, invalid};
use crate::lab::{
    wire::error::ApiError,
    world::{World, rule::RuleTarget},
};

/// The most targets of a rule.
const TARGETS: usize = 5;

pub(super) fn put(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::of(world, body)?;
    let targets: Vec<_> = input.targets.iter().map(|target| target_of(world, target)).collect::<Result<_, _>>()?;
    let rule = input.rule(world)?;
    let mut all = rule.targets.clone();
    all.extend(targets);
    if all.len() > TARGETS {
        let message = "The requested resource exceeds the maximum number allowed.";
        return Err(ApiError::bad("LimitExceededException", message));
    }
    rule.targets = all;
    Ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
}

/// A target with its id. What the lab would not carry out is refused as a whole.
fn target_of(world: &World, target: &Value) -> Result<(String, RuleTarget), ApiError> {
    const TAKEN: [&str; 4] = ["Id", "Arn", "RoleArn", "Input"];
    let text = |name: &str| target.get(name).and_then(Value::as_str).map(str::to_owned);
    let (Some(id), Some(arn)) = (text("Id"), text("Arn")) else {
        return Err(invalid("A target needs an Id and an Arn."));
    };
    if let Some((name, _)) = target.as_object().into_iter().flatten().find(|(name, _)| !TAKEN.contains(&name.as_str()))
    {
        return Err(invalid(format!("The lab does not take {name} of a target, only Id, Arn, RoleArn and Input.")));
    }
    let service = arn.strip_prefix("arn:aws:").and_then(|rest| rest.split(':').next());
    let reason = match service {
        None => "Provided Arn is not in correct format.".to_owned(),
        Some("logs" | "lambda") if is_here(world, &arn) => {
            if text("Input").is_some_and(|input| serde_json::from_str::<Value>(&input).is_err()) {
                return Err(invalid(format!("Parameter Input is not valid for target {id}. Reason: not valid JSON.")));
            }
            return Ok((id, RuleTarget { arn, role_arn: text("RoleArn"), input: text("Input") }));
        }
        Some("logs" | "lambda") => "it is not a log group or a function of this account and region.".to_owned(),
        Some(service) => format!("the lab delivers to log groups and Lambda functions only, not to {service}."),
    };
    Err(invalid(format!("Parameter {arn} is not valid. Reason: {reason}")))
}

fn is_here(world: &World, arn: &str) -> bool {
    arn.starts_with(&world.arn("logs", "log-group:")) || arn.starts_with(&world.function_arn(""))
}

pub(super) fn remove(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::of(world, body)?;
    input.rule(world)?.targets.retain(|id, _| !input.ids.contains(id));
    Ok(json!({ "FailedEntryCount": 0, "FailedEntries": [] }))
}

pub(super) fn list(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::of(world, body)?;
    let shown = |(id, target): (&String, &RuleTarget)| json!({ "Id": id, "Arn": target.arn, "RoleArn": target.role_arn, "Input": target.input });
    let targets = input.rule(world)?.targets.iter().map(shown).collect();
    input.page("ListTargetsByRule", "Targets", targets)
}

pub(super) fn list_rule_names(world: &mut World, body: &[u8]) -> Result<Value, ApiError> {
    let input = Input::of(world, body)?;
    let reaching =
        world.rules.values().filter(|rule| rule.targets.values().any(|target| target.arn == input.target_arn));
    input.page("ListRuleNamesByTarget", "RuleNames", reaching.map(|rule| rule.name.as_str().into()).collect())
}
