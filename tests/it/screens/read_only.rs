//! Every key of the table on every screen, and all that they ask for carried out where only reading is allowed.

use std::collections::BTreeSet;

use spotdrill::{
    app::{Effect, keymap::table::TABLE, setup::Work},
    drill::{fact::ConfirmedBy, plan::Selection},
    lab::scenario::Scenario,
    run::{doctor::examine, existing, prove, setup, start::start, teardown},
    stack::{
        names::{Names, Usual},
        wanted::Wanted,
    },
    text::SafeText,
};

use super::every_screen;
use crate::{figure::figure, stage::Stage};

/// Whether a request changes something, by its name; where method and path are all there is, by its method.
fn changes(call: &str) -> bool {
    let mut parts = call.split(' ');
    let (method, name) = (parts.next().unwrap(), parts.next_back().unwrap_or_default());
    let name = call.trim_end().split_once("/operation/").map_or(name, |(_, name)| name.trim());
    let name = name.rsplit('.').next().unwrap_or_default();
    if name.is_empty() || name.starts_with("http") {
        return method != "GET";
    }
    let reads = ["Describe", "Get", "List", "Filter", "Simulate", "DetectStackDrift", "StartLiveTail"];
    !reads.iter().any(|begins| name.starts_with(begins))
}

#[test]
fn no_key_of_any_screen_changes_anything_in_read_only_mode() {
    let keys: BTreeSet<&str> = TABLE.iter().flat_map(|binding| binding.keys.iter().copied()).collect();
    let (mut effects, mut pressed, mut screens) = (Vec::new(), 0, 0);
    for key in &keys {
        let sessions = every_screen();
        screens = sessions.len();
        for mut session in sessions {
            session.press(key);
            pressed += 1;
            for effect in session.effects.drain(..) {
                if !effects.contains(&effect) {
                    effects.push(effect);
                }
            }
        }
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    let requests = runtime.block_on(all_asked_for(&effects));
    let changing: Vec<_> = requests.iter().filter(|call| changes(call)).collect();
    figure(
        "keys in read-only mode",
        format_args!(
            "{} keys x {screens} screens = {pressed} presses, {} things asked for, {} requests, {} changes",
            keys.len(),
            effects.len(),
            requests.len(),
            changing.len(),
        ),
    );
    assert!(changing.is_empty(), "{changing:?}");
}

/// Carries all of it out where only reading is allowed; gives the requests that that made.
async fn all_asked_for(effects: &[Effect]) -> Vec<String> {
    let open = Stage::open(Scenario::named("default").unwrap(), false).await;
    let stage = Stage::open(Scenario::named("default").unwrap(), true).await;
    let mut asked = BTreeSet::new();
    for effect in effects {
        asked.insert(carry_out(&stage, effect).await);
        if matches!(effect, Effect::StartDrill { .. } | Effect::Setup { work: Work::Preview(_), .. }) {
            carry_out(&open, effect).await;
        }
    }
    let removal = Box::new(teardown::look(&stage.aws, &stage.ways, "spotdrill", false, &|_| ()).await.unwrap());
    asked.insert(work_on(&stage, &Work::TearDown(removal)).await);
    assert!(open.calls().iter().any(|(_, call)| changes(call)), "a change would not have been seen");
    assert!(["start", "preview", "set up", "tear down", "prove"].iter().all(|what| asked.contains(what)), "{asked:?}");
    stage.calls().into_iter().map(|(_, call)| call).collect()
}

/// Does what the loop of the screen does with it, and says what it was.
async fn carry_out(stage: &Stage, effect: &Effect) -> &'static str {
    let (aws, ways) = (&stage.aws, &stage.ways);
    match effect {
        Effect::ListFleet => drop(aws.fleet(|_| ()).await),
        Effect::ListTemplates => drop(aws.templates(|_, _| ()).await),
        Effect::Examine { .. } => drop(examine(aws, &Usual::default(), Vec::new(), |_, _| ()).await),
        Effect::PreviewTemplate { existing, .. } => {
            drop(existing::preview(aws, ways, existing).await);
            return "preview";
        }
        Effect::StartDrill { .. } | Effect::StopDrill => {
            let plan = stage.plan("web-spot", Selection::Count(1), "2m").await;
            let words = plan.words();
            if let Ok(running) = start(aws, ways, plan, words, ConfirmedBy::Typed).await {
                running.stopper.stop(SafeText::new("tester"));
                let _ = running.conductor.await;
            }
            return "start";
        }
        Effect::Setup { work, .. } => return work_on(stage, work).await,
        _ => {}
    }
    "something that asks AWS for nothing, or reads"
}

async fn work_on(stage: &Stage, work: &Work) -> &'static str {
    let (aws, tell) = (&stage.aws, &|_| ());
    match work {
        Work::Glance | Work::Decline => drop(aws.stack("spotdrill").await),
        Work::Preview(wanted) => {
            drop(setup::look(aws, wanted, tell).await);
            let other = Wanted::new("spotdrill").with("RetentionInDays", Some(3));
            drop(setup::look(aws, &other, tell).await);
        }
        Work::RemoveLeftover(stack) => drop(setup::remove_leftover(aws, stack, tell).await),
        Work::SetUp { preview, webhook } => {
            drop(setup::carry_out(aws, preview, webhook.as_ref(), tell).await);
            return "set up";
        }
        Work::Prove => {
            let names = Names::of("spotdrill", &std::collections::BTreeMap::new());
            drop(prove::prove(aws, &names, |_| ()).await);
            return "prove";
        }
        Work::LookForTeardown { keep_logs } => {
            drop(teardown::look(aws, &stage.ways, "spotdrill", *keep_logs, tell).await);
        }
        Work::TearDown(removal) => {
            drop(teardown::carry_out(aws, &stage.ways, removal, tell).await);
            return "tear down";
        }
    }
    "look"
}
