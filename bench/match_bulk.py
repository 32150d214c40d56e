"""Ten thousand leads matched against ten thousand partners, the best fifty of each kept.

One criterion is a must and has an index, the distance; three more give points. Leads and partners
lie spread over an area as large as Germany. Timed again for half of the partners.
"""

from __future__ import annotations

import time

from sqlalchemy import select

from bench import data
from bench.house import House
from bench.table import Measured
from portal.core import clock
from portal.core.db import session
from portal.leads.models import Lead
from portal.matching.bulk import match_many
from portal.matching.models import DistributionRule

LEADS, PARTNERS, KEPT = 10_000, 10_000, 50
BATCH = 500
GOAL = 120.0

SPREAD = """
SELECT setseed(0.5);
UPDATE partners SET latitude = 47.3 + random() * 7.6, longitude = 6 + random() * 9;
UPDATE leads SET latitude = 47.3 + random() * 7.6, longitude = 6 + random() * 9;
"""
HALVE = "UPDATE partners SET latitude = NULL, longitude = NULL WHERE organisation_id % 2 = 0"
CRITERIA = [
    {"kind": "radius", "mode": "required", "km": 80},
    {"kind": "radius", "mode": "weighted", "weight": 40, "km": 80},
    {"kind": "level", "mode": "weighted", "weight": 30},
    {"kind": "product", "mode": "weighted", "weight": 30},
]


def measure(house: House) -> Measured:
    """Return how many leads a second are matched."""
    with house.database("match_bulk") as database:
        with database.connect() as link:
            data.add_firms(link, PARTNERS)
            leads = data.add_leads(link, LEADS, state="qualified")
            link.execute(SPREAD)
        database.settle()
        with database.app.app_context():
            half, found = _match(leads[: LEADS // 2])
            rest, more = _match(leads[LEADS // 2 :])
        with database.connect() as link:
            link.execute(HALVE)
        database.settle()
        with database.app.app_context():
            fewer, fewer_found = _match(leads[: LEADS // 2])
    took = half + rest
    return Measured(
        "match_bulk",
        LEADS / took,
        "leads/s",
        n=LEADS,
        goal=f"{LEADS:,} in under {GOAL:.0f} s",
        met=took < GOAL,
        notes=[
            (
                f"{LEADS:,} leads × {PARTNERS:,} partners in {took:.1f} s, "
                f"{(found + more) / LEADS:.0f} kept of each at the mean; the first half of the "
                f"leads took {half:.1f} s, with half of the partners {fewer:.1f} s "
                f"({fewer_found / (LEADS // 2):.0f} kept)"
            )
        ],
    )


def _match(ids: list[int]) -> tuple[float, int]:
    """Return how long leads took, and how many partners were kept for all of them."""
    rule = DistributionRule(criteria=CRITERIA, conditions=[], relaxing=[], name="Bulk")
    began, found = time.perf_counter(), 0
    for first in range(0, len(ids), BATCH):
        some = ids[first : first + BATCH]
        leads = session().scalars(select(Lead).where(Lead.id.in_(some)).order_by(Lead.id))
        for _lead_id, matched in match_many(leads.all(), rule, clock.now(), keep=KEPT):
            found += len(matched)
        session().rollback()
    return time.perf_counter() - began, found
