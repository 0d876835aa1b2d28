use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::{
    drill::{
        fleet::{Behavior, GroupKey, GroupKind, InstanceState, Lifecycle, World},
        warning::Warning,
    },
    text::SafeText,
};

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

/// Eight spot instances in `web`, three in `batch`; one on-demand and one stopped among them.
fn shop() -> Fleet {
    let web = (0..8).map(|n| instance(&format!("i-web{n}"), ["1a", "1b", "1c"][n % 3])).collect();
    let on_demand = Instance { lifecycle: Lifecycle::OnDemand, ..instance("i-od", "1a") };
    let stopped = Instance { state: InstanceState::Stopped, ..instance("i-stopped", "1b") };
    fleet(vec![group("web", "shop", web), group("batch", "shop", vec![on_demand, stopped, instance("i-b", "1c")])])
}

fn wish(group: Option<&str>, selection: Selection) -> Wish {
    Wish { group: group.map(str::to_owned), selection, warning: Warning::LEAST, seed: 7 }
}

fn exactly_these(ids: &[&str]) -> Selection {
    Selection::Exact(ids.iter().map(InstanceId::new).collect())
}

fn refusals(fleet: &Fleet, wish: &Wish) -> Vec<Refusal> {
    plan(fleet, wish).unwrap_err().0
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
    assert_eq!(plan(&shop(), &wish(Some("web"), Selection::Percent(30))).unwrap().targets.len(), 2);
    let none = refusals(&shop(), &wish(Some("web"), Selection::Percent(10)));
    assert!(matches!(none.as_slice(), [Refusal::RoundsToNone { there: 8, percent: 10, .. }]), "{none:?}");
}

#[test]
fn what_is_planned_is_what_was_named() {
    let plan = plan(&shop(), &wish(None, exactly_these(&["i-web5", "i-web0", "i-web5"]))).unwrap();
    let ids: Vec<_> = plan.targets.iter().map(|target| target.id.as_str()).collect();
    assert_eq!((ids, plan.words().as_str(), plan.share()), (vec!["i-web0", "i-web5"], "web 2", 25));
    assert_eq!(plan.arn(&plan.targets[0]), "arn:aws:ec2:eu-west-1:123456789012:instance/i-web0");
    assert_eq!(plan.seed, None);
}

#[test]
fn instances_of_several_groups_are_named_as_such() {
    let plan = plan(&shop(), &wish(None, exactly_these(&["i-web0", "i-b"]))).unwrap();
    assert_eq!((plan.words().as_str(), plan.out_of), ("several-groups 2", 9));
}

#[test]
fn every_refusal_comes_at_once() {
    let mut fleet = shop();
    fleet.complete = false;
    let all = refusals(&fleet, &wish(None, exactly_these(&["i-od", "i-stopped", "i-webb", "i-web1"])));
    assert_eq!(all.len(), 4, "{all:?}");
    let text = Refusals(all).to_string();
    for part in ["incomplete", "i-od is on-demand", "i-stopped is stopped", "no instance i-webb", "`i-web0`"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[test]
fn an_unknown_group_names_the_nearest() {
    let text = Refusals(refusals(&shop(), &wish(Some("wep"), Selection::All))).to_string();
    assert!(text.contains("no group `wep` in eu-west-1") && text.contains("Did you mean `web`?"), "{text}");
}

#[test]
fn a_name_that_two_clusters_use_must_be_qualified() {
    let fleet = fleet(vec![
        group("web", "blue", vec![instance("i-1", "1a")]),
        group("web", "green", vec![instance("i-2", "1a")]),
    ]);
    let text = Refusals(refusals(&fleet, &wish(Some("web"), Selection::All))).to_string();
    assert!(text.contains("blue/web, green/web"), "{text}");
    let plan = plan(&fleet, &wish(Some("green/web"), Selection::All)).unwrap();
    assert_eq!(plan.targets[0].id.as_str(), "i-2");
}

#[test]
fn what_a_group_does_not_have_is_refused() {
    let many = refusals(&shop(), &wish(Some("web"), Selection::Count(9)));
    assert!(matches!(many.as_slice(), [Refusal::TooMany { there: 8, asked: 9, .. }]), "{many:?}");
    let mut nothing = shop();
    nothing.groups[1].instances.pop();
    let none = refusals(&nothing, &wish(Some("batch"), Selection::All));
    assert!(matches!(none.as_slice(), [Refusal::NothingSpot { .. }]), "{none:?}");
    assert_eq!(refusals(&shop(), &wish(Some("web"), Selection::Count(0))), [Refusal::Nothing]);
    assert_eq!(refusals(&shop(), &wish(None, Selection::Count(1))), [Refusal::NoGroup]);
    assert_eq!(refusals(&shop(), &wish(None, exactly_these(&[]))), [Refusal::Nothing]);
    let other = refusals(&shop(), &wish(Some("batch"), exactly_these(&["i-web1"])));
    assert!(matches!(other.as_slice(), [Refusal::NotInGroup { .. }]), "{other:?}");
}

#[test]
fn fifty_one_instances_are_more_than_fis_takes_and_fifty_fill_ten_actions() {
    let many = |count: usize| {
        let instances = (0..count).map(|n| instance(&format!("i-{n:03}"), "1a")).collect();
        plan(&fleet(vec![group("big", "shop", instances)]), &wish(Some("big"), Selection::All))
    };
    let refused = many(51).unwrap_err();
    assert_eq!(refused.0, [Refusal::BeyondFis { asked: 51, most: 50 }]);
    let template = many(50).unwrap().template(&crate::drill::id::DrillId::new("d"), "role");
    assert_eq!(template.actions.len(), 10);
    assert!(template.actions.iter().all(|action| action.arns.len() == 5));
}

proptest! {
    /// Whatever is asked for, what is planned is running, spot, of the group, once each, and as many as asked.
    #[test]
    fn a_plan_never_hits_what_may_not_be_hit(
        states in proptest::collection::vec((0_u8..3, any::<bool>()), 0..60),
        count in 0_usize..70,
        percent in 0_u8..=120,
        mode in 0_u8..3,
        seed: u64,
    ) {
        let made = |(number, (state, spot)): (usize, &(u8, bool))| Instance {
            state: [InstanceState::Running, InstanceState::Stopped, InstanceState::Pending][usize::from(*state)].clone(),
            lifecycle: if *spot { Lifecycle::Spot } else { Lifecycle::OnDemand },
            ..instance(&format!("i-{number}"), "1a")
        };
        let fleet = fleet(vec![group("g", "c", states.iter().enumerate().map(made).collect())]);
        let selection = match mode {
            0 => Selection::Count(count),
            1 => Selection::Percent(percent),
            _ => Selection::All,
        };
        let there = fleet.groups[0].targetable().count();
        if let Ok(plan) = plan(&fleet, &Wish { seed, ..wish(Some("g"), selection) }) {
            let wanted = match mode { 0 => count, 1 => there * usize::from(percent) / 100, _ => there };
            prop_assert_eq!(plan.targets.len(), wanted);
            prop_assert!((1..=Plan::MOST_TARGETS).contains(&wanted));
            let ids: BTreeSet<_> = plan.targets.iter().map(|target| &target.id).collect();
            prop_assert_eq!(ids.len(), wanted);
            for target in &plan.targets {
                prop_assert!(fleet.find(&target.id).unwrap().1.untargetable().is_none());
            }
        }
    }
}

mod as_it_is {
    use super::{
        super::{as_it_is, startable},
        *,
    };
    use crate::drill::existing::tests::{existing, text};

    #[test]
    fn the_previewed_instances_become_the_plan() {
        let previewed = [InstanceId::new("i-web3"), InstanceId::new("i-web3")];
        let plan = as_it_is(&shop(), &existing(), &previewed).unwrap();
        assert_eq!((plan.words().as_str(), plan.targets.len(), plan.out_of), ("web 1", 1, 8));
        assert_eq!((plan.actions(), plan.seed, plan.warning), (1, None, Warning::LEAST));
        let choice = plan.choice().unwrap();
        assert!(choice.contains("may choose others: COUNT(1) of tag eks:nodegroup-name=web"), "{choice}");
        assert!(choice.ends_with("8 running spot in web"), "{choice}");
    }

    #[test]
    fn what_does_not_only_interrupt_at_one_time_is_not_started() {
        let refused = |change: fn(&mut crate::drill::existing::Existing)| {
            let mut existing = existing();
            change(&mut existing);
            let refusals = startable(&existing).unwrap_err();
            assert_eq!(refusals.0.len(), 1, "{refusals}");
            assert_eq!(as_it_is(&shop(), &existing, &[InstanceId::new("i-web3")]), Err(refusals.clone()));
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
        assert!(said(&shop(), &["i-web1", "i-stopped"]).contains("i-stopped is stopped"));
        assert!(said(&shop(), &["i-none"]).contains("there is no instance i-none"));
        assert!(said(&Fleet { complete: false, ..shop() }, &["i-web1"]).contains("incomplete"));
    }
}
