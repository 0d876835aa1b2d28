//! What was checked before a drill, as a list to read before one starts it. Decides nothing: the guards do.

use crate::drill::{
    fleet::{Behavior, Fleet},
    guard::caps::{MOST_IN_WAVE, MOST_PERCENT},
    plan::Plan,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    Passed,
    /// It may start, but one should know.
    Mind,
    /// It will not start.
    Stands,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub standing: Standing,
    pub text: String,
}

/// From here on a share of the group's capacity is worth a word.
const LARGE_SHARE: usize = 50;

/// What there is to say about a plan that the guards let pass.
pub fn checks(fleet: &Fleet, plan: &Plan, read_only: bool) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut say = |standing, text: String| checks.push(Check { standing, text });
    let count = plan.in_all_waves().count();
    if read_only {
        say(Standing::Stands, String::from("read-only: nothing can be started here"));
    }
    say(Standing::Passed, format!("inventory complete, as of {}", fleet.as_of.strftime("%H:%M:%S")));
    match plan.choice() {
        Some(choice) => {
            say(Standing::Passed, format!("{} running spot", targets(count)));
            say(Standing::Mind, choice);
        }
        None => say(Standing::Passed, format!("{} running spot, pinned by ARN", targets(count))),
    }
    for overridden in &plan.overridden {
        say(Standing::Mind, format!("OVERRIDDEN {}: {}", overridden.guard, overridden.reason));
    }
    let largest = plan.waves().into_iter().max().unwrap_or_default();
    let cap = format!("{largest} at once, within {MOST_IN_WAVE} and {MOST_PERCENT} % of a group");
    say(Standing::Passed, if largest == count { cap } else { format!("{} waves: {cap}", plan.waves().len()) });
    match &plan.stop_alarm {
        Some(arn) => say(Standing::Passed, format!("stopped by alarm {}", arn.rsplit(':').next().unwrap_or_default())),
        None => say(Standing::Mind, String::from("no alarm stops it")),
    }
    let (share, out_of) = (plan.share(), plan.out_of);
    if count == out_of {
        say(Standing::Mind, format!("all {out_of} running spot instances of the group"));
    } else {
        let standing = if share >= LARGE_SHARE { Standing::Mind } else { Standing::Passed };
        say(standing, format!("{count} of {out_of} running spot in the group ({share} %)"));
    }
    let zones = plan.by_zone().len();
    if zones == 1 && count > 1 {
        say(Standing::Mind, format!("all in one zone, {}", plan.by_zone().keys().next().unwrap_or(&"")));
    }
    for (behavior, consequence) in [
        (Some(Behavior::Hibernate), "hibernates: it gets no two-minute lead"),
        (Some(Behavior::Stop), "stops and stays stopped, it is not terminated"),
        (None, "has no known behaviour on interruption"),
    ] {
        let such: Vec<_> = plan.in_all_waves().filter(|target| target.behavior == behavior).collect();
        match such.as_slice() {
            [] => {}
            [one] => say(Standing::Mind, format!("{} {consequence}", one.id)),
            several => say(Standing::Mind, format!("each of {} {consequence}", several.len())),
        }
    }
    checks
}

fn targets(count: usize) -> String {
    if count == 1 { String::from("the target is") } else { format!("all {count} targets are") }
}
