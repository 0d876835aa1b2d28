//! How far a server's clock is from the machine's, narrowed down from `Date` headers. Knows only what it is told.

use jiff::{SignedDuration, Timestamp};

/// The range in which the skew must lie, given every answer heard so far.
///
/// A `Date` header is cut to whole seconds, so one answer bounds the skew to a second plus the time the request took;
/// several answers together bound it better.
#[derive(Debug, Default)]
pub(super) struct Skew(Option<(SignedDuration, SignedDuration)>);

impl Skew {
    /// What to add to the machine's clock: zero while the machine may be right.
    pub(super) fn estimate(&self) -> SignedDuration {
        match self.0 {
            Some((least, most)) if least > SignedDuration::ZERO || most < SignedDuration::ZERO => (least + most) / 2,
            _ => SignedDuration::ZERO,
        }
    }

    pub(super) fn hear(&mut self, date: Timestamp, sent: Timestamp, answered: Timestamp) {
        let heard =
            (date.duration_since(answered), date.duration_since(sent).saturating_add(SignedDuration::from_secs(1)));
        if heard.0 > heard.1 {
            return; // the machine's clock was set back while the request was under way
        }
        self.0 = Some(match self.0 {
            Some((least, most)) if heard.0 <= most && least <= heard.1 => (least.max(heard.0), most.min(heard.1)),
            _ => heard, // the first answer, or one of the clocks was set since
        });
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
        let mut skew = Skew::default();
        assert_eq!(skew.estimate(), SignedDuration::ZERO);
        skew.hear(at(0), at(700), at(800));
        assert_eq!(skew.estimate(), SignedDuration::ZERO);
    }

    #[test]
    fn answers_together_bound_the_skew_better_than_each_alone() {
        let mut skew = Skew::default();
        skew.hear(at(60_000), at(100), at(200)); // 59.8 s to 60.9 s
        skew.hear(at(61_000), at(900), at(950)); // 60.05 s to 61.1 s
        assert_eq!(skew.estimate().as_millis(), 60_475);
    }

    #[test]
    fn a_clock_that_was_set_starts_anew() {
        let mut skew = Skew::default();
        skew.hear(at(600_000), at(0), at(0));
        assert_eq!(skew.estimate().as_secs(), 600);
        skew.hear(at(5_000), at(5_100), at(5_200));
        assert_eq!(skew.estimate(), SignedDuration::ZERO);
    }
}
