"""How leads were shared out, of a hundred thousand offered to ten firms each over a year.

One month is counted anew, then the page with its twelve months is read; last what firms have had
lately is counted for five hundred of them, as a match does where the terms cap everything.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median

from bench import data
from bench.house import House
from bench.table import Measured
from portal.core import clock
from portal.core.db import unit_of_work
from portal.desk.fairness import (
    count_month,
    list_months,
    month_before,
    month_of,
    read_figures,
    vendors_zone,
)
from portal.matching.fairness import read_had
from portal.matching.fairness_rules import Terms

PARTNERS, LEADS, EACH, MATCHED = 2_000, 100_000, 10, 500
GOAL = 10.0
CAPPED = Terms(most_offers=60, most_hot_offers=50, most_picks=20, cooling_days=3)

A_YEAR = """
UPDATE offer_rounds SET opened_at = now() - (lead_id % 365) * interval '1 day',
  ended_at = now() - (lead_id % 365) * interval '1 day' + interval '2 hours';
UPDATE offers SET visible_from = now() - (lead_id % 365) * interval '1 day', open = false;
"""


def measure(house: House) -> Measured:
    """Return the seconds in which a month is counted."""
    with house.database("fair_months") as database:
        with database.connect() as link:
            firms = data.add_firms(link, PARTNERS)
            data.add_leads(link, LEADS)
            data.offer_leads(link, firms, EACH)
            link.execute(A_YEAR)
        database.settle()
        with database.app.app_context():
            at = clock.now()
            month = month_before(month_of(at, vendors_zone()))
            counted = timed(lambda: count_month(month.year * 100 + month.month, at))
            page = median(timed(lambda: (list_months(), read_figures(month, 0))) for _ in range(9))
            some = firms[:MATCHED]
            had = median(timed(lambda: read_had(some, CAPPED, True, at)) for _ in range(9))
            again = timed(lambda: count_month(month.year * 100 + month.month, at + timedelta(1)))
        offers = database.value("SELECT count(*) FROM offers")
    return Measured(
        "fair_months",
        counted,
        "s",
        n=LEADS,
        goal=f"under {GOAL:.0f} s",
        met=counted < GOAL,
        notes=[
            (
                f"{offers:,} offers to {PARTNERS:,} firms in a year; again: {again:.1f} s; the "
                f"figures of a page {page * 1000:.0f} ms; what {MATCHED} firms have had within "
                f"30 days {had * 1000:.0f} ms"
            )
        ],
    )


def timed(deed: Callable[[], object]) -> float:
    """Return the seconds that something takes, commit included."""
    began = time.perf_counter()
    with unit_of_work():
        deed()
    return time.perf_counter() - began
