"""The unmodified AWS CLI against `spotdrill lab serve`: the written list `aws_cli.sh`, command by command, as bash runs it.

It proves that someone who pastes the printed exports needs nothing but `aws` to launch a spot instance, have its events
written down, and watch an experiment warn and terminate it. The environment has the exports and nothing else of AWS's.
"""

import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import checks
from checks import check, same, serve_lab

HERE = Path(__file__).parent
PATIENCE = 40  # seconds for what is asked again: most of it is the CLI's own wait for a stack, 30 s a look
CAPTURE = re.compile(r"([A-Z]+)=(.*)", re.DOTALL)


def commands():
    """Each command with the mark before it: (`=`, `~`, `!` or nothing; its text; the command)."""
    mark, wanted = "", ""
    for line in (HERE / "aws_cli.sh").read_text().splitlines():
        if found := re.match(r"#([=~!]) (.+)", line):
            mark, wanted = found.groups()
        elif line and not line.startswith("#"):
            yield mark, wanted, line
            mark, wanted = "", ""


class Shell:
    """A folder, and an environment that captured names are added to."""

    def __init__(self, printed):
        self.folder = Path(checks.HOME, "shell")
        self.folder.mkdir()
        shutil.copy(HERE / "stack.yaml", self.folder)
        programs = str(Path(sys.executable).parent)
        self.environment = checks.CLEAN | printed | {"PATH": f"{programs}:{checks.CLEAN['PATH']}"}

    def run(self, command):
        """The exit code, and what was printed to either output."""
        capture = CAPTURE.fullmatch(command)
        script = f'{command}\nstatus=$?\nprintf %s "${capture[1]}"\nexit $status' if capture else command
        with open(self.folder / "said", "w+") as said, open(self.folder / "complained", "w+") as complained:
            # Into files: a command that is left running must not hold this one up.
            ended = subprocess.run(
                ["bash", "-c", script],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=complained,
                timeout=60,
                check=False,
            )
            said.seek(0)
            complained.seek(0)
            out, error = said.read(), complained.read()
        if capture:
            self.environment[capture[1]] = out.strip()
        return ended.returncode, out + error


def follow(shell, mark, wanted, command):
    """Runs a command as its mark says; whether it did what is written, and what it said."""
    deadline = time.monotonic() + (PATIENCE if mark == "~" else 0)
    while True:
        status, said = shell.run(command)
        if mark == "!":
            return status != 0 and f"({wanted})" in said, f"exit {status}: {said}"
        right = status == 0 and wanted in said
        if right or time.monotonic() > deadline:
            empty = CAPTURE.fullmatch(command) and said.strip() in ("", "None")
            return right and not empty, f"exit {status}: {said}"
        time.sleep(0.3)


def script():
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    server, printed = serve_lab("--speed", "60", "--seed", "7")
    shell, late = Shell(printed), 0
    for mark, wanted, command in commands():
        right, said = follow(shell, mark, wanted, command)
        if mark == "~" and not right:
            late += 1
            if late > 2:  # nothing happens any more, and each would be waited for
                raise TimeoutError(said)
        shown = command if len(command) < 150 else f"{command[:147]}..."
        before = {"": "", "=": f"{wanted}: ", "~": f"{wanted}, in time: ", "!": f"refused with {wanted}: "}[mark]
        check(before + shown, right, said)
    same("the lab still runs", server.poll(), None)
    another_scenario(shell)


def another_scenario(shell):
    """A lab with another scenario on a port that we choose. Each lab has a key of its own, so that none is taken for another."""
    port = str(checks.free_port())
    _, printed = serve_lab("--scenario", "tiny", "--port", port, "--seed", "7")
    same("the lab listens where it is told to", printed["AWS_ENDPOINT_URL"], f"http://127.0.0.1:{port}")
    count = "aws ec2 describe-instances --query 'length(Reservations[].Instances[])'"
    status, said = shell.run(f"{count} --endpoint-url {printed['AWS_ENDPOINT_URL']}")
    check("it refuses another lab's key", status != 0 and "(AuthFailure)" in said, said)
    shell.environment |= printed
    status, said = shell.run(count)
    scenario = tomllib.loads((checks.REPOSITORY / "assets" / "scenarios" / "tiny.toml").read_text())
    count = sum(group["count"] for group in scenario["group"])
    same(f"its scenario has {count} instances", (status, said.strip()), (0, str(count)))


if __name__ == "__main__":
    checks.main(script)
