//! What must hold before anything is proposed: the secret is ours or free, the node group is there. Changes nothing.

use crate::{
    aws::{self, Aws, Kind},
    drill::fleet::{Fleet, GroupKey, GroupKind},
    stack::{
        Stack,
        change::SecretChange,
        names::{Names, usual_secret},
        removal::Secret,
        wanted::{Slack, Wanted},
    },
    text::SafeText,
};

use super::NotSetUp;

/// Where an attempt before this one stored the webhook already, it is not asked for again.
pub(super) async fn with_secret_from_before(
    aws: &Aws,
    wanted: Wanted,
    present: Option<&Stack>,
) -> Result<Wanted, NotSetUp> {
    if wanted.slack != Slack::Keep || present.is_some() {
        return Ok(wanted);
    }
    let name = wanted.parameters.get("SlackSecretName").cloned().unwrap_or_else(|| usual_secret(&wanted.stack));
    let is_there =
        known_secret(aws, &name).await?.is_some_and(|secret| secret.of.is_some() && secret.deleted.is_none());
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
pub(super) async fn secret_change(
    aws: &Aws,
    names: &Names,
    slack: Slack,
    notes: &mut Vec<SafeText>,
) -> Result<Option<SecretChange>, NotSetUp> {
    let Some(name) = &names.secret else { return Ok(Some(SecretChange::None)) };
    let Some(secret) = known_secret(aws, name).await? else {
        return Ok((slack == Slack::Post).then_some(SecretChange::Create));
    };
    match &secret.of {
        None => return Err(NotSetUp::ForeignSecret { name: secret.name }),
        Some(stack) if stack.as_str() != names.stack => {
            if slack == Slack::Post || secret.deleted.is_some() {
                return Err(NotSetUp::SecretOfAnother { name: secret.name, stack: stack.clone() });
            }
            notes.push(SafeText::new(format!(
                "the secret {name} is the stack {stack}'s, and goes with that: --slack-secret NAME gives this one its own"
            )));
        }
        Some(_) => {}
    }
    Ok(Some(match (secret.deleted, slack) {
        (Some(_), _) => SecretChange::Restore,
        (None, Slack::Post) => SecretChange::Replace,
        (None, _) => SecretChange::None,
    }))
}

/// The node group must be there: a template for a mistyped one would never find a target.
pub(super) async fn check_nodegroup(aws: &Aws, wanted: &Wanted, notes: &mut Vec<SafeText>) -> Result<(), NotSetUp> {
    let Some(name) = wanted.parameters.get("Nodegroup").filter(|name| !name.is_empty()) else { return Ok(()) };
    let cluster = wanted.parameters.get("Cluster").filter(|cluster| !cluster.is_empty());
    let fleet = aws.fleet(|_| ()).await?;
    let is_it = |key: &GroupKey| {
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
