//! A fleet, a drill and its facts, made by hand.

use jiff::{SignedDuration, Timestamp};
use spotdrill::{
    app::{App, Effect, Msg, Setting, setup::Given},
    drill::{
        fact::{Basis, ConfirmedBy, Entry, Fact, Source, What},
        fleet::{Behavior, Fleet, Group, GroupKey, GroupKind, Instance, InstanceState, Lifecycle, World},
        guard::circumstances::Circumstances,
        health::{Asked, Check, Reach},
        id::{CheckUrl, DrillId, ExperimentId, InstanceId, SpotRequestId, TemplateId},
        order::WatchName,
        plan::Plan,
        verdict::{Outcome, Verdict},
    },
    text::SafeText,
};

use crate::stage::fine;

pub(super) fn at(time: &str) -> Timestamp {
    format!("2026-11-22T{time}Z").parse().unwrap()
}

pub(super) fn setting(world: World) -> Setting {
    Setting {
        world,
        region: Some(SafeText::new("eu-west-1")),
        account: None,
        endpoint: None,
        read_only: false,
        rate: if world == World::Lab { 10.0 } else { 1.0 },
        role: String::from("spotdrill-fis"),
        stack: Given::default(),
    }
}

pub(super) fn instance(id: &str, name: &str, kind: &str, az: &str, launched: &str) -> Instance {
    Instance {
        id: InstanceId::new(id),
        name: Some(SafeText::new(name)),
        instance_type: SafeText::new(kind),
        az: SafeText::new(az),
        state: InstanceState::Running,
        lifecycle: Lifecycle::Spot,
        spot_request: Some(SpotRequestId::new(format!("sir-{}", &id[2..id.len().min(8)]))),
        interruption_behavior: Some(Behavior::Terminate),
        launched_at: Some(launched.parse().unwrap()),
        protected: false,
        node: Some(SafeText::new(format!("ip-10-0-3-{}.eu-west-1.compute.internal", id.len()))),
    }
}

fn group(kind: GroupKind, name: &str, cluster: Option<&str>, instances: Vec<Instance>) -> Group {
    Group { key: GroupKey { kind, name: SafeText::new(name), cluster: cluster.map(SafeText::new) }, instances }
}

pub(super) fn fleet(world: World) -> Fleet {
    let web = vec![
        instance("i-0a1f3b21c09c3e5d7", "web-1", "m6i.large", "eu-west-1a", "2026-11-19T10:01:00Z"),
        instance("i-0d5e77b1c0e2104aa", "web-2", "m5.large", "eu-west-1a", "2026-11-22T03:01:00Z"),
        instance("i-0b77e0a2d110fa6b1", "web-3", "m6i.large", "eu-west-1b", "2026-11-19T10:00:00Z"),
        instance("i-0e91aa31f004bd77c", "web-4", "m6a.large", "eu-west-1b", "2026-11-22T11:13:00Z"),
        instance("i-0c02d4e1b777aa012", "web-5", "m5.large", "eu-west-1c", "2026-11-22T03:01:00Z"),
        Instance {
            state: InstanceState::Pending,
            ..instance("i-0f3c90b2e1aa90c3f", "web-6", "m6a.large", "eu-west-1c", "2026-11-22T12:04:11Z")
        },
    ];
    // so many that three at once are within the cap
    let more = ["1a", "1b", "1c", "1a", "1b", "1c", "1a"].iter().zip(7..).map(|(zone, number)| {
        let id = format!("i-0f{number:02}90b2e1aa90c3f");
        instance(&id, &format!("web-{number}"), "m5.large", &format!("eu-west-{zone}"), "2026-11-22T03:01:00Z")
    });
    let web = web.into_iter().chain(more).collect();
    let batch = vec![
        Instance {
            interruption_behavior: Some(Behavior::Hibernate),
            ..instance("i-0777b0a2d11011111", "batch-1", "c7g.4xlarge", "eu-west-1a", "2026-11-10T10:00:00Z")
        },
        Instance {
            state: InstanceState::ShuttingDown,
            ..instance("i-0777b0a2d11022222", "batch-2", "c7g.4xlarge", "eu-west-1b", "2026-11-10T10:00:00Z")
        },
    ];
    let on_demand = |id: &str, az: &str| Instance {
        lifecycle: Lifecycle::OnDemand,
        spot_request: None,
        interruption_behavior: None,
        ..instance(id, "core", "m6i.xlarge", az, "2026-08-24T10:00:00Z")
    };
    let core = vec![on_demand("i-0111111111111aaaa", "eu-west-1a"), on_demand("i-0111111111111bbbb", "eu-west-1b")];
    Fleet {
        region: SafeText::new("eu-west-1"),
        account: SafeText::new(if world == World::Lab { "000000000000" } else { "123456789012" }),
        world,
        groups: vec![
            group(GroupKind::EksNodegroup, "core", Some("shop"), core),
            group(GroupKind::EksNodegroup, "web", Some("shop"), web),
            group(GroupKind::KarpenterNodepool, "batch", Some("shop"), batch),
        ],
        complete: true,
        gap: None,
        as_of: at("12:04:31"),
    }
}

/// Names as an attacker or a bored colleague chooses them.
pub(super) fn hostile_fleet() -> Fleet {
    let named = |id: &str, name: &str| instance(id, name, "m5.large", "eu-west-1a", "2026-11-22T03:01:00Z");
    let instances = vec![
        named("i-0000000000000000a", "\x1b[31mred\x1b[0m\x07"),
        named("i-0000000000000000b", "evil\u{202e}gnp.exe"),
        named("i-0000000000000000c", "日本語のとても長いサーバーの名前です"),
        named("i-0000000000000000d", "🔥🚒👩‍🚒 fire"),
        named("i-0000000000000000e", &"x".repeat(10_000)),
        named("i-0000000000000000f", "ze\u{300}\u{301}\u{302}\u{303}\u{304}ro\u{200b}width"),
        named("i-1", ""),
    ];
    let name = "名前🔥\x1b]0;title\x07";
    Fleet {
        groups: vec![
            group(GroupKind::AutoScalingGroup, name, None, instances.clone()),
            group(GroupKind::EksNodegroup, &"long-".repeat(100), Some("shop"), Vec::new()),
        ],
        ..fleet(World::Aws)
    }
}

/// The screen of a model, and the time on it.
pub(crate) struct Session {
    pub(crate) app: App,
    pub(crate) now: Timestamp,
    pub(crate) effects: Vec<Effect>,
    seq: u64,
}

impl Session {
    pub(super) fn new(setting: Setting) -> Self {
        let (app, effects) = App::new(setting);
        Self { app, now: at("12:04:45"), effects, seq: 0 }
    }

    pub(crate) fn listed(world: World) -> Self {
        let mut session = Self::new(setting(world));
        session.tell(Msg::FleetListed(fleet(world)));
        let around = fine(session.now);
        session.tell(Msg::LookedAround(Box::new(around)));
        session
    }

    pub(crate) fn tell(&mut self, msg: Msg) -> &mut Self {
        let effects = self.app.update(msg, self.now);
        self.effects.extend(effects);
        self
    }

    /// Presses keys, written with blanks between them.
    pub(super) fn press(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            self.tell(Msg::Key(key.parse().unwrap()));
        }
        self
    }

    pub(crate) fn ticks(&mut self, count: usize) -> &mut Self {
        for _ in 0..count {
            self.tell(Msg::Tick);
        }
        self
    }

    /// Types text as a person does: no two characters within one tick.
    pub(super) fn type_in(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            let key = if character == ' ' { String::from("space") } else { character.to_string() };
            self.press(&key).ticks(1);
        }
        self
    }

    pub(super) fn fact(&mut self, source: Source, instance: Option<&str>, time: &str, what: What) -> &mut Self {
        self.now = at(time) + SignedDuration::from_millis(400);
        self.seq += 1;
        let instance = instance.map(InstanceId::new);
        let fact = Fact { at: at(time), seen: self.now, source, instance, what };
        self.tell(Msg::Recorded(Entry { seq: self.seq, fact }))
    }
}

pub(super) const TARGETS: [&str; 3] = ["i-0a1f3b21c09c3e5d7", "i-0b77e0a2d110fa6b1", "i-0c02d4e1b777aa012"];

/// Three marks, a warning of five minutes, on the compose screen.
pub(crate) fn composed(world: World) -> Session {
    let mut session = Session::listed(world);
    session.press("j j j j space j space j space c");
    session.press("tab right right right right right right");
    session
}

/// An incident goes on, and no alarm would stop the experiment.
pub(super) fn refused() -> Session {
    let mut session = composed(World::Aws);
    let lever = Ok(Some(SafeText::new("incident 4711: ask ada")));
    let around = Circumstances { lever, alarm: Ok(None), ..fine(session.now) };
    session.tell(Msg::LookedAround(Box::new(around))).press("S");
    session
}

pub(crate) fn confirming(world: World) -> Session {
    let mut session = composed(world);
    session.press("S");
    session
}

fn plan(session: &Session) -> Plan {
    session
        .effects
        .iter()
        .find_map(|effect| match effect {
            Effect::StartDrill { plan, .. } => Some(plan.clone()),
            _ => None,
        })
        .unwrap()
}

/// The words are typed and the drill is on its way.
pub(super) fn started(world: World) -> Session {
    let mut session = confirming(world);
    session.ticks(4).type_in("web 3").press("enter");
    session
}

/// The experiment runs and the rebalance recommendation was seen.
pub(crate) fn warned(world: World) -> Session {
    let mut session = started(world);
    let plan = plan(&session);
    let drill = DrillId::new("20261122-120450-k3f9");
    let (experiment, template) = (ExperimentId::new("EXP7aK2mPq9"), TemplateId::new("EXT4tR8x"));
    let role_arn = String::from("arn:aws:iam::123456789012:role/spotdrill-fis");
    session
        .fact(Source::Spotdrill, None, "12:04:50", What::DrillPlanned { drill, plan, role_arn, settle_seconds: 600 })
        .fact(
            Source::Operator,
            None,
            "12:04:50",
            What::DrillConfirmed {
                words: String::from("web 3"),
                by: ConfirmedBy::Typed,
                client_token: String::from("token"),
            },
        )
        .fact(Source::Fis, None, "12:04:51", What::TemplateCreated { template: template.clone() })
        .fact(Source::Fis, None, "12:04:52", What::ExperimentStarted { experiment: experiment.clone(), template })
        .fact(
            Source::Fis,
            None,
            "12:05:03",
            What::ExperimentStateChanged { experiment, status: SafeText::new("running"), reason: None },
        )
        .fact(
            Source::Fis,
            None,
            "12:05:02",
            What::ActionStateChanged {
                action: SafeText::new("interrupt0"),
                status: SafeText::new("running"),
                reason: None,
                started: Some(at("12:05:02")),
            },
        )
        .fact(
            Source::Fis,
            None,
            "12:05:04",
            What::TargetsResolved { instances: TARGETS.iter().map(InstanceId::new).collect() },
        );
    for target in TARGETS {
        session.fact(Source::Events, Some(target), "12:05:03", What::RebalanceRecommended { basis: Basis::Event });
        session.log("12:05:05", &format!("INFO rebalance-recommendation {target} -> slack #gameday"));
    }
    session.at("12:05:30");
    session
}

impl Session {
    /// Every source has answered just now.
    pub(super) fn at(&mut self, time: &str) {
        self.now = at(time);
        for watch in [
            WatchName::Experiment,
            WatchName::Instances,
            WatchName::SpotRequests,
            WatchName::Group,
            WatchName::Logs,
            WatchName::Events,
        ] {
            self.tell(Msg::Pulse(watch));
        }
    }

    pub(super) fn log(&mut self, time: &str, message: &str) -> &mut Self {
        let (group, message) = (SafeText::new("/aws/lambda/spot-handler"), SafeText::line(message));
        self.fact(Source::Logs, None, time, What::LogLine { group, message })
    }

    pub(super) fn spot_request(&mut self, target: &str, time: &str, state: &str, status: &str) -> &mut Self {
        let request = SpotRequestId::new("sir-8x2k");
        let (state, status) = (SafeText::new(state), SafeText::new(status));
        self.fact(Source::Ec2, Some(target), time, What::SpotRequestChanged { request, state, status })
    }

    pub(super) fn state(&mut self, source: Source, target: &str, time: &str, state: InstanceState) -> &mut Self {
        self.fact(source, Some(target), time, What::InstanceStateChanged { state, reason: None, not_before: None })
    }
}

/// Each target has its notice.
pub(super) fn noticed(world: World) -> Session {
    let mut session = warned(world);
    for (target, second) in TARGETS.into_iter().zip(["02", "02", "03"]) {
        let notice = What::NoticeIssued { basis: Basis::Event, action: Some(Behavior::Terminate) };
        session.fact(Source::Events, Some(target), &format!("12:08:{second}"), notice);
        session.spot_request(target, "12:08:05", "active", "marked-for-termination");
        session.log("12:08:04", &format!(r#"{{"level": "INFO", "message": "posted to Slack, status 200", "request": "7bf73129", "detail-type": "EC2 Spot Instance Interruption Warning", "resource": "{target}", "action": "terminate", "status": 200, "tries": 1}}"#));
    }
    session
        .fact(Source::Fis, None, "12:08:06", What::ActionStateChanged {
            action: SafeText::new("interrupt0"),
            status: SafeText::new("completed"),
            reason: Some(SafeText::new("Action was completed.")),
            started: Some(at("12:05:02")),
        })
        .fact(Source::Fis, None, "12:08:06", What::ExperimentStateChanged {
            experiment: ExperimentId::new("EXP7aK2mPq9"),
            status: SafeText::new("completed"),
            reason: Some(SafeText::new("Experiment completed.")),
        })
        .fact(Source::Fis, None, "12:08:07", What::TemplateDeleted { template: TemplateId::new("EXT4tR8x") })
        .log("12:08:09", r#"ERROR {"instance":"i-0c02d4e1b777aa012","error":"nodeName not found: AccessDenied: eks:DescribeNodegroup on resource arn:aws:eks:eu-west-1:123456789012:nodegroup/shop/web"}"#);
    session.at("12:08:45");
    session
}

/// Two are gone, one is going, one replacement runs.
pub(super) fn leaving(world: World) -> Session {
    let mut session = noticed(world);
    for target in TARGETS {
        session.state(Source::Events, target, "12:10:04", InstanceState::ShuttingDown);
    }
    let group =
        GroupKey { kind: GroupKind::EksNodegroup, name: SafeText::new("web"), cluster: Some(SafeText::new("shop")) };
    let (az, instance_type) = (SafeText::new("eu-west-1b"), SafeText::new("m6i.large"));
    session
        .fact(
            Source::Ec2,
            Some("i-09aa71e2c0d1b33f2"),
            "12:10:20",
            What::ReplacementLaunched { group, az, instance_type },
        )
        .state(Source::Ec2, "i-09aa71e2c0d1b33f2", "12:10:41", InstanceState::Running)
        .state(Source::Events, TARGETS[0], "12:10:38", InstanceState::Terminated)
        .state(Source::Ec2, TARGETS[1], "12:10:44", InstanceState::Terminated)
        .spot_request(TARGETS[0], "12:10:45", "closed", "instance-terminated-by-experiment");
    session.at("12:10:50");
    session
}

/// The drill is over; one target was never seen to go.
pub(super) fn failed(world: World) -> Session {
    let mut session = leaving(world);
    let verdict = Verdict {
        verdict: Outcome::Failed,
        reasons: vec![
            SafeText::new("i-0c02d4e1b777aa012: not observed to go; last seen shutting-down"),
            SafeText::new("shop/web: 1 replacement not observed running"),
        ],
        interrupted: TARGETS[..2].iter().map(InstanceId::new).collect(),
        not_observed: vec![InstanceId::new(TARGETS[2])],
        replacements: vec![InstanceId::new("i-09aa71e2c0d1b33f2")],
        unseen: Vec::new(),
    };
    session.fact(Source::Spotdrill, None, "12:20:06", What::SettleTimeEnded).fact(
        Source::Spotdrill,
        None,
        "12:20:06",
        What::DrillFinished { verdict },
    );
    session
}

/// The drill is over, and everything came as it should.
pub(super) fn held(world: World) -> Session {
    let mut session = leaving(world);
    session.state(Source::Events, TARGETS[2], "12:10:52", InstanceState::Terminated);
    let verdict = Verdict {
        verdict: Outcome::Held,
        reasons: Vec::new(),
        interrupted: TARGETS.iter().map(InstanceId::new).collect(),
        not_observed: Vec::new(),
        replacements: vec![InstanceId::new("i-09aa71e2c0d1b33f2")],
        unseen: Vec::new(),
    };
    session.fact(Source::Spotdrill, None, "12:11:30", What::DrillFinished { verdict });
    session
}

const CHECKS: [&str; 2] = ["https://shop.example.com/health", "http://10.0.3.17:8080/cart/ready"];

/// A drill whose targets have their notice, with health checks: one never failed, one fails.
pub(super) fn checked(world: World, count: usize) -> Session {
    let mut session = noticed(world);
    let url = |number: usize| match CHECKS.get(number) {
        Some(url) => CheckUrl::new(url),
        None => CheckUrl::new(format!("https://shop.example.com/a-long-way/to/the/health/of/service/number-{number}")),
    };
    let check = |number| Check { url: url(number), has_query: false, reach: Reach::Network };
    let checks = (0..count).map(check).collect();
    session.fact(Source::Spotdrill, None, "12:04:50", What::ChecksChosen { checks });
    for number in 0..count.min(3) {
        let answered = What::ProbeAnswered { check: url(number), status: 200, millis: 35 };
        session.fact(Source::Probe, None, "12:04:51", answered);
        session.asked(&url(number), "12:08:42", 35, None);
    }
    let why = SafeText::new("answered 503");
    session.fact(Source::Probe, None, "12:08:31", What::ProbeFailed { check: url(1), why: why.clone() });
    session.asked(&url(1), "12:08:44", 1203, Some(why));
    session.at("12:08:45");
    session
}

impl Session {
    fn asked(&mut self, check: &CheckUrl, time: &str, millis: u32, failed: Option<SafeText>) {
        self.tell(Msg::Asked(Asked { check: check.clone(), at: at(time), millis, failed }));
    }
}
