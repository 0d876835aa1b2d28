use jiff::SignedDuration;

use super::{countdown::*, *};
use crate::{
    drill::{
        fact::{Basis, Cause, ConfirmedBy, Fact},
        fleet::{GroupKey, GroupKind, InstanceState, World},
        id::{DrillId, ExperimentId, InstanceId, TemplateId},
        plan::Target,
        verdict::Outcome,
        warning::Warning,
    },
    text::SafeText,
};

const IDS: [&str; 2] = ["i-1", "i-2"];

fn at(time: &str) -> Timestamp {
    format!("2026-11-22T{time}Z").parse().unwrap()
}

fn plan() -> Plan {
    let target = |id: &str| Target {
        id: InstanceId::new(id),
        instance_type: SafeText::new("m5.large"),
        az: SafeText::new("eu-west-1a"),
        group: GroupKey { kind: GroupKind::EksNodegroup, name: SafeText::new("web"), cluster: None },
        spot_request: None,
        behavior: None,
    };
    Plan {
        account: SafeText::new("123456789012"),
        region: SafeText::new("eu-west-1"),
        world: World::Aws,
        targets: IDS.map(target).to_vec(),
        out_of: 4,
        warning: Warning::from_seconds(300).unwrap(),
        seed: None,
        as_is: None,
        stop_alarm: None,
        overridden: Vec::new(),
        ground: None,
        wave: None,
    }
}

fn record(live: &mut Live, source: Source, instance: Option<&str>, time: &str, what: What) {
    let instance = instance.map(InstanceId::new);
    let fact = Fact { at: at(time), seen: at(time), source, instance, what };
    live.record(&Entry { seq: 1, fact }, at(time));
}

fn experiment(live: &mut Live, time: &str, status: &str) {
    let (experiment, status) = (ExperimentId::new("EXP1"), SafeText::new(status));
    record(live, Source::Fis, None, time, What::ExperimentStateChanged { experiment, status, reason: None });
}

fn notice(live: &mut Live, id: &str, time: &str) {
    record(live, Source::Events, Some(id), time, What::NoticeIssued { basis: Basis::Event, action: None });
}

fn state(live: &mut Live, id: &str, time: &str, state: InstanceState) {
    record(live, Source::Ec2, Some(id), time, What::InstanceStateChanged { state, reason: None, not_before: None });
}

fn running() -> Live {
    let mut live = Live::new(Some(plan()), 1.0);
    let (drill, template, experiment_id) =
        (DrillId::new("d").unwrap(), TemplateId::new("EXT1"), ExperimentId::new("EXP1"));
    let role_arn = String::from("role");
    let planned = What::DrillPlanned { drill, plan: plan(), role_arn, settle_seconds: 600 };
    let (words, client_token) = (String::from("web 2"), String::from("token"));
    record(&mut live, Source::Spotdrill, None, "12:00:00", planned);
    let confirmed = What::DrillConfirmed { words, by: ConfirmedBy::Typed, client_token };
    record(&mut live, Source::Operator, None, "12:00:00", confirmed);
    record(&mut live, Source::Fis, None, "12:00:01", What::TemplateCreated { template: template.clone() });
    let started = What::ExperimentStarted { experiment: experiment_id, template };
    record(&mut live, Source::Fis, None, "12:00:02", started);
    experiment(&mut live, "12:00:10", "running");
    let (action, status) = (SafeText::new("interrupt0"), SafeText::new("running"));
    let began = What::ActionStateChanged { action, status, reason: None, started: Some(at("12:00:15")) };
    record(&mut live, Source::Fis, None, "12:00:15", began);
    live
}

fn counted(live: &Live, time: &str) -> (&'static str, String) {
    let Countdown { title, count, .. } = countdown(&live.drill, at(time));
    (title, count.text())
}

#[test]
fn the_countdown_goes_to_the_notice_then_to_the_end_then_up() {
    let mut live = running();
    assert_eq!(counted(&live, "12:00:45"), ("notice in", String::from("~02:30")));
    assert_eq!(counted(&live, "12:03:25"), ("notice in", String::from("+00:10")), "late, not zero");
    notice(&mut live, IDS[0], "12:03:16");
    assert_eq!(counted(&live, "12:03:10").0, "notice in", "one of them has none yet");
    notice(&mut live, IDS[1], "12:03:17");
    assert_eq!(counted(&live, "12:04:16"), ("interruption in", String::from("~01:00")));
    for id in IDS {
        state(&mut live, id, "12:05:18", InstanceState::ShuttingDown);
    }
    assert_eq!(counted(&live, "12:06:00"), ("since the first went", String::from("00:42")));
}

#[test]
fn an_estimate_is_always_marked_and_an_observation_never() {
    assert!(Count::Until(SignedDuration::from_millis(1_500)).text() == "~00:02", "rounded up: zero means over");
    assert!(!Count::Since(SignedDuration::from_secs(3)).text().starts_with('~'));
}

#[test]
fn the_phase_names_the_point_of_no_return() {
    let mut live = Live::new(Some(plan()), 1.0);
    assert!(live.phase().starts_with("STARTING"));
    live = running();
    assert!(live.phase().starts_with("RUNNING"), "{}", live.phase());
    record(&mut live, Source::Events, Some(IDS[0]), "12:00:20", What::RebalanceRecommended { basis: Basis::Event });
    assert_eq!(live.phase(), "REBALANCE recommended to 1 of 2");
    notice(&mut live, IDS[0], "12:03:16");
    assert_eq!(live.phase(), "NOTICE SENT to 1 of 2");
    notice(&mut live, IDS[1], "12:03:17");
    assert_eq!(live.phase(), "POINT OF NO RETURN passed 12:03:17  gone 0 of 2");
    experiment(&mut live, "12:03:20", "completed");
    for id in IDS {
        state(&mut live, id, "12:05:40", InstanceState::Terminated);
    }
    assert_eq!(live.phase(), "RECOVERING  every target is gone, 0 replaced, 2 to come");
}

#[test]
fn a_stop_is_told_as_asked_for_then_sent_then_by_what_fis_says_and_what_was_observed() {
    let mut live = running();
    record(&mut live, Source::Operator, None, "12:02:00", What::StopRequested { by: "me".into() });
    assert_eq!(live.phase(), "STOP ASKED FOR 12:02:00  gone 0 of 2, with notice 0  FIS says running");
    record(&mut live, Source::Fis, None, "12:02:01", What::StopSent { experiment: ExperimentId::new("EXP1") });
    experiment(&mut live, "12:02:02", "stopping");
    notice(&mut live, IDS[0], "12:03:16");
    assert_eq!(live.phase(), "STOP SENT 12:02:01  gone 0 of 2, with notice 1  FIS says stopping");
    notice(&mut live, IDS[1], "12:03:17");
    experiment(&mut live, "12:03:20", "stopped");
    assert_eq!(live.phase(), "STOP SENT 12:02:01  NOTHING CAN BE SAVED  gone 0 of 2  FIS says stopped");
    state(&mut live, IDS[0], "12:05:40", InstanceState::Terminated);
    assert!(live.phase().contains("NOTHING CAN BE SAVED  gone 1 of 2"), "{}", live.phase());
}

#[test]
fn silence_becomes_stale_and_an_answer_makes_it_fresh() {
    let mut live = running();
    assert!(live.stale(at("12:00:14")).is_empty());
    let stale: Vec<_> = live.stale(at("12:00:25")).iter().map(|stale| stale.watch).collect();
    assert_eq!(stale, [WatchName::Experiment, WatchName::Instances]);
    assert!(live.pulse(WatchName::Instances, at("12:00:25")));
    assert!(!live.pulse(WatchName::Instances, at("12:00:25")), "it was fresh already");
    let message = SafeText::new("ExpiredToken");
    let lost = What::SourceLost { watch: WatchName::Logs, message, since: None, cause: Cause::Login, todo: None };
    record(&mut live, Source::Spotdrill, None, "12:00:26", lost);
    let stale = live.stale(at("12:00:26"));
    assert_eq!((stale[0].watch, stale[0].lost.map(|lost| lost.why.as_str())), (WatchName::Logs, Some("ExpiredToken")));
}

#[test]
fn a_fast_lab_is_not_called_stale_for_its_speed() {
    let mut live = running();
    live.rate = 60.0;
    assert!(live.stale(at("12:00:50")).is_empty());
}

#[test]
fn log_lines_and_facts_go_to_their_panes_and_the_verdict_ends_it() {
    let mut live = running();
    let facts = live.facts.len();
    let (group, message) = (SafeText::new("g"), SafeText::new("hello"));
    record(&mut live, Source::Logs, None, "12:01:00", What::LogLine { group, message });
    assert_eq!((live.facts.len(), live.logs.len()), (facts, 1));
    assert!(live.follow().is_err(), "the instances do not scroll away");
    record(&mut live, Source::Spotdrill, None, "12:10:00", finished(Outcome::Held));
    assert!(!live.goes_on());
    assert!(live.stale(at("12:30:00")).is_empty(), "what is over is not stale");
}

fn in_two_waves() -> Live {
    let mut live = running();
    let mut plan = plan();
    let later = vec![plan.targets.clone()];
    plan.wave = Some(Box::new(Wave { number: 1, of: 2, gap: 60, earlier: Vec::new(), later }));
    let (drill, role_arn) = (DrillId::new("d").unwrap(), String::from("role"));
    let planned = What::DrillPlanned { drill, plan, role_arn, settle_seconds: 600 };
    record(&mut live, Source::Spotdrill, None, "12:00:00", planned);
    live
}

fn finished(verdict: Outcome) -> What {
    let none = Vec::new;
    let verdict = Verdict {
        verdict,
        reasons: Vec::new(),
        interrupted: none(),
        not_observed: none(),
        replacements: none(),
        unseen: Vec::new(),
    };
    What::DrillFinished { verdict }
}

#[test]
fn a_wave_waits_for_a_verdict_that_held_and_for_its_gap() {
    let mut live = in_two_waves();
    assert_eq!(live.wave_to_come(), None);
    assert!(live.next_wave(at("12:10:00")).unwrap_err().contains("waits for the verdict"));
    let mut failed = live.clone();
    record(&mut failed, Source::Spotdrill, None, "12:10:00", finished(Outcome::Failed));
    assert_eq!(failed.wave_to_come(), None);
    assert!(failed.next_wave(at("12:20:00")).unwrap_err().contains("did not hold"));
    record(&mut live, Source::Spotdrill, None, "12:10:00", finished(Outcome::Held));
    assert_eq!(live.wave_to_come().map(|wave| (wave.number, wave.of)), Some((2, 2)));
    assert!(live.next_wave(at("12:10:59")).unwrap_err().contains("in 1 s"));
    assert_eq!(live.next_wave(at("12:11:00")).unwrap().wave.unwrap().earlier, [DrillId::new("d").unwrap()]);
}

#[test]
fn whoever_asked_for_a_stop_in_whatever_phase_gets_no_further_wave() {
    for late in [false, true] {
        let mut live = in_two_waves();
        let stop = What::StopRequested { by: SafeText::new("ana@here") };
        if !late {
            experiment(&mut live, "12:05:00", "completed");
            record(&mut live, Source::Operator, None, "12:05:30", stop);
        }
        record(&mut live, Source::Spotdrill, None, "12:10:00", finished(Outcome::Held));
        if late {
            assert!(live.wave_to_come().is_some());
            live.hold_waves();
        }
        assert_eq!(live.wave_to_come(), None);
        let why = live.next_wave(at("12:30:00")).unwrap_err();
        assert!(why.contains("wave 2 is held: a stop was asked for") && why.contains("ana@here") != late, "{why}");
    }
}
