//! Parameters of the account, as Parameter Store keeps them: a log of versions each. Knows not who writes.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use super::World;

/// How many versions of a parameter are kept. Source: Systems Manager API, ParameterMaxVersionLimitExceeded.
const KEPT: usize = 100;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::lab) struct Parameter {
    pub(in crate::lab) tags: BTreeMap<String, String>,
    /// Of the first that is kept.
    first: u64,
    versions: VecDeque<Version>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::lab) struct Version {
    pub(in crate::lab) value: String,
    /// `String` or `StringList`.
    pub(in crate::lab) kind: String,
    pub(in crate::lab) written: Timestamp,
}

impl Parameter {
    /// Appends a version; its number.
    pub(in crate::lab) fn write(&mut self, version: Version) -> u64 {
        self.versions.push_back(version);
        self.first = self.first.max(1);
        if self.versions.len() > KEPT {
            self.versions.pop_front();
            self.first += 1;
        }
        self.newest()
    }

    pub(in crate::lab) fn newest(&self) -> u64 {
        self.first + self.versions.len() as u64 - 1
    }

    pub(in crate::lab) fn version(&self, number: u64) -> Option<&Version> {
        self.versions.get(usize::try_from(number.checked_sub(self.first)?).ok()?)
    }
}

impl World {
    /// The ARN of a parameter: AWS's public ones are no account's.
    pub(in crate::lab) fn parameter_arn(&self, name: &str) -> String {
        let slash = if name.starts_with('/') { "" } else { "/" };
        if name.starts_with("/aws/") {
            return format!("arn:aws:ssm:{}::parameter{name}", self.scenario.region);
        }
        self.arn("ssm", &format!("parameter{slash}{name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_hundred_versions_are_kept() {
        let mut parameter = Parameter::default();
        let version = |value: u64| Version {
            value: value.to_string(),
            kind: "String".to_owned(),
            written: Timestamp::UNIX_EPOCH,
        };
        for number in 1..=101 {
            assert_eq!(parameter.write(version(number)), number);
        }
        assert_eq!((parameter.version(1), parameter.version(102)), (None, None));
        assert_eq!(parameter.version(2), Some(&version(2)));
        assert_eq!(parameter.version(101), Some(&version(101)));
    }
}
