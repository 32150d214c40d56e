"""A holder's look at a contact, and the search for the same contact among a hundred thousand.

Both go through the wall before contact data, the look with its line in the log, commits included.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median

from bench import data
from bench.house import House
from bench.table import Measured
from portal.accounts.actor import Actor
from portal.accounts.queries import get_actor
from portal.core import clock
from portal.core.db import db, only_read, session
from portal.leads import contacts
from portal.leads.duplicates import find_duplicates
from portal.leads.models import Lead, LeadContact

LEADS, LOOKS, WARM_UP = 100_000, 1_000, 100
GOAL = 10.0


def measure(house: House) -> Measured:
    """Return the median of the milliseconds that a look takes."""
    with house.database("contacts") as database:
        with database.connect() as link:
            data.add_firms(link, 1)
            reps = data.add_reps(link, database.app, 1, 1)
            data.hold_one_each(link, reps)
            held = link.execute("SELECT id FROM leads WHERE state = 'held'").fetchone()
            data.add_leads(link, LEADS, state="qualified")
        database.settle()
        with database.app.app_context():
            actor = get_actor(reps[0].user_id)
            looks = _times(lambda: _look(held[0], actor))
            searches = _times(lambda: _search(held[0], actor))
    return Measured(
        "contact_read",
        median(looks),
        "ms",
        n=LEADS,
        goal=f"under {GOAL:.0f} ms",
        met=median(looks) < GOAL and median(searches) < GOAL,
        notes=[f"the same contact is searched for in {median(searches):.2f} ms"],
    )


def _times(deed: Callable[[], float]) -> list[float]:
    return [deed() for _ in range(LOOKS + WARM_UP)][WARM_UP:]


def _look(lead_id: int, actor: Actor) -> float:
    only_read()
    lead = session().get_one(Lead, lead_id)
    began = time.perf_counter()
    contacts.load_contact(lead, actor, clock.now())
    took = (time.perf_counter() - began) * 1000
    db.session.remove()
    return took


def _search(lead_id: int, actor: Actor) -> float:
    only_read()
    asked = LeadContact(
        lead_id=lead_id, email="eva7@works.example", phone_e164="+491", company="Works 8"
    )
    session().get_one(Lead, lead_id)
    began = time.perf_counter()
    find_duplicates(lead_id, asked, actor)
    took = (time.perf_counter() - began) * 1000
    db.session.remove()
    return took
