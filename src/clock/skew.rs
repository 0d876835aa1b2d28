//! How far a server's clock is from the machine's, narrowed down from `Date` headers. Knows only what it is told.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

/// How far AWS's clock is from the machine's, and how that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Skew {
    /// What to add to the machine's clock to have AWS's: positive where AWS is ahead. Zero while the machine may be right.
    pub by: SignedDuration,
    pub how: How,
}

/// How a skew is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// By the `Date` headers of so many answers; the true value is within that much of it.
    DateHeaders { answers: u32, within: SignedDuration },
    /// It is none: the lab has a clock of its own, whatever the machine's says.
    OwnClock,
}

impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by, how } = self;
        match how {
            How::DateHeaders { answers, within } => {
                let (by, within) = (by.as_secs_f64(), within.as_secs_f64());
                write!(f, "{by:+.1} s, by the Date headers of {answers} answers, to {within:.1} s")
            }
            How::OwnClock => f.write_str("none: the lab has a clock of its own"),
        }
    }
}

/// The range in which the skew must lie, given every answer heard so far.
///
/// A `Date` header is cut to whole seconds, so one answer bounds the skew to a second plus the time the request took;
/// several answers together bound it better.
#[derive(Debug, Default)]
pub(super) struct Bounds {
    range: Option<(SignedDuration, SignedDuration)>,
    answers: u32,
}

impl Bounds {
    /// What to add to the machine's clock: zero while the machine may be right.
    pub(super) fn estimate(&self) -> SignedDuration {
        match self.range {
            Some((least, most)) if least > SignedDuration::ZERO || most < SignedDuration::ZERO => (least + most) / 2,
            _ => SignedDuration::ZERO,
        }
    }

    pub(super) fn measured(&self) -> Option<How> {
        let (least, most) = self.range?;
        Some(How::DateHeaders { answers: self.answers, within: most.saturating_sub(least) / 2 })
    }

    pub(super) fn hear(&mut self, date: Timestamp, sent: Timestamp, answered: Timestamp) {
        let heard =
            (date.duration_since(answered), date.duration_since(sent).saturating_add(SignedDuration::from_secs(1)));
        if heard.0 > heard.1 {
            return; // the machine's clock was set back while the request was under way
        }
        match self.range {
            Some((least, most)) if heard.0 <= most && least <= heard.1 => {
                self.range = Some((least.max(heard.0), most.min(heard.1)));
                self.answers = self.answers.saturating_add(1);
            }
            // the first answer, or one of the clocks was set since
            _ => *self = Self { range: Some(heard), answers: 1 },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_millisecond(1_800_000_000_000 + milliseconds).unwrap()
    }

    #[test]
    fn a_machine_that_may_be_right_is_left_alone() {
        let mut skew = Bounds::default();
        assert_eq!(skew.estimate(), SignedDuration::ZERO);
        skew.hear(at(0), at(700), at(800));
        assert_eq!(skew.estimate(), SignedDuration::ZERO);
    }

    #[test]
    fn answers_together_bound_the_skew_better_than_each_alone() {
        let mut skew = Bounds::default();
        skew.hear(at(60_000), at(100), at(200)); // 59.8 s to 60.9 s
        skew.hear(at(61_000), at(900), at(950)); // 60.05 s to 61.1 s
        assert_eq!(skew.estimate().as_millis(), 60_475);
    }

    #[test]
    fn a_clock_that_was_set_starts_anew() {
        let mut skew = Bounds::default();
        skew.hear(at(600_000), at(0), at(0));
        assert_eq!(skew.estimate().as_secs(), 600);
        skew.hear(at(5_000), at(5_100), at(5_200));
        assert_eq!(skew.estimate(), SignedDuration::ZERO);
    }
}
