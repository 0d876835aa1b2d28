//! `spotdrill templates`: the FIS templates of the account that interrupt spot instances. Knows the two forms.

use std::{collections::BTreeMap, fmt::Write};

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use super::{
    Ending, Exit,
    args::{FleetFormat, Global},
};
use crate::{
    drill::{
        existing::{Existing, Interruption},
        guard::{Refusals, startable},
    },
    run::world::open,
    text::SafeText,
};

pub(super) async fn run(global: &Global, format: FleetFormat) -> anyhow::Result<Exit> {
    let world = open(&global.door()).await.map_err(Ending::from)?;
    let templates = world.aws.templates(|_, _| ()).await.map_err(Ending::from)?;
    match format {
        FleetFormat::Json => super::print_json(&templates.iter().map(TemplateJson::of).collect::<Vec<_>>())?,
        FleetFormat::Table => super::print(&table(&templates))?,
    }
    Ok(Exit::Held)
}

/// The JSON form, which is a promise.
#[derive(Serialize)]
struct TemplateJson<'a> {
    id: &'a str,
    name: Option<&'a str>,
    description: &'a str,
    role_arn: &'a str,
    actions: Vec<ActionJson<'a>>,
    stop_alarms: &'a [SafeText],
    /// Whether another choice than that of the preview is possible.
    fis_chooses: bool,
    /// Why it is not started, a sentence each; empty if it can be.
    refused: Vec<String>,
}

#[derive(Serialize)]
struct ActionJson<'a> {
    name: &'a str,
    warning: &'a str,
    target: &'a str,
    selection: &'a str,
    arns: &'a [SafeText],
    tags: BTreeMap<&'a str, &'a str>,
    filters: Vec<FilterJson<'a>>,
}

#[derive(Serialize)]
struct FilterJson<'a> {
    path: &'a str,
    values: &'a [SafeText],
}

impl<'a> TemplateJson<'a> {
    fn of(existing: &'a Existing) -> Self {
        Self {
            id: existing.id.as_str(),
            name: existing.name.as_deref(),
            description: &existing.description,
            role_arn: &existing.role_arn,
            actions: existing.interruptions.iter().map(ActionJson::of).collect(),
            stop_alarms: &existing.alarms,
            fis_chooses: existing.chooses(),
            refused: refused(existing),
        }
    }
}

impl<'a> ActionJson<'a> {
    fn of(action: &'a Interruption) -> Self {
        Self {
            name: &action.action,
            warning: &action.warning,
            target: &action.target,
            selection: &action.selection,
            arns: &action.arns,
            tags: action.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect(),
            filters: action.filters.iter().map(|(path, values)| FilterJson { path, values }).collect(),
        }
    }
}

fn refused(existing: &Existing) -> Vec<String> {
    let Err(Refusals(refusals)) = startable(existing) else { return Vec::new() };
    refusals.iter().map(ToString::to_string).collect()
}

fn table(templates: &[Existing]) -> String {
    if templates.is_empty() {
        return String::from("no FIS template here interrupts spot instances: `spotdrill run --group` needs none\n");
    }
    let headings = ["TEMPLATE", "WARNING", "NAME", "SELECTS"].map(String::from);
    let rows: Vec<_> = std::iter::once(headings).chain(templates.iter().map(row)).collect();
    let widths: Vec<_> =
        (0..4).map(|at| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.width()).max()).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| {
            let missing = width.unwrap_or_default() - cell.width();
            format!("{cell}{}", " ".repeat(missing))
        });
        let _ = writeln!(text, "{}", cells.collect::<Vec<_>>().join("  ").trim_end()); // a String takes all
    }
    let refusals: Vec<_> = templates.iter().flat_map(refused).collect();
    if !refusals.is_empty() {
        let _ = writeln!(text, "\ncannot be started as a drill:\n{}", refusals.join("\n"));
    }
    text
}

fn row(existing: &Existing) -> [String; 4] {
    let warnings: Vec<_> = existing.warnings().into_iter().map(SafeText::as_str).collect();
    [existing.id.to_string(), warnings.join(" "), existing.label().to_string(), existing.selects()]
}
