"""CloudWatch Logs: each operation, each input that the lab takes, and what it refuses."""

import json
import time

GROUP, STREAM = "/contract/logs", "stream-a"


def drive(call, refuse, lab):
    arn = f"arn:aws:logs:{lab.region}:{lab.account}:log-group:{GROUP}"
    group(call, refuse, arn)
    written(call, refuse, arn)
    policies(call, refuse)
    tailed(call, refuse, arn)
    call("logs", "DeleteLogStream", logGroupName=GROUP, logStreamName=STREAM)
    refuse(
        "logs", "DeleteLogStream", "ResourceNotFoundException", 400, logGroupName=GROUP, logStreamName=STREAM
    )
    call("logs", "DeleteLogGroup", logGroupName=GROUP)
    refuse("logs", "DeleteLogGroup", "ResourceNotFoundException", 400, logGroupName=GROUP)


def group(call, refuse, arn):
    call("logs", "CreateLogGroup", logGroupName=GROUP, logGroupClass="STANDARD", tags={"a": "1"})
    refuse("logs", "CreateLogGroup", "ResourceAlreadyExistsException", 400, logGroupName=GROUP)
    refuse("logs", "CreateLogGroup", "InvalidParameterException", 400, logGroupName="a b")
    call("logs", "TagResource", resourceArn=arn, tags={"b": "2"})
    call("logs", "UntagResource", resourceArn=arn, tagKeys=["a"])
    assert call("logs", "ListTagsForResource", resourceArn=arn)["tags"] == {"b": "2"}
    refuse("logs", "PutRetentionPolicy", "InvalidParameterException", 400, logGroupName=GROUP, retentionInDays=2)
    call("logs", "PutRetentionPolicy", logGroupName=GROUP, retentionInDays=7)
    shown = call("logs", "DescribeLogGroups", logGroupNamePrefix=GROUP)["logGroups"]
    assert shown[0]["retentionInDays"] == 7 and shown[0]["logGroupArn"] == arn, shown
    call("logs", "DeleteRetentionPolicy", logGroupName=GROUP)
    assert call("logs", "DescribeLogGroups", logGroupNamePattern="contract/lo")["logGroups"][0]["arn"] == arn + ":*"
    page = call("logs", "DescribeLogGroups", limit=1)
    assert call("logs", "DescribeLogGroups", nextToken=page["nextToken"])["logGroups"] != page["logGroups"]
    for stream in [STREAM, "stream-b"]:
        call("logs", "CreateLogStream", logGroupName=GROUP, logStreamName=stream)
    refuse("logs", "CreateLogStream", "ResourceAlreadyExistsException", 400, logGroupName=GROUP, logStreamName=STREAM)
    refuse("logs", "CreateLogStream", "InvalidParameterException", 400, logGroupName=GROUP, logStreamName="a:b")


def written(call, refuse, arn):
    start = call("logs", "DescribeLogGroups", logGroupNamePrefix=GROUP)["logGroups"][0]["creationTime"]
    lines = ["one ERROR", "two", json.dumps({"detail": {"instance-id": "i-0abc", "n": 5}})]
    events = [{"timestamp": start + n, "message": line} for n, line in enumerate(lines)]
    put = {"logGroupName": GROUP, "logStreamName": STREAM}
    assert "rejectedLogEventsInfo" not in call("logs", "PutLogEvents", **put, logEvents=events, sequenceToken="1")
    day = 86_400_000
    old = [{"timestamp": start - 15 * day, "message": "old"}]
    assert call("logs", "PutLogEvents", **put, logEvents=old)["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
    new = [{"timestamp": start + day, "message": "new"}]
    assert call("logs", "PutLogEvents", **put, logEvents=new)["rejectedLogEventsInfo"] == {"tooNewLogEventStartIndex": 0}
    for wrong in [events[::-1], [*events, {"timestamp": start + 2 * day, "message": "x"}]]:
        refuse("logs", "PutLogEvents", "InvalidParameterException", 400, **put, logEvents=wrong)
    big = [{"timestamp": start, "message": "x" * 1_048_576}]
    refuse("logs", "PutLogEvents", "InvalidParameterException", 400, **put, logEvents=big)
    refuse("logs", "PutLogEvents", "ResourceNotFoundException", 400, logGroupName=GROUP, logStreamName="c", logEvents=events)

    def found(**more):
        return [event["message"] for event in call("logs", "FilterLogEvents", **more)["events"]]

    assert found(logGroupName=GROUP, startTime=start, endTime=start + 1) == lines[:2]
    assert found(logGroupIdentifier=arn, logStreamNames=[STREAM], startFromHead=False, interleaved=True) == lines[::-1]
    assert found(logGroupName=GROUP, logStreamNamePrefix="stream-b") == []
    for pattern, expected in [
        ("ERROR", lines[:1]), ("?ERROR ?two", lines[:2]), ('-ERROR -"instance-id"', lines[1:2]),
        ('{ $.detail.instance-id = "i-0*" && ($.detail.n > 4 || $.x EXISTS) }', lines[2:]),
    ]:
        assert found(logGroupName=GROUP, filterPattern=pattern) == expected, pattern
    refuse("logs", "FilterLogEvents", "InvalidParameterException", 400, logGroupName=GROUP, filterPattern="[a, b]")
    refuse("logs", "FilterLogEvents", "InvalidParameterException", 400, logGroupName=GROUP, filterPattern="{ $.a = }")
    refuse("logs", "FilterLogEvents", "ResourceNotFoundException", 400, logGroupName="/no")
    page = call("logs", "FilterLogEvents", logGroupName=GROUP, limit=2)
    rest = call("logs", "FilterLogEvents", logGroupName=GROUP, nextToken=page["nextToken"])
    assert [event["message"] for event in page["events"] + rest["events"]] == lines
    head = call("logs", "GetLogEvents", logGroupName=GROUP, logStreamName=STREAM, startFromHead=True, limit=2)
    token = head["nextForwardToken"]
    rest = call("logs", "GetLogEvents", logGroupName=GROUP, logStreamName=STREAM, startFromHead=True, nextToken=token)
    assert [event["message"] for event in head["events"] + rest["events"]] == lines
    some = call(
        "logs", "GetLogEvents", logGroupIdentifier=arn, logStreamName=STREAM, startTime=start + 1, endTime=start + 2
    )
    assert [event["message"] for event in some["events"]] == lines[1:2]
    streams = call("logs", "DescribeLogStreams", logGroupName=GROUP, orderBy="LastEventTime", descending=True, limit=1)
    assert streams["logStreams"][0]["lastEventTimestamp"] == start + 2, streams
    token = streams["nextToken"]
    more = call("logs", "DescribeLogStreams", logGroupName=GROUP, orderBy="LastEventTime", descending=True, nextToken=token)
    assert [stream["logStreamName"] for stream in more["logStreams"]] == ["stream-b"], more
    assert len(call("logs", "DescribeLogStreams", logGroupIdentifier=arn, logStreamNamePrefix="stream-")["logStreams"]) == 2


def policies(call, refuse):
    document = json.dumps({"Version": "2012-10-17", "Statement": []})
    call("logs", "PutResourcePolicy", policyName="contract-logs", policyDocument=document)
    refuse("logs", "PutResourcePolicy", "InvalidParameterException", 400, policyName="x", policyDocument="no")
    page = call("logs", "DescribeResourcePolicies", limit=1)
    rest = call("logs", "DescribeResourcePolicies", nextToken=page["nextToken"])["resourcePolicies"]
    assert "contract-logs" in [policy["policyName"] for policy in page["resourcePolicies"] + rest]
    call("logs", "DeleteResourcePolicy", policyName="contract-logs")
    refuse("logs", "DeleteResourcePolicy", "ResourceNotFoundException", 400, policyName="contract-logs")


def tailed(call, refuse, arn):
    stream = call(
        "logs", "StartLiveTail", logGroupIdentifiers=[arn], logStreamNames=[STREAM],
        logEventFilterPattern='{ $.kind = "tail" }',
    )["responseStream"]
    now = int(time.time() * 1000)
    for number, update in enumerate(stream):
        if number == 0:
            assert update["sessionStart"]["logStreamNames"] == [STREAM], update
            created = call("logs", "DescribeLogGroups", logGroupNamePrefix=GROUP)["logGroups"][0]["creationTime"]
            event = {"timestamp": created, "message": json.dumps({"kind": "tail", "at": now})}
            call("logs", "PutLogEvents", logGroupName=GROUP, logStreamName=STREAM, logEvents=[event])
        elif update["sessionUpdate"]["sessionResults"]:
            assert update["sessionUpdate"]["sessionResults"][0]["logGroupIdentifier"] == arn, update
            break
        assert number < 600, "the event never came"
    stream.close()
    stream = call("logs", "StartLiveTail", logGroupIdentifiers=[arn], logStreamNamePrefixes=["x"])["responseStream"]
    next(iter(stream))
    stream.close()
    refuse("logs", "StartLiveTail", "ResourceNotFoundException", 400, logGroupIdentifiers=[arn + "x"])
    refuse("logs", "StartLiveTail", "InvalidParameterException", 400, logGroupIdentifiers=[GROUP])
