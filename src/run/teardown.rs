//! `teardown`: what is there, and, once it was confirmed, taken away; then looked for once more. Knows AWS and the stack; knows no
//! prompt and no screen.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use crate::{
    aws::{Aws, Error, Kind, change_set::ChangeSet},
    drill::lock::State,
    stack::{
        Resource, Stack, TAG,
        names::{Names, usual_secret},
        progress::Progress,
        removal::{Fate, Part, RECOVERY_DAYS, Removal, Secret, keeping_logs, lets_go_of_logs, parts_of},
        status::{Outcome, Standing},
    },
    text::SafeText,
};

use super::{
    gc::{self, Item, NotCollected},
    records,
    setup::{
        NotSetUp, Proposed, Tell, Told, begin, failed,
        follow::{follow, forget_the_past, settled},
        give_back, is_ours, propose, unique_name,
    },
    start::Ways,
};

/// How often it is looked for what remains, and how long between, in drill time: IAM tells of a role for some seconds after it
/// was deleted. Source: IAM user guide, changes that are not immediately visible.
const LOOKS: usize = 5;
const BETWEEN_LOOKS: Duration = Duration::from_secs(3);

/// Looks at everything of ours; changes nothing.
pub async fn look(aws: &Aws, ways: &Ways, name: &str, keep_logs: bool, tell: Tell<'_>) -> Result<Removal, NotSetUp> {
    let identity = aws.identity().await?;
    refuse_under_drills(aws, ways, &identity.account).await?;
    tell(Told::Doing(SafeText::new(format!("looking for the stack {name} and what belongs to it"))));
    let stack = settled(aws, name, tell).await?;
    if let Some(stack) = &stack
        && !is_ours(aws, stack).await?
    {
        return Err(NotSetUp::Foreign { stack: stack.name.clone(), status: stack.status.clone() });
    }
    let resources = match &stack {
        Some(stack) => aws.stack_resources(&stack.id).await?,
        None => Vec::new(),
    };
    let mut notes = Vec::new();
    let parameters = match &stack {
        Some(stack) => stack.parameters.clone(),
        None => parameters_from_before(aws, name, &mut notes).await?,
    };
    let names = Names::of(name, &parameters);
    let mut parts = parts_of(&resources, keep_logs);
    let in_stack = parts.len();
    let secret = our_secret(aws, &names, &mut notes).await?;
    if let Some(secret) = &secret {
        parts.push(part("secret", &secret.name, Fate::Recoverable));
        notes.push(SafeText::new(format!(
            "Secrets Manager keeps {} for {RECOVERY_DAYS} days, in which it can be taken back: aws secretsmanager \
             restore-secret --secret-id {}",
            secret.name, secret.name
        )));
    }
    let of_stack = |id: &str| resources.iter().any(|resource| resource.physical.as_deref() == Some(id));
    let templates = aws.stack_templates(name).await?;
    let templates: Vec<_> = templates.into_iter().filter(|template| !of_stack(template)).collect();
    parts.extend(templates.iter().map(|template| part("FIS template", template, Fate::Deleted)));
    let of_drills = left_by_drills(aws, ways, &mut notes).await?;
    parts.extend(of_drills.iter().map(|item| part(item.kind.as_str(), &item.name, Fate::Deleted)));
    let of_drills = of_drills.into_iter().map(|item| item.name).collect();
    let log_groups = outside_log_groups(aws, &names, &resources, &mut notes).await?;
    let fate = if keep_logs { Fate::Kept } else { Fate::Deleted };
    parts.extend(log_groups.iter().map(|group| part("log group", group, fate)));
    let world = identity.world();
    let (account, region) = (identity.account, SafeText::new(&aws.region));
    Ok(Removal {
        account,
        region,
        world,
        names,
        stack,
        secret,
        templates,
        of_drills,
        log_groups,
        keep_logs,
        parts,
        in_stack,
        notes,
    })
}

/// What a stack of that name had for parameters before it was deleted: its secret and the logs that were kept are called by
/// them, and are there where a teardown was broken off.
async fn parameters_from_before(
    aws: &Aws,
    name: &str,
    notes: &mut Vec<SafeText>,
) -> Result<BTreeMap<String, String>, Error> {
    match aws.deleted_stack(name).await {
        Ok(stack) => Ok(stack.filter(|stack| stack.ours).map(|stack| stack.parameters).unwrap_or_default()),
        Err(error) if error.kind == Kind::Denied => {
            notes.push(SafeText::new(format!(
                "whether a stack {name} was there before is not known, so only the usual names are looked for: {}",
                error.why()
            )));
            Ok(BTreeMap::new())
        }
        Err(error) => Err(error),
    }
}

/// The drills that need what would be taken away: by FIS, by the journals here, by the locks that are held. Where one of these
/// cannot be told, nothing is taken away.
async fn refuse_under_drills(aws: &Aws, ways: &Ways, account: &str) -> Result<(), NotSetUp> {
    let locks = aws.locks().await.map_err(|error| NotSetUp::LocksUnknown { error })?;
    let experiments = aws.all_experiments().await?;
    let mut drills: BTreeSet<_> = experiments.running_drills().into_iter().collect();
    let here = records::of(&ways.journals, account, None, ways.endpoint.as_ref())?;
    if let Some(doubt) = here.in_doubt.first() {
        return Err(NotSetUp::Journal(doubt.clone()));
    }
    drills.extend(here.open().map(|drill| SafeText::new(drill.as_str())));
    for lock in locks {
        let read = lock.map_err(|(lock, error)| NotSetUp::LockUnreadable { lock, error })?;
        if read.entry.state == State::Held && !read.standing(&experiments).is_stale(aws.clock.now()) {
            drills.insert(SafeText::new(read.entry.lock.drill.as_str()));
        }
    }
    if drills.is_empty() { Ok(()) } else { Err(NotSetUp::DrillRuns { drills: drills.into_iter().collect() }) }
}

/// What drills left that are over; what stays is named, and why.
async fn left_by_drills(aws: &Aws, ways: &Ways, notes: &mut Vec<SafeText>) -> Result<Vec<Item>, NotSetUp> {
    let found = match gc::look(aws, &ways.journals).await {
        Err(NotCollected::Aws(error)) if error.kind == Kind::Denied => {
            notes.push(SafeText::new(format!("whether drills left anything is not known: {}", error.why())));
            return Ok(Vec::new());
        }
        looked => looked?,
    };
    notes.extend(found.stays.iter().map(|Item { kind, name, why, .. }| {
        SafeText::new(format!("the {} {name} is left alone: {why}", kind.as_str()))
    }));
    Ok(found.goes)
}

fn part(kind: &str, name: &str, fate: Fate) -> Part {
    Part { kind: SafeText::new(kind), name: SafeText::new(name), fate }
}

/// The secret, unless it is not ours or goes already.
async fn our_secret(aws: &Aws, names: &Names, notes: &mut Vec<SafeText>) -> Result<Option<Secret>, Error> {
    let name = names.secret.clone().unwrap_or_else(|| usual_secret(&names.stack));
    let found = match aws.secret(&name).await {
        // that is how one is answered who may not know of a secret that does not exist
        Err(error) if error.kind == Kind::Denied => None,
        found => found?,
    };
    Ok(match found {
        Some(secret) if secret.of.as_deref() != Some(&names.stack) => {
            let whose =
                secret.of.map_or_else(|| format!("does not bear the tag {TAG}"), |of| format!("is the stack {of}'s"));
            notes.push(SafeText::new(format!("the secret {name} {whose}, and is left alone")));
            None
        }
        Some(secret) if secret.deleted.is_some() => None,
        other => other,
    })
}

/// Log groups of ours that are not the stack's, such as those that an earlier teardown kept.
async fn outside_log_groups(
    aws: &Aws,
    names: &Names,
    resources: &[Resource],
    notes: &mut Vec<SafeText>,
) -> Result<Vec<SafeText>, Error> {
    let mut found = Vec::new();
    for name in [names.event_log_group(), names.function_log_group()] {
        let of_stack = resources.iter().any(|resource| resource.physical.as_deref() == Some(&name));
        if of_stack || aws.log_group(&name).await?.is_none() {
            continue;
        }
        if aws.log_group_is_of(&name, &names.stack).await? {
            found.push(SafeText::new(&name));
        } else {
            notes.push(SafeText::new(format!(
                "the log group {name} is not this stack's by its tag {TAG}, and is left alone"
            )));
        }
    }
    Ok(found)
}

/// Takes everything away, and gives what remains of it all the same.
pub async fn carry_out(aws: &Aws, ways: &Ways, removal: &Removal, tell: Tell<'_>) -> Result<Vec<Part>, NotSetUp> {
    refuse_under_drills(aws, ways, &removal.account).await?; // one may have been started since it was listed
    for template in &removal.templates {
        aws.delete_our_template(template).await?;
    }
    gc::collect(aws, &ways.journals, &removal.of_drills).await?; // what was not deleted is looked for in the end
    if let Some(stack) = &removal.stack {
        if removal.keep_logs && stack.standing() == Standing::Ready {
            let_go_of_logs(aws, stack, tell).await?;
        }
        tell(Told::Doing(SafeText::new(format!("deleting the stack {}", stack.name))));
        let mut progress = Progress::expecting(removal.in_stack);
        forget_the_past(aws, &stack.id, &mut progress).await?;
        refuse_under_drills(aws, ways, &removal.account).await?; // what came before takes minutes
        aws.delete_stack(&stack.id, &unique_name(aws)).await?;
        let progress = follow(aws, &stack.id, progress, tell).await?;
        if progress.outcome() != Some(Outcome::Deleted) {
            return Err(failed(&stack.name, &removal.names, &progress, "removed"));
        }
    }
    if !removal.keep_logs {
        for group in &removal.log_groups {
            aws.delete_log_group(group).await?;
        }
    }
    if let Some(secret) = &removal.secret {
        tell(Told::Doing(SafeText::new(format!("deleting the secret {}", secret.name))));
        aws.delete_secret(&secret.name).await?;
    }
    tell(Told::Doing(SafeText::new("looking whether anything remains")));
    for _ in 1..LOOKS {
        if remains(aws, removal).await?.is_empty() {
            return Ok(Vec::new());
        }
        aws.clock.sleep(BETWEEN_LOOKS).await;
    }
    Ok(remains(aws, removal).await?)
}

/// Changes nothing of the stack but that its log groups outlive it: by its own template, which may be older than ours.
async fn let_go_of_logs(aws: &Aws, stack: &Stack, tell: Tell<'_>) -> Result<(), NotSetUp> {
    tell(Told::Doing(SafeText::new("having the stack let go of its log groups")));
    let template = keeping_logs(&aws.stack_template(&stack.id).await?);
    if !lets_go_of_logs(&template) {
        return Err(NotSetUp::LogsHeld { stack: stack.name.clone() });
    }
    let Proposed { arn, set } = propose(aws, &stack.name, &template, &stack.parameters, false).await?;
    let ChangeSet::Ready { .. } = set else { return Ok(()) }; // an earlier attempt came so far
    let mut progress = Progress::default();
    if let Err(error) = begin(aws, &stack.id, &arn, &mut progress).await {
        if !error.kind.leaves_doubt() {
            give_back(aws, &arn, &stack.id, false).await?;
        }
        return Err(error.into());
    }
    let progress = follow(aws, &stack.id, progress, tell).await?;
    if progress.outcome() == Some(Outcome::Made) {
        return Ok(());
    }
    Err(failed(&stack.name, &Names::of(&stack.name, &stack.parameters), &progress, "changed"))
}

/// Whatever bears our tag and is there: looked for part by part, not taken from what was deleted.
async fn remains(aws: &Aws, removal: &Removal) -> Result<Vec<Part>, Error> {
    let names = &removal.names;
    let stack = &names.stack;
    let function_role = names.function_role(&aws.region);
    let mut remains = Vec::new();
    let mut note = |kind: &str, name: &str, is_there: bool| {
        if is_there {
            remains.push(part(kind, name, Fate::Deleted));
        }
    };
    note("stack", stack, aws.stack(stack).await?.is_some_and(|stack| stack.ours));
    for role in [&names.fis_role, &function_role] {
        note("IAM role", role, aws.role_is_of(role, stack).await?);
    }
    note("Lambda function", &names.function, aws.function_is_of(&names.function, stack).await?);
    for rule in [&names.rule, &names.event_rule()] {
        note("EventBridge rule", rule, aws.rule_is_of(rule, stack).await?);
    }
    for template in aws.stack_templates(stack).await? {
        note("FIS template", &template, true);
    }
    for template in aws.drill_templates().await? {
        note("FIS template", &template.id, true);
    }
    if !removal.of_drills.is_empty() {
        for lock in aws.locks().await?.into_iter().flatten().filter(|read| read.entry.state != State::Held) {
            note("lock of a group", &lock.name, true);
        }
    }
    if !removal.keep_logs {
        for group in [names.event_log_group(), names.function_log_group()] {
            note("log group", &group, aws.log_group_is_of(&group, stack).await?);
        }
    }
    if let Some(secret) = &removal.secret {
        let found = aws.secret(&secret.name).await?;
        note("secret", &secret.name, found.is_some_and(|secret| secret.deleted.is_none()));
    }
    Ok(remains)
}
