//! The arguments of what sets an account up, proves it, examines it and takes it down. Knows which parameter of the stack each
//! of them is.

use std::path::PathBuf;

use clap::{Args as Group, ValueEnum, builder::PossibleValue};

use crate::{
    drill::warning::Warning,
    stack::{
        policy::Document,
        wanted::{Slack, Wanted},
    },
};

pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  done; the chain holds; nothing fails
  1  it failed, or something remains
  2  wrong usage
  3  refused, and nothing was changed
  4  broken off at a question, and nothing was changed
  5  AWS refused or cannot be reached

With --format json standard output has one object: the result, or {\"error\": …, \"code\": the exit code}.";

#[derive(Debug, Group)]
pub(in crate::cli) struct StackName {
    /// The CloudFormation stack; `stack` of config.toml without it
    #[arg(long, value_name = "NAME", value_parser = stack_name)]
    pub(in crate::cli) stack: Option<String>,
}

#[derive(Debug, Group)]
pub(in crate::cli) struct Setup {
    #[command(flatten)]
    pub(in crate::cli) stack: StackName,
    /// A file with the Slack webhook's URL; without it SPOTDRILL_SLACK_WEBHOOK, or it is asked for
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) slack_webhook_file: Option<PathBuf>,
    /// Everything but the post to Slack
    #[arg(long, conflicts_with_all = ["slack_webhook_file", "any_webhook", "slack_secret"])]
    pub(in crate::cli) no_slack: bool,
    /// Take a webhook that is not Slack's, such as one of another server that speaks its language
    #[arg(long)]
    pub(in crate::cli) any_webhook: bool,
    /// The secret that the webhook is stored in; STACK/slack-webhook without it
    #[arg(long, value_name = "NAME")]
    slack_secret: Option<String>,
    /// Make an FIS template for this EKS node group; "" to remove it
    #[arg(long, value_name = "NAME")]
    nodegroup: Option<String>,
    /// The cluster of the node group, to tell groups of the same name apart
    #[arg(long, value_name = "NAME")]
    cluster: Option<String>,
    /// How many instances that template interrupts, 1 to 50
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=50))]
    count: Option<u32>,
    /// From the start to the interruption in that template: 2m to 15m
    #[arg(long, value_name = "DURATION")]
    warn: Option<Warning>,
    /// The tag Name of that template
    #[arg(long, value_name = "NAME")]
    template_name: Option<String>,
    /// The ARN of a CloudWatch alarm that stops that template's experiments
    #[arg(long, value_name = "ARN")]
    stop_alarm: Option<String>,
    /// What the FIS role may interrupt
    #[arg(long, value_enum)]
    interrupt_only: Option<InterruptOnly>,
    /// Names the log group /aws/events/NAME and its rule
    #[arg(long, value_name = "NAME")]
    prefix: Option<String>,
    /// The Lambda's name
    #[arg(long, value_name = "NAME")]
    function: Option<String>,
    /// The name of the rule that invokes it
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
    /// How long the log groups keep what they have
    #[arg(long, value_name = "DAYS")]
    retention_days: Option<u32>,
    /// Who the messages in Slack are from
    #[arg(long, value_name = "NAME")]
    username: Option<String>,
    /// The picture of the messages in Slack
    #[arg(long, value_name = "URL")]
    icon_url: Option<String>,
    /// The bar at the side of the messages in Slack, such as #36C5F0
    #[arg(long, value_name = "COLOR")]
    color: Option<String>,
    /// Print the template, or a policy, instead of doing anything
    #[arg(long, value_enum, num_args = 0..=1, default_missing_value = "template", exclusive = true)]
    pub(in crate::cli) print: Option<Printed>,
    /// Make the changes without being asked
    #[arg(long)]
    pub(in crate::cli) yes: bool,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(in crate::cli) format: Format,
}

#[derive(Debug, Group)]
pub(in crate::cli) struct Prove {
    #[command(flatten)]
    pub(in crate::cli) stack: StackName,
    /// Instead: have FIS find targets in this group and skip the interruption, which proves its role, template and targeting
    #[arg(long, value_name = "GROUP")]
    pub(in crate::cli) preview: Option<String>,
    /// How many targets that preview asks for
    #[arg(long, value_name = "N", requires = "preview", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=5))]
    pub(in crate::cli) count: u32,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(in crate::cli) format: Format,
}

#[derive(Debug, Group)]
pub(in crate::cli) struct Doctor {
    #[command(flatten)]
    pub(in crate::cli) stack: StackName,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(in crate::cli) format: Format,
}

#[derive(Debug, Group)]
pub(in crate::cli) struct Teardown {
    #[command(flatten)]
    pub(in crate::cli) stack: StackName,
    /// Leave both log groups: they are evidence
    #[arg(long)]
    pub(in crate::cli) keep_logs: bool,
    /// Take it down without being asked
    #[arg(long)]
    pub(in crate::cli) yes: bool,
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(in crate::cli) format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    Text,
    Json,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum InterruptOnly {
    /// Any spot instance of the account and region
    Any,
    /// Those of the node group
    Nodegroup,
    /// Those with the tag spotdrill:target = yes
    Tagged,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Printed {
    /// The CloudFormation template
    Template,
    /// The policy of who runs drills
    Operator,
    /// The policy of who runs setup and teardown
    Setup,
    /// What FIS may do
    FisRole,
    /// What the Lambda may do
    LambdaRole,
}

impl Printed {
    pub(in crate::cli) fn text(self) -> &'static str {
        match self {
            Self::Template => crate::stack::TEMPLATE,
            Self::Operator => Document::Operator.text(),
            Self::Setup => Document::Setup.text(),
            Self::FisRole => Document::FisRole.text(),
            Self::LambdaRole => Document::LambdaRole.text(),
        }
    }
}

impl Setup {
    /// What is wanted; `slack` says whether a webhook was given.
    pub(in crate::cli) fn wanted(&self, stack: &str, fis_role: Option<&str>, has_webhook: bool) -> Wanted {
        let slack = match (self.no_slack, has_webhook) {
            (true, _) => Slack::Nobody,
            (false, true) => Slack::Post,
            (false, false) => Slack::Keep,
        };
        let only = self.interrupt_only.and_then(|only| only.to_possible_value());
        let wanted = Wanted::new(stack)
            .with("SlackSecretName", self.slack_secret.as_ref())
            .with("Nodegroup", self.nodegroup.as_ref())
            .with("Cluster", self.cluster.as_ref())
            .with("Count", self.count)
            .with("Warning", self.warn.map(Warning::iso))
            .with("TemplateName", self.template_name.as_ref())
            .with("StopAlarmArn", self.stop_alarm.as_ref())
            .with("InterruptOnly", only.as_ref().map(PossibleValue::get_name))
            .with("Prefix", self.prefix.as_ref())
            .with("FunctionName", self.function.as_ref())
            .with("RuleName", self.rule.as_ref())
            .with("FisRoleName", fis_role)
            .with("RetentionInDays", self.retention_days)
            .with("Username", self.username.as_ref())
            .with("IconUrl", self.icon_url.as_ref())
            .with("Color", self.color.as_ref());
        Wanted { slack, ..wanted }
    }
}

/// Source: CloudFormation API, CreateStack, `StackName`.
fn stack_name(text: &str) -> Result<String, String> {
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let fits = text.chars().all(|character| character.is_ascii_alphanumeric() || character == '-');
    if begins && fits && text.len() <= 128 {
        Ok(text.to_owned())
    } else {
        Err(String::from(
            "a stack's name has letters, digits and hyphens, begins with a letter, and is at most 128 long",
        ))
    }
}
