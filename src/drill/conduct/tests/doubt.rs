//! What is done where it is not known whether an order was carried out: by a lost answer, or because the drill was left.

use super::*;

fn again(orders: Vec<Order>, tries: u32) -> Vec<Order> {
    orders.into_iter().map(|order| Order::Again { order: Box::new(order), tries }).collect()
}

fn find() -> Vec<Order> {
    vec![Order::FindExperiment { template: template(), tagged: None }]
}

fn find_template() -> Vec<Order> {
    vec![Order::FindTemplate { drill: DrillId::new("d1") }]
}

fn created() -> What {
    What::TemplateCreated { template: template() }
}

fn started() -> What {
    What::ExperimentStarted { experiment: experiment(), template: template() }
}

fn deleted() -> What {
    What::TemplateDeleted { template: template() }
}

fn not_found() -> What {
    What::ExperimentNotFound { template: template() }
}

fn template_not_found() -> What {
    What::TemplateNotFound { drill: DrillId::new("d1") }
}

fn taken_up() -> What {
    What::TakenUp { by: SafeText::new("me") }
}

fn copy(of: &Told) -> Told {
    Told { drill: of.drill.clone(), now: of.now }
}

/// The template is there, and the start was ordered.
fn starting() -> Told {
    let (mut told, _) = Told::confirmed(1);
    told.hear(created());
    told
}

#[test]
fn a_stop_reaches_fis_in_every_phase_in_which_it_can() {
    let (mut creating, _) = Told::confirmed(1);
    assert_eq!(creating.hear(stop_requested()), []);
    assert_eq!(creating.hear(What::TemplateCreated { template: template() }), delete(), "never started");

    let (mut starting, _) = Told::confirmed(1);
    starting.hear(What::TemplateCreated { template: template() });
    assert_eq!(starting.hear(stop_requested()), []);
    let started = What::ExperimentStarted { experiment: experiment(), template: template() };
    assert_eq!(starting.hear(started), stop(), "stopped as soon as it has a name");

    let mut running = Told::running(1);
    assert_eq!(running.hear(stop_requested()), stop());
    assert_eq!(running.hear(stop_requested()), [], "asking twice is the same stop");
    let (order, message) = (OrderName::StopExperiment, SafeText::new("x"));
    assert_eq!(running.hear(What::OrderUnanswered { order, message }), again(stop(), 1));
    assert_eq!(running.hear(stop_requested()), stop(), "the last one did not arrive");

    running.experiment("stopped");
    assert_eq!(running.hear(stop_requested()), [], "FIS is done");
}

#[test]
fn a_start_without_an_answer_is_looked_for_and_never_repeated() {
    let mut told = starting();
    assert_eq!(told.hear(unanswered(OrderName::StartExperiment)), find());
    let mut found = copy(&told);
    found.hear(started());
    assert_eq!(found.drill.phase, Phase::Running);
    for tries in 1..3 {
        assert_eq!(told.hear(unanswered(OrderName::FindExperiment)), again(find(), tries));
    }
    assert_eq!(told.hear(refused(OrderName::FindExperiment)), []);
    let verdict = told.drill.verdict().unwrap();
    assert!(verdict.reasons[0].contains("UNKNOWN") && verdict.reasons[0].contains("aws fis"), "{verdict:?}");
    assert_eq!(verdict.verdict, Outcome::Unknown);
}

#[test]
fn a_start_that_is_not_found_is_fenced_off_and_looked_for_once_more() {
    let mut told = starting();
    told.hear(unanswered(OrderName::StartExperiment));
    assert_eq!(told.hear(not_found()), delete(), "what is still on its way arrives at nothing");
    assert_eq!(told.outcome(), None);
    let mut left = copy(&told);
    assert_eq!(left.hear(taken_up()), delete());
    assert_eq!(told.hear(deleted()), find());
    let mut left = copy(&told);
    assert_eq!(left.hear(taken_up()), find());
    let mut late = copy(&told);
    assert_eq!(late.hear(started()), []);
    assert_eq!(late.drill.phase, Phase::Running, "it had arrived before");
    assert_eq!(told.hear(not_found()), []);
    assert_eq!(told.outcome(), Some(Outcome::Refused));
}

#[test]
fn a_start_is_sent_again_for_whoever_asked_for_it_and_for_nobody_who_comes_after() {
    let mut told = starting();
    assert_eq!(told.hear(taken_up()), find());
    assert_eq!(told.hear(What::ContinueRequested { by: SafeText::new("me") }), []);
    let mut left = copy(&told);
    assert!(matches!(told.hear(not_found()).as_slice(), [Order::StartExperiment { .. }]));
    assert_eq!(left.hear(taken_up()), find());
    assert_eq!(left.hear(not_found()), delete(), "the next one only came back");
}

#[test]
fn where_the_template_cannot_be_taken_away_the_start_stays_unknown() {
    let mut told = starting();
    told.hear(unanswered(OrderName::StartExperiment));
    told.hear(not_found());
    for tries in 1..3 {
        assert_eq!(told.hear(refused(OrderName::DeleteTemplate)), again(delete(), tries));
    }
    assert_eq!(told.hear(refused(OrderName::DeleteTemplate)), []);
    assert!(told.drill.verdict().unwrap().reasons[0].contains("UNKNOWN"));
}

#[test]
fn a_template_without_an_answer_is_looked_for_and_started_from() {
    let (mut told, _) = Told::confirmed(1);
    assert_eq!(told.hear(unanswered(OrderName::CreateTemplate)), find_template());
    assert_eq!(told.hear(unanswered(OrderName::FindTemplate)), again(find_template(), 1));
    let mut absent = copy(&told);
    assert_eq!(absent.hear(template_not_found()), []);
    assert_eq!(absent.outcome(), Some(Outcome::Refused));
    let orders = told.hear(created());
    assert!(matches!(orders.as_slice(), [Order::StartExperiment { .. }]), "{orders:?}");
    assert_eq!(told.hear(created()), [], "an answer that comes late starts nothing more");
}

#[test]
fn a_template_that_cannot_be_looked_for_is_said_to_be_left() {
    let (mut told, _) = Told::confirmed(1);
    told.hear(unanswered(OrderName::CreateTemplate));
    for _ in 1..3 {
        told.hear(unanswered(OrderName::FindTemplate));
    }
    assert_eq!(told.hear(unanswered(OrderName::FindTemplate)), []);
    let verdict = told.drill.verdict().unwrap();
    assert!(verdict.reasons[0].contains("spotdrill gc"), "{verdict:?}");
}

#[test]
fn a_template_that_is_not_deleted_is_asked_to_be_again_and_then_left() {
    let mut told = Told::running(1);
    assert_eq!(told.noticed("failed"), delete());
    for tries in 1..3 {
        assert_eq!(told.hear(unanswered(OrderName::DeleteTemplate)), again(delete(), tries));
    }
    assert_eq!(told.hear(unanswered(OrderName::DeleteTemplate)), []);
    assert_eq!(told.hear(taken_up()), []);
}

#[test]
fn a_drill_that_was_left_is_taken_up_without_starting_anything() {
    let mut planned = Told::planned(1);
    assert_eq!(planned.hear(taken_up()), free(), "whether the lock was taken is not known");
    assert_eq!(planned.hear(What::LockFreed), []);
    assert_eq!(planned.outcome(), Some(Outcome::Refused));
    let (mut left, _) = Told::confirmed(1);
    assert_eq!(left.hear(taken_up()), find_template(), "whether a template was made is not known");
    let mut found = copy(&left);
    assert_eq!(found.hear(created()), delete(), "a template is taken away, and not started from");
    assert_eq!(found.hear(deleted()), []);
    assert_eq!(found.outcome(), Some(Outcome::Refused));
    assert_eq!(left.hear(template_not_found()), []);
    assert_eq!(left.outcome(), Some(Outcome::Refused));

    let mut left = starting();
    assert_eq!(left.hear(taken_up()), find());
    left.hear(started());
    assert_eq!(left.hear(taken_up()), []);
    left.hear(stop_requested());
    assert_eq!(left.hear(taken_up()), stop());
    left.hear(What::StopSent { experiment: experiment() });
    assert_eq!(left.hear(taken_up()), [], "FIS took it");
    left.experiment("stopped");
    assert_eq!(left.hear(taken_up()), delete());
}

#[test]
fn a_stop_that_we_ordered_ourselves_is_ordered_again_when_the_drill_is_taken_up() {
    let mut told = Told::running(1);
    let resolved = vec![InstanceId::new("i-other")];
    assert_eq!(told.hear(What::TargetsResolved { instances: resolved }), stop());
    assert_eq!(copy(&told).hear(taken_up()), stop(), "killed before it left");
    told.hear(What::StopSent { experiment: experiment() });
    assert_eq!(told.hear(taken_up()), []);
}

#[test]
fn a_stop_is_asked_for_until_fis_takes_it_or_is_done() {
    let mut told = Told::running(1);
    told.hear(stop_requested());
    for tries in 1..20 {
        assert_eq!(told.hear(unanswered(OrderName::StopExperiment)), again(stop(), tries));
    }
    assert_eq!(told.hear(refused(OrderName::StopExperiment)), again(stop(), 20));
    let mut done = copy(&told);
    let (order, code, message) =
        (OrderName::StopExperiment, SafeText::new("ValidationException"), SafeText::new("it is completed"));
    assert_eq!(done.hear(What::OrderRefused { order, code, message }), [], "no other try changes that");
    let mut taken = copy(&told);
    taken.hear(What::StopSent { experiment: experiment() });
    assert_eq!(taken.hear(unanswered(OrderName::StopExperiment)), [], "one was taken");
    told.experiment("completed");
    assert_eq!(told.hear(unanswered(OrderName::StopExperiment)), []);
    let complaint = told.drill.timeline.complaints[0].as_str();
    assert!(complaint.contains("AccessDenied: no"), "{complaint}");
    assert!(complaint.contains("aws fis stop-experiment --region eu-west-1 --id EXP1"), "{complaint}");
}

#[test]
fn what_cannot_be_recorded_is_not_started() {
    let (mut told, _) = Told::confirmed(1);
    let message = SafeText::new("could not sync the journal /x/d1.jsonl");
    told.hear(What::OrderWithheld { order: OrderName::CreateTemplate, message });
    let verdict = told.drill.verdict().unwrap();
    assert_eq!(verdict.verdict, Outcome::Refused);
    assert_eq!(
        verdict.reasons[0].as_str(),
        "spotdrill did not ask AWS to create the FIS template: could not sync the journal /x/d1.jsonl"
    );
}

#[test]
fn a_drill_that_is_come_back_to_late_is_looked_at_again_before_it_is_judged() {
    let mut told = Told::running(1);
    let over = told.drill.deadline().unwrap();
    told.now = over + SignedDuration::from_hours(3);
    told.hear(taken_up());
    assert_eq!(told.drill.deadline().map(|at| at.duration_since(told.now)), Some(SignedDuration::from_mins(10)));
}

#[test]
fn an_experiment_that_fis_never_ends_leaves_no_template() {
    let mut told = Told::running(1);
    assert_eq!(told.hear(What::SettleTimeEnded), delete());
    assert_eq!(told.outcome(), None);
    told.hear(What::TemplateDeleted { template: template() });
    let verdict = told.drill.verdict().unwrap();
    assert!(verdict.reasons[0].contains("aws fis stop-experiment"), "{verdict:?}");
}
