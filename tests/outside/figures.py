#!/usr/bin/env python3
"""The figures that are promised of the program as a whole, measured on the binary in a real pseudo-terminal.

    python3 tests/outside/figures.py target/release/spotdrill

Prints each figure with its bound and exits with 1 if one is missed. Needs nothing but Python; uses the lab alone.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

HOME = tempfile.mkdtemp(prefix="spotdrill-figures-")
CLEAN = {
    "PATH": os.environ["PATH"],
    "HOME": HOME,
    "TERM": "xterm-256color",
    "LANG": "C.UTF-8",
    "AWS_EC2_METADATA_DISABLED": "true",
}


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

    def cpu(self):
        """Seconds of processor time so far."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident(self):
        """Megabytes of resident memory."""
        with open(f"/proc/{self.pid}/status") as status:
            line = next(line for line in status if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

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
    before = screen.cpu()
    written = screen.read(10)
    used = (screen.cpu() - before) * 10
    resident = screen.resident()
    screen.end()
    return written, used, resident


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


def main():
    binary = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/spotdrill")
    written, used, resident = idle(binary)
    figures = [
        ("--help, ms (median of 21)", help_time(binary), 10),
        ("first frame in the lab, ms (median of 11)", first_frame(binary), 50),
        ("bytes written in 10 s idle on the fleet", written, 0),
        ("percent of a core, the same 10 s", used, 0.5),
        ("resident memory in the default lab, MB", resident, 60),
        ("bytes a second, quiet live screen at 140x40", live(binary), 600),
    ]
    for name, value, bound in figures:
        print(f"{'ok  ' if value <= bound else 'FAIL'}  {name}: {value:.1f} (at most {bound})")
    sys.exit(any(value > bound for _, value, bound in figures))


if __name__ == "__main__":
    main()
