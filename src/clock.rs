//! Drill time: what time it is at AWS, and how fast it passes there. The one room that asks the system for the time.
//! Knows nobody: neither AWS nor the lab, only how to follow either.

mod machine;
mod skew;

use std::{
    future::Future,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

pub use machine::{Machine, MachineTime};
use skew::Bounds;
pub use skew::{How, Skew};

/// The clock that a whole program shares; clones read the same time.
///
/// On AWS it is the machine's steady clock, set by what AWS's `Date` headers say: whoever sets the machine's wall clock, or
/// suspends it, moves nothing here. In the lab it runs at the lab's rate, so that a two-minute notice takes twelve seconds
/// at rate 10, and milliseconds under tokio's paused time.
#[derive(Clone, Debug)]
pub struct Clock {
    base: Arc<RwLock<Base>>,
    machine: Machine,
}

#[derive(Debug)]
enum Base {
    /// How far AWS's clock is from what the machine's said at the program's start and counted on from there.
    Steady { start: MachineTime, bounds: Bounds },
    /// A clock of its own, started at `epoch`, passing `rate` seconds in each of ours.
    Rated { epoch: Timestamp, started: Instant, rate: f64 },
}

impl Clock {
    /// The machine's clock, at rate 1, to be corrected by [`Clock::heard`].
    pub fn wall() -> Self {
        Self::of(Machine::this())
    }

    /// The clock of that machine, at rate 1.
    pub fn of(machine: Machine) -> Self {
        let base = Base::Steady { start: machine.now(), bounds: Bounds::default() };
        Self { base: Arc::new(RwLock::new(base)), machine }
    }

    /// A clock that shows `epoch` now and passes `rate` seconds in each of ours; `rate` is above 0.
    pub fn rated(epoch: Timestamp, rate: f64) -> Self {
        let base = Base::Rated { epoch, started: Instant::now(), rate };
        Self { base: Arc::new(RwLock::new(base)), machine: Machine::this() }
    }

    /// The time at AWS (or in the lab), in whole milliseconds: none of AWS's own times is finer.
    pub fn now(&self) -> Timestamp {
        let now = self.exactly_now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    fn exactly_now(&self) -> Timestamp {
        match &*self.base() {
            Base::Steady { start, bounds } => {
                let steady = self.machine.now().steadily(start);
                steady.saturating_add(bounds.estimate()).unwrap_or(Timestamp::MAX)
            }
            Base::Rated { epoch, started, rate } => {
                let passed = SignedDuration::try_from(started.elapsed().mul_f64(*rate)).unwrap_or(SignedDuration::MAX);
                epoch.saturating_add(passed).unwrap_or(Timestamp::MAX)
            }
        }
    }

    /// How many of its seconds pass in one of ours: 1 on AWS.
    pub fn rate(&self) -> f64 {
        match &*self.base() {
            Base::Steady { .. } => 1.0,
            Base::Rated { rate, .. } => *rate,
        }
    }

    /// How far AWS's clock is from the machine's wall clock as it stands now; none while no answer of AWS's has told.
    pub fn skew(&self) -> Option<Skew> {
        let here = self.machine.now();
        match &*self.base() {
            Base::Steady { start, bounds } => {
                // the wall clock may have been set since the start, which the steady one does not follow
                let set = here.steadily(start).duration_since(here.wall);
                bounds.measured().map(|how| Skew { by: bounds.estimate().saturating_add(set), how })
            }
            Base::Rated { .. } => Some(Skew { by: SignedDuration::ZERO, how: How::OwnClock }),
        }
    }

    /// The machine's clocks now; good for telling [`Clock::heard`] when something was sent and answered.
    pub fn machine_time(&self) -> MachineTime {
        self.machine.now()
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
    ///
    /// `transit` is how long the answer took, in our time: one that lay about while this program was stopped is old, and
    /// sets nothing back.
    pub fn follow(&self, now: Timestamp, rate: f64, transit: SignedDuration) {
        const JITTER: f64 = 0.25;
        if !rate.is_finite() || rate <= 0.0 {
            return;
        }
        let behind = self.now().duration_since(now).as_secs_f64() / rate;
        let off = if behind > 0.0 { (behind - transit.as_secs_f64()).max(0.0) } else { -behind };
        let same_rate = (self.rate() - rate).abs() < f64::EPSILON;
        let rated = matches!(&*self.base(), Base::Rated { .. });
        if !(rated && same_rate && off < JITTER) {
            *self.base.write().unwrap_or_else(PoisonError::into_inner) =
                Base::Rated { epoch: now, started: Instant::now(), rate };
        }
    }

    /// Takes in what AWS's `Date` header said in answer to a request that was sent and answered at these machine times.
    pub fn heard(&self, date: Timestamp, sent: MachineTime, answered: MachineTime) {
        if let Base::Steady { start, bounds } = &mut *self.base.write().unwrap_or_else(PoisonError::into_inner) {
            bounds.hear(date, sent.steadily(start), answered.steadily(start));
        }
    }

    fn base(&self) -> std::sync::RwLockReadGuard<'_, Base> {
        self.base.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

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
        clock.follow(noon(), 60.0, SignedDuration::ZERO);
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(followed.now().to_string(), "2026-11-22T12:01:00Z");
        assert!((followed.rate() - 60.0).abs() < f64::EPSILON);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_follows_does_not_jitter() {
        let clock = Clock::rated(noon(), 1.0);
        tokio::time::advance(Duration::from_secs(5)).await;
        clock.follow("2026-11-22T12:00:04.900Z".parse().unwrap(), 1.0, SignedDuration::ZERO);
        assert_eq!(clock.now().to_string(), "2026-11-22T12:00:05Z");
        clock.follow("2026-11-22T12:00:09Z".parse().unwrap(), 1.0, SignedDuration::ZERO);
        assert_eq!(clock.now().to_string(), "2026-11-22T12:00:09Z");
        clock.follow("2026-11-22T12:00:02Z".parse().unwrap(), 1.0, SignedDuration::from_secs(7));
        assert_eq!(clock.now().to_string(), "2026-11-22T12:00:09Z", "an answer that lay about");
        clock.follow("2026-11-22T12:00:01Z".parse().unwrap(), 1.0, SignedDuration::from_secs(7));
        assert_eq!(clock.now().to_string(), "2026-11-22T12:00:01Z", "a lab that began anew");
    }

    #[test]
    fn a_rate_that_is_no_rate_is_ignored() {
        let clock = Clock::rated(noon(), 2.0);
        for rate in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            clock.follow(noon(), rate, SignedDuration::ZERO);
            assert!((clock.rate() - 2.0).abs() < f64::EPSILON);
        }
    }

    /// A machine whose clocks a test sets: the wall clock, and the time that it has been up.
    fn machine() -> (Arc<Mutex<MachineTime>>, Machine) {
        let time = Arc::new(Mutex::new(MachineTime { wall: noon(), up: SignedDuration::from_hours(1) }));
        let read = Arc::clone(&time);
        (time, Machine::new(move || *read.lock().unwrap()))
    }

    #[test]
    fn a_date_two_minutes_ahead_moves_the_clock() {
        let (_, machine) = machine();
        let clock = Clock::of(machine);
        assert_eq!(clock.skew(), None, "nothing was heard");
        let here = clock.machine_time();
        clock.heard(noon() + SignedDuration::from_mins(2), here, here);
        let Skew { by, how } = clock.skew().unwrap();
        assert!((by.as_secs_f64() - 120.0).abs() <= 1.0, "{by}");
        let How::DateHeaders { answers: 1, within } = how else { panic!("{how:?}") };
        assert!(within <= SignedDuration::from_millis(500), "{within}");
    }

    #[test]
    fn a_wall_clock_that_is_set_moves_nothing_and_is_told() {
        let (time, machine) = machine();
        let clock = Clock::of(machine);
        let here = clock.machine_time();
        clock.heard(noon(), here, here);
        assert_eq!(clock.skew().unwrap().by, SignedDuration::ZERO);
        for minutes in [10, -10, 60, -60] {
            time.lock().unwrap().wall = noon() + SignedDuration::from_mins(minutes);
            assert_eq!(clock.now(), noon(), "{minutes}");
            assert_eq!(clock.skew().unwrap().by, SignedDuration::from_mins(-minutes));
        }
    }

    #[test]
    fn a_suspended_machine_is_on_time_when_it_wakes() {
        let (time, machine) = machine();
        let clock = Clock::of(machine);
        let half_an_hour = SignedDuration::from_mins(30);
        time.lock().unwrap().up += half_an_hour;
        time.lock().unwrap().wall = noon() + half_an_hour;
        assert_eq!(clock.now(), noon() + half_an_hour);
        // a guest of a host that was suspended has noticed nothing, until AWS tells it
        let woken = clock.machine_time();
        let now = noon() + half_an_hour * 2;
        clock.heard(now, woken, woken);
        assert!(clock.now().duration_since(now).abs() <= SignedDuration::from_secs(1), "{}", clock.now());
    }
}
