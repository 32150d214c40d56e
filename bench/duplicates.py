"""Who might be the same: for one lead among a million, and the whole base of a hundred thousand.

Both on inquiries with realistic noise (`bench.inquiries`), of which it is known who wrote them: how
many of the true pairs are found, and how many of the found ones are true, is told beside the time.
"""

from __future__ import annotations

import os
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations
from statistics import median, quantiles

import psycopg

from bench.house import Database, House
from bench.inquiries import Inquiry, make
from bench.table import Measured
from portal.core import clock
from portal.core.db import db, unit_of_work
from portal.duplicates import pairs, search
from portal.duplicates.likeness import Party, of_row

LEADS = int(os.environ.get("BENCH_LEADS", "1000000"))
BASE, SEED = int(os.environ.get("BENCH_BASE", "100000")), 2_026
SEARCHES, WARM_UP, CHUNK = 1_000, 50, 50_000
MOST_MS, MOST_SECONDS = 50.0, 300.0
LEAST_PRECISION, LEAST_RECALL = 0.98, 0.9

ADD_LEADS = """
INSERT INTO leads (id, number, source_system, kind, type_id, status_id, state, state_since, title,
  partner_text, expectation, product_ids, country, city, priority, importance, suppressed, round,
  captured_at, created_at, version)
OVERRIDING SYSTEM VALUE
SELECT %(first)s + n, 'L-' || (%(first)s + n), 'bench', t.kind, t.id, s.id, 'captured', now(), '',
  '', '', '{}', 'DE', city, 5, 4, false, 0, now(), now(), 1
FROM unnest(%(cities)s::text[]) WITH ORDINALITY AS c(city, n), lead_types t, lead_statuses s
WHERE t.key = 'organisation' AND s.is_initial
"""
CONTACTS = (
    "COPY lead_contacts (lead_id, company, first_name, last_name, email, phone, phone_e164, domain,"
    " street, postcode) FROM STDIN"
)


def measure(house: House) -> Measured:
    """Return the 95th percentile of the milliseconds in which the likes of one lead are found."""
    with house.database("twins") as database:
        leads = fill(database, LEADS, keys=True)
        worked = time.process_time()
        took, found = search_some(database, leads)
        worked = (time.process_time() - worked) * 1000 / (SEARCHES + WARM_UP)
    last = quantiles(took, n=20)[-1]
    return Measured(
        "duplicate_candidates",
        last,
        "ms",
        n=len(leads),
        goal=f"under {MOST_MS:.0f} ms",
        met=last < MOST_MS,
        notes=[
            f"p95 of {len(took)} leads looked for, the median is {median(took):.2f} ms",
            f"{worked:.2f} ms of each are the process's own, the rest is PostgreSQL's and waiting",
            f"{found} of them have somebody who is like them",
        ],
    )


def measure_all(house: House) -> Measured:
    """Return the seconds in which a hundred thousand leads are compared with all others."""
    with house.database("base") as database:
        leads = fill(database, BASE, keys=False)
        began, worked = time.monotonic(), time.process_time()
        with database.app.app_context():
            while True:
                with unit_of_work():
                    if not pairs.check(clock.now()):
                        break
        took, worked = time.monotonic() - began, time.process_time() - worked
        with database.connect() as link:
            rows = link.execute(
                "SELECT lead_id, other_lead_id FROM duplicate_pairs WHERE other_lead_id IS NOT NULL"
            ).fetchall()
    found, true = {(row[0], row[1]) for row in rows}, true_pairs(leads)
    precision, recall = len(found & true) / len(found), len(found & true) / len(true)
    good = precision >= LEAST_PRECISION and recall >= LEAST_RECALL
    return Measured(
        "duplicate_all",
        took,
        "s",
        n=len(leads),
        goal=f"under {MOST_SECONDS:.0f} s",
        met=took < MOST_SECONDS and good,
        notes=[
            f"{worked:.0f} s of them are the worker's own, the rest is PostgreSQL's and waiting",
            f"{len(found)} pairs listed of {len(true)} true ones",
            f"precision {precision:.4f}, recall {recall:.4f}, seed {SEED}",
        ],
    )


def fill(database: Database, most: int, *, keys: bool) -> Sequence[Inquiry]:
    """Add so many leads, the id of each is its place; with `keys` as the sweep has written them."""
    inquiries = make(int(most * 0.72), SEED)[:most]
    superuser = database.house.postgres.url_of(database.url.rsplit("/", 1)[1], superuser=True)
    with psycopg.connect(superuser, autocommit=True) as link:
        # words of leads are another bench's
        link.execute("ALTER TABLE leads DISABLE TRIGGER USER")
        if keys:
            link.execute("ALTER TABLE lead_contacts DISABLE TRIGGER USER")
            link.execute("ALTER TABLE lead_keys DROP CONSTRAINT pk_lead_keys")
            link.execute("DROP INDEX ix_lead_keys_lead_id")
        for first in range(0, len(inquiries), CHUNK):
            add(link, first, inquiries[first : first + CHUNK], keys=keys)
        if keys:
            link.execute("SET maintenance_work_mem = '512MB'")
            link.execute(
                "ALTER TABLE lead_keys ADD CONSTRAINT pk_lead_keys PRIMARY KEY (key, lead_id)"
            )
            link.execute("CREATE INDEX ix_lead_keys_lead_id ON lead_keys (lead_id)")
    database.settle()
    return inquiries


def add(link: psycopg.Connection, first: int, inquiries: Sequence[Inquiry], *, keys: bool) -> None:
    """Add a part of the leads behind `first`."""
    link.execute(ADD_LEADS, {"first": first, "cities": [one.city or None for one in inquiries]})
    with link.cursor() as cursor, cursor.copy(CONTACTS) as copy:
        for number, one in enumerate(inquiries, first + 1):
            said = (one.company, one.first_name, one.last_name, one.email, one.phone, one.phone)
            where = (one.domain, one.street, one.postcode)
            copy.write_row((number, *(part or None for part in (*said, *where))))
    if not keys:
        return
    with (
        link.cursor() as cursor,
        cursor.copy("COPY lead_keys (key, lead_id) FROM STDIN") as copy,
    ):
        for number, one in enumerate(inquiries, first + 1):
            for key in who(one).keys:
                copy.write_row((key, number))


def who(one: Inquiry) -> Party:
    """Return who wrote an inquiry, in its normal form."""
    return of_row(one, one.phone)


def search_some(database: Database, leads: Sequence[Inquiry]) -> tuple[list[float], int]:
    """Look for who is like some leads, one after the other; return milliseconds and how many."""
    dice, took, found = random.Random(SEED), [], 0
    with database.app.app_context():
        for place in dice.sample(range(len(leads)), SEARCHES + WARM_UP):
            asked = who(leads[place])
            began = time.perf_counter()
            alike = search.find_alike(asked, lead_id=place + 1)
            took.append((time.perf_counter() - began) * 1000)
            found += any(one.likeness.is_listed for one in alike)
            db.session.remove()
    return took[WARM_UP:], found


def true_pairs(leads: Sequence[Inquiry]) -> set[tuple[int, int]]:
    """Return the pairs of leads that the same person wrote."""
    people: dict[int, list[int]] = defaultdict(list)
    for number, one in enumerate(leads, 1):
        people[one.who].append(number)
    return {two for numbers in people.values() for two in combinations(numbers, 2)}
