//! What the parts of a stack are called, by its parameters. Knows the template's parameters and their defaults.

use std::collections::BTreeMap;

use crate::text::SafeText;

/// The names of everything that one stack makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    pub stack: String,
    pub prefix: String,
    pub function: String,
    pub rule: String,
    pub fis_role: String,
    /// The secret with the webhook's URL; none where Slack is not told.
    pub secret: Option<String>,
}

/// What drills look for, by the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usual {
    pub stack: String,
    pub fis_role: String,
    pub lambda_log_group: String,
    pub events_log_group: String,
}

impl Default for Usual {
    fn default() -> Self {
        let names = Names::of(STACK, &BTreeMap::new());
        let (lambda_log_group, events_log_group) = (names.function_log_group(), names.event_log_group());
        Self { stack: names.stack, fis_role: names.fis_role, lambda_log_group, events_log_group }
    }
}

/// The stack's name, unless another is asked for.
pub const STACK: &str = "spotdrill";

/// The name of a stack's secret, unless another is asked for: each stack has its own, for its teardown deletes it.
pub fn usual_secret(stack: &str) -> String {
    format!("{stack}/slack-webhook")
}

impl Names {
    /// By a stack's parameters; what is not among them is as the template has it. A parameter is whatever somebody gave: a
    /// name that is not as it shows is nobody's, so what is looked for by it is not found.
    pub fn of(stack: &str, parameters: &BTreeMap<String, String>) -> Self {
        let given = |name: &str| parameters.get(name).map(|name| SafeText::name(name).to_string());
        let or = |name: &str, usual: &str| given(name).unwrap_or_else(|| usual.to_owned());
        Self {
            stack: stack.to_owned(),
            prefix: or("Prefix", "spotdrill"),
            function: or("FunctionName", "send-slack-spot-event"),
            rule: or("RuleName", "spot-event"),
            fis_role: or("FisRoleName", "spot-fis-test"),
            secret: given("SlackSecretName").filter(|name| !name.is_empty()),
        }
    }

    /// Where AWS's own events are written to.
    pub fn event_log_group(&self) -> String {
        format!("/aws/events/{}", self.prefix)
    }

    /// The rule that writes them, and the resource policy that lets it.
    pub fn event_rule(&self) -> String {
        format!("{}-events", self.prefix)
    }

    pub fn function_log_group(&self) -> String {
        format!("/aws/lambda/{}", self.function)
    }

    /// What a resource of the template will be called, by its logical id; none for what AWS names itself.
    pub fn of_resource(&self, logical: &str, region: &str) -> Option<String> {
        Some(match logical {
            "EventLog" => self.event_log_group(),
            "EventLogRule" | "EventLogPolicy" => self.event_rule(),
            "FunctionRole" => self.function_role(region),
            "FunctionLog" => self.function_log_group(),
            "Function" => self.function.clone(),
            "SlackRule" => self.rule.clone(),
            "FisRole" => self.fis_role.clone(),
            _ => return None,
        })
    }

    /// The lines of config.toml without which drills would look elsewhere.
    pub fn settings(&self, usual: &Usual) -> Vec<String> {
        // a role may be named by its ARN
        let usual_role = usual.fis_role.rsplit('/').next().unwrap_or_default().to_owned();
        let wanted = [
            ("stack", &usual.stack, self.stack.clone()),
            ("fis_role", &usual_role, self.fis_role.clone()),
            ("lambda_log_group", &usual.lambda_log_group, self.function_log_group()),
            ("events_log_group", &usual.events_log_group, self.event_log_group()),
        ];
        let differs = wanted.iter().filter(|(_, is, wanted)| *is != wanted);
        differs.map(|(key, _, wanted)| format!("{key} = \"{wanted}\"")).collect()
    }

    pub fn function_role(&self, region: &str) -> String {
        format!("{}-{region}", self.function)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::TEMPLATE;

    #[test]
    fn a_role_that_the_settings_name_by_its_arn_is_the_role_of_that_name() {
        let names = Names::of(STACK, &BTreeMap::new());
        let by = |role: &str| names.settings(&Usual { fis_role: role.into(), ..Usual::default() });
        assert_eq!(by("arn:aws:iam::123456789012:role/path/spot-fis-test"), [""; 0]);
        assert_eq!(by("arn:aws:iam::123456789012:role/other"), ["fis_role = \"spot-fis-test\""]);
    }

    #[test]
    fn the_defaults_are_the_templates() {
        // the rest has tags that only CloudFormation knows
        let parameters = TEMPLATE.split("\nConditions:").next().unwrap();
        let template: yaml_serde::Value = yaml_serde::from_str(parameters).unwrap();
        let default = |name: &str| template["Parameters"][name]["Default"].as_str().unwrap().to_owned();
        let names = Names::of(STACK, &BTreeMap::new());
        assert_eq!(names.prefix, default("Prefix"));
        assert_eq!(names.function, default("FunctionName"));
        assert_eq!(names.rule, default("RuleName"));
        assert_eq!(names.fis_role, default("FisRoleName"));
        assert_eq!(default("SlackSecretName"), "");
        assert_eq!(names.secret, None);
        assert!(TEMPLATE.contains("LogGroupName: !Sub /aws/events/${Prefix}"));
        assert!(TEMPLATE.contains("RoleName: !Sub ${FunctionName}-${AWS::Region}"));
        assert!(TEMPLATE.contains("Name: !Sub ${Prefix}-events"));
    }
}
