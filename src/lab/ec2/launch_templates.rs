//! Launch templates and their versions. Knows not what is launched by them.

use super::{
    Paging, check_ids, end_dry_run, filter::Filter, invalid, launch_data, made_before, missing, remember, tag_set,
    take_only,
};
use crate::lab::{
    wire::{
        error::ApiError,
        query::{Element, Form, element, maybe, text},
        time::iso_millis,
    },
    world::{
        World,
        access::Caller,
        launch_template::{LaunchData, LaunchTemplate, LaunchTemplateVersion},
    },
};

const DATA: &[&str] = &["ImageId", "InstanceMarketOptions", "InstanceType", "Placement", "TagSpecification"];

pub(super) fn create_launch_template(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let name = form.get("LaunchTemplateName").ok_or_else(|| missing("LaunchTemplateName"))?;
    let is_allowed = |character: char| character.is_ascii_alphanumeric() || "()./_-".contains(character);
    if !(3..=128).contains(&name.len()) || !name.chars().all(is_allowed) {
        let message = "Launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the following characters: - ( ) . / _.";
        return Err(ApiError::bad("InvalidLaunchTemplateName.MalformedException", message));
    }
    let data = data(world, form)?;
    let mut tags = launch_data::tag_specifications(form, &["launch-template"])?;
    if let Some(id) = made_before(world, form)? {
        return Ok(world.launch_templates.get(&id).map(|found| whole(world, found)).into_iter().collect());
    }
    if world.launch_templates.values().any(|template| template.name == name) {
        let message = format!("Launch template name already in use: {name}");
        return Err(ApiError::bad("InvalidLaunchTemplateName.AlreadyExistsException", message));
    }
    end_dry_run(form)?;
    let template = LaunchTemplate {
        order: world.next_order(),
        id: world.resource_id("lt"),
        name: name.to_owned(),
        created: world.now(),
        versions: vec![version(world, form, LaunchTemplate::DEFAULT_VERSION, data)],
        tags: tags.remove("launch-template").unwrap_or_default(),
    };
    remember(world, form, &template.id);
    let described = whole(world, &template);
    world.launch_templates.insert(template.id.clone(), template);
    Ok(vec![described])
}

pub(super) fn create_launch_template_version(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let mut data = data(world, form)?;
    let template = called(world, form)?.clone();
    if let Some(source) = form.get("SourceVersion") {
        data = data.or(&known(&template, source)?.data);
    }
    if let Some(number) = made_before(world, form)? {
        return Ok(vec![element(
            "launchTemplateVersion",
            describe_version(world, &template, known(&template, &number)?),
        )]);
    }
    end_dry_run(form)?;
    let version = version(world, form, template.latest().saturating_add(1), data);
    remember(world, form, &version.number.to_string());
    let described = describe_version(world, &template, &version);
    if let Some(template) = world.launch_templates.get_mut(&template.id) {
        template.versions.push(version);
    }
    Ok(vec![element("launchTemplateVersion", described)])
}

pub(super) fn describe_launch_templates(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let (ids, names) = (form.list("LaunchTemplateId"), form.list("LaunchTemplateName"));
    for id in &ids {
        by_id(world, id)?;
    }
    for name in &names {
        by_name(world, name)?;
    }
    let filters = Filter::all(form, "create-time launch-template-name")?;
    let paging = Paging::of(form, "DescribeLaunchTemplates", 1..=200)?;
    end_dry_run(form)?;
    let wanted = |template: &&LaunchTemplate| {
        let attribute = |name: &str| match name {
            "create-time" => Some(iso_millis(template.created).into()),
            _ => Some(template.name.as_str().into()),
        };
        let named = ids.contains(&template.id.as_str()) || names.contains(&template.name.as_str());
        (ids.is_empty() && names.is_empty() || named)
            && filters.iter().all(|filter| filter.passes(&template.tags, attribute))
    };
    let mut found: Vec<_> = world.launch_templates.values().filter(wanted).collect();
    found.sort_by_key(|template| template.order);
    let places = found.into_iter().map(|template| (template.order, describe(world, template)));
    Ok(paging.listing("launchTemplates", places))
}

/// Without a template's name those versions of all templates that are called `$Latest` or `$Default`.
pub(super) fn describe_launch_template_versions(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let wanted = form.list("LaunchTemplateVersion");
    let template = match (form.get("LaunchTemplateId"), form.get("LaunchTemplateName")) {
        (None, None) => None,
        _ => Some(called(world, form)?),
    };
    if template.is_none() && (wanted.is_empty() || wanted.iter().any(|version| !version.starts_with('$'))) {
        return Err(ApiError::bad(
            "MissingParameter",
            "Either a launch template ID or a launch template name must be specified, or the versions $Latest or $Default.",
        ));
    }
    let bound = |name: &str, otherwise: u64| match form.get(name) {
        None => Ok(otherwise),
        Some(text) => text.parse().map_err(|_| invalid(format!("Invalid value '{text}' for {name}."))),
    };
    let (least, most) = (bound("MinVersion", 0)?, bound("MaxVersion", u64::MAX)?);
    let filters = Filter::all(form, "create-time image-id instance-type is-default-version")?;
    let paging = Paging::of(form, "DescribeLaunchTemplateVersions", 1..=200)?;
    end_dry_run(form)?;
    let mut found = Vec::new();
    for template in template.map_or_else(|| world.launch_templates.values().collect(), |template| vec![template]) {
        let versions: Vec<_> = match wanted.as_slice() {
            [] => template.versions.iter().rev().collect(),
            called => called.iter().map(|called| known(template, called)).collect::<Result<_, _>>()?,
        };
        let passes = |version: &&LaunchTemplateVersion| {
            (least..=most).contains(&version.number) && filters.iter().all(|filter| is_like(filter, template, version))
        };
        found.extend(versions.into_iter().filter(passes).map(|version| describe_version(world, template, version)));
    }
    Ok(paging.listing("launchTemplateVersionSet", (1..).zip(found)))
}

pub(super) fn delete_launch_template(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let template = called(world, form)?.clone();
    end_dry_run(form)?;
    world.launch_templates.remove(&template.id);
    Ok(vec![whole(world, &template)])
}

/// The launch template that is called by its id or its name.
pub(super) fn called<'w>(world: &'w World, form: &Form) -> Result<&'w LaunchTemplate, ApiError> {
    match (form.get("LaunchTemplateId"), form.get("LaunchTemplateName")) {
        (Some(id), None) => by_id(world, id),
        (None, Some(name)) => by_name(world, name),
        _ => Err(ApiError::bad(
            "InvalidRequest",
            "The request must contain exactly one of a launch template's ID and its name.",
        )),
    }
}

/// The version to launch by, which is the default one where none is named.
pub(super) fn launched_by<'t>(
    template: &'t LaunchTemplate,
    form: &Form,
) -> Result<&'t LaunchTemplateVersion, ApiError> {
    known(template, form.get("Version").unwrap_or("$Default"))
}

fn by_id<'w>(world: &'w World, id: &str) -> Result<&'w LaunchTemplate, ApiError> {
    check_ids(&[id], "lt-", "InvalidLaunchTemplateId", "launch template", |_| true)?;
    let refusal = || {
        let message = format!("The specified launch template, with template ID {id}, does not exist.");
        ApiError::bad("InvalidLaunchTemplateId.NotFound", message)
    };
    world.launch_templates.get(id).ok_or_else(refusal)
}

fn by_name<'w>(world: &'w World, name: &str) -> Result<&'w LaunchTemplate, ApiError> {
    let refusal = || {
        let message = format!("The specified launch template, with template name {name}, does not exist.");
        ApiError::bad("InvalidLaunchTemplateName.NotFoundException", message)
    };
    world.launch_templates.values().find(|template| template.name == name).ok_or_else(refusal)
}

fn known<'t>(template: &'t LaunchTemplate, called: &str) -> Result<&'t LaunchTemplateVersion, ApiError> {
    let refusal = || {
        let message = format!("Could not find launch template version {called} of launch template {}.", template.id);
        ApiError::bad("InvalidLaunchTemplateId.VersionNotFound", message)
    };
    template.version(called).ok_or_else(refusal)
}

fn data(world: &World, form: &Form) -> Result<LaunchData, ApiError> {
    let data = form.below("LaunchTemplateData");
    if data.is_empty() {
        return Err(missing("LaunchTemplateData"));
    }
    take_only(form, "LaunchTemplateData", DATA)?;
    launch_data::read(world, &data)
}

fn version(world: &World, form: &Form, number: u64, data: LaunchData) -> LaunchTemplateVersion {
    let description = form.get("VersionDescription").map(str::to_owned);
    LaunchTemplateVersion { number, description, created: world.now(), data }
}

fn is_like(filter: &Filter<'_>, template: &LaunchTemplate, version: &LaunchTemplateVersion) -> bool {
    let attribute = |name: &str| match name {
        "create-time" => Some(iso_millis(version.created).into()),
        "image-id" => version.data.image.as_deref().map(Into::into),
        "instance-type" => version.data.instance_type.as_deref().map(Into::into),
        _ => Some((version.number == LaunchTemplate::DEFAULT_VERSION).to_string().into()),
    };
    filter.passes(&template.tags, attribute)
}

fn whole(world: &World, template: &LaunchTemplate) -> Element {
    element("launchTemplate", describe(world, template))
}

fn describe(world: &World, template: &LaunchTemplate) -> Vec<Element> {
    vec![
        text("launchTemplateId", &template.id),
        text("launchTemplateName", &template.name),
        text("createTime", iso_millis(template.created)),
        text("createdBy", world.session_arn(&Caller::operator())),
        text("defaultVersionNumber", LaunchTemplate::DEFAULT_VERSION.to_string()),
        text("latestVersionNumber", template.latest().to_string()),
        tag_set(&template.tags),
    ]
}

fn describe_version(world: &World, template: &LaunchTemplate, version: &LaunchTemplateVersion) -> Vec<Element> {
    vec![
        text("launchTemplateId", &template.id),
        text("launchTemplateName", &template.name),
        text("versionNumber", version.number.to_string()),
        text("createTime", iso_millis(version.created)),
        text("createdBy", world.session_arn(&Caller::operator())),
        text("defaultVersion", (version.number == LaunchTemplate::DEFAULT_VERSION).to_string()),
        launch_data::describe(&version.data),
        maybe("versionDescription", version.description.as_ref()),
    ]
}
