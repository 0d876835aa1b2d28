//! Trouble in the middle of `setup`: whatever breaks, running it again ends in the same good state.

use std::time::Duration;

use spotdrill::{
    lab::scenario::Scenario,
    run::{
        setup::{self, Looked, NotSetUp, Told},
        teardown,
    },
    stack::{change::Preview, wanted::Wanted},
};

use super::{Account, not_ok, telling_slack, unheard, webhook};
use crate::stage::Stage;

async fn bare_with(parts: &str) -> Account {
    let text = format!("{}\n{parts}", Scenario::text("bare").unwrap());
    Account(Stage::open(Scenario::parse("test", &text).unwrap(), false).await)
}

/// Runs setup as often as it takes, as an operator would, and checks the end.
async fn ends_well(account: &Account, wanted: &Wanted) {
    let aws = &account.0.aws;
    for _ in 0..4 {
        let preview = match setup::look(aws, wanted, &unheard).await {
            Ok(Looked::Preview(preview)) => preview,
            Ok(Looked::Leftover { stack, .. }) => {
                setup::remove_leftover(aws, &stack, &unheard).await.unwrap();
                continue;
            }
            Ok(missing) => panic!("{missing:?}"),
            Err(_) => continue,
        };
        if setup::carry_out(aws, &preview, Some(&webhook()), &unheard).await.is_ok() {
            break;
        }
    }
    aws.clock.sleep(Duration::from_mins(15)).await; // the trouble is over
    assert!(account.preview(&Wanted::new("spotdrill")).await.changes_nothing());
    assert!(account.proof().await.holds());
    assert_eq!(not_ok(&account.examined().await), [""; 0]);
    assert_eq!(account.taken_down(false).await, []);
}

#[tokio::test(start_paused = true)]
async fn throttling_lost_answers_and_errors_are_lived_through() {
    for fault in [
        "operation = \"cloudformation:*\"\nkind = \"throttle\"\ntimes = 4",
        "operation = \"cloudformation:CreateChangeSet\"\nkind = \"reset\"\ntimes = 1",
        "operation = \"cloudformation:CreateChangeSet\"\nkind = \"half\"\ntimes = 3",
        "operation = \"cloudformation:ExecuteChangeSet\"\nkind = \"reset\"\ntimes = 1",
        "operation = \"cloudformation:ExecuteChangeSet\"\nkind = \"reset\"\ntimes = 3",
        "operation = \"cloudformation:DescribeStackEvents\"\nkind = \"error\"\nfrom = 2\ntimes = 9",
        "operation = \"cloudformation:DescribeStackEvents\"\nkind = \"stall\"\nfrom = 3\ntimes = 4",
        "operation = \"secretsmanager:CreateSecret\"\nkind = \"error\"\ntimes = 3",
        "operation = \"secretsmanager:CreateSecret\"\nkind = \"reset\"\ntimes = 1",
        "operation = \"*:*\"\nkind = \"throttle\"\nchance = 0.2\nuntil = 600",
    ] {
        let account = bare_with(&format!("[[fault]]\n{fault}\n")).await;
        ends_well(&account, &telling_slack()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_right_that_lacks_for_the_third_resource_is_named_and_can_be_given() {
    let account = bare_with("[operator]\ndeny = [\"lambda:CreateFunction\"]\n").await;
    let preview = account.preview(&telling_slack()).await;
    let failed = account.made(&preview).await.unwrap_err().to_string();
    for part in [
        "the stack spotdrill was not made (ROLLBACK_COMPLETE)",
        "the Lambda function Function could not be made: you may not lambda:CreateFunction",
        "--print setup",
        "and the secret spotdrill/slack-webhook, which the next setup uses",
        "Nothing of it is left but the stack's name",
    ] {
        assert!(failed.contains(part), "{part} in {failed}");
    }
    let Looked::Leftover { stack, parts } = account.looked(&telling_slack()).await.unwrap() else { panic!() };
    assert_eq!((stack.status.as_str(), parts.len()), ("ROLLBACK_COMPLETE", 0));
    let iam = aws_sdk_iam::Client::new(&account.0.sdk);
    iam.delete_role_policy().role_name("lab-operator").policy_name("scenario").send().await.unwrap();
    // the webhook was stored at the first attempt, and is not asked for again
    ends_well(&account, &Wanted::new("spotdrill")).await;
}

#[tokio::test(start_paused = true)]
async fn without_cloudformation_the_permission_is_named() {
    let account = bare_with("[operator]\ndeny = [\"cloudformation:*\"]\n").await;
    let said = account.looked(&telling_slack()).await.unwrap_err();
    assert!(matches!(&said, NotSetUp::Aws(_)) && said.to_string().contains("cloudformation:DescribeStacks"), "{said}");
}

/// The program is killed while its changes are made.
async fn killed(account: &Account, preview: &Preview, after: u64) {
    let aws = account.0.aws.clone();
    let webhook = webhook();
    let work = setup::carry_out(&aws, preview, Some(&webhook), &unheard);
    let ended = tokio::time::timeout(Duration::from_secs(after), work).await;
    assert!(ended.is_err(), "it was over before it was killed after {after} s");
}

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_moment_is_made_good_by_running_it_again() {
    for after in [0, 1, 3, 8, 20, 40, 70] {
        let account = Account::bare().await;
        let preview = account.preview(&telling_slack()).await;
        killed(&account, &preview, after).await;
        ends_well(&account, &telling_slack()).await;
    }
    let account = Account::bare().await;
    account.preview(&telling_slack()).await; // killed at the question
    ends_well(&account, &telling_slack()).await;
}

#[tokio::test(start_paused = true)]
async fn a_kill_while_it_is_taken_down_is_made_good_too() {
    for after in [0, 2, 6, 12, 20] {
        let account = Account::bare().await;
        let before = account.inventory().await;
        account.set_up(&telling_slack()).await;
        let (aws, ways) = (account.0.aws.clone(), account.0.ways.clone());
        let removal = teardown::look(&aws, &ways, "spotdrill", false, &unheard).await.unwrap();
        let work = teardown::carry_out(&aws, &ways, &removal, &unheard);
        assert!(tokio::time::timeout(Duration::from_secs(after), work).await.is_err(), "{after}");
        assert_eq!(account.taken_down(false).await, []);
        assert_eq!(account.inventory().await, before, "{after}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_teardown_that_broke_off_after_the_stack_was_gone_finds_the_rest_by_the_names_it_had() {
    let unusual = || {
        telling_slack()
            .with("SlackSecretName", Some("team/hook"))
            .with("Prefix", Some("mine"))
            .with("FunctionName", Some("my-function"))
    };
    let account =
        bare_with("[[fault]]\noperation = \"secretsmanager:DeleteSecret\"\nkind = \"expired\"\ntimes = 1\n").await;
    let before = account.inventory().await;
    account.set_up(&unusual()).await;
    let aws = &account.0.aws;
    let removal = teardown::look(aws, &account.0.ways, "spotdrill", true, &unheard).await.unwrap();
    teardown::carry_out(aws, &account.0.ways, &removal, &unheard).await.unwrap_err();
    assert!(aws.stack("spotdrill").await.unwrap().is_none(), "the stack is gone, and its parameters with it");
    let removal = teardown::look(aws, &account.0.ways, "spotdrill", false, &unheard).await.unwrap();
    let names: Vec<_> = removal.parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(names, ["team/hook", "/aws/events/mine", "/aws/lambda/my-function"]);
    assert_eq!(account.taken_down(false).await, []);
    assert_eq!(account.inventory().await, before);
}

#[tokio::test(start_paused = true)]
async fn work_that_begins_as_soon_as_other_work_ends_is_waited_for_too() {
    let account = Account::bare().await;
    let stacks = aws_sdk_cloudformation::Client::new(&account.0.sdk);
    let make = stacks.create_stack().stack_name("spotdrill").template_body(spotdrill::stack::TEMPLATE);
    make.capabilities(aws_sdk_cloudformation::types::Capability::CapabilityNamedIam).send().await.unwrap();
    let (made, mut is_made) = tokio::sync::mpsc::unbounded_channel();
    let tell = move |told| {
        if matches!(told, Told::Progress(progress) if progress.outcome().is_some()) {
            made.send(()).unwrap();
        }
    };
    let delete = async {
        is_made.recv().await.unwrap();
        stacks.delete_stack().stack_name("spotdrill").send().await.unwrap();
    };
    let (settled, ()) = tokio::join!(setup::follow::settled(&account.0.aws, "spotdrill", &tell), delete);
    assert_eq!(settled.unwrap(), None, "the stack was deleted, and nothing is under way");
}

#[tokio::test(start_paused = true)]
async fn an_empty_stack_that_a_preview_left_is_taken_up_and_taken_away() {
    for taken_up in [true, false] {
        let account = Account::bare().await;
        let before = account.inventory().await;
        let preview = account.preview(&telling_slack()).await;
        // killed between the two halves of giving it back
        account.0.aws.drop_change_set(preview.change_set.as_ref().unwrap()).await.unwrap();
        assert_eq!(account.0.aws.change_sets("spotdrill").await.unwrap(), [""; 0]);
        if taken_up {
            account.set_up(&telling_slack()).await;
            assert!(account.proof().await.holds());
        }
        assert_eq!(account.taken_down(false).await, []);
        assert_eq!(account.inventory().await, before);
    }
}

#[tokio::test(start_paused = true)]
async fn setup_while_the_stack_is_deleted_waits_and_makes_it_anew() {
    let account = Account::bare().await;
    account.set_up(&telling_slack()).await;
    let stacks = aws_sdk_cloudformation::Client::new(&account.0.sdk);
    stacks.delete_stack().stack_name("spotdrill").send().await.unwrap();
    ends_well(&account, &telling_slack()).await;
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_was_deleted_half_way_is_named_and_made_good() {
    let account = Account::bare().await;
    account.set_up(&telling_slack()).await;
    let iam = aws_sdk_iam::Client::new(&account.0.sdk);
    let deny = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"iam:DeleteRole","Resource":"*"}]}"#;
    let operator = iam.put_role_policy().role_name("lab-operator").policy_name("deny").policy_document(deny);
    operator.send().await.unwrap();
    let aws = &account.0.aws;
    let removal = teardown::look(aws, &account.0.ways, "spotdrill", false, &unheard).await.unwrap();
    let failed = teardown::carry_out(aws, &account.0.ways, &removal, &unheard).await.unwrap_err().to_string();
    for part in ["was not removed (DELETE_FAILED)", "iam:DeleteRole", "There now: ", "(spot-fis-test)"] {
        assert!(failed.contains(part), "{part} in {failed}");
    }
    let Looked::Leftover { stack, parts } = account.looked(&telling_slack()).await.unwrap() else { panic!() };
    assert_eq!(stack.status.as_str(), "DELETE_FAILED");
    assert!(parts.iter().any(|part| part.name.as_str() == "spot-fis-test"), "{parts:?}");
    let report = account.examined().await;
    assert!(report.text().contains("FAIL     stack spotdrill"), "{}", report.text());
    iam.delete_role_policy().role_name("lab-operator").policy_name("deny").send().await.unwrap();
    ends_well(&account, &telling_slack()).await;
}

#[tokio::test(start_paused = true)]
async fn what_an_attempt_that_broke_off_left_is_named() {
    let account = bare_with("[[fault]]\noperation = \"cloudformation:DescribeChangeSet\"\nkind = \"expired\"\n").await;
    let said = account.looked(&telling_slack()).await.unwrap_err().to_string();
    assert!(said.contains("expired") && said.contains("Left behind: a change set of the stack spotdrill"), "{said}");

    let account = bare_with("[[fault]]\noperation = \"secretsmanager:CreateSecret\"\nkind = \"denied\"\n").await;
    let before = account.inventory().await;
    let preview = account.preview(&telling_slack()).await;
    let said = account.made(&preview).await.unwrap_err().to_string();
    assert!(
        said.contains("could not store the webhook") && said.contains("Nothing of the stack was changed"),
        "{said}"
    );
    setup::follow::settled(&account.0.aws, "spotdrill", &unheard).await.unwrap();
    assert_eq!(account.inventory().await, before);
}
