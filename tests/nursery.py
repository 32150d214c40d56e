"""Processes of the house for tests, forked from one that has imported everything already.

A process spends most of its start on imports, and the suite starts many. Each is forked before
anything was configured, takes the environment that it is given and runs its program as Python
would. Not for the web, whose processes patch the standard library before they import; how
everything starts from nothing is tried in tests/house/test_run.py.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from threading import Lock

# all that a program of the house needs
import portal.core.worker
import portal.factory
import portal.wiring  # noqa: F401
from portal.core.processes import die_with_parent

ROOT = Path(__file__).resolve().parent.parent
MOST = 100_000
_nursery = None


class Child:
    """A process that was forked for a test; what tests ask of a `Popen`, it answers."""

    def __init__(self, nursery, pid, args):
        self.nursery, self.pid, self.args = nursery, pid, args
        self.returncode = None

    def poll(self):
        """Return the exit code, negative for a signal; None while it runs."""
        if self.returncode is None:
            self.returncode = self.nursery.ask(pid=self.pid)
        return self.returncode

    def wait(self, timeout=None):
        """Wait for the end and return the exit code. Raises `TimeoutExpired`."""
        deadline = time.monotonic() + timeout if timeout is not None else None
        while self.poll() is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(self.args, timeout)
            time.sleep(0.02)
        return self.returncode

    def send_signal(self, signum):
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, signum)

    def terminate(self):
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self):
        """End it."""
        self.send_signal(signal.SIGKILL)


class Nursery:
    """The process that forks the others, and the line to it."""

    def __init__(self):
        self.line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.lock = Lock()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.nursery", str(theirs.fileno())],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 (one prctl, no locks)
            )

    def ask(self, **question):
        """Send a question and return the answer."""
        with self.lock:
            self.line.send(json.dumps(question).encode())
            return json.loads(self.line.recv(MOST))

    def close(self):
        """Let it end; its children have the signal of their parent's death."""
        self.line.close()
        self.process.wait(10)


def start(*words, env, log):
    """Start what `python *words` would start, `log` taking all that it says; return a `Child`."""
    global _nursery
    if _nursery is None:
        _nursery = Nursery()
    pid = _nursery.ask(words=words, env=env, log=str(log))
    return Child(_nursery, pid, words)


def close():
    """End the nursery of this test process, if there is one."""
    global _nursery
    if _nursery is not None:
        _nursery.close()
        _nursery = None


def main(number):
    """Fork whatever the test process asks for, until that hangs up."""
    gc.collect()
    gc.freeze()
    at_birth = die_with_parent(signal.SIGTERM)
    with socket.socket(fileno=number) as line:
        while said := receive(line):
            question = json.loads(said)
            if "pid" in question:
                ended, status = os.waitpid(question["pid"], os.WNOHANG)
                answer = os.waitstatus_to_exitcode(status) if ended else None
            else:
                answer = os.fork()
                if answer == 0:
                    line.close()
                    at_birth()
                    return run(**question)
            line.send(json.dumps(answer).encode())
    return None


def receive(line):
    """Return the next question, nothing once the other end is closed."""
    with contextlib.suppress(ConnectionError, KeyboardInterrupt):
        return line.recv(MOST)
    return b""


def run(words, env, log):
    """Run a program as Python does that was started with these words."""
    with Path(log).open("ab") as said:
        for number in (1, 2):
            os.dup2(said.fileno(), number)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.clear()
    os.environ.update(env)
    first, *rest = words
    if first == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    elif first == "-c":
        sys.argv = ["-c", *rest[1:]]
        exec(rest[0], {"__name__": "__main__"})
    else:
        sys.argv = [first, *rest]
        runpy.run_path(first, run_name="__main__")


if __name__ == "__main__":
    main(int(sys.argv[1]))
