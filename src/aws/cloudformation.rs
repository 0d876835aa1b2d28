//! CloudFormation read: a stack, its resources, its history, and what was changed behind its back. Changes nothing; knows no
//! template.

use std::cmp::Ordering;

use aws_sdk_cloudformation::types as sdk;
use jiff::Timestamp;

use super::{Aws, Error, error::absent, timestamp};
use crate::{
    stack::{DESCRIPTION, Event, Resource, Stack, TAG},
    text::SafeText,
};

/// A resource that is not as its stack made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drifted {
    pub logical: SafeText,
    pub kind: SafeText,
    pub deleted: bool,
    /// The paths of the properties that differ.
    pub properties: Vec<SafeText>,
}

/// What looking for drift came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drift {
    /// It was looked.
    Looked {
        drifted: Vec<Drifted>,
        /// Why CloudFormation could not tell of every resource, where it could not.
        failed: Option<SafeText>,
    },
    /// It goes on.
    Pending,
}

impl Aws {
    /// The stack of that name or ARN, unless there is none.
    pub async fn stack(&self, name: &str) -> Result<Option<Stack>, Error> {
        let call = self.cloudformation.describe_stacks().stack_name(name);
        let answer = call.send().await.map_err(|error| Error::of("describe the stack", &error));
        let Some(answer) = absent(answer)? else { return Ok(None) };
        Ok(answer.stacks().first().map(read_stack))
    }

    /// The last stack of that name that was deleted, which CloudFormation knows for 90 days; none if there was none.
    pub async fn deleted_stack(&self, name: &str) -> Result<Option<Stack>, Error> {
        let call = self.cloudformation.list_stacks().stack_status_filter(sdk::StackStatus::DeleteComplete);
        let (mut pages, mut last) = (call.into_paginator().send(), None);
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of("list the stacks that were deleted", &error))?;
            let of_name = page.stack_summaries().iter().filter(|stack| stack.stack_name() == Some(name));
            last = of_name
                .map(|stack| (stack.deletion_time().copied(), stack.stack_id().map(str::to_owned)))
                .chain(last)
                .max_by(|(one, _), (other, _)| one.partial_cmp(other).unwrap_or(Ordering::Equal));
        }
        match last {
            Some((_, Some(id))) => self.stack(&id).await,
            _ => Ok(None),
        }
    }

    /// The template that the stack was made or changed with last, as it was given.
    pub async fn stack_template(&self, name: &str) -> Result<String, Error> {
        let call = self.cloudformation.get_template().stack_name(name).template_stage(sdk::TemplateStage::Original);
        let answer = call.send().await.map_err(|error| Error::of("read the stack's template", &error))?;
        Ok(answer.template_body().unwrap_or_default().to_owned())
    }

    pub async fn stack_resources(&self, name: &str) -> Result<Vec<Resource>, Error> {
        let call = self.cloudformation.describe_stack_resources().stack_name(name);
        let answer = call.send().await.map_err(|error| Error::of("list the stack's resources", &error))?;
        Ok(answer.stack_resources().iter().map(read_resource).collect())
    }

    /// The stack's events since then, oldest first; by its ARN also after it was deleted.
    pub async fn stack_events(&self, id: &str, since: Timestamp) -> Result<Vec<Event>, Error> {
        let mut events = Vec::new();
        let mut pages = self.cloudformation.describe_stack_events().stack_name(id).into_paginator().send();
        'pages: while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of("read the stack's history", &error))?;
            for event in page.stack_events().iter().filter_map(read_event) {
                if event.at < since {
                    break 'pages; // the newest come first
                }
                events.push(event);
            }
        }
        events.reverse();
        Ok(events)
    }

    /// Has CloudFormation look whether the stack's resources are as it made them; gives what [`Aws::drift`] asks for.
    pub async fn detect_drift(&self, name: &str) -> Result<String, Error> {
        let call = self.cloudformation.detect_stack_drift().stack_name(name);
        let answer = call.send().await.map_err(|error| Error::of("have the stack's drift looked for", &error))?;
        Ok(answer.stack_drift_detection_id().unwrap_or_default().to_owned())
    }

    pub async fn drift(&self, name: &str, detection: &str) -> Result<Drift, Error> {
        let call = self.cloudformation.describe_stack_drift_detection_status().stack_drift_detection_id(detection);
        let answer = call.send().await.map_err(|error| Error::of("read the stack's drift", &error))?;
        let failed = match answer.detection_status() {
            Some(sdk::StackDriftDetectionStatus::DetectionComplete) => None,
            Some(sdk::StackDriftDetectionStatus::DetectionInProgress) => return Ok(Drift::Pending),
            // for one resource at least: of the others there are results all the same
            _ => Some(SafeText::new(answer.detection_status_reason().unwrap_or("CloudFormation gives no reason"))),
        };
        if failed.is_none() && answer.stack_drift_status() == Some(&sdk::StackDriftStatus::InSync) {
            return Ok(Drift::Looked { drifted: Vec::new(), failed });
        }
        let mut drifted = Vec::new();
        let filters = [sdk::StackResourceDriftStatus::Modified, sdk::StackResourceDriftStatus::Deleted];
        let call = self.cloudformation.describe_stack_resource_drifts().stack_name(name);
        let mut pages = call.set_stack_resource_drift_status_filters(Some(filters.to_vec())).into_paginator().send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Error::of("read what drifted", &error))?;
            drifted.extend(page.stack_resource_drifts().iter().map(read_drift));
        }
        Ok(Drift::Looked { drifted, failed })
    }
}

fn read_stack(stack: &sdk::Stack) -> Stack {
    let text = |text: Option<&str>| SafeText::new(text.unwrap_or_default());
    let parameter = |it: &sdk::Parameter| Some((it.parameter_key()?.to_owned(), it.parameter_value()?.to_owned()));
    let output = |it: &sdk::Output| Some((SafeText::new(it.output_key()?).into(), SafeText::new(it.output_value()?)));
    // the value too: others may have a tag of that name for something else
    let tagged = stack.tags().iter().any(|tag| tag.key() == Some(TAG) && tag.value() == stack.stack_name());
    Stack {
        id: text(stack.stack_id()),
        name: text(stack.stack_name()),
        status: text(stack.stack_status().map(sdk::StackStatus::as_str)),
        reason: stack.stack_status_reason().map(SafeText::new),
        ours: tagged || stack.description().is_some_and(|description| description.starts_with(DESCRIPTION)),
        parameters: stack.parameters().iter().filter_map(parameter).collect(),
        outputs: stack.outputs().iter().filter_map(output).collect(),
        changed: stack.last_updated_time().or(stack.creation_time()).and_then(timestamp),
    }
}

fn read_resource(resource: &sdk::StackResource) -> Resource {
    let text = |text: Option<&str>| SafeText::new(text.unwrap_or_default());
    Resource {
        logical: text(resource.logical_resource_id()),
        physical: resource.physical_resource_id().filter(|id| !id.is_empty()).map(SafeText::new),
        kind: text(resource.resource_type()),
        status: text(resource.resource_status().map(sdk::ResourceStatus::as_str)),
        reason: resource.resource_status_reason().map(SafeText::new),
    }
}

fn read_event(event: &sdk::StackEvent) -> Option<Event> {
    let text = |text: Option<&str>| SafeText::new(text.unwrap_or_default());
    Some(Event {
        id: text(event.event_id()),
        at: event.timestamp().and_then(timestamp)?,
        logical: text(event.logical_resource_id()),
        physical: event.physical_resource_id().filter(|id| !id.is_empty()).map(SafeText::new),
        kind: text(event.resource_type()),
        status: text(event.resource_status().map(sdk::ResourceStatus::as_str)),
        reason: event.resource_status_reason().map(SafeText::new),
    })
}

fn read_drift(drift: &sdk::StackResourceDrift) -> Drifted {
    let text = |text: Option<&str>| SafeText::new(text.unwrap_or_default());
    let path = |difference: &sdk::PropertyDifference| text(difference.property_path());
    Drifted {
        logical: text(drift.logical_resource_id()),
        kind: text(drift.resource_type()),
        deleted: drift.stack_resource_drift_status() == Some(&sdk::StackResourceDriftStatus::Deleted),
        properties: drift.property_differences().iter().map(path).collect(),
    }
}
