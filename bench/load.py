"""The load: wrk, what it is told to ask, and what it says afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
MISSING = "wrk makes the load and is not installed: type  sudo apt-get install wrk"


@dataclass(frozen=True)
class Ask:
    """One request: method, path and the header that says who asks."""

    method: str
    path: str
    cookie: str
    csrf: str = ""
    fragment: bool = False


@dataclass(frozen=True)
class Said:
    """What wrk measured. Rates are per second, times in milliseconds, `cpu` a share of all cores.

    `answered` counts the answers under 400, `refused` those from 400 on, to listed requests only;
    `trouble` counts broken connections and whoever waited for longer than 20 seconds.
    """

    rate: float
    answered: int
    refused: int
    trouble: int
    p50: float
    p95: float
    p99: float
    cpu: float
    seconds: float


def have_wrk() -> None:
    """Find wrk, or install it where we are root on Debian, or leave with one line."""
    if shutil.which("wrk"):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with contextlib.suppress(subprocess.CalledProcessError):
            subprocess.run(["apt-get", "install", "-y", "wrk"], check=True, **quiet)
    if not shutil.which("wrk"):
        sys.exit(MISSING)


def fire(
    port: int, asks: Sequence[Ask], *, connections: int, folder: Path, seconds: int | None = None
) -> Said:
    """Send the requests over so many connections.

    Without `seconds` each is sent once and the run ends with the last answer (at most two
    minutes); with `seconds` they are sent over and over for that long.
    """
    listed = folder / "asks.tsv"
    listed.write_text(
        "".join(
            f"{a.method}\t{a.path}\t{a.cookie}\t{a.csrf}\t{'1' if a.fragment else ''}\n"
            for a in asks
        )
    )
    words = ["wrk", "-t1", f"-c{connections}", f"-d{seconds or 120}s", "--timeout", "20s"]
    words += ["-s", str(HERE / "ask.lua"), f"http://127.0.0.1:{port}", "--", str(listed)]
    words += ["over and over" if seconds else "once"]
    began = time.monotonic()
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as wrk:
        assert wrk.stdout
        told = ""
        for line in wrk.stdout:
            told += line
            if line == "all answered\n":
                wrk.send_signal(signal.SIGINT)
        _pid, status, used = os.wait4(wrk.pid, 0)
        wrk.returncode = os.waitstatus_to_exitcode(status)
    took = time.monotonic() - began
    try:
        found = json.loads(told[told.index("{") :])
    except ValueError:
        raise RuntimeError(f"wrk said: {told}") from None
    return Said(
        rate=found["answered"] / found["seconds"],
        answered=found["answered"],
        refused=found["refused"],
        trouble=found["trouble"],
        p50=found["p50"],
        p95=found["p95"],
        p99=found["p99"],
        cpu=(used.ru_utime + used.ru_stime) / took / (os.cpu_count() or 1),
        seconds=found["seconds"],
    )
