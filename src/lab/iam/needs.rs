//! What a call needs to be allowed: actions, on which resources, under which conditions. Knows no role and no policy.
//!
//! An operation that is in no table needs its own action on `*`. Where AWS checks more resources than these (RunInstances
//! its subnets and volumes), the lab checks those that are named here.

use serde_json::{Map, Value};

use crate::lab::{policy::Context, routing::Call, service::Service, world::World};

type Inputs = Map<String, Value>;

/// One thing that must be allowed.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::lab) struct Need {
    pub(in crate::lab) action: String,
    pub(in crate::lab) resource: String,
    pub(in crate::lab) context: Context,
}

/// Service, operations, and what they are about: an ARN from its sixth part on, with `{Input}` or `{one|other}` for the
/// values of an input (`{{}}` for a path's label). Each that is given makes a resource; an ARN is taken as it is.
#[rustfmt::skip]
const ABOUT: &[(&str, &[&str], &str)] = &[
    ("cloudformation", &["CreateStack", "UpdateStack", "DeleteStack", "CreateChangeSet", "DescribeChangeSet", "ExecuteChangeSet", "DeleteChangeSet", "DescribeStacks", "DescribeStackEvents", "DescribeStackResource", "DescribeStackResources", "ListStackResources", "ListChangeSets", "GetTemplate", "DetectStackDrift", "DescribeStackResourceDrifts"], "stack/{StackName}/*"),
    ("cloudwatch", &["PutMetricAlarm", "SetAlarmState"], "alarm:{AlarmName}"),
    ("cloudwatch", &["DeleteAlarms"], "alarm:{AlarmNames}"),
    ("cloudwatch", &["DescribeAlarms"], "alarm:*"),
    ("ec2", &["TerminateInstances", "StopInstances", "StartInstances", "RebootInstances"], "instance/{InstanceId}"),
    ("ec2", &["RunInstances", "CreateFleet"], "instance/*"),
    ("ec2", &["CancelSpotInstanceRequests"], "spot-instances-request/{SpotInstanceRequestId}"),
    ("ec2", &["CreateTags", "DeleteTags"], "{ResourceId}"),
    ("eks", &["DescribeNodegroup", "ListNodegroups", "DescribeCluster"], "cluster/{{}}"),
    ("events", &["PutRule", "DescribeRule", "DeleteRule", "EnableRule", "DisableRule"], "rule/{Name}"),
    ("events", &["PutTargets", "RemoveTargets", "ListTargetsByRule"], "rule/{Rule}"),
    ("events", &["PutEvents"], "event-bus/default"),
    ("events", &["TagResource", "UntagResource", "ListTagsForResource"], "{ResourceARN}"),
    ("fis", &["CreateExperimentTemplate", "UpdateExperimentTemplate"], "action/{actions}"),
    ("fis", &["CreateExperimentTemplate"], "experiment-template/*"),
    ("fis", &["GetExperimentTemplate", "UpdateExperimentTemplate", "DeleteExperimentTemplate"], "experiment-template/{{}}"),
    ("fis", &["StartExperiment"], "experiment-template/{experimentTemplateId}"),
    ("fis", &["StartExperiment"], "experiment/*"),
    ("fis", &["GetExperiment", "StopExperiment", "ListExperimentResolvedTargets"], "experiment/{{}}"),
    ("fis", &["GetAction"], "action/{{}}"),
    ("fis", &["GetSafetyLever", "UpdateSafetyLeverState"], "safety-lever/{{}}"),
    ("fis", &["TagResource", "UntagResource", "ListTagsForResource"], "{{}}"),
    ("iam", &["CreateRole", "GetRole", "UpdateRole", "UpdateAssumeRolePolicy", "DeleteRole", "PutRolePolicy", "GetRolePolicy", "ListRolePolicies", "DeleteRolePolicy", "AttachRolePolicy", "DetachRolePolicy", "ListAttachedRolePolicies", "TagRole", "UntagRole", "ListRoleTags"], "role/{RoleName}"),
    ("iam", &["CreateServiceLinkedRole"], "role/aws-service-role/{AWSServiceName}/AWSServiceRoleForFIS"),
    ("iam", &["GetPolicy", "GetPolicyVersion", "CreatePolicyVersion", "DeletePolicy"], "{PolicyArn}"),
    ("iam", &["CreatePolicy"], "policy/{PolicyName}"),
    ("iam", &["SimulatePrincipalPolicy"], "{PolicySourceArn}"),
    ("lambda", &["GetFunction", "GetFunctionConfiguration", "DeleteFunction", "InvokeFunction", "AddPermission", "RemovePermission", "GetPolicy", "UpdateFunctionCode", "UpdateFunctionConfiguration", "TagResource"], "function:{{}}"),
    ("lambda", &["CreateFunction"], "function:{FunctionName}"),
    ("logs", &["CreateLogGroup", "DeleteLogGroup", "DescribeLogStreams", "PutRetentionPolicy", "StartLiveTail"], "log-group:{logGroupName|logGroupIdentifier|logGroupIdentifiers}:*"),
    ("logs", &["TagResource", "UntagResource", "ListTagsForResource"], "{resourceArn}"),
    ("logs", &["FilterLogEvents"], "log-group:{logGroupName|logGroupIdentifier}:log-stream:"),
    ("logs", &["CreateLogStream", "DeleteLogStream", "GetLogEvents", "PutLogEvents"], "log-group:{logGroupName|logGroupIdentifier}:log-stream:*"),
    ("secretsmanager", &["CreateSecret"], "secret:{Name}"),
    ("secretsmanager", &["PutSecretValue", "UpdateSecret", "GetSecretValue", "DescribeSecret", "DeleteSecret", "RestoreSecret", "TagResource", "UntagResource"], "secret:{SecretId}"),
    ("servicequotas", &["GetServiceQuota"], "{ServiceCode}/{QuotaCode}"),
    ("ssm", &["GetParameter", "PutParameter", "DeleteParameter"], "parameter{Name}"),
    ("ssm", &["GetParameters"], "parameter{Names}"),
    ("ssm", &["GetParametersByPath"], "parameter{Path}"),
    ("ssm", &["AddTagsToResource", "RemoveTagsFromResource", "ListTagsForResource"], "parameter{ResourceId}"),
    ("sts", &["AssumeRole"], "{RoleArn}"),
];

/// Operations that hand a role to a service: the input with the role's ARN, and to whom it goes.
#[rustfmt::skip]
const PASSED: &[(&str, &[&str], &str, &str)] = &[
    ("cloudformation", &["CreateStack", "UpdateStack", "CreateChangeSet"], "RoleARN", "cloudformation.amazonaws.com"),
    ("events", &["PutRule"], "RoleArn", "events.amazonaws.com"),
    ("fis", &["CreateExperimentTemplate", "UpdateExperimentTemplate"], "roleArn", "fis.amazonaws.com"),
    ("lambda", &["CreateFunction", "UpdateFunctionConfiguration"], "Role", "lambda.amazonaws.com"),
];

/// Operations that need a second action if they are given tags.
#[rustfmt::skip]
const TAGGED: &[(&str, &[&str], &str)] = &[
    ("ec2", &["RunInstances", "CreateFleet"], "ec2:CreateTags"),
    ("events", &["PutRule"], "events:TagResource"),
    ("fis", &["CreateExperimentTemplate", "StartExperiment"], "fis:TagResource"),
    ("iam", &["CreateRole"], "iam:TagRole"),
    ("iam", &["CreatePolicy"], "iam:TagPolicy"),
    ("lambda", &["CreateFunction"], "lambda:TagResource"),
    ("logs", &["CreateLogGroup"], "logs:TagResource"),
    ("secretsmanager", &["CreateSecret"], "secretsmanager:TagResource"),
    ("ssm", &["PutParameter"], "ssm:AddTagsToResource"),
];

/// The action of an operation as policies name it: most services go by what they sign for.
pub(in crate::lab) fn action(service: &Service, operation: &str) -> String {
    format!("{}:{}", prefix(service), name(service, operation))
}

/// What a call needs, in the order in which it is looked for; nothing if anyone may.
pub(super) fn of(world: &World, service: &Service, call: &Call, common: &Context) -> Vec<Need> {
    of_operation(world, (prefix(service), name(service, call.name())), &call.inputs(), common)
}

/// The same of an operation by its action's two parts, with inputs as they are on the wire.
pub(in crate::lab) fn of_operation(
    world: &World,
    (prefix, name): (&str, &str),
    inputs: &Inputs,
    common: &Context,
) -> Vec<Need> {
    let own = format!("{prefix}:{name}");
    match own.as_str() {
        "sts:GetCallerIdentity" => return Vec::new(),
        "events:PutEvents" => return of_events(world, inputs, common),
        _ => {}
    }
    let tags = tags(inputs);
    let mut common = common.clone();
    common.extend(
        tags.iter().map(|(key, value)| (format!("aws:requesttag/{}", key.to_lowercase()), vec![value.clone()])),
    );
    if !tags.is_empty() {
        common.insert("aws:tagkeys".to_owned(), tags.iter().map(|(key, _)| key.clone()).collect());
    }
    let pattern = inputs.get("EventPattern").and_then(Value::as_str).and_then(|text| serde_json::from_str(text).ok());
    common.extend(about_events(&pattern.unwrap_or_default(), ["source", "detail-type"]));
    common.extend(inputs.get("AWSServiceName").map(|value| ("iam:awsservicename".to_owned(), texts(value))));
    let need = |action: &str, resource: String| {
        let mut context = common.clone();
        for (key, value) in world.tags_of(&resource).into_iter().flatten() {
            context.insert(format!("aws:resourcetag/{}", key.to_lowercase()), vec![value.to_owned()]);
        }
        Need { action: action.to_owned(), resource, context }
    };
    let about = ABOUT.iter().filter(|(of, operations, _)| *of == prefix && operations.contains(&name));
    let mut resources: Vec<String> = about.flat_map(|(_, _, form)| resources(world, prefix, form, inputs)).collect();
    if resources.is_empty() {
        let of_change_set = (prefix == "cloudformation").then(|| stack_of_change_set(world, inputs)).flatten();
        resources.push(of_change_set.unwrap_or_else(|| "*".to_owned()));
    }
    let mut needs: Vec<Need> = resources.iter().map(|resource| need(&own, resource.clone())).collect();
    for (_, _, input, to) in PASSED.iter().filter(|(of, operations, ..)| *of == prefix && operations.contains(&name)) {
        for role in values(inputs, input) {
            let mut pass = need("iam:PassRole", role);
            pass.context.insert("iam:passedtoservice".to_owned(), vec![(*to).to_owned()]);
            needs.push(pass);
        }
    }
    if own == "fis:StartExperiment" && !world.has_fis_linked_role() {
        let role = world.iam_arn("role", "/aws-service-role/fis.amazonaws.com/", "AWSServiceRoleForFIS");
        let mut linked = need("iam:CreateServiceLinkedRole", role);
        linked.context.insert("iam:awsservicename".to_owned(), vec!["fis.amazonaws.com".to_owned()]);
        needs.push(linked);
    }
    if !tags.is_empty() {
        let tagged = TAGGED.iter().filter(|(of, operations, _)| *of == prefix && operations.contains(&name));
        // FIS's actions have no tags that a request could set, and a template that is started keeps its own.
        let made = resources.iter().filter(|resource| prefix != "fis" || resource.ends_with("/*"));
        needs.extend(tagged.flat_map(|(_, _, action)| made.clone().map(|resource| need(action, resource.clone()))));
    }
    needs
}

/// What a change set is about that is named by its ARN alone.
fn stack_of_change_set(world: &World, inputs: &Inputs) -> Option<String> {
    let set = inputs.get("ChangeSetName")?.as_str()?;
    world.stacks.values().find(|stack| stack.change_sets.contains_key(set)).map(|stack| stack.id.clone())
}

/// Each entry of PutEvents on its own, for conditions can be on what it says.
fn of_events(world: &World, inputs: &Inputs, common: &Context) -> Vec<Need> {
    let entries = inputs.get("Entries").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let need = |entry: &Value| {
        let mut context = common.clone();
        context.extend(about_events(entry, ["Source", "DetailType"]));
        Need { action: "events:PutEvents".to_owned(), resource: world.arn("events", "event-bus/default"), context }
    };
    entries.iter().map(need).collect()
}

/// What EventBridge tells of events, or of a pattern for them, by the names of the members that say it.
fn about_events(value: &Value, [source, kind]: [&str; 2]) -> Context {
    let said = [("events:source", source), ("events:detail-type", kind)].into_iter();
    said.filter_map(|(key, member)| Some((key.to_owned(), texts(value.get(member)?)))).collect()
}

fn prefix(service: &Service) -> &'static str {
    match service.signing_name {
        "monitoring" => "cloudwatch",
        other => other,
    }
}

fn name<'a>(service: &Service, operation: &'a str) -> &'a str {
    match (service.signing_name, operation) {
        ("lambda", "Invoke") => "InvokeFunction",
        (_, operation) => operation,
    }
}

/// The resources that a form of [`ABOUT`] stands for with these inputs.
fn resources(world: &World, service: &str, form: &str, inputs: &Inputs) -> Vec<String> {
    let holes = form.split_once('{').and_then(|(before, rest)| {
        let end = if rest.starts_with('{') { "}}" } else { "}" };
        let (names, after) = rest.split_once(end)?;
        Some((before, if end == "}}" { "{}" } else { names }, after))
    });
    let Some((before, names, after)) = holes else { return vec![world.arn(service, form)] };
    let given = names.split('|').flat_map(|name| values(inputs, name));
    let after = match after.split_once('{').and_then(|(start, rest)| Some((start, rest.split_once('}')?))) {
        Some((start, (name, end))) => format!("{start}{}{end}", values(inputs, name).concat()),
        None => after.to_owned(),
    };
    given.map(|value| resource(world, service, before, &value, &after)).collect()
}

fn resource(world: &World, service: &str, before: &str, value: &str, after: &str) -> String {
    if value.starts_with("arn:") {
        return format!("{}{after}", value.strip_suffix(":*").unwrap_or(value));
    }
    match service {
        "iam" => {
            let (kind, place) = before.split_once('/').unwrap_or((before, ""));
            let path = world.roles.get(value).filter(|_| kind == "role").map_or("/", |role| &role.path);
            format!("{}{after}", world.iam_arn(kind, &format!("{path}{place}"), value))
        }
        "secretsmanager" => world.secret_resource(value),
        // a version of it is no resource of its own
        "ssm" => world.parameter_arn(value.split(':').next().unwrap_or(value)),
        "ec2" if before.is_empty() => {
            let kind = match value.split('-').next() {
                Some("i") => "instance",
                Some("sir") => "spot-instances-request",
                Some("lt") => "launch-template",
                Some("fleet") => "fleet",
                Some("vol") => "volume",
                _ => "*",
            };
            world.arn(service, &format!("{kind}/{value}"))
        }
        _ => world.arn(service, &format!("{before}{value}{after}")),
    }
}

/// The texts of an input: one, those of a list, or those of a form's `Name.1` or `Name.member.1`.
fn values(inputs: &Inputs, name: &str) -> Vec<String> {
    match inputs.get(name) {
        Some(Value::Object(actions)) => {
            actions.values().filter_map(|action| action.get("actionId")).flat_map(texts).collect()
        }
        Some(value) => texts(value),
        None => {
            let listed = |field: &&String| field.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
            inputs.iter().filter(|(field, _)| listed(field)).flat_map(|(_, value)| texts(value)).collect()
        }
    }
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(values) => values.iter().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

/// The tags of a request, in whichever of AWS's ways they are written.
fn tags(inputs: &Inputs) -> Vec<(String, String)> {
    let mut tags = Vec::new();
    for (name, value) in inputs {
        match value {
            Value::Object(pairs) if name == "tags" || name == "Tags" => {
                tags.extend(
                    pairs.iter().flat_map(|(key, value)| texts(value).into_iter().map(|value| (key.clone(), value))),
                );
            }
            Value::Array(pairs) if name == "Tags" => {
                let text = |pair: &Value, name: &str| pair.get(name).and_then(Value::as_str).map(str::to_owned);
                tags.extend(pairs.iter().filter_map(|pair| Some((text(pair, "Key")?, text(pair, "Value")?))));
            }
            Value::String(key) if name.starts_with("Tag") && name.ends_with(".Key") => {
                let value = inputs.get(&format!("{}.Value", name.trim_end_matches(".Key")));
                tags.extend(value.map(|value| (key.clone(), texts(value).concat())));
            }
            _ => {}
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::Request;

    use super::*;
    use crate::lab::{fis, iam, logs, routing, scenario::Scenario};

    /// Each need of a call, as `action resource`.
    fn needs(service: &Service, method: &str, uri: &str, target: &str, body: &str) -> Vec<String> {
        let mut world = World::open(Scenario::named("tiny").unwrap(), "2026-11-22T12:00:00Z".parse().unwrap(), 1);
        world.create_fis_linked_role(None);
        let request = Request::builder().method(method).uri(uri).header("x-amz-target", target);
        let request = request.body(Bytes::from(body.to_owned())).unwrap();
        let call = routing::parsed(service, &request).unwrap();
        let of = of(&world, service, &call, &Context::new());
        of.into_iter().map(|need| format!("{} {}", need.action, need.resource)).collect()
    }

    #[test]
    fn a_template_needs_its_actions_its_role_and_its_tags() {
        let body =
            r#"{"roleArn":"arn:aws:iam::0:role/r","tags":{"a":"b"},"actions":{"x":{"actionId":"aws:fis:wait"}}}"#;
        insta::assert_snapshot!(needs(&fis::SERVICE, "POST", "/experimentTemplates", "", body).join("\n"), @"
        fis:CreateExperimentTemplate arn:aws:fis:eu-west-1:000000000000:action/aws:fis:wait
        fis:CreateExperimentTemplate arn:aws:fis:eu-west-1:000000000000:experiment-template/*
        iam:PassRole arn:aws:iam::0:role/r
        fis:TagResource arn:aws:fis:eu-west-1:000000000000:experiment-template/*
        ");
    }

    #[test]
    fn an_experiment_needs_its_template_and_itself() {
        let body = r#"{"experimentTemplateId":"EXT1"}"#;
        insta::assert_snapshot!(needs(&fis::SERVICE, "POST", "/experiments", "", body).join("\n"), @"
        fis:StartExperiment arn:aws:fis:eu-west-1:000000000000:experiment-template/EXT1
        fis:StartExperiment arn:aws:fis:eu-west-1:000000000000:experiment/*
        ");
        insta::assert_snapshot!(needs(&fis::SERVICE, "DELETE", "/experiments/EXP1", "", "").join("\n"), @"fis:StopExperiment arn:aws:fis:eu-west-1:000000000000:experiment/EXP1");
        insta::assert_snapshot!(needs(&fis::SERVICE, "GET", "/experiments", "", "").join("\n"), @"fis:ListExperiments *");
    }

    #[test]
    fn a_log_group_may_be_named_or_be_an_arn() {
        let find = |body: &str| needs(&logs::SERVICE, "POST", "/", "Logs_20140328.StartLiveTail", body).join("\n");
        let arn = r#"{"logGroupIdentifiers":["arn:aws:logs:eu-west-1:000000000000:log-group:g","arn:aws:logs:eu-west-1:000000000000:log-group:h:*"]}"#;
        insta::assert_snapshot!(find(arn), @"
        logs:StartLiveTail arn:aws:logs:eu-west-1:000000000000:log-group:g:*
        logs:StartLiveTail arn:aws:logs:eu-west-1:000000000000:log-group:h:*
        ");
    }

    #[test]
    fn a_role_is_named_with_its_path() {
        let path = "RoleName=AWSServiceRoleForFIS&Action=GetRole";
        insta::assert_snapshot!(needs(&iam::SERVICE, "POST", "/", "", path).join("\n"), @"iam:GetRole arn:aws:iam::000000000000:role/aws-service-role/fis.amazonaws.com/AWSServiceRoleForFIS");
    }
}
