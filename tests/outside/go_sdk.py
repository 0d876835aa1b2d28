"""The AWS SDK for Go against `spotdrill lab serve`: builds the module in `go/`, and runs it with the printed exports.

The toolchain is the one beside this Python, which pip installed; versions are pinned by `go.mod` and `go.sum`. What Go
downloads and builds is kept where GOPATH and GOCACHE say, or where Go itself would.
"""

import os
import subprocess
import sys
from pathlib import Path

import checks
from checks import check, same, serve_lab

MODULE = Path(__file__).with_name("go")
GO = Path(sys.executable).with_name("go")
KEPT = ("HOME", "GOPATH", "GOCACHE", "GOMODCACHE", "GOPROXY", "GOFLAGS", "GOSUMDB", "SSL_CERT_FILE")


def build():
    """The program; Go is told to use no other toolchain and to change no pin."""
    program = Path(checks.HOME, "drill")
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    proxies = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
    built = subprocess.run(
        [GO, "build", "-mod=readonly", "-o", program, "."],
        cwd=MODULE,
        env=checks.CLEAN | kept | proxies | {"GOTOOLCHAIN": "local", "CGO_ENABLED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    check("it is built from its pins", built.returncode == 0, built.stderr)
    return program


def script():
    program = build()
    server, printed = serve_lab("--speed", "60", "--seed", "7")
    ran = subprocess.run(
        [program], env=checks.CLEAN | printed, capture_output=True, text=True, timeout=240, check=False
    )
    lines = ran.stdout.splitlines()
    for line, after in zip(lines, [*lines[1:], ""]):
        if line.startswith(("ok   ", "FAIL ")):
            check(line[5:], line.startswith("ok"), after)
    last = lines[-1] if lines else ""
    check("it runs to its end", last.endswith(" failed"), f"exit {ran.returncode}: {last} {ran.stderr}")
    same("the lab still runs", server.poll(), None)


if __name__ == "__main__":
    checks.main(script)
