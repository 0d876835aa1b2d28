"""EventBridge: each operation, each input that the lab takes, and what it refuses."""

import json
import time
from datetime import datetime, timezone

PATTERN = json.dumps({"source": ["spotdrill.contract"], "detail": {"kind": [{"prefix": "a"}, {"exists": False}]}})


def drive(call, refuse, lab):
    described(call, lab)
    rule(call, refuse, lab)
    delivered(call, refuse, lab)
    patterns(call, refuse)


def described(call, lab):
    """What the stack made is there to be seen."""
    listed = call("events", "ListRules", EventBusName="default", Limit=1)
    assert [rule["Name"] for rule in listed["Rules"]] == ["spot-event"], listed
    listed = call("events", "ListRules", NextToken=listed["NextToken"])
    assert [rule["Name"] for rule in listed["Rules"]] == ["spotdrill-events"], listed
    described = call("events", "DescribeRule", Name="spot-event", EventBusName="default")
    sources = [one["source"] for one in json.loads(described["EventPattern"])["$or"]]
    assert sources == [["aws.ec2"], ["spotdrill.selftest"]] and described["CreatedBy"] == lab.account, described
    targets = call("events", "ListTargetsByRule", Rule="spot-event", EventBusName="default", Limit=5)["Targets"]
    assert targets[0]["Arn"].endswith(":function:send-slack-spot-event"), targets


def rule(call, refuse, lab):
    name = "contract-rule"
    arn = call(
        "events", "PutRule", Name=name, EventPattern=PATTERN, State="DISABLED", Description="a rule",
        Tags=[{"Key": "a", "Value": "1"}], EventBusName="default",
    )["RuleArn"]
    assert arn == f"arn:aws:events:{lab.region}:{lab.account}:rule/{name}", arn
    call("events", "EnableRule", Name=name, EventBusName="default")
    assert call("events", "DescribeRule", Name=name)["State"] == "ENABLED"
    call("events", "DisableRule", Name=name, EventBusName="default")
    assert call("events", "ListRules", NamePrefix="contract-")["Rules"][0]["State"] == "DISABLED"
    call("events", "TagResource", ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
    call("events", "UntagResource", ResourceARN=arn, TagKeys=["a"])
    assert call("events", "ListTagsForResource", ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]

    queue = f"arn:aws:sqs:{lab.region}:{lab.account}:queue"
    function = f"arn:aws:lambda:{lab.region}:{lab.account}:function:send-slack-spot-event"
    targets = [{"Id": str(n), "Arn": function, "Input": "{}", "RoleArn": "arn:aws:iam::0:role/r"} for n in range(2)]
    refuse("events", "PutTargets", "ValidationException", 400, Rule=name, Targets=[{"Id": "q", "Arn": queue}])
    refuse("events", "PutTargets", "ValidationException", 400, Rule=name, Targets=[{"Id": "q", "Arn": "what"}])
    refuse("events", "PutTargets", "ResourceNotFoundException", 400, Rule="none", Targets=targets)
    refuse(
        "events", "PutTargets", "LimitExceededException", 400, Rule=name,
        Targets=[{"Id": str(n), "Arn": function} for n in range(6)],
    )
    assert call("events", "PutTargets", Rule=name, EventBusName="default", Targets=targets)["FailedEntryCount"] == 0
    page = call("events", "ListTargetsByRule", Rule=name, Limit=1)
    rest = call("events", "ListTargetsByRule", Rule=name, NextToken=page["NextToken"])
    assert [target["Id"] for target in page["Targets"] + rest["Targets"]] == ["0", "1"]
    names = call("events", "ListRuleNamesByTarget", TargetArn=function, EventBusName="default", Limit=1)
    more = call("events", "ListRuleNamesByTarget", TargetArn=function, NextToken=names["NextToken"])
    assert names["RuleNames"] + more["RuleNames"] == [name, "spot-event"]
    refuse("events", "DeleteRule", "ValidationException", 400, Name=name)
    call("events", "RemoveTargets", Rule=name, EventBusName="default", Ids=["0", "1"], Force=False)
    call("events", "DeleteRule", Name=name, EventBusName="default", Force=False)
    refuse("events", "DescribeRule", "ResourceNotFoundException", 400, Name=name)
    refuse("events", "DescribeRule", "ResourceNotFoundException", 400, Name="spot-event", EventBusName="other")
    refuse("events", "PutRule", "ValidationException", 400, Name="no pattern")
    refuse("events", "PutRule", "ValidationException", 400, Name="scheduled")


def delivered(call, refuse, lab):
    """A log group, a resource policy, a rule and a target of one's own, and the event arrives."""
    group, name = "/aws/events/contract-events", "contract-delivery"
    arn = f"arn:aws:logs:{lab.region}:{lab.account}:log-group:{group}"
    call("logs", "CreateLogGroup", logGroupName=group)
    call("events", "PutRule", Name=name, EventPattern=PATTERN)
    call("events", "PutTargets", Rule=name, Targets=[{"Id": "logs", "Arn": arn}])
    lost = put(call, "a-lost")
    policy = {
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow", "Principal": {"Service": ["events.amazonaws.com", "delivery.logs.amazonaws.com"]},
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"], "Resource": f"{arn}:*",
        }],
    }
    time.sleep(0.2)  # at speed 60 what is going to arrive has arrived
    call("logs", "PutResourcePolicy", policyName="contract-events", policyDocument=json.dumps(policy))
    arrives, other = put(call, "a-b"), put(call, "b")

    def messages():
        events = call("logs", "FilterLogEvents", logGroupName=group)["events"]
        return [json.loads(event["message"]) for event in events]

    lab.wait(lambda: arrives in [message["id"] for message in messages()])
    seen = {message["id"]: message for message in messages()}
    assert other not in seen and lost not in seen, seen
    event = seen[arrives]
    assert event["resources"] == ["arn:x"] and event["time"] == "2026-11-22T12:00:00Z", event
    refused = call("events", "PutEvents", Entries=[
        {"Source": "aws.ec2", "DetailType": "x", "Detail": "{}"},
        {"Source": "x", "DetailType": "x", "Detail": "{"},
        {"Source": "x", "DetailType": "x"},
        {"Source": "x", "DetailType": "x", "Detail": "{}", "EventBusName": "other"},
    ])
    assert refused["FailedEntryCount"] == 4, refused
    codes = [entry["ErrorCode"] for entry in refused["Entries"]]
    expected = ["NotAuthorizedForSourceException", "MalformedDetail", "InvalidArgument", "ResourceNotFoundException"]
    assert codes == expected, codes
    entry = {"Source": "x", "DetailType": "x", "Detail": "{}"}
    refuse("events", "PutEvents", "ValidationException", 400, Entries=[entry] * 11)
    call("events", "RemoveTargets", Rule=name, Ids=["logs"])
    call("events", "DeleteRule", Name=name)
    call("logs", "DeleteResourcePolicy", policyName="contract-events")
    call("logs", "DeleteLogGroup", logGroupName=group)


def put(call, kind):
    return call("events", "PutEvents", Entries=[{
        "Source": "spotdrill.contract", "DetailType": "contract", "Detail": json.dumps({"kind": kind}),
        "Resources": ["arn:x"], "Time": datetime(2026, 11, 22, 12, tzinfo=timezone.utc), "EventBusName": "default",
    }])["Entries"][0]["EventId"]


def patterns(call, refuse):
    event = {
        "id": "1", "account": "0", "source": "aws.ec2", "time": "2026-11-22T12:00:00Z", "region": "eu-west-1",
        "resources": ["arn:a"], "detail-type": "x", "detail": {"n": 5, "s": "abc"},
    }
    for fits, pattern in [
        (True, {"detail": {"n": [{"numeric": [">", 4]}], "s": [{"wildcard": "a*c"}]}}),
        (True, {"$or": [{"source": ["x"]}, {"detail": {"s": [{"anything-but": ["b"]}]}}]}),
        (False, {"detail": {"s": [{"suffix": "b"}]}}),
    ]:
        answer = call("events", "TestEventPattern", EventPattern=json.dumps(pattern), Event=json.dumps(event))
        assert answer["Result"] == fits, pattern
    for pattern in ["{", "[]", "{}", '{"source":"a"}', '{"source":[{"cidr":"10.0.0.0/8"}]}']:
        refuse("events", "PutRule", "InvalidEventPatternException", 400, Name="bad", EventPattern=pattern)
    refuse(
        "events", "TestEventPattern", "InvalidEventPatternException", 400, EventPattern="{}", Event=json.dumps(event)
    )
    refuse("events", "TestEventPattern", "ValidationException", 400, EventPattern=PATTERN, Event="{}")
