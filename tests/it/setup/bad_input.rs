//! What `setup` refuses: what, why, and what next; and that it changed nothing.

use spotdrill::{
    doctor::Standing,
    lab::scenario::Scenario,
    run::setup::{Looked, NotSetUp},
    stack::{
        change::{Action, SecretChange},
        proof::Hop,
        wanted::{Slack, Wanted},
    },
};

use super::{Account, HopStanding, standing, telling_slack, unheard};
use crate::stage::Stage;

const OTHERS: &str = r#"{"Description":"Another","Resources":{"Log":{"Type":"AWS::Logs::LogGroup"}}}"#;

async fn refused(account: &Account, wanted: &Wanted) -> String {
    let before = account.inventory().await;
    let refusal = account.looked(wanted).await.unwrap_err();
    assert_eq!(account.inventory().await, before, "nothing was changed");
    refusal.to_string()
}

#[tokio::test(start_paused = true)]
async fn values_that_the_template_does_not_take_are_told_all_at_once_with_their_options() {
    let account = Account::bare().await;
    let wanted = telling_slack()
        .with("Prefix", Some("a b"))
        .with("RetentionInDays", Some(31))
        .with("Color", Some("blue"))
        .with("FunctionName", Some("fine"));
    let said = refused(&account, &wanted).await;
    let lines: Vec<_> = said.lines().skip(1).map(|line| line.split(" wants ").next().unwrap().trim()).collect();
    assert_eq!(lines, ["--color", "--prefix", "--retention-days"], "{said}");
    assert!(said.contains("wants what fits [A-Za-z0-9._-]{1,48}, not `a b`"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_stack_of_others_is_left_alone() {
    let account = Account::bare().await;
    let stacks = aws_sdk_cloudformation::Client::new(&account.0.sdk);
    stacks.create_stack().stack_name("spotdrill").template_body(OTHERS).send().await.unwrap();
    spotdrill::run::setup::follow::settled(&account.0.aws, "spotdrill", &unheard).await.unwrap();
    let said = refused(&account, &telling_slack()).await;
    assert!(said.contains("spotdrill (CREATE_COMPLETE) is not spotdrill's") && said.contains("--stack"), "{said}");
    let down = spotdrill::run::teardown::look(&account.0.aws, &account.0.ways, "spotdrill", false, &unheard)
        .await
        .unwrap_err();
    assert!(matches!(down, NotSetUp::Foreign { .. }), "{down}");
    account.preview(&Wanted { stack: "mine".into(), ..telling_slack() }).await;
}

#[tokio::test(start_paused = true)]
async fn names_that_are_taken_are_told_all_at_once_with_the_flag_for_another() {
    let account = Account::bare().await;
    let config = account.0.sdk.clone();
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"fis.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let iam = aws_sdk_iam::Client::new(&config);
    iam.create_role().role_name("spot-fis-test").assume_role_policy_document(trust).send().await.unwrap();
    let events = aws_sdk_eventbridge::Client::new(&config);
    events.put_rule().name("spot-event").event_pattern(r#"{"source":["a"]}"#).send().await.unwrap();
    let logs = aws_sdk_cloudwatchlogs::Client::new(&config);
    logs.create_log_group().log_group_name("/aws/events/spotdrill").send().await.unwrap();
    let said = refused(&account, &telling_slack()).await;
    for part in
        ["the role spot-fis-test exists", "--fis-role", "the rule spot-event exists", "--rule", "/aws/events/spotdrill"]
    {
        assert!(said.contains(part), "{part} in {said}");
    }
    let others = telling_slack()
        .with("FisRoleName", Some("other-fis"))
        .with("RuleName", Some("other-event"))
        .with("Prefix", Some("other"));
    account.set_up(&others).await;
    assert!(account.proof().await.holds());
}

#[tokio::test(start_paused = true)]
async fn a_secret_of_others_is_neither_overwritten_nor_deleted() {
    let account = Account::bare().await;
    let secrets = aws_sdk_secretsmanager::Client::new(&account.0.sdk);
    secrets.create_secret().name("spotdrill/slack-webhook").secret_string("theirs").send().await.unwrap();
    let said = refused(&account, &telling_slack()).await;
    assert!(said.contains("does not bear the tag spotdrill") && said.contains("--slack-secret"), "{said}");
    let removal =
        spotdrill::run::teardown::look(&account.0.aws, &account.0.ways, "spotdrill", false, &unheard).await.unwrap();
    assert!(removal.secret.is_none() && removal.notes[0].contains("left alone"), "{removal:?}");
}

#[tokio::test(start_paused = true)]
async fn a_node_group_must_be_there() {
    let account = Account::bare().await;
    let said = refused(&account, &telling_slack().with("Nodegroup", Some("web-sopt"))).await;
    assert!(said.contains("no node group `web-sopt`") && said.contains("web-spot"), "{said}");
    let many = telling_slack().with("Nodegroup", Some("web-spot")).with("Count", Some(50));
    let preview = account.preview(&many).await;
    assert!(preview.notes.iter().any(|note| note.contains("has 8 spot instances")), "{:?}", preview.notes);
}

#[tokio::test(start_paused = true)]
async fn a_webhook_is_asked_for_once() {
    let account = Account::bare().await;
    let before = account.inventory().await;
    let looked = account.looked(&Wanted::new("spotdrill")).await.unwrap();
    assert!(matches!(looked, Looked::WebhookMissing { secret } if secret == "spotdrill/slack-webhook"));
    assert_eq!(account.inventory().await, before);
    account.set_up(&telling_slack()).await;
    assert!(account.preview(&Wanted::new("spotdrill")).await.changes_nothing());
}

#[tokio::test(start_paused = true)]
async fn a_region_without_the_action_is_refused() {
    let mut scenario = Scenario::named("bare").unwrap();
    scenario.interruption.offered = false;
    let account = Account(Stage::open(scenario, false).await);
    let said = refused(&account, &telling_slack()).await;
    assert!(said.contains("FIS cannot interrupt spot instances in eu-west-1") && said.contains("--region"), "{said}");
    let report = account.examined().await;
    let found = report.findings.iter().find(|finding| finding.check.as_str() == "FIS spot action").unwrap();
    assert_eq!(found.standing, Standing::Fail);
}

#[tokio::test(start_paused = true)]
async fn what_is_of_a_template_needs_a_node_group() {
    let account = Account::bare().await;
    let said = refused(&account, &telling_slack().with("Count", Some(2))).await;
    assert!(said.contains("--count") && said.contains("--nodegroup"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn read_only_changes_nothing_and_says_why() {
    let account = Account(Stage::open(Scenario::named("bare").unwrap(), true).await);
    let said = refused(&account, &telling_slack()).await;
    assert!(said.contains("CreateChangeSet would change something") && said.contains("--read-only"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_others_have_in_review_is_left_alone() {
    let account = Account::bare().await;
    let stacks = aws_sdk_cloudformation::Client::new(&account.0.sdk);
    let call = stacks.create_change_set().stack_name("spotdrill").change_set_name("theirs").template_body(OTHERS);
    call.change_set_type(aws_sdk_cloudformation::types::ChangeSetType::Create).send().await.unwrap();
    account.0.aws.clock.sleep(std::time::Duration::from_secs(30)).await;
    let said = refused(&account, &telling_slack()).await;
    assert!(said.contains("spotdrill (REVIEW_IN_PROGRESS) is not spotdrill's"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn teardown_names_what_is_ours_and_leaves_what_is_not() {
    let account = Account::bare().await;
    let iam = aws_sdk_iam::Client::new(&account.0.sdk);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"fis.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    iam.create_role().role_name("spot-fis-test").assume_role_policy_document(trust).send().await.unwrap();
    assert_eq!(account.taken_down(false).await, [], "a role of others is not ours");
    let tag = aws_sdk_iam::types::Tag::builder().key("spotdrill").value("spotdrill").build().unwrap();
    iam.tag_role().role_name("spot-fis-test").tags(tag).send().await.unwrap();
    let remains = account.taken_down(false).await;
    assert!(matches!(remains.as_slice(), [part] if part.name.as_str() == "spot-fis-test"), "{remains:?}");
}

#[tokio::test(start_paused = true)]
async fn iam_that_tells_of_a_role_for_a_while_is_asked_again() {
    let account = Account::bare().await;
    let iam = aws_sdk_iam::Client::new(&account.0.sdk);
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"fis.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;
    let tag = aws_sdk_iam::types::Tag::builder().key("spotdrill").value("spotdrill").build().unwrap();
    let call = iam.create_role().role_name("spot-fis-test").assume_role_policy_document(trust).tags(tag);
    call.send().await.unwrap();
    let gone = async {
        account.0.aws.clock.sleep(std::time::Duration::from_secs(5)).await;
        iam.delete_role().role_name("spot-fis-test").send().await.unwrap();
    };
    let (remains, ()) = tokio::join!(account.taken_down(false), gone);
    assert_eq!(remains, []);
}

#[tokio::test(start_paused = true)]
async fn log_groups_from_before_that_are_gone_are_the_stacks_own_from_then_on() {
    let account = Account::bare().await;
    let logs = aws_sdk_cloudwatchlogs::Client::new(&account.0.sdk);
    let both = ["/aws/events/spotdrill", "/aws/lambda/send-slack-spot-event"];
    for group in both {
        logs.create_log_group().log_group_name(group).send().await.unwrap();
    }
    account.set_up(&telling_slack()).await;
    let unchanged = account.preview(&Wanted::new("spotdrill")).await;
    assert!(unchanged.changes_nothing(), "they stay as they are: {unchanged:?}");
    for group in both {
        logs.delete_log_group().log_group_name(group).send().await.unwrap();
    }
    let report = account.examined().await;
    let missing = report.findings.iter().find(|finding| finding.check.as_str() == "log /aws/events/spotdrill").unwrap();
    assert_eq!((missing.standing, missing.fix.as_deref()), (Standing::Fail, Some("spotdrill setup")));
    let preview = account.preview(&Wanted::new("spotdrill")).await;
    let added = preview.changes.iter().filter(|change| change.action == Action::Add);
    let added: Vec<_> = added.map(|change| change.logical.as_str()).collect();
    assert_eq!(added, ["EventLog", "FunctionLog"]);
    account.made(&preview).await.unwrap();
    assert!(account.proof().await.holds());
    assert_eq!(account.taken_down(false).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_second_stack_outlives_the_first() {
    let account = Account::bare().await;
    account.set_up(&telling_slack().with("Nodegroup", Some("web-spot"))).await;
    let second = Wanted { stack: "second".into(), ..telling_slack() }
        .with("FisRoleName", Some("second-fis"))
        .with("RuleName", Some("second-event"))
        .with("FunctionName", Some("second-function"))
        .with("Prefix", Some("second"))
        .with("Nodegroup", Some("web-spot"));
    account.set_up(&second).await;
    assert_eq!(account.taken_down(false).await, []);
    let left = account.inventory().await;
    let templates = left.iter().filter(|name| name.starts_with("template ")).count();
    assert!(templates == 1 && left.contains("role second-fis") && left.contains("log /aws/events/second"), "{left:?}");
    let proof = account.proof_of("second").await;
    let told =
        |standing: &HopStanding| matches!(standing, HopStanding::Passed { says, .. } if says.as_str() == "status 200");
    assert!(
        proof.holds() && told(standing(&proof, Hop::Slack)),
        "Slack is told by the second stack's own secret: {proof:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_webhook_of_another_stack_is_neither_replaced_nor_taken_back() {
    let account = Account::bare().await;
    account.set_up(&telling_slack()).await;
    let second = Wanted { stack: "second".into(), ..telling_slack() }
        .with("FisRoleName", Some("second-fis"))
        .with("RuleName", Some("second-event"))
        .with("FunctionName", Some("second-function"))
        .with("Prefix", Some("second"))
        .with("SlackSecretName", Some("spotdrill/slack-webhook"));
    let said = refused(&account, &second).await;
    assert!(said.contains("is the stack spotdrill's") && said.contains("--slack-secret"), "{said}");
    // as two stacks shared one by default once: whoever shares it knowingly is told what that means
    let sharing = Wanted { slack: Slack::Keep, ..second };
    let preview = account.preview(&sharing).await;
    assert_eq!(preview.secret, SecretChange::None);
    assert!(preview.notes.iter().any(|note| note.contains("is the stack spotdrill's, and goes with that")));
    account.made(&preview).await.unwrap();
    assert_eq!(account.taken_down(false).await, []);
    let said = account.looked(&sharing).await.unwrap_err().to_string();
    assert!(said.contains("is the stack spotdrill's"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_preview_of_another_operator_outlives_one_that_is_declined() {
    let account = Account::bare().await;
    let (mine, theirs) = (account.preview(&telling_slack()).await, account.preview(&telling_slack()).await);
    spotdrill::run::setup::decline(&account.0.aws, &mine).await.unwrap();
    account.made(&theirs).await.unwrap();
    assert!(account.proof().await.holds());
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_or_stays_is_said_before() {
    let account = Account::bare().await;
    account.set_up(&telling_slack()).await;
    let notes = |preview: &spotdrill::stack::change::Preview| format!("{:?}", preview.notes);
    let moved = account.preview(&Wanted::new("spotdrill").with("Prefix", Some("other"))).await;
    assert!(notes(&moved).contains("what the log group /aws/events/spotdrill holds is lost"), "{}", notes(&moved));
    spotdrill::run::setup::decline(&account.0.aws, &moved).await.unwrap();
    let silent = account.preview(&Wanted { slack: Slack::Nobody, ..Wanted::new("spotdrill") }).await;
    assert!(notes(&silent).contains("the secret spotdrill/slack-webhook stays"), "{}", notes(&silent));
    spotdrill::run::setup::decline(&account.0.aws, &silent).await.unwrap();
    let narrow = Wanted::new("spotdrill").with("InterruptOnly", Some("nodegroup"));
    let said = account.looked(&narrow).await.unwrap_err().to_string();
    assert!(said.contains("--interrupt-only nodegroup") && said.contains("--nodegroup"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_preview_that_somebody_overtook_says_so() {
    let account = Account::bare().await;
    let (first, second) = (account.preview(&telling_slack()).await, account.preview(&telling_slack()).await);
    account.made(&first).await.unwrap();
    let said = account.made(&second).await.unwrap_err().to_string();
    assert!(said.contains("somebody else has changed the stack spotdrill"), "{said}");
    assert!(account.proof().await.holds());
}
