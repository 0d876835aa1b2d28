//! The names by which AWS and we tell things apart. Knows nothing of what they name.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::text::SafeText;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(SafeText);

        impl $name {
            pub fn new(id: impl AsRef<str>) -> Self {
                Self(SafeText::new(id))
            }

            pub fn as_str(&self) -> &str {
                self.0.as_str()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )+};
}

ids! {
    /// An EC2 instance, `i-…`.
    InstanceId,
    /// A spot instance request, `sir-…`.
    SpotRequestId,
    /// An FIS experiment template, `EXT…`.
    TemplateId,
    /// An FIS experiment, `EXP…`.
    ExperimentId,
    /// A health check: its URL without user, password and query, which may be secret.
    CheckUrl,
}

/// One drill of ours, such as `20261122-120501-k3f9`. Sorts by the time it was planned.
///
/// It names a file and stands in commands that are printed to be run, while anyone who may tag an experiment can write
/// one: what could mean more than a name is none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct DrillId(SafeText);

/// The most characters that a drill's name may have.
const LONGEST: usize = 64;

impl DrillId {
    /// None for what is no drill's name.
    pub fn new(id: impl AsRef<str>) -> Option<Self> {
        let id = id.as_ref();
        let is_plain = |character: char| character.is_ascii_alphanumeric() || character == '-';
        let is_name = (1..=LONGEST).contains(&id.len()) && !id.starts_with('-') && id.chars().all(is_plain);
        is_name.then(|| Self(SafeText::new(id)))
    }

    /// That of a drill which is planned now: the time, and four letters so that two drills of one second differ.
    pub fn anew(now: Timestamp) -> Self {
        let letters: String = (0..4).map(|_| fastrand::lowercase()).collect();
        Self(SafeText::new(format!("{}-{letters}", now.strftime("%Y%m%d-%H%M%S"))))
    }

    /// What stands for the name of a drill that has none yet.
    pub fn to_come() -> Self {
        Self(SafeText::new("(named at the start)"))
    }

    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for DrillId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for DrillId {
    type Err = String;

    fn from_str(id: &str) -> Result<Self, Self::Err> {
        Self::new(id).ok_or_else(|| String::from("no drill is called so: letters, digits and dashes, at most 64"))
    }
}

impl TryFrom<String> for DrillId {
    type Error = String;

    fn try_from(id: String) -> Result<Self, Self::Error> {
        id.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_mean_more_than_a_name_is_no_drill() {
        let anew = DrillId::anew(Timestamp::UNIX_EPOCH);
        assert_eq!(DrillId::new(anew.as_str()), Some(anew));
        let long = "a".repeat(LONGEST + 1);
        for id in ["", "/tmp/x", "../x", "a b", "a;b", "$(x)", "`x`", "--lab", "a.jsonl", "a\n", "\u{e9}", &long] {
            assert!(id.parse::<DrillId>().is_err(), "{id:?}");
            assert!(serde_json::from_str::<DrillId>(&serde_json::to_string(id).unwrap()).is_err(), "{id:?}");
        }
    }
}
