//! What must hold of any history of calls, against a small model of it.

use std::collections::{BTreeMap, BTreeSet};

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
    Pass(u16),
}

fn call() -> impl Strategy<Value = Call> {
    prop_oneof![
        2 => (0..12_usize, 2..5_u8, 0..6_u8).prop_map(|(at, minutes, token)| Call::CreateTemplate(at, minutes, token)),
        3 => (0..4_usize, 0..6_u8).prop_map(|(at, token)| Call::Start(at, token)),
        1 => (0..4_usize).prop_map(Call::Stop),
        1 => (0..4_usize, 0..3_u8, any::<bool>()).prop_map(|(at, key, add)| Call::Tag(at, key, add)),
        1 => (0..4_usize).prop_map(Call::DeleteTemplate),
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
    /// How far each instance has come: it never goes back.
    come: BTreeMap<String, u8>,
    told: Vec<String>,
}

const QUOTA: usize = 5;

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
        Call::Pass(seconds) => region.pass(u64::from(*seconds)).await,
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

#[tokio::test(start_paused = true)]
async fn any_page_size_shows_each_item_once() {
    /// All items of a listing whose pages have at most `size`, by this way of naming each.
    macro_rules! paged {
        ($listing:expr, $size:expr, $limit:ident, $items:ident, $name:expr) => {{
            let mut pages = $listing.$limit($size).into_paginator().send();
            let mut names = Vec::new();
            while let Some(page) = pages.next().await {
                let page = page.unwrap();
                assert!(page.$items().len() <= $size as usize);
                names.extend(page.$items().iter().map($name));
            }
            names
        }};
    }
    fn once(mut names: Vec<String>) -> usize {
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all, "something came twice");
        all
    }
    let region = Region::with("");
    let ids: Vec<_> = region.instances().await.iter().map(|one| one.instance_id().unwrap().to_owned()).collect();
    let five: Vec<_> = ids.iter().take(QUOTA).map(String::as_str).collect();
    for token in 0..7 {
        let template = region.template(&five, "PT2M", &format!("t{token}")).await.unwrap();
        region.start(&template, &format!("s{token}")).await.unwrap();
        region.pass(200).await;
    }
    let (ec2, fis, logs) = (&region.ec2, &region.fis, &region.logs);
    let instances = region.instances().await.len();
    let events = region.messages(EVENTS, "").await.len();
    let first = fis.list_experiments().send().await.unwrap().experiments()[0].id().unwrap().to_owned();
    let text = |text: Option<&str>| text.unwrap().to_owned();
    for size in 1..=8 {
        let wide = size + 4;
        let mut pages = ec2.describe_instances().max_results(wide).into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.unwrap();
            let of_page = page.reservations().iter().flat_map(|one| one.instances().to_vec());
            names.extend(of_page.map(|one| text(one.instance_id())));
        }
        assert_eq!(once(names), instances);
        let requests =
            paged!(ec2.describe_spot_instance_requests(), wide, max_results, spot_instance_requests, |one| text(
                one.spot_instance_request_id()
            ));
        assert!(once(requests) >= 12);
        let templates =
            paged!(fis.list_experiment_templates(), size, max_results, experiment_templates, |one| text(one.id()));
        assert_eq!(once(templates), 7);
        assert_eq!(once(paged!(fis.list_experiments(), size, max_results, experiments, |one| text(one.id()))), 7);
        let all_actions = fis.list_actions().send().await.unwrap().actions().len();
        assert_eq!(once(paged!(fis.list_actions(), size, max_results, actions, |one| text(one.id()))), all_actions);
        let targets = fis.list_experiment_resolved_targets().experiment_id(&first);
        let arn = |one: &aws_sdk_fis::types::ResolvedTarget| one.target_information().unwrap()["arn"].clone();
        assert_eq!(once(paged!(targets, size, max_results, resolved_targets, arn)), QUOTA);
        let group = |one: &aws_sdk_cloudwatchlogs::types::LogGroup| text(one.log_group_name());
        assert!(once(paged!(logs.describe_log_groups(), size, limit, log_groups, group)) >= 2);
        let streams = logs.describe_log_streams().log_group_name(FUNCTION);
        let stream = |one: &aws_sdk_cloudwatchlogs::types::LogStream| text(one.log_stream_name());
        assert!(once(paged!(streams, size, limit, log_streams, stream)) >= 1);
        let filtered = logs.filter_log_events().log_group_name(EVENTS);
        let id = |one: &aws_sdk_cloudwatchlogs::types::FilteredLogEvent| text(one.event_id());
        assert_eq!(once(paged!(filtered, size, limit, events, id)), events);
    }
}
