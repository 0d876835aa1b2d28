"""A served lab through boto3, which shares no code with the Rust SDK.

usage: boto3_lab.py ENDPOINT ACCESS_KEY SECRET REGION

The lab's scenario is `default`, freshly opened; a rate of 60 makes it quick. Exits with 1 on any mismatch.
"""

import json
import sys
import time
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT, ACCESS_KEY, SECRET, REGION = sys.argv[1:5]
EVENTS = "/aws/events/spotdrill"
FUNCTION = "/aws/lambda/send-slack-spot-event"
PATIENCE = 300  # seconds of ours, enough for a lab at rate 1

passed = failed = 0


def check(what, right, found=None):
    global passed, failed
    if right:
        passed += 1
    else:
        failed += 1
        print(f"mismatch: {what}: {found!r}", file=sys.stderr)


def client(service, key=ACCESS_KEY):
    config = Config(inject_host_prefix=False, retries={"total_max_attempts": 1}, read_timeout=30)
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=ENDPOINT,
        aws_access_key_id=key,
        aws_secret_access_key=SECRET,
        config=config,
    )


def refused(call, code, status):
    try:
        call()
    except ClientError as error:
        found = (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
    else:
        found = None
    check(f"refused with {code}", found == (code, status), found)


def until(what, see):
    """Waits until `see` gives something, and gives that."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        seen = see()
        if seen:
            check(what, True)
            return seen
        time.sleep(0.2)
    check(what, False, "not seen in time")
    return None


ec2, fis, logs, sts = client("ec2"), client("fis"), client("logs"), client("sts")


def fleet():
    check("account", sts.get_caller_identity()["Account"] == "000000000000")
    pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5}))
    of_page = [[i for r in page["Reservations"] for i in r["Instances"]] for page in pages]
    check("page sizes", [len(page) for page in of_page] == [5, 5, 5, 5, 4], [len(page) for page in of_page])
    instances = [instance for page in of_page for instance in page]
    check("ids are unique", len({instance["InstanceId"] for instance in instances}) == 24)
    spot = [instance for instance in instances if instance.get("InstanceLifecycle") == "spot"]
    check("spot instances", len(spot) == 21, len(spot))
    one = spot[0]
    check("launch time", one["LaunchTime"].tzinfo is not None)
    check("state", one["State"] == {"Code": 16, "Name": "running"}, one["State"])
    check("zone", one["Placement"]["AvailabilityZone"].startswith(REGION))
    tags = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
    check("tags", tags["eks:nodegroup-name"] == "web-spot", tags)

    filters = [{"Name": "tag:eks:nodegroup-name", "Values": ["*-spot"]}]
    found = ec2.describe_instances(Filters=filters)["Reservations"]
    check("wildcard", sum(len(r["Instances"]) for r in found) == 14)
    requests = ec2.describe_spot_instance_requests(Filters=[{"Name": "status-code", "Values": ["fulfilled"]}])
    check("spot requests", len(requests["SpotInstanceRequests"]) == 21)
    check("last page has no token", "NextToken" not in requests)

    unknown = "i-0123456789abcdef0"
    refused(lambda: ec2.describe_instances(InstanceIds=[unknown]), "InvalidInstanceID.NotFound", 400)
    refused(lambda: ec2.describe_instances(InstanceIds=[unknown], MaxResults=5), "InvalidParameterCombination", 400)
    refused(lambda: ec2.describe_instances(NextToken="x"), "InvalidPaginationToken", 400)
    refused(lambda: ec2.describe_volumes(), "InvalidAction", 400)
    refused(lambda: client("ec2", "AKIAOTHER").describe_instances(), "AuthFailure", 401)
    refused(lambda: client("fis", "AKIAOTHER").list_actions(), "UnrecognizedClientException", 403)
    refused(lambda: client("logs", "AKIAOTHER").describe_log_groups(), "UnrecognizedClientException", 403)
    refused(lambda: client("sqs").list_queues(), "UnknownOperationException", 400)
    return one["InstanceId"]


def template_of(arns, token):
    return dict(
        clientToken=token,
        description="drill",
        roleArn="arn:aws:iam::000000000000:role/fis",
        stopConditions=[{"source": "none"}],
        targets={
            "spot": {"resourceType": "aws:ec2:spot-instance", "resourceArns": arns, "selectionMode": "ALL"},
        },
        actions={
            "interrupt": {
                "actionId": "aws:ec2:send-spot-instance-interruptions",
                "parameters": {"durationBeforeInterruption": "PT3M"},
                "targets": {"SpotInstances": "spot"},
            },
        },
        tags={"drill": "one"},
    )


def tail_until(stream, wanted):
    """Reads updates until all that is wanted was seen in messages, and checks how the stream begins."""
    missing, first, updates = set(wanted), None, 0
    deadline = time.monotonic() + PATIENCE
    for event in stream:
        if first is None:
            first = event
            continue
        updates += 1
        for result in event["sessionUpdate"]["sessionResults"]:
            missing -= {word for word in missing if word in result["message"]}
        if not missing or time.monotonic() > deadline:
            break
    check("tail begins with sessionStart", first is not None and "sessionStart" in first, first)
    check("tail updates while it is quiet", updates > 1, updates)
    check("tail shows what comes", not missing, missing)


def experiment(victim):
    arn = f"arn:aws:ec2:{REGION}:000000000000:instance/{victim}"
    token = str(uuid.uuid4())
    template = fis.create_experiment_template(**template_of([arn], token))["experimentTemplate"]
    again = fis.create_experiment_template(**template_of([arn], token))["experimentTemplate"]
    check("same token, same template", again["id"] == template["id"])
    refused(lambda: fis.create_experiment_template(**template_of([arn, arn], token)), "ConflictException", 409)
    six = template_of([arn] * 5 + [arn], "six")
    refused(lambda: fis.create_experiment_template(**six), "ValidationException", 400)
    refused(lambda: fis.get_experiment(id="EXPnone"), "ResourceNotFoundException", 404)
    action = fis.get_action(id="aws:ec2:send-spot-instance-interruptions")["action"]
    check("action's target", "SpotInstances" in action["targets"], action)
    check("tags by ARN", fis.list_tags_for_resource(resourceArn=template["arn"])["tags"] == {"drill": "one"})
    check("safety lever", fis.get_safety_lever(id="default")["safetyLever"]["state"]["status"] == "disengaged")

    groups = [group["logGroupArn"] for group in logs.describe_log_groups()["logGroups"]]
    check("log groups", len(groups) == 2, groups)
    stream = logs.start_live_tail(logGroupIdentifiers=groups)["responseStream"]

    def start(token):
        return fis.start_experiment(experimentTemplateId=template["id"], clientToken=token)["experiment"]

    started = start("s")
    check("starts as initiating", started["state"]["status"] == "initiating", started["state"])
    check("start time", started["startTime"].tzinfo is not None)
    tail_until(stream, ["Rebalance Recommendation", "Interruption Warning", "REPORT RequestId", "*terminate*"])
    stream.close()

    def status(id):
        return fis.get_experiment(id=id)["experiment"]["state"]["status"]

    until("completes", lambda: status(started["id"]) == "completed")
    resolved = fis.list_experiment_resolved_targets(experimentId=started["id"])["resolvedTargets"]
    check("resolved targets", [target["targetInformation"]["arn"] for target in resolved] == [arn], resolved)
    refused(lambda: fis.stop_experiment(id=started["id"]), "ValidationException", 400)

    def request():
        filters = [{"Name": "instance-id", "Values": [victim]}]
        return ec2.describe_spot_instance_requests(Filters=filters)["SpotInstanceRequests"][0]

    check("status code", request()["Status"]["Code"] == "instance-terminated-by-experiment", request())

    def ended():
        instance = ec2.describe_instances(InstanceIds=[victim])["Reservations"][0]["Instances"][0]
        return instance if instance["State"]["Name"] == "terminated" else None

    instance = until("is terminated", ended)
    if instance:
        check("state reason", instance["StateReason"]["Code"] == "Server.SpotInstanceTermination")

    stopped = start("other")
    stopping = fis.stop_experiment(id=stopped["id"])["experiment"]["state"]["status"]
    check("is stopping", stopping == "stopping", stopping)
    until("is stopped", lambda: status(stopped["id"]) == "stopped")
    check("experiments", len(fis.list_experiments()["experiments"]) == 2)
    fis.delete_experiment_template(id=template["id"])
    check("no template is left", fis.list_experiment_templates()["experimentTemplates"] == [])


def events(victim):
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=EVENTS, filterPattern=f'"{victim}"', PaginationConfig={"PageSize": 1}
    )
    found = [event for page in pages for event in page["events"]]
    kinds = [json.loads(event["message"])["detail-type"] for event in found]
    expected = [
        "EC2 Instance Rebalance Recommendation",
        "EC2 Spot Instance Interruption Warning",
        "EC2 Instance State-change Notification",
        "EC2 Instance State-change Notification",
    ]
    check("events in order", kinds == expected, kinds)
    check("event ids are unique", len({event["eventId"] for event in found}) == 4)
    told = logs.filter_log_events(logGroupName=FUNCTION, filterPattern=f'"resource: {victim}"')["events"]
    check("the function was told once", len(told) == 1, told)
    refused(lambda: logs.filter_log_events(logGroupName="/no"), "ResourceNotFoundException", 400)
    refused(lambda: logs.start_live_tail(logGroupIdentifiers=[EVENTS]), "InvalidParameterException", 400)


victim = fleet()
experiment(victim)
events(victim)
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
