//! Listings: whatever the size of a page, each item is on one of them, once and in the order of the whole.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use spotdrill::lab::promises;

use super::{
    wire::{call, done, texts},
    *,
};

/// What an operation is asked besides for pages; the smallest page it gives; where its items are: a member of JSON, or the
/// elements of XML whose texts name one together.
type Listing = (&'static str, &'static str, &'static str, usize, &'static [&'static str]);

#[rustfmt::skip]
const LISTINGS: &[(&str, Listing)] = &[
    ("autoscaling", ("DescribeAutoScalingGroups", "{}", "MaxRecords", 1, &["AutoScalingGroupARN"])),
    ("autoscaling", ("DescribeAutoScalingInstances", "{}", "MaxRecords", 1, &["InstanceId"])),
    ("autoscaling", ("DescribeScalingActivities", "{}", "MaxRecords", 1, &["ActivityId"])),
    ("cloudformation", ("DescribeStackResourceDrifts", r#"{"StackName": "paged"}"#, "MaxResults", 1, &["LogicalResourceId"])),
    ("monitoring", ("DescribeAlarmHistory", "{}", "MaxRecords", 1, &["AlarmHistoryItems"])),
    ("monitoring", ("DescribeAlarms", "{}", "MaxRecords", 1, &["MetricAlarms"])),
    ("ec2", ("DescribeInstanceStatus", "{}", "MaxResults", 5, &["instanceId"])),
    ("ec2", ("DescribeInstances", "{}", "MaxResults", 5, &["instanceId"])),
    ("ec2", ("DescribeLaunchTemplateVersions", r#"{"LaunchTemplateName": "paged-0"}"#, "MaxResults", 1, &["versionNumber"])),
    ("ec2", ("DescribeLaunchTemplates", "{}", "MaxResults", 1, &["launchTemplateId"])),
    ("ec2", ("DescribeSpotInstanceRequests", "{}", "MaxResults", 5, &["spotInstanceRequestId"])),
    ("ec2", ("DescribeSpotPriceHistory", r#"{"StartTime": "2026-11-22T00:00:00Z"}"#, "MaxResults", 1, &["instanceType", "availabilityZone", "timestamp"])),
    ("ec2", ("DescribeTags", "{}", "MaxResults", 5, &["resourceId", "key"])),
    ("eks", ("GET /clusters", "{}", "maxResults", 1, &["clusters"])),
    ("eks", ("GET /clusters/shop/node-groups", "{}", "maxResults", 1, &["nodegroups"])),
    ("events", ("ListRuleNamesByTarget", r#"{"TargetArn": "arn:aws:logs:eu-west-1:000000000000:log-group:/paged"}"#, "Limit", 1, &["RuleNames"])),
    ("events", ("ListRules", "{}", "Limit", 1, &["Rules"])),
    ("events", ("ListTargetsByRule", r#"{"Rule": "r0"}"#, "Limit", 1, &["Targets"])),
    ("fis", ("GET /actions", "{}", "maxResults", 1, &["actions"])),
    ("fis", ("GET /experimentTemplates", "{}", "maxResults", 1, &["experimentTemplates"])),
    ("fis", ("GET /experiments", "{}", "maxResults", 1, &["experiments"])),
    ("fis", ("GET /experiments/{}/resolvedTargets", "{}", "maxResults", 1, &["resolvedTargets"])),
    ("fis", ("GET /targetResourceTypes", "{}", "maxResults", 1, &["targetResourceTypes"])),
    ("iam", ("ListAttachedRolePolicies", r#"{"RoleName": "paged"}"#, "MaxItems", 1, &["PolicyArn"])),
    ("iam", ("ListPolicies", "{}", "MaxItems", 1, &["PolicyId"])),
    ("iam", ("ListRolePolicies", r#"{"RoleName": "paged"}"#, "MaxItems", 1, &["member"])),
    ("iam", ("ListRoleTags", r#"{"RoleName": "paged"}"#, "MaxItems", 1, &["Key"])),
    ("iam", ("ListRoles", "{}", "MaxItems", 1, &["RoleId"])),
    ("iam", ("SimulateCustomPolicy", SIMULATED, "MaxItems", 1, &["EvalActionName"])),
    ("iam", ("SimulatePrincipalPolicy", SIMULATED_ROLE, "MaxItems", 1, &["EvalActionName"])),
    ("lambda", ("GET /2015-03-31/functions", "{}", "MaxItems", 1, &["Functions"])),
    ("logs", ("DescribeLogGroups", "{}", "limit", 1, &["logGroups"])),
    ("logs", ("DescribeLogStreams", r#"{"logGroupName": "/paged"}"#, "limit", 1, &["logStreams"])),
    ("logs", ("DescribeResourcePolicies", "{}", "limit", 1, &["resourcePolicies"])),
    ("logs", ("FilterLogEvents", r#"{"logGroupName": "/paged"}"#, "limit", 1, &["events"])),
    ("logs", ("GetLogEvents", r#"{"logGroupName": "/paged", "logStreamName": "s0", "startFromHead": true}"#, "limit", 1, &["events"])),
    ("ssm", ("GetParametersByPath", r#"{"Path": "/paged"}"#, "MaxResults", 1, &["Parameters"])),
    ("secretsmanager", ("ListSecrets", "{}", "MaxResults", 1, &["SecretList"])),
    ("servicequotas", ("ListServiceQuotas", r#"{"ServiceCode": "fis"}"#, "MaxResults", 1, &["Quotas"])),
];

/// How the operations with paths are called in the table of the lab.
const NAMES: [(&str, &str); 8] = [
    ("GET /clusters", "ListClusters"),
    ("GET /clusters/shop/node-groups", "ListNodegroups"),
    ("GET /actions", "ListActions"),
    ("GET /experimentTemplates", "ListExperimentTemplates"),
    ("GET /experiments", "ListExperiments"),
    ("GET /experiments/{}/resolvedTargets", "ListExperimentResolvedTargets"),
    ("GET /targetResourceTypes", "ListTargetResourceTypes"),
    ("GET /2015-03-31/functions", "ListFunctions"),
];

const SIMULATED: &str = r#"{"ActionNames.member.1": "ec2:RunInstances", "ActionNames.member.2": "ec2:CreateTags",
    "ActionNames.member.3": "fis:StartExperiment", "PolicyInputList.member.1":
    "{\"Version\": \"2012-10-17\", \"Statement\": [{\"Effect\": \"Allow\", \"Action\": \"ec2:*\", \"Resource\": \"*\"}]}"}"#;
const SIMULATED_ROLE: &str = r#"{"ActionNames.member.1": "ec2:RunInstances", "ActionNames.member.2": "ec2:CreateTags",
    "ActionNames.member.3": "fis:StartExperiment", "PolicySourceArn": "arn:aws:iam::000000000000:role/paged"}"#;

const SIZES: [&str; 6] = ["MaxResults", "maxResults", "Limit", "limit", "MaxItems", "MaxRecords"];
const SCENARIO: &str = r#"
    description = "x"
    region = "eu-west-1"
    [[group]]
    kind = "eks-nodegroup"
    name = "one"
    cluster = "shop"
    count = 5
    instance_types = ["m6i.large", "m5.large"]
    [[group]]
    kind = "eks-nodegroup"
    name = "two"
    cluster = "shop"
    count = 4
    [[group]]
    kind = "eks-nodegroup"
    name = "three"
    cluster = "other"
    count = 3
"#;

#[test]
fn every_operation_that_takes_the_size_of_a_page_is_paged_here() {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut promised = BTreeSet::new();
    for service in promises::json().as_array().unwrap() {
        for operation in service["operations"].as_array().unwrap() {
            if operation["takes"].as_array().unwrap().iter().any(|input| SIZES.contains(&input.as_str().unwrap())) {
                promised.insert((text(&service["service"]), text(&operation["name"])));
            }
        }
    }
    let name = |call: &str| {
        NAMES.iter().find(|(path, _)| *path == call).map_or(call.to_owned(), |(_, name)| (*name).to_owned())
    };
    let paged: BTreeSet<_> =
        LISTINGS.iter().map(|(service, listing)| ((*service).to_owned(), name(listing.0))).collect();
    assert_eq!(paged, promised);
}

/// A region with several of everything that can be listed; the id of an experiment.
async fn full() -> (Region, String) {
    let region = Region::of(Scenario::parse("paged", SCENARIO).unwrap());
    let (lab, ids) = (Arc::clone(&region.lab), region.instances().await);
    let ids: Vec<_> = ids.iter().take(3).map(|one| one.instance_id().unwrap()).collect();
    let mut experiment = String::new();
    for number in 0..3 {
        let template = region.template(&ids, "PT2M", &format!("t{number}")).await.unwrap();
        experiment = region.start(&template, &format!("s{number}")).await.unwrap();
    }
    region.pass(600).await;

    let (document, allow) = (r#"{"Version": "2012-10-17", "Statement": []}"#, r#""Effect": "Allow", "Action""#);
    let trust = format!(
        r#"{{"Version": "2012-10-17", "Statement": [{{{allow}: "sts:AssumeRole", "Principal": {{"Service": "lambda.amazonaws.com"}}}}]}}"#
    );
    let policy = format!(r#"{{"Version": "2012-10-17", "Statement": [{{{allow}: "ec2:*", "Resource": "*"}}]}}"#);
    let role = json!({ "RoleName": "paged", "AssumeRolePolicyDocument": trust });
    done(&lab, "iam", "CreateRole", role).await;
    let function = json!({ "Type": "AWS::Lambda::Function", "Properties": {
        "Handler": "index.handler", "Runtime": "python3.13", "Role": "arn:aws:iam::000000000000:role/paged",
        "Code": { "ZipFile": "# send-slack-spot-event\n" },
    } });
    let stack = json!({ "Resources": { "A": function, "B": function, "C": { "Type": "AWS::Logs::LogGroup" } } });
    done(&lab, "cloudformation", "CreateStack", json!({ "StackName": "paged", "TemplateBody": stack.to_string() }))
        .await;
    let group = "/paged";
    done(&lab, "logs", "CreateLogGroup", json!({ "logGroupName": group })).await;
    for number in 0..4 {
        let (role, stream) =
            (json!({ "RoleName": "paged" }), json!({ "logGroupName": group, "logStreamName": format!("s{number}") }));
        let with = |of: &Value, more: Value| {
            let both = of.as_object().unwrap().iter().chain(more.as_object().unwrap());
            both.map(|(key, value)| (key.clone(), value.clone())).collect::<Value>()
        };
        let name = format!("p{number}");
        done(&lab, "iam", "PutRolePolicy", with(&role, json!({ "PolicyName": name, "PolicyDocument": policy }))).await;
        done(&lab, "iam", "CreatePolicy", json!({ "PolicyName": name, "PolicyDocument": policy })).await;
        let arn = format!("arn:aws:iam::000000000000:policy/{name}");
        done(&lab, "iam", "AttachRolePolicy", with(&role, json!({ "PolicyArn": arn }))).await;
        done(&lab, "iam", "TagRole", with(&role, json!({ "Tags.member.1.Key": name, "Tags.member.1.Value": "v" })))
            .await;
        done(&lab, "logs", "CreateLogStream", stream.clone()).await;
        let now = region.clock.now().as_millisecond();
        let events: Vec<_> =
            (0..3).map(|event| json!({ "timestamp": now, "message": format!("{number} {event}") })).collect();
        done(&lab, "logs", "PutLogEvents", with(&stream, json!({ "logEvents": events }))).await;
        done(&lab, "logs", "PutResourcePolicy", json!({ "policyName": name, "policyDocument": document })).await;
        let rule = format!("r{number}");
        done(&lab, "events", "PutRule", json!({ "Name": rule, "EventPattern": r#"{"source": ["paged"]}"# })).await;
        let arn = format!("arn:aws:logs:{REGION}:000000000000:log-group:{group}");
        let targets: Vec<_> = (0..3).map(|target| json!({ "Id": target.to_string(), "Arn": arn })).collect();
        done(&lab, "events", "PutTargets", json!({ "Rule": rule, "Targets": targets })).await;
        done(&lab, "secretsmanager", "CreateSecret", json!({ "Name": name, "SecretString": "s" })).await;
        let parameter = json!({ "Name": format!("/paged/{name}"), "Value": "v", "Type": "String" });
        done(&lab, "ssm", "PutParameter", parameter).await;
        let alarm = json!({ "AlarmName": name, "Namespace": "Shop", "MetricName": "Errors", "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold" });
        done(&lab, "monitoring", "PutMetricAlarm", alarm).await;
        let data =
            json!({ "LaunchTemplateName": format!("paged-{number}"), "LaunchTemplateData.InstanceType": "m5.large" });
        done(&lab, "ec2", "CreateLaunchTemplate", data).await;
        let data = json!({ "LaunchTemplateName": "paged-0", "LaunchTemplateData.InstanceType": "m5.large" });
        done(&lab, "ec2", "CreateLaunchTemplateVersion", data).await;
    }
    region.pass(120).await;
    done(&lab, "cloudformation", "DetectStackDrift", json!({ "StackName": "paged" })).await;
    region.pass(60).await;
    (region, experiment)
}

/// The items of an answer, each by what names it, and the token of the next page.
fn read(body: &str, items: &[&str]) -> (Vec<String>, Option<String>) {
    if let Ok(answer) = serde_json::from_str::<Value>(body) {
        let found = answer[items[0]].as_array().unwrap_or_else(|| panic!("no {}: {answer}", items[0]));
        let next =
            ["nextToken", "NextToken", "NextMarker", "nextForwardToken"].iter().find_map(|name| answer[name].as_str());
        return (found.iter().map(Value::to_string).collect(), next.map(str::to_owned));
    }
    let columns: Vec<_> = items.iter().map(|name| texts(body, name)).collect();
    let row = |at: usize| columns.iter().map(|column| column[at].clone()).collect::<Vec<_>>().join(" ");
    let next = ["nextToken", "NextToken", "Marker"].iter().find_map(|name| texts(body, name).pop());
    ((0..columns[0].len()).map(row).collect(), next.filter(|token| !token.is_empty()))
}

fn token_name(service: &str) -> &'static str {
    match service {
        "eks" | "fis" | "logs" => "nextToken",
        "iam" | "lambda" => "Marker",
        _ => "NextToken",
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_the_size_of_a_page_each_item_is_on_one_of_them() {
    let (region, experiment) = full().await;
    for (service, (operation, input, limit, least, items)) in LISTINGS {
        let operation = operation.replace("{}", &experiment);
        let mut input: Value = serde_json::from_str(input).unwrap();
        let (status, body) = call(&region.lab, service, &operation, &input).await;
        assert_eq!(status, 200, "{service} {operation}: {body}");
        let (whole, more) = read(&body, items);
        assert!(more.is_none() || operation == "GetLogEvents", "{service} {operation} has more than one answer holds");
        let distinct: BTreeSet<_> = whole.iter().collect();
        assert_eq!(distinct.len(), whole.len(), "{service} {operation}: {whole:#?}");
        assert!(whole.len() > *least, "{service} {operation} has too few to page: {whole:?}");
        for size in [*least, least + 1, whole.len() - 1, whole.len(), whole.len() + 1] {
            input[limit] = size.max(*least).into();
            let (mut found, mut token) = (Vec::new(), None);
            loop {
                input.as_object_mut().unwrap().remove(token_name(service));
                if let Some(token) = &token {
                    input[token_name(service)] = Value::from(String::clone(token));
                }
                let (status, body) = call(&region.lab, service, &operation, &input).await;
                assert_eq!(status, 200, "{service} {operation} {input}: {body}");
                let (page, next) = read(&body, items);
                assert!(page.len() <= size.max(*least), "{service} {operation} {input}: {page:?}");
                found.extend(page);
                // GetLogEvents ends with the token that it was asked with.
                if next.is_none() || next == token {
                    break;
                }
                token = next;
                assert!(found.len() <= whole.len(), "{service} {operation} goes on for ever");
            }
            assert_eq!(found, whole, "{service} {operation} in pages of {size}");
        }
    }
}
