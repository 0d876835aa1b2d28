//! The FIS experiment template of a plan, as plain data: what is previewed is what is sent. Knows FIS's words and limits,
//! and not how they travel.

use super::{
    id::DrillId,
    plan::{Plan, Target},
};

/// The tag by which everything of ours in the account is found again.
pub const DRILL_TAG: &str = "spotdrill:drill";
/// The tag of an experiment that only resolves targets, with its template.
pub const PREVIEW_TAG: &str = "spotdrill:preview";

/// `CreateExperimentTemplate`, as far as we use it. Source: AWS FIS API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub description: String,
    pub role_arn: String,
    /// Each target with the one action that interrupts it; all actions run at once.
    pub actions: Vec<Action>,
    pub tags: Vec<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    pub name: String,
    pub target: String,
    /// At most five.
    pub arns: Vec<String>,
    /// ISO 8601.
    pub duration_before_interruption: String,
}

impl Template {
    pub const ACTION_ID: &str = "aws:ec2:send-spot-instance-interruptions";
    pub const RESOURCE_TYPE: &str = "aws:ec2:spot-instance";
    /// The name that the action gives its targets.
    pub const TARGET_KEY: &str = "SpotInstances";

    pub(super) fn of(plan: &Plan, drill: &DrillId, role_arn: &str) -> Self {
        let action = |(number, targets): (usize, &[Target])| Action {
            name: format!("interrupt{number}"),
            target: format!("spot{number}"),
            arns: targets.iter().map(|target| plan.arn(target)).collect(),
            duration_before_interruption: plan.warning.iso(),
        };
        Self {
            description: format!("spotdrill {drill}: interrupt {}", plan.words()),
            role_arn: role_arn.to_owned(),
            actions: plan.targets.chunks(Plan::ARNS_PER_TARGET).enumerate().map(action).collect(),
            tags: tags(drill),
        }
    }

    /// The template as the JSON that FIS gets, line by line, for an operator to read.
    pub fn preview(&self) -> Vec<String> {
        let mut lines = vec![String::from("POST /experimentTemplates")];
        for action in &self.actions {
            lines.push(format!("action {}", action.name));
            lines.push(format!("  actionId {}", Self::ACTION_ID));
            lines.push(format!("  durationBeforeInterruption {}", action.duration_before_interruption));
            lines.push(format!("  {} = target {}", Self::TARGET_KEY, action.target));
            lines.push(format!("target {}  {}  ALL of", action.target, Self::RESOURCE_TYPE));
            lines.extend(action.arns.iter().map(|arn| format!("  {arn}")));
        }
        lines.push(format!("roleArn {}", self.role_arn));
        lines.push(String::from("stopConditions none"));
        lines.push(String::from("experimentOptions emptyTargetResolutionMode fail"));
        lines.extend(self.tags.iter().map(|(key, value)| format!("tag {key} = {value}")));
        lines
    }
}

/// What each thing that we make in the account for a drill is tagged with.
pub fn tags(drill: &DrillId) -> Vec<(String, String)> {
    vec![(DRILL_TAG.to_owned(), drill.to_string()), (String::from("Name"), format!("spotdrill {drill}"))]
}
