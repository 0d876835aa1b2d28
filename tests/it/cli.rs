//! The command line from outside: what is said, where, and with which exit code.

use std::{
    fs,
    io::{self, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    process::Command,
};

use jiff::{SignedDuration, Timestamp};
use rustix::process::Signal;
use serde_json::Value;

use crate::program::{Ended, Home, Running, run};

mod refused;

const HELD: i32 = 0;
const FAILED: i32 = 1;
const USAGE: i32 = 2;
const GUARDED: i32 = 3;
const ABORTED: i32 = 4;
const AWS: i32 = 5;

/// Runs a command line that is to end so, and gives what was said on standard error.
fn complaint(command: &mut Command, code: i32) -> String {
    let Ended { code: found, out, err } = run(command);
    assert_eq!((found, out.as_str()), (Some(code), ""), "{err}");
    err
}

/// Keys that no account has.
fn with_keys(command: &mut Command) -> &mut Command {
    command.env("AWS_REGION", "eu-west-1").env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "none")
}

fn drill(home: &Home, words: &str) -> Command {
    home.spotdrill(&format!("run --lab --speed 60 --group web-spot --format ndjson {words}"))
}

fn facts(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn time(fact: &Value, key: &str) -> Timestamp {
    fact[key].as_str().unwrap_or_else(|| panic!("no {key} in {fact}")).parse().unwrap()
}

#[test]
fn a_program_that_asks_for_json_reads_why_there_is_no_result() {
    let home = Home::new();
    for (line, code, part) in [
        ("setup --lab bare --no-slack --yes --prefix a/b --format json", USAGE, "--prefix wants"),
        ("setup --lab bare --no-slack --format json", GUARDED, "pass --yes"),
        ("prove --lab bare --format json", GUARDED, "there is no stack"),
        ("teardown --lab default --format json", GUARDED, "pass --yes"),
    ] {
        let ended = run(&mut home.spotdrill(line));
        let said: Value =
            serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{line}: {error}: {}", ended.out));
        assert_eq!((ended.code, said["code"].as_i64()), (Some(code), Some(i64::from(code))), "{line}");
        assert!(said["error"].as_str().unwrap().contains(part) && ended.err.contains(part), "{line}: {said}");
    }
}

#[test]
fn what_is_printed_to_be_run_next_is_about_the_same_stack() {
    let home = Home::new();
    let said = complaint(&mut home.spotdrill("prove --lab bare --stack second"), GUARDED);
    assert!(said.contains("spotdrill setup --stack second"), "{said}");
    let ended = run(&mut home.spotdrill("doctor --lab bare --stack second"));
    assert!(ended.out.contains("  spotdrill setup --stack second\n"), "{}", ended.out);
}

#[test]
fn the_help_lists_every_command_and_every_exit_code() {
    let home = Home::new();
    let help = run(&mut home.spotdrill("--help"));
    assert_eq!(help.code, Some(HELD), "{}", help.err);
    for word in ["fleet", "templates", "run", "drills", "attach", "gc", "lab", "config", "0", "1", "2", "3", "4", "5"] {
        let listed = |line: &str| line.starts_with(&format!("  {word}  "));
        assert!(help.out.lines().any(listed), "{word:?} in\n{}", help.out);
    }
    assert!(help.out.contains("spotdrill --lab"), "{}", help.out);
}

#[test]
fn a_warning_out_of_range_is_wrong_usage_and_says_the_range() {
    let home = Home::new();
    for warn in ["1m", "16m"] {
        let said = complaint(&mut home.spotdrill(&format!("run --lab --group web-spot --yes --warn {warn}")), USAGE);
        assert!(said.contains(&format!("{warn} is out of range")) && said.contains("2m to 15m"), "{said}");
    }
    assert_eq!(home.journals().len(), 0);
}

#[test]
fn words_for_another_plan_start_nothing() {
    let home = Home::new();
    let complaint = complaint(drill(&home, "--count 1 --confirm").arg("web-spot 2"), GUARDED);
    assert!(complaint.contains("--confirm says \"web-spot 2\", the plan is \"web-spot 1\""), "{complaint}");
    assert_eq!(home.journals().len(), 0);
}

#[test]
fn a_drill_that_holds_tells_each_fact_as_a_line_of_its_journal() {
    let home = Home::new();
    let ended = run(drill(&home, "--count 1 --confirm").arg("web-spot 1"));
    assert_eq!(ended.code, Some(HELD), "{}", ended.err);
    let facts = facts(&ended.out);
    let seqs: Vec<_> = facts.iter().map(|fact| fact["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs, (1..=facts.len() as u64).collect::<Vec<_>>());
    for name in [
        "experiment-started",
        "rebalance-recommended",
        "notice-issued",
        "instance-state-changed",
        "log-line",
        "replacement-launched",
    ] {
        assert!(facts.iter().any(|fact| fact["fact"] == name), "no {name} in\n{}", ended.out);
    }
    assert!(facts.iter().all(|fact| fact["source"].is_string()), "{}", ended.out);
    let last = facts.last().unwrap();
    assert_eq!((&last["fact"], &last["verdict"]), (&"drill-finished".into(), &"held".into()), "{last}");
    let [journal] = &home.journals()[..] else { panic!("{:?}", home.journals()) };
    let written = fs::read_to_string(journal).unwrap();
    let (header, lines) = written.split_once('\n').unwrap();
    assert!(header.contains("\"schema\":2"), "{header}");
    let without_sum = |line: &str| line.split_once(",\"sum\":\"").map(|(line, _)| format!("{line}}}\n")).unwrap();
    assert_eq!(lines.lines().map(without_sum).collect::<String>(), ended.out);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(journal), mode(journal.parent().unwrap())), (0o600, 0o700));
}

#[test]
fn a_fact_is_seen_after_it_happened_and_happened_during_the_drill() {
    // the clock of a program and that of its lab may differ by a quarter of a second of ours
    let tolerance = SignedDuration::from_secs(15);
    let home = Home::new();
    let ended = run(&mut drill(&home, "--count 2 --yes"));
    let facts = facts(&ended.out);
    let began = time(&facts[0], "at");
    for fact in &facts {
        assert!(time(fact, "seen") + tolerance >= time(fact, "at"), "seen too early: {fact}");
        assert!(time(fact, "at") + tolerance >= began, "from before the drill: {fact}");
    }
}

#[test]
fn a_group_that_gets_no_capacity_fails_the_drill() {
    let home = Home::new();
    let words = "run --lab no-capacity --speed 60 --settle 5m --group web-spot --count 1 --yes --format ndjson";
    let ended = run(&mut home.spotdrill(words));
    assert_eq!(ended.code, Some(FAILED), "{}", ended.err);
    assert_eq!(facts(&ended.out).last().unwrap()["verdict"], "failed", "{}", ended.out);
    assert!(ended.out.contains("1 replacement not observed running"), "{}", ended.out);
    let drills = run(&mut home.spotdrill("drills"));
    assert!(drills.out.contains(" failed "), "{}", drills.out);
}

#[test]
fn waves_follow_one_another_unattended_and_are_held_where_nobody_is_asked() {
    let home = Home::new();
    let words = "run --lab --seed 6546 --speed 120 --group web-spot --count 3 --gap 5m --yes --unattended";
    let ended = run(&mut home.spotdrill(words));
    assert_eq!(ended.code, Some(HELD), "{}", ended.err);
    assert!(ended.err.contains("2 waves of 2 + 1, 300 s between them"), "{}", ended.err);
    assert!(ended.err.contains("wave 1 of 2") && ended.err.contains("wave 2 of 2 may start in 300 s"), "{}", ended.err);
    assert!(ended.out.contains("held: 2 interrupted") && ended.out.contains("held: 1 interrupted"), "{}", ended.out);
    assert_eq!(home.journals().len(), 2, "a wave is a drill");

    let home = Home::new();
    let ended = run(&mut home.spotdrill(words.trim_end_matches(" --unattended")));
    assert_eq!(ended.code, Some(GUARDED), "a wave was not started: {}", ended.err);
    let before = ended.err.find("only wave 1 of 2 will run: nobody is here to be asked").expect("not said");
    assert!(before < ended.err.find("drill 20").unwrap(), "said before anything is started: {}", ended.err);
    assert!(ended.err.contains("wave 2 of 2 was not started: nobody is here to be asked"), "{}", ended.err);
    assert!(ended.err.contains("spotdrill run --lab default --seed 6546 --instance i-"), "{}", ended.err);
    assert!(ended.out.contains("held: 2 interrupted"), "the wave that was hit held: {}", ended.out);
    assert_eq!(home.journals().len(), 1);
    let drills = run(&mut home.spotdrill("drills")).out;
    assert!(drills.contains("  web-spot 2, wave 1 of 2 "), "{drills}");
}

#[test]
fn hostile_lines_of_log_are_told_and_break_nothing() {
    let home = Home::new();
    let words = "run --lab hostile --seed 6546 --speed 60 --settle 3m --group web-spot --count 1 --yes --format ndjson";
    let ended = run(home.spotdrill(words).args(["--override", "zone=one node in each zone here"]));
    assert_eq!((ended.code, ended.err.contains("panicked")), (Some(HELD), false), "{}", ended.err);
    let cut = |fact: &&Value| fact["fact"] == "log-line" && fact.to_string().contains('…');
    assert!(facts(&ended.out).iter().filter(cut).count() > 0, "{}", ended.out);
}

#[test]
fn ctrl_c_stops_the_experiment_and_the_drill_is_aborted() {
    let home = Home::new();
    let words = "run --lab --speed 200 --group web-spot --count 1 --warn 15m --yes --format ndjson";
    let mut running = Running::start(&mut home.spotdrill(words));
    running.until("experiment-started");
    running.signal(Signal::INT);
    let ended = running.end();
    assert_eq!(ended.code, Some(ABORTED), "{}", ended.err);
    let facts = facts(&ended.out);
    assert!(facts.iter().any(|fact| fact["fact"] == "stop-sent"), "{}", ended.out);
    assert_eq!(facts.last().unwrap()["verdict"], "aborted", "{}", ended.out);
}

#[test]
fn a_signal_that_ends_the_program_is_its_exit_code() {
    let home = Home::new();
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut running = Running::start(&mut drill(&home, "--warn 15m --yes"));
        running.until("experiment-started");
        running.signal(signal);
        let ended = running.end();
        assert_eq!(ended.code, Some(code), "{}", ended.err);
        assert!(ended.err.contains("left: "), "{}", ended.err);
    }
}

#[test]
fn the_fleet_as_json_has_the_promised_keys() {
    let home = Home::new();
    let ended = run(&mut home.spotdrill("fleet --lab --format json"));
    assert_eq!(ended.code, Some(HELD), "{}", ended.err);
    let fleet: Value = serde_json::from_str(&ended.out).unwrap();
    assert_eq!(keys(&fleet), "account as_of complete groups region world");
    assert_eq!((&fleet["world"], &fleet["complete"]), (&"lab".into(), &true.into()));
    let groups = fleet["groups"].as_array().unwrap();
    let mut instances = Vec::new();
    for group in groups {
        assert_eq!(keys(group), "cluster instances kind name on_demand spot");
        instances.extend(group["instances"].as_array().unwrap());
    }
    for instance in &instances {
        let promised = "az id interruption_behavior launched_at lifecycle name node spot_request state type";
        assert_eq!(keys(instance), promised);
    }
    let sum = |key: &str| groups.iter().map(|group| group[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!((instances.len(), sum("spot"), sum("on_demand")), (24, 21, 3));
}

/// The keys of an object, sorted.
fn keys(value: &Value) -> String {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys.join(" ")
}

#[test]
fn without_credentials_one_line_says_how_to_log_in_or_to_try_the_lab() {
    let home = Home::new();
    for words in ["fleet", "run --group web-spot"] {
        let said = complaint(home.spotdrill(words).env("AWS_REGION", "eu-west-1"), AWS);
        assert!(said.contains("credentials") && said.contains("--lab"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

#[test]
fn a_server_that_cannot_be_reached_is_told() {
    let home = Home::new();
    let said = complaint(with_keys(&mut home.spotdrill("fleet --endpoint-url http://127.0.0.1:9")), AWS);
    assert!(said.contains("Connection refused") && said.contains("--lab"), "{said}");
}

#[test]
fn an_endpoint_that_only_the_environment_or_a_profile_sets_is_refused_and_not_called() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let home = Home::new();
    let profile = home.write("aws", &format!("[default]\nendpoint_url = {url}\n"));
    let profile = profile.to_str().unwrap();
    for (name, value) in [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_ENDPOINT_URL_EC2", &url),
        ("AWS_ENDPOINT_URL_FIS", &url),
        ("AWS_ENDPOINT_URL_STS", &url),
        ("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", &url),
        ("AWS_CONFIG_FILE", profile),
    ] {
        for words in ["fleet", "run --group web-spot --yes"] {
            let said = complaint(with_keys(&mut home.spotdrill(words)).env(name, value), GUARDED);
            assert!(said.contains(&url) && said.contains("--endpoint-url"), "{name}: {said}");
        }
    }
    let called = listener.accept();
    assert!(called.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock), "{called:?}");
}

/// A lab of its own process: its URL, and what it tells to export.
pub(crate) fn served(home: &Home, words: &str) -> (Running, String, Vec<(String, String)>) {
    let mut server = Running::start(&mut home.spotdrill(&format!("lab serve {words}")));
    server.until("or: spotdrill --endpoint-url");
    let exports = server.heard().lines().filter_map(|line| line.strip_prefix("export ")?.split_once('='));
    let word = |text: &str| text.split(' ').next().unwrap().to_owned();
    let exports: Vec<_> = exports.map(|(name, value)| (name.to_owned(), word(value))).collect();
    let url = exports.iter().find(|(name, _)| *name == "AWS_ENDPOINT_URL").unwrap().1.clone();
    (server, url, exports)
}

#[test]
fn whoever_is_killed_while_taking_a_drill_over_takes_it_over_again() {
    let (home, elsewhere) = (Home::new(), Home::new());
    let (_server, url, exports) = served(&home, "--speed 60");
    let words = format!("run --endpoint-url {url} --group web-spot --count 1 --warn 10m --yes --format ndjson");
    let mut killed = Running::start(home.spotdrill(&words).envs(exports.clone()));
    killed.until("experiment-started");
    killed.signal(Signal::KILL);
    killed.end();
    let attach = format!("attach --endpoint-url {url} --format ndjson");
    for point in ["intent-unsynced", "start-unrecorded", "start-recorded"] {
        let mut attach = elsewhere.spotdrill(&attach);
        let hit = run(attach.envs(exports.clone()).env("SPOTDRILL_CRASH", format!("{point}:kill")));
        assert_eq!(hit.code, None, "{}", hit.err);
        assert_eq!(elsewhere.journals().len(), 0, "{point}: what is not whole is not there");
    }
    let ended = run(elsewhere.spotdrill(&attach).envs(exports.clone()));
    assert_eq!(ended.code, Some(HELD), "{}", ended.err);
    assert!(ended.out.contains("lock-freed"), "{}", ended.out);
}

#[test]
fn a_drill_that_was_killed_is_come_back_to_and_was_started_once() {
    let home = Home::new();
    let (_server, url, exports) = served(&home, "--speed 60");
    let words = format!("run --endpoint-url {url} --group web-spot --count 1 --warn 5m --yes --format ndjson");
    let mut killed = Running::start(home.spotdrill(&words).envs(exports.clone()));
    killed.until("experiment-started");
    killed.signal(Signal::KILL);
    assert_eq!(killed.end().code, None);
    let listed = run(&mut home.spotdrill("drills")).out;
    assert!(
        listed.contains(&format!("open: come back with `spotdrill attach DRILL --endpoint-url {url}`")),
        "{listed}"
    );
    let attach = format!("attach --endpoint-url {url} --format ndjson");
    let ended = run(home.spotdrill(&attach).envs(exports.clone()));
    assert_eq!(ended.code, Some(HELD), "{}", ended.err);
    let facts = facts(&ended.out);
    let times = |name: &str| facts.iter().filter(|fact| fact["fact"] == name).count();
    assert_eq!((times("experiment-started"), times("drill-finished")), (1, 1));
    let again = run(home.spotdrill(&attach).envs(exports));
    assert!(again.code == Some(USAGE) && again.err.contains("no drill is open"), "{again:?}");
}

#[test]
fn a_drill_against_a_served_lab_adopts_its_time() {
    let home = Home::new();
    let (server, url, exports) = served(&home, "--speed 60");
    let words = format!("run --endpoint-url {url} --group web-spot --count 1 --yes --format ndjson");
    let ended = run(home.spotdrill(&words).envs(exports));
    assert_eq!(ended.code, Some(HELD), "{}", ended.err);
    let facts = facts(&ended.out);
    let took = time(facts.last().unwrap(), "at").duration_since(time(&facts[0], "at"));
    assert!(took > SignedDuration::from_mins(2), "{took}: a drill has two minutes and more of the lab's time");
    server.signal(Signal::INT);
    assert_eq!(server.end().code, Some(HELD));
}

#[test]
fn every_mistake_in_the_settings_is_told_with_its_line() {
    let home = Home::new();
    home.write("config/spotdrill/config.toml", "ascii = 1\nsettle = \"soon\"\n\ncolour = \"red\"\n");
    let said = complaint(&mut home.spotdrill("fleet --lab"), USAGE);
    for part in
        ["config.toml has mistakes", "line 1: `ascii`", "line 2: `settle`", "line 4: there is no setting `colour`"]
    {
        assert!(said.contains(part), "{part:?} in {said}");
    }
}

#[test]
fn an_unknown_scenario_names_those_there_are() {
    let home = Home::new();
    let said = complaint(&mut home.spotdrill("fleet --lab nope"), USAGE);
    let scenarios = run(&mut home.spotdrill("lab scenarios"));
    assert!(scenarios.out.lines().count() >= 3, "{}", scenarios.out);
    for scenario in scenarios.out.lines() {
        assert!(said.contains(scenario.split(' ').next().unwrap()), "{scenario} in {said}");
    }
    assert!(complaint(&mut home.spotdrill("lab scenarios nowhere"), USAGE).contains("no-capacity"));
    let sample = run(&mut home.spotdrill("lab scenarios sample"));
    assert!(sample.out.contains("[[throttle]]"), "{}", sample.out);
}

#[test]
fn a_scenarios_file_is_checked_as_a_whole() {
    let home = Home::new();
    let bad = home.write("bad.toml", "region = \"eu-west-1\"\n\n[[group]]\nkind = \"nodes\"\n\n[[fault]]\noperation = \"ec2:Nope\"\nkind = \"reset\"\n");
    let said = complaint(home.spotdrill("lab check").arg(&bad), USAGE);
    for part in [
        "line 1: description is missing",
        "line 3: name is missing",
        "line 4: kind is \"nodes\"",
        "line 7: the lab has no operation ec2:Nope",
    ] {
        assert!(said.contains(part), "{part:?} in {said}");
    }
    assert_eq!(complaint(home.spotdrill("lab serve --scenario").arg(&bad), USAGE), said);
    let missing = complaint(&mut home.spotdrill("lab check nowhere.toml"), USAGE);
    assert!(missing.contains("could not read the scenario nowhere.toml: No such file"), "{missing}");
    let fine = home.write("fine.toml", "region = \"eu-west-1\"\ndescription = \"Nothing at all\"\n");
    let checked = run(home.spotdrill("lab check").arg(&fine));
    assert_eq!(checked.code, Some(HELD), "{}", checked.err);
    assert!(checked.out.ends_with("fine.toml is fine: Nothing at all\n"), "{}", checked.out);
}

#[test]
fn a_port_that_is_taken_is_told() {
    let home = Home::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let said = complaint(&mut home.spotdrill(&format!("lab serve --scenario tiny --port {port}")), USAGE);
    assert!(said.contains(&format!("could not open port {port} on 127.0.0.1")) && said.contains("--port"), "{said}");
}

#[test]
fn a_lab_with_few_file_descriptors_goes_on() {
    let home = Home::new();
    let program = home.spotdrill("");
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -n 40 && exec \"$0\" lab serve --scenario tiny"]).arg(program.get_program());
    let mut server = Running::start(limited.envs(home.environment()));
    server.until("or: spotdrill --endpoint-url");
    let address = server.heard().lines().find_map(|line| line.strip_prefix("export AWS_ENDPOINT_URL=http://")).unwrap();
    let address = address.to_owned();
    let idle: Vec<_> = (0..120).map(|_| TcpStream::connect(&address).unwrap()).collect();
    let mut late = TcpStream::connect(&address).unwrap();
    late.write_all(b"GET / HTTP/1.0\r\nhost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    late.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.0 403 ") || answer.starts_with("HTTP/1.1 403 "), "{answer}");
    drop(idle);
    server.signal(Signal::INT);
    assert_eq!(server.end().code, Some(HELD));
}

#[test]
fn what_the_lab_promises_is_there_for_people_and_for_programs() {
    let home = Home::new();
    let page = run(&mut home.spotdrill("lab promises"));
    assert!(page.code == Some(HELD) && page.out.contains("| DescribeInstances | "), "{page:?}");
    let listed = run(&mut home.spotdrill("lab promises --format json"));
    let services: Value = serde_json::from_str(&listed.out).unwrap();
    assert!(services.as_array().unwrap().iter().any(|service| service["service"] == "ec2"), "{services}");
}

#[test]
fn the_screen_without_a_terminal_is_refused_and_the_way_without_is_named() {
    let home = Home::new();
    for words in ["", "--lab"] {
        let said = complaint(&mut home.spotdrill(words), USAGE);
        assert!(said.contains("not a terminal") && said.contains("`spotdrill run"), "{said}");
    }
}

#[test]
fn no_drills_yet_is_said() {
    let home = Home::new();
    let drills = run(&mut home.spotdrill("drills"));
    assert_eq!(drills.code, Some(HELD), "{}", drills.err);
    assert!(drills.out.starts_with("no drills yet in "), "{}", drills.out);
}

#[test]
fn no_real_credentials_are_in_sight_of_the_tests() {
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE"] {
        assert!(std::env::var_os(name).is_none(), "{name} is set: tests run without any account, unset it");
    }
}
