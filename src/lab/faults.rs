//! Faults as data: which calls go wrong, how, and how often. Knows neither the services nor how a refusal is worded.

use jiff::{SignedDuration, Timestamp};

use super::throttle::{Throttle, Throttles};

/// One fault of a scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// Signing name and operation, e.g. `ec2:DescribeInstances`; `logs:*` is every operation of a service, `*:*` every
    /// operation.
    pub operation: String,
    pub kind: FaultKind,
    /// Which matching call is the first to meet it, from 1.
    pub from: u32,
    /// How many matching calls meet it from there on; none means all.
    pub times: Option<u32>,
    /// Only calls for this page of a listing match, from 1.
    pub page: Option<u32>,
    /// How likely such a call meets it, from 0 to 1, by the lab's seed.
    pub chance: f64,
    /// Only calls so long after the lab's opening match, in lab time,
    pub after: SignedDuration,
    /// and before this.
    pub until: Option<SignedDuration>,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Too many requests.
    Throttle,
    /// No permission.
    Denied,
    /// The credentials have expired.
    Expired,
    /// An internal error of AWS's, HTTP 500.
    Error,
    /// The answer comes this much later, in lab time; it is what it was when it was asked for.
    Delay(SignedDuration),
    /// The call is carried out, and the connection is reset before its answer.
    Reset,
    /// The call is carried out; half of its answer comes, then the connection ends.
    Half,
    /// The call is carried out; half of its answer comes, then nothing until the client gives up.
    Stall,
    /// A Live Tail session ends with an exception after its first update.
    StreamException,
    /// A Live Tail session falls silent after its first update.
    StreamFreeze,
}

/// The faults of a running lab, each with the matching calls that it has seen.
#[derive(Debug)]
pub(super) struct Faults {
    list: Vec<(Fault, u32)>,
    throttles: Throttles,
    opened: Timestamp,
    /// A chance of their own, so that history stays what it is without them.
    chance: fastrand::Rng,
}

/// What a call meets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Met {
    pub(super) delay: SignedDuration,
    /// The first fault that refuses the call.
    pub(super) refusal: Option<FaultKind>,
    /// The first that breaks the connection: [`FaultKind::Reset`], [`FaultKind::Half`] or [`FaultKind::Stall`].
    pub(super) connection: Option<FaultKind>,
    /// The first that breaks a Live Tail session: [`FaultKind::StreamException`] or [`FaultKind::StreamFreeze`].
    pub(super) stream: Option<FaultKind>,
}

impl Faults {
    pub(super) fn new(faults: Vec<Fault>, throttles: Vec<Throttle>, opened: Timestamp, seed: u64) -> Self {
        Self {
            list: faults.into_iter().map(|fault| (fault, 0)).collect(),
            throttles: Throttles::new(throttles, opened),
            opened,
            chance: fastrand::Rng::with_seed(seed),
        }
    }

    /// Counts a call at that time and says what it meets. One that is over its rate meets nothing else.
    pub(super) fn meet(&mut self, service: &str, operation: &str, page: u32, now: Timestamp) -> Met {
        let mut met = Met::default();
        if !self.throttles.admit(service, operation, now) {
            met.refusal = Some(FaultKind::Throttle);
        }
        let age = now.duration_since(self.opened);
        for (fault, seen) in &mut self.list {
            if !fault.matches(service, operation, page, age) {
                continue;
            }
            *seen = seen.saturating_add(1);
            let before = seen.saturating_sub(fault.from);
            let is_out = *seen < fault.from || fault.times.is_some_and(|times| before >= times);
            if is_out || fault.chance < 1.0 && self.chance.f64() >= fault.chance {
                continue;
            }
            let first = match fault.kind {
                FaultKind::Delay(delay) => {
                    met.delay += delay;
                    continue;
                }
                FaultKind::Throttle | FaultKind::Denied | FaultKind::Expired | FaultKind::Error => &mut met.refusal,
                FaultKind::Reset | FaultKind::Half | FaultKind::Stall => &mut met.connection,
                FaultKind::StreamException | FaultKind::StreamFreeze => &mut met.stream,
            };
            first.get_or_insert(fault.kind);
        }
        met
    }
}

impl Fault {
    fn matches(&self, service: &str, operation: &str, page: u32, age: SignedDuration) -> bool {
        is_named(&self.operation, service, operation)
            && self.page.is_none_or(|wanted| wanted == page)
            && age >= self.after
            && self.until.is_none_or(|until| age < until)
    }
}

/// Whether a pattern such as `ec2:DescribeInstances`, `logs:*` or `*:*` names the operation.
pub(super) fn is_named(pattern: &str, service: &str, operation: &str) -> bool {
    let fits = |wanted: &str, name: &str| wanted == "*" || wanted == name;
    pattern.split_once(':').is_some_and(|(of, name)| fits(of, service) && fits(name, operation))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPENED: Timestamp = Timestamp::UNIX_EPOCH;

    fn fault(operation: &str, kind: FaultKind) -> Fault {
        let operation = operation.to_owned();
        Fault {
            operation,
            kind,
            from: 1,
            times: None,
            page: None,
            chance: 1.0,
            after: SignedDuration::ZERO,
            until: None,
        }
    }

    fn faults(list: &[Fault]) -> Faults {
        Faults::new(list.to_vec(), Vec::new(), OPENED, 7)
    }

    #[test]
    fn a_fault_hits_the_calls_it_names() {
        let listing = Fault { from: 2, times: Some(2), ..fault("ec2:DescribeInstances", FaultKind::Throttle) };
        let mut faults = faults(&[listing]);
        let mut hit = |operation| faults.meet("ec2", operation, 1, OPENED).refusal.is_some();
        assert!(!hit("DescribeInstances"));
        assert!(!hit("DescribeRegions"));
        assert!(hit("DescribeInstances") && hit("DescribeInstances"));
        assert!(!hit("DescribeInstances"));
    }

    #[test]
    fn a_page_and_a_whole_service() {
        let page = Fault { page: Some(2), ..fault("ec2:DescribeInstances", FaultKind::Error) };
        let mut faults = faults(&[page, fault("logs:*", FaultKind::Denied)]);
        assert_eq!(faults.meet("ec2", "DescribeInstances", 1, OPENED).refusal, None);
        assert_eq!(faults.meet("ec2", "DescribeInstances", 2, OPENED).refusal, Some(FaultKind::Error));
        assert_eq!(faults.meet("logs", "StartLiveTail", 1, OPENED).refusal, Some(FaultKind::Denied));
    }

    #[test]
    fn delays_add_up_and_the_first_of_each_sort_counts() {
        use FaultKind::{Delay, Error, Expired, Half, Reset, StreamException, StreamFreeze};
        let delay = Delay(SignedDuration::from_secs(2));
        let all = [delay, Expired, delay, Error, Half, Reset, StreamFreeze, StreamException];
        let met = faults(&all.map(|kind| fault("*:*", kind))).meet("fis", "GetExperiment", 1, OPENED);
        let (delay, refusal) = (SignedDuration::from_secs(4), Some(Expired));
        assert_eq!(met, Met { delay, refusal, connection: Some(Half), stream: Some(StreamFreeze) });
    }

    #[test]
    fn a_window_of_time_counts_only_the_calls_in_it() {
        let minute = SignedDuration::from_mins(1);
        let expired = fault("*:*", FaultKind::Expired);
        let mut faults = faults(&[Fault { from: 2, after: minute, until: Some(minute * 3), ..expired }]);
        let mut hit = |seconds| {
            let now = OPENED + SignedDuration::from_secs(seconds);
            faults.meet("sts", "GetCallerIdentity", 1, now).refusal.is_some()
        };
        assert_eq!([0, 59, 60, 61, 179, 180].map(&mut hit), [false, false, false, true, true, false]);
    }

    #[test]
    fn a_chance_hits_about_as_often_as_it_says_and_the_same_calls_with_the_same_seed() {
        let run = || {
            let mut faults = faults(&[Fault { chance: 0.25, ..fault("ec2:*", FaultKind::Reset) }]);
            let mut hit = || faults.meet("ec2", "DescribeInstances", 1, OPENED).connection.is_some();
            (0..1_000).map(|_| hit()).collect::<Vec<_>>()
        };
        let hits = run();
        let share = hits.iter().filter(|hit| **hit).count();
        assert!((200..300).contains(&share), "{share}");
        assert_eq!(run(), hits);
    }
}
