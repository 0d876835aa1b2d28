//! A template that is made only to see what FIS would find: by tag, of one group. Knows FIS; nothing is interrupted by it.

use aws_sdk_fis::types as sdk;

use super::{Aws, Error, error::Kind};
use crate::drill::{
    fleet::GroupKey,
    id::TemplateId,
    template::{DRILL_TAG, Template},
    warning::Warning,
};

const DOING: &str = "create the FIS template of the preview";
const TARGET: &str = "group";

impl Aws {
    /// Makes a template that would interrupt so many running spot instances of the group; `name` tags it, so that it is found
    /// again if it is left. Whoever asks for it deletes it.
    pub async fn create_targeting_template(
        &self,
        name: &str,
        group: &GroupKey,
        count: u32,
        role_arn: &str,
    ) -> Result<TemplateId, Error> {
        let Some(tag) = group.kind.tag() else {
            let why = "its instances bear no tag of a group, by which FIS could find them";
            return Err(Error::new(DOING, Kind::Refused, why));
        };
        self.account().await?; // nothing is made where it is not known whose account it is
        let unbuildable = |_| Error::new(DOING, Kind::Refused, "a required part of the template is missing");
        let running = sdk::ExperimentTemplateTargetInputFilter::builder().path("State.Name").values("running").build();
        let target = sdk::CreateExperimentTemplateTargetInput::builder()
            .resource_type(Template::RESOURCE_TYPE)
            .resource_tags(tag, group.name.as_str())
            .filters(running.map_err(unbuildable)?)
            .selection_mode(format!("COUNT({count})"))
            .build()
            .map_err(unbuildable)?;
        let action = sdk::CreateExperimentTemplateActionInput::builder()
            .action_id(Template::ACTION_ID)
            .parameters("durationBeforeInterruption", Warning::LEAST.iso())
            .targets(Template::TARGET_KEY, TARGET)
            .build()
            .map_err(unbuildable)?;
        let no_alarm = sdk::CreateExperimentTemplateStopConditionInput::builder().source("none").build();
        let call = self
            .fis
            .create_experiment_template()
            .description(format!("spotdrill {name}: finds targets, and interrupts none"))
            .role_arn(role_arn)
            .targets(TARGET, target)
            .actions("interrupt", action)
            .stop_conditions(no_alarm.map_err(unbuildable)?)
            .tags(DRILL_TAG, name)
            .tags("Name", format!("spotdrill {name}"));
        let answer = call.send().await.map_err(|error| Error::of(DOING, &error))?;
        let id = answer.experiment_template().and_then(|template| template.id());
        Ok(TemplateId::new(id.unwrap_or_default()))
    }
}
