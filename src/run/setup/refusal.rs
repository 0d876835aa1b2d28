//! Why `setup` or `teardown` did not do what was asked: each with what to do next. Knows the reasons and no remedy of its own.

use thiserror::Error;

use crate::{aws, journal, stack::failure::Explained, text::SafeText};

impl From<journal::Error> for NotSetUp {
    fn from(error: journal::Error) -> Self {
        Self::Journal(SafeText::new(error.to_string()))
    }
}

#[derive(Clone, Debug, Error)]
pub enum NotSetUp {
    #[error(transparent)]
    Aws(#[from] aws::Error),
    #[error("nothing was changed, because these values are not taken:\n{}", lines(.0))]
    BadValues(Vec<SafeText>),
    #[error(
        "FIS cannot interrupt spot instances in {region}: it has no action aws:ec2:send-spot-instance-interruptions \
         there. Choose another region with --region"
    )]
    NoAction { region: SafeText },
    #[error(
        "the stack {stack} ({status}) is not spotdrill's: it has another template and does not bear the tag spotdrill. \
         Choose another name with --stack"
    )]
    Foreign { stack: SafeText, status: SafeText },
    #[error(
        "the stack {stack} is {status}: CloudFormation could not go back and waits for a person. Mend what its events \
         complain of, then: aws cloudformation continue-update-rollback --stack-name {stack}"
    )]
    Stuck { stack: SafeText, status: SafeText },
    #[error("nothing was changed, because these names are taken outside of the stack:\n{}", lines(.0))]
    Collisions(Vec<SafeText>),
    #[error("there is no node group `{name}` with instances in {region}. There are: {}", or_none(.there))]
    NoNodegroup { name: SafeText, region: SafeText, there: Vec<SafeText> },
    #[error("{flag} is about a node group and its FIS template, and none is named. Name one with --nodegroup")]
    NoTemplate { flag: &'static str },
    #[error(
        "the secret {name} exists and does not bear the tag spotdrill, so it is left alone. Choose another name with \
         --slack-secret"
    )]
    ForeignSecret { name: SafeText },
    #[error(
        "the secret {name} is the stack {stack}'s, so its webhook is not replaced from here. Give this stack a secret of its \
         own with --slack-secret, or replace the webhook with: spotdrill setup --stack {stack}"
    )]
    SecretOfAnother { name: SafeText, stack: SafeText },
    #[error(
        "a drill runs: {}. What it needs is not taken away under it: wait for its end, or stop it (`spotdrill attach`, X)",
        or_none(.drills)
    )]
    DrillRuns { drills: Vec<SafeText> },
    #[error(
        "whether a drill needs what would be taken away is not known: {error}. Its lock would tell: that takes the statement \
         RemoveLocks of `spotdrill setup --print setup`"
    )]
    LocksUnknown { error: aws::Error },
    #[error(
        "whether a drill needs what would be taken away is not known: {error}. Have a newer spotdrill take it away; or, if it \
         is no lock of a drill: aws ssm delete-parameter --name {lock}"
    )]
    LockUnreadable { lock: SafeText, error: aws::Error },
    #[error("whether a drill of this machine needs what would be taken away is not known: {0}")]
    Journal(SafeText),
    #[error(
        "somebody else has changed the stack {stack} meanwhile, so the preview no longer holds, and nothing of it was \
         done{}. Run the command again", but_stored(.stored.as_ref())
    )]
    Overtaken {
        stack: SafeText,
        /// The secret that the webhook was stored in all the same.
        stored: Option<SafeText>,
    },
    #[error("{error}. Nothing of the stack was changed.{}", left_over(.left))]
    NotBegun { error: aws::Error, left: Vec<SafeText> },
    #[error(
        "CloudFormation had not worked out what would change of {stack} after {minutes} minutes, so nothing was changed. Run \
         the command again"
    )]
    NoPreview { stack: SafeText, minutes: i64 },
    #[error(
        "the template that the stack {stack} was made with does not say of its log groups that they are deleted \
         (DeletionPolicy: Delete), so it cannot be made to let go of them. Bring it up to date with `spotdrill setup --stack \
         {stack}`, or take it down without --keep-logs"
    )]
    LogsHeld { stack: SafeText },
    #[error("CloudFormation does not take the template with these values: {why}. Nothing was changed")]
    ChangeSet { why: SafeText },
    #[error(
        "the stack {stack} was not done after {minutes} minutes, and it goes on: run the command again to follow it, or \
         look with: aws cloudformation describe-stack-events --stack-name {stack}"
    )]
    TooSlow { stack: SafeText, minutes: i64 },
    #[error("{error}. The work on {stack} goes on at AWS: run the command again to follow it")]
    LostSight { stack: SafeText, error: aws::Error },
    #[error("{}", failure(.stack, .what, .status, .explained.as_ref(), .left, .secret.as_ref()))]
    Failed {
        stack: SafeText,
        /// What it was not: `made`, `changed`, `removed`.
        what: &'static str,
        status: SafeText,
        explained: Option<Explained>,
        /// What is there now.
        left: Vec<SafeText>,
        secret: Option<SafeText>,
    },
}

fn lines(texts: &[SafeText]) -> String {
    let lines: Vec<_> = texts.iter().map(|text| format!("  {text}")).collect();
    lines.join("\n")
}

fn but_stored(secret: Option<&SafeText>) -> String {
    secret.map(|secret| format!(" but that the webhook is stored in the secret {secret}")).unwrap_or_default()
}

fn left_over(left: &[SafeText]) -> String {
    let left: Vec<_> = left.iter().map(SafeText::as_str).collect();
    if left.is_empty() {
        return String::new();
    }
    format!(" Left behind: {}; setup run again uses it, `spotdrill teardown` takes it away", left.join(" and "))
}

fn or_none(names: &[SafeText]) -> String {
    let names: Vec<_> = names.iter().map(SafeText::as_str).collect();
    if names.is_empty() { String::from("none") } else { names.join(", ") }
}

fn failure(
    stack: &str,
    what: &str,
    status: &str,
    explained: Option<&Explained>,
    left: &[SafeText],
    secret: Option<&SafeText>,
) -> String {
    let why = match explained {
        Some(Explained { why, next }) => format!(": {why}. {next}"),
        None => format!(". Its events say why: aws cloudformation describe-stack-events --stack-name {stack}"),
    };
    let left = if status == "UPDATE_ROLLBACK_COMPLETE" {
        String::from("It is as it was before")
    } else if left.is_empty() {
        String::from("Nothing of it is left but the stack's name")
    } else {
        let left: Vec<_> = left.iter().map(SafeText::as_str).collect();
        format!("There now: {}", left.join(", "))
    };
    let secret = match (secret, what) {
        (Some(secret), "made") => format!(", and the secret {secret}, which the next setup uses"),
        _ => String::new(),
    };
    let next = match what {
        "made" => "`spotdrill teardown` takes away what is there",
        "removed" => "`spotdrill teardown`, run again, takes away what is there",
        _ => "`spotdrill doctor` says how it stands",
    };
    format!("the stack {stack} was not {what} ({status}){why}.\n{left}{secret}. {next}")
}
