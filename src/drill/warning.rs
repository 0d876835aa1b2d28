//! How long before its end an instance is warned: the one duration that an operator chooses. Knows only how people and
//! FIS write durations.

use std::{fmt, str::FromStr, time::Duration};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// `durationBeforeInterruption`: from the start of the FIS action to the interruption, 120 s to 900 s.
///
/// The rebalance recommendation comes at its beginning, the two-minute notice two minutes before its end. Source: AWS
/// FIS actions reference, `aws:ec2:send-spot-instance-interruptions`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Warning(u32);

/// The last of a spot instance's life: from the notice to the interruption, fixed by EC2.
pub const NOTICE: SignedDuration = SignedDuration::from_secs(120);

#[derive(Debug, Error, PartialEq, Eq)]
pub enum BadWarning {
    #[error("`{0}` is not a duration: write it as 2m, 2m30s or PT5M")]
    Unreadable(String),
    #[error(
        "{0} is out of range: FIS takes 2m to 15m, because EC2 sends its notice 2 minutes before the end and FIS waits \
         at most 15 minutes"
    )]
    OutOfRange(String),
}

impl Warning {
    pub const LEAST: Self = Self(120);
    pub const MOST: Self = Self(900);

    pub fn from_seconds(seconds: u32) -> Result<Self, BadWarning> {
        let warning = Self(seconds);
        if warning < Self::LEAST || warning > Self::MOST {
            return Err(BadWarning::OutOfRange(warning.to_string()));
        }
        Ok(warning)
    }

    pub fn seconds(self) -> u32 {
        self.0
    }

    /// From the start of the action to the interruption.
    pub fn whole(self) -> SignedDuration {
        SignedDuration::from_secs(self.0.into())
    }

    /// From the start of the action to the two-minute notice; zero for the shortest warning.
    pub fn until_notice(self) -> SignedDuration {
        self.whole() - NOTICE
    }

    /// The same, longer or shorter by so many seconds, kept in range.
    #[must_use]
    pub fn shifted(self, seconds: i32) -> Self {
        Self(self.0.saturating_add_signed(seconds).clamp(Self::LEAST.0, Self::MOST.0))
    }

    /// As FIS wants it, such as `PT2M` or `PT2M30S`.
    pub fn iso(self) -> String {
        match (self.0 / 60, self.0 % 60) {
            (minutes, 0) => format!("PT{minutes}M"),
            (minutes, seconds) => format!("PT{minutes}M{seconds}S"),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 / 60, self.0 % 60) {
            (0, seconds) => write!(f, "{seconds}s"),
            (minutes, 0) => write!(f, "{minutes}m"),
            (minutes, seconds) => write!(f, "{minutes}m{seconds}s"),
        }
    }
}

/// A duration as people (`2m30s`) or ISO 8601 (`PT2M30S`) write it.
pub fn parse_duration(text: &str) -> Option<Duration> {
    let duration: SignedDuration = text.trim().parse().ok()?;
    duration.try_into().ok()
}

impl FromStr for Warning {
    type Err = BadWarning;

    fn from_str(text: &str) -> Result<Self, BadWarning> {
        let duration = parse_duration(text).ok_or_else(|| BadWarning::Unreadable(text.trim().to_owned()))?;
        if duration.subsec_nanos() != 0 {
            return Err(BadWarning::OutOfRange(format!("{} (whole seconds only)", text.trim())));
        }
        let out_of_range = |_| BadWarning::OutOfRange(text.trim().to_owned());
        Self::from_seconds(u32::try_from(duration.as_secs()).map_err(out_of_range)?)
    }
}

impl TryFrom<u32> for Warning {
    type Error = BadWarning;

    fn try_from(seconds: u32) -> Result<Self, BadWarning> {
        Self::from_seconds(seconds)
    }
}

impl From<Warning> for u32 {
    fn from(warning: Warning) -> Self {
        warning.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_and_fis_write_the_same_warning_in_their_own_way() {
        for (text, seconds, iso, shown) in [
            ("2m", 120, "PT2M", "2m"),
            ("2m30s", 150, "PT2M30S", "2m30s"),
            ("PT5M", 300, "PT5M", "5m"),
            (" 900s ", 900, "PT15M", "15m"),
            ("PT135S", 135, "PT2M15S", "2m15s"),
        ] {
            let warning: Warning = text.parse().unwrap();
            assert_eq!(
                (warning.seconds(), warning.iso().as_str(), warning.to_string().as_str()),
                (seconds, iso, shown)
            );
        }
    }

    #[test]
    fn out_of_range_says_the_range_and_why() {
        for text in ["1m", "16m", "119s", "901s", "0s", "1h", "2m0.5s"] {
            let complaint = text.parse::<Warning>().unwrap_err().to_string();
            assert!(complaint.contains("2m to 15m") && complaint.contains("notice"), "{complaint}");
        }
        for text in ["", "soon", "2", "-2m"] {
            assert!(matches!(text.parse::<Warning>(), Err(BadWarning::Unreadable(_))), "{text}");
        }
    }

    #[test]
    fn a_shifted_warning_stays_in_range() {
        assert_eq!(Warning::LEAST.shifted(-30), Warning::LEAST);
        assert_eq!(Warning::LEAST.shifted(30).seconds(), 150);
        assert_eq!(Warning::MOST.shifted(i32::MAX), Warning::MOST);
        assert_eq!(Warning::LEAST.until_notice(), SignedDuration::ZERO);
    }
}
