//! By whose right a stack makes its resources: the caller's, whose role must allow each call that CloudFormation makes for
//! a resource. Knows not what comes of the calls.
//!
//! The calls that change something are looked at; those by which CloudFormation reads are not.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    Stack, StackResource,
    intrinsic::plain,
    kind::{Failure, Kind, Wanted},
};
use crate::lab::{
    iam::needs,
    policy::{Decision, Request},
    world::World,
};

/// Type, call, and at which work: `+` making, `~` changing, `-` deleting. With a property the call is made if that is
/// given, or changed.
#[rustfmt::skip]
pub(super) const CALLS: &[(&str, &str, &str, Option<&str>)] = &[
    ("AWS::CloudWatch::Alarm", "cloudwatch:PutMetricAlarm", "+~", None),
    ("AWS::CloudWatch::Alarm", "cloudwatch:DeleteAlarms", "-", None),
    ("AWS::Events::Rule", "events:PutRule", "+~", None),
    ("AWS::Events::Rule", "events:PutTargets", "+~", Some("Targets")),
    ("AWS::Events::Rule", "events:RemoveTargets", "-", Some("Targets")),
    ("AWS::Events::Rule", "events:DeleteRule", "-", None),
    ("AWS::FIS::ExperimentTemplate", "fis:CreateExperimentTemplate", "+", None),
    ("AWS::FIS::ExperimentTemplate", "fis:UpdateExperimentTemplate", "~", None),
    ("AWS::FIS::ExperimentTemplate", "fis:DeleteExperimentTemplate", "-", None),
    ("AWS::IAM::ManagedPolicy", "iam:CreatePolicy", "+", None),
    ("AWS::IAM::ManagedPolicy", "iam:CreatePolicyVersion", "~", Some("PolicyDocument")),
    ("AWS::IAM::ManagedPolicy", "iam:AttachRolePolicy", "+~", Some("Roles")),
    ("AWS::IAM::ManagedPolicy", "iam:DetachRolePolicy", "-", Some("Roles")),
    ("AWS::IAM::ManagedPolicy", "iam:DeletePolicy", "-", None),
    ("AWS::IAM::Policy", "iam:PutRolePolicy", "+~", None),
    ("AWS::IAM::Policy", "iam:DeleteRolePolicy", "-", None),
    ("AWS::IAM::Role", "iam:CreateRole", "+", None),
    ("AWS::IAM::Role", "iam:UpdateRole", "~", Some("Description")),
    ("AWS::IAM::Role", "iam:UpdateAssumeRolePolicy", "~", Some("AssumeRolePolicyDocument")),
    ("AWS::IAM::Role", "iam:PutRolePolicy", "+~", Some("Policies")),
    ("AWS::IAM::Role", "iam:AttachRolePolicy", "+~", Some("ManagedPolicyArns")),
    ("AWS::IAM::Role", "iam:TagRole", "~", Some("Tags")),
    ("AWS::IAM::Role", "iam:DeleteRolePolicy", "-", Some("Policies")),
    ("AWS::IAM::Role", "iam:DetachRolePolicy", "-", Some("ManagedPolicyArns")),
    ("AWS::IAM::Role", "iam:DeleteRole", "-", None),
    ("AWS::Lambda::Function", "lambda:CreateFunction", "+", None),
    ("AWS::Lambda::Function", "lambda:UpdateFunctionCode", "~", Some("Code")),
    ("AWS::Lambda::Function", "lambda:UpdateFunctionConfiguration", "~", None),
    ("AWS::Lambda::Function", "lambda:TagResource", "~", Some("Tags")),
    ("AWS::Lambda::Function", "lambda:DeleteFunction", "-", None),
    ("AWS::Lambda::Permission", "lambda:AddPermission", "+", None),
    ("AWS::Lambda::Permission", "lambda:RemovePermission", "-", None),
    ("AWS::Logs::LogGroup", "logs:CreateLogGroup", "+", None),
    ("AWS::Logs::LogGroup", "logs:PutRetentionPolicy", "+~", Some("RetentionInDays")),
    ("AWS::Logs::LogGroup", "logs:DeleteLogGroup", "-", None),
    ("AWS::Logs::ResourcePolicy", "logs:PutResourcePolicy", "+~", None),
    ("AWS::Logs::ResourcePolicy", "logs:DeleteResourcePolicy", "-", None),
    ("AWS::SecretsManager::Secret", "secretsmanager:CreateSecret", "+", None),
    ("AWS::SecretsManager::Secret", "secretsmanager:UpdateSecret", "~", None),
    ("AWS::SecretsManager::Secret", "secretsmanager:DeleteSecret", "-", None),
];

impl World {
    /// Refuses what the caller may not make or change.
    pub(super) fn may_put(&mut self, stack: &Stack, wanted: &Wanted) -> Result<(), Failure> {
        let is_new = wanted.physical.is_none();
        let properties = Value::Object(wanted.properties.clone());
        let mut inputs = self.inputs(wanted.kind, &wanted.name, &properties);
        if is_new {
            let own = wanted.tags.iter().filter(|(key, _)| !key.starts_with("aws:"));
            inputs.insert("Tags".to_owned(), own.map(|(key, value)| (key.clone(), json!(value))).collect());
        }
        let sign = if is_new { '+' } else { '~' };
        let before = wanted.before.unwrap_or(&Value::Null);
        let is_made =
            |property: &str| properties.get(property) != before.get(property) && properties.get(property).is_some();
        self.may(stack, (wanted.kind, sign), &inputs, is_made)
    }

    /// Refuses what the caller may not delete.
    pub(super) fn may_delete(&mut self, stack: &Stack, it: &StackResource, physical: &str) -> Result<(), Failure> {
        let inputs = self.inputs(it.kind, physical, &it.properties);
        self.may(stack, (it.kind, '-'), &inputs, |property| it.properties.get(property).is_some())
    }

    fn may(
        &mut self,
        stack: &Stack,
        (kind, sign): (&Kind, char),
        inputs: &Map<String, Value>,
        is_made: impl Fn(&str) -> bool,
    ) -> Result<(), Failure> {
        let Some(caller) = &stack.caller else { return Ok(()) };
        let role = self.roles.get(&caller.role);
        if role.is_some_and(Self::is_administrator) {
            return Ok(());
        }
        let common = role.map(|role| self.circumstances(role)).unwrap_or_default();
        let calls = CALLS
            .iter()
            .filter(|(of, _, at, property)| *of == kind.name && at.contains(sign) && property.is_none_or(&is_made));
        let names = calls.filter_map(|(_, call, ..)| call.split_once(':'));
        let needs = names.flat_map(|call| needs::of_operation(self, call, inputs, &common));
        let refused = needs.into_iter().find_map(|need| {
            let request =
                Request { action: &need.action, resource: &need.resource, context: &need.context, principals: &[] };
            let decision = role.map_or(Decision::ImplicitDeny, |role| self.decide(role, request));
            let said = || (need.action.clone(), request.refusal(&self.session_arn(caller), decision));
            (decision != Decision::Allowed).then(said)
        });
        match refused {
            None => Ok(()),
            Some((action, sentence)) => Err(self.not_authorized(&action, &sentence)),
        }
    }

    /// A service's refusal as CloudFormation's handlers pass it on.
    fn not_authorized(&mut self, action: &str, sentence: &str) -> Failure {
        let (service, status) = match action.split_once(':').map_or(action, |(service, _)| service) {
            "cloudwatch" => ("CloudWatch", 403),
            "events" => ("EventBridge", 400),
            "fis" => ("Fis", 403),
            "iam" => ("Iam", 403),
            "lambda" => ("Lambda", 403),
            "logs" => ("CloudWatchLogs", 400),
            _ => ("SecretsManager", 400),
        };
        let request = self.session_id();
        let message = format!("{sentence} (Service: {service}, Status Code: {status}, Request ID: {request})");
        Failure { message, code: "AccessDenied" }
    }

    /// What the calls for a resource are given, under every name that one of them has for it.
    fn inputs(&self, kind: &Kind, name: &str, properties: &Value) -> Map<String, Value> {
        let given = |property: &str| properties.get(property).cloned();
        let named: BTreeMap<&str, Option<Value>> = match kind.name {
            "AWS::CloudWatch::Alarm" => [("AlarmName", Some(json!(name))), ("AlarmNames", Some(json!(name)))].into(),
            "AWS::Events::Rule" => {
                let pattern =
                    given("EventPattern").map(|pattern| json!(plain(&pattern).unwrap_or_else(|| pattern.to_string())));
                [("Name", Some(json!(name))), ("Rule", Some(json!(name))), ("EventPattern", pattern)].into()
            }
            "AWS::FIS::ExperimentTemplate" => {
                let actions = properties.get("Actions").and_then(Value::as_object).into_iter().flatten();
                let ids = actions.map(|(action, it)| (action.clone(), json!({ "actionId": it.get("ActionId") })));
                [("{}", Some(json!(name))), ("roleArn", given("RoleArn")), ("actions", Some(ids.collect()))].into()
            }
            "AWS::IAM::ManagedPolicy" => {
                let name_alone = name.rsplit('/').next().unwrap_or(name);
                let arn = if name.starts_with("arn:") { name.to_owned() } else { self.iam_arn("policy", "/", name) };
                [("PolicyName", Some(json!(name_alone))), ("PolicyArn", Some(json!(arn))), ("RoleName", given("Roles"))]
                    .into()
            }
            "AWS::IAM::Policy" => [("RoleName", given("Roles"))].into(),
            "AWS::IAM::Role" => {
                let path = properties.get("Path").and_then(Value::as_str).unwrap_or("/");
                [("RoleName", Some(json!(self.iam_arn("role", path, name))))].into()
            }
            "AWS::Lambda::Permission" => [("{}", given("FunctionName"))].into(),
            "AWS::Lambda::Function" => {
                [("FunctionName", Some(json!(name))), ("{}", Some(json!(name))), ("Role", given("Role"))].into()
            }
            "AWS::Logs::LogGroup" => [("logGroupName", Some(json!(name)))].into(),
            "AWS::SecretsManager::Secret" => [("Name", Some(json!(name))), ("SecretId", Some(json!(name)))].into(),
            _ => BTreeMap::new(),
        };
        named.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
    }
}
