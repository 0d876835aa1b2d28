use super::{circumstances::tests::fine, *};
use crate::{
    drill::{
        fleet::{Behavior, Group, GroupKey, GroupKind, Instance, InstanceState, Lifecycle, World},
        guard::overriding::Overridable,
        id::InstanceId,
        warning::Warning,
    },
    text::SafeText,
};
use jiff::Timestamp;

mod around;
mod caps;
mod ground;
mod overriding;
mod property;

fn instance(id: &str, az: &str) -> Instance {
    Instance {
        id: InstanceId::new(id),
        name: None,
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

fn group(name: &str, cluster: &str, instances: Vec<Instance>) -> Group {
    let key =
        GroupKey { kind: GroupKind::EksNodegroup, name: SafeText::new(name), cluster: Some(SafeText::new(cluster)) };
    Group { key, instances }
}

fn fleet(groups: Vec<Group>) -> Fleet {
    Fleet {
        region: SafeText::new("eu-west-1"),
        account: SafeText::new("123456789012"),
        world: World::Aws,
        groups,
        complete: true,
        gap: None,
        as_of: Timestamp::UNIX_EPOCH,
    }
}

/// So many running spot instances, in three zones.
fn many(name: &str, count: usize) -> Group {
    let each = (0..count).map(|n| instance(&format!("i-{name}{n:02}"), ["1a", "1b", "1c"][n % 3]));
    group(name, "shop", each.collect())
}

/// Twelve spot instances in `web`; in `batch` four, an on-demand and a stopped one.
fn shop() -> Fleet {
    let mut batch = many("batch", 4);
    batch.instances.push(Instance { lifecycle: Lifecycle::OnDemand, ..instance("i-od", "1a") });
    batch.instances.push(Instance { state: InstanceState::Stopped, ..instance("i-stopped", "1b") });
    fleet(vec![many("web", 12), batch])
}

fn wish(group: Option<&str>, selection: Selection) -> Wish {
    Wish {
        group: group.map(str::to_owned),
        selection,
        warning: Warning::LEAST,
        seed: 7,
        gap: 60,
        overrides: Vec::new(),
        earlier: Vec::new(),
    }
}

fn exactly_these(ids: &[&str]) -> Selection {
    Selection::Exact(ids.iter().map(InstanceId::new).collect())
}

/// Where nothing but the instances stands against a drill.
fn plan(fleet: &Fleet, wish: &Wish) -> Result<Plan, Refusals> {
    super::plan(fleet, wish, &fine())
}

fn refusals(fleet: &Fleet, wish: &Wish) -> Vec<Refusal> {
    plan(fleet, wish).unwrap_err().0
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.in_all_waves().map(|target| target.id.as_str()).collect()
}

#[test]
fn a_group_whose_name_hides_something_is_refused_by_name() {
    for hidden in ["we\u{200b}b", "web\r", "we\tb", "\x1b[0mweb"] {
        let mut shop = shop();
        shop.groups[0].key.name = SafeText::name(hidden);
        let qualified = shop.groups[0].key.qualified();
        let refused = plan(&shop, &wish(Some(&qualified), Selection::Count(1))).unwrap_err();
        assert!(refused.0.contains(&Refusal::NotAsShown { group: qualified }), "{hidden:?}: {refused}");
        let one = Selection::Exact(vec![InstanceId::new("i-web00")]);
        let refused = plan(&shop, &wish(None, one)).unwrap_err();
        assert!(refused.to_string().contains("give it a plain name"), "{hidden:?}: {refused}");
    }
}

#[test]
fn the_same_seed_chooses_the_same_instances() {
    let chosen = |seed| plan(&shop(), &Wish { seed, ..wish(Some("web"), Selection::Count(3)) }).unwrap();
    assert_eq!(chosen(7), chosen(7));
    assert_eq!(chosen(7).seed, Some(7));
    assert!((0..20).any(|seed| chosen(seed).targets != chosen(7).targets), "the seed has no effect");
}

#[test]
fn a_share_is_rounded_down_as_fis_does() {
    assert_eq!(ids(&plan(&shop(), &wish(Some("web"), Selection::Percent(17))).unwrap()).len(), 2);
    assert_eq!(ids(&plan(&shop(), &wish(Some("web"), Selection::Percent(100))).unwrap()).len(), 12);
    let none = refusals(&shop(), &wish(Some("web"), Selection::Percent(8)));
    assert!(matches!(none.as_slice(), [Refusal::RoundsToNone { there: 12, percent: 8, .. }]), "{none:?}");
    for percent in [0, 101] {
        let no_share = refusals(&shop(), &wish(Some("web"), Selection::Percent(percent)));
        assert_eq!(no_share, [Refusal::NoShare { percent }]);
    }
}

#[test]
fn what_is_planned_is_what_was_named() {
    let plan = plan(&shop(), &wish(None, exactly_these(&["i-web05", "i-web00", "i-web05"]))).unwrap();
    assert_eq!((ids(&plan), plan.words().as_str(), plan.share()), (vec!["i-web00", "i-web05"], "web 2", 17));
    assert_eq!(plan.arn(&plan.targets[0]), "arn:aws:ec2:eu-west-1:123456789012:instance/i-web00");
    assert_eq!((plan.seed, &plan.wave), (None, &None));
    assert_eq!(plan.stop_alarm.as_deref(), Some("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop-errors"));
}

#[test]
fn instances_of_several_groups_are_named_as_such() {
    let plan = plan(&shop(), &wish(None, exactly_these(&["i-web00", "i-batch00"]))).unwrap();
    assert_eq!((plan.words().as_str(), plan.out_of), ("several-groups 2", 16));
    let names = |groups: Vec<&GroupKey>| groups.into_iter().map(GroupKey::qualified).collect::<Vec<_>>();
    assert_eq!(names(plan.groups()), ["shop/batch", "shop/web"]);
    assert_eq!(names(plan.groups_now()), names(plan.groups()));
    assert_eq!(plan.by_zone().into_iter().collect::<Vec<_>>(), [("1a", 2)]);
}

#[test]
fn every_refusal_comes_at_once() {
    let mut fleet = shop();
    fleet.complete = false;
    let wish = wish(None, exactly_these(&["i-od", "i-stopped", "i-webb", "i-web01"]));
    let around = Circumstances { accounts: Vec::new(), ..fine() };
    let all = super::plan(&fleet, &wish, &around).unwrap_err();
    assert_eq!(all.0.len(), 5, "{all:?}");
    let text = all.to_string();
    assert_eq!(text.lines().count(), 5, "{text}");
    for part in ["incomplete", "i-od is on-demand", "i-stopped is stopped", "no instance i-webb", "not on the list"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[test]
fn an_unknown_group_names_the_nearest() {
    let text = Refusals(refusals(&shop(), &wish(Some("wep"), Selection::All))).to_string();
    assert!(text.contains("no group `wep` in eu-west-1") && text.contains("Did you mean `web`?"), "{text}");
}

#[test]
fn the_nearest_names_are_alike_or_have_what_was_typed_in_them_each_once() {
    let fleet =
        fleet(vec![many("web", 1), group("web", "green", Vec::new()), many("weq", 1), many("pool-of-the-day", 1)]);
    let nearest = |name: &str| match find_group(&fleet, name) {
        Err(Refusal::NoSuchGroup { nearest, .. }) => nearest,
        found => panic!("{found:?}"),
    };
    assert_eq!(nearest("we"), ["`web`", "`weq`"]);
    assert_eq!(nearest("day"), ["`pool-of-the-day`"]);
    assert_eq!(nearest(""), [""; 0]);
}

#[test]
fn a_name_that_two_clusters_use_must_be_qualified() {
    let of =
        |cluster: &str| group("web", cluster, (0..6).map(|n| instance(&format!("i-{cluster}{n}"), "1a")).collect());
    let fleet = fleet(vec![of("blue"), of("green")]);
    let text = Refusals(refusals(&fleet, &wish(Some("web"), Selection::All))).to_string();
    assert!(text.contains("blue/web, green/web"), "{text}");
    let plan = plan(&fleet, &wish(Some("green/web"), Selection::Count(1))).unwrap();
    assert!(plan.targets[0].id.as_str().starts_with("i-green"));
}

#[test]
fn what_a_group_does_not_have_is_refused() {
    let many = refusals(&shop(), &wish(Some("web"), Selection::Count(13)));
    assert!(matches!(many.as_slice(), [Refusal::TooMany { there: 12, asked: 13, .. }]), "{many:?}");
    let mut nothing = shop();
    nothing.groups[1].instances.drain(..4);
    let none = refusals(&nothing, &wish(Some("batch"), Selection::All));
    assert!(matches!(none.as_slice(), [Refusal::NothingSpot { .. }]), "{none:?}");
    assert_eq!(refusals(&nothing, &wish(Some("batch"), Selection::Percent(50))), none);
    assert_eq!(refusals(&shop(), &wish(Some("web"), Selection::Count(0))), [Refusal::Nothing]);
    assert_eq!(refusals(&shop(), &wish(None, Selection::Count(1))), [Refusal::NoGroup]);
    assert_eq!(refusals(&shop(), &wish(None, exactly_these(&[]))), [Refusal::Nothing]);
    let other = refusals(&shop(), &wish(Some("batch"), exactly_these(&["i-web01"])));
    assert!(matches!(other.as_slice(), [Refusal::NotInGroup { .. }]), "{other:?}");
}

#[test]
fn what_is_protected_is_neither_drawn_nor_taken_by_name() {
    let mut fleet = shop();
    for n in 0..11 {
        fleet.groups[0].instances[n].protected = true;
    }
    let plan = plan(&fleet, &wish(Some("web"), Selection::All)).unwrap();
    assert_eq!((ids(&plan), plan.out_of), (vec!["i-web11"], 1));
    let named = refusals(&fleet, &wish(None, exactly_these(&["i-web03"])));
    assert_eq!(named, [Refusal::Protected { id: InstanceId::new("i-web03") }]);
    let drawn = refusals(&fleet, &wish(Some("web"), Selection::Count(2)));
    assert!(matches!(drawn.as_slice(), [Refusal::TooMany { there: 1, asked: 2, .. }]), "{drawn:?}");
    fleet.groups[0].instances[11].protected = true;
    let all = Refusal::AllProtected { group: String::from("shop/web"), protected: 12 };
    for selection in [Selection::All, Selection::Count(1), Selection::Percent(50)] {
        assert_eq!(refusals(&fleet, &wish(Some("web"), selection)), std::slice::from_ref(&all));
    }
    for other in &mut fleet.groups[1].instances {
        other.protected = true; // four of them, for an on-demand and a stopped one could not be hit anyway
    }
    let batch = refusals(&fleet, &wish(Some("batch"), Selection::All));
    assert_eq!(batch, [Refusal::AllProtected { group: String::from("shop/batch"), protected: 4 }]);
}

#[test]
fn an_instance_that_is_not_there_is_named_with_the_drill_that_hit_it_and_never_with_another_instance() {
    let missing = || wish(None, exactly_these(&["i-web0"]));
    let said = |others| {
        let around = Circumstances { others, ..fine() };
        super::plan(&shop(), &missing(), &around).unwrap_err().to_string()
    };
    assert_eq!(said(Ok(Vec::new())), "there is no instance i-web0 in eu-west-1");
    let other = |id: &str| circumstances::Other {
        by: SafeText::new("d1"),
        groups: Vec::new(),
        instances: vec![InstanceId::new(id)],
        over: Some(Timestamp::UNIX_EPOCH),
    };
    assert_eq!(said(Ok(vec![other("i-web00")])), "there is no instance i-web0 in eu-west-1");
    let hit = said(Ok(vec![other("i-web00"), other("i-web0")]));
    assert_eq!(hit, "there is no instance i-web0 in eu-west-1: drill d1 had it for a target");
    assert!(
        said(Err(SafeText::new("AccessDenied"))).starts_with("there is no instance i-web0 in eu-west-1\ncould not")
    );
}

mod as_it_is {
    use super::{super::startable, *};
    use crate::drill::existing::{
        Existing,
        tests::{existing, text},
    };

    fn as_it_is(fleet: &Fleet, existing: &Existing, previewed: &[InstanceId]) -> Result<Plan, Refusals> {
        super::super::as_it_is(fleet, existing, previewed, &fine(), &[])
    }

    #[test]
    fn the_previewed_instances_become_the_plan() {
        let previewed = [InstanceId::new("i-web03"), InstanceId::new("i-web03")];
        let plan = as_it_is(&shop(), &existing(), &previewed).unwrap();
        assert_eq!((plan.words().as_str(), plan.targets.len(), plan.out_of), ("web 1", 1, 12));
        assert_eq!((plan.actions(), plan.seed, plan.warning), (1, None, Warning::LEAST));
        let choice = plan.choice().unwrap();
        assert!(choice.contains("may choose others: COUNT(1) of tag eks:nodegroup-name=web"), "{choice}");
        assert!(choice.ends_with("12 running spot in web"), "{choice}");
        assert_eq!(again(&plan, &shop(), &fine()), Ok(plan));
    }

    #[test]
    fn what_does_not_only_interrupt_at_one_time_is_not_started() {
        let refused = |change: fn(&mut Existing)| {
            let mut existing = existing();
            change(&mut existing);
            let refusals = startable(&existing).unwrap_err();
            assert_eq!(refusals.0.len(), 1, "{refusals}");
            assert_eq!(as_it_is(&shop(), &existing, &[InstanceId::new("i-web03")]), Err(refusals.clone()));
            refusals.to_string()
        };
        let said = refused(|existing| existing.others = vec![text("stop (aws:ec2:stop-instances)")]);
        assert!(said.contains("does more") && said.contains("aws:ec2:stop-instances"), "{said}");
        let said = refused(|existing| existing.interruptions.clear());
        assert!(said.contains("interrupts no spot instance"), "{said}");
        let said = refused(|existing| {
            existing.interruptions.push(existing.interruptions[0].clone());
            existing.interruptions[1].warning = text("PT5M");
        });
        assert!(said.contains("warnings PT2M, PT5M"), "{said}");
        let said = refused(|existing| existing.interruptions[0].after = vec![text("first")]);
        assert!(said.contains("interrupt waits for first"), "{said}");
        assert!(refused(|existing| existing.other_accounts = true).contains("other accounts"));
        assert!(refused(|existing| existing.of_drill = Some(text("d1"))).contains("of drill d1"));
        assert!(refused(|existing| existing.interruptions[0].warning = text("PT1H")).contains("2m to 15m"));
    }

    #[test]
    fn what_fis_resolved_must_be_running_spot_instances_of_a_complete_list() {
        let said = |fleet: &Fleet, ids: &[&str]| {
            let ids: Vec<_> = ids.iter().map(InstanceId::new).collect();
            as_it_is(fleet, &existing(), &ids).unwrap_err().to_string()
        };
        assert!(said(&shop(), &[]).contains("FIS resolved no instance for template EXT9 (COUNT(1) of tag"));
        assert!(said(&shop(), &["i-od"]).contains("on-demand"));
        assert!(said(&shop(), &["i-web01", "i-stopped"]).contains("i-stopped is stopped"));
        assert!(said(&shop(), &["i-none"]).contains("there is no instance i-none"));
        assert!(said(&Fleet { complete: false, ..shop() }, &["i-web01"]).contains("incomplete"));
    }

    #[test]
    fn more_than_the_cap_is_not_started_for_fis_would_hit_it_at_once() {
        let previewed: Vec<_> = (0..4).map(|n| InstanceId::new(format!("i-web{n:02}"))).collect();
        let refusals = as_it_is(&shop(), &existing(), &previewed).unwrap_err().0;
        let cap = Refusal::BeyondCap { group: String::from("shop/web"), asked: 4, most: 3 };
        assert_eq!(refusals, [cap]);
        assert!(as_it_is(&shop(), &existing(), &previewed[..3]).is_ok());
    }
}
