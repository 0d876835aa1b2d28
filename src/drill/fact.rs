//! Everything that can have happened, in the past tense: when, seen when, and by whose word. Knows nothing of what
//! follows from it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    fleet::{Behavior, GroupKey, InstanceState},
    health::Check,
    id::{CheckUrl, DrillId, ExperimentId, InstanceId, SpotRequestId, TemplateId},
    order::{OrderName, WatchName},
    plan::{Plan, Target},
    verdict::Verdict,
};
use crate::text::{SafeText, read_safely};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// When it happened, by the word of its source; the time it was seen where the source gives none.
    pub at: Timestamp,
    /// When we saw it.
    pub seen: Timestamp,
    pub source: Source,
    /// The instance that it happened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<InstanceId>,
    #[serde(flatten)]
    pub what: What,
}

/// Whose word it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    Fis,
    Ec2,
    /// A log line, such as the Lambda's.
    Logs,
    /// AWS's own event, as EventBridge delivered it to a log group.
    Events,
    Kube,
    Probe,
    Operator,
    Spotdrill,
}

impl Source {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fis => "fis",
            Self::Ec2 => "ec2",
            Self::Logs => "logs",
            Self::Events => "events",
            Self::Kube => "kube",
            Self::Probe => "probe",
            Self::Operator => "operator",
            Self::Spotdrill => "spotdrill",
        }
    }

    /// How near its times are to the event itself: AWS's own event is best, what we only inferred from FIS's progress
    /// is worst.
    pub fn rank(self) -> u8 {
        match self {
            Self::Events => 5,
            Self::Logs => 4,
            Self::Ec2 | Self::Kube | Self::Probe => 3,
            Self::Fis => 2,
            Self::Operator | Self::Spotdrill => 1,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub enum What {
    DrillPlanned {
        drill: DrillId,
        #[serde(flatten)]
        plan: Plan,
        #[serde(deserialize_with = "read_safely")]
        role_arn: String,
        /// How long the drill keeps watching past the expected interruption, in seconds.
        settle_seconds: u32,
    },
    /// The operator typed the words, or gave them (or `--yes`) on the command line.
    DrillConfirmed {
        #[serde(deserialize_with = "read_safely")]
        words: String,
        by: ConfirmedBy,
        /// What makes a repeated request the same one request; each order adds its own ending.
        #[serde(deserialize_with = "read_safely")]
        client_token: String,
    },
    TemplateCreated {
        template: TemplateId,
    },
    ExperimentStarted {
        experiment: ExperimentId,
        template: TemplateId,
    },
    ExperimentStateChanged {
        experiment: ExperimentId,
        status: SafeText,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<SafeText>,
    },
    ActionStateChanged {
        action: SafeText,
        status: SafeText,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<SafeText>,
        /// When it started, by FIS's word: a short action may never be seen running.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        started: Option<Timestamp>,
    },
    /// FIS named the instances that its targets resolved to.
    TargetsResolved {
        instances: Vec<InstanceId>,
    },
    /// FIS resolved instances that its preview did not show; what EC2 says of them.
    OthersChosen {
        chosen: Vec<Target>,
    },
    RebalanceRecommended {
        basis: Basis,
    },
    NoticeIssued {
        basis: Basis,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        action: Option<Behavior>,
    },
    InstanceStateChanged {
        state: InstanceState,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<SafeText>,
        /// Where the source gives no time of its own: when the state was last seen to be another.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        not_before: Option<Timestamp>,
    },
    SpotRequestChanged {
        request: SpotRequestId,
        state: SafeText,
        status: SafeText,
    },
    /// A new instance appeared in a group that is drilled; the fact's instance is the new one.
    ReplacementLaunched {
        group: GroupKey,
        az: SafeText,
        instance_type: SafeText,
    },
    LogLine {
        group: SafeText,
        message: SafeText,
    },
    StopRequested {
        by: SafeText,
    },
    StopSent {
        experiment: ExperimentId,
    },
    TemplateDeleted {
        template: TemplateId,
    },
    /// AWS refused an order, or it could not be carried out.
    OrderRefused {
        order: OrderName,
        code: SafeText,
        message: SafeText,
    },
    /// An order got no answer: it may have been carried out or not.
    OrderUnanswered {
        order: OrderName,
        message: SafeText,
    },
    /// No experiment of ours was found for the template: the order to start it never arrived.
    ExperimentNotFound {
        template: TemplateId,
    },
    /// A source cannot be read; what it showed last is stale from here on.
    SourceLost {
        watch: WatchName,
        message: SafeText,
        /// When it answered last; when it was first asked, if it never did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
        #[serde(default)]
        cause: Cause,
        /// What helps, a sentence.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        todo: Option<SafeText>,
    },
    SourceFound {
        watch: WatchName,
    },
    /// Something worth knowing that changes nothing, such as a log group that does not exist.
    Noted {
        message: SafeText,
    },
    /// The time to wait for what is missing is over.
    SettleTimeEnded,
    /// The last fact of a drill.
    DrillFinished {
        #[serde(flatten)]
        verdict: Verdict,
    },
    /// The health URLs that are asked while the drill runs.
    ChecksChosen {
        checks: Vec<Check>,
    },
    /// The first answer of a check that is well.
    ProbeAnswered {
        check: CheckUrl,
        /// Of HTTP, 200 to 299.
        status: u16,
        /// How long the answer took, in our time.
        millis: u32,
    },
    /// A check failed that was well, or was asked for the first time; told once until it recovers.
    ProbeFailed {
        check: CheckUrl,
        why: SafeText,
    },
    /// A check that failed is well again.
    ProbeRecovered {
        check: CheckUrl,
        status: u16,
        millis: u32,
    },
    /// An order could not be given yet, and is given again until it can.
    OrderWaits {
        order: OrderName,
        message: SafeText,
        /// What helps, a sentence.
        todo: SafeText,
    },
    /// Nothing was asked of AWS for so long: the machine slept, or this program was stopped or away.
    NothingLookedAt {
        from: Timestamp,
        until: Timestamp,
    },
    /// A drill that was left is watched again, by whom and from where. Nothing is started by it.
    TakenUp {
        by: SafeText,
    },
    /// No template of this drill was found: the order to create it never arrived.
    TemplateNotFound {
        drill: DrillId,
    },
    /// An order was not given, for it could not be recorded.
    OrderWithheld {
        order: OrderName,
        message: SafeText,
    },
    /// The groups are this drill's alone, in the account and on this machine. The lock's id is the drill's.
    LockTaken {
        groups: Vec<SafeText>,
        by: SafeText,
        /// The drills whose stale locks were taken over.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        over: Vec<DrillId>,
    },
    /// Nothing is started without it.
    LockNotTaken {
        message: SafeText,
        /// Something of it may be ours all the same.
        in_doubt: bool,
    },
    /// What this drill held is free for others.
    LockFreed,
    /// A drill without a journal here was rebuilt from what AWS still says of it, and is watched from here on.
    DrillAdopted {
        by: SafeText,
        /// When its experiment was made.
        begun: Timestamp,
        /// The template that was made for it, where it is still there.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        template: Option<TemplateId>,
    },
    /// The drill was over by its journal, and FIS says that its experiment goes on: it is open again.
    Reopened {
        experiment: ExperimentId,
        template: TemplateId,
        status: SafeText,
        /// When the experiment was made.
        begun: Timestamp,
    },
    /// The operator had the order to start sent again, with its first token, should FIS know of no experiment.
    ContinueRequested {
        by: SafeText,
    },
}

/// What it takes until a source can be read again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// Other credentials.
    Login,
    /// A permission.
    Permission,
    /// Time: throttling, the network, a failing service.
    #[default]
    Trouble,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfirmedBy {
    /// Typed on the confirm screen.
    Typed,
    /// `--confirm` on the command line.
    Flag,
    /// `--yes`, in the lab only.
    Yes,
}

/// What a signal was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// AWS's own event.
    Event,
    /// A line of the Lambda's log that names the event.
    LogLine,
    /// The spot request's status said so while the instance still ran.
    SpotRequestStatus,
    /// FIS says that its action started: by AWS's documentation that is when it sends the recommendation.
    ActionStarted,
    /// FIS says that its action completed: by AWS's documentation it does when the notice has been sent.
    ActionCompleted,
}

/// A fact with its place in the drill; what a journal holds a line of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// From 1, without gaps.
    pub seq: u64,
    #[serde(flatten)]
    pub fact: Fact,
}

impl Fact {
    /// Something that we did or decided ourselves, now.
    pub fn ours(now: Timestamp, what: What) -> Self {
        Self { at: now, seen: now, source: Source::Spotdrill, instance: None, what }
    }

    /// Something that the operator did, now.
    pub fn operators(now: Timestamp, what: What) -> Self {
        Self { source: Source::Operator, ..Self::ours(now, what) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fact_is_one_flat_line() {
        let entry = Entry {
            seq: 7,
            fact: Fact {
                at: "2026-11-22T12:00:00Z".parse().unwrap(),
                seen: "2026-11-22T12:00:01.5Z".parse().unwrap(),
                source: Source::Events,
                instance: Some(InstanceId::new("i-0a1")),
                what: What::InstanceStateChanged { state: InstanceState::ShuttingDown, reason: None, not_before: None },
            },
        };
        let line = serde_json::to_string(&entry).unwrap();
        assert_eq!(
            line,
            r#"{"seq":7,"at":"2026-11-22T12:00:00Z","seen":"2026-11-22T12:00:01.5Z","source":"events","instance":"i-0a1","fact":"instance-state-changed","state":"shutting-down"}"#
        );
        assert_eq!(serde_json::from_str::<Entry>(&line).unwrap(), entry);
    }
}
