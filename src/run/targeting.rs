//! `prove --preview`: FIS finds targets in a group and skips the interruption. Knows in which order the world is asked, and that
//! nothing is to be left.

use std::pin::pin;

use thiserror::Error;

use super::{setup::unique_name, start::role_arn};
use crate::{
    aws::{self, Aws, change_set::NAME_BEGINS},
    drill::{
        fleet::{Fleet, GroupKey},
        guard::{self, Refusal},
        id::{InstanceId, TemplateId},
    },
    text::SafeText,
};

#[derive(Debug, Error)]
pub enum NotTargeted {
    #[error("nothing was asked of FIS: {0}")]
    Refused(#[from] Refusal),
    #[error(transparent)]
    Aws(#[from] aws::Error),
    #[error("broken off: nothing was interrupted, and what was made for it is deleted")]
    BrokenOff,
    #[error("{why}\nIts template {template} is still there: {error}")]
    Left { why: String, template: TemplateId, error: aws::Error },
}

/// What FIS found.
#[derive(Debug)]
pub struct Targeted {
    pub group: GroupKey,
    pub role_arn: String,
    pub template: TemplateId,
    pub found: Vec<Found>,
}

/// A target, and whose it is by our list.
#[derive(Debug)]
pub struct Found {
    pub id: InstanceId,
    pub group: Option<SafeText>,
    pub az: Option<SafeText>,
}

/// Shows that role, template and targeting work: what they do in earnest is skipped, and the template deleted, also where
/// `broken_off` comes first.
pub async fn preview(
    aws: &Aws,
    group: &str,
    count: u32,
    fis_role: &str,
    broken_off: impl Future<Output = ()>,
) -> Result<Targeted, NotTargeted> {
    let fleet = aws.fleet(|_| ()).await?;
    let group = guard::find_group(&fleet, group)?.key.clone();
    let role_arn = role_arn(fis_role, &fleet.region, &fleet.account);
    let name = unique_name(aws).replace(NAME_BEGINS, "preview");
    let mut broken_off = pin!(broken_off);
    let (made, is_broken_off) = {
        let mut making = pin!(aws.create_targeting_template(&name, &group, count, &role_arn));
        tokio::select! {
            made = &mut making => (made, false),
            // its answer says what is to be deleted
            () = &mut broken_off => (making.await, true),
        }
    };
    let template = made?;
    let mut resolved = Err(NotTargeted::BrokenOff);
    if !is_broken_off {
        tokio::select! {
            ids = resolve(aws, &template) => resolved = ids.map_err(NotTargeted::from),
            () = &mut broken_off => {}
        }
    }
    let deleted = aws.delete_our_template(template.as_str()).await;
    match (resolved, deleted) {
        (Ok(ids), Ok(())) => {
            let found = ids.into_iter().map(|id| found(&fleet, id)).collect();
            Ok(Targeted { group, role_arn, template, found })
        }
        (Err(why), Ok(())) => Err(why),
        (resolved, Err(error)) => {
            let why = resolved.err().map_or_else(|| String::from("FIS found its targets."), |why| why.to_string());
            Err(NotTargeted::Left { why, template, error })
        }
    }
}

async fn resolve(aws: &Aws, template: &TemplateId) -> Result<Vec<InstanceId>, aws::Error> {
    let existing = aws.template(template).await?;
    aws.preview(&existing).await
}

fn found(fleet: &Fleet, id: InstanceId) -> Found {
    let known = fleet.find(&id);
    let (group, az) = known.map(|(group, instance)| (group.key.name.clone(), instance.az.clone())).unzip();
    Found { id, group, az }
}
