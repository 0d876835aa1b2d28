//! Carries out what the setup screen asks of AWS, one work after another, and gives back a preview that nobody confirmed. Knows
//! the ways of `setup`, `prove` and `teardown`, and nothing of what is shown.

use std::{fmt, sync::Arc, time::Duration};

use tokio::sync::{Mutex, MutexGuard};

use crate::{
    app::setup::{Done, Seen, Told, Work},
    aws::Aws,
    doctor::Finding,
    drill::fleet::World,
    run::{
        crew::spawn,
        prove,
        setup::{self, Looked, NotSetUp},
        start::Ways,
        teardown,
    },
    stack::{change::Preview, wanted::Wanted, webhook::Webhook},
    text::SafeText,
};

/// What the command line lends the screen of this machine.
#[derive(Clone)]
pub struct Lent {
    /// The stack's name.
    pub stack: String,
    /// Adds an account to the settings; says so, unless it was there already.
    pub allow: fn(&str) -> Result<Option<String>, String>,
    /// What is found of this machine now.
    pub machine: Arc<dyn Fn() -> Vec<Finding> + Send + Sync>,
}

impl fmt::Debug for Lent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lent").field("stack", &self.stack).finish_non_exhaustive()
    }
}

/// How long the program waits at its end for a preview to be given back, in our time.
const PATIENCE: Duration = Duration::from_secs(10);

/// A preview that AWS holds, and the number of the work that asked for it.
type Standing = Option<(u32, Box<Preview>)>;

/// Who is told, by the number of the work.
type Report = Arc<dyn Fn(u32, Told) + Send + Sync>;

#[derive(Clone)]
pub(super) struct Works {
    aws: Aws,
    ways: Ways,
    lent: Lent,
    report: Report,
    /// Held while a work changes something: two at once would pull the stack from under each other.
    standing: Arc<Mutex<Standing>>,
}

impl Works {
    pub(super) fn new(aws: Aws, ways: Ways, lent: Lent, report: impl Fn(u32, Told) + Send + Sync + 'static) -> Self {
        Self { aws, ways, lent, report: Arc::new(report), standing: Arc::default() }
    }

    pub(super) fn begin(&self, work: Work, attempt: u32) {
        let works = self.clone();
        spawn(async move {
            if let Some(told) = works.carry_out(work, attempt).await {
                (works.report)(attempt, told);
            }
        });
    }

    async fn carry_out(&self, work: Work, attempt: u32) -> Option<Told> {
        let tell = |told: setup::Told| {
            let told = match told {
                setup::Told::Doing(what) => Told::Doing(what),
                setup::Told::Progress(progress) => Told::Progress(progress),
                setup::Told::Stale(why) => Told::Stale(why),
                setup::Told::Begins => return,
            };
            (self.report)(attempt, told);
        };
        let told = match work {
            Work::Glance => return Some(Told::Glanced(self.glance().await)),
            Work::Prove => self.prove(attempt).await,
            Work::Preview(wanted) => self.preview(&wanted, attempt, &tell).await,
            Work::Decline => {
                let mut standing = self.standing.lock().await;
                let is_left = standing.as_ref().is_some_and(|(of, _)| *of < attempt);
                return if is_left { self.decline(&mut standing).await.err().map(Told::NotDeclined) } else { None };
            }
            Work::RemoveLeftover(stack) => {
                let _turn = self.standing.lock().await;
                setup::remove_leftover(&self.aws, &stack, &tell).await.map(|()| Told::LeftoverGone)
            }
            Work::SetUp { preview, webhook } => self.set_up(&preview, webhook.as_ref(), &tell).await,
            Work::LookForTeardown { keep_logs } => {
                let looked = teardown::look(&self.aws, &self.ways, &self.lent.stack, keep_logs, &tell).await;
                looked.map(|removal| Told::Looked(Box::new(removal)))
            }
            Work::TearDown(removal) => {
                let _turn = self.standing.lock().await;
                teardown::carry_out(&self.aws, &self.ways, &removal, &tell).await.map(Told::TornDown)
            }
        };
        Some(told.unwrap_or_else(|why| Told::Failed(lines(&why.to_string()))))
    }

    /// After whatever is under way: what is seen is to be how it stays.
    async fn glance(&self) -> Seen {
        let _turn = self.standing.lock().await;
        match self.aws.stack(&self.lent.stack).await {
            Ok(Some(stack)) => Seen::There(Box::new(stack)),
            Ok(None) => Seen::NotThere,
            Err(error) => Seen::Unknown(SafeText::new(error.to_string())),
        }
    }

    async fn prove(&self, attempt: u32) -> Result<Told, NotSetUp> {
        let Some(names) = prove::names(&self.aws, &self.lent.stack).await? else {
            return Ok(Told::Failed(lines(&prove::no_stack(&self.aws, &self.lent.stack))));
        };
        let tell = |proof: &_| (self.report)(attempt, Told::Proof(Box::new(Clone::clone(proof))));
        let proof = prove::prove(&self.aws, &names, tell).await?;
        Ok(Told::Proof(Box::new(proof)))
    }

    /// The last preview goes first: a stack has the change set of one at a time.
    async fn preview(&self, wanted: &Wanted, attempt: u32, tell: setup::Tell<'_>) -> Result<Told, NotSetUp> {
        let mut standing = self.standing.lock().await;
        if let Err(why) = self.decline(&mut standing).await {
            (self.report)(attempt, Told::NotDeclined(why));
        }
        Ok(match setup::look(&self.aws, wanted, tell).await? {
            Looked::Preview(preview) => {
                *standing = Some((attempt, preview.clone()));
                Told::Previewed(preview)
            }
            Looked::Leftover { stack, parts } => Told::Leftover(Box::new(stack), parts),
            Looked::WebhookMissing { secret } => Told::WebhookMissing(SafeText::new(secret)),
        })
    }

    async fn set_up(
        &self,
        preview: &Preview,
        webhook: Option<&Webhook>,
        tell: setup::Tell<'_>,
    ) -> Result<Told, NotSetUp> {
        let mut standing = self.standing.lock().await;
        *standing = None; // it is confirmed: nothing is given back any more
        let setup::SetUp { names, outputs, took } = setup::carry_out(&self.aws, preview, webhook, tell).await?;
        let mut notes = Vec::new();
        if preview.world == World::Aws {
            self.aws.allow(preview.account.clone());
            match (self.lent.allow)(&preview.account) {
                Ok(said) => notes.extend(said.map(SafeText::new)),
                Err(why) => notes.push(SafeText::new(why)),
            }
        }
        Ok(Told::SetUp(Box::new(Done { names, outputs, took, notes })))
    }

    async fn decline(&self, standing: &mut MutexGuard<'_, Standing>) -> Result<(), SafeText> {
        let Some((_, preview)) = standing.take() else { return Ok(()) };
        setup::decline(&self.aws, &preview).await.map_err(|error| {
            let stack = &preview.names.stack;
            SafeText::new(format!(
                "the preview of {stack} could not be given back: {error}. Look with: aws cloudformation \
                 describe-stacks --stack-name {stack}"
            ))
        })
    }

    /// The end of the program: a preview that nobody confirmed is given back, one that is being made as well.
    pub(super) async fn end(&self) -> Result<(), SafeText> {
        let giving_back = async {
            let mut standing = self.standing.lock().await;
            self.decline(&mut standing).await
        };
        tokio::time::timeout(PATIENCE, giving_back).await.unwrap_or_else(|_| {
            let stack = &self.lent.stack;
            Err(SafeText::new(format!(
                "AWS did not answer, so a preview of {stack} may be left. Look with: aws cloudformation describe-stacks \
                 --stack-name {stack}"
            )))
        })
    }
}

/// A message of several lines, each made safe.
fn lines(text: &str) -> Vec<SafeText> {
    text.lines().map(SafeText::line).collect()
}
