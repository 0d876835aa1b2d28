//! The screen of templates that are there already.

use jiff::SignedDuration;
use spotdrill::{
    app::{
        Msg,
        templates::{Previewed, Told},
    },
    drill::{
        existing::{Existing, Interruption},
        fact::{ConfirmedBy, Source, What},
        fleet::{Behavior, Fleet, GroupKey, GroupKind, InstanceState, World},
        id::{DrillId, ExperimentId, InstanceId, SpotRequestId, TemplateId},
        plan::{Plan, Target},
    },
    text::SafeText,
};

use super::{
    COMMON, WIDE, ascii,
    fixture::{Session, TARGETS, fleet, setting},
    picture,
};
use crate::stage::fine;

fn interruption(action: &str, warning: &str) -> Interruption {
    Interruption {
        action: SafeText::new(action),
        warning: SafeText::new(warning),
        after: Vec::new(),
        target: SafeText::new("spotInstances"),
        selection: SafeText::new("COUNT(1)"),
        arns: Vec::new(),
        tags: vec![
            (SafeText::new("eks:cluster-name"), SafeText::new("shop")),
            (SafeText::new("eks:nodegroup-name"), SafeText::new("web")),
        ],
        filters: vec![(SafeText::new("State.Name"), vec![SafeText::new("running")])],
    }
}

fn template(id: &str, name: &str, description: &str) -> Existing {
    Existing {
        id: TemplateId::new(id),
        name: Some(SafeText::new(name)).filter(|name| !name.is_empty()),
        description: SafeText::new(description),
        role_arn: SafeText::new("arn:aws:iam::123456789012:role/spot-fis-test"),
        interruptions: vec![interruption("interrupt", "PT5M")],
        others: Vec::new(),
        alarms: vec![SafeText::new("arn:aws:cloudwatch:eu-west-1:123456789012:alarm:shop-errors")],
        other_accounts: false,
        of_drill: None,
        updated: None,
    }
}

fn templates() -> Vec<Existing> {
    let arn = |id: &&str| SafeText::new(format!("arn:aws:ec2:eu-west-1:123456789012:instance/{id}"));
    let pinned = Interruption {
        selection: SafeText::new("ALL"),
        arns: TARGETS.iter().map(arn).collect(),
        ..interruption("interrupt", "PT2M")
    };
    vec![
        template("EXTD7TiUnBw0O8uINq", "gameday-web", "Interrupts 1 of node group web, told PT5M before"),
        Existing {
            interruptions: vec![pinned],
            alarms: Vec::new(),
            ..template("EXTAb31kQ0Zz9LmPq7", "", "three of web, by name")
        },
        Existing {
            others: vec![SafeText::new("shortage (aws:ec2:asg-insufficient-instance-capacity-error)")],
            ..template("EXT5kk2PxA81fNcR0t", "no-capacity", "spot interruption without replacement capacity")
        },
    ]
}

fn opened() -> Session {
    let mut session = Session::listed(World::Aws);
    session.press("t");
    session
}

fn listed() -> Session {
    let mut session = opened();
    session.tell(Msg::Templates(Told::Listed(templates()))).ticks(4);
    session
}

fn previewing() -> Session {
    let mut session = listed();
    session.press("enter");
    session.now += SignedDuration::from_secs(6);
    session
}

pub(super) fn previewed() -> Session {
    let mut session = previewing();
    let resolved = vec![InstanceId::new(TARGETS[1])];
    let previewed = Previewed { fleet: fleet(World::Aws), instances: resolved, circumstances: fine(session.now) };
    session.tell(Msg::Templates(Told::Previewed(1, Box::new(previewed))));
    session
}

pub(super) fn confirming() -> Session {
    let mut session = previewed();
    session.press("S").ticks(4);
    session
}

/// The experiment was started, and FIS has not told what it chose.
fn unchosen() -> Session {
    let mut session = confirming();
    session.type_in("web 1").press("enter");
    let plan = started(&session);
    let drill = DrillId::new("20261122-120450-k3f9");
    let role_arn = String::from("arn:aws:iam::123456789012:role/spot-fis-test");
    let confirmed =
        What::DrillConfirmed { words: plan.words(), by: ConfirmedBy::Typed, client_token: String::from("token") };
    let (experiment, template) = (ExperimentId::new("EXP7aK2mPq9"), plan.as_is.as_ref().unwrap().id.clone());
    session
        .fact(Source::Spotdrill, None, "12:04:58", What::DrillPlanned { drill, plan, role_arn, settle_seconds: 600 })
        .fact(Source::Operator, None, "12:04:58", confirmed)
        .fact(Source::Fis, None, "12:04:59", What::ExperimentStarted { experiment, template });
    session
}

/// FIS chose another than its preview showed.
pub(super) fn chosen_otherwise() -> Session {
    let mut session = unchosen();
    let other = "i-0d5e77b1c0e2104aa";
    let group =
        GroupKey { kind: GroupKind::EksNodegroup, name: SafeText::new("web"), cluster: Some(SafeText::new("shop")) };
    let chosen = Target {
        id: InstanceId::new(other),
        instance_type: SafeText::new("m5.large"),
        az: SafeText::new("eu-west-1a"),
        group,
        spot_request: Some(SpotRequestId::new("sir-8x2k")),
        behavior: Some(Behavior::Terminate),
    };
    let running = What::ExperimentStateChanged {
        experiment: ExperimentId::new("EXP7aK2mPq9"),
        status: SafeText::new("running"),
        reason: None,
    };
    let action = What::ActionStateChanged {
        action: SafeText::new("interrupt"),
        status: SafeText::new("running"),
        reason: None,
        started: Some(super::at("12:05:02")),
    };
    session
        .fact(Source::Fis, None, "12:05:03", running)
        .fact(Source::Fis, None, "12:05:04", What::TargetsResolved { instances: vec![InstanceId::new(other)] })
        .fact(Source::Fis, None, "12:05:04", action)
        .fact(Source::Ec2, None, "12:05:05", What::OthersChosen { chosen: vec![chosen] })
        .state(Source::Ec2, other, "12:05:06", InstanceState::Running);
    session.at("12:05:30");
    session
}

fn started(session: &Session) -> Plan {
    let starts = session.effects.iter().rev().find_map(|effect| match effect {
        spotdrill::app::Effect::StartDrill { plan, .. } => Some(plan.clone()),
        _ => None,
    });
    starts.unwrap()
}

/// A snapshot at the sizes that people have.
macro_rules! both {
    ($name:literal, $session:expr) => {{
        let session = $session;
        insta::assert_snapshot!(concat!($name, "_80x24"), picture(&session, COMMON));
        insta::assert_snapshot!(concat!($name, "_140x40"), picture(&session, WIDE));
    }};
}

#[test]
fn the_list_and_what_a_template_says() {
    both!("templates", listed());
    insta::assert_snapshot!("templates_ascii", ascii(&listed()));
    let mut session = listed();
    session.press("j");
    insta::assert_snapshot!("templates_pinned", picture(&session, COMMON));
    session.press("j");
    both!("templates_refused", session);
}

#[test]
fn there_is_nothing_to_choose_from() {
    let mut session = opened();
    insta::assert_snapshot!("templates_listing", picture(&session, COMMON));
    session.tell(Msg::Templates(Told::Reading(3, 40)));
    insta::assert_snapshot!("templates_reading", picture(&session, COMMON));
    session.tell(Msg::Templates(Told::Listed(Vec::new())));
    insta::assert_snapshot!("templates_empty", picture(&session, COMMON));
    let why = "could not list the FIS templates: User x is not authorized to perform: fis:ListExperimentTemplates \
               (AccessDeniedException). Ask for the permission, or use another profile with --profile; or try `--lab`";
    session.tell(Msg::Templates(Told::ListingFailed(SafeText::new(why))));
    insta::assert_snapshot!("templates_failed", picture(&session, COMMON));
}

#[test]
fn a_preview_from_its_start_to_the_words() {
    both!("templates_previewing", previewing());
    both!("templates_previewed", previewed());
    both!("templates_confirm", confirming());
    insta::assert_snapshot!("templates_confirm_least", picture(&confirming(), (60, 15)));
    let mut session = previewing();
    let why =
        "could not preview the FIS template: its experiment EXP7aK2mPq9 failed: Target resolution returned empty set";
    session.tell(Msg::Templates(Told::PreviewFailed(1, SafeText::new(why))));
    insta::assert_snapshot!("templates_preview_failed", picture(&session, COMMON));
    let mut session = Session::new(spotdrill::app::Setting { read_only: true, ..setting(World::Aws) });
    session.tell(Msg::FleetListed(Fleet::clone(&fleet(World::Aws)))).press("t");
    session.tell(Msg::Templates(Told::Listed(templates()))).press("enter");
    insta::assert_snapshot!("templates_read_only", picture(&session, COMMON));
}

#[test]
fn what_fis_chose_otherwise_is_not_to_be_overlooked() {
    insta::assert_snapshot!("live_unchosen", picture(&unchosen(), COMMON));
    both!("live_chosen_otherwise", chosen_otherwise());
}
