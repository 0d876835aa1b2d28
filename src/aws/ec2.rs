//! What EC2 says of a drill's instances, spot requests and groups, look after look: only what changed becomes a fact.
//! Knows nothing of FIS or logs.

use std::collections::HashMap;

use aws_sdk_ec2::types as sdk;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::{
    Aws, Error,
    inventory::{behavior_of, read_instance, read_state},
    timestamp,
};
use crate::{
    drill::{
        fact::{Basis, Fact, Source, What},
        fleet::{Behavior, GroupKey, InstanceState},
        id::{InstanceId, SpotRequestId},
        plan::Target,
    },
    text::SafeText,
};

const INSTANCES: &str = "ec2:DescribeInstances";
const REQUESTS: &str = "ec2:DescribeSpotInstanceRequests";

/// The states that were seen last, and when.
#[derive(Debug, Default)]
pub(super) struct States {
    known: HashMap<InstanceId, InstanceState>,
    looked: Option<Timestamp>,
}

impl States {
    /// The targets were running when the drill was planned.
    pub(super) fn running(targets: &[InstanceId]) -> Self {
        Self { known: targets.iter().map(|id| (id.clone(), InstanceState::Running)).collect(), looked: None }
    }

    fn change(&mut self, instance: &sdk::Instance, seen: Timestamp) -> Option<Fact> {
        let id = InstanceId::new(instance.instance_id()?);
        let state = read_state(instance.state());
        if self.known.insert(id.clone(), state.clone()) == Some(state.clone()) {
            return None;
        }
        // the time is of what set the instance going, and stays the same when it is gone
        let leaving = matches!(state, InstanceState::ShuttingDown | InstanceState::Stopping);
        let stated = instance.state_transition_reason().filter(|_| leaving).and_then(time_in_reason);
        let reason = instance.state_reason().and_then(|reason| reason.message().or(reason.code()));
        let what = What::InstanceStateChanged {
            state,
            reason: reason.filter(|reason| !reason.is_empty()).map(SafeText::new),
            not_before: if stated.is_some() { None } else { self.looked },
        };
        Some(Fact { at: stated.unwrap_or(seen), seen, source: Source::Ec2, instance: Some(id), what })
    }
}

/// The time that EC2 puts at the end of a StateTransitionReason: `User initiated (2026-11-22 12:10:02 GMT)`.
fn time_in_reason(reason: &str) -> Option<Timestamp> {
    let (_, time) = reason.rsplit_once('(')?;
    let time = DateTime::strptime("%Y-%m-%d %H:%M:%S", time.trim_end_matches(')').trim_end_matches(" GMT")).ok()?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

impl Aws {
    /// The states of these instances, all in one call.
    pub(super) async fn look_at_instances(&self, ids: &[InstanceId], states: &mut States) -> Result<Vec<Fact>, Error> {
        self.pace.turn().await;
        let call = self.ec2.describe_instances().set_instance_ids(Some(strings(ids, InstanceId::as_str)));
        let answer = call.send().await.map_err(|error| Error::of("describe the targets", &error).needs(INSTANCES))?;
        let seen = self.clock.now();
        let instances = answer.reservations().iter().flat_map(sdk::Reservation::instances);
        let facts = instances.filter_map(|instance| states.change(instance, seen)).collect();
        states.looked = Some(seen);
        Ok(facts)
    }

    /// What instances are that FIS chose by itself. One that EC2 does not list yet is looked for again.
    pub(super) async fn look_at_chosen(&self, ids: &[InstanceId]) -> Result<Vec<Fact>, Error> {
        const DOING: &str = "describe what FIS chose";
        let ids = Some(strings(ids, InstanceId::as_str));
        self.pace.turn().await;
        let these = sdk::Filter::builder().name("instance-id").set_values(ids.clone()).build();
        let call = self.ec2.describe_instances().filters(these);
        let instances = call.send().await.map_err(|error| Error::of(DOING, &error).needs(INSTANCES))?;
        self.pace.turn().await;
        let of_these = sdk::Filter::builder().name("instance-id").set_values(ids).build();
        let call = self.ec2.describe_spot_instance_requests().filters(of_these);
        let requests = call.send().await.map_err(|error| Error::of(DOING, &error).needs(REQUESTS))?;
        let behaviors: HashMap<_, _> = requests.spot_instance_requests().iter().filter_map(behavior_of).collect();
        let listed = instances.reservations().iter().flat_map(sdk::Reservation::instances);
        let chosen: Vec<_> = listed.map(|instance| target_of(instance, &behaviors)).collect();
        let seen = self.clock.now();
        let fact =
            |chosen| Fact { at: seen, seen, source: Source::Ec2, instance: None, what: What::OthersChosen { chosen } };
        Ok((!chosen.is_empty()).then(|| fact(chosen)).into_iter().collect())
    }

    /// The status of these spot requests, all in one call.
    pub(super) async fn look_at_spot_requests(
        &self,
        ids: &[SpotRequestId],
        known: &mut HashMap<SpotRequestId, SafeText>,
    ) -> Result<Vec<Fact>, Error> {
        self.pace.turn().await;
        let ids = strings(ids, SpotRequestId::as_str);
        let call = self.ec2.describe_spot_instance_requests().set_spot_instance_request_ids(Some(ids));
        let answer =
            call.send().await.map_err(|error| Error::of("describe the spot requests", &error).needs(REQUESTS))?;
        let seen = self.clock.now();
        let changes = answer.spot_instance_requests().iter().filter_map(|request| change_of(request, known, seen));
        Ok(changes.flatten().collect())
    }

    /// New instances of a group since then, and their states.
    pub(super) async fn look_at_group(
        &self,
        group: &GroupKey,
        since: Timestamp,
        states: &mut States,
    ) -> Result<Vec<Fact>, Error> {
        let Some(tag) = group.kind.tag() else { return Ok(Vec::new()) };
        let filter =
            |name: String, values: Vec<String>| sdk::Filter::builder().name(name).set_values(Some(values)).build();
        let (mut listed, mut token) = (Vec::new(), None);
        // a page that fails voids those before it: what they showed is to be told by the next look
        let seen = loop {
            self.pace.turn().await;
            let call = self
                .ec2
                .describe_instances()
                .filters(filter(format!("tag:{tag}"), vec![group.name.to_string()]))
                .filters(filter(String::from("instance-state-name"), vec!["pending".into(), "running".into()]))
                .max_results(1000)
                .set_next_token(token);
            let answer = call.send().await.map_err(|error| Error::of("describe the group", &error).needs(INSTANCES))?;
            token = answer.next_token().filter(|token| !token.is_empty()).map(str::to_owned);
            listed.extend(answer.reservations.unwrap_or_default());
            if token.is_none() {
                break self.clock.now();
            }
        };
        let instances = listed.iter().flat_map(sdk::Reservation::instances);
        let facts = instances.flat_map(|instance| new_in_group(instance, group, since, states, seen)).collect();
        states.looked = Some(seen);
        Ok(facts)
    }
}

pub(super) fn target_of(instance: &sdk::Instance, behaviors: &HashMap<SpotRequestId, Behavior>) -> Target {
    let (instance, tags) = read_instance(instance);
    Target {
        id: instance.id,
        instance_type: instance.instance_type,
        az: instance.az,
        group: GroupKey::from_tags(&tags),
        behavior: instance.spot_request.as_ref().and_then(|request| behaviors.get(request)).copied(),
        spot_request: instance.spot_request,
    }
}

/// A new instance, and its state where it is new too.
fn new_in_group(
    sdk_instance: &sdk::Instance,
    group: &GroupKey,
    since: Timestamp,
    states: &mut States,
    seen: Timestamp,
) -> Vec<Fact> {
    let (instance, tags) = read_instance(sdk_instance);
    let Some(launched) = instance.launched_at.filter(|launched| *launched >= since) else { return Vec::new() };
    if GroupKey::from_tags(&tags) != *group {
        return Vec::new(); // a group of that name in another cluster
    }
    let first = !states.known.contains_key(&instance.id);
    let launch = first.then(|| Fact {
        at: launched,
        seen,
        source: Source::Ec2,
        instance: Some(instance.id.clone()),
        what: What::ReplacementLaunched {
            group: group.clone(),
            az: instance.az.clone(),
            instance_type: instance.instance_type.clone(),
        },
    });
    launch.into_iter().chain(states.change(sdk_instance, seen)).collect()
}

/// A spot request's change; and the notice itself, where the status is one that EC2 gives at the notice only.
fn change_of(
    request: &sdk::SpotInstanceRequest,
    known: &mut HashMap<SpotRequestId, SafeText>,
    seen: Timestamp,
) -> Option<Vec<Fact>> {
    let id = SpotRequestId::new(request.spot_instance_request_id()?);
    let status = request.status();
    let code = SafeText::new(status.and_then(|status| status.code()).unwrap_or("unknown"));
    // fulfilled is what a running instance's request was all along, and no change
    let before = known.insert(id.clone(), code.clone()).unwrap_or_else(|| SafeText::new("fulfilled"));
    if before == code {
        return None;
    }
    let at = status.and_then(|status| status.update_time()).and_then(timestamp).unwrap_or(seen);
    let state = SafeText::new(request.state().map_or("unknown", sdk::SpotInstanceState::as_str));
    let instance = request.instance_id().map(InstanceId::new);
    let fact = |what| Fact { at, seen, source: Source::Ec2, instance: instance.clone(), what };
    let mut facts = vec![fact(What::SpotRequestChanged { request: id, state, status: code.clone() })];
    if code.as_str() == "marked-for-stop-by-experiment" {
        let basis = Basis::SpotRequestStatus;
        facts.push(fact(What::NoticeIssued { basis, action: Some(Behavior::Stop) }));
    }
    Some(facts)
}

fn strings<T>(ids: &[T], as_str: impl Fn(&T) -> &str) -> Vec<String> {
    ids.iter().map(|id| as_str(id).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_the_shutdown_is_not_that_of_the_end() {
        let mut states = States::running(&[InstanceId::new("i-1")]);
        let seen: Timestamp = "2026-11-22T12:11:00Z".parse().unwrap();
        let mut told = |name| {
            let instance = sdk::Instance::builder()
                .instance_id("i-1")
                .state(sdk::InstanceState::builder().name(name).build())
                .state_transition_reason("User initiated (2026-11-22 12:10:02 GMT)");
            states.change(&instance.build(), seen).unwrap().at.to_string()
        };
        assert_eq!(told(sdk::InstanceStateName::ShuttingDown), "2026-11-22T12:10:02Z");
        assert_eq!(told(sdk::InstanceStateName::Terminated), seen.to_string());
    }

    #[test]
    fn the_time_of_a_transition_is_ec2s_own_word_where_it_gives_one() {
        let at = time_in_reason("User initiated (2026-11-22 12:10:02 GMT)").unwrap();
        assert_eq!(at.to_string(), "2026-11-22T12:10:02Z");
        for without in ["", "Server.SpotInstanceTermination: Spot instance termination", "User initiated ()", "(("] {
            assert_eq!(time_in_reason(without), None, "{without}");
        }
    }
}
