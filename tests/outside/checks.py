"""What the scripts share: counting checks, starting servers, and running the program that is checked.

Servers listen on loopback, are started in a home and an environment of their own, and die with the script.
"""

import atexit
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
SPOTDRILL = os.environ.get("SPOTDRILL", str(TARGET / "debug" / "spotdrill"))
SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
REGION = "eu-west-1"
HOME = tempfile.mkdtemp(prefix="spotdrill-outside-")
CLEAN = {
    "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
    "HOME": HOME,
    "LANG": "C.UTF-8",
    "AWS_EC2_METADATA_DISABLED": "true",
}
DUMMY = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "not-a-secret"}

passed = failed = 0
children = []


def check(what, right, seen=""):
    """One line for each check, with what was seen where it failed."""
    global passed, failed
    if right:
        passed += 1
        print(f"ok   {what}", flush=True)
    else:
        failed += 1
        print(f"FAIL {what}\n     seen: {str(seen)[:2000]}", flush=True)
    return bool(right)


def same(what, seen, wanted):
    return check(what, seen == wanted, f"{seen!r}, wanted {wanted!r}")


def run(*arguments, env=None, seconds=60):
    """Runs spotdrill to its end, with nothing of this machine's AWS configuration."""
    return subprocess.run(
        [SPOTDRILL, *arguments],
        env=CLEAN | (env or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=seconds,
        text=True,
        check=False,
    )


def start(arguments, env=None, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
    """Starts a server that is killed when the script ends."""
    child = subprocess.Popen(
        arguments,
        env=CLEAN | (env or {}),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        text=True,
    )
    children.append(child)
    return child


def until(what, condition, seconds=60, every=0.2):
    """The first true answer of `condition`; a failed check, and the script's end, if there is none in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := condition():
            return answer
        time.sleep(every)
    raise TimeoutError(f"{what}: not within {seconds} s")


def serve_lab(*options):
    """Starts the lab as someone would who pastes what it prints: the server, and the exports."""
    server = start([SPOTDRILL, "lab", "serve", *options], stdout=subprocess.PIPE)
    watchdog = threading.Timer(30, server.kill)  # it prints at once, or never
    watchdog.start()
    printed = {}
    for line in server.stdout:
        if found := re.match(r"export (\w+)=(\S+)", line):
            printed[found[1]] = found[2]
        if line.startswith("# or:"):
            break
    watchdog.cancel()
    return server, printed


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def control_characters(text):
    """What no terminal should be sent: C0 but for line ends, DEL, C1, and characters that turn the direction."""
    return re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", text)


def end(number, _):
    """A signal passes through Python, so that the servers are killed; a second one must not cut that short."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)


def main(script):
    """Runs the script's checks, prints the count, and exits with 1 if one failed or the script itself did."""
    for number in SIGNALS:
        signal.signal(number, end)
    try:
        script()
    except Exception as error:  # whatever it is, it counts as a failed check
        check(f"the script runs to its end ({type(error).__name__})", False, traceback.format_exc())
    print(f"{passed} passed, {failed} failed", flush=True)
    sys.exit(1 if failed or not passed else 0)


@atexit.register
def clean_up():
    for child in children:
        child.kill()
        child.wait()
    shutil.rmtree(HOME, ignore_errors=True)
