"""What runs beside the web: workers, the scheduler, the listener, and a server that takes mails."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

from bench.house import ROOT, Database
from portal.core.processes import die_with_parent


@contextlib.contextmanager
def beside(database: Database, *roles: str, **more: str) -> Iterator[dict[str, int]]:
    """Run these roles of `worker.py`, and a mail server; lend the process ids of the roles."""
    house = database.house
    sink = subprocess.Popen(
        [sys.executable, "-m", "bench.mail_sink"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert sink.stdin
    assert sink.stdout
    environment = house.environment(database.url) | {
        "PATH": os.defpath,
        "SMTP_URL": f"smtp://127.0.0.1:{sink.stdout.readline().strip()}",
        **more,
    }
    children: dict[str, subprocess.Popen[bytes]] = {}
    try:
        for role in roles:
            with (house.folder / "log" / f"{role}.log").open("wb") as log:
                children[role] = subprocess.Popen(
                    [sys.executable, "worker.py", *role.split()],
                    cwd=ROOT,
                    env=environment,
                    stdout=log,
                    stderr=log,
                    preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 (one prctl, no locks)
                )
        yield {name: child.pid for name, child in children.items()}
    finally:
        for child in children.values():
            child.terminate()
        for child in children.values():
            try:
                child.wait(10)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        sink.stdin.close()
        sink.wait(10)
