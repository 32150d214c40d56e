"""Picks over HTTP, all included: session, form token, gate under the lock, event, delivery, nudge.

Every pick is by another rep, who holds one answered lead already; each lead is on offer to eight
firms. Afterwards the database is asked whether every yes is one pickup and one event.
"""

from __future__ import annotations

from statistics import median

from bench import data
from bench.house import Database, House, Web
from bench.load import Ask, Said, fire
from bench.table import Measured, cost_line

FIRMS, REPS_EACH, OFFERED_TO = 1500, 6, 8
CONNECTIONS = 32
WARM_UP, PICKS, ROUNDS = 500, 1200, 2
GOAL = 250.0

COUNTED = """
SELECT (SELECT count(*) FROM pickups WHERE picked_at > now() - interval '1 day'),
  (SELECT count(DISTINCT lead_id) FROM pickups WHERE picked_at > now() - interval '1 day'),
  (SELECT count(*) FROM events WHERE name = 'LeadPickedUp'),
  (SELECT count(DISTINCT lead_id) FROM events WHERE name = 'LeadPickedUp'),
  (SELECT count(DISTINCT event_id) FROM deliveries),
  (SELECT count(*) FROM leads WHERE state = 'held' AND picked_at > now() - interval '1 day')
"""


class Picks:
    """The picks that are still to be made, and the yeses so far."""

    def __init__(self, database: Database) -> None:
        self.database = database
        with database.connect() as link:
            firms = data.add_firms(link, FIRMS)
            self.reps = data.add_reps(link, database.app, FIRMS, REPS_EACH)
            data.hold_one_each(link, self.reps)
            leads = data.add_leads(link, len(self.reps))
            data.offer_leads(link, firms, OFFERED_TO)
            # n-th lead: on offer to the eight firms from its place on round the table
            seats = {firm: place for place, firm in enumerate(firms)}
            self.left = self._pair(leads, seats)
        database.settle()
        self.yes = 0

    def _pair(self, leads: list[int], seats: dict[int, int]) -> list[tuple[data.Rep, int]]:
        """Give every rep a lead that is on offer to the firm."""
        free: dict[int, list[int]] = {}
        for place, lead in enumerate(leads):
            for n in range(OFFERED_TO):
                free.setdefault((place * OFFERED_TO + n) % len(seats), []).append(lead)
        taken: set[int] = set()
        pairs = []
        for rep in self.reps:
            choice = free[seats[rep.firm_id]]
            while choice and choice[-1] in taken:
                choice.pop()
            if choice:
                taken.add(choice[-1])
                pairs.append((rep, choice.pop()))
        return pairs

    def fire(self, web: Web, count: int, *, fragment: bool) -> Said:
        """Let so many reps pick at 32 connections."""
        now, self.left = self.left[:count], self.left[count:]
        if len(now) < count:
            raise RuntimeError("too few reps for so many picks")
        asks = [
            Ask("POST", f"/leads/{lead}/pickup", rep.cookie, rep.csrf, fragment)
            for rep, lead in now
        ]
        folder = self.database.house.folder
        said = fire(web.port, asks, connections=CONNECTIONS, folder=folder)
        if said.refused or said.trouble or said.answered != count:
            raise RuntimeError(f"{web.application} refused picks: {said}\n{web.last_words()}")
        self.yes += said.answered
        return said

    def check(self) -> str:
        """Ask the database whether each yes is one pickup and one event."""
        with self.database.connect() as link:
            row = link.execute(COUNTED).fetchone()
        assert row
        if set(row) != {self.yes}:
            raise RuntimeError(f"{self.yes} times yes, but pickups, events, deliveries: {row}")
        return f"{self.yes} times yes = pickups = events = deliveries = held leads"


def measure(house: House) -> Measured:
    """Return picks per second by the plain form, with the htmx form and the bare view beside."""
    with house.database("picks") as database:
        picks = Picks(database)
        plain, fragments, bare = [], [], []
        with database.web() as web:
            for fragment in (False, True):
                picks.fire(web, WARM_UP, fragment=fragment)
            costs = []
            for fragment, runs in ((False, plain), (True, fragments)):
                before = web.cpu()
                for _round in range(ROUNDS):
                    runs.append(picks.fire(web, PICKS, fragment=fragment))
                costs.append(cost_line(before, web.cpu(), PICKS * ROUNDS))
        with database.web("bench.bare:app") as web:
            picks.fire(web, WARM_UP, fragment=False)
            before = web.cpu()
            bare.extend(picks.fire(web, PICKS, fragment=False) for _round in range(ROUNDS))
            costs.append(cost_line(before, web.cpu(), PICKS * ROUNDS))
        checked = picks.check()
    value = median(said.rate for said in plain)
    notes = [
        _line("plain form (303)", plain),
        "    " + costs[0],
        _line("htmx form (200 with the contact)", fragments),
        "    " + costs[1],
        _line("bare Flask view, same SQL", bare),
        "    " + costs[2],
        checked,
    ]
    return Measured(
        "pickup_http",
        value,
        "requests/s",
        ceiling=median(said.rate for said in bare),
        n=PICKS * ROUNDS,
        c=CONNECTIONS,
        goal=f"at least {GOAL:.0f}/s",
        met=value >= GOAL,
        notes=notes,
    )


def _line(words: str, runs: list[Said]) -> str:
    rates = ", ".join(f"{said.rate:.0f}" for said in runs)
    return (
        f"{words}: {rates}/s; p50 {median(s.p50 for s in runs):.0f} ms, "
        f"p95 {median(s.p95 for s in runs):.0f} ms; wrk takes {median(s.cpu for s in runs):.1%} "
        "of the machine"
    )
