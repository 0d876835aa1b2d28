"""spotdrill against moto, an AWS emulator that others wrote: a second opinion on what goes over the wire.

It proves that a region of 1,000 spot instances is listed whole over several pages, that hostile tags reach no terminal,
that an account which is no lab must be allowed and needs its words typed, that each guard refuses before anything is
asked of FIS, and that spotdrill does not claim what it did not observe: moto's FIS is a paper machine that says
`completed` while its instances go on running.

moto is used as it is, with no patch. It has no filter `instance-lifecycle` (spotdrill uses none) and makes no spot
request for RunInstances, so `spot_request` is null throughout. It does not know the safety lever, without which nothing
is started; so a proxy of ours stands before it, which answers that one call and hands on the others as they come. One
check goes past the proxy, and shows what is refused then. Its CloudWatch does not speak the protocol of AWS's SDK for
Rust (CBOR), so that no alarm's state can be told: drills go on by a reason that is given.
"""

import http.client
import json
import os
import socket
import stat
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.parsers import ResponseParserError

import checks
from checks import DUMMY, REGION, check, control_characters, run, same

ACCOUNT = "123456789012"
GROUPS = {"web-spot": 600, "batch-spot": 300}
LONERS = 96
IMAGE = "ami-12c6146b"
# What XML can carry: C1, which some terminals obey, a line end, and characters that turn the direction of writing.
HOSTILE = ["c1 \x9b2J\x85\x9d0;owned\x9c", "bidi \u202egnp.exe\u2066\u200f", "lines\r\nroot", "del \x7f\x7f"]
# XML cannot carry these, but moto sends them all the same: a title, a colour, a hyperlink.
ESCAPES = "\x1b]0;captured\x07\x1b[31mred\x1b[0m\x1b]8;;http://evil.example\x1b\\link"
SPOT = sum(GROUPS.values()) + LONERS + len(HOSTILE)
ON_DEMAND = 7
WHY = "the state of no alarm can be told"
LOCKS = "/spotdrill/lock"
CONFIG = Path(checks.HOME, ".config", "spotdrill", "config.toml")


def client(service, url):
    options = Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=60, proxies={})
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=DUMMY["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=DUMMY["AWS_SECRET_ACCESS_KEY"],
        config=options,
    )


def start_moto():
    port = checks.free_port()
    program = str(Path(sys.executable).with_name("moto_server"))
    log = open(os.path.join(checks.HOME, "moto.log"), "w")  # the server's, for as long as it runs
    server = checks.start([program, "-H", "127.0.0.1", "-p", str(port)], stdout=log, stderr=log)

    def answers():
        if server.poll() is not None:
            raise RuntimeError(f"moto_server ended: {Path(log.name).read_text()[-2000:]}")
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0

    checks.until("moto listens", answers)
    return f"http://127.0.0.1:{port}"


class Lever(BaseHTTPRequestHandler):
    """Answers for the safety lever, and hands on everything else to moto as it came."""

    protocol_version = "HTTP/1.1"
    state = {"status": "disengaged", "reason": "none"}
    moto = ""

    def answer(self):
        content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if (self.command, self.path) == ("GET", "/safetyLevers/default"):
            arn = f"arn:aws:fis:{REGION}:{ACCOUNT}:safety-lever/default"
            lever = {"id": "default", "arn": arn, "state": self.state}
            return self.send(200, {"Content-Type": "application/json"}, json.dumps({"safetyLever": lever}).encode())
        behind = http.client.HTTPConnection(self.moto.removeprefix("http://"), timeout=60)
        behind.request(self.command, self.path, content, dict(self.headers))
        answer = behind.getresponse()
        content = answer.read()
        behind.close()
        return self.send(answer.status, answer.headers, content)

    def send(self, status, headers, content):
        self.send_response_only(status)
        for name, value in headers.items():
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer

    def log_message(self, *_):
        pass


def start_proxy(moto):
    Lever.moto = moto
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Lever)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{proxy.server_address[1]}"


def launch(ec2, tags, spot=True):
    market = {"InstanceMarketOptions": {"MarketType": "spot"}} if spot else {}
    tags = [{"Key": key, "Value": value} for key, value in tags.items()]
    ec2.run_instances(
        ImageId=IMAGE,
        InstanceType="m5.large",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": tags}],
        **market,
    )


def node(group):
    return {"Name": f"{group}-node", "eks:nodegroup-name": group, "eks:cluster-name": "shop"}


def fill(ec2):
    """One RunInstances for each instance, because moto counts reservations and gives 100 of them a page."""
    tags = [node(group) for group, count in GROUPS.items() for _ in range(count)]
    tags += [{"Name": "alone"}] * LONERS
    tags += [node(evil) | {"Name": evil} for evil in HOSTILE]
    for each in tags:
        launch(ec2, each)
    for _ in range(ON_DEMAND):
        launch(ec2, node("system"), spot=False)
    pages = list(ec2.get_paginator("describe_instances").paginate())
    check(f"boto3: moto gives the instances in {len(pages)} pages", len(pages) > 5)


def make_role(iam):
    """The role that FIS interrupts with: without it no drill is let pass."""
    service = {"Effect": "Allow", "Principal": {"Service": "fis.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [service]}
    iam.create_role(RoleName="spot-fis-test", AssumeRolePolicyDocument=json.dumps(trust))


def the_fleet(url):
    seen = run("fleet", "--endpoint-url", url, "--region", REGION, "--format", "json", env=DUMMY, seconds=90)
    if not same("fleet ends with 0", seen.returncode, 0):
        raise RuntimeError(seen.stderr)
    fleet = json.loads(seen.stdout)
    same("fleet: it is the account of moto, and no lab", (fleet["account"], fleet["world"]), (ACCOUNT, "aws"))
    same("fleet: the region is the one asked for", fleet["region"], REGION)
    same("fleet: the list is complete", fleet["complete"], True)
    spot = sum(group["spot"] for group in fleet["groups"])
    on_demand = sum(group["on_demand"] for group in fleet["groups"])
    same(f"fleet: {SPOT} spot and {ON_DEMAND} on-demand instances", (spot, on_demand), (SPOT, ON_DEMAND))
    ids = {instance["id"] for group in fleet["groups"] for instance in group["instances"]}
    same("fleet: no instance is listed twice", len(ids), SPOT + ON_DEMAND)
    groups = {group["name"]: group for group in fleet["groups"]}
    for name, count in (GROUPS | {"system": 0}).items():
        group = groups[name]
        found = (group["kind"], group["cluster"], group["spot"])
        same(f"fleet: {name} is the cluster's node group of {count} spot", found, ("eks-nodegroup", "shop", count))
    same("fleet: instances without a group's tag are ungrouped", groups["ungrouped"]["spot"], LONERS)
    same("fleet: every hostile group is there", len(fleet["groups"]), len(GROUPS) + len(HOSTILE) + 2)
    odd = control_characters("".join(texts(fleet)))
    same("fleet: no text of the JSON has control characters", odd, [])
    table = run("fleet", "--endpoint-url", url, "--region", REGION, env=DUMMY, seconds=90)
    same("fleet as a table: no control characters", control_characters(table.stdout + table.stderr), [])
    lines = [line for line in table.stdout.splitlines() if line.startswith("  i-")]
    same("fleet as a table: a line for each instance", len(lines), SPOT + ON_DEMAND)


def texts(value):
    """Every string of a JSON value, unescaped, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(key)
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def order(url, *arguments):
    """Orders a run, and gives what came of it."""
    return run("run", "--endpoint-url", url, "--region", REGION, *arguments, env=DUMMY, seconds=90)


def refused(what, seen, *said, code=3):
    """Ended with that code, with nothing on the standard output, and with these words."""
    right = (seen.returncode, seen.stdout) == (code, "") and all(each in seen.stderr for each in said)
    return check(what, right, f"{seen.returncode} {seen.stdout} {seen.stderr}, wanted {said}")


def the_account(url):
    """No drill in an account that is not on the list, and nobody gets on it by accident."""
    words = ("--group", "web-spot", "--count", "1", "--override", f"alarm={WHY}", "--confirm", "web-spot 1")
    what = "an account that is not on the list is refused, and the way onto it told"
    refused(what, order(url, *words), f"account {ACCOUNT} is not on the list", "spotdrill allow")
    allow = ("allow", "--endpoint-url", url, "--region", REGION)
    refused("allow without its words is refused", run(*allow, env=DUMMY), f"--confirm {ACCOUNT}")
    refused("allow with another account's id is refused", run(*allow, "--confirm", "210987654321", env=DUMMY))
    same("and the settings are not there yet", CONFIG.exists(), False)
    seen = run(*allow, "--confirm", ACCOUNT, env=DUMMY)
    same("allow with the account's id ends with 0", (seen.returncode, seen.stdout), (0, ""))
    check("allow says who it is that will drill", f":{ACCOUNT}:" in seen.stderr and str(CONFIG) in seen.stderr, seen)
    written = CONFIG.read_text()
    check("the account is in the settings", "accounts" in written and f'"{ACCOUNT}"' in written, written)
    same("which are for their owner alone", stat.S_IMODE(CONFIG.stat().st_mode), 0o600)
    again = run(*allow, "--confirm", ACCOUNT, env=DUMMY)
    check("allow once more finds it there", again.returncode == 0 and "already" in again.stderr, again)
    same("and writes nothing", CONFIG.read_text(), written)


def the_guards(url, moto):
    """Each must be refused with 3; `nothing_was_begun` looks whether anything was asked of FIS all the same."""
    one = ("--group", "web-spot", "--count", "1", "--override", f"alarm={WHY}")
    words = ("--confirm", "web-spot 1")
    yes = ("--yes",)
    yes_is = "the refusal names the account and the words to pass"
    refused("--yes is not enough where it is no lab", order(url, *one, *yes))
    refused(yes_is, order(url, *one, *yes), ACCOUNT, '"web-spot 1"')
    refused("other words than the plan's are refused", order(url, *one, "--confirm", "web-spot 2"))
    refused("no words at all are refused", order(url, *one))
    refused("--read-only refuses the right words", order(url, *one, "--read-only", *words))
    system = ("--group", "system", "--confirm", "system 1")
    refused("an on-demand group is refused", order(url, *system, "--override", f"alarm={WHY}"))
    unknown = ("--group", "web-spo", "--confirm", "web-spo 1", "--override", f"alarm={WHY}")
    refused("a group that is not there is refused", order(url, *unknown), "Did you mean", code=2)

    lever = "could not tell whether the safety lever of FIS is engaged"
    refused("moto itself: a lever that cannot be told is refused", order(moto, *one, *words), lever)
    Lever.state = {"status": "engaged", "reason": "a release is under way"}
    refused("an engaged lever is refused, with its reason", order(url, *one, *words), "a release is under way")
    Lever.state = {"status": "engaging", "reason": "in a moment"}
    refused("and so is one that is being engaged", order(url, *one, *words), "in a moment")
    Lever.state = {"status": "disengaged", "reason": "none"}
    the_alarm(url)


def the_alarm(url):
    """No drill without an alarm that is known to be OK, unless a reason is given."""
    bare = ("--group", "web-spot", "--count", "1", "--confirm", "web-spot 1")
    way = '--override alarm="REASON"'
    refused("no alarm is refused, and the way past it told", order(url, *bare), "no alarm would stop", way)
    refused("a reason that says nothing is refused", order(url, *bare, "--override", "alarm=because"), "too short")
    what = "an alarm of which moto cannot tell is refused, and the way past it told"
    refused(what, order(url, *bare, "--stop-alarm", "shop-errors"), "could not tell the state of the stop-condition", way)


def the_plan(url):
    """What more than a wave is, and what is asked of a group that is too small."""
    alarm = ("--override", f"alarm={WHY}")
    whole = GROUPS["batch-spot"]
    seen = order(url, *alarm, "--group", "batch-spot", "--all", "--confirm", "batch-spot 5")
    refused("the words for a wave are not enough for all of a group", seen, f'"batch-spot {whole}"')
    sizes = " + ".join(["5"] * (whole // 5))
    refused("all of a group is planned in waves of five", seen, f"{whole // 5} waves of {sizes}")
    waves = order(url, *alarm, "--group", "batch-spot", "--count", "7")
    refused("seven are two waves", waves, "2 waves of 5 + 2")
    fleet = json.loads(run("fleet", "--endpoint-url", url, "--region", REGION, "--format", "json", env=DUMMY).stdout)
    [lone] = [group for group in fleet["groups"] if group["name"].startswith("del ")]
    [id] = [instance["id"] for instance in lone["instances"]]
    refused("a group of one is refused", order(url, *alarm, "--instance", id), "would be left with 0 running")


def nothing_was_begun(fis, ssm):
    left = fis.list_experiment_templates()["experimentTemplates"] + fis.list_experiments()["experiments"]
    same("FIS has neither a template nor an experiment after that", left, [])
    same("Parameter Store has no lock after that", ssm.get_parameters_by_path(Path=LOCKS)["Parameters"], [])


def the_drill(url, fis, ec2, ssm):
    one = ("--group", "web-spot", "--count", "1", "--confirm", "web-spot 1", "--override", f"alarm={WHY}")
    where = ("--endpoint-url", url, "--region", REGION)
    seen = run("run", *where, *one, "--settle", "20s", "--format", "ndjson", env=DUMMY, seconds=300)
    facts = [json.loads(line) for line in seen.stdout.splitlines()]
    names = [fact["fact"] for fact in facts]
    if not check("run prints facts", facts, f"{seen.returncode} {seen.stderr}"):
        return
    same("run: the facts are numbered from 1 without gaps", [f["seq"] for f in facts], list(range(1, len(facts) + 1)))
    milestones = ("drill-planned", "lock-taken", "drill-confirmed", "template-created", "experiment-started")
    same("run: it is planned, locked, confirmed, created, started", tuple(names[:5]), milestones)
    statuses = [fact["status"] for fact in facts if fact["fact"] == "experiment-state-changed"]
    same("run: moto's FIS was followed to completed", statuses[-1:], ["completed"])
    check("run: the template was deleted", "template-deleted" in names, names)
    check("run: the lock was freed", "lock-freed" in names, names)
    same("run: the last fact is the verdict", names[-1], "drill-finished")
    overridden = [(each["guard"], each["reason"]) for each in facts[0]["overridden"]]
    same("run: the guard that was overridden is kept with its reason", overridden, [("alarm", WHY)])

    verdict = facts[-1]
    [target] = facts[0]["targets"]
    same("run: the verdict is failed", verdict["verdict"], "failed")
    same("run: and so is the exit code", seen.returncode, 1)
    same("run: no interruption is claimed", (verdict["interrupted"], verdict["not_observed"]), ([], [target["id"]]))
    said = [reason for reason in verdict["reasons"] if target["id"] in reason and "not observed to go" in reason]
    check("run: the reasons say that the target was not observed to go", said, verdict["reasons"])
    same("run: EC2 is quoted with nothing", [fact for fact in facts if fact["source"] in ("ec2", "events", "logs")], [])
    inferred = {fact["basis"] for fact in facts if fact["fact"] in ("rebalance-recommended", "notice-issued")}
    check("run: signals are told as FIS's word only", inferred <= {"action-started", "action-completed"}, inferred)
    same("run: no control characters", control_characters(seen.stdout.replace("\n", "") + seen.stderr), [])

    drill = facts[0]["drill"]
    experiments = fis.list_experiments()["experiments"]
    tags = [experiment["tags"].get("spotdrill:drill") for experiment in experiments]
    same("boto3: there is one experiment, with our tag", tags, [drill])
    started = next(fact["experiment"] for fact in facts if fact["fact"] == "experiment-started")
    same("boto3: it is the one that spotdrill told of", [e["id"] for e in experiments], [started])
    experiment = fis.get_experiment(id=started)["experiment"]
    arns = [target["resourceArns"] for target in experiment["targets"].values()]
    wanted = [[f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{target['id']}"]]
    same("boto3: it names that one instance by ARN", arns, wanted)
    [action] = experiment["actions"].values()
    found = (action["actionId"], action["parameters"])
    wanted = ("aws:ec2:send-spot-instance-interruptions", {"durationBeforeInterruption": "PT2M"})
    same("boto3: its action interrupts after two minutes", found, wanted)
    same("boto3: no alarm would have stopped it", experiment["stopConditions"], [{"source": "none"}])
    same("boto3: the template is gone", fis.list_experiment_templates()["experimentTemplates"], [])
    [[instance]] = [r["Instances"] for r in ec2.describe_instances(InstanceIds=[target["id"]])["Reservations"]]
    same("boto3: the instance runs on, as the verdict says", instance["State"]["Name"], "running")
    [lock] = ssm.get_parameters_by_path(Path=LOCKS)["Parameters"]
    history = ssm.get_parameter_history(Name=lock["Name"])["Parameters"]
    same("boto3: the group's lock was written twice", [version["Version"] for version in history], [1, 2])
    states = [json.loads(version["Value"]).get("state") for version in history]
    same("boto3: once to hold it, once to free it", states, ["held", "free"])
    listed = run("drills")
    check("drills lists it as failed", drill in listed.stdout and "failed" in listed.stdout, listed.stdout)


def the_rest(url, fis):
    """Right after a drill its group is left alone."""
    words = ("--group", "web-spot", "--count", "1", "--confirm", "web-spot 1", "--override", f"alarm={WHY}")
    what = "the group rests after a drill, and the way past it is told"
    refused(what, order(url, *words), "rests until", '--override cool-down="REASON"')
    same("boto3: there is still one experiment", len(fis.list_experiments()["experiments"]), 1)


def the_environment(url):
    """What the environment alone must not bring about, and what is said without it."""
    with socket.create_server(("127.0.0.1", 0)) as trap:
        callers = []
        trap.settimeout(None)
        threading.Thread(target=lambda: accept(trap, callers), daemon=True).start()
        elsewhere = f"http://127.0.0.1:{trap.getsockname()[1]}"
        for suffix in ("", "_EC2", "_FIS", "_STS", "_CLOUDWATCH_LOGS"):
            name = f"AWS_ENDPOINT_URL{suffix}"
            # Should the name be ignored, the call that follows must not leave this machine either.
            dead_end = {"HTTPS_PROXY": elsewhere, "HTTP_PROXY": elsewhere}
            seen = run("fleet", "--region", REGION, env=DUMMY | {name: elsewhere} | dead_end)
            refused = seen.returncode == 3 and elsewhere in seen.stderr and not seen.stdout
            check(f"{name} alone is refused with 3, and named", refused, f"{seen.returncode} {seen.stderr}")
        same("and no call was made", callers, [])
        seen = run("fleet", "--region", REGION, "--endpoint-url", url, env=DUMMY | {"AWS_ENDPOINT_URL": elsewhere})
        same("--endpoint-url is obeyed before AWS_ENDPOINT_URL", (seen.returncode, callers), (0, []))

    for what, arguments in {
        "fleet": ("fleet",),
        "run": ("run", "--group", "web-spot", "--confirm", "web-spot 1"),
    }.items():
        for where in ((), ("--endpoint-url", url)):
            seen = run(*arguments, *where, "--region", REGION)
            right = seen.returncode == 5 and not seen.stdout and seen.stderr.count("\n") == 1
            way_out = "aws sso login" in seen.stderr and "--profile" in seen.stderr and "--lab" in seen.stderr
            name = " ".join((what, *where[:1]))
            check(f"{name} without credentials ends with 5 and one line", right, f"{seen.returncode} {seen.stderr}")
            check(f"{name} without credentials says what to do", way_out, seen.stderr)
    seen = run("fleet", "--endpoint-url", url, env=DUMMY)
    right = seen.returncode == 5 and "--region" in seen.stderr and seen.stderr.count("\n") == 1
    check("no region: 5, and what to do", right, f"{seen.returncode} {seen.stderr}")
    nobody = f"http://127.0.0.1:{checks.free_port()}"
    seen = run("fleet", "--endpoint-url", nobody, "--region", REGION, env=DUMMY)
    right = seen.returncode == 5 and seen.stderr.count("\n") == 1
    check("no server: 5, and one line", right, f"{seen.returncode} {seen.stderr}")


def accept(trap, callers):
    while True:
        try:
            connection, _ = trap.accept()
        except OSError:
            return
        callers.append(connection.recv(200))
        connection.close()


def the_escapes(url, ec2):
    """Last, because from here on no listing of moto is XML any more, and boto3 cannot read one."""
    try:
        launch(ec2, node(ESCAPES))
    except ResponseParserError:
        pass  # it is launched; its tags came back
    for form in ("json", "table"):
        seen = run("fleet", "--endpoint-url", url, "--region", REGION, "--format", form, env=DUMMY, seconds=90)
        odd = control_characters(seen.stdout + seen.stderr)
        same(f"fleet --format {form}: escape sequences reach no terminal", odd, [])
        whole = seen.returncode == 0 and "captured" in seen.stdout
        refused = seen.returncode == 5 and "captured" not in seen.stdout and seen.stderr.count("\n") == 1
        said = f"{seen.returncode} {seen.stderr}"
        check("and they are shown harmless, or the answer is refused", whole or refused, said)


def script():
    moto = start_moto()
    url = start_proxy(moto)
    ec2, fis, ssm = (client(service, moto) for service in ("ec2", "fis", "ssm"))
    the_environment(url)
    fill(ec2)
    make_role(client("iam", moto))
    the_fleet(url)
    the_account(url)
    the_guards(url, moto)
    the_plan(url)
    nothing_was_begun(fis, ssm)
    the_drill(url, fis, ec2, ssm)
    the_rest(url, fis)
    the_escapes(url, ec2)


if __name__ == "__main__":
    checks.main(script)
