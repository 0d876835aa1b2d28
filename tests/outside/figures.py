#!/usr/bin/env python3
"""The figures that are promised of the program as a whole, measured on the binary in a real pseudo-terminal.

    python3 tests/outside/figures.py target/release/spotdrill

Prints each figure with its bound and exits with 1 if one is missed. Needs nothing but Python; uses the lab alone. With
boto3 at hand it also says what a listing takes that boto3 parses.
"""

import fcntl
import http.client
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import termios
import time
from xml.etree import ElementTree

HOME = tempfile.mkdtemp(prefix="spotdrill-figures-")
CLEAN = {
    "PATH": os.environ["PATH"],
    "HOME": HOME,
    "TERM": "xterm-256color",
    "LANG": "C.UTF-8",
    "AWS_EC2_METADATA_DISABLED": "true",
}


def cpu(pid):
    """Seconds of processor time of a process so far."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid):
    """Megabytes of a process's resident memory."""
    with open(f"/proc/{pid}/status") as status:
        line = next(line for line in status if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


class Screen:
    """The program on a pseudo-terminal of that size."""

    def __init__(self, binary, arguments, columns, rows):
        self.began = time.monotonic()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            os.execve(binary, [binary, *arguments], CLEAN)
        self.written = b""

    def read(self, seconds, until=None):
        """Reads that long, or until a text was written; returns how many bytes came."""
        end, before = time.monotonic() + seconds, len(self.written)
        while time.monotonic() < end:
            if until is not None and until in self.written[before:]:
                break
            if select.select([self.terminal], [], [], max(0.0, min(0.02, end - time.monotonic())))[0]:
                self.written += os.read(self.terminal, 65536)
        return len(self.written) - before

    def press(self, keys):
        os.write(self.terminal, keys.encode())

    def end(self):
        os.kill(self.pid, signal.SIGTERM)
        os.waitpid(self.pid, 0)
        os.close(self.terminal)


def median(values):
    return sorted(values)[len(values) // 2]


def first_frame(binary):
    times = []
    for _ in range(11):
        screen = Screen(binary, ["--lab"], 140, 40)
        screen.read(5, until=b"fleet")
        times.append((time.monotonic() - screen.began) * 1000)
        screen.end()
    return median(times)


def help_time(binary):
    times = []
    for _ in range(21):
        began = time.monotonic()
        subprocess.run([binary, "--help"], env=CLEAN, stdout=subprocess.DEVNULL, check=True)
        times.append((time.monotonic() - began) * 1000)
    return median(times)


def idle(binary):
    """Bytes, percent of a core and megabytes over ten seconds on the fleet."""
    screen = Screen(binary, ["--lab"], 140, 40)
    screen.read(10, until=b"web-spot")
    screen.read(1)
    before = cpu(screen.pid)
    written = screen.read(10)
    used = (cpu(screen.pid) - before) * 10
    memory = resident(screen.pid)
    screen.end()
    return written, used, memory


def live(binary):
    """Bytes a second on a quiet live screen at AWS's own speed: only the countdown moves."""
    screen = Screen(binary, ["--lab"], 140, 40)
    screen.read(10, until=b"web-spot")
    screen.press("c")
    screen.read(1)
    screen.press("S")
    screen.read(2)
    screen.press("batch-spot 1")
    screen.read(0.5)
    screen.press("\r")
    screen.read(45)  # started, warned, and everything that comes with the notice is shown
    written = screen.read(30) / 30
    screen.end()
    return written


class Served:
    """`lab serve` with a connection that stays open, and a client that signs nothing: the lab looks only at the key."""

    def __init__(self, binary, *options, core=None):
        pinned = ["taskset", "-c", str(core)] if core is not None else []
        self.began = time.monotonic()
        command = [*pinned, binary, "lab", "serve", *options]
        self.process = subprocess.Popen(command, env=CLEAN, stdout=subprocess.PIPE, text=True)
        self.printed = {}
        for line in self.process.stdout:
            if found := re.match(r"export (\w+)=(\S+)", line):
                self.printed[found[1]] = found[2]
                if found[1] == "AWS_ENDPOINT_URL":
                    self.endpoint_after = (time.monotonic() - self.began) * 1000
            if line.startswith("# or:"):
                break
        self.host = self.printed["AWS_ENDPOINT_URL"].removeprefix("http://")
        self.connection = http.client.HTTPConnection(self.host)

    def headers(self, service):
        scope = f"{self.printed['AWS_ACCESS_KEY_ID']}/20260101/{self.printed['AWS_REGION']}/{service}/aws4_request"
        return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}

    def ask(self, method, path, service, body=None, kind="application/json"):
        headers = self.headers(service) | {"Content-Type": kind}
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {content[:500]}")
        return content

    def ec2(self, form):
        return self.ask("POST", "/", "ec2", f"Version=2016-11-15&{form}", "application/x-www-form-urlencoded")

    def logs(self, operation, **members):
        headers = self.headers("logs") | {"X-Amz-Target": f"Logs_20140328.{operation}"}
        self.connection.request("POST", "/", json.dumps(members), headers)
        answer = self.connection.getresponse()
        return json.loads(answer.read())

    def end(self):
        self.connection.close()
        self.process.kill()
        self.process.wait()


def start_up(binary):
    """Milliseconds from the process's start to the printed endpoint."""
    times = []
    for _ in range(21):
        served = Served(binary)
        times.append(served.endpoint_after)
        served.end()
    return median(times)


def listing(served, operation, identity):
    """Seconds for 100,000 things in pages of 1,000."""
    began, token, listed = time.monotonic(), "", 0
    while True:
        page = served.ec2(f"Action={operation}&MaxResults=1000{token}")
        listed += page.count(identity)
        found = re.search(rb"<nextToken>([^<]+)</nextToken>", page)
        if found is None:
            break
        token = f"&NextToken={found[1].decode()}"
    if listed != 100_000:
        raise RuntimeError(f"{operation} listed {listed}")
    return time.monotonic() - began


def huge(binary):
    """Milliseconds to the endpoint, megabytes then, seconds for its instances, megabytes then, and seconds for its spot
    requests; with boto3 where that is."""
    served = Served(binary, "--scenario", "huge")
    opened = resident(served.process.pid)
    instances = listing(served, "DescribeInstances", b"<instanceId>")
    memory = resident(served.process.pid)
    requests = listing(served, "DescribeSpotInstanceRequests", b"<spotInstanceRequestId>")
    by_boto3(served.printed)
    served.end()
    return served.endpoint_after, opened, instances, memory, requests


def log_events(binary):
    """Seconds for 100,000 log events in pages of 10,000."""
    served = Served(binary)
    place = {"logGroupName": "figures", "logStreamName": "figures"}
    served.logs("CreateLogGroup", logGroupName="figures")
    served.logs("CreateLogStream", **place)
    now = int(time.time() * 1000)
    for _ in range(10):
        served.logs("PutLogEvents", **place, logEvents=[{"timestamp": now, "message": "x" * 60}] * 10_000)
    began, more, listed = time.monotonic(), {}, 0
    while True:
        page = served.logs("FilterLogEvents", logGroupName="figures", **more)
        listed += len(page["events"])
        if "nextToken" not in page:
            break
        more = {"nextToken": page["nextToken"]}
    seconds = time.monotonic() - began
    served.end()
    if listed != 100_000:
        raise RuntimeError(f"{listed} log events were listed")
    return seconds


def crowded(binary):
    """Megabytes of the default lab at its start, and after 1,000 connections that say nothing."""
    served = Served(binary)
    alone = resident(served.process.pid)
    address = ("127.0.0.1", int(served.host.rsplit(":", 1)[1]))
    connections = [socket.create_connection(address) for _ in range(1_000)]
    served.ec2("Action=DescribeInstances")
    among_others = resident(served.process.pid)
    for connection in connections:
        connection.close()
    served.end()
    return alone, among_others


def resting(binary):
    """Percent of a core over ten seconds in which nobody asks, of the scenario that takes most."""
    listed = subprocess.run([binary, "lab", "scenarios"], env=CLEAN, stdout=subprocess.PIPE, text=True, check=True)
    names = [line.split()[0] for line in listed.stdout.splitlines()]
    labs = [Served(binary, "--scenario", name) for name in names]
    time.sleep(1)
    before = [cpu(lab.process.pid) for lab in labs]
    time.sleep(10)
    used = [(cpu(lab.process.pid) - earlier) * 10 for lab, earlier in zip(labs, before)]
    for lab in labs:
        lab.end()
    most = max(used)
    print(f"      idle, {len(names)} scenarios: most takes {names[used.index(most)]}, {most:.1f} % of a core")
    return most


def by_boto3(printed):
    try:
        import boto3
    except ImportError:
        return
    client = boto3.client(
        "ec2",
        endpoint_url=printed["AWS_ENDPOINT_URL"],
        region_name=printed["AWS_REGION"],
        aws_access_key_id=printed["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=printed["AWS_SECRET_ACCESS_KEY"],
    )
    began = time.monotonic()
    pages = client.get_paginator("describe_instances").paginate(PaginationConfig={"PageSize": 1000})
    count = sum(len(reservation["Instances"]) for page in pages for reservation in page["Reservations"])
    print(f"      boto3 lists and parses {count} in {time.monotonic() - began:.1f} s")


def requests_a_second(binary, batch):
    """GetExperiment over one connection for five seconds, so many sent at once, the server on a core of its own."""
    served = Served(binary, core=0)
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, everywhere - {0} or {0})
    instances = ElementTree.fromstring(re.sub(rb' xmlns="[^"]*"', b"", served.ec2("Action=DescribeInstances")))
    spot = next(one for one in instances.iter("item") if one.findtext("instanceLifecycle") == "spot")
    arn = f"arn:aws:ec2:{served.printed['AWS_REGION']}:000000000000:instance/{spot.findtext('instanceId')}"
    action = {
        "actionId": "aws:ec2:send-spot-instance-interruptions",
        "parameters": {"durationBeforeInterruption": "PT2M"},
        "targets": {"SpotInstances": "spot"},
    }
    target = {"resourceType": "aws:ec2:spot-instance", "resourceArns": [arn], "selectionMode": "ALL"}
    template = {
        "clientToken": "figures",
        "description": "figures",
        "roleArn": "arn:aws:iam::000000000000:role/spot-fis-test",
        "stopConditions": [{"source": "none"}],
        "targets": {"spot": target},
        "actions": {"interrupt": action},
    }
    made = json.loads(served.ask("POST", "/experimentTemplates", "fis", json.dumps(template)))
    order = {"clientToken": "figures-started", "experimentTemplateId": made["experimentTemplate"]["id"]}
    started = json.loads(served.ask("POST", "/experiments", "fis", json.dumps(order)))
    path = f"/experiments/{started['experiment']['id']}"
    raw = socket.create_connection(served.host.split(":"))
    headers = "".join(f"{name}: {value}\r\n" for name, value in served.headers("fis").items())
    request = f"GET {path} HTTP/1.1\r\nHost: {served.host}\r\n{headers}\r\n".encode()
    count, began, before = 0, time.monotonic(), cpu(served.process.pid)
    while time.monotonic() - began < 5:
        raw.sendall(request * batch)
        received = b""
        while received.count(b"HTTP/1.1 200") < batch:
            received += raw.recv(1 << 20)
        count += batch
    rate = count / (time.monotonic() - began)
    each = 1000 * (cpu(served.process.pid) - before) / count
    print(f"      {rate:.0f} GetExperiment a second, {batch} at a time, {each:.3f} ms of the server's one core each")
    raw.close()
    served.end()
    os.sched_setaffinity(0, everywhere)
    return rate


def main():
    binary = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/spotdrill")
    opening, opened, instances, memory, requests = huge(binary)
    alone, among_others = crowded(binary)
    rates = {batch: requests_a_second(binary, batch) for batch in [1, 32]}
    written, used, drawn = idle(binary)
    figures = [
        ("--help, ms (median of 21)", help_time(binary), 10),
        ("first frame in the lab, ms (median of 11)", first_frame(binary), 50),
        ("bytes written in 10 s idle on the fleet", written, 0),
        ("percent of a core, the same 10 s", used, 0.5),
        ("resident memory in the default lab, MB", drawn, 60),
        ("bytes a second, quiet live screen at 140x40", live(binary), 600),
        ("start-up of `lab serve` to its endpoint, ms (median of 21)", start_up(binary), 20),
        ("start-up of `huge`, ms", opening, 1_000),
        ("100,000 instances in pages of 1,000, s", instances, 3),
        ("the server's resident memory after that, MB", memory, 400),
        ("100,000 spot requests in pages of 1,000, s", requests, 3),
        ("100,000 log events in pages of 10,000, s", log_events(binary), 3),
        ("ms for a GetExperiment with the server on one core, one at a time", 1000 / rates[1], 0.5),
        ("the same, 32 at a time", 1000 / rates[32], 0.5),
        ("resident memory of `lab serve`, MB", alone, 30),
        ("the same with 1,000 idle connections, MB", among_others, 60),
        ("percent of a core, the idle lab that takes most, 10 s", resting(binary), 0.5),
    ]
    print(f"      `huge` has {opened:.0f} MB before it is listed")
    for name, value, bound in figures:
        print(f"{'ok  ' if value <= bound else 'FAIL'}  {name}: {value:.1f} (at most {bound})")
    sys.exit(any(value > bound for _, value, bound in figures))


if __name__ == "__main__":
    main()
