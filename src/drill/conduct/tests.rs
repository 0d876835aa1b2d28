use super::*;
use crate::drill::{
    fact::{Basis, ConfirmedBy, Source},
    fleet::{Behavior, GroupKey, InstanceState, World},
    health::{Check, Reach},
    id::{CheckUrl, ExperimentId, InstanceId},
    order::{
        OrderName, Watch,
        WatchName::{Events, Experiment, Group, Instances, Logs},
    },
    plan::Target,
    verdict::Outcome,
    warning::Warning,
};

/// A drill that is told facts, second by second.
struct Told {
    drill: Drill,
    now: Timestamp,
}

impl Told {
    fn planned(targets: usize) -> Self {
        let target = |n| Target {
            id: InstanceId::new(format!("i-{n}")),
            instance_type: SafeText::new("m5.large"),
            az: SafeText::new("1a"),
            group: group(),
            spot_request: None,
            behavior: Some(Behavior::Terminate),
        };
        let plan = Plan {
            account: SafeText::new("000000000000"),
            region: SafeText::new("eu-west-1"),
            world: World::Lab,
            targets: (0..targets).map(target).collect(),
            out_of: 8,
            warning: Warning::LEAST,
            seed: None,
            as_is: None,
            stop_alarm: None,
            overridden: Vec::new(),
            ground: None,
            wave: None,
        };
        let mut told = Self { drill: Drill::default(), now: "2026-11-22T12:00:00Z".parse().unwrap() };
        let drill = DrillId::new("d1");
        let orders = told.hear(What::DrillPlanned { drill, plan, role_arn: String::from("role"), settle_seconds: 600 });
        assert_eq!(orders, []);
        told
    }

    fn confirmed(targets: usize) -> (Self, Vec<Order>) {
        let mut told = Self::planned(targets);
        let (words, client_token) = (format!("web {targets}"), String::from("token"));
        let orders = told.hear(What::DrillConfirmed { words, by: ConfirmedBy::Typed, client_token });
        (told, orders)
    }

    fn confirmed_locked(targets: usize) -> (Self, Vec<Order>) {
        let mut told = Self::planned(targets);
        let by = SafeText::new("ana@bastion");
        assert_eq!(told.hear(What::LockTaken { groups: vec![SafeText::new("web")], by, over: Vec::new() }), []);
        let (words, client_token) = (format!("web {targets}"), String::from("token"));
        let orders = told.hear(What::DrillConfirmed { words, by: ConfirmedBy::Typed, client_token });
        (told, orders)
    }

    /// The same with a lock, as every drill has one.
    fn locked(targets: usize) -> Self {
        let (mut told, _) = Self::confirmed_locked(targets);
        told.hear(What::TemplateCreated { template: template() });
        told.hear(What::ExperimentStarted { experiment: experiment(), template: template() });
        told
    }

    fn running(targets: usize) -> Self {
        let (mut told, _) = Self::confirmed(targets);
        told.hear(What::TemplateCreated { template: template() });
        told.hear(What::ExperimentStarted { experiment: experiment(), template: template() });
        told
    }

    fn hear(&mut self, what: What) -> Vec<Order> {
        self.hear_of(None, what)
    }

    fn hear_of(&mut self, instance: Option<usize>, what: What) -> Vec<Order> {
        self.now += SignedDuration::from_secs(1);
        let instance = instance.map(|n| InstanceId::new(format!("i-{n}")));
        self.drill.apply(&Fact { at: self.now, seen: self.now, source: Source::Ec2, instance, what })
    }

    fn experiment(&mut self, status: &str) -> Vec<Order> {
        let (experiment, status) = (experiment(), SafeText::new(status));
        self.hear(What::ExperimentStateChanged { experiment, status, reason: None })
    }

    /// The action ran and the notice went out, then the experiment ended so.
    fn noticed(&mut self, status: &str) -> Vec<Order> {
        let (action, done) = (SafeText::new("interrupt0"), SafeText::new(status));
        self.hear(What::ActionStateChanged { action, status: done, reason: None, started: Some(self.now) });
        self.experiment(status)
    }

    fn state(&mut self, instance: usize, state: InstanceState) {
        let orders = self.hear_of(Some(instance), What::InstanceStateChanged { state, reason: None, not_before: None });
        assert_eq!(orders, []);
    }

    fn replaced(&mut self, new: usize) {
        let launched =
            What::ReplacementLaunched { group: group(), az: SafeText::new("1a"), instance_type: SafeText::new("m5") };
        self.hear_of(Some(new), launched);
        self.state(new, InstanceState::Running);
    }

    fn outcome(&self) -> Option<Outcome> {
        self.drill.verdict().map(|verdict| verdict.verdict)
    }
}

fn group() -> GroupKey {
    GroupKey::from_tags(&[(SafeText::new("eks:nodegroup-name"), SafeText::new("web"))])
}

fn template() -> TemplateId {
    TemplateId::new("EXT1")
}

fn experiment() -> ExperimentId {
    ExperimentId::new("EXP1")
}

fn refused(order: OrderName) -> What {
    What::OrderRefused { order, code: SafeText::new("AccessDenied"), message: SafeText::new("no") }
}

fn unanswered(order: OrderName) -> What {
    What::OrderUnanswered { order, message: SafeText::new("timed out") }
}

fn delete() -> Vec<Order> {
    vec![Order::DeleteTemplate { template: template(), drill: DrillId::new("d1") }]
}

fn stop() -> Vec<Order> {
    vec![Order::StopExperiment { experiment: experiment() }]
}

fn stop_requested() -> What {
    What::StopRequested { by: SafeText::new("me") }
}

#[test]
fn a_drill_that_holds_from_its_plan_to_its_verdict() {
    let (mut told, orders) = Told::confirmed(1);
    assert!(
        matches!(orders.as_slice(), [Order::CreateTemplate { client_token, .. }] if client_token == "token-template")
    );
    let start = told.hear(What::TemplateCreated { template: template() });
    assert!(matches!(start.as_slice(), [Order::StartExperiment { client_token, .. }] if client_token == "token-start"));
    assert_eq!(told.hear(What::ExperimentStarted { experiment: experiment(), template: template() }), []);
    assert_eq!(told.noticed("completed"), delete());
    told.hear_of(Some(0), What::NoticeIssued { basis: Basis::ActionCompleted, action: None });
    assert_eq!(told.hear(What::TemplateDeleted { template: template() }), []);
    told.state(0, InstanceState::ShuttingDown);
    assert_eq!(told.outcome(), None, "completed is not gone");
    told.state(0, InstanceState::Terminated);
    assert_eq!(told.outcome(), None, "gone is not replaced");
    told.replaced(7);
    assert_eq!(told.outcome(), Some(Outcome::Held));
}

#[test]
fn what_is_not_observed_in_time_fails_by_name() {
    let mut told = Told::running(2);
    told.noticed("completed");
    told.hear(What::TemplateDeleted { template: template() });
    told.state(0, InstanceState::Terminated);
    assert_eq!(told.drill.deadline().map(|at| at.duration_since(told.now) > SignedDuration::from_mins(9)), Some(true));
    told.hear(What::SettleTimeEnded);
    let verdict = told.drill.verdict().unwrap();
    assert_eq!(verdict.verdict, Outcome::Failed);
    assert_eq!(verdict.not_observed, [InstanceId::new("i-1")]);
    let reasons: Vec<_> = verdict.reasons.iter().map(SafeText::as_str).collect();
    assert_eq!(reasons, ["i-1: not observed to go; last seen running", "web: 1 replacement not observed running"]);
}

#[test]
fn the_template_is_deleted_whatever_the_end() {
    for end in ["completed", "failed", "stopped", "cancelled"] {
        assert_eq!(Told::running(1).experiment(end), delete(), "{end}");
    }
    let (mut told, _) = Told::confirmed(1);
    told.hear(What::TemplateCreated { template: template() });
    assert_eq!(told.hear(refused(OrderName::StartExperiment)), delete());
    assert_eq!(told.outcome(), None, "not before the template is gone");
    told.hear(What::TemplateDeleted { template: template() });
    assert_eq!(told.outcome(), Some(Outcome::Refused));
}

#[test]
fn an_experiment_that_fails_before_it_acts_fails_the_drill_at_once() {
    let mut told = Told::running(1);
    assert_eq!(told.experiment("failed"), delete());
    told.hear(What::TemplateDeleted { template: template() });
    let verdict = told.drill.verdict().unwrap();
    assert_eq!(verdict.verdict, Outcome::Failed);
    assert!(verdict.reasons[0].contains("ended as failed"), "{verdict:?}");
}

#[test]
fn nothing_starts_without_a_template() {
    let (mut told, _) = Told::confirmed(1);
    assert_eq!(told.hear(refused(OrderName::CreateTemplate)), []);
    assert_eq!(told.outcome(), Some(Outcome::Refused));
}

#[test]
fn an_aborted_drill_still_watches_what_becomes_of_its_targets() {
    let mut told = Told::running(1);
    told.hear(stop_requested());
    told.noticed("stopped");
    told.hear(What::TemplateDeleted { template: template() });
    assert_eq!(told.outcome(), None, "a stop recalls nothing that we know of");
    assert!(told.drill.deadline().is_some());
    told.state(0, InstanceState::Terminated);
    told.hear(What::SettleTimeEnded);
    let verdict = told.drill.verdict().unwrap();
    assert_eq!((verdict.verdict, verdict.interrupted.len()), (Outcome::Aborted, 1));
}

#[test]
fn targets_that_were_not_confirmed_stop_the_experiment() {
    let mut told = Told::running(1);
    let resolved = vec![InstanceId::new("i-0"), InstanceId::new("i-other")];
    assert_eq!(told.hear(What::TargetsResolved { instances: resolved }), stop());
    told.noticed("stopped");
    told.hear(What::TemplateDeleted { template: template() });
    told.hear(What::SettleTimeEnded);
    let verdict = told.drill.verdict().unwrap();
    assert_eq!(verdict.verdict, Outcome::Failed);
    assert!(verdict.reasons[0].contains("not confirmed: i-other"), "{verdict:?}");
}

#[test]
fn what_is_watched_follows_the_phase() {
    let names = |told: &Told| told.drill.watches().iter().map(Watch::name).collect::<Vec<_>>();
    assert_eq!(names(&Told::confirmed(1).0), []);
    let mut told = Told::running(1);
    assert_eq!(names(&told), [Experiment, Instances, Group, Logs, Events]);
    told.noticed("completed");
    assert_eq!(names(&told), [Instances, Group, Logs, Events]);
    told.hear(What::TemplateDeleted { template: template() });
    told.hear(What::SettleTimeEnded);
    assert_eq!(names(&told), []);
}

/// A drill with a health check, which is `told` these answers: well or not, each a second after the one before.
fn asked(told: &mut Told, answers: &[bool]) {
    let check = || CheckUrl::new("https://shop/health");
    for well in answers {
        told.hear(match well {
            true => What::ProbeRecovered { check: check(), status: 200, millis: 9 },
            false => What::ProbeFailed { check: check(), why: SafeText::new("answered 503") },
        });
    }
}

/// Confirmed with one check, and to where the only target is gone and replaced.
fn checked(before: &[bool], after: &[bool]) -> Told {
    let mut told = Told::planned(1);
    let check = Check { url: CheckUrl::new("https://shop/health"), has_query: false, reach: Reach::Network };
    told.hear(What::ChecksChosen { checks: vec![check.clone()] });
    assert_eq!(told.drill.watches(), [], "nothing is asked before the words are typed");
    let (words, client_token) = (String::from("web 1"), String::from("token"));
    told.hear(What::DrillConfirmed { words, by: ConfirmedBy::Typed, client_token });
    assert_eq!(told.drill.watches(), [Watch::Check(check.clone())], "and before anything is hit");
    asked(&mut told, before);
    told.hear(What::TemplateCreated { template: template() });
    told.hear(What::ExperimentStarted { experiment: experiment(), template: template() });
    told.noticed("completed");
    assert_eq!(told.drill.watches()[0], Watch::Check(check));
    told.hear(What::TemplateDeleted { template: template() });
    told.state(0, InstanceState::Terminated);
    asked(&mut told, after);
    told.replaced(1);
    told
}

#[test]
fn a_check_that_fails_fails_the_drill_and_is_waited_for() {
    assert_eq!(checked(&[true], &[]).outcome(), Some(Outcome::Held));
    let mut told = checked(&[true], &[false]);
    assert_eq!(told.outcome(), None, "it was well before, so it may be again");
    asked(&mut told, &[true]);
    let verdict = told.drill.verdict().unwrap();
    assert_eq!(verdict.verdict, Outcome::Failed);
    let reason = verdict.reasons[0].as_str();
    assert!(reason.starts_with("https://shop/health: failed ") && reason.ends_with(": answered 503"), "{reason}");
    assert_eq!(told.drill.watches(), []);
    let mut told = checked(&[true], &[false]);
    told.hear(What::SettleTimeEnded);
    assert!(told.drill.verdict().unwrap().reasons[0].contains("failing to the end, since "));
}

#[test]
fn a_check_that_was_never_well_is_not_waited_for_and_one_that_was_never_asked_is_told() {
    let reasons = |told: &Told| told.drill.verdict().unwrap().reasons[0].to_string();
    assert!(reasons(&checked(&[false], &[])).contains("failing to the end"));
    assert!(reasons(&checked(&[], &[])).contains("not observed: it was never asked"));
}

#[test]
fn a_confirmation_that_comes_twice_starts_once() {
    let (mut told, orders) = Told::confirmed(1);
    assert_eq!(orders.len(), 1);
    let again = What::DrillConfirmed {
        words: String::from("web 1"),
        by: ConfirmedBy::Typed,
        client_token: String::from("other"),
    };
    assert_eq!(told.hear(again), []);
}

#[test]
fn the_lock_is_freed_when_nothing_more_is_to_be_seen_and_the_drill_is_over_after_it() {
    let mut told = Told::locked(1);
    told.noticed("completed");
    told.state(0, InstanceState::ShuttingDown);
    told.state(0, InstanceState::Terminated);
    told.replaced(7);
    assert_eq!(told.outcome(), None, "the template is still there");
    assert_eq!(told.hear(What::TemplateDeleted { template: template() }), free());
    assert_eq!(told.hear(What::SettleTimeEnded), [], "it is ordered once");
    assert_eq!(told.hear(What::TakenUp { by: SafeText::new("me") }), free(), "and again by whoever takes the drill up");
    assert_eq!((told.outcome(), told.drill.watches()), (None, Vec::new()));
    assert_eq!(told.hear(What::LockFreed), []);
    assert_eq!(told.outcome(), Some(Outcome::Held));
}

#[test]
fn a_lock_that_cannot_be_freed_does_not_keep_the_drill_open() {
    let mut told = Told::locked(1);
    assert_eq!(told.hear(refused(OrderName::StartExperiment)), delete());
    assert_eq!(told.hear(What::TemplateDeleted { template: template() }), free());
    told.hear(refused(OrderName::FreeLock));
    assert_eq!(told.outcome(), Some(Outcome::Refused));
}

#[test]
fn nothing_is_started_without_the_lock_and_what_may_be_ours_is_freed() {
    for in_doubt in [false, true] {
        let mut told = Told::planned(1);
        let orders = told.hear(What::LockNotTaken { message: SafeText::new("another holds it"), in_doubt });
        assert_eq!(orders, if in_doubt { free() } else { Vec::new() });
        assert_eq!(told.outcome().is_none(), in_doubt);
        told.hear(What::LockFreed);
        let verdict = told.drill.verdict().unwrap();
        assert_eq!((verdict.verdict, verdict.reasons), (Outcome::Refused, vec![SafeText::new("another holds it")]));
        let words = String::from("web 1");
        let confirmed = What::DrillConfirmed { words, by: ConfirmedBy::Typed, client_token: String::from("t") };
        assert_eq!(told.hear(confirmed), []);
    }
}

#[test]
fn what_may_still_run_keeps_its_lock() {
    let mut told = Told::locked(1);
    assert_eq!(told.hear(What::SettleTimeEnded), delete(), "FIS says that it runs, and needs no template for it");
    assert_eq!(told.hear(What::TemplateDeleted { template: template() }), []);
    let verdict = told.drill.verdict().unwrap();
    assert!(verdict.reasons.iter().any(|reason| reason.contains("the lock on its groups stays")), "{verdict:?}");
    assert_eq!(told.hear(What::DrillFinished { verdict }), [], "nor is it freed at the end");

    let (mut unknown, _) = Told::confirmed_locked(1);
    unknown.hear(What::TemplateCreated { template: template() });
    let (order, message) = (OrderName::StartExperiment, SafeText::new("x"));
    unknown.hear(What::OrderUnanswered { order, message });
    for _ in 0..3 {
        unknown.hear(refused(OrderName::FindExperiment));
    }
    let verdict = unknown.drill.verdict().unwrap();
    assert!(verdict.reasons.iter().any(|reason| reason.contains("the lock on its groups stays")), "{verdict:?}");
    assert_eq!(unknown.hear(What::DrillFinished { verdict }), []);
}

#[test]
fn a_template_that_comes_long_after_the_confirmation_is_not_started() {
    let (mut in_time, _) = Told::confirmed_locked(1);
    in_time.now += SignedDuration::from_mins(4);
    assert!(matches!(
        in_time.hear(What::TemplateCreated { template: template() })[..],
        [Order::StartExperiment { .. }]
    ));
    let (mut late, _) = Told::confirmed_locked(1);
    late.now += SignedDuration::from_mins(6); // the machine slept
    assert_eq!(late.hear(What::TemplateCreated { template: template() }), delete());
    assert_eq!(late.hear(What::TemplateDeleted { template: template() }), free());
    assert_eq!(late.hear(What::LockFreed), []);
    assert_eq!(late.outcome(), Some(Outcome::Refused));
}

fn free() -> Vec<Order> {
    vec![Order::FreeLock { drill: DrillId::new("d1"), groups: vec![group()] }]
}

mod as_it_is;
mod doubt;
