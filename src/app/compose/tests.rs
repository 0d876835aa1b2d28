use super::{check::Standing, *};
use crate::drill::fleet::{Behavior, Group, GroupKind, Instance, InstanceState, Lifecycle, World};
use crate::drill::guard::circumstances::tests::fine;

fn fleet(count: usize) -> Fleet {
    let instance = |number: usize| Instance {
        id: InstanceId::new(format!("i-{number:03}")),
        name: None,
        instance_type: SafeText::new("m5.large"),
        az: SafeText::new(format!("eu-west-1{}", ["a", "b"][number % 2])),
        state: InstanceState::Running,
        lifecycle: Lifecycle::Spot,
        spot_request: None,
        interruption_behavior: Some(if number == 0 { Behavior::Hibernate } else { Behavior::Terminate }),
        launched_at: None,
        protected: false,
        node: None,
    };
    Fleet {
        region: SafeText::new("eu-west-1"),
        account: SafeText::new("123456789012"),
        world: World::Aws,
        groups: vec![Group { key: key(), instances: (0..count).map(instance).collect() }],
        complete: true,
        gap: None,
        as_of: "2026-11-22T12:00:00Z".parse().unwrap(),
    }
}

fn key() -> GroupKey {
    GroupKey { kind: GroupKind::EksNodegroup, name: SafeText::new("web"), cluster: Some(SafeText::new("shop")) }
}

fn of_group(fleet: &Fleet) -> Compose {
    looked(fleet, Compose::new(fleet, Vec::new(), Some(key()), 7, "role"))
}

fn looked(fleet: &Fleet, mut compose: Compose) -> Compose {
    compose.look(fleet, Some(fine()));
    compose
}

fn targets(compose: &Compose) -> Vec<&str> {
    compose.resolved.as_ref().unwrap().in_all_waves().map(|target| target.id.as_str()).collect()
}

fn press(compose: &mut Compose, keys: &str) {
    for key in keys.split_whitespace() {
        compose.type_in(key.parse().unwrap());
    }
}

#[test]
fn marks_are_hit_exactly() {
    let fleet = fleet(8);
    let marks = vec![InstanceId::new("i-003"), InstanceId::new("i-001")];
    let compose = looked(&fleet, Compose::new(&fleet, marks, Some(key()), 7, "role"));
    assert_eq!(targets(&compose), ["i-001", "i-003"]);
    assert_eq!(compose.fields(), [Field::Kind, Field::Warning, Field::Review]);
    assert!(compose.preview.iter().any(|line| line.ends_with("instance/i-003")));
}

#[test]
fn without_marks_one_of_the_group_is_drawn_and_n_draws_another() {
    let fleet = fleet(20);
    let mut compose = of_group(&fleet);
    let first = targets(&compose).join(" ");
    assert_eq!(compose.kind, Kind::Count);
    let drawn = (0..5).map(|_| {
        compose.next_seed(&fleet);
        targets(&compose).join(" ")
    });
    assert!(drawn.collect::<Vec<_>>().iter().any(|other| *other != first));
    compose.seed = 7;
    compose.resolve(&fleet);
    assert_eq!(targets(&compose).join(" "), first, "the same seed draws the same");
}

#[test]
fn more_than_there_are_is_refused_in_words() {
    let fleet = fleet(5);
    let mut compose = of_group(&fleet);
    compose.go(true);
    press(&mut compose, "9 9");
    compose.accept(&fleet).unwrap();
    let refusals = compose.resolved.as_ref().unwrap_err().to_string();
    assert!(refusals.contains("ask for at most 5"), "{refusals}");
    assert!(compose.preview.is_empty());
}

#[test]
fn every_refusal_is_told_at_once() {
    let fleet = Fleet { complete: false, ..fleet(60) };
    let mut compose = of_group(&fleet);
    compose.count = 61;
    compose.look(&fleet, Some(Circumstances { accounts: Vec::new(), ..fine() }));
    assert_eq!(compose.resolved.unwrap_err().0.len(), 3, "incomplete, more than there are, not allowed");
}

#[test]
fn a_warning_is_typed_or_stepped_and_stays_in_range() {
    let fleet = fleet(5);
    let mut compose = of_group(&fleet);
    compose.field = Field::Warning;
    compose.step(true, &fleet).unwrap();
    assert_eq!(compose.warning.seconds(), 150);
    press(&mut compose, "5 m");
    compose.accept(&fleet).unwrap();
    assert_eq!(compose.warning.seconds(), 300);
    press(&mut compose, "1 h");
    assert!(compose.accept(&fleet).unwrap_err().contains("2m to 15m"));
    assert!(compose.typing.is_some(), "typing goes on until it can be read");
}

#[test]
fn a_share_may_be_none_and_says_so() {
    let fleet = fleet(5);
    let mut compose = of_group(&fleet);
    compose.step(true, &fleet).unwrap();
    assert_eq!((compose.kind, targets(&compose).len()), (Kind::Percent, 1));
    compose.go(true);
    for _ in 0..10 {
        compose.step(false, &fleet).unwrap();
    }
    assert!(compose.resolved.as_ref().unwrap_err().to_string().contains("rounds down"));
}

#[test]
fn without_a_group_there_is_nothing_to_choose_but_the_marks() {
    let fleet = fleet(5);
    let mut compose = looked(&fleet, Compose::new(&fleet, vec![InstanceId::new("i-001")], None, 7, "role"));
    assert!(compose.step(true, &fleet).unwrap_err().contains("need a group"));
}

#[test]
fn checks_tell_what_to_mind() {
    let fleet = fleet(6);
    let mut compose = of_group(&fleet);
    compose.kind = Kind::All;
    compose.resolve(&fleet);
    let checks = check::checks(&fleet, compose.resolved.as_ref().unwrap(), true);
    let told = |standing| {
        let such = checks.iter().filter(|check| check.standing == standing).map(|check| check.text.as_str());
        such.collect::<Vec<_>>().join("; ")
    };
    assert!(told(Standing::Stands).contains("read-only"));
    let minded = told(Standing::Mind);
    assert!(minded.contains("all 6 running spot") && minded.contains("i-000 hibernates"), "{minded}");
}

#[test]
fn nothing_is_planned_before_it_was_looked_around() {
    let fleet = fleet(8);
    let mut compose = Compose::new(&fleet, Vec::new(), Some(key()), 7, "role");
    assert_eq!(compose.resolved, Err(Refusals(vec![Refusal::Looking])));
    compose.look(&fleet, Some(fine()));
    assert!(compose.resolved.is_ok());
}

#[test]
fn a_reason_is_asked_for_where_one_overrides_and_counts_for_each_such_guard() {
    let fleet = fleet(2);
    let mut compose = looked(&fleet, Compose::new(&fleet, Vec::new(), Some(key()), 7, "role"));
    assert_eq!(compose.overridable(), [Overridable::Left, Overridable::Zone]);
    assert!(compose.fields().contains(&Field::Reason));
    compose.field = Field::Reason;
    compose.edit();
    press(&mut compose, "t o o space f e w");
    compose.accept(&fleet).unwrap();
    assert!(compose.resolved.as_ref().unwrap_err().to_string().contains("too short"));
    compose.edit();
    press(&mut compose, "space i n space t h e space t e s t 2");
    compose.accept(&fleet).unwrap();
    let plan = compose.resolved.as_ref().unwrap();
    let kept: Vec<_> = plan.overridden.iter().map(|it| (it.guard, it.reason.as_str())).collect();
    assert_eq!(kept, [(Overridable::Left, "too few in the test2"), (Overridable::Zone, "too few in the test2")]);
    compose.edit();
    press(&mut compose, "ctrl-u");
    compose.accept(&fleet).unwrap();
    assert!(compose.resolved.is_err(), "without a reason it stands again");
}

#[test]
fn fields_go_round() {
    let mut compose = of_group(&fleet(5));
    for _ in 0..5 {
        compose.go(true);
    }
    assert_eq!(compose.field, Field::Kind);
    compose.go(false);
    assert_eq!(compose.field, Field::Review);
}
