"""FIS: each operation, each input that the lab takes, and what it refuses."""

import json
import uuid

SPOT = "aws:ec2:send-spot-instance-interruptions"
SHORT = "aws:ec2:asg-insufficient-instance-capacity-error"


def drive(call, refuse, lab):
    unique = uuid.uuid4().hex[:8]
    role = f"arn:aws:iam::{lab.account}:role/spot-fis-test"
    short_of_capacity = {"Effect": "Allow", "Action": ["ec2:InjectApiError", "autoscaling:Describe*"], "Resource": "*"}
    call("iam", "PutRolePolicy", RoleName="spot-fis-test", PolicyName="capacity",
         PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [short_of_capacity]}))
    prefix = f"arn:aws:fis:{lab.region}:{lab.account}"
    group = call("autoscaling", "DescribeAutoScalingGroups")["AutoScalingGroups"][0]
    running = [{"Name": "instance-lifecycle", "Values": ["spot"]}, {"Name": "instance-state-name", "Values": ["running"]}]
    found = call("ec2", "DescribeInstances", Filters=running)
    instance = found["Reservations"][0]["Instances"][0]
    arn = f"arn:aws:ec2:{lab.region}:{lab.account}:instance/{instance['InstanceId']}"
    log_group = call("logs", "DescribeLogGroups")["logGroups"][0]
    alarm = f"stop-{unique}"
    call("cloudwatch", "PutMetricAlarm", AlarmName=alarm, MetricName="Errors", Namespace="Shop", Statistic="Sum",
         Period=60, EvaluationPeriods=1, Threshold=1.0, ComparisonOperator="GreaterThanThreshold")
    alarm_arn = f"arn:aws:cloudwatch:{lab.region}:{lab.account}:alarm:{alarm}"

    targets(call, refuse)
    wait = {"actionId": "aws:fis:wait", "parameters": {"duration": "PT1M"}}
    short = {
        "actionId": SHORT,
        "description": "no capacity",
        "parameters": {"duration": "PT5M", "percentage": "100",
                       "availabilityZoneIdentifiers": ",".join(group["AvailabilityZones"])},
        "targets": {"AutoScalingGroups": "groups"},
    }
    body = {
        "clientToken": unique,
        "description": "contract",
        "stopConditions": [{"source": "aws:cloudwatch:alarm", "value": alarm_arn}],
        "targets": {"groups": {"resourceType": "aws:ec2:autoscaling-group", "selectionMode": "ALL",
                               "resourceArns": [group["AutoScalingGroupARN"]]}},
        "actions": {"short": short, "wait": {**wait, "startAfter": ["short"]}},
        "roleArn": role,
        "tags": {"made-by": "contract"},
        "logConfiguration": {"logSchemaVersion": 2,
                             "cloudWatchLogsConfiguration": {"logGroupArn": log_group["arn"]}},
        "experimentOptions": {"accountTargeting": "single-account", "emptyTargetResolutionMode": "skip"},
    }
    template = call("fis", "CreateExperimentTemplate", **body)["experimentTemplate"]
    same = call("fis", "CreateExperimentTemplate", **body)["experimentTemplate"]
    assert same["id"] == template["id"], "a client token makes one template"
    refuse("fis", "CreateExperimentTemplate", "ConflictException", 409, **{**body, "description": "another"})
    refuse_templates(refuse, body, lab)
    update(call, refuse, template["id"], alarm_arn)

    other = call("fis", "CreateExperimentTemplate", **{**body, "clientToken": f"other-{unique}"})["experimentTemplate"]
    listed = call("fis", "ListExperimentTemplates", maxResults=1)
    call("fis", "ListExperimentTemplates", maxResults=100, nextToken=listed["nextToken"])
    call("fis", "DeleteExperimentTemplate", id=other["id"])
    assert call("fis", "GetExperimentTemplate", id=template["id"])["experimentTemplate"]["description"] == "changed"
    refuse("fis", "GetExperimentTemplate", "ResourceNotFoundException", 404, id="EXTnone")

    stop_by_alarm(call, refuse, lab, template["id"], alarm, alarm_arn, unique)
    log(call, lab, log_group["logGroupName"])
    spot(call, refuse, lab, {**body, "stopConditions": [{"source": "none"}]}, arn, unique)
    lever(call, refuse, lab)

    for resource in [f"{prefix}:experiment-template/{template['id']}"]:
        call("fis", "TagResource", resourceArn=resource, tags={"a": "b", "c": "d"})
        call("fis", "UntagResource", resourceArn=resource, tagKeys=["a"])
        assert call("fis", "ListTagsForResource", resourceArn=resource)["tags"] == {"made-by": "contract", "c": "d"}
    call("fis", "DeleteExperimentTemplate", id=template["id"])
    refuse("fis", "DeleteExperimentTemplate", "ResourceNotFoundException", 404, id=template["id"])
    call("cloudwatch", "DeleteAlarms", AlarmNames=[alarm])


def targets(call, refuse):
    action = call("fis", "GetAction", id=SHORT)["action"]
    required = {name for name, about in action["parameters"].items() if about["required"]}
    assert required == {"duration", "availabilityZoneIdentifiers"}, required
    refuse("fis", "GetAction", "ResourceNotFoundException", 404, id="aws:ec2:explode")
    first = call("fis", "ListActions", maxResults=1)
    call("fis", "ListActions", maxResults=2, nextToken=first["nextToken"])
    call("fis", "GetTargetResourceType", resourceType="aws:ec2:spot-instance")
    refuse("fis", "GetTargetResourceType", "ResourceNotFoundException", 404, resourceType="aws:ec2:moon")
    first = call("fis", "ListTargetResourceTypes", maxResults=1)
    call("fis", "ListTargetResourceTypes", maxResults=1, nextToken=first["nextToken"])


def refuse_templates(refuse, body, lab):
    def bad(**changes):
        refuse("fis", "CreateExperimentTemplate", "ValidationException", 400,
               **{**body, **changes, "clientToken": uuid.uuid4().hex})

    missing = f"arn:aws:cloudwatch:{lab.region}:{lab.account}:alarm:nowhere"
    bad(stopConditions=[{"source": "aws:cloudwatch:alarm", "value": missing}])
    bad(logConfiguration={"logSchemaVersion": 2, "s3Configuration": {"bucketName": "bucket"}})
    bad(experimentReportConfiguration={"outputs": {"s3Configuration": {"bucketName": "bucket"}}})
    bad(experimentOptions={"accountTargeting": "multi-account"})
    short = body["actions"]["short"]
    elsewhere = {**short["parameters"], "availabilityZoneIdentifiers": "mars-1a"}
    bad(actions={"short": {**short, "parameters": elsewhere}})
    bad(actions={"short": {**short, "parameters": {"duration": "PT5M"}}})
    bad(actions={"wait": {"actionId": "aws:fis:wait", "parameters": {"duration": "PT13H"}}})
    refuse("fis", "CreateExperimentTemplate", "ServiceQuotaExceededException", 402,
           **{**body, "clientToken": uuid.uuid4().hex, "stopConditions": body["stopConditions"] * 6})


def update(call, refuse, template, alarm):
    before = call("fis", "GetExperimentTemplate", id=template)["experimentTemplate"]
    after = call("fis", "UpdateExperimentTemplate", id=template, description="changed")["experimentTemplate"]
    assert after["targets"] == before["targets"] and after["actions"] == before["actions"]
    after = call("fis", "UpdateExperimentTemplate", id=template, roleArn=before["roleArn"],
                 stopConditions=[{"source": "aws:cloudwatch:alarm", "value": alarm}], targets=before["targets"],
                 actions={"short": {"description": "still none"}},
                 logConfiguration={"logSchemaVersion": 2},
                 experimentOptions={"emptyTargetResolutionMode": "fail"})["experimentTemplate"]
    assert list(after["actions"]) == ["short"]
    assert after["actions"]["short"]["actionId"] == SHORT, "an action keeps its id"
    assert after["experimentOptions"]["emptyTargetResolutionMode"] == "fail"
    assert "cloudWatchLogsConfiguration" in after["logConfiguration"]
    refuse("fis", "UpdateExperimentTemplate", "ResourceNotFoundException", 404, id="EXTnone", description="x")
    refuse("fis", "UpdateExperimentTemplate", "ValidationException", 400, id=template, actions={})


def status(call, experiment):
    return call("fis", "GetExperiment", id=experiment)["experiment"]["state"]


def stop_by_alarm(call, refuse, lab, template, alarm, alarm_arn, unique):
    def start():
        return {"experimentTemplateId": template, "clientToken": f"run-{unique}", "tags": {"x": "y"},
                "experimentOptions": {"actionsMode": "run-all"}}

    call("cloudwatch", "SetAlarmState", AlarmName=alarm, StateValue="ALARM", StateReason="drill")
    refuse("fis", "StartExperiment", "ConflictException", 409, **start())
    call("cloudwatch", "SetAlarmState", AlarmName=alarm, StateValue="OK", StateReason="drill")
    experiment = call("fis", "StartExperiment", **start())["experiment"]["id"]
    assert call("fis", "StartExperiment", **start())["experiment"]["id"] == experiment
    actions = lambda: call("fis", "GetExperiment", id=experiment)["experiment"]["actions"]
    lab.wait(lambda: actions()["short"]["state"]["status"] == "running")
    page = call("fis", "ListExperimentResolvedTargets", experimentId=experiment, targetName="groups", maxResults=1)
    assert page["resolvedTargets"][0]["resourceType"] == "aws:ec2:autoscaling-group"
    call("cloudwatch", "SetAlarmState", AlarmName=alarm, StateValue="ALARM", StateReason="drill")
    lab.wait(lambda: status(call, experiment)["status"] == "stopped")
    assert alarm_arn in status(call, experiment)["reason"]


def log(call, lab, group):
    def records():
        found = call("logs", "FilterLogEvents", logGroupName=group, logStreamNamePrefix="/aws/fis/EXP")["events"]
        return [json.loads(event["message"]) for event in found]

    lab.wait(lambda: any(record["log_type"] == "experiment-end" for record in records()))
    kinds = {record["log_type"] for record in records()}
    assert kinds >= {"experiment-start", "target-resolution-start", "target-resolution-detail",
                     "target-resolution-end", "action-start", "action-end", "experiment-end"}, kinds


def spot(call, refuse, lab, body, arn, unique):
    """A preview with a spot target, found by its ARN and by filters, which ends by itself."""
    target = {"resourceType": "aws:ec2:spot-instance", "selectionMode": "COUNT(1)"}
    actions = {"hit": {"actionId": SPOT, "parameters": {"durationBeforeInterruption": "PT2M"},
                       "targets": {"SpotInstances": "spot"}}}
    template = call("fis", "CreateExperimentTemplate",
                    **{**body, "clientToken": f"spot-{unique}", "actions": actions,
                       "targets": {"spot": {**target, "resourceArns": [arn]}}})["experimentTemplate"]["id"]
    experiment = call("fis", "StartExperiment", experimentTemplateId=template,
                      experimentOptions={"actionsMode": "skip-all"})["experiment"]["id"]
    lab.wait(lambda: status(call, experiment)["status"] == "completed")
    assert call("fis", "GetExperiment", id=experiment)["experiment"]["actions"]["hit"]["state"]["status"] == "skipped"
    targets = call("fis", "ListExperimentResolvedTargets", experimentId=experiment, maxResults=100)
    assert targets["resolvedTargets"][0]["targetInformation"]["arn"] == arn
    refuse("fis", "ListExperimentResolvedTargets", "ValidationException", 400, experimentId=experiment, nextToken="x")

    nowhere = {**target, "resourceTags": {"nobody": "has-this"},
               "filters": [{"path": "State.Name", "values": ["running"]}]}
    call("fis", "UpdateExperimentTemplate", id=template, targets={"spot": nowhere},
         experimentOptions={"emptyTargetResolutionMode": "fail"})
    failing = call("fis", "StartExperiment", experimentTemplateId=template)["experiment"]["id"]
    lab.wait(lambda: status(call, failing)["status"] == "failed")
    refuse("fis", "StopExperiment", "ValidationException", 400, id=failing)
    refuse("fis", "StopExperiment", "ResourceNotFoundException", 404, id="EXPnone")
    waiting = {"wait": {"actionId": "aws:fis:wait", "parameters": {"duration": "PT10M"}}}
    call("fis", "UpdateExperimentTemplate", id=template, actions=waiting, targets={})
    stopped = call("fis", "StartExperiment", experimentTemplateId=template)["experiment"]["id"]
    call("fis", "StopExperiment", id=stopped)
    lab.wait(lambda: status(call, stopped)["status"] == "stopped")
    first = call("fis", "ListExperiments", experimentTemplateId=template, maxResults=1)
    rest = call("fis", "ListExperiments", experimentTemplateId=template, maxResults=5, nextToken=first["nextToken"])
    assert len(first["experiments"]) + len(rest["experiments"]) == 3
    call("fis", "DeleteExperimentTemplate", id=template)


def lever(call, refuse, lab):
    def set_to(status):
        return {"id": "default", "state": {"status": status, "reason": "contract"}}

    state = lambda: call("fis", "GetSafetyLever", id="default")["safetyLever"]["state"]["status"]
    refuse("fis", "GetSafetyLever", "ResourceNotFoundException", 404, id="other")
    assert call("fis", "UpdateSafetyLeverState", **set_to("engaged"))["safetyLever"]["state"]["status"] == "engaging"
    refuse("fis", "UpdateSafetyLeverState", "ConflictException", 409, **set_to("disengaged"))
    lab.wait(lambda: state() == "engaged")
    call("fis", "UpdateSafetyLeverState", **set_to("disengaged"))
    assert state() == "disengaged"
