//! What a seed means: the weather between the program and AWS, when the program is lost, and what its operator does. Knows
//! no drill.

use std::{ops::Range, time::Duration};

use fastrand::Rng;

#[derive(Clone, Debug)]
pub(super) struct Schedule {
    pub(super) seed: u64,
    pub(super) targets: usize,
    pub(super) warn: &'static str,
    /// A template of somebody else's is started as it is: it hits one instance, of FIS's own choice.
    pub(super) as_is: bool,
    pub(super) region: Region,
    pub(super) weather: Weather,
    pub(super) losses: Vec<Loss>,
    /// From where it is come back to after the last loss.
    pub(super) at_last: AtLast,
    /// When the operator asks for a stop, after the start.
    pub(super) stop: Option<Duration>,
}

/// What AWS is like.
#[derive(Clone, Debug)]
pub(super) struct Region {
    /// Whether there are logs to follow.
    pub(super) logs: bool,
    /// How far EC2's descriptions are behind, in seconds.
    pub(super) lag: u32,
    pub(super) stop_recalls: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum AtLast {
    Here,
    /// From a machine that has no journal.
    Elsewhere,
    /// And when the drill is over there, from here once more.
    ElsewhereAndHere,
}

/// The program ends as a process does.
#[derive(Clone, Debug)]
pub(super) struct Loss {
    pub(super) when: When,
    /// How long nobody comes back.
    pub(super) away: Duration,
    /// Half a line is at the end of its journal.
    pub(super) torn: bool,
    /// Whoever comes back has a start sent again that did not arrive.
    pub(super) go_on: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum When {
    After(Duration),
    /// At that call of it, from 1.
    Call(usize, Manner),
    /// At that call of it that changes something, from 1.
    Change(usize, Manner),
}

/// Where the call is by then.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Manner {
    Unsent,
    /// Carried out so much later.
    OnItsWay(Duration),
    Unanswered,
}

/// Which calls fare ill: a share of all, and more in storms.
#[derive(Clone, Debug)]
pub(super) struct Weather {
    pub(super) share: f64,
    pub(super) storms: Vec<Storm>,
    /// It meets the looks before the start, too, after which little is left to start.
    pub(super) early: bool,
    /// From here on all is well.
    pub(super) calm: Duration,
}

#[derive(Clone, Debug)]
pub(super) struct Storm {
    from: From,
    lasts: Duration,
    share: f64,
    /// By its name in a signature.
    service: Option<&'static str>,
    /// No call that meets it is answered.
    black: bool,
}

#[derive(Clone, Copy, Debug)]
enum From {
    Time(Duration),
    /// With that call that changes something, from 1; it meets it, too.
    Change(usize),
}

/// The lock, the template, the start, and what ends a drill. Most hangs on the start.
const CHANGES: [usize; 8] = [1, 2, 3, 3, 3, 4, 5, 6];
/// An order that looks after something is given for three quarters of an hour.
const LONG: Duration = Duration::from_mins(70);

impl Schedule {
    pub(super) fn of(seed: u64) -> Self {
        let chance = &mut Rng::with_seed(seed);
        let losses: Vec<_> = (0..chance.usize(0..=3)).map(|_| Loss::of(chance)).collect();
        let at_last = match chance.u32(0..6) {
            0 if !losses.is_empty() => AtLast::Elsewhere,
            1 if !losses.is_empty() => AtLast::ElsewhereAndHere,
            _ => AtLast::Here,
        };
        let latest = one_of(chance, &[20, 300]);
        let as_is = one_in(chance, 6);
        Self {
            seed,
            targets: if as_is { 1 } else { chance.usize(1..=3) },
            as_is,
            warn: one_of(chance, &["2m", "2m", "2m", "3m", "5m"]),
            region: Region {
                logs: one_in(chance, 4),
                lag: one_of(chance, &[0, 0, 0, 10, 20]),
                stop_recalls: one_in(chance, 4),
            },
            weather: Weather::of(chance),
            losses,
            at_last,
            stop: one_in(chance, 3).then(|| seconds(chance, 0..latest)),
        }
    }
}

impl Loss {
    fn of(chance: &mut Rng) -> Self {
        let when = match chance.u32(0..4) {
            0 => When::After(seconds(chance, 0..330)),
            1 => When::Call(chance.usize(1..=60), Manner::of(chance)),
            _ => When::Change(one_of(chance, &CHANGES), Manner::of(chance)),
        };
        let away = one_of(chance, &[3, 10, 60, 300, 900]);
        Self { when, away: seconds(chance, 0..away), torn: one_in(chance, 3), go_on: one_in(chance, 3) }
    }
}

impl Manner {
    fn of(chance: &mut Rng) -> Self {
        match chance.u32(0..3) {
            0 => Self::Unsent,
            1 => Self::OnItsWay(seconds(chance, 1..90)),
            _ => Self::Unanswered,
        }
    }
}

impl Weather {
    fn of(chance: &mut Rng) -> Self {
        let share = one_of(chance, &[0.0, 0.02, 0.05, 0.1, 0.25]);
        let storms = (0..chance.usize(0..=2)).map(|_| Storm::of(chance)).collect();
        Self { share, storms, early: one_in(chance, 8), calm: Duration::from_mins(80) }
    }

    /// How likely a call at that time fares ill, after changes at these times: the more if much hangs on it. And whether it is
    /// not even answered then.
    pub(super) fn share(&self, at: Duration, changes: &[Duration], service: &str, weighs: bool) -> (f64, bool) {
        if at >= self.calm {
            return (0.0, false);
        }
        let here = |storm: &&Storm| {
            let begins = match storm.from {
                From::Time(time) => Some(time),
                From::Change(number) => changes.get(number - 1).copied(),
            };
            let blows = begins.is_some_and(|begins| at >= begins && at < begins + storm.lasts);
            blows && storm.service.is_none_or(|struck| struck == service)
        };
        let usual = if weighs { (self.share * 3.0).min(0.6) } else { self.share };
        let met = self.storms.iter().filter(here).map(|storm| (storm.share, storm.black));
        met.fold((usual, false), |worst, met| if met.0 > worst.0 { met } else { worst })
    }
}

impl Storm {
    fn of(chance: &mut Rng) -> Self {
        let from = if one_in(chance, 2) {
            From::Time(seconds(chance, 0..300))
        } else {
            From::Change(one_of(chance, &CHANGES))
        };
        let service =
            one_of(chance, &[None, Some("fis"), Some("fis"), Some("fis"), Some("ec2"), Some("ssm"), Some("logs")]);
        let is_long = service == Some("fis") && one_in(chance, 6);
        let lasts = if is_long { LONG } else { seconds(chance, 5..150) };
        Self { from, lasts, share: one_of(chance, &[0.5, 0.9, 1.0]), service, black: is_long || one_in(chance, 3) }
    }
}

pub(super) fn one_in(chance: &mut Rng, many: u32) -> bool {
    chance.u32(0..many) == 0
}

pub(super) fn one_of<T: Copy>(chance: &mut Rng, all: &[T]) -> T {
    all[chance.usize(0..all.len())]
}

/// To the millisecond, in these seconds.
pub(super) fn seconds(chance: &mut Rng, range: Range<u64>) -> Duration {
    Duration::from_millis(chance.u64(range.start * 1000..range.end * 1000))
}
