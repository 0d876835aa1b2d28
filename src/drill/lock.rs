//! What a lock on a group says: whose it is, since when, and when another may take it over. Knows no place where locks are
//! kept, and no clock.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    fleet::GroupKey,
    id::{DrillId, ExperimentId},
};
use crate::text::SafeText;

/// One operator's hold on one group of an account and region. Its id is that of the drill.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    pub drill: DrillId,
    /// For people; the name under which the lock is kept tells groups apart.
    pub group: SafeText,
    /// The caller's ARN, by AWS's word.
    pub arn: SafeText,
    pub user: SafeText,
    pub host: SafeText,
    /// When it was taken, by AWS's time as far as it is known.
    pub at: Timestamp,
    /// How long the drill may take from there, in seconds.
    pub lasts: u32,
    /// The version of spotdrill.
    pub version: SafeText,
}

/// What was written last that counts. See `aws/lock.rs` for what counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Held,
    /// The drill is over; the rest says which one it was.
    Free,
    /// What keeps the lock is about to be deleted.
    Removing,
}

/// One version of a lock, as it is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The version that the writer had read; 0 if there was none.
    pub on: u64,
    /// What tells the value of that version from any other: numbers begin anew after a lock was deleted.
    pub below: u64,
    pub state: State,
    #[serde(flatten)]
    pub lock: Lock,
}

/// An experiment that bears the drill's tag, by FIS's word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    pub experiment: ExperimentId,
    pub goes_on: bool,
    pub created: Option<Timestamp>,
}

/// A lock that someone holds, and what is known of its drill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    pub lock: Lock,
    /// When it was written, by AWS's word.
    pub since: Timestamp,
    pub shown: Option<Shown>,
}

/// What a drill may take beyond its warning and its settle time: the template, the start, retries of either.
pub const LEEWAY: SignedDuration = SignedDuration::from_mins(10);
/// The longest that a lock is believed to last, whatever it says.
const LONGEST: SignedDuration = SignedDuration::from_hours(24);
/// The longest part of a lock's value, in bytes: a parameter holds 4096. Source: Systems Manager API, PutParameter.
const PART: usize = 200;
/// The longest name, in characters: file names have 255 bytes at most, and a parameter's name with its ARN 1011.
const NAME: usize = 200;

impl Lock {
    /// A text as it may stand in a lock: bounded, and without the braces that mean something to Parameter Store.
    pub fn part(text: &str) -> SafeText {
        let plain: String = text.chars().map(|c| if "{}".contains(c) { '?' } else { c }).collect();
        let safe = SafeText::new(plain);
        SafeText::new(safe.get(..safe.floor_char_boundary(PART)).unwrap_or_default())
    }

    /// Whether it is one and the same hold, and not another's with the same drill's name.
    pub fn is_of(&self, other: &Self) -> bool {
        let id = |lock: &Self| (lock.drill.clone(), lock.arn.clone(), lock.user.clone(), lock.host.clone());
        id(self) == id(other)
    }
}

impl Standing {
    /// From when on it may be taken over: its drill's time, counted from its last sign of life, is over then.
    pub fn stale_from(&self) -> Timestamp {
        let created = self.shown.as_ref().and_then(|shown| shown.created);
        let last_sign = created.map_or(self.since, |created| created.max(self.since));
        last_sign.saturating_add(SignedDuration::from_secs(self.lock.lasts.into()).min(LONGEST)).unwrap_or(last_sign)
    }

    /// Whether its drill has left it: FIS shows no experiment of it that goes on, and its time is over.
    pub fn is_stale(&self, now: Timestamp) -> bool {
        !self.shown.as_ref().is_some_and(|shown| shown.goes_on) && now >= self.stale_from()
    }

    /// Since when it is held.
    pub fn age(&self, now: Timestamp) -> String {
        let minutes = now.duration_since(self.since).as_mins();
        let ago = if minutes < 1 { String::from("just now") } else { format!("{minutes} min ago") };
        format!("{} UTC, {ago}", self.since.strftime("%Y-%m-%d %H:%M:%S"))
    }

    /// What is known of its drill.
    pub fn stands(&self, now: Timestamp) -> String {
        let shown = match &self.shown {
            Some(Shown { experiment, goes_on: true, .. }) => format!("its experiment {experiment} goes on"),
            Some(Shown { experiment, .. }) => format!("its experiment {experiment} is over"),
            None => String::from("FIS shows no experiment of it"),
        };
        let over = if self.is_stale(now) {
            format!(", and its time is over since {}", hour(self.stale_from()))
        } else {
            String::new()
        };
        shown + &over
    }

    /// Who holds the group, from where, since when, and what to do about it.
    pub fn telling(&self, now: Timestamp) -> String {
        let Lock { drill, group, arn, user, host, .. } = &self.lock;
        let (age, stands) = (self.age(now), self.stands(now));
        let mut said = format!("{group} is held by drill {drill} of {user}@{host} ({arn}), since {age}; {stands}");
        let stale_from = self.stale_from();
        let _ = if self.is_stale(now) {
            write!(said, ". If nobody drills there: add --take-over {drill}")
        } else if self.shown.as_ref().is_some_and(|shown| shown.goes_on) {
            write!(said, ": wait for its end, or watch it: spotdrill attach {drill}")
        } else {
            write!(
                said,
                ". If it is left, it can be taken over from {} on: add --take-over {drill} then",
                hour(stale_from)
            )
        };
        said
    }
}

fn hour(time: Timestamp) -> String {
    format!("{} UTC", time.strftime("%H:%M:%S"))
}

impl Entry {
    /// As it is written down.
    pub fn text(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Whether it counts, being the version of this number above that value: only if nobody wrote between what its writer
    /// had read and this.
    pub fn counts(&self, version: u64, below: Option<&str>) -> bool {
        self.on.checked_add(1) == Some(version) && self.below == mark(below)
    }
}

/// The name of a group's lock: letters, digits, `-`, `.` and `_` alone, and another for every group.
pub fn name_of(group: &GroupKey) -> String {
    let cluster = group.cluster.as_ref().map(|cluster| plain(cluster));
    let parts = [Some(group.kind.as_str().to_owned()), cluster, Some(plain(&group.name))];
    let name = parts.into_iter().flatten().collect::<Vec<_>>().join(".");
    if name.len() <= NAME {
        return name;
    }
    // two names of one hash would lock each other out, which hurts nobody; `_h` begins no byte
    let hash = format!("_h{:016x}", hash(name.as_bytes()));
    format!("{}{hash}", name.get(..NAME - hash.len()).unwrap_or_default())
}

/// Every byte but letters, digits and `-` as `_` and its two digits.
fn plain(text: &str) -> String {
    text.bytes().fold(String::new(), |mut plain, byte| {
        if byte.is_ascii_alphanumeric() || byte == b'-' {
            plain.push(byte.into());
        } else {
            let _ = write!(plain, "_{byte:02x}"); // a String takes all
        }
        plain
    })
}

/// What tells a value from any other.
pub fn mark(value: Option<&str>) -> u64 {
    value.map(|value| hash(value.as_bytes())).unwrap_or_default()
}

/// FNV-1a.
fn hash(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::drill::fleet::GroupKind;

    fn group(kind: GroupKind, cluster: Option<&str>, name: &str) -> GroupKey {
        GroupKey { kind, name: SafeText::new(name), cluster: cluster.map(SafeText::new) }
    }

    fn at(time: &str) -> Timestamp {
        format!("2026-11-22T{time}Z").parse().unwrap()
    }

    fn held(shown: Option<Shown>) -> Standing {
        let lock = Lock {
            drill: DrillId::new("20261122-120000-abcd"),
            group: Lock::part("shop/web"),
            arn: Lock::part("arn:aws:iam::1:user/ana"),
            user: Lock::part("ana"),
            host: Lock::part("bastion"),
            at: at("12:00:00"),
            lasts: 1200,
            version: Lock::part("0.1.0"),
        };
        Standing { lock, since: at("12:00:01"), shown }
    }

    #[test]
    fn a_name_tells_what_it_locks() {
        let web = group(GroupKind::EksNodegroup, Some("shop"), "web_1/ü");
        assert_eq!(name_of(&web), "eks-nodegroup.shop.web_5f1_2f_c3_bc");
        assert_eq!(name_of(&group(GroupKind::Ungrouped, None, "ungrouped")), "ungrouped.ungrouped");
    }

    proptest! {
        #[test]
        fn no_two_groups_have_one_name(
            a in (proptest::option::of("[ab._/%{-]{0,4}"), "[ab._/%{-]{0,4}"),
            b in (proptest::option::of("[ab._/%{-]{0,4}"), "[ab._/%{-]{0,4}"),
        ) {
            let of = |(cluster, name): &(Option<String>, String)| {
                name_of(&group(GroupKind::EksNodegroup, cluster.as_deref(), name))
            };
            prop_assert_eq!(of(&a) == of(&b), a == b);
        }

        #[test]
        fn a_name_is_one_that_a_parameter_and_a_file_can_have(cluster in proptest::option::of(".*"), name in ".*{0,400}") {
            let name = name_of(&group(GroupKind::AutoScalingGroup, cluster.as_deref(), &name));
            prop_assert!(name.len() <= NAME);
            prop_assert!(name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte)), "{}", name);
        }
    }

    #[test]
    fn long_names_that_differ_at_their_end_differ() {
        let of = |end| name_of(&group(GroupKind::AutoScalingGroup, None, &format!("{}{end}", "x".repeat(300))));
        assert_ne!(of('a'), of('b'));
    }

    #[test]
    fn a_value_fits_its_parameter_whatever_is_in_it() {
        let part = || Lock::part(&"\"{{ü".repeat(400));
        let lock = Lock { group: part(), arn: part(), user: part(), host: part(), version: part(), ..held(None).lock };
        let text = Entry { on: u64::MAX, below: u64::MAX, state: State::Removing, lock }.text().unwrap();
        assert!(text.len() < 4096 && !text.contains("{{") && !text.contains("}}"), "{text}");
    }

    #[test]
    fn a_lock_is_stale_when_its_time_is_over_and_nothing_of_it_runs() {
        let none = held(None);
        assert!(!none.is_stale(at("12:20:00")) && none.is_stale(at("12:20:01")));
        let shown = |goes_on, created| {
            held(Some(Shown { experiment: ExperimentId::new("EXP1"), goes_on, created: Some(at(created)) }))
        };
        assert!(!shown(true, "12:00:10").is_stale(at("23:00:00")), "its experiment goes on");
        assert!(!shown(false, "12:10:00").is_stale(at("12:29:59")), "it was started late");
        assert!(shown(false, "12:10:00").is_stale(at("12:30:00")));
        let for_ever = Standing { lock: Lock { lasts: u32::MAX, ..none.lock.clone() }, ..none };
        assert!(for_ever.is_stale("2026-11-23T12:00:01Z".parse().unwrap()));
    }

    #[test]
    fn a_hold_is_known_by_drill_and_holder() {
        let lock = held(None).lock;
        assert!(lock.is_of(&Lock { at: at("13:00:00"), lasts: 1, ..lock.clone() }));
        assert!(!lock.is_of(&Lock { drill: DrillId::new("d2"), ..lock.clone() }));
        assert!(!lock.is_of(&Lock { arn: Lock::part("arn:2"), ..lock.clone() }));
        assert!(!lock.is_of(&Lock { user: Lock::part("ben"), ..lock.clone() }));
        assert!(!lock.is_of(&Lock { host: Lock::part("desk"), ..lock.clone() }));
    }

    #[test]
    fn a_version_counts_if_nobody_wrote_between_what_its_writer_had_read_and_it() {
        let entry = |on, below: Option<&str>| {
            let entry = Entry { on, below: mark(below), state: State::Held, lock: held(None).lock };
            let text = entry.text().unwrap();
            assert_eq!(serde_json::from_str::<Entry>(&text).unwrap(), entry);
            entry
        };
        assert!(entry(0, None).counts(1, None) && entry(7, Some("a")).counts(8, Some("a")));
        assert!(!entry(7, Some("a")).counts(9, Some("a")), "another wrote between");
        assert!(!entry(7, Some("a")).counts(8, Some("b")), "it was deleted, and numbers began anew");
        assert!(!entry(u64::MAX, None).counts(0, None));
    }

    #[test]
    fn a_mark_is_the_hash_that_other_versions_have_written() {
        // published values of FNV-1a
        assert_eq!(mark(Some("")), 0xcbf2_9ce4_8422_2325);
        assert_eq!(mark(Some("a")), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(mark(Some("foobar")), 0x8594_4171_f739_67e8);
        assert_eq!(mark(None), 0);
    }

    #[test]
    fn the_loser_reads_how_long_ago_it_was_taken() {
        let said = |now| held(None).telling(at(now));
        assert!(said("12:01:00").contains("UTC, just now"), "{}", said("12:01:00"));
        assert!(said("12:01:01").contains("UTC, 1 min ago"), "{}", said("12:01:01"));
        assert!(said("12:20:01").contains("over since 12:20:01 UTC"), "{}", said("12:20:01"));
    }

    #[test]
    fn the_loser_reads_who_holds_it_and_what_to_do() {
        insta::assert_snapshot!(held(None).telling(at("12:03:10")), @"shop/web is held by drill 20261122-120000-abcd of ana@bastion (arn:aws:iam::1:user/ana), since 2026-11-22 12:00:01 UTC, 3 min ago; FIS shows no experiment of it. If it is left, it can be taken over from 12:20:01 UTC on: add --take-over 20261122-120000-abcd then");
    }
}
