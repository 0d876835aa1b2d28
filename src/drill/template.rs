//! The FIS experiment template of a plan, as plain data: what is previewed is what is sent. Knows FIS's words and limits,
//! and not how they travel.

use super::{
    fleet::GroupKey,
    id::DrillId,
    plan::{Plan, Target},
};

/// The tag by which everything of ours in the account is found again.
pub const DRILL_TAG: &str = "spotdrill:drill";
/// The tag that says which groups a drill hits, by their qualified names.
pub const GROUP_TAG: &str = "spotdrill:group";
/// What stands between two groups in that tag.
pub const GROUPS_BY: &str = " + ";
/// The longest value of a tag. Source: AWS FIS API, `TagValue`.
const TAG_VALUE: usize = 256;
/// The tag of an experiment that only resolves targets, with its template.
pub const PREVIEW_TAG: &str = "spotdrill:preview";

/// `CreateExperimentTemplate`, as far as we use it. Source: AWS FIS API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pub description: String,
    pub role_arn: String,
    /// Each target with the one action that interrupts it; all actions run at once.
    pub actions: Vec<Action>,
    /// The ARN of the alarm that stops the experiment.
    pub stop_alarm: Option<String>,
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
            description: format!("spotdrill {drill}: interrupt {} of {}", plan.targets.len(), plan.subject()),
            role_arn: role_arn.to_owned(),
            actions: plan.targets.chunks(Plan::ARNS_PER_TARGET).enumerate().map(action).collect(),
            stop_alarm: plan.stop_alarm.as_ref().map(ToString::to_string),
            tags: tags(drill, plan),
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
        lines.push(match &self.stop_alarm {
            Some(arn) => format!("stopConditions aws:cloudwatch:alarm {arn}"),
            None => String::from("stopConditions none"),
        });
        lines.push(String::from("experimentOptions emptyTargetResolutionMode fail"));
        lines.extend(self.tags.iter().map(|(key, value)| format!("tag {key} = {value}")));
        lines
    }
}

/// The name under which AWS's console shows what is a drill's.
fn name(drill: &str) -> String {
    format!("spotdrill {drill}")
}

/// Whether something with that name and the tag of that drill is what we made.
pub fn is_named_for(named: Option<&str>, drill: &str) -> bool {
    named == Some(name(drill).as_str())
}

/// What each thing that we make in the account for a drill is tagged with.
pub fn tags(drill: &DrillId, plan: &Plan) -> Vec<(String, String)> {
    let groups: Vec<_> = plan.groups().into_iter().map(GroupKey::qualified).collect();
    // what does not fit into a tag is left out: others see such a drill of several groups by its instances
    let groups = Some(groups.join(GROUPS_BY)).filter(|groups| groups.chars().count() <= TAG_VALUE);
    let ours = [(DRILL_TAG, drill.to_string()), ("Name", name(drill.as_str()))];
    let ours = ours.into_iter().chain(groups.map(|groups| (GROUP_TAG, groups)));
    ours.map(|(key, value)| (key.to_owned(), value)).collect()
}
