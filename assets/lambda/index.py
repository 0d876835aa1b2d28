# send-slack-spot-event
"""Tells Slack of an event about spot instances: one event in, one message and one log line out.

Environment: SLACK_SECRET, the name of the secret that holds the webhook's URL (empty: only log); USERNAME, ICON_URL, COLOR.
It does not fail, whatever happens: Lambda would invoke it again, and Slack would be told twice. The log line says how it went.
"""

import functools
import http.client
import json
import os
import re
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config

WARNING = "EC2 Spot Instance Interruption Warning"
LEVEL = ":white_check_mark: INFO :white_check_mark:"
ICON = "https://a0.awsstatic.com/libra-css/images/site/touch-icon-iphone-114-smile.png"
GROUP_TAGS = ("karpenter.sh/nodepool", "eks:nodegroup-name", "aws:autoscaling:groupName")
CONSOLES = {"cn": "console.amazonaws.cn", "us-gov": "console.amazonaws-us-gov.com"}
# Seconds: for Slack's answer, for the longest Retry-After that is worth waiting for, and for the URL to be read again.
PATIENCE, LONGEST_WAIT, KEPT = 5, 15, 300
# What could turn, break or hide text: controls, characters without width, and those that turn the direction of writing.
UNSAFE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]"
)

webhook = {}


class Stay(urllib.request.HTTPRedirectHandler):
    """Slack answers a wrong URL by sending to a page of its own, which would look like success."""

    def redirect_request(self, *_):
        return None


def handler(event, context):
    line = {"level": "INFO", "request": getattr(context, "aws_request_id", None)}
    try:
        tell(event, line)
    except Exception as error:  # its text may hold the URL, its type cannot
        line |= {"level": "ERROR", "message": f"failed, {type(error).__name__}"}
    print(json.dumps({"level": line.pop("level"), "message": line.pop("message"), **line}), flush=True)
    return {"status": line.get("status")}


def tell(event, line):
    notice = read(event)
    if notice is None:
        line |= {"level": "WARNING", "message": "event not understood, not posted"}
        return
    line |= notice
    if not os.environ.get("SLACK_SECRET"):
        line["message"] = "no webhook configured, not posted"
        return
    try:
        url = webhook_url()
    except Exception as error:
        code = getattr(error, "response", {}).get("Error", {}).get("Code") or type(error).__name__
        line |= {"level": "ERROR", "message": f"secret unreadable, {code}"}
        return
    if not url.startswith(("https://", "http://")):
        line |= {"level": "ERROR", "message": "secret holds no URL"}
        return
    status, reason, tries = post(url, payload(notice))
    said = f"status {status}" if status else "no answer"
    line |= {"message": f"posted to Slack, {said}", "status": status, "tries": tries}
    if status != 200:
        webhook.clear()  # it may have been replaced
        line |= {"level": "ERROR", "reason": reason}


def read(event):
    """What an event is about; None if it is none that this function knows."""
    event = event if isinstance(event, dict) else {}
    detail = event.get("detail") if isinstance(event.get("detail"), dict) else {}
    new = detail.get("new-state") if isinstance(detail.get("new-state"), dict) else {}
    source, kind = event.get("source"), event.get("detail-type")
    instance, experiment = detail.get("instance-id"), detail.get("experiment-id")
    if (source, kind) == ("aws.ec2", WARNING):
        resource, action = instance, detail.get("instance-action")
    elif (source, kind) == ("aws.ec2", "EC2 Instance Rebalance Recommendation"):
        resource, action = instance, "rebalance"
    elif (source, kind) == ("aws.ec2", "EC2 Instance State-change Notification"):
        resource, action = instance, detail.get("state")
    elif (source, kind) == ("aws.fis", "FIS Experiment State Change"):
        resource, action = experiment, new.get("status")
    elif source == "spotdrill.selftest":
        resource, action = instance or event.get("id"), detail.get("instance-action", "selftest")
    else:
        return None
    if not all(isinstance(text, str) and text for text in (kind, resource, action)):
        return None
    notice = {"detail-type": kind, "resource": resource, "action": action}
    optional = {"time": event.get("time"), "region": event.get("region"), "event": event.get("id"), "experiment": experiment}
    notice |= {name: text for name, text in optional.items() if isinstance(text, str) and text}
    group = node_group(instance) if source == "aws.ec2" else None
    return notice | ({"node-group": group} if group else {})


def node_group(instance):
    """By the instance's tags; None if they cannot be read: the message goes out all the same."""
    try:
        found = client("ec2", 1).describe_instances(InstanceIds=[instance])
        tags = {tag["Key"]: tag["Value"] for tag in found["Reservations"][0]["Instances"][0]["Tags"]}
        return next((tags[key] for key in GROUP_TAGS if tags.get(key)), None)
    except Exception:
        return None


def payload(notice):
    kind, resource, action = (clean(notice[name]) for name in ("detail-type", "resource", "action"))
    titles = {"region": "region", "node-group": "node group"}
    fields = [{"title": title, "value": clean(notice[name]), "short": True} for name, title in titles.items() if name in notice]
    if link := experiment_link(notice):
        fields.append({"title": "experiment", "value": link, "short": False})
    icon = os.environ.get("ICON_URL")
    attachment = {
        "pretext": LEVEL,
        "color": os.environ.get("COLOR") or "#36C5F0",
        "text": f"{kind}\nresource: {resource}, action: *{action}*",
        "fields": fields,
        "footer": clean(notice.get("time", "")),
        "footer_icon": icon or ICON,
        "mrkdwn_in": ["pretext", "text"],
    }
    sender = {"username": os.environ.get("USERNAME") or "spot-event"} | ({"icon_url": icon} if icon else {})
    return sender | {"attachments": [attachment]}


def experiment_link(notice):
    region, experiment = notice.get("region", ""), notice.get("experiment", "")
    if not (re.fullmatch(r"[a-z0-9-]+", region) and re.fullmatch(r"[A-Za-z0-9]+", experiment)):
        return None
    console = next((host for start, host in CONSOLES.items() if region.startswith(start + "-")), "console.aws.amazon.com")
    return f"<https://{region}.{console}/fis/home?region={region}#ExperimentDetails/{experiment}|{experiment}>"


def clean(text):
    """As Slack wants text, so that nothing in it is a link or a mention; cut before it is escaped, so that no escape is."""
    text = UNSAFE.sub(" ", text)[:256]
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def webhook_url():
    """From Secrets Manager, at most every five minutes, so that a new one comes into use."""
    if time.monotonic() >= webhook.get("until", 0):
        secret = client("secretsmanager", 2).get_secret_value(SecretId=os.environ["SLACK_SECRET"])
        webhook.update(url=secret["SecretString"].strip(), until=time.monotonic() + KEPT)
    return webhook["url"]


@functools.cache
def client(service, tries):
    """Kept from one invocation to the next, because it takes long to make."""
    return boto3.client(service, config=Config(connect_timeout=2, read_timeout=3, retries={"total_max_attempts": tries}))


def post(url, message):
    """Slack's status (None without an answer), what it gave as reason, and how many tries that took: a second after 429."""
    opener = urllib.request.build_opener(Stay)
    request = urllib.request.Request(url, json.dumps(message).encode(), {"Content-Type": "application/json"})
    for tries in (1, 2):
        try:
            with opener.open(request, timeout=PATIENCE) as answer:
                return answer.status, None, tries
        except urllib.error.HTTPError as answer:
            wait = answer.headers.get("Retry-After", "1")
            wait = int(wait) if re.fullmatch(r"[0-9]{1,5}", wait) else 1
            if answer.code != 429 or wait > LONGEST_WAIT or tries == 2:
                return answer.code, reason(answer, url), tries
        except (OSError, http.client.HTTPException) as error:  # no connection, or no answer in time
            return None, type(getattr(error, "reason", error)).__name__, tries
        time.sleep(wait)


def reason(answer, url):
    """A word such as `invalid_token`; nothing else, for who answers may repeat what was asked."""
    try:
        text = answer.read(64).decode("ascii", "replace").strip()
    except OSError:
        return None
    return text if re.fullmatch(r"[a-z_]+", text) and text not in url else None
