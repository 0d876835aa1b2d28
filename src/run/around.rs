//! The look around before a drill: everything but the instances that its guards weigh. Knows whom to ask, and weighs nothing.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{
    records::{self, Records},
    start::{Ways, left_open, role_arn},
};
use crate::{
    aws::{Aws, Error, experiments::SpotExperiment, lock::Read},
    drill::{
        existing::Existing,
        fleet::{GroupKey, partition},
        guard::circumstances::{Alarm, Circumstances, Other, Told},
        health::Health,
        lock::{LEEWAY, State},
        warning::Warning,
    },
    journal::Kept,
    text::SafeText,
};

/// IAM is asked for so long in our time.
const ROLE_WAITS: Duration = Duration::from_secs(5);

/// Asks for all of it at once; what is not answered is told so, and stands against the start.
///
/// A template that is started as it is brings its own alarms.
pub async fn look_around(aws: &Aws, ways: &Ways, as_is: Option<&Existing>) -> Circumstances {
    let (lever, alarm, role, credentials, (others, in_doubt), asked) = tokio::join!(
        Box::pin(aws.safety_lever_engaged()),
        Box::pin(stop_alarm(aws, ways, as_is)),
        Box::pin(missing_role(aws, ways, as_is)),
        aws.credentials_expire(),
        Box::pin(others(aws, ways)),
        Box::pin(ways.prober.look_once(&aws.clock)),
    );
    let mut health = Health::of(&ways.prober.checks());
    for fact in &asked {
        health.record(fact);
    }
    Circumstances {
        now: aws.clock.now(),
        accounts: aws.accounts(),
        lever: told(lever),
        alarm,
        role,
        credentials: told(credentials),
        skew: aws.clock.skew().map(|skew| skew.by).ok_or_else(|| SafeText::new("AWS has answered nothing yet")),
        others,
        in_doubt,
        never_asked: health.never_asked(),
        unsteady: health.unsteady(),
        cool_down: ways.cool_down,
    }
}

fn told<T>(answer: Result<T, Error>) -> Told<T> {
    answer.map_err(|error| SafeText::new(error.to_string()))
}

/// The alarm that is to stop the experiment: the template's own where one is started as it is; else the one that is named on
/// the command line or in the settings; else the stack's.
async fn stop_alarm(aws: &Aws, ways: &Ways, as_is: Option<&Existing>) -> Told<Option<Alarm>> {
    let arns = match (as_is, &ways.stop_alarm) {
        (Some(existing), _) => existing.alarms.clone(),
        (None, Some(named)) => vec![alarm_arn(aws, named).await?],
        (None, None) => told(aws.stack(&ways.stack).await)?.and_then(|stack| stack.stop_alarm()).into_iter().collect(),
    };
    let mut alarms = Vec::new();
    for arn in arns {
        let name = SafeText::new(arn.split_once(":alarm:").map_or(arn.as_str(), |(_, name)| name));
        let state = told(aws.alarm(&name).await).map(|alarm| alarm.map(|alarm| alarm.state));
        alarms.push(Alarm { arn, name, state });
    }
    // of several, one that is not OK is the one that stands against the start
    let at = alarms.iter().position(|alarm| !alarm.is_ok()).unwrap_or_default();
    Ok((!alarms.is_empty()).then(|| alarms.swap_remove(at)))
}

/// The role that FIS is to interrupt with, if it is not there. IAM cannot be reached from every network, and a role of another
/// account cannot be looked up: that is no answer.
async fn missing_role(aws: &Aws, ways: &Ways, as_is: Option<&Existing>) -> Told<Option<SafeText>> {
    let account = told(aws.account().await)?;
    let arn = match as_is {
        Some(existing) => existing.role_arn.to_string(),
        None => role_arn(&ways.fis_role, &aws.region, &account),
    };
    let name = arn.split_once(&format!(":{account}:role/")).map(|(_, path)| path.rsplit('/').next().unwrap_or(path));
    let Some(name) = name else { return Err(SafeText::new(format!("{arn} is of another account"))) };
    let there = tokio::select! {
        there = aws.role_trust(name) => told(there)?.is_some(),
        () = aws.clock.sleep(ROLE_WAITS.mul_f64(aws.clock.rate())) => return Err(SafeText::new("IAM did not answer")),
    };
    Ok((!there).then(|| SafeText::new(arn)))
}

/// The ARN of an alarm that is given by its name.
async fn alarm_arn(aws: &Aws, named: &str) -> Told<SafeText> {
    if named.starts_with("arn:") {
        return Ok(SafeText::new(named));
    }
    let account = told(aws.account().await)?;
    let region = &aws.region;
    Ok(SafeText::new(format!("arn:{}:cloudwatch:{region}:{account}:alarm:{named}", partition(region))))
}

/// What goes on or went on lately, by FIS and by the journals of this machine; and the journals that are in doubt.
async fn others(aws: &Aws, ways: &Ways) -> (Told<Vec<Other>>, Vec<SafeText>) {
    match records_of(aws, ways).await {
        Ok(Records { kept, in_doubt }) => (by_fis_and(aws, ways, &kept).await, in_doubt),
        Err(why) => (Err(why), Vec::new()),
    }
}

/// A lab in a program that ended is gone, and another with its seed has the same instances: its journals say nothing of this
/// one.
async fn records_of(aws: &Aws, ways: &Ways) -> Told<Records> {
    if ways.lab_inside {
        return Ok(Records::default());
    }
    let account = told(aws.account().await)?;
    records::of(&ways.journals, &account, Some(&aws.region), ways.endpoint.as_ref())
        .map_err(|error| SafeText::new(error.to_string()))
}

async fn by_fis_and(aws: &Aws, ways: &Ways, here: &[Kept]) -> Told<Vec<Other>> {
    let longest = Warning::MOST.whole() + SignedDuration::from_secs(ways.settle_seconds.into()) + LEEWAY;
    let since = aws.clock.now().saturating_sub(ways.cool_down.saturating_add(longest)).unwrap_or(Timestamp::MIN);
    let by_fis = told(aws.spot_experiments(since).await)?;
    let locks = match by_fis.as_slice() {
        [] => Vec::new(),
        _ => Box::pin(aws.locks()).await.unwrap_or_default(), // without them FIS's word has to do
    };
    let locks: Vec<_> = locks.into_iter().flatten().collect();
    let mut others = Vec::new();
    for experiment in by_fis {
        let over = if experiment.goes_on { None } else { Some(over(aws, &locks, &experiment).await?) };
        others.push(Other {
            by: experiment.drill.unwrap_or_else(|| SafeText::new(format!("experiment {}", experiment.id))),
            groups: experiment.groups,
            instances: experiment.instances,
            over,
        });
    }
    for other in here.iter().filter_map(by_journal) {
        // the journal knows best: FIS calls a drill over when its notice is sent
        others.retain(|it| it.by != other.by);
        others.push(other);
    }
    name_holders(&locks, &mut others);
    Ok(others)
}

/// Since when a drill is over that FIS is done with: by its lock, which was freed when its targets were gone and replaced; else
/// by FIS, which is done when the notice is sent.
async fn over(aws: &Aws, locks: &[Read], experiment: &SpotExperiment) -> Told<Timestamp> {
    let is_its = |read: &&Read| experiment.drill.as_deref() == Some(read.entry.lock.drill.as_str());
    let freed = locks.iter().filter(is_its).filter(|read| read.entry.state == State::Free).map(|read| read.since).max();
    match freed {
        Some(freed) => Ok(freed),
        None => Ok(told(aws.ended(&experiment.id).await)?.unwrap_or(experiment.began)),
    }
}

/// Says of drills that go on by whom, from where and since when, as far as their locks tell.
fn name_holders(locks: &[Read], others: &mut [Other]) {
    for other in others.iter_mut().filter(|other| other.over.is_none()) {
        let read = locks.iter().find(|read| read.entry.lock.drill.as_str() == other.by.as_str());
        if let Some(lock) = read.filter(|read| read.entry.state == State::Held).map(|read| &read.entry.lock) {
            let since = lock.at.strftime("%H:%M:%SZ");
            other.by =
                SafeText::new(format!("{} of {}@{} ({}, since {since})", other.by, lock.user, lock.host, lock.arn));
        }
    }
}

fn by_journal(Kept { header, drill, .. }: &Kept) -> Option<Other> {
    let plan = &drill.planned.as_ref()?.plan;
    let gone = drill.timeline.tracks.iter().filter_map(|track| Some(track.gone.as_ref()?.at)).max();
    let over = if left_open(drill.phase) { None } else { Some(gone.max(drill.ended)?) };
    Some(Other {
        by: SafeText::new(header.drill.as_str()),
        groups: plan.groups_now().into_iter().map(GroupKey::qualified).map(SafeText::new).collect(),
        instances: drill.timeline.tracks.iter().map(|track| track.target.id.clone()).collect(),
        over,
    })
}
