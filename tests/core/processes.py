"""Processes that a test starts beside itself, and what they write down."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import contextmanager

from portal.core.db import unit_of_work
from tests import nursery


class Processes:
    """Workers and schedulers of one test, each `python -m module role` in the test's own house."""

    def __init__(self, app, folder, module):
        self.app, self.module = app, module
        self.diary, self.log = folder / "diary", folder / "log"
        self.children = []
        settings = app.config["SETTINGS"]
        self.env = {
            "PATH": os.environ["PATH"],
            "FIRSTCOME_LOCAL": "1",
            "FIRSTCOME_TESTING": "1",
            "DATABASE_URL": settings.database_url,
            "REDIS_URL": settings.redis_url,
            "SECRET_KEY": settings.secret_key,
            "VAR_DIR": str(folder),
            "TEST_DIARY": str(self.diary),
        }

    def start(self, role="worker"):
        child = nursery.start("-m", self.module, role, env=self.env, log=self.log)
        self.children.append(child)
        return child

    def stop(self):
        for child in self.children:
            if child.poll() is None:
                child.terminate()
        for child in self.children:
            try:
                child.wait(3)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def lines(self, start=""):
        if not self.diary.exists():
            return []
        return [line for line in self.diary.read_text().splitlines() if line.startswith(start)]

    def said(self):
        return self.log.read_text() if self.log.exists() else ""

    @contextmanager
    def looking(self):
        with self.app.app_context(), unit_of_work() as on:
            yield on


def until(true, limit=60.0):
    """Wait for something to become true; say what it was at the end of patience."""
    deadline = time.monotonic() + limit
    while True:
        found = true()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit} s: {found!r}")
        time.sleep(0.05)
