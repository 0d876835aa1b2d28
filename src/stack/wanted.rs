//! What is wanted of the stack: its parameters as far as they were asked for, and whether Slack is told. Knows the template's
//! parameters; what was not asked for stays as it is.

use std::collections::BTreeMap;

use super::{
    TEMPLATE,
    names::{Names, usual_secret},
    values,
};

/// A wish for `setup`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub stack: String,
    /// Those that were asked for.
    pub parameters: BTreeMap<String, String>,
    pub slack: Slack,
}

/// What becomes of the messages to Slack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slack {
    /// As it is: the stack's secret, if it has one.
    Keep,
    /// Everything but the post.
    Nobody,
    /// To the webhook that is given.
    Post,
}

/// The option that each parameter is asked for with.
const OPTIONS: [(&str, &str); 16] = [
    ("SlackSecretName", "--slack-secret"),
    ("Nodegroup", "--nodegroup"),
    ("Cluster", "--cluster"),
    ("Count", "--count"),
    ("Warning", "--warn"),
    ("TemplateName", "--template-name"),
    ("StopAlarmArn", "--stop-alarm"),
    ("InterruptOnly", "--interrupt-only"),
    ("Prefix", "--prefix"),
    ("FunctionName", "--function"),
    ("RuleName", "--rule"),
    ("FisRoleName", "--fis-role"),
    ("RetentionInDays", "--retention-days"),
    ("Username", "--username"),
    ("IconUrl", "--icon-url"),
    ("Color", "--color"),
];

/// The parameters of the template that say whether its log groups are made.
const LOG_GROUPS: &str = "LogGroups";

impl Wanted {
    pub fn new(stack: &str) -> Self {
        Self { stack: stack.to_owned(), parameters: BTreeMap::new(), slack: Slack::Keep }
    }

    #[must_use]
    pub fn with(mut self, parameter: &str, value: Option<impl ToString>) -> Self {
        if let Some(value) = value {
            self.parameters.insert(parameter.to_owned(), value.to_string());
        }
        self
    }

    /// What the stack's parameters are to be: those asked for over those that it has.
    pub fn over(&self, present: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut parameters = present.clone();
        // a stack of an earlier template may have others, which CloudFormation would not take
        parameters.retain(|name, _| TEMPLATE.contains(&format!("\n  {name}:\n")));
        let secret = self.parameters.get("SlackSecretName");
        parameters.extend(self.parameters.clone());
        match self.slack {
            Slack::Nobody => {
                parameters.insert(String::from("SlackSecretName"), String::new());
            }
            Slack::Post => {
                let present = present.get("SlackSecretName").filter(|name| !name.is_empty());
                let name = secret.or(present).cloned().unwrap_or_else(|| usual_secret(&self.stack));
                parameters.insert(String::from("SlackSecretName"), name);
            }
            Slack::Keep => {}
        }
        parameters
    }

    /// Every value that the template does not take, each with its option and what is wanted of it.
    pub fn complaints(&self) -> Vec<String> {
        let declared = values::declared();
        let complaint = |(parameter, value): (&String, &String)| {
            let wanted = values::complaint(&declared, parameter, value)?;
            let option =
                OPTIONS.iter().find(|(of, _)| of == parameter).map_or(parameter.as_str(), |(_, option)| option);
            Some(format!("{option} wants {wanted}, not `{value}`"))
        };
        self.parameters.iter().filter_map(complaint).collect()
    }

    /// What everything will be called.
    pub fn names(&self, present: &BTreeMap<String, String>) -> Names {
        Names::of(&self.stack, &self.over(present))
    }

    /// What was asked for of the experiment template of a node group, and there is none.
    pub fn without_nodegroup(&self, present: &BTreeMap<String, String>) -> Option<&'static str> {
        let over = self.over(present);
        let has_nodegroup = over.get("Nodegroup").is_some_and(|name| !name.is_empty());
        let of_template = ["Count", "Warning", "TemplateName", "StopAlarmArn", "Cluster"];
        let narrows = over.get("InterruptOnly").is_some_and(|only| only == "nodegroup");
        if narrows && !has_nodegroup {
            return Some("--interrupt-only nodegroup");
        }
        let is_asked = |parameter: &str| of_template.contains(&parameter) && self.parameters.contains_key(parameter);
        let asked = OPTIONS.iter().find(|(parameter, _)| is_asked(parameter));
        asked.filter(|_| !has_nodegroup).map(|(_, option)| *option)
    }

    /// There are no log groups, whatever was there once.
    pub fn make_log_groups(&mut self) {
        self.parameters.insert(LOG_GROUPS.to_owned(), String::from("create"));
    }

    /// The log groups are there already and are not the stack's.
    pub fn leave_log_groups(&mut self) {
        self.parameters.insert(LOG_GROUPS.to_owned(), String::from("existing"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn present(secret: &str) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("SlackSecretName".into(), secret.into()),
            ("Nodegroup".into(), "web-spot".into()),
            ("Count".into(), "2".into()),
        ])
    }

    #[test]
    fn what_was_not_asked_for_stays_as_it_is() {
        let wanted = Wanted::new("s").with("Count", Some(3)).with("Nodegroup", None::<&str>);
        let over = wanted.over(&present("own/secret"));
        assert_eq!((over["Nodegroup"].as_str(), over["Count"].as_str()), ("web-spot", "3"));
        assert_eq!(wanted.names(&present("own/secret")).secret.as_deref(), Some("own/secret"));
    }

    #[test]
    fn what_the_template_no_longer_has_is_left_out() {
        let mut present = present("");
        present.insert("Retired".into(), "x".into());
        assert!(!Wanted::new("s").over(&present).contains_key("Retired"));
    }

    #[test]
    fn a_webhook_goes_to_the_secret_that_is_there_or_to_the_usual_one() {
        let post = Wanted { slack: Slack::Post, ..Wanted::new("s") };
        assert_eq!(post.names(&present("own/secret")).secret.as_deref(), Some("own/secret"));
        assert_eq!(post.names(&present("")).secret.as_deref(), Some("s/slack-webhook"));
        let named = post.with("SlackSecretName", Some("other"));
        assert_eq!(named.names(&present("own/secret")).secret.as_deref(), Some("other"));
        let nobody = Wanted { slack: Slack::Nobody, ..named };
        assert_eq!(nobody.names(&present("own/secret")).secret, None);
    }
}
