//! Throttling as AWS does it: a bucket of tokens for each API, refilled in lab time. Knows not how a refusal is worded.

use std::collections::HashMap;

use jiff::Timestamp;

use super::faults::is_named;

/// How often an API may be called.
#[derive(Clone, Debug, PartialEq)]
pub struct Throttle {
    /// Signing name and operation, e.g. `ec2:DescribeInstances`; `ec2:*` gives each operation of EC2 a bucket of its own.
    pub operation: String,
    /// Tokens that come back in a second of lab time; each call takes one.
    pub rate: f64,
    /// Tokens that a full bucket holds, which it does at first.
    pub burst: u32,
}

/// The buckets of a running lab.
#[derive(Debug)]
pub(super) struct Throttles {
    rules: Vec<Throttle>,
    opened: Timestamp,
    /// By operation: the tokens that were left, and when.
    buckets: HashMap<(String, String), (f64, Timestamp)>,
}

impl Throttles {
    pub(super) fn new(rules: Vec<Throttle>, opened: Timestamp) -> Self {
        Self { rules, opened, buckets: HashMap::new() }
    }

    /// Takes a token for a call at that time; false if there is none. The first rule that names the operation counts.
    pub(super) fn admit(&mut self, service: &str, operation: &str, now: Timestamp) -> bool {
        let Some(rule) = self.rules.iter().find(|rule| is_named(&rule.operation, service, operation)) else {
            return true;
        };
        let full = f64::from(rule.burst);
        let name = (service.to_owned(), operation.to_owned());
        let (tokens, since) = self.buckets.entry(name).or_insert((full, self.opened));
        *tokens = full.min(*tokens + rule.rate * now.duration_since(*since).as_secs_f64());
        *since = now;
        let admitted = *tokens >= 1.0;
        if admitted {
            *tokens -= 1.0;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn throttles(rules: &[(&str, f64, u32)]) -> Throttles {
        let rule = |&(operation, rate, burst): &(&str, f64, u32)| Throttle { operation: operation.into(), rate, burst };
        Throttles::new(rules.iter().map(rule).collect(), Timestamp::UNIX_EPOCH)
    }

    fn at(seconds: f64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_secs_f64(seconds)
    }

    #[test]
    fn a_burst_is_let_through_and_tokens_come_back_at_the_rate() {
        let mut throttles = throttles(&[("ec2:DescribeInstances", 2.0, 3)]);
        let mut admit = |seconds| throttles.admit("ec2", "DescribeInstances", at(seconds));
        assert_eq!([0.0, 0.0, 0.0, 0.0].map(&mut admit), [true, true, true, false]);
        assert_eq!([0.4, 0.5, 0.5].map(&mut admit), [false, true, false]);
        assert_eq!([900.0; 4].map(&mut admit), [true, true, true, false], "a bucket overflows");
    }

    #[test]
    fn each_api_has_a_bucket_of_its_own_and_the_first_rule_counts() {
        let mut throttles = throttles(&[("ec2:RunInstances", 1.0, 2), ("ec2:*", 1.0, 1)]);
        let mut admit = |operation| throttles.admit("ec2", operation, at(0.0));
        assert!(admit("DescribeTags") && !admit("DescribeTags"));
        assert!(admit("DescribeRegions"));
        assert!(admit("RunInstances") && admit("RunInstances") && !admit("RunInstances"));
        assert!(throttles.admit("fis", "GetExperiment", at(0.0)));
    }
}
