"""The ceiling: one Flask view that runs the SQL of a pick and nothing else.

No forms, no gate, no templates, no refusals, no log lines; the statements are the very ones of a
pick, in the same order and in one transaction, through SQLAlchemy's Core on a pool like its own.
"""

from __future__ import annotations

import os
from datetime import datetime, timedelta

import sqlalchemy
from flask import Flask, redirect, session

from portal import wiring
from portal.accounts.queries import SESSION_ACTOR
from portal.core import clock
from portal.core.config import sqlalchemy_url
from portal.core.events import WRITE_EVENT
from portal.core.tokens import hash_secret
from portal.matching.fairness import picks_asked
from portal.pickup.events import LeadPickedUp
from portal.pickup.queries import BOUNDS_LOCKED, OPEN_AND_OFFER
from portal.pickup.taking import TAKE

CLOCKS = ["response", "feedback"]
"""What a pick starts by the policy of a new programme."""
REACTIONS = list(wiring.REACTIONS[LeadPickedUp])

app = Flask(__name__)
app.secret_key = os.environ["SECRET_KEY"]
engine = sqlalchemy.create_engine(
    sqlalchemy_url(os.environ["DATABASE_URL"]), pool_size=18, max_overflow=0, pool_use_lifo=True
)


@app.get("/healthz")
def healthz() -> str:
    return "ok"


@app.post("/leads/<int:lead>/pickup")
def pick_up(lead: int):
    with engine.begin() as link:
        pick(link, session["_user_id"], lead, clock.now())
    return redirect(f"/leads/{lead}", 303)


def pick(link: sqlalchemy.Connection, secret: str, lead: int, at: datetime) -> None:
    """Run the statements of a pick of the lead by whoever is signed in by `secret`."""
    actor = link.execute(SESSION_ACTOR, {"token_hash": hash_secret(secret), "at": at}).one()
    firm = {"organisation_id": actor.organisation_id}
    bounds = link.execute(BOUNDS_LOCKED, {**firm, "user_id": actor.id, "at": at}).one()
    asked = {
        **firm,
        "units": [],
        "user_id": actor.id,
        "person": actor.id,
        "lead_id": lead,
        **picks_asked(None),
    }
    offer = link.execute(OPEN_AND_OFFER, asked).all()[0]
    due = at + timedelta(days=7)
    taken = {
        "lead": lead,
        "rep": actor.id,
        "firm": actor.organisation_id,
        "owner": bounds.account_manager_id,
        "at": at,
        "round": offer.round,
        "round_id": offer.round_id,
        "status": offer.progress_id,
        "due": due,
        "rhythm": 7,
        "policy": offer.policy_id,
        "clock_kinds": CLOCKS,
        "clock_minutes": [7 * 1440] * len(CLOCKS),
        "clock_working": [False] * len(CLOCKS),
        "clock_dues": [due] * len(CLOCKS),
        "clock_steps": [0] * len(CLOCKS),
        "clock_step_ats": [due] * len(CLOCKS),
    }
    pickup = link.execute(TAKE, taken).scalar_one()
    data = {"pickup_id": pickup, "user_id": actor.id, **firm, "round": offer.round}
    written = {
        "at": at,
        "name": "LeadPickedUp",
        "lead_id": lead,
        "actor_id": actor.id,
        "channel": "web",
        "request_id": "bench",
        "data": data,
        "reactions": REACTIONS,
    }
    link.execute(WRITE_EVENT, written)
