//! What becomes of groups and of spot requests over time.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{super::capacity::Shortage, *};

fn with(group: &str, extra: &str) -> World {
    let text = format!(
        "description = \"x\"\nregion = \"eu-west-1\"\n{extra}\n[[group]]\nname = \"web\"\ncluster = \"shop\"\n{group}\n"
    );
    World::open(Scenario::parse("test", &text).unwrap(), EPOCH.parse().unwrap(), 1)
}

impl World {
    fn running(&self) -> usize {
        self.instances.iter().filter(|instance| instance.state == InstanceState::Running).count()
    }

    fn reason(&self, id: &str) -> &'static str {
        self.instances.get(id).unwrap().state_reason.unwrap().0
    }
}

#[test]
fn without_capacity_a_group_tries_and_fails_and_says_so() {
    let mut world = world("no-capacity", 1);
    let id = world.first_spot();
    world.interrupt_now(std::slice::from_ref(&id), "PT2M");
    world.at(600.0);
    assert_eq!(world.instances.iter().filter(|found| found.group == Some(0)).count(), 6);
    let tried: Vec<_> = world.groups[0].activities.iter().filter(|found| found.status == "Failed").collect();
    assert!(tried.len() > 15, "every half minute: {tried:?}");
    assert_eq!(tried[0].description, "Launching a new EC2 instance");
    assert!(tried[0].message.starts_with("Could not launch Spot Instances. InsufficientInstanceCapacity"), "{tried:?}");
    assert!(tried[0].cause.starts_with("At 2026-11-22T12:00:"), "{tried:?}");
}

#[test]
fn a_shortage_hits_the_groups_and_zones_that_it_names_until_it_ends() {
    let mut world = with("kind = \"eks-nodegroup\"\ncount = 3\nreplaces = \"notice\"", "[capacity]\nretry = 5");
    let id = world.first_spot();
    let zones = world.scenario.zones.clone();
    let shortage = |groups: &str, zones: Vec<String>| Shortage { groups: vec![groups.into()], zones, percentage: 100 };
    world.begin_shortage("some", shortage("eks-web", zones[..2].to_vec()));
    world.begin_shortage("other", shortage("web", zones.clone()));
    world.interrupt_now(std::slice::from_ref(&id), "PT2M");
    assert_eq!(world.at(60.0).running(), 4);
    let new = world.instances.iter().last().unwrap().clone();
    assert_eq!(*new.zone, zones[2]);
    world.begin_shortage("all", shortage("eks-web", zones));
    world.interrupt_now(std::slice::from_ref(&new.id), "PT2M");
    assert_eq!(world.at(300.0).running(), 2);
    world.end_shortage("all");
    assert_eq!(world.at(330.0).running(), 3);
}

#[test]
fn capacity_rebalancing_terminates_the_old_instance_once_the_new_one_runs() {
    let group = "kind = \"auto-scaling-group\"\ncount = 2\nreplaces = \"rebalance\"\ncapacity_rebalancing = true\ndrain = 10\nreplacement_latency = 20";
    let mut world = with(group, "");
    let id = world.first_spot();
    world.interrupt_now(std::slice::from_ref(&id), "PT5M");
    assert_eq!(world.at(32.0).running(), 2);
    world.at(53.1);
    assert_eq!(world.instance_state(&id), Some(InstanceState::ShuttingDown), "before any notice");
    assert_eq!(world.running(), 2);
    assert_eq!(world.reason(&id), "Client.UserInitiatedShutdown");
    let request = world.request_of(&id);
    assert_eq!((request.state, request.status), ("closed", "instance-terminated-by-user"));
    assert_eq!(world.at(400.0).running(), 2);
    assert!(world.told(&id).iter().all(|(_, what)| !what.contains("Warning")), "it was gone before its notice");
    let done: Vec<_> = world.groups[0].activities.iter().map(|found| (&*found.description, found.status)).collect();
    assert_eq!(done.len(), 2);
    assert_eq!(done[1], (format!("Terminating EC2 instance: {id}").as_str(), "Successful"));
}

#[test]
fn karpenter_ends_an_instance_itself_and_the_other_handlers_leave_it_to_ec2() {
    for (handler, drain, reason, at) in [
        ("karpenter", 30, "Client.UserInitiatedShutdown", 40.0),
        ("karpenter", 180, "Server.SpotInstanceTermination", 130.0),
        ("node-termination-handler", 30, "Server.SpotInstanceTermination", 130.0),
    ] {
        let group = format!("kind = \"karpenter-nodepool\"\nhandler = \"{handler}\"\ndrain = {drain}");
        let mut world = with(&group, "");
        let id = world.first_spot();
        world.interrupt_now(std::slice::from_ref(&id), "PT2M");
        assert_eq!(world.at(at - 0.1).instance_state(&id), Some(InstanceState::Running), "{handler} {drain}");
        assert_eq!(world.at(at).instance_state(&id), Some(InstanceState::ShuttingDown), "{handler} {drain}");
        assert_eq!(world.at(500.0).reason(&id), reason);
        let by_user = world.request_of(&id).status == "instance-terminated-by-user";
        assert_eq!(by_user, reason.starts_with("Client"), "{handler} {drain}");
    }
}

#[test]
fn a_persistent_request_is_fulfilled_again_until_it_is_cancelled() {
    let mut world = with("kind = \"standalone\"\nbehavior = \"stop\"", "");
    let id = world.first_spot();
    let request = world.request_of(&id).id.clone();
    world.terminate(&id);
    let open = world.spot_requests.get(&request).unwrap();
    assert_eq!((open.state, open.status, &open.instance), ("open", "pending-evaluation", &None));
    world.at(40.0);
    let active = world.spot_requests.get(&request).unwrap().clone();
    let second = active.instance.unwrap();
    assert_eq!((active.state, active.status), ("active", "fulfilled"));
    assert_eq!(world.instance_state(&second), Some(InstanceState::Running));
    assert_eq!(world.cancel_request(&request), "cancelled");
    let status = world.spot_requests.get(&request).unwrap().status;
    assert_eq!(status, "request-canceled-and-instance-running");
    world.terminate(&second);
    assert_eq!(world.at(600.0).running(), 0);
    assert_eq!(world.spot_requests.get(&request).unwrap().state, "cancelled");
    world.at(4.2 * 3_600.0);
    assert!(world.spot_requests.get(&request).is_none(), "gone four hours after the end");
}

#[test]
fn what_an_experiment_stopped_stays_stopped_until_it_is_started() {
    let mut world = with("kind = \"standalone\"\nbehavior = \"stop\"", "");
    let id = world.first_spot();
    world.interrupt_now(std::slice::from_ref(&id), "PT2M");
    assert_eq!(world.at(90_000.0).instance_state(&id), Some(InstanceState::Stopped));
    assert!(world.can_start(&id));
    world.start_again(&id);
    assert_eq!(world.at(90_010.0).instance_state(&id), Some(InstanceState::Running));
    let request = world.request_of(&id);
    assert_eq!((request.state, request.status), ("active", "fulfilled"));
    world.interrupt_now(std::slice::from_ref(&id), "PT2M");
    assert_eq!(world.at(91_000.0).instance_state(&id), Some(InstanceState::Stopped), "it can be warned again");
}

#[test]
fn what_is_described_lags_behind_and_catches_up() {
    let mut world = with("kind = \"auto-scaling-group\"\ncount = 2\nreplaces = \"notice\"", "[consistency]\nlag = 20");
    let id = world.first_spot();
    assert!(world.shown_instances().get(&id).is_some(), "what stood at the beginning is known");
    world.interrupt_now(std::slice::from_ref(&id), "PT2M");
    let mut behind = 0;
    for second in 0..400 {
        world.at(f64::from(second));
        behind += u32::from(*world.shown_instances() != world.instances);
        let missing = world.instances.iter().filter(|found| world.shown_instances().get(&found.id).is_none());
        for new in missing {
            assert!(world.now().duration_since(new.launched).as_secs() <= 20, "{new:?}");
        }
    }
    assert!(behind > 10, "{behind}");
    let states = |listing: &Instances| listing.iter().map(|found| (found.id.clone(), found.state)).collect::<Vec<_>>();
    assert_eq!(states(world.shown_instances()), states(&world.instances));
    assert!(world.shown_spot_requests().iter().eq(world.spot_requests.iter()));
}

/// What a user or an experiment may do to one of the instances.
#[derive(Clone, Debug)]
enum Act {
    Interrupt(usize),
    Terminate(usize),
    Stop(usize),
    Start(usize),
    Cancel(usize),
    Wait(u16),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (0..30_usize).prop_map(Act::Interrupt),
        (0..30_usize).prop_map(Act::Terminate),
        (0..30_usize).prop_map(Act::Stop),
        (0..30_usize).prop_map(Act::Start),
        (0..30_usize).prop_map(Act::Cancel),
        (1..400_u16).prop_map(Act::Wait),
    ]
}

/// Does all this in a world, asking after every few seconds whether it still makes sense.
fn history(acts: &[Act], seed: u64) -> World {
    let groups = "kind = \"karpenter-nodepool\"\ncount = 4\nmax = 5\nreplaces = \"notice\"\nhandler = \"karpenter\"\n[[group]]\nname = \"asg\"\nkind = \"auto-scaling-group\"\ncount = 4\nmax = 5\nreplaces = \"rebalance\"\ncapacity_rebalancing = true\n[[group]]\nname = \"alone\"\nkind = \"standalone\"\ncount = 3\nbehavior = \"stop\"";
    let mut world = with(groups, "");
    world.ids = Ids::new(seed);
    let mut ended: BTreeMap<String, InstanceState> = BTreeMap::new();
    let mut second = 0.0;
    for act in acts {
        let (Act::Interrupt(nth) | Act::Terminate(nth) | Act::Stop(nth) | Act::Start(nth) | Act::Cancel(nth)) = act
        else {
            let Act::Wait(seconds) = act else { continue };
            second += f64::from(*seconds);
            check(world.at(second), &mut ended);
            continue;
        };
        let Some(found) = world.instances.iter().nth(*nth).cloned() else { continue };
        match act {
            Act::Interrupt(_) => drop(world.interrupt_now(&[found.id], "PT3M")),
            Act::Terminate(_) => world.terminate(&found.id),
            Act::Stop(_)
                if found.state == InstanceState::Running
                    && world.request_of_instance(&found).unwrap().is_persistent() =>
            {
                world.stop(&found.id);
            }
            Act::Start(_) if found.state == InstanceState::Stopped => world.start_again(&found.id),
            Act::Cancel(_) => assert_ne!(world.cancel_request(&found.spot_request.unwrap()), "active"),
            _ => {}
        }
        check(&world, &mut ended);
    }
    world
}

/// Nothing comes back from its termination, no group is too large, and each active request has its instance.
fn check(world: &World, ended: &mut BTreeMap<String, InstanceState>) {
    for instance in world.instances.iter() {
        let state = ended.entry(instance.id.clone()).or_insert(instance.state);
        let over = *state == InstanceState::Terminated && instance.state != InstanceState::Terminated;
        assert!(!over, "{instance:?} came back");
        *state = instance.state;
    }
    for (place, group) in world.scenario.groups.iter().enumerate() {
        let lives = |found: &&Instance| {
            !matches!(found.state, InstanceState::ShuttingDown | InstanceState::Terminated)
                && found.group == Some(place)
        };
        let size = world.instances.iter().filter(lives).count();
        assert!(size <= group.max, "{} has {size}", group.name);
    }
    for request in world.spot_requests.iter().filter(|request| request.state == "active") {
        let instance = request.instance.as_ref().and_then(|id| world.instances.get(id)).unwrap();
        assert_eq!(instance.spot_request.as_ref(), Some(&request.id));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_done_nothing_comes_back_and_no_group_exceeds_its_largest_size(
        acts in prop::collection::vec(act(), 1..60),
        seed in any::<u64>(),
    ) {
        let (mut one, mut other) = (history(&acts, seed), history(&acts, seed));
        prop_assert_eq!(&one.instances, &other.instances);
        prop_assert_eq!(&one.groups, &other.groups);
        one.at(1e6);
        other.at(1e6);
        prop_assert_eq!(&one.spot_requests, &other.spot_requests);
        let going = |found: &&Instance| matches!(found.state, InstanceState::ShuttingDown | InstanceState::Stopping);
        prop_assert_eq!(one.instances.iter().filter(going).count(), 0);
    }
}
