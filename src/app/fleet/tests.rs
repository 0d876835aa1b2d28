use super::*;
use crate::drill::fleet::{Behavior, GroupKind, InstanceState, Lifecycle, World};

fn instance(id: &str, az: &str) -> Instance {
    Instance {
        id: InstanceId::new(id),
        name: Some(SafeText::new(format!("name-{id}"))),
        instance_type: SafeText::new("m5.large"),
        az: SafeText::new(az),
        state: InstanceState::Running,
        lifecycle: Lifecycle::Spot,
        spot_request: None,
        interruption_behavior: Some(Behavior::Terminate),
        launched_at: None,
        protected: false,
        node: None,
    }
}

fn fleet(groups: Vec<(&str, Vec<Instance>)>) -> Fleet {
    let group = |(name, instances): (&str, Vec<Instance>)| Group {
        key: GroupKey { kind: GroupKind::EksNodegroup, name: SafeText::new(name), cluster: None },
        instances,
    };
    Fleet {
        region: SafeText::new("eu-west-1"),
        account: SafeText::new("123456789012"),
        world: World::Aws,
        groups: groups.into_iter().map(group).collect(),
        complete: true,
        gap: None,
        as_of: "2026-11-22T12:00:00Z".parse().unwrap(),
    }
}

fn two_groups() -> Fleet {
    let on_demand = Instance { lifecycle: Lifecycle::OnDemand, ..instance("i-od", "1a") };
    fleet(vec![
        ("api", vec![instance("i-a1", "1a"), instance("i-a2", "1b"), on_demand]),
        ("web", vec![instance("i-w1", "1a"), instance("i-w2", "1c")]),
    ])
}

fn browser() -> Browser {
    let mut browser = Browser::default();
    assert_eq!(browser.listed(two_groups()), []);
    browser
}

fn down(browser: &mut Browser, times: usize) {
    for _ in 0..times {
        browser.scroll(Motion::Down);
    }
}

fn marks(browser: &Browser) -> Vec<&str> {
    browser.marks().iter().map(InstanceId::as_str).collect()
}

#[test]
fn a_mark_is_set_and_taken_away() {
    let mut browser = browser();
    down(&mut browser, 1);
    browser.toggle_mark().unwrap();
    assert_eq!(marks(&browser), ["i-a1"]);
    assert_eq!(browser.cursor(), 2, "the cursor goes on, so that space space marks two");
    browser.scroll(Motion::Up);
    browser.toggle_mark().unwrap();
    assert!(marks(&browser).is_empty());
}

#[test]
fn what_cannot_be_interrupted_is_not_marked_and_says_why() {
    let mut browser = browser();
    down(&mut browser, 3);
    assert_eq!(browser.toggle_mark().unwrap_err(), "i-od cannot be interrupted: on-demand, not spot");
    assert!(browser.marks().is_empty());
}

#[test]
fn a_group_marks_all_that_can_be_hit_and_then_none() {
    let mut browser = browser();
    browser.toggle_mark().unwrap();
    assert_eq!(marks(&browser), ["i-a1", "i-a2"]);
    let (_, summary) = browser.group_at_cursor().unwrap();
    assert_eq!((summary.marked, summary.targetable, summary.instances), (2, 2, 3));
    assert_eq!(summary.zones[&SafeText::new("1b")].marked, 1);
    browser.toggle_mark().unwrap();
    assert!(browser.marks().is_empty());
}

#[test]
fn a_range_marks_across_groups_and_skips_what_cannot_be_hit() {
    let mut browser = browser();
    down(&mut browser, 2);
    browser.range().unwrap();
    down(&mut browser, 3);
    assert!(browser.in_range(3) && !browser.in_range(1));
    browser.toggle_mark().unwrap();
    assert_eq!(marks(&browser), ["i-a2", "i-w1"]);
    assert!(!browser.is_ranging());
    browser.range().unwrap();
    assert!(browser.drop_range() && !browser.drop_range());
    assert_eq!(browser.marks().len(), 2);
}

#[test]
fn a_filter_shows_what_matches_and_hides_empty_groups() {
    let mut browser = browser();
    for (text, matching, rows) in
        [("w1", 1, 2), ("WEB", 2, 3), ("1a !w", 2, 3), ("spot 1a", 2, 4), ("!", 5, 7), ("nothing", 0, 0), ("", 5, 7)]
    {
        browser.set_filter(text);
        assert_eq!((browser.matching(), browser.rows().len()), (matching, rows), "{text}");
    }
}

#[test]
fn the_cursor_stays_with_its_instance() {
    let mut browser = browser();
    down(&mut browser, 5);
    assert_eq!(browser.instance_at_cursor().unwrap().id.as_str(), "i-w1");
    browser.set_filter("web");
    assert_eq!(browser.instance_at_cursor().unwrap().id.as_str(), "i-w1");
    browser.set_filter("");
    let mut again = two_groups();
    again.groups[0].instances.remove(0);
    browser.listed(again);
    assert_eq!(browser.instance_at_cursor().unwrap().id.as_str(), "i-w1");
    browser.set_filter("nothing");
    assert_eq!(browser.row(), None);
}

#[test]
fn marks_that_can_no_longer_be_hit_are_dropped_and_named() {
    let mut browser = browser();
    browser.toggle_mark().unwrap();
    let mut again = two_groups();
    again.groups[0].instances[1].state = InstanceState::Stopping;
    assert_eq!(browser.listed(again), [InstanceId::new("i-a2")]);
    assert_eq!(marks(&browser), ["i-a1"]);
}

#[test]
fn groups_fold_and_marks_inside_stay() {
    let mut browser = browser();
    down(&mut browser, 1);
    browser.toggle_mark().unwrap();
    browser.collapse();
    assert_eq!(browser.row(), Some(Row::Group(0)));
    browser.collapse();
    assert_eq!(browser.rows().len(), 4);
    assert_eq!(marks(&browser), ["i-a1"]);
    browser.expand();
    assert_eq!(browser.rows().len(), 7);
    browser.expand();
    assert_eq!(browser.row(), Some(Row::Instance(0, 0)));
}

#[test]
fn a_large_region_starts_folded() {
    let many = (0..=FOLD_ABOVE).map(|number| instance(&format!("i-{number}"), "1a")).collect();
    let mut browser = Browser::default();
    browser.listed(fleet(vec![("big", many)]));
    assert_eq!(browser.rows(), [Row::Group(0)]);
}
