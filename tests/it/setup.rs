//! An account set up, proved, examined and taken down: the product's own code, the real SDK and the lab, under paused time.

mod bad_input;
mod canary;
pub(crate) mod doctor;
mod faults;
mod modes;
mod secrets;
mod served;

use std::collections::BTreeSet;

use secrecy::SecretString;
use spotdrill::{
    doctor::{Report, Standing},
    drill::{
        fact::{Basis, Source, What},
        fleet::InstanceState,
        plan::Selection,
        verdict::Outcome,
    },
    run::{
        self,
        setup::{self, Looked, NotSetUp, SetUp, Told},
        targeting, teardown,
    },
    stack::{
        TEMPLATE,
        change::{Action, Preview, SecretChange},
        names::Usual,
        proof::{Hop, Proof, Standing as HopStanding},
        removal::{Fate, Part},
        wanted::{Slack, Wanted},
        webhook::Webhook,
    },
};

use crate::stage::Stage;

const CANARY: &str = "https://hooks.slack.com/services/T0CANARY/B0CANARY/canarycanarycanary";

fn webhook() -> Webhook {
    Webhook::read(&SecretString::from(CANARY), false).unwrap()
}

fn unheard(_: Told) {}

fn telling_slack() -> Wanted {
    Wanted { slack: Slack::Post, ..Wanted::new("spotdrill") }
}

/// Set-up, prove, doctor and teardown of a stage.
struct Account(Stage);

impl Account {
    async fn bare() -> Self {
        Self(Stage::named("bare").await)
    }

    async fn looked(&self, wanted: &Wanted) -> Result<Looked, NotSetUp> {
        setup::look(&self.0.aws, wanted, &unheard).await
    }

    async fn preview(&self, wanted: &Wanted) -> Preview {
        match self.looked(wanted).await.unwrap() {
            Looked::Preview(preview) => *preview,
            other => panic!("no preview but {other:?}"),
        }
    }

    async fn made(&self, preview: &Preview) -> Result<SetUp, NotSetUp> {
        setup::carry_out(&self.0.aws, preview, Some(&webhook()), &unheard).await
    }

    async fn set_up(&self, wanted: &Wanted) -> SetUp {
        self.made(&self.preview(wanted).await).await.unwrap()
    }

    async fn proof(&self) -> Proof {
        self.proof_of("spotdrill").await
    }

    async fn proof_of(&self, stack: &str) -> Proof {
        let names = run::prove::names(&self.0.aws, stack).await.unwrap().unwrap();
        run::prove::prove(&self.0.aws, &names, |_| ()).await.unwrap()
    }

    async fn examined(&self) -> Report {
        run::doctor::examine(&self.0.aws, &Usual::default(), Vec::new(), |_, _| ()).await
    }

    async fn taken_down(&self, keep_logs: bool) -> Vec<Part> {
        let removal = teardown::look(&self.0.aws, &self.0.ways, "spotdrill", keep_logs, &unheard).await.unwrap();
        teardown::carry_out(&self.0.aws, &self.0.ways, &removal, &unheard).await.unwrap()
    }

    /// The names of everything that is in the account.
    async fn inventory(&self) -> BTreeSet<String> {
        let config = self.0.sdk.clone();
        let (iam, events) = (aws_sdk_iam::Client::new(&config), aws_sdk_eventbridge::Client::new(&config));
        let (lambda, logs) = (aws_sdk_lambda::Client::new(&config), aws_sdk_cloudwatchlogs::Client::new(&config));
        let (fis, secrets) = (aws_sdk_fis::Client::new(&config), aws_sdk_secretsmanager::Client::new(&config));
        let stacks = aws_sdk_cloudformation::Client::new(&config);
        let mut names = BTreeSet::new();
        for role in iam.list_roles().send().await.unwrap().roles() {
            names.insert(format!("role {}", role.role_name()));
        }
        for rule in events.list_rules().send().await.unwrap().rules() {
            names.insert(format!("rule {}", rule.name().unwrap()));
        }
        for function in lambda.list_functions().send().await.unwrap().functions() {
            names.insert(format!("function {}", function.function_name().unwrap()));
        }
        for group in logs.describe_log_groups().send().await.unwrap().log_groups() {
            names.insert(format!("log {}", group.log_group_name().unwrap()));
        }
        for policy in logs.describe_resource_policies().send().await.unwrap().resource_policies() {
            names.insert(format!("policy {}", policy.policy_name().unwrap()));
        }
        for template in fis.list_experiment_templates().send().await.unwrap().experiment_templates() {
            names.insert(format!("template {}", template.id().unwrap()));
        }
        for secret in secrets.list_secrets().send().await.unwrap().secret_list() {
            names.insert(format!("secret {}", secret.name().unwrap()));
        }
        for stack in stacks.describe_stacks().send().await.unwrap().stacks() {
            names.insert(format!("stack {}", stack.stack_name().unwrap()));
        }
        names
    }
}

fn standing(proof: &Proof, hop: Hop) -> &HopStanding {
    proof.hops().find(|(other, _)| *other == hop).unwrap().1
}

/// What is not ok, as `standing check: says`.
fn not_ok(report: &Report) -> Vec<String> {
    let findings = report.findings.iter().filter(|finding| finding.standing != Standing::Ok);
    findings.map(|it| format!("{} {}: {}", it.standing.as_str(), it.check, it.says)).collect()
}

#[tokio::test(start_paused = true)]
async fn the_whole_way_leaves_the_account_as_it_was() {
    let account = Account::bare().await;
    let before = account.inventory().await;
    let preview = account.preview(&telling_slack().with("Nodegroup", Some("web-spot"))).await;
    assert_eq!((preview.counts().as_str(), preview.secret), ("10 add", SecretChange::Create));
    let set_up = account.made(&preview).await.unwrap();
    assert!(set_up.took.unwrap().as_secs() > 10, "{set_up:?}");
    assert_eq!(set_up.outputs["SlackRule"].as_str(), "spot-event");

    let proof = account.proof().await;
    assert!(proof.holds(), "{proof:?}");
    assert!(matches!(standing(&proof, Hop::Slack), HopStanding::Passed { says, .. } if says.as_str() == "status 200"));
    assert_eq!(not_ok(&account.examined().await), [""; 0]);

    let drilled = account.0.drill("web-spot", Selection::Count(1), "2m").await;
    assert_eq!(drilled.verdict.verdict, Outcome::Held, "{:?}", drilled.verdict.reasons);
    let by_event = |what: &What| matches!(what, What::NoticeIssued { basis: Basis::Event, .. });
    assert!(drilled.at(Source::Events, by_event).is_some(), "AWS's own event tells of the notice");
    let told =
        |what: &What| matches!(what, What::LogLine { message, .. } if message.contains("posted to Slack, status 200"));
    assert!(drilled.has(told), "the Lambda's line is followed");

    assert_eq!(account.taken_down(false).await, []);
    let mut after = account.inventory().await;
    // AWS's own, which the account's first experiment makes
    assert!(after.remove("role AWSServiceRoleForFIS"));
    assert_eq!(after, before);
}

#[tokio::test(start_paused = true)]
async fn set_up_again_changes_nothing_and_updates_in_place() {
    let account = Account::bare().await;
    account.set_up(&telling_slack().with("Nodegroup", Some("web-spot"))).await;
    let again = account.preview(&Wanted::new("spotdrill")).await;
    assert!(again.changes_nothing(), "{again:?}");
    assert_eq!(again.names.secret.as_deref(), Some("spotdrill/slack-webhook"));
    assert_eq!(account.made(&again).await.unwrap().took, None);

    let preview = account.preview(&Wanted::new("spotdrill").with("Count", Some(2))).await;
    let changes: Vec<_> = preview.changes.iter().map(|change| (change.action, change.logical.as_str())).collect();
    assert_eq!(changes, [(Action::Modify, "NodegroupTemplate")]);
    account.made(&preview).await.unwrap();

    let preview = account.preview(&Wanted { slack: Slack::Nobody, ..Wanted::new("spotdrill") }).await;
    let changed: Vec<_> = preview.changes.iter().map(|change| change.logical.as_str()).collect();
    assert_eq!(changed, ["Function", "FunctionRole"]);
    account.made(&preview).await.unwrap();
    let proof = account.proof().await;
    assert!(proof.holds(), "{proof:?}");
    assert!(matches!(standing(&proof, Hop::Slack), HopStanding::Left { .. }), "{proof:?}");
}

#[tokio::test(start_paused = true)]
async fn a_preview_that_is_declined_leaves_nothing() {
    let account = Account::bare().await;
    let before = account.inventory().await;
    let preview = account.preview(&telling_slack()).await;
    assert!(account.inventory().await.contains("stack spotdrill"), "CloudFormation takes the name for a change set");
    setup::decline(&account.0.aws, &preview).await.unwrap();
    assert_eq!(setup::follow::settled(&account.0.aws, "spotdrill", &unheard).await.unwrap(), None);
    assert_eq!(account.inventory().await, before);
}

#[tokio::test(start_paused = true)]
async fn logs_that_are_kept_are_used_again_and_go_in_the_end() {
    let account = Account::bare().await;
    let before = account.inventory().await;
    account.set_up(&telling_slack()).await;
    account.proof().await;
    let removal = teardown::look(&account.0.aws, &account.0.ways, "spotdrill", true, &unheard).await.unwrap();
    let kept = removal.parts.iter().filter(|part| part.fate == Fate::Kept).count();
    assert_eq!(kept, 2);
    assert_eq!(teardown::carry_out(&account.0.aws, &account.0.ways, &removal, &unheard).await.unwrap(), []);
    let logs = ["log /aws/events/spotdrill", "log /aws/lambda/send-slack-spot-event"].map(String::from);
    let left: BTreeSet<_> = account.inventory().await.difference(&before).cloned().collect();
    assert_eq!(left, BTreeSet::from(logs));
    assert!(
        !account.0.aws.lines_since("/aws/events/spotdrill", before_all()).await.unwrap().is_empty(),
        "the evidence is there"
    );

    let preview = account.preview(&telling_slack()).await;
    assert_eq!((preview.counts().as_str(), preview.secret), ("7 add", SecretChange::Restore));
    account.made(&preview).await.unwrap();
    assert!(account.proof().await.holds());
    assert_eq!(account.taken_down(false).await, []);
    assert_eq!(account.inventory().await, before);
}

#[tokio::test(start_paused = true)]
async fn keeping_the_logs_of_an_older_stack_changes_nothing_else_of_it() {
    let account = Account::bare().await;
    let stacks = aws_sdk_cloudformation::Client::new(&account.0.sdk);
    let older = TEMPLATE
        .replace("Description: Tells Slack of an event about spot instances.", "Description: !Ref Retired")
        .replace("\nConditions:", "  Retired: {Type: String, Default: An older Lambda.}\n\nConditions:");
    assert_ne!(older, TEMPLATE);
    let deploy = async |template: &str| {
        let call = stacks.create_stack().stack_name("spotdrill").template_body(template);
        call.capabilities(aws_sdk_cloudformation::types::Capability::CapabilityNamedIam).send().await.unwrap();
        setup::follow::settled(&account.0.aws, "spotdrill", &unheard).await.unwrap().unwrap()
    };
    let stack = deploy(&older).await;
    assert_eq!(account.taken_down(true).await, []);
    let events = account.0.aws.stack_events(&stack.id, before_all()).await.unwrap();
    let changed = events.iter().filter(|event| event.status.starts_with("UPDATE_") && !event.is_of_stack());
    let changed: BTreeSet<_> = changed.map(|event| event.logical.as_str()).collect();
    assert_eq!(changed, BTreeSet::from(["EventLog", "FunctionLog"]));
    assert!(account.inventory().await.contains("log /aws/events/spotdrill"));
    assert_eq!(account.taken_down(false).await, []);

    // one that would not let go of them
    deploy(&TEMPLATE.replace("DeletionPolicy: Delete\n", "DeletionPolicy: \"Delete\"\n")).await;
    let removal = teardown::look(&account.0.aws, &account.0.ways, "spotdrill", true, &unheard).await.unwrap();
    let said = teardown::carry_out(&account.0.aws, &account.0.ways, &removal, &unheard).await.unwrap_err().to_string();
    assert!(said.contains("spotdrill setup --stack spotdrill") && said.contains("without --keep-logs"), "{said}");
    assert!(account.proof().await.holds(), "nothing was taken away");
}

fn before_all() -> jiff::Timestamp {
    "2026-11-22T00:00:00Z".parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn nothing_is_taken_away_under_a_drill() {
    let stage = Stage::named("default").await;
    let plan = stage.plan("web-spot", Selection::Count(1), "15m").await;
    let mut running = stage.start(plan).await.unwrap();
    while let Some(told) = running.told.recv().await {
        let run::conductor::Told::Recorded(entry) = told else { continue };
        if matches!(entry.fact.what, What::ExperimentStarted { .. }) {
            break;
        }
    }
    let refused = teardown::look(&stage.aws, &stage.ways, "spotdrill", false, &unheard).await.unwrap_err();
    assert!(refused.to_string().starts_with(&format!("a drill runs: {}", running.id)), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_preview_of_targets_hits_nothing_and_leaves_nothing() {
    let account = Account(Stage::named("default").await);
    let before = account.inventory().await;
    let never = std::future::pending();
    let targeted = targeting::preview(&account.0.aws, "web-spot", 3, "spot-fis-test", never).await.unwrap();
    let groups: Vec<_> = targeted.found.iter().map(|found| found.group.as_deref()).collect();
    assert_eq!(groups, [Some("web-spot"); 3]);
    let fleet = account.0.aws.fleet(|_| ()).await.unwrap();
    let all_run = fleet.instances().all(|(_, instance)| instance.state == InstanceState::Running);
    assert!(all_run && fleet.instances().count() == 24, "nothing was interrupted");
    let mut after = account.inventory().await;
    assert!(after.remove("role AWSServiceRoleForFIS"));
    assert_eq!(after, before);
}

#[tokio::test(start_paused = true)]
async fn a_preview_that_is_broken_off_leaves_nothing_either() {
    let account = Account(Stage::named("default").await);
    let before = account.inventory().await;
    for milliseconds in [0, 1, 200, 1000, 2000] {
        let broken_off = account.0.aws.clock.sleep(std::time::Duration::from_millis(milliseconds));
        let preview = targeting::preview(&account.0.aws, "web-spot", 1, "spot-fis-test", broken_off).await;
        assert!(matches!(preview, Err(targeting::NotTargeted::BrokenOff)), "{milliseconds} ms: {preview:?}");
        let mut after = account.inventory().await;
        after.remove("role AWSServiceRoleForFIS");
        assert_eq!(after, before, "{milliseconds} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn a_preview_tells_a_wrong_role_and_a_wrong_group() {
    let account = Account(Stage::named("default").await);
    let before = account.inventory().await;
    let wrong = async |group: &str, role: &str| {
        targeting::preview(&account.0.aws, group, 1, role, std::future::pending()).await.unwrap_err().to_string()
    };
    let said = wrong("web-sopt", "spot-fis-test").await;
    assert!(said.contains("no group `web-sopt`") && said.contains("Did you mean `web-spot`"), "{said}");
    let said = wrong("web-spot", "no-such-role").await;
    assert!(said.contains("role"), "{said}");
    let mut after = account.inventory().await;
    after.remove("role AWSServiceRoleForFIS");
    assert_eq!(after, before);
}
