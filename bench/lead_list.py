"""Lists of leads and the search, asked by a channel manager and an account manager in turn.

A hundred thousand leads of a year, in every state, with titles of a hundred different things; each
address is one that people ask for: the plain list, filters, orders, words rare and common, deep
pages. The slowest addresses are named with the milliseconds of each alone.
"""

from __future__ import annotations

import http.client
import time
from statistics import median

import psycopg

from bench import data
from bench.house import Database, House, Web
from bench.load import Ask, fire
from bench.table import Measured, cost_line

LEADS, FIRMS, HELD = 100_000, 400, 2_000
CONNECTIONS, SECONDS, ROUNDS = 8, 6, 3
P95 = 150.0

SPREAD = """
UPDATE leads SET
  captured_at = now() - (id %% 525600) * interval '1 minute',
  state_since = now() - (id * 7919 %% 400000) * interval '1 minute',
  state = (ARRAY['captured', 'qualified', 'returned', 'closed', 'disqualified', 'nurture'])
    [1 + id %% 6],
  title = (ARRAY['Replace', 'Extend', 'Plan', 'Move', 'Renew', 'Inspect', 'Repair', 'Rent', 'Buy',
    'Compare'])[1 + id %% 10] || ' ' || (ARRAY['cabinets', 'switches', 'cooling', 'batteries',
    'cables', 'racks', 'sensors', 'servers', 'routers', 'locks'])[1 + id / 10 %% 10]
    || ' no. ' || id,
  city = (ARRAY['Hanover', 'Austin', 'Lyon', 'Köln', 'Wien', 'Graz', 'Essen'])[1 + id %% 7],
  country = (ARRAY['DE', 'US', 'FR'])[1 + id %% 3],
  temperature = (ARRAY['hot', 'warm', 'warm', 'cold', 'cold', 'cold', 'cold'])[1 + id / 6 %% 7],
  priority = 1 + id %% 10, importance = 1 + id %% 8, target_amount = id * 31 %% 90000,
  owner_id = CASE WHEN id %% 100 = 0 THEN %(owner)s END
WHERE state = 'qualified'
"""
VENDORS = """
UPDATE users SET roles = ARRAY[%(role)s], unit_id = NULL,
  organisation_id = (SELECT id FROM organisations WHERE kind = 'vendor')
WHERE id = %(id)s
"""
ANSWERS_FOR = """
UPDATE organisations SET account_manager_id = %(id)s
WHERE kind = 'reseller' AND id %% 10 = 0
"""
ASKED = (
    "/leads",
    "/leads?mine=yes&open=yes",
    "/leads?captured=today",
    "/leads?state=held&order=due",
    "/leads?state=returned&state=qualified&temperature=hot&order=longest",
    "/leads?order=priority",
    "/leads?order=title",
    "/leads?order=amount",
    "/leads?order=due",
    "/leads?late=yes",
    "/leads?firm=firm+39",
    "/leads?q=cooling",
    "/leads?q=no.+4711",
    "/leads?q=nothing+of+the+kind",
    "/leads?amount_from=80000&country=FR",
    "/search?q=cooling",
    "/search?q=4711",
    "/search?q=rack+koln",
    "/search?q=Firm+39",
    "/search?q=eva4711@works.example",
)


def measure(house: House) -> Measured:
    """Return the 95th percentile in milliseconds over all addresses, eight at a time."""
    with house.database("lead_list") as database:
        readers = _fill(database)
        with database.web() as web:
            deep = _deep_pages(web, readers[0])
            asks = [Ask("GET", path, one.cookie) for path in (*ASKED, *deep) for one in readers]
            alone = {ask: take_alone(web, ask) for ask in asks}
            before = web.cpu()
            runs = [
                fire(web.port, asks, connections=CONNECTIONS, folder=house.folder, seconds=SECONDS)
                for _round in range(ROUNDS)
            ]
            cost = cost_line(before, web.cpu(), sum(run.answered for run in runs))
    if any(run.refused or run.trouble for run in runs):
        raise RuntimeError(f"pages were refused: {runs}")
    best = sorted(runs, key=lambda run: run.p95)[len(runs) // 2]
    slow = sorted(alone.items(), key=lambda one: -one[1])[:8]
    return Measured(
        "lead_list",
        best.p95,
        "ms",
        n=LEADS,
        c=CONNECTIONS,
        goal=f"p95 < {P95:.0f} ms",
        met=best.p95 < P95,
        notes=[
            f"{best.rate:.0f}/s, p50 {best.p50:.0f} ms, p99 {best.p99:.0f} ms",
            cost,
            *(f"{took:.0f} ms alone: {ask.path}" for ask, took in slow),
        ],
    )


def _fill(database: Database) -> list[data.Rep]:
    with database.connect() as link:
        data.add_firms(link, FIRMS)
        reps = data.add_reps(link, database.app, FIRMS, HELD // FIRMS + 1)
        readers, holders = reps[-2:], reps[:HELD]
        make_vendors(link, readers)
        data.add_leads(link, LEADS, state="qualified")
        link.execute(SPREAD, {"owner": readers[1].user_id})
        data.hold_one_each(link, holders)
    database.settle()
    return readers


def make_vendors(link: psycopg.Connection, readers: list[data.Rep]) -> None:
    """Make two people of the vendor: a channel manager, and the account manager of a tenth."""
    for reader, role in zip(readers, ("channel_manager", "account_manager"), strict=True):
        link.execute(VENDORS, {"id": reader.user_id, "role": role})
    link.execute(ANSWERS_FOR, {"id": readers[1].user_id})


def _deep_pages(web: Web, reader: data.Rep) -> list[str]:
    """Return pages far behind, as somebody finds them who turns the pages."""
    found = []
    for number in (LEADS // 2, LEADS // 3):
        found.append(f"/leads?after={number}")
        found.append(f"/leads?order=longest&before={number}")
    assert take_alone(web, Ask("GET", found[0], reader.cookie))
    return found


def take_alone(web: Web, ask: Ask) -> float:
    """Return the milliseconds of an address that nobody else asks for meanwhile."""
    took = []
    link = http.client.HTTPConnection("127.0.0.1", web.port, timeout=20)
    for _each in range(3):
        began = time.perf_counter()
        link.request(ask.method, ask.path, headers={"Cookie": ask.cookie})
        answer = link.getresponse()
        answer.read()
        took.append((time.perf_counter() - began) * 1000)
        if answer.status != 200:
            raise RuntimeError(f"{ask.path}: {answer.status}")
    link.close()
    return median(took)
