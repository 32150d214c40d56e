"""Live news to two thousand open pages: until the last has heard that a lead is gone.

The streams belong to two thousand people of eight firms who all see the same leads; each round one
of them picks one up over HTTP. All the while other people open the page of what is available.
"""

from __future__ import annotations

import contextlib
import re
import resource
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from statistics import median

from bench import data
from bench.house import Database, House, Web
from bench.load import Ask, Said, fire
from bench.table import Measured, cost_line

STREAMS, FIRMS = 2000, 8
PICKS, PAUSE = 12, 1.0
READERS, CONNECTIONS = 40, 2
GOAL, P95 = 1.0, 150.0
PATIENCE = 60.0
GONE = re.compile(rb'"lead": (\d+), "gone": true')

BUSY = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'
"""
HELD = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"


class Pages:
    """The open streams, read by one thread."""

    def __init__(self, web: Web, reps: list[data.Rep]) -> None:
        self.port, self.ready = web.port, selectors.DefaultSelector()
        self.links: list[socket.socket] = []
        self.hearing = 0
        self.last_of: dict[int, float] = {}
        self.heard: dict[int, int] = {}
        began = time.monotonic()
        for place, rep in enumerate(reps, 1):
            self._open(rep)
            # as many at once as a listening socket takes
            while self.hearing < place - 200:
                self.read(0.01)
        deadline = time.monotonic() + PATIENCE
        while self.hearing < len(reps):
            self.read(0.1)
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.hearing} of {len(reps)} streams are open")
        self.opened_in = time.monotonic() - began

    def _open(self, rep: data.Rep) -> None:
        link = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        link.sendall(
            f"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {rep.cookie}\r\n"
            "Accept: text/event-stream\r\n\r\n".encode()
        )
        link.setblocking(False)
        self.links.append(link)
        self.ready.register(link, selectors.EVENT_READ)

    def read(self, patience: float) -> None:
        """Read what has come, and note when each lead was heard of last."""
        for key, _mask in self.ready.select(patience):
            try:
                part = key.fileobj.recv(65536)  # type: ignore[union-attr]
            except BlockingIOError:
                continue
            if not part:
                raise RuntimeError("a stream has ended")
            now = time.monotonic()
            if b'"hears"' in part:
                self.hearing += 1
            for lead in GONE.findall(part):
                number = int(lead)
                self.heard[number] = self.heard.get(number, 0) + 1
                self.last_of[number] = now

    def until_all_heard(self, lead: int) -> float:
        """Wait until every page has heard that a lead is gone; return when that was."""
        deadline = time.monotonic() + PATIENCE
        while self.heard.get(lead, 0) < len(self.links):
            self.read(0.5)
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.heard.get(lead, 0)} of {len(self.links)} have heard")
        return self.last_of[lead]

    def listen(self, seconds: float) -> None:
        """Read on for a while."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.read(left)

    def close(self) -> None:
        """Hang up."""
        for link in self.links:
            link.close()
        self.ready.close()


class Load:
    """Pages that are asked for over and over, in a thread of their own, for so many seconds."""

    def __init__(self, web: Web, house: House, readers: list[data.Rep], seconds: int) -> None:
        asks = [Ask("GET", "/available", reader.cookie) for reader in readers]
        self._said: list[Said] = []

        def ask() -> None:
            self._said.append(
                fire(web.port, asks, connections=CONNECTIONS, folder=house.folder, seconds=seconds)
            )

        self._thread = threading.Thread(target=ask)
        self._thread.start()

    def wait(self) -> Said:
        """Wait for the last answer and return what was measured."""
        self._thread.join()
        return self._said[0]


def measure(house: House) -> Measured:
    """Return the seconds until the last of the streams has heard of a pick."""
    allow_open_files(STREAMS + 500)
    with house.database("stream_fanout") as database:
        listeners, readers, pickers, leads = _fill(database)
        with database.web() as web, open_pages(web, listeners) as pages:
            pages.listen(3)
            busy = max(_value(database, BUSY) for _look in range(5))
            held = _value(database, HELD)
            quiet = [_pick(web, pages, *pair) for pair in zip(pickers[:3], leads, strict=False)]
            before = web.cpu()
            load = Load(web, house, readers, round(len(pickers[3:]) * (PAUSE + 0.3)))
            took = []
            for picker, lead in zip(pickers[3:], leads[3:], strict=True):
                pages.listen(PAUSE)
                took.append(_pick(web, pages, picker, lead))
            said = load.wait()
            cost = cost_line(before, web.cpu(), said.answered)
    if said.refused or said.trouble:
        raise RuntimeError(f"pages were refused: {said}")
    value = median(took)
    return Measured(
        "stream_fanout",
        value,
        "s",
        n=STREAMS,
        c=STREAMS,
        goal=f"under {GOAL:.0f} s, p95 of pages < {P95:.0f} ms, pool idle",
        met=max(took) < GOAL and said.p95 < P95 and busy == 0,
        notes=[
            (
                f"{STREAMS} streams opened in {pages.opened_in:.1f} s; then {busy} busy and {held} "
                "open connections to the database"
            ),
            "from sending the pick to the last page, without load: "
            + ", ".join(f"{seconds * 1000:.0f}" for seconds in quiet)
            + " ms; under load: "
            + ", ".join(f"{seconds * 1000:.0f}" for seconds in took)
            + " ms",
            (
                f"meanwhile {said.rate:.0f} pages/s over {CONNECTIONS} connections, "
                f"p50 {said.p50:.0f} ms, p95 {said.p95:.0f} ms"
            ),
            "    " + cost,
        ],
    )


def _fill(
    database: Database,
) -> tuple[list[data.Rep], list[data.Rep], list[data.Rep], list[int]]:
    each = (STREAMS + READERS + PICKS) // FIRMS + 1
    with database.connect() as link:
        firms = data.add_firms(link, FIRMS)
        reps = data.add_reps(link, database.app, FIRMS, each)
        pickers = reps[STREAMS + READERS :][:PICKS]
        data.hold_one_each(link, pickers)
        link.execute("UPDATE partners SET capacity = 1000")
        leads = data.add_leads(link, 40)
        data.offer_leads(link, firms, FIRMS)
    database.settle()
    return reps[:STREAMS], reps[STREAMS : STREAMS + READERS], pickers, leads[:PICKS]


@contextlib.contextmanager
def open_pages(web: Web, reps: list[data.Rep]) -> Iterator[Pages]:
    """Open the streams and close them afterwards."""
    pages = Pages(web, reps)
    try:
        yield pages
    finally:
        pages.close()


def _pick(web: Web, pages: Pages, picker: data.Rep, lead: int) -> float:
    """Pick up a lead over HTTP; return the seconds until the last page has heard of it."""
    body = f"csrf_token={picker.csrf}".encode()
    with socket.create_connection(("127.0.0.1", web.port), timeout=20) as link:
        began = time.monotonic()
        link.sendall(
            f"POST /leads/{lead}/pickup HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {picker.cookie}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        took = pages.until_all_heard(lead) - began
        answer = link.recv(100)
    if not answer.startswith(b"HTTP/1.1 303"):
        raise RuntimeError(f"the pick was refused: {answer!r}")
    return took


def _value(database: Database, statement: str) -> int:
    return int(str(database.value(statement)))


def allow_open_files(wanted: int) -> None:
    """Allow this process as many open files as it needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
