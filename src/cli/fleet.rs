//! `spotdrill fleet`: groups and instances, as a table or as JSON. Knows the two forms.

use std::fmt::Write;

use jiff::Timestamp;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::{
    Exit,
    args::{FleetFormat, Global},
};
use crate::{
    drill::{
        fleet::{Behavior, Fleet, Group, GroupKind, Instance, Lifecycle, World},
        id::SpotRequestId,
    },
    run::world::open,
};

pub(super) async fn run(global: &Global, format: FleetFormat) -> anyhow::Result<Exit> {
    let world = open(&global.door()).await.map_err(super::Ending::from)?;
    let fleet = world.aws.fleet(|_| ()).await.map_err(super::Ending::from)?;
    match format {
        FleetFormat::Json => super::print_json(&FleetJson::of(&fleet))?,
        FleetFormat::Table => super::print(&table(&fleet))?,
    }
    if fleet.complete {
        return Ok(Exit::Held);
    }
    let why = fleet.gap.as_deref().unwrap_or("a page failed. Try again");
    Err(super::Ending::new(Exit::Aws, format!("the list is incomplete, and no drill would start on it: {why}")).into())
}

/// The JSON form, which is a promise.
#[derive(Serialize)]
struct FleetJson<'a> {
    region: &'a str,
    account: &'a str,
    world: World,
    groups: Vec<GroupJson<'a>>,
    complete: bool,
    as_of: Timestamp,
}

#[derive(Serialize)]
struct GroupJson<'a> {
    kind: GroupKind,
    name: &'a str,
    cluster: Option<&'a str>,
    spot: usize,
    on_demand: usize,
    instances: Vec<InstanceJson<'a>>,
}

#[derive(Serialize)]
struct InstanceJson<'a> {
    id: &'a str,
    name: Option<&'a str>,
    #[serde(rename = "type")]
    instance_type: &'a str,
    az: &'a str,
    state: &'a str,
    lifecycle: Lifecycle,
    spot_request: Option<&'a str>,
    interruption_behavior: Option<Behavior>,
    launched_at: Option<Timestamp>,
    node: Option<&'a str>,
}

impl<'a> FleetJson<'a> {
    fn of(fleet: &'a Fleet) -> Self {
        Self {
            region: &fleet.region,
            account: &fleet.account,
            world: fleet.world,
            groups: fleet.groups.iter().map(GroupJson::of).collect(),
            complete: fleet.complete,
            as_of: fleet.as_of,
        }
    }
}

impl<'a> GroupJson<'a> {
    fn of(group: &'a Group) -> Self {
        Self {
            kind: group.key.kind,
            name: &group.key.name,
            cluster: group.key.cluster.as_deref(),
            spot: group.spot(),
            on_demand: group.on_demand(),
            instances: group.instances.iter().map(InstanceJson::of).collect(),
        }
    }
}

impl<'a> InstanceJson<'a> {
    fn of(instance: &'a Instance) -> Self {
        Self {
            id: instance.id.as_str(),
            name: instance.name.as_deref(),
            instance_type: &instance.instance_type,
            az: &instance.az,
            state: instance.state.as_str(),
            lifecycle: instance.lifecycle,
            spot_request: instance.spot_request.as_ref().map(SpotRequestId::as_str),
            interruption_behavior: instance.interruption_behavior,
            launched_at: instance.launched_at,
            node: instance.node.as_deref(),
        }
    }
}

fn table(fleet: &Fleet) -> String {
    let mut text =
        format!("account {}  region {}  as of {}\n", fleet.account, fleet.region, fleet.as_of.strftime("%FT%TZ"));
    if fleet.groups.is_empty() {
        let _ = writeln!(text, "no instances"); // a String takes all
    }
    for group in &fleet.groups {
        let (kind, name) = (group.key.kind.as_str(), group.key.qualified());
        let _ = writeln!(text, "\n{kind}  {name}  spot {}  on-demand {}", group.spot(), group.on_demand());
        let rows: Vec<_> = group.instances.iter().map(row).collect();
        let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
        for row in &rows {
            let cells = row.iter().enumerate().map(|(column, cell)| {
                let missing = width(column).unwrap_or_default() - cell.width();
                format!("{cell}{}", " ".repeat(missing))
            });
            let _ = writeln!(text, "  {}", cells.collect::<Vec<_>>().join("  ").trim_end());
        }
    }
    text
}

fn row(instance: &Instance) -> Vec<String> {
    let lifecycle = if instance.is_spot() { "spot" } else { "on-demand" };
    let shown = |text: Option<&str>| text.unwrap_or("-").to_owned();
    vec![
        instance.id.to_string(),
        instance.instance_type.to_string(),
        instance.az.to_string(),
        instance.state.to_string(),
        lifecycle.to_owned(),
        shown(instance.interruption_behavior.map(Behavior::as_str)),
        instance.launched_at.map_or_else(|| shown(None), |time| time.strftime("%FT%TZ").to_string()),
        shown(instance.node.as_deref().or(instance.name.as_deref())),
    ]
}
