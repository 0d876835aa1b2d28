//! Drill time: what time it is at AWS, and how fast it passes there. The one place that asks the system for the time.
//! Knows nobody: neither AWS nor the lab, only how to follow either.

mod skew;

use std::{
    future::Future,
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, SystemTime},
};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use skew::Skew;

/// The clock that a whole program shares; clones read the same time.
///
/// On AWS it is the machine's clock, corrected by what AWS's `Date` headers say. In the lab it runs at the lab's rate,
/// so that a two-minute notice takes twelve seconds at rate 10, and milliseconds under tokio's paused time.
#[derive(Clone, Debug)]
pub struct Clock(Arc<RwLock<Base>>);

#[derive(Debug)]
enum Base {
    /// The machine's wall clock and how far AWS's is from it.
    Wall(Skew),
    /// A clock of its own, started at `epoch`, passing `rate` seconds in each of ours.
    Rated { epoch: Timestamp, started: Instant, rate: f64 },
}

impl Clock {
    /// The machine's clock, at rate 1, to be corrected by [`Clock::heard`].
    pub fn wall() -> Self {
        Self::from(Base::Wall(Skew::default()))
    }

    /// A clock that shows `epoch` now and passes `rate` seconds in each of ours; `rate` is above 0.
    pub fn rated(epoch: Timestamp, rate: f64) -> Self {
        Self::from(Base::Rated { epoch, started: Instant::now(), rate })
    }

    fn from(base: Base) -> Self {
        Self(Arc::new(RwLock::new(base)))
    }

    /// The time at AWS (or in the lab), in whole milliseconds: none of AWS's own times is finer.
    pub fn now(&self) -> Timestamp {
        let now = self.exactly_now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    fn exactly_now(&self) -> Timestamp {
        match &*self.base() {
            Base::Wall(skew) => machine_now().saturating_add(skew.estimate()).unwrap_or(Timestamp::MAX),
            Base::Rated { epoch, started, rate } => {
                let passed = SignedDuration::try_from(started.elapsed().mul_f64(*rate)).unwrap_or(SignedDuration::MAX);
                epoch.saturating_add(passed).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// How many of its seconds pass in one of ours: 1 on AWS.
    pub fn rate(&self) -> f64 {
        match &*self.base() {
            Base::Wall(_) => 1.0,
            Base::Rated { rate, .. } => *rate,
        }
    }

    /// How far AWS's clock is from the machine's: positive where AWS is ahead. Zero in the lab.
    pub fn skew(&self) -> SignedDuration {
        match &*self.base() {
            Base::Wall(skew) => skew.estimate(),
            Base::Rated { .. } => SignedDuration::ZERO,
        }
    }

    /// Waits until `time` of this clock's has passed.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that waits, at the drill's rate")]
    pub fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send + 'static {
        tokio::time::sleep(self.real(time))
    }

    /// How long `time` of this clock's takes in ours.
    pub fn real(&self, time: Duration) -> Duration {
        Duration::try_from_secs_f64(time.as_secs_f64() / self.rate()).unwrap_or(Duration::MAX)
    }

    /// Follows a server that tells its own time and rate (the lab's): this clock shows `now` and passes at `rate`.
    /// Small differences from what it shows already are left alone, so that the clock does not jitter.
    pub fn follow(&self, now: Timestamp, rate: f64) {
        const JITTER: f64 = 0.25;
        if !rate.is_finite() || rate <= 0.0 {
            return;
        }
        let off = now.duration_since(self.now()).as_secs_f64().abs() / rate;
        let same_rate = (self.rate() - rate).abs() < f64::EPSILON;
        let rated = matches!(&*self.base(), Base::Rated { .. });
        if !(rated && same_rate && off < JITTER) {
            *self.0.write().unwrap_or_else(PoisonError::into_inner) =
                Base::Rated { epoch: now, started: Instant::now(), rate };
        }
    }

    /// Takes in what AWS's `Date` header said in answer to a request that was sent and answered at these machine times.
    pub fn heard(&self, date: Timestamp, sent: MachineTime, answered: MachineTime) {
        if let Base::Wall(skew) = &mut *self.0.write().unwrap_or_else(PoisonError::into_inner) {
            skew.hear(date, sent.0, answered.0);
        }
    }

    fn base(&self) -> std::sync::RwLockReadGuard<'_, Base> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reading of the machine's own clock, good only for telling the skew.
#[derive(Clone, Copy, Debug)]
pub struct MachineTime(Timestamp);

impl MachineTime {
    pub fn now() -> Self {
        Self(machine_now())
    }
}

#[expect(clippy::disallowed_methods, reason = "this room is the one caller of the system clock")]
fn machine_now() -> Timestamp {
    Timestamp::try_from(SystemTime::now()).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_two_minute_notice_takes_twelve_seconds_at_rate_ten() {
        let clock = Clock::rated(noon(), 10.0);
        let started = Instant::now();
        clock.sleep(Duration::from_mins(2)).await;
        assert_eq!(started.elapsed(), Duration::from_secs(12));
        assert_eq!(clock.now().to_string(), "2026-11-22T12:02:00Z");
    }

    #[tokio::test(start_paused = true)]
    async fn following_a_lab_takes_over_its_time_and_rate() {
        let clock = Clock::wall();
        let followed = clock.clone();
        clock.follow(noon(), 60.0);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(followed.now().to_string(), "2026-11-22T12:01:00Z");
        assert!((followed.rate() - 60.0).abs() < f64::EPSILON);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_follows_does_not_jitter() {
        let clock = Clock::rated(noon(), 1.0);
        tokio::time::advance(Duration::from_secs(5)).await;
        clock.follow("2026-11-22T12:00:04.900Z".parse().unwrap(), 1.0);
        assert_eq!(clock.now().to_string(), "2026-11-22T12:00:05Z");
        clock.follow("2026-11-22T12:00:09Z".parse().unwrap(), 1.0);
        assert_eq!(clock.now().to_string(), "2026-11-22T12:00:09Z");
    }

    #[test]
    fn a_rate_that_is_no_rate_is_ignored() {
        let clock = Clock::rated(noon(), 2.0);
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            clock.follow(noon(), rate);
            assert!((clock.rate() - 2.0).abs() < f64::EPSILON);
        }
    }

    #[test]
    fn a_date_two_minutes_ahead_moves_the_wall_clock() {
        let clock = Clock::wall();
        let here = MachineTime::now();
        clock.heard(here.0 + SignedDuration::from_mins(2), here, here);
        assert!((clock.skew().as_secs_f64() - 120.0).abs() <= 1.0, "{}", clock.skew());
    }
}
