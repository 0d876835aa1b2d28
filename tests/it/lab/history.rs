//! What must hold of any history of calls, against a small model of it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{InstanceMarketOptionsRequest, InstanceType, MarketType};
use proptest::{collection::vec, prelude::*};

use super::*;

#[derive(Clone, Debug)]
enum Call {
    /// An instance by its place, the minutes of warning, the client token.
    CreateTemplate(usize, u8, u8),
    /// A template by its place, the client token.
    Start(usize, u8),
    Stop(usize),
    Tag(usize, u8, bool),
    DeleteTemplate(usize),
    /// How many instances, the client token.
    Run(i32, u8),
    /// An instance by its place, first those that were there, then those that were run.
    Terminate(usize),
    TagInstance(usize, u8),
    Pass(u16),
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        2 => (0..12_usize, 2..5_u8, 0..6_u8).prop_map(|(at, minutes, token)| Call::CreateTemplate(at, minutes, token)),
        3 => (0..4_usize, 0..6_u8).prop_map(|(at, token)| Call::Start(at, token)),
        1 => (0..4_usize).prop_map(Call::Stop),
        1 => (0..4_usize, 0..3_u8, any::<bool>()).prop_map(|(at, key, add)| Call::Tag(at, key, add)),
        1 => (0..4_usize).prop_map(Call::DeleteTemplate),
        2 => (1..4_i32, 0..3_u8).prop_map(|(count, token)| Call::Run(count, token)),
        2 => (0..16_usize).prop_map(Call::Terminate),
        1 => (0..16_usize, 0..3_u8).prop_map(|(at, key)| Call::TagInstance(at, key)),
        4 => (1..200_u16).prop_map(Call::Pass),
    ]
}

/// What the lab should say, as far as the model knows.
#[derive(Default)]
struct Model {
    /// By client token: what was asked for with it, and the id it got.
    created: BTreeMap<u8, ((usize, u8), String)>,
    /// In the order of their making; none once deleted.
    templates: Vec<(String, Option<BTreeSet<String>>)>,
    started: BTreeMap<u8, (String, String)>,
    /// By client token: how many instances were asked for, and their ids.
    ran: BTreeMap<u8, (i32, Vec<String>)>,
    /// The keys that instances were tagged with.
    tagged: BTreeMap<String, BTreeSet<String>>,
    /// How far each instance has come: it never goes back.
    come: BTreeMap<String, u8>,
    told: Vec<String>,
}

async fn carry_out(region: &Region, instances: &[String], model: &mut Model, call: &Call) {
    match call {
        Call::CreateTemplate(at, minutes, token) => {
            let asked = (*at, *minutes);
            let duration = format!("PT{minutes}M");
            let answer = region.template(&[&instances[*at]], &duration, &format!("t{token}")).await;
            model.told.push(format!("{answer:?}"));
            match model.created.get(token) {
                Some((before, id)) if *before == asked => assert_eq!(answer.as_ref(), Ok(id)),
                Some(_) => assert!(answer.unwrap_err().is(409, "ConflictException")),
                None => {
                    let id = answer.unwrap();
                    assert!(model.templates.iter().all(|(other, _)| *other != id));
                    model.templates.push((id.clone(), Some(BTreeSet::from(["drill".to_owned()]))));
                    model.created.insert(*token, (asked, id));
                }
            }
        }
        Call::Start(at, token) => {
            let Some((template, tags)) = model.templates.get(*at) else { return };
            let answer = region.start(template, &format!("s{token}")).await;
            model.told.push(format!("{answer:?}"));
            match model.started.get(token) {
                Some((before, id)) if before == template && answer.is_ok() => assert_eq!(answer.as_ref(), Ok(id)),
                Some(_) => assert!(answer.is_err(), "{answer:?}"),
                None if tags.is_none() => assert!(answer.unwrap_err().is(404, "ResourceNotFoundException")),
                None => match answer {
                    Ok(id) => drop(model.started.insert(*token, (template.clone(), id))),
                    Err(refusal) => assert!(refusal.is(402, "ServiceQuotaExceededException"), "{refusal:?}"),
                },
            }
        }
        Call::Stop(at) => {
            let Some((_, id)) = model.started.values().nth(*at) else { return };
            let answer = region.fis.stop_experiment().id(id).send().await;
            model.told.push(format!("{:?}", answer.map_err(|error| Refusal::of(&error))));
        }
        Call::Tag(at, key, add) => {
            let Some((id, Some(tags))) = model.templates.get_mut(*at) else { return };
            let (arn, key) = (format!("arn:aws:fis:{REGION}:000000000000:experiment-template/{id}"), format!("k{key}"));
            if *add {
                region.fis.tag_resource().resource_arn(&arn).tags(&key, "v").send().await.unwrap();
                tags.insert(key);
            } else {
                region.fis.untag_resource().resource_arn(&arn).tag_keys(&key).send().await.unwrap();
                tags.remove(&key);
            }
            let found = region.fis.list_tags_for_resource().resource_arn(&arn).send().await.unwrap();
            assert_eq!(&found.tags().unwrap().keys().cloned().collect::<BTreeSet<_>>(), tags);
        }
        Call::DeleteTemplate(at) => {
            let Some((id, tags)) = model.templates.get_mut(*at) else { return };
            let answer = region.fis.delete_experiment_template().id(&*id).send().await;
            assert_eq!(answer.is_ok(), tags.is_some(), "{answer:?}");
            *tags = None;
        }
        Call::Run(count, token) => run(region, model, *count, *token).await,
        Call::Terminate(at) => {
            let Some(id) = model.instance(instances, *at) else { return };
            let before = region.state(&id).await;
            let answer = region.ec2.terminate_instances().instance_ids(&id).send().await.unwrap();
            let change = &answer.terminating_instances()[0];
            assert_eq!(change.previous_state().unwrap().name(), Some(&before));
            let now = change.current_state().unwrap().name().unwrap().clone();
            assert!([InstanceStateName::ShuttingDown, InstanceStateName::Terminated].contains(&now), "{answer:?}");
            assert_eq!(region.state(&id).await, now);
        }
        Call::TagInstance(at, key) => {
            let Some(id) = model.instance(instances, *at) else { return };
            let tag = aws_sdk_ec2::types::Tag::builder().key(format!("k{key}")).value("v").build();
            region.ec2.create_tags().resources(&id).tags(tag).send().await.unwrap();
            model.tagged.entry(id).or_default().insert(format!("k{key}"));
        }
        Call::Pass(seconds) => region.pass(u64::from(*seconds)).await,
    }
}

/// Spot instances of nobody's group: a client token makes them once.
async fn run(region: &Region, model: &mut Model, count: i32, token: u8) {
    let spot = InstanceMarketOptionsRequest::builder().market_type(MarketType::Spot).build();
    let request = region.ec2.run_instances().image_id("ami-0123456789abcdef0").instance_type(InstanceType::M5Large);
    let request = request.min_count(count).max_count(count).client_token(format!("r{token}"));
    let answer = request.instance_market_options(spot).send().await.map_err(|error| Refusal::of(&error));
    let ids = answer
        .map(|answer| answer.instances().iter().map(|one| one.instance_id().unwrap().to_owned()).collect::<Vec<_>>());
    model.told.push(format!("{ids:?}"));
    match model.ran.get(&token) {
        Some((before, known)) if *before == count => assert_eq!(ids.as_ref(), Ok(known)),
        Some(_) => assert!(ids.unwrap_err().is(400, "IdempotentParameterMismatch")),
        None => {
            let ids = ids.unwrap();
            assert_eq!(ids.len(), usize::try_from(count).unwrap());
            assert!(ids.iter().all(|id| !model.come.contains_key(id)), "an id is given once");
            model.ran.insert(token, (count, ids));
        }
    }
}

impl Model {
    fn instance(&self, first: &[String], at: usize) -> Option<String> {
        first.iter().chain(self.ran.values().flat_map(|(_, ids)| ids)).nth(at).cloned()
    }
}

async fn look(region: &Region, model: &mut Model) {
    let all = region.instances().await;
    model.told.push(format!("{all:?}"));
    for instance in &all {
        let stage = match instance.state().unwrap().name().unwrap() {
            InstanceStateName::Pending => 0,
            InstanceStateName::Running => 1,
            InstanceStateName::ShuttingDown => 2,
            InstanceStateName::Terminated => 3,
            other => panic!("{other} is no state of an instance that is terminated in the end"),
        };
        let before = model.come.insert(instance.instance_id().unwrap().to_owned(), stage);
        assert!(before.is_none_or(|before| before <= stage), "{instance:?} was further already");
    }
    let shown: BTreeSet<_> = all.iter().filter_map(|one| one.instance_id()).collect();
    let run = model.ran.values().flat_map(|(_, ids)| ids);
    assert!(model.come.keys().chain(run).all(|id| shown.contains(id.as_str())), "an instance is shown for an hour");
    for (id, keys) in &model.tagged {
        let one = all.iter().find(|one| one.instance_id() == Some(id)).unwrap();
        let found: BTreeSet<_> = one.tags().iter().filter_map(|tag| tag.key()).collect();
        assert!(keys.iter().all(|key| found.contains(key.as_str())), "{keys:?} of {one:?}");
    }
    let listed = region.fis.list_experiments().send().await.unwrap();
    let listed: Vec<_> = listed.experiments().iter().map(|one| one.id().unwrap().to_owned()).collect();
    let ids: BTreeSet<_> = listed.iter().cloned().collect();
    let wanted: BTreeSet<_> = model.started.values().map(|(_, id)| id.clone()).collect();
    assert_eq!((ids, listed.len()), (wanted, model.started.len()), "one experiment for each client token");
    let templates = region.fis.list_experiment_templates().send().await.unwrap();
    let kept = model.templates.iter().filter(|(_, tags)| tags.is_some()).count();
    assert_eq!(templates.experiment_templates().len(), kept);
    model.told.push(format!("{:?}", region.messages(EVENTS, "").await));
}

/// Carries out the calls in a region of its own; everything that it told.
fn history(calls: &[Call]) -> Vec<String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let region = Region::with("");
        let all = region.instances().await;
        let instances: Vec<_> = all.iter().map(|one| one.instance_id().unwrap().to_owned()).collect();
        let mut model = Model::default();
        for call in calls {
            carry_out(&region, &instances, &mut model, call).await;
            look(&region, &mut model).await;
        }
        region.pass(900).await;
        look(&region, &mut model).await;
        model.told
    })
}

#[test]
fn any_history_keeps_to_the_model_and_happens_again_to_the_letter() {
    proptest!(ProptestConfig::with_cases(8), |(calls in vec(call(), 1..12))| {
        prop_assert_eq!(history(&calls), history(&calls));
    });
}
