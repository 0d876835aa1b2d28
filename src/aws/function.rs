//! The Lambda as it stands: its state, its runtime, who may invoke it. Knows not what it does.

use aws_sdk_lambda::types as sdk;
use serde_json::Value;

use super::{Aws, Error, error::absent};
use crate::text::SafeText;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    pub arn: SafeText,
    /// E.g. `python3.13`.
    pub runtime: SafeText,
    /// E.g. `Active`, `Pending`, `Failed`; with the reason where there is one.
    pub state: SafeText,
    /// How its last update went: `Successful`, `Failed`, `InProgress`.
    pub updated: SafeText,
    pub reason: Option<SafeText>,
}

impl Aws {
    pub async fn function(&self, name: &str) -> Result<Option<Function>, Error> {
        let call = self.lambda.get_function_configuration().function_name(name);
        let answer = call.send().await.map_err(|error| Error::of("describe the Lambda", &error));
        let Some(answer) = absent(answer)? else { return Ok(None) };
        let text = |text: Option<&str>| SafeText::new(text.unwrap_or_default());
        Ok(Some(Function {
            arn: text(answer.function_arn()),
            runtime: text(answer.runtime().map(sdk::Runtime::as_str)),
            state: text(answer.state().map(sdk::State::as_str)),
            updated: text(answer.last_update_status().map(sdk::LastUpdateStatus::as_str)),
            reason: answer.state_reason().or(answer.last_update_status_reason()).map(SafeText::new),
        }))
    }

    /// The ARNs of the rules that may invoke the Lambda; none where nobody may.
    pub async fn function_invokers(&self, name: &str) -> Result<Vec<SafeText>, Error> {
        let answer = self.lambda.get_policy().function_name(name).send().await;
        let answer = absent(answer.map_err(|error| Error::of("read who may invoke the Lambda", &error)))?;
        let policy: Value = answer
            .and_then(|answer| serde_json::from_str(answer.policy().unwrap_or_default()).ok())
            .unwrap_or_default();
        let statements = policy.get("Statement").and_then(Value::as_array).cloned().unwrap_or_default();
        let source = |statement: &Value| {
            let conditions = statement.get("Condition")?.as_object()?.values().filter_map(Value::as_object).flatten();
            let is_source = |(key, _): &(&String, &Value)| key.eq_ignore_ascii_case("aws:sourcearn");
            conditions.into_iter().find(is_source)?.1.as_str().map(SafeText::new)
        };
        Ok(statements.iter().filter_map(source).collect())
    }
}
