//! The webhook is a secret: a canary is looked for in everything that is said, kept or described.

use std::fs;

use spotdrill::{run::setup, stack::wanted::Wanted};

use super::{Account, CANARY, served::Lab, telling_slack, webhook};
use crate::program::{Home, Running, run};

pub(super) fn has_it(text: &str) -> bool {
    text.contains("canary") || text.contains("CANARY")
}

pub(super) fn clean(what: &str, text: &str) {
    assert!(!has_it(text), "the webhook is in {what}: {text}");
}

#[tokio::test(start_paused = true)]
async fn the_account_knows_it_in_the_secret_alone() {
    let account = Account::bare().await;
    let preview = account.preview(&telling_slack()).await;
    clean("the preview", &format!("{preview:?}"));
    let told = std::sync::Mutex::new(Vec::new());
    let tell = |news| told.lock().unwrap().push(format!("{news:?}"));
    let set_up = setup::carry_out(&account.0.aws, &preview, Some(&webhook()), &tell).await.unwrap();
    clean("what is told", &told.lock().unwrap().concat());
    clean("the result", &format!("{set_up:?}"));
    let proof = account.proof().await;
    clean("the proof", &format!("{proof:?}"));
    clean("the doctor's report", &account.examined().await.text());
    let aws = &account.0.aws;
    let since = super::before_all();
    for group in ["/aws/events/spotdrill", "/aws/lambda/send-slack-spot-event"] {
        let lines = aws.lines_since(group, since).await.unwrap();
        assert!(!lines.is_empty(), "{group}");
        clean(group, &format!("{lines:?}"));
    }
    let config = account.0.sdk.clone();
    let stacks = aws_sdk_cloudformation::Client::new(&config);
    clean("the stack", &format!("{:?}", stacks.describe_stacks().send().await.unwrap()));
    clean("its events", &format!("{:?}", stacks.describe_stack_events().stack_name("spotdrill").send().await.unwrap()));
    clean("its template", &format!("{:?}", stacks.get_template().stack_name("spotdrill").send().await.unwrap()));
    let lambda = aws_sdk_lambda::Client::new(&config);
    let function = lambda.get_function().function_name("send-slack-spot-event").send().await.unwrap();
    clean("the function", &format!("{function:?}"));
    let secrets = aws_sdk_secretsmanager::Client::new(&config);
    let secret = secrets.get_secret_value().secret_id("spotdrill/slack-webhook").send().await.unwrap();
    assert_eq!(secret.secret_string(), Some(CANARY), "it is where it belongs");
    assert!(account.preview(&Wanted::new("spotdrill")).await.changes_nothing());
}

#[test]
fn no_output_no_file_and_no_process_list_has_it() {
    let home = Home::new();
    let file = home.write("webhook.txt", &format!("{CANARY}\n"));
    let lab = Lab::open(&home, 100);
    let mut from_file = lab.spotdrill(&format!("setup --yes --slack-webhook-file {}", file.display()));
    let mut setting_up = Running::start(&mut from_file);
    let process = format!("/proc/{}/cmdline", setting_up.id());
    let mut arguments = String::new();
    while arguments.is_empty() && setting_up.is_alive() {
        arguments = fs::read_to_string(&process).unwrap(); // empty while the process begins
    }
    let said = setting_up.end();
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(arguments.contains("webhook.txt"), "{arguments}");
    clean("the process list", &arguments);
    fs::remove_file(&file).unwrap();
    let mut all = said.out + &said.err;
    let refused =
        run(lab.spotdrill("setup --yes").env("SPOTDRILL_SLACK_WEBHOOK", CANARY.replace("hooks.slack.com", "x.com")));
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(refused.err.contains("--any-webhook"), "{}", refused.err);
    all += &(refused.out + &refused.err);
    for words in ["prove", "doctor", "run --group web-spot --yes --stop-alarm shop-errors", "teardown --yes"] {
        let ended = run(&mut lab.spotdrill(words));
        assert_eq!(ended.code, Some(0), "{words}: {}{}", ended.out, ended.err);
        all += &(ended.out + &ended.err);
    }
    clean("the output", &all);
    clean("the lab's", lab.serving.heard());
    let files = home.files();
    assert!(files.iter().any(|(name, _)| name.contains("/spotdrill/drills/")), "{files:?}");
    for (name, text) in files {
        clean(&name, &text);
    }
}
