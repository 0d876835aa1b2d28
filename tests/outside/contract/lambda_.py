"""Lambda: each operation, each input that the lab takes, and what it refuses."""

import base64
import io
import json
import threading
import urllib.request
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer

OURS = "# send-slack-spot-event\ndef handler(event, context):\n    pass\n"


def zipped(source, name="index.py"):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, source)
    return packed.getvalue()


def drive(call, refuse, lab):
    deployed(call, refuse, lab)
    name, group = "contract-function", "/contract/function"
    arn = f"arn:aws:lambda:{lab.region}:{lab.account}:function:{name}"
    role = f"arn:aws:iam::{lab.account}:role/send-slack-spot-event-{lab.region}"
    new = {"FunctionName": name, "Role": role, "Runtime": "python3.13", "Handler": "index.handler"}
    for code in [zipped("print(1)"), zipped(OURS, "app.py"), b"no zip"]:
        refuse("lambda", "CreateFunction", "InvalidParameterValueException", 400, **new, Code={"ZipFile": code})
    ours = {**new, "Code": {"ZipFile": zipped(OURS)}}
    refuse(
        "lambda", "CreateFunction", "InvalidParameterValueException", 400,
        **{**ours, "Role": f"arn:aws:iam::{lab.account}:role/none"},
    )
    secret = "spotdrill/slack-webhook"  # the one that the role may read
    usual = call("secretsmanager", "GetSecretValue", SecretId=secret)["SecretString"]
    with Sink() as sink:
        call("secretsmanager", "PutSecretValue", SecretId=secret, SecretString=sink.url)
        made = call(
            "lambda", "CreateFunction", **ours, Description="d", Timeout=5, MemorySize=256, PackageType="Zip",
            Environment={"Variables": {"SLACK_SECRET": secret, "USERNAME": "me & you"}}, Tags={"a": "1"},
            LoggingConfig={"LogFormat": "JSON", "LogGroup": group},
        )
        assert (made["FunctionArn"], made["State"], made["Timeout"]) == (arn, "Active", 5), made
        refuse("lambda", "CreateFunction", "ResourceConflictException", 409, **ours)
        assert call("lambda", "GetFunction", FunctionName=arn, Qualifier="$LATEST")["Tags"] == {"a": "1"}
        invoked(call, refuse, lab, name, group, sink)
    call("secretsmanager", "PutSecretValue", SecretId=secret, SecretString=usual)
    updated = call(
        "lambda", "UpdateFunctionConfiguration", FunctionName=name, Role=role, Handler="index.handler",
        Description="e", Timeout=4, MemorySize=512, Environment={"Variables": {}}, Runtime="python3.14",
        LoggingConfig={"LogFormat": "Text"},
    )
    assert (updated["MemorySize"], updated["LoggingConfig"]["LogFormat"]) == (512, "Text"), updated
    silent = call("lambda", "Invoke", FunctionName=name, Payload=json.dumps(selftest()).encode(), LogType="None")
    assert "FunctionError" not in silent and json.loads(silent["Payload"].read()) == {"status": None}, silent
    permissions(call, refuse, lab, name)
    page = call("lambda", "ListFunctions", MaxItems=1)
    rest = call("lambda", "ListFunctions", Marker=page["NextMarker"])
    assert [one["FunctionName"] for one in page["Functions"] + rest["Functions"]] == [name, "send-slack-spot-event"]
    call("lambda", "DeleteFunction", FunctionName=name)
    refuse("lambda", "GetFunction", "ResourceNotFoundException", 404, FunctionName=name)
    call("logs", "DeleteLogGroup", logGroupName=group)


def deployed(call, refuse, lab):
    shown = call("lambda", "GetFunctionConfiguration", FunctionName="send-slack-spot-event", Qualifier="$LATEST")
    assert shown["LoggingConfig"]["LogGroup"] == "/aws/lambda/send-slack-spot-event", shown
    refuse("lambda", "GetFunction", "ResourceNotFoundException", 404, FunctionName="send-slack-spot-event", Qualifier="7")
    answer = call(
        "lambda", "Invoke", FunctionName="send-slack-spot-event", Payload=json.dumps(selftest()).encode(),
        InvocationType="RequestResponse", LogType="Tail", Qualifier="$LATEST",
    )
    assert json.loads(answer["Payload"].read()) == {"status": 200} and answer["ExecutedVersion"] == "$LATEST"
    log = base64.b64decode(answer["LogResult"]).decode()
    assert log.startswith("INIT_START") and '"message": "posted to Slack, status 200"' in log and "hooks.slack" not in log, log
    messages = json.load(urllib.request.urlopen(f"{lab.url}/_lab/slack"))
    assert messages[-1]["webhook"] == "T000LAB00/B000LAB00" and messages[-1]["status"] == 200, messages
    assert "action: *selftest*" in messages[-1]["payload"]["attachments"][0]["text"], messages
    no_event = call("lambda", "Invoke", FunctionName="send-slack-spot-event", Payload=b"[]")
    assert json.loads(no_event["Payload"].read()) == {"status": None}, no_event
    refuse(
        "lambda", "Invoke", "InvalidRequestContentException", 400, FunctionName="send-slack-spot-event", Payload=b"{"
    )


def invoked(call, refuse, lab, name, group, sink):
    """The post reaches a server on this machine, and the log says so as JSON."""
    dry = call("lambda", "Invoke", FunctionName=name, InvocationType="DryRun", Payload=b"{}")
    assert dry["StatusCode"] == 204, dry
    later = call("lambda", "Invoke", FunctionName=name, InvocationType="Event", Payload=json.dumps(selftest()).encode())
    assert later["StatusCode"] == 202, later
    lab.wait(lambda: sink.posts)
    assert sink.posts[0]["username"] == "me & you", sink.posts

    def logged():
        groups = call("logs", "DescribeLogGroups", logGroupNamePrefix=group)["logGroups"]
        events = call("logs", "FilterLogEvents", logGroupName=group)["events"] if groups else []
        return [json.loads(event["message"]) for event in events]

    lab.wait(lambda: logged())
    assert [line.get("type") or line["message"] for line in logged()] == [
        "platform.initStart", "platform.start", "posted to Slack, status 200", "platform.report",
    ], logged()
    assert [line["tries"] for line in logged() if "tries" in line] == [2], logged()


def permissions(call, refuse, lab, name):
    refuse("lambda", "GetPolicy", "ResourceNotFoundException", 404, FunctionName=name)
    permission = {
        "FunctionName": name, "StatementId": "events", "Action": "lambda:InvokeFunction",
        "Principal": "events.amazonaws.com", "SourceAccount": lab.account,
        "SourceArn": f"arn:aws:events:{lab.region}:{lab.account}:rule/contract",
    }
    call("lambda", "AddPermission", **permission)
    refuse("lambda", "AddPermission", "ResourceConflictException", 409, **permission)
    policy = json.loads(call("lambda", "GetPolicy", FunctionName=name)["Policy"])
    assert policy["Statement"][0]["Principal"] == {"Service": "events.amazonaws.com"}, policy
    call("lambda", "RemovePermission", FunctionName=name, StatementId="events")
    refuse("lambda", "RemovePermission", "ResourceNotFoundException", 404, FunctionName=name, StatementId="events")


def selftest():
    return {
        "id": "1", "source": "spotdrill.selftest", "detail-type": "spotdrill self-test", "time": "2026-11-22T12:00:00Z",
        "detail": {"instance-id": "i-0abc"},
    }


class Sink:
    """A server on loopback that is Slack: 429 at first, then 200."""

    def __enter__(self):
        posts = self.posts = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(429 if len(posts) == 1 else 200)
                self.send_header("Retry-After", "1")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
