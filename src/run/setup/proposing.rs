//! The change set: made, waited for, and given back where nothing is to come of it. Knows nothing of what it changes.

use std::{collections::BTreeMap, time::Duration};

use jiff::SignedDuration;

use crate::{
    aws::{
        self, Aws, Kind,
        change_set::{ChangeSet, NAME_BEGINS, Proposal},
    },
    stack::{change::Preview, status::Standing},
    text::SafeText,
};

use super::NotSetUp;

/// How long a change set may take to be made, in drill time.
const PATIENCE: SignedDuration = SignedDuration::from_mins(5);

pub(in crate::run) struct Proposed {
    pub(in crate::run) arn: String,
    pub(in crate::run) set: ChangeSet,
}

/// Has CloudFormation work out what the template with these parameters would change; what comes of it is not pending.
pub(in crate::run) async fn propose(
    aws: &Aws,
    stack: &str,
    template: &str,
    parameters: &BTreeMap<String, String>,
    is_new: bool,
) -> Result<Proposed, NotSetUp> {
    let name = unique_name(aws);
    let proposal = Proposal { stack, name: &name, template, parameters, is_new };
    let arn = aws.propose(&proposal).await?;
    let set = match made(aws, &arn).await {
        Ok(set) => set,
        Err(error) if error.kind == Kind::NotFound => {
            return Err(NotSetUp::Overtaken { stack: SafeText::new(stack), stored: None });
        }
        Err(error) => return Err(left_behind(stack, error)),
    };
    match &set {
        ChangeSet::Ready { .. } => {}
        ChangeSet::Empty { .. } => aws.drop_change_set(&arn).await?,
        ChangeSet::Failed { stack_id, why } => {
            give_back(aws, &arn, stack_id, is_new).await?;
            return Err(NotSetUp::ChangeSet { why: why.clone() });
        }
        ChangeSet::Pending => {
            give_back(aws, &arn, stack, is_new).await.map_err(|error| left_behind(stack, error))?;
            return Err(NotSetUp::NoPreview { stack: SafeText::new(stack), minutes: PATIENCE.as_secs() / 60 });
        }
    }
    Ok(Proposed { arn, set })
}

fn left_behind(stack: &str, error: aws::Error) -> NotSetUp {
    NotSetUp::NotBegun { error, left: vec![SafeText::new(format!("a change set of the stack {stack}"))] }
}

/// The time, and four letters so that two of one second differ.
pub(in crate::run) fn unique_name(aws: &Aws) -> String {
    let letters: String = (0..4).map(|_| fastrand::lowercase()).collect();
    format!("{NAME_BEGINS}-{}-{letters}", aws.clock.now().strftime("%Y%m%d-%H%M%S"))
}

/// The change set once it is made; pending after [`PATIENCE`].
async fn made(aws: &Aws, arn: &str) -> Result<ChangeSet, aws::Error> {
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

pub(in crate::run) async fn give_back(
    aws: &Aws,
    change_set: &str,
    stack_id: &str,
    is_new: bool,
) -> Result<(), aws::Error> {
    aws.drop_change_set(change_set).await?;
    if !is_new || !aws.change_sets(stack_id).await?.is_empty() {
        return Ok(());
    }
    // last, for somebody else may execute theirs meanwhile
    match aws.stack(stack_id).await? {
        // only what has neither resources nor the change set of somebody else
        Some(stack) if stack.standing() == Standing::InReview => aws.delete_stack(&stack.id, &unique_name(aws)).await,
        _ => Ok(()),
    }
}
