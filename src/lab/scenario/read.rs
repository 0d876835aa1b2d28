//! From TOML to a scenario, or to everything that is wrong with it. Knows the keys and their defaults.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use toml::de::DeTable;

use super::{
    Alarm, Behavior, Capacity, Complaint, Group, GroupKind, Handler, Interruption, Lifecycle, Log, Replaces, Scenario,
    Slack, Stack, StatusAt, Timing,
    table::{Complaints, Table},
};
use crate::lab::{
    faults::{Fault, FaultKind, is_named},
    policy, service,
    throttle::Throttle,
    world::{alarm::AlarmState, deployed},
};

const KINDS: &[(&str, GroupKind)] = &[
    ("eks-nodegroup", GroupKind::EksNodegroup),
    ("karpenter-nodepool", GroupKind::KarpenterNodepool),
    ("auto-scaling-group", GroupKind::AutoScalingGroup),
    ("standalone", GroupKind::Standalone),
];
const LIFECYCLES: &[(&str, Lifecycle)] = &[("spot", Lifecycle::Spot), ("on-demand", Lifecycle::OnDemand)];
const REPLACES: &[(&str, Replaces)] = &[
    ("rebalance", Replaces::Rebalance),
    ("notice", Replaces::Notice),
    ("termination", Replaces::Termination),
    ("never", Replaces::Never),
];
const BEHAVIORS: &[(&str, Behavior)] =
    &[("terminate", Behavior::Terminate), ("stop", Behavior::Stop), ("hibernate", Behavior::Hibernate)];
const HANDLERS: &[(&str, Handler)] = &[
    ("none", Handler::Nobody),
    ("node-termination-handler", Handler::NodeTerminationHandler),
    ("karpenter", Handler::Karpenter),
];
const STATUS_AT: &[(&str, StatusAt)] = &[("notice", StatusAt::Notice), ("termination", StatusAt::Termination)];

/// Instances in a group, at most.
const LARGEST_GROUP: u32 = 100_000;

/// Delays are told apart by their own key.
const FAULTS: &[(&str, FaultKind)] = &[
    ("throttle", FaultKind::Throttle),
    ("denied", FaultKind::Denied),
    ("expired", FaultKind::Expired),
    ("error", FaultKind::Error),
    ("delay", FaultKind::Delay(SignedDuration::ZERO)),
    ("reset", FaultKind::Reset),
    ("half", FaultKind::Half),
    ("stall", FaultKind::Stall),
    ("stream-exception", FaultKind::StreamException),
    ("stream-freeze", FaultKind::StreamFreeze),
];

pub(super) fn scenario(name: &str, text: &str) -> Result<Scenario, Vec<Complaint>> {
    let mut wrong = Complaints::new(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        wrong.add(error.span().map_or(0, |span| span.start), error.message());
    }
    let scenario = whole(name, Table::new(table.get_ref(), 0), &mut wrong);
    wrong.list.sort_by_key(|complaint| complaint.line);
    if wrong.list.is_empty() { Ok(scenario) } else { Err(wrong.list) }
}

fn whole(name: &str, mut table: Table<'_, '_>, wrong: &mut Complaints<'_>) -> Scenario {
    let region = table.required("region", wrong);
    let zones = table.strings("zones", wrong);
    let zones = zones.unwrap_or_else(|| ["a", "b", "c"].map(|letter| format!("{region}{letter}")).to_vec());
    if let Some(zone) = zones.iter().find(|zone| !zone.starts_with(&region)) {
        wrong.add(table.place("zones"), format!("zone {zone} is not of region {region}"));
    }
    let account = table.string("account", wrong).unwrap_or_else(|| "000000000000".to_owned());
    if account.len() != 12 || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        wrong.add(table.place("account"), "account is not twelve digits");
    }
    let description = table.required("description", wrong);
    let groups: Vec<_> = table.tables("group", wrong).into_iter().map(|entry| group(entry, &zones, wrong)).collect();
    unique_names(&groups, table.offset, wrong);
    let (operator_deny, operator_policy) = operator(table.table("operator", wrong), wrong);
    let scenario = Scenario {
        name: name.to_owned(),
        description,
        account,
        region,
        timing: table.table("timing", wrong).map_or_else(Timing::default, |entry| timing(entry, wrong)),
        interruption: interruption(table.table("interruption", wrong), wrong),
        capacity: capacity(table.table("capacity", wrong), wrong),
        lag: lag(table.table("consistency", wrong), wrong),
        alarm: table.table("alarm", wrong).map_or_else(Alarm::default, |entry| alarm(entry, wrong)),
        stack: table.table("stack", wrong).map_or_else(Stack::default, |entry| stack(entry, wrong)),
        slack: table.table("slack", wrong).map_or_else(Slack::default, |entry| slack(entry, wrong)),
        faults: table.tables("fault", wrong).into_iter().filter_map(|entry| fault(entry, wrong)).collect(),
        operator_deny,
        operator_policy,
        throttles: table.tables("throttle", wrong).into_iter().filter_map(|entry| throttle(entry, wrong)).collect(),
        logs: table.tables("log", wrong).into_iter().map(|entry| log(entry, wrong)).collect(),
        zones,
        groups,
    };
    table.finish(wrong);
    scenario
}

fn group(mut table: Table<'_, '_>, zones: &[String], wrong: &mut Complaints<'_>) -> Group {
    let kind = table.word("kind", KINDS, wrong);
    let count = table.whole("count", 0..=LARGEST_GROUP, wrong).unwrap_or(1);
    let min = table.whole("min", 0..=count, wrong).unwrap_or(0);
    let max = table.whole("max", count.max(1)..=2 * LARGEST_GROUP, wrong).unwrap_or(2 * count.max(1));
    let group = Group {
        kind: kind.unwrap_or(GroupKind::Standalone),
        name: table.required("name", wrong),
        cluster: table.string("cluster", wrong).unwrap_or_default(),
        lifecycle: table.word("lifecycle", LIFECYCLES, wrong).unwrap_or(Lifecycle::Spot),
        count: count as usize,
        min: min as usize,
        max: max as usize,
        instance_types: table.strings("instance_types", wrong).unwrap_or_else(|| vec!["m6i.large".to_owned()]),
        zones: table.strings("zones", wrong).unwrap_or_else(|| zones.to_vec()),
        replaces: table.word("replaces", REPLACES, wrong).unwrap_or(Replaces::Never),
        replacement_latency: table.seconds("replacement_latency", wrong).unwrap_or(SignedDuration::from_secs(20)),
        capacity_rebalancing: table.boolean("capacity_rebalancing", wrong).unwrap_or(false),
        handler: table.word("handler", HANDLERS, wrong).unwrap_or(Handler::Nobody),
        drain: table.seconds("drain", wrong).unwrap_or(SignedDuration::from_secs(20)),
        no_capacity: table.strings("no_capacity", wrong).unwrap_or_default(),
        behavior: table.word("behavior", BEHAVIORS, wrong).unwrap_or(Behavior::Terminate),
        tags: table.pairs("tags", wrong),
    };
    let in_cluster = matches!(group.kind, GroupKind::EksNodegroup | GroupKind::KarpenterNodepool);
    if in_cluster && group.cluster.is_empty() {
        wrong.add(table.offset, format!("group {} of this kind needs a cluster", group.name));
    }
    if group.capacity_rebalancing && group.replaces != Replaces::Rebalance {
        wrong.add(table.place("capacity_rebalancing"), "capacity_rebalancing needs replaces = \"rebalance\"");
    }
    if let Some(zone) = group.zones.iter().find(|zone| !zones.contains(zone)) {
        wrong.add(table.place("zones"), format!("zone {zone} is not one of the scenario's"));
    }
    table.finish(wrong);
    group
}

fn unique_names(groups: &[Group], offset: usize, wrong: &mut Complaints<'_>) {
    let mut names = BTreeSet::new();
    for group in groups {
        if !names.insert(&group.name) {
            wrong.add(offset, format!("two groups are named {}", group.name));
        }
    }
}

fn timing(mut table: Table<'_, '_>, wrong: &mut Complaints<'_>) -> Timing {
    let usual = Timing::default();
    let timing = Timing {
        resolve: table.seconds("resolve", wrong).unwrap_or(usual.resolve),
        action_delay: table.seconds("action_delay", wrong).unwrap_or(usual.action_delay),
        stop: table.seconds("stop", wrong).unwrap_or(usual.stop),
        pending: table.seconds("pending", wrong).unwrap_or(usual.pending),
        shutdown_min: table.seconds("shutdown_min", wrong).unwrap_or(usual.shutdown_min),
        shutdown_max: table.seconds("shutdown_max", wrong).unwrap_or(usual.shutdown_max),
        terminated_visible: table.seconds("terminated_visible", wrong).unwrap_or(usual.terminated_visible),
        shutdown_offset: table.seconds("shutdown_offset", wrong).unwrap_or(usual.shutdown_offset),
    };
    if timing.shutdown_min > timing.shutdown_max {
        wrong.add(table.place("shutdown_min"), "shutdown_min is more than shutdown_max");
    }
    table.finish(wrong);
    timing
}

fn interruption(table: Option<Table<'_, '_>>, wrong: &mut Complaints<'_>) -> Interruption {
    let Some(mut table) = table else {
        return Interruption { status_at: StatusAt::Notice, stop_recalls: false, offered: true };
    };
    let interruption = Interruption {
        status_at: table.word("status_at", STATUS_AT, wrong).unwrap_or(StatusAt::Notice),
        stop_recalls: table.boolean("stop_recalls", wrong).unwrap_or(false),
        offered: table.boolean("offered", wrong).unwrap_or(true),
    };
    table.finish(wrong);
    interruption
}

fn capacity(table: Option<Table<'_, '_>>, wrong: &mut Complaints<'_>) -> Capacity {
    let usual = Capacity::default();
    let Some(mut table) = table else { return usual };
    let capacity = Capacity {
        no_spot: table.strings("no_spot", wrong).unwrap_or_default(),
        no_on_demand: table.strings("no_on_demand", wrong).unwrap_or_default(),
        retry: table.seconds("retry", wrong).unwrap_or(usual.retry),
    };
    if capacity.retry.as_secs() < 1 {
        wrong.add(table.place("retry"), "retry is less than a second");
    }
    table.finish(wrong);
    capacity
}

fn lag(table: Option<Table<'_, '_>>, wrong: &mut Complaints<'_>) -> SignedDuration {
    let Some(mut table) = table else { return SignedDuration::ZERO };
    let lag = table.seconds("lag", wrong).unwrap_or_default();
    table.finish(wrong);
    lag
}

fn alarm(mut table: Table<'_, '_>, wrong: &mut Complaints<'_>) -> Alarm {
    let usual = Alarm::default();
    let alarm = Alarm {
        name: table.string("name", wrong).unwrap_or(usual.name),
        state: table.string("state", wrong).unwrap_or(usual.state),
    };
    if AlarmState::parse(&alarm.state).is_none() {
        wrong.add(table.place("state"), format!("state is {:?}, not OK, ALARM or INSUFFICIENT_DATA", alarm.state));
    }
    table.finish(wrong);
    alarm
}

fn stack(mut table: Table<'_, '_>, wrong: &mut Complaints<'_>) -> Stack {
    let usual = Stack::default();
    let stack = Stack {
        name: table.string("name", wrong).unwrap_or(usual.name),
        parameters: table.pairs("parameters", wrong),
        deleted: table.strings("deleted", wrong).unwrap_or_default(),
    };
    for (key, complaint) in deployed::complaints(&stack) {
        wrong.add(table.place(key), complaint);
    }
    table.finish(wrong);
    stack
}

fn slack(mut table: Table<'_, '_>, wrong: &mut Complaints<'_>) -> Slack {
    let usual = Slack::default();
    let slack = Slack {
        status: table.whole("status", 200..=599, wrong).map_or(usual.status, |status| status as u16),
        retry_after: table.seconds("retry_after", wrong).unwrap_or(usual.retry_after),
        latency: table.seconds("latency", wrong),
        silent: table.boolean("silent", wrong).unwrap_or(false),
        times: table.whole("times", 1..=u32::MAX, wrong),
    };
    table.finish(wrong);
    slack
}

/// What the operator's role is denied, and what it has instead of AdministratorAccess.
fn operator(table: Option<Table<'_, '_>>, wrong: &mut Complaints<'_>) -> (Vec<String>, Option<String>) {
    let Some(mut table) = table else { return (Vec::new(), None) };
    let actions = table.strings("deny", wrong).unwrap_or_default();
    if let Some(action) = actions.iter().find(|action| action.matches(':').count() != 1) {
        wrong.add(table.place("deny"), format!("deny has {action}, which is no action as fis:StartExperiment is"));
    }
    let document = table.string("policy", wrong);
    if let Some(why) = document.as_deref().and_then(|document| policy::identity(document).err()) {
        wrong.add(table.place("policy"), format!("policy is none that IAM would take: {why}"));
    }
    table.finish(wrong);
    (actions, document)
}

fn log(mut table: Table<'_, '_>, wrong: &mut Complaints<'_>) -> Log {
    let every = table.seconds("every", wrong).unwrap_or(SignedDuration::from_secs(1));
    if every < SignedDuration::from_millis(10) {
        wrong.add(table.place("every"), "every is less than a hundredth of a second");
    }
    if table.place("lines") == table.offset {
        wrong.add(table.offset, "lines is missing");
    }
    let log = Log {
        group: table.required("group", wrong),
        stream: table.required("stream", wrong),
        every,
        lines: table.strings("lines", wrong).unwrap_or_default(),
    };
    table.finish(wrong);
    log
}

/// The operations that a fault or a throttle is for, e.g. `ec2:DescribeInstances`.
fn operation(table: &mut Table<'_, '_>, wrong: &mut Complaints<'_>) -> String {
    let operation = table.required("operation", wrong);
    let place = table.place("operation");
    if !operation.is_empty() && !operation.contains(':') {
        wrong.add(place, format!("operation {operation} names no service, as in ec2:DescribeInstances"));
    } else if !operation.is_empty() && !service::plays(&operation) {
        wrong.add(place, format!("the lab has no operation {operation}: `spotdrill lab promises` lists those it has"));
    }
    operation
}

fn throttle(mut table: Table<'_, '_>, wrong: &mut Complaints<'_>) -> Option<Throttle> {
    const MOST: u32 = 100_000;
    let operation = operation(&mut table, wrong);
    for key in ["rate", "burst"] {
        if table.place(key) == table.offset {
            wrong.add(table.offset, format!("{key} is missing"));
        }
    }
    let rate = table.number("rate", 0.001..=f64::from(MOST), "number of calls a second", wrong);
    let burst = table.whole("burst", 1..=MOST, wrong);
    table.finish(wrong);
    Some(Throttle { operation, rate: rate?, burst: burst? })
}

fn fault(mut table: Table<'_, '_>, wrong: &mut Complaints<'_>) -> Option<Fault> {
    let operation = operation(&mut table, wrong);
    let delay = table.seconds("delay", wrong);
    let kind = match (table.word("kind", FAULTS, wrong), delay) {
        (Some(FaultKind::Delay(_)), Some(delay)) => Some(FaultKind::Delay(delay)),
        (Some(FaultKind::Delay(_)), None) => {
            wrong.add(table.offset, "a fault of kind delay needs a delay");
            None
        }
        (kind, Some(_)) => {
            wrong.add(table.place("delay"), "delay is only for a fault of kind delay");
            kind
        }
        (kind, None) => kind,
    };
    if table.place("kind") == table.offset {
        wrong.add(table.offset, "kind is missing");
    }
    let of_stream = matches!(kind, Some(FaultKind::StreamException | FaultKind::StreamFreeze));
    if of_stream && !is_named(&operation, "logs", "StartLiveTail") {
        wrong.add(table.place("kind"), "a fault of this kind is for logs:StartLiveTail");
    }
    let from = table.whole("from", 1..=u32::MAX, wrong).unwrap_or(1);
    let times = table.whole("times", 1..=u32::MAX, wrong);
    let page = table.whole("page", 1..=u32::MAX, wrong);
    let chance = table.number("chance", 0.0..=1.0, "number", wrong).unwrap_or(1.0);
    let after = table.seconds("after", wrong).unwrap_or_default();
    let until = table.seconds("until", wrong);
    if until.is_some_and(|until| until <= after) {
        wrong.add(table.place("until"), "until is not after `after`");
    }
    table.finish(wrong);
    Some(Fault { operation, kind: kind?, from, times, page, chance, after, until })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_has_every_key_and_is_right() {
        let sample = crate::lab::scenario::Scenario::text("sample").unwrap();
        assert_eq!(scenario("sample", sample).unwrap().groups[0].name, "web");
        let asked = regex_lite::Regex::new(r#"table\.\w+\(\s*"([a-z_]+)",\s*[\w.]"#).unwrap();
        let keys: BTreeSet<_> =
            asked.captures_iter(include_str!("read.rs")).map(|key| key.extract::<1>().1[0]).collect();
        assert!(keys.len() > 50, "{keys:?}");
        let has = |key: &str| {
            sample.lines().any(|line| {
                line.starts_with(&format!("{key} = "))
                    || line.ends_with(&format!("[{key}]"))
                    || line.ends_with(&format!("[[{key}]]"))
            })
        };
        let missing: Vec<_> = keys.into_iter().filter(|key| !has(key)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn all_complaints_come_at_once_with_their_lines() {
        let text = "region = \"eu-west-1\"\ncolour = 1\n\n[[group]]\nname = \"web\"\nkind = \"nodes\"\ncount = -1\n\n[[fault]]\noperation = \"DescribeInstances\"\nkind = \"delay\"\n";
        let wrong = scenario("mine", text).unwrap_err();
        let lines: Vec<_> = wrong.iter().map(|wrong| format!("{}: {}", wrong.line, wrong.message)).collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        1: description is missing
        2: unknown key colour
        6: kind is "nodes", not one of: eks-nodegroup, karpenter-nodepool, auto-scaling-group, standalone
        7: count is not a whole number from 0 to 100000
        9: a fault of kind delay needs a delay
        10: operation DescribeInstances names no service, as in ec2:DescribeInstances
        "#);
    }

    #[test]
    fn what_is_no_toml_is_said_with_its_line() {
        let wrong = scenario("mine", "region = \"eu-west-1\"\ndescription = \"x\"\nzones = [\n").unwrap_err();
        assert!(wrong.iter().all(|wrong| wrong.line >= 3), "{wrong:?}");
    }

    #[test]
    fn faults_and_knobs_are_read() {
        let text = r#"
            description = "d"
            region = "eu-west-1"
            [timing]
            action_delay = 0.5
            [interruption]
            stop_recalls = true
            [stack]
            name = "drills"
            parameters = { Nodegroup = "flex" }
            deleted = ["SlackRule"]
            [slack]
            status = 429
            retry_after = 2
            times = 1
            [operator]
            deny = ["fis:StartExperiment"]
            policy = '''{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "fis:*", "Resource": "*"}}'''
            [capacity]
            no_spot = ["m6i.large/eu-west-1a"]
            retry = 60
            [consistency]
            lag = 5
            [[group]]
            kind = "karpenter-nodepool"
            name = "flex"
            cluster = "shop"
            count = 3
            max = 4
            handler = "karpenter"
            drain = 45
            [[fault]]
            operation = "ec2:DescribeInstances"
            kind = "delay"
            delay = 3
            page = 2
        "#;
        let scenario = scenario("mine", text).unwrap();
        assert_eq!(scenario.timing.action_delay, SignedDuration::from_millis(500));
        assert!(scenario.interruption.stop_recalls);
        let (parameters, deleted) = (vec![("Nodegroup".into(), "flex".into())], vec!["SlackRule".into()]);
        assert_eq!(scenario.stack, Stack { name: "drills".into(), parameters, deleted });
        let retry_after = SignedDuration::from_secs(2);
        assert_eq!(scenario.slack, Slack { status: 429, retry_after, times: Some(1), ..Slack::default() });
        assert_eq!(scenario.operator_deny, ["fis:StartExperiment"]);
        assert!(scenario.operator_policy.is_some_and(|policy| policy.ends_with("}}")));
        assert_eq!(scenario.capacity.no_spot, ["m6i.large/eu-west-1a"]);
        assert_eq!((scenario.capacity.retry.as_secs(), scenario.lag.as_secs()), (60, 5));
        let flex = &scenario.groups[0];
        assert_eq!((flex.min, flex.max, flex.handler, flex.drain.as_secs()), (0, 4, Handler::Karpenter, 45));
        let kind = FaultKind::Delay(SignedDuration::from_secs(3));
        let (operation, page, after) = ("ec2:DescribeInstances".into(), Some(2), SignedDuration::ZERO);
        let expected = Fault { operation, kind, from: 1, times: None, page, chance: 1.0, after, until: None };
        assert_eq!(scenario.faults, [expected]);
    }

    #[test]
    fn the_stack_and_the_operator_are_checked_against_what_aws_would_take() {
        let wrong = |text: &str| {
            let text = format!("description = \"d\"\nregion = \"eu-west-1\"\n{text}");
            let wrong = scenario("mine", &text).unwrap_err();
            wrong.iter().map(|wrong| format!("{}: {}", wrong.line, wrong.message)).collect::<Vec<_>>().join("\n")
        };
        let stack =
            "[stack]\nname = \"a b\"\nparameters = { Warning = \"PT1M\" }\ndeleted = [\"SlackRule\", \"Rule\"]\n";
        let none = "[stack]\nname = \"\"\ndeleted = [\"SlackRule\"]\nparameters = { Colour = \"red\" }\n";
        insta::assert_snapshot!([wrong(stack), wrong(none), wrong("[operator]\npolicy = '''{}'''\n")].join("\n\n"), @r#"
        4: name is "a b", which cannot be a stack's: [a-zA-Z][-a-zA-Z0-9]*
        5: Parameter 'Warning' must match pattern PT(([2-9]|1[0-4])M([1-5]?[0-9]S)?|15M|(1[2-9][0-9]|[2-8][0-9][0-9]|900)S)
        6: deleted has Rule, which is no resource of the stack

        5: deleted is for a stack that is there
        6: parameters is for a stack that is there

        4: policy is none that IAM would take: Syntax errors in policy.
        "#);
    }

    #[test]
    fn faults_and_throttles_are_checked_against_what_the_lab_has() {
        let text = "description = \"d\"\nregion = \"eu-west-1\"\n[[fault]]\noperation = \"ec2:Describe\"\nkind = \"error\"\nchance = 1.5\n[[fault]]\noperation = \"ec2:*\"\nkind = \"stream-freeze\"\nafter = 5\nuntil = 5\n[[throttle]]\noperation = \"ec2:*\"\nrate = 0\n";
        let wrong = scenario("mine", text).unwrap_err();
        let lines: Vec<_> = wrong.iter().map(|wrong| format!("{}: {}", wrong.line, wrong.message)).collect();
        insta::assert_snapshot!(lines.join("\n"), @r"
        4: the lab has no operation ec2:Describe: `spotdrill lab promises` lists those it has
        6: chance is not a number from 0 to 1
        9: a fault of this kind is for logs:StartLiveTail
        11: until is not after `after`
        12: burst is missing
        14: rate is not a number of calls a second from 0.001 to 100000
        ");
    }
}
