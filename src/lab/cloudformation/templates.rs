//! Templates: given back, summed up, validated. Knows no stack's resources.

use super::{change_sets, invalid, request};
use crate::lab::{
    wire::{
        error::ApiError,
        query::{Element, Form, element, maybe, members, text, texts},
    },
    world::{
        World,
        stack::{parameter::Parameter, template::Template},
    },
};

pub(super) fn get(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let template = match form.get("ChangeSetName") {
        Some(_) => &change_sets::find(world, form)?.1.configuration.template,
        None => &request::stack(world, form)?.configuration.template,
    };
    // Without transforms the processed template is the original.
    if !["Original", "Processed"].contains(&form.get("TemplateStage").unwrap_or("Original")) {
        return Err(invalid("TemplateStage must be Original or Processed."));
    }
    Ok(vec![text("TemplateBody", &template.text), texts("StagesAvailable", ["Original", "Processed"])])
}

fn given(form: &Form) -> Result<Template, ApiError> {
    let missing = || invalid("Either Template URL or Template Body must be specified.");
    request::template(form)?.ok_or_else(missing)
}

pub(super) fn summary(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let template = match form.get("StackName") {
        Some(_) => request::stack(world, form)?.configuration.template.clone(),
        None => given(form)?,
    };
    let mut summary = outline(&template, |parameter| {
        let constraints = element("ParameterConstraints", vec![texts("AllowedValues", parameter.allowed_values())]);
        vec![text("ParameterType", &parameter.kind), constraints]
    });
    let types = template.resources.values().map(|resource| resource.kind.name);
    summary.extend([texts("ResourceTypes", types), text("Version", "2010-09-09")]);
    Ok(summary)
}

pub(super) fn validate(_: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    Ok(outline(&given(form)?, |_| Vec::new()))
}

fn outline(template: &Template, more: fn(&Parameter) -> Vec<Element>) -> Vec<Element> {
    let parameters = template.parameters.iter().map(|(name, parameter)| {
        let own = [
            text("ParameterKey", name),
            text("NoEcho", parameter.no_echo().to_string()),
            maybe("DefaultValue", parameter.default()),
            maybe("Description", parameter.description.as_ref()),
        ];
        own.into_iter().chain(more(parameter)).collect()
    });
    let mut outline = vec![members("Parameters", parameters), maybe("Description", template.description.as_ref())];
    if let Some(capability) = template.capability() {
        let types: Vec<_> = template.iam_types().into_iter().collect();
        let reason = format!("The following resource(s) require capabilities: [{}]", types.join(", "));
        outline.extend([texts("Capabilities", [capability]), text("CapabilitiesReason", reason)]);
    }
    outline
}
