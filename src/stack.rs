//! What a drill needs in an account, as one CloudFormation stack: what is wanted of it, what would change, how far it is, why
//! it failed. Pure: knows CloudFormation's words and no way to ask it anything.

pub mod change;
pub mod failure;
pub mod names;
pub mod policy;
pub mod progress;
pub mod proof;
pub mod removal;
pub mod status;
mod values;
pub mod wanted;
pub mod webhook;

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::text::SafeText;
use status::Standing;

/// The template, as it can be deployed by hand too.
pub const TEMPLATE: &str = include_str!("../assets/stack.yaml");

/// The key of the tag that everything of ours in an account bears; its value is the stack's name.
pub const TAG: &str = "spotdrill";

/// How the template's description begins, by which a stack that was deployed by hand is known for ours.
pub const DESCRIPTION: &str = "What a spot-interruption drill needs";

/// A stack as CloudFormation describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stack {
    /// Its ARN.
    pub id: SafeText,
    pub name: SafeText,
    /// E.g. `CREATE_COMPLETE`.
    pub status: SafeText,
    pub reason: Option<SafeText>,
    /// It was made from our template, by its tag or its description.
    pub ours: bool,
    /// To the letter, for they are given back to CloudFormation; what is shown of them is made safe.
    pub parameters: BTreeMap<String, String>,
    pub outputs: BTreeMap<String, SafeText>,
    /// When it was made or changed last.
    pub changed: Option<Timestamp>,
}

impl Stack {
    pub fn standing(&self) -> Standing {
        Standing::of(&self.status)
    }

    /// The ARN of the alarm that was set up to stop experiments.
    pub fn stop_alarm(&self) -> Option<SafeText> {
        self.parameters.get("StopAlarmArn").filter(|arn| !arn.is_empty()).map(SafeText::new)
    }
}

/// One resource of a stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    pub logical: SafeText,
    pub physical: Option<SafeText>,
    /// E.g. `AWS::Lambda::Function`.
    pub kind: SafeText,
    pub status: SafeText,
    pub reason: Option<SafeText>,
}

/// One line of a stack's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Unique; the same event may be told twice.
    pub id: SafeText,
    pub at: Timestamp,
    pub logical: SafeText,
    pub physical: Option<SafeText>,
    pub kind: SafeText,
    pub status: SafeText,
    pub reason: Option<SafeText>,
}

impl Event {
    /// Whether it is about the stack itself and not about one of its resources.
    pub fn is_of_stack(&self) -> bool {
        self.kind.as_str() == "AWS::CloudFormation::Stack"
    }
}

/// A resource type as people call it.
pub fn kind_in_words(kind: &str) -> &str {
    match kind {
        "AWS::IAM::Role" => "IAM role",
        "AWS::Lambda::Function" => "Lambda function",
        "AWS::Lambda::Permission" => "Lambda permission",
        "AWS::Events::Rule" => "EventBridge rule",
        "AWS::Logs::LogGroup" => "log group",
        "AWS::Logs::ResourcePolicy" => "log resource policy",
        "AWS::FIS::ExperimentTemplate" => "FIS template",
        "AWS::CloudFormation::Stack" => "stack",
        other => other,
    }
}
