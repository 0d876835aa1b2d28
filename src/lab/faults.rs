//! Faults as data: which calls go wrong, how, and how often. Knows neither the services nor how a refusal is worded.

use jiff::SignedDuration;

/// One fault of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Signing name and operation, e.g. `ec2:DescribeInstances`; `logs:*` is every operation of a service.
    pub operation: String,
    pub kind: FaultKind,
    /// Which matching call is the first to meet it, from 1.
    pub from: u32,
    /// How many matching calls meet it from there on; none means all.
    pub times: Option<u32>,
    /// Only calls for this page of a listing match, from 1.
    pub page: Option<u32>,
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
}

/// The faults of a running lab, each with the matching calls that it has seen.
#[derive(Debug)]
pub(super) struct Faults(Vec<(Fault, u32)>);

/// What a call meets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Met {
    pub(super) delay: SignedDuration,
    /// The first fault that refuses; never [`FaultKind::Delay`].
    pub(super) refusal: Option<FaultKind>,
}

impl Faults {
    pub(super) fn new(faults: Vec<Fault>) -> Self {
        Self(faults.into_iter().map(|fault| (fault, 0)).collect())
    }

    /// Counts a call and says what it meets.
    pub(super) fn meet(&mut self, service: &str, operation: &str, page: u32) -> Met {
        let mut met = Met::default();
        for (fault, seen) in &mut self.0 {
            if !fault.matches(service, operation, page) {
                continue;
            }
            *seen = seen.saturating_add(1);
            let before = seen.saturating_sub(fault.from);
            if *seen < fault.from || fault.times.is_some_and(|times| before >= times) {
                continue;
            }
            match fault.kind {
                FaultKind::Delay(delay) => met.delay += delay,
                refusal => met.refusal = met.refusal.or(Some(refusal)),
            }
        }
        met
    }
}

impl Fault {
    fn matches(&self, service: &str, operation: &str, page: u32) -> bool {
        self.operation.split_once(':').is_some_and(|(of, name)| of == service && (name == "*" || name == operation))
            && self.page.is_none_or(|wanted| wanted == page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(operation: &str, kind: FaultKind) -> Fault {
        Fault { operation: operation.into(), kind, from: 1, times: None, page: None }
    }

    #[test]
    fn a_fault_hits_the_calls_it_names() {
        let listing = Fault { from: 2, times: Some(2), ..fault("ec2:DescribeInstances", FaultKind::Throttle) };
        let mut faults = Faults::new(vec![listing]);
        let mut hit = |operation| faults.meet("ec2", operation, 1).refusal.is_some();
        assert!(!hit("DescribeInstances"));
        assert!(!hit("DescribeRegions"));
        assert!(hit("DescribeInstances") && hit("DescribeInstances"));
        assert!(!hit("DescribeInstances"));
    }

    #[test]
    fn a_page_and_a_whole_service() {
        let page = Fault { page: Some(2), ..fault("ec2:DescribeInstances", FaultKind::Error) };
        let mut faults = Faults::new(vec![page, fault("logs:*", FaultKind::Denied)]);
        assert_eq!(faults.meet("ec2", "DescribeInstances", 1).refusal, None);
        assert_eq!(faults.meet("ec2", "DescribeInstances", 2).refusal, Some(FaultKind::Error));
        assert_eq!(faults.meet("logs", "StartLiveTail", 1).refusal, Some(FaultKind::Denied));
    }

    #[test]
    fn delays_add_up_and_the_first_refusal_counts() {
        let delay = FaultKind::Delay(SignedDuration::from_secs(2));
        let all = [delay, FaultKind::Expired, delay, FaultKind::Error].map(|kind| fault("fis:*", kind));
        let met = Faults::new(all.to_vec()).meet("fis", "GetExperiment", 1);
        assert_eq!(met, Met { delay: SignedDuration::from_secs(4), refusal: Some(FaultKind::Expired) });
    }
}
