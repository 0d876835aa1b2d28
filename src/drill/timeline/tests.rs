use super::*;
use crate::drill::{
    fact::Basis,
    fleet::World,
    id::{DrillId, TemplateId},
};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn fact(seconds: i64, source: Source, instance: &str, what: What) -> Fact {
    let instance = (!instance.is_empty()).then(|| InstanceId::new(instance));
    Fact { at: at(seconds), seen: at(seconds + 1), source, instance, what }
}

fn group(name: &str) -> GroupKey {
    GroupKey::from_tags(&[(SafeText::new("eks:nodegroup-name"), SafeText::new(name))])
}

/// A drill of `i-a` (zone 1a) and `i-b` (zone 1b) with three minutes of warning, started at second 0.
fn begun(behavior: Behavior) -> Timeline {
    let target = |id: &str, az: &str| Target {
        id: InstanceId::new(id),
        instance_type: SafeText::new("m5.large"),
        az: SafeText::new(az),
        group: group("web"),
        spot_request: None,
        behavior: Some(behavior),
    };
    let plan = Plan {
        account: SafeText::new("000000000000"),
        region: SafeText::new("eu-west-1"),
        world: World::Lab,
        targets: vec![target("i-a", "1a"), target("i-b", "1b")],
        out_of: 4,
        warning: Warning::from_seconds(180).unwrap(),
        seed: None,
        as_is: None,
        stop_alarm: None,
        overridden: Vec::new(),
        ground: None,
        wave: None,
    };
    let mut timeline = Timeline::default();
    let planned = What::DrillPlanned { drill: DrillId::new("d"), plan, role_arn: String::new(), settle_seconds: 600 };
    timeline.record(&fact(-2, Source::Spotdrill, "", planned));
    let started = What::ExperimentStarted { experiment: ExperimentId::new("EXP"), template: TemplateId::new("EXT") };
    timeline.record(&fact(0, Source::Fis, "", started));
    timeline
}

fn notice(seconds: i64, source: Source) -> Fact {
    fact(seconds, source, "i-a", What::NoticeIssued { basis: Basis::Event, action: None })
}

fn state(seconds: i64, source: Source, instance: &str, state: InstanceState) -> Fact {
    fact(seconds, source, instance, What::InstanceStateChanged { state, reason: None, not_before: None })
}

#[test]
fn the_word_nearest_to_the_event_counts_whichever_came_first() {
    for order in [[Source::Fis, Source::Events, Source::Logs], [Source::Events, Source::Logs, Source::Fis]] {
        let mut timeline = begun(Behavior::Terminate);
        for source in order {
            timeline.record(&notice(70 + i64::from(source.rank()), source));
        }
        let events = i64::from(Source::Events.rank());
        assert_eq!(timeline.tracks[0].notice, Some(Sighting { at: at(70 + events), source: Source::Events }));
    }
}

#[test]
fn estimates_follow_what_was_observed() {
    let mut timeline = begun(Behavior::Terminate);
    let expected = |timeline: &Timeline| timeline.expected(&timeline.tracks[0]).unwrap();
    assert_eq!(expected(&timeline).notice, at(12 + 60));
    let (action, status) = (SafeText::new("interrupt0"), SafeText::new("running"));
    let running = What::ActionStateChanged { action, status, reason: None, started: Some(at(20)) };
    timeline.record(&fact(20, Source::Fis, "", running));
    assert_eq!(expected(&timeline), Expected { rebalance: at(20), notice: at(80), interruption: at(200) });
    timeline.record(&notice(83, Source::Events));
    assert_eq!(expected(&timeline).interruption, at(203));
    assert_eq!(timeline.expected_end(), Some(at(203)), "the other target has no notice of its own yet: {timeline:?}");
}

#[test]
fn hibernation_follows_its_notice_at_once() {
    let timeline = begun(Behavior::Hibernate);
    let expected = timeline.expected(&timeline.tracks[0]).unwrap();
    assert_eq!(expected.interruption, expected.notice);
}

#[test]
fn a_late_fact_takes_no_state_back() {
    let mut timeline = begun(Behavior::Terminate);
    timeline.record(&state(205, Source::Ec2, "i-a", InstanceState::Terminated));
    timeline.record(&state(200, Source::Events, "i-a", InstanceState::ShuttingDown));
    let track = &timeline.tracks[0];
    assert_eq!(track.state, InstanceState::Terminated);
    assert_eq!((track.leaving.unwrap().at, track.gone.unwrap().at), (at(200), at(205)));
}

#[test]
fn a_new_instance_stands_for_the_target_of_its_zone() {
    let mut timeline = begun(Behavior::Terminate);
    for (new, az) in [("i-new1", "1b"), ("i-new2", "1c"), ("i-new3", "1a")] {
        let (az, instance_type) = (SafeText::new(az), SafeText::new("m5.large"));
        timeline.record(&fact(
            100,
            Source::Ec2,
            new,
            What::ReplacementLaunched { group: group("web"), az, instance_type },
        ));
    }
    let replacement = |track: &Track| track.replacement.as_ref().map(InstanceId::to_string);
    assert_eq!(replacement(&timeline.tracks[0]).as_deref(), Some("i-new2"), "no other was left");
    assert_eq!(replacement(&timeline.tracks[1]).as_deref(), Some("i-new1"));
    assert_eq!(timeline.replacements.len(), 3);
}

#[test]
fn only_groups_that_replace_are_missed() {
    let mut timeline = begun(Behavior::Terminate);
    timeline.record(&state(200, Source::Ec2, "i-a", InstanceState::Terminated));
    assert_eq!(timeline.missing_replacements(), [(&group("web"), 1)]);
    let mut stays_stopped = begun(Behavior::Stop);
    stays_stopped.record(&state(200, Source::Ec2, "i-a", InstanceState::Stopped));
    assert_eq!(stays_stopped.missing_replacements(), []);
    for (kind, lost, brought_back) in [
        (GroupKind::EksNodegroup, 3, 3),
        (GroupKind::AutoScalingGroup, 2, 2),
        (GroupKind::KarpenterNodepool, 3, 1),
        (GroupKind::Ungrouped, 3, 0),
    ] {
        assert_eq!(promised(kind, lost), brought_back, "{kind:?}");
    }
}
