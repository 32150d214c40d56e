"""Matching one lead against ten thousand partners and writing its offers, commit included."""

from __future__ import annotations

import gc
import time
from statistics import median

from sqlalchemy import select, update

from bench import data
from bench.house import House
from bench.table import Measured
from portal.core import clock
from portal.core.db import session, unit_of_work
from portal.matching.models import DistributionRule
from portal.offers import operations as offers

PARTNERS, ONE_IN = 10_000, 20
LEADS, WARM_UP = 50, 5
GOAL = 50.0


def measure(house: House) -> Measured:
    """Return the median of the milliseconds that it takes to offer a lead."""
    with house.database("matching") as database:
        with database.connect() as link:
            data.add_firms(link, PARTNERS, one_in=ONE_IN)
            leads = data.add_leads(link, LEADS + WARM_UP, state="qualified")
            link.execute(data.ANSWERS)
        database.settle()
        # as a web process has it: gunicorn.conf.py
        gc.freeze()
        gc.set_threshold(20_000, 10, 10)
        with database.app.app_context():
            with unit_of_work():
                # nearby firms, all of them: the rule's limit of twenty would hide the writing
                session().execute(update(DistributionRule).values(most=None))
                matched = len(_criteria())
            took, spent, found = [], [], set()
            for lead_id in leads:
                began, used = time.perf_counter(), time.process_time()
                with unit_of_work():
                    found.add(offers.offer(lead_id, clock.now()).offered)
                took.append((time.perf_counter() - began) * 1000)
                spent.append((time.process_time() - used) * 1000)
        written = database.value("SELECT count(*) FROM offers")
    if written != sum(found) * len(leads) or len(found) != 1:
        raise RuntimeError(f"{written} offers were written, matched were {found}")
    value = median(took[WARM_UP:])
    return Measured(
        "match_one",
        value,
        "ms",
        n=PARTNERS,
        goal=f"under {GOAL:.0f} ms",
        met=value < GOAL,
        notes=[
            (
                f"{found.pop()} of {PARTNERS:,} partners matched by {matched} criteria, written, "
                f"{LEADS} leads; slowest {max(took[WARM_UP:]):.0f} ms; of the median "
                f"{median(spent[WARM_UP:]):.0f} ms are Python's processor time"
            )
        ],
    )


def _criteria() -> list[object]:
    rule = session().scalars(
        select(DistributionRule).order_by(DistributionRule.position.desc()).limit(1)
    )
    return list(rule.one().criteria)
