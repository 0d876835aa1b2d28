//! What must hold before a template that is there already is started as it is. Knows what a drill can follow, and not how
//! FIS resolves a target.

use std::collections::BTreeSet;

use super::{Circumstances, Override, Refusal, Refusals, one_wave};
use crate::{
    drill::{
        existing::{Existing, Interruption},
        fleet::Fleet,
        id::InstanceId,
        plan::{Plan, Selection, Wish},
        warning::Warning,
    },
    text::SafeText,
};

/// Everything that stands against starting the template, whatever its targets come to.
pub fn startable(existing: &Existing) -> Result<Warning, Refusals> {
    let id = || existing.id.clone();
    let mut refusals = Vec::new();
    let strings = |texts: &[SafeText]| texts.iter().map(ToString::to_string).collect();
    if let Some(drill) = &existing.of_drill {
        refusals.push(Refusal::OfDrill { id: id(), drill: drill.to_string() });
    }
    if !existing.others.is_empty() {
        refusals.push(Refusal::OtherActions { id: id(), actions: strings(&existing.others) });
    }
    if existing.other_accounts {
        refusals.push(Refusal::OtherAccounts { id: id() });
    }
    let warning = match existing.warnings().as_slice() {
        [] => Err(Refusal::NoInterruption { id: id() }),
        [one] => one.parse().map_err(|bad| Refusal::Warning { id: id(), why: format!("{bad}") }),
        several => {
            let warnings: Vec<_> = several.iter().map(|warning| warning.as_str()).collect();
            Err(Refusal::SeveralTimes { id: id(), why: format!("warnings {}", warnings.join(", ")) })
        }
    };
    let waits = |action: &&Interruption| !action.after.is_empty();
    if let Some(late) = existing.interruptions.iter().find(waits) {
        let after: Vec<_> = late.after.iter().map(SafeText::as_str).collect();
        let why = format!("{} waits for {}", late.action, after.join(", "));
        refusals.push(Refusal::SeveralTimes { id: id(), why });
    }
    match warning {
        Ok(warning) if refusals.is_empty() => Ok(warning),
        Ok(_) => Err(Refusals(refusals)),
        Err(refusal) => Err(Refusals([refusals, vec![refusal]].concat())),
    }
}

/// The template as a plan, its targets those that FIS resolved in a preview; or everything that stands against it. FIS starts
/// all of it at once, so it is one wave.
pub fn as_it_is(
    fleet: &Fleet,
    existing: &Existing,
    previewed: &[InstanceId],
    circumstances: &Circumstances,
    overrides: &[Override],
) -> Result<Plan, Refusals> {
    let warning = startable(existing)?;
    let each: BTreeSet<_> = previewed.iter().cloned().collect();
    let resolved_nothing =
        each.is_empty().then(|| Refusal::ResolvedNothing { id: existing.id.clone(), selects: existing.selects() });
    let wish = Wish {
        group: None,
        selection: Selection::Exact(each.into_iter().collect()),
        warning,
        seed: 0,
        gap: 0,
        overrides: overrides.to_vec(),
        earlier: Vec::new(),
    };
    let plan = one_wave(fleet, &wish, circumstances, resolved_nothing.into_iter().collect(), None)?;
    Ok(Plan { as_is: Some(Box::new(existing.clone())), ..plan })
}
