use super::*;
use crate::drill::{
    fact::{Basis, ConfirmedBy, Source},
    fleet::{Behavior, GroupKey, InstanceState, World},
    health::{Check, Reach},
    id::{CheckUrl, ExperimentId, InstanceId},
    order::Watch,
    order::WatchName::{Events, Experiment, Group, Instances, Logs},
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
    vec![Order::DeleteTemplate { template: template() }]
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
fn a_start_without_an_answer_is_looked_for_and_never_repeated() {
    let (mut told, _) = Told::confirmed(1);
    told.hear(What::TemplateCreated { template: template() });
    let find = vec![Order::FindExperiment { template: template(), tagged: None }];
    assert_eq!(told.hear(unanswered(OrderName::StartExperiment)), find);
    let mut found = Told { drill: told.drill.clone(), now: told.now };
    found.hear(What::ExperimentStarted { experiment: experiment(), template: template() });
    assert_eq!(found.drill.phase, Phase::Running);
    let mut absent = Told { drill: told.drill.clone(), now: told.now };
    assert_eq!(absent.hear(What::ExperimentNotFound { template: template() }), delete());
    assert_eq!(told.hear(unanswered(OrderName::FindExperiment)), []);
    let verdict = told.drill.verdict().unwrap();
    assert!(verdict.reasons[0].contains("UNKNOWN") && verdict.reasons[0].contains("aws fis"), "{verdict:?}");
    assert_eq!(verdict.verdict, Outcome::Failed);
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
    assert_eq!(running.hear(What::OrderUnanswered { order, message }), []);
    assert_eq!(running.hear(stop_requested()), stop(), "the last one did not arrive");

    running.experiment("stopped");
    assert_eq!(running.hear(stop_requested()), [], "FIS is done");
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
fn a_drill_that_was_left_is_taken_up_without_starting_anything() {
    let mut planned = Told::planned(1);
    assert_eq!(planned.drill.taken_up(), free(), "whether the lock was taken is not known");
    assert_eq!(planned.hear(What::LockFreed), []);
    assert_eq!(planned.outcome(), Some(Outcome::Refused));
    let (mut left, _) = Told::confirmed(1);
    assert_eq!(left.drill.taken_up(), [], "whether a template was made is not known");
    left.hear(What::TemplateCreated { template: template() });
    assert_eq!(left.drill.taken_up(), [Order::FindExperiment { template: template(), tagged: None }]);
    left.hear(What::ExperimentStarted { experiment: experiment(), template: template() });
    assert_eq!(left.drill.taken_up(), []);
    left.hear(stop_requested());
    assert_eq!(left.drill.taken_up(), stop());
    left.experiment("stopped");
    assert_eq!(left.drill.taken_up(), delete());
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
    assert_eq!(told.drill.taken_up(), free(), "and again by whoever takes the drill up");
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
    assert_eq!(told.hear(What::SettleTimeEnded), [], "FIS says that it runs");
    assert!(told.outcome().is_some());

    let (mut unknown, _) = Told::confirmed_locked(1);
    unknown.hear(What::TemplateCreated { template: template() });
    let (order, message) = (OrderName::StartExperiment, SafeText::new("x"));
    unknown.hear(What::OrderUnanswered { order, message });
    assert_eq!(unknown.hear(refused(OrderName::FindExperiment)), []);
    let verdict = unknown.drill.verdict().unwrap();
    assert!(verdict.reasons.iter().any(|reason| reason.contains("the lock on its groups stays")), "{verdict:?}");
}

fn free() -> Vec<Order> {
    vec![Order::FreeLock { drill: DrillId::new("d1"), groups: vec![group()] }]
}

mod as_it_is {
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
        told.hear(What::DrillPlanned { drill: DrillId::new("d1"), plan, role_arn, settle_seconds: 600 });
        let client_token = String::from("token");
        let orders =
            told.hear(What::DrillConfirmed { words: String::from("web 1"), by: ConfirmedBy::Typed, client_token });
        let [Order::StartExperiment { template, client_token, tags }] = &orders[..] else { panic!("{orders:?}") };
        assert_eq!((template, client_token.as_str()), (&theirs(), "token-start"));
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
        assert_eq!(left.drill.taken_up(), []);
    }

    #[test]
    fn a_start_without_an_answer_is_looked_for_by_the_drills_tag() {
        let find = vec![Order::FindExperiment { template: theirs(), tagged: Some(DrillId::new("d1")) }];
        let mut told = confirmed(1, |_| ());
        assert_eq!(told.drill.taken_up(), find, "left before an answer came");
        assert_eq!(told.hear(unanswered(OrderName::StartExperiment)), find);
        let mut absent = Told { drill: told.drill.clone(), now: told.now };
        assert_eq!(absent.hear(What::ExperimentNotFound { template: theirs() }), []);
        assert_eq!(absent.outcome(), Some(Outcome::Refused));
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
        let planned = What::DrillPlanned { drill: DrillId::new("d1"), plan, role_arn, settle_seconds: 600 };
        for what in [planned, chosen("i-5", group())] {
            let line = serde_json::to_string(&Fact::ours(told.now, what)).unwrap();
            let fact: Fact = serde_json::from_str(&line).unwrap();
            assert_eq!(serde_json::to_string(&fact).unwrap(), line);
            let _ = told.drill.apply(&fact);
        }
        assert_eq!(told.drill.planned.unwrap().plan.as_is.unwrap().id, theirs());
    }
}
