"""The Lambda that tells Slack, run against a Slack on this machine. Needs nothing but Python: `python3 -m unittest`."""

import contextlib
import http.server
import io
import json
import os
import sys
import threading
import types
import unittest
from unittest import mock

try:
    import boto3  # noqa: F401
except ImportError:  # each test has clients of its own; what they are made of is not looked at
    sys.modules["boto3"] = types.SimpleNamespace(client=None)
    sys.modules["botocore"] = types.ModuleType("botocore")
    sys.modules["botocore.config"] = types.SimpleNamespace(Config=lambda **_: None)

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True
import index  # noqa: E402

CANARY = "/services/T00000000/B00000000/CanaryCanaryCanaryCanary"
INSTANCE = "i-0123456789abcdef0"
EXPERIMENT = "EXP5oFdg3bUvvUqo9K"
HOSTILE = "<!channel> <@U1> <https://evil.example|click> & \x1b[31m\r\n\u202e*_`"
HARMLESS = "&lt;!channel&gt; &lt;@U1&gt; &lt;https://evil.example|click&gt; &amp;  [31m   *_`"


def event(detail_type, detail, source="aws.ec2", **changes):
    whole = {
        "version": "0",
        "id": "12345678-1234-1234-1234-123456789012",
        "detail-type": detail_type,
        "source": source,
        "account": "123456789012",
        "time": "2026-11-22T12:00:00Z",
        "region": "eu-west-1",
        # as it really comes: the zone where the region belongs, and no account
        "resources": [f"arn:aws:ec2:eu-west-1a:instance/{INSTANCE}"],
        "detail": detail,
    }
    return whole | changes


def warning(**changes):
    detail = {"instance-id": INSTANCE, "instance-action": "terminate"}
    return event("EC2 Spot Instance Interruption Warning", detail, **changes)


def state_of_experiment(**changes):
    detail = {
        "experiment-id": EXPERIMENT,
        "experiment-template-id": "EXT1",
        "new-state": {"status": "running", "reason": "Experiment is running."},
        "old-state": {"status": "initiating", "reason": "Experiment is initiating."},
    }
    return event("FIS Experiment State Change", detail, "aws.fis", **changes)


class Refused(Exception):
    """As botocore's ClientError has it."""

    def __init__(self, code):
        super().__init__(f"An error occurred ({code}) with {CANARY}")
        self.response = {"Error": {"Code": code, "Message": f"it is {CANARY}"}}


class Slack(http.server.ThreadingHTTPServer):
    """Answers each post with the next of its answers, and with `ok` when there are no more."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.posts, self.gets = [], [], 0
        self.silence = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def handle_error(self, *_):
        """A client that has hung up is what some tests are about."""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posts.append((self.path, self.headers["Content-Type"], json.loads(body)))
        answer = self.server.answers.pop(0) if self.server.answers else (200, "ok", {})
        if answer is None:
            self.server.silence.wait(10)
            return
        status, text, headers = answer
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(text))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def do_GET(self):
        self.server.gets += 1
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class WithSlack(unittest.TestCase):
    def setUp(self):
        self.slack = Slack()
        self.addCleanup(self.slack.server_close)
        self.addCleanup(self.slack.shutdown)
        self.addCleanup(self.slack.silence.set)
        self.secret = f" http://127.0.0.1:{self.slack.server_port}{CANARY}\n"  # as it comes by copying
        self.tags = Refused("UnauthorizedOperation")
        self.reads = []
        index.client.cache_clear()
        environment = {"SLACK_SECRET": "spotdrill/slack-webhook", "NO_PROXY": "*"}
        for patch in (
            mock.patch.dict(os.environ, environment, clear=True),
            mock.patch.object(index.boto3, "client", self.client),
            mock.patch.object(index.time, "sleep"),
            mock.patch.dict(index.webhook, clear=True),
        ):
            patch.start()
            self.addCleanup(patch.stop)

    def client(self, service, **_):
        return types.SimpleNamespace(**{
            "secretsmanager": {"get_secret_value": self.get_secret_value},
            "ec2": {"describe_instances": self.describe_instances},
        }[service])

    def get_secret_value(self, SecretId):
        self.reads.append(SecretId)
        if isinstance(self.secret, Exception):
            raise self.secret
        return {"SecretString": self.secret}

    def describe_instances(self, InstanceIds):
        if isinstance(self.tags, Exception):
            raise self.tags
        tags = [{"Key": key, "Value": value} for key, value in self.tags.items()]
        return {"Reservations": [{"Instances": [{"InstanceId": InstanceIds[0], "Tags": tags}]}]}

    def invoke(self, what):
        """The one line that the log then has; no line and no result ever tells the webhook."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            result = index.handler(what, types.SimpleNamespace(aws_request_id="request-1"))
        told = said.getvalue() + json.dumps(result)
        for secret in (CANARY, "CanaryCanary", "B00000000"):
            self.assertNotIn(secret, told)
        lines = said.getvalue().splitlines()
        self.assertEqual(len(lines), 1, lines)
        line = json.loads(lines[0])
        self.assertEqual(result, {"status": line.get("status")})
        return line

    def message(self, what):
        """What Slack gets of an event."""
        line = self.invoke(what)
        self.assertEqual((line["level"], line["message"]), ("INFO", "posted to Slack, status 200"))
        path, kind, message = self.slack.posts.pop()
        self.assertEqual((path, kind, self.slack.posts), (CANARY, "application/json", []))
        return message


class Messages(WithSlack):
    def test_an_interruption_warning(self):
        attachment = {
            "pretext": ":white_check_mark: INFO :white_check_mark:",
            "color": "#36C5F0",
            "text": f"EC2 Spot Instance Interruption Warning\nresource: {INSTANCE}, action: *terminate*",
            "fields": [{"title": "region", "value": "eu-west-1", "short": True}],
            "footer": "2026-11-22T12:00:00Z",
            "footer_icon": index.ICON,
            "mrkdwn_in": ["pretext", "text"],
        }
        self.assertEqual(self.message(warning()), {"username": "spot-event", "attachments": [attachment]})

    def test_each_kind_of_event_has_its_resource_and_action(self):
        instance = {"instance-id": INSTANCE}
        for what, resource, action in [
            (event("EC2 Spot Instance Interruption Warning", instance | {"instance-action": "stop"}), INSTANCE, "stop"),
            (event("EC2 Spot Instance Interruption Warning", instance | {"instance-action": "hibernate"}), INSTANCE, "hibernate"),
            (event("EC2 Instance Rebalance Recommendation", instance), INSTANCE, "rebalance"),
            (event("EC2 Instance State-change Notification", instance | {"state": "shutting-down"}), INSTANCE, "shutting-down"),
            (state_of_experiment(), EXPERIMENT, "running"),
            (event("spotdrill self-test", {}, "spotdrill.selftest"), "12345678-1234-1234-1234-123456789012", "selftest"),
            (event("spotdrill self-test", instance | {"instance-action": "none"}, "spotdrill.selftest"), INSTANCE, "none"),
        ]:
            with self.subTest(what["detail-type"]):
                text = self.message(what)["attachments"][0]["text"]
                self.assertEqual(text, f"{what['detail-type']}\nresource: {resource}, action: *{action}*")

    def test_name_picture_and_colour_are_the_environments(self):
        os.environ.update(USERNAME="game day", ICON_URL="https://example.com/i.png", COLOR="#ff0000")
        message = self.message(warning())
        self.assertEqual((message["username"], message["icon_url"]), ("game day", "https://example.com/i.png"))
        attachment = message["attachments"][0]
        self.assertEqual((attachment["color"], attachment["footer_icon"]), ("#ff0000", "https://example.com/i.png"))

    def test_an_empty_setting_is_none(self):
        os.environ.update(USERNAME="", ICON_URL="", COLOR="")
        message = self.message(warning())
        self.assertEqual((message["username"], message["attachments"][0]["color"]), ("spot-event", "#36C5F0"))
        self.assertNotIn("icon_url", message)

    def fields(self, what):
        return {field["title"]: field["value"] for field in self.message(what)["attachments"][0]["fields"]}

    def test_the_node_group_is_that_of_the_instances_tags(self):
        for tags, group in [
            ({"Name": "x", "eks:nodegroup-name": "web", "aws:autoscaling:groupName": "eks-web-1"}, "web"),
            ({"karpenter.sh/nodepool": "batch", "eks:nodegroup-name": "web"}, "batch"),
            ({"aws:autoscaling:groupName": "ours"}, "ours"),
            ({"eks:nodegroup-name": HOSTILE}, HARMLESS),
            ({"Name": "x"}, None),
            ({}, None),
        ]:
            with self.subTest(tags):
                self.tags = tags
                self.assertEqual(self.fields(warning()).get("node group"), group)

    def test_without_permission_for_tags_there_is_no_node_group(self):
        self.assertEqual(self.fields(warning()), {"region": "eu-west-1"})

    def test_a_self_test_asks_for_no_tags(self):
        self.tags = {"eks:nodegroup-name": "web"}
        what = event("spotdrill self-test", {"instance-id": INSTANCE}, "spotdrill.selftest")
        self.assertNotIn("node group", self.fields(what))

    def test_a_link_to_the_experiment_in_the_console_of_its_partition(self):
        for region, console in [
            ("eu-west-1", "console.aws.amazon.com"),
            ("us-gov-west-1", "console.amazonaws-us-gov.com"),
            ("cn-north-1", "console.amazonaws.cn"),
        ]:
            link = f"<https://{region}.{console}/fis/home?region={region}#ExperimentDetails/{EXPERIMENT}|{EXPERIMENT}>"
            self.assertEqual(self.fields(state_of_experiment(region=region))["experiment"], link)

    def test_a_link_is_made_of_nothing_strange(self):
        self.assertNotIn("experiment", self.fields(state_of_experiment(region="evil.example/#")))
        strange = state_of_experiment()
        strange["detail"]["experiment-id"] = "EXP1|click> <!here"
        self.assertNotIn("experiment", self.fields(strange))

    def test_nothing_in_an_event_is_a_link_a_mention_or_a_line(self):
        for place in ("detail-type", "time", "region"):
            with self.subTest(place):
                source = "spotdrill.selftest" if place == "detail-type" else "aws.ec2"
                said = json.dumps(self.message(warning(source=source, **{place: HOSTILE})), ensure_ascii=False)
                self.assertIn(json.dumps(HARMLESS)[1:-1], said)
                self.assertNotRegex(said, "[<>\x1b\u202e]")
        detail = {"instance-id": HOSTILE, "instance-action": HOSTILE}
        text = self.message(event("EC2 Spot Instance Interruption Warning", detail))["attachments"][0]["text"]
        expected = f"EC2 Spot Instance Interruption Warning\nresource: {HARMLESS}, action: *{HARMLESS}*"
        self.assertEqual(text, expected)

    def test_no_string_of_the_corpus_is_more_than_text(self):
        with open(os.path.join(os.path.dirname(__file__), "../../tests/it/hostile/strings.json"), encoding="utf-8") as file:
            strings = json.load(file)
        places = ("detail-type", "resource", "action", "time", "region", "node-group", "experiment")
        looked, foreign = 0, []
        for text in strings:
            for place in places:
                notice = {"detail-type": "kind", "resource": "i-1", "action": "terminate", place: text}
                said = json.dumps(index.payload(notice), ensure_ascii=False)
                kept = json.loads(said)["attachments"][0]
                shown = [kept["text"].replace("\n", ""), kept["footer"], *(field["value"] for field in kept["fields"])]
                looked += 1
                for what in shown:
                    plain = what.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")
                    if index.UNSAFE.search(what) or any(sign in plain for sign in "<>&"):
                        foreign.append((place, text, what))
                    self.assertLess(len(what), 6 * 256 + 64)
        print(
            f"figure: hostile bytes to Slack: {len(strings)} strings x {len(places)} fields = {looked} messages, "
            f"{len(foreign)} links, mentions or controls"
        )
        self.assertEqual(foreign, [])

    def test_long_text_is_cut_and_no_escape_is(self):
        what = event("EC2 Instance Rebalance Recommendation", {"instance-id": "&" * 9999})
        text = self.message(what)["attachments"][0]["text"]
        self.assertIn("resource: " + "&amp;" * 256 + ", action", text)


class Lines(WithSlack):
    def test_the_line_says_what_when_and_how_it_went(self):
        self.tags = {"eks:nodegroup-name": "web"}
        self.assertEqual(list(self.invoke(warning()).items()), [
            ("level", "INFO"),
            ("message", "posted to Slack, status 200"),
            ("request", "request-1"),
            ("detail-type", "EC2 Spot Instance Interruption Warning"),
            ("resource", INSTANCE),
            ("action", "terminate"),
            ("time", "2026-11-22T12:00:00Z"),
            ("region", "eu-west-1"),
            ("event", "12345678-1234-1234-1234-123456789012"),
            ("node-group", "web"),
            ("status", 200),
            ("tries", 1),
        ])

    def test_what_is_no_event_is_said_and_not_posted(self):
        instance = {"instance-id": INSTANCE}
        for what in [
            None, 3, "text", [], {}, {"source": "aws.ec2"},
            warning() | {"detail": None}, warning() | {"detail": [INSTANCE]}, warning(source=None),
            warning(**{"detail-type": ["x"]}), event("Object Created", instance, "aws.s3"), event("Something New", instance),
            event("EC2 Instance Rebalance Recommendation", {"instance-id": 7}),
            event("EC2 Instance Rebalance Recommendation", {"instance-id": ""}),
            event("EC2 Spot Instance Interruption Warning", instance),
            event("FIS Experiment State Change", {"experiment-id": EXPERIMENT, "new-state": "running"}, "aws.fis"),
            event("FIS Experiment State Change", {"experiment-id": EXPERIMENT, "new-state": {"status": None}}, "aws.fis"),
            event({}, {}, "spotdrill.selftest"),
        ]:
            with self.subTest(what):
                line = self.invoke(what)
                self.assertEqual((line["level"], line["message"]), ("WARNING", "event not understood, not posted"))
        self.assertEqual((self.slack.posts, self.reads), ([], []))

    def test_what_is_missing_beside_the_event_is_left_out(self):
        line = self.invoke(warning(time=None, region=5, id=[]))
        self.assertEqual(line["message"], "posted to Slack, status 200")
        self.assertTrue({"time", "region", "event"}.isdisjoint(line))

    def test_hostile_text_stays_one_line_of_ascii(self):
        self.tags = {"eks:nodegroup-name": HOSTILE}
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            index.handler(warning(), None)
        self.assertRegex(said.getvalue(), r"\A[ -~]+\n\Z")
        self.assertEqual(json.loads(said.getvalue())["node-group"], HOSTILE)

    def test_a_failure_of_our_own_is_a_line_too(self):
        with mock.patch.object(index, "payload", side_effect=ValueError(f"it was {self.secret}")):
            line = self.invoke(warning())
        self.assertEqual((line["level"], line["message"]), ("ERROR", "failed, ValueError"))
        self.assertEqual(line["resource"], INSTANCE)


class Answers(WithSlack):
    def answered(self, *answers):
        self.slack.answers = list(answers)
        line = self.invoke(warning())
        waits = [call.args[0] for call in index.time.sleep.call_args_list]
        index.time.sleep.reset_mock()
        return line["level"], line["message"], line.get("tries"), waits

    def test_too_many_requests_is_tried_once_more_after_the_time_that_slack_says(self):
        limited = (429, "rate_limited", {"Retry-After": "7"})
        self.assertEqual(self.answered(limited), ("INFO", "posted to Slack, status 200", 2, [7]))
        first, second = self.slack.posts
        self.assertEqual(first, second)
        self.assertEqual(self.answered(limited, limited), ("ERROR", "posted to Slack, status 429", 2, [7]))
        self.assertEqual(len(self.slack.posts), 4)

    def test_without_a_time_it_waits_a_second_and_never_too_long(self):
        for after, wait in [(None, 1), ("soon", 1), ("-3", 1), ("", 1), ("0", 0), ("15", 15)]:
            header = {} if after is None else {"Retry-After": after}
            self.assertEqual(self.answered((429, "", header)), ("INFO", "posted to Slack, status 200", 2, [wait]))
        for header in ({"Retry-After": "16"}, {"Retry-After": "86400"}):
            self.assertEqual(self.answered((429, "", header)), ("ERROR", "posted to Slack, status 429", 1, []))

    def test_what_slack_refuses_is_not_tried_again(self):
        for status in (400, 403, 404, 410, 500, 503):
            refused = (status, "no_service", {"Retry-After": "1"})
            self.assertEqual(self.answered(refused), ("ERROR", f"posted to Slack, status {status}", 1, []))

    def test_slacks_reason_is_kept_if_it_is_a_word(self):
        for text, reason in [
            ("invalid_token", "invalid_token"), ("x" * 99, "x" * 64),
            (CANARY, None), ("services", None), ("<html>", None), ("", None),
        ]:
            self.slack.answers = [(403, text, {})]
            self.assertEqual(self.invoke(warning())["reason"], reason)

    def test_a_redirection_is_no_success(self):
        moved = (302, "", {"Location": f"http://127.0.0.1:{self.slack.server_port}/help"})
        self.assertEqual(self.answered(moved), ("ERROR", "posted to Slack, status 302", 1, []))
        self.assertEqual(self.slack.gets, 0)

    def test_no_answer_in_time(self):
        with mock.patch.object(index, "PATIENCE", 0.2):
            self.slack.answers = [None]
            line = self.invoke(warning())
        self.assertEqual((line["level"], line["message"]), ("ERROR", "posted to Slack, no answer"))
        self.assertEqual((line["status"], line["reason"], line["tries"]), (None, "TimeoutError", 1))
        self.assertEqual(len(self.slack.posts), 1)

    def test_nobody_there(self):
        self.secret = f"http://127.0.0.1:1{CANARY}"
        line = self.invoke(warning())
        self.assertEqual((line["message"], line["status"]), ("posted to Slack, no answer", None))
        self.assertEqual(line["reason"], "ConnectionRefusedError")


class Secrets(WithSlack):
    def test_without_a_secret_it_only_logs(self):
        for name in ("", None):
            os.environ.pop("SLACK_SECRET", None) if name is None else os.environ.update(SLACK_SECRET=name)
            line = self.invoke(warning())
            self.assertEqual((line["level"], line["message"]), ("INFO", "no webhook configured, not posted"))
            self.assertEqual((line["resource"], line["action"]), (INSTANCE, "terminate"))
        self.assertEqual((self.slack.posts, self.reads), ([], []))

    def test_a_secret_that_cannot_be_read(self):
        for error, code in [
            (Refused("AccessDeniedException"), "AccessDeniedException"),
            (Refused("ResourceNotFoundException"), "ResourceNotFoundException"),
            (TimeoutError(CANARY), "TimeoutError"),
        ]:
            self.secret = error
            line = self.invoke(warning())
            self.assertEqual((line["level"], line["message"]), ("ERROR", f"secret unreadable, {code}"))
        self.assertEqual(self.slack.posts, [])

    def test_a_secret_that_is_no_url(self):
        for secret in ("", " \n", "changeme", f"file://{CANARY}", f"ftp://127.0.0.1{CANARY}"):
            self.secret = secret
            index.webhook.clear()
            line = self.invoke(warning())
            self.assertEqual((line["level"], line["message"]), ("ERROR", "secret holds no URL"))

    def test_a_url_that_cannot_be_used_is_not_told(self):
        for host in ("127.0.0.1:port", "127.0.0.1:99999", "[", "a b", "", "\u00fc" * 99, "a..b"):
            self.secret = f"http://{host}{CANARY}"
            index.webhook.clear()
            self.assertEqual(self.invoke(warning())["level"], "ERROR")

    def test_it_is_read_by_its_name_and_kept_for_five_minutes(self):
        with mock.patch.object(index.time, "monotonic") as now:
            for second, reads in [(1000, 1), (1001, 1), (1299, 1), (1300, 2)]:
                now.return_value = second
                self.invoke(warning())
                self.assertEqual(self.reads, ["spotdrill/slack-webhook"] * reads)

    def test_it_is_read_again_after_a_refusal(self):
        self.slack.answers = [(404, "no_service", {})]
        self.invoke(warning())
        self.assertEqual(self.invoke(warning())["status"], 200)
        self.assertEqual(len(self.reads), 2)


class Source(unittest.TestCase):
    def test_the_lab_knows_it_by_its_first_line(self):
        with open(index.__file__, encoding="ascii") as source:
            self.assertEqual(source.readline(), "# send-slack-spot-event\n")


if __name__ == "__main__":
    unittest.main()
