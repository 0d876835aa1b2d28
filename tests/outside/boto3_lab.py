"""boto3 against `spotdrill lab serve`: an AWS client that shares no code with the SDK that spotdrill uses.

It proves that the lab speaks AWS's protocols and not merely ours: botocore parses every answer and every refusal by
AWS's own models, the printed `export` lines are all that a client needs, and an interruption runs its whole course as
AWS documents it, from the experiment's start to the terminated instance and its replacement.
"""

import json
import os
import threading
import uuid
from datetime import datetime

import checks
from checks import check, run, same, until

SPEED = 60
ACCOUNT = "000000000000"
EVENTS = "/aws/events/spotdrill"
FUNCTION = "/aws/lambda/send-slack-spot-event"
INTERRUPT = "aws:ec2:send-spot-instance-interruptions"


def serve():
    """Starts the lab and takes over the environment that it prints, as someone would who pastes it."""
    server, printed = checks.serve_lab("--speed", str(SPEED), "--seed", "7")
    same(
        "the lab prints what a client needs",
        sorted(printed),
        [
            "AWS_ACCESS_KEY_ID",
            "AWS_DEFAULT_REGION",
            "AWS_DISABLE_HOST_PREFIX_INJECTION",
            "AWS_EC2_METADATA_DISABLED",
            "AWS_ENDPOINT_URL",
            "AWS_REGION",
            "AWS_SECRET_ACCESS_KEY",
        ],
    )
    check("it listens on loopback", printed["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:"), printed)
    for name in [name for name in os.environ if name.startswith("AWS_") or name.lower().endswith("_proxy")]:
        del os.environ[name]
    os.environ.update(checks.CLEAN | printed)
    return server, printed


def client(service, **other):
    """Nothing but the environment says where the lab is, who we are, and that names get no prefix."""
    import boto3  # after the environment is set: botocore reads it at import
    from botocore.config import Config

    config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30)
    return boto3.session.Session().client(service, config=config, **other)


def refused(what, code, status, call, **arguments):
    from botocore.exceptions import ClientError

    try:
        call(**arguments)
    except ClientError as error:
        found = (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"])
        said = error.response["Error"]["Message"]
    else:
        found, said = None, "it was carried out"
    check(f"{what}: {status} {code}", found == (code, status) and said, f"{found} {said}")


def instances(answer):
    return [instance for reservation in answer["Reservations"] for instance in reservation["Instances"]]


def the_fleet(ec2, sts):
    caller = sts.get_caller_identity()
    same("STS: the account is nobody's", caller["Account"], ACCOUNT)
    check("STS: the caller has an ARN of it", f"::{ACCOUNT}:" in caller["Arn"], caller["Arn"])

    pages = list(ec2.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 5}))
    same("MaxResults=5 gives pages of five instances", [len(instances(page)) for page in pages], [5, 5, 5, 5, 4])
    listed = [instance for page in pages for instance in instances(page)]
    same("no instance is on two pages", len({instance["InstanceId"] for instance in listed}), 24)
    spot = [instance for instance in listed if instance.get("InstanceLifecycle") == "spot"]
    same("21 are spot", len(spot), 21)
    one = spot[0]
    same("an instance is running", one["State"], {"Code": 16, "Name": "running"})
    check("its launch is a time with a zone", one["LaunchTime"].tzinfo is not None, one["LaunchTime"])
    check("its zone is of the region", one["Placement"]["AvailabilityZone"].startswith(os.environ["AWS_REGION"]))
    tags = {tag["Key"]: tag["Value"] for tag in one["Tags"]}
    same("it is tagged as a node of its group", tags.get("eks:nodegroup-name"), "web-spot")
    named = ec2.describe_instances(Filters=[{"Name": "tag:eks:nodegroup-name", "Values": ["*-spot"]}])
    same("a filter by tag takes wildcards", len(instances(named)), 14)

    requests = ec2.describe_spot_instance_requests(Filters=[{"Name": "status-code", "Values": ["fulfilled"]}])
    same("each spot instance has its request", len(requests["SpotInstanceRequests"]), 21)
    of_one = ec2.describe_spot_instance_requests(SpotInstanceRequestIds=[one["SpotInstanceRequestId"]])
    same("and it is its own", [r["InstanceId"] for r in of_one["SpotInstanceRequests"]], [one["InstanceId"]])

    unknown = "i-0123456789abcdef0"
    with_ids = dict(InstanceIds=[one["InstanceId"]], MaxResults=5)
    for what, code, arguments in (
        ("an unknown instance", "InvalidInstanceID.NotFound", dict(InstanceIds=[unknown])),
        ("an id that is none", "InvalidInstanceID.Malformed", dict(InstanceIds=["i-zz"])),
        ("ids and MaxResults", "InvalidParameterCombination", with_ids),
        ("MaxResults=4", "InvalidParameterValue", dict(MaxResults=4)),
        ("a token that it never gave", "InvalidPaginationToken", dict(NextToken="x")),
    ):
        refused(what, code, 400, ec2.describe_instances, **arguments)
    refused("an operation that it does not play", "InvalidAction", 400, ec2.describe_volumes)
    return one["InstanceId"]


def the_keys():
    """Another access key, another region, no service of the lab's: as each service words it."""
    other = dict(aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="x")
    for service, operation, code, status in (
        ("ec2", "describe_instances", "AuthFailure", 401),
        ("sts", "get_caller_identity", "InvalidClientTokenId", 403),
        ("fis", "list_experiments", "UnrecognizedClientException", 403),
        ("logs", "describe_log_groups", "UnrecognizedClientException", 403),
    ):
        refused(f"{service}: another access key", code, status, getattr(client(service, **other), operation))
    elsewhere = client("ec2", region_name="us-east-1")
    refused("ec2: another region", "AuthFailure", 401, elsewhere.describe_instances)


def template(arns, actions=1, **other):
    spot = {"resourceType": "aws:ec2:spot-instance", "resourceArns": arns, "selectionMode": "ALL"}
    action = {
        "actionId": INTERRUPT,
        "parameters": {"durationBeforeInterruption": "PT3M"},
        "targets": {"SpotInstances": "spot"},
    }
    return {
        "clientToken": str(uuid.uuid4()),
        "description": "drill",
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/spot-fis-test",
        "stopConditions": [{"source": "none"}],
        "targets": {"spot": spot},
        "actions": {f"interrupt{number}": action for number in range(actions)},
        "tags": {"drill": "one"},
    } | other


def arn(instance):
    return f"arn:aws:ec2:{os.environ['AWS_REGION']}:{ACCOUNT}:instance/{instance}"


def refusals_of_fis(fis, victim):
    one = arn(victim)
    made = template([one])
    first = fis.create_experiment_template(**made)["experimentTemplate"]
    again = fis.create_experiment_template(**made)["experimentTemplate"]
    same("the same token makes the same template", again["id"], first["id"])
    tags = fis.list_tags_for_resource(resourceArn=first["arn"])["tags"]
    same("a template's tags are found by its ARN", tags, {"drill": "one"})
    for what, code, status, content in (
        ("the same token for another template", "ConflictException", 409, made | {"description": "other"}),
        ("six ARNs", "ValidationException", 400, template([one] * 6)),
        ("no stop condition", "ValidationException", 400, template([one], stopConditions=[])),
        ("eleven actions at once", "ServiceQuotaExceededException", 402, template([one], actions=11)),
        ("twenty-one actions", "ServiceQuotaExceededException", 402, template([one], actions=21)),
    ):
        refused(what, code, status, fis.create_experiment_template, **content)
    for what, call, arguments in (
        ("an unknown experiment", fis.get_experiment, dict(id="EXPnone")),
        ("stopping it", fis.stop_experiment, dict(id="EXPnone")),
        ("an unknown template", fis.get_experiment_template, dict(id="EXTnone")),
        ("starting it", fis.start_experiment, dict(experimentTemplateId="EXTnone")),
        ("deleting it", fis.delete_experiment_template, dict(id="EXTnone")),
    ):
        refused(what, "ResourceNotFoundException", 404, call, **arguments)
    check("the action takes spot instances", "SpotInstances" in fis.get_action(id=INTERRUPT)["action"]["targets"])
    lever = fis.get_safety_lever(id="default")["safetyLever"]
    same("the safety lever is not engaged", lever["state"]["status"], "disengaged")
    return first["id"]


def status(fis, experiment):
    return fis.get_experiment(id=experiment)["experiment"]["state"]["status"]


def the_quota_and_the_stop(fis, victims):
    """Five experiments at once, all stopped before their notice. Last: a stop need not recall what has begun."""
    made = template([arn(victim) for victim in victims])
    made["actions"]["interrupt0"] = made["actions"]["interrupt0"] | {
        "parameters": {"durationBeforeInterruption": "PT15M"}
    }
    id = fis.create_experiment_template(**made)["experimentTemplate"]["id"]
    running = [fis.start_experiment(experimentTemplateId=id)["experiment"]["id"] for _ in range(5)]
    quota = "ServiceQuotaExceededException"
    refused("a sixth experiment at once", quota, 402, fis.start_experiment, experimentTemplateId=id)
    for experiment in running:
        stopping = fis.stop_experiment(id=experiment)["experiment"]["state"]["status"]
        check("a stop is answered with stopping", stopping == "stopping", stopping)
    until("all are stopped", lambda: all(status(fis, experiment) == "stopped" for experiment in running))
    same("all five are stopped", {status(fis, experiment) for experiment in running}, {"stopped"})
    refused("stopping what is stopped", "ValidationException", 400, fis.stop_experiment, id=running[0])
    fis.delete_experiment_template(id=id)


def tailed(stream, wanted):
    """Reads updates until each of the words was in a message; what is missing then, and what came first."""
    missing, first, updates = set(wanted), None, 0
    for event in stream:  # the lab sends one each second, and the client waits no longer than its read_timeout
        if first is None:
            first = event
            continue
        updates += 1
        for result in event["sessionUpdate"]["sessionResults"]:
            missing -= {word for word in missing if word in result["message"]}
        if not missing or updates > 3600:
            break
    return first, missing


def the_interruption(ec2, fis, logs, template_id, victim):
    before = {instance["InstanceId"] for instance in instances(ec2.describe_instances())}
    groups = sorted(logs.describe_log_groups()["logGroups"], key=lambda group: group["logGroupName"])
    same("there are two log groups", [group["logGroupName"] for group in groups], [EVENTS, FUNCTION])
    arns = [group["logGroupArn"] for group in groups]
    stream = logs.start_live_tail(logGroupIdentifiers=arns)["responseStream"]
    started = fis.start_experiment(experimentTemplateId=template_id, tags={"spotdrill:drill": "x"})["experiment"]
    same("an experiment starts as initiating", started["state"]["status"], "initiating")
    check("its start is a time with a zone", started["startTime"].tzinfo is not None, started["startTime"])
    same("it has the tags that it was started with", started["tags"], {"spotdrill:drill": "x"})

    wanted = ["Rebalance Recommendation", "Interruption Warning", "State-change", "REPORT RequestId", victim]
    watchdog = threading.Timer(120, stream.close)
    watchdog.start()
    first, missing = tailed(stream, wanted)
    watchdog.cancel()
    stream.close()
    check("Live Tail begins with sessionStart", first and "sessionStart" in first, first)
    same("Live Tail shows events and the function's lines as they come", missing, set())

    until("the experiment completes", lambda: status(fis, started["id"]) == "completed")
    same("the experiment is completed", status(fis, started["id"]), "completed")
    resolved = fis.list_experiment_resolved_targets(experimentId=started["id"])["resolvedTargets"]
    same("its target resolved to the instance", [t["targetInformation"]["arn"] for t in resolved], [arn(victim)])

    def gone():
        [instance] = instances(ec2.describe_instances(InstanceIds=[victim]))
        return instance if instance["State"]["Name"] == "terminated" else None

    instance = until("the instance is terminated", gone)
    same("the instance is terminated", instance["State"], {"Code": 48, "Name": "terminated"})
    same("by a spot interruption", instance["StateReason"]["Code"], "Server.SpotInstanceTermination")
    requests = ec2.describe_spot_instance_requests(Filters=[{"Name": "instance-id", "Values": [victim]}])
    [request] = requests["SpotInstanceRequests"]
    said = (request["State"], request["Status"]["Code"])
    same("its request is closed by the experiment", said, ("closed", "instance-terminated-by-experiment"))

    def replacement():
        running = {"Name": "instance-state-name", "Values": ["running"]}
        group = {"Name": "tag:eks:nodegroup-name", "Values": ["web-spot"]}
        return [i for i in instances(ec2.describe_instances(Filters=[running, group])) if i["InstanceId"] not in before]

    new = until("a replacement runs", replacement)
    same("one spot instance replaces it", [i.get("InstanceLifecycle") for i in new], ["spot"])
    check("it was launched after the start", new[0]["LaunchTime"] >= started["startTime"].replace(microsecond=0), new)


def the_events(logs, victim):
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=EVENTS, filterPattern=f'"{victim}"', PaginationConfig={"PageSize": 1}
    )
    found = [event for page in pages for event in page["events"]]
    messages = [json.loads(event["message"]) for event in found]
    told = [(message["detail-type"], message["detail"].get("state")) for message in messages]
    expected = [
        ("EC2 Instance Rebalance Recommendation", None),
        ("EC2 Spot Instance Interruption Warning", None),
        ("EC2 Instance State-change Notification", "shutting-down"),
        ("EC2 Instance State-change Notification", "terminated"),
    ]
    if same("FilterLogEvents, a page for each: every event in its order", told, expected):
        times = [datetime.fromisoformat(message["time"]) for message in messages]
        minute, two = ((later - earlier).total_seconds() for earlier, later in zip(times[:2], times[1:3]))
        check("PT3M: the notice comes a minute after the recommendation", abs(minute - 60) <= 2, minute)
        check("the shutdown comes two minutes after the notice", abs(two - 120) <= 2, two)
    same("no event has another's id", len({event["eventId"] for event in found}), len(found))
    lines = logs.filter_log_events(logGroupName=FUNCTION, filterPattern=f'"{victim}"')["events"]
    check("the function was told of it", lines, lines)
    refused("an unknown log group", "ResourceNotFoundException", 400, logs.filter_log_events, logGroupName="/no")
    invalid = "InvalidParameterException"
    refused("a live tail by name, not ARN", invalid, 400, logs.start_live_tail, logGroupIdentifiers=[EVENTS])


def the_program_itself(printed, ec2):
    """spotdrill takes the served lab for one, sees what boto3 sees, and believes --yes there."""
    where = ("--endpoint-url", printed["AWS_ENDPOINT_URL"])
    seen = run("fleet", *where, "--format", "json", env=printed)
    fleet = json.loads(seen.stdout or "{}")
    same("spotdrill takes the served lab for a lab", (seen.returncode, fleet.get("world")), (0, "lab"))
    running = {"Name": "instance-state-name", "Values": ["running"]}
    ours = {i["id"] for g in fleet["groups"] for i in g["instances"] if i["state"] == "running"}
    theirs = {i["InstanceId"] for i in instances(ec2.describe_instances(Filters=[running]))}
    same("and sees what boto3 sees", ours, theirs)
    order = ("run", *where, "--group", "batch-spot", "--count", "1", "--yes", "--settle", "10m", "--format", "ndjson")
    seen = run(*order, env=printed, seconds=120)
    facts = [json.loads(line) for line in seen.stdout.splitlines()]
    same("a drill in it holds", (seen.returncode, facts and facts[-1].get("verdict")), (0, "held"))
    gone = facts[-1]["interrupted"]
    states = [i["State"]["Name"] for i in instances(ec2.describe_instances(InstanceIds=gone))]
    same("boto3 agrees on who is gone", states, ["terminated"])


def script():
    server, printed = serve()
    ec2, fis, logs, sts = client("ec2"), client("fis"), client("logs"), client("sts")
    victim = the_fleet(ec2, sts)
    the_keys()
    template_id = refusals_of_fis(fis, victim)
    the_interruption(ec2, fis, logs, template_id, victim)
    the_events(logs, victim)
    the_program_itself(printed, ec2)
    nodes = ec2.describe_instances(Filters=[{"Name": "tag:karpenter.sh/nodepool", "Values": ["flex"]}])
    the_quota_and_the_stop(fis, [instance["InstanceId"] for instance in instances(nodes)][:2])
    fis.delete_experiment_template(id=template_id)
    left = fis.list_experiment_templates()["experimentTemplates"]
    same("no template is left but the stack's own", [template["tags"].get("spotdrill") for template in left], ["spotdrill"])
    same("all seven experiments are still listed", len(fis.list_experiments()["experiments"]), 7)
    same("the server still runs", server.poll(), None)
    server.terminate()
    same("SIGTERM ends it as such", server.wait(10), 143)


if __name__ == "__main__":
    checks.main(script)
