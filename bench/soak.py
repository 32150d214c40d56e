"""`python -m bench.soak`: mixed work for SOAK_MINUTES (ten) at a steady pace, then a look at it.

Reps look at what is available, pick, answer, give back and stand by, over HTTP; pages stay open and
hear the news; a worker and the scheduler work off what that causes and send the mails to a server
that takes them. Every minute the house is measured. Told at the end: what was done, what each
process held at first and at last, and whether picks, events, deliveries and mails agree.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import select
import socket
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from bench import data
from bench.beside import beside
from bench.house import Database, House, Web

FIRMS, REPS_EACH, LEADS, OFFERED_TO = 40, 2, 20_000, 4
HANDS, OPEN_PAGES = 4, 120
PACE = 1.2
"""Seconds that one hand takes for a turn, at least."""
MOST_MINUTES = 120
PATIENCE = 120.0
SAMPLE = 60.0
GROWTH = 1.15
"""How much more a process may hold in the last quarter than in the second."""

LEFT = """
SELECT (SELECT count(*) FROM events WHERE name = 'LeadPickedUp') AS told,
  (SELECT count(*) FROM pickups WHERE picked_at > now() - interval '1 day') AS picked,
  (SELECT count(DISTINCT lead_id) FROM pickups WHERE ended_at IS NULL)
    - (SELECT count(*) FROM leads WHERE state = 'held') AS astray,
  (SELECT count(*) FROM deliveries WHERE failed_at IS NOT NULL) AS lost_deliveries,
  (SELECT count(*) FROM job_failures) AS failed_jobs,
  (SELECT count(*) FROM outgoing_emails WHERE status = 'failed') AS failed_mails,
  (SELECT count(*) FROM outgoing_emails WHERE status = 'sent') AS sent_mails
"""
BACKLOG = """
SELECT (SELECT count(*) FROM deliveries WHERE done_at IS NULL AND failed_at IS NULL),
  (SELECT count(*) FROM outgoing_emails WHERE status IN ('queued', 'sending')),
  (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database())
"""
OPEN_LEAD = """
SELECT o.lead_id FROM offers o JOIN leads l ON l.id = o.lead_id
WHERE o.open AND o.organisation_id = %s AND l.state = 'offered' AND l.round = o.round
  AND o.visible_from <= now() AND o.ends_at > now()
ORDER BY o.ends_at, o.id LIMIT 1
"""
HELD = "SELECT id FROM pickups WHERE user_id = %s AND lead_id = %s AND ended_at IS NULL"
RULED = """
UPDATE offer_rounds
SET rule_id = (SELECT id FROM distribution_rules ORDER BY position DESC LIMIT 1)
"""
EXPECTED = {
    *("look 200", "pick 303", "pick 409", "feedback 303", "give back 303", "give back 409"),
    *("stand by 303", "stand by 409", "nothing on offer"),
}


class Hand(threading.Thread):
    """One person after another at one connection, a turn each, at a steady pace."""

    def __init__(
        self, web: Web, database: Database, reps: list[data.Rep], until: float, reasons: Reasons
    ) -> None:
        super().__init__(daemon=True)
        self.web, self.reps, self.until, self.reasons = web, reps, until, reasons
        self.link = database.connect()
        self.link.autocommit = True
        self.seen: Counter[str] = Counter()
        self.turns = 0
        self.held: dict[int, int] = {}

    def run(self) -> None:
        """Go on until the time is over."""
        while True:
            for rep in self.reps:
                began = time.monotonic()
                if began > self.until:
                    return
                self.turn(rep)
                time.sleep(max(0.0, PACE - (time.monotonic() - began)))

    def turn(self, rep: data.Rep) -> None:
        """Let one rep close her last lead and pick up the next; every fifth goes back."""
        self.turns += 1
        self.ask("look", rep, "/available")
        if rep.user_id in self.held:
            lost = {"status": "lost", "reason": self.reasons.lost, "decision_maker": "Head of IT"}
            before = self.held.pop(rep.user_id)
            self.ask("feedback", rep, f"/pickups/{before}/feedback", lost)
        row = self.link.execute(OPEN_LEAD, [rep.firm_id]).fetchone()
        if row is None:
            self.seen["nothing on offer"] += 1
            return
        lead = row[0]
        self.ask("pick", rep, f"/leads/{lead}/pickup", {})
        rival = self.reps[(self.reps.index(rep) + 1) % len(self.reps)]
        if self.turns % 7 == 0 and self._may_wait(rival, lead):
            self.ask("stand by", rival, f"/leads/{lead}/stand-by", {})
        held = self.link.execute(HELD, [rep.user_id, lead]).fetchone()
        if held is None:
            return
        if self.turns % 5 == 0:
            back = {"reason": self.reasons.give_back, "note": "No time, sorry."}
            self.ask("give back", rep, f"/pickups/{held[0]}/give-back", back)
            return
        waiting = {"status": "waiting", "note": "Sent the documents."}
        self.ask("feedback", rep, f"/pickups/{held[0]}/feedback", waiting)
        self.held[rep.user_id] = held[0]

    def _may_wait(self, rep: data.Rep, lead: int) -> bool:
        row = self.link.execute(
            "SELECT count(*) FROM offers WHERE lead_id = %s AND organisation_id = %s",
            [lead, rep.firm_id],
        ).fetchone()
        return bool(row and row[0])

    def ask(
        self, what: str, rep: data.Rep, path: str, fields: dict[str, str] | None = None
    ) -> None:
        """Get a page or send a form, and count the answer's status."""
        link = http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=30)
        head = {"Cookie": rep.cookie, "Accept": "text/html"}
        try:
            if fields is None:
                link.request("GET", path, headers=head)
            else:
                head["Content-Type"] = "application/x-www-form-urlencoded"
                link.request("POST", path, urlencode({"csrf_token": rep.csrf, **fields}), head)
            answer = link.getresponse()
            answer.read()
            self.seen[f"{what} {answer.status}"] += 1
        except OSError as trouble:
            self.seen[f"{what} {type(trouble).__name__}"] += 1
        finally:
            link.close()


class OpenPages(threading.Thread):
    """Streams that people keep open; one that ends is opened again."""

    def __init__(self, web: Web, reps: list[data.Rep], until: float) -> None:
        super().__init__(daemon=True)
        self.port, self.until = web.port, until
        self.reps = [reps[n % len(reps)] for n in range(OPEN_PAGES)]
        self.heard = self.opened = 0

    def run(self) -> None:
        """Listen until the time is over."""
        links: dict[socket.socket, data.Rep] = {}
        waiting = list(self.reps)
        while time.monotonic() < self.until:
            while waiting and len(links) < OPEN_PAGES:
                with contextlib.suppress(OSError):
                    link = self._open(waiting[-1])
                    links[link] = waiting.pop()
            ready, _none, _nor = select.select(list(links), [], [], 1.0)
            for link in ready:
                try:
                    part = link.recv(65536)
                except OSError:
                    part = b""
                self.heard += part.count(b"data:")
                if not part:
                    link.close()
                    waiting.append(links.pop(link))
        for link in links:
            link.close()

    def _open(self, rep: data.Rep) -> socket.socket:
        link = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        link.sendall(
            f"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {rep.cookie}\r\n"
            "Accept: text/event-stream\r\n\r\n".encode()
        )
        self.opened += 1
        return link


@dataclass(frozen=True)
class Reasons:
    """Keys of reasons that the forms ask for."""

    lost: str
    give_back: str


@dataclass(frozen=True)
class Sample:
    """The house at one moment: megabytes by process, rows that wait, connections, open files."""

    memory: dict[str, float]
    files: int
    deliveries: int
    mails: int
    connections: int


def family(pid: int) -> list[int]:
    """Return a process and everything below it."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(words[1])
    found = [pid]
    for one in found:
        found.extend(child for child, parent in parents.items() if parent == one)
    return found


def memory_of(pid: int) -> float:
    """Return the megabytes that a process and its children hold, shared pages by their share."""
    kilobytes = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            told = Path(f"/proc/{one}/smaps_rollup").read_text()
            kilobytes += next(
                int(line.split()[1]) for line in told.splitlines() if line.startswith("Pss:")
            )
    return kilobytes / 1024


def files_of(pid: int) -> int:
    """Return how many files and sockets a process and its children have open."""
    count = 0
    for one in family(pid):
        with contextlib.suppress(OSError):
            count += len(list(Path(f"/proc/{one}/fd").iterdir()))
    return count


def take_sample(database: Database, pids: dict[str, int]) -> Sample:
    """Measure the house."""
    with database.connect() as link:
        row = link.execute(BACKLOG).fetchone()
    assert row
    memory = {name: memory_of(pid) for name, pid in pids.items()}
    return Sample(memory, files_of(pids["web"]), *row)


def soak(minutes: float) -> int:
    """Keep the house at work; 1 where something was refused that should not, lost, or grew."""
    with House() as house, house.database("soak") as database:
        with database.connect() as link:
            firms = data.add_firms(link, FIRMS)
            reps = data.add_reps(link, database.app, FIRMS, REPS_EACH)
            data.add_leads(link, LEADS)
            data.offer_leads(link, firms, OFFERED_TO)
            link.execute(data.ANSWERS)
            link.execute(RULED)
            keys = dict(
                link.execute(
                    "SELECT split_part(key, '.', 1), min(split_part(key, '.', 2)) "
                    "FROM catalog_entries WHERE kind = 'reason' GROUP BY 1"
                ).fetchall()
            )
        reasons = Reasons(keys["lost"], keys["give_back"])
        database.settle()
        with database.web() as web, beside(database, "worker", "scheduler") as pids:
            pids = {"web": web.process.pid, **pids, "postgres": web.postgres_pid}
            seen, samples, pages = _work(web, database, reps, minutes, reasons, pids)
            deadline = time.monotonic() + PATIENCE
            last = take_sample(database, pids)
            while (last.deliveries or last.mails) and time.monotonic() < deadline:
                time.sleep(1)
                last = take_sample(database, pids)
        with database.connect() as link:
            link.row_factory = _named
            left = link.execute(LEFT).fetchone()
    assert left
    return _tell(minutes, seen, samples, pages, last, left)


def _named(cursor):
    names = [column.name for column in cursor.description or ()]
    return lambda values: dict(zip(names, values, strict=True))


def _work(
    web: Web,
    database: Database,
    reps: list[data.Rep],
    minutes: float,
    reasons: Reasons,
    pids: dict[str, int],
) -> tuple[Counter[str], list[Sample], OpenPages]:
    until = time.monotonic() + minutes * 60
    pages = OpenPages(web, reps, until)
    hands = [Hand(web, database, reps[n::HANDS], until, reasons) for n in range(HANDS)]
    for thread in (pages, *hands):
        thread.start()
    samples: list[Sample] = []
    pause = min(SAMPLE, minutes * 60 / 8)
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(pause, left))
        samples.append(take_sample(database, pids))
        one = samples[-1]
        told = ", ".join(f"{name} {held:.0f} MB" for name, held in one.memory.items())
        print(
            f"{len(samples):>4}: {told}; {one.files} files, {one.connections} connections, "
            f"{one.deliveries} deliveries and {one.mails} mails wait",
            flush=True,
        )
    for thread in (pages, *hands):
        thread.join(60)
    for hand in hands:
        hand.link.close()
    return sum((hand.seen for hand in hands), Counter()), samples, pages


def _tell(
    minutes: float,
    seen: Counter[str],
    samples: list[Sample],
    pages: OpenPages,
    last: Sample,
    left: dict[str, int],
) -> int:
    print(f"\n{minutes:g} minutes")
    for what, count in sorted(seen.items()):
        print(f"{what:<24}{count:>10,}")
    print(f"{'open pages':<24}{OPEN_PAGES:>10,}  ({pages.opened} streams, {pages.heard:,} letters)")
    print(f"{'mails sent':<24}{left['sent_mails']:>10,}")
    quarter = max(len(samples) // 4, 1)
    early, late = samples[quarter : 2 * quarter] or samples, samples[-quarter:]
    grown = []
    for name in late[-1].memory:
        before = median(one.memory[name] for one in early)
        after = median(one.memory[name] for one in late)
        told = f"{before:>7.0f} MB in the second quarter, {after:.0f} MB in the last"
        print(f"{'memory of ' + name:<24}{told}")
        if after > before * GROWTH + 5:
            grown.append(name)
    for name in ("files", "connections"):
        before = median(getattr(one, name) for one in early)
        after = median(getattr(one, name) for one in late)
        print(f"{name:<24}{before:>7.0f} in the second quarter, {after:.0f} in the last")
        if after > before * GROWTH + 5:
            grown.append(name)
    print(f"{'still waiting':<24}{last.deliveries:>10,} deliveries, {last.mails} mails")
    failed = left["lost_deliveries"] + left["failed_jobs"] + left["failed_mails"]
    print(f"{'failed':<24}{failed:>10,} deliveries, jobs and mails")
    agree = left["told"] == left["picked"] == seen["pick 303"] and left["astray"] == 0
    print("picks, pickups and events agree" if agree else f"they DISAGREE: {left}")
    strange = set(seen) - EXPECTED
    for name in grown:
        print(f"GROWN: {name}")
    for what in sorted(strange):
        print(f"STRANGE: {what}")
    return int(bool(strange or grown or failed or last.deliveries or last.mails) or not agree)


if __name__ == "__main__":
    sys.exit(soak(min(float(os.environ.get("SOAK_MINUTES") or 10), MOST_MINUTES)))
