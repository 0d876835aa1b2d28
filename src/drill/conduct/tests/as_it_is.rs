//! Drills of a template that is there already, whose targets FIS chooses.

use super::*;
use crate::drill::{
    existing::{Existing, tests::existing},
    order::WatchName,
};

/// The template is started as it is, its preview came to `i-0` and on, and the experiment runs.
fn running(targets: usize, change: fn(&mut Existing)) -> Told {
    let mut told = confirmed(targets, change);
    told.hear(What::ExperimentStarted { experiment: experiment(), template: theirs() });
    told
}

fn confirmed(targets: usize, change: fn(&mut Existing)) -> Told {
    let mut told = Told::planned(targets);
    let Planned { plan, .. } = told.drill.planned.clone().unwrap();
    let mut as_is = existing();
    change(&mut as_is);
    let plan = Plan { as_is: Some(Box::new(as_is)), ..plan };
    let role_arn = plan.as_is.as_ref().unwrap().role_arn.to_string();
    told.hear(What::DrillPlanned { drill: DrillId::new("d1").unwrap(), plan, role_arn, settle_seconds: 600 });
    let client_token = String::from("token");
    let orders = told.hear(What::DrillConfirmed { words: String::from("web 1"), by: ConfirmedBy::Typed, client_token });
    let [Order::StartExperiment { template, client_token, tags, as_is: looked_at }] = &orders[..] else {
        panic!("{orders:?}")
    };
    assert_eq!((template, client_token.as_str()), (&theirs(), "token-start"));
    assert_eq!(looked_at, &told.drill.planned.as_ref().unwrap().plan.as_is, "it is compared with what was confirmed");
    assert!(tags.contains(&(DRILL_TAG.to_owned(), String::from("d1"))), "{tags:?}");
    told
}

fn theirs() -> TemplateId {
    existing().id
}

fn resolved(ids: &[&str]) -> What {
    What::TargetsResolved { instances: ids.iter().map(InstanceId::new).collect() }
}

fn chosen(id: &str, group: GroupKey) -> What {
    let target = Target {
        group,
        az: SafeText::new("1b"),
        spot_request: Some(crate::drill::id::SpotRequestId::new("sir-9")),
        behavior: Some(Behavior::Terminate),
        ..Target::unknown(&InstanceId::new(id))
    };
    What::OthersChosen { chosen: vec![target] }
}

fn names(told: &Told) -> Vec<WatchName> {
    told.drill.watches().iter().map(Watch::name).collect()
}

#[test]
fn nothing_is_made_and_nothing_of_theirs_is_deleted() {
    for end in ["completed", "failed", "stopped", "cancelled"] {
        assert_eq!(running(1, |_| ()).experiment(end), [], "{end}");
    }
    let mut refused_start = confirmed(1, |_| ());
    assert_eq!(refused_start.hear(refused(OrderName::StartExperiment)), []);
    assert_eq!(refused_start.outcome(), Some(Outcome::Refused));
    let mut left = running(1, |_| ());
    left.experiment("completed");
    assert_eq!(left.hear(What::TakenUp { by: SafeText::new("me") }), []);
}

#[test]
fn a_start_without_an_answer_is_looked_for_by_the_drills_tag() {
    let find = vec![Order::FindExperiment { template: theirs(), tagged: Some(DrillId::new("d1").unwrap()) }];
    let mut told = confirmed(1, |_| ());
    assert_eq!(told.hear(What::TakenUp { by: SafeText::new("me") }), find, "left before an answer came");
    assert_eq!(told.hear(unanswered(OrderName::StartExperiment)), find);
    let mut absent = Told { drill: told.drill.clone(), now: told.now };
    let not_found = || What::ExperimentNotFound { template: theirs() };
    assert!(
        matches!(&absent.hear(not_found())[..], [Order::Again { order, .. }] if **order == find[0]),
        "it may still come"
    );
    assert_eq!(absent.outcome(), None);
    absent.now += jiff::SignedDuration::from_mins(7);
    assert_eq!(absent.hear(not_found()), []);
    assert_eq!(absent.outcome(), Some(Outcome::Refused));
    for _ in 1..3 {
        assert!(matches!(&told.hear(unanswered(OrderName::FindExperiment))[..], [Order::Again { .. }]));
    }
    assert_eq!(told.hear(unanswered(OrderName::FindExperiment)), []);
    let verdict = told.drill.verdict().unwrap();
    let said = verdict.reasons[0].as_str();
    assert!(said.contains("UNKNOWN") && said.contains("EXT9 for the tag spotdrill:drill = d1"), "{said}");
}

#[test]
fn what_fis_chose_takes_the_place_of_what_its_preview_showed() {
    let mut told = running(1, |_| ());
    assert_eq!(names(&told), [Experiment], "nothing else is watched before FIS says what it hits");
    assert_eq!(told.hear(resolved(&["i-5"])), []);
    assert_eq!(told.drill.timeline.choice.telling().as_deref(), Some("FIS CHOSE OTHERS: i-5, not i-0"));
    assert_eq!(names(&told), [Experiment, Instances, WatchName::Chosen, Logs, Events]);
    told.hear_of(Some(5), What::RebalanceRecommended { basis: Basis::ActionStarted });
    assert_eq!(told.hear(chosen("i-5", group())), []);
    assert_eq!(names(&told), [Experiment, Instances, WatchName::SpotRequests, Group, Logs, Events]);
    assert!(told.drill.watches().contains(&Watch::Instances(vec![InstanceId::new("i-5")])));
    let [track] = &told.drill.timeline.tracks[..] else { panic!() };
    assert!(track.rebalance.is_some() && track.target.group == group(), "{track:?}");
    told.noticed("completed");
    told.state(5, InstanceState::Terminated);
    assert_eq!(told.outcome(), None, "gone is not replaced");
    told.replaced(7);
    let verdict = told.drill.verdict().unwrap();
    assert_eq!((verdict.verdict, verdict.interrupted), (Outcome::Held, vec![InstanceId::new("i-5")]));
}

#[test]
fn the_verdict_waits_for_what_ec2_says_of_the_chosen() {
    let mut told = running(1, |_| ());
    told.hear(resolved(&["i-5"]));
    told.noticed("completed");
    told.state(5, InstanceState::Terminated);
    assert_eq!(told.outcome(), None, "whether it is replaced is not known");
    told.hear(What::SettleTimeEnded);
    let verdict = told.drill.verdict().unwrap();
    assert_eq!(verdict.verdict, Outcome::Failed);
    assert!(verdict.reasons[0].contains("i-5: FIS chose it, and EC2 did not say what it is"), "{verdict:?}");
}

#[test]
fn what_its_preview_showed_needs_no_second_look() {
    let mut told = running(2, |_| ());
    assert_eq!(told.hear(resolved(&["i-1", "i-0", "i-1"])), []);
    assert_eq!(told.drill.timeline.choice.telling(), None);
    assert_eq!(names(&told), [Experiment, Instances, Group, Logs, Events]);
}

#[test]
fn no_word_of_what_was_resolved_is_no_choice() {
    let mut told = running(1, |_| ());
    assert_eq!(told.hear(resolved(&[])), []);
    assert_eq!((names(&told), told.drill.timeline.tracks.len()), (vec![Experiment], 1));
    told.noticed("completed");
    assert_eq!(told.outcome(), None, "what goes is still to be seen");
    assert_eq!(names(&told), [Instances, Group, Logs, Events], "of what the preview showed, for want of better");
}

#[test]
fn fewer_than_in_the_preview_are_watched_alone() {
    let mut told = running(2, |_| ());
    assert_eq!(told.hear(resolved(&["i-1"])), []);
    let telling = told.drill.timeline.choice.telling();
    assert_eq!(telling.as_deref(), Some("FIS CHOSE FEWER than in its preview: not i-0"));
    told.noticed("completed");
    told.state(1, InstanceState::Terminated);
    told.replaced(7);
    assert_eq!(told.outcome(), Some(Outcome::Held));
}

#[test]
fn more_than_were_confirmed_stop_the_experiment_and_are_watched() {
    let mut told = running(1, |_| ());
    assert_eq!(told.hear(resolved(&["i-0", "i-5"])), stop());
    told.hear(chosen("i-5", group()));
    told.noticed("stopped");
    assert!(told.drill.watches().contains(&Watch::Instances(vec![InstanceId::new("i-0"), InstanceId::new("i-5")])));
    told.hear(resolved(&["i-0", "i-5"]));
    told.hear(What::SettleTimeEnded);
    let verdict = told.drill.verdict().unwrap();
    let reasons: Vec<_> = verdict.reasons.iter().map(SafeText::as_str).collect();
    assert_eq!(
        reasons[..2],
        ["FIS chose 2 instances, more than the 1 confirmed", "FIS says: the experiment ended as stopped"]
    );
    assert_eq!((verdict.verdict, verdict.not_observed.len()), (Outcome::Failed, 2));
}

#[test]
fn an_instance_of_a_group_that_was_not_confirmed_stops_the_experiment() {
    let mut told = running(1, |_| ());
    told.hear(resolved(&["i-5"]));
    let other = GroupKey::from_tags(&[(SafeText::new("eks:nodegroup-name"), SafeText::new("db"))]);
    assert_eq!(told.hear(chosen("i-5", other)), stop());
    let complaints = &told.drill.timeline.complaints;
    assert_eq!(complaints[0].as_str(), "FIS chose outside of what was confirmed: i-5 of db");
}

#[test]
fn a_template_that_pins_its_targets_is_held_to_them() {
    let pinned = |existing: &mut Existing| {
        existing.interruptions[0].selection = SafeText::new("ALL");
        existing.interruptions[0].arns = vec![SafeText::new("arn:aws:ec2:eu-west-1:1:instance/i-0")];
    };
    let mut told = running(1, pinned);
    assert_eq!(names(&told), [Experiment, Instances, Group, Logs, Events]);
    assert_eq!(told.hear(resolved(&["i-5"])), stop());
    assert!(told.drill.timeline.complaints[0].contains("not confirmed: i-5"));
}

#[test]
fn a_stop_before_fis_chose_waits_for_what_it_did() {
    let mut told = running(1, |_| ());
    assert_eq!(told.hear(stop_requested()), stop());
    told.experiment("stopped");
    assert_eq!(told.outcome(), Some(Outcome::Aborted), "no action ever began");
}

#[test]
fn facts_read_back_tell_the_same_drill() {
    let mut told = Told::planned(1);
    let Planned { plan, .. } = told.drill.planned.clone().unwrap();
    let old = serde_json::to_string(&plan).unwrap();
    assert!(!old.contains("as_is"), "journals from before are read, and look the same");
    assert_eq!(serde_json::from_str::<Plan>(&old).unwrap(), plan);
    let plan = Plan { as_is: Some(Box::new(existing())), ..plan };
    let role_arn = String::from("role");
    let planned = What::DrillPlanned { drill: DrillId::new("d1").unwrap(), plan, role_arn, settle_seconds: 600 };
    for what in [planned, chosen("i-5", group())] {
        let line = serde_json::to_string(&Fact::ours(told.now, what)).unwrap();
        let fact: Fact = serde_json::from_str(&line).unwrap();
        assert_eq!(serde_json::to_string(&fact).unwrap(), line);
        let _ = told.drill.apply(&fact);
    }
    assert_eq!(told.drill.planned.unwrap().plan.as_is.unwrap().id, theirs());
}
