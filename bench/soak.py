"""`python -m bench.soak`: picks and feedback for SOAK_MINUTES (ten), then a look at what is left.

Reps pick, answer and pick again, over HTTP, while a worker works off what that causes. What is told
at the end: how many of each, the memory of the web at start and end, and whether picks, events and
deliveries agree.
"""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from urllib.parse import urlencode

from bench import data
from bench.house import ROOT, Database, House, Web
from portal.core.servers import die_with_parent

FIRMS, REPS_EACH, LEADS = 40, 2, 20_000
HANDS = 8
MOST_MINUTES = 120
PATIENCE = 60.0

LEFT = """
SELECT (SELECT count(*) FROM events WHERE name = 'LeadPickedUp'),
  (SELECT count(*) FROM pickups WHERE picked_at > now() - interval '1 day'),
  (SELECT count(DISTINCT lead_id) FROM pickups WHERE ended_at IS NULL)
    - (SELECT count(*) FROM leads WHERE state = 'held'),
  (SELECT count(*) FROM deliveries WHERE failed_at IS NOT NULL),
  (SELECT count(*) FROM job_failures)
"""
OPEN = "SELECT count(*) FROM deliveries WHERE done_at IS NULL AND failed_at IS NULL"


class Hand(threading.Thread):
    """One person after another at one connection: pick a lead, close it as lost, again."""

    def __init__(
        self, web: Web, database: Database, reps: list[data.Rep], until: float, lost: dict[str, str]
    ) -> None:
        super().__init__(daemon=True)
        self.web, self.reps, self.until, self.lost = web, reps, until, lost
        self.link = database.connect()
        self.seen: Counter[str] = Counter()

    def run(self) -> None:
        """Go on until the time is over."""
        while time.monotonic() < self.until:
            for rep in self.reps:
                self.turn(rep)

    def turn(self, rep: data.Rep) -> None:
        """Let one rep pick up a lead and report on it."""
        row = self.link.execute(
            "SELECT o.lead_id FROM offers o JOIN leads l ON l.id = o.lead_id WHERE o.open AND "
            "o.organisation_id = %s AND l.state = 'offered' AND o.ends_at > now() "
            "ORDER BY o.ends_at, o.id LIMIT 1",
            [rep.firm_id],
        ).fetchone()
        self.link.commit()
        if row is None:
            self.seen["nothing on offer"] += 1
            time.sleep(0.1)
            return
        picked = self.post(rep, f"/leads/{row[0]}/pickup", {})
        self.seen[f"pick {picked}"] += 1
        held = self.link.execute(
            "SELECT id FROM pickups WHERE user_id = %s AND lead_id = %s AND ended_at IS NULL",
            [rep.user_id, row[0]],
        ).fetchone()
        self.link.commit()
        if held is not None:
            answered = self.post(rep, f"/pickups/{held[0]}/feedback", self.lost)
            self.seen[f"feedback {answered}"] += 1

    def post(self, rep: data.Rep, path: str, fields: dict[str, str]) -> str:
        """Send a form and return the status of the answer."""
        link = http.client.HTTPConnection("127.0.0.1", self.web.port, timeout=30)
        try:
            link.request(
                "POST",
                path,
                urlencode({"csrf_token": rep.csrf, **fields}),
                {
                    "Cookie": rep.cookie,
                    "Accept": "text/html",
                    "Content-Type": "application/x-www-form-urlencoded",
                },
            )
            return str(link.getresponse().status)
        except OSError as trouble:
            return type(trouble).__name__
        finally:
            link.close()


def memory_of(pid: int) -> float:
    """Return the megabytes that a process and its children hold."""
    kilobytes = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            told = (folder / "status").read_text()
        except OSError:
            continue
        facts = dict(line.split(":", 1) for line in told.splitlines() if ":" in line)
        if int(folder.name) == pid or int(facts.get("PPid", "0")) == pid:
            kilobytes += int(facts.get("VmRSS", "0 kB").split()[0])
    return kilobytes / 1024


def soak(minutes: float) -> int:
    """Keep the house under load; 1 where something was refused that should not, or lost."""
    with House() as house, house.database("soak") as database:
        with database.connect() as link:
            firms = data.add_firms(link, FIRMS)
            reps = data.add_reps(link, database.app, FIRMS, REPS_EACH)
            data.add_leads(link, LEADS)
            data.offer_leads(link, firms, 4)
            row = link.execute(
                "SELECT split_part(key, '.', 2) FROM catalog_entries "
                "WHERE kind = 'reason' AND key LIKE 'lost.%' ORDER BY id LIMIT 1"
            ).fetchone()
        assert row
        lost = {"status": "lost", "reason": row[0], "decision_maker": "Head of IT"}
        database.settle()
        with database.web() as web:
            environment = house.environment(database.url) | {"PATH": os.defpath}
            with (house.folder / "log" / "worker.log").open("wb") as log:
                worker = subprocess.Popen(
                    [sys.executable, "worker.py", "worker"],
                    cwd=ROOT,
                    env=environment,
                    stdout=log,
                    stderr=log,
                    preexec_fn=die_with_parent(signal.SIGTERM),  # noqa: PLW1509 (one prctl, no locks)
                )
            try:
                seen, memory = _load(web, database, reps, minutes, lost)
                deadline = time.monotonic() + PATIENCE
                while database.value(OPEN) and time.monotonic() < deadline:
                    time.sleep(0.5)
            finally:
                worker.terminate()
                try:
                    worker.wait(10)
                except subprocess.TimeoutExpired:
                    worker.kill()
                    worker.wait()
        open_ = database.value(OPEN)
        with database.connect() as link:
            left = link.execute(LEFT).fetchone()
    assert left
    for what, count in sorted(seen.items()):
        print(f"{what:<24}{count:>10,}")
    print(f"memory of the web       {memory[0]:>7.0f} MB at first, {memory[1]:.0f} MB at last")
    print(f"deliveries still open   {open_:>10}, failed {left[3]}, failed jobs {left[4]}")
    agree = left[0] == left[1] == seen["pick 303"] and left[2] == 0
    print("picks, pickups and events agree" if agree else f"they DISAGREE: {left} {dict(seen)}")
    known = {"pick 303", "pick 409", "feedback 303", "feedback 200", "nothing on offer"}
    strange = set(seen) - known
    return int(bool(strange) or not agree or bool(open_ or left[3] or left[4]))


def _load(
    web: Web,
    database: Database,
    reps: list[data.Rep],
    minutes: float,
    lost: dict[str, str],
) -> tuple[Counter[str], tuple[float, float]]:
    until = time.monotonic() + minutes * 60
    hands = [Hand(web, database, reps[n::HANDS], until, lost) for n in range(HANDS)]
    for hand in hands:
        hand.start()
    time.sleep(min(10.0, minutes * 20))
    first = memory_of(web.process.pid)
    for hand in hands:
        hand.join()
        hand.link.close()
    return sum((hand.seen for hand in hands), Counter()), (first, memory_of(web.process.pid))


if __name__ == "__main__":
    sys.exit(soak(min(float(os.environ.get("SOAK_MINUTES") or 10), MOST_MINUTES)))
