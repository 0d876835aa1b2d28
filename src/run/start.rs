//! The start of a drill: its name, its journal, the last look before it, and its conductor. Knows what must be on disk
//! before anything is asked of AWS.

use std::path::PathBuf;

use jiff::Timestamp;
use thiserror::Error;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{
    conductor::{Conductor, Told},
    crew::{Crew, News, WAITING, spawn},
};
use crate::{
    aws::{self, Aws, Identity, LogGroups},
    drill::{
        conduct::Drill,
        fact::{ConfirmedBy, Fact, What},
        fleet::partition,
        guard::{self, Refusals},
        id::DrillId,
        plan::{Plan, Selection, Wish},
        verdict::Verdict,
    },
    journal::{self, Header, Journal, SCHEMA, Who},
    text::SafeText,
};

/// How drills are run here.
#[derive(Clone, Debug)]
pub struct Ways {
    /// The folder of journals.
    pub journals: PathBuf,
    pub groups: LogGroups,
    /// A role's name or ARN.
    pub fis_role: String,
    pub settle_seconds: u32,
    pub user: SafeText,
    pub host: SafeText,
}

/// A drill that was started.
#[derive(Debug)]
pub struct Running {
    pub id: DrillId,
    pub journal: PathBuf,
    /// Takes facts of the operator's, such as a request to stop.
    pub news: mpsc::Sender<News>,
    pub told: mpsc::UnboundedReceiver<Told>,
    pub conductor: JoinHandle<Verdict>,
}

#[derive(Debug, Error)]
pub enum NotStarted {
    #[error("the fleet changed since the preview, so nothing was started:\n{0}")]
    Changed(Refusals),
    #[error("the account is {now}, but the plan was made for {planned}: nothing was started")]
    OtherAccount { now: SafeText, planned: SafeText },
    #[error(transparent)]
    Aws(#[from] aws::Error),
    #[error(transparent)]
    Journal(#[from] journal::Error),
}

/// Starts a confirmed plan, unless what it was made from has changed meanwhile.
pub async fn start(aws: &Aws, ways: &Ways, plan: Plan, words: String, by: ConfirmedBy) -> Result<Running, NotStarted> {
    let identity = aws.identity().await?;
    if identity.account != plan.account {
        return Err(NotStarted::OtherAccount { now: identity.account, planned: plan.account });
    }
    unchanged(aws, &plan).await?;
    let now = aws.clock.now();
    let id = new_id(now);
    let journal = Journal::create(&ways.journals, &header(aws, ways, &plan, &id, identity, now))?;
    let path = journal.path().to_owned();
    let (news_in, news) = mpsc::channel(WAITING);
    let (listener, told) = mpsc::unbounded_channel();
    let mut conductor = Conductor {
        drill: Drill::default(),
        clock: aws.clock.clone(),
        journal,
        crew: Crew::new(aws.clone(), ways.groups.clone(), news_in.clone()),
        news,
        listener,
        seq: 0,
        journal_lost: false,
    };
    let role_arn = role_arn(&ways.fis_role, &plan);
    let settle_seconds = ways.settle_seconds;
    conductor.record(Fact::ours(now, What::DrillPlanned { drill: id.clone(), plan, role_arn, settle_seconds }));
    let client_token = format!("spotdrill-{id}");
    conductor.record(Fact::operators(now, What::DrillConfirmed { words, by, client_token }));
    let conductor = spawn(conductor.conduct());
    Ok(Running { id, journal: path, news: news_in, told, conductor })
}

/// What was confirmed must still be there, running and spot, at the moment of the start.
async fn unchanged(aws: &Aws, plan: &Plan) -> Result<(), NotStarted> {
    let fleet = aws.fleet(|_| ()).await?;
    let same = Wish {
        group: None,
        selection: Selection::Exact(plan.targets.iter().map(|target| target.id.clone()).collect()),
        warning: plan.warning,
        seed: 0,
    };
    guard::plan(&fleet, &same).map(|_| ()).map_err(NotStarted::Changed)
}

fn header(aws: &Aws, ways: &Ways, plan: &Plan, id: &DrillId, identity: Identity, begun: Timestamp) -> Header {
    Header {
        schema: SCHEMA,
        drill: id.clone(),
        world: plan.world,
        rate: aws.clock.rate(),
        account: plan.account.clone(),
        region: plan.region.clone(),
        who: Who { arn: identity.arn, user: ways.user.clone(), host: ways.host.clone() },
        begun,
        version: SafeText::new(env!("CARGO_PKG_VERSION")),
    }
}

/// The time, and four letters so that two drills of one second differ.
fn new_id(now: Timestamp) -> DrillId {
    let letters: String = (0..4).map(|_| fastrand::lowercase()).collect();
    DrillId::new(format!("{}-{letters}", now.strftime("%Y%m%d-%H%M%S")))
}

/// The ARN of a role that is given by its name.
pub fn role_arn(role: &str, plan: &Plan) -> String {
    if role.starts_with("arn:") {
        return role.to_owned();
    }
    format!("arn:{}:iam::{}:role/{role}", partition(&plan.region), plan.account)
}
