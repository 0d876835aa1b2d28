"""The same boto3 script against moto and against the lab, wherever both play an operation: what do they say otherwise?

It proves that the lab is not alone with its reading of AWS: another emulator, written by others from the same documents,
answers with the same members and the same words, or the difference is listed in DIFFERENCES with its reason. A difference
that is not listed fails, and so does one that is listed and is not there any more.

Ids, times and what else must differ are replaced by their kind before the comparison. An operation that the lab does not
have is skipped, and said so.
"""

import json
import re
import sys
from datetime import datetime

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, EventStreamError

import checks
import moto
from checks import DUMMY, REGION, check, run, serve_lab, until

# (call, where in the answer, by its beginning): why the lab says it otherwise than moto.
UNPLAYED = (
    "BlockDeviceMappings",
    "EbsOptimized",
    "HibernationOptions",
    "Hypervisor",
    "MetadataOptions",
    "NetworkInterfaces",
    "ProductCodes",
    "PublicIpAddress",
    "SecurityGroups",
    "SourceDestCheck",
    "SriovNetSupport",
)
DIFFERENCES = {
    ("ec2 run", f"Instances[0].{member}"): "the lab plays no volumes, networks or hardware; moto fills in examples"
    for member in UNPLAYED
} | {
    ("ec2 run", "Instances[0].Placement"): "the lab chooses a zone for balance, and says its id",
    ("ec2 run", "Instances[0].Platform"): "the lab's images are Linux, and have no Platform; moto's is Windows",
    ("ec2 run", "Instances[0].PublicDnsName"): "the lab's instances have no public address",
    ("ec2 run", "Instances[0].RootDeviceName"): "Amazon Linux's, where moto has its Windows image's",
    ("ec2 run", "Instances[0].SpotInstanceRequestId"): "moto makes no spot request for RunInstances; EC2 does",
    ("ec2 run", "Instances[0].StateReason"): "EC2 gives a reason only where there is one; moto an empty one",
    ("ec2 terminate", "TerminatingInstances[0].PreviousState"): "in the lab an instance needs its time until it runs",
    ("stacks validate", ""): "moto reads nothing out of the template",
    ("stacks describe", "Stacks[0].Capabilities"): "CloudFormation says what was granted; moto does not",
    ("stacks describe", "Stacks[0].DriftInformation"): "moto has no drift; CloudFormation says that nobody looked",
    ("stacks describe", "Stacks[0].Outputs"): "their order is not documented: the lab's is by name, moto's as written",
    ("stacks describe", "Stacks[0].RollbackConfiguration"): "CloudFormation answers with an empty one",
    ("stacks resources", "StackResourceSummaries"): "moto has no drift; CloudFormation says that nobody looked",
    ("stacks resource", "StackResourceDetail.DriftInformation"): "the same",
    ("stacks resource", "StackResourceDetail.LastUpdatedTimestamp"): "AWS's model requires it; moto leaves it out",
    ("stacks group", "logGroups[0].logGroupClass"): "AWS says STANDARD; moto leaves it out",
    ("stacks role", "Role.Description"): "IAM gives no empty one",
    ("stacks role", "Role.RoleLastUsed"): "the lab says it of no role; moto answers with an empty one",
    ("stacks role", "Role.Tags"): "CloudFormation tags what it makes; moto does so only for some",
    ("stacks rule", "EventPattern"): "white space alone",
    ("stacks targets", "Targets[0].Arn"): "a log group's Arn ends with :* in CloudFormation; moto's does not",
    ("stacks deleted", "Stacks[0].Capabilities"): "CloudFormation says what was granted; moto does not",
    ("stacks deleted", "Stacks[0].DeletionTime"): "CloudFormation says when it was deleted; moto does not",
    ("stacks deleted", "Stacks[0].DriftInformation"): "moto has no drift",
    ("stacks deleted", "Stacks[0].Outputs"): "their order is not documented",
    ("stacks deleted", "Stacks[0].RollbackConfiguration"): "CloudFormation answers with an empty one",
    ("ssm get a version", "Parameter.Selector"): "Parameter Store says which version was asked for; moto does not",
    ("alarms describe", "MetricAlarms[0].Metrics"): "only an alarm over expressions has it; moto an empty one",
    ("alarms describe", "MetricAlarms[0].StateTransitionedTimestamp"): "CloudWatch says since when; moto does not",
    ("ec2 create template", "LaunchTemplate.CreatedBy"): "the lab's caller is a session of a role",
    ("ec2 describe templates", "LaunchTemplates[0].CreatedBy"): "the same",
    ("ec2 describe versions", "LaunchTemplateVersions[0].CreatedBy"): "the same",
    ("ec2 delete template", "LaunchTemplate"): "EC2's answer has the whole template; moto's its id and name",
    ("logs put", "nextSequenceToken"): "tokens mean nothing to anyone but their giver, and AWS ignores this one by now",
    ("logs get", "nextBackwardToken"): "the same",
    ("logs get", "nextForwardToken"): "the same",
    ("logs streams", "logStreams[0].storedBytes"): "AWS has reported 0 for streams since 2019",
    ("logs groups", "logGroups[0].storedBytes"): "the lab counts no bytes; AWS counts them hours later",
    ("logs groups", "logGroups[0].logGroupClass"): "AWS says STANDARD; moto leaves it out",
    ("logs filter", "events[0].eventId"): "AWS's ids are long numbers; moto counts from 0",
    ("logs filter", "searchedLogStreams"): "AWS answers with an empty list since 2019; moto still fills it",
    ("iam create role", "Role.RoleLastUsed"): "the lab says it of no role: none of its services notes that use",
    ("iam get role", "Role.RoleLastUsed"): "the same; moto answers with an empty one",
    ("secrets unknown", "status"): "Secrets Manager's protocol refuses with 400; moto with 404",
    ("ec2 malformed id", "refused"): "EC2 documents InvalidInstanceID.Malformed; moto only looks the id up",
    ("sts caller", "Arn"): "the lab's caller is a role's session, as a person's is who signed in; moto's is a user",
    ("sts caller", "UserId"): "and so it has the role's id",
    ("fis create template", "experimentTemplate.experimentOptions"): "FIS shows its defaults; moto what was given",
    ("fis get template", "experimentTemplate.experimentOptions"): "the same",
    ("fis delete template", "experimentTemplate.experimentOptions"): "the same",
    ("fis start", "experiment.state"): "FIS answers with initiating; moto begins with pending",
    ("fis start", "experiment.actions.wait.state.reason"): "moto has one text for experiment and actions",
    ("fis stop", "experiment.state.reason"): "FIS documents no text; each has its own",
    ("fis stop", "experiment.actions.wait"): "in the lab it was stopped before the action began, which is cancelled",
}

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "fis.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}]}
STACK = {
    "Description": "compared",
    "Parameters": {"Days": {"Type": "Number", "Default": 7}},
    "Resources": {
        "Group": {
            "Type": "AWS::Logs::LogGroup",
            "Properties": {"LogGroupName": "/stack/group", "RetentionInDays": {"Ref": "Days"}},
        },
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {"RoleName": "stack-role", "AssumeRolePolicyDocument": TRUST},
        },
        "Rule": {
            "Type": "AWS::Events::Rule",
            "Properties": {
                "Name": "stack-rule",
                "EventPattern": {"source": ["aws.ec2"]},
                "Targets": [{"Id": "log", "Arn": {"Fn::GetAtt": ["Group", "Arn"]}}],
            },
        },
    },
    "Outputs": {"Role": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}, "Name": {"Value": {"Ref": "Group"}}},
}
NAMES = {"cloudwatch": "monitoring"}  # as the lab's table has them


class Side:
    """One of the two emulators: what it answered, call by call."""

    def __init__(self, url, **keys):
        self.options = {"endpoint_url": url, "region_name": REGION} | keys
        self.clients = {}
        self.said = {}

    def call(self, label, service, name, **params):
        """Calls, and keeps under that label what was answered, or the code and status of the refusal."""
        if service not in self.clients:
            once = Config(retries={"total_max_attempts": 1}, proxies={}, inject_host_prefix=False)
            self.clients[service] = boto3.client(service, config=once, **self.options)
        client = self.clients[service]
        method = next(method for method, api in client.meta.method_to_api_mapping.items() if api == name)
        try:
            answer = getattr(client, method)(**params)
        except (ClientError, EventStreamError) as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            self.said[label] = {"refused": error.response["Error"]["Code"], "status": status}
            return None
        answer.pop("ResponseMetadata")
        self.said[label] = answer
        return answer


def kind(text):
    """A text with everything in it replaced that differs from one account, run or time to the next."""
    for pattern, name in (
        (r"\b(i|sir|ami|lt|fleet|r|eni|vol|subnet|sg|vpc)-[0-9a-f]{8,17}\b", r"\1-ID"),
        (r"\b(EXT|EXP)[0-9A-Za-z]+|\b[0-9a-f]{32}\b", "EX-ID"),
        (r"\b(AROA|AIDA|ANPA)[A-Z0-9]+", r"\1-ID"),
        (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", "UUID"),
        (r"\b\d{12}\b", "ACCOUNT"),
        (r"\b\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-][\d:]+)?", "TIME"),
        (r"(secret:[\w/]+)-\w{6}\b", r"\1-SUFFIX"),
        (r"\b\d{1,3}(-|\.)\d{1,3}\1\d{1,3}\1\d{1,3}\b", "ADDRESS"),
    ):
        text = re.sub(pattern, name, text)
    return text


def flat(value, path=""):
    """Every leaf with the path to it; an empty list or map is a leaf."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from flat(inner, f"{path}.{kind(str(key))}" if path else kind(str(key)))
    elif isinstance(value, list) and value:
        for number, inner in enumerate(value):
            yield from flat(inner, f"{path}[{number}]")
    elif isinstance(value, datetime) or re.search(r"(?i)(time|date|timestamp)$", path) and isinstance(value, int):
        yield path, "TIME"
    else:
        yield path, kind(value) if isinstance(value, str) else value


def ec2(call):
    call("ec2 unknown instance", "ec2", "DescribeInstances", InstanceIds=["i-0123456789abcdef0"])
    call("ec2 malformed id", "ec2", "DescribeInstances", InstanceIds=["i-zz"])
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "compared", "Value": "yes"}]}]
    spot = {"MarketType": "spot"}
    common = dict(ImageId=moto.IMAGE, InstanceType="m5.large", MinCount=1, MaxCount=1)
    call("ec2 dry run", "ec2", "RunInstances", DryRun=True, **common)
    ran = call("ec2 run", "ec2", "RunInstances", TagSpecifications=tags, InstanceMarketOptions=spot, **common)
    if ran:
        id = ran["Instances"][0]["InstanceId"]
        call("ec2 create tags", "ec2", "CreateTags", Resources=[id], Tags=[{"Key": "second", "Value": "2"}])
        call("ec2 delete tags", "ec2", "DeleteTags", Resources=[id], Tags=[{"Key": "second"}])
        of_it = [{"Name": "resource-id", "Values": [id]}]
        call("ec2 describe tags", "ec2", "DescribeTags", Filters=of_it)
        call("ec2 terminate", "ec2", "TerminateInstances", InstanceIds=[id])
    data = {"ImageId": moto.IMAGE, "InstanceType": "m5.large"}
    made = dict(LaunchTemplateName="compared", LaunchTemplateData=data)
    call("ec2 create template", "ec2", "CreateLaunchTemplate", **made)
    call("ec2 create it again", "ec2", "CreateLaunchTemplate", **made)
    named = dict(LaunchTemplateNames=["compared"])
    call("ec2 describe templates", "ec2", "DescribeLaunchTemplates", **named)
    call("ec2 describe versions", "ec2", "DescribeLaunchTemplateVersions", LaunchTemplateName="compared")
    call("ec2 delete template", "ec2", "DeleteLaunchTemplate", LaunchTemplateName="compared")
    call("ec2 unknown template", "ec2", "DescribeLaunchTemplates", **named)


def sts(call):
    call("sts caller", "sts", "GetCallerIdentity")


def fis(call):
    made = call(
        "fis create template",
        "fis",
        "CreateExperimentTemplate",
        description="compared",
        roleArn="arn:aws:iam::000000000000:role/spot-fis-test",
        stopConditions=[{"source": "none"}],
        actions={"wait": {"actionId": "aws:fis:wait", "parameters": {"duration": "PT10M"}}},
        tags={"compared": "yes"},
    )
    call("fis unknown template", "fis", "GetExperimentTemplate", id="EXTnone")
    call("fis unknown experiment", "fis", "GetExperiment", id="EXPnone")
    if made:
        id = made["experimentTemplate"]["id"]
        call("fis get template", "fis", "GetExperimentTemplate", id=id)
        call("fis list templates", "fis", "ListExperimentTemplates")
        started = call("fis start", "fis", "StartExperiment", experimentTemplateId=id)
        if started:
            call("fis stop", "fis", "StopExperiment", id=started["experiment"]["id"])
        call("fis delete template", "fis", "DeleteExperimentTemplate", id=id)


def logs(call):
    call("logs unknown group", "logs", "FilterLogEvents", logGroupName="/none")
    group, stream = dict(logGroupName="/compared"), dict(logStreamName="one")
    call("logs create group", "logs", "CreateLogGroup", **group)
    call("logs create it again", "logs", "CreateLogGroup", **group)
    call("logs create stream", "logs", "CreateLogStream", **group, **stream)
    now = int(datetime.now().timestamp() * 1000)
    events = [{"timestamp": now, "message": "alpha beta"}, {"timestamp": now + 1, "message": "gamma"}]
    call("logs put", "logs", "PutLogEvents", **group, **stream, logEvents=events)
    call("logs streams", "logs", "DescribeLogStreams", **group)
    call("logs groups", "logs", "DescribeLogGroups", logGroupNamePrefix="/compared")
    call("logs filter", "logs", "FilterLogEvents", **group, filterPattern="alpha")
    call("logs get", "logs", "GetLogEvents", **group, **stream, startFromHead=True)
    call("logs delete group", "logs", "DeleteLogGroup", **group)


def iam(call):
    role = dict(RoleName="compared")
    call("iam unknown role", "iam", "GetRole", RoleName="none")
    call("iam create role", "iam", "CreateRole", **role, AssumeRolePolicyDocument=json.dumps(TRUST))
    call("iam create it again", "iam", "CreateRole", **role, AssumeRolePolicyDocument=json.dumps(TRUST))
    call("iam get role", "iam", "GetRole", **role)
    call("iam put policy", "iam", "PutRolePolicy", **role, PolicyName="p", PolicyDocument=json.dumps(POLICY))
    call("iam get policy", "iam", "GetRolePolicy", **role, PolicyName="p")
    call("iam list policies", "iam", "ListRolePolicies", **role)
    call("iam delete role too early", "iam", "DeleteRole", **role)
    call("iam delete policy", "iam", "DeleteRolePolicy", **role, PolicyName="p")
    call("iam delete role", "iam", "DeleteRole", **role)


def secrets(call):
    secret = dict(SecretId="compared/one")
    call("secrets unknown", "secretsmanager", "GetSecretValue", SecretId="none")
    made = dict(Name="compared/one", SecretString="s")
    call("secrets create", "secretsmanager", "CreateSecret", **made)
    call("secrets create it again", "secretsmanager", "CreateSecret", **made)
    call("secrets get", "secretsmanager", "GetSecretValue", **secret)
    call("secrets delete", "secretsmanager", "DeleteSecret", **secret, ForceDeleteWithoutRecovery=True)


def ssm(call):
    call("ssm unknown", "ssm", "GetParameter", Name="/none")
    put = dict(Name="/compared/one", Value="a", Type="String")
    call("ssm put", "ssm", "PutParameter", **put)
    call("ssm put it again", "ssm", "PutParameter", **put)
    call("ssm overwrite", "ssm", "PutParameter", **put, Overwrite=True)
    call("ssm get", "ssm", "GetParameter", Name="/compared/one")
    call("ssm get a version", "ssm", "GetParameter", Name="/compared/one:1")
    call("ssm get a version that is not there", "ssm", "GetParameter", Name="/compared/one:9")
    call("ssm by path", "ssm", "GetParametersByPath", Path="/compared")
    call("ssm delete", "ssm", "DeleteParameter", Name="/compared/one")
    call("ssm delete it again", "ssm", "DeleteParameter", Name="/compared/one")


def events(call):
    call("events unknown rule", "events", "DescribeRule", Name="none")
    call("events put rule", "events", "PutRule", Name="compared", EventPattern='{"source":["aws.ec2"]}')
    call("events bad pattern", "events", "PutRule", Name="bad", EventPattern="{")
    target = {"Id": "one", "Arn": f"arn:aws:logs:{REGION}:000000000000:log-group:/aws/events/spotdrill"}
    call("events put target", "events", "PutTargets", Rule="compared", Targets=[target])
    call("events targets", "events", "ListTargetsByRule", Rule="compared")
    call("events rules", "events", "ListRules", NamePrefix="compared")
    call("events put event", "events", "PutEvents", Entries=[{"Source": "a", "DetailType": "b", "Detail": "{}"}])
    call("events delete rule too early", "events", "DeleteRule", Name="compared")
    call("events remove target", "events", "RemoveTargets", Rule="compared", Ids=["one"])
    call("events delete rule", "events", "DeleteRule", Name="compared")


def settled(call, label, name):
    """Describes the stack until nothing is under way; what was said last is compared."""

    def look():
        stack = call(label, "cloudformation", "DescribeStacks", StackName=name)
        return stack is None or not stack["Stacks"][0]["StackStatus"].endswith("IN_PROGRESS")

    until(label, look)


def cloudformation(call):
    call("stacks unknown", "cloudformation", "DescribeStacks", StackName="none")
    call("stacks bad template", "cloudformation", "ValidateTemplate", TemplateBody="[")
    one, body = dict(StackName="compared"), json.dumps(STACK)
    call("stacks validate", "cloudformation", "ValidateTemplate", TemplateBody=body)
    named = dict(Capabilities=["CAPABILITY_NAMED_IAM"])
    made = call("stacks create", "cloudformation", "CreateStack", **one, **named, TemplateBody=body)
    settled(call, "stacks describe", made["StackId"])
    call("stacks create it again", "cloudformation", "CreateStack", **one, **named, TemplateBody=body)
    call("stacks resources", "cloudformation", "ListStackResources", **one)
    call("stacks resource", "cloudformation", "DescribeStackResource", **one, LogicalResourceId="Rule")
    call("stacks group", "logs", "DescribeLogGroups", logGroupNamePrefix="/stack/group")
    call("stacks role", "iam", "GetRole", RoleName="stack-role")
    call("stacks rule", "events", "DescribeRule", Name="stack-rule")
    call("stacks targets", "events", "ListTargetsByRule", Rule="stack-rule")
    call("stacks delete", "cloudformation", "DeleteStack", **one)
    settled(call, "stacks deleted", made["StackId"])
    call("stacks rule is gone", "events", "DescribeRule", Name="stack-rule")
    call("stacks role is gone", "iam", "GetRole", RoleName="stack-role")


def alarms(call):
    alarm = dict(AlarmName="compared", Namespace="Shop", MetricName="Errors", Statistic="Sum", Period=60)
    above = dict(EvaluationPeriods=1, Threshold=5, ComparisonOperator="GreaterThanThreshold")
    call("alarms put", "cloudwatch", "PutMetricAlarm", **alarm, **above)
    state = dict(StateValue="ALARM", StateReason="compared")
    call("alarms set state", "cloudwatch", "SetAlarmState", AlarmName="compared", **state)
    call("alarms set unknown", "cloudwatch", "SetAlarmState", AlarmName="none", **state)
    call("alarms describe", "cloudwatch", "DescribeAlarms", AlarmNames=["compared"])
    call("alarms delete", "cloudwatch", "DeleteAlarms", AlarmNames=["compared"])


PARTS = (ec2, sts, fis, logs, iam, secrets, ssm, events, cloudformation, alarms)


def played():
    """What the lab's own table has: pairs of a service, as it is signed for, and an operation."""
    table = json.loads(run("lab", "promises", "--format", "json").stdout)
    return {(service["service"], one["name"]) for service in table for one in service["operations"]}


def both(theirs, ours):
    """Runs the script on both sides, without what the lab does not have; how many calls were compared."""
    has, skipped = played(), set()

    def only(side):
        def call(label, service, name, **params):
            if (NAMES.get(service, service), name) not in has:
                skipped.add(f"{service} {name}")
                return None
            return side.call(label, service, name, **params)

        return call

    for part in PARTS:
        part(only(theirs))
        part(only(ours))
    if skipped:
        print("the lab has no", ", ".join(sorted(skipped)))


def differences(theirs, ours):
    """(call, path, moto's value, the lab's value) of each; a member that one side lacks is None there."""
    for label in ours.said:
        one, other = dict(flat(theirs.said.get(label))), dict(flat(ours.said[label]))
        for path in sorted(one.keys() | other.keys()):
            if one.get(path) != other.get(path):
                yield label, path, one.get(path), other.get(path)


def script():
    theirs = Side(
        moto.start_moto(),
        aws_access_key_id=DUMMY["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=DUMMY["AWS_SECRET_ACCESS_KEY"],
    )
    _, printed = serve_lab("--scenario", "tiny", "--seed", "7", "--speed", "20")  # a stack takes its time
    ours = Side(
        printed["AWS_ENDPOINT_URL"],
        aws_access_key_id=printed["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=printed["AWS_SECRET_ACCESS_KEY"],
    )
    both(theirs, ours)
    found, needed = list(differences(theirs, ours)), set()
    if "--list" in sys.argv:
        print(*found, sep="\n")
    for label in ours.said:
        unexplained = []
        for _, path, one, other in (each for each in found if each[0] == label):
            why = [key for key in DIFFERENCES if key[0] in (label, "*") and path.startswith(key[1])]
            needed.update(why)
            if not why:
                unexplained.append(f"{path}: moto {one!r}, the lab {other!r}")
        check(f"{label}: as moto says it, or it is explained", not unexplained, "\n     ".join(unexplained))
    for key in DIFFERENCES.keys() - needed:
        check(f"the difference {key} is still there", key[0] != "*" and key[0] not in ours.said, DIFFERENCES[key])
    print(f"{len(ours.said)} calls compared, {len(found)} differences, for {len(needed)} reasons")


if __name__ == "__main__":
    checks.main(script)
