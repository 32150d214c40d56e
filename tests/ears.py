"""Ears for tests: open streams of a running web, many of them, and what they have heard."""

from __future__ import annotations

import json
import re
import selectors
import socket
import time

PATIENCE = 20.0
IDS = re.compile(rb"id: (\d+)\n")
EVENT = re.compile(rb"event: (\w+)\ndata: (.*)\n")


class Ear:
    """One open stream, read by hand."""

    def __init__(self, live, browser, path="/stream", **headers):
        self.raw, self.over = b"", False
        self.link = socket.create_connection(("127.0.0.1", live.port), timeout=PATIENCE)
        lines = [
            f"GET {path} HTTP/1.1",
            f"Host: 127.0.0.1:{live.port}",
            f"Cookie: {browser.cookie}",
        ]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.link.sendall("\r\n".join([*lines, "", ""]).encode())

    def read(self):
        """Read what has come."""
        try:
            part = self.link.recv(65536)
        except ConnectionResetError:
            part = b""
        self.raw += part
        self.over = self.over or not part or self.raw.endswith(b"\r\n0\r\n\r\n")

    @property
    def heard(self):
        """Return everything heard so far, as (kind, data)."""
        return [(kind.decode(), json.loads(data)) for kind, data in EVENT.findall(self.raw)]

    @property
    def last_id(self):
        """Return the id of the last event, as a browser sends it when it comes again."""
        return int(IDS.findall(self.raw)[-1])

    @property
    def leads(self):
        """Return the ids of the leads that were named."""
        return {data["lead"] for kind, data in self.heard if kind == "lead"}

    @property
    def hears(self):
        """Say whether its process listens to the news by now."""
        return any(kind == "again" or data.get("hears") for kind, data in self.heard)

    @property
    def catches_up(self):
        """Return how often it was told to look at everything, or that it hears from the start."""
        return sum(kind == "again" or bool(data.get("hears")) for kind, data in self.heard)


class Ears:
    """Many open streams; closed at the end."""

    def __init__(self, live):
        self.live, self.all = live, []

    def open(self, browser, path="/stream", **headers):
        """Open one and wait until it hears."""
        self.all.append(Ear(self.live, browser, path, **headers))
        return self.all[-1]

    def until(self, test, *ears, patience=PATIENCE):
        """Read until the test holds for each of the ears (or of all); return how long it took."""
        began = time.monotonic()
        waiting = set(ears or self.all)
        with selectors.DefaultSelector() as ready:
            for ear in self.all:
                if not ear.over:
                    ready.register(ear.link, selectors.EVENT_READ, ear)
            while waiting := {ear for ear in waiting if not test(ear)}:
                left = patience - (time.monotonic() - began)
                assert left > 0, f"{len(waiting)} have not: {next(iter(waiting)).raw[-600:]!r}"
                for key, _mask in ready.select(left):
                    key.data.read()
                    if key.data.over:
                        ready.unregister(key.fileobj)
        return time.monotonic() - began

    def close(self):
        """Hang up."""
        for ear in self.all:
            ear.link.close()
        self.all.clear()
