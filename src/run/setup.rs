//! `setup`: what there is, what would change, and, once it was confirmed, the changes made and followed to their end. Knows
//! AWS and the stack; knows no prompt and no screen.

mod collisions;
pub mod follow;
mod preconditions;
mod proposing;
pub mod refusal;

use std::collections::BTreeMap;

use jiff::SignedDuration;

use crate::{
    aws::{
        self, Aws, Identity, Kind,
        change_set::{ChangeSet, NAME_BEGINS},
    },
    stack::{
        Stack, TEMPLATE,
        change::{Change, Preview, SecretChange},
        failure,
        names::{Names, usual_secret},
        progress::Progress,
        removal::{LOG_GROUP, Part, parts_of},
        status::{Outcome, Standing},
        wanted::{Slack, Wanted},
        webhook::Webhook,
    },
    text::SafeText,
};
use follow::{follow, settled};
use preconditions::{check_nodegroup, secret_change, with_secret_from_before};
pub use proposing::decline;
pub(super) use proposing::{Proposed, give_back, propose, unique_name};
pub use refusal::NotSetUp;

/// What is told while it goes on.
#[derive(Clone, Debug)]
pub enum Told {
    /// What is done now.
    Doing(SafeText),
    Progress(Box<Progress>),
    /// From here on AWS works on the stack, whoever leaves meanwhile.
    Begins,
    /// AWS does not answer for a while; what was told last is old.
    Stale(SafeText),
}

/// Who is told.
pub type Tell<'a> = &'a (dyn Fn(Told) + Send + Sync);

/// What `look` found.
#[derive(Clone, Debug)]
pub enum Looked {
    /// What one `yes` would do.
    Preview(Box<Preview>),
    /// An earlier attempt left a stack that can only be deleted; it must go first.
    Leftover { stack: Stack, parts: Vec<Part> },
    /// Slack is to be told, and nobody has given the webhook yet.
    WebhookMissing { secret: String },
}

/// What was set up.
#[derive(Clone, Debug)]
pub struct SetUp {
    pub names: Names,
    pub outputs: BTreeMap<String, SafeText>,
    /// How long AWS took; none where nothing was to be done.
    pub took: Option<SignedDuration>,
}

/// Looks at the account and has CloudFormation say what would change. Changes nothing, but a new stack's name is taken from
/// then on: [`decline`] gives it back.
pub async fn look(aws: &Aws, wanted: &Wanted, tell: Tell<'_>) -> Result<Looked, NotSetUp> {
    let complaints = wanted.complaints();
    if !complaints.is_empty() {
        return Err(NotSetUp::BadValues(complaints.into_iter().map(SafeText::new).collect()));
    }
    let doing = |what: String| tell(Told::Doing(SafeText::new(what)));
    let mut notes = Vec::new();
    let identity = aws.identity().await?;
    doing(format!("asking FIS whether {} has the spot action", aws.region));
    match aws.has_spot_action().await {
        Ok(true) => {}
        Ok(false) => return Err(NotSetUp::NoAction { region: SafeText::new(&aws.region) }),
        Err(error) if error.kind == Kind::Denied => notes.push(SafeText::new(error.to_string())),
        Err(error) => return Err(error.into()),
    }
    let drills = aws.running_drills().await?;
    if !drills.is_empty() {
        return Err(NotSetUp::DrillRuns { drills });
    }
    doing(format!("looking for the stack {}", wanted.stack));
    let stack = settled(aws, &wanted.stack, tell).await?;
    if let Some(stack) = &stack {
        if !is_ours(aws, stack).await? {
            return Err(NotSetUp::Foreign { stack: stack.name.clone(), status: stack.status.clone() });
        }
        match stack.standing() {
            Standing::Stuck => {
                return Err(NotSetUp::Stuck { stack: stack.name.clone(), status: stack.status.clone() });
            }
            Standing::Leftover => {
                let parts = parts_of(&aws.stack_resources(&stack.id).await?, false);
                return Ok(Looked::Leftover { stack: stack.clone(), parts });
            }
            _ => {}
        }
    }
    let present = stack.filter(|stack| stack.standing() == Standing::Ready);
    let mut wanted = wanted.clone();
    let parameters = present.as_ref().map(|stack| stack.parameters.clone()).unwrap_or_default();
    if let Some(flag) = wanted.without_nodegroup(&parameters) {
        return Err(NotSetUp::NoTemplate { flag });
    }
    wanted = with_secret_from_before(aws, wanted, present.as_ref()).await?;
    doing(String::from("looking for what has these names already"));
    collisions::check(aws, &mut wanted, present.as_ref(), &mut notes).await?;
    check_nodegroup(aws, &wanted, &mut notes).await?;
    if let (Slack::Nobody, Some(secret)) = (wanted.slack, Names::of(&wanted.stack, &parameters).secret) {
        notes.push(SafeText::new(format!("the secret {secret} stays, at $0.40 a month, until teardown takes it away")));
    }
    let parameters = wanted.over(&parameters);
    let names = Names::of(&wanted.stack, &parameters);
    let Some(secret) = secret_change(aws, &names, wanted.slack, &mut notes).await? else {
        return Ok(Looked::WebhookMissing { secret: names.secret.unwrap_or_default() });
    };
    if wanted.slack == Slack::Keep && present.is_none() && names.secret.is_none() {
        return Ok(Looked::WebhookMissing { secret: usual_secret(&wanted.stack) });
    }
    doing(String::from("having CloudFormation work out what changes"));
    let proposed = propose(aws, &wanted.stack, TEMPLATE, &parameters, present.is_none()).await?;
    Ok(Looked::Preview(Box::new(preview(aws, identity, names, proposed, present.is_none(), secret, notes))))
}

/// Whether we made the stack, or began to: one that is only in review bears neither our tag nor our description everywhere.
/// One without any change set is what is left of a preview: a name, and nobody's.
pub(super) async fn is_ours(aws: &Aws, stack: &Stack) -> Result<bool, aws::Error> {
    if stack.ours || stack.standing() != Standing::InReview {
        return Ok(stack.ours);
    }
    let (sets, ours) = (aws.change_sets(&stack.name).await?, format!("{NAME_BEGINS}-"));
    Ok(sets.is_empty() || sets.iter().any(|name| name.starts_with(&ours)))
}

fn preview(
    aws: &Aws,
    identity: Identity,
    names: Names,
    Proposed { arn, set }: Proposed,
    is_new: bool,
    secret: SecretChange,
    notes: Vec<SafeText>,
) -> Preview {
    let world = identity.world();
    let (stack_id, change_set, mut changes) = match set {
        ChangeSet::Ready { stack_id, changes } => (stack_id, Some(SafeText::new(arn)), changes),
        ChangeSet::Empty { stack_id } | ChangeSet::Failed { stack_id, .. } => (stack_id, None, Vec::new()),
        ChangeSet::Pending => (SafeText::default(), None, Vec::new()),
    };
    for change in changes.iter_mut().filter(|change| change.physical.is_none()) {
        change.physical = names.of_resource(&change.logical, &aws.region).map(SafeText::new);
    }
    let mut notes = notes;
    let loses = |change: &&Change| change.kind.as_str() == LOG_GROUP && change.action.takes_away();
    notes.extend(changes.iter().filter(loses).map(|change| {
        let name = change.physical.as_ref().unwrap_or(&change.logical);
        SafeText::new(format!("what the log group {name} holds is lost: it is the evidence of drills"))
    }));
    let (account, region) = (identity.account, SafeText::new(&aws.region));
    Preview { account, region, world, names, stack_id, change_set, is_new, changes, secret, notes }
}

/// Removes what an earlier attempt left, and waits until it is gone.
pub async fn remove_leftover(aws: &Aws, stack: &Stack, tell: Tell<'_>) -> Result<(), NotSetUp> {
    tell(Told::Doing(SafeText::new(format!("removing the stack {}, which is {}", stack.name, stack.status))));
    let mut progress = Progress::default();
    follow::forget_the_past(aws, &stack.id, &mut progress).await?;
    aws.delete_stack(&stack.id, &unique_name(aws)).await?;
    let progress = follow(aws, &stack.id, progress, tell).await?;
    match progress.outcome() {
        Some(Outcome::Deleted) | None => Ok(()),
        Some(_) => Err(failed(&stack.name, &Names::of(&stack.name, &stack.parameters), &progress, "removed")),
    }
}

/// Makes the changes that were confirmed, and follows them to their end.
pub async fn carry_out(
    aws: &Aws,
    preview: &Preview,
    webhook: Option<&Webhook>,
    tell: Tell<'_>,
) -> Result<SetUp, NotSetUp> {
    let begun = aws.clock.now();
    if !preview.changes_nothing() {
        let drills = aws.running_drills().await?; // one may have been started since the preview
        if !drills.is_empty() {
            decline(aws, preview).await?;
            return Err(NotSetUp::DrillRuns { drills });
        }
    }
    if let Err(error) = store(aws, preview, webhook, tell).await {
        if error.code.as_str() == "ResourceExistsException" {
            decline(aws, preview).await?;
            return Err(NotSetUp::Overtaken { stack: SafeText::new(&preview.names.stack), stored: None });
        }
        return Err(not_begun(aws, preview, error).await);
    }
    if let Some(change_set) = &preview.change_set {
        let mut progress = Progress::expecting(preview.changes.len());
        tell(Told::Doing(SafeText::new(format!("changing the stack {}: {}", preview.names.stack, preview.counts()))));
        tell(Told::Begins);
        if let Err(error) = begin(aws, &preview.stack_id, change_set, &mut progress).await {
            if error.kind.leaves_doubt() {
                return Err(NotSetUp::LostSight { stack: SafeText::new(&preview.names.stack), error });
            }
            if error.kind == Kind::NotFound {
                let stored = preview.names.secret.as_ref().filter(|_| preview.secret != SecretChange::None);
                let stored = stored.map(SafeText::new);
                return Err(NotSetUp::Overtaken { stack: SafeText::new(&preview.names.stack), stored });
            }
            return Err(not_begun(aws, preview, error).await);
        }
        let progress = follow(aws, &preview.stack_id, progress, tell).await?;
        if progress.outcome() != Some(Outcome::Made) {
            let what = if preview.is_new { "made" } else { "changed" };
            return Err(failed(&preview.names.stack, &preview.names, &progress, what));
        }
    }
    let stack = aws.stack(&preview.stack_id).await?;
    let took = (!preview.changes_nothing()).then(|| aws.clock.now().duration_since(begun));
    Ok(SetUp { names: preview.names.clone(), outputs: stack.map(|stack| stack.outputs).unwrap_or_default(), took })
}

pub(super) async fn begin(
    aws: &Aws,
    stack_id: &str,
    change_set: &str,
    progress: &mut Progress,
) -> Result<(), aws::Error> {
    follow::forget_the_past(aws, stack_id, progress).await?;
    aws.execute_change_set(change_set, &unique_name(aws)).await
}

/// Nothing of the stack was changed; what is left of the attempt is named.
async fn not_begun(aws: &Aws, preview: &Preview, error: aws::Error) -> NotSetUp {
    let mut left = Vec::new();
    if decline(aws, preview).await.is_err() {
        left.push(format!("a change set of the stack {}", preview.names.stack));
    }
    if let Some(secret) = preview.names.secret.as_ref().filter(|_| preview.secret != SecretChange::None) {
        left.push(format!("perhaps the webhook in the secret {secret}"));
    }
    NotSetUp::NotBegun { error, left: left.into_iter().map(SafeText::new).collect() }
}

async fn store(aws: &Aws, preview: &Preview, webhook: Option<&Webhook>, tell: Tell<'_>) -> Result<(), aws::Error> {
    let Some(name) = &preview.names.secret else { return Ok(()) };
    if preview.secret != SecretChange::None {
        tell(Told::Doing(SafeText::new(format!("storing the webhook in the secret {name}"))));
    }
    if preview.secret == SecretChange::Restore {
        aws.restore_secret(name).await?;
    }
    match (preview.secret, webhook) {
        (SecretChange::Create, Some(webhook)) => aws.create_secret(name, webhook, &preview.names.stack).await,
        (SecretChange::Replace | SecretChange::Restore, Some(webhook)) => aws.replace_secret(name, webhook).await,
        _ => Ok(()),
    }
}

/// Why the work on a stack did not come to its end, and what is left of it.
pub(super) fn failed(stack: &str, names: &Names, progress: &Progress, what: &'static str) -> NotSetUp {
    let again = if what == "removed" { "teardown" } else { "setup" };
    let explained = progress.cause.as_ref().map(|cause| failure::explain(cause, names, again));
    let left = progress.left().into_iter().map(|(logical, physical)| SafeText::new(format!("{logical} ({physical})")));
    NotSetUp::Failed {
        stack: SafeText::new(stack),
        what,
        status: progress.status.clone(),
        explained,
        left: left.collect(),
        secret: names.secret.as_deref().map(SafeText::new),
    }
}
