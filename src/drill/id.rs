//! The names by which AWS and we tell things apart. Knows nothing of what they name.

use std::fmt;

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
    /// One drill of ours, such as `20261122-120501-k3f9`. Sorts by the time it was planned.
    DrillId,
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
