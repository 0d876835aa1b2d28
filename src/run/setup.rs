//! `setup`: what there is, what would change, and, once it was confirmed, the changes made and followed to their end. Knows
//! AWS and the stack; knows no prompt and no screen.

mod collisions;
pub mod follow;
pub mod refusal;

use std::{collections::BTreeMap, time::Duration};

use jiff::SignedDuration;

use crate::{
    aws::{
        self, Aws, Identity, Kind,
        change_set::{ChangeSet, Proposal},
    },
    drill::fleet::{Fleet, GroupKind, LAB_ACCOUNT, World},
    stack::{
        Stack, TEMPLATE,
        change::{Preview, SecretChange},
        failure,
        names::{Names, SECRET},
        progress::Progress,
        removal::{Part, Secret, parts_of},
        status::{Outcome, Standing},
        wanted::{Slack, Wanted},
        webhook::Webhook,
    },
    text::SafeText,
};
use follow::{follow, settled};
pub use refusal::NotSetUp;

/// What is told while it goes on.
#[derive(Clone, Debug)]
pub enum Told {
    /// What is done now.
    Doing(SafeText),
    Progress(Progress),
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

/// How long a change set may take to be made, in drill time.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

/// Looks at the account and has CloudFormation say what would change. Changes nothing, but a new stack's name is taken from
/// then on: [`decline`] gives it back.
pub async fn look(aws: &Aws, wanted: &Wanted, tell: Tell<'_>) -> Result<Looked, NotSetUp> {
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
    doing(format!("looking for the stack {}", wanted.stack));
    let stack = settled(aws, &wanted.stack, tell).await?;
    if let Some(stack) = &stack {
        if !stack.ours {
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
    let parameters = wanted.over(&parameters);
    let names = Names::of(&wanted.stack, &parameters);
    let secret = match secret_change(aws, &names, wanted.slack).await? {
        Some(change) => change,
        None => return Ok(Looked::WebhookMissing { secret: names.secret.unwrap_or_default() }),
    };
    if wanted.slack == Slack::Keep && present.is_none() && names.secret.is_none() {
        return Ok(Looked::WebhookMissing { secret: String::from(SECRET) });
    }
    doing(String::from("having CloudFormation work out what changes"));
    let proposed = propose(aws, &wanted, &parameters, present.is_none()).await?;
    Ok(Looked::Preview(Box::new(preview(aws, identity, names, proposed, present.is_none(), secret, notes))))
}

struct Proposed {
    arn: String,
    set: ChangeSet,
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
    let world = if identity.account.as_str() == LAB_ACCOUNT { World::Lab } else { World::Aws };
    let (stack_id, change_set, mut changes) = match set {
        ChangeSet::Ready { stack_id, changes } => (stack_id, Some(SafeText::new(arn)), changes),
        ChangeSet::Empty { stack_id } | ChangeSet::Failed { stack_id, .. } => (stack_id, None, Vec::new()),
        ChangeSet::Pending => (SafeText::default(), None, Vec::new()),
    };
    for change in changes.iter_mut().filter(|change| change.physical.is_none()) {
        change.physical = names.of_resource(&change.logical, &aws.region).map(SafeText::new);
    }
    let (account, region) = (identity.account, SafeText::new(&aws.region));
    Preview { account, region, world, names, stack_id, change_set, is_new, changes, secret, notes }
}

/// Where an attempt before this one stored the webhook already, it is not asked for again.
async fn with_secret_from_before(aws: &Aws, wanted: Wanted, present: Option<&Stack>) -> Result<Wanted, NotSetUp> {
    if wanted.slack != Slack::Keep || present.is_some() {
        return Ok(wanted);
    }
    let name = wanted.parameters.get("SlackSecretName").map_or(SECRET, String::as_str).to_owned();
    let is_there = known_secret(aws, &name).await?.is_some_and(|secret| secret.ours && secret.deleted.is_none());
    Ok(if is_there { wanted.with("SlackSecretName", Some(name)) } else { wanted })
}

/// The secret as far as one may know of it: who may do no more than `assets/iam/setup.json` says is denied the description of
/// one that does not exist, because its ARN would end in letters that nobody knows.
async fn known_secret(aws: &Aws, name: &str) -> Result<Option<Secret>, aws::Error> {
    match aws.secret(name).await {
        Err(error) if error.kind == Kind::Denied => Ok(None),
        other => other,
    }
}

/// What is to become of the secret; none where its webhook is missing.
async fn secret_change(aws: &Aws, names: &Names, slack: Slack) -> Result<Option<SecretChange>, NotSetUp> {
    let Some(name) = &names.secret else { return Ok(Some(SecretChange::None)) };
    Ok(match (known_secret(aws, name).await?, slack) {
        (Some(secret), _) if !secret.ours => return Err(NotSetUp::ForeignSecret { name: secret.name }),
        (Some(secret), _) if secret.deleted.is_some() => Some(SecretChange::Restore),
        (Some(_), Slack::Post) => Some(SecretChange::Replace),
        (Some(_), _) => Some(SecretChange::None),
        (None, Slack::Post) => Some(SecretChange::Create),
        (None, _) => None,
    })
}

/// The node group must be there: a template for a mistyped one would never find a target.
async fn check_nodegroup(aws: &Aws, wanted: &Wanted, notes: &mut Vec<SafeText>) -> Result<(), NotSetUp> {
    let Some(name) = wanted.parameters.get("Nodegroup").filter(|name| !name.is_empty()) else { return Ok(()) };
    let cluster = wanted.parameters.get("Cluster").filter(|cluster| !cluster.is_empty());
    let fleet = aws.fleet(|_| ()).await?;
    let is_it = |key: &crate::drill::fleet::GroupKey| {
        key.kind == GroupKind::EksNodegroup
            && key.name.as_str() == name
            && cluster.is_none_or(|cluster| key.cluster.as_deref() == Some(cluster))
    };
    match fleet.groups.iter().find(|group| is_it(&group.key)) {
        Some(group) => {
            let (count, spot) = (wanted.parameters.get("Count").and_then(|count| count.parse().ok()), group.spot());
            if count.unwrap_or(1) > spot {
                let count = count.unwrap_or(1);
                notes.push(SafeText::new(format!("{name} has {spot} spot instances, and the template takes {count}")));
            }
            Ok(())
        }
        None => Err(NotSetUp::NoNodegroup {
            name: SafeText::new(name),
            region: SafeText::new(&aws.region),
            there: nodegroups(&fleet),
        }),
    }
}

fn nodegroups(fleet: &Fleet) -> Vec<SafeText> {
    let groups = fleet.groups.iter().filter(|group| group.key.kind == GroupKind::EksNodegroup);
    groups.map(|group| group.key.name.clone()).collect()
}

async fn propose(
    aws: &Aws,
    wanted: &Wanted,
    parameters: &BTreeMap<String, String>,
    is_new: bool,
) -> Result<Proposed, NotSetUp> {
    let name = set_name(aws);
    let proposal = Proposal { stack: &wanted.stack, name: &name, template: TEMPLATE, parameters, is_new };
    let arn = aws.propose(&proposal).await?;
    let set = made(aws, &arn).await?;
    match &set {
        ChangeSet::Ready { .. } => {}
        ChangeSet::Empty { .. } => aws.drop_change_set(&arn).await?,
        ChangeSet::Failed { stack_id, why } => {
            give_back(aws, &arn, stack_id, is_new).await?;
            return Err(NotSetUp::ChangeSet { why: why.clone() });
        }
        ChangeSet::Pending => {
            let stack = SafeText::new(&wanted.stack);
            return Err(NotSetUp::TooSlow { stack, minutes: PATIENCE.as_secs() / 60 });
        }
    }
    Ok(Proposed { arn, set })
}

/// The time, and four letters so that two of one second differ.
pub(super) fn set_name(aws: &Aws) -> String {
    let letters: String = (0..4).map(|_| fastrand::lowercase()).collect();
    format!("spotdrill-{}-{letters}", aws.clock.now().strftime("%Y%m%d-%H%M%S"))
}

/// The change set once it is made; pending after [`PATIENCE`].
pub(super) async fn made(aws: &Aws, arn: &str) -> Result<ChangeSet, aws::Error> {
    let begun = aws.clock.now();
    loop {
        match aws.change_set(arn).await {
            Ok(ChangeSet::Pending) if aws.clock.now().duration_since(begun) < PATIENCE => {}
            Err(error) if error.kind.passes() && aws.clock.now().duration_since(begun) < PATIENCE => {}
            other => return other,
        }
        aws.clock.sleep(Duration::from_secs(1)).await;
    }
}

/// Nothing is to be done after all: the change set goes, and a stack that exists for it alone.
pub async fn decline(aws: &Aws, preview: &Preview) -> Result<(), aws::Error> {
    match &preview.change_set {
        Some(arn) => give_back(aws, arn, &preview.stack_id, preview.is_new).await,
        None => Ok(()),
    }
}

async fn give_back(aws: &Aws, change_set: &str, stack_id: &str, is_new: bool) -> Result<(), aws::Error> {
    aws.drop_change_set(change_set).await?;
    let stack = if is_new { aws.stack(stack_id).await? } else { None };
    match stack {
        // only what has no resources: it may have been executed by somebody else meanwhile
        Some(stack) if stack.standing() == Standing::InReview => aws.delete_stack(&stack.id, &set_name(aws)).await,
        _ => Ok(()),
    }
}

/// Removes what an earlier attempt left, and waits until it is gone.
pub async fn remove_leftover(aws: &Aws, stack: &Stack, tell: Tell<'_>) -> Result<(), NotSetUp> {
    tell(Told::Doing(SafeText::new(format!("removing the stack {}, which is {}", stack.name, stack.status))));
    let mut progress = Progress::default();
    follow::forget_the_past(aws, &stack.id, &mut progress).await?;
    aws.delete_stack(&stack.id, &set_name(aws)).await?;
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
    if let Err(error) = store(aws, preview, webhook, tell).await {
        decline(aws, preview).await?;
        return Err(error.into());
    }
    if let Some(change_set) = &preview.change_set {
        let mut progress = Progress::expecting(preview.changes.len());
        follow::forget_the_past(aws, &preview.stack_id, &mut progress).await?;
        tell(Told::Doing(SafeText::new(format!("changing the stack {}: {}", preview.names.stack, preview.counts()))));
        aws.execute_change_set(change_set, &set_name(aws)).await?;
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
    let explained = progress.cause.as_ref().map(|cause| {
        let reason = cause.reason.as_deref().unwrap_or("no reason is given");
        failure::explain(&cause.logical, &cause.kind, reason, names)
    });
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
