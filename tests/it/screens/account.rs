//! The screens of an account that is set up, proved, examined and taken down, by what AWS would tell.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use spotdrill::{
    app::{
        Effect, Msg, Setting,
        doctor::Told as Doctor,
        setup::{Done, Given, Seen, Told},
    },
    doctor::{Area, Finding, Report},
    drill::fleet::World,
    stack::{
        Event, Stack,
        change::{Action, Change, Preview, SecretChange},
        names::Names,
        progress::Progress,
        proof::Proof,
        removal::{Fate, Part, Removal},
    },
    text::SafeText,
};

use super::fixture::{self, Session, at};

const SECRET: &str = "spotdrill/slack-webhook";

const WEBHOOK: &str = "https://hooks.slack.com/services/T0CANARY/B0CANARY/canarycanarycanarycanary";

const RESOURCES: [(&str, &str, &str); 9] = [
    ("EventLog", "AWS::Logs::LogGroup", "/aws/events/spotdrill"),
    ("EventLogPolicy", "AWS::Logs::ResourcePolicy", "spotdrill-events"),
    ("EventLogRule", "AWS::Events::Rule", "spotdrill-events"),
    ("FisRole", "AWS::IAM::Role", "spot-fis-test"),
    ("Function", "AWS::Lambda::Function", "send-slack-spot-event"),
    ("FunctionLog", "AWS::Logs::LogGroup", "/aws/lambda/send-slack-spot-event"),
    ("FunctionRole", "AWS::IAM::Role", "send-slack-spot-event-eu-west-1"),
    ("SlackRule", "AWS::Events::Rule", "spot-event"),
    ("SlackRulePermission", "AWS::Lambda::Permission", "spotdrill-SlackRulePermission-4f2a"),
];

fn names() -> Names {
    Names::of("spotdrill", &BTreeMap::from([(String::from("SlackSecretName"), SECRET.to_owned())]))
}

fn account(world: World) -> SafeText {
    SafeText::new(if world == World::Lab { "000000000000" } else { "123456789012" })
}

fn outputs() -> BTreeMap<String, SafeText> {
    let role = |name: &str| format!("arn:aws:iam::123456789012:role/{name}");
    [
        ("EventLogGroup", String::from("/aws/events/spotdrill")),
        ("EventLogRule", String::from("spotdrill-events")),
        ("FisRoleArn", role("spot-fis-test")),
        ("FunctionLogGroup", String::from("/aws/lambda/send-slack-spot-event")),
        ("FunctionName", String::from("send-slack-spot-event")),
        ("FunctionRoleArn", role("send-slack-spot-event-eu-west-1")),
        ("SlackRule", String::from("spot-event")),
        ("SlackSecretName", SECRET.to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), SafeText::new(value)))
    .collect()
}

fn stack(status: &str, reason: Option<&str>) -> Box<Stack> {
    Box::new(Stack {
        id: SafeText::new("arn:aws:cloudformation:eu-west-1:123456789012:stack/spotdrill/7c0e"),
        name: SafeText::new("spotdrill"),
        status: SafeText::new(status),
        reason: reason.map(SafeText::new),
        ours: true,
        parameters: BTreeMap::new(),
        outputs: outputs(),
        changed: Some(at("11:58:02")),
    })
}

impl Session {
    /// Tells what came of the last work.
    fn setup(&mut self, told: Told) -> &mut Self {
        let attempts = self.effects.iter().rev().filter_map(|effect| match effect {
            Effect::Setup { attempt, .. } => Some(*attempt),
            _ => None,
        });
        let attempt = attempts.max().unwrap_or_default();
        self.tell(Msg::Setup(attempt, told))
    }
}

pub(super) fn form(world: World) -> Session {
    let mut session = Session::listed(world);
    session.press("s").setup(Told::Glanced(Seen::There(stack("CREATE_COMPLETE", None))));
    session
}

fn bare(world: World) -> Session {
    let mut session = Session::listed(world);
    session.press("s").setup(Told::Glanced(Seen::NotThere));
    session
}

/// The webhook is missing, and its field is open.
pub(super) fn asked(world: World) -> Session {
    let mut session = bare(world);
    session.press("S").setup(Told::WebhookMissing(SafeText::new(SECRET)));
    session
}

fn pasted(world: World) -> Session {
    let mut session = asked(world);
    session.tell(Msg::Paste(WEBHOOK.to_owned().into())).press("enter");
    session
}

pub(super) fn with_environment(world: World) -> Session {
    let stack = Given { webhook: Some(WEBHOOK.to_owned().into()), ..Given::default() };
    let mut session = Session::new(Setting { stack, ..fixture::setting(world) });
    session.tell(Msg::FleetListed(fixture::fleet(world))).press("s").setup(Told::Glanced(Seen::NotThere));
    session
}

pub(super) fn not_slacks(world: World) -> Session {
    let mut session = asked(world);
    session.tell(Msg::Paste(WEBHOOK.replace("hooks.slack.com", "chat.example.com").into())).press("enter");
    session
}

fn change(action: Action, (logical, kind, physical): (&str, &str, &str), what: &[&str]) -> Change {
    let what = what.iter().map(SafeText::new).collect();
    let (logical, physical, kind) = (SafeText::new(logical), Some(SafeText::new(physical)), SafeText::new(kind));
    Change { action, logical, physical, kind, what }
}

fn preview(world: World) -> Preview {
    Preview {
        account: account(world),
        region: SafeText::new("eu-west-1"),
        world,
        names: names(),
        stack_id: SafeText::new("arn:stack"),
        change_set: Some(SafeText::new("arn:set")),
        is_new: true,
        changes: RESOURCES.into_iter().map(|resource| change(Action::Add, resource, &[])).collect(),
        secret: SecretChange::Create,
        notes: Vec::new(),
    }
}

pub(super) fn previewed(world: World) -> Session {
    let mut session = pasted(world);
    session.press("S").setup(Told::Previewed(Box::new(preview(world))));
    session
}

/// Each kind of change, and a note.
pub(super) fn updating(world: World) -> Session {
    let [log, policy, rule, role, function, ..] = RESOURCES;
    let changes = vec![
        change(Action::Add, log, &[]),
        change(Action::Modify, role, &["Policies", "Tags"]),
        change(Action::Replace, function, &["FunctionName", "Environment"]),
        change(Action::MayReplace, rule, &["EventPattern"]),
        change(Action::Remove, policy, &[]),
    ];
    let note =
        "the log group /aws/lambda/send-slack-spot-event exists already: it stays as it is, and outlives the stack";
    let notes = vec![SafeText::new(note)];
    let update = Preview { is_new: false, changes, secret: SecretChange::None, notes, ..preview(world) };
    let mut session = form(world);
    session.press("S").setup(Told::Previewed(Box::new(update)));
    session
}

pub(super) fn unchanged(world: World) -> Session {
    let same =
        Preview { is_new: false, change_set: None, changes: Vec::new(), secret: SecretChange::None, ..preview(world) };
    let mut session = form(world);
    session.press("S").setup(Told::Previewed(Box::new(same)));
    session
}

pub(super) fn left_over(world: World) -> Session {
    let reason = "The following resource(s) failed to create: [FisRole]. Rollback requested by user.";
    let parts = vec![part("log group", "/aws/events/spotdrill", Fate::Deleted)];
    let mut session = bare(world);
    session.press("S").setup(Told::Leftover(stack("ROLLBACK_FAILED", Some(reason)), parts));
    session
}

pub(super) fn consenting(world: World) -> Session {
    let mut session = previewed(world);
    session.press("enter").ticks(4);
    session
}

/// Events of the stack's resources: those that are made, and those that are begun.
fn progress(made: usize, begun: usize, failed: Option<&str>) -> Box<Progress> {
    let mut progress = Progress::expecting(RESOURCES.len());
    let mut tell =
        |second: usize, (logical, kind, physical): (&str, &str, &str), status: &str, reason: Option<&str>| {
            progress.apply(&Event {
                id: SafeText::new(format!("{logical} {status}")),
                at: at("12:04:50") + SignedDuration::from_secs(i64::try_from(second).unwrap()),
                logical: SafeText::new(logical),
                physical: Some(SafeText::new(physical)),
                kind: SafeText::new(kind),
                status: SafeText::new(status),
                reason: reason.map(SafeText::new),
            });
        };
    tell(0, ("spotdrill", "AWS::CloudFormation::Stack", "arn"), "CREATE_IN_PROGRESS", None);
    for (number, resource) in RESOURCES.into_iter().take(begun).enumerate() {
        tell(1 + number, resource, "CREATE_IN_PROGRESS", None);
        if number < made {
            tell(6 + 4 * number, resource, "CREATE_COMPLETE", None);
        }
    }
    if let Some(reason) = failed {
        tell(30, RESOURCES[made], "CREATE_FAILED", Some(reason));
    }
    Box::new(progress)
}

/// The stack is being made.
pub(super) fn working(world: World) -> Session {
    let mut session = consenting(world);
    session.press("enter").setup(Told::Doing(SafeText::new("changing the stack spotdrill: 9 add")));
    session.now = at("12:05:21");
    session.setup(Told::Progress(progress(5, 8, None)));
    session
}

pub(super) fn stale(world: World) -> Session {
    let mut session = working(world);
    session.setup(Told::Stale(SafeText::new(
        "AWS could not be reached to list the events of the stack (DispatchFailure): check the network or VPN",
    )));
    session.now = at("12:06:40");
    session
}

pub(super) fn set_up(world: World) -> Session {
    let mut session = working(world);
    let notes = vec![SafeText::new(
        "account 123456789012 was added to the accounts of /home/dana/.config/spotdrill/config.toml",
    )];
    let done = Done { names: names(), outputs: outputs(), took: Some(SignedDuration::from_secs(74)), notes };
    session.setup(Told::SetUp(Box::new(done))).setup(Told::Glanced(Seen::There(stack("CREATE_COMPLETE", None))));
    session
}

pub(super) fn not_set_up(world: World) -> Session {
    let mut session = working(world);
    session.setup(Told::Progress(progress(3, 4, Some("no"))));
    let why = [
        "the stack spotdrill was not made (ROLLBACK_COMPLETE): the IAM role FisRole could not be made: you may not \
         iam:CreateRole. AWS: User: arn:aws:sts::123456789012:assumed-role/sre-gameday/dana is not authorized to perform: \
         iam:CreateRole on resource: arn:aws:iam::123456789012:role/spot-fis-test. Ask for the permissions of `spotdrill \
         setup --print setup`, then run setup again.",
        "Nothing of it is left but the stack's name, and the secret spotdrill/slack-webhook, which the next setup uses. \
         `spotdrill teardown` takes away what is there",
    ];
    session.setup(Told::Failed(why.iter().map(SafeText::line).collect()));
    session
}

const EVENT: &str = "11111111-2222-3333-4444-555555555555";

fn proof() -> Proof {
    let sent = at("12:05:00");
    let mut proof = Proof::begun(EVENT, sent, sent + SignedDuration::from_millis(140), names());
    proof.line_of_events(sent + SignedDuration::from_millis(840), &format!(r#"{{"id":"{EVENT}"}}"#));
    proof
}

fn answered(proof: &mut Proof, rest: &str) {
    let line = format!(r#"{{"message": "posted to Slack", "request": "7bf73129-1d2c", "event": "{EVENT}", {rest}}}"#);
    proof.line_of_function(at("12:05:02"), &line);
}

pub(super) fn proving(world: World) -> Session {
    let mut session = form(world);
    session.press("P").setup(Told::Proof(Box::new(proof())));
    session
}

pub(super) fn proved(world: World) -> Session {
    let mut proof = proof();
    answered(&mut proof, r#""status": 200, "tries": 1"#);
    let mut session = proving(world);
    session.setup(Told::Proof(Box::new(proof)));
    session
}

pub(super) fn disproved(world: World) -> Session {
    let mut proof = proof();
    answered(&mut proof, r#""status": 404, "reason": "no_service", "tries": 1"#);
    let mut session = proving(world);
    session.setup(Told::Proof(Box::new(proof)));
    session
}

fn part(kind: &str, name: &str, fate: Fate) -> Part {
    Part { kind: SafeText::new(kind), name: SafeText::new(name), fate }
}

fn removal(world: World) -> Box<Removal> {
    let of_stack =
        RESOURCES.into_iter().map(|(_, kind, name)| part(spotdrill::stack::kind_in_words(kind), name, Fate::Deleted));
    let mut parts: Vec<_> = of_stack.collect();
    parts.push(part("secret", SECRET, Fate::Recoverable));
    let note = format!(
        "Secrets Manager keeps {SECRET} for 7 days, in which it can be taken back: aws secretsmanager restore-secret \
         --secret-id {SECRET}"
    );
    Box::new(Removal {
        account: account(world),
        region: SafeText::new("eu-west-1"),
        world,
        names: names(),
        stack: Some(*stack("CREATE_COMPLETE", None)),
        secret: None,
        templates: Vec::new(),
        of_drills: Vec::new(),
        log_groups: Vec::new(),
        keep_logs: false,
        in_stack: parts.len() - 1,
        parts,
        notes: vec![SafeText::new(note)],
    })
}

pub(super) fn removing(world: World) -> Session {
    let mut session = form(world);
    session.press("T").setup(Told::Looked(removal(world)));
    session
}

pub(super) fn torn_down(world: World, something_remains: bool) -> Session {
    let mut session = removing(world);
    session.press("enter").ticks(4).type_in("spotdrill").press("enter");
    let remains = vec![part("IAM role", "spot-fis-test", Fate::Deleted)];
    session.setup(Told::TornDown(if something_remains { remains } else { Vec::new() }));
    session.ticks(40).setup(Told::Glanced(Seen::NotThere));
    session
}

/// As the doctor found it in the lab, on somebody's machine.
fn report() -> Report {
    let machine = vec![
        Finding::ok(Area::Machine, "terminal", "80x24, xterm-256color, UTF-8, 24-bit colours, tmux, ssh"),
        Finding::ok(Area::Machine, "state folder", "/home/dana/.local/state/spotdrill is writable, for you alone"),
    ];
    Report::new(crate::setup::doctor::two_things_amiss().findings.iter().cloned().chain(machine).collect())
}

pub(super) fn examining(world: World) -> Session {
    let mut session = Session::listed(world);
    session.press("D").tell(Msg::Doctor(1, Doctor::Progress(12, 40)));
    session.now += SignedDuration::from_secs(3);
    session
}

pub(super) fn examined(world: World) -> Session {
    let mut session = examining(world);
    session.tell(Msg::Doctor(1, Doctor::Report(report())));
    session
}

/// Every state in which the webhook is in the model.
pub(super) fn with_the_webhook() -> Vec<Session> {
    let world = World::Aws;
    let mut typing = asked(world);
    typing.tell(Msg::Paste(WEBHOOK.to_owned().into()));
    let mut told = previewed(world);
    told.press("esc !");
    vec![
        typing,
        pasted(world),
        with_environment(world),
        not_slacks(world),
        previewed(world),
        consenting(world),
        working(world),
        set_up(world),
        not_set_up(world),
        told,
    ]
}
