//! CreateTags, DeleteTags and DescribeTags, for every kind of resource that the lab's EC2 has. Knows not what tags are for.

use std::sync::Arc;

use super::{
    Paging, check_ids, end_dry_run, filter::Filter, instances::check_instances, invalid, missing,
    spot_requests::check_requests,
};
use crate::lab::{
    wire::{
        error::ApiError,
        query::{Element, Form, text},
    },
    world::{World, instance::Tags},
};

/// Tags of a user's own that a resource may have.
const MOST_TAGS: usize = 50;

pub(super) fn create_tags(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let ids = form.list("ResourceId");
    check_resources(world, &ids)?;
    let new = tags_of(form);
    if new.is_empty() {
        return Err(missing("Tag"));
    }
    check_tags(&new, 0)?;
    for id in &ids {
        let Some(tags) = tags_mut(world, id) else { continue };
        let others = tags.keys().filter(|key| !key.starts_with("aws:") && !new.contains_key(*key)).count();
        check_tags(&new, others)?;
    }
    end_dry_run(form)?;
    for id in &ids {
        if let Some(tags) = tags_mut(world, id) {
            tags.extend(new.clone());
        }
    }
    Ok(vec![text("return", "true")])
}

/// Without any tag named it deletes all but those of AWS's own; with a value only where the tag has that value.
pub(super) fn delete_tags(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let ids = form.list("ResourceId");
    check_resources(world, &ids)?;
    let named: Vec<(String, Option<String>)> = form.structures("Tag").iter().map(key_and_value).collect();
    if named.iter().any(|(key, _)| key.starts_with("aws:")) {
        return Err(reserved());
    }
    end_dry_run(form)?;
    for id in &ids {
        let Some(tags) = tags_mut(world, id) else { continue };
        tags.retain(|key, value| {
            let is_meant = |(name, wanted): &(String, Option<String>)| {
                **name == **key && wanted.as_ref().is_none_or(|wanted| **wanted == **value)
            };
            key.starts_with("aws:") || !(named.is_empty() || named.iter().any(is_meant))
        });
    }
    Ok(vec![text("return", "true")])
}

pub(super) fn describe_tags(world: &mut World, form: &Form) -> Result<Vec<Element>, ApiError> {
    let filters = Filter::all(form, "key resource-id resource-type value")?;
    let paging = Paging::of(form, "DescribeTags", 5..=1_000)?;
    end_dry_run(form)?;
    let passes = |kind: &str, id: &str, key: &Arc<str>, value: &Arc<str>| {
        let one = Tags::from([(Arc::clone(key), Arc::clone(value))]);
        let attribute = |name: &str| match name {
            "key" => Some(key.to_string().into()),
            "resource-id" => Some(id.to_owned().into()),
            "resource-type" => Some(kind.to_owned().into()),
            _ => Some(value.to_string().into()),
        };
        filters.iter().all(|filter| filter.passes(&one, attribute))
    };
    // No resource has more than 128 tags, so that places rise.
    let first = paging.after() / 128;
    let tags = resources(world).filter(|(order, ..)| *order >= first).flat_map(|(order, kind, id, tags)| {
        let place = order.saturating_mul(128);
        (place..).zip(tags).map(move |(place, (key, value))| (place, (kind, id, key, value)))
    });
    let tags = tags.filter(|(_, (kind, id, key, value))| filters.is_empty() || passes(kind, id, key, value));
    let described = tags.map(|(place, (kind, id, key, value))| {
        let tag = [("resourceId", id), ("resourceType", kind), ("key", &**key), ("value", &**value)];
        (place, tag.map(|(name, value)| text(name, value)).into())
    });
    Ok(paging.listing("tagSet", described))
}

/// The tags of a form, as `Tag.1.Key` and `Tag.1.Value`.
pub(super) fn tags_of(form: &Form) -> Tags {
    let tags = form.structures("Tag");
    tags.iter().map(key_and_value).map(|(key, value)| (key.into(), value.unwrap_or_default().into())).collect()
}

/// Refuses tags that nobody may give, or more than a resource with so many others may have.
pub(super) fn check_tags(tags: &Tags, others: usize) -> Result<(), ApiError> {
    for (key, value) in tags {
        if key.is_empty() || key.chars().count() > 128 {
            return Err(invalid(format!("Tag key '{key}' is not 1 to 128 characters long")));
        }
        if key.starts_with("aws:") {
            return Err(reserved());
        }
        if value.chars().count() > 256 {
            return Err(invalid("Tag value exceeds the maximum length of 256 characters"));
        }
    }
    if tags.len().saturating_add(others) > MOST_TAGS {
        let message = format!("The maximum number of tags for a resource is {MOST_TAGS}.");
        return Err(ApiError::bad("TagLimitExceeded", message));
    }
    Ok(())
}

fn reserved() -> ApiError {
    invalid("Tag keys starting with 'aws:' are reserved for internal use")
}

fn key_and_value(tag: &Form) -> (String, Option<String>) {
    (tag.get("Key").unwrap_or_default().to_owned(), tag.get("Value").map(str::to_owned))
}

fn check_resources(world: &World, ids: &[&str]) -> Result<(), ApiError> {
    if ids.is_empty() {
        return Err(missing("ResourceId"));
    }
    for id in ids {
        let one = [*id];
        match id.split_once('-').map(|(prefix, _)| prefix) {
            Some("i") => check_instances(world, &one)?,
            Some("sir") => check_requests(world, &one)?,
            Some("lt") => check_ids(&one, "lt-", "InvalidLaunchTemplateId", "launch template", |id| {
                world.launch_templates.contains_key(id)
            })?,
            Some("fleet") if world.fleets.contains_key(*id) => {}
            _ => return Err(ApiError::bad("InvalidID", format!("The ID '{id}' is not valid"))),
        }
    }
    Ok(())
}

fn tags_mut<'w>(world: &'w mut World, id: &str) -> Option<&'w mut Tags> {
    match id.split_once('-')?.0 {
        "i" => world.instances.get_mut(id).map(|instance| &mut instance.tags),
        "sir" => world.spot_requests.get_mut(id).map(|request| &mut request.tags),
        "lt" => world.launch_templates.get_mut(id).map(|template| &mut template.tags),
        _ => world.fleets.get_mut(id).map(|fleet| &mut fleet.tags),
    }
}

/// Everything that has tags, by the order of its making within its kind; each kind has numbers of its own.
fn resources(world: &World) -> impl Iterator<Item = (u64, &'static str, &str, &Tags)> {
    let kind = |number: u64, order: u64| (number << 40) + order;
    let instances = world.shown_instances().iter();
    let instances = instances.map(move |one| (kind(0, one.order), "instance", one.id.as_str(), &one.tags));
    let requests = world.shown_spot_requests().iter();
    let requests = requests.map(move |one| (kind(1, one.order), "spot-instances-request", one.id.as_str(), &one.tags));
    let templates = (0..).zip(world.launch_templates.values());
    let templates = templates.map(move |(place, one)| (kind(2, place), "launch-template", one.id.as_str(), &one.tags));
    let fleets = (0..).zip(world.fleets.values());
    let fleets = fleets.map(move |(place, one)| (kind(3, place), "fleet", one.id.as_str(), &one.tags));
    instances.chain(requests).chain(templates).chain(fleets)
}
