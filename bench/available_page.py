"""The page of what is available: twenty cards, read by people of many firms over and over.

Measured with a thousand, a hundred thousand and a million open offers in the database; every firm
sees a hundred of them.
"""

from __future__ import annotations

import os

from sqlalchemy import event

from bench import data
from bench.house import Database, House
from bench.load import Ask, Said, fire
from bench.table import Measured, cost_line
from portal.core.db import READING, db

SIZES = (1_000, 100_000, 1_000_000)
SEEN, OFFERED_TO, READERS = 100, 8, 40
CONNECTIONS, WARM, SECONDS, ROUNDS = 8, 10, 6, 3
RATE, P95, QUERIES = 150.0, 100.0, 12
INDEX = "ix_offers_available"


def measure(house: House) -> Measured:
    """Return pages per second with a hundred thousand open offers."""
    notes, rates = [], {}
    for size in SIZES:
        with house.database(f"available_{size}") as database:
            readers = _fill(database, size)
            queries, plan = _look_at_queries(database, readers[0])
            with database.web() as web:
                asks = [Ask("GET", "/available", reader.cookie) for reader in readers]
                folder = house.folder
                # a web that has just started compiles its queries and pages, and notes who is there
                fire(web.port, asks, connections=CONNECTIONS, folder=folder, seconds=WARM)
                before = web.cpu()
                runs = [
                    fire(web.port, asks, connections=CONNECTIONS, folder=folder, seconds=SECONDS)
                    for _round in range(1 if size != SIZES[1] else ROUNDS)
                ]
                cost = cost_line(before, web.cpu(), sum(run.answered for run in runs))
        if any(run.refused or run.trouble for run in runs):
            raise RuntimeError(f"pages were refused: {runs}")
        best = sorted(runs, key=lambda run: run.rate)[len(runs) // 2]
        rates[size] = best
        notes.append(_line(size, best, queries, plan))
        notes.append("    " + cost)
    middle = rates[SIZES[1]]
    return Measured(
        "available_page",
        middle.rate,
        "requests/s",
        n=SIZES[1],
        c=CONNECTIONS,
        goal=f"at least {RATE:.0f}/s, p95 < {P95:.0f} ms",
        met=middle.rate >= RATE and middle.p95 < P95 and queries <= QUERIES,
        notes=notes,
    )


def _fill(database: Database, size: int) -> list[data.Rep]:
    firms = max(size // SEEN, 1)
    with database.connect() as link:
        ids = data.add_firms(link, firms)
        readers = data.add_reps(link, database.app, min(firms, READERS), 1)
        data.hold_one_each(link, readers)
        data.add_leads(link, size // OFFERED_TO)
        data.offer_leads(link, ids, OFFERED_TO)
    database.settle()
    return readers


def _look_at_queries(database: Database, reader: data.Rep) -> tuple[int, str]:
    """Count the statements of one page, and name the way PostgreSQL finds the offers."""
    heard: list[tuple[str, object]] = []

    def listen(_connection, _cursor, statement, parameters, _context, _many):
        heard.append((statement, parameters))

    with database.app.app_context():
        engine = db.engines[READING]
    browser = database.app.test_client(use_cookies=False)
    browser.get("/available", headers={"Cookie": reader.cookie})
    event.listen(engine, "before_cursor_execute", listen)
    page = browser.get("/available", headers={"Cookie": reader.cookie})
    event.remove(engine, "before_cursor_execute", listen)
    if page.status_code != 200 or page.text.count("<article") != 20:
        raise RuntimeError(f"the page is not as it should be: {page.status_code}")
    found = next((s, p) for s, p in heard if "offer_rounds" in s and "LIMIT" in s)
    with engine.connect() as link:
        rows = link.exec_driver_sql(f"EXPLAIN {found[0]}", found[1]).scalars()
        plan = "\n".join(rows)
    return len(heard), INDEX if INDEX in plan else f"NOT by {INDEX}:\n{plan}"


def _line(size: int, said: Said, queries: int, plan: str) -> str:
    return (
        f"{size:,} open offers: {said.rate:.0f}/s, p50 {said.p50:.0f} ms, p95 {said.p95:.0f} ms; "
        f"{queries} queries, {plan}; wrk takes {said.cpu:.1%} of the machine; load average "
        f"{os.getloadavg()[0]:.1f}"
    )
