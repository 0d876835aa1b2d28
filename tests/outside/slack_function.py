"""The lab's model of `send-slack-spot-event` beside its source: the same event in, the same posts and the same log line out.

The source runs here in Python, as the same role in the same lab, and posts to the same server on loopback.
"""

import base64
import contextlib
import importlib.util
import io
import json
import os
import threading
import time
import types
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3

import checks
from checks import REPOSITORY, check, same, serve_lab

SOURCE = REPOSITORY / "assets" / "lambda" / "index.py"
NAME = "send-slack-spot-event-too"
WARNING = "EC2 Spot Instance Interruption Warning"
HOSTILE = "<!channel> & <http://x|y> \u202e\u200b\x07\x7f \u2028 é😀 \"q\" \\ *b*"
LOOK = {"Effect": "Allow", "Action": "ec2:DescribeInstances", "Resource": "*"}
READ = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
ROLES = {"all": [LOOK, READ], "blind": [READ], "mute": [LOOK]}

# How Slack answers, by the path: status, headers, body, for each try (the last one for all that follow).
ANSWERS = {
    "/fine": [(200, {}, "ok")],
    "/no-content": [(204, {}, "")],
    "/down": [(503, {}, "service_unavailable")],
    "/wrong": [(403, {}, "invalid_token\n")],
    "/repeats": [(404, {}, "repeats")],
    "/talks": [(500, {}, "<html>no</html>")],
    "/moved": [(302, {"Location": "/fine"}, "")],
    "/moved-for-good": [(308, {"Location": "/fine"}, "gone")],
    "/busy-once": [(429, {"Retry-After": "1"}, "rate_limited"), (200, {}, "ok")],
    "/busy": [(429, {"Retry-After": "2"}, "rate_limited")],
    "/busy-for-long": [(429, {"Retry-After": "16"}, "rate_limited")],
    "/busy-no-word": [(429, {}, ""), (503, {}, "")],
    "/busy-bad-word": [(429, {"Retry-After": "soon"}, ""), (200, {}, "ok")],
    "/busy-long-number": [(429, {"Retry-After": "000001"}, ""), (200, {}, "ok")],
    "/silent": ["wait"],
    "/closes": ["close"],
}


class Sink(BaseHTTPRequestHandler):
    posts = []

    def do_POST(self):
        tried = sum(1 for path, _ in self.posts if path == self.path)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.posts.append((self.path, body))
        answers = ANSWERS[self.path]
        answer = answers[min(tried, len(answers) - 1)]
        if answer == "wait":
            time.sleep(6)
        if isinstance(answer, str):
            self.close_connection = True
            return
        status, headers, text = answer
        self.send_response(status)
        for header, value in headers.items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def events(instance, region):
    """Name and event: each kind, what is not understood, and names that mean harm."""
    envelope = {"version": "0", "id": "7bf73129", "account": "000000000000", "time": "2026-11-22T12:00:00Z", "region": region}

    def event(source, kind, detail, **members):
        return envelope | {"source": source, "detail-type": kind, "detail": detail} | members

    def warning(**detail):
        return event("aws.ec2", WARNING, {"instance-id": instance, "instance-action": "terminate"} | detail)

    fis = {"experiment-id": "EXPabc123", "new-state": {"status": "running"}}
    yield "a warning", warning()
    yield "a rebalance recommendation", event("aws.ec2", "EC2 Instance Rebalance Recommendation", {"instance-id": instance})
    state = {"instance-id": instance, "state": "shutting-down"}
    yield "a state change", event("aws.ec2", "EC2 Instance State-change Notification", state)
    yield "an experiment", event("aws.fis", "FIS Experiment State Change", fis)
    for place in ("cn-north-1", "us-gov-west-1", "<x>"):
        yield f"an experiment in {place}", event("aws.fis", "FIS Experiment State Change", fis, region=place)
    odd = fis | {"experiment-id": "EXP|<!here>"}
    yield "an experiment with a hostile name", event("aws.fis", "FIS Experiment State Change", odd)
    yield "a self-test", event("spotdrill.selftest", "spotdrill self-test", {})
    yield "a self-test of an instance", event("spotdrill.selftest", "any", {"instance-id": "i-1", "instance-action": "x"})
    yield "a self-test without an action", event("spotdrill.selftest", "any", {"instance-action": None})
    yield "a self-test of a number", event("spotdrill.selftest", "any", {"instance-id": 7})
    yield "a self-test of nothing", event("spotdrill.selftest", "any", {"instance-id": [], "experiment-id": "EXP1"})
    yield "an unknown instance", warning(**{"instance-id": "i-0123456789abcdef0"})
    yield "hostile names", warning(**{"instance-id": HOSTILE, "instance-action": HOSTILE})
    yield "a name that is too long", warning(**{"instance-id": "<" * 300})
    yield "a hostile time and region", warning() | {"time": HOSTILE, "region": HOSTILE}
    yield "no time and no region", {"source": "aws.ec2", "detail-type": WARNING, "detail": warning()["detail"]}
    yield "a time that is a number", warning() | {"time": 7, "id": ""}
    yield "no action", event("aws.ec2", WARNING, {"instance-id": instance})
    yield "no instance", event("aws.ec2", WARNING, {"instance-action": "stop"})
    yield "an empty kind", event("spotdrill.selftest", "", {})
    yield "another source", event("aws.s3", "Object Created", {})
    yield "a detail that is a text", event("aws.ec2", WARNING, "x")
    for what in ({}, [], "text", 7, None):
        yield f"the event {what!r}", what


def loaded():
    spec = importlib.util.spec_from_file_location("index", SOURCE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def zipped():
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(SOURCE, "index.py")
    return packed.getvalue()


def posted(run):
    """What `run` comes to, and the bodies that were posted meanwhile."""
    Sink.posts.clear()
    came = run()
    return came, [body for _, body in Sink.posts]


class Both:
    """One function, as the lab plays it and as Python runs it."""

    def __init__(self):
        self.lambdas, self.iam, self.sts = boto3.client("lambda"), boto3.client("iam"), boto3.client("sts")
        self.arns, self.source = {}, loaded()
        account = self.sts.get_caller_identity()["Account"]
        principals = {"Service": "lambda.amazonaws.com", "AWS": f"arn:aws:iam::{account}:root"}
        trust = {"Statement": [{"Effect": "Allow", "Principal": principals, "Action": "sts:AssumeRole"}]}
        for name, statements in ROLES.items():
            role = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17"} | trust))
            policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
            self.iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=policy)
            self.arns[name] = role["Role"]["Arn"]
        self.lambdas.create_function(
            FunctionName=NAME, Runtime="python3.13", Handler="index.handler", Role=self.arns["all"], Timeout=60,
            Code={"ZipFile": zipped()},
        )

    def compare(self, what, event, environment, role="all"):
        settings = {"Role": self.arns[role], "Environment": {"Variables": environment}}
        self.lambdas.update_function_configuration(FunctionName=NAME, **settings)
        (line, result), posts = posted(lambda: self.in_the_lab(event))
        (wanted, own_result), own_posts = posted(lambda: self.in_python(event, environment, role))
        same(f"{what}: the line is the same", line, wanted)
        same(f"{what}: the result is the same", result, own_result)
        same(f"{what}: the posts are the same", posts, own_posts)
        return json.loads(wanted)

    def in_the_lab(self, event):
        answer = self.lambdas.invoke(FunctionName=NAME, Payload=json.dumps(event).encode(), LogType="Tail")
        check("the function does not fail", "FunctionError" not in answer, answer.get("FunctionError"))
        log = base64.b64decode(answer["LogResult"]).decode().splitlines()
        line = next(line for line in log if line.startswith('{"level"'))
        request = next(line.split()[2] for line in log if line.startswith("START RequestId: "))
        return line.replace(request, "REQUEST"), json.loads(answer["Payload"].read())

    def in_python(self, event, environment, role):
        keys = self.sts.assume_role(RoleArn=self.arns[role], RoleSessionName="source")["Credentials"]
        names = {"ACCESS_KEY_ID": "AccessKeyId", "SECRET_ACCESS_KEY": "SecretAccessKey", "SESSION_TOKEN": "SessionToken"}
        before = dict(os.environ)
        os.environ.update({f"AWS_{name}": keys[key] for name, key in names.items()} | environment)
        boto3.DEFAULT_SESSION = None
        self.source.webhook.clear()
        self.source.client.cache_clear()
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                result = self.source.handler(event, types.SimpleNamespace(aws_request_id="REQUEST"))
        finally:
            os.environ.clear()
            os.environ.update(before)
        return printed.getvalue().removesuffix("\n"), result


def script():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sink = f"http://127.0.0.1:{server.server_port}"
    _, printed = serve_lab("--seed", "7", "--speed", "60")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(checks.CLEAN | printed)
    both, secrets = Both(), boto3.client("secretsmanager")
    region = printed["AWS_REGION"]
    found = boto3.client("ec2").describe_instances(Filters=[{"Name": "tag-key", "Values": ["eks:nodegroup-name"]}])
    instance = found["Reservations"][0]["Instances"][0]["InstanceId"]

    for path in ANSWERS:
        secrets.create_secret(Name=f"slack{path}", SecretString=f"{sink}{path}\n")
    fine = {"SLACK_SECRET": "slack/fine"}
    for what, event in events(instance, region):
        line = both.compare(what, event, fine)
        if what == "a warning":
            check("a warning is posted, with its node group", line["status"] == 200 and "node-group" in line, line)
    _, warning = next(events(instance, region))
    for path, answers in ANSWERS.items():
        line = both.compare(f"Slack's {path}", warning, {"SLACK_SECRET": f"slack{path}"})
        said = "no answer" if isinstance(answers[0], str) else "status"
        check(f"Slack's {path}: the line says so", f"posted to Slack, {said}" in line["message"], line)

    dead = checks.free_port()
    for name, value in {"refuses": f"http://127.0.0.1:{dead}/x", "no-url": "xoxb-1", "marked": sink}.items():
        secrets.create_secret(Name=name, SecretString=value)
    secrets.delete_secret(SecretId="marked")
    for name in ("refuses", "no-url", "marked", "none"):
        both.compare(f"the secret {name}", warning, {"SLACK_SECRET": name})
    both.compare("no secret", warning, {})
    both.compare("an empty secret's name", warning, {"SLACK_SECRET": ""})
    both.compare("a role that may not read the secret", warning, fine, "mute")
    line = both.compare("a role that may not look at instances", warning, fine, "blind")
    check("it posts without the node group", line["status"] == 200 and "node-group" not in line, line)
    looks = {"USERNAME": "me & you", "ICON_URL": "https://example.com/i.png", "COLOR": "#ff0000"}
    both.compare("a look of its own", warning, fine | looks)
    both.compare("an empty look", warning, fine | {"USERNAME": "", "ICON_URL": "", "COLOR": ""})


if __name__ == "__main__":
    checks.main(script)
