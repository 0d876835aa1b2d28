//! Templates, and stacks in time, without any protocol.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde_json::json;

use super::{change::NO_CHANGES, parameter, template::Template, *};
use crate::lab::{scenario::Scenario, world::World};

mod rights;

const EPOCH: &str = "2026-11-22T12:00:00Z";

fn world() -> World {
    World::open(Scenario::named("tiny").unwrap(), EPOCH.parse().unwrap(), 1)
}

fn configuration(text: &str, given: &[(&str, &str)]) -> Configuration {
    let template = Template::read(text).unwrap();
    let given = given.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let parameters = parameter::texts(&template, &given).unwrap();
    Configuration { template, parameters, tags: BTreeMap::new(), capabilities: Vec::new() }
}

impl World {
    fn later_by(&mut self, seconds: i64) {
        self.advance(self.now() + SignedDuration::from_secs(seconds));
    }

    fn deployed(&mut self, configuration: &Configuration) -> String {
        let mut stack = Stack::new(1, "arn:stack/s".into(), "s".into(), self.now(), configuration.clone());
        self.deploy_stack(&mut stack, configuration.clone(), OnFailure::Rollback);
        self.stacks.insert(stack.id.clone(), stack);
        self.later_by(600);
        "arn:stack/s".to_owned()
    }

    fn redeployed(&mut self, id: &str, configuration: Configuration) -> &Stack {
        self.with_stack(id, |world, stack| world.deploy_stack(stack, configuration, OnFailure::Rollback));
        self.later_by(600);
        &self.stacks[id]
    }
}

impl Stack {
    fn told(&self) -> Vec<String> {
        self.events.iter().map(|event| format!("{} {}", event.logical, event.status)).collect()
    }
}

/// What a template says when it is read.
fn refusal(text: &str) -> String {
    Template::read(text).map_or_else(|said| said, |_| "fine".to_owned())
}

const CHAIN: &str = "
Parameters: {Days: {Type: Number, Default: 7}, Name: {Type: String, Default: first}}
Resources:
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Ref Name, RetentionInDays: !Ref Days}}
  Policy:
    Type: AWS::Logs::ResourcePolicy
    Properties: {PolicyName: p, PolicyDocument: {Resource: !GetAtt Group.Arn}}
Outputs: {Arn: {Value: !GetAtt Group.Arn}}
";

#[test]
fn a_template_is_refused_before_anything_is_made() {
    let said = [
        refusal("Resources: ["),
        refusal("{\"Resources\": 1,}"),
        refusal("Resources: {}"),
        refusal("Transform: x\nResources: {}"),
        refusal("Resources: {A: {Type: AWS::S3::Bucket}}"),
        refusal("Resources: {A: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Ref B}}}"),
        refusal("Resources: {A: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !GetAtt B.Arn}}}"),
        refusal("Resources: {A: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Sub '${A.Colour}'}}}"),
        refusal("Resources: {A: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Cidr [a]}}}"),
        refusal(
            "Resources: {A: {Type: AWS::Logs::LogGroup, DependsOn: B}, B: {Type: AWS::Logs::LogGroup, DependsOn: A}}",
        ),
        refusal("Resources: {A: {Type: AWS::Logs::LogGroup, Condition: C}}"),
    ];
    insta::assert_snapshot!(said.join("\n"), @r"
    Template format error: YAML not well-formed. (line 2, column 1)
    Template format error: JSON not well-formed. (line 1, column 17)
    Template format error: At least one Resources member must be defined.
    Invalid template property or properties [Transform]
    Template format error: Unrecognized resource types: [AWS::S3::Bucket]
    Template format error: Unresolved resource dependencies [B] in the Resources block of the template
    Template error: instance of Fn::GetAtt references undefined resource B
    Template error: resource A does not support attribute type Colour in Fn::GetAtt
    Template error: the lab does not have the function Fn::Cidr
    Circular dependency between resources: [A, B]
    Template format error: Unresolved condition dependency C.
    ");
}

#[test]
fn aliases_that_multiply_are_refused() {
    let mut bomb = "a0: &a0 [x, x]\n".to_owned();
    for level in 1..30 {
        let below = level - 1;
        let below = vec![format!("*a{below}"); 10].join(", ");
        bomb = format!("{bomb}a{level}: &a{level} [{below}]\n");
    }
    assert!(refusal(&bomb).starts_with("Template format error: YAML not well-formed."));
    assert!(refusal(&"[".repeat(5_000)).starts_with("Template format error: YAML not well-formed."));
    assert!(refusal(&("{\"a\":".repeat(10_000))).starts_with("Template format error: JSON not well-formed."));
}

#[test]
fn parameters_keep_to_their_declarations() {
    let text = "
Parameters: {P: {Type: String, AllowedPattern: '[a-c]+', MinLength: 2, MaxLength: 4}, N: {Type: Number, Default: 3, MaxValue: 5}}
Resources: {A: {Type: AWS::Logs::LogGroup}}";
    let world = world();
    let said = |given: &[(&str, &str)]| {
        let new = configuration(text, given);
        let stack = Stack::new(1, "i".into(), "s".into(), world.now(), new.clone());
        world.check_configuration(&stack, &new).err().unwrap_or_default()
    };
    assert_eq!(said(&[("P", "abc")]), "");
    assert_eq!(said(&[("P", "xabc")]), "Parameter 'P' must match pattern [a-c]+");
    assert_eq!(said(&[("P", "a")]), "Parameter 'P' must contain at least 2 characters");
    assert_eq!(said(&[("P", "abcab")]), "Parameter 'P' must contain at most 4 characters");
    assert_eq!(said(&[("P", "ab"), ("N", "6")]), "Parameter 'N' must be a number not greater than 5");
    assert_eq!(said(&[("P", "ab"), ("N", "x")]), "Parameter 'N' must be a number.");
    let template = Template::read(text).unwrap();
    assert_eq!(parameter::texts(&template, &BTreeMap::new()).unwrap_err(), "Parameters: [P] must have values");
}

#[test]
fn a_stack_is_made_in_waves() {
    let mut world = world();
    let id = world.deployed(&configuration(CHAIN, &[]));
    let stack = &world.stacks[&id];
    let expected = [
        "s CREATE_IN_PROGRESS",
        "Group CREATE_IN_PROGRESS",
        "Group CREATE_IN_PROGRESS",
        "Group CREATE_COMPLETE",
        "Policy CREATE_IN_PROGRESS",
        "Policy CREATE_IN_PROGRESS",
        "Policy CREATE_COMPLETE",
        "s CREATE_COMPLETE",
    ];
    assert_eq!(stack.told(), expected);
    assert!(stack.outputs["Arn"].ends_with(":log-group:first:*"));
    assert_eq!(world.logs.get("first").unwrap().retention, Some(7));
}

#[test]
fn an_update_that_changes_nothing_is_none() {
    let mut world = world();
    let id = world.deployed(&configuration(CHAIN, &[]));
    let stack = &world.stacks[&id];
    assert_eq!(world.changes(stack, &configuration(CHAIN, &[])), Err(NO_CHANGES.to_owned()));
    let changes = world.changes(stack, &configuration(CHAIN, &[("Days", "14")])).unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!((changes[0].replacement, changes[0].details[0].source), (Some("False"), "ParameterReference"));
}

#[test]
fn a_replacement_comes_first_and_the_old_one_goes_last() {
    let mut world = world();
    let id = world.deployed(&configuration(CHAIN, &[]));
    let new = configuration(CHAIN, &[("Name", "second")]);
    let changes = world.changes(&world.stacks[&id], &new).unwrap();
    let seen: Vec<_> = changes.iter().map(|change| (change.logical.as_str(), change.replacement)).collect();
    assert_eq!(seen, [("Group", Some("True")), ("Policy", Some("False"))]);
    assert!(changes[1].details[0].is_dynamic);
    let stack = world.redeployed(&id, new);
    let told = stack.told();
    let place = |what: &str| told.iter().position(|told| told == what).unwrap();
    assert!(place("Policy UPDATE_COMPLETE") < place("s UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"));
    assert!(place("s UPDATE_COMPLETE_CLEANUP_IN_PROGRESS") < place("Group DELETE_COMPLETE"));
    assert_eq!(told.last().unwrap(), "s UPDATE_COMPLETE");
    assert!(world.logs.get("first").is_none() && world.logs.get("second").is_some());
}

#[test]
fn a_failed_update_leaves_everything_as_it_was() {
    let mut world = world();
    let id = world.deployed(&configuration(CHAIN, &[]));
    let broken = CHAIN.replace("Outputs:", "  Bad: {Type: AWS::Lambda::Permission, DependsOn: Policy, Properties: {FunctionName: x, Action: a, Principal: p}}\nOutputs:");
    let stack = world.redeployed(&id, configuration(&broken, &[("Name", "second"), ("Days", "14")]));
    assert_eq!(stack.status, "UPDATE_ROLLBACK_COMPLETE");
    assert!(stack.told().contains(&"Bad CREATE_FAILED".to_owned()));
    assert!(stack.outputs["Arn"].ends_with(":log-group:first:*"));
    assert_eq!(stack.resources.len(), 2);
    assert!(world.logs.get("second").is_none());
    assert_eq!(world.logs.get("first").unwrap().retention, Some(7));
    let arn = world.arn("logs", "log-group:first:*");
    assert_eq!(world.logs.policies["p"].document, json!({ "Resource": arn }).to_string());
}

#[test]
fn a_name_that_exists_rolls_the_stack_back() {
    let mut world = world();
    let now = world.now();
    world.logs.create("first", now);
    let id = world.deployed(&configuration(CHAIN, &[]));
    let stack = &world.stacks[&id];
    assert_eq!(stack.status, "ROLLBACK_COMPLETE");
    let reasons: Vec<_> = stack.events.iter().filter_map(|event| event.reason.as_deref()).collect();
    assert!(reasons.iter().any(|reason| reason.contains("HandlerErrorCode: AlreadyExists")), "{reasons:?}");
    assert!(reasons.contains(&"The following resource(s) failed to create: [Group]. Rollback requested by user."));
    assert!(world.logs.get("first").is_some(), "what was there before is not the stack's to delete");
}

#[test]
fn what_cannot_be_deleted_can_be_retained() {
    let mut world = world();
    let trust = "{Type: AWS::IAM::Role, Properties: {RoleName: r, AssumeRolePolicyDocument: {}}}";
    let id =
        world.deployed(&configuration(&format!("Resources: {{R: {trust}, G: {{Type: AWS::Logs::LogGroup}}}}"), &[]));
    world.roles.get_mut("r").unwrap().inline.insert("other".into(), json!({}));
    world.with_stack(&id, |world, stack| world.delete_stack(stack, &[]));
    world.later_by(600);
    assert_eq!(world.stacks[&id].status, "DELETE_FAILED");
    assert_eq!(world.stacks[&id].reason.as_deref(), Some("The following resource(s) failed to delete: [R]."));
    world.with_stack(&id, |world, stack| world.delete_stack(stack, &["R"]));
    world.later_by(600);
    assert_eq!(world.stacks[&id].status, "DELETE_COMPLETE");
    assert!(world.roles.contains_key("r"));
}

#[test]
fn a_policy_for_the_deletion_comes_with_metadata_and_not_alone() {
    let mut world = world();
    let id = world.deployed(&configuration(CHAIN, &[]));
    let group = "Group: {Type: AWS::Logs::LogGroup,";
    let kept =
        |more: &str| configuration(&CHAIN.replace(group, &format!("{group} DeletionPolicy: Retain, {more}")), &[]);
    assert_eq!(world.changes(&world.stacks[&id], &kept("UpdateReplacePolicy: Retain,")), Err(NO_CHANGES.to_owned()));
    let new = kept("Metadata: {kept: yes},");
    let changes = world.changes(&world.stacks[&id], &new).unwrap();
    let [change] = changes.as_slice() else { panic!("{changes:?}") };
    let scope: Vec<_> = change.scope().into_iter().collect();
    assert_eq!((change.action, change.logical.as_str(), change.replacement), ("Modify", "Group", Some("False")));
    assert_eq!((scope, change.details[0].recreation), (vec!["Metadata"], "Never"));
    let told = world.stacks[&id].events.len();
    let stack = world.redeployed(&id, new.clone());
    let told = stack.told().split_off(told);
    let cleanup = "s UPDATE_COMPLETE_CLEANUP_IN_PROGRESS";
    assert_eq!(told, ["s UPDATE_IN_PROGRESS", "Group UPDATE_COMPLETE", cleanup, "s UPDATE_COMPLETE"]);
    assert_eq!(world.changes(&world.stacks[&id], &new), Err(NO_CHANGES.to_owned()));
    world.with_stack(&id, |world, stack| world.delete_stack(stack, &[]));
    world.later_by(600);
    let told = world.stacks[&id].told();
    assert!(told.contains(&"Group DELETE_SKIPPED".to_owned()) && told.contains(&"Policy DELETE_COMPLETE".to_owned()));
    assert_eq!(world.stacks[&id].status, "DELETE_COMPLETE");
    assert_eq!(world.logs.get("first").unwrap().retention, Some(7));
}

#[test]
fn drift_is_what_others_changed() {
    let mut world = world();
    let id = world.deployed(&configuration(CHAIN, &[]));
    world.logs.get_mut("first").unwrap().retention = Some(30);
    world.logs.policies.clear();
    world.with_stack(&id, |world, stack| drop(world.detect_drift(stack, Vec::new())));
    world.later_by(60);
    let drift = world.stacks[&id].drift.as_ref().unwrap();
    let seen: Vec<_> = drift.resources.iter().map(|(name, one)| (name.as_str(), one.status)).collect();
    assert_eq!(seen, [("Group", "MODIFIED"), ("Policy", "DELETED")]);
    let difference = &drift.resources["Group"].differences[0];
    let said = (difference.path.as_str(), difference.expected.as_str(), difference.actual.as_str());
    assert_eq!(said, ("/RetentionInDays", "7", "30"));
}

#[test]
fn the_same_calls_give_the_same_history() {
    let history = || {
        let mut world = world();
        let id = world.deployed(&configuration(CHAIN, &[]));
        format!("{:?}", world.stacks[&id].events)
    };
    assert_eq!(history(), history());
}
