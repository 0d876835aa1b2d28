//! What the doctor says: everything ok where it is, and for each thing that is amiss the one finding that names it.

use std::sync::OnceLock;

use spotdrill::{
    doctor::{Report, Standing},
    drill::{plan::Selection, verdict::Outcome},
    lab::scenario::Scenario,
    stack::{
        names::{Names, Usual},
        policy::{Document, Place},
    },
};

use super::{Account, not_ok, telling_slack};
use crate::stage::Stage;

fn place() -> Place {
    let mut names = Names::of("spotdrill", &std::collections::BTreeMap::new());
    names.secret = Some("spotdrill/slack-webhook".into());
    Place { region: "eu-west-1".into(), account: "000000000000".into(), names }
}

/// What is found where the operator may not pass the role, and somebody has disabled a rule.
pub(crate) fn two_things_amiss() -> &'static Report {
    static REPORT: OnceLock<Report> = OnceLock::new();
    REPORT.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let account = Account(Stage::named("default").await);
            let events = aws_sdk_eventbridge::Client::new(&account.0.sdk);
            events.disable_rule().name("spot-event").send().await.unwrap();
            let mut policy = place().filled(Document::Operator);
            policy["Statement"].as_array_mut().unwrap().retain(|statement| statement["Sid"] != "PassFisRole");
            let iam = aws_sdk_iam::Client::new(&account.0.sdk);
            let put = iam.put_role_policy().role_name("lab-operator").policy_name("operator");
            put.policy_document(policy.to_string()).send().await.unwrap();
            let administrator = "arn:aws:iam::aws:policy/AdministratorAccess";
            iam.detach_role_policy().role_name("lab-operator").policy_arn(administrator).send().await.unwrap();
            account.examined().await
        })
    })
}

/// A bare account, for whoever may do exactly what the shipped policy of `setup` says.
#[tokio::test(start_paused = true)]
async fn setup_and_teardown_pass_with_exactly_the_shipped_policy() {
    let mut scenario = Scenario::named("bare").unwrap();
    scenario.operator_policy = Some(place().filled(Document::Setup).to_string());
    let account = Account(Stage::open(scenario, false).await);
    let preview = account.preview(&telling_slack().with("Nodegroup", Some("web-spot"))).await;
    assert_eq!(preview.notes, [], "nothing that setup looks at is denied");
    account.made(&preview).await.unwrap();
    account.set_up(&telling_slack().with("Count", Some(2))).await;
    assert_eq!(account.taken_down(true).await, []);
    account.set_up(&telling_slack()).await;
    assert_eq!(account.taken_down(false).await, []);
}

/// The default region, with an operator who may do exactly what the shipped policy says but this statement.
async fn without(sid: Option<&str>) -> Account {
    let mut scenario = Scenario::named("default").unwrap();
    let mut policy = place().filled(Document::Operator);
    let statements = policy["Statement"].as_array_mut().unwrap();
    statements.retain(|statement| Some(statement["Sid"].as_str().unwrap()) != sid);
    scenario.operator_policy = Some(policy.to_string());
    Account(Stage::open(scenario, false).await)
}

#[tokio::test(start_paused = true)]
async fn a_drill_passes_with_exactly_the_shipped_policies() {
    let account = without(None).await;
    assert_eq!(not_ok(&account.examined().await), [""; 0]);
    assert!(account.proof().await.holds());
    let drilled = account.0.drill("web-spot", Selection::Count(2), "3m").await;
    assert_eq!(drilled.verdict.verdict, Outcome::Held, "{:?}", drilled.verdict.reasons);
    let refused: Vec<_> =
        drilled.entries.iter().filter(|entry| entry.fact.what.telling().contains("not authorized")).collect();
    assert!(refused.is_empty(), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn each_statement_that_lacks_has_its_own_finding() {
    for statement in place().statements(Document::Operator) {
        let sid = &statement.sid;
        let report = without(Some(sid)).await.examined().await;
        let wanted = format!("may {sid}");
        let found = report.findings.iter().find(|finding| finding.check.as_str() == wanted);
        let found = found.unwrap_or_else(|| panic!("{sid} is not found to lack: {}", report.text()));
        assert!(found.standing >= Standing::Warn, "{sid}: {found:?}");
        let names_it = statement.actions().iter().any(|action| found.says.contains(action.as_str()));
        assert!(names_it, "{sid}: {}", found.says);
        let fix = found.fix.as_ref().unwrap();
        assert!(fix.contains(&format!("\"Sid\": \"{sid}\"")) && fix.contains("Why: "), "{sid}: {fix}");
        let others: Vec<_> = report
            .findings
            .iter()
            .filter(|finding| finding.check.starts_with("may ") && finding.check.as_str() != wanted)
            .filter(|finding| finding.standing >= Standing::Warn)
            .collect();
        assert!(others.is_empty(), "{sid} alone lacks, not {others:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_simulation_cannot_know_is_unknown_and_the_region_it_knows() {
    let under = async |condition: serde_json::Value| {
        let mut scenario = Scenario::named("default").unwrap();
        let mut policy = place().filled(Document::Operator);
        let statements = policy["Statement"].as_array_mut().unwrap();
        let start = statements.iter_mut().find(|statement| statement["Sid"] == "StartExperiment").unwrap();
        start["Condition"] = condition;
        scenario.operator_policy = Some(policy.to_string());
        let report = Account(Stage::open(scenario, false).await).examined().await;
        let found = report.findings.iter().find(|finding| finding.check.as_str() == "may StartExperiment");
        found.map(|finding| (finding.standing, finding.says.to_string()))
    };
    let (standing, says) = under(serde_json::json!({ "StringEquals": { "aws:SourceVpce": "vpce-1" } })).await.unwrap();
    assert_eq!(standing, Standing::Unknown, "{says}");
    assert!(says.contains("fis:StartExperiment") && says.ends_with("it does not know aws:SourceVpce"), "{says}");
    let here = under(serde_json::json!({ "StringEquals": { "aws:RequestedRegion": "eu-west-1" } })).await;
    assert_eq!(here, None, "it is allowed, and comes to one line");
    let (standing, says) =
        under(serde_json::json!({ "StringEquals": { "aws:RequestedRegion": "us-east-1" } })).await.unwrap();
    assert_eq!(standing, Standing::Fail, "{says}");
}

#[tokio::test(start_paused = true)]
async fn where_iam_may_not_be_asked_it_is_read_and_the_rest_is_unknown() {
    let report = without(Some("CheckPermissions")).await.examined().await;
    let standing = |sid: &str| {
        let found = report.findings.iter().find(|finding| finding.check.as_str() == format!("may {sid}"));
        found.map(|finding| finding.standing)
    };
    assert_eq!(standing("SeeInstances"), None, "what is allowed comes to one line");
    assert_eq!(standing("StartExperiment"), Some(Standing::Unknown));
    assert_eq!(standing("CheckPermissions"), Some(Standing::Warn));
    assert!(report.passes());
}

/// The default region after somebody did this to it, by hand.
async fn after(act: impl AsyncFn(&aws_types::SdkConfig)) -> Vec<String> {
    let account = Account(Stage::named("default").await);
    assert_eq!(not_ok(&account.examined().await), [""; 0]);
    act(&account.0.sdk).await;
    not_ok(&account.examined().await)
}

#[tokio::test(start_paused = true)]
async fn what_was_changed_by_hand_is_found() {
    let disabled = after(async |config| {
        aws_sdk_eventbridge::Client::new(config).disable_rule().name("spot-event").send().await.unwrap();
    });
    let said = disabled.await;
    assert!(said.contains(&String::from("FAIL rule spot-event: is disabled, so nothing comes through")), "{said:?}");

    let broken = after(async |config| {
        let iam = aws_sdk_iam::Client::new(config);
        let call = iam.delete_role_policy().role_name("spot-fis-test").policy_name("interrupt-spot-instances");
        call.send().await.unwrap();
    });
    let said = broken.await;
    let role = said.iter().find(|line| line.contains("role spot-fis-test")).unwrap();
    assert!(role.contains("statement FindTargets is missing; statement InterruptSpotInstances is missing"), "{said:?}");
    assert!(said.iter().any(|line| line.starts_with("FAIL stack drift") && line.contains("FisRole")), "{said:?}");

    let silent = after(async |config| {
        let secrets = aws_sdk_secretsmanager::Client::new(config);
        secrets.delete_secret().secret_id("spotdrill/slack-webhook").send().await.unwrap();
    });
    assert!(silent.await[0].contains("waits to be deleted"));

    let deaf = after(async |config| {
        let lambda = aws_sdk_lambda::Client::new(config);
        let policy = lambda.get_policy().function_name("send-slack-spot-event").send().await.unwrap();
        let policy: serde_json::Value = serde_json::from_str(policy.policy().unwrap()).unwrap();
        let sid = policy["Statement"][0]["Sid"].as_str().unwrap();
        let call = lambda.remove_permission().function_name("send-slack-spot-event").statement_id(sid);
        call.send().await.unwrap();
    });
    assert!(deaf.await.iter().any(|line| line.contains("may not invoke the Lambda")));

    let engaged = after(async |config| {
        use aws_sdk_fis::types::{SafetyLeverStatusInput, UpdateSafetyLeverStateInput};
        let state = UpdateSafetyLeverStateInput::builder().status(SafetyLeverStatusInput::Engaged).reason("freeze");
        let fis = aws_sdk_fis::Client::new(config);
        fis.update_safety_lever_state().id("default").state(state.build().unwrap()).send().await.unwrap();
    });
    assert_eq!(engaged.await, ["FAIL safety lever: engaged, so FIS cancels every experiment: freeze"]);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_gets_no_answer_is_unknown_in_bounded_time() {
    let text = format!(
        "{}\n[[fault]]\noperation = \"servicequotas:GetServiceQuota\"\nkind = \"delay\"\ndelay = 600\n",
        Scenario::text("default").unwrap()
    );
    let account = Account(Stage::open(Scenario::parse("test", &text).unwrap(), false).await);
    let begun = account.0.aws.clock.now();
    let said = not_ok(&account.examined().await);
    assert_eq!(said, ["unknown quota: no answer within 20 s"]);
    assert!(account.0.aws.clock.now().duration_since(begun).as_secs() < 60);
}

#[tokio::test(start_paused = true)]
async fn without_a_stack_the_doctor_says_so_and_not_six_times() {
    let said = not_ok(&Account::bare().await.examined().await);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("FAIL stack spotdrill: there is none"), "{said:?}");
    assert_eq!(said[1], "FAIL role spot-fis-test: there is none");
}

#[tokio::test(start_paused = true)]
async fn settings_that_name_others_than_the_stack_has_are_found() {
    let account = Account::bare().await;
    account.set_up(&telling_slack().with("FisRoleName", Some("my-fis")).with("Prefix", Some("mine"))).await;
    let report = account.examined().await;
    let found = report.findings.iter().find(|finding| finding.check.as_str() == "settings").unwrap();
    let fix = found.fix.as_ref().unwrap();
    assert!(fix.contains("fis_role = \"my-fis\"") && fix.contains("events_log_group = \"/aws/events/mine\""), "{fix}");
    let usual = Usual { fis_role: "my-fis".into(), events_log_group: "/aws/events/mine".into(), ..Usual::default() };
    let report = spotdrill::run::doctor::examine(&account.0.aws, &usual, Vec::new(), |_, _| ()).await;
    assert_eq!(not_ok(&report), [""; 0]);
}
