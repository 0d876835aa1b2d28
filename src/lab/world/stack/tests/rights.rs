//! Stacks of callers who may not do everything, with the stack and the policy that the project ships.

use super::{super::rights::CALLS, *};

const STACK: &str = include_str!("../../../../../assets/stack.yaml");
const SETUP: &str = include_str!("../../../../../assets/iam/setup.json");

/// A region where nothing is set up, for someone who may set up and is denied this.
fn bare(deny: &[&str]) -> World {
    let mut scenario = Scenario::named("bare").unwrap();
    scenario.operator_deny = deny.iter().map(|&action| action.to_owned()).collect();
    let placeholders = [
        ("<partition>", "aws"),
        ("<region>", "eu-west-1"),
        ("<account>", "000000000000"),
        ("<stack>", "spotdrill"),
        ("<prefix>", "spotdrill"),
        ("<fis-role>", "spot-fis-test"),
        ("<function>", "send-slack-spot-event"),
        ("<rule>", "spot-event"),
        ("<secret>", "spotdrill/slack-webhook"),
    ];
    let filled = placeholders.iter().fold(SETUP.to_owned(), |text, (name, value)| text.replace(name, value));
    scenario.operator_policy = Some(filled);
    World::open(scenario, EPOCH.parse().unwrap(), 1)
}

impl World {
    fn set_up(&mut self, parameters: &[(&str, &str)]) -> String {
        let configuration = configuration(STACK, parameters);
        let mut stack = self.new_stack("spotdrill", configuration.clone());
        stack.caller = Some(Caller::operator());
        self.deploy_stack(&mut stack, configuration, OnFailure::Rollback);
        let id = stack.id.clone();
        self.stacks.insert(id.clone(), stack);
        self.later_by(600);
        id
    }

    fn tear_down(&mut self, id: &str) -> &Stack {
        self.with_stack(id, |world, stack| world.delete_stack(stack, &[]));
        self.later_by(600);
        &self.stacks[id]
    }
}

const ALL: &[(&str, &str)] = &[("SlackSecretName", "spotdrill/slack-webhook"), ("Nodegroup", "web-spot")];

#[test]
fn who_has_the_policy_for_it_sets_up_changes_and_tears_down() {
    let mut world = bare(&[]);
    let id = world.set_up(ALL);
    assert_eq!(world.stacks[&id].status, "CREATE_COMPLETE", "{:#?}", world.stacks[&id].events);
    let changed = [ALL, &[("RetentionInDays", "7"), ("Warning", "PT5M"), ("InterruptOnly", "tagged")]].concat();
    let stack = world.redeployed(&id, configuration(STACK, &changed));
    assert_eq!(stack.status, "UPDATE_COMPLETE", "{:#?}", stack.events);
    assert_eq!(world.logs.get("/aws/events/spotdrill").unwrap().retention, Some(7));
    assert_eq!(world.tear_down(&id).status, "DELETE_COMPLETE");
    assert_eq!(world.roles.keys().collect::<Vec<_>>(), ["lab-operator"]);
}

#[test]
fn each_right_that_is_missing_fails_the_resource_that_needs_it() {
    for (action, kind) in [
        ("events:PutRule", "AWS::Events::Rule"),
        ("events:PutTargets", "AWS::Events::Rule"),
        ("events:TagResource", "AWS::Events::Rule"),
        ("fis:CreateExperimentTemplate", "AWS::FIS::ExperimentTemplate"),
        ("fis:TagResource", "AWS::FIS::ExperimentTemplate"),
        ("iam:CreateRole", "AWS::IAM::Role"),
        ("iam:PassRole", "AWS::Lambda::Function"),
        ("iam:PutRolePolicy", "AWS::IAM::Role"),
        ("iam:TagRole", "AWS::IAM::Role"),
        ("lambda:AddPermission", "AWS::Lambda::Permission"),
        ("lambda:CreateFunction", "AWS::Lambda::Function"),
        ("lambda:TagResource", "AWS::Lambda::Function"),
        ("logs:CreateLogGroup", "AWS::Logs::LogGroup"),
        ("logs:PutResourcePolicy", "AWS::Logs::ResourcePolicy"),
        ("logs:PutRetentionPolicy", "AWS::Logs::LogGroup"),
        ("logs:TagResource", "AWS::Logs::LogGroup"),
    ] {
        let mut world = bare(&[action]);
        let id = world.set_up(ALL);
        let stack = &world.stacks[&id];
        assert_eq!(stack.status, "ROLLBACK_COMPLETE", "{action}");
        // Whatever else was being made then was cancelled.
        let failed = stack.events.iter().find(|event| event.status == "CREATE_FAILED").unwrap();
        let reason = failed.reason.as_deref().unwrap();
        // No policy for the logs of an account is a resource.
        let on = if action == "logs:PutResourcePolicy" { " with" } else { " on resource: arn:aws:" };
        assert!(reason.contains(&format!("is not authorized to perform: {action}{on}")), "{action}: {reason}");
        assert_eq!(failed.kind, kind, "{action}");
        assert_eq!(world.roles.keys().collect::<Vec<_>>(), ["lab-operator"], "{action}");
    }
}

#[test]
fn no_type_is_made_or_deleted_without_a_right() {
    for kind in kind::KINDS {
        let at = |sign: char| {
            CALLS.iter().any(|(of, _, at, property)| *of == kind.name && at.contains(sign) && property.is_none())
        };
        assert!(at('+') && at('-'), "{}", kind.name);
    }
    assert!(CALLS.iter().all(|(of, ..)| kind::KINDS.iter().any(|kind| kind.name == *of)));
}

#[test]
fn a_refusal_is_told_as_cloudformation_tells_it() {
    let mut world = bare(&["lambda:CreateFunction"]);
    let id = world.set_up(ALL);
    let events = &world.stacks[&id].events;
    let reason = events.iter().find(|event| event.status == "CREATE_FAILED" && event.logical == "Function");
    let reason = reason.unwrap().reason.clone().unwrap();
    let uuids = regex_lite::Regex::new("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").unwrap();
    insta::assert_snapshot!(uuids.replace_all(&reason, "UUID"), @r#"Resource handler returned message: "User: arn:aws:sts::000000000000:assumed-role/lab-operator/spotdrill is not authorized to perform: lambda:CreateFunction on resource: arn:aws:lambda:eu-west-1:000000000000:function:send-slack-spot-event with an explicit deny in an identity-based policy (Service: Lambda, Status Code: 403, Request ID: UUID)" (RequestToken: UUID, HandlerErrorCode: AccessDenied)"#);
    let whole: Vec<_> = events.iter().filter(|event| event.logical == "spotdrill").map(|event| event.status).collect();
    assert_eq!(whole, ["CREATE_IN_PROGRESS", "ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]);
    let (before, rest) =
        world.stacks[&id].events.iter().find_map(|event| event.reason.as_ref()?.split_once(": [")).unwrap();
    assert_eq!(before, "The following resource(s) failed to create");
    assert!(rest.contains("Function") && rest.ends_with("]. Rollback requested by user."), "{rest}");
}

#[test]
fn who_may_not_delete_leaves_the_stack_undeleted() {
    let mut world = bare(&["iam:DeleteRole"]);
    let id = world.set_up(ALL);
    let stack = world.tear_down(&id);
    assert_eq!(stack.status, "DELETE_FAILED");
    let said = "The following resource(s) failed to delete: [FisRole, FunctionRole].";
    assert_eq!(stack.reason.as_deref(), Some(said));
    assert!(world.roles.contains_key("spot-fis-test") && world.functions.is_empty());
}
