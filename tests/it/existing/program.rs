//! The command line with a template that someone made in a served lab.

use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use aws_sdk_fis::types::ExperimentStatus;
use serde_json::Value;

use super::{INTERRUPT, Theirs, make};
use crate::{
    cli::served,
    program::{Home, run},
};

const WEB_SPOT: (&str, &str) = ("eks:nodegroup-name", "web-spot");

/// A client's configuration for that lab, as its exports tell it.
pub(crate) fn sdk(exports: &[(String, String)]) -> aws_types::SdkConfig {
    let export = |wanted: &str| exports.iter().find(|(name, _)| name == wanted).unwrap().1.clone();
    let keys = Credentials::new(export("AWS_ACCESS_KEY_ID"), export("AWS_SECRET_ACCESS_KEY"), None, None, "test");
    aws_types::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new(export("AWS_REGION")))
        .credentials_provider(SharedCredentialsProvider::new(keys))
        .endpoint_url(export("AWS_ENDPOINT_URL"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .build()
}

pub(crate) fn now<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// One of `web-spot` at random, made in that lab by someone else.
pub(crate) fn one_of_web_spot(exports: &[(String, String)]) -> String {
    now(make(&sdk(exports), Theirs { tag: WEB_SPOT, ..Theirs::default() })).to_string()
}

#[test]
fn templates_are_listed_for_people_and_for_programs() {
    let home = Home::new();
    let (_server, url, exports) = served(&home, "--speed 60");
    let list = |format: &str| {
        let words = format!("templates --endpoint-url {url} --format {format}");
        let ended = run(home.spotdrill(&words).envs(exports.clone()));
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        ended.out
    };
    let of_stack = list("table");
    assert!(of_stack.contains("spot-interrupt-test") && of_stack.lines().count() == 2, "{of_stack}");
    let id = one_of_web_spot(&exports);
    let actions = vec![INTERRUPT, "aws:fis:wait"];
    now(make(&sdk(&exports), Theirs { tag: WEB_SPOT, actions, ..Theirs::default() }));
    let table = list("table");
    let row = table.lines().find(|line| line.starts_with(&id)).unwrap();
    assert!(row.contains("PT3M") && row.contains("one-of-web") && row.contains("COUNT(1) of tag"), "{table}");
    assert!(table.contains("cannot be started as a drill:\ntemplate EXT"), "{table}");
    let listed: Value = serde_json::from_str(&list("json")).unwrap();
    let all = listed.as_array().unwrap();
    let made = all.iter().find(|template| template["id"] == id).unwrap();
    assert_eq!((&made["fis_chooses"], &made["refused"]), (&true.into(), &Value::Array(Vec::new())));
    assert_eq!(made["actions"][0]["tags"]["eks:nodegroup-name"], "web-spot", "{listed}");
    let refused: Vec<_> = all.iter().filter_map(|template| template["refused"][0].as_str()).collect();
    assert!(matches!(refused.as_slice(), [one] if one.contains("does more")), "{listed}");
}

#[test]
fn a_template_is_previewed_and_started_by_its_words_alone() {
    let home = Home::new();
    let (_server, url, exports) = served(&home, "--speed 60");
    let id = one_of_web_spot(&exports);
    let spotdrill = |words: &str| {
        let mut command = home.spotdrill(&format!("run --endpoint-url {url} --template {id}"));
        command.envs(exports.clone()).args(["--override", "alarm=this template has none"]);
        command.args(words.split_whitespace());
        command
    };
    for (words, code, said) in [
        ("--group web-spot", 2, "cannot be used with"),
        ("--warn 3m", 2, "cannot be used with"),
        ("--fis-role other", 2, "brings its own role"),
        ("--read-only --yes", 3, "a preview is an FIS experiment too"),
        ("", 3, "pass --yes to start it"),
    ] {
        let ended = run(&mut spotdrill(words));
        assert!(ended.code == Some(code) && ended.err.contains(said), "{words}: {ended:?}");
    }
    let other = run(spotdrill("--confirm").arg("web-spot 2"));
    assert!(other.code == Some(3) && other.err.contains("the plan is \"web-spot 1\""), "{other:?}");
    assert_eq!(home.journals().len(), 0, "nothing was started");
    let ended = run(spotdrill("--format ndjson --confirm").arg("web-spot 1"));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    for part in [
        "FIS resolves the targets of EXT",
        "as it is: one-of-web",
        "FIS chooses again at the start and may choose others: COUNT(1) of tag eks:nodegroup-name=web-spot",
        "role arn:aws:iam::000000000000:role/spot-fis-test, stopped by no alarm",
    ] {
        assert!(ended.err.contains(part), "{part:?} in {}", ended.err);
    }
    let first: Value = serde_json::from_str(ended.out.lines().next().unwrap()).unwrap();
    assert_eq!((&first["fact"], &first["as_is"]["id"]), (&"drill-planned".into(), &id.as_str().into()), "{first}");
    assert!(ended.out.contains("\"verdict\":\"held\"") && !ended.out.contains("template-deleted"), "{}", ended.out);
    let client = aws_sdk_fis::Client::new(&sdk(&exports));
    let experiments = now(client.list_experiments().experiment_template_id(&id).send()).unwrap();
    let completed = |summary: &&aws_sdk_fis::types::ExperimentSummary| {
        summary.state().unwrap().status() == Some(&ExperimentStatus::Completed)
    };
    assert_eq!(experiments.experiments().iter().filter(completed).count(), 4, "three previews and one drill");
}

#[test]
fn a_template_that_is_not_there_is_told() {
    let home = Home::new();
    let ended = run(&mut home.spotdrill("run --lab --template EXTnone --yes"));
    assert_eq!(ended.code, Some(5), "{}", ended.err);
    assert!(
        ended.err.contains("could not read the FIS template: Experiment template EXTnone not found"),
        "{}",
        ended.err
    );
    let ended = run(&mut home.spotdrill("run --lab --template one-of-web --yes"));
    assert!(ended.code == Some(2) && ended.err.contains("`spotdrill templates` lists them"), "{}", ended.err);
}
