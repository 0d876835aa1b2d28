//! What an account can do to a lock: answers that are lost, rights that are missing, time that passes, hands that write.

use serde_json::Value;
use spotdrill::aws::Kind;

use super::*;

/// An account where that happens to calls of Parameter Store.
fn with_fault(fault: &str) -> Account {
    let text = format!(
        "description = \"x\"\nregion = \"eu-west-1\"\n{fault}\n[[group]]\nkind = \"auto-scaling-group\"\nname = \"web\"\n\
         count = 2\nreplaces = \"termination\"\n"
    );
    Account::of(Scenario::parse("test", &text).unwrap())
}

/// As others write to Parameter Store: the SDK's own client.
fn others(account: &Account) -> aws_sdk_ssm::Client {
    let config = aws_sdk_ssm::Config::builder()
        .behavior_version(aws_sdk_ssm::config::BehaviorVersion::latest())
        .region(aws_sdk_ssm::config::Region::new(account.lab.region()))
        .credentials_provider(aws_sdk_ssm::config::Credentials::new(
            account.lab.access_key(),
            account.lab.secret(),
            None,
            None,
            "test",
        ))
        .endpoint_url("http://127.0.0.1:1")
        .http_client(in_process::client(&account.lab))
        .time_source(aws_smithy_async::time::StaticTimeSource::new(account.clock.now().into()));
    aws_sdk_ssm::Client::from_conf(config.build())
}

const NAME: &str = "/spotdrill/lock/auto-scaling-group.web";

#[tokio::test(start_paused = true)]
async fn a_write_whose_answers_are_lost_is_known_for_ones_own() {
    for lost in 1..=3 {
        // the first write, or the first that overwrites
        for from in [1, 3] {
            let fault = format!(
                "[[fault]]\noperation = \"ssm:PutParameter\"\nkind = \"reset\"\nfrom = {from}\ntimes = {lost}\n"
            );
            let operators = [with_fault(&fault).operator(0).await];
            let group = group("web");
            if from == 3 {
                operators[0].take(&group, "before", &[]).await.unwrap();
                assert!(operators[0].aws.free_lock(&group, &DrillId::new("before-0").unwrap()).await.unwrap());
            }
            assert_eq!(race(&operators, &group, "race", None, &[]).await, [0], "{lost} answers lost from {from} on");
            assert!(operators[0].aws.free_lock(&group, &DrillId::new("race-0").unwrap()).await.unwrap());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn lost_answers_make_no_second_winner() {
    let account = with_fault("[[fault]]\noperation = \"ssm:*\"\nkind = \"reset\"\nchance = 0.2\n");
    let operators = join_all((0..2).map(|number| account.operator(number))).await;
    let mut won = 0;
    for number in 0..100 {
        let group = group(&format!("group-{number}"));
        let ended = join_all(operators.iter().map(|operator| operator.take(&group, "race", &[]))).await;
        // who cannot read what became of a write has not won
        let winners = ended.iter().filter(|end| end.is_ok()).count();
        assert!(winners <= 1, "{number}");
        won += winners;
    }
    assert!(won > 75, "only {won} of 100 were won");
}

#[tokio::test(start_paused = true)]
async fn without_the_right_to_write_there_is_no_lock() {
    for (operation, named) in [("PutParameter", "write the lock"), ("GetParameter", "read the lock")] {
        let fault = format!("[[fault]]\noperation = \"ssm:{operation}\"\nkind = \"denied\"\n");
        let operator = with_fault(&fault).operator(0).await;
        let NotTaken::Aws(error) = operator.take(&group("web"), "d", &[]).await.unwrap_err() else { panic!() };
        assert_eq!(error.kind, Kind::Denied);
        let said = error.to_string();
        assert!(said.contains(named) && said.contains(&format!("ssm:{operation}")), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lock_is_taken_over_by_its_id_alone_and_only_when_its_time_is_over() {
    let account = Account::tiny();
    let (left, next) = (account.operator(0).await, account.operator(1).await);
    let group = group("web");
    let lock = Lock { lasts: 600, ..left.lock("left") };
    left.aws.take_lock(&group, &lock, &[]).await.unwrap();
    let told = |taken: Result<Option<DrillId>, NotTaken>| match taken {
        Err(NotTaken::Held(standing)) => (standing.lock.drill.to_string(), standing.is_stale(account.clock.now())),
        other => panic!("{other:?}"),
    };
    let id = [lock.drill.clone()];
    assert_eq!(told(next.take(&group, "next", &id).await), ("left-0".to_owned(), false), "its time is not over");
    account.clock.sleep(Duration::from_mins(10)).await;
    assert_eq!(told(next.take(&group, "next", &[]).await), ("left-0".to_owned(), true), "nobody gave its id");
    assert_eq!(told(next.take(&group, "next", &[DrillId::new("left-1").unwrap()]).await), ("left-0".to_owned(), true));
    assert_eq!(next.take(&group, "next", &id).await.unwrap(), Some(lock.drill.clone()));
    assert!(!left.aws.free_lock(&group, &lock.drill).await.unwrap(), "it is another's now");
    assert_eq!(next.reads(&group).await, Some((State::Held, DrillId::new("next-1").unwrap())));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_lock_of_ours_stands_in_the_way_and_is_named() {
    let account = Account::tiny();
    let (operator, others) = (account.operator(0).await, others(&account));
    let put = |value: &str| {
        others.put_parameter().name(NAME).value(value).r#type(aws_sdk_ssm::types::ParameterType::String).overwrite(true)
    };
    for value in ["mine", "{}", r#"{"on":0,"below":0,"state":"new"}"#] {
        put(value).send().await.unwrap();
        let said = operator.take(&group("web"), "d", &[]).await.unwrap_err().to_string();
        assert!(said.contains(NAME) && said.contains("no lock of ours"), "{said}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lock_in_the_account_is_a_small_document_with_our_tag() {
    let account = Account::tiny();
    let (operator, others) = (account.operator(0).await, others(&account));
    operator.take(&group("web"), "d", &[]).await.unwrap();
    let found = others.get_parameter().name(NAME).send().await.unwrap();
    let value: Value = serde_json::from_str(found.parameter().unwrap().value().unwrap()).unwrap();
    for (member, wanted) in [("state", "held"), ("drill", "d-0"), ("user", "user0"), ("host", "bastion")] {
        assert_eq!(value[member], wanted, "{value}");
    }
    let kind = aws_sdk_ssm::types::ResourceTypeForTagging::Parameter;
    let tags = others.list_tags_for_resource().resource_type(kind).resource_id(NAME).send().await.unwrap();
    assert_eq!(tags.tag_list()[0].key(), "spotdrill:drill");
}

#[tokio::test(start_paused = true)]
async fn all_locks_are_listed_and_only_one_that_is_as_it_was_read_is_removed() {
    let account = Account::tiny();
    let operator = account.operator(0).await;
    assert!(operator.aws.locks().await.unwrap().is_empty());
    for number in 0..12 {
        operator.take(&group(&format!("g{number}")), "d", &[]).await.unwrap();
    }
    others(&account)
        .put_parameter()
        .name("/spotdrill/lock/x")
        .value("no")
        .r#type(aws_sdk_ssm::types::ParameterType::String)
        .send()
        .await
        .unwrap();
    let listed = operator.aws.locks().await.unwrap();
    assert_eq!((listed.iter().filter(|one| one.is_ok()).count(), listed.len()), (12, 13));
    let read = listed.into_iter().find_map(Result::ok).unwrap();
    assert!(operator.aws.free_lock(&group("g0"), &DrillId::new("d-0").unwrap()).await.unwrap());
    assert!(operator.aws.remove_lock(&read).await.unwrap().is_some(), "it was freed since");
    let read = operator.aws.lock(&group("g0")).await.unwrap().unwrap();
    assert!(operator.aws.remove_lock(&read).await.unwrap().is_none());
    assert_eq!(operator.reads(&group("g0")).await, None);
}
