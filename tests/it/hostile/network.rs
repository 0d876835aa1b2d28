//! A lab asks nobody outside of this machine, and a drill that is meant for AWS is not sent elsewhere by what lies about.

use std::{
    collections::BTreeMap,
    fs, io,
    net::TcpListener,
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    figure::figure,
    program::{Home, SPOTDRILL, run},
};

/// The variable that sends a service's calls elsewhere, by the crate of its client. Source: AWS SDKs and Tools reference
/// guide, service-specific endpoints.
const SERVICES: [(&str, &str); 14] = [
    ("aws_sdk_cloudformation", "CLOUDFORMATION"),
    ("aws_sdk_cloudwatch", "CLOUDWATCH"),
    ("aws_sdk_cloudwatchlogs", "CLOUDWATCH_LOGS"),
    ("aws_sdk_ec2", "EC2"),
    ("aws_sdk_eventbridge", "EVENTBRIDGE"),
    ("aws_sdk_fis", "FIS"),
    ("aws_sdk_iam", "IAM"),
    ("aws_sdk_lambda", "LAMBDA"),
    ("aws_sdk_secretsmanager", "SECRETS_MANAGER"),
    ("aws_sdk_servicequotas", "SERVICE_QUOTAS"),
    ("aws_sdk_ssm", "SSM"),
    ("aws_sdk_sts", "STS"),
    // no clients of ours: the SDK has credentials from them
    ("aws_sdk_sso", "SSO"),
    ("aws_sdk_ssooidc", "SSO_OIDC"),
];

#[test]
fn every_service_that_is_called_is_in_the_table() {
    let aws = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/aws.rs")).unwrap();
    let clients: Vec<_> = aws.split(": aws_sdk_").skip(1).map(|rest| rest.split(':').next().unwrap()).collect();
    assert!(clients.len() >= 12, "{clients:?}");
    for client in clients {
        let name = format!("aws_sdk_{client}");
        assert!(SERVICES.iter().any(|(of, _)| *of == name), "{name} has no row: its endpoint is not tried");
    }
}

#[test]
fn no_service_is_sent_elsewhere_by_the_environment_or_a_profile() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (mut tried, mut by_section) = (0, 0);
    let mut refused = |what: &str, home: &Home, name: &str, value: &str| {
        let mut command = home.spotdrill("fleet --region eu-west-1");
        command.env("AWS_ACCESS_KEY_ID", "key").env("AWS_SECRET_ACCESS_KEY", "secret").env(name, value);
        let ended = run(&mut command);
        assert_eq!(ended.code, Some(3), "{what}: {}", ended.err);
        assert!(ended.err.contains(&url) && ended.err.contains("--endpoint-url"), "{what}: {}", ended.err);
        tried += 1;
    };
    let home = Home::new();
    refused("all", &home, "AWS_ENDPOINT_URL", &url);
    for (_, service) in SERVICES {
        refused(service, &home, &format!("AWS_ENDPOINT_URL_{service}"), &url);
        let profile = format!(
            "[profile mine]\nservices = elsewhere\n[services elsewhere]\n{} =\n  endpoint_url = {url}\n",
            service.to_lowercase()
        );
        let file = home.write("services", &profile).display().to_string();
        let mut named = home.spotdrill("fleet --region eu-west-1 --profile mine");
        let ended = run(named.env("AWS_CONFIG_FILE", &file));
        assert_eq!(ended.code, Some(3), "services section, {service}: {}", ended.err);
        assert!(ended.err.contains(&url), "services section, {service}: {}", ended.err);
        by_section += 1;
    }
    let profile = home.write("profile", &format!("[default]\nendpoint_url = {url}\n")).display().to_string();
    refused("a profile", &home, "AWS_CONFIG_FILE", &profile);
    assert_eq!(tried, SERVICES.len() + 2);
    let called = std::iter::from_fn(|| match listener.accept() {
        Ok(call) => Some(call),
        Err(error) => {
            assert_eq!(error.kind(), io::ErrorKind::WouldBlock, "{error}");
            None
        }
    });
    let connections = called.count();
    figure("other endpoints", format_args!("{} ways refused, {connections} connections", tried + by_section));
    assert_eq!(connections, 0);
}

#[test]
fn plain_http_leaves_this_machine_never() {
    let home = Home::new();
    for url in
        ["http://10.1.2.3:4566", "http://localstack:4566", "http://127.0.0.1.example.com", "http://169.254.169.254"]
    {
        let ended = run(&mut home.spotdrill(&format!("fleet --endpoint-url {url}")));
        assert_eq!(ended.code, Some(2), "{url}: {}", ended.err);
        assert!(ended.err.contains("https://"), "{url}: {}", ended.err);
    }
}

/// A network of its own, with nothing but loopback: whatever would leave it is counted by the system. `$0` is the program.
const ALONE: &str = "ip link set lo up || exit 97; count() { awk '/^Ip:/ {n++; if (n==1) {for (i=1;i<=NF;i++) if \
    ($i==\"OutNoRoutes\") c=i} else print $c}' /proc/net/snmp; awk '/OutNoRoutes/ {print $2}' /proc/net/snmp6; }; ";

fn alone(home: &Home, script: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(["-rn", "sh", "-c", &format!("{ALONE}{script}"), SPOTDRILL]).env_clear().envs(home.environment());
    // everything that could lead out is there to be taken
    let config = "[default]\nregion = eu-west-1\nsso_start_url = https://192.0.2.1/start\nsso_region = eu-west-1\n\
                  sso_account_id = 123456789012\nsso_role_name = admin\n";
    home.write(".aws/config", config);
    for proxy in ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"] {
        command.env(proxy, "http://192.0.2.1:3128");
    }
    command.env_remove("AWS_EC2_METADATA_DISABLED").env("AWS_ENDPOINT_URL", "http://192.0.2.1:4566");
    command.env("SPOTDRILL_SLACK_WEBHOOK", "https://hooks.slack.com/services/T0/B0/lab");
    command
}

/// Whether such a network can be had here.
fn is_possible(home: &Home) -> bool {
    let tried = alone(home, "count").stdin(Stdio::null()).output();
    tried.is_ok_and(|tried| tried.status.success() && tried.stdout == b"0\n0\n")
}

const ALONE_IN_A_NETWORK: &str = "a lab alone in a network";

#[test]
fn a_lab_sends_nothing_out_of_this_machine() {
    let home = Home::new();
    if !is_possible(&home) {
        figure(ALONE_IN_A_NETWORK, format_args!("NOT SEEN: no network can be made here (unshare -rn, ip)"));
        return;
    }
    let control = run(alone(&home, "unset AWS_ENDPOINT_URL; \"$0\" fleet --region eu-west-1; count")
        .env("AWS_ACCESS_KEY_ID", "key")
        .env("AWS_SECRET_ACCESS_KEY", "secret"));
    let packets = |out: &str| out.lines().filter_map(|line| line.parse::<u64>().ok()).collect::<Vec<_>>();
    assert!(packets(&control.out).iter().sum::<u64>() > 0, "the count sees nothing: {control:?}");
    let commands: BTreeMap<&str, i32> = BTreeMap::from([
        ("fleet --lab", 0),
        ("templates --lab", 0),
        ("doctor --lab --speed 100", 0),
        ("run --lab --speed 600 --settle 2m --group web-spot --count 1 --yes", 0),
        ("setup --lab bare --speed 600 --yes", 0),
        ("prove --lab --speed 100", 0),
        ("teardown --lab --speed 600 --yes", 0),
    ]);
    let mut went = 0;
    for (words, code) in &commands {
        let ended = run(&mut alone(&home, &format!("\"$0\" {words}; echo \"ended $?\"; count")));
        let said = format!("{words}: {}{}", ended.out, ended.err);
        let (_, counts) = ended.out.rsplit_once(&format!("ended {code}\n")).unwrap_or_else(|| panic!("{said}"));
        let counts = packets(counts);
        assert_eq!(counts.len(), 2, "{said}");
        went += counts.iter().sum::<u64>();
    }
    figure(
        ALONE_IN_A_NETWORK,
        format_args!(
            "{} commands with proxies, profiles and endpoints set, {went} packets for another machine",
            commands.len()
        ),
    );
    assert_eq!(went, 0);
}
